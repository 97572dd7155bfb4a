"""Headers -> columns: which input column is which, and what a person named.

Headers are recognised by their keys and aliases (see `headers`). Where several input columns could be one of
ours, the best filled and best named one comes first; the others are tried only if it does not serve.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher

import polars as pl

from songatlas.errors import BadSettings, UnknownName, did_you_mean
from songatlas.features import DETAILS, FEATURES, header_key
from songatlas.songs.different import Different
from songatlas.songs.headers import ALIASES, columns_of
from songatlas.songs.stored import StoredFrame
from songatlas.songs.table import RawTable
from songatlas.songs.text_cells import is_label
from songatlas.songs.units import LEFT_ALONE, UNITS

_WELL_FILLED = 0.95  # of the cells of the best filled one of several columns


def column_named(name: str) -> str:
    """Return the column of the songs table with that name or alias, written in any way.

    Raises
    ------
    UnknownName
        If there is none; the message names the nearest.

    Examples
    --------
    >>> column_named("tempo"), column_named("year")
    ('tempo_bpm', 'release_date')
    """
    key = header_key(name)
    for column in (*FEATURES, *DETAILS):
        if key == header_key(column):
            return column
    if key in ("year", "artist"):
        return {"year": "release_date", "artist": "artists"}[key]
    if key in ALIASES:
        return min(ALIASES[key], key=lambda meant: meant[1])[0]
    known = [*FEATURES, *DETAILS, *ALIASES]
    raise UnknownName(
        f"songatlas has no column {name!r}{did_you_mean(name, known)} "
        f"(columns: {', '.join([*FEATURES, *DETAILS])})"
    )


def position_of(wanted: str, header: Sequence[str]) -> int:
    """Return the position of an input column by its header or by its number from 1.

    Raises
    ------
    UnknownName
        If there is no such column; the message names the nearest.
    """
    for same in (str, str.strip, header_key):
        matches = [place for place, text in enumerate(header) if same(text) == same(wanted)]
        if matches and same(wanted):
            return matches[0]
    if wanted.strip().isdigit() and 1 <= int(wanted) <= len(header):
        return int(wanted) - 1
    shown = ", ".join(repr(text.strip()) for text in header[:8]) + (", ..." if len(header) > 8 else "")
    raise UnknownName(
        f"the table has no column {wanted!r}{did_you_mean(wanted, [text.strip() for text in header])} "
        f"(its columns: {shown}; a number from 1 to {len(header)} will do too)"
    )


def named_columns(columns: Mapping[str, str], header: Sequence[str]) -> dict[str, int]:
    """Return the positions of the columns that a person named.

    Raises
    ------
    UnknownName
        If one of ours or of theirs does not exist.
    BadSettings
        If one input column was named for two of ours, or two for one.
    """
    named: dict[str, int] = {}
    for ours, theirs in columns.items():
        column, position = column_named(ours), position_of(str(theirs), header)
        if column in named:
            raise BadSettings(f"two columns were named for {column}: name one")
        if position in named.values():
            other = next(name for name, place in named.items() if place == position)
            raise BadSettings(f"column {theirs!r} was named for {other} and for {column}: name it for one")
        named[column] = position
    return named


def named_units(units: Mapping[str, str]) -> dict[str, str]:
    """Return the units that a person named, by column of ours.

    Raises
    ------
    UnknownName
        If there is no such column.
    BadSettings
        If the column cannot have that unit; the message lists those it can.
    """
    named = {}
    for ours, unit in units.items():
        column = column_named(ours)
        kind = FEATURES[column].unit if column in FEATURES else DETAILS[column].kind
        possible = (*UNITS.get(kind, ()), LEFT_ALONE)
        key = _unit_key(unit)
        by_key = {_unit_key(known): known for known in possible} | {
            _unit_key(word): known for word, known in _UNIT_WORDS.items() if known in possible
        }
        if key not in by_key:
            listed = ", ".join(repr(known) for known in possible)
            raise BadSettings(
                f"{column} has no unit {unit!r}{did_you_mean(unit, possible)} (its units: {listed})"
            )
        named[column] = by_key[key]
    return named


def _unit_key(unit: str) -> str:
    """Write a unit as it is compared."""
    return unit.strip().lower().replace("_", " ")


def find_candidates(raw: RawTable, named: Mapping[str, int]) -> dict[str, list[int]]:
    """Return, for each column of ours, the input columns that may be it, the best first.

    Parameters
    ----------
    raw : RawTable
        The table as it was read.
    named : mapping of str to int
        Positions that a person named; these are the only candidates of their column.
    """
    ranked: dict[str, list[tuple[int, int]]] = {}
    for position, text in enumerate(raw.header):
        if position in named.values():
            continue
        for column, rank in columns_of(text):
            if column not in named:
                ranked.setdefault(column, []).append((rank, position))
    found = {column: _best_first(raw.frame, places) for column, places in ranked.items()}
    return found | {column: [position] for column, position in named.items()}


def _best_first(frame: pl.DataFrame | StoredFrame, places: Sequence[tuple[int, int]]) -> list[int]:
    """Sort positions: well filled ones before others, then by the rank of their alias."""
    if len(places) == 1:
        return [places[0][1]]
    filled = {position: n_filled(frame.to_series(position)) for _, position in places}
    enough = _WELL_FILLED * max(filled.values())
    ordered = sorted((filled[position] < enough, rank, position) for rank, position in places)
    return [position for _, _, position in ordered]


def n_filled(cells: pl.Series) -> int:
    """Return how many cells hold anything."""
    if cells.dtype != pl.String:
        return len(cells) - cells.null_count()
    return int((cells.str.strip_chars() != "").sum())


def find_genre(header: Sequence[str], tags: Mapping[int, Different], wanted: str | None) -> int | None:
    """Return the position of the genre to judge by: the one named, else the broadest single label.

    Parameters
    ----------
    header : sequence of str
        Headers of the table.
    tags : mapping of int to Different
        Cells of the columns of genre words, by position.
    wanted : str or None
        The header that a person named.

    Raises
    ------
    UnknownName
        If the named column does not exist.
    """
    if wanted is not None:
        return position_of(wanted, header)
    ranked = sorted(
        (_GENRE_KEYS.index(key), position)
        for position in tags
        if (key := header_key(header[position])) in _GENRE_KEYS
    )
    return next((place for _, place in ranked if is_label(tags[place])), None)


def nearest_header(column: str, header: Iterable[str]) -> str | None:
    """Return the unrecognised header that looks most like a column of ours, if one does."""
    aliases = [alias for alias in FEATURES[column].aliases if len(alias) > 3]
    best, closeness = None, 0.7
    for text in header:
        key = header_key(text)
        if not 3 < len(key) <= 40 or columns_of(text):
            continue
        for alias in aliases:
            near = SequenceMatcher(None, key, alias).ratio()
            near = max(near, 0.9 if key.startswith(alias) or key.endswith(alias) else 0.0)
            if near > closeness:
                best, closeness = text.strip(), near
    return best


_UNIT_WORDS = {
    "%": "percent",
    "percentage": "percent",
    "0-100": "percent",
    "0-1": "share",
    "fraction": "share",
    "milliseconds": "ms",
    "msec": "ms",
    "seconds": "s",
    "sec": "s",
    "minutes": "min",
    "mm:ss": "m:ss",
    "decibel": "dB",
    "beats per minute": "BPM",
    "lost points": "lost decimals",
    "skip": LEFT_ALONE,
    "none": LEFT_ALONE,
    "ignore": LEFT_ALONE,
    "date d-m-y": "d-m-y",
    "date m-d-y": "m-d-y",
    "beats": "beats a bar",
}
_GENRE_KEYS = (
    "playlistgenre",
    "genre",
    "trackgenre",
    "songgenre",
    "topgenre",
    "maingenre",
    "primarygenre",
    "finalgenre",
    "parentgenres",
    "genres",
    "artistgenre",
    "genero",
    "estilo",
    "subgenre",
    "playlistsubgenre",
)
