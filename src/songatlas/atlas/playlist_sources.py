"""What a playlist can be made of: a cluster, liked or given songs, a filter: candidates, the best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from songatlas.atlas.naming_a_cluster import cluster_named
from songatlas.atlas.taste import filterable, taste_of
from songatlas.errors import BadSettings, UnknownName
from songatlas.playlists.tracks import Track
from songatlas.songs.filtering import allowed
from songatlas.songs.finding import named_song, rows_of_ids

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas

_ANCHORS: Final = 20  # songs typical in sound and taste, one of which the seed draws
_TOGETHER: Final = 3.0  # how much more than being typical it counts to go together
_SPARE: Final = 4  # candidates for each song of the playlist
_MOST_NAMED: Final = 2  # songs in the name of a playlist
_Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Songs a playlist may be made of.

    Attributes
    ----------
    name : str
        What the playlist is called.
    rows : ndarray of int64
        Rows of `atlas.songs`, the best first.
    taken : ndarray of int64
        Rows that are part of the playlist in any case.
    notes : tuple of str
        What a person should know.
    own : mapping of int to Track
        Songs taken from a playlist file as the file has them, by row.
    """

    name: str
    rows: _Rows
    taken: _Rows
    notes: tuple[str, ...] = ()
    own: Mapping[int, Track] = field(default_factory=dict)


def filtered(atlas: Atlas, filters: Sequence[str]) -> NDArray[np.bool_]:
    """Return which songs of an atlas the filters let through, bool ``(n_clustered,)``.

    Raises
    ------
    BadSettings
        If a filter cannot be read, or none of the songs is left.
    """
    if not filters:
        return np.ones(atlas.songs.height, dtype=np.bool_)
    passed = allowed(filterable(atlas), filters)
    if not passed.any():
        raise BadSettings(f"no song of the atlas is left by {', '.join(map(repr, filters))}: loosen a filter")
    return passed


def of_cluster(atlas: Atlas, text: str, filters: Sequence[str], *, seed: int) -> Candidates:
    """Return the songs of a cluster, typical ones first."""
    cluster = cluster_named(atlas.cluster_names(), text, generated=atlas.generated.names)
    rows = np.flatnonzero(filtered(atlas, filters) & (atlas.clustering.labels == cluster))
    name = atlas.cluster_names()[cluster]
    _require_songs(rows, f"cluster {name!r}", filters)
    words = _words_of(atlas, cluster)
    return Candidates(name=name, rows=typical_first(atlas, rows, seed=seed, tags=words), taken=_nobody())


def of_subcluster(atlas: Atlas, number: int, filters: Sequence[str], *, seed: int) -> Candidates:
    """Return the songs of a playlist-sized cluster inside a cluster, typical ones first."""
    division = atlas.division
    if not 0 <= number < division.k:
        raise UnknownName(f"there is no subcluster {number}: they have the numbers 0 to {division.k - 1}")
    rows = np.flatnonzero(filtered(atlas, filters) & (division.labels == number))
    parent = int(division.parents[number])
    name = f"{atlas.cluster_names()[parent]}, part {number}"
    _require_songs(rows, f"subcluster {number}", filters)
    return Candidates(name=name, rows=typical_first(atlas, rows, seed=seed), taken=_nobody())


def of_filters(atlas: Atlas, filters: Sequence[str], *, seed: int) -> Candidates:
    """Return all songs that the filters let through, typical ones of their clusters first."""
    rows = np.flatnonzero(filtered(atlas, filters))
    return Candidates(name=", ".join(filters), rows=typical_first(atlas, rows, seed=seed), taken=_nobody())


def of_songs(
    atlas: Atlas, song_ids: Sequence[str], filters: Sequence[str], *, ranked: bool, seed: int
) -> Candidates:
    """Return songs by their ids: as they come where they are ranked, else typical ones first."""
    known = rows_of_ids(atlas.songs["song_id"], song_ids)
    missing = sum(row is None for row in known)
    passed = filtered(atlas, filters)
    rows = np.array([row for row in dict.fromkeys(known) if row is not None and passed[row]], dtype=np.int64)
    if missing == len(known):
        raise UnknownName(f"none of the {missing:,} songs to choose from is in the atlas")
    _require_songs(rows, "those to choose from", filters)
    are = "is" if missing == 1 else "are"
    notes = (
        (f"{missing:,} of {len(known):,} songs to choose from {are} not in the atlas.",) if missing else ()
    )
    return Candidates(
        name="Chosen songs",
        rows=rows if ranked else typical_first(atlas, rows, seed=seed),
        taken=_nobody(),
        notes=notes,
    )


def of_liked(
    atlas: Atlas,
    like: Sequence[str],
    unlike: Sequence[str],
    filters: Sequence[str],
    *,
    n_songs: int,
    per_artist: int | None,
    with_liked: bool,
    seed: int,
) -> Candidates:
    """Return songs recommended for liked ones, the best first; the liked ones are taken where wished."""
    from songatlas.atlas.recommending import given_songs

    filtered(atlas, filters)
    given = given_songs(atlas, like)
    rows = recommended(
        atlas, like, unlike, filters, n_songs=n_songs, per_artist=per_artist, seed=seed, without=given.rows
    )
    named = [named_song(atlas.songs, int(row)) for row in given.rows[:_MOST_NAMED]]
    more = f" and {len(given.rows) - _MOST_NAMED} more" if len(given.rows) > _MOST_NAMED else ""
    return Candidates(
        name=f"Songs like {', '.join(named)}{more}",
        rows=rows,
        taken=np.asarray(given.rows, dtype=np.int64) if with_liked else _nobody(),
        notes=tuple(given.missing),
        own=given.own if with_liked else {},
    )


def recommended(
    atlas: Atlas,
    like: Sequence[str],
    unlike: Sequence[str],
    filters: Sequence[str],
    *,
    n_songs: int,
    per_artist: int | None,
    seed: int,
    without: _Rows,
) -> _Rows:
    """Return rows of songs recommended for liked ones, more than the playlist needs."""
    from songatlas.atlas.recommending import recommend

    found = recommend(
        atlas,
        like=like,
        unlike=unlike,
        n=min(_SPARE * n_songs + _ANCHORS, atlas.songs.height),
        filters=filters,
        per_artist=per_artist,
        seed=seed,
    )
    rows = found.songs["row"].to_numpy().astype(np.int64)
    return rows[~np.isin(rows, without)]


def one_song(atlas: Atlas, text: str) -> int:
    """Return the row of the song that some words mean; of its versions the best known.

    Raises
    ------
    UnknownName
        If no song is meant, or several are.
    """
    from songatlas.atlas.recommending import given_songs

    given = given_songs(atlas, [text])
    if len(given.rows) != 1:
        raise UnknownName(given.missing[0] if given.missing else f"{text!r} is not one song: name a song")
    return int(given.rows[0])


def typical_first(atlas: Atlas, rows: _Rows, *, seed: int, tags: Sequence[str] = ()) -> _Rows:
    """Return songs with those first that are typical of their cluster and near to one typical song.

    The seed draws that one among the most typical, of those that carry one of `tags` where any does. So a
    playlist sounds as its cluster does, its songs go together in era and tags too, and another seed gives
    another playlist.
    """
    points = taste_of(atlas).listening
    depth = np.asarray(atlas.roles.distance_percentile, dtype=np.float64)[rows]
    core = np.argsort(depth, kind="stable")[: max(_ANCHORS, len(rows) // 4)]
    telling = core[_carrying(atlas, rows[core], tags)]
    core = telling if len(telling) else core
    middle = points[rows[core]].mean(axis=0, dtype=np.float64)
    outward = np.square(points[rows[core]] - middle).sum(axis=1)
    usual = core[np.argsort(outward, kind="stable")[:_ANCHORS]]
    anchor = rows[usual[np.random.default_rng(seed).integers(len(usual))]]
    distances = np.square(points[rows].astype(np.float64) - points[anchor]).sum(axis=1)
    nearness = np.empty(len(rows))
    nearness[np.argsort(distances, kind="stable")] = np.linspace(0.0, 100.0, len(rows))
    return rows[np.argsort(depth + _TOGETHER * nearness, kind="stable")]


def _words_of(atlas: Atlas, cluster: int) -> tuple[str, ...]:
    """Tags that a playlist of a cluster should sound like: those its name says, else the most telling one.

    Where its songs came without tags, the words that were heard in them stand for these.
    """
    profile = atlas.profiles[cluster]
    tags = [tag for tag, _ in profile.top_tags or profile.heard]
    words = atlas.cluster_names()[cluster].lower().replace(",", "").split()
    said = tuple(tag for tag in tags if set(tag.lower().split()) <= set(words))
    return said or tuple(tags[:1])


def _carrying(atlas: Atlas, rows: _Rows, tags: Sequence[str]) -> NDArray[np.bool_]:
    """Which songs carry one of some tags, in their files or else as heard."""
    known = [name for name in ("tags", "heard_tags") if name in atlas.songs.columns]
    wanted = {tag.lower() for tag in tags}
    for column in known if wanted else []:
        carried = atlas.songs[column].gather(rows).to_list()
        said = [any(str(tag).strip().lower() in wanted for tag in each or []) for each in carried]
        if any(said):
            return np.array(said, dtype=np.bool_)
    return np.zeros(len(rows), dtype=np.bool_)


def _require_songs(rows: _Rows, words: str, filters: Sequence[str]) -> None:
    if not len(rows):
        raise BadSettings(f"no song of {words} is left by {', '.join(map(repr, filters))}: loosen a filter")


def _nobody() -> _Rows:
    return np.empty(0, dtype=np.int64)
