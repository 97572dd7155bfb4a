"""XSPF: the playlist in XML, version 1, without extensions.

Conventions
-----------
Paths are written as URI references: relative to the playlist where they lie near it, else as file URIs.
Durations are in milliseconds. Spotify URIs and ISRCs (``urn:isrc:``) are identifiers. What XML cannot hold
(control characters, halves of characters) is replaced in the element and carried whole in a ``meta`` element
of the format itself, as is what has no element, such as the bounds between several artists.

A file with a DOCTYPE is refused, so no entity is ever expanded or fetched.

References
----------
Xiph.Org Foundation, *XSPF Version 1* (XML Shareable Playlist Format).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Final

from songatlas.errors import UnreadableTable
from songatlas.playlists.carried import carried_name, restored, restored_name, unsaid
from songatlas.playlists.locations import beside, is_uri, path_of_uri, reference_of, settled
from songatlas.playlists.tracks import Track, TrackList, known_duration, one_line, spotify_uri_of

NAMESPACE: Final = "http://xspf.org/ns/0/"
TRACK_REL: Final = "urn:songatlas:track"
"""Relation of the `meta` of a track that carries what its elements do not say."""
PLAYLIST_REL: Final = "urn:songatlas:playlist"
_ISRC: Final = "urn:isrc:"
_DEEPEST: Final = 100
_MOST_WORDS: Final = 1_000
_MOST_ATTRIBUTES: Final = 1_000_000
_ATTRIBUTE: Final = re.compile(r"""=\s*["']""")


def write_xspf(tracks: TrackList, directory: str | None = None) -> str:
    """Return a playlist in its normal form as XSPF.

    Parameters
    ----------
    tracks, directory
        As in `songatlas.playlists.m3u8.write_m3u`.

    Examples
    --------
    >>> text = write_xspf(TrackList(name="<Calm>", tracks=(Track(title="Hey", isrc="GBAYE0601498"),)))
    >>> "<title>&lt;Calm&gt;</title>" in text, "<identifier>urn:isrc:GBAYE0601498</identifier>" in text
    (True, True)
    """
    root = ET.Element("playlist", {"version": "1", "xmlns": NAMESPACE})
    _say(root, "title", tracks.name)
    name = carried_name(tracks.name, _text_of(root, "title") or "")
    if name:
        ET.SubElement(root, "meta", {"rel": PLAYLIST_REL}).text = name
    listed = ET.SubElement(root, "trackList")
    for track in tracks.tracks:
        _write_track(listed, track, directory)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def read_xspf(text: str, name: str, directory: str | None = None) -> TrackList:
    """Return the playlist that an XSPF file holds.

    Parameters
    ----------
    text, name, directory
        As in `songatlas.playlists.m3u8.read_m3u`.

    Raises
    ------
    UnreadableTable
        If it is no XML, has a DOCTYPE or is XML of another kind.
    """
    root = _parsed(text)
    if _word(root) != "playlist":
        raise UnreadableTable(
            f"this XML is no playlist: its root is <{_word(root)}>, that of XSPF is <playlist>; save the "
            "playlist as XSPF or M3U8"
        )
    lists = [part for part in root if _word(part) == "trackList"]
    tracks = [_read_track(part, directory) for listed in lists for part in listed if _word(part) == "track"]
    plain = _text_of(root, "title") or name
    return TrackList(name=restored_name(plain, _meta(root, PLAYLIST_REL)), tracks=tuple(tracks))


def identifiers_of(track: Track) -> list[str]:
    """Return the URIs that identify a song wherever it is stored: Spotify's and the ISRC."""
    isrc = [f"{_ISRC}{track.isrc}"] if track.isrc and track.isrc.isascii() and track.isrc.isalnum() else []
    spotify = spotify_uri_of(track.spotify_uri)
    return [*([spotify] if spotify else []), *isrc]


def identified(identifiers: Sequence[str]) -> Track:
    """Return the ids that identifiers of a file name.

    Examples
    --------
    >>> identified(["isrc:GBAYE0601498", "https://open.spotify.com/track/4XU3UbQRXTkBR8VastbrFK"]).song_id
    '4XU3UbQRXTkBR8VastbrFK'
    """
    spotify = next((uri for text in identifiers if is_uri(text) and (uri := spotify_uri_of(text))), None)
    isrcs = (text.rpartition(":")[2] for text in identifiers if text.lower().startswith((_ISRC, "isrc:")))
    return Track(song_id=spotify[-22:] if spotify else None, spotify_uri=spotify, isrc=next(isrcs, None))


def located(references: Sequence[str], directory: str | None) -> str | None:
    """Return the first location among URI references, as readers give it.

    Examples
    --------
    >>> located(["a%20b.mp3"], "/music"), located(["https://a.b/c%20d"], None)
    ('/music/a b.mp3', 'https://a.b/c%20d')
    """
    reference = next(iter(references), None)
    if not reference:
        return None
    is_path = reference[:5].lower() == "file:" or not is_uri(reference)
    return settled(path_of_uri(reference) if is_path else reference, directory)


class _Builder(ET.TreeBuilder):
    """Builds the tree of a document; refuses what may define entities, is deeply nested or of many words."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._words: set[str] = set()

    def start(self, tag: str, attributes: dict[str, str], /) -> ET.Element:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableTable(
                f"this XML has more than {_DEEPEST} elements in one another, which no playlist has: save the "
                "playlist anew, as XSPF or M3U8"
            )
        self._words.add(tag)
        if len(self._words) > _MOST_WORDS:
            raise UnreadableTable(
                f"this XML has more than {_MOST_WORDS:,} kinds of elements, which no playlist has: save the "
                "playlist anew, as XSPF or M3U8"
            )
        return super().start(tag, attributes)

    def end(self, tag: str, /) -> ET.Element:
        self._depth -= 1
        return super().end(tag)

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise UnreadableTable("this XML has a DOCTYPE, which no playlist needs: remove it, or save as M3U8")


def _parsed(text: str) -> ET.Element:
    """The root of a document."""
    _require_few_attributes(text)
    parser = ET.XMLParser(target=_Builder())  # noqa: S314 - a DOCTYPE is refused, see _Builder
    try:
        parser.feed(text)
        return parser.close()
    except (ET.ParseError, UnicodeError) as error:
        raise UnreadableTable(f"this XML is damaged ({error}): save the playlist anew") from None


def _require_few_attributes(text: str) -> None:
    """Refuse a document before attributes fill the memory, of which one tag may hold any number."""
    if text.count("=") <= _MOST_ATTRIBUTES:
        return
    if sum(1 for _ in _ATTRIBUTE.finditer(text)) > _MOST_ATTRIBUTES:
        raise UnreadableTable(
            f"it holds more than {_MOST_ATTRIBUTES:,} attributes, which no playlist does: save the playlist "
            "anew, as XSPF or M3U8"
        )


def _write_track(listed: ET.Element, track: Track, directory: str | None) -> None:
    """Add one song to the list."""
    element = ET.SubElement(listed, "track")
    if track.location is not None:
        _say(element, "location", reference_of(beside(track.location, directory)))
    for identifier in identifiers_of(track):
        _say(element, "identifier", identifier)
    _say(element, "title", track.title)
    _say(element, "creator", ", ".join(track.artists))
    _say(element, "album", track.album)
    _say(element, "duration", None if track.duration_ms is None else str(track.duration_ms))
    carried = unsaid(track, _read_track(element, directory))
    if carried:
        ET.SubElement(element, "meta", {"rel": TRACK_REL}).text = carried


def _read_track(element: ET.Element, directory: str | None) -> Track:
    """One song of a list."""
    identifiers, locations = _texts(element, "identifier"), _texts(element, "location")
    known = identified([*identifiers, *locations])
    creator, duration = _text_of(element, "creator"), _text_of(element, "duration") or ""
    plain = Track(
        title=_text_of(element, "title"),
        artists=(creator,) if creator else (),
        album=_text_of(element, "album"),
        duration_ms=known_duration(int(duration)) if duration.isdecimal() and len(duration) < 12 else None,
        location=located(locations, directory),
        song_id=known.song_id,
        spotify_uri=known.spotify_uri,
        isrc=known.isrc,
    )
    return restored(plain, _meta(element, TRACK_REL))


def _say(parent: ET.Element, word: str, said: str | None) -> None:
    """Add an element of text, where there is any."""
    if said:
        ET.SubElement(parent, word).text = one_line(said)


def _word(element: ET.Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _texts(parent: ET.Element, word: str) -> list[str]:
    """The texts of the elements of a name."""
    texts = [(part.text or "").strip() for part in parent if _word(part) == word]
    return [text for text in texts if text]


def _text_of(parent: ET.Element, word: str) -> str | None:
    """The first text of the elements of a name."""
    return next(iter(_texts(parent, word)), None)


def _meta(parent: ET.Element, rel: str) -> str:
    """What the `meta` of a relation says."""
    found = (part.text for part in parent if _word(part) == "meta" and part.get("rel") == rel)
    return next(found, None) or ""
