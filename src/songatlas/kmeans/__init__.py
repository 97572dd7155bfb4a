"""K-means: the estimator, one clustering for every k, and how firmly each stands."""

from __future__ import annotations

from songatlas.kmeans.clustering import Clustering, nearest_centroids
from songatlas.kmeans.estimator import KMeans
from songatlas.kmeans.sweep import fit_clusters, sweep

__all__ = ["Clustering", "KMeans", "fit_clusters", "nearest_centroids", "sweep"]
