"""`MappedPoints`: points in a file, of which some blocks are in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from songatlas.catalogue import PointTask
from songatlas.errors import SongAtlasError
from songatlas.kernels import one_blas_thread, thread_count
from songatlas.streaming.memory import in_order

_ROWS = 262_144  # of a block


class MappedPoints:
    """Points in a file of float32, row by row; implements `songatlas.catalogue.Points`.

    Parameters
    ----------
    path : Path
        The file.
    n_points, n_dimensions : int
    """

    def __init__(self, path: Path, n_points: int, n_dimensions: int) -> None:
        self._path, self._n_points, self._n_dimensions = path, n_points, n_dimensions

    @property
    def n_points(self) -> int:
        """Number of points."""
        return self._n_points

    def summed(self, task: PointTask) -> NDArray[np.float64]:
        """Return the sum of the answers of all blocks, added in their order.

        Raises
        ------
        SongAtlasError
            If there are no points, or their file is gone.
        """
        answers = self._answers(task)
        total = next(answers).copy()
        for answer in answers:
            total += answer
        return total

    def stacked(self, task: PointTask) -> NDArray[np.float64]:
        """Return the answers of all blocks one below the other."""
        return np.concatenate(list(self._answers(task)))

    def _answers(self, task: PointTask) -> Iterator[NDArray[np.float64]]:
        """Answers of the blocks in order, some blocks worked on at once."""
        if not self._n_points:
            raise SongAtlasError("there are no points: no song can be clustered")
        starts = range(0, self._n_points, _ROWS)
        with one_blas_thread():
            yield from in_order(lambda start: task(self._block(start)), starts, at_once=thread_count())

    def _block(self, start: int) -> NDArray[np.float32]:
        """The points from one on.

        They are read and not mapped: pages of a map count as memory of the program until others need it.
        """
        n_rows = min(_ROWS, self._n_points - start)
        width = self._n_dimensions
        try:
            block = np.fromfile(self._path, dtype=np.float32, count=n_rows * width, offset=start * width * 4)
        except OSError as error:
            raise SongAtlasError(f"{str(self._path)!r} is gone: start again") from error
        return block.reshape(n_rows, width)
