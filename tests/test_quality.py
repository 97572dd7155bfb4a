"""The indices against scikit-learn's, the silhouette's interval against the truth, and agreement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn import metrics
from sklearn.cluster import KMeans

from songatlas.quality import (
    INDICES,
    CrossTable,
    agreement,
    calinski_harabasz,
    davies_bouldin,
    inertia,
    sampled_rows,
    silhouette,
    silhouette_values,
    silhouettes,
    stability,
)


def overlapping_songs(n_songs: int, seed: int = 0) -> np.ndarray:
    """Skewed, correlated points without clear clusters, float32, as songs are."""
    random = np.random.default_rng(seed)
    mixed = random.normal(size=(n_songs, 6)) @ random.normal(size=(6, 6))
    mixed[:, 0] = np.exp(mixed[:, 0] / 3)
    return np.ascontiguousarray((mixed - mixed.mean(axis=0)) / mixed.std(axis=0), dtype=np.float32)


@pytest.fixture(scope="module")
def songs() -> np.ndarray:
    return overlapping_songs(2500)


@pytest.fixture(scope="module")
def labelings(songs: np.ndarray) -> list[np.ndarray]:
    return [KMeans(k, n_init=1, random_state=0).fit_predict(songs) for k in (2, 5, 13)]


def test_exact_silhouettes_equal_scikit_learns(songs: np.ndarray, labelings: list[np.ndarray]) -> None:
    found = silhouettes(songs, labelings)
    for labels, estimate in zip(labelings, found, strict=True):
        expected = metrics.silhouette_score(songs.astype(np.float64), labels)
        assert estimate.value == pytest.approx(expected, abs=1e-9)
        assert estimate.exact
        assert estimate.low == estimate.value == estimate.high
        assert estimate.n_queries == len(songs)


def test_silhouette_values_equal_scikit_learns_for_all_or_some_rows(
    songs: np.ndarray, labelings: list[np.ndarray]
) -> None:
    expected = metrics.silhouette_samples(songs.astype(np.float64), labelings[1])
    np.testing.assert_allclose(silhouette_values(songs, labelings[1]), expected, atol=1e-8)
    rows = np.array([2400, 3, 3, 77])
    np.testing.assert_allclose(silhouette_values(songs, labelings[1], rows=rows), expected[rows], atol=1e-8)
    assert silhouette_values(songs, labelings[1], rows=[]).shape == (0,)


def test_songs_alone_in_their_cluster_have_silhouette_zero(songs: np.ndarray) -> None:
    few = songs[:40]
    labels = np.array([0, 1] + [2] * 20 + [3] * 18)
    values = silhouette_values(few, labels)
    assert values[:2].tolist() == [0.0, 0.0]
    expected = metrics.silhouette_score(few.astype(np.float64), labels)
    assert silhouette(few, labels).value == pytest.approx(expected, abs=1e-12)


def test_compactness_indices_equal_scikit_learns(songs: np.ndarray, labelings: list[np.ndarray]) -> None:
    exact = songs.astype(np.float64)
    for labels in labelings:
        assert davies_bouldin(songs, labels) == pytest.approx(
            metrics.davies_bouldin_score(exact, labels), rel=1e-9
        )
        assert calinski_harabasz(songs, labels) == pytest.approx(
            metrics.calinski_harabasz_score(exact, labels), rel=1e-9
        )
        centres = np.stack([exact[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
        assert inertia(songs, labels) == pytest.approx(((exact - centres[labels]) ** 2).sum(), rel=1e-12)


def test_the_interval_covers_the_exact_silhouette_in_nine_draws_of_ten(
    songs: np.ndarray, labelings: list[np.ndarray]
) -> None:
    exact = np.array([estimate.value for estimate in silhouettes(songs, labelings)])
    draws = [silhouettes(songs, labelings, exact=False, n_queries=100, seed=seed) for seed in range(200)]
    lows = np.array([[estimate.low for estimate in draw] for draw in draws])
    highs = np.array([[estimate.high for estimate in draw] for draw in draws])
    covered = ((lows <= exact) & (exact <= highs)).mean(axis=0)
    assert covered.min() >= 0.9
    assert not any(estimate.exact for draw in draws for estimate in draw)


def test_the_estimate_is_much_surer_than_a_plain_sample(
    songs: np.ndarray, labelings: list[np.ndarray]
) -> None:
    values = silhouette_values(songs, labelings[1])
    estimates = [silhouette(songs, labelings[1], exact=False, n_queries=200, seed=seed) for seed in range(30)]
    errors = np.array([estimate.value for estimate in estimates]) - values.mean()
    assert np.sqrt((errors**2).mean()) < 0.35 * values.std() / np.sqrt(200)


def test_a_sample_of_all_songs_is_exact(songs: np.ndarray, labelings: list[np.ndarray]) -> None:
    assert silhouette(songs, labelings[0], exact=False, n_queries=9999) == silhouette(songs, labelings[0])


def test_above_the_limit_it_estimates_unless_told_otherwise(
    songs: np.ndarray, labelings: list[np.ndarray]
) -> None:
    assert not silhouette(songs, labelings[0], exact_limit=2000, n_queries=50).exact
    assert silhouette(songs, labelings[0], exact_limit=2000, exact=True).exact


def test_threads_and_repetition_change_nothing(songs: np.ndarray, labelings: list[np.ndarray]) -> None:
    first = silhouettes(songs, labelings, exact=False, n_queries=300, seed=5, n_threads=1)
    assert first == silhouettes(songs, labelings, exact=False, n_queries=300, seed=5, n_threads=2)
    assert first != silhouettes(songs, labelings, exact=False, n_queries=300, seed=6, n_threads=1)


def test_each_labeling_has_the_same_estimate_alone_or_in_company(
    songs: np.ndarray, labelings: list[np.ndarray]
) -> None:
    together = silhouettes(songs, labelings, exact=False, n_queries=100)
    for labels, estimate in zip(labelings, together, strict=True):
        alone = silhouette(songs, labels, exact=False, n_queries=100)
        assert alone.value == pytest.approx(estimate.value, abs=1e-8)


def test_identical_points_have_defined_values() -> None:
    points, labels = np.ones((6, 3), dtype=np.float32), [0, 0, 0, 1, 1, 1]
    assert silhouette(points, labels).value == 0.0
    assert davies_bouldin(points, labels) == 0.0
    assert calinski_harabasz(points, labels) == 1.0
    assert silhouette(np.ones((100, 3)), [0] * 50 + [1] * 50, exact=False, n_queries=30).value == 0.0


@pytest.mark.parametrize("judge", [silhouette, davies_bouldin, calinski_harabasz])
@pytest.mark.parametrize("labels", [[0, 0, 0, 0], [0, 1, 2, 3]])
def test_one_cluster_or_one_for_every_song_is_refused(judge, labels: list[int]) -> None:
    with pytest.raises(ValueError, match="cannot be judged: there must be at least 2 clusters"):
        judge(np.arange(8.0).reshape(4, 2), labels)


def test_wrong_input_is_refused_with_the_reason(songs: np.ndarray) -> None:
    labels = [0, 1] * 1250
    with pytest.raises(ValueError, match="NaN or an infinity"):
        silhouette(np.where(np.arange(6) == 3, np.nan, songs), labels)
    with pytest.raises(ValueError, match="2 labels for 2500 songs"):
        davies_bouldin(songs, [0, 1])
    with pytest.raises(ValueError, match="integers or words, not float64"):
        silhouette(songs, np.zeros(2500))
    with pytest.raises(ValueError, match="n_songs, n_dimensions"):
        silhouette(songs[:, 0], labels)
    with pytest.raises(ValueError, match="at least 30 songs"):
        silhouette(songs, labels, n_queries=5)
    with pytest.raises(ValueError, match="row numbers from 0 to 2499"):
        silhouette_values(songs, labels, rows=[2500])


def test_labels_may_be_any_integers() -> None:
    points = overlapping_songs(60)
    labels = np.arange(60) % 3
    odd = np.array([-7, 2**40, 90])[labels]
    assert silhouette(points, odd).value == pytest.approx(silhouette(points, labels).value, abs=1e-12)
    assert davies_bouldin(points, odd) == pytest.approx(davies_bouldin(points, labels), abs=1e-12)
    gap = labels * 5
    assert calinski_harabasz(points, gap) == pytest.approx(calinski_harabasz(points, labels), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    points=arrays.arrays(np.float64, (12, 2), elements=st.floats(-1e3, 1e3).map(lambda x: round(x, 3))),
    labels=arrays.arrays(np.int64, 12, elements=st.integers(0, 3)),
)
def test_indices_equal_scikit_learns_on_any_small_table(points: np.ndarray, labels: np.ndarray) -> None:
    if len(np.unique(labels)) < 2:
        return
    values = silhouette_values(points, labels)
    assert (np.abs(values) <= 1).all()
    np.testing.assert_allclose(values, metrics.silhouette_samples(points, labels), atol=1e-6)
    assert davies_bouldin(points, labels) == pytest.approx(
        metrics.davies_bouldin_score(points, labels), rel=1e-6, abs=1e-9
    )
    assert calinski_harabasz(points, labels) == pytest.approx(
        metrics.calinski_harabasz_score(points, labels), rel=1e-6
    )


@settings(max_examples=30, deadline=None)
@given(n_songs=st.integers(1, 5000), n_sampled=st.integers(1, 200), seed=st.integers(0, 2**63 - 1))
def test_sampled_rows_are_distinct_rising_and_repeatable(n_songs: int, n_sampled: int, seed: int) -> None:
    rows = sampled_rows(n_songs, n_sampled, seed=seed)
    assert len(rows) == min(n_songs, n_sampled)
    assert (np.diff(rows) > 0).all()
    assert 0 <= rows[0] <= rows[-1] < n_songs
    np.testing.assert_array_equal(rows, sampled_rows(n_songs, n_sampled, seed=seed))


def test_sampled_rows_are_drawn_evenly() -> None:
    drawn = np.concatenate([sampled_rows(100, 20, seed=seed) for seed in range(500)])
    counts = np.bincount(drawn, minlength=100)
    assert 60 <= counts.min() <= counts.max() <= 145


@pytest.mark.parametrize("name", INDICES)
def test_every_index_prefers_real_clusters_to_shuffled_ones(name: str) -> None:
    index = INDICES[name]
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 40)
    points = random.normal(size=(120, 3)) + 6.0 * np.eye(3)[labels]
    assert index.label
    assert index.sentence.endswith(".")
    if index.measure is None:
        assert name in {"stability", "gap", "valley", "ami"}
        return
    real, shuffled = index.measure(points, labels), index.measure(points, random.permutation(labels))
    assert real > shuffled if index.better == "higher" else real < shuffled


def test_agreement_equals_scikit_learns_and_ignores_names() -> None:
    random = np.random.default_rng(1)
    genres = random.integers(0, 4, size=300)
    labels = np.where(random.random(300) < 0.6, genres, random.integers(0, 6, size=300))
    found = agreement(labels, np.array(["pop", "rap", "edm", "rock"])[genres])
    assert found.ami == pytest.approx(metrics.adjusted_mutual_info_score(genres, labels))
    assert found.ari == pytest.approx(metrics.adjusted_rand_score(genres, labels))
    assert found.nmi == pytest.approx(metrics.normalized_mutual_info_score(genres, labels))
    assert found.v_measure == pytest.approx(metrics.v_measure_score(genres, labels))
    table = metrics.cluster.contingency_matrix(genres, labels)
    assert found.purity == pytest.approx(table.max(axis=0).sum() / 300)
    assert agreement((labels + 3) * 11, genres) == found


@given(
    labels=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=60),
)
def test_adjusted_rand_equals_scikit_learns_to_the_last_digit(labels: list[tuple[int, int]]) -> None:
    first, second = np.array(labels).T
    assert stability([(first, second)]).value == metrics.adjusted_rand_score(first, second)


def test_adjusted_rand_of_a_million_songs_overflows_nothing() -> None:
    labels = np.arange(1_000_000) % 2
    other = np.where(np.arange(1_000_000) < 900_000, labels, 1 - labels)
    assert stability([(labels, other)]).value == metrics.adjusted_rand_score(labels, other)


def test_purity_of_equal_groupings_is_one_and_of_one_cluster_the_largest_share() -> None:
    assert agreement([5, 5, 9], ["a", "a", "b"]).purity == 1.0
    assert agreement([0, 0, 0, 0], ["a", "a", "a", "b"]).purity == 0.75


@settings(max_examples=40, deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=60))
def test_agreement_equals_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    labels, genres = (list(side) for side in zip(*pairs, strict=True))
    found = agreement(labels, genres)
    assert found.ami == pytest.approx(metrics.adjusted_mutual_info_score(genres, labels), abs=1e-9)
    assert found.ari == pytest.approx(metrics.adjusted_rand_score(genres, labels), abs=1e-9)
    assert found.nmi == pytest.approx(metrics.normalized_mutual_info_score(genres, labels), abs=1e-9)
    assert found.v_measure == pytest.approx(metrics.v_measure_score(genres, labels), abs=1e-9)


def test_stability_is_one_for_the_same_clusters_and_near_zero_for_chance() -> None:
    random = np.random.default_rng(2)
    labels = random.integers(0, 4, size=400)
    same = stability([(labels, (labels + 1) % 4)] * 3)
    assert (same.value, same.low, same.high, same.n_queries) == (1.0, 1.0, 1.0, 3)
    chance = stability([(labels, random.integers(0, 4, size=400)) for _ in range(20)])
    assert abs(chance.value) < 0.02
    assert chance.low < chance.value < chance.high
    with pytest.raises(ValueError, match="at least one pair"):
        stability([])
    with pytest.raises(ValueError, match="the same songs"):
        stability([([0, 1], [0, 1, 1])])


def test_real_songs_equal_scikit_learn(shared_data: Path) -> None:
    columns = ["danceability", "energy", "loudness", "speechiness", "acousticness", "valence", "tempo"]
    table = pl.read_csv(shared_data / "spotify_songs.csv", columns=columns).head(3000).drop_nulls()
    points = table.to_numpy().astype(np.float64)
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    labels = KMeans(6, n_init=1, random_state=0).fit_predict(points)
    assert silhouette(points, labels).value == pytest.approx(
        metrics.silhouette_score(points, labels), abs=5e-9
    )
    assert davies_bouldin(points, labels) == pytest.approx(
        metrics.davies_bouldin_score(points, labels), rel=1e-9
    )


@pytest.mark.parametrize(("n_songs", "n_rows", "n_columns"), [(60, 7, 5), (400, 3, 60), (20_000, 20, 6)])
def test_information_shared_by_chance_equals_scikit_learns(n_songs: int, n_rows: int, n_columns: int) -> None:
    random = np.random.default_rng(n_songs)
    rows = (random.random(n_songs) ** 3 * n_rows).astype(int)
    columns = (random.random(n_songs) ** 2 * n_columns).astype(int)
    table = metrics.cluster.contingency_matrix(rows, columns, sparse=True)
    expected = metrics.cluster.expected_mutual_information(table, n_songs)
    found = CrossTable.of(rows, columns)
    assert found.expected_information == pytest.approx(expected, abs=1e-11, rel=0)
    assert found.mutual_information() == pytest.approx(metrics.mutual_info_score(rows, columns), abs=1e-13)


def test_groups_of_one_song_each_agree_with_themselves_and_share_no_more_than_chance_with_others() -> None:
    alone = np.arange(6)
    assert agreement(alone, alone[::-1]).ami == 1.0
    assert agreement(alone, alone % 2).ami == pytest.approx(0.0, abs=1e-12)
