"""Bytes that the browser fetches for itself: places of songs, their colours, and names when they are needed.

Each thing to fetch has a token that nobody can guess who was not given it, the same as long as the server
runs, so that the browser need not fetch it twice. What makes the bytes, and what was made, belongs to the
`Parts` of one catalogue: when that is gone, so are they, and their addresses lead nowhere. A page that is
still open gets back what was forgotten with its next run.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from songatlas.atlas.kept import Turns

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

PATH: Final = "/songatlas"
MOST_MAKERS: Final = 64
"""Things to fetch of one catalogue that are known at a time: those last asked for."""

MOST_BYTES: Final = 128 * 2**20
"""Bytes of one catalogue that are kept."""

_SECRET: Final = secrets.token_bytes(32)


class Parts:
    """What the browser can fetch of one catalogue.

    No table of the server holds it: it lives as long as its catalogue does.
    """

    def __init__(self) -> None:
        self._makers: OrderedDict[str, Callable[[int], bytes]] = OrderedDict()
        self._made: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._turns = Turns()
        self._lock = Lock()

    def address_of(self, key: str, make: Callable[[int], bytes]) -> str:
        """Return where the browser gets the bytes of a key, without the number of the part.

        Parameters
        ----------
        key : str
            What the bytes are: other bytes have another key.
        make : callable
            Gives the bytes (gzip) of a part by its number; raises `IndexError` where there is no such part.
        """
        token = hmac.new(_SECRET, key.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        with self._lock:
            self._makers[token] = make
            self._makers.move_to_end(token)
            while len(self._makers) > MOST_MAKERS:
                self._forget(next(iter(self._makers)))
        _owners[token] = self
        return f"{PATH}/{token}"

    def bytes_of(self, token: str, part: int) -> bytes:
        """Return the bytes of one part; `KeyError` or `IndexError` where there are none."""
        at = (token, part)
        with self._lock:
            make = self._makers[token]
            self._makers.move_to_end(token)
        with self._turns.of(at):
            with self._lock:
                if at in self._made:
                    self._made.move_to_end(at)
                    return self._made[at]
            found = make(part)
            with self._lock:
                self._keep(at, found)
            return found

    def _keep(self, at: tuple[str, int], found: bytes) -> None:
        """Keep what was made, and of the others those last asked for."""
        if at[0] in self._makers:
            self._made[at] = found
        while sum(map(len, self._made.values())) > MOST_BYTES and len(self._made) > 1:
            self._made.popitem(last=False)

    def _forget(self, token: str) -> None:
        """Forget a token, and everything that was made for it."""
        del self._makers[token]
        for each in [each for each in self._made if each[0] == token]:
            del self._made[each]


_owners: WeakValueDictionary[str, Parts] = WeakValueDictionary()


def bytes_of(token: str, part: int) -> bytes:
    """Return the bytes of one part; `KeyError` or `IndexError` where there are none, or none any more."""
    return _owners[token].bytes_of(token, part)


async def part_of(request: Request) -> Response:
    """Answer the browser with one part."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response

    token, part = request.path_params["token"], request.path_params["part"]
    try:
        found = await run_in_threadpool(bytes_of, token, part)
    except (KeyError, IndexError):
        return Response(status_code=404)
    headers = {"Cache-Control": "private, max-age=86400, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(found, media_type="application/octet-stream", headers=headers)
