"""`FrameCatalogue`: a catalogue whose parts are frames in memory; the plainest answer to every question."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.catalogue import KEY, ROWS, Origin, PointTask, RowMaker, RowTask
from songatlas.progress import Progress


def sent(task: Any) -> Any:
    """The task as another process gets it."""
    return pickle.loads(pickle.dumps(task))  # noqa: S301


class FramePoints:
    """Points in blocks of arrays."""

    def __init__(self, blocks: Sequence[NDArray[np.float32]]) -> None:
        self.blocks = [block for block in blocks if len(block)]

    @property
    def n_points(self) -> int:
        return sum(map(len, self.blocks))

    def summed(self, task: PointTask) -> NDArray[np.float64]:
        answers = [sent(task)(block) for block in self.blocks]
        return np.sum(answers, axis=0)

    def stacked(self, task: PointTask) -> NDArray[np.float64]:
        return np.concatenate([sent(task)(block) for block in self.blocks])


class FrameCatalogue:
    """Frames as parts, all of one schema; `gathered` brings keys together in `n_pieces` pieces."""

    def __init__(self, frames: Sequence[pl.DataFrame], *, name: str = "frames", n_pieces: int = 3) -> None:
        self.stages = {ROWS: list(frames)}
        self.n_pieces = n_pieces
        self.origin = Origin(
            name=name,
            format="dataframe",
            encoding=None,
            separator=None,
            sha256="",
            n_files=len(frames),
            header=tuple(frames[0].columns),
        )
        self.written: list[pl.DataFrame] = []

    @property
    def n_rows(self) -> int:
        return sum(frame.height for frame in self.stages[ROWS])

    def look(self, n_rows: int) -> pl.DataFrame:
        rows = pl.concat(self.stages[ROWS])
        return rows.gather_every(-(-rows.height // n_rows)) if rows.height > n_rows else rows

    def stage(
        self, name: str, make: RowMaker, *, of: str, tell: Progress, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        made = [sent(make)(_taken(frame, columns)) for frame in self.stages[of]]
        for (rows, _), frame in zip(made, self.stages[of], strict=True):
            assert rows.height == frame.height
        self.stages[name] = [rows for rows, _ in made]
        return pl.concat([answer for _, answer in made])

    def collect(
        self, task: RowTask, *, of: str, name: str, tell: Progress, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        return pl.concat([sent(task)(_taken(frame, columns)) for frame in self.stages[of]])

    def shared_keys(self, column: str, *, of: str, tell: Progress) -> NDArray[np.uint64]:
        keys = pl.concat([frame[column] for frame in self.stages[of]]).drop_nulls()
        return keys.filter(keys.is_duplicated()).unique().sort().to_numpy()

    def gathered(self, pick: RowTask, group: RowTask, *, of: str, name: str, tell: Progress) -> pl.DataFrame:
        picked = pl.concat([sent(pick)(frame) for frame in self.stages[of]])
        pieces = picked.with_columns(_piece=pl.col(KEY) % self.n_pieces).partition_by(
            "_piece", include_key=False
        )
        return pl.concat([sent(group)(piece) for piece in pieces])

    def keep_points(
        self,
        make: Callable[[pl.DataFrame], NDArray[np.float32]],
        more: NDArray[np.float32],
        *,
        of: str,
        tell: Progress,
        columns: Sequence[str] | None = None,
    ) -> FramePoints:
        return FramePoints([*(sent(make)(_taken(frame, columns)) for frame in self.stages[of]), more])

    def write(
        self, label: RowTask, added: Mapping[str, pl.DataType], folder: str, *, of: str, tell: Progress
    ) -> tuple[str, ...]:
        names = []
        Path(folder).mkdir(parents=True, exist_ok=True)
        for number, (raw, rows) in enumerate(zip(self.stages[ROWS], self.stages[of], strict=True)):
            told = sent(label)(rows)
            assert dict(told.schema) == dict(added)
            names.append(f"part-{number}.parquet")
            whole = pl.concat([raw, told], how="horizontal")
            whole.write_parquet(Path(folder) / names[-1])
            self.written.append(whole)
        return tuple(names)

    def close(self) -> None:
        self.stages.clear()


def _taken(frame: pl.DataFrame, columns: Sequence[str] | None) -> pl.DataFrame:
    return frame if columns is None else frame.select(name for name in columns if name in frame.columns)
