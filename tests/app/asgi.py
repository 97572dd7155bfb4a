"""Requests to a piece of the server without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Answer:
    """What came back: status (the closing code of a WebSocket), headers in lower case, content."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""


def ask(
    app: Any,
    url: str = "/",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    kind: str = "http",
    client: str = "203.0.113.5",
) -> Answer:
    """Ask an ASGI application once."""
    return asyncio.run(asked(app, url, method, dict(headers or {}), body, kind, client))


async def asked(
    app: Any,
    url: str,
    method: str,
    headers: dict[str, str],
    body: bytes,
    kind: str,
    client: str,
) -> Answer:
    parts, answer = urlsplit(url), Answer()
    scope = {
        "type": kind,
        "method": method,
        "path": parts.path,
        "query_string": parts.query.encode(),
        "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
        "client": (client, 50_000),
        "server": ("127.0.0.1", 8501),
        "scheme": parts.scheme or "http",
    }

    async def receive() -> dict[str, Any]:
        if kind == "websocket":
            return {"type": "websocket.disconnect", "code": 1001}
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): text.decode() for name, text in message["headers"]}
        elif message["type"] == "websocket.close":
            answer.status = message["code"]
        answer.content += message.get("body", b"")

    await app(scope, receive, send)
    return answer


async def inside(scope: Any, receive: Any, send: Any) -> None:
    """What lies behind a gate: tells everything to everybody, and how it was asked."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await receive()
        await send({"type": "websocket.close", "code": 1000})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"all songs"})
