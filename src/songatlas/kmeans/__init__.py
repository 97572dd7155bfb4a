"""K-means: the estimator, one clustering for every k, and labelings to judge how firmly each stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from songatlas.kmeans.block_tasks import block_sums
from songatlas.kmeans.clustering import Clustering, nearest_centroids
from songatlas.kmeans.every_k import fit_clusters, sweep
from songatlas.kmeans.held_out import HeldOut, fit_folds
from songatlas.kmeans.nested import FEWEST_SONGS, MOST_SONGS, Division, divide_clusters
from songatlas.kmeans.plain import continued, plain_run
from songatlas.kmeans.resample import resample_labelings
from songatlas.kmeans.settling import Checkpoint, Settled, settle
from songatlas.kmeans.starts import SAMPLE_SONGS, find_starts
from songatlas.kmeans.structureless import CLOUDS, SharesLeft, compare_with_clouds

if TYPE_CHECKING:
    from songatlas.kmeans.estimator import KMeans

__all__ = [
    "CLOUDS",
    "FEWEST_SONGS",
    "MOST_SONGS",
    "SAMPLE_SONGS",
    "Checkpoint",
    "Clustering",
    "Division",
    "HeldOut",
    "KMeans",
    "Settled",
    "SharesLeft",
    "block_sums",
    "compare_with_clouds",
    "continued",
    "divide_clusters",
    "find_starts",
    "fit_clusters",
    "fit_folds",
    "nearest_centroids",
    "plain_run",
    "resample_labelings",
    "settle",
    "sweep",
]


def __getattr__(name: str) -> Any:
    """Import the estimator, and scikit-learn with it, when it is first used: a sweep needs neither."""
    if name == "KMeans":
        from songatlas.kmeans.estimator import KMeans

        return KMeans
    raise AttributeError(f"module 'songatlas.kmeans' has no attribute {name!r}")
