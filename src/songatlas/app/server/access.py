"""Who may enter: nobody sees a page, a file or a byte of a catalogue who was not let in first.

The `Gate` stands before everything else that the server answers, the WebSocket and all addresses of files
among it. It asks a `Keeper` who is let in: one that knows a shared password (`PasswordKeeper`), or one that
knows who logged in elsewhere (`songatlas.app.server.logins`). Open to all are the keeper's own pages, and
`/_stcore/health`, by which a proxy sees that the server lives.
"""

from __future__ import annotations

import asyncio
import hashlib
import html
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import parse_qs, quote, urlsplit

from songatlas.access.passwords import Failures, is_password
from songatlas.app.server.parts import PATH

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection, Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOGIN: Final = f"{PATH}/login"
LOGOUT: Final = f"{PATH}/logout"
OPEN: Final = ("/_stcore/health",)
"""Addresses that say nothing of any catalogue."""

STAY_S: Final = 12 * 3600.0
"""Seconds after which the password is asked for again."""

_MOST_TICKETS: Final = 10_000
_MOST_BODY: Final = 8 * 1024
_POLICY: Final = 1008


class Keeper(Protocol):
    """Knows who is let in, and has pages of its own for who is not."""

    open_paths: tuple[str, ...]

    def is_let_in(self, asked: HTTPConnection) -> bool:
        """Say whether who asks may see everything."""
        ...

    async def page(self, request: Request) -> Response:
        """Answer under `LOGIN` or `LOGOUT`."""
        ...


class Gate:
    """Middleware that lets nobody pass but who the keeper knows.

    Parameters
    ----------
    app : ASGI application
    keeper : Keeper
    """

    def __init__(self, app: ASGIApp, keeper: Keeper) -> None:
        self._app = app
        self._keeper = keeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        from starlette.requests import HTTPConnection, Request
        from starlette.responses import PlainTextResponse, RedirectResponse

        kind, path = scope["type"], scope.get("path", "")
        if kind not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif kind == "http" and path in (LOGIN, LOGOUT):
            answer = await self._keeper.page(Request(scope, receive))
            await answer(scope, receive, send)
        elif kind == "http" and (path in OPEN or path in self._keeper.open_paths):
            await self._app(scope, receive, send)
        elif self._keeper.is_let_in(asked := HTTPConnection(scope)):
            still = partial(self._keeper.is_let_in, asked)
            await self._app(scope, _until_out(receive, still) if kind == "websocket" else receive, send)
        elif kind == "websocket":
            await send({"type": "websocket.close", "code": _POLICY})
        elif scope["method"] == "GET" and "text/html" in asked.headers.get("accept", ""):
            answer = RedirectResponse(f"{LOGIN}?next={quote(_wanted(asked), safe='')}", status_code=303)
            await answer(scope, receive, send)
        else:
            await PlainTextResponse("log in first\n", status_code=401)(scope, receive, send)


def _until_out(receive: Receive, is_let_in: Callable[[], bool]) -> Receive:
    """Messages of a WebSocket, until who it belongs to is let in no longer."""

    async def receive_while_in() -> Message:
        waiting = asyncio.ensure_future(receive())
        try:
            while not (await asyncio.wait([waiting], timeout=_LOOKED_EVERY))[0]:
                if not is_let_in():
                    return {"type": "websocket.disconnect", "code": _POLICY}
            return waiting.result() if is_let_in() else {"type": "websocket.disconnect", "code": _POLICY}
        finally:
            if not waiting.done():
                waiting.cancel()

    return receive_while_in


_LOOKED_EVERY: Final = 5.0  # seconds


def _wanted(asked: HTTPConnection) -> str:
    """The address that is asked for, within this server."""
    query = asked.url.query
    return f"{asked.url.path}?{query}" if query else asked.url.path


def own_path(text: str) -> str:
    """Return an address within this server; the first page where it is none.

    Examples
    --------
    >>> own_path("/clusters?k=5"), own_path("//evil.example"), own_path("https://evil.example/")
    ('/clusters?k=5', '/', '/')
    """
    plain = text.replace("\\", "/")
    is_own = plain.startswith("/") and not plain.startswith("//") and plain.isprintable()
    return plain if is_own and plain.isascii() and len(plain) < 2000 else "/"


class Tickets:
    """Who knew the password, for `STAY_S` or until they leave; gone with the server.

    Parameters
    ----------
    clock : callable
        Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def give(self) -> str:
        """Return a new ticket."""
        ticket = secrets.token_urlsafe(32)
        self._until[_digest(ticket)] = self._clock() + STAY_S
        while len(self._until) > _MOST_TICKETS:
            self._until.popitem(last=False)
        return ticket

    def is_good(self, ticket: str) -> bool:
        """Say whether a ticket was given and still holds."""
        return self._until.get(_digest(ticket), 0.0) > self._clock()

    def take_back(self, ticket: str) -> None:
        """Have a ticket hold no longer."""
        self._until.pop(_digest(ticket), None)


def _digest(ticket: str) -> bytes:
    """What a ticket is looked up by, so that the time it takes tells nothing of it."""
    return hashlib.sha256(ticket.encode("utf-8", "surrogatepass")).digest()


class PasswordKeeper:
    """Lets in who knows the password.

    Parameters
    ----------
    line : str
        What stands for the password, as `hash_password` gives it.
    port : int
        Of the server: several on one computer do not share their cookies.
    """

    open_paths: tuple[str, ...] = ()

    def __init__(self, line: str, *, port: int) -> None:
        self._line = line
        self._cookie = f"songatlas_{port}"
        self._tickets = Tickets()
        self._failures = Failures()
        self._one_at_a_time = asyncio.Lock()

    def is_let_in(self, asked: HTTPConnection) -> bool:
        """Say whether a request has a ticket that holds."""
        return self._tickets.is_good(asked.cookies.get(self._cookie, ""))

    async def page(self, request: Request) -> Response:
        """Answer with the form, look at what comes back, or end a stay."""
        from starlette.responses import RedirectResponse

        if request.url.path == LOGOUT:
            self._tickets.take_back(request.cookies.get(self._cookie, ""))
            answer: Response = RedirectResponse(LOGIN, status_code=303)
            answer.delete_cookie(self._cookie)
            return answer
        if request.method == "POST" and _is_from_here(request):
            return await self._look_at(request)
        wanted = own_path(request.query_params.get("next", "/"))
        if self.is_let_in(request):
            return RedirectResponse(wanted, status_code=303)
        return _form(wanted)

    async def _look_at(self, request: Request) -> Response:
        """Let in who sent the password; who did not may try again, later and later."""
        from starlette.concurrency import run_in_threadpool
        from starlette.responses import RedirectResponse

        fields = await _fields(request)
        wanted = own_path(fields.get("next", "/"))
        who = request.client.host if request.client else ""
        async with self._one_at_a_time:
            if (wait_s := self._failures.wait_s(who)) > 0:
                return _form(wanted, f"Too many tries. Try again in {_in_words(wait_s)}.", wait_s=wait_s)
            if not await run_in_threadpool(is_password, fields.get("password", ""), self._line):
                self._failures.add(who)
                return _form(wanted, "This is not the password.", status=401)
        self._failures.forget(who)
        answer = RedirectResponse(wanted, status_code=303)
        answer.set_cookie(
            self._cookie,
            self._tickets.give(),
            max_age=int(STAY_S),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return answer


def _is_from_here(request: Request) -> bool:
    """Whether a form was sent by a page of this server, as far as the browser says."""
    if site := request.headers.get("sec-fetch-site"):
        return site in ("same-origin", "none")
    origin = request.headers.get("origin", "null")  # null: what our policy on referrers makes of it
    try:
        return origin == "null" or urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()
    except ValueError:
        return False


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form; none where it is too long or no text."""
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > _MOST_BODY:
            return {}
    try:
        found = parse_qs(content.decode("ascii"), max_num_fields=10, errors="strict")
    except ValueError:
        return {}
    return {name: texts[0] for name, texts in found.items()}


def _in_words(seconds: float) -> str:
    """A time to wait, as a person says it."""
    n = max(1, round(seconds if seconds < 90 else seconds / 60))
    unit = "second" if seconds < 90 else "minute"
    return f"{n} {unit}{'s' if n > 1 else ''}"


def _form(wanted: str, said: str = "", *, status: int = 200, wait_s: float = 0.0) -> Response:
    """The page that asks for the password."""
    fields = (
        f'<form method="post" action="{LOGIN}">'
        f'<input type="hidden" name="next" value="{html.escape(wanted)}">'
        '<label for="password">Password</label><input id="password" name="password" type="password" '
        'autocomplete="current-password" autofocus required><button>Enter</button></form>'
    )
    return own_page(fields, said=said, status=429 if wait_s else status, wait_s=wait_s)


def own_page(content: str, *, said: str = "", status: int = 200, wait_s: float = 0.0) -> Response:
    """Return a small page that needs nothing else.

    Parameters
    ----------
    content : str
        HTML of its middle.
    said : str
        What went wrong, as plain text.
    status : int
    wait_s : float
        Seconds after which to come back.
    """
    from starlette.responses import HTMLResponse

    told = f'<p role="alert">{html.escape(said)}</p>' if said else ""
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": str(int(wait_s) + 1)} if wait_s else {})
    return HTMLResponse(_PAGE.format(told=told, content=content), status_code=status, headers=headers)


_PAGE: Final = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>songatlas</title><style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center;
  background: light-dark(#f5f3f9, #16131f); color: light-dark(#1f1b2d, #efecf7) }}
main {{ width: min(20rem, 90vw); padding: 2rem; border-radius: 8px; background: light-dark(#fff, #221d30) }}
h1 {{ font-size: 1.4rem; margin: 0 0 1rem }}
input, button, a.button {{ display: block; box-sizing: border-box; width: 100%; margin: .4rem 0 1rem;
  padding: .6rem; font: inherit; border-radius: 8px; border: 1px solid light-dark(#8a84a0, #7a7392) }}
button, a.button {{ background: #4d1cb8; color: #fff; border: 0; cursor: pointer; text-align: center;
  text-decoration: none; margin-bottom: 0 }}
p[role=alert] {{ color: light-dark(#b00020, #ff9aa8) }}
</style></head><body><main><h1>songatlas</h1>{told}{content}</main></body></html>
"""
