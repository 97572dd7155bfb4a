"""How many rows are read at once, so that a whole run stays within the memory it was given."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from songatlas.errors import BadSettings
from songatlas.kernels import thread_count

LEAST_MEMORY: Final = 10**9
"""Bytes; less than that is not enough for the program and a sample of the songs."""

_PROGRAM = 700_000_000  # bytes of the program and the sample
_COPIES = 12  # how often a row's bytes are held while a part is read and worked on
_BESIDE = 1_500  # bytes of a row that a task makes beside
_MOST_ROWS = 400_000
_FEWEST_ROWS = 10
_MOST_IN_FLIGHT = 4

Item = TypeVar("Item")
Result = TypeVar("Result")


def parts_in_flight() -> int:
    """Return how many parts are worked on at once."""
    return min(_MOST_IN_FLIGHT, thread_count())


def free_bytes(memory: int) -> int:
    """Return the bytes that are left for rows.

    Raises
    ------
    BadSettings
        If the memory is less than `LEAST_MEMORY`.
    """
    if memory < LEAST_MEMORY:
        raise BadSettings(
            f"memory is {memory / 1e9:.2g} GB: the program and the sample need at least "
            f"{LEAST_MEMORY / 1e9:.0f} GB; give more, such as --memory 2GB"
        )
    return memory - _PROGRAM


def rows_at_once(memory: int, *, row_bytes: float) -> int:
    """Return the rows of a part, for rows of so many bytes each."""
    each = _COPIES * row_bytes + _BESIDE
    return int(min(max(free_bytes(memory) / parts_in_flight() / each, _FEWEST_ROWS), _MOST_ROWS))


def in_order(function: Callable[[Item], Result], items: Iterable[Item], *, at_once: int) -> Iterator[Result]:
    """Yield ``function(item)`` in the order of the items, only so many of them begun and not yet taken."""
    if at_once < 2:
        yield from map(function, items)
        return
    begun: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(max_workers=at_once)
    try:
        for item in items:
            if len(begun) == at_once:
                yield begun.popleft().result()
            begun.append(pool.submit(function, item))
        while begun:
            yield begun.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def plain_name(name: str) -> str:
    """Return a name that a file may have."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40] or "unnamed"
