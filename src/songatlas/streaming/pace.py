"""How far a pass over the rows is, and how fast it goes."""

from __future__ import annotations

import time

from songatlas.progress import Progress


class Pace:
    """Tells the rows that are done, of how many, and the rows a second of this run.

    Parameters
    ----------
    tell : callable
        Progress, from 0 to 1.
    name : str
        What is being done.
    n_rows : int
    done : int
        Rows that an earlier run has done.
    """

    def __init__(self, tell: Progress, name: str, n_rows: int, done: int = 0) -> None:
        self.tell, self.name, self.n_rows, self.done = tell, name, n_rows, done
        self._before, self._start = done, time.monotonic()
        self.add(0)

    def add(self, n_rows: int) -> None:
        """Tell that so many more rows are done."""
        self.done += n_rows
        seconds = time.monotonic() - self._start
        words = f"{self.name}: {self.done:,} of {self.n_rows:,} rows"
        if self.done > self._before and seconds > 0:
            words += f", {(self.done - self._before) / seconds:,.0f} rows a second"
        self.tell(self.done / self.n_rows if self.n_rows else 1.0, words)
