"""No command replaces what it reads, or what is no file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from songatlas.cli.options import require_unread
from songatlas.cli.scan import refuse_own_table
from songatlas.demo import simulate_catalogue
from songatlas.errors import BadSettings
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
    refuse_own_table(table)
    table.write_text("mine")
    with pytest.raises(BadSettings, match=r"songs\.parquet' is not from songatlas"):
        refuse_own_table(table)
    table.with_suffix(".scan.sqlite").write_text("")
    refuse_own_table(table)


def test_a_text_too_long_for_a_name_is_no_file_that_is_read(tmp_path: Path) -> None:
    require_unread(tmp_path / "x", "a" * 5_000, None, tmp_path / "none")
    require_unread(tmp_path / ("x" * 300), tmp_path)
