"""How good a clustering is: silhouette with its interval, centroid indices, stability, agreement."""

from __future__ import annotations

from songatlas.quality.cross_table import Agreement, CrossTable
from songatlas.quality.indices import (
    INDICES,
    Index,
    calinski_harabasz,
    compactness_indices,
    davies_bouldin,
    inertia,
)
from songatlas.quality.partitions import agreement, purity, stability
from songatlas.quality.separation import (
    EXACT_LIMIT,
    N_QUERIES,
    Estimate,
    centroid_silhouette_values,
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
    "CrossTable",
    "Estimate",
    "Index",
    "agreement",
    "calinski_harabasz",
    "centroid_silhouette_values",
    "compactness_indices",
    "davies_bouldin",
    "inertia",
    "purity",
    "sampled_rows",
    "silhouette",
    "silhouette_values",
    "silhouettes",
    "stability",
]
