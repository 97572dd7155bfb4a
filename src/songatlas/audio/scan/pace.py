"""How fast a scan goes, in words: files done, songs a minute, the time left."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

from songatlas.progress import Progress

_RATE_OVER_S: Final = 120.0
_LEAST_S: Final = 5.0
_LEAST_FILES: Final = 5
"""Files of a library take times so different that the pace of fewer says little."""


class Pace:
    """Tells progress of files, with the rate of the last two minutes once there is one.

    Parameters
    ----------
    progress : Progress
        Told shares from 0 to 1.
    n_files, n_before : int
        Files in all, and those that were done before.
    """

    def __init__(self, progress: Progress, n_files: int, *, n_before: int) -> None:
        self._progress, self._n_files, self._n_before = progress, n_files, n_before
        self._past: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])

    def tell(self, n_done: int) -> None:
        """Tell that `n_done` files were read since the beginning."""
        now = time.monotonic()
        if not self._past[0][1]:
            self._past.clear()  # the start of the workers says nothing of their pace
        self._past.append((now, n_done))
        while len(self._past) > 2 and now - self._past[0][0] > _RATE_OVER_S:
            self._past.popleft()
        done = self._n_before + n_done
        words = f"{done:,} of {self._n_files:,} files"
        then, before = self._past[0]
        if n_done - before >= _LEAST_FILES and done < self._n_files and now - then >= _LEAST_S:
            a_second = (n_done - before) / (now - then)
            left = (self._n_files - done) / a_second
            words += f", {60 * a_second:,.0f} songs a minute, {duration(left)} left"
        self._progress(done / self._n_files, words)


def duration(seconds: float) -> str:
    """Return a length of time as people say it.

    Examples
    --------
    >>> duration(0.4), duration(75), duration(3 * 3600 + 1800)
    ('1 second', '75 seconds', '3 h 30 min')
    """
    if seconds < 119.5:
        whole = max(1, round(seconds))
        return "1 second" if whole == 1 else f"{whole} seconds"
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
