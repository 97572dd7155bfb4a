"""What every index needs of its input: points that are finite, labels counted from 0, cluster means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from songatlas.kernels import LARGEST, cluster_sums


@dataclass(frozen=True)
class Labeling:
    """Labels as `codes` 0..k-1 (int32), with the `sizes` of the clusters, none of them empty."""

    codes: NDArray[np.int32]
    sizes: NDArray[np.int64]

    @property
    def k(self) -> int:
        """Number of clusters."""
        return len(self.sizes)


def check_points(points: Any) -> NDArray[Any]:
    """Return `points` as a two-dimensional array of finite numbers.

    Raises
    ------
    ValueError
        If it is not two-dimensional, is empty, or holds a NaN, an infinity or a number whose square is none.
    """
    checked = np.asarray(points)
    if not np.issubdtype(checked.dtype, np.floating):
        checked = checked.astype(np.float64)
    if checked.ndim != 2 or 0 in checked.shape:
        raise ValueError(f"points must be (n_songs, n_dimensions), not of shape {checked.shape}")
    if not np.isfinite(checked).all():
        raise ValueError("points hold a NaN or an infinity: fill or exclude missing values first")
    largest = max(float(checked.max()), -float(checked.min()))
    if largest >= LARGEST:
        raise ValueError(
            f"points hold a number of a size of {largest:.3g}: squares of {LARGEST:.3g} and more "
            "cannot be summed; divide all by the same number"
        )
    return checked


def codes_of(labels: ArrayLike) -> tuple[NDArray[np.int32], int]:
    """Return `labels` as numbers 0..k-1 in rising order of the labels, and k.

    Raises
    ------
    ValueError
        If the labels are no list of integers (or, for genres, words).
    """
    given = np.asarray(labels)
    if given.ndim != 1 or given.dtype.kind not in "iubUSO":
        raise ValueError(f"labels must be a list of integers or words, not {given.dtype} {given.shape}")
    if given.size and given.dtype.kind in "iu" and given.min() >= 0 and given.max() < max(256, given.size):
        present = np.bincount(given.astype(np.int64, copy=False)) > 0
        if present.all():
            return given.astype(np.int32, copy=False), len(present)
        return (np.cumsum(present) - 1)[given].astype(np.int32), int(present.sum())
    values, codes = np.unique(given, return_inverse=True)
    return codes.astype(np.int32), len(values)


def encode(labels: ArrayLike, n_songs: int) -> Labeling:
    """Return the labels of a clustering that has at least two clusters and fewer than songs.

    Raises
    ------
    ValueError
        If the number of labels is not `n_songs`, or there is one cluster or one for every song.
    """
    codes, k = codes_of(labels)
    if len(codes) != n_songs:
        raise ValueError(f"{len(codes)} labels for {n_songs} songs: there must be one label a song")
    if not 2 <= k <= n_songs - 1:
        raise ValueError(
            f"{k} cluster{'s' if k != 1 else ''} of {n_songs} songs cannot be judged: "
            f"there must be at least 2 clusters and at most one fewer than songs"
        )
    return Labeling(codes=codes, sizes=np.bincount(codes, minlength=k))


def mean_by_cluster(points: NDArray[Any], labeling: Labeling) -> NDArray[np.float64]:
    """Return the centroids, float64 `(k, n_dimensions)`."""
    return cluster_sums(points, labeling.codes, labeling.k)[0] / labeling.sizes[:, None]
