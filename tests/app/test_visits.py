"""Visits end soon after their pages, files that come in are counted, and nobody waits out of turn."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from tests.app.asgi import ask, inside

from songatlas.app.server import uploads
from songatlas.app.server.jobs import Job, Room, Seats
from songatlas.app.server.uploads import UploadGate
from songatlas.app.server.visits import CLOSED_S, CUT_S, HEADER, MOST_VISITS, Doorkeeper, Visits
from songatlas.progress import Progress


@pytest.mark.parametrize(
    ("code", "kept_s"), [(1000, CLOSED_S), (1001, CLOSED_S), (1006, CUT_S), (1005, CUT_S)]
)
def test_a_closed_page_ends_soon_and_a_cut_one_may_come_back(code: int, kept_s: float) -> None:
    now = [0.0]
    visits = Visits(lambda: now[0])
    assert visits.arrive("line")
    visits.note("anna", "line")
    now[0] = 10_000.0
    assert visits.take_overdue() == []
    visits.leave("line", code)
    now[0] += kept_s - 0.1
    assert visits.take_overdue() == []
    now[0] += 0.2
    assert visits.take_overdue() == ["anna"]
    assert visits.take_overdue() == []


def test_who_comes_back_on_another_line_stays() -> None:
    now = [0.0]
    visits = Visits(lambda: now[0])
    for line in ("first", "second"):
        assert visits.arrive(line)
        visits.note("anna", line)
        if line == "first":
            visits.leave(line, 1006)
    now[0] = CUT_S + 1
    assert visits.take_overdue(at_once=True) == []
    visits.leave("second", 1001)
    assert visits.take_overdue(at_once=True) == ["anna"]


def test_the_work_of_a_visit_ends_with_it() -> None:
    may_end = Event()

    def make(progress: Progress) -> None:
        while not may_end.wait(0.01):
            progress(0.5, "at work")

    visits, job = Visits(), Job(make)
    visits.arrive("line")
    visits.note("anna", "line")
    visits.works("anna", job)
    visits.works("nobody", job)
    visits.leave("line", 1001)
    assert visits.take_overdue(at_once=True) == ["anna"]
    job.wait(5)
    may_end.set()
    assert job.state == "stopped"


def test_there_are_only_so_many_pages_at_a_time() -> None:
    visits = Visits()
    assert all(visits.arrive(str(n)) for n in range(MOST_VISITS))
    assert not visits.arrive("one more")
    assert ask(Doorkeeper(inside, visits), kind="websocket").status == 1013
    visits.leave("0", 1001)
    assert ask(Doorkeeper(inside, visits), kind="websocket").status == 1000
    assert visits.count() == MOST_VISITS - 1


def test_no_browser_can_say_that_it_is_on_the_line_of_another() -> None:
    seen: list[list[tuple[bytes, bytes]]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["headers"])
        await receive()

    for kind in ("http", "websocket"):
        ask(Doorkeeper(app, Visits()), kind=kind, headers={HEADER.title(): "another"})
    names = [[text for name, text in headers if name.decode() == HEADER] for headers in seen]
    assert names[0] == []
    assert len(names[1]) == 1
    assert names[1] != [b"another"]


def put(gate: UploadGate, visit: str, n_bytes: int | None) -> int:
    headers = {} if n_bytes is None else {"Content-Length": str(n_bytes)}
    return ask(gate, f"/_stcore/upload_file/{visit}/file", method="PUT", headers=headers).status


def test_files_are_counted_with_those_that_are_on_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    most = 10 * 2**20
    held = {"anna": 0}
    monkeypatch.setattr(uploads, "held_bytes", lambda visit: (held.get(visit, 0), sum(held.values())))
    gate = UploadGate(inside, most)
    assert put(gate, "anna", most) == 200
    held["anna"] = 2 * most
    assert put(gate, "anna", 3 * 2**20) == 503
    assert put(gate, "ben", most) == 200
    held["carl"] = 2 * most
    assert [put(gate, "ben", each) for each in (most, None, 2**20)] == [503, 503, 200]
    held.clear()
    assert put(gate, "ben", most) == 200, "what was turned away must not be counted"
    assert ask(gate, "/clusters", method="PUT").status == 200


def test_a_file_on_its_way_takes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "held_bytes", lambda visit: (0, 0))
    found: list[int] = []
    inner: list[UploadGate] = []

    async def nested(scope: Any, receive: Any, send: Any) -> None:
        """Three more files while the first is on its way."""
        found.extend(inner[0]._enter("anna", 10 * 2**20) for _ in range(3))
        await inside(scope, receive, send)

    inner.append(UploadGate(nested, 10 * 2**20))
    assert put(inner[0], "anna", 10 * 2**20) == 200
    assert found == [True, False, False]


def test_room_is_free_again_when_nobody_holds_it() -> None:
    room = Room(2)
    first, second = room.place(), room.place()
    assert first is not None
    assert second is not None
    assert room.place() is None
    del first
    assert room.place() is not None


def test_who_came_first_is_seated_first() -> None:
    seats, may_end = Seats(1), Event()
    order: list[int] = []

    def make(number: int) -> Any:
        def work(progress: Progress) -> None:
            order.append(number)
            assert may_end.wait(10)

        return work

    jobs = []
    for number in range(4):
        jobs.append(Job(make(number), seats=seats))
        while (seats.n_waiting, len(order)) != (number, 1):
            jobs[0].wait(0.005)
    told = [
        "waiting for its turn: another one is at work, and you are next",
        "waiting for its turn: another one is at work, and 1 more comes before you",
        "waiting for its turn: another one is at work, and 2 more come before you",
    ]
    while [job.words for job in jobs[1:]] != told:
        jobs[0].wait(0.01)
    may_end.set()
    for job in jobs:
        job.wait(10)
    assert order == [0, 1, 2, 3]
