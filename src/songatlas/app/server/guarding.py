"""What the server answers beside each page: that the browser shall ask no other host for anything.

The page may load scripts, styles, fonts and pictures from this server alone, talk to this server alone, and
be shown in no frame of another page. Streamlit's front end needs styles in the page, and scripts that a
component brings along (as `blob:`); it needs no `eval`, but compiled parts (WebAssembly) may be used.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from songatlas.access.loopback import LOOPBACK, is_loopback

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HOST: Final = re.compile(r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[^\[\]:@/?#\\\s]+))(?::\d*)?")
_INLINE: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def content_security_policy(front_page: str) -> str:
    """Return where the pages may load things from.

    Parameters
    ----------
    front_page : str
        HTML of Streamlit's front end, whose own scripts in the page are let in by their hash.

    Examples
    --------
    >>> "script-src 'self' blob: 'wasm-unsafe-eval';" in content_security_policy("<html></html>")
    True
    """
    hashes = [hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(front_page)]
    let_in = "".join(f" 'sha256-{base64.b64encode(each).decode()}'" for each in hashes)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' blob: 'wasm-unsafe-eval'{let_in}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' blob:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-src 'self'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _headers() -> tuple[tuple[bytes, bytes], ...]:
    """Headers of every answer."""
    import streamlit

    front_page = Path(streamlit.__file__).parent / "static" / "index.html"
    policy = content_security_policy(front_page.read_text(encoding="utf-8"))
    return ((b"content-security-policy", policy.encode()), *_FIXED)


_FIXED: Final = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


class Guard:
    """Middleware that adds headers to every answer, and turns away who comes from another page.

    A page of another host that is open in the same browser may neither open the WebSocket nor, by giving its
    own name to this computer's address, read anything.

    Parameters
    ----------
    app : ASGI application
    names : sequence of str
        Names that the server may be called by, without port; any name where empty.
    """

    def __init__(self, app: ASGIApp, names: Sequence[str] = ()) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names)
        self._headers = _headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        if not self.is_welcome(headers, is_websocket=scope["type"] == "websocket"):
            await self._turn_away(scope, send)
            return
        await self._app(scope, receive, self._guarded(send))

    def is_welcome(self, headers: Mapping[str, str], *, is_websocket: bool) -> bool:
        """Say whether a request comes from a page of ours, by its headers (names in lower case)."""
        host = headers.get("host", "").lower()
        if self._names and _name_of(host) not in self._names:
            return False
        return not is_websocket or _host_of(headers.get("origin", "")) == host != ""

    async def _turn_away(self, scope: Scope, send: Send) -> None:
        """Refuse a request before anything else sees it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        send = self._guarded(send)
        kind = [(b"content-type", b"text/plain; charset=utf-8")]
        await send({"type": "http.response.start", "status": 403, "headers": kind})
        await send({"type": "http.response.body", "body": b"songatlas is not served under this name\n"})

    def _guarded(self, send: Send) -> Send:
        """Send with our headers in place of those of that name."""
        names = {name for name, _ in self._headers}

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in names]
                message = {**message, "headers": [*kept, *self._headers]}
            await send(message)

        return send_guarded


def _name_of(host: str) -> str:
    """The name or address in a header `Host`, without port; empty where it is malformed."""
    found = _HOST.fullmatch(host)
    return (found["address"] or found["name"]) if found else ""


def _host_of(origin: str) -> str:
    """The host and port of a header `Origin`; empty where it is malformed."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def welcome_names(address: str, hosts: Sequence[str]) -> tuple[str, ...]:
    """Return the names that a server may be called by: any where it listens to other computers.

    A page of another host could else give its own name to an address of this computer, and read all.

    Examples
    --------
    >>> welcome_names("127.0.0.1", ["songs.example.org"])
    ('127.0.0.1', '::1', 'localhost', 'songs.example.org')
    >>> welcome_names("0.0.0.0", [])
    ()
    """
    if not hosts and not is_loopback(address):
        return ()
    return tuple(dict.fromkeys((*LOOPBACK, address, *hosts)))
