"""What a clustering is, which points can be clustered, and to which centroid a point belongs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from songatlas import kernels
from songatlas.errors import TooFewSongs

Floats: TypeAlias = npt.NDArray[np.float64]
Labels: TypeAlias = npt.NDArray[np.int32]
Points: TypeAlias = npt.NDArray[np.floating[Any]]

FIRST_LOOK_ROWS = 1024


@dataclass(frozen=True)
class Clustering:
    """Songs divided into `k` clusters.

    Attributes
    ----------
    k : int
    centroids : ndarray of float64, shape (k, n_dimensions)
        The means of the clusters; of more than 300,000 songs within scikit-learn's tolerance of them.
    labels : ndarray of int32, shape (n_songs,)
        0 to k - 1, by falling size of the cluster, equal sizes by centroid. Always what
        `nearest_centroids` says for the same points.
    inertia : float
        Summed squared distance of the songs to their centroids.
    n_iter : int
        Iterations over all songs.
    history : tuple of float
        Inertia about the means after each iteration, never rising but for the rounding of their sums.
    """

    k: int
    centroids: Floats
    labels: Labels
    inertia: float
    n_iter: int
    history: tuple[float, ...]


def checked_points(points: npt.ArrayLike, *, name: str = "points") -> Points:
    """Return points as a finite float32 or float64 array, shape ``(n, n_dimensions)``, in C order.

    Raises
    ------
    ValueError
        When the shape is not that of a table, or a value is missing, infinite or so large that its square
        is no number.
    """
    array = np.asarray(points)
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(
            f"{name} have the shape {array.shape}: a row for each song and a column for each "
            "dimension are needed"
        )
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(
            f"{int((~finite).sum())} of {len(array)} {name} have a value that is missing or infinite, "
            f"the first in row {row}: fill or leave out such songs before clustering"
        )
    if array.dtype == np.float64 and array.size:
        largest = max(float(array.max()), -float(array.min()))
        if largest >= kernels.LARGEST:
            raise ValueError(
                f"{name} have a value of a size of {largest:.3g}: squares of {kernels.LARGEST:.3g} and more "
                "cannot be summed; divide all by the same number before clustering"
            )
    return np.ascontiguousarray(array)


def require_spread(points: Points) -> None:
    """Raise ValueError where points differ, but by so little that their squared distances vanish."""
    if points.dtype == np.float32 or not len(points):
        return  # the least number of float32 is far above
    spread = float((points.max(axis=0) - points.min(axis=0)).max())
    if 0 < spread < kernels.SMALLEST:
        raise ValueError(
            f"the points differ by no more than {spread:.3g}: squares of differences below "
            f"{kernels.SMALLEST:.3g} vanish; multiply all by the same large number before clustering"
        )


def nearest_centroids(
    points: npt.ArrayLike, centroids: npt.ArrayLike, *, n_threads: int | None = None
) -> tuple[Labels, Floats]:
    """Return the nearest centroid of each point, and the distance to it.

    Label and distance of a point depend on nothing but the point and the centroids: any subset of the
    points, in any order, on any number of threads, gets bitwise the same.

    Parameters
    ----------
    points : array-like of float, shape (n, n_dimensions)
        Finite.
    centroids : array-like of float, shape (k, n_dimensions)
    n_threads : int, optional
        Every core by default.

    Returns
    -------
    labels : ndarray of int32, shape (n,)
        Of equally near centroids, the first.
    distances : ndarray of float64, shape (n,)
        Euclidean.

    Raises
    ------
    ValueError
        When a value is not finite, or points and centroids differ in their dimensions.

    Examples
    --------
    >>> labels, distances = nearest_centroids([[0.0], [4.0]], [[1.0], [4.0]])
    >>> labels.tolist(), distances.tolist()
    ([0, 1], [1.0, 0.0])
    """
    rows, centres = checked_points(points), checked_points(centroids, name="centroids").astype(np.float64)
    if rows.shape[1] != centres.shape[1]:
        raise ValueError(
            f"points have {rows.shape[1]} dimensions and centroids {centres.shape[1]}: "
            "both must come from the same space"
        )
    if len(centres) == 0:
        raise ValueError("there are no centroids: give at least one")
    if len(rows) == 0:
        return np.empty(0, dtype=np.int32), np.empty(0)
    labels = kernels.nearest(kernels.Rows.of(rows), centres, n_threads=kernels.thread_count(n_threads))
    return labels, np.sqrt(kernels.squared_distances(rows, centres, labels))


def canonical_order(centroids: Floats, sizes: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Return the clusters in the order of their numbers: by falling size, equal sizes by centroid.

    Parameters
    ----------
    centroids : ndarray of float64, shape (k, n_dimensions)
    sizes : ndarray of int or float, shape (k,)
        Songs of each cluster.

    Returns
    -------
    ndarray of int, shape (k,)
        The cluster that is to be the first, the second, and so on.

    Examples
    --------
    >>> canonical_order(np.array([[3.0], [1.0], [2.0]]), np.array([4, 4, 9])).tolist()
    [2, 1, 0]
    """
    return np.lexsort((*centroids.T[::-1], -sizes))


def require_distinct(points: Points, k: int) -> None:
    """Raise `TooFewSongs` where fewer than `k` points differ from one another, or ValueError by too little.

    Looks at ever more rows, so that it costs nothing where points differ, as they nearly always do.
    """
    require_spread(points)
    n_rows = min(len(points), max(FIRST_LOOK_ROWS, k))
    while True:
        n_distinct = len(np.unique(points[:n_rows] + 0.0, axis=0))
        if n_distinct >= k:
            return
        if n_rows == len(points):
            break
        n_rows = min(len(points), 8 * n_rows)
    songs = "song" if len(points) == 1 else "songs"
    alike = "" if n_distinct == len(points) else f", of which {n_distinct} differ from one another"
    raise TooFewSongs(
        f"{k} clusters were asked of {len(points)} {songs}{alike}: a cluster needs at least one song "
        f"of its own; ask for {n_distinct} or fewer, or give more songs"
    )
