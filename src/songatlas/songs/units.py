"""Units of features: what the values of a column are, and how they become ours.

A unit is found from the values of the whole column, helped by the words of its header; a few stray values
(rows shifted by a column) do not count. What cannot be found is *undecided*: the caller asks the person for
the unit, it is never guessed. Values that were rescaled (z-scores, 0 to 1 for a loudness) cannot be turned
back: such a column is *left alone*.

Conventions
-----------
Ours: shares 0 to 1, dB, beats a minute, milliseconds. Input values are Float64 Series with null for
missing. Values outside their range stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from songatlas.features import FEATURES
from songatlas.songs.different import share_true
from songatlas.songs.numbers import Numbers
from songatlas.songs.table import Sureness
from songatlas.songs.text_cells import TextForm

LEFT_ALONE = "left alone"
_STRAY = 0.02  # share of values that may lie anywhere without changing what is decided
_MANY = 20  # values from which on a column speaks for itself


@dataclass(frozen=True)
class UnitReading:
    """What a column turned out to be.

    Attributes
    ----------
    values : polars.Series or None
        In our unit; None where the column is left alone or undecided.
    unit : str or None
        Unit found in the file.
    how_sure : {"certain", "likely", "named", "left alone"}
        As in ColumnReading.
    note : str
        One sentence, or an empty string.
    undecided : str
        Why no unit can be found, in words for an error; empty if one was.
    is_odd : bool
        Whether the unit has a twist that the file gave it: clock times whose hours are minutes, keys whose
        blanks are C.
    text : TextForm
        How cells became words, where words were read.
    """

    values: pl.Series | None
    unit: str | None
    how_sure: Sureness = "certain"
    note: str = ""
    undecided: str = ""
    is_odd: bool = False
    text: TextForm | None = None


def leave_alone(note: str) -> UnitReading:
    """A column that is not used, and why."""
    return UnitReading(values=None, unit=None, how_sure="left alone", note=note)


def undecided_unit(numbers: Numbers) -> UnitReading:
    """A column whose unit cannot be found."""
    known = numbers.known
    low, middle, high = np.quantile(known, [0, 0.5, 1])
    return UnitReading(
        values=None,
        unit=None,
        how_sure="left alone",
        undecided=f"values from {low:.4g} to {high:.4g}, median {middle:.4g}",
    )


def sureness(numbers: Numbers) -> Sureness:
    """Many values are certain, few are likely."""
    return "certain" if numbers.n_numbers >= _MANY else "likely"


def read_shares(
    columns: Mapping[str, Numbers], *, named: Mapping[str, str] | None = None
) -> dict[str, UnitReading]:
    """Find the units of all columns that hold shares; those that say little follow the others.

    Parameters
    ----------
    columns : mapping of str to Numbers
        Feature column -> its numbers.
    named : mapping of str to str, optional
        Units that a person named.

    Returns
    -------
    dict of str to UnitReading
    """
    named = named or {}
    found: dict[str, UnitReading | None] = {
        column: _named_share(numbers, named[column]) if column in named else _decide_share(numbers)
        for column, numbers in columns.items()
    }
    met = {reading.unit for reading in found.values() if reading is not None}
    decided = {}
    for column, reading in found.items():
        numbers = columns[column]
        if reading is not None and _is_doubtful(reading, numbers, met):
            decided[column] = undecided_unit(numbers)
        elif reading is None or _is_open(reading, numbers, met):
            decided[column] = _follow(numbers, met)
        else:
            decided[column] = reading
    return decided


def _is_doubtful(reading: UnitReading, numbers: Numbers, met: set[str | None]) -> bool:
    """Say whether what seemed to be percentages beside columns of shares may be a mix of both."""
    is_guessed = reading.unit == "percent" and reading.how_sure != "named" and numbers.percent_signs <= 0.5
    return is_guessed and "share" in met and _holds_both(_without_negatives(numbers.known))


def _is_open(reading: UnitReading, numbers: Numbers, met: set[str | None]) -> bool:
    """Say whether the other columns explain what seemed to be strays in this one."""
    return (
        reading.unit == "share"
        and reading.how_sure != "named"
        and "lost decimals" in met
        and bool((numbers.known > 1).any())
    )


def _decide_share(numbers: Numbers) -> UnitReading | None:
    """Find the unit of one column by its own values; None where they fit several."""
    if numbers.percent_signs > 0.5:
        return _percent(numbers, "certain", "written with %")
    every = numbers.known
    if 0 <= np.min(every) <= np.max(every) <= 1 and _has_fractions(every):
        return UnitReading(numbers.values, "share", sureness(numbers))
    if float(np.mean(every < 0)) > _STRAY and (scores := rescaled(every)) is not None:
        return scores
    known = _without_negatives(every)
    inside = float(np.mean((known >= 0) & (known <= 1)))
    whole = float(np.mean(known == np.round(known)))
    if inside >= 1 - _STRAY and whole < 1 and not _only_strays_are_fractions(known):
        n_outside = int(np.sum((every < 0) | (every > 1)))
        note = f"values outside 0 to 1: {n_outside:,}" if n_outside else ""
        return UnitReading(numbers.values, "share", sureness(numbers), note)
    if float(np.mean(known < 0)) > _STRAY:
        return None
    if has_lost_points(numbers, beyond=100):
        return _mend_lost_points(numbers, "certain", 0.0, 1.0)
    if not 10 < _upper(known) <= 100 or (whole < 1 and _is_mixed(known)):
        return None
    return _percent(numbers, sureness(numbers), "")


def _has_fractions(known: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    """Say whether any value is no whole number; most often one of the first is none."""
    return any(bool((values != np.round(values)).any()) for values in (known[:1000], known))


def _without_negatives(
    known: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Pass over negative values where they are a minority: codes for "missing", not another unit."""
    is_negative = known < 0
    return known[~is_negative] if 0 < float(np.mean(is_negative)) < 1 / 3 else known


def _upper(known: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """The largest value, strays passed over where there are many values."""
    return float(np.quantile(known, 1 - _STRAY / 2)) if len(known) >= 100 else float(np.max(known))


def _only_strays_are_fractions(known: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    """Say whether nearly all values are 0 or 1, so that fractions may be strays."""
    rare = float(np.mean(known != np.round(known))) < _STRAY / 2
    return len(known) >= 100 and rare and bool((known > 1).any())


def _is_mixed(known: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    """Say whether shares and percentages seem to stand in one column."""
    fractions = known[known != np.round(known)]
    small, large = float(np.mean(known <= 1)), float(np.mean(known > 1))
    if small > 0.05 and large > 0.05 and float(np.mean(fractions <= 1)) > 0.95:
        return True
    return _holds_both(known) and _breaks_at_one(known)


def _holds_both(known: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    """Say whether fractions below 1 and numbers that are no shares stand in one column."""
    return float(np.mean((known > 0) & (known < 1))) > _STRAY and float(np.mean(known > 1.5)) > _STRAY


def _breaks_at_one(known: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    """Say whether values stop at 1, as shares do; percentages of a skewed feature run on beyond it."""
    n_below, n_above = int(np.sum((known >= 0.5) & (known < 1))), int(np.sum((known > 1) & (known <= 2)))
    return n_above < 0.25 * n_below


def rescaled(known: np.ndarray[tuple[int], np.dtype[np.float64]]) -> UnitReading | None:
    """Recognise z-scores: mean near 0, standard deviation near 1, values on both sides."""
    if len(known) < 10 or min(float(np.mean(known > 1)), float(np.mean(known < 0))) <= _STRAY:
        return None
    if abs(float(np.mean(known))) < 0.3 and 0.5 < float(np.std(known)) < 1.6:
        return leave_alone("holds standardized values (z-scores), which cannot be turned back: not used")
    return None


def _follow(numbers: Numbers, met: set[str | None]) -> UnitReading:
    """Decide small numbers by the other columns of the table."""
    known = _without_negatives(numbers.known)
    fractions = known[known != np.round(known)]
    if "lost decimals" in met and len(fractions) and float(np.mean(fractions <= 1)) > 0.95:
        return _mend_lost_points(numbers, "likely", 0.0, 1.0)
    if not known.any():
        return UnitReading(numbers.values, "share", "likely", "every value is 0: it was not measured")
    if not 0 <= float(np.min(known)) <= _upper(known) <= 10:
        return undecided_unit(numbers)
    if "percent" in met and "share" not in met:
        return _percent(numbers, "likely", "small numbers, read as percent like the other columns")
    is_flag = float(np.mean((known == 0) | (known == 1))) >= 1 - _STRAY
    if is_flag and len(known) >= _MANY and "percent" not in met:
        return leave_alone("holds only 0 and 1, which no measured share does: not used")
    if is_flag and "share" in met and "percent" not in met:
        return UnitReading(numbers.values, "share", "likely", "only 0 and 1, read as shares like the others")
    return undecided_unit(numbers)


def divided(values: pl.Series, by: float) -> pl.Series:
    """Divide exactly: 41 percent become the very number that 0.41 is read as."""
    quotients = values.fill_null(float("nan")).to_numpy() / by
    return pl.Series(values.name, quotients, nan_to_null=True)


def in_our_unit(values: pl.Series, unit: str, *, low: float, high: float) -> pl.Series:
    """Turn the values of a share, a loudness or a tempo into ours.

    Parameters
    ----------
    values : polars.Series
        Float64 in the unit of the file.
    unit : str
        One of `UNITS` of these kinds.
    low, high : float
        What is possible of the feature, in our unit.
    """
    if unit == "percent":
        return divided(values, 100)
    if unit == "lost decimals":
        return _with_points(values, low, high)[0]
    return -values.abs() if unit == "dB without its sign" else values


def _percent(numbers: Numbers, how_sure: Sureness, note: str) -> UnitReading:
    """Percentages become shares."""
    values = in_our_unit(numbers.values, "percent", low=0.0, high=1.0)
    return UnitReading(values, "percent", how_sure, note)


def _named_share(numbers: Numbers, unit: str) -> UnitReading:
    """Take a unit that a person named."""
    if unit == "percent":
        return _percent(numbers, "named", "")
    if unit == "lost decimals":
        return _mend_lost_points(numbers, "named", 0.0, 1.0)
    return UnitReading(numbers.values, "share", "named")


def has_lost_points(numbers: Numbers, *, beyond: float) -> bool:
    """Say whether a spreadsheet took the points of numbers such as 0.748 for thousands separators.

    It does so where exactly three digits follow the point: 0.748 becomes 748 and -2.634 becomes -2634,
    while 0.0583 and 0.93 stay. The sign of it: whole numbers `beyond` anything possible beside fractions of
    which none has three digits, though in every honest column most have.
    """
    if numbers.cells is None:
        return False
    known = numbers.known
    large = known[np.abs(known) > beyond]
    if np.sum(large == np.round(large)) < 10:
        return False
    digits = numbers.cells.str.strip_chars().str.extract(r"^[-+]?\d+\.(\d+)$").drop_nulls().str.len_chars()
    return len(digits) >= 10 and share_true(digits == 3) < 0.01


def _mend_lost_points(numbers: Numbers, how_sure: Sureness, low: float, high: float) -> UnitReading:
    """Read numbers whose points were lost, and say how many."""
    values, n_mended, n_unclear = _with_points(numbers.values, low, high)
    note = f"numbers that got back the point before their last three digits: {n_mended:,}"
    if n_unclear:
        note += f"; left out because they may mean two things: {n_unclear:,}"
    return UnitReading(values, "lost decimals", how_sure, note)


def _with_points(values: pl.Series, low: float, high: float) -> tuple[pl.Series, int, int]:
    """Give whole numbers their three decimals back; where both readings are possible the value is missing."""
    mended = divided(values, 1000)
    is_whole = values == values.round()
    fits_mended, fits_plain = mended.is_between(low, high), values.is_between(low, high)
    unclear = (is_whole & fits_mended & fits_plain & (values != 0)).fill_null(False)
    use_mended = (is_whole & fits_mended & ~fits_plain).fill_null(False)
    mended = mended.zip_with(use_mended, values).set(unclear, None)
    return mended, int(use_mended.sum()), int(unclear.sum())


def read_loudness(
    numbers: Numbers, *, unit: str | None = None, says_db: bool = False, z_scored: bool = False
) -> UnitReading:
    """Find the unit of a loudness.

    Parameters
    ----------
    numbers : Numbers
        Its values.
    unit : str, optional
        Unit that a person named.
    says_db : bool
        Whether the header says dB.
    z_scored : bool
        Whether other columns of the table hold z-scores.
    """
    spec = FEATURES["loudness_db"]
    known = numbers.known
    if unit == "dB without its sign":
        return UnitReading(in_our_unit(numbers.values, unit, low=spec.low, high=spec.high), unit, "named")
    if unit == "lost decimals" or (unit is None and has_lost_points(numbers, beyond=-spec.low)):
        return _mend_lost_points(numbers, "named" if unit else "certain", spec.low, spec.high)
    if unit == "dB":
        return UnitReading(numbers.values, unit, "named")
    middle = float(np.median(known))
    inside = float(np.mean((known >= spec.low) & (known <= spec.high)))
    if inside >= 1 - _STRAY and middle < 0 and not (z_scored and middle > -1.5):
        return UnitReading(numbers.values, "dB", "certain" if says_db else sureness(numbers))
    if float(np.mean((known >= 0) & (known <= 1))) >= 1 - _STRAY and (known != np.round(known)).any():
        return leave_alone("runs from 0 to 1, which cannot be turned into dB: not used")
    return rescaled(known) or undecided_unit(numbers)


def read_tempo(numbers: Numbers, *, unit: str | None = None) -> UnitReading:
    """Find the unit of a tempo; `unit` is the one a person named."""
    spec = FEATURES["tempo_bpm"]
    if unit == "lost decimals" or (unit is None and has_lost_points(numbers, beyond=spec.high)):
        return _mend_lost_points(numbers, "named" if unit else "certain", spec.low, spec.high)
    if unit == "BPM":
        return UnitReading(numbers.values, unit, "named")
    known = numbers.known
    sounding = known[known != 0]
    if not len(sounding):
        return UnitReading(numbers.values, "BPM", "likely", "every value is 0: it was not measured")
    inside = float(np.mean((sounding >= spec.low) & (sounding <= spec.high)))
    if inside >= 0.9 and 45 <= float(np.median(sounding)) <= 220:
        return UnitReading(numbers.values, "BPM", sureness(numbers))
    if float(np.mean((known >= 0) & (known <= 1))) >= 1 - _STRAY and (known != np.round(known)).any():
        return leave_alone("runs from 0 to 1, which cannot be turned into beats a minute: not used")
    return rescaled(known) or undecided_unit(numbers)


def says_db(key: str) -> bool:
    """Say whether a header key names decibels."""
    return key.endswith("db") or key == "decibel"


UNITS: Mapping[str, tuple[str, ...]] = {
    "share": ("share", "percent", "lost decimals"),
    "dB": ("dB", "dB without its sign", "lost decimals"),
    "BPM": ("BPM", "lost decimals"),
    "ms": ("ms", "s", "min", "m:ss", "min or ms, by value", "s or ms, by value"),
    "pitch class": ("pitch class", "key name", "Camelot"),
    "mode": ("0/1", "words"),
    "beats a bar": ("beats a bar", "day of a date", "month of a date"),
    "date": ("d-m-y", "m-d-y"),
    "number": ("0-100", "share"),
}
