"""One clustering of songs that lie elsewhere, in blocks: the rules of `every_k`, and where they end.

Nothing of the songs is held. Whoever keeps their points answers two questions: what some function gives of
all blocks, added up, and what it gives of each, one below the other. Points are multiples of one power of
two, so that sums of them are exact and neither the blocks nor their order change a bit: centroids, sizes,
inertia and history are the same however the songs are cut up, and the centroids are bitwise those of
`sweep` from the same start.

What ends the iteration is that the centroids stay where they are, bit for bit; with more than 300,000
songs it is scikit-learn's tolerance. An empty cluster gets one of the points farthest from their centroids.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from songatlas import kernels
from songatlas.kmeans.block_tasks import block_moments, block_sums, farthest_first, farthest_rows
from songatlas.kmeans.clustering import Floats, canonical_order
from songatlas.kmeans.every_k import MAX_ITER, SETTLED_SONGS
from songatlas.kmeans.search import TOLERANCE
from songatlas.progress import Progress, silent

SHARE_OF_RUN = 0.95  # of the progress; the rest is numbering

Task: TypeAlias = Callable[[npt.NDArray[np.float32]], Floats]
Asked: TypeAlias = Callable[[Task], Floats]


@dataclass(frozen=True)
class Checkpoint:
    """Where an iteration stands, from which it can go on.

    Attributes
    ----------
    centroids : ndarray of float64, shape (k, n_dimensions)
    n_iter : int
        Passes over all songs that moved the centroids.
    history : tuple of float
        Inertia after each of them.
    """

    centroids: Floats
    n_iter: int
    history: tuple[float, ...]


@dataclass(frozen=True)
class Settled:
    """Where the iteration ended.

    Attributes
    ----------
    centroids : ndarray of float64, shape (k, n_dimensions)
        Numbered by falling size, equal sizes by centroid. A song belongs to the nearest one, as
        `nearest_centroids` says.
    sizes : ndarray of int64, shape (k,)
        Songs of each cluster.
    inertia : float
        Summed squared distance of the songs to their centroids.
    n_iter : int
        Passes over all songs that moved the centroids.
    history : tuple of float
        Inertia about the means after each of them.
    converged : bool
        Whether it ended by itself, not because `MAX_ITER` was reached.
    """

    centroids: Floats
    sizes: npt.NDArray[np.int64]
    inertia: float
    n_iter: int
    history: tuple[float, ...]
    converged: bool


@dataclass(frozen=True)
class _Spread:
    """Mean of all points, their squares summed, and the squared distances to the mean summed."""

    mean: Floats
    squares: Fraction
    total: float


@dataclass(frozen=True)
class _Songs:
    """The songs, as far as they can be asked, and the rules for so many."""

    summed: Asked
    stacked: Asked
    spread: _Spread
    n_points: int
    n_dimensions: int
    tell: Progress
    stop: kernels.Stop
    keep: Callable[[Checkpoint], None]

    @property
    def tolerance(self) -> float:
        """The squared moves of all centroids, summed, below which the iteration ends."""
        exact = self.n_points <= SETTLED_SONGS
        return 0.0 if exact else TOLERANCE * self.spread.total / (self.n_points * self.n_dimensions)

    def label(self, centroids: Floats) -> _Labelled:
        """Go over all songs once."""
        if self.stop.is_set():
            raise kernels.Stopped
        answer = self.summed(partial(block_sums, centroids=centroids, squares=False))
        sums, counts = answer[: centroids.size].reshape(centroids.shape), answer[centroids.size :]
        return _Labelled(centroids, sums, counts)


@dataclass(frozen=True)
class _Labelled:
    """Centroids, and sums and counts of the songs nearest to each."""

    centroids: Floats
    sums: Floats
    counts: Floats


@dataclass(frozen=True)
class _Run:
    """Where one run of Lloyd's iteration ended."""

    last: _Labelled
    n_iter: int
    history: tuple[float, ...]
    converged: bool


def settle(
    summed: Asked,
    stacked: Asked,
    start: Floats,
    *,
    n_points: int,
    n_dimensions: int,
    tell: Progress = silent,
    stop: kernels.Stop | None = None,
    at: Checkpoint | None = None,
    keep: Callable[[Checkpoint], None] | None = None,
) -> Settled:
    """Iterate over songs that lie elsewhere until the centroids stay, and number the clusters.

    Parameters
    ----------
    summed : callable
        Gets a function of a block of points, float32 ``(n_songs_of_the_block, n_dimensions)``; returns the
        sum of its answers, arrays of one shape, of all blocks. The function can be pickled.
    stacked : callable
        The same, but returns the answers, which are tables, one below the other.
    start : ndarray of float64, shape (k, n_dimensions)
        As `find_starts` gives it.
    n_points, n_dimensions : int
        Of all blocks together. Points should be multiples of a power of two, not too small a part of the
        largest (2**-24, for points below a hundred); else sums are rounded, and hang on their order.
    tell : callable, optional
        Called with the share done, 0 to 1, and words for it, after each iteration.
    stop : Stop, optional
        Ends the iteration soon after it is set.
    at : Checkpoint, optional
        Goes on from here, to the same end.
    keep : callable, optional
        Gets a checkpoint after each iteration.

    Returns
    -------
    Settled

    Raises
    ------
    ValueError
        When `start` has another number of dimensions than the points.
    Stopped
        Soon after `stop` is set.

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [9.0], [10.0], [11.0]], dtype=np.float32)
    >>> ask = lambda task: task(points)
    >>> settle(ask, ask, np.array([[0.0], [5.5]]), n_points=5, n_dimensions=1).centroids.tolist()
    [[10.0], [0.5]]
    """
    begin = np.ascontiguousarray(start, dtype=np.float64)
    if begin.ndim != 2 or begin.shape[1] != n_dimensions:
        raise ValueError(f"start has the shape {begin.shape}: (k, {n_dimensions}) is needed")
    spread = _spread_of(summed(block_moments), n_points)
    stop, keep = stop or kernels.Stop(), keep or (lambda checkpoint: None)
    songs = _Songs(summed, stacked, spread, n_points, n_dimensions, tell, stop, keep)
    run = _numbered(songs, _iterated(songs, at or Checkpoint(begin, 0, ())))
    tell(1.0, f"clustered all songs after {run.n_iter} iterations")
    return Settled(
        centroids=run.last.centroids,
        sizes=run.last.counts.astype(np.int64),
        inertia=_inertia(spread, run.last),
        n_iter=run.n_iter,
        history=run.history,
        converged=run.converged,
    )


def _spread_of(moments: Floats, n_points: int) -> _Spread:
    """What the moments say of all points; exact until the last division."""
    sums, squares = moments[:-2], Fraction(moments[-2]) + Fraction(moments[-1])
    off_centre = sum((Fraction(each) ** 2 for each in sums.tolist()), Fraction(0)) / n_points
    return _Spread(sums / n_points, squares, float(squares - off_centre))


def _iterated(songs: _Songs, at: Checkpoint, *, last: _Labelled | None = None) -> _Run:
    """Run Lloyd's iteration to its end, from a checkpoint or from songs that are labelled already."""
    n_before = at.n_iter if last else 0
    pace = _Pace(songs)
    while True:
        last = last or songs.label(at.centroids)
        moved, inertia = _moved(songs, last)
        at = Checkpoint(moved, at.n_iter + 1, (*at.history, inertia))
        moves = kernels.in_order(np.square(moved - last.centroids).ravel())
        pace.told(last, moved, at.n_iter)
        if (moved == last.centroids).all():
            return _Run(last, at.n_iter, at.history, converged=True)
        if moves <= songs.tolerance or at.n_iter - n_before >= MAX_ITER:
            return _Run(songs.label(moved), at.n_iter, at.history, converged=moves <= songs.tolerance)
        if not n_before:
            songs.keep(at)
        last = None


class _Pace:
    """Tells how far the iteration has come: by the logarithm of how far centroids move."""

    def __init__(self, songs: _Songs) -> None:
        self._songs, self._first, self._done = songs, 0.0, 0.0
        exact = 1.0 / songs.n_points
        self._goal = math.sqrt(TOLERANCE) if songs.tolerance else exact

    def told(self, last: _Labelled, moved: Floats, n_iter: int) -> None:
        """Tell of one iteration; its moves are weighed by the songs, and held against the spread of these."""
        squares = float(last.counts @ np.square(moved - last.centroids).sum(axis=1))
        share = math.sqrt(squares / self._songs.spread.total) if self._songs.spread.total else 0.0
        self._first = self._first or share
        if 0.0 < share < self._first and self._goal < self._first:
            now = math.log(self._first / share) / math.log(self._first / self._goal)
            self._done = min(max(self._done, now), 1.0)
        words = f"iteration {n_iter}, centroids still move by {100 * share:.2g}% of the spread"
        self._songs.tell(SHARE_OF_RUN * self._done, words)


def _moved(songs: _Songs, last: _Labelled) -> tuple[Floats, float]:
    """Return the means of the clusters, empty ones relocated, and the inertia about them."""
    sums, counts = last.sums, last.counts
    if not counts.all():
        sums, counts = _relocated(songs, last)
    return kernels.moved_centroids(sums, counts, songs.spread.mean, songs.spread.total)


def _relocated(songs: _Songs, last: _Labelled) -> tuple[Floats, Floats]:
    """Give each empty cluster one of the points farthest from their centroids; that point leaves its own."""
    sums, counts = last.sums.copy(), last.counts.copy()
    empty = np.flatnonzero(counts == 0)
    found = songs.stacked(partial(farthest_rows, centroids=last.centroids, n_rows=len(empty)))
    distances, own, reach, points = found[:, 0], found[:, 1].astype(np.int64), found[:, 2].max(), found[:, 3:]
    rounding = (16 * np.finfo(np.float64).eps * max(float(reach), 1e-300)) ** 2
    if distances.max() <= rounding:  # fewer distinct points than clusters
        return sums, counts
    for cluster, row in zip(empty, farthest_first(distances, points), strict=False):
        sums[own[row]] -= points[row]
        counts[own[row]] -= 1.0
        sums[cluster], counts[cluster] = points[row], 1.0
    return sums, counts


def _numbered(songs: _Songs, run: _Run) -> _Run:
    """Number the clusters by falling size, ties by centroid.

    A song exactly between two centroids belongs to the first of them, so new numbers can move it; then
    the iteration goes on, which lowers the inertia, until the numbers stay.
    """
    while True:
        last = run.last
        order = canonical_order(last.centroids, last.counts)
        if (order == np.arange(len(order))).all():
            return run
        again = songs.label(last.centroids[order])
        if (again.sums == last.sums[order]).all() and (again.counts == last.counts[order]).all():
            return _Run(again, run.n_iter, run.history, run.converged)
        run = _iterated(songs, Checkpoint(again.centroids, run.n_iter, run.history), last=again)


def _inertia(spread: _Spread, last: _Labelled) -> float:
    """Squared distances of all songs to their centroids, summed: exact until it is rounded at the end."""
    squares = spread.squares
    for centroid, total, count in zip(last.centroids, last.sums, last.counts.tolist(), strict=True):
        for height, added in zip(
            map(Fraction, centroid.tolist()), map(Fraction, total.tolist()), strict=True
        ):
            squares += height * (int(count) * height - 2 * added)
    return max(float(squares), 0.0)
