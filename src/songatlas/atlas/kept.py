"""What was worked out of an atlas, kept for who asks next: once for all threads."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import RLock
from typing import Any, Final, TypeVar, cast

Value = TypeVar("Value")

OF_SONGS: Final = frozenset(
    {
        "artist groups",
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


class _Store:
    """Values by kind and key, with a lock for each that is being made."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, Hashable], Any] = {}
        self._making: dict[tuple[str, Hashable], RLock] = {}
        self._lock = RLock()

    def get(self, kind: str, key: Hashable, make: Callable[[], Any], *, most: int) -> Any:
        """As `Kept.get`."""
        wanted = (kind, key)
        with self._lock:
            if wanted in self._values:
                return self._put_last(wanted, self._values[wanted])
            own = self._making.setdefault(wanted, RLock())
        with own:
            with self._lock:
                if wanted in self._values:
                    return self._put_last(wanted, self._values[wanted])
            value = make()
            with self._lock:
                self._put_last(wanted, value)
                self._making.pop(wanted, None)
                of_kind = [each for each in self._values if each[0] == kind]
                for each in of_kind[:-most]:
                    del self._values[each]
            return value

    def _put_last(self, wanted: tuple[str, Hashable], value: Any) -> Any:
        """Put a value behind all others: the newest stands last."""
        self._values.pop(wanted, None)
        self._values[wanted] = value
        return value
