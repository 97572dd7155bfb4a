"""`read_songs`: any table -> songs table, with what was understood of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import polars as pl

from songatlas.errors import BadSettings, MissingColumns, one_line, quoted
from songatlas.features import DETAILS, FEATURES, header_key
from songatlas.songs.arguments import pairs_of, require_text, texts_of
from songatlas.songs.detail_columns import read_details
from songatlas.songs.ids import is_counter
from songatlas.songs.reading import read_raw
from songatlas.songs.recognition import find_candidates, n_filled, named_columns, named_units
from songatlas.songs.row_rules import Rules
from songatlas.songs.scanned import (
    VECTORS,
    find_marks,
    measured_by_scan,
    renamed_estimates,
    told_twice,
    two_measurers,
)
from songatlas.songs.sound_columns import ESTIMATED, is_measured, nearest_hints, read_sound
from songatlas.songs.table import ColumnReading, RawTable, SongsTable, Source
from songatlas.songs.text_cells import as_text

_NOTHING: Mapping[str, str] = MappingProxyType({})


def read_songs(
    source: Any,
    *,
    columns: Mapping[str, str] = _NOTHING,
    units: Mapping[str, str] = _NOTHING,
    header: Sequence[str] | None = None,
    genre: str | None = None,
) -> SongsTable:
    """Read any table of songs, and say what was understood of it.

    Parameters
    ----------
    source : path, bytes, binary file or dataframe
        CSV, TSV, Parquet, JSON lines or Excel, whatever the name ends in, or any dataframe that speaks the
        Arrow PyCapsule interface (Polars, pandas, PyArrow, DuckDB ...).
    columns : mapping of str to str
        Our column -> their header, or its number from 1, where it is not recognised or wrongly so:
        ``{"energy": "nrgy_x"}``.
    units : mapping of str to str
        Our column -> unit of its values: ``{"duration_ms": "s", "energy": "percent"}``. The unit
        ``"left alone"`` leaves a column out.
    header : sequence of str, optional
        Names of the columns, in order, for a file without a header row.
    genre : str, optional
        Header of the column that holds the genre to judge by.

    Returns
    -------
    SongsTable
        One row for every row of the source, in the same order.

    Raises
    ------
    UnreadableTable
        If the source is no table.
    MissingColumns
        If fewer than three columns say how songs sound, or a unit cannot be found.
    UnknownName, BadSettings
        If a column, header or unit that was named does not exist.

    Examples
    --------
    >>> import polars as pl
    >>> songs = {"title": ["One", "Two"], "nrgy": [73, 41], "dnce": [51, 50], "dur": [200, 182]}
    >>> table = read_songs(pl.DataFrame(songs))
    >>> table.songs["energy"].to_list(), table.songs["duration_ms"].to_list()
    ([0.73, 0.41], [200000.0, 182000.0])
    """
    columns = pairs_of("columns", columns, example="'energy': 'nrgy'")
    units = pairs_of("units", units, example="'duration_ms': 's'")
    if isinstance(header, str):
        raise BadSettings(f"header is one text ({header[:30]!r}): give a list of names, one a column")
    if header is not None:
        header = texts_of("header", header, example="title")
    if genre is not None:
        require_text("genre", genre, words="the header of one column")
    columns, units, genre = wished(columns, units, genre)
    by_position = bool(columns) and all(str(place).strip().isdigit() for place in columns.values())
    raw, name, sha256 = read_raw(source, header=header, by_position=by_position)
    return understood(raw, name, sha256, columns=columns, units=units, genre=genre)[0]


def wished(
    columns: Mapping[str, str], units: Mapping[str, str], genre: str | None
) -> tuple[dict[str, str], dict[str, str], str | None]:
    """Return what a person named: columns without the genre, units by column of ours, and the genre."""
    genre = genre or next((theirs for ours, theirs in columns.items() if header_key(ours) == "genre"), None)
    columns = {ours: theirs for ours, theirs in columns.items() if header_key(ours) != "genre"}
    return columns, named_units(units), genre


def understood(
    raw: RawTable,
    name: str,
    sha256: str,
    *,
    columns: Mapping[str, str],
    units: Mapping[str, str],
    genre: str | None,
    n_rows: int | None = None,
) -> tuple[SongsTable, Rules]:
    """Understand a table as it was read: the songs table, and the rules by which any row of it is read.

    Parameters
    ----------
    raw : RawTable
        The table.
    name, sha256 : str
        Of its source.
    columns, units, genre : mapping, mapping, str or None
        What a person named, as `wished` gives it.
    n_rows : int, optional
        Rows of the whole table, where `raw` has some of them.

    Raises
    ------
    MissingColumns, UnknownName
        As `read_songs`.
    """
    named = named_columns(columns, raw.header)
    candidates = find_candidates(raw, named)
    _check_units(units, candidates)
    try:
        sound = read_sound(raw, candidates, named=named, units=units)
    except MissingColumns as error:
        raise MissingColumns(f"{quoted(name)}: {one_line(error)}") from error
    details = read_details(
        raw, candidates, sound.values, taken=sound.readings, named=named, units=units, genre=genre
    )
    readings = {**sound.readings, **details.readings}
    values = {**details.values, **sound.values}
    marks = find_marks(values, raw, sound.readings)
    if marks is not None:
        outcomes = None if marks.outcome is None else raw.frame.to_series(marks.outcome)
        values["measured_by"] = measured_by_scan(values, marks, outcomes)
    for place in renamed_estimates(values, sound.readings, raw.header):
        readings[place] = _estimated(readings[place])
    notes = (*raw.notes, *details.notes, *_sound_notes(sound.values, raw))
    notes = (*notes, *told_twice(raw, candidates, sound.readings))
    notes = (*notes, *two_measurers(values, guessed=marks is not None))
    table = SongsTable(
        songs=pl.DataFrame([values[column].alias(column) for column in ORDER if column in values]),
        raw=raw.frame,
        header=raw.header,
        columns=tuple(readings.get(place) or _left_alone(raw, place) for place in range(raw.frame.width)),
        source=_source(raw, name, sha256, notes, n_rows),
    )
    return table, replace(details.rules, features=tuple(sound.rules.values()), marks=marks)


def _source(raw: RawTable, name: str, sha256: str, notes: tuple[str, ...], n_rows: int | None) -> Source:
    """Where the table came from."""
    return Source(
        name=name,
        sha256=sha256,
        format=raw.format,
        encoding=raw.encoding,
        separator=raw.separator,
        n_rows=raw.frame.height if n_rows is None else n_rows,
        notes=notes,
    )


def _check_units(units: Mapping[str, str], candidates: Mapping[str, Sequence[int]]) -> None:
    """Refuse units of columns that the table does not have."""
    for column, unit in units.items():
        if column not in candidates:
            raise MissingColumns(
                f"unit {unit!r} was named for {column}, but no column was recognised as {column}: name it "
                f"with --column {column}=HEADER"
            )


def _sound_notes(values: Mapping[str, pl.Series], raw: RawTable) -> list[str]:
    """Notes on what is missing of the sound."""
    heard = [column for column in FEATURES if FEATURES[column].in_sound and column in values]
    heard = [column for column in heard if is_measured(values[column])]
    notes = nearest_hints(values, raw.header)
    if len(heard) < 3:
        notes.append(f"of the sound only {' and '.join(heard)} can be used")
    return notes


def _estimated(read: ColumnReading) -> ColumnReading:
    """The same, marked as estimated by a scan."""
    return replace(read, note="; ".join(filter(None, [ESTIMATED, read.note])))


def _left_alone(raw: RawTable, place: int) -> ColumnReading:
    """A column that nothing recognised, with a word on it where it is plain junk."""
    cells, text = raw.frame.to_series(place), raw.header[place]
    note = ""
    if n_filled(cells) == 0:
        note = "empty"
    elif header_key(text) in ("", "index", "unnamed0", "x1", "x") and is_counter(as_text(cells)):
        note = "counts the rows"
    elif header_key(text) == "type" and as_text(cells).drop_nulls().n_unique() == 1:
        note = f"says {as_text(cells).drop_nulls()[0]!r} in every row"
    return ColumnReading(text, place, None, None, "left alone", note)


ORDER: Final = (
    *("song_id", "title", "artists", "artist", "artist_ids", "album", "album_artist", "isrc"),
    *("release_date", "year"),
    *FEATURES,
    *(column for column in DETAILS if DETAILS[column].kind in ("flag", "number")),
    *("tags", "genre", "playlist", "heard_tags", "location", "measured_by", *VECTORS),
)
