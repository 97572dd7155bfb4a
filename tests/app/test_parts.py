"""Parts that the browser fetches: by addresses nobody can guess, made once, forgotten in time."""

from __future__ import annotations

import asyncio
import hashlib
from types import SimpleNamespace
from typing import Any

import pytest

from songatlas.app.server import parts
from songatlas.app.server.parts import address_of, bytes_of, part_of


def token_of(address: str) -> str:
    return address.rsplit("/", 1)[1]


def answer(token: str, part: int) -> Any:
    request: Any = SimpleNamespace(path_params={"token": token, "part": part})
    return asyncio.run(part_of(request))


def test_an_address_stays_and_is_not_made_of_the_key_alone() -> None:
    first = address_of("one", lambda part: b"1")
    assert address_of("one", lambda part: b"1") == first != address_of("two", lambda part: b"1")
    assert hashlib.sha256(b"one").hexdigest() not in first


def test_a_part_is_made_once() -> None:
    made: list[int] = []

    def make(part: int) -> bytes:
        made.append(part)
        return bytes([part])

    token = token_of(address_of("made once", make))
    assert [bytes_of(token, part) for part in (3, 4, 3)] == [b"\x03", b"\x04", b"\x03"]
    assert made == [3, 4]


def test_what_is_not_there_is_answered_so() -> None:
    def make(part: int) -> bytes:
        if part:
            raise IndexError(part)
        return b"whole"

    token = token_of(address_of("one part", make))
    assert (answer(token, 0).status_code, answer(token, 0).body) == (200, b"whole")
    assert answer(token, 0).headers["cache-control"].startswith("private")
    assert answer(token, 1).status_code == answer("f" * 64, 0).status_code == 404


def test_what_nobody_asks_for_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [parts.time.monotonic()]
    monkeypatch.setattr(parts, "time", SimpleNamespace(monotonic=lambda: now[0]))
    old, used = (token_of(address_of(key, lambda part: b"songs")) for key in ("left alone", "in use"))
    assert bytes_of(old, 0) == bytes_of(used, 0) == b"songs"
    now[0] += 1.9 * 3600
    bytes_of(used, 0)
    now[0] += 0.2 * 3600
    address_of("another", lambda part: b"")
    with pytest.raises(KeyError):
        bytes_of(old, 0)
    assert bytes_of(used, 0) == b"songs"
