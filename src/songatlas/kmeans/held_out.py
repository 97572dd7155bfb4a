"""Centroids of some of the songs beside others of them: what these show was not fitted to them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songatlas import kernels
from songatlas.kmeans.clustering import Floats, checked_points
from songatlas.kmeans.inertia import scatter

FITTED_SONGS = 3_000
HELD_OUT_SONGS = 16_000
MOST_CLUSTERS = 64
LEAST_CLUSTER = 4  # fitted songs for each cluster
N_FOLDS_OF_FEW = 5  # while four fifths of the songs are no more than those fitted
PURPOSE = 2_000  # of the draw, so that it is none of those for stability
ITERATIONS = 100


@dataclass(frozen=True)
class HeldOut:
    """Centroids of some songs, and other songs.

    Attributes
    ----------
    centroids : mapping of int to ndarray of float64, shape (k, n_dimensions)
    rows : ndarray of int64, shape (n_rows,)
        Songs that took no part in them, rising.
    """

    centroids: Mapping[int, Floats]
    rows: npt.NDArray[np.int64]


def fit_folds(
    points: npt.ArrayLike, centroids: Mapping[int, Floats], *, seed: int = 0, n_threads: int | None = None
) -> tuple[HeldOut, ...]:
    """Fit clusterings anew to parts of the songs, each beside songs that are not among its own.

    Parameters
    ----------
    points : array-like of float, shape (n_songs, n_dimensions)
        Finite, in an order made from the songs themselves.
    centroids : mapping of int to ndarray of shape (k, n_dimensions)
        Clusterings to begin from. Those with fewer than four songs of a part for each cluster, and those
        of more than 64 clusters, are left out.
    seed : int
    n_threads : int, optional
        Every core by default; the result does not depend on it.

    Returns
    -------
    tuple of HeldOut
        Five that hold out a fifth of the songs each, or of many songs two that hold out up to 16,000.

    Raises
    ------
    ValueError
        When a value of a point is not finite.
    """
    array = checked_points(points)
    order = np.random.default_rng((seed, PURPOSE)).permutation(len(array))
    parts = _fold_rows(order)
    most = min(MOST_CLUSTERS, min(len(fitted) for fitted, _ in parts) // LEAST_CLUSTER)
    starts = {k: own for k, own in sorted(centroids.items()) if k <= most}
    stop = kernels.Stop()

    def fit(part: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]) -> HeldOut:
        fitted, rows = part
        if not starts:
            return HeldOut({}, rows)
        own = kernels.Rows.of(array[fitted])
        rules = kernels.Rules(scatter(own), ITERATIONS)
        found = {k: kernels.lloyd(own, start, rules, stop=stop).centroids for k, start in starts.items()}
        return HeldOut(found, rows)

    with kernels.one_blas_thread():
        threads = kernels.thread_count(n_threads)
        with closing(kernels.map_in_order(fit, parts, n_threads=threads, stop=stop)) as folds:
            return tuple(folds)


def _fold_rows(
    order: npt.NDArray[np.int64],
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Rows to fit and rows to hold out, rising."""
    n_songs = len(order)
    if (N_FOLDS_OF_FEW - 1) * n_songs <= N_FOLDS_OF_FEW * FITTED_SONGS:
        folds = np.array_split(order, N_FOLDS_OF_FEW)
        return [(np.sort(np.setdiff1d(order, held)), np.sort(held)) for held in folds]
    n_fitted = min(FITTED_SONGS, n_songs // 2)
    stop = n_fitted + HELD_OUT_SONGS
    return [(np.sort(each[:n_fitted]), np.sort(each[n_fitted:stop])) for each in (order, order[::-1])]
