"""Tracks: songs of a playlist as files know them, and the one form in which every reader gives them back.

Conventions
-----------
A field that is not known is None (`artists`: empty). Durations are in milliseconds. A `location` is an
absolute path, a path relative to the folder of the playlist, or a URI.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from songatlas.playlists.locations import settled

_SPOTIFY: Final = re.compile(
    r"(?:spotify:track:|https?://(?:open|play|api)\.spotify\.com/(?:[\w-]+/)*?tracks?/)?"
    r"([0-9A-Za-z]{22})(?:[?#/].*)?",
    re.DOTALL,
)
_BREAKS: Final = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_UNLAWFUL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_UNNAMED: Final = "Playlist"
_LONGEST_MS: Final = 10**10


@dataclass(frozen=True, kw_only=True)
class Track:
    """One song of a playlist.

    Attributes
    ----------
    title : str or None
    artists : tuple of str
        One name each, the main artist first.
    album : str or None
    duration_ms : int or None
        In milliseconds.
    location : str or None
        Path or URI that a player opens.
    song_id : str or None
        As in the songs table.
    spotify_uri : str or None
        ``spotify:track:`` and 22 letters and digits.
    isrc : str or None
        International Standard Recording Code.
    """

    title: str | None = None
    artists: tuple[str, ...] = ()
    album: str | None = None
    duration_ms: int | None = None
    location: str | None = None
    song_id: str | None = None
    spotify_uri: str | None = None
    isrc: str | None = None


@dataclass(frozen=True, kw_only=True)
class TrackList:
    """A playlist as a file knows it.

    Attributes
    ----------
    name : str
        What a player calls it.
    tracks : tuple of Track
        In order.
    notes : tuple of str
        What reading had to leave out or to guess, in sentences; never written.
    """

    name: str
    tracks: tuple[Track, ...] = ()
    notes: tuple[str, ...] = ()


def normal(tracks: TrackList, *, directory: str | None = None) -> TrackList:
    """Return a playlist in the form in which it comes back from every file that holds all of it.

    Empty texts are unknown, impossible durations are unknown, tracks of which nothing is known and empty
    artists are left out, halves of one character are joined, a playlist without a name is called "Playlist".
    Spotify ids and URIs stand for each other, and for the location where nothing else is known. Locations
    are as `songatlas.playlists.locations.settled` gives them.

    Parameters
    ----------
    tracks : TrackList
    directory : str, optional
        Absolute folder of the playlist file, to which relative paths belong.

    Examples
    --------
    >>> normal(TrackList(name=" ", tracks=(Track(title="Hey", album="", duration_ms=-1), Track())))
    TrackList(name='Playlist', tracks=(Track(title='Hey', artists=(), album=None, duration_ms=None, \
location=None, song_id=None, spotify_uri=None, isrc=None),), notes=())
    """
    settled_tracks = (_normal_track(track, directory) for track in tracks.tracks)
    name = _whole(tracks.name) or ""
    return TrackList(
        name=name if name.strip() else _UNNAMED,
        tracks=tuple(track for track in settled_tracks if track != Track()),
    )


def spotify_uri_of(text: str | None) -> str | None:
    """Return ``spotify:track:ID`` of a Spotify id, URI or link of a track; None for anything else.

    Examples
    --------
    >>> spotify_uri_of("https://open.spotify.com/intl-de/track/4XU3UbQRXTkBR8VastbrFK?si=1")
    'spotify:track:4XU3UbQRXTkBR8VastbrFK'
    >>> spotify_uri_of("spotify:episode:4XU3UbQRXTkBR8VastbrFK") is None
    True
    """
    found = _SPOTIFY.fullmatch(text.strip()) if text else None
    return f"spotify:track:{found[1]}" if found else None


def one_line(text: str) -> str:
    r"""Return text as every format holds it: breaks of lines become blanks, controls become U+FFFD.

    Examples
    --------
    >>> one_line("two\r\nlines\x00") == "two lines\ufffd"
    True
    """
    return _UNLAWFUL.sub("\ufffd", _BREAKS.sub(" ", text))


def called(track: Track) -> str:
    """Return "Artist, Artist - Title" of a track, or what of it is known.

    Examples
    --------
    >>> called(Track(title="Hey", artists=("A", "B"))), called(Track(isrc="GBAYE0601498"))
    ('A, B - Hey', 'GBAYE0601498')
    """
    said = " - ".join(part for part in (", ".join(track.artists), track.title) if part)
    return said or track.song_id or track.isrc or track.location or "a song without a title"


def brief_line(words: str, *, longest: int = 80) -> str:
    """Return words in one line, those beyond some length left out; cut between words where there are several.

    Examples
    --------
    >>> brief_line("Songs of the road, all of them", longest=12), brief_line("Hey")
    ('Songs of the …', 'Hey')
    """
    line = " ".join(one_line(words).split())
    if len(line) <= longest:
        return line
    return f"{line[: longest + 1].rpartition(' ')[0] or line[:longest]} …"


def known_duration(milliseconds: object) -> int | None:
    """Return a duration in whole milliseconds; None where it is no number or below 1 or beyond four months.

    Examples
    --------
    >>> known_duration(200_000.4), known_duration(-1), known_duration("200")
    (200000, None, None)
    """
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    return round(milliseconds) if 1 <= milliseconds <= _LONGEST_MS else None


def _normal_track(track: Track, directory: str | None) -> Track:
    """One track in its normal form."""
    location, song_id = _whole(track.location), _whole(track.song_id)
    named = _whole(track.spotify_uri)
    uri = spotify_uri_of(named) or named or spotify_uri_of(song_id)
    return replace(
        track,
        title=_whole(track.title),
        artists=tuple(name for name in map(_whole, track.artists) if name),
        album=_whole(track.album),
        duration_ms=known_duration(track.duration_ms),
        location=settled(location, directory) if location else spotify_uri_of(uri),
        song_id=song_id or (uri[-22:] if spotify_uri_of(uri) and uri else None),
        spotify_uri=uri,
        isrc=_whole(track.isrc),
    )


def _whole(text: str | None) -> str | None:
    """A text whose halves of characters beyond U+FFFF are joined; None if it is empty."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") if text else None
