"""Genres from columns and messy tags, the score between chance and ceiling, the table for the heatmap."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from songatlas import genres as module
from songatlas.errors import UnknownName
from songatlas.genres import genre_labels, genre_table, score_genres
from songatlas.quality import agreement

FIGURES = (
    "ami",
    "ari",
    "nmi",
    "v_measure",
    "purity",
    "chance_ami",
    "chance_purity",
    "ceiling_ami",
    "ceiling_accuracy",
)


@pytest.fixture(autouse=True)
def small_forests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer trees than a person gets, so that many scores take little time."""
    monkeypatch.setattr(module, "_TREES", 30)


def test_a_genre_column_is_taken_before_tags() -> None:
    songs = pl.DataFrame({"genre": ["Rock"] * 6 + ["Jazz"] * 5, "tags": [["noise"]] * 11})
    found = genre_labels(songs)
    assert found is not None
    assert (found.column, found.n_genres, found.coverage) == ("genre", 2, 1.0)
    assert found.labels.to_list() == ["Rock"] * 6 + ["Jazz"] * 5
    assert found.sentence == "2 genres from the column 'genre' for 11 of 11 songs (100%)."


def test_spellings_that_differ_in_case_and_padding_are_one_genre() -> None:
    songs = pl.DataFrame({"genre": ["rock", "Rock ", "Rock", " ROCK", "Rock", "", "  ", None, "Polka"]})
    found = genre_labels(songs)
    assert found is not None
    assert found.labels.to_list() == ["Rock"] * 5 + [None] * 4
    assert found.coverage == pytest.approx(5 / 9)


def test_the_commonest_tag_of_the_catalogue_wins() -> None:
    tags = [["irish folk", "folk"]] * 5 + [["folk", "rock"]] * 6 + [["rock"]] * 7 + [[]] * 2 + [None]
    found = genre_labels(pl.DataFrame({"tags": tags}))
    assert found is not None
    assert found.column == "tags"
    assert found.labels.to_list() == ["folk"] * 5 + ["rock"] * 13 + [None] * 3
    assert "made of the column 'tags' for 18 of 21 songs (86%)" in found.sentence


def test_equally_common_tags_go_by_the_alphabet_and_repeated_tags_count_once() -> None:
    songs = pl.DataFrame({"tags": [["b", "a", "b"]] * 5 + [["c", None, ""]] * 5})
    found = genre_labels(songs)
    assert found is not None
    assert found.labels.to_list() == ["a"] * 5 + ["c"] * 5


def test_rare_tags_are_no_genres() -> None:
    tags = [["pop"]] * 990 + [["microtonal"]] * 9 + [["pop", "seapunk"]]
    found = genre_labels(pl.DataFrame({"tags": tags}))
    assert found is not None
    assert found.labels.unique().drop_nulls().to_list() == ["pop"]
    assert found.labels.null_count() == 9


def test_genres_of_fewer_than_five_songs_are_dropped() -> None:
    found = genre_labels(pl.DataFrame({"genre": ["a"] * 5 + ["b"] * 4}))
    assert found is not None
    assert found.labels.to_list() == ["a"] * 5 + [None] * 4
    assert genre_labels(pl.DataFrame({"genre": list("abcd")})) is None


def test_a_table_without_genres_has_none() -> None:
    assert genre_labels(pl.DataFrame({"title": ["x"] * 9})) is None
    assert genre_labels(pl.DataFrame({"tags": [[]] * 9}, schema={"tags": pl.List(pl.String)})) is None
    assert genre_labels(pl.DataFrame({"genre": [None] * 9}, schema={"genre": pl.String})) is None


def test_a_named_column_is_used_whatever_its_kind() -> None:
    songs = pl.DataFrame({"genre": ["x"] * 6, "playlist": ["gym"] * 6, "decade": [1980] * 6})
    assert genre_labels(songs, column="playlist").labels.to_list() == ["gym"] * 6  # type: ignore[union-attr]
    assert genre_labels(songs, column="decade").labels.to_list() == ["1980"] * 6  # type: ignore[union-attr]
    with pytest.raises(UnknownName, match=r"'playlists'; did you mean 'playlist'\?"):
        genre_labels(songs, column="playlists")


@settings(max_examples=60, deadline=None)
@given(tags=st.lists(st.one_of(st.none(), st.lists(st.sampled_from("abcdef"), max_size=4)), max_size=60))
def test_a_song_gets_one_of_its_own_tags_or_none(tags: list[list[str] | None]) -> None:
    found = genre_labels(pl.DataFrame({"tags": tags}, schema={"tags": pl.List(pl.String)}))
    if found is None:
        return
    assert found.labels.len() == len(tags)
    for own, label in zip(tags, found.labels, strict=True):
        assert label is None or label in (own or [])
    assert found.labels.drop_nulls().value_counts()["count"].min() >= module.FEWEST_SONGS


@pytest.fixture(scope="module")
def catalogue() -> dict:
    """240 songs of 60 artists and 3 genres that sound different; k-means finds them roughly."""
    random = np.random.default_rng(0)
    artist = random.integers(0, 60, size=240)
    genre = artist % 3
    points = (random.normal(size=(240, 4)) + 2.2 * np.eye(4)[genre]).astype(np.float32)
    return {
        "points": points,
        "genres": pl.Series("genre", np.array(["edm", "folk", "rap"])[genre]),
        "artists": pl.Series("artist", [f"artist {number}" for number in artist]),
        "labels": KMeans(3, n_init=3, random_state=0).fit_predict(points),
    }


def scored(catalogue: dict, **changes: object) -> dict:
    parts = catalogue | changes
    return score_genres(
        parts["labels"], parts["genres"], parts["artists"], points=parts["points"], seed=parts.get("seed", 0)
    )


def test_the_score_lies_between_chance_and_ceiling(catalogue: dict) -> None:
    score = scored(catalogue)
    assert abs(score["chance_ami"]) < 0.02
    assert score["chance_ami"] + 0.3 < score["ami"] < 1
    assert score["chance_purity"] == pytest.approx(0.39, abs=0.05)
    assert 0.4 < score["ceiling_ami"] < 1
    assert score["ceiling_accuracy"] > 0.75
    expected = agreement(catalogue["labels"], catalogue["genres"].to_numpy())
    assert score["ami"] == pytest.approx(expected.ami)
    assert score["purity"] == pytest.approx(expected.purity)
    assert (score["n_songs"], score["n_genres"]) == (240, 3)
    assert len(score["sentences"]) == 3
    assert json.loads(json.dumps(score)) == score


def test_the_ceiling_never_sees_the_artist_it_is_tested_on(catalogue: dict) -> None:
    """Points that tell the artist but not the genre are worth nothing for artists never met."""
    random = np.random.default_rng(4)
    artist = random.permutation(np.repeat(np.arange(40), 15))
    genre = random.permutation(np.arange(40) % 2)[artist]
    voices = random.normal(size=(40, 3)) * 5
    points = (voices[artist] + random.normal(size=(600, 3)) * 0.01).astype(np.float32)
    parts = {
        "points": points,
        "genres": pl.Series(genre).cast(pl.String),
        "artists": pl.Series(artist).cast(pl.String),
        "labels": genre,
    }
    assert scored(parts)["ceiling_accuracy"] < 0.75
    assert scored(parts, artists=None)["ceiling_accuracy"] > 0.95


def test_of_many_songs_a_sample_is_tried_and_the_score_says_so(
    catalogue: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scored(catalogue)
    assert "tried on" not in whole["sentences"][-1]
    monkeypatch.setattr(module, "_MANY_SONGS", 200)
    monkeypatch.setattr(module, "_CEILING_SONGS_OF_MANY", 180)
    monkeypatch.setattr(module, "_SHUFFLED_SONGS", 720)
    score = scored(catalogue)
    assert score["ceiling_n_songs"] == 180
    assert "(tried on 180 of the 240 songs)" in score["sentences"][-1]
    assert score["ceiling_accuracy"] == pytest.approx(whole["ceiling_accuracy"], abs=0.15)
    assert score["chance_purity"] == pytest.approx(whole["chance_purity"], abs=0.05)
    assert {name: score[name] for name in ("ami", "ari", "purity")} == {
        name: whole[name] for name in ("ami", "ari", "purity")
    }


def test_of_many_songs_too_the_ceiling_meets_no_artist_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MANY_SONGS", 500)
    random = np.random.default_rng(4)
    artist = random.permutation(np.repeat(np.arange(40), 15))
    genre = random.permutation(np.arange(40) % 2)[artist]
    points = (random.normal(size=(40, 3)) * 5)[artist].astype(np.float32)
    parts = {"points": points, "genres": pl.Series(genre).cast(pl.String), "labels": genre, "artists": None}
    assert scored(parts, artists=pl.Series(artist).cast(pl.String))["ceiling_accuracy"] < 0.75
    assert scored(parts)["ceiling_accuracy"] > 0.95


def test_the_same_seed_gives_the_same_score(catalogue: dict) -> None:
    assert scored(catalogue, seed=3) == scored(catalogue, seed=3)


def test_songs_without_a_genre_take_no_part(catalogue: dict) -> None:
    known = np.arange(240) % 4 != 0
    holes = pl.select(pl.when(pl.Series(known)).then(catalogue["genres"]).alias("genre"))["genre"]
    score = scored(catalogue, genres=holes)
    assert score["n_songs"] == known.sum()
    only = agreement(catalogue["labels"][known], catalogue["genres"].to_numpy()[known])
    assert score["ami"] == pytest.approx(only.ami)


def test_artists_may_be_lists_or_missing(catalogue: dict) -> None:
    lists = catalogue["artists"].map_elements(lambda name: [name, "guest"], return_dtype=pl.List(pl.String))
    assert scored(catalogue, artists=lists) == scored(catalogue)
    nobody = pl.Series("artist", [None, ""] * 120, dtype=pl.String)
    assert scored(catalogue, artists=nobody) == scored(catalogue, artists=None)


def test_rare_genres_and_few_artists_do_no_harm(catalogue: dict) -> None:
    rare = catalogue["genres"].to_list()
    rare[0], rare[1] = "seapunk", "polka"
    assert scored(catalogue, genres=pl.Series(rare))["n_genres"] == 5
    one_artist = scored(catalogue, artists=pl.Series(["Ann"] * 240))
    assert one_artist["ceiling_ami"] is None
    assert "too few songs or artists" in one_artist["sentences"][-1]
    two_artists = scored(catalogue, artists=catalogue["genres"])
    assert 0 <= two_artists["ceiling_accuracy"] <= 1


def test_too_little_to_learn_from_gives_no_ceiling(catalogue: dict) -> None:
    few = {name: values[:49] for name, values in catalogue.items()}
    score = scored(few)
    assert score["ceiling_ami"] is None
    assert score["ceiling_accuracy"] is None
    assert score["ami"] is not None
    same = scored(catalogue, genres=pl.Series(["pop"] * 240))
    assert same["ceiling_ami"] is None
    assert "nothing to compare" in same["sentences"][0]


def test_no_genres_at_all_is_said(catalogue: dict) -> None:
    score = scored(catalogue, genres=pl.Series([None] * 240, dtype=pl.String))
    assert all(score[figure] is None for figure in FIGURES)
    assert score["n_songs"] == 0
    assert score["sentences"] == ["No song has a genre, so the clusters cannot be compared with genres."]


def test_lengths_that_differ_are_refused(catalogue: dict) -> None:
    with pytest.raises(ValueError, match="one a song each"):
        scored(catalogue, points=catalogue["points"][:5])


def test_the_table_counts_every_cluster_with_every_genre() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    table = genre_table(labels, pl.Series(["a", "a", "b", "b", None, None]))
    assert table.schema == {"cluster": pl.Int32, "genre": pl.String, "n": pl.Int64, "share": pl.Float64}
    assert table.rows() == [
        (0, "a", 2, pytest.approx(2 / 3)),
        (0, "b", 1, pytest.approx(1 / 3)),
        (1, "a", 0, 0.0),
        (1, "b", 1, 1.0),
        (2, "a", 0, 0.0),
        (2, "b", 0, 0.0),
    ]


def test_the_smaller_genres_are_one_row_called_other() -> None:
    words = ["a"] * 5 + ["b"] * 4 + ["c"] * 3 + ["d"] * 2 + ["other"]
    table = genre_table(np.zeros(15, dtype=int), pl.Series(words), most=2)
    assert table["genre"].to_list() == ["a", "b", "other"]
    assert table["n"].to_list() == [5, 4, 6]
    assert table["share"].sum() == pytest.approx(1.0)


def test_the_table_without_genres_is_empty_with_its_columns() -> None:
    table = genre_table(np.array([0, 1]), pl.Series([None, None], dtype=pl.String))
    assert table.height == 0
    assert table.columns == ["cluster", "genre", "n", "share"]


def test_real_songs_score_between_chance_and_ceiling(shared_data: Path) -> None:
    columns = ["track_artist", "playlist_genre", "danceability", "energy", "loudness", "valence", "tempo"]
    songs = pl.read_csv(shared_data / "spotify_songs.csv", columns=columns).drop_nulls().sample(1000, seed=1)
    points = songs[columns[2:]].to_numpy().astype(np.float64)
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    found = genre_labels(songs, column="playlist_genre")
    assert found is not None
    assert (found.n_genres, found.coverage) == (6, 1.0)
    labels = KMeans(6, n_init=2, random_state=0).fit_predict(points)
    score = score_genres(labels, found.labels, songs["track_artist"], points=points, seed=0)
    assert score["chance_ami"] + 0.03 < score["ami"] < score["ceiling_ami"]
    assert 0.3 < score["ceiling_accuracy"] < 0.6
