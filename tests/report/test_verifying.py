"""`verify` finds whatever is no longer as a build wrote it, and nothing else."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import songatlas as library
from songatlas.atlas import Atlas
from songatlas.atlas.names_keeping import keep_names
from songatlas.demo import simulate_catalogue
from songatlas.errors import BadAtlas
from songatlas.report.outputs_record import _fingerprint as _fingerprint_of_record
from typed import songatlas


def test_what_was_written_is_well(out: Path) -> None:
    found = library.verify(out)
    assert found.is_well, found.problems
    assert found.problems == found.strangers == ()
    assert [line.partition(":")[0] for line in found.checked] == [
        "The saved atlas",
        "4 files beside it",
        "150 rows of clustered songs, 1 of them left out, as quality.json says.",
    ]
    assert library.verify(out / "atlas").is_well


def test_names_may_change_and_strangers_may_come(out: Path) -> None:
    keep_names(out, Atlas.load(out), {0: "Mine"})
    (out / "notes.txt").write_text("mine")
    (out / "music").mkdir()
    found = library.verify(out)
    assert found.is_well, found.problems
    assert found.strangers == ("music", "notes.txt")


def _changed(name: str) -> Callable[[Path], object]:
    def change(out: Path) -> None:
        content = bytearray((out / name).read_bytes())
        content[len(content) // 2] ^= 1
        (out / name).write_bytes(content)

    return change


def _cut(out: Path) -> None:
    lines = (out / "clustered_songs.csv").read_bytes().splitlines(keepends=True)
    (out / "clustered_songs.csv").write_bytes(b"".join(lines[:-3]))


def _moved(out: Path) -> None:
    path = out / "clustered_songs.csv"
    songs = pl.read_csv(path, infer_schema=False)
    other = pl.when(pl.int_range(pl.len()) == 7).then((pl.col("cluster_2").cast(pl.Int64) + 1) % 2)
    songs.with_columns(other.otherwise(pl.col("cluster_2").cast(pl.Int64)).alias("cluster_2")).write_csv(path)


def _without_record(change: Callable[[Path], object]) -> Callable[[Path], object]:
    def changed(out: Path) -> None:
        change(out)
        (out / "outputs.json").unlink()

    return changed


def _quality(rows: str) -> Callable[[Path], object]:
    def change(out: Path) -> None:
        path = out / "quality.json"
        path.write_text(re.sub(r'"n_rows": \d+', rows, path.read_text("utf-8"), count=1), "utf-8")

    return change


def _size_in_record(size: object) -> Callable[[Path], object]:
    def change(out: Path) -> None:
        said = json.loads((out / "outputs.json").read_bytes())
        said["files"]["report.html"]["n_bytes"] = size
        said["sha256"] = _fingerprint_of_record(said)
        (out / "outputs.json").write_text(json.dumps(said), "utf-8")

    return change


def _other_atlas(out: Path) -> None:
    manifest = json.loads((out / "atlas" / "manifest.json").read_bytes()) | {"version": "0.0"}
    from songatlas.atlas.saved import _fingerprint

    manifest["sha256"] = _fingerprint(manifest)
    (out / "atlas" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_changed("report.html"), "report.html was changed"),
        (_changed("atlas/songs.parquet"), "atlas/songs.parquet is not what the manifest says"),
        (_changed("atlas/manifest.json"), "manifest.json"),
        (_changed("outputs.json"), "outputs.json"),
        (_cut, "clustered_songs.csv has"),
        (_without_record(_cut), "The clustered songs have 147 rows, quality.json tells of 150"),
        (_without_record(_moved), "1 clustered songs are in other clusters in the atlas"),
        (_quality('"n_rows": 1e999'), "quality.json has"),
        (_size_in_record("x"), "is no list of files"),
        (_size_in_record(-1), "is no list of files"),
        (_size_in_record(True), "is no list of files"),
        (_size_in_record([1]), "is no list of files"),
        (lambda out: (out / "clusters.csv").unlink(), "clusters.csv is missing"),
        (lambda out: (out / "atlas" / "centroids.npy").unlink(), "atlas/centroids.npy is missing"),
        (lambda out: (out / "atlas" / "names.toml").write_text("x"), "names cannot be read"),
        (lambda out: (out / "outputs.json").write_text("[]"), "outputs.json"),
        (_other_atlas, "not the one that the files beside it were made of"),
    ],
)
def test_what_is_not_as_written_is_told(out: Path, change: Callable[[Path], object], words: str) -> None:
    change(out)
    found = library.verify(out)
    assert not found.is_well
    assert any(words in problem for problem in found.problems), found.problems
    assert all("\n" not in problem for problem in found.problems)


def test_outputs_without_a_record_are_told_and_not_refused(out: Path) -> None:
    (out / "outputs.json").unlink()
    (out / "quality.json").unlink()
    found = library.verify(out)
    assert found.is_well
    assert [note.partition(",")[0] for note in found.notes[:1]] == ["There is no outputs.json"]


def test_the_command_ends_with_what_it_found(out: Path) -> None:
    ran = songatlas("verify", out)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("All is well")
    (out / "report.html").unlink()
    ran = songatlas("verify", out)
    assert ran.returncode == 1
    assert "1 thing is not as written" in ran.stdout
    assert "- report.html is missing." in ran.stdout
    told = songatlas("verify", out, "--json")
    assert told.returncode == 1
    assert json.loads(told.stdout)["problems"] == ["report.html is missing."]
    shutil.rmtree(out / "atlas")
    ran = songatlas("verify", out)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "no atlas in it" in ran.stderr


def test_nothing_to_verify_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadAtlas, match="no such folder"):
        library.verify(tmp_path / "none")
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadAtlas, match="this is no folder"):
        library.verify(tmp_path / "file")


@pytest.mark.parametrize("rows", ["1e999", "-1", "true", '"7"', "1.5", "1" + "0" * 400, "null"])
def test_a_number_of_rows_that_is_none_is_told(out: Path, rows: str) -> None:
    _quality(f'"n_rows": {rows}')(out)
    (out / "outputs.json").unlink()
    found = library.verify(out)
    assert "No quality.json says how many rows there should be." in found.notes
    assert found.is_well, found.problems


def test_rows_of_a_file_that_differs_are_not_counted(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (out / "clustered_songs.csv").write_text("cluster_2\n7\n")
    with monkeypatch.context() as patched:
        patched.setattr(pl, "scan_csv", None)
        found = library.verify(out)
    assert len(found.problems) == 1, found.problems
    assert "The rows of the clustered songs were not counted: they are not as written." in found.notes


def test_nothing_is_unpacked_to_count_its_rows(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (out / "outputs.json").unlink()
    path = out / "clustered_songs.csv"
    path.write_bytes(gzip.compress(path.read_bytes()))
    monkeypatch.setattr(pl, "scan_csv", None)
    found = library.verify(out)
    assert "The rows of the clustered songs were not counted, for their kind of file." in found.notes


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_pipes_beside_the_atlas_are_not_waited_for(out: Path) -> None:
    for name in ("outputs.json", "quality.json", "clustered_songs.csv"):
        (out / name).unlink()
        os.mkfifo(out / name)
    found = library.verify(out)
    assert [problem.partition("' ")[2] for problem in found.problems] == [
        "is no file: build the outputs again"
    ]


@pytest.mark.parametrize("engine", ["memory", "stream"])
@pytest.mark.parametrize("raw", [False, True])
def test_ids_that_a_spreadsheet_would_run_are_read_as_they_were(
    tmp_path: Path, engine: str, raw: bool
) -> None:
    live = pl.format("={}", "track_id").alias("=song_id")
    songs = simulate_catalogue(120, seed=4).select(live, pl.exclude("track_id"))
    songs.write_csv(tmp_path / "songs.csv")
    words = ("--column", "song_id==song_id", "--k", 3, "--no-figures", "--engine", engine)
    out = tmp_path / "out"
    built = songatlas("build", tmp_path / "songs.csv", *words, "-o", out, *(["--raw-cells"] if raw else []))
    assert built.returncode == 0, built.stderr
    found = library.verify(out)
    assert found.is_well, found.problems
    (path,) = (out / "clustered_songs").iterdir() if engine == "stream" else [out / "clustered_songs.csv"]
    first, *rows = path.read_text(encoding="utf-8").splitlines()
    place = first.split(",").index("cluster") - len(first.split(","))
    cells = rows[7].split(",")
    cells[place] = str((int(cells[place]) + 1) % 3)
    path.write_text("\n".join([first, *rows[:7], ",".join(cells), *rows[8:], ""]), encoding="utf-8")
    (out / "outputs.json").unlink()
    assert library.verify(out).problems == ("1 clustered songs are in other clusters in the atlas.",)
