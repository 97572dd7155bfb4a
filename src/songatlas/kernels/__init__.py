"""The hot loops of clustering, loudness and keys, and the one place that chooses which engine runs them.

Every engine offers the same names with the same answers: `Rows`, `Pass`, `lloyd_pass`, `lloyd`, `nearest`,
`cluster_sums`, `cluster_spreads`, `squared_distances`, `seed_rows`, `random_rows`, `silhouette_table`,
`find_sides`, `text_hashes` and `weighted_squares`. There are two: `native` in C, where it was built, and
`reference` in NumPy. The environment variable ``SONGATLAS_KERNELS`` may name one of them.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from songatlas.kernels.iteration import Rules, Run, Stopped, in_order, moved_centroids
from songatlas.kernels.lines import LARGEST, SMALLEST
from songatlas.kernels.reference_hashes import splitmix
from songatlas.kernels.threads import Stop, map_in_order, one_blas_thread, thread_count

__all__ = [
    "LARGEST",
    "SMALLEST",
    "Pass",
    "Rows",
    "Rules",
    "Run",
    "Stop",
    "Stopped",
    "cluster_spreads",
    "cluster_sums",
    "engine_name",
    "find_sides",
    "in_order",
    "lloyd",
    "lloyd_pass",
    "map_in_order",
    "moved_centroids",
    "nearest",
    "one_blas_thread",
    "random_rows",
    "seed_rows",
    "silhouette_table",
    "splitmix",
    "squared_distances",
    "text_hashes",
    "thread_count",
    "weighted_squares",
]

ENGINES = ("native", "reference")


def _chosen_engine() -> ModuleType:
    """Import the engine that the environment names, else the C engine where it was built."""
    wanted = os.environ.get("SONGATLAS_KERNELS", "")
    if wanted and wanted not in ENGINES:
        raise ValueError(f"SONGATLAS_KERNELS is {wanted!r}: it must be 'native' or 'reference', or not set")
    try:
        return import_module(f"songatlas.kernels.{wanted or 'native'}")
    except ImportError as error:
        if wanted:
            raise ValueError(
                "SONGATLAS_KERNELS is 'native', but the C kernels were not built: "
                "install songatlas where there is a C compiler, or leave the variable unset"
            ) from error
        return import_module("songatlas.kernels.reference")


_engine = _chosen_engine()

if TYPE_CHECKING:
    from songatlas.kernels.reference import (
        Pass,
        Rows,
        cluster_spreads,
        cluster_sums,
        find_sides,
        lloyd,
        lloyd_pass,
        nearest,
        random_rows,
        seed_rows,
        silhouette_table,
        squared_distances,
        text_hashes,
        weighted_squares,
    )
else:
    Pass, Rows = _engine.Pass, _engine.Rows
    cluster_spreads, cluster_sums = _engine.cluster_spreads, _engine.cluster_sums
    lloyd, lloyd_pass, nearest = _engine.lloyd, _engine.lloyd_pass, _engine.nearest
    random_rows, seed_rows = _engine.random_rows, _engine.seed_rows
    silhouette_table, squared_distances = _engine.silhouette_table, _engine.squared_distances
    text_hashes = _engine.text_hashes
    find_sides, weighted_squares = _engine.find_sides, _engine.weighted_squares


def engine_name() -> str:
    """Return the name of the engine that runs the hot loops, "C (AVX2)" for example."""
    return str(_engine.engine_name()) if hasattr(_engine, "engine_name") else "NumPy (reference)"
