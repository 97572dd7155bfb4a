"""Playlists of an atlas: songs are chosen, put in order, and every transition is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from songatlas.atlas import playlist_sources as sources
from songatlas.atlas.extending import track_of_row
from songatlas.atlas.playlist_making import Made, Maker, Wishes
from songatlas.atlas.playlist_telling import Playlist, tell
from songatlas.errors import BadSettings, quoted
from songatlas.files import path_of
from songatlas.playlists.choosing import PER_ARTIST, Length
from songatlas.playlists.orders import ARTIST_GAP, check_order
from songatlas.playlists.tracks import Track, TrackList
from songatlas.songs.arguments import require_number, require_text, require_whole, texts_of

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas

__all__ = [
    "INDEX_FILE",
    "Playlist",
    "all_cluster_playlists",
    "make_playlist",
    "playlist_of_rows",
    "playlist_tracks",
    "playlists_index",
    "reordered",
]

INDEX_FILE: Final = "playlists.csv"
"""Name of the list of playlists that lies beside their files."""


def make_playlist(
    atlas: Atlas,
    *,
    cluster: str | int | None = None,
    subcluster: int | None = None,
    like: Sequence[str] = (),
    unlike: Sequence[str] = (),
    with_liked: bool = False,
    path: tuple[str, str] | None = None,
    extend: str | Path | TrackList | None = None,
    reorder: bool = False,
    among: Sequence[str] = (),
    ranked: bool = False,
    filters: Sequence[str] = (),
    minutes: float | None = None,
    n_songs: int | None = None,
    order: str | None = None,
    artist_gap: int = ARTIST_GAP,
    per_artist: int | None = PER_ARTIST,
    key_strictness: str = "usual",
    seed: int = 0,
    name: str | None = None,
) -> Playlist:
    """Choose songs of an atlas and put them in an order.

    One source is given: `cluster`, `subcluster`, `like`, `path`, `extend`, `among`, or `filters` alone;
    filters go with each of the others too.

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
    extend : path or TrackList, optional
        A playlist file, or what was read from one: its songs stay as they are, and new ones that go with
        them follow.
    reorder : bool
        Whether all songs of an extended playlist are put in the order, not only the new ones.
    among : sequence of str
        Ids of songs to choose from, such as those that a lasso holds.
    ranked : bool
        Whether `among` names the best first; otherwise songs typical of their clusters that go together are
        chosen.
    filters : sequence of str
        Such as "year>=1980" or "tempo=100..130".
    minutes, n_songs : float, int, optional
        Length, one of the two; 60 minutes by default. With `extend` it is what is added.
    order : str, optional
        One of `songatlas.playlists.ORDERS`; smooth by default. A path has its own.
    artist_gap : int
        Songs between two of one artist.
    per_artist : int or None
        Most songs of one artist; any number where None.
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
    like, unlike, among, filters = (
        texts_of("like", like, example="Title - Artist"),
        texts_of("unlike", unlike, example="Title - Artist"),
        texts_of("among", among, example="4cOdK2wGLETKBW3PvgPWqT"),
        texts_of("filters", filters, example="year>=1980"),
    )
    _check_kinds(
        texts={"name": name, "order": order, "key_strictness": key_strictness},
        wholes={"subcluster": subcluster, "n_songs": n_songs, "artist_gap": artist_gap, "seed": seed}
        | {"per_artist": per_artist},
        numbers={"minutes": minutes},
    )
    given = (
        *(each is not None for each in (cluster, subcluster, path, extend)),
        bool(like),
        bool(among),
    )
    _check_sources(given, filters=filters, unlike=unlike, like=like, extend=extend)
    check_order(order or "smooth")
    if per_artist is not None and per_artist < 1:
        raise BadSettings(
            f"{per_artist} songs of an artist: give at least 1; any number is --per-artist 0, None in Python"
        )
    wishes = Wishes(
        length=Length(minutes=minutes, n_songs=n_songs),
        filters=filters,
        artist_gap=artist_gap,
        per_artist=per_artist,
        key_strictness=key_strictness,
        seed=seed,
    )
    maker, usual = Maker(atlas, wishes), order or "smooth"
    if path is not None:
        made = maker.path(_ends(path), order)
    elif extend is not None:
        file = extend if isinstance(extend, TrackList) else path_of("extend", extend)
        made = maker.extended(file, unlike, usual, reorder=reorder)
    elif cluster is not None:
        made = maker.of_cluster(_named(cluster), usual)
    elif subcluster is not None:
        made = maker.of_subcluster(subcluster, usual)
    elif like:
        made = maker.of_liked(like, unlike, usual, with_liked=with_liked)
    elif among:
        made = maker.among(among, usual, ranked=ranked)
    else:
        made = maker.of_filters(usual)
    return tell(maker, made, name=name)


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


def playlists_index(made: Sequence[Playlist], files: Sequence[str]) -> pl.DataFrame:
    """Return the list of playlists that lies beside their files, called `INDEX_FILE`.

    Parameters
    ----------
    made : sequence of Playlist
    files : sequence of str
        Name of the file of each.

    Returns
    -------
    DataFrame, one row a playlist
        `file`, `name`, `n_songs`, `minutes` (to a tenth), `order`.
    """
    told = [each.summary for each in made]
    return pl.DataFrame(
        {
            "file": list(files),
            "name": [each.name for each in made],
            "n_songs": [each["n_songs"] for each in told],
            "minutes": [round(each["minutes"], 1) for each in told],
            "order": [each["order"] for each in told],
        }
    )


def playlist_of_rows(
    atlas: Atlas,
    entries: Sequence[int | Track],
    *,
    name: str,
    own: Mapping[int, Track] = MappingProxyType({}),
    order: str = "given",
    key_strictness: str = "usual",
    notes: Sequence[str] = (),
) -> Playlist:
    """Return any songs in any order as a playlist, such as one that a person has edited.

    Parameters
    ----------
    atlas : Atlas
    entries : sequence of int or Track
        Rows of `atlas.songs`, and songs that are not in the atlas, in the order of the playlist; each row
        at most once.
    name : str
        What it is called.
    own : mapping of int to Track
        Songs of a playlist file as the file has them, by row.
    order : str
        What the order is called.
    key_strictness : {"strict", "usual", "loose"}
        Which steps of keys are harmonic.
    notes : sequence of str
        What a person should know.

    Raises
    ------
    BadSettings
        If a row is not there, or stands twice.
    """
    rows = np.array([entry for entry in entries if not isinstance(entry, Track)], dtype=np.int64)
    if len(rows) and not 0 <= rows.min() <= rows.max() < atlas.songs.height:
        raise BadSettings(f"the songs of this atlas have the rows 0 to {atlas.songs.height - 1:,}")
    if len(np.unique(rows)) < len(rows):
        raise BadSettings("a song stands twice in the playlist: name each row once")
    made = Made(
        name=name,
        rows=rows,
        order=order,
        own={int(row): own[int(row)] for row in rows if int(row) in own},
        strangers={place: entry for place, entry in enumerate(entries) if isinstance(entry, Track)},
        notes=tuple(notes),
    )
    return tell(Maker(atlas, _any_length(key_strictness=key_strictness)), made, name=name)


def reordered(
    atlas: Atlas,
    playlist: Playlist,
    order: str,
    *,
    artist_gap: int = ARTIST_GAP,
    key_strictness: str = "usual",
    seed: int = 0,
) -> Playlist:
    """Return the songs of a playlist in another order, those that are not in the atlas at its end.

    Parameters
    ----------
    atlas : Atlas
    playlist : Playlist
    order : str
        One of `songatlas.playlists.ORDERS`.
    artist_gap, key_strictness, seed
        As in `make_playlist`.

    Raises
    ------
    BadSettings
        If there is no such order, or the gap is negative.
    MissingColumns
        If the order needs a column that the songs lack.
    """
    check_order(order)
    wishes = _any_length(artist_gap=artist_gap, key_strictness=key_strictness, seed=seed)
    ordered = Maker(atlas, wishes).ordered(playlist.rows, order)
    return playlist_of_rows(
        atlas,
        [*playlist.rows[ordered.rows].tolist(), *playlist.strangers.values()],
        name=playlist.name,
        own=playlist.own,
        order=order,
        key_strictness=key_strictness,
        notes=ordered.notes,
    )


def _any_length(*, artist_gap: int = ARTIST_GAP, key_strictness: str, seed: int = 0) -> Wishes:
    """Wishes where songs are already chosen."""
    return Wishes(
        length=Length(),
        filters=(),
        artist_gap=artist_gap,
        per_artist=None,
        key_strictness=key_strictness,
        seed=seed,
    )


def playlist_tracks(atlas: Atlas, playlist: Playlist, *, with_ids: bool = False) -> TrackList:
    """Return a playlist as its file holds it, songs that are not in the atlas at their places.

    Parameters
    ----------
    atlas : Atlas
    playlist : Playlist
    with_ids : bool
        Whether songs of a playlist file that the file gives no id get the one of the atlas, as a list of
        ids needs it. Otherwise they are exactly as the file has them.
    """
    ours = iter([_track(atlas, playlist, int(row), with_ids=with_ids) for row in playlist.rows])
    n_tracks = len(playlist.rows) + len(playlist.strangers)
    tracks = tuple(
        playlist.strangers[place] if place in playlist.strangers else next(ours) for place in range(n_tracks)
    )
    return TrackList(name=playlist.name, tracks=tracks)


def _track(atlas: Atlas, playlist: Playlist, row: int, *, with_ids: bool) -> Track:
    """A song as its playlist file has it, else as the atlas does; a list without places gets our files."""
    known = track_of_row(atlas.songs, row)
    own = playlist.own.get(row, known)
    if not (own.location or own.spotify_uri):
        own = replace(own, location=known.location)
    if with_ids and not (own.song_id or own.spotify_uri):
        return replace(own, song_id=known.song_id, spotify_uri=known.spotify_uri)
    return own


def _check_kinds(
    *, texts: Mapping[str, object], wholes: Mapping[str, object], numbers: Mapping[str, object]
) -> None:
    """Refuse values of another kind; those that are None are not given."""
    for name, value in texts.items():
        if value is not None:
            require_text(name, value, words="a text")
    for name, value in wholes.items():
        if value is not None:
            require_whole(name, value, low=0 if name == "seed" else None)
    for name, value in numbers.items():
        if value is not None:
            require_number(name, value)


def _ends(path: Sequence[str]) -> tuple[str, str]:
    """Both ends of a path."""
    ends = texts_of("path", path, example="Title - Artist")
    if len(ends) != 2:
        raise BadSettings(f"path is {quoted(path)}: it must be two songs, the first and the last")
    return ends[0], ends[1]


def _named(cluster: str | int) -> str | int:
    """A cluster, if that is what it can be."""
    if not isinstance(cluster, str):
        require_whole("cluster", cluster)
    return cluster


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
            "a playlist has one source: a cluster, liked songs, a path, songs to choose from or a file to "
            "extend; to stay inside a cluster, give it as a filter ('cluster=NAME')"
        )
    if not any(given) and not filters:
        raise BadSettings(
            "say what the playlist is made of: a cluster, liked songs, a path, songs to choose from, a file "
            "to extend, or filters"
        )
    if unlike and not like and extend is None:
        raise BadSettings("songs that are not liked mean nothing alone: name liked songs too")
