"""The estimator against scikit-learn's, and the labels that centroids give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans as Theirs
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_limits

from songatlas.kmeans import KMeans, fit_clusters, nearest_centroids


def blobs(n, d, k, *, seed=0, spread=1.0):
    random = np.random.default_rng(seed)
    return (random.normal(size=(k, d)) * 2)[random.integers(k, size=n)] + spread * random.normal(size=(n, d))


# two of the checks cluster 16 points of 4 kinds into 8 clusters
@pytest.mark.filterwarnings("ignore:only 4 of n_clusters=8:sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks([KMeans(), KMeans(2, n_init=2, max_iter=5), KMeans(3, init="random")])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def assert_like_theirs(points, start, *, weights=None, max_iter=300, tol=1e-4):
    k = len(start)
    ours = KMeans(k, init=start, max_iter=max_iter, tol=tol).fit(points, sample_weight=weights)
    theirs = Theirs(k, init=start, n_init=1, max_iter=max_iter, tol=tol)
    with threadpool_limits(1):
        theirs.fit(points, sample_weight=weights)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-9)
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-9, atol=1e-9)
    assert ours.n_iter_ == theirs.n_iter_
    return ours


@pytest.mark.parametrize("seed", range(12))
def test_same_start_same_end_as_scikit_learn(seed):
    random = np.random.default_rng(seed)
    n, d, k = int(random.integers(50, 4000)), int(random.integers(1, 25)), int(random.integers(1, 30))
    points = random.normal(size=(n, d)) if seed % 2 else blobs(n, d, k, seed=seed)
    if seed % 3 == 0:
        points = points * 10.0 ** random.integers(-3, 4, size=d) + 100 * random.normal(size=d)
    assert_like_theirs(points, points[random.permutation(n)[:k]], tol=[1e-4, 0.0][seed % 2])


@pytest.mark.parametrize("seed", range(6))
def test_same_end_with_weights(seed):
    random = np.random.default_rng(seed)
    points = blobs(800, 4, 6, seed=seed)
    weights = random.integers(0, 4, 800).astype(float) if seed % 2 else random.random(800)
    assert_like_theirs(points, points[:9], weights=weights)


@pytest.mark.parametrize("seed", range(6))
def test_same_end_where_clusters_begin_empty(seed):
    points = blobs(600, 3, 5, seed=seed)
    start = points[:9].copy()
    start[[2, 5, 7]] += 1e3 * np.array([[1], [2], [-3]])
    fitted = assert_like_theirs(points, start)
    assert len(np.unique(fitted.labels_)) == 9
    assert_like_theirs(points, start, weights=np.random.default_rng(seed).random(600))


def test_same_end_with_many_duplicates():
    points = np.repeat(blobs(60, 5, 6), 40, axis=0)
    assert_like_theirs(points, points[::300])


def test_same_end_when_iterations_run_out():
    points = np.random.default_rng(0).normal(size=(3000, 6))
    for max_iter in (1, 2, 5):
        fitted = assert_like_theirs(points, points[:12], max_iter=max_iter)
        assert len(fitted.history_) == max_iter


def test_history_falls_to_the_inertia():
    points = blobs(2000, 5, 4, spread=2.0)
    fitted = KMeans(10, random_state=0, tol=0.0).fit(points)
    assert len(fitted.history_) == fitted.n_iter_
    assert (np.diff(fitted.history_) <= 1e-9 * fitted.inertia_).all()
    assert fitted.history_[-1] == pytest.approx(fitted.inertia_, rel=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predict_transform_and_score_agree_with_the_fit(dtype):
    points = blobs(1500, 4, 5).astype(dtype)
    fitted = KMeans(5, random_state=1).fit(points)
    np.testing.assert_array_equal(fitted.predict(points), fitted.labels_)
    distances = fitted.transform(points)
    assert distances.dtype == dtype
    np.testing.assert_array_equal(distances.argmin(axis=1), fitted.labels_)
    assert fitted.score(points) == pytest.approx(-fitted.inertia_, rel=1e-12)
    assert fitted.inertia_ == pytest.approx(float((distances.min(axis=1) ** 2).sum()), rel=1e-5)


@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_order_of_rows_and_repeats_for_weights_do_not_matter(init):
    random = np.random.default_rng(5)
    points, weights = random.normal(size=(400, 3)), random.integers(0, 4, 400)
    model = KMeans(6, init=init, n_init=1, random_state=3, tol=0.0)
    weighted = model.fit(points, sample_weight=weights).predict(points)
    shuffled = random.permutation(np.repeat(points, weights, axis=0))
    np.testing.assert_array_equal(model.fit(shuffled).predict(points), weighted)


def test_more_beginnings_are_never_worse_and_the_seed_decides():
    points = np.random.default_rng(8).normal(size=(1500, 4))
    one, many = (KMeans(12, n_init=n, random_state=0).fit(points) for n in (1, 8))
    assert many.inertia_ <= one.inertia_
    again = KMeans(12, n_init=8, random_state=0).fit(points)
    assert again.cluster_centers_.tobytes() == many.cluster_centers_.tobytes()
    other = KMeans(12, n_init=1, random_state=1).fit(points)
    assert other.inertia_ != one.inertia_


def test_auto_begins_ten_times_only_where_starts_are_random(monkeypatch):
    points, calls = blobs(200, 2, 3), []

    def chosen(X, n_clusters, random_state):
        calls.append(n_clusters)
        return X[random_state.permutation(len(X))[:n_clusters]]

    KMeans(3, init=chosen, random_state=0).fit(points)
    assert calls == [3] * 10
    KMeans(3, init=chosen, n_init=2, random_state=0).fit(points)
    assert len(calls) == 12


def test_fewer_distinct_points_than_clusters_warns():
    points = np.repeat([[0.0, 0.0], [1.0, 1.0]], 10, axis=0)
    with pytest.warns(ConvergenceWarning, match="only 2 of n_clusters=4"):
        fitted = KMeans(4, random_state=0).fit(points)
    assert fitted.inertia_ == 0
    assert np.isfinite(fitted.cluster_centers_).all()


@pytest.mark.parametrize(
    ("settings_", "words"),
    [
        ({"n_clusters": 0}, "n_clusters is 0"),
        ({"n_clusters": 9}, "n_samples=5 is fewer than n_clusters=9"),
        ({"n_init": 0}, "n_init is 0"),
        ({"n_init": "often"}, "n_init is 'often'"),
        ({"init": "best"}, "init is 'best'"),
        ({"init": np.zeros((3, 2))}, r"shape \(3, 2\): it must be \(2, 2\)"),
        ({"init": np.full((2, 2), np.nan)}, "missing or infinite"),
        ({"max_iter": 0}, "max_iter is 0"),
        ({"tol": -1.0}, "tol is -1.0"),
        ({"n_threads": 0}, "n_threads is 0"),
    ],
)
def test_wrong_parameters_are_refused_in_words(settings_, words):
    points = np.arange(10.0).reshape(5, 2)
    with pytest.raises(ValueError, match=words):
        KMeans(**{"n_clusters": 2, **settings_}).fit(points)


def test_weights_of_nothing_are_refused():
    with pytest.raises(ValueError, match=r"(?i)sample.weight"):
        KMeans(2).fit(np.arange(4.0)[:, None], sample_weight=np.zeros(4))


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(2, 400),
    d=st.integers(1, 6),
    k=st.integers(1, 9),
    coarse=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**31),
)
def test_any_subset_in_any_order_gets_the_same_labels_and_distances(n, d, k, coarse, dtype, seed):
    random = np.random.default_rng(seed)
    points = (random.integers(0, 4, (n, d)) if coarse else random.normal(size=(n, d))).astype(dtype)
    k = min(k, len(np.unique(points, axis=0)))
    clustering = fit_clusters(points, k, seed=seed, n_threads=1)
    labels, distances = nearest_centroids(points, clustering.centroids)
    np.testing.assert_array_equal(labels, clustering.labels)
    some = random.permutation(n)[: random.integers(1, n + 1)]
    labels_of_some, distances_of_some = nearest_centroids(points[some], clustering.centroids, n_threads=2)
    np.testing.assert_array_equal(labels_of_some, labels[some])
    assert distances_of_some.tobytes() == distances[some].tobytes()


def test_nearest_centroids_of_no_song_and_of_wrong_shapes():
    labels, distances = nearest_centroids(np.empty((0, 2)), np.zeros((1, 2)))
    assert (labels.shape, labels.dtype, distances.shape) == ((0,), np.int32, (0,))
    with pytest.raises(ValueError, match="3 dimensions and centroids 2"):
        nearest_centroids(np.zeros((4, 3)), np.zeros((1, 2)))
    with pytest.raises(ValueError, match="no centroids"):
        nearest_centroids(np.zeros((4, 3)), np.empty((0, 3)))
    with pytest.raises(ValueError, match=r"shape \(4,\)"):
        nearest_centroids(np.zeros(4), np.zeros((1, 2)))


def test_fewer_distinct_points_than_clusters_come_to_rest() -> None:
    random = np.random.default_rng(0)
    for _ in range(5):
        points = np.repeat(random.normal(size=(5, 3)), 12, axis=0)
        start = points[random.choice(60, 7, replace=False)]
        with pytest.warns(ConvergenceWarning):
            found = KMeans(7, init=start, n_init=1).fit(points)
        assert found.n_iter_ < 20
        assert found.inertia_ == pytest.approx(0.0, abs=1e-25)


@pytest.mark.parametrize(
    ("name", "value"), [("max_iter", 300.0), ("max_iter", np.inf), ("n_clusters", 2.5), ("n_init", 1.5)]
)
@pytest.mark.parametrize("n_threads", [1, 2])
def test_whole_numbers_are_asked_for_whatever_the_threads(name, value, n_threads):
    with pytest.raises(ValueError, match=name):
        KMeans(n_threads=n_threads, **{"n_clusters": 2, name: value}).fit(np.arange(12.0).reshape(6, 2))


def test_a_very_large_limit_of_iterations_takes_no_room():
    fitted = KMeans(2, max_iter=10**12, n_threads=1, random_state=0).fit(np.arange(12.0).reshape(6, 2))
    assert fitted.n_iter_ < 10
