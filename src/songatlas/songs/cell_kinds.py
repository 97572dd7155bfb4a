"""Kinds of cells: what type a column had where its table was understood, and cells of other types like it.

A part of a table may be typed otherwise than the rows that were looked at: whole numbers where there were
fractions, no type at all where every cell is empty. What does not fit the kind is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

_TYPES: Final[Mapping[str, pl.DataType]] = {
    "text": pl.String(),
    "whole": pl.Int64(),
    "number": pl.Float64(),
    "single": pl.Float32(),
    "flag": pl.Boolean(),
    "date": pl.Date(),
    "moment": pl.Datetime(),
    "clock": pl.Time(),
    "span": pl.Duration(),
    "texts": pl.List(pl.String()),
    "numbers": pl.List(pl.Float32()),
    "other": pl.String(),
}
_NUMERIC: Final = ("whole", "number", "single")
_TEMPORAL: Final = ("date", "moment", "clock")


def kind_of(dtype: pl.DataType) -> str:
    """Return the kind of cells of a type.

    Examples
    --------
    >>> kind_of(pl.String()), kind_of(pl.Int16()), kind_of(pl.List(pl.String()))
    ('text', 'whole', 'texts')
    """
    if isinstance(dtype, pl.List | pl.Array):
        inner = dtype.inner
        is_number = isinstance(inner, pl.DataType) and inner.is_numeric()
        return "texts" if inner == pl.String else "numbers" if is_number else "other"
    if dtype == pl.Float32:
        return "single"
    if dtype.is_numeric():
        return "whole" if dtype.is_integer() else "number"
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return "text"
    simple = {pl.Boolean: "flag", pl.Date: "date", pl.Datetime: "moment", pl.Time: "clock"}
    return {**simple, pl.Duration: "span"}.get(dtype.base_type(), "other")


def as_kind(cells: pl.Series, kind: str) -> pl.Series:
    """Return cells as they would be in a column of a kind, null where they cannot.

    Parameters
    ----------
    cells : polars.Series
        Of any type.
    kind : str
        As `kind_of` names it.
    """
    own = kind_of(cells.dtype)
    if own == kind:
        return cells
    if own == "text":
        cells = cells.cast(pl.String)
    if kind == "text" and own not in ("texts", "numbers", "other", "span"):
        return cells.cast(pl.String)
    if kind in _NUMERIC and own in ("text", *_NUMERIC, "flag"):
        return _as_numbers(cells, kind)
    if kind == "flag" and own in ("text", *_NUMERIC):
        words = cells.cast(pl.String).str.strip_chars().str.to_lowercase()
        return words.replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)
    if kind in _TEMPORAL and own in ("text", *_TEMPORAL):
        return cells
    if kind in ("texts", "numbers") and isinstance(cells.dtype, pl.List) and not _is_deep(cells.dtype):
        return cells.cast(_TYPES[kind], strict=False)
    if kind == "numbers" and own == "text":
        return cells
    return pl.repeat(None, len(cells), dtype=_TYPES[kind], eager=True).alias(cells.name)


def _is_deep(dtype: pl.List) -> bool:
    """Say whether lists hold what is nested itself."""
    inner = dtype.inner
    return not isinstance(inner, pl.DataType) or inner.is_nested() or inner == pl.Object


def as_number_cells(cells: pl.Series, kind: str) -> pl.Series:
    """Return cells as `as_kind` does, for a reader of numbers: a fraction beside whole numbers stays."""
    if kind in _NUMERIC and kind_of(cells.dtype) in _NUMERIC:
        return cells
    return as_kind(cells, "number" if kind == "whole" else kind)


def _as_numbers(cells: pl.Series, kind: str) -> pl.Series:
    """Numbers of another type, or written as text; a fraction is no whole number."""
    if kind == "whole" and cells.dtype.is_float():
        cells = cells.set((cells.round() != cells).fill_null(value=True), None)
    return cells.cast(_TYPES[kind], strict=False)


_FLAGS: Final = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
