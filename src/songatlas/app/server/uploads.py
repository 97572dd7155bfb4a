"""How much may be dropped in at a time: files that come in are held in memory until they are read.

Streamlit refuses a file that is too large. This counts what all files of a visit, and of all visits, take
together, those included that are still on their way.
"""

from __future__ import annotations

import re
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

UPLOAD_PATH: Final = re.compile(r"/_stcore/upload_file/([^/]+)/[^/]+")

FILES_OF_VISIT: Final = 2
"""Files of the largest size that one visit may hold."""

FILES_OF_ALL: Final = 4
"""Files of the largest size that all visits together may hold."""

_FRAME: Final = 2**20  # bytes around a file in its request
_FULL: Final = b"songatlas holds as many files as it may: try again in a minute\n"


class UploadGate:
    """Middleware that turns a file away where it would be too much.

    Parameters
    ----------
    app : ASGI application
    most_bytes : int
        Of the largest file that can be dropped in.
    """

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app = app
        self._most = most_bytes
        self._coming: dict[str, int] = {}
        self._lock = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        found = UPLOAD_PATH.fullmatch(scope.get("path", "")) if scope["type"] == "http" else None
        if found is None or scope["method"] != "PUT":
            await self._app(scope, receive, send)
            return
        visit, n_bytes = found[1], self._announced(scope)
        if not self._enter(visit, n_bytes):
            await _refuse(send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._leave(visit, n_bytes)

    def _announced(self, scope: Scope) -> int:
        """The bytes that a request says it has; those of the largest file where it says nothing."""
        told = dict(scope["headers"]).get(b"content-length", b"")
        return min(int(told), self._most) if told.isdigit() and len(told) < 20 else self._most

    def _enter(self, visit: str, n_bytes: int) -> bool:
        """Say whether there is room for a file, and take it."""
        own, all_files = held_bytes(visit)
        with self._lock:
            own += self._coming.get(visit, 0) + n_bytes
            all_files += sum(self._coming.values()) + n_bytes
            most = self._most + _FRAME
            if own > FILES_OF_VISIT * most or all_files > FILES_OF_ALL * most:
                return False
            self._coming[visit] = self._coming.get(visit, 0) + n_bytes
            return True

    def _leave(self, visit: str, n_bytes: int) -> None:
        with self._lock:
            self._coming[visit] -= n_bytes
            if not self._coming[visit]:
                del self._coming[visit]


def held_bytes(visit: str) -> tuple[int, int]:
    """Return how many bytes of files Streamlit holds for a visit, and for all."""
    from streamlit.runtime import exists, get_instance
    from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

    files = get_instance().uploaded_file_mgr if exists() else None
    if not isinstance(files, MemoryUploadedFileManager):
        return 0, 0
    sizes = {
        name: sum(len(file.data) for file in list(own.values()))
        for name, own in list(files.file_storage.items())
    }
    return sizes.get(visit, 0), sum(sizes.values())


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"60")]
    messages: list[Message] = [
        {"type": "http.response.start", "status": 503, "headers": headers},
        {"type": "http.response.body", "body": _FULL},
    ]
    for message in messages:
        await send(message)
