"""Bytes that the browser fetches for itself: places of songs, their colours, and names when they are needed.

Each thing to fetch has a token that nobody can guess who was not given it, the same as long as the server
runs, so that the browser need not fetch it twice. Bytes are made when they are asked for; those last asked
for are kept. What nobody has asked for in two hours is forgotten, so that songs do not stay in memory long
after the visit that they belong to; a page that is still open gets it back with its next run.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

PATH: Final = "/songatlas"
_SECRET: Final = secrets.token_bytes(32)
_MOST_MAKERS: Final = 512
_MOST_BYTES: Final = 256 * 2**20
_LONGEST_S: Final = 2 * 3600.0

_makers: OrderedDict[str, Callable[[int], bytes]] = OrderedDict()
_made: OrderedDict[tuple[str, int], bytes] = OrderedDict()
_asked: dict[str, float] = {}
_lock = Lock()


def address_of(key: str, make: Callable[[int], bytes]) -> str:
    """Return where the browser gets the bytes of a key, without the number of the part.

    Parameters
    ----------
    key : str
        What the bytes are: other bytes have another key.
    make : callable
        Gives the bytes (gzip) of a part by its number; raises `IndexError` where there is no such part.
    """
    token = hmac.new(_SECRET, key.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    with _lock:
        _makers[token] = make
        _touch(token)
        while len(_makers) > _MOST_MAKERS or _is_old(next(iter(_makers))):
            _forget(next(iter(_makers)))
    return f"{PATH}/{token}"


def _touch(token: str) -> None:
    """Note that a token was asked for just now."""
    _makers.move_to_end(token)
    _asked[token] = time.monotonic()


def _is_old(token: str) -> bool:
    return time.monotonic() - _asked[token] > _LONGEST_S


def _forget(token: str) -> None:
    """Forget a token, and everything that was made for it."""
    del _makers[token], _asked[token]
    for each in [each for each in _made if each[0] == token]:
        del _made[each]


def bytes_of(token: str, part: int) -> bytes:
    """Return the bytes of one part; `KeyError` or `IndexError` where there are none."""
    with _lock:
        make = _makers[token]
        _touch(token)
        if (token, part) in _made:
            _made.move_to_end((token, part))
            return _made[token, part]
    found = make(part)
    with _lock:
        if token in _makers:
            _made[token, part] = found
        while sum(map(len, _made.values())) > _MOST_BYTES and len(_made) > 1:
            _made.popitem(last=False)
    return found


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
