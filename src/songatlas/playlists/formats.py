"""The formats of playlist files: which there are, and how a playlist is written in each."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from songatlas.errors import BadSettings, did_you_mean, quoted
from songatlas.files import write_file
from songatlas.playlists.csv_lists import read_csv, write_csv
from songatlas.playlists.jspf import read_jspf, write_jspf
from songatlas.playlists.locations import is_uri
from songatlas.playlists.m3u8 import is_held_in_place, read_m3u, write_m3u
from songatlas.playlists.tracks import Track, TrackList, brief_line, called, normal, spotify_uri_of
from songatlas.playlists.uris import read_uris, write_uris
from songatlas.playlists.xspf import read_xspf, write_xspf

_MOST_NAMED = 3
_LINES: Final = {"\n": ("lines", 1_000_000), "\r": ("lines", 1_000_000)}
_LINES_OF_XML: Final = {"\n": ("lines", 2_000_000), "\r": ("lines", 2_000_000)}


@dataclass(frozen=True, kw_only=True)
class Format:
    """One format of playlist files.

    Attributes
    ----------
    name : str
    suffixes : tuple of str
        Lower case, with the dot; the first is the usual one.
    description : str
        What it is for, in one sentence.
    write : callable
        Takes a TrackList in its normal form and the absolute folder of the file (or None), returns its text.
    read : callable
        Takes the text, a name for a playlist without one, and the folder; returns a TrackList.
    title : str
        What it is called where a person chooses.
    mime : str
        Its media type.
    most : mapping of str to (str, int)
        Signs that stand before each piece of it: what the piece is called, and how many are read at most.
    """

    name: str
    suffixes: tuple[str, ...]
    description: str
    title: str
    mime: str
    most: Mapping[str, tuple[str, int]]
    write: Callable[[TrackList, str | None], str]
    read: Callable[[str, str, str | None], TrackList]


def playlist_text(
    tracks: TrackList, format: str, *, directory: Path | None = None, raw_cells: bool = False
) -> str:
    """Return a playlist as the text of a file; every format is UTF-8.

    Parameters
    ----------
    tracks : TrackList
    format : str
        A name of `FORMATS`.
    directory : Path, optional
        Folder in which the file will lie; paths near it are written relative to it.
    raw_cells : bool
        Whether texts stand in CSV as they are, though a spreadsheet may run them as formulas.

    Raises
    ------
    BadSettings
        If there is no such format, or it can hold none of the songs.

    Examples
    --------
    >>> song = Track(title="Hey", artists=("Zoë",), location="Zoë/hey.mp3")
    >>> playlist_text(TrackList(name="Calm", tracks=(song,)), "m3u8").splitlines()[-1]
    'Zoë/hey.mp3'
    """
    folder = None if directory is None else _folder_of(directory)
    chosen, songs = format_named(format), normal(tracks, directory=folder)
    if chosen.name == "csv":
        return write_csv(songs, folder, raw_cells=raw_cells)
    return chosen.write(songs, folder)


def write_playlist(
    path: Path | str, tracks: TrackList, *, format: str | None = None, raw_cells: bool = False
) -> None:
    """Write a playlist file, whole or not at all.

    Read back by `songatlas.playlists.reading.read_playlist`, it gives ``normal(tracks, directory=...)`` of
    its folder; ``uris`` holds ids only. What a format cannot hold is told by `left_out`.

    Parameters
    ----------
    path : Path or str
        File to write, in a folder that exists.
    tracks : TrackList
    format : str, optional
        A name of `FORMATS`; without it the suffix decides.
    raw_cells : bool
        Whether texts stand in CSV as they are, though a spreadsheet may run them as formulas.

    Raises
    ------
    BadSettings
        If the suffix or format is unknown, the format can hold none of the songs, or the place is a folder
        or in none.
    SongAtlasError
        If it cannot be written, with the reason in one line.
    """
    path = Path(path)
    chosen = format_named(format) if format is not None else format_of(path)
    if path.is_dir():
        raise BadSettings(f"{str(path)!r} is a folder: name a file, such as {str(path / 'playlist.m3u8')!r}")
    if not path.absolute().parent.is_dir():
        raise BadSettings(
            f"cannot write {str(path)!r}: there is no folder {str(path.parent)!r}; make it first"
        )
    write_file(path, playlist_text(tracks, chosen.name, directory=path.parent, raw_cells=raw_cells))


def left_out(tracks: TrackList, format: str, *, added: Collection[int] | None = None) -> tuple[str, ...]:
    """Return, in sentences, what a player or service will miss of a playlist written in a format.

    Parameters
    ----------
    tracks : TrackList
    format : str
        A name of `FORMATS`.
    added : collection of int, optional
        Places (from 0) of songs that are not a person's own; all where not given. The Spotify URIs of a
        person's own songs are not told, for they stood there before.

    Examples
    --------
    >>> left_out(TrackList(name="", tracks=(Track(title="Hey"),)), "m3u8")[0][:44]
    '1 of 1 song has no location, so a player pas'
    """
    chosen = format_named(format).name
    songs = normal(tracks).tracks
    if chosen == "uris":
        missing = [track for track in songs if not spotify_uri_of(track.spotify_uri)]
        return _told(
            missing,
            songs,
            "no Spotify id and {is} not in the list of Spotify URIs; csv, m3u8, xspf and jspf hold all songs",
        )
    if chosen == "csv":
        missing = [track for track in songs if not (track.title or track.isrc or track.spotify_uri)]
        return _told(missing, songs, "no title, ISRC or Spotify id by which a service could find {it}")
    missing = [track for track in songs if track.location is None]
    passed = (
        "no location, so a player passes over {it}: say where your files are with --location, such as "
        "'{{artist}}/{{title}}.mp3'"
    )
    new = songs
    if added is not None:
        places = set(added)
        new = normal(
            TrackList(
                name="", tracks=tuple(track for place, track in enumerate(tracks.tracks) if place in places)
            )
        ).tracks
    spotify = [
        track for track in new if track.location and spotify_uri_of(track.location) and is_uri(track.location)
    ]
    only = (
        "only a Spotify URI for a location, which few players open: say where your files are with "
        "--location, or write .csv for Soundiiz and the like, .txt to paste into Spotify"
    )
    return (
        *_told(missing, songs, passed),
        *_told(spotify, new, only, kind="song" if len(new) == len(songs) else "added song"),
    )


def held_in_place(tracks: TrackList, path: Path | str, *, format: str | None = None) -> tuple[str, ...]:
    """Return, in a sentence, how many songs of a playlist file cannot be moved along with it.

    Parameters
    ----------
    tracks : TrackList
    path : Path or str
        The playlist file.
    format : str, optional
        A name of `FORMATS`; without it the suffix decides.

    Examples
    --------
    >>> songs = TrackList(name="", tracks=(Track(title="Hey", location="/music/#1.mp3"),))
    >>> held_in_place(songs, "/music/list.m3u8")[0][:49]
    '1 song has #, ?, % or the like in its path, which'
    """
    chosen = format_named(format) if format is not None else format_of(Path(path))
    if chosen.name not in ("m3u8", "m3u"):
        return ()
    directory = str(Path(path).absolute().parent)
    songs = normal(tracks, directory=directory).tracks
    n_held = sum(is_held_in_place(track.location, directory) for track in songs)
    if not n_held:
        return ()
    have, its, it = ("1 song has", "its path", "it") if n_held == 1 else (
        f"{n_held:,} songs have", "their paths", "them",
    )  # fmt: skip
    return (
        f"{have} #, ?, % or the like in {its}, which players read as part of an address, so that M3U8 holds "
        f"the whole path: a list that is moved with the music loses {it} there, one in XSPF does not.",
    )


def format_named(name: str) -> Format:
    """Return the format of that name.

    Raises
    ------
    BadSettings
        If there is none; the message lists them.
    """
    key = name.strip().lower().removeprefix(".")
    if key not in FORMATS:
        raise BadSettings(
            f"no playlist format is called {quoted(name)}{did_you_mean(key, FORMATS)} (formats: "
            f"{', '.join(FORMATS)})"
        )
    return FORMATS[key]


def format_of(path: Path) -> Format:
    """Return the format that the suffix of a file means.

    Raises
    ------
    BadSettings
        If it means none; the message lists the suffixes.

    Examples
    --------
    >>> format_of(Path("calm.XSPF")).name, format_of(Path("calm.txt")).name
    ('xspf', 'uris')
    """
    suffix = path.suffix.lower()
    for candidate in FORMATS.values():
        if suffix in candidate.suffixes:
            return candidate
    known = {ending: row.name for row in FORMATS.values() for ending in row.suffixes}
    listed = ", ".join(f"{ending} ({name})" for ending, name in known.items())
    said = f"the suffix {suffix!r} of {path.name!r}" if suffix else f"{path.name!r} has no suffix, which"
    raise BadSettings(
        f"{said} means no playlist format{did_you_mean(suffix, known) if suffix else ''} "
        f"(suffixes: {listed}); end the file's name in one of them or name the format"
    )


def _folder_of(directory: Path) -> str:
    """A folder as absolute text, without going through links."""
    return os.path.normpath(directory.absolute())


def _told(
    missing: list[Track], songs: tuple[Track, ...], what: str, *, kind: str = "song"
) -> tuple[str, ...]:
    """One sentence on the songs that lack something; none where none does."""
    if not missing:
        return ()
    one = len(missing) == 1
    said = what.format(**{"is": "is" if one else "are", "it": "it" if one else "them"})
    names = "; ".join(brief_line(called(track)) for track in missing[:_MOST_NAMED])
    more = f"; and {len(missing) - _MOST_NAMED:,} more" if len(missing) > _MOST_NAMED else ""
    kinds = kind if len(songs) == 1 else f"{kind}s"
    return (f"{len(missing):,} of {len(songs):,} {kinds} {'has' if one else 'have'} {said} ({names}{more})",)


FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        row.name: row
        for row in (
            Format(
                name="m3u8",
                suffixes=(".m3u8",),
                description="What nearly every player opens: paths or URIs, one a line.",
                title="M3U8",
                mime="application/vnd.apple.mpegurl",
                most=_LINES,
                write=write_m3u,
                read=read_m3u,
            ),
            Format(
                name="m3u",
                suffixes=(".m3u",),
                description="The same under its older name, for players that know no other; also in UTF-8.",
                title="M3U",
                mime="audio/x-mpegurl",
                most=_LINES,
                write=write_m3u,
                read=read_m3u,
            ),
            Format(
                name="xspf",
                suffixes=(".xspf",),
                description="A playlist in XML that says title, artist, album and ids of every song.",
                title="XSPF",
                mime="application/xspf+xml",
                most={"<": ("tags", 4_000_000), "&": ("signs written as codes", 2_000_000)} | _LINES_OF_XML,
                write=write_xspf,
                read=read_xspf,
            ),
            Format(
                name="jspf",
                suffixes=(".jspf",),
                description="The same in JSON, which web services such as ListenBrainz read.",
                title="JSPF",
                mime="application/json",
                most=dict.fromkeys(",[{", ("values", 2_000_000)),
                write=write_jspf,
                read=read_jspf,
            ),
            Format(
                name="csv",
                suffixes=(".csv",),
                description="A table for services that move playlists, called as Exportify's.",
                title="CSV",
                mime="text/csv",
                most=_LINES | dict.fromkeys(",;\t|", ("cells", 4_000_000)),
                write=write_csv,
                read=read_csv,
            ),
            Format(
                name="uris",
                suffixes=(".txt", ".uris"),
                description="Spotify URIs, one a line, to be pasted into a playlist there.",
                title="Spotify list",
                mime="text/plain",
                most=_LINES,
                write=write_uris,
                read=read_uris,
            ),
        )
    }
)
