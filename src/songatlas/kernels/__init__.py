"""The hot loops of clustering, and the one place that chooses which engine runs them.

Every engine offers the same names with the same answers: `Rows`, `Pass`, `lloyd_pass`, `nearest`,
`cluster_sums`, `squared_distances`, `seed_rows`, `random_rows` and `silhouette_sums`. Today there is
one, in NumPy.
"""

from __future__ import annotations

from songatlas.kernels import reference as _engine
from songatlas.kernels.reference import Pass, Rows
from songatlas.kernels.threads import map_in_order, one_blas_thread, thread_count

__all__ = [
    "Pass",
    "Rows",
    "cluster_sums",
    "engine_name",
    "lloyd_pass",
    "map_in_order",
    "nearest",
    "one_blas_thread",
    "random_rows",
    "seed_rows",
    "silhouette_sums",
    "squared_distances",
    "thread_count",
]

cluster_sums = _engine.cluster_sums
lloyd_pass = _engine.lloyd_pass
nearest = _engine.nearest
random_rows = _engine.random_rows
seed_rows = _engine.seed_rows
silhouette_sums = _engine.silhouette_sums
squared_distances = _engine.squared_distances


def engine_name() -> str:
    """Return the name of the engine that runs the hot loops."""
    return "NumPy (reference)"
