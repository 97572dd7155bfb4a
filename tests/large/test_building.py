"""`build_large_atlas` over files: as in memory, after any stop, and what it refuses before it reads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from test_road import QUICK, differing, dirty, parted, without_genres

import songatlas
from songatlas.atlas import build_atlas, fitting
from songatlas.atlas.large import building, road, sampled
from songatlas.atlas.large.settling import OurSettling
from songatlas.errors import BadSettings, SongAtlasError
from songatlas.kmeans import starts
from songatlas.streaming import FileCatalogue
from songatlas.streaming.one_run import one_run

SMALL = QUICK.change(k=3)


class Stopped(BaseException):
    """What ends a run in the middle."""


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """A folder of files."""
    folder = tmp_path / "songs"
    folder.mkdir()
    for number, rows in enumerate(parted(without_genres(), 4, seed=1)):
        rows.write_parquet(folder / f"{number}.parquet")
    return folder


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample is 300 songs."""
    for module in (fitting, road, sampled, starts):
        monkeypatch.setattr(module, "SAMPLE_SONGS", 300)


def written(folder: Path) -> dict[str, bytes]:
    """The files with the clustered songs."""
    return {path.name: path.read_bytes() for path in sorted((folder / "clustered_songs").iterdir())}


def stopping(owner: type, name: str, *, after: int) -> Callable[[pytest.MonkeyPatch], None]:
    """Make a method stop the run when it is called once more than `after` times."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        real, calls = getattr(owner, name), []

        def stopped(*args: Any, **kwargs: Any) -> Any:
            calls.append(name)
            if len(calls) > after:
                raise Stopped
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, stopped)

    return patch


MOMENTS = (
    stopping(FileCatalogue, "_read", after=2),
    stopping(FileCatalogue, "_read", after=12),
    stopping(FileCatalogue, "keep_points", after=0),
    stopping(OurSettling, "_keep", after=2),
    stopping(FileCatalogue, "write", after=0),
)


@pytest.mark.usefixtures("few")
def test_a_run_that_was_stopped_goes_on_to_the_same_end(catalogue: Path, tmp_path: Path) -> None:
    undisturbed = songatlas.build_large_atlas(catalogue, tmp_path / "one", SMALL)
    for moment in MOMENTS:
        with pytest.MonkeyPatch.context() as monkeypatch:
            moment(monkeypatch)
            with pytest.raises(Stopped):
                songatlas.build_large_atlas(catalogue, tmp_path / "two", SMALL)
        assert (tmp_path / "two" / building.WORK).is_dir()
    atlas = songatlas.build_large_atlas(catalogue, tmp_path / "two", SMALL)
    assert differing(atlas, undisturbed) == []
    assert atlas.whole is not None
    assert undisturbed.whole is not None
    assert replace(atlas.whole, seconds={}) == replace(undisturbed.whole, seconds={})
    assert written(tmp_path / "two") == written(tmp_path / "one")
    assert not (tmp_path / "two" / building.WORK).exists()
    assert [path.name for path in (tmp_path / "two").iterdir()] == ["clustered_songs"]


KILLED = """
import os, signal, sys
from songatlas import build_large_atlas
from songatlas.atlas.large.settling import OurSettling
from songatlas.atlas.large import road

def killed(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

road.sample_of = killed
build_large_atlas(sys.argv[1], sys.argv[2], k=3, k_max=3, threads=1, units={"energy": "share"})
"""


def test_a_run_that_was_killed_leaves_old_outputs_whole(catalogue: Path, tmp_path: Path) -> None:
    home = tmp_path / "out"
    old = home / "clustered_songs" / "old.parquet"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old")
    run = subprocess.run([sys.executable, "-c", KILLED, catalogue, home], check=False)
    assert run.returncode == -signal.SIGKILL
    assert old.read_bytes() == b"old"
    assert any((home / building.WORK).iterdir())
    atlas = songatlas.build_large_atlas(catalogue, home, SMALL)
    in_memory = build_atlas(pl.concat(parted(without_genres(), 4, seed=1)), SMALL)
    assert differing(atlas, in_memory) == []
    assert not old.exists()
    assert sum(pl.read_parquet(home / "clustered_songs" / "*.parquet")["cluster"].is_not_null()) > 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"space": ("sound", "tags")}, "'tags' needs all songs in memory"),
        ({"genre_pull": 0.5}, "genre_pull is 0.5"),
        ({"refine": True}, "leave --refine out"),
        ({"space": ("audio",)}, "--engine memory"),
        ({"engine": "cloud"}, "'stream' or 'spark'"),
        ({"memory": 1000}, "memory"),
        ({"k": 1}, "k is 1"),
    ],
)
def test_what_cannot_be_done_in_parts_is_refused_before_anything_is_read(
    changes: dict[str, Any], said: str, catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*args: object, **kwargs: object) -> None:
        raise AssertionError("a part was read")

    monkeypatch.setattr(FileCatalogue, "look", read)
    with pytest.raises(SongAtlasError, match=said):
        songatlas.build_large_atlas(catalogue, tmp_path / "out", **changes)


def test_a_table_of_a_scan_is_sent_to_memory(tmp_path: Path) -> None:
    heard = pl.lit([0.5, 0.25, 0.1, 0.2], dtype=pl.List(pl.Float32)).alias("audio_embedding")
    rows = dirty(60).with_columns(heard)
    rows.write_parquet(tmp_path / "songs.parquet")
    with pytest.raises(BadSettings, match="--engine memory"):
        songatlas.build_large_atlas(tmp_path / "songs.parquet", tmp_path / "out", QUICK)
    assert not (tmp_path / "out" / building.WORK).exists()


def test_outputs_are_written_before_anything_is_put_in_place(
    catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "out"

    def outputs(atlas: songatlas.Atlas, rows: Path) -> None:
        songatlas.write_outputs(atlas, home, figures=False, rows=rows)

    songatlas.build_large_atlas(catalogue, home, SMALL, outputs=outputs)
    assert "clustered_songs" in {path.name for path in home.iterdir()}
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}

    def failing(*_: object, **__: object) -> str:
        raise BadSettings("names.toml is bad")

    with monkeypatch.context() as patched:
        patched.setattr("songatlas.report.outputs.render", failing)
        with pytest.raises(BadSettings, match=r"names\.toml"):
            songatlas.build_large_atlas(catalogue, home, SMALL, seed=5, outputs=outputs)
    assert {path: path.read_bytes() for path in before} == before
    left = {path.name.partition(".")[0] for path in home.iterdir() if path.is_dir()}
    assert left == {"atlas", "clustered_songs", ""}

    def read(*_: object) -> None:
        raise AssertionError("a part was read again")

    monkeypatch.setattr(FileCatalogue, "_read", read)
    songatlas.build_large_atlas(catalogue, home, SMALL, seed=5, outputs=outputs)
    assert songatlas.Atlas.load(home).settings.seed == 5
    assert {path.name for path in home.iterdir() if path.is_dir()} == {"atlas", "clustered_songs"}


def test_two_runs_do_not_share_a_folder(catalogue: Path, tmp_path: Path) -> None:
    home = tmp_path / "out"
    home.mkdir()
    with (
        one_run(home / building.WORK),
        pytest.raises(SongAtlasError, match=rf"another run \(process {os.getpid()}\) is working in"),
    ):
        songatlas.build_large_atlas(catalogue, home, SMALL)
    assert list(home.iterdir()) == []
    (home / building.WORK).mkdir()
    (home / building.WORK / "run.lock").write_text(f"{os.getpid()}\n")
    with one_run(home / building.WORK):
        assert (home / building.WORK / "run.lock").read_text() == f"{os.getpid()}\n"


def test_outputs_may_lie_among_the_songs_but_not_be_their_folder(catalogue: Path) -> None:
    with pytest.raises(BadSettings, match="is the folder of the songs itself"):
        songatlas.build_large_atlas(catalogue, catalogue, SMALL)
    home = catalogue / "out"
    first = songatlas.build_large_atlas(catalogue, home, SMALL)
    (home / "atlas").mkdir()
    (home / "atlas" / "manifest.json").write_text("{}")
    again = songatlas.build_large_atlas(catalogue, home, SMALL)
    assert differing(again, first) == []
    assert any(note.endswith("that songatlas wrote, passed over: out") for note in again.source.notes)
    with pytest.raises(BadSettings, match="would be overwritten, because the clustered songs go to"):
        songatlas.build_large_atlas(home / "clustered_songs", home, SMALL)


def test_only_folders_that_a_run_has_made_go_when_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "songs.csv").write_text("title,energy\na,0.5\n")
    for source in ("nothing.csv", "songs.csv"):
        for folder in ("mine", "new/deeper"):
            with pytest.raises(SongAtlasError):
                songatlas.build_large_atlas(tmp_path / source, tmp_path / folder, SMALL)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "songs.csv"]
    assert list((tmp_path / "mine").iterdir()) == []
