"""The C engine: the names and answers of `songatlas.kernels.reference`, many times faster.

Points lie a second time in float32, in blocks of 16 rows and coordinate after coordinate inside a block,
so that a vector register takes one coordinate of 16 songs. Scores in float32 sort out the clear cases;
whatever their rounding could turn is decided by the law of the reference in float64. Sums are made in
the order of the reference, so that both engines give bitwise the same clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

import songatlas.kernels._kernels as _kernels
from songatlas.kernels.iteration import FORESIGHT, PATIENCE, SUM_AFRESH_SHARE, Rules, Run, Stopped, iterate
from songatlas.kernels.lines import aligned, power_of_two
from songatlas.kernels.native_silhouette import find_sides, silhouette_table
from songatlas.kernels.reference import draw_rows, random_rows
from songatlas.kernels.reference_hashes import SEEDS
from songatlas.kernels.threads import Stop, chunk_bounds, map_in_order

__all__ = [
    "Pass",
    "Rows",
    "cluster_spreads",
    "cluster_sums",
    "engine_name",
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

BLOCK_ROWS = 16
WORTH_THREADS = 1 << 22  # multiplications below which starting threads costs more than it saves
MOST_ITERATIONS = 1 << 20  # that a run in C has room for
BOUNDS_PAY = 1 / 8  # of changed rows, below which bounds are kept


@dataclass(frozen=True)
class Rows:
    """Points made ready for many passes.

    Attributes
    ----------
    points : ndarray of float32 or float64, shape (n_rows, n_dimensions)
        The points as they were given; the law reads these.
    blocks : ndarray of float32, shape (n_blocks, n_dimensions, 16)
        ``(points - shift) / scale``; rows missing in the last block are 0.
    longest : ndarray of float32, shape (n_blocks,)
        The greatest squared length of a row of each block.
    shift : ndarray of float64, shape (n_dimensions,)
    scale : float
        A power of two.
    """

    points: Points
    blocks: Singles
    longest: Singles
    shift: Floats
    scale: float

    @classmethod
    def of(cls, points: Points) -> Rows:
        """Centre and scale a float32 copy of `points`."""
        points = np.ascontiguousarray(points)
        shift = _column_totals(points) / len(points)
        return cls._packed(points, shift, power_of_two(_kernels.reach(points, shift, 0, len(points))))

    @classmethod
    def near(cls, points: Points, centroids: Floats) -> Rows:
        """Make points ready for a pass or two by these centroids, without a look at the points beforehand."""
        points = np.ascontiguousarray(points)
        shift = np.ascontiguousarray(centroids.mean(axis=0))
        return cls._packed(points, shift, power_of_two(float(np.abs(centroids - shift).max(initial=0.0))))

    @classmethod
    def _packed(cls, points: Points, shift: Floats, scale: float) -> Rows:
        """Lay the points out in blocks."""
        n_blocks = -(-len(points) // BLOCK_ROWS)
        blocks = aligned((n_blocks, points.shape[1], BLOCK_ROWS))
        longest = np.empty(n_blocks, dtype=np.float32)
        _kernels.pack(points, None, shift, scale, blocks, longest, 0, n_blocks)
        return cls(points, blocks, longest, shift, scale)

    @property
    def screen(self) -> tuple[Singles, Singles, Floats, float]:
        """What the C functions read beside the points."""
        return self.blocks, self.longest, self.shift, self.scale


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
    centroids : ndarray of float64, shape (k, n_dimensions)
        The centroids of this pass.
    until : ndarray of float64, shape (n_blocks,), or None
        No label of a block changes before the drift reaches this.
    drift : float
        How far centroids have moved against one another since there are bounds, bounded above.
    """

    labels: Labels
    sums: Floats
    counts: Floats
    n_changed: int
    centroids: Floats = field(repr=False)
    until: Floats | None = field(default=None, repr=False)
    drift: float = 0.0


def engine_name() -> str:
    """Return what the loops were compiled for."""
    return f"C ({_kernels.variant()})"


def squared_distances(points: Points, centroids: Floats, labels: npt.NDArray[np.integer[Any]]) -> Floats:
    """Return the squared distance of each point to the centroid of its label, shape ``(n_rows,)``."""
    found = np.empty(len(points))
    _kernels.distances(*_contiguous(points, centroids, labels), 0, len(points), found)
    return found


def nearest(rows: Rows, centroids: Floats, *, n_threads: int = 1) -> Labels:
    """Return the index of the nearest centroid of every row, int32, shape ``(n_rows,)``."""
    labels = np.empty(len(rows.points), dtype=np.int32)
    _relabel(rows, np.ascontiguousarray(centroids, dtype=np.float64), labels, n_threads)
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
        The pass before, of the same rows, weights and k. Its labels are used again, so it must not be
        read afterwards.
    weights : ndarray of float64, shape (n_rows,), optional
        One weight a row, 0 or more.
    n_threads : int

    Returns
    -------
    Pass
        The labels are the same with and without `previous`.
    """
    k, n_rows = len(centroids), len(rows.points)
    centroids = np.ascontiguousarray(centroids, dtype=np.float64)
    if previous is None:
        labels = np.empty(n_rows, dtype=np.int32)
        _relabel(rows, centroids, labels, n_threads)
        sums, counts = cluster_sums(rows.points, labels, k, weights=weights, n_threads=n_threads)
        return Pass(labels, sums, counts, n_rows, centroids)
    labels, until, drift = previous.labels, *_bounds(rows, centroids, previous)
    parts = _relabel(rows, centroids, labels, n_threads, note=True, until=until, drift=drift)
    n_changed = sum(len(changed) for changed, _ in parts)
    if weights is not None or not 0 < n_changed <= SUM_AFRESH_SHARE * n_rows:
        # weights do not add and subtract to exactly nothing, so that an empty cluster would go unseen;
        # and where nothing changes any more, small updates have rounded the sums
        sums, counts = cluster_sums(rows.points, labels, k, weights=weights, n_threads=n_threads)
        return Pass(labels, sums, counts, n_changed, centroids, until, drift)
    gained, lost = np.zeros((k, rows.points.shape[1])), np.zeros((k, rows.points.shape[1]))
    gained_counts, lost_counts = np.zeros(k), np.zeros(k)
    for changed, before in parts:
        _kernels.move_rows(rows.points, labels, changed, before, gained, lost, gained_counts, lost_counts)
    sums, counts = previous.sums + gained - lost, previous.counts + gained_counts - lost_counts
    return Pass(labels, sums, counts, n_changed, centroids, until, drift)


def _bounds(rows: Rows, centroids: Floats, previous: Pass) -> tuple[Floats | None, float]:
    """Return the bounds of a pass, once few labels change, and the drift since they began."""
    if previous.until is None:
        few = previous.n_changed < BOUNDS_PAY * len(rows.points)
        return (np.full(len(rows.blocks), -np.inf) if few else None), 0.0
    moves = np.sort(np.sqrt(np.square(centroids - previous.centroids).sum(axis=1)))
    return previous.until, previous.drift + float(moves[-2:].sum()) / rows.scale * (1 + 1e-9)


def _relabel(
    rows: Rows,
    centroids: Floats,
    labels: Labels,
    n_threads: int,
    *,
    note: bool = False,
    until: Floats | None = None,
    drift: float = 0.0,
) -> list[tuple[Indices, Labels]]:
    """Write the labels; where asked to note them, return the changed rows and their old labels, in parts."""
    n_blocks = len(rows.blocks)

    def relabel_part(bounds: tuple[int, int]) -> tuple[Indices, Labels]:
        room = min(bounds[1] * BLOCK_ROWS, len(labels)) - bounds[0] * BLOCK_ROWS if note else 0
        changed, before = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int32)
        count = _kernels.relabel(
            rows.points,
            rows.screen,
            centroids,
            labels,
            changed if note else None,
            before if note else None,
            until,
            drift,
            *bounds,
        )
        return changed[:count], before[:count]

    if n_threads == 1 or rows.points.size * len(centroids) < WORTH_THREADS:
        return [relabel_part((0, n_blocks))]
    edges = [stop // BLOCK_ROWS for _, stop in chunk_bounds(len(rows.points))]
    edges[-1:] = [n_blocks]
    bounds = list(zip([0, *edges[:-1]], edges, strict=True))
    return list(map_in_order(relabel_part, bounds, n_threads=n_threads))


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

    Parameters, errors and answer are those of the reference, to the bit. On one thread and without
    weights no word of Python is spoken between the passes.
    """
    stop = stop or Stop()
    if weights is None and n_threads == 1:
        history = np.empty(min(rules.max_iter, MOST_ITERATIONS))
        mine = np.array(centroids, dtype=np.float64, order="C")
        labels = np.empty(len(rows.points), dtype=np.int32)
        limits = (
            rules.total,
            rules.tolerance,
            rules.bar,
            FORESIGHT,
            SUM_AFRESH_SHARE,
            rules.stretch,
            PATIENCE,
        )
        edges = np.array([0, *(end for _, end in chunk_bounds(len(labels)))])
        outcome, n_iter = _kernels.lloyd(
            rows.points, rows.screen, mine, labels, history, edges, limits, stop.flag
        )
        if outcome == "stopped":
            raise Stopped
        if outcome != "empty" and not (outcome == "ended" and len(history) == n_iter < rules.max_iter):
            told = tuple(history[:n_iter].tolist())
            converged, hopeless = outcome == "converged", outcome == "hopeless"
            return Run(labels, mine, n_iter, told, converged=converged, hopeless=hopeless)
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
        sums, counts = np.zeros((k, points.shape[1])), np.zeros(k)
        _kernels.sum_rows(points, labels, weights, *bounds, sums, counts)
        return sums, counts

    points, labels = np.ascontiguousarray(points), np.ascontiguousarray(labels, dtype=np.int32)
    weights = None if weights is None else np.ascontiguousarray(weights, dtype=np.float64)
    return _added(part, chunk_bounds(len(labels)), (k, points.shape[1]), n_threads)


def cluster_spreads(
    points: Points, centroids: Floats, labels: Labels, *, n_threads: int = 1
) -> tuple[Floats, Floats]:
    """Sum squared distances and distances of the rows to their centroids by cluster, each ``(k,)``.

    The first sums to the inertia; from both come Davies-Bouldin and Calinski-Harabasz.
    """
    points, centroids, labels = _contiguous(points, centroids, labels)

    def part(bounds: tuple[int, int]) -> tuple[Floats, Floats]:
        squares, lengths = np.zeros(len(centroids)), np.zeros(len(centroids))
        _kernels.spread(points, centroids, labels, *bounds, squares, lengths)
        return squares, lengths

    return _added(part, chunk_bounds(len(points)), (len(centroids),), n_threads)


def _added(
    part: Callable[[tuple[int, int]], tuple[Floats, Floats]],
    bounds: Sequence[tuple[int, int]],
    shape: tuple[int, ...],
    n_threads: int,
) -> tuple[Floats, Floats]:
    """Add up the parts in the order of their chunks."""
    first, second = np.zeros(shape), np.zeros(shape[:1])
    for part_first, part_second in map_in_order(part, bounds, n_threads=n_threads):
        first += part_first
        second += part_second
    return first, second


def _column_totals(points: Points) -> Floats:
    """Return the sum of each column, chunk by chunk and row after row in float64."""
    if points.shape[1] == 1:  # NumPy adds a single column pairwise
        totals = [
            points[start:stop].sum(axis=0, dtype=np.float64) for start, stop in chunk_bounds(len(points))
        ]
        return np.asarray(np.sum(totals, axis=0))
    one_cluster = np.zeros(len(points), dtype=np.int32)
    parts = []
    for bounds in chunk_bounds(len(points)):
        sums = np.zeros((1, points.shape[1]))
        _kernels.sum_rows(points, one_cluster, None, *bounds, sums, np.zeros(1))
        parts.append(sums[0])
    return np.asarray(np.sum(parts, axis=0))


def _contiguous(
    points: Points, centroids: Floats, labels: npt.NDArray[np.integer[Any]]
) -> tuple[Points, Floats, Labels]:
    """Return the arrays as the C functions take them."""
    return (
        np.ascontiguousarray(points),
        np.ascontiguousarray(centroids, dtype=np.float64),
        np.ascontiguousarray(labels, dtype=np.int32),
    )


def seed_rows(
    points: Points,
    k: int,
    *,
    random: np.random.Generator,
    weights: Floats | None = None,
    n_trials: int | None = None,
    closest: Floats | None = None,
) -> Indices:
    """Choose `k` rows as first centroids by greedy k-means++, the same rows as the reference.

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
    columns = np.ascontiguousarray(points.T)
    updates, anew = np.empty((n_trials, n_rows)), closest is None
    closest = np.full(n_rows, np.inf) if closest is None else np.array(closest, dtype=np.float64)
    chosen = np.empty(k, dtype=np.int64)
    for step in range(k):
        if step == 0 and anew:
            candidates = draw_rows(np.ones(n_rows) if weights is None else weights, 1, random)
        else:
            candidates = draw_rows(closest if weights is None else closest * weights, n_trials, random)
        mine = updates[: len(candidates)]
        _kernels.candidate_distances(columns, points[candidates].astype(np.float64), closest, mine)
        masses = [(update if weights is None else update * weights).sum() for update in mine]
        best = int(np.argmin(masses))
        chosen[step] = candidates[best]
        closest = mine[best].copy()
    return chosen


def text_hashes(content: bytes, edges: Indices, *, seed: int = 0) -> npt.NDArray[np.uint64]:
    """Return a well mixed 64-bit hash of each text.

    Parameters, errors and answer are those of the reference.
    """
    hashes = np.empty(max(len(edges) - 1, 0), dtype=np.uint64)
    edges = np.ascontiguousarray(edges, dtype=np.int64)
    _kernels.text_hashes(content, edges, seed % SEEDS, hashes.view(np.int64))
    return hashes


def weighted_squares(
    frames: Singles, filters: Floats, states: Floats, edges: Indices
) -> tuple[Floats, float]:
    """Filter sound by two sections and sum its squares between `edges`; return also its greatest sample.

    Parameters and answers are those of the reference.
    """
    squares = np.empty((len(edges) - 1, frames.shape[1]))
    frames = np.ascontiguousarray(frames, dtype=np.float32)
    return squares, _kernels.weighted_squares(frames, filters, states, edges, squares)
