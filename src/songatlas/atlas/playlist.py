"""Playlists of an atlas: songs are chosen, put in order, and every transition is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas import playlist_sources as sources
from songatlas.atlas.extending import read_tracks, track_of_row
from songatlas.atlas.taste import taste_of
from songatlas.errors import BadSettings
from songatlas.playlists.choosing import PER_ARTIST, Length, fill, known_durations
from songatlas.playlists.keys import camelot_word, key_name, wheel_places_of
from songatlas.playlists.orders import ARTIST_GAP, Ordered, check_order, order_songs
from songatlas.playlists.paths import path_between
from songatlas.playlists.spacing import artist_groups
from songatlas.playlists.tours import shortest_tour
from songatlas.playlists.tracks import Track, TrackList
from songatlas.playlists.transitions import summarize, summary_sentence, transitions
from songatlas.songs.finding import named_song

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas

_TOLD: Final = ("title", "artists", "album", "year", "tempo_bpm", "energy", "key", "mode", "duration_ms")
_PATH_ORDERS: Final = ("given",)
_Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Playlist:
    """Songs in an order.

    Attributes
    ----------
    name : str
    rows : ndarray of int64
        Rows of `atlas.songs`, in the order of the playlist.
    songs : DataFrame
        One row a song: `place` (from 1), `row`, `song_id`, and where known `title`, `artists`, `album`,
        `year`, `cluster` (name), `tempo_bpm`, `energy`, `key` (in words), `camelot` and `duration_ms`.
    transitions : DataFrame
        One row for each step, see `songatlas.playlists.transitions`.
    summary : mapping
        The transitions in a few numbers, and `n_songs`, `minutes`, `order`, `sentence`.
    strangers : mapping of int to Track
        Songs of an extended playlist that are not in the atlas, by their place (from 0) in the whole.
    notes : tuple of str
        What a person should know, such as a length that could not be reached.
    """

    name: str
    rows: _Rows
    songs: pl.DataFrame
    transitions: pl.DataFrame
    summary: Mapping[str, Any]
    strangers: Mapping[int, Track] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.name,
            "songs": self.songs.to_dicts(),
            "transitions": self.transitions.to_dicts(),
            "summary": dict(self.summary),
            "notes": list(self.notes),
        }


def make_playlist(
    atlas: Atlas,
    *,
    cluster: str | int | None = None,
    subcluster: int | None = None,
    like: Sequence[str] = (),
    unlike: Sequence[str] = (),
    with_liked: bool = False,
    path: tuple[str, str] | None = None,
    extend: str | Path | None = None,
    reorder: bool = False,
    filters: Sequence[str] = (),
    minutes: float | None = None,
    n_songs: int | None = None,
    order: str | None = None,
    artist_gap: int = ARTIST_GAP,
    per_artist: int = PER_ARTIST,
    key_strictness: str = "usual",
    seed: int = 0,
    name: str | None = None,
) -> Playlist:
    """Choose songs of an atlas and put them in an order.

    One source is given: `cluster`, `subcluster`, `like`, `path`, `extend`, or `filters` alone; filters go
    with each of the others too.

    Parameters
    ----------
    atlas : Atlas
    cluster : str or int, optional
        Name, part of a name, or number of a cluster: its typical songs.
    subcluster : int, optional
        Number of a playlist-sized cluster inside a cluster.
    like, unlike : sequence of str
        Songs (id, link, "Title - Artist", title) or playlist files; see `recommend`.
    with_liked : bool
        Whether the liked songs themselves are part of the playlist.
    path : pair of str, optional
        Two songs: the playlist goes from one to the other in even steps.
    extend : path, optional
        A playlist file: its songs stay as they are, and new ones that go with them follow.
    reorder : bool
        Whether all songs of an extended playlist are put in the order, not only the new ones.
    filters : sequence of str
        Such as "year>=1980" or "tempo=100..130".
    minutes, n_songs : float, int, optional
        Length, one of the two; 60 minutes by default. With `extend` it is what is added.
    order : str, optional
        One of `songatlas.playlists.ORDERS`; smooth by default. A path has its own.
    artist_gap, per_artist : int
        Songs between two of one artist, and most songs of one artist.
    key_strictness : {"strict", "usual", "loose"}
        Which steps of keys are harmonic.
    seed : int
        Another seed gives another playlist.
    name : str, optional
        What it is called; by default after its source.

    Returns
    -------
    Playlist

    Raises
    ------
    BadSettings
        If there is no source or several, a length is none, or filters leave no song.
    UnknownName
        If a song or a cluster is not found.
    MissingColumns
        If the order needs a column that the songs lack.
    """
    given = (cluster is not None, subcluster is not None, bool(like), path is not None, extend is not None)
    _check_sources(given, filters=filters, unlike=unlike, like=like, extend=extend)
    check_order(order or "smooth")
    length = Length(minutes=minutes, n_songs=n_songs)
    maker = _Maker(atlas, length, artist_gap, per_artist, key_strictness, seed)
    if path is not None:
        made = maker.path(path, filters, order)
    elif extend is not None:
        made = maker.extended(Path(extend), unlike, filters, order or "smooth", reorder=reorder)
    else:
        if cluster is not None:
            found = sources.of_cluster(atlas, str(cluster), filters, seed=seed)
        elif subcluster is not None:
            found = sources.of_subcluster(atlas, subcluster, filters, seed=seed)
        elif like:
            found = sources.of_liked(
                atlas,
                like,
                unlike,
                filters,
                n_songs=length.of_songs(maker.usual_ms),
                per_artist=per_artist,
                with_liked=with_liked,
                seed=seed,
            )
        else:
            found = sources.of_filters(atlas, filters, seed=seed)
        made = maker.chosen(found, order or "smooth")
    return maker.told(made, name=name)


def all_cluster_playlists(atlas: Atlas, **options: Any) -> tuple[Playlist, ...]:
    """Return one playlist for each cluster, with the options of `make_playlist`.

    A cluster of which the filters leave no song is passed over.
    """
    passed = sources.filtered(atlas, options.get("filters", ()))
    left = np.bincount(atlas.clustering.labels[passed], minlength=atlas.k)
    names = atlas.cluster_names()
    return tuple(
        make_playlist(
            atlas, cluster=str(number) if names.count(names[number]) > 1 else names[number], **options
        )
        for number in range(atlas.k)
        if left[number]
    )


def playlist_tracks(atlas: Atlas, playlist: Playlist) -> TrackList:
    """Return a playlist as its file holds it, songs that are not in the atlas at their places."""
    ours = iter(track_of_row(atlas.songs, int(row)) for row in playlist.rows)
    n_tracks = len(playlist.rows) + len(playlist.strangers)
    tracks = tuple(
        playlist.strangers[place] if place in playlist.strangers else next(ours) for place in range(n_tracks)
    )
    return TrackList(name=playlist.name, tracks=tracks)


@dataclass(frozen=True, kw_only=True)
class _Made:
    """Rows in order, before they are told."""

    name: str
    rows: _Rows
    order: str
    strangers: Mapping[int, Track] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class _Maker:
    """What all playlists of one call share."""

    def __init__(
        self, atlas: Atlas, length: Length, artist_gap: int, per_artist: int, key_strictness: str, seed: int
    ) -> None:
        songs = atlas.songs
        self.atlas, self.length, self.seed = atlas, length, seed
        self.artist_gap, self.per_artist, self.key_strictness = artist_gap, per_artist, key_strictness
        self.points = taste_of(atlas).points
        self.artists, self.works = artist_groups(songs), sources.works(songs)
        known = (
            _without_imputed(songs)["duration_ms"].cast(pl.Float64)
            if "duration_ms" in songs.columns
            else None
        )
        missing = np.full(songs.height, np.nan)
        self.durations = known_durations(
            missing if known is None else known.fill_null(float("nan")).to_numpy()
        )
        self.usual_ms = float(np.median(self.durations))

    def chosen(self, found: sources.Candidates, order: str) -> _Made:
        """Choose among candidates and put them in order."""
        rows = np.concatenate([found.taken, self.pick(found.rows, found.taken)])
        if not len(rows):
            raise BadSettings("no song is short enough for a playlist of that length: ask for more minutes")
        ordered = self.ordered(rows, order)
        notes = (*found.notes, *self.shortfall(rows), *ordered.notes)
        return _Made(name=found.name, rows=rows[ordered.rows], order=order, notes=notes)

    def path(self, ends: tuple[str, str], filters: Sequence[str], order: str | None) -> _Made:
        """Go from one song to another."""
        if order not in (None, *_PATH_ORDERS):
            raise BadSettings(
                f"order {order!r} with a path: a path from song to song has its own order; leave it"
            )
        songs = self.atlas.songs
        start, end = (sources.one_song(self.atlas, text) for text in ends)
        passed = sources.filtered(self.atlas, filters)
        rows = self._path_of_length(start, end, passed)
        name = f"From {named_song(songs, start)} to {named_song(songs, end)}"
        return _Made(name=name, rows=rows, order="path", notes=self.shortfall(rows))

    def extended(
        self, file: Path, unlike: Sequence[str], filters: Sequence[str], order: str, *, reorder: bool
    ) -> _Made:
        """Let new songs follow those of a playlist file, or join them."""
        known = read_tracks(self.atlas.songs, file)
        if not len(known.rows):
            raise BadSettings(
                f"no song of {file.name} is in the atlas, so nothing is known of what goes with it"
            )
        found = sources.recommended(
            self.atlas,
            [str(file)],
            unlike,
            filters,
            n_songs=self.length.of_songs(self.usual_ms),
            per_artist=self.per_artist,
            seed=self.seed,
            without=known.rows,
        )
        new = self.pick(found, (), beside=known.rows)
        notes = (*known.notes, *self.shortfall(new))
        if reorder:
            rows = np.concatenate([known.rows, new])
            ordered = self.ordered(rows, order)
            strangers = known.strangers_after(len(rows))
            return _Made(
                name=known.name, rows=rows[ordered.rows], order=order, strangers=strangers,
                notes=(*notes, *ordered.notes),
            )  # fmt: skip
        ordered = self.following(int(known.rows[-1]), new) if order == "smooth" else self.ordered(new, order)
        rows = np.concatenate([known.rows, new[ordered.rows]])
        return _Made(
            name=known.name, rows=rows, order=order, strangers=known.strangers, notes=(*notes, *ordered.notes)
        )

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
            _without_imputed(self.atlas.songs[rows]),
            self.points[rows],
            order=order,
            artist_gap=self.artist_gap,
            key_strictness=self.key_strictness,
            seed=self.seed,
        )

    def following(self, last: int, rows: _Rows) -> Ordered:
        """Places of rows in a short tour that sets out from a song before them."""
        line = np.concatenate([[last], rows])
        tour = shortest_tour(
            self.points[line], seed=self.seed, start=0, groups=self.artists[line], gap=self.artist_gap
        )
        return Ordered(rows=tour[1:] - 1)

    def shortfall(self, rows: _Rows) -> tuple[str, ...]:
        """Say where there are fewer songs than were asked for."""
        if self.length.n_songs is not None and len(rows) < self.length.n_songs:
            return (
                f"{len(rows)} songs, not {self.length.n_songs}: the filters and at most "
                f"{self.per_artist} songs of an artist leave no more.",
            )
        asked = self.length.asked_minutes
        minutes = float(self.durations[rows].sum()) / 60_000
        if asked is not None and minutes < asked - self.usual_ms / 60_000:
            return (
                f"{minutes:.0f} minutes, not {asked:g}: the filters and at most "
                f"{self.per_artist} songs of an artist leave no more.",
            )
        return ()

    def told(self, made: _Made, *, name: str | None) -> Playlist:
        """The playlist with what is known of its songs and steps."""
        songs = self.atlas.songs[made.rows]
        steps = transitions(
            _without_imputed(songs), self.points[made.rows], key_strictness=self.key_strictness
        )
        summary = dict(summarize(steps))
        minutes = float(self.durations[made.rows].sum()) / 60_000
        unknown = songs["duration_ms"].null_count() if "duration_ms" in songs.columns else songs.height
        notes = (f"songs without a known duration, reckoned as usual ones: {unknown}.",) if unknown else ()
        summary |= {
            "n_songs": len(made.rows),
            "minutes": minutes,
            "order": made.order,
            "sentence": summary_sentence(summary),
        }
        return Playlist(
            name=name or made.name,
            rows=made.rows,
            songs=_songs_told(self.atlas, made.rows),
            transitions=steps,
            summary=summary,
            strangers=made.strangers,
            notes=(*made.notes, *notes),
        )

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
                gap=self.artist_gap,
            )
            for count in counts
        ]
        if asked is None:
            return paths[0]
        return min(paths, key=lambda rows: abs(float(self.durations[rows].sum()) / 60_000 - asked))


def _check_sources(
    given: tuple[bool, ...],
    *,
    filters: Sequence[str],
    unlike: Sequence[str],
    like: Sequence[str],
    extend: object,
) -> None:
    if sum(given) > 1:
        raise BadSettings(
            "a playlist has one source: a cluster, liked songs, a path or a file to extend; to stay inside a "
            "cluster, give it as a filter ('cluster=NAME')"
        )
    if not any(given) and not filters:
        raise BadSettings(
            "say what the playlist is made of: a cluster, liked songs, a path, a file to extend, or filters"
        )
    if unlike and not like and extend is None:
        raise BadSettings("songs that are not liked mean nothing alone: name liked songs too")


def _without_imputed(songs: pl.DataFrame) -> pl.DataFrame:
    """Songs with the values taken back that cleaning has filled in: nobody knows them."""
    if "imputed" not in songs.columns:
        return songs
    filled = [name for name in ("energy", "tempo_bpm", "key", "mode") if name in songs.columns]
    kept = [
        pl.when(~pl.col("imputed").list.contains(name).fill_null(value=False)).then(name).alias(name)
        for name in filled
    ]
    return songs.with_columns(kept)


def _songs_told(atlas: Atlas, rows: _Rows) -> pl.DataFrame:
    """What a person is told of each song."""
    songs = _without_imputed(atlas.songs[rows])
    names = pl.Series(atlas.cluster_names(), dtype=pl.String).gather(atlas.clustering.labels[rows])
    told = songs.select("song_id", *(name for name in _TOLD if name in songs.columns)).insert_column(
        0, pl.Series("row", rows)
    )
    told = told.insert_column(0, pl.Series("place", np.arange(1, len(rows) + 1))).with_columns(cluster=names)
    if not {"key", "mode"} <= set(songs.columns):
        return told
    words = [key_name(key, mode) for key, mode in zip(songs["key"], songs["mode"], strict=True)]
    wheel = [camelot_word(int(place)) for place in wheel_places_of(songs)]
    return told.drop("mode").with_columns(
        key=pl.Series(words, dtype=pl.String), camelot=pl.Series(wheel, dtype=pl.String)
    )
