"""Long work beside the pages: a thread that tells how far it is, and stops when it is told to.

Builds queue for two seats, and layouts for two of their own, so that nothing stands in another's way for
ever. Work that one visit alone waits for gives up its seat when that visit is gone. A job ends with an
outcome, with an error in words, or stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Condition, Event, RLock, Thread
from typing import Final, Generic, Literal, TypeVar
from weakref import finalize

from songatlas.errors import SongAtlasError
from songatlas.progress import Progress

UNSEEN_S: Final = 90.0
"""Seconds that a job of one visit goes on unseen while others wait for its seat; a browser looks at least
once a minute, even where the page is hidden."""

LEFT_S: Final = 600.0
"""Seconds that it goes on unseen where nobody waits: as long as a visit that was cut off can come back."""

_ASKED_EVERY: Final = 0.2  # seconds that a job waits in the queue before it asks whether it shall go on
_WAITING: Final = "waiting for its turn"

_BROKEN: Final = (
    "the work broke off, and what happened stands in the terminal that songatlas runs in: try again, and "
    "report it should it happen again"
)

Value = TypeVar("Value")
State = Literal["running", "done", "failed", "stopped"]


class Seats:
    """Seats for jobs of one kind: as many run at the same time, the others wait, first come, first served."""

    def __init__(self, n: int) -> None:
        self.n = n
        self._n_taken = 0
        self._queue: list[object] = []
        self._changed = Condition()

    @property
    def n_waiting(self) -> int:
        """Jobs that wait for a seat."""
        return len(self._queue)

    def take(self, go_on: Callable[[str], None]) -> None:
        """Wait for a seat; `go_on` is told the place in the queue now and then, and may raise to leave it."""
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
        try:
            while not self._has_taken(ticket):
                go_on(self._words(ticket))
        except BaseException:
            with self._changed:
                self._queue.remove(ticket)
                self._changed.notify_all()
            raise

    def leave(self) -> None:
        """Free a seat that was taken."""
        with self._changed:
            self._n_taken -= 1
            self._changed.notify_all()

    def _has_taken(self, ticket: object) -> bool:
        """Take a seat where one is free and nobody waits longer; look again for a moment where not."""

        def is_next() -> bool:
            return self._n_taken < self.n and self._queue[0] is ticket

        with self._changed:
            if not self._changed.wait_for(is_next, timeout=_ASKED_EVERY):
                return False
            self._queue.remove(ticket)
            self._n_taken += 1
            self._changed.notify_all()
            return True

    def _words(self, ticket: object) -> str:
        with self._changed:
            n_before = self._queue.index(ticket)
        others = f"{self.n} others are at work" if self.n > 1 else "another one is at work"
        if n_before:
            return f"{_WAITING}: {others}, and {n_before} more {_plural(n_before)} before you"
        return f"{_WAITING}: {others}, and you are next"


def _plural(n: int) -> str:
    return "come" if n > 1 else "comes"


class Place:
    """Room for one table of a visit: free again as soon as nobody holds this any more."""


class Room:
    """Room for tables that people bring along, from the moment one is dropped in to the end of its visit.

    Parameters
    ----------
    n : int
        Tables at a time.

    Examples
    --------
    >>> room = Room(1)
    >>> first = room.place()
    >>> room.place() is None
    True
    >>> del first
    >>> room.place() is None
    False
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self._n_taken = 0
        self._lock = RLock()  # a place may be freed by the collector in the midst of anything

    def place(self) -> Place | None:
        """Return a place to be held as long as the table is; None where all are taken."""
        with self._lock:
            if self._n_taken >= self.n:
                return None
            self._n_taken += 1
        place = Place()
        finalize(place, self._free)
        return place

    def _free(self) -> None:
        with self._lock:
            self._n_taken -= 1


BUILDS: Final = Seats(2)
LAYOUTS: Final = Seats(2)
TABLES: Final = Room(20)


class Stopped(SongAtlasError):
    """A job was stopped by a person, or because the visit that it was for is gone."""


class Job(Generic[Value]):
    """Work that runs beside the pages.

    Parameters
    ----------
    make : callable
        The work: takes a `Progress`, which it calls now and then, and returns the outcome.
    seats : Seats, optional
        What it queues for; short work needs none.
    of_visit : bool
        Whether it is for one visit alone, which has to look at it (`look`) lest it be stopped.

    Examples
    --------
    >>> job = Job(lambda progress: 6 * 7)
    >>> job.wait(5.0)
    >>> job.state, job.outcome()
    ('done', 42)
    """

    def __init__(
        self, make: Callable[[Progress], Value], *, seats: Seats | None = None, of_visit: bool = False
    ) -> None:
        self.share = 0.0
        self.words = _WAITING if seats else "beginning"
        self._make = make
        self._seats = seats
        self._of_visit = of_visit
        self._outcome: list[Value] = []
        self._error: SongAtlasError | None = None
        self._stop = Event()
        self.look()
        self._thread = Thread(target=self._run, name="songatlas-job", daemon=True)
        self._thread.start()

    @property
    def state(self) -> State:
        """How it stands."""
        is_running = self._thread.is_alive()  # before the outcome, which it may leave as it ends
        if self._outcome:
            return "done"
        if is_running:
            return "running"
        return "stopped" if isinstance(self._error, Stopped) else "failed"

    @property
    def error(self) -> str:
        """Why it failed, in words."""
        return str(self._error or _BROKEN)

    def outcome(self) -> Value:
        """Return what it made; `SongAtlasError` where it made nothing."""
        if not self._outcome:
            raise self._error or SongAtlasError(_BROKEN)
        return self._outcome[0]

    def look(self) -> None:
        """Note that the visit that it is for is still there."""
        self._seen = time.monotonic()

    def stop(self) -> None:
        """Tell it to stop: it does so at its next step."""
        self._stop.set()

    def wait(self, seconds: float) -> None:
        """Wait until it ends, at most so long."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            if self._seats is None:
                self._outcome.append(self._make(self._tell))
                return
            self._seats.take(lambda words: self._tell(0.0, words))
            try:
                self._outcome.append(self._make(self._tell))
            finally:
                self._seats.leave()
        except SongAtlasError as error:
            self._error = error

    def _tell(self, share: float, words: str) -> None:
        if self._stop.is_set() or self._is_left():
            raise Stopped("stopped")
        self.share, self.words = min(max(share, 0.0), 1.0), words

    def _is_left(self) -> bool:
        """Whether the visit that it is for is gone, as far as one can tell."""
        if not self._of_visit:
            return False
        others_wait = self._seats is not None and self._seats.n_waiting > 0
        return time.monotonic() - self._seen > (UNSEEN_S if others_wait else LEFT_S)
