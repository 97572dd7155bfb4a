"""Lloyd's iteration, from given centroids until it converges.

The rules are scikit-learn's: an empty cluster takes the point farthest from its centroid, the iteration
ends when no label changes or when the centroids moved less than a tolerance. One thing is added: where
no label changes, the centroids are averaged once more from all rows, so that they are the means of
their clusters without the rounding that many small updates leave.

References
----------
Lloyd, "Least squares quantization in PCM", IEEE Transactions on Information Theory 28 (1982).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Event
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from songatlas import kernels

Floats: TypeAlias = npt.NDArray[np.float64]
Labels: TypeAlias = npt.NDArray[np.int32]
Points: TypeAlias = npt.NDArray[np.floating[Any]]

BLOCK_ROWS = 1 << 16
PATIENCE = 4  # iterations before a run is given up
FORESIGHT = 10  # how many steps like the last it is credited with


class Stopped(Exception):
    """The caller no longer wants the result."""


@dataclass(frozen=True)
class Run:
    """Where Lloyd's iteration ended.

    Attributes
    ----------
    labels : ndarray of int32, shape (n_rows,)
        Nearest centroid of each row.
    centroids : ndarray of float64, shape (k, n_dimensions)
    n_iter : int
        Passes over the rows that moved the centroids.
    history : tuple of float
        Inertia after each of them.
    converged : bool
        Whether no label changed any more.
    """

    labels: Labels
    centroids: Floats
    n_iter: int
    history: tuple[float, ...]
    converged: bool


def scatter(rows: kernels.Rows, weights: Floats | None = None) -> float:
    """Return the (weighted) sum of the squared distances of all rows to `rows.shift`."""
    centre = rows.shift[None, :]
    return summed_squares(rows.points, centre, np.zeros(len(rows.points), dtype=np.int32), weights)


def summed_squares(
    points: Points, centroids: Floats, labels: npt.NDArray[np.integer[Any]], weights: Floats | None = None
) -> float:
    """Return the inertia: the (weighted) sum of squared distances of the rows to their own centroids."""
    total = 0.0
    for start in range(0, len(points), BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        squares = kernels.squared_distances(points[block], centroids, labels[block])
        total += float((squares if weights is None else squares * weights[block]).sum())
    return total


def run_lloyd(
    rows: kernels.Rows,
    centroids: Floats,
    *,
    total: float,
    max_iter: int,
    tolerance: float = 0.0,
    weights: Floats | None = None,
    bar: float = np.inf,
    n_threads: int = 1,
    stop: Event | None = None,
) -> Run:
    """Iterate from `centroids` until no label changes, or the tolerance or `max_iter` is reached.

    Parameters
    ----------
    rows : Rows
    centroids : ndarray of float64, shape (k, n_dimensions)
        Where to begin; the order of the clusters stays.
    total : float
        What `scatter` returns for the same rows and weights.
    max_iter : int
    tolerance : float
        End when the squared moves of all centroids sum to no more than this.
    weights : ndarray of float64, shape (n_rows,), optional
    bar : float
        Give up where the inertia is falling too slowly ever to come below this.
    n_threads : int
    stop : threading.Event, optional
        Raises `Stopped` soon after it is set.
    """
    history: list[float] = []
    last: kernels.Pass | None = None
    for n_iter in range(1, max_iter + 1):
        if stop is not None and stop.is_set():
            raise Stopped
        settled = last is not None
        last = kernels.lloyd_pass(rows, centroids, last, weights=weights, n_threads=n_threads)
        settled = settled and last.n_changed == 0
        if settled:
            last = _summed_afresh(rows, last, weights, n_threads)
        moved, inertia = _update(rows, last, weights, total)
        history.append(inertia)
        shift = float(np.square(moved - centroids).sum())
        centroids = moved
        if settled:
            confirmed = kernels.lloyd_pass(rows, centroids, last, weights=weights, n_threads=n_threads)
            last = confirmed
            if confirmed.n_changed == 0:
                return Run(confirmed.labels, centroids, n_iter, tuple(history), converged=True)
        elif shift <= tolerance or _hopeless(history, bar):
            break
    final = kernels.lloyd_pass(rows, centroids, last, weights=weights, n_threads=n_threads)
    return Run(final.labels, centroids, n_iter, tuple(history), converged=False)


def _hopeless(history: list[float], bar: float) -> bool:
    """Say whether even many more steps like the last would leave the inertia above the bar."""
    if len(history) < PATIENCE:
        return False
    return history[-1] - FORESIGHT * (history[-2] - history[-1]) > bar


def _summed_afresh(
    rows: kernels.Rows, last: kernels.Pass, weights: Floats | None, n_threads: int
) -> kernels.Pass:
    """Replace the sums of a pass, which small updates have rounded, by sums over all rows."""
    sums, counts = kernels.cluster_sums(
        rows, last.labels, len(last.counts), weights=weights, n_threads=n_threads
    )
    return replace(last, sums=sums, counts=counts)


def _update(
    rows: kernels.Rows, last: kernels.Pass, weights: Floats | None, total: float
) -> tuple[Floats, float]:
    """Return the means of the clusters, empty ones relocated, and the inertia about them."""
    sums, counts = last.sums, last.counts
    if not counts.all():
        sums, counts = _relocate_empty(rows, last, weights)
    filled = counts > 0
    centroids = np.empty_like(sums)
    centroids[filled] = sums[filled] / counts[filled, None]
    centroids[~filled] = centroids[np.argmax(counts)]
    between = float((counts * np.square(centroids - rows.shift).sum(axis=1)).sum())
    return centroids, max(total - between, 0.0)


def _relocate_empty(rows: kernels.Rows, last: kernels.Pass, weights: Floats | None) -> tuple[Floats, Floats]:
    """Give each empty cluster one of the points farthest from their centroids; that point leaves its own."""
    sums, counts = last.sums.copy(), last.counts.copy()
    empty = np.flatnonzero(counts == 0)
    distances = kernels.squared_distances(rows.points, last.centroids, last.labels)
    reach = max(float(np.abs(rows.points).max()), 1e-300)
    if (
        distances.max() <= (16 * np.finfo(np.float64).eps * reach) ** 2
    ):  # rounding: fewer distinct points than clusters
        return sums, counts
    farthest = np.argpartition(distances, -len(empty))[: -len(empty) - 1 : -1]
    for cluster, row in zip(empty, farthest, strict=True):
        weight = 1.0 if weights is None else float(weights[row])
        point = rows.points[row].astype(np.float64) * weight
        sums[last.labels[row]] -= point
        counts[last.labels[row]] -= weight
        sums[cluster], counts[cluster] = point, weight
    return sums, counts
