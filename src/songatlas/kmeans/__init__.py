"""K-means: the estimator, one clustering for every k, and labelings to judge how firmly each stands."""

from __future__ import annotations

from songatlas.kmeans.clustering import Clustering, nearest_centroids
from songatlas.kmeans.estimator import KMeans
from songatlas.kmeans.every_k import fit_clusters, sweep
from songatlas.kmeans.resample import resample_labelings

__all__ = ["Clustering", "KMeans", "fit_clusters", "nearest_centroids", "resample_labelings", "sweep"]
