"""Files of music that the browser plays: those of the songs that the app was started with, and no others.

What may be played stands in the songs table of one catalogue, and only the atlas that the app was started
with has `Sounds` that know its files: a table that a person drops in never makes the server read anything,
whatever paths stand in it. Nothing is fetched from another computer (`file_of`). The browser names a song by
a token that nobody can guess who was not given it, never by a path. A file is sent only if it is an ordinary
file whose name, and the name of what a link leads to, ends like music; it is sent as music of that kind and
as nothing else.

A browser asks for parts of a file (`Range`), so that a person can jump to any place of a song at once.

References
----------
RFC 9110, *HTTP Semantics*, section 14, "Range Requests".
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO, Final
from weakref import WeakValueDictionary

from songatlas.app.server.parts import PATH
from songatlas.atlas.song_files import file_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

SOUND_PATH: Final = f"{PATH}/sound"

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        ".mp3": "audio/mpeg",
        ".flac": "audio/flac",
        ".ogg": "audio/ogg",
        ".oga": "audio/ogg",
        ".opus": "audio/ogg",
        ".m4a": "audio/mp4",
        ".m4b": "audio/mp4",
        ".mp4": "audio/mp4",
        ".aac": "audio/aac",
        ".wav": "audio/wav",
        ".wave": "audio/wav",
        ".webm": "audio/webm",
        ".mka": "audio/x-matroska",
        ".aif": "audio/aiff",
        ".aiff": "audio/aiff",
        ".aifc": "audio/aiff",
        ".wma": "audio/x-ms-wma",
        ".caf": "audio/x-caf",
        ".ape": "audio/x-ape",
        ".wv": "audio/x-wavpack",
        ".mpc": "audio/x-musepack",
        ".alac": "audio/mp4",
        ".w64": "audio/x-w64",
    }
)
"""What each ending of a file is sent as. Browsers play the first eleven or so, and say so of the others."""

_PIECE: Final = 2**18  # bytes read at a time
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_READING: Final = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_BINARY", "O_CLOEXEC")
)
_SECRET: Final = secrets.token_bytes(32)


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A song that can be played.

    Attributes
    ----------
    address : str
        Where the browser gets it.
    kind : str
        Content type.
    path : str
        Where the file lies, for a person to read.
    """

    address: str
    kind: str
    path: str


class Sounds:
    """The files of the songs of one catalogue.

    Parameters
    ----------
    locations : sequence of str or None
        Of every song, by row; empty where nothing is to be played.
    """

    def __init__(self, locations: Sequence[str | None] = ()) -> None:
        self._locations = locations
        self._salt = secrets.token_bytes(16)
        self._rows: dict[str, int] = {}
        self._lock = Lock()

    def sound_of(self, row: int | None) -> Sound | None:
        """Return what plays the song of a row; None where there is no file of it."""
        path = self._path(row)
        if row is None or path is None or _music_at(path) is None:
            return None
        token = hmac.new(_SECRET, self._salt + row.to_bytes(8, "big"), hashlib.sha256).hexdigest()
        with self._lock:
            self._rows[token] = row
        _owners[token] = self
        return Sound(
            address=f"{SOUND_PATH}/{token}", kind=KINDS[path.suffix.lower()], path=_readable(str(path))
        )

    def file_of(self, token: str) -> Path:
        """Return the file of a token that `sound_of` gave; `KeyError` where it gave no such token."""
        with self._lock:
            path = self._path(self._rows[token])
        if path is None:
            raise KeyError(token)
        return path

    def _path(self, row: int | None) -> Path | None:
        """The file of a row, whatever it is."""
        if row is None or not 0 <= row < len(self._locations):
            return None
        return file_of(self._locations[row])


_owners: WeakValueDictionary[str, Sounds] = WeakValueDictionary()


def open_music(path: Path) -> BinaryIO:
    """Open a file of music; `FileNotFoundError` for everything else, and for what is not there.

    What was opened is looked at, so that nothing can be put in its place meanwhile; nothing waits on a pipe.
    """
    found = _music_at(path)
    if found is None:
        raise FileNotFoundError(path)
    number = os.open(found, _READING)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise FileNotFoundError(path)
    return os.fdopen(number, "rb")


def wanted_bytes(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the first byte that a header `Range` asks for, and the one behind the last; None for all.

    Raises
    ------
    ValueError
        If it asks for bytes that are not there.

    Examples
    --------
    >>> wanted_bytes("bytes=0-", 10), wanted_bytes("bytes=2-5", 10), wanted_bytes("bytes=-3", 10)
    ((0, 10), (2, 6), (7, 10))
    >>> wanted_bytes(None, 10), wanted_bytes("bytes=0-1,4-5", 10)
    (None, None)
    """
    found = _RANGE.fullmatch((header or "").strip().replace(" ", ""))
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        first, stop = max(size - int(found[2]), 0), size
    else:
        first, stop = int(found[1]), min(int(found[2]) + 1, size) if found[2] else size
        if found[2] and int(found[2]) < first:
            return None
    if first >= stop:
        raise ValueError(f"bytes from {first} of {size}")
    return first, stop


async def sound_for(request: Request) -> Response:
    """Answer the browser with a file of music, or the part of it that it asks for."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response

    token = request.path_params["token"]
    try:
        path = _owners[token].file_of(token)
        file = await run_in_threadpool(open_music, path)
    except (KeyError, OSError, ValueError):
        return Response(status_code=404)
    about = os.fstat(file.fileno())
    tag = f'"{about.st_mtime_ns:x}-{about.st_size:x}"'
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Encoding": "identity",
        "Cross-Origin-Resource-Policy": "same-origin",
        "ETag": tag,
    }
    asked = request.headers.get("range") if request.headers.get("if-range", tag) == tag else None
    try:
        part = wanted_bytes(asked, about.st_size)
    except ValueError:
        file.close()
        return Response(status_code=416, headers={"Content-Range": f"bytes */{about.st_size}"})
    first, stop = part or (0, about.st_size)
    if part is not None:
        headers["Content-Range"] = f"bytes {first}-{stop - 1}/{about.st_size}"
    headers["Content-Length"] = str(stop - first)
    send_from = 0 if request.method == "HEAD" else stop - first
    return _sent(file, first, send_from, status=200 if part is None else 206, headers={
        **headers, "Content-Type": KINDS[path.suffix.lower()]
    })  # fmt: skip


def _sent(file: BinaryIO, first: int, n_bytes: int, *, status: int, headers: Mapping[str, str]) -> Response:
    """An answer that reads the file as it is sent, and closes it whatever happens."""
    from starlette.responses import StreamingResponse

    class Sending(StreamingResponse):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await super().__call__(scope, receive, send)
            finally:
                file.close()

    return Sending(_pieces(file, first, n_bytes), status_code=status, headers=headers)


async def _pieces(file: BinaryIO, first: int, n_bytes: int) -> AsyncIterator[bytes]:
    """The bytes of a part of a file, read beside everything else that the server does."""
    from starlette.concurrency import run_in_threadpool

    await run_in_threadpool(file.seek, first)
    while n_bytes > 0:
        piece = await run_in_threadpool(file.read, min(_PIECE, n_bytes))
        if not piece:
            return
        n_bytes -= len(piece)
        yield piece


def _music_at(path: Path) -> Path | None:
    """What a path leads to, if that is an ordinary file and both their names end like music."""
    try:
        found = path.resolve(strict=True)
        is_named = all(each.suffix.lower() in KINDS for each in (path, found))
        return found if is_named and found.is_file() else None
    except (OSError, RuntimeError, ValueError):
        return None


def _readable(text: str) -> str:
    """A path as a page can show it: bytes that are no text become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
