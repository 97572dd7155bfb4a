"""One file, written whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from songatlas.errors import BadSettings, SongAtlasError
from songatlas.files import beside_of, held, is_leftover, write_file


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x" / "songs.csv"
    write_file(path, lambda place: place.write_text("old"))

    def full_disk(place: Path) -> None:
        place.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(SongAtlasError, match="no space left on device"):
        write_file(path, full_disk)
    assert contents(tmp_path) == {"x/songs.csv": "old"}
    with pytest.raises(BadSettings, match="is a folder"):
        write_file(tmp_path / "x", lambda place: place.write_text("new"))


def test_text_and_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    write_file(tmp_path / "a", "één\r\ntwo\n")
    write_file(tmp_path / "b", b"\x00\xff")
    assert (tmp_path / "a").read_bytes() == "één\r\ntwo\n".encode()
    assert (tmp_path / "b").read_bytes() == b"\x00\xff"


def test_what_killed_runs_left_beside_a_file_goes(tmp_path: Path) -> None:
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    for name in (f".songatlas-new-{gone.stdout.strip()}-1", f".songatlas-new-{os.getppid()}-1", ".mine"):
        (tmp_path / name).write_text("half")
    write_file(tmp_path / "a", "whole")
    assert set(contents(tmp_path)) == {"a", ".mine", f".songatlas-new-{os.getppid()}-1"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_what_is_held_is_no_leftover_however_old_it_is(tmp_path: Path) -> None:
    place = beside_of(tmp_path, "out")
    place.mkdir()
    os.utime(place, (time.time() - 1e6,) * 2)
    with held(place):
        assert not is_leftover(place)
    assert is_leftover(place)
    os.utime(place)
    assert not is_leftover(place), "its process still runs, and it may be about to hold it"


def test_a_disk_that_fails_at_the_end_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_file(tmp_path / "a", "old")

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SongAtlasError, match="no space left on device"):
        write_file(tmp_path / "a", "new")
    assert contents(tmp_path) == {"a": "old"}


@pytest.mark.parametrize("write", [pl.DataFrame.write_parquet, pl.DataFrame.write_csv])
def test_a_full_disk_is_told_in_one_line_by_tables_too(tmp_path: Path, write: Callable[..., None]) -> None:
    resource = pytest.importorskip("resource", reason="this system has no limit on the size of files")
    code = (
        "import resource, signal, sys, polars as pl\nfrom pathlib import Path\n"
        "from songatlas.errors import SongAtlasError\nfrom songatlas.files import write_file\n"
        "frame = pl.DataFrame({'a': [str(each * 7919 % 99991) for each in range(50_000)]})\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        f"try: write_file(Path(sys.argv[1]) / 'a', frame.{write.__name__})\n"
        "except SongAtlasError as error: print(error)\n"
    )
    assert resource.RLIMIT_FSIZE is not None
    write_file(tmp_path / "a", "old")
    ran = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False)
    assert ran.stdout.startswith("cannot write "), ran.stderr[-2000:]
    assert "file too large; free the place" in ran.stdout
    assert contents(tmp_path) == {"a": "old"}
