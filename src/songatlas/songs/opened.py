"""Files that a table is read from: what kind each is, and its bytes from any place, out of gzip too."""

from __future__ import annotations

import gzip
import json
import re
import threading
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from songatlas.errors import SongAtlasError, UnreadableTable

Kind = Literal["parquet", "jsonl", "json", "text", "workbook"]

GZIP: Final = b"\x1f\x8b"
_LONGEST_LINE = 2**20  # bytes of a first line that is looked at
_KEPT_OPEN = 4  # gzip files whose place is remembered


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
        top = self.read_at(0, 4096)
        if top.startswith(b"PAR1"):
            return "parquet"
        if top.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            return "workbook"
        if re.match(rb"(?:\xef\xbb\xbf)?\s*\[\s*\{", top):
            return "json"
        if re.match(rb"(?:\xef\xbb\xbf)?\s*\{", top):
            return self._kind_of_json()
        return "text"

    def _kind_of_json(self) -> Kind:
        """Tell an object a line from one object, and from text that only begins like JSON."""
        first = (
            self.read_at(0, _LONGEST_LINE).decode("utf-8-sig", errors="replace").lstrip().split("\n", 1)[0]
        )
        try:
            return "jsonl" if isinstance(json.loads(first), dict) else "text"
        except (ValueError, RecursionError):
            return "json" if first.strip() == "{" else "text"


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
    return type(error)(f"{name!r} {error}")
