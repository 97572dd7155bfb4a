"""What was worked out of an atlas, kept for who asks next: once for all threads."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any, Final, TypeVar, cast

Value = TypeVar("Value")

OF_SONGS: Final = frozenset(
    {
        "first artists",
        "durations",
        "folded artists",
        "folded titles",
        "genres learned",
        "search texts",
        "sorted values",
        "spreads",
        "tag counts",
        "taste",
        "unit block",
        "usual distance",
        "weighed points",
    }
)
"""Kinds that depend on the songs alone, whatever their points and clusters."""

OF_POINTS: Final = frozenset({"neighbour map", "points", "sweep", "swept beyond"})
"""Kinds that depend on songs and points, whatever the clusters and their names."""


class Kept:
    """Values by kind and key.

    While one thread makes a value, others wait for that value alone. What is made may ask for other values,
    as long as those never ask for it.

    Examples
    --------
    >>> kept = Kept()
    >>> [kept.get("square", n, lambda n=n: print("working") or n * n) for n in (2, 2)]
    working
    [4, 4]
    """

    def __init__(self) -> None:
        self._of_songs, self._of_points, self._own = _Store(), _Store(), _Store()

    def get(self, kind: str, key: Hashable, make: Callable[[], Value], *, most: int = 1) -> Value:
        """Return the value of a key, made where it is not there; the `most` last asked for stay."""
        store = self._of_songs if kind in OF_SONGS else self._of_points if kind in OF_POINTS else self._own
        return cast(Value, store.get(kind, key, make, most=most))

    def share(self, other: Kept, *, points: bool) -> None:
        """Keep what depends on the songs together with another atlas of the same songs, from now on.

        With `points` what depends on the points, too: both have the same.
        """
        self._of_songs = other._of_songs
        if points:
            self._of_points = other._of_points


class Turns:
    """One thread at a time for each key; a thread that has its turn may take it again.

    A key is forgotten as soon as nobody has or awaits its turn, however the turn ended.
    """

    def __init__(self) -> None:
        self._locks: dict[Hashable, tuple[RLock, int]] = {}
        self._lock = RLock()

    @contextmanager
    def of(self, key: Hashable) -> Iterator[None]:
        """Wait for the turn of a key, and have it."""
        with self._lock:
            own, n_threads = self._locks.get(key, (RLock(), 0))
            self._locks[key] = own, n_threads + 1
        try:
            with own:
                yield
        finally:
            with self._lock:
                _, n_threads = self._locks.pop(key)
                if n_threads > 1:
                    self._locks[key] = own, n_threads - 1

    def __len__(self) -> int:
        return len(self._locks)


class _Store:
    """Values by kind and key, each made by one thread at a time."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, Hashable], Any] = {}
        self._making = Turns()
        self._lock = RLock()

    def get(self, kind: str, key: Hashable, make: Callable[[], Any], *, most: int) -> Any:
        """As `Kept.get`."""
        wanted = (kind, key)
        with self._lock:
            if wanted in self._values:
                return self._put_last(wanted, self._values[wanted])
        with self._making.of(wanted):
            with self._lock:
                if wanted in self._values:
                    return self._put_last(wanted, self._values[wanted])
            value = make()
            with self._lock:
                self._put_last(wanted, value)
                of_kind = [each for each in self._values if each[0] == kind]
                for each in of_kind[:-most]:
                    del self._values[each]
            return value

    def _put_last(self, wanted: tuple[str, Hashable], value: Any) -> Any:
        """Put a value behind all others: the newest stands last."""
        self._values.pop(wanted, None)
        self._values[wanted] = value
        return value
