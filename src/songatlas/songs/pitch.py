"""Keys, modes and time signatures, as numbers or words of any kind -> ours.

Conventions
-----------
Keys are pitch classes 0 (C) to 11 (B), modes 1 (major) and 0 (minor), time signatures beats a bar. A key
word may name the mode too (``F Minor``, ``Am``, ``8A``): it is given beside the key. None of these is part of
the sound unless a person asks, so a column that cannot be understood is left alone with a note.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import polars as pl

from songatlas.songs.dates import MONTHS
from songatlas.songs.numbers import Numbers, without_words_for_nothing
from songatlas.songs.text_cells import as_text, share_true
from songatlas.songs.units import UnitReading, leave_alone, sureness

_KEY = re.compile(
    r"([A-Ga-g])\s*([#♯b♭]|(?i:sharp|flat))?(?:\s*/\s*[A-G]\s*[#♯b♭]?)?\s*-?"
    r"((?i:major|minor|maj\.?|min\.?|dur|moll)|m|M)?"
)
_CAMELOT = re.compile(r"0?(1[0-2]|[1-9])\s*([ABab])")
_OPEN_KEY = re.compile(r"0?(1[0-2]|[1-9])\s*([dm])")
_DATE = r"(?i)^(?:(?<day>\d{1,2})-(?<month>[a-z]{3})|(?<month2>[a-z]{3})-(?<day2>\d{1,2}))(?:-\d+)?$"


def key_of(word: str) -> tuple[int, int | None] | None:
    """Return pitch class and mode (None if not said) of a key word; None if it is none.

    Examples
    --------
    >>> key_of("G#/A♭ Minor"), key_of("Db"), key_of("8A"), key_of("noise")
    ((8, 0), (1, None), (9, 0), None)
    """
    word = word.strip()
    if found := _CAMELOT.fullmatch(word):
        number, letter = int(found.group(1)), found.group(2).upper()
        return (8 + 7 * (number - 1)) % 12 if letter == "A" else (11 + 7 * (number - 1)) % 12, int(
            letter == "B"
        )
    if found := _OPEN_KEY.fullmatch(word):
        return _open_key(int(found.group(1)), found.group(2))
    found = _KEY.fullmatch(word)
    if found is None:
        return None
    note, sign, mode = found.groups()
    pitch = (_NOTES[note.upper()] + _SIGNS.get((sign or "").lower(), 0)) % 12
    return pitch, None if mode is None else int(mode == "M" or mode.lower().startswith(("maj", "dur")))


def _open_key(number: int, letter: str) -> tuple[int, int]:
    """Open Key notation: 1d is C major, 1m A minor, each step a fifth up."""
    return ((9 if letter == "m" else 0) + 7 * (number - 1)) % 12, int(letter == "d")


def read_key(numbers: Numbers, cells: pl.Series) -> tuple[UnitReading, pl.Series | None]:
    """Read a column of keys.

    Parameters
    ----------
    numbers : Numbers
        The column as numbers.
    cells : polars.Series
        The column as it stands.

    Returns
    -------
    key : UnitReading
        Pitch classes, -1 and empty cells as null.
    mode : polars.Series or None
        Float64 modes where the key words name them.
    """
    if numbers.share_of_numbers > 0.9:
        return _read_pitch_numbers(numbers), None
    cells = _words(cells)
    words = cells.drop_nulls().unique()
    if len(words) > 500:
        return leave_alone("holds no keys"), None
    known = {word: key for word in words.to_list() if (key := key_of(word)) is not None}
    pitches = _look_up(cells, {word: float(key[0]) for word, key in known.items()})
    modes = _look_up(cells, {word: float(key[1]) for word, key in known.items() if key[1] is not None})
    n_read, n_cells = len(pitches) - pitches.null_count(), len(cells) - cells.null_count()
    if n_read < 0.8 * n_cells:
        return leave_alone("holds no keys"), None
    camelot = sum(_CAMELOT.fullmatch(word) is not None for word in known) > len(known) / 2
    pitches, note = _blanks_for_missing_class(pitches)
    has_modes = modes.null_count() < pitches.null_count() + 0.5 * n_read
    reading = UnitReading(pitches, "Camelot" if camelot else "key name", "certain", note)
    return reading, modes if has_modes else None


def _words(cells: pl.Series) -> pl.Series:
    """Cells of any type as trimmed text, null where they say nothing."""
    return without_words_for_nothing(as_text(cells))


def _look_up(cells: pl.Series, table: Mapping[str, float]) -> pl.Series:
    """Replace words by numbers, unknown ones by null."""
    return cells.replace_strict(table, default=None, return_dtype=pl.Float64)


def _read_pitch_numbers(numbers: Numbers) -> UnitReading:
    """Read keys that are numbers already."""
    known = numbers.known
    if float(np.mean(known == np.round(known))) < 0.98:
        return leave_alone("is no whole number from 0 to 11 but was rescaled: not used")
    if float(np.mean((known >= -1) & (known <= 11))) < 0.95:
        return leave_alone("does not run from 0 to 11: not used")
    unknown = int(np.sum(known == -1))
    values, note = _blanks_for_missing_class(
        numbers.values.set((numbers.values == -1).fill_null(False), None)
    )
    if unknown:
        note = "; ".join(filter(None, [f"keys of -1, which are unknown: {unknown:,}", note]))
    return UnitReading(values, "pitch class", sureness(numbers), note)


def _blanks_for_missing_class(pitches: pl.Series) -> tuple[pl.Series, str]:
    """Take blanks for the one pitch class that never occurs, where many songs make that plain."""
    counts = pitches.drop_nulls().value_counts()
    absent = set(range(12)) - {int(value) for value in counts.to_series(0).to_list()}
    blank = pitches.null_count() / max(1, len(pitches))
    if len(pitches) < 300 or absent != {0} or not 0.04 < blank < 0.25 or pitches.null_count() < 20:
        return pitches, ""
    note = f"C occurs nowhere, so the {pitches.null_count():,} blanks were taken for C"
    return pitches.fill_null(0.0), note


def read_mode(numbers: Numbers, cells: pl.Series) -> UnitReading:
    """Read a column of modes: 0 and 1, or words."""
    if numbers.share_of_numbers > 0.9:
        if float(np.mean(np.isin(numbers.known, (0, 1)))) >= 0.98:
            return UnitReading(numbers.values, "0/1", sureness(numbers))
        return leave_alone("holds other numbers than 0 and 1: not used")
    cells = _words(cells)
    words = cells.str.to_lowercase()
    values = words.str.extract(r"\b(maj|min|dur|moll)[a-z]*\.?$").replace_strict(
        {"maj": 1.0, "dur": 1.0, "min": 0.0, "moll": 0.0}, default=None, return_dtype=pl.Float64
    )
    if len(values) - values.null_count() >= 0.8 * max(1, len(cells) - cells.null_count()):
        return UnitReading(values, "words", "certain")
    return leave_alone("holds no modes (major, minor)")


def read_time_signature(numbers: Numbers, cells: pl.Series, *, unit: str | None = None) -> UnitReading:
    """Read beats a bar: ``4``, ``4/4``, or the dates that a spreadsheet makes of ``4/4``."""
    if numbers.share_of_numbers > 0.9:
        if float(np.mean(numbers.known == np.round(numbers.known))) < 0.98:
            return leave_alone("is no whole number of beats but was rescaled: not used")
        return UnitReading(numbers.values, "beats a bar", sureness(numbers))
    cells = _words(cells)
    beats = cells.str.extract(r"^(\d{1,2})\s*/\s*\d{1,2}$").cast(pl.Float64)
    beats = beats.zip_with(beats.is_not_null(), numbers.values)
    dates = cells.str.extract_groups(_DATE).struct.unnest()
    day = pl.coalesce("day", "day2").cast(pl.Float64)
    month = (
        pl.coalesce("month", "month2")
        .str.to_lowercase()
        .replace_strict(MONTHS, default=None, return_dtype=pl.Float64)
    )
    parts = dates.select(day.alias("day"), month.alias("month"))
    n_dates = len(parts) - parts["month"].null_count()
    n_read = n_dates + len(beats) - beats.null_count()
    if n_read < 0.8 * max(1, len(cells) - cells.null_count()):
        return leave_alone("holds no time signatures")
    if not n_dates:
        return UnitReading(beats, "beats/beat unit", "certain")
    return _mend_dates(beats, parts, unit)


def _mend_dates(beats: pl.Series, parts: pl.DataFrame, unit: str | None) -> UnitReading:
    """Find whether day or month holds the beats: the other is always 4, the beat unit."""
    fours = {name: share_true(parts[name].drop_nulls() == 4) for name in ("day", "month")}
    if unit in ("day of a date", "month of a date"):
        beats_in = unit.split()[0]
    elif fours["day"] == 1:
        beats_in = "month"
    elif fours["month"] == 1:
        beats_in = "day"
    else:
        return leave_alone(
            "holds dates that a spreadsheet made of time signatures; whether day or month is the beats "
            "cannot be told (--unit time_signature='month of a date')"
        )
    mended = parts[beats_in].zip_with(parts["month"].is_not_null(), beats)
    note = f"a spreadsheet made dates of time signatures such as 4/4; the {beats_in} is the number of beats"
    return UnitReading(mended, f"{beats_in} of a date", "named" if unit else "certain", note)


_NOTES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SIGNS = {"#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}
