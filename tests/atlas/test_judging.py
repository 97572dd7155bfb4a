"""No space is judged by labels that went into it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import AtlasSettings
from songatlas.atlas.fitting import fitted
from songatlas.atlas.judging import (
    GENRE_COLUMNS,
    HIDDEN_GENRES,
    HIDDEN_TAGS,
    NO_PART,
    SongGenres,
    find_genres,
    genre_columns,
    judge_by_genre,
    judged_labels,
    learn_genres,
    songs_with_beliefs,
    with_beliefs,
)
from songatlas.errors import BadSettings
from songatlas.genres import score_genres
from songatlas.kmeans import Clustering, continued, fit_clusters
from songatlas.progress import silent
from songatlas.space import BELIEF, SongSpace

FEATURES = ("energy", "valence", "acousticness")
GENRES = ("folk", "house", "rock")

pytestmark = pytest.mark.usefixtures("genres_in_full")


def catalogue(n_artists: int = 90, *, each: int = 5, told: float, seed: int = 0) -> pl.DataFrame:
    """Songs with one genre an artist, of which the sound tells so much (0 nothing) and the tags all."""
    random = np.random.default_rng(seed)
    artist = np.repeat(np.arange(n_artists), each)
    genre = random.integers(0, 3, n_artists)[artist]
    voice = random.normal(0, 0.1, (n_artists, 3))[artist]
    centre = told * np.eye(3)[genre]
    sound = 0.5 + voice + centre + random.normal(0, 0.1, (len(artist), 3))
    return pl.DataFrame(
        {
            "song_id": [f"s{row:05}" for row in range(len(artist))],
            "artists": [[f"Artist {number}"] for number in artist],
            **{name: sound[:, place] for place, name in enumerate(FEATURES)},
            "genre": [GENRES[number] for number in genre],
            "tags": [[GENRES[number], f"new {GENRES[number]}"] for number in genre],
        }
    )


def judged(songs: pl.DataFrame, **changes: Any) -> tuple[dict[str, Any], SongSpace, Clustering]:
    settings = AtlasSettings(k=3, threads=1, **{"space": ("sound",), **changes})
    known = learn_genres(songs, find_genres(songs, called={}, asked=None), settings=settings, tell=silent)
    space, points = fitted(with_beliefs(songs, known), FEATURES, settings)
    clustering = fit_clusters(points, 3, seed=0)
    told = judge_by_genre(known, songs, points, clustering, space=space, settings=settings)
    assert told is not None
    return told, space, clustering


@pytest.mark.parametrize("changes", [{"space": ("sound", "tags")}, {"space": ("tags",)}, {"genre_pull": 1.0}])
def test_a_genre_of_which_the_sound_tells_nothing_scores_at_chance(changes: dict[str, Any]) -> None:
    """Artists repeat and keep to a genre; tags say it in plain words. None of it may be found again."""
    told, _, clustering = judged(catalogue(told=0.0), **changes)
    assert abs(told["ami"] - told["chance_ami"]) < 0.06
    assert told["prediction"]["new_artists"] < 0.42
    if "genre_pull" not in changes:
        songs = catalogue(told=0.0)
        assert score_genres(clustering.labels, songs["genre"])["ami"] > 0.5  # the leak that is hidden


def test_tags_that_are_the_genre_raise_the_score_no_further_than_the_sound_tells() -> None:
    songs = catalogue(told=0.2)
    by_sound = judged(songs)[0]
    by_tags = judged(songs, space=("sound", "tags"))[0]
    assert 0.1 < by_sound["ami"] < 0.8
    assert by_tags["ami"] < by_tags["ceiling_ami"] + 0.05
    assert by_tags["ami"] < 0.9


def test_what_was_hidden_is_said() -> None:
    songs = catalogue(60, told=0.2)
    assert judged(songs)[0]["labels_hidden"] == NO_PART
    assert judged(songs, space=("sound", "tags"))[0]["labels_hidden"] == HIDDEN_TAGS
    both = judged(songs, space=("sound", "tags"), genre_pull=0.5)[0]["labels_hidden"]
    assert both == f"{HIDDEN_TAGS} {HIDDEN_GENRES}"


def test_without_tags_the_labels_are_those_of_the_clustering() -> None:
    songs = catalogue(60, told=0.2)
    settings = AtlasSettings(k=3, space=("sound",))
    space, points = fitted(songs, FEATURES, settings)
    clustering = fit_clusters(points, 3, seed=0)
    labels = judged_labels(points, clustering, songs=songs, space=space, settings=settings)
    assert np.array_equal(labels, clustering.labels)


@pytest.mark.parametrize("artists", [["Ann"], ["Ann", "Bob"], [None]])
def test_few_artists_are_judged_song_by_song(artists: list[str | None]) -> None:
    songs = catalogue(60, told=0.2)
    names = pl.Series(
        [[artists[row % len(artists)]] for row in range(songs.height)], dtype=pl.List(pl.String)
    )
    settings = AtlasSettings(k=3, threads=1, space=("sound", "tags"))
    songs = songs.with_columns(artists=names)
    space, points = fitted(songs, FEATURES, settings)
    labels = judged_labels(
        points, fit_clusters(points, 3, seed=0), songs=songs, space=space, settings=settings
    )
    assert set(labels.tolist()) <= {0, 1, 2}


@pytest.mark.parametrize("threads", [2, 4])
def test_threads_change_nothing(threads: int) -> None:
    songs = catalogue(60, told=0.2)
    settings = AtlasSettings(k=3, threads=1, space=("sound", "tags"))
    space, points = fitted(songs, FEATURES, settings)
    clustering = fit_clusters(points, 3, seed=0)
    one, many = (
        judged_labels(points, clustering, songs=songs, space=space, settings=settings.change(threads=n))
        for n in (1, threads)
    )
    assert one.tobytes() == many.tobytes()


def test_the_tags_of_the_judged_are_not_in_the_points_that_place_them() -> None:
    """Whatever the tags of an artist are, its songs are placed alike."""
    songs = catalogue(60, told=0.2)
    settings = AtlasSettings(k=3, threads=1, space=("sound", "tags"))
    space, points = fitted(songs, FEATURES, settings)
    clustering = fit_clusters(points, 3, seed=0)
    before = judged_labels(points, clustering, songs=songs, space=space, settings=settings)
    other = songs.with_columns(
        tags=pl.when(pl.col("artists").list.first() == "Artist 5").then(pl.lit(["folk"])).otherwise("tags")
    )
    after = judged_labels(space.points(other), clustering, songs=other, space=space, settings=settings)
    mine = (songs["artists"].list.first() == "Artist 5").to_numpy()
    assert np.array_equal(before[mine], after[mine])


def test_a_column_that_holds_no_genres_is_refused_where_it_was_asked_for() -> None:
    songs = catalogue(20, told=0.2).drop("tags").with_columns(genre=pl.lit("rock"))
    assert find_genres(songs, called={}, asked=None) is None
    with pytest.raises(BadSettings, match="'style', which holds no two genres"):
        find_genres(songs, called={}, asked="style")
    assert learn_genres(songs, None, settings=AtlasSettings(), tell=silent) is None
    empty = genre_columns(None, 3)
    assert tuple(empty.columns) == GENRE_COLUMNS
    assert empty.null_count().row(0) == (3, 3, 3)


def test_only_songs_without_a_genre_are_told_a_predicted_one() -> None:
    songs = catalogue(60, told=0.3)
    hidden = pl.Series(np.arange(songs.height) % 4 == 0)
    songs = songs.with_columns(genre=songs["genre"].set(hidden, None))
    settings = AtlasSettings(k=3, threads=1)
    known = learn_genres(songs, find_genres(songs, called={}, asked=None), settings=settings, tell=silent)
    assert isinstance(known, SongGenres)
    told = known.table()
    assert tuple(told.columns) == GENRE_COLUMNS
    assert told["predicted_genre"].is_not_null().equals(hidden)
    assert told["genre_confidence"].is_not_null().equals(hidden)
    sample, genres = songs_with_beliefs(songs, known)
    assert genres.null_count() == 0
    assert sample["genre"].equals(genres)
    assert BELIEF in sample.columns


def test_lloyd_continues_from_given_centroids_in_their_order() -> None:
    points = np.random.default_rng(0).normal(size=(300, 2))
    clustering = fit_clusters(points, 4, seed=0)
    again = continued(points, clustering.centroids[::-1])
    np.testing.assert_allclose(again, clustering.centroids[::-1], atol=1e-9)
    with pytest.raises(ValueError, match="missing or infinite"):
        continued([[np.nan]], [[0.0]])
