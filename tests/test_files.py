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

from limits import few_calls_in_one_another
from songatlas.errors import BadSettings, SongAtlasError
from songatlas.files import (
    beside_of,
    held,
    is_leftover,
    keep_all,
    read_at_most,
    remove_folder,
    require_place,
    walked,
    write_file,
)


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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_what_is_no_file_is_neither_replaced_nor_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    for place in (pipe, tmp_path / "link"):
        with pytest.raises(BadSettings, match="is a pipe, which a file would replace: name a file"):
            write_file(place, "new")
        with pytest.raises(OSError, match="is a pipe, no file; save what it holds"):
            read_at_most(place, 10)
    assert pipe.is_fifo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe"]
    with pytest.raises(IsADirectoryError):
        read_at_most(tmp_path, 10)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="the system has no such devices")
def test_devices_are_no_place_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "zero").symlink_to("/dev/zero")
    with pytest.raises(BadSettings, match="is a device, which"):
        write_file(tmp_path / "zero", "new")
    with pytest.raises(OSError, match="is a device, no file"):
        read_at_most(tmp_path / "zero", 10)
    with pytest.raises(BadSettings, match="is no file, and a whole file is written"):
        require_place(Path("/dev/new"))


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    for folder in ("real", "links"):
        (tmp_path / folder).mkdir()
    real, link = tmp_path / "real" / "songs.csv", tmp_path / "links" / "songs.csv"
    link.symlink_to(real)
    for text in ("first", "second"):  # there is nothing at its end, then a file
        write_file(link, text)
        assert link.is_symlink()
        assert real.read_text() == text
    write_file(link, "own", follow_links=False)
    assert not link.is_symlink()
    assert (link.read_text(), real.read_text()) == ("own", "second")
    link.unlink()
    link.symlink_to(link)
    with pytest.raises(SongAtlasError, match=r"cannot write|no such file"):
        write_file(link / "x", "new")


def test_folders_may_lie_as_deep_as_they_like(tmp_path: Path) -> None:
    top = place = tmp_path / "top"
    for _ in range(300):
        place.mkdir()
        place /= "d"
    place.with_name("file").write_text("x")
    (top / "link").symlink_to(tmp_path)
    with few_calls_in_one_another(200):
        assert len(list(walked(top))) == 300
        keep_all(top)
        remove_folder(top)
    assert not top.exists()
    remove_folder(top)


@pytest.mark.skipif(os.name != "posix", reason="this system has no such modes")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o000])
def test_who_may_read_a_file_stays_when_it_is_replaced(tmp_path: Path, mode: int) -> None:
    path, link = tmp_path / "mine.m3u8", tmp_path / "link.m3u8"
    path.write_text("old")
    path.chmod(mode)
    link.symlink_to(path)
    modes = []

    def write(place: Path) -> None:
        modes.append(place.stat().st_mode & 0o777)
        place.write_text("new")

    write_file(path, write)
    assert modes == [0o600], "nobody else reads it while it is written"
    assert path.stat().st_mode & 0o777 == mode
    write_file(link, "newer")
    assert path.stat().st_mode & 0o777 == mode
    path.chmod(0o600)
    assert path.read_text() == "newer"
    write_file(tmp_path / "other", "new")
    (tmp_path / "touched").touch()
    assert (tmp_path / "other").stat().st_mode == (tmp_path / "touched").stat().st_mode


def test_a_file_that_takes_the_place_of_a_link_has_the_usual_mode(tmp_path: Path) -> None:
    (tmp_path / "secret").touch(0o600)
    (tmp_path / "usual").touch()
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    write_file(tmp_path / "link", "new", follow_links=False)
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").stat().st_mode == (tmp_path / "usual").stat().st_mode
