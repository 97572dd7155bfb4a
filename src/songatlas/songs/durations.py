"""Durations in milliseconds, seconds, minutes or clock text -> milliseconds.

Conventions
-----------
A column is decided as a whole, by the median of its values and the words of its header; a column that mixes
minutes and milliseconds is decided value by value, which its note says.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from songatlas.songs.numbers import Numbers
from songatlas.songs.table import Sureness
from songatlas.songs.text_cells import share_true
from songatlas.songs.units import UnitReading, leave_alone, rescaled, sureness, undecided_unit

_CLOCK = r"^(?:(?<h>\d{1,3}):)?(?<m>\d{1,3}):(?<s>\d{1,2}(?:\.\d+)?)$"
_WORDS = r"(?i)^(?<m>\d{1,3}) ?m(?:in(?:utes)?)?\.? ?(?<s>\d{1,2}) ?s"
_FACTORS = {"ms": 1.0, "s": 1000.0, "min": 60_000.0}


def unit_in_header(key: str) -> str | None:
    """Return the unit that a header key names, if it names one."""
    if key.endswith("minms"):
        return "min or ms, by value"
    for ending, unit in _ENDINGS.items():
        if key.endswith(ending):
            return unit
    return None


def read_durations(numbers: Numbers, *, key: str = "", unit: str | None = None) -> UnitReading:
    """Find the unit of durations and turn them into milliseconds.

    Parameters
    ----------
    numbers : Numbers
        The column; its texts may be clock times.
    key : str
        Header key, which may name a unit.
    unit : str, optional
        Unit that a person named.

    Returns
    -------
    UnitReading
    """
    if unit in (None, "m:ss") and (clock := _read_clock(numbers)) is not None:
        return clock
    if unit in _FACTORS:
        return UnitReading(numbers.values * _FACTORS[unit], unit, "named")
    if unit is not None:
        return _by_value(numbers, "named") if unit.startswith("min or") else undecided_unit(numbers)
    if not numbers.n_numbers:
        return leave_alone("holds no times that can be read")
    hint = unit_in_header(key)
    known = numbers.known[numbers.known > 0]
    if (rescaled := _rescaled_duration(numbers.known)) is not None:
        return rescaled
    if not len(known):
        return UnitReading(numbers.values, hint or "ms", "likely", "every value is 0: it was not measured")
    if hint == "min or ms, by value" or _is_mixed(known):
        return _by_value(numbers, "certain" if hint == "min or ms, by value" else "likely")
    return _by_median(numbers, float(np.median(known)), hint)


def _rescaled_duration(known: np.ndarray[tuple[int], np.dtype[np.float64]]) -> UnitReading | None:
    """Recognise durations that were brought to 0 to 1 or to z-scores."""
    if len(known) >= 10 and known.max() > 0 and float(np.mean((known >= 0) & (known <= 1))) >= 0.98:
        return leave_alone("runs from 0 to 1, which cannot be turned into a duration: not used")
    return rescaled(known) if float(np.mean(known < 0)) > 0.02 else None


def _by_median(numbers: Numbers, middle: float, hint: str | None) -> UnitReading:
    """Decide by the middle song, which lasts between half a minute and twenty minutes or so."""
    usual = [unit for unit, (low, high) in _USUAL.items() if low <= middle <= high]
    possible = [unit for unit, (low, high) in _POSSIBLE.items() if low <= middle <= high]
    grouped = f"; values with a thousands separator: {numbers.n_grouped:,}" if numbers.n_grouped else ""
    if hint in possible:
        return UnitReading(numbers.values * _FACTORS[hint], hint, "certain", grouped.removeprefix("; "))
    if len(usual) == 1 and (hint is None or hint not in possible):
        unit = usual[0]
        note = f"the header says {hint}, but the middle song would last {_span(middle, hint)}" if hint else ""
        sure = "likely" if hint else sureness(numbers)
        return UnitReading(numbers.values * _FACTORS[unit], unit, sure, (note + grouped).removeprefix("; "))
    return undecided_unit(numbers)


def _span(middle: float, unit: str) -> str:
    """Write a duration in words."""
    seconds = middle * _FACTORS[unit] / 1000
    return f"{seconds:.3g} seconds" if seconds < 3600 else f"{seconds / 3600:.3g} hours"


def _is_mixed(known: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    """Say whether minutes and milliseconds stand in one column, and nothing between them."""
    minutes = float(np.mean((known >= 0.2) & (known < 60)))
    milliseconds = float(np.mean(known >= 10_000))
    return len(known) >= 5 and min(minutes, milliseconds) >= 0.01 and minutes + milliseconds > 0.995


def _by_value(numbers: Numbers, how_sure: Sureness) -> UnitReading:
    """Take small values for minutes and large ones for milliseconds."""
    values = numbers.values
    is_minutes = (values < 60).fill_null(False)
    unclear = (values >= 60) & (values < 10_000)
    n_unclear = int(unclear.sum())
    note = f"values below 60 are minutes ({int(is_minutes.sum()):,}), the others milliseconds"
    if n_unclear:
        note += f"; values from 60 to 10,000 may be either and were left out: {n_unclear:,}"
    mended = (values * 60_000).zip_with(is_minutes, values).set(unclear.fill_null(False), None)
    return UnitReading(mended, "min or ms, by value", how_sure, note)


def _read_clock(numbers: Numbers) -> UnitReading | None:
    """Read ``3:13``, ``06:01``, ``1:02:03`` or ``3 min 12 s``; None if the column is not written so."""
    if numbers.texts is None:
        return None
    texts = numbers.texts
    clock = texts.str.extract_groups(_CLOCK).struct.unnest()
    words = texts.str.extract_groups(_WORDS).struct.unnest()
    parts = clock.select(pl.all().cast(pl.Float64)).with_columns(
        m=pl.coalesce("m", words["m"].cast(pl.Float64)), s=pl.coalesce("s", words["s"].cast(pl.Float64))
    )
    n_read = len(parts) - parts["m"].null_count()
    if n_read < 0.8 * max(1, numbers.n_cells) or n_read == 0:
        return None
    note = ""
    hours = parts["h"].drop_nulls()
    if (
        len(hours) > 0.5 * n_read
        and bool((parts["s"].drop_nulls() == 0).all())
        and share_true(hours >= 1) > 0.5
    ):
        parts = parts.select(h=pl.lit(0.0), m="h", s="m")
        note = "written as hours and minutes by a spreadsheet, read as minutes and seconds"
    n_lost = numbers.n_cells - n_read
    if n_lost:
        note = "; ".join(filter(None, [note, f"cells that are no time: {n_lost:,}"]))
    seconds = parts.select(pl.col("h").fill_null(0) * 3600 + pl.col("m") * 60 + pl.col("s")).to_series()
    return UnitReading((seconds * 1000).alias(numbers.values.name), "m:ss", "certain", note)


_ENDINGS = {
    "minutes": "min",
    "milliseconds": "ms",
    "seconds": "s",
    "durationmin": "min",
    "durationmins": "min",
    "durationsec": "s",
    "durationsecs": "s",
    "durations": "s",
    "lengthmin": "min",
    "ms": "ms",
    "msplayed": "ms",
}
# A middle song of a catalogue: without a word in the header, and with one.
_USUAL = {"min": (0.8, 20.0), "s": (40.0, 2000.0), "ms": (20_000.0, 3_000_000.0)}
_POSSIBLE = {"min": (0.05, 300.0), "s": (3.0, 20_000.0), "ms": (2_000.0, 20_000_000.0)}
