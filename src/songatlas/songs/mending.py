"""Impossible values: which rows are damaged by them, which columns cannot be judged, the table without.

Nothing is copied before it is needed: `Mending` says what is to be done, and does it to any part of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.features import FEATURES
from songatlas.songs import triage
from songatlas.songs.policy import CleaningPolicy
from songatlas.songs.song_rows import SLICE

MOST = 0.5
"""A rule that would leave out more of the songs than this switches itself off."""

DAMAGED = "_damaged"
"""Boolean column: rows with several impossible values, all features of which are null."""


@dataclass(frozen=True)
class Mending:
    """What is to be done to impossible values.

    Attributes
    ----------
    found : ndarray of bool, shape (n_rows,)
        Rows with several impossible values.
    damaged : ndarray of bool, shape (n_rows,)
        Rows that lose all their features: those found, or none where the rule is off.
    judged : tuple of str
        Features that lose their impossible values.
    distrusted : tuple of str
        Features whose values cannot be taken at their word.
    n_cells : int
        Impossible values in all other rows.
    """

    found: NDArray[np.bool_]
    damaged: NDArray[np.bool_]
    judged: tuple[str, ...]
    distrusted: tuple[str, ...]
    n_cells: int

    def mended(self, rows: pl.DataFrame, damaged: NDArray[np.bool_]) -> pl.DataFrame:
        """Return some of the rows without impossible values, with `_damaged` as it is told for them."""
        rows = self.cells_mended(rows).with_columns(pl.Series(DAMAGED, damaged))
        if not damaged.any():
            return rows
        known = [column for column in FEATURES if column in rows.columns]
        return rows.with_columns(pl.when(~pl.col(DAMAGED)).then(column).alias(column) for column in known)

    def cells_mended(self, rows: pl.DataFrame, *, spared: NDArray[np.bool_] | None = None) -> pl.DataFrame:
        """Return rows, none damaged, with null for impossible values but in those that are spared."""
        placeholders = [column for column in triage.PLACEHOLDERS if column in rows.columns]
        rows = rows.with_columns(triage.without_placeholders(column) for column in placeholders)
        mended = {column: triage.possible(column) for column in self.judged if column in rows.columns}
        if spared is None:
            return rows.with_columns(**mended)
        is_spared = pl.lit(pl.Series(spared))
        return rows.with_columns(
            pl.when(is_spared).then(pl.col(column)).otherwise(value).alias(column)
            for column, value in mended.items()
        )


def find_damage(rows: pl.DataFrame, distrusted: tuple[str, ...]) -> tuple[NDArray[np.bool_], int]:
    """Return the rows with several impossible values, and the number of such values in all others.

    Parameters
    ----------
    rows : DataFrame
        Songs table with null for NaN.
    distrusted : tuple of str
        Features whose values say nothing of damage.
    """
    known = [column for column in FEATURES if column in rows.columns]
    return _impossible(rows.select(known), tuple(name for name in known if name not in distrusted))


def is_mostly_damaged(n_damaged: int, n_rows: int) -> bool:
    """Say whether so many rows have several impossible values that the rule does not fit the table."""
    return n_damaged > MOST * n_rows


def mending_of(rows: pl.DataFrame, damage: tuple[NDArray[np.bool_], int], policy: CleaningPolicy) -> Mending:
    """Say what is to be done to impossible values, where `damage` is what `find_damage` found."""
    found, n_cells = damage
    known = tuple(column for column in FEATURES if column in rows.columns)
    is_on = policy.damage == "on"
    trusted = tuple(column for column in known if column not in policy.distrusted)
    return Mending(
        found=found,
        damaged=found if is_on else np.zeros(rows.height, dtype=np.bool_),
        judged=_out_of_range(rows, trusted) if is_on else (),
        distrusted=known if policy.mostly_damaged and not is_on else policy.distrusted,
        n_cells=n_cells,
    )


def _impossible(rows: pl.DataFrame, trusted: tuple[str, ...]) -> tuple[NDArray[np.bool_], int]:
    """Which rows are damaged, and the number of impossible cells in all others."""
    damaged = np.zeros(rows.height, dtype=np.bool_)
    n_cells = 0
    for start in range(0, rows.height, SLICE):
        part = rows.slice(start, SLICE).with_columns(
            triage.without_placeholders(name) for name in rows.columns
        )
        found = triage.impossible_values(part, trusted)
        damaged[start : start + SLICE] = found.to_numpy()
        cells = part.select((triage.impossible_cells(column) & ~found).sum() for column in trusted)
        n_cells += sum(cells.row(0)) if trusted else 0
    return damaged, n_cells


def _out_of_range(rows: pl.DataFrame, columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns with a value outside their range, be it by rounding only."""
    if not columns or rows.is_empty():
        return ()
    inside = rows.select(
        pl.col(column).is_between(FEATURES[column].low, FEATURES[column].high).all() for column in columns
    )
    return tuple(column for column in columns if not inside[column][0])
