"""Cells that hold numbers, in any spelling, and what their spelling tells.

Conventions
-----------
A missing number is null, never NaN. ``NA``, ``NaN``, ``unknown``, ``-``, ``inf`` and the like are missing.
``85%`` is 85 (its sign is counted), ``1,412`` is 1412, or 1.412 in a table with decimal commas.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from songatlas.songs.text_cells import for_each_different, share_true

_MISSING = (
    "",
    "na",
    "n/a",
    "nan",
    "null",
    "none",
    "unknown",
    "undefined",
    "nil",
    "<na>",
    "-",
    "--",
    "?",
    "inf",
    "-inf",
    "+inf",
    "infinity",
    "-infinity",
    "#n/a",
    "#value!",
    "#spill!",
    "#ref!",
    "#name?",
    "#div/0!",
    "#null!",
    "#num!",
)
_GROUPED = r"^[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$"
_DOT_GROUPED = r"^[-+]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?$"
_UNIT_WORDS = r"(?i)\s*(?:%|dbfs|db|lufs|bpm|ms|s|sec|seconds|min|minutes)$"


@dataclass(frozen=True)
class Numbers:
    """The numbers of one column.

    Attributes
    ----------
    values : polars.Series
        Float64, null where missing or no number.
    texts : polars.Series or None
        The cells (String), null where missing; None for typed columns.
    n_cells : int
        Cells that are not missing.
    percent_signs : float
        Share of those cells that end with "%".
    n_grouped : int
        Cells with a thousands separator.
    """

    values: pl.Series
    texts: pl.Series | None
    n_cells: int
    percent_signs: float = 0.0
    n_grouped: int = 0

    @property
    def n_numbers(self) -> int:
        """How many cells are numbers."""
        return len(self.values) - self.values.null_count()

    @property
    def known(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """The numbers without the missing ones."""
        return self.values.drop_nulls().to_numpy()

    @property
    def share_of_numbers(self) -> float:
        """Share of the cells that are numbers; 0 for an empty column."""
        return self.n_numbers / self.n_cells if self.n_cells else 0.0


def read_numbers(cells: pl.Series, *, decimal_comma: bool = False) -> Numbers:
    """Read the numbers of a column.

    Parameters
    ----------
    cells : polars.Series
        String cells, or typed numbers, booleans or durations (which become milliseconds).
    decimal_comma : bool
        Whether the table writes 0.85 as ``0,85``.

    Returns
    -------
    Numbers
    """
    if cells.dtype == pl.String or isinstance(cells.dtype, pl.Categorical | pl.Enum):
        return _read_texts(cells.cast(pl.String), decimal_comma)
    if cells.dtype == pl.Duration:
        values = cells.dt.total_microseconds().cast(pl.Float64) / 1000
    elif cells.dtype.is_numeric() or cells.dtype == pl.Boolean:
        values = cells.cast(pl.Float64)
    elif cells.dtype == pl.Time:
        return _read_texts(cells.cast(pl.String), decimal_comma)
    else:
        values = pl.Series([None] * len(cells), dtype=pl.Float64)
    values = values.set(~values.is_finite(), None)
    n_cells = len(values) - (values if cells.dtype.is_numeric() else cells).null_count()
    return Numbers(values=values, texts=None, n_cells=n_cells)


def _read_texts(cells: pl.Series, decimal_comma: bool) -> Numbers:
    """Read numbers from text: the plain ones at once, the rest cleaned first."""
    if not decimal_comma:
        values = cells.cast(pl.Float64, strict=False)
        if not values.null_count() and values.is_finite().all():
            return Numbers(values=values, texts=cells, n_cells=len(cells))
    texts = cells.str.strip_chars()
    values = pl.Series([None] * len(texts), dtype=pl.Float64)
    is_easy = not (decimal_comma and texts.str.contains(",", literal=True).any())
    if is_easy:
        values = texts.cast(pl.Float64, strict=False)
    rest = texts.filter(values.is_null())
    percent_signs, n_grouped = 0.0, 0
    if len(rest) and bool((rest.fill_null("") != "").any()):
        texts = without_words_for_nothing(texts)
        percent_signs = share_true(texts.str.ends_with("%"))
        n_grouped = 0 if decimal_comma else int(texts.str.contains(_GROUPED).sum())
        cleaned = for_each_different(texts, lambda text: _clean(text, decimal_comma))
        values = cleaned.cast(pl.Float64, strict=False)
    else:
        texts = texts.set(texts == "", None)
    values = values.set(~values.is_finite(), None)
    texts = without_words_for_nothing(texts) if values.null_count() else texts
    return Numbers(
        values=values,
        texts=texts,
        n_cells=len(texts) - texts.null_count(),
        percent_signs=percent_signs,
        n_grouped=n_grouped,
    )


def without_words_for_nothing(text: pl.Series) -> pl.Series:
    """Text with ``unknown``, ``-`` and the like as null."""
    return text.set(text.str.to_lowercase().is_in(_MISSING), None)


def _clean(text: pl.Series, decimal_comma: bool) -> pl.Series:
    """Write numbers in the one way that a machine reads."""
    plain = (
        text.str.replace(r"^b'(.*)'$", "$1")
        .str.replace_all("\u2212", "-", literal=True)
        .str.replace_all(r"[\s\u00a0\u202f']", "")
        .str.replace(_UNIT_WORDS, "")
    )
    if decimal_comma:
        without_dots = plain.str.replace_all(".", "", literal=True)
        plain = without_dots.zip_with(plain.str.contains(_DOT_GROUPED), plain)
        return plain.str.replace(",", ".", literal=True)
    without_commas = plain.str.replace_all(",", "", literal=True)
    plain = without_commas.zip_with(plain.str.contains(_GROUPED), plain)
    many_dots = plain.str.contains(r"^\d{1,3}(?:\.\d{3}){2,}$")
    return plain.str.replace_all(".", "", literal=True).zip_with(many_dots, plain)


def has_decimal_commas(columns: Iterable[pl.Series]) -> bool:
    """Say whether the numbers of a table are written with decimal commas.

    Only what cannot be a thousands separator counts: ``0,748``, ``12,5``, ``-7,3421``.
    """
    pattern = re.compile(r"^[-+]?(?:0+,\d+|\d+,(?:\d{1,2}|\d{4,}))(?:[eE][-+]?\d+)?%?$").pattern
    n_decimal = n_other = 0
    for cells in columns:
        if cells.dtype != pl.String:
            continue
        with_comma = cells.filter(cells.str.contains(",", literal=True)).str.strip_chars()
        decimal = int(with_comma.str.contains(pattern).sum())
        n_decimal += decimal
        n_other += int(with_comma.str.contains(r"\.\d*$|,.*,").sum())
    return n_decimal > 0 and n_decimal > 10 * n_other
