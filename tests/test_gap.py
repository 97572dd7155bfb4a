"""Clusters or none: the gap to clouds without clusters, and the valleys between clusters."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import AtlasSettings
from songatlas.atlas.evidence import gather_evidence, ks_to_try
from songatlas.choose_k import Verdict, choose_k, verdict_for
from songatlas.kmeans import CLOUDS, compare_with_clouds, fit_clusters, fit_folds, sweep
from songatlas.quality import PairCounts, count_pairs, gaps, valley_of

SETTINGS = AtlasSettings(k_max=14, threads=1)


def verdict_on(points: np.ndarray, *, settings: AtlasSettings = SETTINGS) -> Verdict:
    """The verdict on the road that points take."""
    points = points.astype(np.float32)
    clusterings = sweep(points, ks_to_try(points, settings=settings), n_threads=1)
    return choose_k(gather_evidence(points, clusterings, settings=settings, tell=lambda *_: None))


def apart(k: int, *, seed: int, n_songs: int, n_dimensions: int) -> np.ndarray:
    """Unequal clusters of unequal widths, at least seven standard deviations apart."""
    random = np.random.default_rng((seed, 5))
    centres = [np.zeros(n_dimensions)]
    side = 7.0
    while len(centres) < k:
        side *= 1.02
        centre = random.uniform(-side / 2, side / 2, size=n_dimensions)
        if min(np.linalg.norm(centre - other) for other in centres) >= 7:
            centres.append(centre)
    shares = np.maximum(random.dirichlet(np.full(k, 3.0)), 0.05)
    members = random.choice(k, size=n_songs, p=shares / shares.sum())
    widths = random.uniform(0.6, 1.0, size=k)[members, None]
    return np.array(centres)[members] + widths * random.normal(size=(n_songs, n_dimensions))


def cloud(kind: str, *, seed: int, n_songs: int, n_dimensions: int) -> np.ndarray:
    """Songs without clusters."""
    random = np.random.default_rng((seed, 6))
    if kind == "uniform":
        return random.uniform(size=(n_songs, n_dimensions))
    normal = random.normal(size=(n_songs, n_dimensions))
    if kind == "slanted":
        return normal @ random.normal(size=(n_dimensions, n_dimensions))
    if kind == "ball":
        radii = random.uniform(size=(n_songs, 1)) ** (1 / n_dimensions)
        return normal / np.linalg.norm(normal, axis=1, keepdims=True) * radii
    return np.log(random.uniform(0.02, 1.0, size=(n_songs, n_dimensions)))


@pytest.mark.parametrize("k", range(2, 13))
def test_the_true_k_is_found_on_the_whole_road(k: int) -> None:
    points = apart(k, seed=k, n_songs=(300, 900, 3000)[k % 3] + 20 * k, n_dimensions=(2, 5, 8, 12)[k % 4])
    verdict = verdict_on(points)
    assert (verdict.k, verdict.strength) == (k, "clear")
    votes = {vote.rule: vote for vote in verdict.votes}
    assert votes["valley"].k == k
    assert votes["gap"].k is not None


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["uniform", "slanted", "ball", "logged"])
def test_of_structureless_songs_it_is_said_that_there_are_no_clusters(kind: str, seed: int) -> None:
    points = cloud(kind, seed=seed, n_songs=(200, 1000, 4000)[seed], n_dimensions=(2, 9, 5)[seed])
    verdict = verdict_on(points)
    assert verdict.strength == "none"
    assert verdict.sentence.startswith("There are no clusters here: these songs cannot be told from one")
    assert f"The {verdict.k} clusters are only slices of that cloud" in verdict.sentence
    votes = {vote.rule: vote for vote in verdict.votes}
    assert votes["gap"].k is None
    assert votes["valley"].k is None
    assert not votes["genres"].known
    assert "the genres" not in verdict.disagreement


def test_an_asked_k_of_structureless_songs_is_called_slices() -> None:
    settings = SETTINGS.change(k=5)
    points = cloud("slanted", seed=9, n_songs=500, n_dimensions=4).astype(np.float32)
    clusterings = sweep(points, ks_to_try(points, settings=settings), n_threads=1)
    evidence = gather_evidence(points, clusterings, settings=settings, tell=lambda *_: None)
    sentence = verdict_for(5, evidence).sentence
    assert sentence.startswith("5 clusters, as asked for")
    assert "They are only slices: these songs cannot be told from one structureless cloud" in sentence


@pytest.mark.parametrize("n_songs", [3, 8, 30])
def test_few_songs_have_evidence_too(n_songs: int) -> None:
    points = np.random.default_rng(n_songs).normal(size=(n_songs, 3)).astype(np.float32)
    verdict = verdict_on(points)
    assert verdict.k >= 2
    assert "nan" not in verdict.sentence


def test_equal_songs_and_constant_coordinates_are_no_obstacle() -> None:
    random = np.random.default_rng(0)
    points = np.repeat(random.normal(size=(30, 3)), 20, axis=0)
    points[:, 1] = 4.0
    verdict = verdict_on(points)
    assert verdict.strength in {"clear", "weak"}


def test_the_same_on_any_number_of_threads() -> None:
    points = apart(4, seed=1, n_songs=900, n_dimensions=6).astype(np.float32)
    clusterings = sweep(points, range(2, 8), n_threads=1)
    one, two = (
        gather_evidence(points, clusterings, settings=AtlasSettings(threads=n), tell=lambda *_: None)
        for n in (1, 2)
    )
    assert one.equals(two)


def test_clouds_have_the_place_and_spread_of_the_songs() -> None:
    random = np.random.default_rng(4)
    songs = random.normal(size=(2000, 3)) @ random.normal(size=(3, 3)) + [5.0, -2.0, 0.0]
    for name, draw in CLOUDS.items():
        drawn = draw(songs, np.random.default_rng(0))
        assert drawn.shape == songs.shape
        assert np.allclose(drawn.mean(axis=0), songs.mean(axis=0), atol=1.5), name
        if name in {"gaussian", "ellipsoid", "same_values"}:
            assert np.allclose(np.cov(drawn.T), np.cov(songs.T), atol=0.15 * np.cov(songs.T).max()), name
        if name.startswith("same_values"):
            assert np.array_equal(np.sort(drawn, axis=0), np.sort(songs, axis=0))


def test_the_gap_is_that_to_the_tightest_cloud() -> None:
    songs = np.array([0.5, 0.25])
    clouds = {"loose": np.array([[0.9, 0.8], [0.9, 0.8]]), "tight": np.array([[0.6, 0.3], [0.6, 0.3]])}
    first, second = gaps(songs, clouds)
    assert first.value == pytest.approx(np.log(0.6 / 0.5))
    assert second.value == pytest.approx(np.log(0.3 / 0.25))
    assert first.low == first.value == first.high
    wider = gaps(songs, {"tight": np.array([[0.6, 0.3], [0.7, 0.35]])})[0]
    assert wider.low < wider.value < wider.high


def test_the_interval_of_a_gap_is_two_standard_errors_of_one_more_draw() -> None:
    """By hand: logarithms of three draws 0.3 apart have the variance 0.09, those of the other kind 0.01."""
    clouds = {
        "wide": np.exp(np.array([[-0.3], [0.0], [0.3]])),
        "narrow": np.exp(np.array([[-0.1], [0.0], [0.1]])),
    }
    (found,) = gaps(np.array([0.5]), clouds)
    reach = 2 * np.sqrt((0.09 + 0.01) / 2 * (1 + 1 / 3))
    assert (found.low, found.high) == pytest.approx((np.log(2) - reach, np.log(2) + reach))
    assert found.n_queries == 3
    assert not found.exact


def test_songs_of_one_gaussian_are_no_tighter_than_its_clouds() -> None:
    points = cloud("slanted", seed=2, n_songs=3000, n_dimensions=6)
    shares = compare_with_clouds(points, [2, 5, 9], seed=1)
    assert shares.ks == (2, 5, 9)
    assert set(shares.clouds) == set(CLOUDS)
    assert np.abs(np.log(shares.clouds["gaussian"]).mean(axis=0) - np.log(shares.songs)).max() < 0.03
    assert compare_with_clouds(points, [2, 400], n_draws=1).ks == (2,)


def test_valleys_count_songs_between_two_centroids() -> None:
    points = np.array([[0.0], [0.1], [10.0], [9.9], [9.8], [5.1]])
    counts = count_pairs(points, np.array([[0.0], [10.0]]))
    assert counts.cores.tolist() == [2]
    assert counts.between.tolist() == [1]
    valley = valley_of([counts])
    assert valley.value == pytest.approx(1 / 3)
    assert valley.low < valley.value < valley.high
    empty = PairCounts(np.empty(0, np.int64), np.empty(0, np.int64))
    assert valley_of([empty]).surety == 0


def test_of_pairs_between_which_nobody_was_counted_nothing_is_known() -> None:
    nobody = PairCounts(cores=np.zeros(0, dtype=np.int64), between=np.zeros(0, dtype=np.int64))
    found = valley_of([nobody])
    assert (found.value, found.low, found.high, found.surety) == (0.0, -1.0, 1.0, 0.0)


def test_valleys_tell_two_clouds_from_one() -> None:
    random = np.random.default_rng(3)
    one = random.normal(size=(4000, 4))
    two = one + 7.0 * (random.uniform(size=(4000, 1)) < 0.3)
    for points, deep in ((one, False), (two, True)):
        folds = fit_folds(points, {2: fit_clusters(points, 2).centroids})
        valley = valley_of([count_pairs(points[fold.rows], fold.centroids[2]) for fold in folds])
        assert (valley.value > 0.9) == deep
        assert (valley.surety > 3.5) == deep


def test_held_out_songs_take_no_part() -> None:
    points = cloud("uniform", seed=1, n_songs=1000, n_dimensions=3)
    few = fit_folds(points, {3: fit_clusters(points, 3).centroids, 400: points[:400]})
    assert [list(fold.centroids) for fold in few] == [[3]] * 5
    assert sorted(np.concatenate([fold.rows for fold in few]).tolist()) == list(range(1000))
    many = fit_folds(cloud("uniform", seed=1, n_songs=9000, n_dimensions=3), {2: points[:2]})
    assert [len(fold.rows) for fold in many] == [6000, 6000]


def test_agreement_with_genres_is_a_column_and_a_vote() -> None:
    points = apart(3, seed=2, n_songs=600, n_dimensions=4).astype(np.float32)
    clusterings = sweep(points, range(2, 6), n_threads=1)
    labels = next(each.labels for each in clusterings if each.k == 3)
    words = np.array(["rock", "jazz", "folk"])[labels].astype(object)
    words[::7] = None
    genres = pl.Series(words.tolist())
    evidence = gather_evidence(points, clusterings, settings=SETTINGS, tell=lambda *_: None, genres=genres)
    assert evidence.filter(pl.col("k") == 3)["ami"].item() == pytest.approx(1.0)
    vote = next(vote for vote in choose_k(evidence).votes if vote.rule == "genres")
    assert vote.k == 3
    assert vote.sentence == "3 clusters agree best with the genres (AMI 1.00)."
    alone = pl.Series(["rock"] * 600)
    none = gather_evidence(points, clusterings, settings=SETTINGS, tell=lambda *_: None, genres=alone)
    assert none["ami"].null_count() == none.height
