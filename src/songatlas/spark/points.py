"""Points kept in the memory of the executors, in blocks, and what a task answers of all of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from songatlas.catalogue import PointTask
from songatlas.progress import Progress
from songatlas.spark.jobs import fetched, mapped, run, told_error
from songatlas.spark.packing import array_of
from songatlas.spark.workers import ANSWERS, BLOCKS, Stacked, Summed, answers_of, block_batches

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class SparkPoints:
    """Points on a Spark cluster (`songatlas.catalogue.Points`).

    Each iteration reads a few large cells a partition, and sends one small array of each partition to the
    driver. Blocks that a lost executor kept are made anew.

    Attributes
    ----------
    n_points, n_dimensions : int
    blocks : DataFrame
        A block a row: `block` (binary, float32 in C order), `n` points, `d` dimensions.
    """

    def __init__(self, session: SparkSession, blocks: DataFrame, *, tell: Progress, n_rows: int) -> None:
        self._session = session
        self.blocks = blocks.persist()
        sizes = run(session, lambda: fetched(self.blocks.select("n", "d")), tell=tell, n_rows=n_rows)
        self._n_points = int(sum(sizes.column("n").to_pylist()))
        self.n_dimensions = int(max(sizes.column("d").to_pylist(), default=0))

    @property
    def n_points(self) -> int:
        """Number of points."""
        return self._n_points

    @property
    def session(self) -> SparkSession:
        """The session they are kept in."""
        return self._session

    def summed(self, task: PointTask) -> NDArray[np.float64]:
        """Return the sum of the answers of all blocks, which are arrays of one shape."""
        answers = self._answers(Summed(task=task)) or [task(self._none())]
        return reduce(np.add, answers)

    def stacked(self, task: PointTask) -> NDArray[np.float64]:
        """Return the answers of all blocks, two-dimensional arrays, one below the other."""
        return np.concatenate(self._answers(Stacked(task=task)) or [task(self._none())])

    def close(self) -> None:
        """Keep the points no longer."""
        self.blocks.unpersist()

    def _none(self) -> NDArray[np.float32]:
        """Return a block of no points."""
        return np.empty((0, self.n_dimensions), dtype=np.float32)

    def _answers(self, task: Callable[..., object]) -> list[NDArray[np.float64]]:
        """Return the arrays that a task answers with."""
        try:
            table = fetched(mapped(self.blocks, task, ANSWERS))
        except Exception as error:
            raise told_error(error) from error
        return [array_of(answer) for answer in answers_of(table)]


def blocks_frame(session: SparkSession, points: NDArray[np.float32]) -> DataFrame:
    """Return points of this machine as blocks on Spark."""
    import pyarrow as pa

    return session.createDataFrame(pa.Table.from_batches(block_batches(points)), schema=BLOCKS)
