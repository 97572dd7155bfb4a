"""Weights are proposed only where artists that took no part gain by them, and stability cannot be cheated."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import AtlasSettings
from songatlas.atlas.artist_parts import N_PARTS, artist_numbers, genre_gains, ks_around
from songatlas.atlas.objectives import GenreAgreement, Stability, WeightedPoints
from songatlas.atlas.refine import Refinement, propose_weights
from songatlas.genres import artist_folds
from songatlas.space import FEATURE_SHARES, SongSpace

FEATURES = ("danceability", "energy", "valence", "acousticness", "tempo_bpm")


def make_songs(n: int = 600, *, seed: int = 0, told: float = 1.0) -> pl.DataFrame:
    """Songs of 3 genres that only valence tells; energy and acousticness fall into groups of their own."""
    random = np.random.default_rng(seed)
    artist = random.integers(0, n // 5, n)
    genre = random.integers(0, 3, n // 5)[artist]
    side = random.integers(0, 2, (2, n))
    return pl.DataFrame(
        {
            "song_id": [f"{row:05}" for row in range(n)],
            "artists": [[f"artist {number}"] for number in artist],
            "danceability": random.normal(0.5, 0.1, n).clip(0, 1),
            "energy": (0.3 + 0.3 * side[0] + random.normal(0, 0.05, n)).clip(0, 1),
            "valence": (0.2 + 0.3 * genre * told + random.normal(0, 0.06, n)).clip(0, 1),
            "acousticness": (0.3 + 0.3 * side[1] + random.normal(0, 0.05, n)).clip(0, 1),
            "tempo_bpm": random.normal(120, 20, n).clip(50, 200),
            "genre": [("rock", "jazz", "folk")[number] for number in genre],
        }
    )


def proposed(songs: pl.DataFrame, *, genres: bool = True, threads: int = 1, **settings: object) -> Refinement:
    return propose_weights(
        songs,
        features=FEATURES,
        settings=AtlasSettings(space=("sound",), **settings),  # type: ignore[arg-type]
        genres=songs["genre"] if genres else None,
        artists=songs["artists"],
        k=3,
        n_threads=threads,
    )


@cache
def told_by_valence() -> Refinement:
    return proposed(make_songs())


def test_the_feature_that_tells_the_genres_gains() -> None:
    found = told_by_valence()
    assert found.objective == "agreement with genres"
    assert found.applied
    heard = found.changed.get("valence", 1.0)
    rivals = [found.changed.get(column, 1.0) for column in ("energy", "acousticness")]
    assert heard > min(rivals)
    assert found.before is not None
    assert found.after is not None
    assert found.after > found.before + 0.2
    assert found.gain_low is not None
    assert found.gain_low > 0
    assert "They are applied" in found.sentence


def test_every_trial_is_judged_by_a_third_that_took_no_part() -> None:
    found = told_by_valence()
    assert len(found.trials) == N_PARTS
    assert sum(trial.n_songs for trial in found.trials) == found.n_songs == 600


def test_nothing_is_applied_where_no_feature_tells_the_genres() -> None:
    found = proposed(make_songs(told=0.0, seed=3))
    assert not found.applied
    assert "The weights stay as they are" in found.sentence


def test_threads_and_saving_change_nothing() -> None:
    found = told_by_valence()
    assert proposed(make_songs(), threads=2) == found
    assert Refinement.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_weights_that_a_person_gave_are_kept() -> None:
    found = proposed(make_songs(), feature_weights={"Valence": 0.5, "danceability": 0})
    assert not {"valence", "danceability"} & set(found.changed)
    assert found.feature_weights["valence"] == 0.5
    assert found.feature_weights["danceability"] == 0


@pytest.mark.parametrize(
    ("n", "settings", "words"),
    [
        (60, {}, "60 songs of"),
        (400, {"feature_weights": dict.fromkeys(FEATURES[:3], 1)}, "Fewer than three features"),
    ],
)
def test_where_nothing_can_be_tried_it_says_why(n: int, settings: dict[str, object], words: str) -> None:
    found = proposed(make_songs(n), **settings)
    assert words in found.sentence
    assert (found.objective, found.applied, found.gain) == ("none", False, None)
    assert Refinement.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_a_plain_space_has_nothing_to_weigh() -> None:
    songs = make_songs(400)
    found = propose_weights(
        songs,
        features=FEATURES,
        settings=AtlasSettings(space=("plain",)),
        genres=songs["genre"],
        artists=None,
        k=3,
    )
    assert "The sound has no part" in found.sentence


def test_without_genres_stability_decides_and_progress_is_told() -> None:
    songs, told = make_songs(400), []
    found = propose_weights(
        songs,
        features=FEATURES,
        settings=AtlasSettings(space=("sound",)),
        genres=None,
        artists=songs["artists"],
        k=4,
        progress=lambda share, words: told.append(share),
    )
    assert found.objective == "stability"
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_stability_cannot_be_won_by_dropping_features() -> None:
    songs = make_songs(400)
    points = WeightedPoints.of(songs, features=FEATURES, settings=AtlasSettings(space=("sound",)))
    stability, every = Stability(points, (2, 3), 0), np.ones(400, dtype=bool)
    one_left = dict.fromkeys(FEATURES[1:], 0.0)
    variances = np.square([FEATURE_SHARES.get(name, 1.0) for name in FEATURES])
    even = variances.sum() ** 2 / np.square(variances).sum()
    assert points.effective_features({}) == pytest.approx(even, abs=0.2)
    assert points.effective_features(one_left) == pytest.approx(1.0)
    assert stability.allows({}, every)
    assert not stability.allows(one_left, every)
    assert 0.0 not in Stability.ladder


def test_clusters_that_stand_out_less_are_not_allowed() -> None:
    songs = make_songs(600)
    points = WeightedPoints.of(songs, features=FEATURES, settings=AtlasSettings(space=("sound",)))
    stability, every = Stability(points, (4,), 0), np.ones(600, dtype=bool)
    blurred = {"danceability": 1.25, "tempo_bpm": 2.5, "energy": 0.55, "acousticness": 0.6}
    assert points.effective_features(blurred) > 0.6 * points.effective_features({})
    assert stability.contrast(blurred, every) < stability.contrast({}, every)
    assert not stability.allows(blurred, every)


@pytest.mark.parametrize("weights", [{}, {"energy": 2.0}, {"tempo_bpm": 0.0, "valence": 0.5, "key": 3.0}])
def test_weighted_points_are_those_of_a_space_fitted_with_the_weights(weights: dict[str, float]) -> None:
    songs = make_songs(200).with_columns(
        key=pl.Series(np.arange(200) % 12).cast(pl.Float64), year=pl.Series(1960.0 + np.arange(200) % 60)
    )
    features, settings = (*FEATURES, "key"), AtlasSettings()
    fast = WeightedPoints.of(songs, features=features, settings=settings).under(weights)
    fitted = SongSpace.fit(songs, features=features, feature_weights=weights).points(songs)
    np.testing.assert_allclose(fast, fitted, atol=2e-6)


def test_all_songs_of_an_artist_are_in_one_part() -> None:
    artists = artist_numbers(make_songs(300)["artists"], 300)
    parts = artist_folds(artists, n_folds=N_PARTS, seed=4)
    assert len(np.unique(np.stack([artists, parts]), axis=1).T) == len(np.unique(artists))
    assert np.bincount(parts).min() > 50


def test_equal_clusterings_gain_nothing_and_better_ones_do() -> None:
    random = np.random.default_rng(0)
    genres, artists = random.integers(0, 3, 300), np.repeat(np.arange(100), 3)
    noise = random.integers(0, 3, 300)
    assert (genre_gains([noise], [noise], genres, artists, seed=1) == 0).all()
    assert (genre_gains([noise], [genres], genres, artists, seed=1) > 0.9).all()


def test_agreement_with_genres_allows_all_weights() -> None:
    every = np.ones(100, dtype=bool)
    songs = make_songs(100)
    points = WeightedPoints.of(songs, features=FEATURES, settings=AtlasSettings(space=("sound",)))
    numbers = np.zeros(100, dtype=np.int64)
    objective = GenreAgreement(points, every, every, numbers, numbers, (2,), 0)
    assert objective.allows(dict.fromkeys(FEATURES[1:], 0.0), every)


@pytest.mark.parametrize("k", [2, 3, 7, 20, 150])
def test_ks_around_hold_k_and_rise(k: int) -> None:
    ks = ks_around(k)
    assert k in ks
    assert min(ks) >= 2
    assert ks == tuple(sorted(set(ks)))
