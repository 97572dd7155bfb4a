"""Who is there: a visit ends soon after its page was closed, and all that it held goes with it.

Streamlit keeps the state of a visit for some minutes after its connection ended, lest a short break of the
network costs a person their work. A page that says goodbye (closed, or loaded again) does not come back, so
its visit ends after `CLOSED_S`; one that was cut off without a word may come back within `CUT_S`.

Every connection gets a name of its own, which travels as a header that no browser can send (`Doorkeeper`
takes away what comes under it), and by which a run of the page tells which visit is on which connection.
"""

from __future__ import annotations

import asyncio
import gc
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from songatlas.app.server.jobs import Job

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

CLOSED_S: Final = 20.0
"""Seconds that a visit is kept after its page was closed."""

CUT_S: Final = 300.0
"""Seconds that a visit is kept after its connection was lost."""

MOST_VISITS: Final = 500
"""Pages that can be open at a time; others are told to come back later."""

HEADER: Final = "x-songatlas-connection"

_EVERY_S: Final = 5.0
_TIDY_EVERY: Final = 6  # times as long
_GOODBYES: Final = (1000, 1001, 1008)  # closing codes of a page that is closed or left, and of a log-out
_BUSY: Final = 1013


@dataclass
class _Visit:
    """One visit: its connection, and the work that goes on for it alone."""

    connection: str
    work: WeakSet[Job[Any]] = field(default_factory=WeakSet)


class Visits:
    """Which visits are there, and since when others are gone.

    Parameters
    ----------
    clock : callable
        Seconds that only grow.

    Examples
    --------
    >>> now = [0.0]
    >>> visits = Visits(lambda: now[0])
    >>> visits.arrive("a")
    True
    >>> visits.note("anna", "a")
    >>> visits.leave("a", 1001)
    >>> now[0] = CLOSED_S + 1
    >>> visits.take_overdue()
    ['anna']
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._here: set[str] = set()
        self._until: dict[str, float] = {}
        self._visits: dict[str, _Visit] = {}
        self._lock = Lock()

    def arrive(self, connection: str) -> bool:
        """Note that a connection was opened; no where there are too many."""
        with self._lock:
            if len(self._here) >= MOST_VISITS:
                return False
            self._here.add(connection)
            return True

    def leave(self, connection: str, code: int) -> None:
        """Note that a connection ended, with the closing code of its WebSocket."""
        with self._lock:
            self._here.discard(connection)
            kept = CLOSED_S if code in _GOODBYES else CUT_S
            self._until[connection] = self._clock() + kept

    def note(self, visit: str, connection: str) -> None:
        """Note on which connection a visit is."""
        with self._lock:
            self._visits.setdefault(visit, _Visit(connection)).connection = connection

    def works(self, visit: str, job: Job[Any]) -> None:
        """Have a job stopped when a visit has ended; nothing is done for a visit that is not known."""
        with self._lock:
            if visit in self._visits:
                self._visits[visit].work.add(job)

    def take_overdue(self, *, at_once: bool = False) -> list[str]:
        """Return the visits that are gone for too long, and know them no more.

        Parameters
        ----------
        at_once : bool
            All that are gone, however short.
        """
        now = self._clock()
        with self._lock:
            ended = [
                name
                for name, visit in self._visits.items()
                if visit.connection not in self._here
                and (at_once or self._until.get(visit.connection, now) <= now)
            ]
            work = [job for name in ended for job in self._visits.pop(name).work]
            needed = {visit.connection for visit in self._visits.values()}
            self._until = {each: at for each, at in self._until.items() if each in needed or at > now}
        for job in work:
            job.stop()
        return ended

    def count(self) -> int:
        """Return how many pages are open."""
        return len(self._here)


VISITS: Final = Visits()
"""The visits of this server."""


class Doorkeeper:
    """Middleware that names every connection, and notes when it ends and how.

    Parameters
    ----------
    app : ASGI application
    visits : Visits
    """

    def __init__(self, app: ASGIApp, visits: Visits = VISITS) -> None:
        self._app = app
        self._visits = visits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        kept = [pair for pair in scope["headers"] if pair[0].lower() != HEADER.encode()]
        if scope["type"] == "http":
            await self._app({**scope, "headers": kept}, receive, send)
            return
        connection = secrets.token_hex(16)
        if not self._visits.arrive(connection):
            await send({"type": "websocket.close", "code": _BUSY})
            return
        codes = [1006]

        async def receive_noting() -> Message:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                codes.append(message.get("code", 1006))
            return message

        named = {**scope, "headers": [*kept, (HEADER.encode(), connection.encode())]}
        try:
            await self._app(named, receive_noting, send)
        finally:
            self._visits.leave(connection, codes[-1])


def note_visit() -> None:
    """Note which visit is on which connection; called in every run of a page."""
    import streamlit as st

    visit, connection = this_visit(), st.context.headers.get(HEADER)
    if visit and connection:
        VISITS.note(visit, connection)


def this_visit() -> str:
    """Return the name of the visit that is run; empty outside a server."""
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    return context.session_id if context else ""


def forget_uploads() -> None:
    """Forget the files that were dropped into this visit, once they are read or no longer wanted."""
    from streamlit import runtime

    if runtime.exists():
        runtime.get_instance().uploaded_file_mgr.remove_session_files(this_visit())


def end_absent() -> None:
    """End all visits whose pages are closed or cut off now, for there is no room; from any thread."""
    if _loop:
        _loop[-1].call_soon_threadsafe(partial(_end, at_once=True))


@asynccontextmanager
async def keeping_house(app: Any) -> AsyncIterator[None]:
    """End visits that are gone, as long as the server runs; what Streamlit calls a lifespan."""
    _loop.append(asyncio.get_running_loop())
    work = asyncio.create_task(_keep_house())
    try:
        yield
    finally:
        _loop.clear()
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


_loop: list[asyncio.AbstractEventLoop] = []


async def _keep_house() -> None:
    for turn in count(1):
        await asyncio.sleep(_EVERY_S)
        if _end(at_once=False) or turn % _TIDY_EVERY == 0:
            await asyncio.to_thread(_tidy)


def _tidy() -> None:
    """Free what nobody holds; what is left is passed over when Python looks by itself in the midst of a page.

    Looking through all modules, catalogues and visits stops every page meanwhile.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _end(*, at_once: bool) -> int:
    """End visits, with all that Streamlit holds of them; how many there were."""
    from streamlit.runtime import get_instance

    runtime = get_instance()
    gone = VISITS.take_overdue(at_once=at_once)
    ended = [each for each in gone if not runtime.is_active_session(each)]
    for each in ended:
        runtime.close_session(each)
    return len(ended)
