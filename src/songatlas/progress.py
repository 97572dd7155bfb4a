"""Progress of a long job: a callable that is told the share that is done and what is being done."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]


def silent(share: float, words: str) -> None:
    """Progress for nobody."""


def part(tell: Progress, start: float, end: float) -> Progress:
    """Return the progress of one step, told as its part of the whole.

    Examples
    --------
    >>> part(lambda share, words: print(share, words), 0.5, 1.0)(0.5, "half of the second half")
    0.75 half of the second half
    """
    return lambda share, words: tell(start + (end - start) * share, words)
