"""Long work beside the pages: a thread that tells how far it is, and stops when it is told to.

Builds queue for `SEATS` places, so that two people who build at once do not stand in each other's way for
ever. A job ends with an outcome, with an error in words, or stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import BoundedSemaphore, Event, Thread
from typing import Final, Generic, Literal, TypeVar

from songatlas.errors import SongAtlasError
from songatlas.progress import Progress

SEATS: Final = 2
"""Jobs that run at the same time."""

_BROKEN: Final = (
    "the work broke off, and what happened stands in the terminal that songatlas runs in: try again, and "
    "report it should it happen again"
)

Value = TypeVar("Value")
State = Literal["running", "done", "failed", "stopped"]

_seats = BoundedSemaphore(SEATS)


class Stopped(SongAtlasError):
    """A job was stopped by a person."""


class Job(Generic[Value]):
    """Work that runs beside the pages.

    Parameters
    ----------
    make : callable
        The work: takes a `Progress`, which it calls now and then, and returns the outcome.

    Examples
    --------
    >>> job = Job(lambda progress: 6 * 7)
    >>> job.wait(5.0)
    >>> job.state, job.outcome()
    ('done', 42)
    """

    def __init__(self, make: Callable[[Progress], Value]) -> None:
        self.share = 0.0
        self.words = "waiting for its turn"
        self._make = make
        self._outcome: list[Value] = []
        self._error: SongAtlasError | None = None
        self._stop = Event()
        self._thread = Thread(target=self._run, name="songatlas-job", daemon=True)
        self._thread.start()

    @property
    def state(self) -> State:
        """How it stands."""
        if self._outcome:
            return "done"
        if self._thread.is_alive():
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

    def stop(self) -> None:
        """Tell it to stop: it does so at its next step."""
        self._stop.set()

    def wait(self, seconds: float) -> None:
        """Wait until it ends, at most so long."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            while not _seats.acquire(timeout=0.2):
                self._tell(0.0, self.words)
            try:
                self._outcome.append(self._make(self._tell))
            finally:
                _seats.release()
        except SongAtlasError as error:
            self._error = error

    def _tell(self, share: float, words: str) -> None:
        if self._stop.is_set():
            raise Stopped("stopped")
        self.share, self.words = min(max(share, 0.0), 1.0), words
