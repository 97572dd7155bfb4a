"""Catalogues on Spark: a table of songs is read, clustered and written where it lies.

`open_session` finds a cluster and makes sure that its executors can do the work, `open_catalogue` gives the
table there as a `songatlas.catalogue.Catalogue`, `simulated_catalogue` one that the executors make up, and
`mllib_kmeans` clusters its points by Spark's own k-means, to compare. Tasks run in Python beside the
executors, over Arrow batches (`mapInArrow`); DataFrames are all that is used of Spark, so that a session of
Spark Connect serves as well. PySpark and PyArrow are imported in this room alone, and only where a session
is opened; importing the room costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from songatlas.spark.catalogue import SparkCatalogue, let_go, open_catalogue, simulated_catalogue
    from songatlas.spark.extra import SparkTrouble
    from songatlas.spark.found import check_place, refuse_missing
    from songatlas.spark.mllib import MllibRun, mllib_kmeans
    from songatlas.spark.points import SparkPoints
    from songatlas.spark.session import end_session, open_session
    from songatlas.spark.sources import TextForm

_HOMES = {
    "MllibRun": "songatlas.spark.mllib",
    "SparkCatalogue": "songatlas.spark.catalogue",
    "SparkPoints": "songatlas.spark.points",
    "SparkTrouble": "songatlas.spark.extra",
    "TextForm": "songatlas.spark.sources",
    "check_place": "songatlas.spark.found",
    "end_session": "songatlas.spark.session",
    "let_go": "songatlas.spark.catalogue",
    "mllib_kmeans": "songatlas.spark.mllib",
    "open_catalogue": "songatlas.spark.catalogue",
    "open_session": "songatlas.spark.session",
    "refuse_missing": "songatlas.spark.found",
    "simulated_catalogue": "songatlas.spark.catalogue",
}

__all__ = [
    "MllibRun",
    "SparkCatalogue",
    "SparkPoints",
    "SparkTrouble",
    "TextForm",
    "check_place",
    "end_session",
    "let_go",
    "mllib_kmeans",
    "open_catalogue",
    "open_session",
    "refuse_missing",
    "simulated_catalogue",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: an executor needs no session."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'songatlas.spark' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
