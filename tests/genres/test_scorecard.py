"""The scorecard between chance and ceiling, genre by genre, and the table for the heatmap."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import precision_recall_fscore_support

from songatlas.genres import INDICES_OF_AGREEMENT, Predicted, genre_labels, genre_table, score_genres
from songatlas.genres import scorecard as module
from songatlas.quality import agreement

FIGURES = tuple(f"{kind}{name}" for name in INDICES_OF_AGREEMENT for kind in ("", "chance_", "ceiling_"))
WORDS = np.array(["edm", "folk", "rap"])


@pytest.fixture(scope="module")
def catalogue() -> dict:
    """240 songs of 3 genres that sound different, and a classifier that names four of five rightly."""
    random = np.random.default_rng(0)
    genre = random.integers(0, 3, size=240)
    points = (random.normal(size=(240, 4)) + 2.2 * np.eye(4)[genre]).astype(np.float32)
    named = np.where(random.random(240) < 0.8, genre, random.integers(0, 3, size=240))
    return {
        "labels": KMeans(3, n_init=3, random_state=0).fit_predict(points),
        "genres": pl.Series("genre", WORDS[genre]),
        "predicted": Predicted(np.arange(240), pl.Series(WORDS[named])),
    }


def scored(catalogue: dict, **changes: object) -> dict:
    parts = catalogue | changes
    return score_genres(
        parts["labels"], parts["genres"], predicted=parts["predicted"], seed=parts.get("seed", 0)
    )


def test_every_figure_stands_between_chance_and_ceiling(catalogue: dict) -> None:
    score = scored(catalogue)
    for name in INDICES_OF_AGREEMENT:
        assert score[f"chance_{name}"] < score[name] < 1
    assert abs(score["chance_ami"]) < 0.02
    assert abs(score["chance_ari"]) < 0.02
    assert score["chance_purity"] == pytest.approx(0.39, abs=0.05)
    expected = agreement(catalogue["labels"], catalogue["genres"].to_numpy())
    reached = agreement(catalogue["predicted"].genres.to_numpy(), catalogue["genres"].to_numpy())
    for name in INDICES_OF_AGREEMENT:
        assert score[name] == pytest.approx(getattr(expected, name))
        assert score[f"ceiling_{name}"] == pytest.approx(getattr(reached, name))
    right = (catalogue["predicted"].genres == catalogue["genres"]).mean()
    assert score["ceiling_accuracy"] == pytest.approx(right)
    assert (score["n_songs"], score["n_genres"], score["ceiling_n_songs"]) == (240, 3, 240)
    assert len(score["sentences"]) == 4
    assert "for artists it never met" in score["sentences"][-1]
    assert json.loads(json.dumps(score, allow_nan=False)) == score


def test_each_genre_is_matched_with_the_cluster_that_holds_it_best() -> None:
    labels = np.array([0] * 6 + [1] * 4 + [2] * 2)
    genres = pl.Series(["a"] * 5 + ["b"] + ["b"] * 3 + ["a"] + [None, "c"])
    named = Predicted(np.array([0, 1, 5, 6, 11]), pl.Series(["a", "b", "b", "b", "a"]))
    first, second, third = score_genres(labels, genres, predicted=named)["per_genre"]
    assert (first["genre"], first["n"], first["cluster"]) == ("a", 6, 0)
    assert first["share"] == first["chance_precision"] == pytest.approx(6 / 11)
    assert (first["precision"], first["recall"]) == pytest.approx((5 / 6, 5 / 6))
    assert first["f1"] == pytest.approx(5 / 6)
    assert first["chance_recall"] == pytest.approx(6 / 11)
    assert (first["ceiling_precision"], first["ceiling_recall"]) == (0.5, 0.5)
    assert (second["genre"], second["cluster"], second["precision"], second["recall"]) == ("b", 1, 0.75, 0.75)
    assert (second["ceiling_precision"], second["ceiling_recall"]) == (pytest.approx(2 / 3), 1.0)
    assert (third["genre"], third["cluster"], third["precision"], third["recall"]) == ("c", 2, 1.0, 1.0)
    assert (third["ceiling_precision"], third["ceiling_recall"]) == (None, 0.0)


def test_precision_and_recall_of_the_ceiling_are_the_usual_ones(catalogue: dict) -> None:
    truth, named = catalogue["genres"].to_list(), catalogue["predicted"].genres.to_list()
    precision, recall, _, _ = precision_recall_fscore_support(truth, named, labels=list(WORDS))
    for each in scored(catalogue)["per_genre"]:
        place = list(WORDS).index(each["genre"])
        assert each["ceiling_precision"] == pytest.approx(precision[place])
        assert each["ceiling_recall"] == pytest.approx(recall[place])


def test_without_a_classifier_there_is_no_ceiling(catalogue: dict) -> None:
    nobody = Predicted(np.empty(0, dtype=np.int64), pl.Series([], dtype=pl.String))
    for predicted in (None, nobody):
        score = scored(catalogue, predicted=predicted)
        assert all(
            score[f"ceiling_{name}"] is None for name in (*INDICES_OF_AGREEMENT, "accuracy", "n_songs")
        )
        assert all(each["ceiling_recall"] is None for each in score["per_genre"])
        assert score["ami"] is not None
        assert "No classifier was tried" in score["sentences"][-1]


def test_the_ceiling_says_how_many_songs_it_was_tried_on(catalogue: dict) -> None:
    named = catalogue["predicted"]
    part = Predicted(named.rows[::3], named.genres.gather_every(3))
    score = scored(catalogue, predicted=part)
    assert score["ceiling_n_songs"] == 80
    assert "(tried on 80 of the 240 songs)" in score["sentences"][-1]
    assert "tried on" not in scored(catalogue)["sentences"][-1]


def test_songs_without_a_genre_take_no_part(catalogue: dict) -> None:
    known = np.arange(240) % 4 != 0
    holes = pl.select(pl.when(pl.Series(known)).then(catalogue["genres"]).alias("genre"))["genre"]
    score = scored(catalogue, genres=holes)
    assert score["n_songs"] == score["ceiling_n_songs"] == known.sum()
    only = agreement(catalogue["labels"][known], catalogue["genres"].to_numpy()[known])
    assert score["ami"] == pytest.approx(only.ami)


def test_a_genre_that_only_the_classifier_knows_is_wrong(catalogue: dict) -> None:
    odd = Predicted(np.arange(4), pl.Series(["polka", "polka", None, catalogue["genres"][3]]))
    score = scored(catalogue, predicted=odd)
    assert score["ceiling_n_songs"] == 3
    assert score["ceiling_accuracy"] == pytest.approx(1 / 3)


def test_the_same_seed_gives_the_same_score(catalogue: dict) -> None:
    assert scored(catalogue, seed=3) == scored(catalogue, seed=3)
    assert scored(catalogue, seed=3)["chance_ami"] != scored(catalogue, seed=4)["chance_ami"]


def test_of_many_songs_fewer_shuffles_are_as_good(catalogue: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scored(catalogue)
    monkeypatch.setattr(module, "_SHUFFLED_SONGS", 720)
    assert scored(catalogue)["chance_purity"] == pytest.approx(whole["chance_purity"], abs=0.05)


def test_only_the_largest_genres_are_gone_through() -> None:
    genres = pl.Series([f"genre {number:02}" for number in range(60) for _ in range(1 + number % 7)])
    score = score_genres(np.zeros(len(genres), dtype=int), genres)
    assert score["n_genres"] == 60
    sizes = [each["n"] for each in score["per_genre"]]
    assert len(sizes) == module.MOST_GENRES
    assert sizes == sorted(sizes, reverse=True)


def test_one_genre_is_nothing_to_compare(catalogue: dict) -> None:
    same = scored(catalogue, genres=pl.Series(["pop"] * 240))
    assert "nothing to compare" in same["sentences"][0]


def test_no_genres_at_all_is_said(catalogue: dict) -> None:
    score = scored(catalogue, genres=pl.Series([None] * 240, dtype=pl.String))
    assert all(score[figure] is None for figure in FIGURES)
    assert (score["n_songs"], score["per_genre"]) == (0, [])
    assert score["sentences"] == ["No song has a genre, so the clusters cannot be compared with genres."]


@settings(max_examples=60, deadline=None)
@given(
    songs=st.lists(
        st.tuples(
            st.integers(0, 4), st.sampled_from(["a", "b", "c", None]), st.sampled_from(["a", "z", None])
        ),
        max_size=30,
    )
)
def test_whatever_comes_nothing_is_nan(songs: list[tuple[int, str | None, str | None]]) -> None:
    labels = np.array([song[0] for song in songs], dtype=np.int64)
    genres, named = (pl.Series([song[place] for song in songs], dtype=pl.String) for place in (1, 2))
    score = score_genres(labels, genres, predicted=Predicted(np.arange(len(songs)), named))
    json.dumps(score, allow_nan=False)
    for each in score["per_genre"]:
        assert 0 < each["f1"] <= 1
        assert each["precision"] >= 1 / max(1, len(songs))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": np.zeros(5, dtype=int)}, "one a song each"),
        ({"labels": np.full(240, -1)}, "whole numbers from 0"),
        ({"labels": np.zeros(240)}, "whole numbers from 0"),
        ({"predicted": Predicted(np.arange(3), pl.Series(["edm"]))}, "one each"),
        ({"predicted": Predicted(np.array([240]), pl.Series(["edm"]))}, "different songs"),
        ({"predicted": Predicted(np.array([1, 1]), pl.Series(["edm", "rap"]))}, "different songs"),
    ],
)
def test_what_cannot_be_scored_is_refused(catalogue: dict, changes: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        scored(catalogue, **changes)


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


def test_real_songs_score_above_chance(shared_data: Path) -> None:
    columns = ["track_artist", "playlist_genre", "danceability", "energy", "loudness", "valence", "tempo"]
    songs = pl.read_csv(shared_data / "spotify_songs.csv", columns=columns).drop_nulls().sample(1000, seed=1)
    points = songs[columns[2:]].to_numpy().astype(np.float64)
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    found = genre_labels(songs, column="playlist_genre")
    assert found is not None
    assert (found.n_genres, found.coverage) == (6, 1.0)
    labels = KMeans(6, n_init=2, random_state=0).fit_predict(points)
    score = score_genres(labels, found.labels, seed=0)
    assert score["chance_ami"] + 0.03 < score["ami"]
    assert max(each["f1"] for each in score["per_genre"]) > 0.3
