"""What `settling` asks of a block of points: functions whose answers add up, or stand one below the other.

A block is float32 ``(n_songs, n_dimensions)``. It is taken in chunks that stay in the cache. On points that
are multiples of a power of two all sums are exact, but for that of squared distances.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songatlas import kernels
from songatlas.kmeans.clustering import Floats, Points

CHUNK_VALUES = 1 << 19  # coordinates taken at once, so that what is made of them stays in the cache
FINE = 2.0**-12  # squares are summed in two parts: multiples of this, and what is left


def block_sums(block: Points, centroids: Floats, *, squares: bool = True) -> Floats:
    """Return sums, counts and squared distances of the songs nearest to each centroid.

    Parameters
    ----------
    block : ndarray of float, shape (n_songs, n_dimensions)
    centroids : ndarray of float64, shape (k, n_dimensions)
    squares : bool
        Whether to sum squared distances, too, which cost as much again as the sums.

    Returns
    -------
    ndarray of float64, shape (k * (n_dimensions + 2),)
        The sums of the points, cluster by cluster; how many they are (k numbers); their squared distances to
        their centroids, summed (k numbers; left out unless they are asked for).
    """
    k, n_dimensions = centroids.shape
    sums, counts, distances = np.zeros((k, n_dimensions)), np.zeros(k), np.zeros(k)
    for chunk in _chunks(block):
        labels = kernels.nearest(kernels.Rows.near(chunk, centroids), centroids)
        more, n_more = kernels.cluster_sums(chunk, labels, k)
        sums += more
        counts += n_more
        if squares:
            distances += kernels.cluster_spreads(chunk, centroids, labels)[0]
    return np.concatenate([sums.ravel(), counts, *([distances] if squares else [])])


def block_moments(block: Points) -> Floats:
    """Return the sum of the points, ``(n_dimensions,)``, and of their squares in two exact parts."""
    sums, squares = np.zeros(block.shape[1]), np.zeros(2)
    for chunk in _chunks(block):
        values = chunk.astype(np.float64)
        sums += values.sum(axis=0)
        values *= values
        high = np.rint(values / FINE) * FINE
        rest = float((values - high).sum())
        carried = np.rint(rest / FINE) * FINE
        squares += float(high.sum()) + carried, rest - carried
    return np.concatenate([sums, squares])


def farthest_rows(block: Points, centroids: Floats, *, n_rows: int) -> Floats:
    """Return the rows of a block that lie farthest out, float64 ``(at most n_rows, n_dimensions + 3)``.

    Columns: squared distance to the nearest centroid, its number, the greatest absolute coordinate of the
    block, and the point.
    """
    labels = kernels.nearest(kernels.Rows.near(block, centroids), centroids)
    distances = kernels.squared_distances(block, centroids, labels)
    rows = farthest_first(distances, block)[:n_rows]
    reach = np.full(len(rows), np.abs(block).max(initial=0.0))
    return np.column_stack([distances[rows], labels[rows], reach, block[rows]]).astype(np.float64)


def _chunks(block: Points) -> list[Points]:
    n_rows = max(CHUNK_VALUES // block.shape[1], 1)
    return [block[first : first + n_rows] for first in range(0, len(block), n_rows)]


def farthest_first(distances: Floats, points: npt.NDArray[np.floating]) -> npt.NDArray[np.intp]:
    """Rows by falling distance, those equally far by their points: an order that hangs on no other row."""
    return np.lexsort((*points.T[::-1], -distances))
