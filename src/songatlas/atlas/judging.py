"""What the atlas knows of genres: one a song, what is believed where none is known, and the score.

A score never judges a space by labels that went into it. Beliefs come from models that never met the artist
of a song (`songatlas.genres.prediction`), so a space with a genre block is judged as it stands. Tags hold
genres in plain words: where they are part of the space, each third of the artists is placed in clusters of
the other two thirds with its own tags hidden, and these places are judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.artist_parts import artist_numbers, artists_of
from songatlas.atlas.settings import AtlasSettings
from songatlas.errors import BadSettings
from songatlas.features import is_feature
from songatlas.genres import (
    Beliefs,
    Genres,
    Predicted,
    artist_folds,
    cross_fit,
    genre_labels,
    score_genres,
)
from songatlas.kmeans import Clustering, continued, nearest_centroids
from songatlas.progress import Progress
from songatlas.songs import ColumnReading
from songatlas.space import SongSpace, belief_column

CEILING_SONGS = 12_000
"""Songs, of whole artists, whose genre is predicted where that only serves to judge."""

GENRE_COLUMNS = ("genre", "predicted_genre", "genre_confidence")
"""What is known of the genre of each song; the last two only where it has none."""

N_PARTS = 3
"""Parts of the artists that are placed without their tags in turn."""

HIDDEN_TAGS = (
    "Tags are part of this space and hold genres in plain words, so the score is of songs whose tags were "
    "hidden: each third of the artists was placed without them in clusters of the others."
)
HIDDEN_GENRES = (
    "Genres are part of this space, but no song was placed by its own: what is believed of it was learned "
    "from other artists."
)
NO_PART = "Genres took no part in making the clusters."


@dataclass(frozen=True)
class SongGenres:
    """The genre of each song, and what is believed of it.

    Attributes
    ----------
    genres : Genres
        As the table gives them.
    beliefs : Beliefs or None
        Of all songs, or of those without a genre and a sample of the others; None where too few have one.
    artists : ndarray of int64, shape (n_songs,)
        The number of each song's artist, from 0 without gaps.
    judges : ndarray of int64
        Rows of songs with a genre, of whole artists, that are enough to judge by.
    """

    genres: Genres
    beliefs: Beliefs | None
    artists: NDArray[np.int64]
    judges: NDArray[np.int64]

    @property
    def predicted(self) -> Predicted | None:
        """What was named for songs whose genre is known, for the ceiling."""
        if self.beliefs is None:
            return None
        known = self.genres.labels.is_not_null().to_numpy()[self.beliefs.rows]
        return Predicted(self.beliefs.rows[known], self.beliefs.best().filter(pl.Series(known)))

    def table(self) -> pl.DataFrame:
        """Return `genre`, and where there is none `predicted_genre` and `genre_confidence`, song by song."""
        labels = self.genres.labels.alias("genre")
        named = pl.repeat(None, labels.len(), dtype=pl.String, eager=True).alias("predicted_genre")
        sure = pl.repeat(None, labels.len(), dtype=pl.Float32, eager=True).alias("genre_confidence")
        if self.beliefs is not None:
            rows = pl.Series(self.beliefs.rows)
            wanting = labels.gather(rows).is_null()
            named = named.scatter(rows.filter(wanting), self.beliefs.best().filter(wanting))
            sure = sure.scatter(rows.filter(wanting), pl.Series(self.beliefs.confidence()).filter(wanting))
        return pl.DataFrame([labels, named, sure])


def find_genres(songs: pl.DataFrame, *, called: Mapping[str, str], asked: str | None) -> Genres | None:
    """Return the genre of each song; None where fewer than two genres can be told.

    Raises
    ------
    BadSettings
        If a person asked for a column that holds no genres.
    """
    if asked is not None and is_feature(asked):
        raise BadSettings(
            f"--genre names {asked!r}, which is a feature of the sound that clusters are made of: name a "
            "column with genres, or leave --genre out"
        )
    genres = genre_labels(songs, called=called)
    if genres is not None and genres.n_genres >= 2:
        return genres
    if asked is not None:
        raise BadSettings(
            f"--genre names {asked!r}, which holds no two genres of at least five songs each: "
            "name a column with one genre a song, or leave --genre out"
        )
    return None


def known_genres(
    songs: pl.DataFrame, columns: Sequence[ColumnReading], *, settings: AtlasSettings, tell: Progress
) -> SongGenres | None:
    """Return the genre of each song, and what is believed of it; None where there are no genres.

    Parameters
    ----------
    songs : DataFrame
        Clean songs, sorted by `song_id`.
    columns : sequence of ColumnReading
        What the columns of their table were understood as.
    settings : AtlasSettings
        Whose space names its blocks.
    tell : callable
        Progress, from 0 to 1.
    """
    called = {read.column: read.header for read in reversed(columns) if read.column}
    genres = find_genres(songs, called=called, asked=settings.genre)
    return learn_genres(songs, genres, settings=settings, tell=tell)


def learn_genres(
    songs: pl.DataFrame,
    genres: Genres | None,
    *,
    settings: AtlasSettings,
    tell: Progress,
    of_all: bool | None = None,
) -> SongGenres | None:
    """Return what is believed of songs: of all of them where genres are part of the space, or `of_all`."""
    if genres is None:
        return None
    artists = artist_numbers(artists_of(songs), songs.height)
    unknown = genres.labels.is_null().to_numpy()
    judges = _rows_to_judge(artists, ~unknown, seed=settings.seed)
    everything = settings.takes_genres if of_all is None else of_all
    only_judges = not everything and not unknown.any()
    beliefs = cross_fit(
        songs,
        genres.labels,
        groups=artists,
        rows=None if everything else np.union1d(judges, np.flatnonzero(unknown)),
        lesson=judges if only_judges else None,
        seed=settings.seed,
        n_threads=settings.threads,
        progress=tell,
    )
    return SongGenres(genres, beliefs, artists, judges)


def with_beliefs(songs: pl.DataFrame, known: SongGenres | None) -> pl.DataFrame:
    """Return the songs with what is believed of their genre, where that is known of all of them."""
    if known is None or known.beliefs is None or len(known.beliefs.rows) < songs.height:
        return songs
    return songs.with_columns(belief_column(known.beliefs.probabilities, known.beliefs.classes))


def songs_with_beliefs(songs: pl.DataFrame, known: SongGenres) -> tuple[pl.DataFrame, pl.Series]:
    """Return songs with a genre of which something is believed: whole artists, enough to judge by."""
    if known.beliefs is None:
        return songs.clear(), known.genres.labels.clear()
    places = np.flatnonzero(np.isin(known.beliefs.rows, known.judges))
    rows = known.beliefs.rows[places]
    column = belief_column(known.beliefs.probabilities[places], known.beliefs.classes)
    return songs[rows].with_columns(column), known.genres.labels.gather(rows)


def all_beliefs(known: SongGenres | None) -> NDArray[np.float32] | None:
    """Return what is believed of every song; None where nothing is."""
    return None if known is None or known.beliefs is None else known.beliefs.probabilities


def genre_columns(known: SongGenres | None, n_songs: int) -> pl.DataFrame:
    """Return `genre`, `predicted_genre` and `genre_confidence`, one row a song; null where unknown."""
    if known is not None:
        return known.table()
    kinds = zip(GENRE_COLUMNS, (pl.String, pl.String, pl.Float32), strict=True)
    return pl.DataFrame({name: pl.repeat(None, n_songs, dtype=kind, eager=True) for name, kind in kinds})


def judge_by_genre(
    known: SongGenres | None,
    songs: pl.DataFrame,
    points: NDArray[np.float32],
    clustering: Clustering,
    *,
    space: SongSpace,
    settings: AtlasSettings,
) -> dict[str, Any] | None:
    """Return the agreement with the genres, between chance and ceiling; None where there are no genres."""
    if known is None:
        return None
    labels = judged_labels(points, clustering, songs=songs, space=space, settings=settings)
    score = score_genres(
        labels, known.genres.labels, predicted=known.predicted, artists=known.artists, seed=settings.seed
    )
    blocks = {block.name for block in space.blocks}
    hidden = [HIDDEN_TAGS] * ("tags" in blocks) + [HIDDEN_GENRES] * ("genre" in blocks)
    return {
        "column": known.genres.column,
        "coverage": known.genres.coverage,
        "sentence": known.genres.sentence,
        "families": {name: list(members) for name, members in known.genres.families.items()},
        "labels_hidden": " ".join(hidden) or NO_PART,
        "prediction": None if known.beliefs is None else dict(known.beliefs.accuracy),
        **score,
    }


def judged_labels(
    points: NDArray[np.float32],
    clustering: Clustering,
    *,
    songs: pl.DataFrame,
    space: SongSpace,
    settings: AtlasSettings,
) -> NDArray[np.int32]:
    """Return the cluster of each song as found without labels that it is judged by.

    Parameters
    ----------
    points : ndarray of float32, shape (n_songs, n_dimensions)
    clustering : Clustering
        Of these points.
    songs : DataFrame
        The same songs, for their artists.
    space : SongSpace
        What made the points.
    settings : AtlasSettings

    Returns
    -------
    ndarray of int32, shape (n_songs,)
        The labels of the clustering, but for spaces with tags.
    """
    tags = space.places().get("tags")
    if tags is None:
        return clustering.labels
    folds = artist_folds(_artists_or_songs(songs), n_folds=N_PARTS, seed=settings.seed)
    labels = np.empty(len(points), dtype=np.int32)
    for fold in np.unique(folds):
        judged = folds == fold
        others = continued(points[~judged], clustering.centroids, n_threads=settings.threads)
        hidden = points[judged]
        hidden[:, tags] = 0.0
        labels[judged] = nearest_centroids(hidden, others, n_threads=settings.threads)[0]
    return labels


def _artists_or_songs(songs: pl.DataFrame) -> NDArray[np.int64]:
    """The artist of each song; every song its own where all are of fewer artists than there are parts."""
    artists = artist_numbers(artists_of(songs), songs.height)
    return artists if len(np.unique(artists)) >= N_PARTS else np.arange(songs.height)


def _rows_to_judge(artists: NDArray[np.int64], known: NDArray[np.bool_], *, seed: int) -> NDArray[np.int64]:
    """Songs with a genre of whole artists that are enough to judge by."""
    sizes = np.bincount(artists, weights=known)
    order = np.random.default_rng([seed, 5]).permutation(len(sizes))
    before = np.cumsum(sizes[order]) - sizes[order]
    drawn = np.zeros(len(sizes), dtype=bool)
    drawn[order[before < CEILING_SONGS]] = True
    return np.flatnonzero(drawn[artists] & known)
