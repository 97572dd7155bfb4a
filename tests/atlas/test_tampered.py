"""A saved atlas that somebody made up or damaged is refused in one line, whatever was changed in it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import Atlas, build_demo
from songatlas.atlas.saved import BELIEFS, OURS, SWEEP, _fingerprint
from songatlas.errors import BadAtlas, BadSettings

ARRAYS = {"centroids.npy": np.float64, "subclusters.npy": np.float64, SWEEP: np.float64, BELIEFS: np.float32}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of an atlas with every part that one can have."""
    folder = tmp_path_factory.mktemp("whole")
    space = ("sound", "era", "tags")
    build_demo(240, k=3, k_max=4, space=space, genre_pull=0.5, refine=True).save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def saved(whole: dict[str, bytes], tmp_path: Path) -> Path:
    for name, content in whole.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def sign(folder: Path, **change: object) -> None:
    """Make the manifest vouch for all parts as they are."""
    manifest = json.loads((folder / "manifest.json").read_bytes()) | change
    if "parts" not in change:
        for name in manifest["parts"]:
            manifest["parts"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    manifest["sha256"] = _fingerprint(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def refused(folder: Path, *, words: str = ".") -> None:
    """One line, not too long, that names what to do."""
    with pytest.raises(BadAtlas, match=words) as caught:
        Atlas.load(folder)
    said = str(caught.value)
    assert len(said) < 600
    assert "build" in said or "name another folder" in said
    assert "\n" not in said


def test_the_atlas_itself_opens(saved: Path) -> None:
    sign(saved)
    assert Atlas.load(saved).k == 3


@pytest.mark.parametrize("name", [name for name in OURS if name not in ("names.toml", "manifest.json")])
def test_no_byte_of_a_part_can_change(saved: Path, name: str) -> None:
    content, rng = (saved / name).read_bytes(), random.Random(name)  # noqa: S311
    changed = [
        content[:-1],
        content[: len(content) // 2],
        b"",
        content + b"\0",
        content * 2,
        *(_flipped(content, rng) for _ in range(5)),
    ]
    for each in changed:
        (saved / name).write_bytes(each)
        refused(saved)


def _flipped(content: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(content))
    return content[:place] + bytes([content[place] ^ (1 << rng.randrange(8))]) + content[place + 1 :]


def test_parts_cannot_change_places(saved: Path, whole: dict[str, bytes]) -> None:
    (saved / "centroids.npy").write_bytes(whole["subclusters.npy"])
    (saved / "subclusters.npy").write_bytes(whole["centroids.npy"])
    refused(saved, words="SHA-256")
    sign(saved)
    refused(saved)


@pytest.mark.parametrize("seed", range(40))
def test_bytes_changed_under_a_manifest_that_vouches_for_them(
    saved: Path, whole: dict[str, bytes], seed: int
) -> None:
    """Not every change can be seen then, but what opens is an atlas and what does not is refused."""
    rng = random.Random(seed)  # noqa: S311
    name = rng.choice([name for name in whole if name not in ("manifest.json", "names.toml")])
    content = whole[name]
    for _ in range(rng.randrange(1, 4)):
        content = _flipped(content, rng)
    (saved / name).write_bytes(content)
    sign(saved)
    opened: list[Atlas] = []
    with suppress(BadAtlas):
        opened.append(Atlas.load(saved))
    for atlas in opened:
        assert atlas.points().shape == (atlas.songs.height, atlas.space.n_dimensions)
        assert len(atlas.cluster_names()) == atlas.k


def _set(*way: Any, to: Any) -> Callable[[Any], None]:
    def change(found: Any) -> None:
        for step in way[:-1]:
            found = found[step]
        found[way[-1]] = to

    return change


def _same_name(found: Any) -> None:
    found["profiles"][0]["name"] = found["profiles"][1]["name"]


def _sweep_below(found: Any) -> None:
    found["sweep"][0]["k"], found["sweep"][1]["k"] = -2, 7


LIES: dict[str, Callable[[Any], None]] = {
    "k of another atlas": _set("clustering", "k", to=4),
    "k as a text": _set("clustering", "k", to="3"),
    "k of a size that no song has": _set("clustering", "k", to=10**30),
    "a negative k": _set("clustering", "k", to=-3),
    "an unknown key": _set("clustering", "why", to=1),
    "inertia that is none": _set("clustering", "inertia", to=float("nan")),
    "history as a number": _set("clustering", "history", to=7),
    "too few rows": _set("n_rows", to=3),
    "songs as a list": _set("n_songs", to=[1]),
    "no songs": _set("n_songs", to=0),
    "a source without a name": _set("source", to={}),
    "a source that is a list": _set("source", to=[]),
    "notes that are numbers": _set("source", "notes", to=[1, 2]),
    "a column that is none": _set("columns", 0, to=None),
    "a column at no place": _set("columns", 0, "position", to="first"),
    "counts that are true": _set("counts", 0, "n_songs", to=True),
    "blocks that nobody knows": _set("space", "blocks", 0, "name", to="__class__"),
    "blocks that are texts": _set("space", "blocks", to="sound"),
    "no blocks": _set("space", "blocks", to=[]),
    "a coordinate of no column": _set("space", "blocks", 0, "coordinates", 0, "gain", to="1"),
    "a shape that nobody knows": _set("space", "blocks", 0, "coordinates", 0, "shape", to="exp"),
    "tags without vectors": _set("space", "blocks", 2, "vectors", to=[]),
    "a mean of another length": _set("space", "blocks", 2, "mean", to=[0.0]),
    "features that the songs lack": _set("space", "features", to=["loudness"]),
    "a map of another space": _set("layout", "mean", to=[0.0, 1.0]),
    "a map with one word": _set("layout", "axis_words", to=[["a", "b"], ["c"]]),
    "a map with numbers for words": _set("layout", "axis_words", to=[[1, 2], [3, 4]]),
    "a cluster without a profile": _set("profiles", 2, to=None),
    "a profile of another cluster": _set("profiles", 0, "cluster", to=2),
    "a profile of another size": _set("profiles", 0, "size", to=1),
    "a name with half a letter": _set("profiles", 0, "name", to="\ud800"),
    "a name that stands twice": _same_name,
    "a mean that is a text": _set("profiles", 0, "means", "energy", to="loud"),
    "tags that are no pairs": _set("profiles", 0, "top_tags", to=[["rock"]]),
    "songs that are not there": _set("profiles", 0, "typical", to=["nobody"]),
    "exemplars that are not there": _set("exemplars", 0, 0, to="nobody"),
    "exemplars of no cluster": _set("exemplars", to=[]),
    "colours below nothing": _set("colours", to=[-1, 0, 1]),
    "colours without number": _set("colours", to=[0, 1, 10**12]),
    "parents that do not exist": _set("subcluster_parents", 0, to=9),
    "parents of a size that overflows": _set("subcluster_parents", 0, to=10**30),
    "a sweep of other sizes": _set("sweep", 0, "k", to=3),
    "a sweep below nothing": _sweep_below,
    "findings without words": _set("findings", to=[{"check": "x"}]),
    "a refinement of texts": _set("refinement", "ks", to="23"),
    "a verdict without votes": _set("verdict", "votes", to=None),
    "a verdict of unknown strength": _set("verdict", "strength", to="immense"),
    "quality without a silhouette": _set("quality", to={}),
    "quality as a list": _set("quality", to=[1]),
    "a silhouette that is a text": _set("quality", "silhouette", "value", to="good"),
    "evidence without k": _set("evidence_types", "k", to="String"),
    "evidence of a type that runs": _set("evidence_types", "k", to="read_csv"),
    "evidence of no type": _set("evidence_types", to=None),
    "evidence in lists": _set("evidence", to=[[1, 2]]),
    "genre without prediction": lambda found: found["genre"].pop("prediction"),
    "genre as a text": _set("genre", to="rock"),
    "genres of clusters that do not exist": _set("genre_counts", 0, "cluster", to=7),
    "likeness without a source": _set("likeness", to={"kept": [0]}),
    "a whole of nothing": _set("whole", to={"sizes": []}),
    "sharpness as a list": _set("genre_sharpness", to=[1]),
    "lists without end": _set("plain_run", to="deep"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_in_atlas_json_is_found_though_the_manifest_vouches_for_it(saved: Path, lie: str) -> None:
    found = json.loads((saved / "atlas.json").read_bytes())
    LIES[lie](found)
    text = json.dumps(found)
    if lie == "lists without end":
        text = text.replace('"deep"', "[" * 100_000 + "]" * 100_000)
    (saved / "atlas.json").write_text(text, encoding="utf-8")
    sign(saved)
    refused(saved)


@pytest.mark.parametrize("name", ["atlas.json", "manifest.json"])
@pytest.mark.parametrize(
    "text", ["[]", "null", "7", '"x"', "{}", "[" * 200_000, "9" * 5000, "\ufeff{}", "NaN", '{"a":' * 99_999]
)
def test_json_of_another_shape_is_refused(saved: Path, name: str, text: str) -> None:
    (saved / name).write_text(text, encoding="utf-8")
    if name != "manifest.json":
        sign(saved)
    refused(saved)


def test_a_manifest_as_deep_as_python_goes_is_refused(saved: Path) -> None:
    manifest = json.dumps(json.loads((saved / "manifest.json").read_bytes()) | {"input": 0})
    for levels in range(600, 1000):  # at one of them it can just be read, and no longer written
        text = manifest.replace('"input": 0', f'"input": {"[" * levels}{"]" * levels}')
        (saved / "manifest.json").write_text(text, encoding="utf-8")
        refused(saved, words="was changed or damaged|nested too deeply")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("cluster", 3),
        ("cluster", -1),
        ("cluster", 2**31 - 1),
        ("cluster", None),
        ("subcluster", 10_000),
        ("runner_up", 99),
        ("distance", float("nan")),
        ("distance", -1.0),
        ("silhouette", 4.0),
        ("x", float("inf")),
        ("role", None),
        ("margin", None),
    ],
)
def test_a_song_with_an_impossible_place_is_refused(saved: Path, column: str, value: Any) -> None:
    songs, name = pl.read_parquet(saved / "songs.parquet"), f"songatlas_{column}"
    row = pl.int_range(pl.len()) == 7
    changed = songs.with_columns(
        pl.when(row).then(pl.lit(value, dtype=songs.schema[name])).otherwise(pl.col(name)).alias(name)
    )
    changed.write_parquet(saved / "songs.parquet")
    sign(saved)
    refused(saved)


@pytest.mark.parametrize(
    "change",
    [
        lambda songs: songs.head(0),
        lambda songs: songs.head(20),
        lambda songs: pl.concat([songs, songs]),
        lambda songs: pl.concat([songs] * 5),
        lambda songs: songs.reverse(),
        lambda songs: songs.drop("songatlas_cluster"),
        lambda songs: songs.with_columns(pl.col("songatlas_cluster").cast(pl.String)),
        lambda songs: songs.with_columns(pl.col("songatlas_cluster").cast(pl.Int64)),
        lambda songs: songs.with_columns(pl.col("songatlas_role").cast(pl.String).replace("core", "king")),
        lambda songs: songs.with_columns(pl.col("energy").cast(pl.String)),
        lambda songs: songs.with_columns(pl.col("title").str.len_chars()),
        lambda songs: songs.with_columns(pl.lit("one").alias("song_id")),
        lambda songs: songs.with_columns(pl.lit(None, dtype=pl.String).alias("song_id")),
        lambda songs: songs.drop("energy"),
        lambda songs: songs.with_columns(pl.lit(0).alias(f"more{each}") for each in range(1_000)),
    ],
)
def test_a_table_of_another_shape_is_refused(
    saved: Path, change: Callable[[pl.DataFrame], pl.DataFrame]
) -> None:
    change(pl.read_parquet(saved / "songs.parquet")).write_parquet(saved / "songs.parquet")
    sign(saved)
    refused(saved)


def header(array: np.ndarray, **said: Any) -> bytes:
    """An array whose header says other things of it."""
    shape, kind = said.get("shape", array.shape), said.get("descr", array.dtype.str)
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        out, {"descr": kind, "fortran_order": said.get("by_columns", False), "shape": shape}
    )
    return out.getvalue() + array.tobytes()


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_whose_header_lies_is_refused(saved: Path, name: str) -> None:
    array = np.load(saved / name)
    poisoned, objects = array.copy(), io.BytesIO()
    poisoned.flat[3] = np.nan
    np.save(objects, np.array([{"a": print}], dtype=object), allow_pickle=True)
    lies = [
        header(array, shape=(10**12, 10**6)),
        header(array, shape=(2**62, 8)),
        header(array, shape=(len(array) + 1, array.shape[1])),
        header(array, shape=(array.size,)),
        header(array, shape=(*array.shape, 1)),
        header(array, shape=()),
        header(array, by_columns=True),
        header(array, descr="|O"),
        header(array, descr=">f8" if array.dtype == np.float64 else ">f4"),
        header(array, descr="<i8"),
        header(array, descr=[("x", "<f8")]),
        header(poisoned),
        header(array[:, :-1].copy()),
        header(array[:0]),
        header(array) + b"more",
        b"\x93NUMPY\x02\x00" + header(array)[8:],
        b"PK\x03\x04" + header(array),
        objects.getvalue(),
        b"\x80\x04" + b"cos\nsystem\n(S'true'\ntR.",
    ]
    for lie in lies:
        (saved / name).write_bytes(lie)
        sign(saved)
        refused(saved)


def test_parts_by_other_names_are_never_read(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    beside = tmp_path_factory.mktemp("secret") / "secret.npy"
    np.save(beside, np.zeros((2, 2)))
    parts = json.loads((saved / "manifest.json").read_bytes())["parts"]
    for name in (f"../{beside.parent.name}/secret.npy", str(beside), "", ".", "more.npy", "\0"):
        sign(saved, parts={**parts, name: hashlib.sha256(beside.read_bytes()).hexdigest()})
        refused(saved, words="does not know")
    sign(saved, parts={name: ["no", "text"] for name in parts})
    refused(saved)
    sign(saved, parts=[*parts])
    refused(saved)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
@pytest.mark.parametrize("name", ["centroids.npy", "songs.parquet", "manifest.json"])
def test_what_is_no_file_is_never_waited_for(saved: Path, name: str) -> None:
    (saved / name).unlink()
    os.mkfifo(saved / name)
    refused(saved)
    (saved / name).unlink()
    (saved / name).symlink_to("/dev/zero")
    refused(saved)
    (saved / name).unlink()
    (saved / name).mkdir()
    refused(saved)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_names_that_are_no_file_are_never_waited_for(saved: Path) -> None:
    names = saved / "names.toml"
    names.unlink()
    os.mkfifo(names)
    with pytest.raises(BadSettings, match="it is a pipe, no file"):
        Atlas.load(saved)
    names.unlink()
    names.symlink_to("/dev/zero")
    with pytest.raises(BadSettings, match="it is a device, no file"):
        Atlas.load(saved)


@pytest.mark.parametrize("version", [1, 5, "4", None, 4.5, [4], True])
def test_another_version_of_the_format_says_what_to_do(saved: Path, version: object) -> None:
    sign(saved, format_version=version)
    refused(saved, words="reads 2, 3 and 4: build the atlas again")


@pytest.mark.parametrize(
    "change",
    [
        {"settings": []},
        {"settings": {"seed": -1}},
        {"settings": {"k": "many"}},
        {"settings": {"unknown": 1}},
        {"settings": {"space": 7}},
        {"settings": {"columns": 7}},
        {"settings": {"weights": {"sound": [1]}}},
        {"version": 7},
        {"created": None},
        {"format_version": {}},
        {"input": None},
    ],
)
def test_a_manifest_of_other_types_is_refused(saved: Path, change: dict[str, Any]) -> None:
    sign(saved, **change)
    if change == {"input": None}:  # a note for people: the source stands in atlas.json
        assert Atlas.load(saved).k == 3
    else:
        refused(saved)


def test_a_header_that_is_no_python_is_refused(saved: Path) -> None:
    content = (saved / "centroids.npy").read_bytes()
    (saved / "centroids.npy").write_bytes(content.replace(b"{'descr'", b"(((((((("))
    sign(saved)
    refused(saved)


def test_a_name_that_steers_a_terminal_is_not_repeated(saved: Path) -> None:
    found = json.loads((saved / "atlas.json").read_bytes())
    found["space"]["blocks"][0]["coordinates"][0]["\x1b[31m"] = 1
    (saved / "atlas.json").write_text(json.dumps(found), encoding="utf-8")
    sign(saved)
    with pytest.raises(BadAtlas) as caught:
        Atlas.load(saved)
    assert str(caught.value).isprintable()
