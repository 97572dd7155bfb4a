"""Songs between an atlas and playlist files: which rows the tracks of a file are, and rows as tracks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.song_files import rows_of_locations
from songatlas.playlists.reading import read_playlist
from songatlas.playlists.tracks import Track, TrackList, brief_line, called, spotify_uri_of
from songatlas.songs.finding import folded_texts, rows_of_ids, valid_text
from songatlas.songs.versions import name_sums, version_keys

_MOST_NAMED = 3
_GUESTS = r"(?i)\s*(?:,|&|;|\+|\bfeat\b|\bft\b|\bfeaturing\b|\bwith\b|\bx\b).*$"
_VIDEO = r"(?i)[(\[][^()\[\]]*\b(?:official|video|audio|lyrics?)\b[^()\[\]]*[)\]]"
_Rows = NDArray[np.int64]
_Mark = tuple[str, object]


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
    versions : frozenset of int
        Places of those that are not strangers to the atlas, but other versions (such as a live one) of a
        song in `rows`.
    read : tuple of str
        What reading had to leave out or to guess.
    notes : tuple of str
        The same, repeated songs, other versions, and songs that are not in the atlas.
    """

    name: str
    rows: _Rows
    own: Mapping[int, Track]
    strangers: Mapping[int, Track]
    versions: frozenset[int]
    read: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def unknown(self) -> tuple[Track, ...]:
        """The tracks of which the atlas has no version."""
        return tuple(track for place, track in self.strangers.items() if place not in self.versions)

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
    return tracks_found(songs, read_playlist(path), look_for_files=True)


def tracks_found(songs: pl.DataFrame, tracks: TrackList, *, look_for_files: bool = False) -> Extended:
    """Find the songs of a playlist, such as one that was uploaded, among those of an atlas.

    A track that means the same song as an earlier one is left out where it is the same one (by its location
    or id; where neither has any, by title and artists as written); another version of it stays.
    `look_for_files` says whether its paths may be looked up on this computer.
    """
    own: dict[int, Track] = {}
    strangers: dict[int, Track] = {}
    versions: set[int] = set()
    known: dict[int, set[_Mark]] = {}
    repeated = 0
    found = rows_of_tracks(songs, tracks.tracks, look_for_files=look_for_files)
    for track, row in zip(tracks.tracks, found, strict=True):
        place = len(own) + len(strangers)
        if row is None:
            strangers[place] = track
            continue
        marks, earlier = _marks(track), known.setdefault(row, set())
        if marks & earlier:
            repeated += 1
        elif row in own:
            strangers[place] = track
            versions.add(place)
        else:
            own[row] = track
        earlier |= marks
    extended = Extended(
        name=tracks.name,
        rows=np.array(list(own), dtype=np.int64),
        own=own,
        strangers=strangers,
        versions=frozenset(versions),
        read=tracks.notes,
        notes=(),
    )
    return replace(extended, notes=(*tracks.notes, *_notes(extended, repeated)))


def rows_of_tracks(
    songs: pl.DataFrame, tracks: Sequence[Track], *, look_for_files: bool = False
) -> list[int | None]:
    """Return the row of each track by id, file, ISRC, or title and first artist; None where none is."""
    found = rows_of_ids(songs["song_id"], [track.song_id or track.spotify_uri or "" for track in tracks])
    if None in found:
        asked = [track.location if row is None else None for row, track in zip(found, tracks, strict=True)]
        files = rows_of_locations(songs, asked, look_for_files=look_for_files)
        found = [other if row is None else row for row, other in zip(found, files, strict=True)]
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
        location=song.get("location"),
        song_id=song["song_id"],
        spotify_uri=spotify_uri_of(song["song_id"]),
        isrc=song.get("isrc"),
    )


def _rows_named(songs: pl.DataFrame, names: list[tuple[str, str]]) -> list[int | None]:
    """Rows of songs by title and first artist, else of a version of theirs; of several the best known."""
    if not names or not {"title", "artists"} <= set(songs.columns):
        return [None] * len(names)
    first = songs["artists"].list.first()
    whole = pl.DataFrame({"title": folded_texts(songs["title"]), "artist": folded_texts(first)})
    titles, artists = (pl.Series(texts, dtype=pl.String) for texts in zip(*names, strict=True))
    leading = artists.str.replace(_GUESTS, "")
    asked = pl.DataFrame({"title": folded_texts(titles), "artist": folded_texts(leading)})
    found = _best_known(songs, whole, asked)
    if None not in found:
        return found
    named = pl.DataFrame({"title": titles.str.replace_all(_VIDEO, "").str.strip_chars(), "artist": leading})
    versions = _best_known(
        songs, pl.DataFrame({"sum": name_sums(songs)}), pl.DataFrame({"sum": name_sums(named)})
    )
    likely = songs.select("title", artist=first).select(pl.all().gather(versions))
    same = (version_keys(named) == version_keys(likely)).fill_null(value=False)
    sure = [row if is_same else None for row, is_same in zip(versions, same, strict=True)]
    return [other if row is None else row for row, other in zip(found, sure, strict=True)]


def _best_known(songs: pl.DataFrame, known: pl.DataFrame, asked: pl.DataFrame) -> list[int | None]:
    """For each line asked for the row of the most popular song with the same values; blank is no value."""
    columns = known.columns
    told = [pl.col(name).cast(pl.String).fill_null("").is_in(["", "0"]).not_() for name in columns]
    popularity = songs["popularity"] if "popularity" in songs.columns else pl.lit(0.0)
    ranked = known.with_columns(popularity.alias("_popularity"), pl.row_index("_row")).filter(told)
    ranked = ranked.sort("_popularity", "_row", descending=[True, False], nulls_last=True)
    best = ranked.unique(columns, keep="first", maintain_order=True)
    return asked.join(best, on=columns, how="left", maintain_order="left")["_row"].to_list()


def _marks(track: Track) -> set[_Mark]:
    """What two tracks of one song have in common only if they are the same."""
    marks: set[_Mark] = {("id", each) for each in (track.song_id, track.spotify_uri) if each}
    if track.location:
        marks.add(("location", track.location))
    return marks or {("name", (track.title, track.artists, track.isrc))}


def _notes(extended: Extended, repeated: int) -> tuple[str, ...]:
    notes = []
    if repeated:
        notes.append(f"{repeated} song{'s' if repeated > 1 else ''} stood twice in the file: kept once.")
    if extended.versions:
        others = [extended.strangers[place] for place in sorted(extended.versions)]
        notes.append(f"other versions of songs in the list, so kept without being judged: {_listed(others)}.")
    if extended.unknown:
        notes.append(f"not in the atlas, so kept without being judged: {_listed(extended.unknown)}.")
    return tuple(notes)


def _listed(tracks: Sequence[Track]) -> str:
    """The names of the first few tracks, and how many more there are."""
    named = [brief_line(called(track)) for track in tracks[:_MOST_NAMED]]
    more = f"; and {len(tracks) - _MOST_NAMED} more" if len(tracks) > _MOST_NAMED else ""
    return f"{'; '.join(named)}{more}"
