"""A saved atlas opens only when it is whole and untouched."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import Atlas, build_atlas, build_demo
from songatlas.atlas.saved import _fingerprint
from songatlas.atlas.views import view_of
from songatlas.demo import simulate_catalogue
from songatlas.errors import BadAtlas, BadSettings, MissingColumns

PULLED: dict[str, Any] = {"k": 3, "k_max": 4, "space": ("sound", "era", "tags"), "genre_pull": 0.5}


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return build_demo(300, k=3, k_max=4)


@pytest.fixture
def saved(atlas: Atlas, tmp_path: Path) -> Path:
    atlas.save(tmp_path / "atlas")
    return tmp_path / "atlas"


def test_the_demo_says_that_it_is_simulated(atlas: Atlas) -> None:
    assert "simulated" in atlas.source.name
    assert any("simulated" in note for note in atlas.source.notes)


def test_two_saves_are_equal_to_the_byte(atlas: Atlas, saved: Path, tmp_path: Path) -> None:
    atlas.save(tmp_path / "again")
    for path in saved.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_saving_over_an_old_atlas_leaves_only_the_new_one(atlas: Atlas, saved: Path) -> None:
    atlas.save(saved)
    assert Atlas.load(saved).cluster_names() == atlas.cluster_names()
    assert [path.name for path in saved.parent.iterdir()] == ["atlas"]


@pytest.mark.parametrize(
    "name", ["atlas.json", "centroids.npy", "songs.parquet", "silhouette_sample.parquet"]
)
def test_a_changed_or_missing_part_is_refused(saved: Path, name: str) -> None:
    whole = (saved / name).read_bytes()
    (saved / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(BadAtlas, match=name):
        Atlas.load(saved)
    (saved / name).unlink()
    with pytest.raises(BadAtlas, match=name):
        Atlas.load(saved)


def rewrite_manifest(saved: Path, change: dict[str, object], *, signed: bool) -> None:
    manifest = json.loads((saved / "manifest.json").read_text(encoding="utf-8")) | change
    if signed:
        manifest["sha256"] = _fingerprint(manifest)
    (saved / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [({"format": "other"}, "not the manifest"), ({"format_version": 99}, "format version 99")],
)
def test_a_foreign_manifest_is_refused(saved: Path, change: dict[str, object], words: str) -> None:
    rewrite_manifest(saved, change, signed=True)
    with pytest.raises(BadAtlas, match=words):
        Atlas.load(saved)


def test_a_changed_manifest_is_refused(saved: Path) -> None:
    rewrite_manifest(saved, {"settings": {"seed": 99}}, signed=False)
    with pytest.raises(BadAtlas, match="changed or damaged"):
        Atlas.load(saved)


def test_a_broken_manifest_is_refused(saved: Path) -> None:
    (saved / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(BadAtlas, match="cannot be read"):
        Atlas.load(saved)


def test_a_folder_without_an_atlas_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadAtlas, match="no atlas in it"):
        Atlas.load(tmp_path)
    with pytest.raises(BadAtlas, match="no such folder"):
        Atlas.load(tmp_path / "none")


def test_a_file_in_the_way_is_named(atlas: Atlas, tmp_path: Path) -> None:
    (tmp_path / "atlas").write_text("mine", encoding="utf-8")
    with pytest.raises(BadSettings, match="is a file"):
        atlas.save(tmp_path / "atlas")
    assert (tmp_path / "atlas").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["songs.parquet", "manifest.json"])
def test_a_file_of_a_person_by_the_name_of_a_part_is_not_replaced(
    atlas: Atlas, tmp_path: Path, name: str
) -> None:
    mine = tmp_path / name
    mine.write_text("mine")
    with pytest.raises(BadSettings, match=f"{name}' is not from songatlas and would be replaced"):
        atlas.save(tmp_path)
    assert [*tmp_path.iterdir()] == [mine]
    assert mine.read_text() == "mine"


def test_names_that_wait_for_an_atlas_are_no_hindrance(atlas: Atlas, tmp_path: Path) -> None:
    (tmp_path / "names.toml").write_text("")
    (tmp_path / "notes.txt").write_text("mine")
    atlas.save(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert Atlas.load(tmp_path).k == atlas.k


def test_assign_places_the_atlas_songs_where_they_are(atlas: Atlas, saved: Path) -> None:
    assert atlas.rows is not None
    again = Atlas.load(saved).assign(atlas.rows.table.raw)
    assert np.array_equal(again.cluster, atlas.rows.cluster)
    assert np.array_equal(again.distance, atlas.rows.distance, equal_nan=True)
    assert again.reasons.equals(atlas.rows.reasons)


def test_assign_names_the_columns_that_are_missing(atlas: Atlas) -> None:
    assert atlas.rows is not None
    with pytest.raises(MissingColumns, match="no column for valence"):
        atlas.assign(atlas.rows.table.raw.drop("valence"))


@pytest.fixture(scope="module")
def pulled() -> Atlas:
    """An atlas with every part that one can have."""
    return build_demo(360, k=3, k_max=4, space=("sound", "era", "tags"), genre_pull=0.5, refine=True)


def test_a_loaded_atlas_is_the_one_that_was_saved(pulled: Atlas, tmp_path: Path) -> None:
    pulled.save(tmp_path)
    again = Atlas.load(tmp_path)
    for name in ("settings", "counts", "columns", "source", "verdict", "profiles", "exemplars", "findings"):
        assert getattr(again, name) == getattr(pulled, name), name
    for name in ("songs", "genre_of_songs", "genre_counts", "spaces", "evidence", "silhouette_sample"):
        assert getattr(again, name).equals(getattr(pulled, name)), name
        assert getattr(again, name).schema == getattr(pulled, name).schema, name
    assert pulled.beliefs is not None
    assert again.beliefs is not None
    assert again.beliefs.tobytes() == pulled.beliefs.tobytes()
    assert again.genre_sharpness == pulled.genre_sharpness
    assert again.points().tobytes() == pulled.points().tobytes()
    assert again.division.labels.tobytes() == pulled.division.labels.tobytes()
    assert again.division.parents.tobytes() == pulled.division.parents.tobytes()
    assert again.division.centroids.tobytes() == pulled.division.centroids.tobytes()
    assert again.roles.role.equals(pulled.roles.role)
    for name in ("distance_percentile", "silhouette", "runner_up", "margin"):
        one, other = getattr(again.roles, name), getattr(pulled.roles, name)
        assert (one.tobytes(), one.dtype) == (other.tobytes(), other.dtype), name
    assert again.roles.exact == pulled.roles.exact
    assert pulled.refinement is not None
    assert again.refinement is not None
    assert again.refinement.to_dict() == pulled.refinement.to_dict()


def test_a_saved_load_saves_to_the_same_bytes(pulled: Atlas, tmp_path: Path) -> None:
    pulled.save(tmp_path / "one")
    Atlas.load(tmp_path / "one").save(tmp_path / "two")
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert "beliefs.npy" in names
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


@pytest.mark.parametrize("name", ["beliefs.npy", "subclusters.npy", "sweep.npy"])
def test_a_changed_or_missing_array_is_refused(pulled: Atlas, tmp_path: Path, name: str) -> None:
    pulled.save(tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(BadAtlas, match=name):
        Atlas.load(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(BadAtlas, match=name):
        Atlas.load(tmp_path)


def test_an_atlas_over_one_with_beliefs_leaves_none_of_them(
    pulled: Atlas, atlas: Atlas, tmp_path: Path
) -> None:
    pulled.save(tmp_path / "atlas")
    atlas.save(tmp_path / "atlas")
    assert not (tmp_path / "atlas" / "beliefs.npy").exists()
    assert Atlas.load(tmp_path / "atlas").beliefs is None


def test_an_atlas_of_format_1_is_refused_with_what_to_do(saved: Path) -> None:
    rewrite_manifest(saved, {"format_version": 1}, signed=True)
    with pytest.raises(BadAtlas, match=r"format version 1, .* reads 2, 3 and 4: build the atlas again"):
        Atlas.load(saved)


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return simulate_catalogue(300, seed=4).with_columns(
        pl.when(pl.int_range(pl.len()) % 5 > 0).then(name).alias(name)
        for name in ("playlist_genre", "genres")
    )


@pytest.fixture(scope="module")
def one(table: pl.DataFrame) -> Atlas:
    return build_atlas(table, threads=1, **PULLED)


@pytest.mark.parametrize("threads", [2, 4])
def test_threads_and_the_order_of_rows_change_no_byte(table: pl.DataFrame, one: Atlas, threads: int) -> None:
    many = build_atlas(table.sample(fraction=1.0, shuffle=True, seed=threads), threads=threads, **PULLED)
    assert one.beliefs is not None
    assert many.beliefs is not None
    assert one.genre_of_songs["predicted_genre"].count() > 20
    assert one.beliefs.tobytes() == many.beliefs.tobytes()
    assert one.points().tobytes() == many.points().tobytes()
    assert one.genre_of_songs.equals(many.genre_of_songs)
    assert one.spaces.equals(many.spaces)
    assert one.clustering.labels.tobytes() == many.clustering.labels.tobytes()
    assert one.division.labels.tobytes() == many.division.labels.tobytes()


def test_an_atlas_of_format_2_opens_with_the_colours_of_its_numbers(atlas: Atlas, saved: Path) -> None:
    found = json.loads((saved / "atlas.json").read_text(encoding="utf-8"))
    for name in ("colours", "likeness"):
        found.pop(name)
    (saved / "atlas.json").write_text(json.dumps(found), encoding="utf-8")
    (saved / "names.toml").unlink()
    parts = json.loads((saved / "manifest.json").read_text(encoding="utf-8"))["parts"]
    digest = hashlib.sha256((saved / "atlas.json").read_bytes()).hexdigest()
    rewrite_manifest(saved, {"format_version": 2, "parts": {**parts, "atlas.json": digest}}, signed=True)
    loaded = Atlas.load(saved)
    assert loaded.colours == (0, 1, 2)
    assert loaded.likeness is None
    assert loaded.cluster_names() == loaded.generated.names == atlas.cluster_names()


def test_an_atlas_of_format_3_opens_and_sweeps_again_where_asked(atlas: Atlas, saved: Path) -> None:
    found = json.loads((saved / "atlas.json").read_text(encoding="utf-8"))
    found.pop("sweep")
    (saved / "atlas.json").write_text(json.dumps(found), encoding="utf-8")
    (saved / "sweep.npy").unlink()
    parts = json.loads((saved / "manifest.json").read_text(encoding="utf-8"))["parts"]
    parts.pop("sweep.npy")
    parts["atlas.json"] = hashlib.sha256((saved / "atlas.json").read_bytes()).hexdigest()
    rewrite_manifest(saved, {"format_version": 3, "parts": parts}, signed=True)
    loaded = Atlas.load(saved)
    assert loaded.sweep == ()
    assert view_of(loaded, k=4).labels.tobytes() == view_of(atlas, k=4).labels.tobytes()
    loaded.save(saved)
    assert not (saved / "sweep.npy").exists()
    assert Atlas.load(saved).cluster_names() == atlas.cluster_names()


def test_the_sweep_is_saved_whole(atlas: Atlas, saved: Path) -> None:
    again = Atlas.load(saved).sweep
    assert [each.k for each in again] == [2, 3, 4]
    for one, other in zip(atlas.sweep, again, strict=True):
        assert one.centroids.tobytes() == other.centroids.tobytes()
        assert (one.inertia, one.n_iter, one.history) == (other.inertia, other.n_iter, other.history)


def test_a_sweep_that_does_not_belong_to_its_atlas_is_refused(saved: Path) -> None:
    np.save(saved / "sweep.npy", np.zeros((5, 2)))
    parts = json.loads((saved / "manifest.json").read_text(encoding="utf-8"))["parts"]
    parts["sweep.npy"] = hashlib.sha256((saved / "sweep.npy").read_bytes()).hexdigest()
    rewrite_manifest(saved, {"parts": parts}, signed=True)
    with pytest.raises(BadAtlas, match="5 centroids for the ks"):
        Atlas.load(saved)


def test_names_of_a_person_leave_the_manifest_true(atlas: Atlas, saved: Path) -> None:
    own = atlas.cluster_names()
    text = (saved / "names.toml").read_text(encoding="utf-8")
    (saved / "names.toml").write_text(text.replace('= ""', '= "Mine"', 1), encoding="utf-8")
    assert Atlas.load(saved).cluster_names() == ("Mine", *own[1:])
    (saved / "names.toml").unlink()
    assert Atlas.load(saved).cluster_names() == own
