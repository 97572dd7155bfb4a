"""The columns that say how songs sound: from candidates and values to features in our units.

Every feature is read from the best of its candidates that serves. A unit that cannot be found in a feature
of the sound block is an error that says how to name it; one that was rescaled is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import polars as pl

from songatlas.errors import MissingColumns
from songatlas.features import FEATURES, Feature, header_key, is_estimate
from songatlas.songs.durations import read_durations
from songatlas.songs.headers import columns_of
from songatlas.songs.numbers import Numbers, has_decimal_commas, read_numbers
from songatlas.songs.pitch import read_key, read_mode, read_time_signature
from songatlas.songs.recognition import nearest_header
from songatlas.songs.row_rules import MODE_OF_KEY, FeatureRule
from songatlas.songs.table import ColumnReading, RawTable
from songatlas.songs.text_cells import TextForm
from songatlas.songs.triage import impossible_cells, without_placeholders
from songatlas.songs.units import (
    LEFT_ALONE,
    UNITS,
    UnitReading,
    leave_alone,
    read_loudness,
    read_shares,
    read_tempo,
    says_db,
)

ESTIMATED = "estimated from the sound by songatlas scan"
"""What is noted of a feature that no service has measured."""

_FEWEST = 3  # features that make a table a songs table
_SAID: Final = "values outside"
_NEVER_SOUND = ("language", "data", "date", "range", "degree")  # spelled like features of some language


@dataclass
class Sound:
    """Features read so far: `values` and `rules` by column, `readings` by position; and of unknown unit."""

    values: dict[str, pl.Series] = field(default_factory=dict)
    rules: dict[str, FeatureRule] = field(default_factory=dict)
    readings: dict[int, ColumnReading] = field(default_factory=dict)
    undecided: dict[str, str] = field(default_factory=dict)


def read_sound(
    raw: RawTable,
    candidates: Mapping[str, Sequence[int]],
    *,
    named: Mapping[str, int],
    units: Mapping[str, str],
) -> Sound:
    """Read every feature that the table has.

    Parameters
    ----------
    raw : RawTable
        The table as it was read.
    candidates : mapping of str to sequence of int
        Positions that may be a column, the best first.
    named : mapping of str to int
        Positions that a person named.
    units : mapping of str to str
        Units that a person named.

    Returns
    -------
    Sound

    Raises
    ------
    MissingColumns
        If a unit cannot be found, or too few features are there.
    """
    sound = Sound()
    columns = {column: candidates[column] for column in FEATURES if column in candidates}
    numbers = _numbers_of(raw, [place for places in columns.values() for place in places])
    chosen = {
        column: _choose(numbers, places, is_time=FEATURES[column].unit == "ms")
        for column, places in columns.items()
        if FEATURES[column].unit not in ("pitch class", "mode", "beats a bar")
    }
    _read_measures(sound, raw, chosen, named, units)
    _read_pitch(sound, raw, columns, numbers, named, units)
    _note_unused(sound, raw, columns, chosen)
    _refuse_undecided(sound)
    _refuse_too_few(sound, raw)
    return sound


def _numbers_of(raw: RawTable, places: Sequence[int]) -> dict[int, Numbers]:
    """Read the numbers of columns, with decimal commas where the table has them."""
    numbers = {place: read_numbers(raw.frame.to_series(place)) for place in places}
    if not has_decimal_commas(numbers.values()):
        return numbers
    return {
        place: read if read.is_plain else read_numbers(raw.frame.to_series(place), decimal_comma=True)
        for place, read in numbers.items()
    }


def _choose(numbers: Mapping[int, Numbers], places: Sequence[int], *, is_time: bool) -> tuple[int, Numbers]:
    """Return the first candidate that holds numbers (or clock times), else the first."""
    for place in places:
        read = numbers[place]
        if read.share_of_numbers >= 0.5 or (is_time and read.n_cells and _is_clock(read_durations(read))):
            return place, read
    return places[0], numbers[places[0]]


def _is_clock(reading: UnitReading) -> bool:
    """Say whether clock times were read."""
    return (reading.unit or "").startswith("m:ss")


def _read_measures(
    sound: Sound,
    raw: RawTable,
    chosen: Mapping[str, tuple[int, Numbers]],
    named: Mapping[str, int],
    units: Mapping[str, str],
) -> None:
    """Read shares, loudness, tempo and duration."""
    found: dict[str, UnitReading] = {}
    shares: dict[str, Numbers] = {}
    for column, (place, numbers) in chosen.items():
        if units.get(column) == LEFT_ALONE:
            found[column] = leave_alone("left alone, as asked")
        elif not numbers.n_cells:
            found[column] = leave_alone("empty")
        elif FEATURES[column].unit == "ms":
            is_named = column in named
            found[column] = _read_time(numbers, raw.header[place], units.get(column), is_named=is_named)
        elif numbers.share_of_numbers < 0.5:
            found[column] = leave_alone("holds words, not numbers")
        elif FEATURES[column].unit == "share":
            shares[column] = numbers
    found |= read_shares(shares, named=units)
    z_scored = any("z-scores" in reading.note for reading in found.values())
    for column, (place, numbers) in chosen.items():
        if column in found:
            continue
        if column == "loudness_db":
            is_db = says_db(header_key(raw.header[place]))
            found[column] = read_loudness(numbers, unit=units.get(column), says_db=is_db, z_scored=z_scored)
        else:
            found[column] = read_tempo(numbers, unit=units.get(column))
    for column, reading in found.items():
        place, numbers = chosen[column]
        reading = _with_lost_words(reading, numbers)
        _keep(sound, raw, column, place, reading, named, by_commas=numbers.by_commas)


def _read_time(numbers: Numbers, header: str, unit: str | None, *, is_named: bool) -> UnitReading:
    """Read durations; a column called "time" may hold something else."""
    key = header_key(header)
    reading = read_durations(numbers, key=key, unit=unit)
    if key == "time" and reading.undecided and not is_named:
        return leave_alone("holds no durations of songs")
    return reading


def _with_lost_words(reading: UnitReading, numbers: Numbers) -> UnitReading:
    """Say how many cells hold words where numbers were expected."""
    n_words = numbers.n_cells - numbers.n_numbers
    if reading.values is None or not n_words or _is_clock(reading):
        return reading
    said = f"cells that are no number: {n_words:,}"
    return replace(reading, note="; ".join(filter(None, [reading.note, said])))


def _read_pitch(
    sound: Sound,
    raw: RawTable,
    columns: Mapping[str, Sequence[int]],
    read: Mapping[int, Numbers],
    named: Mapping[str, int],
    units: Mapping[str, str],
) -> None:
    """Read key, mode and time signature, each from the first candidate that serves."""
    modes: list[tuple[int, pl.Series, TextForm | None]] = []
    for column in ("key", "mode", "time_signature"):
        for place in columns.get(column, ()):
            cells, numbers = raw.frame.to_series(place), read[place]
            if units.get(column) == LEFT_ALONE:
                reading = leave_alone("left alone, as asked")
            elif not numbers.n_cells:
                reading = leave_alone("empty")
            elif column == "key":
                reading, mode = read_key(numbers, cells)
                modes += [(place, mode, reading.text)] if mode is not None else []
            elif column == "mode":
                reading = read_mode(numbers, cells)
            else:
                reading = read_time_signature(numbers, cells, unit=units.get(column))
            if column not in sound.values or reading.values is None:
                _keep(sound, raw, column, place, reading, named, by_commas=numbers.by_commas)
    if "mode" not in sound.values and modes and units.get("mode") != LEFT_ALONE:
        _take_mode_of_key(sound, raw, *modes[0])


def _take_mode_of_key(
    sound: Sound, raw: RawTable, place: int, mode: pl.Series, form: TextForm | None
) -> None:
    """Use the mode that key words name, where there is no column of modes."""
    sound.values["mode"] = mode.alias("mode")
    sound.rules["mode"] = FeatureRule(column="mode", place=place, unit=MODE_OF_KEY, text=form)
    reading = sound.readings.get(place)
    if reading is not None and reading.column == "key":
        note = "; ".join(filter(None, ["gives the mode too", reading.note]))
        sound.readings[place] = replace(reading, note=note)
    else:
        note = "gives the mode; the key stands in another column"
        sound.readings[place] = ColumnReading(raw.header[place], place, "mode", "key name", "certain", note)


def _keep(
    sound: Sound,
    raw: RawTable,
    column: str,
    place: int,
    reading: UnitReading,
    named: Mapping[str, int],
    *,
    by_commas: bool,
) -> None:
    """Write down what a column turned out to be."""
    if reading.undecided:
        sound.undecided[column] = f"{column} (header {raw.header[place].strip()!r}: {reading.undecided})"
        return
    if reading.values is None:
        if column in named:
            raise MissingColumns(
                f"column {raw.header[place].strip()!r} was named for {column}, but it cannot be used: "
                f"{reading.note}; name another one with --column {column}=HEADER"
            )
        sound.readings[place] = ColumnReading(
            raw.header[place], place, None, None, "left alone", reading.note
        )
        return
    sure = "named" if column in named and reading.how_sure != "named" else reading.how_sure
    header = raw.header[place]
    values = reading.values.alias(column)
    notes = [ESTIMATED if is_estimate(header) else "", reading.note, _outside(values, reading)]
    note = "; ".join(filter(None, notes))
    sound.values[column] = values
    sound.rules[column] = FeatureRule(
        column=column,
        place=place,
        unit=reading.unit or "",
        by_commas=by_commas,
        is_odd=reading.is_odd,
        text=reading.text,
    )
    sound.readings[place] = ColumnReading(header, place, column, reading.unit, sure, note)


def _outside(values: pl.Series, reading: UnitReading) -> str:
    """Say how many values of a feature no song has; empty where none, or where it was said."""
    column = values.name
    possible = without_placeholders(column)
    n_outside = values.to_frame().select(possible).select(impossible_cells(column).sum()).item()
    if not n_outside or _SAID in reading.note:
        return ""
    said = "0 to 100" if reading.unit == "percent" else _range_of(FEATURES[column])
    return f"{_SAID} {said}: {n_outside:,}"


def _range_of(feature: Feature) -> str:
    """The range of a feature in words for people."""
    if feature.unit == "ms":
        return f"{feature.low:g} ms to {feature.high / 3_600_000:g} hours"
    unit = f" {feature.unit}" if feature.unit in ("dB", "BPM") else ""
    return f"{feature.low:g} to {feature.high:g}{unit}"


def _note_unused(
    sound: Sound,
    raw: RawTable,
    columns: Mapping[str, Sequence[int]],
    chosen: Mapping[str, tuple[int, Numbers]],
) -> None:
    """Say of further candidates why they are not used."""
    used = {reading.column: reading for reading in sound.readings.values() if reading.column}
    for column, places in columns.items():
        for place in places:
            if place in sound.readings or (column in chosen and chosen[column][0] == place):
                continue
            taken = used.get(column)
            note = (
                f"not used: {column} is read from {taken.header.strip()!r} (column {taken.position + 1})"
                if taken
                else f"not used for {column}"
            )
            sound.readings[place] = ColumnReading(raw.header[place], place, None, None, "left alone", note)


def _refuse_undecided(sound: Sound) -> None:
    """Raise if a unit could not be found."""
    if not sound.undecided:
        return
    column = next(iter(sound.undecided))
    possible = UNITS[FEATURES[column].unit]
    example = "percent" if "percent" in possible else possible[0]
    choice = ", ".join(repr(unit) for unit in (*possible, LEFT_ALONE))
    shown = ", ".join(list(sound.undecided.values())[:3]) + (", ..." if len(sound.undecided) > 3 else "")
    raise MissingColumns(
        f"cannot tell the unit of {shown}: name it, as in --unit {column}={example} (one of {choice}; in "
        f"Python units={{{column!r}: {example!r}}})"
    )


def _refuse_too_few(sound: Sound, raw: RawTable) -> None:
    """Raise if the table says too little of how its songs sound."""
    usable = [column for column in FEATURES if column in sound.values and is_measured(sound.values[column])]
    heard = [column for column in usable if FEATURES[column].in_sound and column != "duration_ms"]
    if len(usable) >= _FEWEST and heard:
        return
    found = f"only {' and '.join(usable)} can be used" if usable else "no column says how a song sounds"
    left = [
        f"{reading.header.strip()!r}: {reading.note}"
        for reading in sound.readings.values()
        if reading.column is None and not reading.note.startswith("not used")
    ]
    because = f" ({'; '.join(left[:3])})" if left else ""
    raise MissingColumns(
        f"{found}{because}, but it takes at least {_FEWEST} columns such as danceability, energy, loudness "
        f"and tempo: {_next_step(sound, raw)}"
    )


def is_measured(values: pl.Series) -> bool:
    """Say whether a feature holds anything but nothing and zeros."""
    n_known = len(values) - values.null_count()
    return n_known > 0 and (n_known < 10 or values.min() != 0 or values.max() != 0)


def _next_step(sound: Sound, raw: RawTable) -> str:
    """Point to the header that may be a feature, else to the columns there are."""
    hints = nearest_hints(sound.values, raw.header)
    if hints:
        return hints[0]
    headers = [text.strip() for text in raw.header if text.strip()]
    missing = next((column for column in FEATURES if column not in sound.values), "energy")
    if any(column in ("song_id", "title") for text in headers for column, _ in columns_of(text)):
        return (
            "export the songs together with their audio features (exportify.net does), or name a column with "
            f"--column {missing}=HEADER"
        )
    shown = ", ".join(headers[:6]) + (", ..." if len(headers) > 6 else "")
    return f"name a column with --column {missing}=HEADER if it is there (columns: {shown})"


def nearest_hints(present: Mapping[str, pl.Series], header: Sequence[str]) -> list[str]:
    """Sentences on features that are missing while a header looks like them."""
    hints = []
    header = [text for text in header if header_key(text) not in _NEVER_SOUND]
    for column, spec in FEATURES.items():
        if column in present or not spec.in_sound:
            continue
        if near := nearest_header(column, header):
            hints.append(
                f"no column looks like {column!r}; the nearest is {near!r}: name it with "
                f"--column {column}={_quoted(near)}"
            )
    return hints


_RUN: Final = re.compile(r'["$`\\!%]')


def _quoted(text: str) -> str:
    """Quote a header for a shell where it needs it; a word for one that a shell might run."""
    if text.replace("_", "").replace(".", "").isalnum():
        return text
    return "NUMBER (of the column, from 1)" if _RUN.search(text) or not text.isprintable() else f'"{text}"'
