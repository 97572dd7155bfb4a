"""How good a clustering is: silhouette with its interval, centroid indices, stability, agreement."""

from __future__ import annotations

from songatlas.quality.indices import INDICES, Index, calinski_harabasz, davies_bouldin, inertia
from songatlas.quality.partitions import Agreement, agreement, purity, stability
from songatlas.quality.separation import (
    EXACT_LIMIT,
    N_QUERIES,
    Estimate,
    sampled_rows,
    silhouette,
    silhouette_values,
    silhouettes,
)

__all__ = [
    "EXACT_LIMIT",
    "INDICES",
    "N_QUERIES",
    "Agreement",
    "Estimate",
    "Index",
    "agreement",
    "calinski_harabasz",
    "davies_bouldin",
    "inertia",
    "purity",
    "sampled_rows",
    "silhouette",
    "silhouette_values",
    "silhouettes",
    "stability",
]
