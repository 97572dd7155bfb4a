"""Lloyd's iteration, from given centroids until it converges: the rules, pass by pass.

The rules are scikit-learn's: an empty cluster takes the point farthest from its centroid, the iteration
ends when no label changes or when the centroids moved less than a tolerance. One thing is added: where
no label changes, the centroids are averaged once more from all rows, so that they are the means of
their clusters without the rounding that many small updates leave.

Every sum over clusters or coordinates is made in their order, so that an engine in another language
ends at the same numbers.

References
----------
Lloyd, "Least squares quantization in PCM", IEEE Transactions on Information Theory 28 (1982).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from songatlas.kernels.threads import Stop

Floats: TypeAlias = npt.NDArray[np.float64]
Labels: TypeAlias = npt.NDArray[np.int32]
Points: TypeAlias = npt.NDArray[np.floating[Any]]

SUM_AFRESH_SHARE = 0.3  # of changed rows, above which all are summed anew
PATIENCE = 2  # iterations before a run is given up
FORESIGHT = 3  # how many steps like the last it is credited with


class Stopped(Exception):
    """The caller no longer wants the result."""


@dataclass(frozen=True)
class Run:
    """Where Lloyd's iteration ended.

    Attributes
    ----------
    labels : ndarray of int32, shape (n_rows,)
        Nearest centroid of each row; those of the pass before where the run was hopeless.
    centroids : ndarray of float64, shape (k, n_dimensions)
    n_iter : int
        Passes over the rows that moved the centroids.
    history : tuple of float
        Inertia after each of them.
    converged : bool
        Whether no label changed any more.
    hopeless : bool
        Whether the run was given up, because its inertia would not have come below the bar.
    """

    labels: Labels
    centroids: Floats
    n_iter: int
    history: tuple[float, ...]
    converged: bool
    hopeless: bool = False


@dataclass(frozen=True)
class Rules:
    """When a run ends.

    Attributes
    ----------
    total : float
        The (weighted) squared distances of all rows to their mean, summed.
    max_iter : int
    tolerance : float
        End when the squared moves of all centroids sum to no more than this.
    bar : float
        Give up where the inertia is falling too slowly ever to come below this.
    stretch : float
        Of every step of a centroid; above 1 it goes beyond the mean of its cluster, which comes to the
        end sooner, but the inertia need not fall at every step, and the last centroids are no means.
    """

    total: float
    max_iter: int
    tolerance: float = 0.0
    bar: float = np.inf
    stretch: float = 1.0


class _Rows(Protocol):
    """What every engine's rows have."""

    @property
    def points(self) -> Points: ...
    @property
    def shift(self) -> Floats: ...


class _Pass(Protocol):
    """What every engine's pass has."""

    @property
    def labels(self) -> Labels: ...
    @property
    def sums(self) -> Floats: ...
    @property
    def counts(self) -> Floats: ...
    @property
    def n_changed(self) -> int: ...
    @property
    def centroids(self) -> Floats: ...


def iterate(
    lloyd_pass: Callable[..., Any],
    squared_distances: Callable[[Points, Floats, Labels], Floats],
    rows: _Rows,
    centroids: Floats,
    rules: Rules,
    *,
    weights: Floats | None = None,
    n_threads: int = 1,
    stop: Stop | None = None,
) -> Run:
    """Iterate with the passes of an engine, from `centroids` until the rules say that it is enough.

    Raises
    ------
    Stopped
        Soon after `stop` is set.
    """
    history: list[float] = []
    last: Any = None
    confirming = ended = False
    while True:
        if stop is not None and stop.is_set():
            raise Stopped
        last = lloyd_pass(rows, centroids, last, weights=weights, n_threads=n_threads)
        settled = last.n_changed == 0
        if ended or (confirming and settled):
            return Run(last.labels, centroids, len(history), tuple(history), converged=confirming and settled)
        moved, inertia = _update(rows, last, weights, rules.total, squared_distances)
        history.append(inertia)
        steps = moved - centroids
        moves = in_order(np.square(steps).ravel())
        stretched = rules.stretch != 1.0 and not settled and last.counts.all()
        centroids, confirming = centroids + rules.stretch * steps if stretched else moved, settled
        if not settled and _hopeless(history, rules.bar):
            return Run(last.labels, centroids, len(history), tuple(history), converged=False, hopeless=True)
        ended = (not settled and moves <= rules.tolerance) or len(history) == rules.max_iter


def _hopeless(history: list[float], bar: float) -> bool:
    """Say whether even many more steps like the last would leave the inertia above the bar."""
    if len(history) < PATIENCE:
        return False
    return history[-1] - FORESIGHT * (history[-2] - history[-1]) > bar


def in_order(values: Floats) -> float:
    """Return the sum of the values, added one after the other.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        At least one.
    """
    return float(np.cumsum(values)[-1])


def moved_centroids(sums: Floats, counts: Floats, mean: Floats, total: float) -> tuple[Floats, float]:
    """Return the means of the clusters, and the inertia about them: one step of Lloyd's iteration.

    Parameters
    ----------
    sums : ndarray of float64, shape (k, n_dimensions)
        Of the rows of each cluster.
    counts : ndarray of float64, shape (k,)
        Rows of each cluster, or their weights, summed.
    mean : ndarray of float64, shape (n_dimensions,)
        Of all rows.
    total : float
        The (weighted) squared distances of all rows to it, summed.

    Returns
    -------
    centroids : ndarray of float64, shape (k, n_dimensions)
        That of an empty cluster is the centroid of the largest.
    inertia : float
        0 or more.
    """
    filled = counts > 0
    centroids = np.empty_like(sums)
    centroids[filled] = sums[filled] / counts[filled, None]
    centroids[~filled] = centroids[np.argmax(counts)]
    distances = np.cumsum(np.square(centroids - mean), axis=1)[:, -1]
    return centroids, max(total - in_order(counts * distances), 0.0)


def _update(
    rows: _Rows,
    last: _Pass,
    weights: Floats | None,
    total: float,
    squared_distances: Callable[[Points, Floats, Labels], Floats],
) -> tuple[Floats, float]:
    """Return the means of the clusters, empty ones relocated, and the inertia about them."""
    sums, counts = last.sums, last.counts
    if not counts.all():
        distances = squared_distances(rows.points, last.centroids, last.labels)
        sums, counts = _relocate_empty(rows, last, weights, distances)
    return moved_centroids(sums, counts, rows.shift, total)


def _relocate_empty(
    rows: _Rows, last: _Pass, weights: Floats | None, distances: Floats
) -> tuple[Floats, Floats]:
    """Give each empty cluster one of the points farthest from their centroids; that point leaves its own."""
    sums, counts = last.sums.copy(), last.counts.copy()
    empty = np.flatnonzero(counts == 0)
    reach = max(float(np.abs(rows.points).max()), 1e-300)
    rounding = (16 * np.finfo(np.float64).eps * reach) ** 2
    if distances.max() <= rounding:  # fewer distinct points than clusters
        return sums, counts
    farthest = np.argpartition(distances, -len(empty))[: -len(empty) - 1 : -1]
    for cluster, row in zip(empty, farthest, strict=True):
        weight = 1.0 if weights is None else float(weights[row])
        point = rows.points[row].astype(np.float64) * weight
        sums[last.labels[row]] -= point
        counts[last.labels[row]] -= weight
        sums[cluster], counts[cluster] = point, weight
    return sums, counts
