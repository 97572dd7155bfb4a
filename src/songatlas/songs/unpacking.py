"""Tables inside gzip and ZIP, unpacked within bounds, so that a bomb is refused before it has gone off."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from lzma import LZMAError
from typing import IO, Final, cast

from songatlas.errors import UnreadableTable, one_line
from songatlas.songs.limits import ALWAYS_UNPACKED, MOST_HELD, MOST_TIMES

_AT_ONCE: Final = 4 * 2**20
_DAMAGED: Final = (zlib.error, LZMAError, struct.error, ValueError, LookupError, MemoryError)
_LISTED = 4


def unpack(content: bytes) -> bytes:
    """Take a table out of gzip, or out of a ZIP archive that holds one; anything else stays as it is.

    Raises
    ------
    UnreadableTable
        If the archive is damaged, unpacks to more than a table of songs can be, or holds several files.
    """
    if content.startswith(b"\x1f\x8b"):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
                return _bounded(cast(IO[bytes], file), len(content))
        except (OSError, EOFError, zlib.error) as error:
            raise UnreadableTable(
                f"is a damaged gzip file ({one_line(error, longest=100)}): fetch it again"
            ) from None
    return _unzipped(content) if content.startswith(b"PK\x03\x04") else content


def _unzipped(content: bytes) -> bytes:
    """The one table of a ZIP archive; a workbook, which is such an archive, as it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if "[Content_Types].xml" in names or "mimetype" in names:
                require_bounded(sum(part.file_size for part in archive.infolist()), len(content))
                return content
            tables = [name for name in names if not name.startswith("__MACOSX")]
            if len(tables) == 1:
                with archive.open(tables[0]) as file:
                    return _bounded(file, len(content))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        raise UnreadableTable(
            f"is a ZIP archive that cannot be opened ({one_line(error, longest=100)}): fetch it again"
        ) from None
    except _DAMAGED as error:
        raise UnreadableTable(
            f"is a damaged ZIP archive ({one_line(error, longest=100)}): fetch it again"
        ) from None
    listed = ", ".join(one_line(name, longest=60) for name in tables[:_LISTED])
    raise UnreadableTable(
        f"is a ZIP archive of {len(tables):,} files ({listed}): unpack it and name one of them"
    )


def require_bounded(n_unpacked: int, n_packed: int) -> None:
    """Raise UnreadableTable if so many bytes packed make more than a table of songs would."""
    if n_unpacked > MOST_HELD:
        raise UnreadableTable(
            f"unpacks to over {MOST_HELD // 2**30} GiB, which is not held as a whole: unpack it, and build "
            "from the file with --engine stream"
        )
    if n_unpacked > max(ALWAYS_UNPACKED, MOST_TIMES * n_packed):
        raise UnreadableTable(
            f"unpacks to over {MOST_TIMES} times its size, as no table of songs does: it is damaged or made "
            "to fill the memory; fetch it again from whom you trust"
        )


def _bounded(file: IO[bytes], n_packed: int) -> bytes:
    """All of a file in an archive."""
    pieces, n_bytes = [], 0
    while piece := file.read(_AT_ONCE):
        pieces.append(piece)
        n_bytes += len(piece)
        require_bounded(n_bytes, n_packed)
    return b"".join(pieces)
