"""Parts that the browser fetches: by addresses nobody can guess, made once, gone with their catalogue."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import weakref
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest

from songatlas.app.map.song_map import map_told, placed_songs
from songatlas.app.server import parts
from songatlas.app.server.parts import Parts, bytes_of, part_of
from songatlas.app.visit.opening import Catalogue
from songatlas.app.visit.warming import warm_up
from songatlas.atlas import build_demo
from songatlas.atlas.layouts import pca_map
from songatlas.atlas.views import view_of


def token_of(address: str) -> str:
    return address.rsplit("/", 1)[1]


def answer(token: str, part: int) -> Any:
    request: Any = SimpleNamespace(path_params={"token": token, "part": part})
    return asyncio.run(part_of(request))


@pytest.fixture
def own() -> Parts:
    return Parts()


def test_an_address_stays_and_is_not_made_of_the_key_alone(own: Parts) -> None:
    first = own.address_of("one", lambda part: b"1")
    assert own.address_of("one", lambda part: b"1") == first != own.address_of("two", lambda part: b"1")
    assert hashlib.sha256(b"one").hexdigest() not in first


def test_a_part_is_made_once(own: Parts) -> None:
    made: list[int] = []

    def make(part: int) -> bytes:
        made.append(part)
        return bytes([part])

    token = token_of(own.address_of("made once", make))
    assert [bytes_of(token, part) for part in (3, 4, 3)] == [b"\x03", b"\x04", b"\x03"]
    assert made == [3, 4]


def test_two_browsers_that_ask_at_once_get_what_was_made_once(own: Parts) -> None:
    made: list[int] = []
    begun, go_on = Event(), Event()

    def make(part: int) -> bytes:
        made.append(part)
        begun.set()
        assert go_on.wait(10)
        return b"songs"

    token = token_of(own.address_of("asked for twice", make))
    found: list[bytes] = []
    browsers = [Thread(target=lambda: found.append(bytes_of(token, 0))) for _ in range(2)]
    browsers[0].start()
    assert begun.wait(10)
    browsers[1].start()
    browsers[1].join(0.1)
    go_on.set()
    for browser in browsers:
        browser.join(10)
    assert (made, found) == ([0], [b"songs", b"songs"])


def test_what_is_not_there_is_answered_so(own: Parts) -> None:
    def make(part: int) -> bytes:
        if part:
            raise IndexError(part)
        return b"whole"

    token = token_of(own.address_of("one part", make))
    assert (answer(token, 0).status_code, answer(token, 0).body) == (200, b"whole")
    assert answer(token, 0).headers["cache-control"].startswith("private")
    assert answer(token, 1).status_code == answer("f" * 64, 0).status_code == 404


def test_only_what_was_last_asked_for_is_known(own: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MOST_MAKERS", 2)
    used, old = (token_of(own.address_of(key, lambda part: b"songs")) for key in ("in use", "left alone"))
    assert bytes_of(old, 0) == bytes_of(used, 0) == b"songs"
    own.address_of("another", lambda part: b"")
    with pytest.raises(KeyError):
        bytes_of(old, 0)
    assert bytes_of(used, 0) == b"songs"


def test_the_bytes_that_are_kept_are_bounded(own: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MOST_BYTES", 25)
    made: list[int] = []
    token = token_of(own.address_of("many", lambda part: made.append(part) or b"0123456789"))
    for part in (0, 1, 0, 2, 0, 1):
        bytes_of(token, part)
    assert made == [0, 1, 2, 1]


def test_songs_go_when_the_visit_lets_go_of_its_catalogue() -> None:
    opened = Catalogue(atlas=build_demo(300, k=4, k_max=5), key="own", title="mine")
    warm_up(opened.atlas).wait(20)
    placed, view = placed_songs(opened, "sound", pca_map(opened.atlas)), view_of(opened.atlas, k=3)
    told = map_told(opened, placed, view, names=view.names, colour="energy")
    tokens = [
        address.split("/")[2]
        for address in (
            *(told[each]["src"] for each in ("places", "labels", "names")),
            told["colouring"]["part"]["src"],
        )
    ]
    assert all(bytes_of(token, 0) for token in tokens)
    atlas = weakref.ref(opened.atlas)
    del opened, placed, view
    gc.collect()
    assert atlas() is None
    assert {answer(token, 0).status_code for token in tokens} == {404}
