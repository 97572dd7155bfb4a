"""Where the songs of a whole playlist are: a template for all of them, and what has to be said about it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from os.path import isfile
from pathlib import Path

from songatlas.errors import BadSettings, quoted
from songatlas.playlists.locations import is_absolute, is_uri, settled
from songatlas.playlists.templates import TEMPLATE_FIELDS, fields_of, locate
from songatlas.playlists.tracks import Track, TrackList


@dataclass(frozen=True, kw_only=True)
class Located:
    """A playlist with the locations of its songs, and what a person should know of them."""

    tracks: TrackList
    notes: tuple[str, ...] = ()


def locate_all(
    tracks: TrackList,
    *,
    template: str | None,
    music: Path | None = None,
    playlist_dir: Path | None = None,
    added: Collection[int] | None = None,
    look_for_files: bool = True,
) -> Located:
    """Return a playlist whose songs have the locations of a template.

    A song that lacks a field of the template keeps the location it has, or its Spotify URI, and is told.

    Parameters
    ----------
    tracks : TrackList
    template : str or None
        As in `songatlas.playlists.templates.locate`; without it all stays as it is.
    music : Path, optional
        Folder that is there, to which relative paths belong.
    playlist_dir : Path, optional
        Folder of the playlist.
    added : collection of int, optional
        Places (from 0) of the songs that get a location; the others keep theirs exactly, where they have one.
        All of them where not given.
    look_for_files : bool
        Whether to tell how many of the files are there.

    Raises
    ------
    BadSettings
        If the template cannot be read, no song has one of its fields, the folder of music is not there, or
        there is such a folder and no template.

    Examples
    --------
    >>> songs = TrackList(name="", tracks=(Track(title="Hey", artists=("Zoë",)), Track(title="You")))
    >>> found = locate_all(songs, template="https://host/{artist}/{title}")
    >>> found.tracks.tracks[0].location, found.notes[0][:34]
    ('https://host/Zo%C3%AB/Hey', '1 of 2 songs has no {artist}, so -')
    """
    if music is not None and not music.is_dir():
        raise BadSettings(f"there is no folder {str(music)!r}: --music names the folder your files are in")
    if template is None:
        if music is not None:
            raise BadSettings(
                "--music is where the paths of --location start: give --location too, such as "
                "'{artist}/{title}.mp3'"
            )
        return Located(tracks=tracks)
    new = [
        place
        for place, track in enumerate(tracks.tracks)
        if added is None or place in added or not (track.location or track.spotify_uri)
    ]
    notes = _lacking([tracks.tracks[place] for place in new], template)
    placed = list(tracks.tracks)
    paths = []
    for place in new:
        found = locate(placed[place], template=template, music=music, playlist_dir=playlist_dir)
        if found is not None:
            paths.append(found)
            placed[place] = replace(placed[place], location=found)
    there = _files_told(paths, music=music, playlist_dir=playlist_dir) if look_for_files else ()
    return Located(tracks=replace(tracks, tracks=tuple(placed)), notes=(*notes, *there))


def _lacking(tracks: list[Track], template: str) -> tuple[str, ...]:
    """Say how many songs lack a field of the template; refuse it where all do."""
    notes = []
    for field in fields_of(template):
        lacking = [track for track in tracks if not (TEMPLATE_FIELDS[field](track) or "").strip()]
        if lacking and len(lacking) == len(tracks):
            raise BadSettings(f"no song has {{{field}}}: leave it out of --location {quoted(template)}")
        if lacking:
            have = "has" if len(lacking) == 1 else "have"
            notes.append(
                f"{len(lacking):,} of {len(tracks):,} songs {have} no {{{field}}}, so --location gives "
                f"{'it' if len(lacking) == 1 else 'them'} no place."
            )
    return tuple(notes)


def _files_told(paths: list[str], *, music: Path | None, playlist_dir: Path | None) -> tuple[str, ...]:
    """Say how many of the files are there."""
    folder = (playlist_dir or Path()).absolute()
    here = [path for path in paths if not is_uri(path) and (path.startswith("/") or not is_absolute(path))]
    if not here:
        return ()
    n_there = sum(isfile(settled(path, str(folder))) for path in here)  # noqa: PTH113 - names too long are none
    files = "1 file" if len(here) == 1 else f"{len(here):,} files"
    return (f"{n_there:,} of {files} found under {str((music or folder).absolute())!r}.",)
