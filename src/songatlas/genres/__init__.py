"""Genres: one label a song from a column or from messy tags, and the score of clusters against them.

Conventions
-----------
Songs tables have the columns of `songatlas.features`; labels are `(n_songs,)` int, 0 to k - 1, in the
order of the songs; a genre is a String, null where none is known. Songs are split by artist wherever
genres are learned.
"""

from __future__ import annotations

from songatlas.genres.artists import artist_folds, artist_groups
from songatlas.genres.families import FEWEST_SONGS, Families, tag_families
from songatlas.genres.labels import Genres, genre_labels
from songatlas.genres.prediction import MOST_TAUGHT, Beliefs, GenreModel, believe, cross_fit
from songatlas.genres.scorecard import (
    INDICES_OF_AGREEMENT,
    MOST_GENRES,
    OTHER,
    Predicted,
    genre_table,
    score_genres,
)

__all__ = [
    "FEWEST_SONGS",
    "INDICES_OF_AGREEMENT",
    "MOST_GENRES",
    "MOST_TAUGHT",
    "OTHER",
    "Beliefs",
    "Families",
    "GenreModel",
    "Genres",
    "Predicted",
    "artist_folds",
    "artist_groups",
    "believe",
    "cross_fit",
    "genre_labels",
    "genre_table",
    "score_genres",
    "tag_families",
]
