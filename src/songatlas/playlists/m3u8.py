"""M3U8 and M3U: the playlist that every player opens, one path or URI a line.

Conventions
-----------
Written in UTF-8 with ``#EXTM3U``, ``#PLAYLIST:name``, and for each song ``#EXTINF:seconds,Artist - Title``
(-1 where the duration is unknown), ``#EXTALB:album`` and its location. Paths near the playlist are relative.
A path with ``#``, ``?`` or a percent code in it is written as a file URI: VLC takes such paths for URIs.

Players pass over lines that begin with ``#``. Three kinds of such lines are ours: ``#SONGATLAS:`` before a
location carries what its other lines do not say; ``#SONGATLAS-SONG:`` is a whole song that has no location,
so that no player stumbles over it; ``#SONGATLAS-PLAYLIST:`` carries a name that does not fit in one line.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final

from songatlas.errors import UnreadableTable
from songatlas.playlists.carried import carried_name, restored, restored_name, unsaid
from songatlas.playlists.locations import beside, is_absolute, is_uri, reference_of, settled, uri_of_path
from songatlas.playlists.tracks import Track, TrackList, known_duration, one_line, spotify_uri_of

_LINES: Final = re.compile(r"\r\n|\r|\n")
_INFO: Final = re.compile(r'\s*(-?\d{1,9}(?:\.\d{0,9})?)?((?:\s+[\w-]+="[^"]*")*)\s*,?(.*)', re.DOTALL)
_OURS: Final = re.compile(r"#SONGATLAS(-SONG|-PLAYLIST)?:(.*)")
_NUMBERED: Final = re.compile(r"^\d{1,3}(?:\s*[.\-–_]\s*|\s+)(?=\D)")
_MISREAD: Final = re.compile(r"[#?]|%[0-9A-Fa-f]{2}")
_MISTAKEN: Final = re.compile(r"[#~\s]|[^/]*:")
_UNTRIMMED: Final = re.compile(r"^\s|\s$")


def write_m3u(tracks: TrackList, directory: str | None = None) -> str:
    """Return a playlist in its normal form as M3U8.

    Parameters
    ----------
    tracks : TrackList
        As `songatlas.playlists.tracks.normal` gives it.
    directory : str, optional
        Absolute folder in which the file will lie; paths near it are written relative to it.

    Examples
    --------
    >>> song = Track(title="Hey", artists=("Zoë",), duration_ms=181_000, location="/music/hey.mp3")
    >>> print(write_m3u(TrackList(name="Calm", tracks=(song,)), "/music"), end="")
    #EXTM3U
    #PLAYLIST:Calm
    #EXTINF:181,Zoë - Hey
    hey.mp3
    """
    lines = ["#EXTM3U", f"#PLAYLIST:{one_line(tracks.name)}"]
    name = carried_name(tracks.name, one_line(tracks.name).strip())
    lines += [f"#SONGATLAS-PLAYLIST:{name}"] if name else []
    for track in tracks.tracks:
        lines += _entry(track, directory)
    return "\n".join(lines) + "\n"


def is_held_in_place(location: str | None, directory: str) -> bool:
    """Say whether a path near a playlist is written whole, so that it cannot be moved with it.

    Parameters
    ----------
    location : str or None
        Of a song.
    directory : str
        Absolute folder of the playlist.

    Examples
    --------
    >>> [is_held_in_place(f"/music/{name}.mp3", "/music") for name in ("#1", "hey")]
    [True, False]
    """
    if location is None or is_uri(location) or not is_absolute(location):
        return False
    return beside(location, directory) != location and _line_of(location, directory).startswith("file:")


def read_m3u(text: str, name: str, directory: str | None = None) -> TrackList:
    """Return the playlist that an M3U or M3U8 file holds.

    Parameters
    ----------
    text : str
        Content of the file.
    name : str
        What the playlist is called where the file does not say.
    directory : str, optional
        Absolute folder of the file, to which its relative paths belong.

    Raises
    ------
    UnreadableTable
        If the file lists the pieces of one stream.

    Examples
    --------
    >>> read_m3u("01 - Zoe - Hey.mp3", "list").tracks[0].artists
    ('Zoe',)
    """
    reader = _Reader(name, directory)
    for line in _LINES.split(text):
        reader.read(line)
    return TrackList(name=reader.name, tracks=tuple(reader.tracks))


class _Reader:
    """Reads line after line into `name` and `tracks`."""

    def __init__(self, name: str, directory: str | None) -> None:
        self.name, self.directory = name, directory
        self.tracks: list[Track] = []
        self.told = Track()
        self.info = self.carried = ""

    def read(self, line: str) -> None:
        """Read one line: a remark on the next song, or its location."""
        line = line.strip()
        if not line.startswith("#"):
            if line:
                self._add(line)
        elif ours := _OURS.match(line):
            self._keep(ours[1], ours[2])
        elif line[:7] in ("#EXT-X-", "#EXT-X:"):
            raise UnreadableTable(
                "this M3U8 lists the pieces of one stream, not songs: give a playlist of songs"
            )
        else:
            self._remark(*line.partition(":")[::2])

    def _keep(self, kind: str | None, carried: str) -> None:
        """Take a line of ours."""
        if kind == "-PLAYLIST":
            self.name = restored_name(self.name, carried)
        elif kind == "-SONG":
            self.tracks.append(restored(Track(), carried))
        else:
            self.carried = carried

    def _remark(self, word: str, said: str) -> None:
        """Take a line that says something of the playlist or of the next song."""
        told, said = self.told, said.strip()
        if word == "#PLAYLIST" and said:
            self.name = said
        elif word == "#EXTALB" and said:
            self.told = Track(album=said, artists=told.artists, duration_ms=told.duration_ms)
        elif word == "#EXTART" and said:
            self.told = Track(album=told.album, artists=(said,), duration_ms=told.duration_ms)
        elif word == "#EXTINF" and (found := _INFO.fullmatch(said)):
            duration = known_duration(round(float(found[1] or -1) * 1000))
            self.told = Track(album=told.album, artists=told.artists, duration_ms=duration)
            self.info = found[3].strip()

    def _add(self, line: str) -> None:
        """Take the location of a song, and with it what was said before."""
        location = settled(line, self.directory)
        artists, title = _artist_and_title(self.info or _named(location), self.told.artists)
        spotify = spotify_uri_of(location) if is_uri(location) else None
        track = Track(
            title=title,
            artists=artists,
            album=self.told.album,
            duration_ms=self.told.duration_ms,
            location=location,
            song_id=spotify[-22:] if spotify else None,
            spotify_uri=spotify,
        )
        self.tracks.append(restored(track, self.carried))
        self.told, self.info, self.carried = Track(), "", ""


def _entry(track: Track, directory: str | None) -> list[str]:
    """The lines of one song."""
    if track.location is None:
        return [f"#SONGATLAS-SONG:{unsaid(track, Track())}"]
    seconds = round(track.duration_ms / 1000) if track.duration_ms else -1
    artists = ", ".join(track.artists)
    said = " - ".join(part for part in (artists, track.title) if part)
    lines = [f"#EXTINF:{seconds},{one_line(said)}"]
    lines += [f"#EXTALB:{one_line(track.album)}"] if track.album else []
    line = _line_of(track.location, directory)
    plain = _Reader("", directory)
    for written in (*lines, line):
        plain.read(written)
    carried = unsaid(track, plain.tracks[0])
    return [*lines, *([f"#SONGATLAS:{carried}"] if carried else []), line]


def _line_of(location: str, directory: str | None) -> str:
    """A location as players read it."""
    if is_uri(location):
        return reference_of(location)
    near = beside(location, directory)
    if is_absolute(location) and (_MISREAD.search(near) or one_line(near) != near or _UNTRIMMED.search(near)):
        return uri_of_path(location)
    near = one_line(near)
    return f"./{near}" if _MISTAKEN.match(near) and not is_absolute(near) else near


def _artist_and_title(said: str, artists: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """Take "Artist - Title" apart; where the artist was told on a line of its own, that holds."""
    if artists:
        return artists, said.removeprefix(f"{artists[0]} - ").strip() or None
    artist, dash, title = said.partition(" - ")
    if dash and artist.strip() and title.strip():
        return (artist.strip(),), title.strip()
    return (), said or None


def _named(location: str) -> str:
    """What the name of a file says of its song; nothing for URIs."""
    if is_uri(location):
        return ""
    stem = (PureWindowsPath if "\\" in location else PurePosixPath)(location).stem
    return _NUMBERED.sub("", stem).strip()
