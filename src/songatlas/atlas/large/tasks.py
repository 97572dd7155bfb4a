"""What is asked of the parts of a large catalogue: reading, cleaning, drawing, points, clusters.

Conventions
-----------
Tasks are frozen values that can be sent to another process; each is called with the rows of a part. A row
is *merged* where its song stands in several rows: such songs are made once, by `MergeSongs`, and every part
that has one of their rows is told what became of them. All other rows are songs by themselves.

Rows of the stage `SONGS` are songs as they were read, with `KEY`, the key of their `song_id` and the seed.
Rows of the stage `CLEAN` are: `KEY`; `REASON`, place in REASONS of why the song is left out, 0 where it is
clustered; `MERGED`; `VERSION`, a number that versions of one song share, null for merged songs and where
names say too little; and the numbers of the song that points are made of, null where it is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.large.answers import packed
from songatlas.atlas.rows import told_of_rows
from songatlas.catalogue import KEY
from songatlas.keys import text_keys
from songatlas.kmeans import nearest_centroids
from songatlas.songs import (
    CleaningPolicy,
    CleanPart,
    Understanding,
    clean_part,
    mark_versions,
    read_rows,
    version_candidates,
    version_keys_of,
)
from songatlas.songs.verdicts import REASONS
from songatlas.space import SongSpace
from songatlas.space.moments import Draft, first_moments, last_moments

SONGS: Final = "songs"
CLEAN: Final = "clean"
REASON: Final = "_reason"
MERGED: Final = "_merged"
VERSION: Final = "_version"

Keys = NDArray[np.uint64]
Points = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class ReadRows:
    """Rows as they stand become rows of a songs table, with their keys.

    Attributes
    ----------
    known : Understanding
        What the table was understood as.
    seed : int
        Of the keys.
    """

    known: Understanding
    seed: int

    def __call__(self, cells: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the songs, and how many rows there were."""
        songs = read_rows(cells, self.known)
        keys = text_keys(songs["song_id"], seed=self.seed).alias(KEY)
        return songs.with_columns(keys), pl.DataFrame({"n_rows": [songs.height]})


@dataclass(frozen=True, kw_only=True, eq=False)
class PickMerged:
    """Pick the rows of the songs that stand in several; `shared` are their keys, rising."""

    shared: Keys

    def __call__(self, songs: pl.DataFrame) -> pl.DataFrame:
        """Return these rows."""
        return songs.filter(_is_among(songs[KEY], self.shared))


@dataclass(frozen=True, kw_only=True)
class MergeSongs:
    """Make the songs that stand in several rows.

    Attributes
    ----------
    policy : CleaningPolicy
    seed : int
        Of the keys.
    highest : int
        Songs with no higher key are drawn.
    """

    policy: CleaningPolicy
    seed: int
    highest: int

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return, packed, what became of every song by rising keys, the tally, and drawn songs."""
        part = clean_part(rows.drop(KEY), self.policy)
        keys = text_keys(rows["song_id"], seed=self.seed).alias(KEY)
        made = _judged(keys, part, self.policy).drop(MERGED).with_columns(rows["song_id"])
        return packed(
            made=made.unique("song_id").drop("song_id").sort(KEY),
            tally=part.tally.to_frame(),
            drawn=_drawn(keys, part, self.highest),
        )


@dataclass(frozen=True, kw_only=True)
class DrawMerged:
    """Draw the songs that stand in several rows; `policy`, `seed` and `highest` as in `MergeSongs`."""

    policy: CleaningPolicy
    seed: int
    highest: int

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return these songs, clean."""
        keys = text_keys(rows["song_id"], seed=self.seed)
        return _drawn(keys, clean_part(rows.drop(KEY), self.policy), self.highest)


@dataclass(frozen=True, kw_only=True, eq=False)
class CleanRows:
    """Clean songs, and count and measure what there is.

    Attributes
    ----------
    policy : CleaningPolicy
    draft : Draft
        Of the space.
    made : DataFrame
        What became of merged songs, by rising keys: `KEY`, `REASON`, numbers.
    highest : int
        Songs with no higher key are drawn.
    """

    policy: CleaningPolicy
    draft: Draft
    made: pl.DataFrame
    highest: int

    def __call__(self, songs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return rows of the stage `CLEAN` and, packed, what is counted of those not merged."""
        places = np.searchsorted(self.made[KEY], songs[KEY])
        merged = _is_among(songs[KEY], self.made[KEY].to_numpy())
        alone = songs.filter(~merged)
        part = clean_part(alone.drop(KEY), self.policy)
        answer = packed(
            tally=part.tally.to_frame(),
            moments=first_moments(part.songs, self.draft),
            drawn=_drawn(alone[KEY], part, self.highest),
            kept=pl.DataFrame({"n": [part.songs.height]}),
        )
        judged = _judged(alone[KEY], part, self.policy)
        if alone.height == songs.height:
            return judged, answer
        told = self.made[places[merged.to_numpy()]].with_columns(
            pl.lit(True).alias(MERGED), pl.lit(None, dtype=pl.UInt64).alias(VERSION)
        )
        both = pl.concat([judged, told.select(judged.columns)])
        order = np.argsort(merged.to_numpy(), kind="stable")
        return both[np.argsort(order)], answer


@dataclass(frozen=True, kw_only=True, eq=False)
class MeetVersions:
    """Tell which names of merged songs other songs have, too; `sought` are their numbers, rising."""

    sought: Keys

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return these numbers, each once."""
        told = rows[VERSION].drop_nulls()
        return told.filter(_is_among(told, self.sought)).unique().to_frame()


@dataclass(frozen=True, kw_only=True, eq=False)
class PickVersions:
    """Pick the rows of the songs that share the names of others.

    Attributes
    ----------
    shared : ndarray of uint64
        Keys of merged songs, rising.
    wanted : ndarray of uint64
        Numbers of names that may be those of several songs, rising.
    merged : DataFrame
        `KEY` and `VERSION` of the merged songs that have such names, by rising keys.
    """

    shared: Keys
    wanted: Keys
    merged: pl.DataFrame

    def __call__(self, songs: pl.DataFrame) -> pl.DataFrame:
        """Return them with the number of their names in `KEY`."""
        told = version_keys_of(songs).fill_null(0)
        alone = _is_among(told, self.wanted) & ~_is_among(songs[KEY], self.shared)
        keys = self.merged[KEY].to_numpy()
        here = songs.filter(_is_among(songs[KEY], keys))
        versions = self.merged[VERSION].gather(np.searchsorted(keys, here[KEY].to_numpy()))
        named = songs.filter(alone).with_columns(told.filter(alone).alias(KEY))
        return pl.concat([named, here.with_columns(versions.alias(KEY))])


@dataclass(frozen=True, kw_only=True)
class CountVersions:
    """Count the versions among songs that share names, as `PickVersions` picks them."""

    policy: CleaningPolicy

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the tally."""
        part = clean_part(rows.drop(KEY), self.policy)
        return mark_versions(version_candidates(part)).to_frame()


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawSongs:
    """Draw the songs, but merged ones, that have no higher key."""

    policy: CleaningPolicy
    shared: Keys
    highest: int

    def __call__(self, songs: pl.DataFrame) -> pl.DataFrame:
        """Return these songs, clean."""
        rows = songs.filter((pl.col(KEY) <= self.highest) & ~_is_among(songs[KEY], self.shared))
        part = clean_part(rows.drop(KEY), self.policy)
        return _drawn(rows[KEY], part, self.highest)


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstMoments:
    """Measure clean songs, but merged ones, for a draft of the space."""

    draft: Draft

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return their first moments."""
        return first_moments(clustered(rows), self.draft)


@dataclass(frozen=True, kw_only=True, eq=False)
class LastMoments:
    """Measure clean songs, but merged ones, for a draft of the space that knows its medians."""

    draft: Draft

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return their last moments."""
        return last_moments(clustered(rows), self.draft)


@dataclass(frozen=True, kw_only=True, eq=False)
class MakePoints:
    """Make the points of clean songs, but merged ones."""

    space: SongSpace

    def __call__(self, rows: pl.DataFrame) -> Points:
        """Return them, float32 (n_songs, n_dimensions)."""
        return self.space.points(clustered(rows))


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelRows:
    """Tell of every row the cluster of its song, or why it has none.

    Attributes
    ----------
    space : SongSpace
    centroids : ndarray of float64, shape (k, n_dimensions)
    names : tuple of str
        Of the clusters.
    called : mapping of str to str
        Our columns -> what they are called in the answer.
    n_threads : int or None
        Every core where None.
    """

    space: SongSpace
    centroids: NDArray[np.float64]
    names: tuple[str, ...]
    called: Mapping[str, str]
    n_threads: int | None

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the columns of `called`, row for row."""
        kept = rows[REASON] == 0
        points = self.space.points(rows.filter(kept))
        labels, distances = nearest_centroids(points, self.centroids, n_threads=self.n_threads)
        placed = pl.DataFrame({"cluster": labels, "cluster_distance": distances})
        lines = np.where(kept, np.cumsum(kept) - 1, -1)
        return _beside(placed, lines, rows[REASON], names=self.names, called=self.called)


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelHeldRows:
    """Tell of every row what an atlas that holds all songs tells of its song.

    Attributes
    ----------
    placed : DataFrame
        As `placing.placed_songs` gives it, with `KEY`, by rising keys.
    names, called
        As in `LabelRows`.
    """

    placed: pl.DataFrame
    names: tuple[str, ...]
    called: Mapping[str, str]

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the columns of `called`, row for row."""
        kept = (rows[REASON] == 0).to_numpy()
        lines = np.where(kept, np.searchsorted(self.placed[KEY], rows[KEY]), -1)
        return _beside(self.placed.drop(KEY), lines, rows[REASON], names=self.names, called=self.called)


def _beside(
    placed: pl.DataFrame,
    lines: NDArray[np.int64],
    reasons: pl.Series,
    *,
    names: tuple[str, ...],
    called: Mapping[str, str],
) -> pl.DataFrame:
    """What is written beside rows, under the names that it has there."""
    words = pl.Series(REASONS, dtype=pl.String)
    told = told_of_rows(placed, lines, reasons=words.gather(reasons), names=names)
    return told.select(pl.col(column).alias(name) for column, name in called.items())


def clustered(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of the stage `CLEAN` that are clustered songs by themselves."""
    return rows.filter((pl.col(REASON) == 0) & ~pl.col(MERGED))


def clean_columns(policy: CleaningPolicy, known: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the numbers that the stage `CLEAN` keeps; `known` are the columns of the songs table."""
    return tuple(dict.fromkeys((*policy.features, *(("year",) if "year" in known else ()))))


def _is_among(keys: pl.Series, some: Keys) -> pl.Series:
    """Whether each key is one of some, which rise."""
    if not len(some):
        return pl.repeat(False, len(keys), eager=True)
    sought = keys.to_numpy()
    places = np.minimum(np.searchsorted(some, sought), len(some) - 1)
    return pl.Series(some[places] == sought)


def _judged(keys: pl.Series, part: CleanPart, policy: CleaningPolicy) -> pl.DataFrame:
    """Rows of the stage `CLEAN` for cleaned rows with these keys."""
    lines = pl.Series(part.row_to_song)
    lines = lines.set(lines < 0, None)
    numbers = part.songs.select(clean_columns(policy, part.songs.schema)).select(pl.all().gather(lines))
    reasons = pl.Series(REASON, part.reasons, dtype=pl.UInt8)
    merged = pl.repeat(False, len(keys), eager=True).alias(MERGED)
    of_songs = version_keys_of(part.songs.clear() if "versions" in policy.off else part.songs)
    versions = (
        of_songs.gather(lines) if len(of_songs) else pl.Series([None] * len(keys), dtype=pl.UInt64)
    ).alias(VERSION)
    return pl.DataFrame([keys.alias(KEY), reasons, merged, versions, *numbers.iter_columns()])


def _drawn(keys: pl.Series, part: CleanPart, highest: int) -> pl.DataFrame:
    """The clean songs that have no higher key, with `KEY`."""
    of_songs = np.zeros(part.songs.height, dtype=np.uint64)
    kept = part.row_to_song >= 0
    of_songs[part.row_to_song[kept]] = keys.to_numpy()[kept]
    return part.songs.with_columns(pl.Series(KEY, of_songs)).filter(pl.col(KEY) <= highest)
