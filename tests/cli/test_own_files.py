"""No command replaces what it reads, or what is no file."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from songatlas.audio.scan.table import COLUMNS
from songatlas.cli.options import require_unread
from songatlas.demo import simulate_catalogue
from songatlas.errors import BadSettings
from songatlas.report.outputs_place import require_own_rows, require_own_scan
from typed import songatlas


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with songs.csv and the outputs of a build, at."""
    path = tmp_path_factory.mktemp("home")
    simulate_catalogue(120, seed=4).write_csv(path / "songs.csv")
    ran = songatlas("build", path / "songs.csv", "--k", 3, "--no-figures", "-o", path / "at")
    assert ran.returncode == 0, ran.stderr
    return path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("assign", "at", "songs.csv", "-o", "songs.csv"), "'songs.csv' is read here"),
        (("assign", "at", "songs.csv", "-o", "./at/../songs.csv"), "is read here"),
        (("assign", "at", "songs.csv", "-o", "none/x.csv"), "there is no folder 'none'"),
        (("assign", "at", "at"), "'at' is a folder that songatlas wrote, and 'assign' reads a table"),
        (("tune", "at"), "'at' is a folder that songatlas wrote, and 'tune' reads a table"),
        (("tune", "songs.csv", "--settings-out", "songs.csv"), "is read here"),
        (("artists", "at", "-o", "at/atlas/atlas.json"), "is a part of the atlas itself"),
        (("artists", "at", "--figure", "pipe.png"), "'pipe.png' is a pipe, which a file would replace"),
        (("compare", "at", "at/atlas", "-o", "at/atlas/names.toml"), "is a part of the atlas itself"),
        (("recommend", "at", "--like", "mine.m3u8", "-o", "mine.m3u8"), "is read here"),
        (("playlist", "at", "--like", "mine.m3u8", "-o", "mine.m3u8"), "is read here"),
        (("playlist", "at", "--extend", "mine.m3u8", "--report", "mine.m3u8"), "is read here"),
        (("playlist", "at", "--extend", "songs.csv", "-o", "songs.csv"), "would lose the columns "),
        (("playlist", "at", "--extend", "songs.csv", "-o", "./at/../songs.csv"), "name another file with -o"),
        (
            ("playlist", "at", "--extend", "tabs.txt", "-o", "tabs.txt", "--format", "xspf"),
            "'tabs.txt' is a table of songs, and a playlist in its place would lose the column 'Energy'",
        ),
        (("build", "at/clustered_songs.csv", "-o", "at"), "would be replaced by what is written into 'at'"),
        (("build", "songs.csv", "-o", "at/atlas"), "'at/atlas' is a saved atlas"),
        (("build", "songs.csv", "-o", "at/atlas", "--engine", "stream"), "'at/atlas' is a saved atlas"),
        (("build", "own/clusters.csv", "-o", "own"), "would be replaced by what is written into 'own'"),
        (("build", "songs.csv", "-o", "own"), "'own/clusters.csv' is not from songatlas"),
        (("build", "songs.csv", "-o", "own", "--engine", "stream"), "is not from songatlas"),
        (("demo", "--songs", "50", "-o", "own"), "'own/clusters.csv' is not from songatlas"),
        (("verify", "songs.csv"), "'songs.csv': this is no folder"),
    ],
)
def test_what_is_read_or_somebody_s_own_is_never_replaced(
    home: Path, words: tuple[str, ...], said: str
) -> None:
    (home / "own").mkdir(exist_ok=True)
    (home / "own" / "clusters.csv").write_bytes((home / "songs.csv").read_bytes())
    (home / "mine.m3u8").write_text("#EXTM3U\nmine.mp3\n")
    (home / "tabs.txt").write_text("Title\tArtist\tEnergy\tNotes\nHey\tZoë\t0.5\t\n", encoding="utf-8")
    if not (home / "pipe.png").exists():
        os.mkfifo(home / "pipe.png")
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    ran = songatlas(*words, cwd=home)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert before == {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


def test_a_table_of_a_person_is_no_scan(tmp_path: Path) -> None:
    table = tmp_path / "songs.parquet"
    require_own_scan(table, folder=True)
    scanned = pl.DataFrame(schema=COLUMNS)
    for mine in (pl.DataFrame({"title": ["One"]}), scanned.with_columns(mood=pl.lit("calm"))):
        for store in (False, True):
            mine.write_parquet(table)
            if store:
                table.with_suffix(".scan.sqlite").write_text("")
            with pytest.raises(BadSettings, match=r"songs\.parquet' is not from songatlas"):
                require_own_scan(table, folder=True)
            table.with_suffix(".scan.sqlite").unlink(missing_ok=True)
    scanned.write_parquet(table)
    with pytest.raises(BadSettings, match="or this one to replace it"):
        require_own_scan(table, folder=False)
    table.with_suffix(".scan.sqlite").write_text("")
    require_own_scan(table, folder=False)
    table.write_text("mine")
    with pytest.raises(BadSettings, match="is not from songatlas"):
        require_own_scan(table, folder=False)


def test_a_usual_name_replaces_what_songatlas_wrote_and_nothing_else(home: Path) -> None:
    mine = home / "songs_clustered.csv"
    mine.write_text("title,my notes\nOne,never play\n")
    refused = songatlas("assign", "at", "songs.csv", cwd=home)
    assert refused.returncode == 2
    assert "'songs_clustered.csv' is not from songatlas and would be replaced" in refused.stderr
    assert "never play" in mine.read_text()
    asked = songatlas("assign", "at", "songs.csv", "-o", "songs_clustered.csv", cwd=home)
    assert asked.returncode == 0, asked.stderr
    for options in ((), ("--raw-cells",), ()):
        mine.write_text(mine.read_text().splitlines()[0])
        assert songatlas("assign", "at", "songs.csv", *options, cwd=home).returncode == 0
        assert len(mine.read_text().splitlines()) == 121
    noted = mine.read_text().replace("\n", ",\n").replace("excluded_because,", "excluded_because,my notes", 1)
    mine.write_text(noted)
    assert songatlas("assign", "at", "songs.csv", cwd=home).returncode == 2
    assert mine.read_text() == noted


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b'"' + b"a" * 200_000, b"a,b\n"])
def test_what_is_no_table_of_clusters_is_a_person_s(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "songs_clustered.csv"
    require_own_rows(path)
    path.write_bytes(content)
    with pytest.raises(BadSettings, match="name another with -o, or this one to replace it"):
        require_own_rows(path)


def test_a_text_too_long_for_a_name_is_no_file_that_is_read(tmp_path: Path) -> None:
    require_unread(tmp_path / "x", "a" * 5_000, None, tmp_path / "none")
    require_unread(tmp_path / ("x" * 300), tmp_path)
