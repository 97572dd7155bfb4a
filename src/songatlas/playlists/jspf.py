"""JSPF: XSPF in JSON, with `location` and `identifier` as arrays.

Conventions
-----------
As in `songatlas.playlists.xspf`: URI references, milliseconds, identifiers, and a `meta` for what has no
place of its own.

References
----------
Xiph.Org Foundation, *JSPF* (JSON Shareable Playlist Format).
"""

from __future__ import annotations

import json
from typing import Any

from songatlas.errors import UnreadableTable
from songatlas.playlists.carried import carried_name, restored, restored_name, unsaid
from songatlas.playlists.locations import beside, reference_of
from songatlas.playlists.tracks import Track, TrackList, known_duration, one_line
from songatlas.playlists.xspf import PLAYLIST_REL, TRACK_REL, identified, identifiers_of, located


def write_jspf(tracks: TrackList, directory: str | None = None) -> str:
    """Return a playlist in its normal form as JSPF.

    Parameters
    ----------
    tracks, directory
        As in `songatlas.playlists.m3u8.write_m3u`.

    Examples
    --------
    >>> song = Track(title="Hey", location="https://example.org/hey")
    >>> json.loads(write_jspf(TrackList(name="Calm", tracks=(song,))))["playlist"]["track"]
    [{'location': ['https://example.org/hey'], 'title': 'Hey'}]
    """
    playlist: dict[str, Any] = {"title": one_line(tracks.name)}
    name = carried_name(tracks.name, _text_of(playlist, "title") or "")
    if name:
        playlist["meta"] = [{PLAYLIST_REL: name}]
    playlist["track"] = [_written(track, directory) for track in tracks.tracks]
    return json.dumps({"playlist": playlist}, ensure_ascii=False, indent=2) + "\n"


def read_jspf(text: str, name: str, directory: str | None = None) -> TrackList:
    """Return the playlist that a JSPF file holds.

    Parameters
    ----------
    text, name, directory
        As in `songatlas.playlists.m3u8.read_m3u`.

    Raises
    ------
    UnreadableTable
        If it is no JSON or JSON of another kind.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableTable(f"this JSON is damaged ({error}): save the playlist anew") from None
    playlist = content.get("playlist") if isinstance(content, dict) else None
    if not isinstance(playlist, dict) or not isinstance(playlist.get("track", []), list):
        raise UnreadableTable(
            'this JSON is no playlist: JSPF holds {"playlist": {"track": [...]}}; '
            "save the playlist as JSPF or M3U8"
        )
    listed = [part for part in playlist.get("track", []) if isinstance(part, dict)]
    plain = _text_of(playlist, "title") or name
    return TrackList(
        name=restored_name(plain, _meta(playlist, PLAYLIST_REL)),
        tracks=tuple(_read_track(part, directory) for part in listed),
    )


def _written(track: Track, directory: str | None) -> dict[str, Any]:
    """One song as JSPF has it."""
    location = track.location
    said = {
        "location": [reference_of(beside(location, directory))] if location else [],
        "identifier": identifiers_of(track),
        "title": one_line(track.title or ""),
        "creator": one_line(", ".join(track.artists)),
        "album": one_line(track.album or ""),
        "duration": track.duration_ms,
    }
    written: dict[str, Any] = {word: value for word, value in said.items() if value}
    carried = unsaid(track, _read_track(written, directory))
    return {**written, "meta": [{TRACK_REL: carried}]} if carried else written


def _read_track(said: dict[str, Any], directory: str | None) -> Track:
    """One song of a list."""
    locations, creator = _texts(said, "location"), _text_of(said, "creator")
    known = identified([*_texts(said, "identifier"), *locations])
    plain = Track(
        title=_text_of(said, "title"),
        artists=(creator,) if creator else (),
        album=_text_of(said, "album"),
        duration_ms=known_duration(said.get("duration")),
        location=located(locations, directory),
        song_id=known.song_id,
        spotify_uri=known.spotify_uri,
        isrc=known.isrc,
    )
    return restored(plain, _meta(said, TRACK_REL))


def _texts(said: dict[str, Any], word: str) -> list[str]:
    """The texts of an entry, which should be a list of them and often is one alone."""
    value = said.get(word)
    values = value if isinstance(value, list) else [value]
    return [text.strip() for text in values if isinstance(text, str) and text.strip()]


def _text_of(said: dict[str, Any], word: str) -> str | None:
    """The first text of an entry."""
    return next(iter(_texts(said, word)), None)


def _meta(said: dict[str, Any], rel: str) -> str:
    """What the `meta` of a relation says."""
    metas = said.get("meta")
    found = (part.get(rel) for part in metas if isinstance(part, dict)) if isinstance(metas, list) else ()
    return next((text for text in found if isinstance(text, str)), "")
