"""A catalogue of one frame in memory, against which the others are tested."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.catalogue import KEY, ROWS, PointTask, RowMaker, RowTask


@dataclass
class FramePoints:
    points: NDArray[np.float32]

    @property
    def n_points(self) -> int:
        return len(self.points)

    def summed(self, task: PointTask) -> NDArray[np.float64]:
        return task(self.points)

    def stacked(self, task: PointTask) -> NDArray[np.float64]:
        return task(self.points)


class FrameCatalogue:
    def __init__(self, rows: pl.DataFrame) -> None:
        self.stages = {ROWS: rows}

    def _columns(self, of: str, columns: Sequence[str] | None) -> pl.DataFrame:
        rows = self.stages[of]
        return rows if columns is None else rows.select(name for name in columns if name in rows.columns)

    def stage(
        self, name: str, make: RowMaker, *, of: str, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        self.stages[name], answer = make(self._columns(of, columns))
        return answer

    def collect(self, task: RowTask, *, of: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        return task(self._columns(of, columns))

    def shared_keys(self, column: str, *, of: str) -> NDArray[np.uint64]:
        keys = self.stages[of][column].drop_nulls()
        return keys.filter(keys.is_duplicated()).unique().sort().to_numpy()

    def gathered(self, pick: RowTask, group: RowTask, *, of: str) -> pl.DataFrame:
        picked = pick(self.stages[of])
        assert KEY in picked.columns
        return group(picked)

    def keep_points(
        self, make: Callable[[pl.DataFrame], NDArray[np.float32]], more: NDArray[np.float32], *, of: str
    ) -> FramePoints:
        return FramePoints(np.concatenate([make(self.stages[of]), more]))
