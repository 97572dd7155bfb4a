"""Fixed chunks of rows, and threads that never change a result.

Work is cut by the number of rows alone, never by the number of threads, and partial results are added
in the order of the chunks: so 1, 2 and 4 threads give bitwise the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from threading import Lock
from typing import TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")

N_CHUNKS = 64
LEAST_CHUNK_ROWS = 8192


class Stop:
    """Tells work on other threads, in C too, that nobody waits for it any more.

    Attributes
    ----------
    flag : ndarray of uint8, shape (1,)
        Not 0 once the work should end.
    """

    def __init__(self) -> None:
        self.flag = np.zeros(1, dtype=np.uint8)

    def set(self) -> None:
        """Ask the work to end."""
        self.flag[0] = 1

    def is_set(self) -> bool:
        """Say whether the work should end."""
        return bool(self.flag[0])


def thread_count(n_threads: int | None = None) -> int:
    """Return how many threads to use: `n_threads`, or one for each core that is ours when it is None.

    Raises
    ------
    ValueError
        When `n_threads` is below one.
    """
    if n_threads is None:
        ours = getattr(os, "sched_getaffinity", None)
        return len(ours(0)) if ours else os.cpu_count() or 1
    if n_threads < 1:
        raise ValueError(f"n_threads is {n_threads}: it must be 1 or more, or None for every core")
    return int(n_threads)


def chunk_bounds(n_rows: int) -> list[tuple[int, int]]:
    """Return the ``(start, stop)`` of at most 64 chunks, which depend on `n_rows` alone.

    Examples
    --------
    >>> chunk_bounds(10_000)
    [(0, 5000), (5000, 10000)]
    """
    n_chunks = min(N_CHUNKS, -(-n_rows // LEAST_CHUNK_ROWS))
    edges = [n_rows * chunk // n_chunks for chunk in range(n_chunks + 1)] if n_chunks else [0]
    return list(pairwise(edges))


class _BlasGate:
    """Keeps the linear algebra library on one thread from the first entry until the last exit."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._n_inside = 0
        self._restore: Callable[[], None] = lambda: None

    def enter(self) -> None:
        """Set one thread, if nobody has yet."""
        with self._lock:
            if self._n_inside == 0:
                self._restore = _linear_algebra().limit(limits=1, user_api="blas").restore_original_limits
            self._n_inside += 1

    def leave(self) -> None:
        """Restore what was set before, if nobody is left inside."""
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                self._restore()


@cache
def _linear_algebra() -> ThreadpoolController:
    return ThreadpoolController()


_GATE = _BlasGate()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep the linear algebra library on one thread, so that its threads do not multiply ours.

    May be entered by many threads at once and again inside itself.
    """
    _GATE.enter()
    try:
        yield
    finally:
        _GATE.leave()


def map_in_order(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    n_threads: int,
    stop: Stop | None = None,
) -> Generator[Result, None, None]:
    """Yield ``function(item)`` in the order of the items, computed on `n_threads` threads.

    When the caller stops early or is interrupted, work that has not begun is cancelled and `stop` is
    set, for functions that look at it.
    """
    work = list(items)
    if n_threads == 1 or len(work) < 2:
        yield from map(function, work)
        return
    with ThreadPoolExecutor(max_workers=min(n_threads, len(work))) as pool:
        futures = [pool.submit(function, item) for item in work]
        try:
            for future in futures:
                yield future.result()
        except BaseException:
            if stop is not None:
                stop.set()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
