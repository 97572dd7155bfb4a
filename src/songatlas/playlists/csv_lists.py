"""CSV: the table that services for moving playlists read, and what they and Exportify write.

Conventions
-----------
Columns are called as Exportify calls them; several artists are joined by ``;`` as there. A column `Location`,
`Song ID` or `songatlas` (what the others do not say, as JSON) is written only where a song needs it. Headers
of other tables are found by the aliases of `songatlas.features`, in any spelling and order.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

import polars as pl

from songatlas.errors import UnreadableTable
from songatlas.features import DETAILS, FEATURES, header_key
from songatlas.playlists.carried import carried_name, restored, restored_name, unsaid
from songatlas.playlists.locations import beside, is_uri, settled
from songatlas.playlists.tracks import Track, TrackList, known_duration, one_line, spotify_uri_of
from songatlas.safe_cells import raw_order, text_of_cells, unguarded, was_guarded

_ALWAYS: Final = (
    *("Track Name", "Artist Name(s)", "Album Name", "ISRC", "Track URI", "Duration (ms)", "Playlist Name"),
)
_HEADER: Final = (*_ALWAYS, "Location", "Song ID", "songatlas")
_DELIMITERS: Final = (",", ";", "\t", "|")
_LOCATIONS: Final = ("location", "path", "filepath", "file", "filename")
_ARTIST_URIS: Final = ("artisturis", "artisturi", "artistids", "artistid")
_LONGEST_CELL: Final = 1 << 26
_MILLISECONDS_FROM, _SECONDS_FROM = 10_000, 30  # medians of songs' durations from which a unit is meant
_CLOCK: Final = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2})(?:\.\d+)?")
_QUOTED: Final = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_LISTED: Final = re.compile(rf"\[\s*(?:{_QUOTED})(?:\s*,\s*(?:{_QUOTED}))*\s*\]")


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """Where in a row the fields of a song are; the unit of durations is ``ms``, ``s`` or ``min``."""

    title: int | None
    artists: int | None
    album: int | None
    isrc: int | None
    duration: int | None
    playlist: int | None
    location: int | None
    artist_uris: int | None
    carried: int | None
    ids: tuple[int, ...]
    unit: str = "ms"


def write_csv(tracks: TrackList, directory: str | None = None, *, raw_cells: bool = False) -> str:
    """Return a playlist in its normal form as CSV, one row a song.

    A playlist without songs is one row that holds its name alone. An apostrophe stands before what a
    spreadsheet would run as a formula, unless `raw_cells` says otherwise; the last two columns that are
    always there then change places.

    Parameters
    ----------
    tracks, directory
        As in `songatlas.playlists.m3u8.write_m3u`.
    raw_cells : bool
        Whether texts stand in it as they are, though a spreadsheet may run them.

    Examples
    --------
    >>> song = Track(title="Hey", artists=("A", "B"), isrc="GBAYE0601498", duration_ms=181_000)
    >>> print(write_csv(TrackList(name="Calm", tracks=(song,))), end="")
    Track Name,Artist Name(s),Album Name,ISRC,Track URI,Duration (ms),Playlist Name
    Hey,"A;B",,GBAYE0601498,,181000,Calm
    """
    name = one_line(tracks.name)
    columns = _columns_of(_HEADER)
    rows = []
    for track in tracks.tracks or (Track(),):
        cells = _cells(track, name, directory)
        rows.append([*cells, unsaid(track, _track_of(cells, columns, directory))])
    if named := carried_name(tracks.name, name.strip()):
        inner = (text[1:-1] for text in (named, rows[0][-1]) if text)
        rows[0][-1] = f"{{{','.join(inner)}}}"
    header = (*(raw_order(_ALWAYS) if raw_cells else _ALWAYS), *_HEADER[len(_ALWAYS) :])
    by_word = dict(zip(_HEADER, zip(*rows, strict=True), strict=True))
    kept = {word: by_word[word] for word in header if word in _ALWAYS or any(by_word[word])}
    filled = [[cell or None for cell in column] for column in kept.values()]
    return text_of_cells(pl.DataFrame(filled, schema=dict.fromkeys(kept, pl.String)), raw=raw_cells)


def read_csv(text: str, name: str, directory: str | None = None) -> TrackList:
    r"""Return the songs of a table as a playlist.

    Parameters
    ----------
    text, name, directory
        As in `songatlas.playlists.m3u8.read_m3u`.

    Raises
    ------
    UnreadableTable
        If no column looks like a title or an id.

    Examples
    --------
    >>> table = "Title;Artist;Time\nHey;Zoë;3:01\n"
    >>> read_csv(table, "list").tracks[0].duration_ms
    181000
    """
    _, columns, rows = _read_table(text)
    tracks = (_track_of(cells, columns, directory) for cells in rows)
    return _named(name, tuple(track for track in tracks if track != Track()), rows, columns)


def columns_left_out(text: str) -> tuple[str, ...]:
    r"""Return the names of the columns of a table of which a playlist keeps nothing, in their order.

    Columns without any value are not among them.

    Parameters
    ----------
    text : str
        As `read_csv` reads it.

    Examples
    --------
    >>> columns_left_out("Title,Artist,Energy,Tempo\nHey,Zoë,0.5,\n")
    ('Energy',)
    """
    header, columns, rows = _read_table(text)
    fields = (columns.title, columns.artists, columns.album, columns.isrc, columns.duration)
    kept = {*fields, columns.location, columns.carried}
    if len({_cell(cells, columns.playlist) for cells in rows} - {None}) == 1:  # a playlist has one name
        kept.add(columns.playlist)
    for place in columns.ids:
        if all(_is_kept(_cell(cells, place), _track_of(cells, columns, None)) for cells in rows):
            kept.add(place)
    width = max([len(header), *map(len, rows)])
    lost = [
        place for place in range(width) if place not in kept and any(_cell(cells, place) for cells in rows)
    ]
    return tuple(header[place] if place < len(header) else f"column {place + 1}" for place in lost)


def is_table(text: str) -> bool:
    r"""Say whether a text begins like a table of songs: two columns that are known, one a title or an id.

    Examples
    --------
    >>> is_table("Title,Artist\n"), is_table("Music/Title, Artist.mp3\n")
    (True, False)
    """
    columns = _columns_of(_heading(text)[0])
    known = (columns.title, columns.artists, columns.album, columns.isrc, columns.duration, *columns.ids[:1])
    found = sum(place is not None for place in known)
    return found >= 2 and (columns.title is not None or bool(columns.ids))


def _read_table(text: str) -> tuple[list[str], _Columns, list[list[str]]]:
    """The header of a table, where the fields of a song are, and the other rows."""
    header, delimiter = _heading(text)
    columns = _columns_of(header)
    if columns.title is None and not columns.ids and columns.location is None:
        seen = ", ".join(repr(one_line(word)[:40]) for word in header[:6])
        raise UnreadableTable(
            f"no column of this table looks like a title or an id (the first line is {seen}): name them "
            "'Track Name', 'Artist Name(s)' and 'Track URI', or give an M3U8, XSPF or JSPF file"
        )
    rows = _rows_of(text, delimiter)[1:]
    if was_guarded(header):
        rows = [[unguarded(cell) for cell in cells] for cells in rows]
    return header, replace(columns, unit=_unit(header, rows, columns)), rows


def _is_kept(said: str | None, track: Track) -> bool:
    """Whether a track holds what the cell of an id says."""
    if said is None or said in (track.song_id, track.location):
        return True
    uri = spotify_uri_of(said)
    return uri is not None and uri == track.spotify_uri


def _cells(track: Track, name: str, directory: str | None) -> list[str]:
    """One row, but for what the other cells do not say."""
    uri = spotify_uri_of(track.spotify_uri) or ""
    location = track.location if track.location != uri else None
    song_id = track.song_id if track.song_id != uri[-22:] else None
    cells = (
        track.title,
        ";".join(track.artists),
        track.album,
        track.isrc,
        uri,
        track.duration_ms and str(track.duration_ms),
        name,
        location and beside(location, directory),
        song_id,
    )
    return [one_line(cell or "") for cell in cells]


def _heading(text: str) -> tuple[list[str], str]:
    """The first row, and the sign between its cells: the one by which most columns are known."""

    def known(delimiter: str) -> tuple[int, int]:
        columns = _columns_of(headers[delimiter])
        places = [getattr(columns, field) for field in _Columns.__dataclass_fields__ if field != "unit"]
        return sum(place not in (None, ()) for place in places), len(headers[delimiter])

    first = text.lstrip("\r\n ").splitlines()[:2]
    headers = {
        sign: next(csv.reader(_lines_after_hint(first)[:1], delimiter=sign), []) for sign in _DELIMITERS
    }
    best = max(_DELIMITERS, key=known)
    return headers[best], best


def _lines_after_hint(lines: list[str]) -> list[str]:
    """Lines without the hint on delimiters that Excel puts first."""
    return lines[1:] if lines and re.fullmatch(r'"?sep=.{1,2}"?', lines[0].strip()) else lines


def _rows_of(text: str, delimiter: str) -> list[list[str]]:
    """All rows that hold anything, the header first."""
    lines = text.lstrip("\r\n ")
    first, rest = (lines.splitlines(keepends=True) or [""])[0], lines
    if not _lines_after_hint([first]):
        rest = lines[len(first) :]
    limit = csv.field_size_limit(_LONGEST_CELL)
    try:
        return [
            cells for cells in csv.reader(io.StringIO(rest, newline=""), delimiter=delimiter) if any(cells)
        ]
    except csv.Error as error:
        raise UnreadableTable(f"this table is damaged ({error}): save it anew as CSV") from None
    finally:
        csv.field_size_limit(limit)


def _columns_of(header: Sequence[str]) -> _Columns:
    """Find the columns of a header; earlier aliases win."""
    keys: dict[str, int] = {}
    for place, word in enumerate(header):
        keys.setdefault(header_key(word), place)

    def places(aliases: Sequence[str]) -> list[int]:
        return [keys[alias] for alias in aliases if alias in keys]

    def first(aliases: Sequence[str]) -> int | None:
        return next(iter(places(aliases)), None)

    ids = [alias for alias in DETAILS["song_id"].aliases if alias != "isrc"]
    return _Columns(
        title=first(DETAILS["title"].aliases),
        artists=first(DETAILS["artists"].aliases),
        album=first(DETAILS["album"].aliases),
        isrc=first(DETAILS["isrc"].aliases),
        duration=first(FEATURES["duration_ms"].aliases),
        playlist=first(DETAILS["playlist"].aliases),
        location=first(_LOCATIONS),
        artist_uris=first(_ARTIST_URIS),
        carried=first(("songatlas",)),
        ids=tuple(places(ids)),
    )


def _cell(cells: Sequence[str], place: int | None) -> str | None:
    """What a cell says; None where it says nothing."""
    return (cells[place].strip() or None) if place is not None and place < len(cells) else None


def _track_of(cells: Sequence[str], columns: _Columns, directory: str | None) -> Track:
    """The song of one row."""
    ids = [said for place in columns.ids if (said := _cell(cells, place))]
    uri = next(filter(None, map(spotify_uri_of, ids)), None)
    links = [said for said in ids if "://" in said and is_uri(said) and not spotify_uri_of(said)]
    own = [said for said in ids if said not in links]
    spotify = spotify_uri_of(own[0]) if own else None
    location = _cell(cells, columns.location) or next(iter(links), None)
    plain = Track(
        title=_cell(cells, columns.title),
        artists=_artists_of(_cell(cells, columns.artists) or "", _cell(cells, columns.artist_uris) or ""),
        album=_cell(cells, columns.album),
        duration_ms=_duration(_cell(cells, columns.duration) or "", columns.unit),
        location=settled(location, directory) if location else uri,
        song_id=spotify[-22:] if spotify else next(iter(own), None),
        spotify_uri=uri,
        isrc=_cell(cells, columns.isrc),
    )
    return restored(plain, _cell(cells, columns.carried) or "")


def _artists_of(said: str, uris: str) -> tuple[str, ...]:
    """Take the artists of a cell apart; at commas only where as many artists have an address."""
    if _LISTED.fullmatch(said):
        return tuple(re.sub(r"\\(.)", r"\1", quoted[1:-1]) for quoted in re.findall(_QUOTED, said))
    parts = said.split(";")
    if len(parts) == 1 and said:
        at_commas = re.split(r"(?<!\\),\s*", said)
        parts = at_commas if len(at_commas) == uris.count(",") + 1 else parts
    return tuple(name for part in parts if (name := part.replace("\\,", ",").strip()))


def _duration(said: str, unit: str) -> int | None:
    """A duration in milliseconds, written as 3:41 or as a number of a unit."""
    if clock := _CLOCK.fullmatch(said):
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return known_duration(((hours * 60 + minutes) * 60 + seconds) * 1000)
    if re.fullmatch(r"\d{1,11}(?:\.\d{1,20})?", said):
        return known_duration(float(said) * {"ms": 1, "s": 1000, "min": 60_000}[unit])
    return None


def _unit(header: Sequence[str], rows: Sequence[Sequence[str]], columns: _Columns) -> str:
    """The unit of durations: what the header says, else what their median can only mean."""
    if columns.duration is None or header_key(header[columns.duration]).endswith("ms"):
        return "ms"
    said = [_duration(_cell(cells, columns.duration) or "", "ms") for cells in rows]
    known = [value for value in said if value]
    usual = median(known) if known else 0
    if usual >= _MILLISECONDS_FROM:
        return "ms"
    return "s" if usual >= _SECONDS_FROM else "min"


def _named(
    name: str, tracks: tuple[Track, ...], rows: Sequence[Sequence[str]], columns: _Columns
) -> TrackList:
    """The playlist with the name that all of its rows give."""
    given = dict.fromkeys(said for cells in rows if (said := _cell(cells, columns.playlist)))
    if len(given) > 1:
        note = f"the table holds {len(given):,} playlists: all of their songs were read as one, in order"
        return TrackList(name=name, tracks=tracks, notes=(note,))
    carried = _cell(rows[0], columns.carried) if rows else None
    return TrackList(name=restored_name(next(iter(given), name), carried or ""), tracks=tracks)
