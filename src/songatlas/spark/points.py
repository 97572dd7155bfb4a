"""Points kept by the executors, in blocks, and what a task answers of all of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from songatlas.catalogue import PointTask
from songatlas.progress import Progress
from songatlas.spark.blocks import ASKED, BLOCKS, NAMES, Asked, Cleared, Found, Given, Shelf, block_batches
from songatlas.spark.extra import SparkTrouble
from songatlas.spark.jobs import fetched, mapped, run, told_error
from songatlas.spark.packing import array_of
from songatlas.spark.workers import answers_of

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

Arrays = list[NDArray[np.float64]]


class SparkPoints:
    """Points on a Spark cluster (`songatlas.catalogue.Points`).

    The first time that something is asked, executors write the blocks that they keep into files of their
    own; afterwards each iteration reads names of blocks, and sends one small array of each partition to the
    driver. Blocks whose file is not where they are asked for (a task ran elsewhere, an executor is new) are
    asked for once more, with their points. Blocks that a lost executor kept are made anew.

    Attributes
    ----------
    n_points, n_dimensions : int
    blocks : DataFrame
        A block a row: its name `id`, `n` points, `d` dimensions, `block` (binary, float32 in C order).
    shelf : Shelf or None
        The files; None once there was no room for them.
    """

    def __init__(self, session: SparkSession, blocks: DataFrame, *, tell: Progress, n_rows: int) -> None:
        self._session = session
        self.blocks = blocks.persist()
        self.shelf: Shelf | None = Shelf(name=f"songatlas-{uuid.uuid4().hex}")
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
        return reduce(np.add, self._answers(task, added=True))

    def stacked(self, task: PointTask) -> NDArray[np.float64]:
        """Return the answers of all blocks, two-dimensional arrays, one below the other."""
        return np.concatenate(self._answers(task, added=False))

    def close(self) -> None:
        """Keep the points no longer."""
        self._clear()
        self.blocks.unpersist()

    def _answers(self, task: PointTask, *, added: bool) -> Arrays:
        """Return the answers of all blocks, or of all partitions where they are added up; at least one."""
        answers = None if self.shelf is None else self._of_files(self.shelf, task, added=added)
        if answers is None:
            table = self._table(self.blocks, Asked(blocks=Given(shelf=None), task=task, added=added))
            answers = _arrays(table)
        return answers or [task(np.empty((0, self.n_dimensions), dtype=np.float32))]

    def _of_files(self, shelf: Shelf, task: PointTask, *, added: bool) -> Arrays | None:
        """Return the same from files, which are written where they are missing; None where that failed."""
        names = self.blocks.select(*NAMES)
        found = self._table(names, Asked(blocks=Found(shelf=shelf), task=task, added=added))
        missing = _told(found)
        if not missing:
            return _arrays(found)
        blocks = self.blocks.where(f"id IN ({', '.join(map(str, missing))})")
        given = self._table(blocks, Asked(blocks=Given(shelf=shelf), task=task, added=added))
        told = _told(given)
        if not all(told.values()):
            self._clear()
        # A block that was lost between the two was made anew, under another name.
        return _arrays(found) + _arrays(given) if set(told) == set(missing) else None

    def _clear(self) -> None:
        """Remove the files, as far as executors answer; Spark does so at the end of the application."""
        if self.shelf is not None:
            task, self.shelf = Cleared(shelf=self.shelf), None
            with suppress(SparkTrouble):
                self._table(self.blocks.select(*NAMES), task)

    def _table(self, frame: DataFrame, task: Callable[..., Any]) -> pa.Table:
        """Return what a task makes of rows."""
        try:
            return fetched(mapped(frame, task, ASKED))
        except Exception as error:
            raise told_error(error) from error


def blocks_frame(session: SparkSession, points: NDArray[np.float32]) -> DataFrame:
    """Return points of this machine as blocks on Spark."""
    import pyarrow as pa

    return session.createDataFrame(pa.Table.from_batches(block_batches(points)), schema=BLOCKS)


def _arrays(table: pa.Table) -> Arrays:
    """Return the answers that came."""
    return [array_of(answer) for answer in answers_of(table)]


def _told(table: pa.Table) -> dict[int, bool]:
    """Return the names of blocks that were told of, and whether they are in files."""
    pairs = zip(table.column("id").to_pylist(), table.column("filed").to_pylist(), strict=True)
    return {key: filed for key, filed in pairs if key is not None}
