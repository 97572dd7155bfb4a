"""One file, written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from songatlas.errors import BadSettings, SongAtlasError
from songatlas.files import write_file


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
