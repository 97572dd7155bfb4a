"""Making a playlist of an atlas: candidates are chosen to length and put in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas import playlist_sources as sources
from songatlas.atlas.extending import read_tracks, tracks_found
from songatlas.atlas.taste import taste_of
from songatlas.errors import BadSettings
from songatlas.playlists.choosing import Length, fill, known_durations
from songatlas.playlists.orders import Ordered, order_songs
from songatlas.playlists.paths import path_between
from songatlas.playlists.spacing import first_artists
from songatlas.playlists.tours import shortest_tour
from songatlas.playlists.tracks import Track, TrackList
from songatlas.songs.finding import named_song

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas

_PATH_ORDERS: Final = ("given",)
_FILLED_IN: Final = ("energy", "tempo_bpm", "key", "mode", "duration_ms")
_Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What all playlists of one call are to be like; see `make_playlist`."""

    length: Length
    filters: Sequence[str]
    artist_gap: int
    per_artist: int | None
    key_strictness: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class Made:
    """Rows in order, before they are told."""

    name: str
    rows: _Rows
    order: str
    own: Mapping[int, Track] = field(default_factory=dict)
    strangers: Mapping[int, Track] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Maker:
    """What all playlists of one call share."""

    def __init__(self, atlas: Atlas, wishes: Wishes) -> None:
        songs, taste = atlas.songs, taste_of(atlas)
        self.atlas, self.wishes, self.length = atlas, wishes, wishes.length
        self.points, self.works = taste.listening, taste.versions
        self.artists = atlas.kept.get("first artists", None, lambda: first_artists(songs))
        self.durations = atlas.kept.get("durations", None, lambda: _durations(songs))
        self.usual_ms = float(np.median(self.durations))
        self.per_artist = songs.height if wishes.per_artist is None else wishes.per_artist

    def of_cluster(self, cluster: str | int, order: str) -> Made:
        """Choose among the songs of a cluster."""
        found = sources.of_cluster(self.atlas, str(cluster), self.wishes.filters, seed=self.wishes.seed)
        return self.chosen(found, order)

    def of_subcluster(self, number: int, order: str) -> Made:
        """Choose among the songs of a subcluster."""
        found = sources.of_subcluster(self.atlas, number, self.wishes.filters, seed=self.wishes.seed)
        return self.chosen(found, order)

    def of_filters(self, order: str) -> Made:
        """Choose among all songs that the filters let through."""
        return self.chosen(sources.of_filters(self.atlas, self.wishes.filters, seed=self.wishes.seed), order)

    def of_liked(self, like: Sequence[str], unlike: Sequence[str], order: str, *, with_liked: bool) -> Made:
        """Choose among songs recommended for liked ones."""
        found = sources.of_liked(
            self.atlas,
            like,
            unlike,
            self.wishes.filters,
            n_songs=self.length.of_songs(self.usual_ms),
            per_artist=self.wishes.per_artist,
            with_liked=with_liked,
            seed=self.wishes.seed,
        )
        return self.chosen(found, order)

    def among(self, song_ids: Sequence[str], order: str, *, ranked: bool) -> Made:
        """Choose among given songs."""
        found = sources.of_songs(
            self.atlas, song_ids, self.wishes.filters, ranked=ranked, seed=self.wishes.seed
        )
        return self.chosen(found, order)

    def chosen(self, found: sources.Candidates, order: str) -> Made:
        """Choose among candidates and put them in order."""
        rows = np.concatenate([found.taken, self.pick(found.rows, found.taken)])
        if not len(rows):
            raise BadSettings("no song is short enough for a playlist of that length: ask for more minutes")
        ordered = self.ordered(rows, order)
        notes = (*found.notes, *self.shortfall(rows), *ordered.notes)
        return Made(name=found.name, rows=rows[ordered.rows], order=order, own=found.own, notes=notes)

    def path(self, ends: tuple[str, str], order: str | None) -> Made:
        """Go from one song to another."""
        if order not in (None, *_PATH_ORDERS):
            raise BadSettings(
                f"order {order!r} with a path: a path from song to song has its own order; leave it"
            )
        if self.length.n_songs == 1:
            raise BadSettings("a path of 1 song: give at least 2 (--songs), for it goes from one to another")
        songs = self.atlas.songs
        start, end = (sources.one_song(self.atlas, text) for text in ends)
        passed = sources.filtered(self.atlas, self.wishes.filters)
        rows = self._path_of_length(start, end, passed)
        name = f"From {named_song(songs, start)} to {named_song(songs, end)}"
        return Made(name=name, rows=rows, order="path", notes=self.shortfall(rows))

    def extended(self, file: Path | TrackList, unlike: Sequence[str], order: str, *, reorder: bool) -> Made:
        """Let new songs follow those of a playlist file, or join them."""
        songs = self.atlas.songs
        known = tracks_found(songs, file) if isinstance(file, TrackList) else read_tracks(songs, file)
        if not len(known.rows):
            raise BadSettings(
                f"no song of {file.name} is in the atlas, so nothing is known of what goes with it"
            )
        found = sources.recommended(
            self.atlas,
            songs["song_id"].gather(known.rows).to_list(),
            unlike,
            self.wishes.filters,
            n_songs=self.length.of_songs(self.usual_ms),
            per_artist=self.wishes.per_artist,
            seed=self.wishes.seed,
            without=known.rows,
        )
        new = self.pick(found, (), beside=known.rows)
        notes = (*known.notes, *self.shortfall(new))
        if reorder:
            rows = np.concatenate([known.rows, new])
            ordered = self.ordered(rows, order)
            strangers = known.strangers_after(len(rows))
            return Made(
                name=known.name, rows=rows[ordered.rows], order=order, own=known.own, strangers=strangers,
                notes=(*notes, *ordered.notes),
            )  # fmt: skip
        ordered = self.following(int(known.rows[-1]), new) if order == "smooth" else self.ordered(new, order)
        rows = np.concatenate([known.rows, new[ordered.rows]])
        return Made(
            name=known.name, rows=rows, order=order, own=known.own, strangers=known.strangers,
            notes=(*notes, *ordered.notes),
        )  # fmt: skip

    def pick(self, candidates: _Rows, taken: _Rows | tuple[()], *, beside: _Rows | tuple[()] = ()) -> _Rows:
        """Rows of the asked length."""
        return fill(
            candidates,
            self.durations,
            length=self.length,
            artists=self.artists,
            works=self.works,
            per_artist=self.per_artist,
            taken=taken,
            beside=beside,
        )

    def ordered(self, rows: _Rows, order: str) -> Ordered:
        """Places of rows in their order."""
        return order_songs(
            without_imputed(self.atlas.songs[rows]),
            self.points[rows],
            order=order,
            artist_gap=self.wishes.artist_gap,
            key_strictness=self.wishes.key_strictness,
            seed=self.wishes.seed,
        )

    def following(self, last: int, rows: _Rows) -> Ordered:
        """Places of rows in a short tour that sets out from a song before them."""
        line = np.concatenate([[last], rows])
        tour = shortest_tour(
            self.points[line],
            seed=self.wishes.seed,
            start=0,
            groups=self.artists[line],
            gap=self.wishes.artist_gap,
        )
        return Ordered(rows=tour[1:] - 1)

    def shortfall(self, rows: _Rows) -> tuple[str, ...]:
        """Say where there are fewer songs than were asked for."""
        most = self.wishes.per_artist
        cap = f"at most {most} song{'s' if most != 1 else ''} of an artist"
        why = (
            "there are no more such songs"
            if most is None
            else f"with {cap} there are no more such songs (--per-artist 0 allows any number)"
        )
        if self.length.n_songs is not None and len(rows) < self.length.n_songs:
            there = f"{len(rows)} song{'s' if len(rows) != 1 else ''}"
            return (f"{there}, not {self.length.n_songs}: {why}.",)
        asked = self.length.asked_minutes
        minutes = float(self.durations[rows].sum()) / 60_000
        if asked is not None and minutes < asked - self.usual_ms / 60_000:
            return (f"{minutes:.0f} minutes, not {asked:g}: {why}.",)
        return ()

    def _path_of_length(self, start: int, end: int, passed: NDArray[np.bool_]) -> _Rows:
        """The path whose number of songs fits; of a length in minutes the nearest of a few."""
        asked = self.length.asked_minutes
        middle = max(2, self.length.of_songs(self.usual_ms))
        counts = [middle] if asked is None else sorted({max(2, middle + step) for step in range(-2, 3)})
        paths = [
            path_between(
                self.points,
                start,
                end,
                n=count,
                allowed=passed,
                artists=self.artists,
                works=self.works,
                per_artist=self.per_artist,
                gap=self.wishes.artist_gap,
            )
            for count in counts
        ]
        if asked is None:
            return paths[0]
        return min(paths, key=lambda rows: abs(float(self.durations[rows].sum()) / 60_000 - asked))


def _durations(songs: pl.DataFrame) -> NDArray[np.float64]:
    """How long songs last in milliseconds, those of unknown duration as long as usual."""
    durations = np.full(songs.height, np.nan)
    if "duration_ms" in songs.columns:
        known = without_imputed(songs)["duration_ms"]
        durations = known.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return known_durations(durations)


def without_imputed(songs: pl.DataFrame) -> pl.DataFrame:
    """Return songs with the values taken back that cleaning has filled in: nobody knows them."""
    if "imputed" not in songs.columns:
        return songs
    filled = [name for name in _FILLED_IN if name in songs.columns]
    kept = [
        pl.when(~pl.col("imputed").list.contains(name).fill_null(value=False)).then(name).alias(name)
        for name in filled
    ]
    return songs.with_columns(kept)
