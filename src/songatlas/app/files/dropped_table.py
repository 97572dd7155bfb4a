"""A table that a person drops in: what the reader understands of it, and what the person corrects.

Columns of the file are known by their *place*, counted from 0, for headers may be missing or stand twice.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import polars as pl

from songatlas.atlas import AtlasSettings, preview
from songatlas.errors import SongAtlasError
from songatlas.features import DETAILS, FEATURES, header_key, label_of
from songatlas.songs import CleanSongs, SongsTable
from songatlas.songs.reading import read_raw
from songatlas.songs.recognition import find_candidates
from songatlas.songs.table import RawTable
from songatlas.songs.units import LEFT_ALONE, UNITS

LEAVE_OUT: Final = -1
"""The place of a column of ours that the person does not want to be read."""

OURS: Final = (*FEATURES, *DETAILS)
"""Columns of ours that can be corrected, the sound first."""

_LOOKED_AT: Final = 200  # rows that samples are taken from
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class NamedBytes(io.BytesIO):
    """The content of a file under its name, as `read_songs` takes it."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


@dataclass(frozen=True, kw_only=True)
class Corrections:
    """What a person says of a table, beside what the reader finds.

    Attributes
    ----------
    places : mapping of str to int
        Column of ours -> place in the file, or `LEAVE_OUT`.
    units : mapping of str to str
        Column of ours -> unit of its values.
    genre : int or None
        Place of the column with the genres that clusters are judged by.
    """

    places: Mapping[str, int] = field(default_factory=lambda: _NOTHING)
    units: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    genre: int | None = None

    def settings(self, header: Sequence[str]) -> AtlasSettings:
        """Return the settings of a build that follow from it, for a file with these headers."""
        named = {ours: named_place(place, header) for ours, place in self.places.items() if place >= 0}
        left = {ours: LEFT_ALONE for ours, place in self.places.items() if place == LEAVE_OUT}
        genre = None if self.genre is None else named_place(self.genre, header)
        return AtlasSettings(columns=named, units={**self.units, **left}, genre=genre)


@dataclass(frozen=True, kw_only=True)
class DroppedReading:
    """What is understood of a file.

    Attributes
    ----------
    header : tuple of str
        Its headers; empty where it is no table.
    samples : tuple of str
        Three values of each column, as one text.
    found : mapping of str to int
        Column of ours -> place that is read as it, or that would be if its unit were known.
    table, clean : SongsTable, CleanSongs or None
        What was read, and what the rules would do; None where it cannot be read as it is.
    error : str
        Why it cannot, in words for the page; empty where it can.
    """

    header: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    found: Mapping[str, int] = field(default_factory=lambda: _NOTHING)
    table: SongsTable | None = None
    clean: CleanSongs | None = None
    error: str = ""


def read_dropped(
    content: bytes, name: str, corrections: Corrections, header: Sequence[str]
) -> DroppedReading:
    """Read a file as the build would, and say what is understood of it.

    Parameters
    ----------
    content : bytes
    name : str
        Name of the file.
    corrections : Corrections
    header : sequence of str
        Headers of the file, where they are known from an earlier reading.

    Returns
    -------
    DroppedReading
        A file that is no table gives one with an `error` and without headers; nothing is raised.
    """
    try:
        table, clean = preview(NamedBytes(content, name), corrections.settings(header))
    except SongAtlasError as error:
        return _refused(content, name, error)
    found = {read.column: read.position for read in reversed(table.columns) if read.column}
    return DroppedReading(
        header=table.header,
        samples=_samples(table.raw.slice(0, _LOOKED_AT)),
        found=found,
        table=table,
        clean=clean,
    )


def named_place(place: int, header: Sequence[str]) -> str:
    """Return how a column is named to the reader: by its header, or by its number from 1.

    Examples
    --------
    >>> named_place(1, ["id", "Energy", "x", "x"]), named_place(3, ["id", "Energy", "x", "x"])
    ('Energy', '4')
    """
    text = header[place] if place < len(header) else ""
    keys = [header_key(each) for each in header]
    is_plain = bool(header_key(text)) and keys.count(header_key(text)) == 1
    return text if is_plain and not text.strip().isdigit() else str(place + 1)


def units_of(column: str) -> tuple[str, ...]:
    """Return the units that a column of ours may have in a file; none where it has no unit."""
    return UNITS.get(FEATURES[column].unit if column in FEATURES else DETAILS[column].kind, ())


def words_for_the_page(message: str) -> str:
    """Return a message of the reader with the choices of the page in place of options of the command line.

    Examples
    --------
    >>> words_for_the_page("'a.csv': no column says so: name a column with --column energy=HEADER")
    "'a.csv': no column says so: choose the column for Energy below"
    """
    for pattern, words in _PAGE_WORDS:
        message = pattern.sub(words, message)
    return re.sub(r"\bfor ([a-z_]+) below", lambda found: f"for {label_of(found[1])} below", message)


_PAGE_WORDS: Final = (
    (re.compile(r"name its (\d+) columns in order with --header \S+ \(in Python [^)]*\)"),
     r"say below what its \1 columns are"),
    (re.compile(r", or single ones by their position with --column \S+"), ""),
    (re.compile(r"name (?:a|it|another one|its)(?: column)? with --column (\w+)=(?:\"[^\"]*\"|\S+)"),
     r"choose the column for \1 below"),
    (re.compile(r": name it, as in --unit (\w+)=.*$"), r": choose its unit for \1 below"),
    (re.compile(r"; name another one with --column (\w+)=HEADER"), r"; choose another column for \1 below"),
    (re.compile(r"name another one with --genre"), "choose another column of genres below"),
    (re.compile(r" \(?--unit (\w+)='[^']*'\)?"), ""),
    (re.compile(r"; rules can be switched off with --keep"), ""),
)  # fmt: skip


def _refused(content: bytes, name: str, error: SongAtlasError) -> DroppedReading:
    """What can be said of a file that cannot be read as it is, so that a person can correct it."""
    said = words_for_the_page(str(error))
    try:
        raw, _, _ = read_raw(NamedBytes(content, name), by_position=True)
    except SongAtlasError:
        return DroppedReading(error=said)
    return DroppedReading(
        header=raw.header, samples=_samples(raw.frame.slice(0, _LOOKED_AT)), found=_likely(raw), error=said
    )


def _likely(raw: RawTable) -> dict[str, int]:
    """The columns that headers speak for, whether or not they can be read."""
    return {ours: places[0] for ours, places in find_candidates(raw, {}).items()}


def _samples(rows: pl.DataFrame) -> tuple[str, ...]:
    """Three different values of each column, as they stand."""
    told = []
    for column in rows.iter_columns():
        known = [str(value).strip() for value in column.to_list() if value is not None]
        told.append(", ".join(_short(value) for value in list(dict.fromkeys(filter(None, known)))[:3]))
    return tuple(told)


def _short(value: str) -> str:
    return value if len(value) <= 24 else f"{value[:23]}…"
