"""The plain NumPy engine: Lloyd passes, nearest centroids, seeding.

Points are ``(n_rows, n_dimensions)``, float32 or float64, finite; centroids are float64. One law decides
every label: the squared distance is the sum over the coordinates, in their order, of the squared
difference in float64; the nearest centroid wins, and of equally near ones the lowest index. Matrix
products in float32 only sort out the clear cases: wherever their rounding error could hide a different
answer, the row is decided again by the law. So a label depends on nothing but its row and the centroids,
neither on the place of the row nor on threads or the linear algebra library.

References
----------
Lloyd, "Least squares quantization in PCM", IEEE Transactions on Information Theory 28 (1982).
Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
Hamerly, "Making k-means even faster", SDM 2010 (the bound that lets a pass skip rows).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from songatlas.kernels.iteration import SUM_AFRESH_SHARE, Rules, Run, iterate
from songatlas.kernels.lines import SMALLEST
from songatlas.kernels.reference_hashes import text_hashes
from songatlas.kernels.reference_loudness import weighted_squares
from songatlas.kernels.reference_silhouette import find_sides, silhouette_table
from songatlas.kernels.threads import Stop, chunk_bounds, map_in_order, one_blas_thread

__all__ = [
    "Pass",
    "Rows",
    "cluster_spreads",
    "cluster_sums",
    "find_sides",
    "lloyd",
    "lloyd_pass",
    "nearest",
    "random_rows",
    "seed_rows",
    "silhouette_table",
    "squared_distances",
    "text_hashes",
    "weighted_squares",
]

Floats: TypeAlias = npt.NDArray[np.float64]
Singles: TypeAlias = npt.NDArray[np.float32]
Labels: TypeAlias = npt.NDArray[np.int32]
Indices: TypeAlias = npt.NDArray[np.int64]
Points: TypeAlias = npt.NDArray[np.floating[Any]]

ROUNDING = 2.0**-24  # half a unit in the last place of float32
BLOCK_ROWS = 8192
BLOCK_SCORES = 1 << 18
REFRESH_PASSES = 100  # the rounding of so many margin updates stays far below MARGIN_SLACK
MARGIN_SLACK = 1e-4
LARGEST_SCALED = 1e15  # centroids further out than this overflow float32 when squared
GATHER_SHARE = 0.5


@dataclass(frozen=True)
class Rows:
    """Points made ready for many passes.

    Attributes
    ----------
    points : ndarray of float32 or float64, shape (n_rows, n_dimensions)
        The points as they were given; the law reads these.
    screen : ndarray of float32, shape (n_rows, n_dimensions + 1)
        ``(points - shift) / scale`` and a column of ones; the matrix products read these.
    norms : ndarray of float32, shape (n_rows,)
        Squared length of each row of `screen`, without the ones.
    shift : ndarray of float64, shape (n_dimensions,)
    scale : float
        A power of two.
    """

    points: Points
    screen: Singles
    norms: Singles
    shift: Floats
    scale: float

    @classmethod
    def of(cls, points: Points) -> Rows:
        """Centre and scale a float32 copy of `points`."""
        n_rows, bounds = len(points), chunk_bounds(len(points))
        totals = [points[start:stop].sum(axis=0, dtype=np.float64) for start, stop in bounds]
        shift = np.sum(totals, axis=0) / n_rows
        reach = max(float(np.abs(points[start:stop] - shift).max(initial=0.0)) for start, stop in bounds)
        return cls._screened(points, shift, reach)

    @classmethod
    def near(cls, points: Points, centroids: Floats) -> Rows:
        """Make points ready for a pass or two by these centroids, without a look at the points beforehand."""
        shift = centroids.mean(axis=0)
        return cls._screened(points, shift, float(np.abs(centroids - shift).max(initial=0.0)))

    @classmethod
    def _screened(cls, points: Points, shift: Floats, reach: float) -> Rows:
        """Make the copy, chunk by chunk."""
        n_rows, n_dimensions = points.shape
        scale = 2.0 ** np.floor(np.log2(reach)) if reach > 0 else 1.0
        screen = np.ones((n_rows, n_dimensions + 1), dtype=np.float32)
        norms = np.empty(n_rows, dtype=np.float32)
        for start, stop in chunk_bounds(n_rows):
            screen[start:stop, :-1] = (points[start:stop] - shift) / scale
            norms[start:stop] = np.square(screen[start:stop, :-1]).sum(axis=1)
        return cls(points, screen, norms, shift, float(scale))


@dataclass(frozen=True)
class Pass:
    """What one assignment of all rows to their nearest centroids found.

    Attributes
    ----------
    labels : ndarray of int32, shape (n_rows,)
    sums : ndarray of float64, shape (k, n_dimensions)
        Weighted sum of the points of each cluster.
    counts : ndarray of float64, shape (k,)
        Summed weight of the rows of each cluster.
    n_changed : int
        Rows whose label differs from that of the pass before; all rows in a first pass.
    """

    labels: Labels
    sums: Floats
    counts: Floats
    n_changed: int
    centroids: Floats = field(repr=False)
    margins: Singles = field(repr=False)
    age: int = 0


@dataclass(frozen=True)
class _Scoring:
    """Centroids made ready to be multiplied with `Rows.screen`."""

    weights: Singles  # (k, n_dimensions + 1): -2 c and |c|^2, so that a product is |x - c|^2 - |x|^2
    error: float  # times |x|^2 + reach: by how much a difference of two scores may be wrong
    reach: float

    @classmethod
    def of(cls, rows: Rows, centroids: Floats) -> _Scoring | None:
        """Return None where float32 cannot hold the centroids, or the squares of the law vanish."""
        if rows.scale < SMALLEST:
            return None
        with np.errstate(over="ignore"):
            scaled = (centroids - rows.shift) / rows.scale
        if not np.abs(scaled).max(initial=0.0) < LARGEST_SCALED:
            return None
        squares = np.square(scaled).sum(axis=1)
        weights = np.column_stack([-2.0 * scaled, squares]).astype(np.float32)
        error = 2.0 * (centroids.shape[1] + 4) * ROUNDING
        return cls(weights, error, 2.0 * float(squares.max()))


def squared_distances(points: Points, centroids: Floats, labels: npt.NDArray[np.integer[Any]]) -> Floats:
    """Return the squared distance of each point to the centroid of its label, shape ``(n_rows,)``.

    This is the law that decides labels. It adds coordinate after coordinate instead of calling a sum,
    because the order in which NumPy adds depends on the shape of the array.
    """
    total = np.zeros(len(points))
    for start in range(0, len(points), BLOCK_ROWS):
        stop = start + BLOCK_ROWS
        block, own, columns = total[start:stop], labels[start:stop], points[start:stop].T
        for column, heights in zip(columns, centroids.T, strict=True):
            difference = column - heights[own]
            difference *= difference
            block += difference
    return total


def nearest(rows: Rows, centroids: Floats, *, n_threads: int = 1) -> Labels:
    """Return the index of the nearest centroid of every row, int32, shape ``(n_rows,)``."""
    labels = np.empty(len(rows.points), dtype=np.int32)
    _relabel(rows, centroids, labels, None, None, n_threads=n_threads)
    return labels


def lloyd_pass(
    rows: Rows,
    centroids: Floats,
    previous: Pass | None = None,
    *,
    weights: Floats | None = None,
    n_threads: int = 1,
) -> Pass:
    """Assign every row to its nearest centroid, and sum the rows of every cluster.

    Parameters
    ----------
    rows : Rows
    centroids : ndarray of float64, shape (k, n_dimensions)
    previous : Pass, optional
        The pass before, of the same rows, weights and k. It lets this one look only at rows whose label
        can have changed. Its arrays are used again, so it must not be read afterwards.
    weights : ndarray of float64, shape (n_rows,), optional
        One weight a row, 0 or more.
    n_threads : int

    Returns
    -------
    Pass
        The labels are the same with and without `previous`.
    """
    n_rows, k = len(rows.points), len(centroids)
    if previous is None:
        labels, margins = np.zeros(n_rows, dtype=np.int32), np.empty(n_rows, dtype=np.float32)
        _relabel(rows, centroids, labels, margins, None, n_threads=n_threads)
        sums, counts = cluster_sums(rows.points, labels, k, weights=weights, n_threads=n_threads)
        return Pass(labels, sums, counts, n_rows, centroids, margins)
    labels, margins = previous.labels, previous.margins
    active = _active_rows(rows, centroids, previous)
    changed, before = _relabel(rows, centroids, labels, margins, active, n_threads=n_threads)
    if weights is not None or not 0 < len(changed) <= SUM_AFRESH_SHARE * n_rows:
        # weights do not add and subtract to exactly nothing, so that an empty cluster would go unseen;
        # and where nothing changes any more, small updates have rounded the sums
        sums, counts = cluster_sums(rows.points, labels, k, weights=weights, n_threads=n_threads)
    else:
        moved = rows.points[changed]
        gained, gained_counts = _sums_of(moved, labels[changed], k, None)
        lost, lost_counts = _sums_of(moved, before, k, None)
        sums, counts = previous.sums + gained - lost, previous.counts + gained_counts - lost_counts
    age = 0 if active is None else previous.age + 1
    return Pass(labels, sums, counts, len(changed), centroids, margins, age)


def lloyd(
    rows: Rows,
    centroids: Floats,
    rules: Rules,
    *,
    weights: Floats | None = None,
    n_threads: int = 1,
    stop: Stop | None = None,
) -> Run:
    """Iterate from `centroids` until no label changes or the rules say that it is enough.

    Parameters
    ----------
    rows : Rows
    centroids : ndarray of float64, shape (k, n_dimensions)
        Where to begin; the order of the clusters stays.
    rules : Rules
    weights : ndarray of float64, shape (n_rows,), optional
    n_threads : int
    stop : Stop, optional

    Returns
    -------
    Run

    Raises
    ------
    Stopped
        Soon after `stop` is set.
    """
    return iterate(
        lloyd_pass,
        squared_distances,
        rows,
        centroids,
        rules,
        weights=weights,
        n_threads=n_threads,
        stop=stop,
    )


def cluster_sums(
    points: Points, labels: Labels, k: int, *, weights: Floats | None = None, n_threads: int = 1
) -> tuple[Floats, Floats]:
    """Return weighted sum, ``(k, n_dimensions)``, and weight, ``(k,)``, of the rows of each cluster."""

    def part(bounds: tuple[int, int]) -> tuple[Floats, Floats]:
        chunk = slice(*bounds)
        return _sums_of(points[chunk], labels[chunk], k, None if weights is None else weights[chunk])

    sums, counts = np.zeros((k, points.shape[1])), np.zeros(k)
    for part_sums, part_counts in map_in_order(part, chunk_bounds(len(labels)), n_threads=n_threads):
        sums += part_sums
        counts += part_counts
    return sums, counts


def cluster_spreads(
    points: Points, centroids: Floats, labels: Labels, *, n_threads: int = 1
) -> tuple[Floats, Floats]:
    """Sum squared distances and distances of the rows to their centroids by cluster, each ``(k,)``."""

    def part(bounds: tuple[int, int]) -> tuple[Floats, Floats]:
        own, n = labels[slice(*bounds)].astype(np.intp), len(centroids)
        squares = squared_distances(points[slice(*bounds)], centroids, own)
        return (
            np.bincount(own, weights=squares, minlength=n).astype(np.float64),
            np.bincount(own, weights=np.sqrt(squares), minlength=n).astype(np.float64),
        )

    squares, lengths = np.zeros(len(centroids)), np.zeros(len(centroids))
    for part_squares, part_lengths in map_in_order(part, chunk_bounds(len(points)), n_threads=n_threads):
        squares += part_squares
        lengths += part_lengths
    return squares, lengths


def _sums_of(points: Points, labels: Labels, k: int, weights: Floats | None) -> tuple[Floats, Floats]:
    """Sum the points and the weights of each cluster, row after row, in float64."""
    own = labels.astype(np.intp)
    sums = np.empty((k, points.shape[1]))
    for dimension, column in enumerate(points.T):
        values = column.astype(np.float64) if weights is None else column * weights
        sums[:, dimension] = np.bincount(own, weights=values, minlength=k)
    counts = np.bincount(own, weights=weights, minlength=k).astype(np.float64)
    return sums, counts


def _active_rows(rows: Rows, centroids: Floats, previous: Pass) -> Indices | None:
    """Shrink the margins by the moves of the centroids; return the rows to look at, None for all."""
    if previous.age >= REFRESH_PASSES:
        return None
    moves = np.sqrt(np.square(centroids - previous.centroids).sum(axis=1)) / rows.scale * (1 + 1e-6)
    furthest = int(np.argmax(moves))
    other = np.full(len(moves), moves[furthest])
    other[furthest] = np.delete(moves, furthest).max(initial=0.0)
    margins = previous.margins
    margins -= (moves + other).astype(np.float32)[previous.labels]
    active = np.flatnonzero(margins <= 0)
    return None if len(active) > GATHER_SHARE * len(margins) else active


def _relabel(
    rows: Rows,
    centroids: Floats,
    labels: Labels,
    margins: Singles | None,
    active: Indices | None,
    *,
    n_threads: int,
) -> tuple[Indices, Labels]:
    """Write labels and margins of the active rows (None: all); return the changed and their old labels."""
    scoring = _Scoring.of(rows, centroids)

    def relabel_chunk(bounds: tuple[int, int]) -> tuple[Indices, Labels]:
        mine = slice(*bounds) if active is None else active[slice(*bounds)]
        return _relabel_chunk(rows, centroids, scoring, labels, margins, mine)

    chunks = chunk_bounds(len(labels) if active is None else len(active))
    if not chunks:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32)
    with one_blas_thread():
        parts = list(map_in_order(relabel_chunk, chunks, n_threads=n_threads))
    changed = np.concatenate([part[0] for part in parts])
    return changed, np.concatenate([part[1] for part in parts])


def _relabel_chunk(
    rows: Rows,
    centroids: Floats,
    scoring: _Scoring | None,
    labels: Labels,
    margins: Singles | None,
    mine: slice | Indices,
) -> tuple[Indices, Labels]:
    """Relabel one chunk in blocks that fit the cache."""
    n_mine = mine.stop - mine.start if isinstance(mine, slice) else len(mine)
    step = max(256, min(BLOCK_ROWS, BLOCK_SCORES // len(centroids)))
    changed_parts, before_parts = [], []
    for offset in range(0, n_mine, step):
        if isinstance(mine, slice):
            block: slice | Indices = slice(mine.start + offset, min(mine.start + offset + step, mine.stop))
        else:
            block = mine[offset : offset + step]
        found, margin = _label_block(rows, centroids, scoring, block)
        before = labels[block]
        differs = np.flatnonzero(found != before)
        changed_parts.append(differs + block.start if isinstance(block, slice) else block[differs])
        before_parts.append(before[differs])
        labels[block] = found
        if margins is not None:
            margins[block] = margin
    return np.concatenate(changed_parts), np.concatenate(before_parts)


def _label_block(
    rows: Rows, centroids: Floats, scoring: _Scoring | None, block: slice | Indices
) -> tuple[npt.NDArray[np.integer[Any]], Singles]:
    """Return the nearest centroid of each row, and how much nearer than the second it is at least."""
    points = rows.points[block]
    if scoring is None:
        every = np.ones((len(centroids), len(points)), dtype=np.bool_)
        return _decide(points, centroids, every), np.zeros(len(points), dtype=np.float32)
    norms = rows.norms[block]
    scores = scoring.weights @ rows.screen[block].T
    labels, best, second = _two_best(scores)
    error = np.float32(scoring.error) * (norms + np.float32(scoring.reach)) + np.float32(1e-30)
    unsure = np.flatnonzero(second - best <= error)
    if len(unsure):
        near = scores[:, unsure] <= best[unsure] + error[unsure]
        labels[unsure] = _decide(points[unsure], centroids, near)
    low, high = second + norms - error, best + norms + error
    margin = np.sqrt(np.maximum(low, 0, out=low)) - np.sqrt(np.maximum(high, 0, out=high))
    margin *= np.float32(1 - MARGIN_SLACK)
    return labels, margin


def _two_best(scores: Singles) -> tuple[npt.NDArray[np.integer[Any]], Singles, Singles]:
    """Return for each column the place of the least score, the least and the second least, branch-free."""
    k, n_columns = scores.shape
    small: type[np.uint8] | type[np.uint16] | type[np.uint32]
    small = np.uint8 if k <= 1 << 8 else np.uint16 if k <= 1 << 16 else np.uint32
    labels = np.zeros(n_columns, dtype=small)
    best, second = scores[0].copy(), np.full(n_columns, np.inf, dtype=np.float32)
    larger, here = np.empty_like(best), np.empty_like(labels)
    for place in range(1, k):
        score = scores[place]
        np.multiply(score < best, small(place), out=here, dtype=small)
        np.maximum(labels, here, out=labels)  # places rise, so the greatest is the last improvement
        np.maximum(best, score, out=larger)
        np.minimum(second, larger, out=second)
        np.minimum(best, score, out=best)
    return labels, best, second


def _decide(points: Points, centroids: Floats, near: npt.NDArray[np.bool_]) -> Indices:
    """Decide by the law between the centroids that `near`, shape ``(k, n_points)``, leaves to each point."""
    of_point, of_centroid = np.nonzero(near.T)
    distances = np.full(near.T.shape, np.inf)
    distances[of_point, of_centroid] = squared_distances(points[of_point], centroids, of_centroid)
    decided: Indices = np.argmin(distances, axis=1)
    return decided


def seed_rows(
    points: Points,
    k: int,
    *,
    random: np.random.Generator,
    weights: Floats | None = None,
    n_trials: int | None = None,
    closest: Floats | None = None,
) -> Indices:
    """Choose `k` rows as first centroids by greedy k-means++.

    Each next row is drawn with probability proportional to weight times squared distance to the nearest
    centroid so far; of `n_trials` such candidates the one that leaves the least summed distance is kept.

    Parameters
    ----------
    points : ndarray, shape (n_rows, n_dimensions)
    k : int
        Rows to choose.
    random : numpy.random.Generator
    weights : ndarray of float64, shape (n_rows,), optional
    n_trials : int, optional
        Candidates at each step; ``2 + ln k`` by default.
    closest : ndarray of float64, shape (n_rows,), optional
        Squared distance of each row to the nearest of the centroids that are there already; the chosen
        rows come on top of them.

    Returns
    -------
    ndarray of int64, shape (k,)
        Row numbers. Where fewer distinct points than `k` exist, some are equal.
    """
    n_rows = len(points)
    n_trials = n_trials or 2 + int(np.log(k))
    columns = np.ascontiguousarray(points.T, dtype=np.float64)
    weigh: Callable[[Floats], Floats] = (lambda values: values) if weights is None else weights.__mul__
    anew = closest is None
    closest = np.full(n_rows, np.inf) if closest is None else np.array(closest, dtype=np.float64)
    chosen = np.empty(k, dtype=np.int64)
    for step in range(k):
        if step == 0 and anew:
            candidates = draw_rows(np.ones(n_rows) if weights is None else weights, 1, random)
        else:
            candidates = draw_rows(weigh(closest), n_trials, random)
        updates = [np.minimum(closest, _distances_from(columns, columns[:, row])) for row in candidates]
        best = int(np.argmin([weigh(update).sum() for update in updates]))
        chosen[step], closest = candidates[best], updates[best]
    return chosen


def random_rows(
    points: Points, k: int, *, random: np.random.Generator, weights: Floats | None = None
) -> Indices:
    """Choose `k` rows with different points, with probability proportional to their weight.

    Returns
    -------
    ndarray of int64, shape (k,)
        Row numbers. Where fewer distinct points than `k` exist, some are equal.
    """
    masses = np.ones(len(points)) if weights is None else weights.copy()
    chosen = np.empty(k, dtype=np.int64)
    for step in range(k):
        chosen[step] = draw_rows(masses, 1, random)[0]
        masses[(points == points[chosen[step]]).all(axis=1)] = 0.0
    return chosen


def _distances_from(columns: Floats, centroid: Floats | Sequence[float]) -> Floats:
    """Return the squared distance of every point (a column) to one centroid, by the law."""
    total = np.zeros(columns.shape[1])
    difference = np.empty_like(total)
    for column, height in zip(columns, centroid, strict=True):
        np.subtract(column, height, out=difference)
        difference *= difference
        total += difference
    return total


def draw_rows(masses: Floats, n_draws: int, random: np.random.Generator) -> Indices:
    """Draw row numbers with probability proportional to their mass; evenly where all mass is zero."""
    reached = np.cumsum(masses)
    if not reached[-1] > 0:
        return random.integers(len(masses), size=n_draws)
    rows = np.searchsorted(reached, random.random(n_draws) * reached[-1], side="right")
    last = np.searchsorted(reached, reached[-1], side="left")
    drawn: Indices = np.minimum(rows, last)
    return drawn
