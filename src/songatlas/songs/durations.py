"""Durations in milliseconds, seconds, minutes or clock text -> milliseconds.

Conventions
-----------
A column is decided as a whole, by the median of its values and the words of its header. Clock times are read
wherever they stand, and a column that mixes minutes or seconds with milliseconds is decided value by value;
its note says so.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from songatlas.songs.different import share_true
from songatlas.songs.numbers import Numbers
from songatlas.songs.table import Sureness
from songatlas.songs.units import UnitReading, leave_alone, rescaled, sureness, undecided_unit

_CLOCK = r"^(?:(?<h>\d{1,3}):)?(?<m>\d{1,3}):(?<s>\d{1,2}(?:\.\d+)?)$"
_SHIFTED = "written as hours and minutes by a spreadsheet, read as minutes and seconds"
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
    clock, is_shifted = _clock_times(numbers)
    note = _SHIFTED if is_shifted else ""
    n_clock = len(clock) - clock.null_count()
    if not n_clock:
        return _read_plain(numbers, key, unit)
    if not numbers.n_numbers or unit == "m:ss":
        n_lost = numbers.n_cells - n_clock
        if n_clock < 0.5 * numbers.n_cells and unit is None:
            return leave_alone("holds words, not times")
        said = f"cells that are no time: {n_lost:,}" if n_lost else ""
        sure: Sureness = "named" if unit else "certain"
        return UnitReading(clock, "m:ss", sure, _join(note, said), is_odd=is_shifted)
    beside = _beside_clock(numbers, _read_plain(numbers, key, unit), clock, note)
    return replace(beside, is_odd=is_shifted)


def in_milliseconds(numbers: Numbers, unit: str, *, is_shifted: bool = False) -> pl.Series:
    """Turn durations into milliseconds, in the unit that `read_durations` found.

    Parameters
    ----------
    numbers : Numbers
        The column; where the unit says so, its texts are clock times.
    unit : str
        As in `UnitReading.unit`.
    is_shifted : bool
        Whether the hours of clock times are minutes, see `UnitReading.is_odd`.
    """
    if unit.startswith("m:ss"):
        clock = _clock_times(numbers, is_shifted=is_shifted)[0]
        plain = unit.removeprefix("m:ss").removeprefix(" beside ")
        if not plain:
            return clock
        return in_milliseconds(numbers, plain).zip_with(clock.is_null(), clock)
    small = unit.partition(" or ")[0]
    return numbers.values * _FACTORS[unit] if small == unit else _by_size(numbers.values, small)[0]


def _join(*notes: str) -> str:
    """Join notes to one sentence."""
    return "; ".join(filter(None, notes))


def _beside_clock(numbers: Numbers, plain: UnitReading, clock: pl.Series, note: str) -> UnitReading:
    """Unite clock times with the plain numbers that stand beside them, cell by cell."""
    n_clock = len(clock) - clock.null_count()
    n_lost = numbers.n_cells - n_clock - numbers.n_numbers
    lost = f"cells that are no time: {n_lost:,}" if n_lost else ""
    if plain.values is None:
        if numbers.n_numbers > 0.02 * numbers.n_cells:
            return plain
        lost = f"cells that are no time: {n_lost + numbers.n_numbers:,}"
        return UnitReading(clock, "m:ss", "certain", _join(note, lost))
    both = f"clock times: {n_clock:,}; plain numbers, read as {plain.unit}: {numbers.n_numbers:,}"
    values = plain.values.zip_with(clock.is_null(), clock).alias(numbers.values.name)
    note = _join(both, note, plain.note, lost)
    return replace(plain, values=values, unit=f"m:ss beside {plain.unit}", note=note)


def _read_plain(numbers: Numbers, key: str, unit: str | None) -> UnitReading:
    """Find the unit of plain numbers."""
    if not numbers.n_numbers:
        return leave_alone("holds no times that can be read")
    if unit in _FACTORS:
        return UnitReading(in_milliseconds(numbers, unit), unit, "named")
    if unit is not None:
        small = unit.partition(" or ")[0]
        return _by_value(numbers, small, "named") if small in _MIXED else undecided_unit(numbers)
    hint = unit_in_header(key)
    known = numbers.known[numbers.known > 0]
    if (rescaled := _rescaled_duration(numbers.known)) is not None:
        return rescaled
    if not len(known):
        values = in_milliseconds(numbers, hint or "ms")
        return UnitReading(values, hint or "ms", "likely", "every value is 0: it was not measured")
    if hint == "min or ms, by value" or _is_mixed(known):
        return _by_value(numbers, "min", "certain" if hint == "min or ms, by value" else "likely")
    if _holds_seconds_too(known):
        is_apart = float(np.mean((known > _MIXED["s"]) & (known < _FEWEST_MS))) <= 0.005
        return _by_value(numbers, "s", "likely") if is_apart else undecided_unit(numbers)
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
        return UnitReading(in_milliseconds(numbers, hint), hint, "certain", grouped.removeprefix("; "))
    if len(usual) == 1 and (hint is None or hint not in possible):
        unit = usual[0]
        note = f"the header says {hint}, but the middle song would last {_span(middle, hint)}" if hint else ""
        sure = "likely" if hint else sureness(numbers)
        return UnitReading(in_milliseconds(numbers, unit), unit, sure, (note + grouped).removeprefix("; "))
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


def _holds_seconds_too(known: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    """Say whether seconds stand among milliseconds: small values that would be usual songs in seconds."""
    small = known[(known >= 30) & (known <= _MIXED["s"])]
    share, milliseconds = len(small) / len(known), float(np.mean(known >= _FEWEST_MS))
    return len(known) >= 5 and min(share, milliseconds) >= 0.01 and 60 <= float(np.median(small)) <= 900


def _by_value(numbers: Numbers, small: str, how_sure: Sureness) -> UnitReading:
    """Take small values for minutes or seconds and large ones for milliseconds."""
    limit = _MIXED[small]
    mended, n_small, n_unclear = _by_size(numbers.values, small)
    words = {"min": "minutes", "s": "seconds"}[small]
    note = f"values below {limit:,} are {words} ({n_small:,}), the others milliseconds"
    if n_unclear:
        note += f"; values from {limit:,} to {_FEWEST_MS:,} may be either and were left out: {n_unclear:,}"
    return UnitReading(mended, f"{small} or ms, by value", how_sure, note)


def _by_size(values: pl.Series, small: str) -> tuple[pl.Series, int, int]:
    """Milliseconds of values of two units, how many were small and how many may be either."""
    limit = _MIXED[small]
    is_small = (values < limit).fill_null(False)
    unclear = ((values >= limit) & (values < _FEWEST_MS)).fill_null(False)
    mended = (values * _FACTORS[small]).zip_with(is_small, values).set(unclear, None)
    return mended, int(is_small.sum()), int(unclear.sum())


def _clock_times(numbers: Numbers, *, is_shifted: bool | None = None) -> tuple[pl.Series, bool]:
    """Read ``3:13``, ``06:01``, ``1:02:03`` or ``3 min 12 s`` as milliseconds, null elsewhere.

    Also whether the hours are minutes, which is decided where it is not given.
    """
    if numbers.n_numbers == numbers.n_cells or (texts := numbers.texts) is None:
        return pl.repeat(None, len(numbers.values), dtype=pl.Float64, eager=True), bool(is_shifted)
    clock = texts.str.extract_groups(_CLOCK).struct.unnest()
    words = texts.str.extract_groups(_WORDS).struct.unnest()
    # a digit of another script is a digit to a pattern, and no number
    clock, words = (found.select(pl.all().cast(pl.Float64, strict=False)) for found in (clock, words))
    parts = clock.with_columns(m=pl.coalesce("m", words["m"]), s=pl.coalesce("s", words["s"]))
    if is_shifted is None:
        n_read, hours = len(parts) - parts["m"].null_count(), parts["h"].drop_nulls()
        is_shifted = (
            len(hours) > 0.5 * n_read
            and bool((parts["s"].drop_nulls() == 0).all())
            and share_true(hours >= 1) > 0.5
        )
    if is_shifted:
        parts = parts.select(h=pl.lit(0.0), m="h", s="m")
    seconds = parts.select(pl.col("h").fill_null(0) * 3600 + pl.col("m") * 60 + pl.col("s")).to_series()
    return (seconds * 1000).alias(numbers.values.name), is_shifted


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
# Up to where a value beside milliseconds is in that unit, and from where on it is in milliseconds.
_MIXED = {"min": 60, "s": 3000}
_FEWEST_MS = 10_000
# A middle song of a catalogue: without a word in the header, and with one.
_USUAL = {"min": (0.8, 20.0), "s": (40.0, 2000.0), "ms": (20_000.0, 3_000_000.0)}
_POSSIBLE = {"min": (0.05, 300.0), "s": (3.0, 20_000.0), "ms": (2_000.0, 20_000_000.0)}
