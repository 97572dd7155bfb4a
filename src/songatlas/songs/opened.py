"""Files that a table is read from: what kind each is, and its bytes from any place, out of gzip too."""

from __future__ import annotations

import gzip
import json
import os
import re
import stat
import threading
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from songatlas.errors import SongAtlasError, UnreadableTable, one_line, quoted

Kind = Literal["parquet", "jsonl", "json", "text", "workbook"]

GZIP: Final = b"\x1f\x8b"
BEGINS_OBJECT: Final = re.compile(r'\{\s*(?:["}]|$)')
"""Text that begins so is JSON, whole or broken, and no row of cells."""

_NO_LETTER: Final = re.compile("[\ud800-\udfff]")
_LONGEST_LINE = 2**20  # bytes of a first line that is looked at
_KEPT_OPEN = 4  # gzip files whose place is remembered


def require_file(path: Path) -> None:
    """Raise UnreadableTable for what is neither file nor folder, and would be waited for or never end."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # told where it is opened
        return
    for is_kind, kind in (
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if is_kind(status.st_mode):
            raise UnreadableTable(
                f"{quoted(str(path))} is {kind}, no file: save what comes out of it as a file, and name that"
            )
    if stat.S_ISREG(status.st_mode) and status.st_size == 0:  # files in /proc say so, and some never end
        raise UnreadableTable(f"{quoted(in_letters(path.name))} is empty: fetch or export the table again")


def read_whole(path: Path) -> bytes:
    """Return the bytes of a file, as many as it says it has.

    Raises
    ------
    UnreadableTable
        If there are more of them.
    """
    with path.open("rb") as file:
        n_bytes = os.fstat(file.fileno()).st_size
        content = file.read(n_bytes)
        if file.read(1):
            raise UnreadableTable(
                f"{quoted(in_letters(path.name))} was changed while it was read: start again, and let the "
                "file be meanwhile"
            )
    return content


def in_letters(name: str) -> str:
    r"""Return the name of a file as text: each byte of it that is no UTF-8 becomes U+FFFD.

    Examples
    --------
    >>> in_letters("sur\udcff.csv"), in_letters("songs.csv")
    ('sur�.csv', 'songs.csv')
    """
    return _NO_LETTER.sub("\ufffd", name)


@dataclass(frozen=True)
class FileContent:
    """The bytes of a file, those inside where it is gzip.

    Attributes
    ----------
    path : Path
    is_gzip : bool
    """

    path: Path
    is_gzip: bool

    @classmethod
    def of(cls, path: Path) -> FileContent:
        """Look whether a file is gzip."""
        with path.open("rb") as file:
            return cls(path, file.read(2) == GZIP)

    def read_at(self, offset: int, n_bytes: int) -> bytes:
        """Return so many bytes from there, fewer at the end.

        Raises
        ------
        UnreadableTable
            If the file is a damaged gzip file, or cannot be read.
        """
        try:
            if self.is_gzip:
                return _UNPACKED.read_at(self.path, offset, n_bytes)
            with self.path.open("rb") as file:
                file.seek(offset)
                return file.read(n_bytes)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise UnreadableTable(f"is a damaged gzip file ({error}): fetch it again") from None
        except OSError as error:
            raise UnreadableTable(
                f"cannot be read ({error.strerror or error}): check the file and its rights"
            ) from None

    def kind(self) -> Kind:
        """Return what the file is by its first bytes."""
        return kind_of(self)


@dataclass(frozen=True)
class HeldContent:
    """Bytes that are held already, read as those of a file."""

    content: bytes

    def read_at(self, offset: int, n_bytes: int) -> bytes:
        """Return so many bytes from there, fewer at the end."""
        return self.content[offset : offset + n_bytes]


def kind_of(content: FileContent | HeldContent) -> Kind:
    """Return what a file is by its first bytes."""
    top = content.read_at(0, 4096)
    if top.startswith(b"PAR1"):
        return "parquet"
    if top.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "workbook"
    if re.match(rb"(?:\xef\xbb\xbf)?\s*\[\s*\{", top):
        return "json"
    return _kind_of_json(content) if re.match(rb"(?:\xef\xbb\xbf)?\s*\{", top) else "text"


def _kind_of_json(content: FileContent | HeldContent) -> Kind:
    """Tell an object a line from one object, and from text that only begins like JSON."""
    top = content.read_at(0, _LONGEST_LINE).decode("utf-8-sig", errors="replace").lstrip()
    first = top.split("\n", 1)[0]
    try:
        return "jsonl" if isinstance(json.loads(first), dict) else "text"
    except (ValueError, RecursionError):
        return "json" if BEGINS_OBJECT.match(first) else "text"


class _Unpacked:
    """Gzip files that are read on where they were left, so that going through one costs one unpacking."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[tuple[Path, int], gzip.GzipFile] = OrderedDict()

    def read_at(self, path: Path, offset: int, n_bytes: int) -> bytes:
        key = (path, path.stat().st_mtime_ns)
        with self._lock:
            if key not in self._open:
                self._open[key] = gzip.GzipFile(path, "rb")
                while len(self._open) > _KEPT_OPEN:
                    self._open.popitem(last=False)[1].close()
            self._open.move_to_end(key)
            file = self._open[key]
            try:
                file.seek(offset)
                return file.read(n_bytes)
            except (EOFError, OSError, zlib.error):
                self._open.pop(key).close()
                raise


_UNPACKED = _Unpacked()


def told_of(name: str, error: SongAtlasError) -> SongAtlasError:
    """Return the same error, said of a file."""
    return type(error)(f"{quoted(in_letters(name))} {one_line(error)}")
