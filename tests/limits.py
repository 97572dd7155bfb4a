"""Limits of Python made narrow, so that a test meets them with little work."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count


@contextmanager
def few_calls_in_one_another(n_calls: int) -> Iterator[None]:
    """Let functions call one another `n_calls` deep from here, and no deeper."""
    before, here = sys.getrecursionlimit(), 0
    for here in count():
        try:
            sys._getframe(here)
        except ValueError:
            break
    sys.setrecursionlimit(here + n_calls)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
