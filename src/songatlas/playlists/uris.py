"""Spotify URIs: one a line, to be pasted into a playlist of Spotify's own program, or read by others.

The file holds nothing but ids: names, titles and everything else are not written, and songs without a Spotify
id cannot be. Reading also takes links, bare ids, and local files of Spotify, which say a title and an artist.
"""

from __future__ import annotations

from collections import Counter
from typing import Final
from urllib.parse import unquote_plus

from songatlas.errors import BadSettings
from songatlas.playlists.tracks import Track, TrackList, known_duration, spotify_uri_of

_LOCAL: Final = "spotify:local:"


def write_uris(tracks: TrackList, directory: str | None = None) -> str:
    r"""Return the Spotify URIs of a playlist in its normal form, one a line.

    Songs without a Spotify id are left out; `songatlas.playlists.formats.left_out` tells them.

    Raises
    ------
    BadSettings
        If there are songs and none has a Spotify id.

    Examples
    --------
    >>> song = Track(spotify_uri="spotify:track:4XU3UbQRXTkBR8VastbrFK")
    >>> write_uris(TrackList(name="", tracks=(song,)))
    'spotify:track:4XU3UbQRXTkBR8VastbrFK\n'
    """
    uris = [uri for track in tracks.tracks if (uri := spotify_uri_of(track.spotify_uri))]
    if tracks.tracks and not uris:
        raise BadSettings(
            f"none of the {len(tracks.tracks):,} songs of {tracks.name!r} has a Spotify id, of which a "
            "list of Spotify URIs is made: write m3u8, xspf, jspf or csv"
        )
    return "".join(f"{uri}\n" for uri in uris)


def read_uris(text: str, name: str, directory: str | None = None) -> TrackList:
    """Return the songs whose Spotify URIs, links or ids are listed; other lines are told in the notes.

    Examples
    --------
    >>> read_uris("spotify:local:Zo%C3%AB:Album:Hey:181", "list").tracks[0].title
    'Hey'
    """
    tracks = []
    others: Counter[str] = Counter()
    for line in filter(None, map(str.strip, text.splitlines())):
        if track := track_of(line):
            tracks.append(track)
        elif not line.startswith("#"):
            others[line] += 1
    notes: tuple[str, ...] = ()
    if others:
        lines = "1 line is" if others.total() == 1 else f"{others.total():,} lines are"
        notes = (
            f"{lines} no address of a song on Spotify and left out, such as {next(iter(others))[:80]!r}",
        )
    return TrackList(name=name, tracks=tuple(tracks), notes=notes)


def track_of(line: str) -> Track | None:
    """The song of one line; None where it is no song of Spotify."""
    if uri := spotify_uri_of(line):
        return Track(song_id=uri[-22:], spotify_uri=uri, location=uri)
    parts = line.removeprefix(_LOCAL).split(":") if line.startswith(_LOCAL) else []
    if len(parts) != 4:
        return None
    artist, album, title, seconds = (unquote_plus(part).strip() for part in parts)
    return Track(
        title=title or None,
        artists=(artist,) if artist else (),
        album=album or None,
        duration_ms=known_duration(int(seconds) * 1000) if seconds.isdecimal() and len(seconds) < 9 else None,
        song_id=line,
    )
