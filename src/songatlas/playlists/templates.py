"""Templates of locations: where a player finds the songs of a playlist, said once for all of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from typing import Final

from songatlas.errors import BadSettings, did_you_mean, quoted
from songatlas.playlists.file_names import safe_part
from songatlas.playlists.locations import beside, is_absolute, is_uri, percent_encoded, settled
from songatlas.playlists.tracks import Track, spotify_uri_of

_STAND_IN = "x"


def locate(
    track: Track, *, template: str | None = None, music: Path | None = None, playlist_dir: Path | None = None
) -> str | None:
    """Return where a player finds a song.

    Parameters
    ----------
    track : Track
    template : str, optional
        Path or URI with fields of `TEMPLATE_FIELDS` in braces, such as ``"{artist}/{album}/{title}.mp3"``,
        ``"https://host/{song_id}"`` or ``"spotify:track:{song_id}"``. In a URI, values are percent-encoded;
        in a path, each is made one safe part: no separators, no ``..``, ``_`` for what files may not be
        called. Without a template, the track's own location holds, else its Spotify URI.
    music : Path, optional
        Folder to which relative paths belong; the playlist's own without it.
    playlist_dir : Path, optional
        Folder of the playlist; paths in it or near it are given relative to it, with forward slashes.

    Returns
    -------
    str or None
        None where nothing is known, or a field of the template is not known of this song.

    Raises
    ------
    BadSettings
        If the template has an unknown field, or braces that do not fit.

    Examples
    --------
    >>> song = Track(title="Who?", artists=("AC/DC",), song_id="a b")
    >>> locate(song, template="{artist}/{title}.mp3"), locate(song, template="https://host/{song_id}")
    ('AC_DC/Who_.mp3', 'https://host/a%20b')
    >>> folders = {"music": Path("/music"), "playlist_dir": Path("/music/lists")}
    >>> locate(song, template="{artist}/{title}.mp3", **folders)
    '../AC_DC/Who_.mp3'
    """
    if template is not None:
        location = _filled(template, track)
    else:
        location = track.location or spotify_uri_of(track.spotify_uri) or spotify_uri_of(track.song_id)
    if location is None:
        return None
    if music is not None and not is_uri(location) and not is_absolute(location):
        location = str(music.absolute() / location)
    return beside(
        settled(location), None if playlist_dir is None else os.path.normpath(playlist_dir.absolute())
    )


def fields_of(template: str) -> tuple[str, ...]:
    """Return the fields of a template, each once.

    Raises
    ------
    BadSettings
        As `locate`.

    Examples
    --------
    >>> fields_of("{artist}/{artist} - {title}.mp3")
    ('artist', 'title')
    """
    return tuple(dict.fromkeys(field for _, field in _parts_of(template) if field))


def _filled(template: str, track: Track) -> str | None:
    """The template with the values of a song; None where one is not known."""
    parts = _parts_of(template)
    shape = "".join(text + (_STAND_IN if field else "") for text, field in parts)
    in_uri = is_uri(shape) or template.startswith("{spotify_uri}")
    in_files = not in_uri or shape[:5].lower() == "file:"
    filled = ""
    for text, field in parts:
        filled += text
        if field:
            value = TEMPLATE_FIELDS[field](track)
            if not value or not value.strip():
                return None
            value = safe_part(value) if in_files or value in (".", "..") else value
            filled += percent_encoded(value, keep=":" if field == "spotify_uri" else "") if in_uri else value
    return filled


def _parts_of(template: str) -> list[tuple[str, str | None]]:
    """Texts and the names of the fields that follow them."""
    parts = []
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        raise BadSettings(
            f"the template of locations {quoted(template)} has braces that do not fit ({error}): write "
            "fields as {title}, and braces of the text itself twice"
        ) from None
    for text, field, form, conversion in parsed:
        if field is not None and (field not in TEMPLATE_FIELDS or form or conversion):
            raise BadSettings(
                f"the template of locations {quoted(template)} has no field {{{quoted(field)[1:-1]}}}"
                f"{did_you_mean(field, TEMPLATE_FIELDS)} (fields: {', '.join(TEMPLATE_FIELDS)}; a field is "
                "written {title}, with nothing else in the braces)"
            )
        parts.append((text, field))
    if not template.strip():
        raise BadSettings(
            "the template of locations is empty: write a path or URI such as {artist}/{title}.mp3"
        )
    return parts


def _spotify_id(track: Track) -> str | None:
    """The 22 letters and digits of Spotify."""
    uri = spotify_uri_of(track.spotify_uri) or spotify_uri_of(track.song_id)
    return uri[-22:] if uri else None


def _spotify_uri(track: Track) -> str | None:
    """The URI of Spotify, also where only the id is known."""
    return spotify_uri_of(track.spotify_uri) or spotify_uri_of(track.song_id)


TEMPLATE_FIELDS: Final[Mapping[str, Callable[[Track], str | None]]] = MappingProxyType(
    {
        "title": lambda track: track.title,
        "artist": lambda track: track.artists[0] if track.artists else None,
        "artists": lambda track: ", ".join(track.artists),
        "album": lambda track: track.album,
        "song_id": lambda track: track.song_id,
        "isrc": lambda track: track.isrc,
        "spotify_id": _spotify_id,
        "spotify_uri": _spotify_uri,
    }
)
"""Fields of templates of locations, and what they say of a song; `artist` is the first of `artists`."""
