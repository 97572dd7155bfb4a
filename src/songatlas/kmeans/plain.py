"""One plain run of K-means, as textbooks have it: what the search of the sweep is measured against."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from songatlas import kernels
from songatlas.kmeans.clustering import checked_points, require_distinct
from songatlas.kmeans.inertia import scatter

MAX_ITER = 300


def plain_run(
    points: npt.ArrayLike, k: int, *, seed: int = 0, n_threads: int | None = None
) -> tuple[float, ...]:
    """Return the inertia after each iteration from one greedy k-means++ start until no label changes.

    Parameters
    ----------
    points : array-like of float, shape (n_songs, n_dimensions)
        Finite.
    k : int
    seed : int
    n_threads : int, optional
        Every core by default; the result does not depend on it.

    Returns
    -------
    tuple of float
        Never rising; at most 300 of them.

    Raises
    ------
    TooFewSongs
        When fewer than `k` songs differ from one another.
    ValueError
        When a value of a point is not finite.

    Examples
    --------
    >>> plain_run([[0.0], [1.0], [9.0], [10.0]], 2)[-1]
    1.0
    """
    array = checked_points(points)
    require_distinct(array, k)
    rows = kernels.Rows.of(array)
    seeds = array[kernels.seed_rows(array, k, random=np.random.default_rng(seed))].astype(np.float64)
    rules = kernels.Rules(scatter(rows), MAX_ITER)
    with kernels.one_blas_thread():
        return kernels.lloyd(rows, seeds, rules, n_threads=kernels.thread_count(n_threads)).history


def continued(
    points: npt.ArrayLike, centroids: npt.ArrayLike, *, n_threads: int | None = None
) -> npt.NDArray[np.float64]:
    """Return the centroids that Lloyd's iteration comes to from given ones, in their order.

    Parameters
    ----------
    points : array-like of float, shape (n_songs, n_dimensions)
        Finite.
    centroids : array-like of float, shape (k, n_dimensions)
        Where to start, such as the centroids of other songs in the same space.
    n_threads : int, optional
        Every core by default; the result does not depend on it.

    Raises
    ------
    ValueError
        When a value of a point is not finite.

    Examples
    --------
    >>> continued([[0.0], [1.0], [9.0], [10.0]], [[0.0], [5.5]]).tolist()
    [[0.5], [9.5]]
    """
    rows = kernels.Rows.of(checked_points(points))
    start = np.ascontiguousarray(centroids, dtype=np.float64)
    rules = kernels.Rules(scatter(rows), MAX_ITER)
    with kernels.one_blas_thread():
        return kernels.lloyd(rows, start, rules, n_threads=kernels.thread_count(n_threads)).centroids
