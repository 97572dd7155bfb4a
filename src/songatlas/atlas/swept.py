"""`Swept`: one clustering of the sweep without its labels, which the points give back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from songatlas.kmeans import Clustering, nearest_centroids


@dataclass(frozen=True, eq=False, kw_only=True)
class Swept:
    """What is kept of the clustering of one k.

    Attributes
    ----------
    k : int
    centroids : ndarray of float64, shape (k, n_dimensions)
    inertia : float
    n_iter : int
    history : tuple of float
        All as in `songatlas.kmeans.Clustering`.
    """

    k: int
    centroids: NDArray[np.float64]
    inertia: float
    n_iter: int
    history: tuple[float, ...]

    @classmethod
    def of(cls, clustering: Clustering) -> Swept:
        """Leave the labels of a clustering out."""
        return cls(
            k=clustering.k,
            centroids=clustering.centroids,
            inertia=clustering.inertia,
            n_iter=clustering.n_iter,
            history=clustering.history,
        )

    def clustering(self, points: NDArray[np.float32], *, n_threads: int | None = None) -> Clustering:
        """Return the clustering with the labels of the points, bitwise those that it had."""
        labels, _ = nearest_centroids(points, self.centroids, n_threads=n_threads)
        return Clustering(self.k, self.centroids, labels, self.inertia, self.n_iter, self.history)


def stacked(sweep: Sequence[Swept]) -> NDArray[np.float64]:
    """Return the centroids of all ks below each other, float64 (sum of the ks, n_dimensions)."""
    return np.ascontiguousarray(np.concatenate([each.centroids for each in sweep]), dtype=np.float64)


def described(sweep: Sequence[Swept]) -> list[dict[str, Any]]:
    """Return what is no array, k by k, as plain values."""
    return [
        {"k": each.k, "inertia": each.inertia, "n_iter": each.n_iter, "history": list(each.history)}
        for each in sweep
    ]


def unstacked(centroids: NDArray[np.float64], told: Sequence[Mapping[str, Any]]) -> tuple[Swept, ...]:
    """Return the sweep of `stacked` and `described`; ValueError where they do not belong together."""
    ends = np.cumsum([each["k"] for each in told])
    if not len(ends) or ends.dtype.kind != "i" or ends[-1] != len(centroids) or (np.diff(ends) < 1).any():
        raise ValueError(f"{len(centroids)} centroids for the ks {[each['k'] for each in told]}")
    parts = np.split(centroids, ends[:-1])
    return tuple(
        Swept(centroids=part, **{**each, "history": tuple(each["history"])})
        for part, each in zip(parts, told, strict=True)
    )
