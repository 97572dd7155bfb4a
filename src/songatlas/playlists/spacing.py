"""Artist spacing: songs of one artist kept apart in an order, as far as that is at all possible.

Groups
------
Every song has the number of its artist, int64 ``(n,)``, negative where the artist is not known: such songs
stand wherever they like. A gap of `g` asks for at least `g` other songs between two songs of one artist. It
can be kept exactly where ``(c - 1) * (g + 1) + m <= n``, with `c` songs of the most frequent artist and `m`
artists that have as many (the bound of scheduling equal tasks with a cooling time).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.artist_names import first_artist_keys

_Rows = NDArray[np.int64]


def first_artists(songs: pl.DataFrame) -> _Rows:
    """Return the number of each song's first artist, int64 ``(n,)``, -1 where it is not known.

    Songs of "Various Artists" and the like are nobody's: theirs is not known.

    Examples
    --------
    >>> artists = [["Zoë", "Ann"], ["zoë "], None, [], ["Various Artists"]]
    >>> first_artists(pl.DataFrame({"artists": artists})).tolist()
    [0, 0, -1, -1, -1]
    """
    if "artists" not in songs.columns:
        return np.full(songs.height, -1, dtype=np.int64)
    numbers = first_artist_keys(songs["artists"]).rank("dense").cast(pl.Int64) - 1
    return numbers.fill_null(-1).to_numpy().astype(np.int64)


def largest_gap(groups: _Rows) -> int:
    """Return the largest gap that every artist can keep, in songs between two of theirs.

    Examples
    --------
    >>> largest_gap(np.array([0, 0, 1, 2, 3]))
    3
    >>> largest_gap(np.array([0, 0, 0, 1]))
    0
    """
    counts = np.bincount(groups[groups >= 0], minlength=1)
    most = int(counts.max())
    if most < 2:
        return len(groups)
    return max(0, (len(groups) - int((counts == most).sum())) // (most - 1) - 1)


def possible_gap(groups: _Rows, gap: int) -> int:
    """Return the gap, or the largest one that every artist can keep; never less than 1 of what was asked.

    Where one artist has most of the songs, no gap can be kept, and one of 1 keeps them apart best.

    Examples
    --------
    >>> possible_gap(np.array([0, 0, 0, 1, 2]), 4), possible_gap(np.array([0, 0, 0, 1]), 4)
    (1, 1)
    """
    return min(gap, max(1, largest_gap(groups)))


def too_close(groups: Sequence[int] | _Rows, gap: int) -> int:
    """Return how many pairs of songs of one artist stand too close in an order of artists.

    Examples
    --------
    >>> too_close([0, 1, 0, 2, 2], gap=1), too_close([0, 1, 0, 2, 2], gap=2)
    (1, 2)
    """
    line = np.asarray(groups)
    return sum(int(((line[step:] == line[:-step]) & (line[step:] >= 0)).sum()) for step in _steps(line, gap))


def spaced(ranks: NDArray[np.floating] | _Rows, groups: _Rows, gap: int) -> _Rows:
    """Return an order as near to the one wished for as the artists allow.

    At every place stands the song that is wished for first among those whose artist stands far enough back,
    unless an artist has so many songs left that it has to be its turn.

    Parameters
    ----------
    ranks : ndarray, shape (n,)
        Songs of low rank are wished for first; ties by row.
    groups : ndarray of int64, shape (n,)
        Number of each song's artist, negative where unknown.
    gap : int
        Songs between two of one artist, at least 0.

    Examples
    --------
    >>> spaced(np.array([0, 1, 2, 3]), np.array([5, 5, 6, 7]), 1).tolist()
    [0, 2, 1, 3]
    """
    ranks, gap = np.asarray(ranks, dtype=np.float64), possible_gap(groups, gap)
    if gap <= 0 or not too_close(groups[np.argsort(ranks, kind="stable")], gap):
        return np.argsort(ranks, kind="stable").astype(np.int64)
    return place_spaced(lambda _: ranks, groups, gap)


def nearly_sorted(
    values: NDArray[np.floating], ranks: _Rows, groups: _Rows, gap: int, *, spread: float
) -> _Rows:
    """Return a rising order in which songs of one artist stand apart as far as near ties allow.

    No song comes before one whose value is less by more than `spread`. Within that, at every place stands the
    song of the lowest rank whose artist stands far enough back; where there is none, the one whose artist
    stands farthest back.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Finite.
    ranks : ndarray of int64, shape (n,)
        Places in the rising order, ties already decided.
    groups : ndarray of int64, shape (n,)
        Number of each song's artist, negative where unknown.
    gap : int
        Songs between two of one artist, at least 0.
    spread : float
        Difference of values that nobody notices.

    Examples
    --------
    >>> values, groups = np.array([100.0, 101.0, 101.5, 120.0]), np.array([5, 5, 6, 5])
    >>> nearly_sorted(values, np.arange(4), groups, 1, spread=2.0).tolist()
    [0, 2, 1, 3]
    """
    left = [int(row) for row in np.argsort(ranks, kind="stable")]
    stands_at: dict[int, int] = {}
    order: list[int] = []
    while left:
        near = list(takewhile(lambda at: values[left[at]] <= values[left[0]] + spread, range(len(left))))
        far = [len(order) - stands_at.get(int(groups[left[at]]), -len(ranks)) for at in near]
        fit = (at for at in near if groups[left[at]] < 0 or far[at] > gap)
        row = left.pop(next(fit, max(near, key=lambda at: far[at])))
        stands_at[int(groups[row])] = len(order)
        order.append(row)
    return np.array(order, dtype=np.int64)


def place_spaced(
    wishes: Callable[[int | None], NDArray[np.floating]],
    groups: _Rows,
    gap: int,
    *,
    first: int | None = None,
    last: int | None = None,
) -> _Rows:
    """Return an order built song by song, each the least in `wishes` of those that may stand there.

    `wishes` is called with the song placed before (None at the start) and returns a value for every song;
    `first` and `last` are songs whose places are given.
    """
    n = len(groups)
    turns = _Turns(groups, gap, last=last)
    order = np.empty(n, dtype=np.int64)
    before: int | None = None
    for place in range(n):
        if place == 0 and first is not None:
            song = first
        elif place == n - 1 and last is not None:
            song = last
        else:
            allowed = turns.allowed(place)
            values = np.where(allowed, wishes(before), np.inf)
            song = int(values.argmin())
        turns.take(song, place)
        order[place] = before = song
    return order


class _Turns:
    """Which songs may stand at the next place, while songs are placed one by one."""

    def __init__(self, groups: _Rows, gap: int, *, last: int | None) -> None:
        self.gap, self.last, self.n = gap, last, len(groups)
        unknown = groups < 0
        self.groups = np.where(unknown, groups.max(initial=-1) + 1 + np.arange(self.n), groups)
        n_groups = int(self.groups.max(initial=0)) + 1
        self.left = np.bincount(self.groups, minlength=n_groups)
        self.stands_at = np.full(n_groups, -self.n - gap - 1, dtype=np.int64)
        self.free = np.ones(self.n, dtype=np.bool_)

    def take(self, song: int, place: int) -> None:
        """Place a song."""
        self.free[song] = False
        self.left[self.groups[song]] -= 1
        self.stands_at[self.groups[song]] = place

    def allowed(self, place: int) -> NDArray[np.bool_]:
        """Songs that may stand at a place; never none."""
        free = self.free.copy()
        if self.last is not None:
            free[self.last] = False
        far = place - self.stands_at > self.gap
        urgent = self._urgent(place)
        due = (urgent & far)[self.groups] & free
        if due.any():
            return due
        fit = far[self.groups] & free
        if fit.any():
            return fit
        distance = np.where(free, (place - self.stands_at)[self.groups], -1)
        farthest: NDArray[np.bool_] = distance == distance.max()
        return farthest

    def _urgent(self, place: int) -> NDArray[np.bool_]:
        """Artists of whom one must stand here, lest some cannot keep the gap to the end."""
        latest = self.n - 1 - (self.left - 1) * (self.gap + 1)
        waiting = np.flatnonzero(self.left > 1)
        urgent = np.zeros(len(self.left), dtype=np.bool_)
        by_deadline = waiting[np.argsort(latest[waiting], kind="stable")]
        tight = np.flatnonzero(latest[by_deadline] - place <= np.arange(len(by_deadline)))
        if len(tight):
            urgent[by_deadline[: tight[-1] + 1]] = True
        return urgent


def _steps(line: NDArray[np.integer], gap: int) -> range:
    return range(1, min(gap, len(line) - 1) + 1)
