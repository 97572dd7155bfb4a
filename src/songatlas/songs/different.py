"""The different cells of a column: what is costly is read once for each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

_SAMPLE = 2000  # cells that show whether nearly every cell is different


@dataclass(frozen=True)
class Different:
    """The different cells of a column, so that costly reading is done once for each.

    Attributes
    ----------
    values : polars.Series
        Each different cell once; the whole column where nearly every cell is different.
    places : polars.Series or None
        For each row the place of its cell in `values`, null where the cell is null; None where `values` is
        the whole column.
    """

    values: pl.Series
    places: pl.Series | None

    @classmethod
    def of(cls, cells: pl.Series) -> Different:
        """Find the different cells of a column."""
        sample = cells.gather_every(max(1, len(cells) // _SAMPLE))
        if cells.dtype.is_nested() or cells.dtype == pl.Object or sample.n_unique() > 0.9 * len(sample):
            return cls(cells, None)
        values = cells.drop_nulls().unique()
        if len(values) > 0.7 * len(cells):
            return cls(cells, None)
        table = pl.DataFrame({"cell": values}).with_row_index("place")
        rows = cells.alias("cell").to_frame().join(table, on="cell", how="left", maintain_order="left")
        return cls(values, rows["place"])

    @cached_property
    def counts(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """How many rows hold each of the values."""
        if self.places is None:
            return np.ones(len(self.values), dtype=np.int64)
        return np.bincount(self.places.drop_nulls().to_numpy(), minlength=len(self.values))

    def spread(self, read: pl.Series) -> pl.Series:
        """Give every row what was read from its cell; null stays null."""
        return read if self.places is None else read.gather(self.places)

    def count(self, flags: pl.Series) -> int:
        """How many rows hold a value whose flag is true."""
        return int(self.counts[flags.fill_null(False).to_numpy()].sum())

    def share(self, flags: pl.Series) -> float:
        """Share of the rows with a known flag whose flag is true; 0 if none is known."""
        n_known = self.count(flags.is_not_null())
        return self.count(flags) / n_known if n_known else 0.0


def for_each_different(cells: pl.Series, read: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Apply `read` once to each different cell; null stays null."""
    different = Different.of(cells)
    return different.spread(read(different.values))


def share_true(flags: pl.Series) -> float:
    """Share of the known values that are true; 0 if none is known."""
    known = flags.drop_nulls()
    return int(known.sum()) / len(known) if len(known) else 0.0
