"""Cells that say yes or no, in any spelling."""

from __future__ import annotations

import polars as pl

from songatlas.songs.different import Different, for_each_different
from songatlas.songs.text_cells import TextForm, as_text, read_text


def read_flags(cells: pl.Series) -> tuple[pl.Series | None, TextForm]:
    """Yes and no in any spelling -> Boolean, None if the column holds something else; and its form."""
    if cells.dtype == pl.Boolean:
        return cells, TextForm()
    different = Different.of(cells)
    text, form = read_text(different.values)
    value = _flags_of(text)
    n_lost = different.count(text.is_not_null()) - different.count(value.is_not_null())
    return different.spread(value) if n_lost <= 0.1 * len(cells) else None, form


def as_flags(cells: pl.Series, form: TextForm) -> pl.Series:
    """Yes and no -> Boolean, null for all other cells."""
    if cells.dtype == pl.Boolean:
        return cells
    return for_each_different(cells, lambda values: _flags_of(as_text(values, form)))


def _flags_of(text: pl.Series) -> pl.Series:
    """Yes and no in any spelling -> Boolean, null for other words."""
    return text.str.to_lowercase().replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)


_FLAGS = {
    **dict.fromkeys(("1", "1.0", "true", "t", "yes", "y", "explicit", "wahr", "vrai"), True),
    **dict.fromkeys(("0", "0.0", "false", "f", "no", "n", "clean", "falsch", "faux", "not explicit"), False),
}
