"""What was worked out of an atlas, kept for who asks next: once for all threads."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import RLock
from typing import Any, TypeVar

Value = TypeVar("Value")


class Kept:
    """Values by kind and key.

    Examples
    --------
    >>> kept = Kept()
    >>> [kept.get("square", n, lambda n=n: print("working") or n * n) for n in (2, 2)]
    working
    [4, 4]
    """

    def __init__(self) -> None:
        self._values: dict[tuple[str, Hashable], Any] = {}
        self._lock = RLock()

    def get(self, kind: str, key: Hashable, make: Callable[[], Value], *, most: int = 1) -> Value:
        """Return the value of a key, made where it is not there; the `most` last asked for stay."""
        with self._lock:
            value: Value = self._values.pop((kind, key)) if (kind, key) in self._values else make()
            self._values[kind, key] = value  # the newest stands last
            of_kind = [each for each in self._values if each[0] == kind]
            for each in of_kind[:-most]:
                del self._values[each]
            return value
