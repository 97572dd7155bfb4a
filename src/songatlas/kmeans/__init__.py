"""K-means: the estimator, one clustering for every k, and labelings to judge how firmly each stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from songatlas.kmeans.clustering import Clustering, nearest_centroids
from songatlas.kmeans.every_k import fit_clusters, sweep
from songatlas.kmeans.plain import plain_run
from songatlas.kmeans.resample import resample_labelings

if TYPE_CHECKING:
    from songatlas.kmeans.estimator import KMeans

__all__ = [
    "Clustering",
    "KMeans",
    "fit_clusters",
    "nearest_centroids",
    "plain_run",
    "resample_labelings",
    "sweep",
]


def __getattr__(name: str) -> Any:
    """Import the estimator, and scikit-learn with it, when it is first used: a sweep needs neither."""
    if name == "KMeans":
        from songatlas.kmeans.estimator import KMeans

        return KMeans
    raise AttributeError(f"module 'songatlas.kmeans' has no attribute {name!r}")
