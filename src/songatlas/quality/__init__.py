"""How good a clustering is, and whether there are clusters at all."""

from __future__ import annotations

from songatlas.quality.cross_table import Agreement, CrossTable
from songatlas.quality.gap import PairCounts, Valley, count_pairs, gaps, valley_of
from songatlas.quality.indices import (
    INDICES,
    Index,
    calinski_harabasz,
    compactness_indices,
    davies_bouldin,
    inertia,
)
from songatlas.quality.partitions import agreement, stability
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
    "CrossTable",
    "Estimate",
    "Index",
    "PairCounts",
    "Valley",
    "agreement",
    "calinski_harabasz",
    "compactness_indices",
    "count_pairs",
    "davies_bouldin",
    "gaps",
    "inertia",
    "sampled_rows",
    "silhouette",
    "silhouette_values",
    "silhouettes",
    "stability",
    "valley_of",
]
