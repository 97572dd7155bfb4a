"""Songs between an atlas and playlist files: which rows the tracks of a file are, and rows as tracks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.playlists.reading import read_playlist
from songatlas.playlists.tracks import Track, called, spotify_uri_of
from songatlas.songs.finding import folded_texts, rows_of_ids, valid_text

_MOST_NAMED = 3
_Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Extended:
    """A playlist file as the atlas knows it.

    Attributes
    ----------
    name : str
    rows : ndarray of int64
        Rows of its songs that are in the atlas, in the order of the file, each once.
    own : mapping of int to Track
        The tracks of those songs as the file has them, by row.
    strangers : mapping of int to Track
        The other tracks, by their place (from 0) in the file without repeated songs.
    notes : tuple of str
        What reading had to leave out, repeated songs, and songs that are not in the atlas.
    """

    name: str
    rows: _Rows
    own: Mapping[int, Track]
    strangers: Mapping[int, Track]
    notes: tuple[str, ...]

    def strangers_after(self, n_songs: int) -> dict[int, Track]:
        """Return the other tracks at the end of a playlist of so many songs."""
        return dict(enumerate(self.strangers.values(), n_songs))


def read_tracks(songs: pl.DataFrame, path: Path) -> Extended:
    """Read a playlist file and find its songs among those of an atlas.

    Parameters
    ----------
    songs : DataFrame
        Songs of the atlas.
    path : Path
        A playlist file of any form.
    """
    tracks = read_playlist(path)
    own: dict[int, Track] = {}
    strangers: dict[int, Track] = {}
    repeated = 0
    for track, row in zip(tracks.tracks, rows_of_tracks(songs, tracks.tracks), strict=True):
        if row is None:
            strangers[len(own) + len(strangers)] = track
        elif row in own:
            repeated += 1
        else:
            own[row] = track
    notes = (*tracks.notes, *_notes(list(strangers.values()), repeated))
    rows = np.array(list(own), dtype=np.int64)
    return Extended(name=tracks.name, rows=rows, own=own, strangers=strangers, notes=notes)


def rows_of_tracks(songs: pl.DataFrame, tracks: Sequence[Track]) -> list[int | None]:
    """Return the row of each track by id, ISRC, or title and first artist; None where it is not there."""
    found = rows_of_ids(songs["song_id"], [track.song_id or track.spotify_uri or "" for track in tracks])
    if "isrc" in songs.columns and None in found:
        by_isrc = {isrc.upper(): row for row, isrc in enumerate(songs["isrc"]) if isrc}
        codes = [(track.isrc or "").upper() for track in tracks]
        found = [by_isrc.get(code) if row is None else row for row, code in zip(found, codes, strict=True)]
    lost = [place for place, row in enumerate(found) if row is None and tracks[place].title]
    names = [
        (valid_text(tracks[place].title or ""), valid_text(next(iter(tracks[place].artists), "")))
        for place in lost
    ]
    for place, row in zip(lost, _rows_named(songs, names), strict=True):
        found[place] = row
    return found


def track_of_row(songs: pl.DataFrame, row: int) -> Track:
    """Return a song of the atlas as a track of a playlist."""
    song = songs.row(row, named=True)
    duration = None if "duration_ms" in (song.get("imputed") or []) else song.get("duration_ms")
    return Track(
        title=song.get("title"),
        artists=tuple(name for name in song.get("artists") or [] if name),
        album=song.get("album"),
        duration_ms=None if duration is None else round(duration),
        song_id=song["song_id"],
        spotify_uri=spotify_uri_of(song["song_id"]),
        isrc=song.get("isrc"),
    )


def _rows_named(songs: pl.DataFrame, names: list[tuple[str, str]]) -> list[int | None]:
    """Rows of songs by title and first artist, without case, accents and punctuation."""
    if not names or not {"title", "artists"} <= set(songs.columns):
        return [None] * len(names)
    known = zip(folded_texts(songs["title"]), folded_texts(songs["artists"].list.first()), strict=True)
    rows: dict[tuple[str, str], int] = {}
    for row, (title, artist) in enumerate(known):
        if title and artist:
            rows.setdefault((title, artist), row)
    titles, artists = (folded_texts(pl.Series(texts, dtype=pl.String)) for texts in zip(*names, strict=True))
    return [rows.get((title, artist)) for title, artist in zip(titles, artists, strict=True)]


def _notes(strangers: list[Track], repeated: int) -> tuple[str, ...]:
    notes = []
    if repeated:
        notes.append(f"{repeated} song{'s' if repeated > 1 else ''} stood twice in the file: kept once.")
    if strangers:
        named = [called(track) for track in strangers]
        listed = "; ".join(named[:_MOST_NAMED])
        more = f"; and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        notes.append(f"not in the atlas, so kept without being judged: {listed}{more}.")
    return tuple(notes)
