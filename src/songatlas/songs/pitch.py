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
from dataclasses import replace

import numpy as np
import polars as pl

from songatlas.songs.dates import MONTHS
from songatlas.songs.different import share_true
from songatlas.songs.numbers import Numbers, without_words_for_nothing
from songatlas.songs.text_cells import TextForm, read_text
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
    cells, form = _read_words(cells)
    words = cells.drop_nulls().unique()
    if len(words) > 500:
        return leave_alone("holds no keys"), None
    known = _known_keys(words)
    pitches, modes = _pitches(cells, known), _modes(cells, known)
    n_read, n_cells = len(pitches) - pitches.null_count(), len(cells) - cells.null_count()
    if n_read < 0.8 * n_cells:
        return leave_alone("holds no keys"), None
    camelot = sum(_CAMELOT.fullmatch(word) is not None for word in known) > len(known) / 2
    filled, note = _blanks_for_missing_class(pitches)
    has_modes = modes.null_count() < filled.null_count() + 0.5 * n_read
    unit = "Camelot" if camelot else "key name"
    reading = UnitReading(filled, unit, "certain", note, is_odd=filled is not pitches, text=form)
    return reading, modes if has_modes else None


def pitch_classes(
    numbers: Numbers, cells: pl.Series, unit: str, form: TextForm | None, *, blanks_are_c: bool
) -> pl.Series:
    """Turn keys into pitch classes as `read_key` decided.

    Parameters
    ----------
    numbers, cells : Numbers, polars.Series
        The column as numbers, and as it stands.
    unit : str
        As in `UnitReading.unit`.
    form : TextForm or None
        How cells become words; None decides it.
    blanks_are_c : bool
        Whether what is missing is a C, see `UnitReading.is_odd`.
    """
    if unit == "pitch class":
        pitches = _without_unknown(numbers.values)
    else:
        words = _read_words(cells, form)[0]
        pitches = _pitches(words, _known_keys(words.drop_nulls().unique()))
    return pitches.fill_null(0.0) if blanks_are_c else pitches


def modes_of_keys(cells: pl.Series, form: TextForm | None) -> pl.Series:
    """Modes that the words of a column of keys name."""
    words = _read_words(cells, form)[0]
    return _modes(words, _known_keys(words.drop_nulls().unique()))


def _read_words(cells: pl.Series, form: TextForm | None = None) -> tuple[pl.Series, TextForm]:
    """Cells of any type as trimmed text, null where they say nothing; and the form taken for theirs."""
    text, form = read_text(cells, form)
    return without_words_for_nothing(text), form


def _known_keys(words: pl.Series) -> dict[str, tuple[int, int | None]]:
    """Pitch class and mode of those words that are keys."""
    return {word: key for word in words.to_list() if (key := key_of(word)) is not None}


def _pitches(cells: pl.Series, known: Mapping[str, tuple[int, int | None]]) -> pl.Series:
    """Pitch classes of words, null for unknown ones."""
    return _look_up(cells, {word: float(pitch) for word, (pitch, _) in known.items()})


def _modes(cells: pl.Series, known: Mapping[str, tuple[int, int | None]]) -> pl.Series:
    """Modes of words, null where they name none."""
    return _look_up(cells, {word: float(mode) for word, (_, mode) in known.items() if mode is not None})


def _look_up(cells: pl.Series, table: Mapping[str, float]) -> pl.Series:
    """Replace words by numbers, unknown ones by null."""
    return cells.replace_strict(table, default=None, return_dtype=pl.Float64)


def _without_unknown(pitches: pl.Series) -> pl.Series:
    """Pitch classes with -1 as null."""
    return pitches.set((pitches == -1).fill_null(False), None)


def _read_pitch_numbers(numbers: Numbers) -> UnitReading:
    """Read keys that are numbers already."""
    known = numbers.known
    if float(np.mean(known == np.round(known))) < 0.98:
        return leave_alone("is no whole number from 0 to 11 but was rescaled: not used")
    if float(np.mean((known >= -1) & (known <= 11))) < 0.95:
        return leave_alone("does not run from 0 to 11: not used")
    unknown = int(np.sum(known == -1))
    pitches = _without_unknown(numbers.values)
    values, note = _blanks_for_missing_class(pitches)
    if unknown:
        note = "; ".join(filter(None, [f"keys of -1, which are unknown: {unknown:,}", note]))
    return UnitReading(values, "pitch class", sureness(numbers), note, is_odd=values is not pitches)


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
    words, form = _read_words(cells)
    values = _modes_in(words)
    if len(values) - values.null_count() >= 0.8 * max(1, len(words) - words.null_count()):
        return UnitReading(values, "words", "certain", text=form)
    return leave_alone("holds no modes (major, minor)")


def modes(numbers: Numbers, cells: pl.Series, unit: str, form: TextForm | None) -> pl.Series:
    """Turn modes into ours as `read_mode` decided; parameters as in `pitch_classes`."""
    return numbers.values if unit == "0/1" else _modes_in(_read_words(cells, form)[0])


def _modes_in(words: pl.Series) -> pl.Series:
    """Modes of words such as "Major" and "min."."""
    return (
        words.str.to_lowercase()
        .str.extract(r"\b(maj|min|dur|moll)[a-z]*\.?$")
        .replace_strict(
            {"maj": 1.0, "dur": 1.0, "min": 0.0, "moll": 0.0}, default=None, return_dtype=pl.Float64
        )
    )


def read_time_signature(numbers: Numbers, cells: pl.Series, *, unit: str | None = None) -> UnitReading:
    """Read beats a bar: ``4``, ``4/4``, or the dates that a spreadsheet makes of ``4/4``."""
    if numbers.share_of_numbers > 0.9:
        if float(np.mean(numbers.known == np.round(numbers.known))) < 0.98:
            return leave_alone("is no whole number of beats but was rescaled: not used")
        return UnitReading(numbers.values, "beats a bar", sureness(numbers))
    cells, form = _read_words(cells)
    beats, parts = _beats_and_dates(numbers, cells)
    n_dates = len(parts) - parts["month"].null_count()
    n_read = n_dates + len(beats) - beats.null_count()
    if n_read < 0.8 * max(1, len(cells) - cells.null_count()):
        return leave_alone("holds no time signatures")
    if not n_dates:
        return UnitReading(beats, "beats/beat unit", "certain", text=form)
    return replace(_read_dated(beats, parts, unit), text=form)


def beats_a_bar(numbers: Numbers, cells: pl.Series, unit: str, form: TextForm | None) -> pl.Series:
    """Turn time signatures into ours as `read_time_signature` decided; parameters as in `pitch_classes`."""
    if unit == "beats a bar":
        return numbers.values
    beats, parts = _beats_and_dates(numbers, _read_words(cells, form)[0])
    return beats if unit == "beats/beat unit" else _with_dates(beats, parts, unit.split()[0])


def _beats_and_dates(numbers: Numbers, cells: pl.Series) -> tuple[pl.Series, pl.DataFrame]:
    """Beats a bar where cells say them; and day and month of those that are dates."""
    beats = cells.str.extract(r"^(\d{1,2})\s*/\s*\d{1,2}$").cast(pl.Float64, strict=False)
    beats = beats.zip_with(beats.is_not_null(), numbers.values)
    dates = cells.str.extract_groups(_DATE).struct.unnest()
    day = pl.coalesce("day", "day2").cast(pl.Float64, strict=False)
    month = (
        pl.coalesce("month", "month2")
        .str.to_lowercase()
        .replace_strict(MONTHS, default=None, return_dtype=pl.Float64)
    )
    return beats, dates.select(day.alias("day"), month.alias("month"))


def _with_dates(beats: pl.Series, parts: pl.DataFrame, beats_in: str) -> pl.Series:
    """Beats a bar, of dates their day or their month."""
    return parts[beats_in].zip_with(parts["month"].is_not_null(), beats)


def _read_dated(beats: pl.Series, parts: pl.DataFrame, unit: str | None) -> UnitReading:
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
    mended = _with_dates(beats, parts, beats_in)
    note = f"a spreadsheet made dates of time signatures such as 4/4; the {beats_in} is the number of beats"
    return UnitReading(mended, f"{beats_in} of a date", "named" if unit else "certain", note)


_NOTES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SIGNS = {"#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}
