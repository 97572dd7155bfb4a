"""Cells that hold numbers, in any spelling, and what their spelling tells.

Conventions
-----------
A missing number is null, never NaN. ``NA``, ``NaN``, ``unknown``, ``-``, ``inf`` and the like are missing.
``85%`` is 85 (its sign is counted), ``1,412`` is 1412, or 1.412 in a table with decimal commas.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from songatlas.songs.different import for_each_different, share_true

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
_LARGEST = 1e100  # far beyond what any unit has
_GROUPED = r"^[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$"
_DOT_GROUPED = r"^[-+]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?$"
_DECIMAL_COMMA = r"^[-+]?(?:0+,\d+|\d+,(?:\d{1,2}|\d{4,}))(?:[eE][-+]?\d+)?%?$"
_UNIT_WORDS = r"(?i)\s*(?:%|dbfs|db|lufs|bpm|ms|s|sec|seconds|min|minutes)$"


@dataclass(frozen=True)
class Numbers:
    """The numbers of one column.

    Attributes
    ----------
    values : polars.Series
        Float64, null where missing or no number.
    n_cells : int
        Cells that are not missing.
    cells : polars.Series or None
        The cells as they stand (String); None for typed columns.
    refused : polars.Series or None
        Those of them, trimmed, that no machine reads as a number at once, null where they say nothing;
        None for typed columns.
    percent_signs : float
        Share of the cells that end with "%".
    n_grouped : int
        Cells with a thousands separator.
    is_plain : bool
        Whether a machine reads every cell that is not empty at once, so that no comma can be a decimal one.
    by_commas : bool
        Whether they were read with decimal commas.
    """

    values: pl.Series
    n_cells: int
    cells: pl.Series | None = None
    refused: pl.Series | None = None
    percent_signs: float = 0.0
    n_grouped: int = 0
    is_plain: bool = True
    by_commas: bool = False

    @cached_property
    def n_numbers(self) -> int:
        """How many cells are numbers."""
        return len(self.values) - self.values.null_count()

    @property
    def known(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """The numbers without the missing ones, taken anew each time: of a large table they are large.

        They stop at 1e100 on either side, so that means and squares of what no song has are numbers, too.
        """
        return self.values.drop_nulls().clip(-_LARGEST, _LARGEST).to_numpy()

    @property
    def texts(self) -> pl.Series | None:
        """The cells trimmed, null where missing; None for typed columns."""
        return None if self.cells is None else without_words_for_nothing(self.cells.str.strip_chars())

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
        Whether the column writes 0.85 as ``0,85``.

    Returns
    -------
    Numbers
    """
    if (
        cells.dtype == pl.String
        or isinstance(cells.dtype, pl.Categorical | pl.Enum)
        or cells.dtype == pl.Time
    ):
        return _read_texts(cells.cast(pl.String), decimal_comma)
    if cells.dtype == pl.Duration:
        values = cells.dt.total_microseconds().cast(pl.Float64) / 1000
    elif cells.dtype.is_numeric() or cells.dtype == pl.Boolean:
        values = cells.cast(pl.Float64)
    else:
        values = pl.Series([None] * len(cells), dtype=pl.Float64)
    values = _only_finite(values)
    n_cells = len(values) - (values if cells.dtype.is_numeric() else cells).null_count()
    return Numbers(values=values, n_cells=n_cells)


def _only_finite(values: pl.Series) -> pl.Series:
    """The same values where all are finite, else null for NaN and infinity."""
    finite = values.is_finite()
    return values if finite.all() else values.set(~finite, None)


def _read_texts(cells: pl.Series, decimal_comma: bool) -> Numbers:
    """Read numbers from text: the plain ones at once, then the cells that this refused."""
    values = cells.cast(pl.Float64, strict=False).rechunk()
    places = (~values.is_finite().fill_null(False)).arg_true()
    refused = cells.gather(places).str.strip_chars()
    is_plain = not (refused.fill_null("") != "").any()
    refused = without_words_for_nothing(refused)
    if decimal_comma:
        return _read_decimal_commas(cells, refused)
    n_cells = len(cells) - refused.null_count()
    if not len(places):
        return Numbers(values=values, n_cells=n_cells, cells=cells, refused=refused)
    cleaned = for_each_different(refused, _clean).cast(pl.Float64, strict=False)
    return Numbers(
        values=values.scatter(places, _only_finite(cleaned)),
        n_cells=n_cells,
        cells=cells,
        refused=refused,
        percent_signs=int(refused.str.ends_with("%").sum()) / max(1, n_cells),
        n_grouped=int(refused.str.contains(_GROUPED).sum()),
        is_plain=is_plain,
    )


def _read_decimal_commas(cells: pl.Series, refused: pl.Series) -> Numbers:
    """Read numbers whose comma is the decimal point, and whose points may group thousands."""
    texts = without_words_for_nothing(cells.str.strip_chars())
    cleaned = for_each_different(texts, _clean_decimal_commas).cast(pl.Float64, strict=False)
    return Numbers(
        values=_only_finite(cleaned),
        n_cells=len(texts) - texts.null_count(),
        cells=cells,
        refused=refused,
        percent_signs=share_true(texts.str.ends_with("%")),
        is_plain=False,
        by_commas=True,
    )


def without_words_for_nothing(text: pl.Series) -> pl.Series:
    """Text with ``unknown``, ``-`` and the like as null."""
    nothing = text.str.to_lowercase().is_in(_MISSING)
    return text.set(nothing, None) if nothing.any() else text


def _clean(text: pl.Series) -> pl.Series:
    """Write numbers in the one way that a machine reads."""
    plain = _without_signs(text)
    without_commas = plain.str.replace_all(",", "", literal=True)
    plain = without_commas.zip_with(plain.str.contains(_GROUPED), plain)
    many_dots = plain.str.contains(r"^\d{1,3}(?:\.\d{3}){2,}$")
    return plain.str.replace_all(".", "", literal=True).zip_with(many_dots, plain)


def _clean_decimal_commas(text: pl.Series) -> pl.Series:
    """Write numbers with decimal commas in the one way that a machine reads."""
    plain = _without_signs(text)
    without_dots = plain.str.replace_all(".", "", literal=True)
    plain = without_dots.zip_with(plain.str.contains(_DOT_GROUPED), plain)
    return plain.str.replace(",", ".", literal=True)


def _without_signs(text: pl.Series) -> pl.Series:
    """Numbers without the signs around them: ``b'1'``, ``1 000``, ``85%``."""
    return (
        text.str.replace(r"^b'(.*)'$", "$1")
        .str.replace_all("\u2212", "-", literal=True)
        .str.replace_all(r"[\s\u00a0\u202f']", "")
        .str.replace(_UNIT_WORDS, "")
    )


def has_decimal_commas(columns: Iterable[Numbers]) -> bool:
    """Say whether the numbers of a table are written with decimal commas.

    Only what cannot be a thousands separator counts: ``0,748``, ``12,5``, ``-7,3421``. The columns are
    those read without decimal commas.
    """
    n_decimal = n_other = 0
    for numbers in columns:
        if numbers.refused is None:
            continue
        with_comma = numbers.refused.filter(numbers.refused.str.contains(",", literal=True))
        n_decimal += int(with_comma.str.contains(_DECIMAL_COMMA).sum())
        n_other += int(with_comma.str.contains(r"\.\d*$|,.*,").sum())
    return n_decimal > 0 and n_decimal > 10 * n_other
