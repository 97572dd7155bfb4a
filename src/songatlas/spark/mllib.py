"""Spark's own k-means (MLlib) over the same points, to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from songatlas.kmeans.block_tasks import block_sums
from songatlas.spark.blocks import Spelled
from songatlas.spark.extra import SparkTrouble
from songatlas.spark.jobs import is_connect, mapped, run
from songatlas.spark.points import SparkPoints

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True, kw_only=True)
class MllibRun:
    """Where MLlib ended.

    Attributes
    ----------
    centroids : ndarray of float64, shape (k, n_dimensions)
        Fewer than were asked for where there are not so many distinct points.
    n_iter : int
    cost : float
        Sum of the squared distances of all points to their centroids.
    """

    centroids: NDArray[np.float64]
    n_iter: int
    cost: float


def mllib_kmeans(
    points: SparkPoints, k: int, *, seed: int, max_iter: int = 300, tolerance: float = 1e-4
) -> MllibRun:
    """Cluster points by MLlib, from starts of its own: PySpark's k-means takes none.

    Parameters
    ----------
    points : SparkPoints
    k : int
    seed : int
    max_iter : int
    tolerance : float
        Ends when no centroid moves farther.

    Raises
    ------
    SparkTrouble
        In a session of Spark Connect, or where MLlib fails.
    """
    if is_connect(points.session):
        raise SparkTrouble(
            "MLlib does not run over Spark Connect here: use --spark-kmeans ours, or a master like "
            "spark://HOST:PORT"
        )
    from pyspark.ml.clustering import KMeans

    vectors = vectors_of(points).persist()
    try:
        kmeans = KMeans(k=k, seed=seed, maxIter=max_iter, tol=tolerance, featuresCol="vector")
        model: Any = run(points.session, lambda: kmeans.fit(vectors))
    finally:
        vectors.unpersist()
    centroids = np.array(model.clusterCenters(), dtype=np.float64)
    # MLlib's own cost is about the centroids before its last step.
    squares = points.summed(partial(block_sums, centroids=centroids))[-len(centroids) :]
    return MllibRun(centroids=centroids, n_iter=int(model.summary.numIter), cost=float(squares.sum()))


def vectors_of(points: SparkPoints) -> DataFrame:
    """Return the points as MLlib wants them, one vector a row in the column `vector`."""
    from pyspark.ml.functions import array_to_vector

    arrays = mapped(points.blocks, Spelled(), "point array<float>")
    return arrays.select(array_to_vector(arrays["point"]).alias("vector"))
