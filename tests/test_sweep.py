"""The sweep: quality, numbering, sameness, edges, and the labelings that tell stability."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans as Theirs
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from songatlas import kmeans
from songatlas.errors import BadSettings, TooFewSongs
from songatlas.kmeans import (
    every_k,
    fit_clusters,
    nearest_centroids,
    resample,
    resample_labelings,
    search,
    sweep,
)

SOUND = ["danceability", "energy", "loudness", "speechiness", "acousticness", "instrumentalness"]
SOUND += ["liveness", "valence", "tempo", "duration_ms"]


def best_of_ten(points, k):
    """Inertia of scikit-learn's best of ten."""
    with threadpool_limits(1):
        return Theirs(k, n_init=10, random_state=0).fit(points.astype(np.float64)).inertia_


def blobs(n, d, k, *, seed=0, spread=1.0, distance=2.0):
    random = np.random.default_rng(seed)
    centres = distance * random.normal(size=(k, d))
    own = random.integers(k, size=n)
    return (centres[own] + spread * random.normal(size=(n, d))).astype(np.float32), own


def assert_sound(clustering, points):
    """What holds for every clustering."""
    k = clustering.k
    sizes = np.bincount(clustering.labels, minlength=k)
    assert clustering.labels.dtype == np.int32
    assert clustering.centroids.shape == (k, points.shape[1])
    assert sizes.min() > 0
    assert (np.diff(sizes) <= 0).all()
    ties = np.flatnonzero(np.diff(sizes) == 0)
    assert all(tuple(clustering.centroids[i]) <= tuple(clustering.centroids[i + 1]) for i in ties)
    means = [points[clustering.labels == cluster].mean(axis=0, dtype=np.float64) for cluster in range(k)]
    np.testing.assert_allclose(clustering.centroids, means, rtol=1e-9, atol=1e-9)
    labels, distances = nearest_centroids(points, clustering.centroids)
    np.testing.assert_array_equal(labels, clustering.labels)
    assert clustering.inertia == pytest.approx(float(np.square(distances).sum()), rel=1e-9, abs=1e-12)
    assert len(clustering.history) == clustering.n_iter
    scale = max(float(np.square(points - points.mean(axis=0, dtype=np.float64)).sum()), 1e-300)
    assert (np.diff(clustering.history) <= 1e-12 * scale).all()
    assert clustering.history[-1] == pytest.approx(clustering.inertia, rel=1e-9, abs=1e-12 * scale)


def same(one, other):
    return (
        one.centroids.tobytes() == other.centroids.tobytes()
        and one.labels.tobytes() == other.labels.tobytes()
        and one.inertia == other.inertia
        and one.history == other.history
    )


def test_every_clustering_of_a_sweep_is_sound_and_never_worse_than_best_of_ten():
    points, _ = blobs(2000, 6, 9, spread=1.5)
    clusterings = sweep(points, range(2, 14), seed=0)
    assert [clustering.k for clustering in clusterings] == list(range(2, 14))
    for clustering in clusterings:
        assert_sound(clustering, points)
        assert clustering.inertia <= 1.001 * best_of_ten(points, clustering.k)


def test_separated_blobs_are_found_exactly():
    points, own = blobs(2000, 5, 7, distance=9.0, seed=3)
    for clustering in (fit_clusters(points, 7), sweep(points, [3, 7, 12])[1]):
        assert adjusted_rand_score(own, clustering.labels) == 1.0


def test_threads_and_runs_give_bitwise_the_same():
    points, _ = blobs(21_000, 4, 6, spread=1.6)
    one, again, two, four = (sweep(points, [2, 3, 5], seed=5, n_threads=n) for n in (1, 1, 2, 4))
    for others in (again, two, four):
        assert all(same(a, b) for a, b in zip(one, others, strict=True))
    alone, alone_on_four = (fit_clusters(points, 5, n_threads=n) for n in (1, 4))
    assert same(alone, alone_on_four)
    assert_sound(one[-1], points)


@settings(max_examples=20, deadline=None)
@given(
    n=st.integers(1, 40),
    d=st.integers(1, 3),
    levels=st.integers(1, 4),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**31),
)
def test_coarse_points_full_of_ties_and_duplicates(n, d, levels, dtype, seed):
    points = np.random.default_rng(seed).integers(0, levels, (n, d)).astype(dtype)
    n_distinct = len(np.unique(points, axis=0))
    for clustering in sweep(points, range(1, n_distinct + 1), seed=seed, n_threads=1):
        assert_sound(clustering, points)
    assert clustering.inertia == 0
    with pytest.raises(TooFewSongs, match=f"{n_distinct + 1} clusters .* {n_distinct} or fewer"):
        fit_clusters(points, n_distinct + 1)


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((1, 3)),
        np.arange(6.0)[:, None],
        np.random.default_rng(0).normal(size=(150, 200)),
        np.column_stack([np.random.default_rng(1).normal(size=90), np.full(90, 4.0)]),
        np.random.default_rng(2).normal(size=(80, 3)) + 1e6,
        np.random.default_rng(3).normal(size=(80, 3)) * 1e-12,
    ],
    ids=["one point", "one dimension", "200 dimensions", "constant column", "far away", "tiny"],
)
def test_edges(points):
    for k in {1, min(4, len(points)), min(6, len(points))}:
        assert_sound(fit_clusters(points, k), points)


def test_as_many_clusters_as_songs():
    points = np.random.default_rng(4).normal(size=(12, 3))
    clustering = fit_clusters(points, 12)
    assert sorted(clustering.labels) == list(range(12))
    assert clustering.inertia == 0


def test_too_few_songs_is_told_in_words():
    with pytest.raises(TooFewSongs, match=r"9 clusters were asked of 5 songs: .* ask for 5 or fewer"):
        fit_clusters(np.arange(5.0)[:, None], 9)
    with pytest.raises(TooFewSongs, match="2 clusters were asked of 1 song:"):
        fit_clusters([[4.0, 2.0]], 2)
    with pytest.raises(TooFewSongs, match="of which 1 differ"):
        sweep(np.ones((3000, 2)), [2, 3])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused_before_anything(bad):
    points = np.ones((50, 3))
    points[7, 1] = bad
    for call in (
        lambda: fit_clusters(points, 2),
        lambda: nearest_centroids(points, np.zeros((1, 3))),
        lambda: resample_labelings(points, [2]),
    ):
        with pytest.raises(ValueError, match=r"1 of 50 points .* row 7: fill or leave out"):
            call()


def test_ks_are_checked_and_answered_in_their_order():
    points, _ = blobs(300, 2, 3)
    assert [clustering.k for clustering in sweep(points, [5, 2, 5])] == [5, 2, 5]
    for ks in ([], [0, 2]):
        with pytest.raises(BadSettings, match="ks is"):
            sweep(points, ks)


def test_progress_rises_to_one_with_words():
    points, _ = blobs(25_000, 3, 3)
    told = []
    sweep(points, [2, 3], progress=lambda share, words: told.append((share, words)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    assert told[-1][1] == "clustered all songs with k=2"


def test_sub_samples_tell_their_progress():
    points, _ = blobs(500, 2, 3)
    told = []
    pairs = resample_labelings(points, [2], progress=lambda share, words: told.append(share))
    assert len(told) > 1
    assert told == [(1 + done) / len(told) for done in range(len(told))]
    assert len(pairs[2]) > 1


@pytest.mark.parametrize(
    ("n_songs", "largest_k", "n_drawn"),
    [(10_000, 20, 3_000), (5_000, 20, 2_500), (300, 20, 200), (100, 20, 80), (24, 20, 20)],
)
def test_sub_samples_hold_half_of_the_songs_or_what_every_k_needs(n_songs, largest_k, n_drawn):
    points = np.arange(n_songs, dtype=np.float32)[:, None]
    assert len(resample._subsample(points, largest_k, 0, 1)) == n_drawn


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_interruption_ends_the_sweep(n_threads):
    points, _ = blobs(30_000, 5, 8, spread=2.0)

    def interrupt(share, words):
        if share > 0.1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(points, range(2, 12), n_threads=n_threads, progress=interrupt)


def test_stability_labelings_agree_at_the_true_k_and_less_at_others():
    directions = np.eye(6)[:5] * 9
    random = np.random.default_rng(0)
    points = (directions[random.integers(5, size=4000)] + random.normal(size=(4000, 6))).astype(np.float32)
    ks = range(2, 10)
    fitted = {clustering.k: clustering.centroids for clustering in sweep(points, ks)}
    for centroids in (fitted, None):
        pairs = resample_labelings(points, ks, centroids=centroids, n_resamples=6)
        means = {k: np.mean([adjusted_rand_score(*pair) for pair in pairs[k]]) for k in ks}
        assert all(len(pairs[k]) == 6 for k in ks)
        assert means[5] > 0.999
        assert all(means[k] < 0.97 for k in ks if k != 5)


def test_stability_labelings_repeat_and_speak_of_the_same_songs():
    points, _ = blobs(500, 3, 4)
    one, two = (resample_labelings(points, [2, 4], n_resamples=3, seed=1, n_threads=n) for n in (1, 2))
    other = resample_labelings(points, [2, 4], n_resamples=3, seed=2)
    for k in (2, 4):
        assert all(len(first) == len(second) == 500 for first, second in one[k])
        assert all(
            a.tobytes() == b.tobytes()
            for mine, yours in zip(one[k], two[k], strict=True)
            for a, b in zip(mine, yours, strict=True)
        )
    assert any(one[4][i][0].tobytes() != other[4][i][0].tobytes() for i in range(3))


def test_stability_labelings_of_very_few_songs():
    points = np.random.default_rng(0).normal(size=(5, 3))
    pairs = resample_labelings(points, [2, 4, 5], n_resamples=4)
    assert {k: len(pairs[k]) for k in pairs} == {2: 4, 4: 4, 5: 4}


def test_real_songs_are_clustered_at_least_as_well_as_by_best_of_ten(shared_data):
    table = pl.read_csv(shared_data / "spotify_songs.csv", infer_schema_length=None)
    table = table.unique("track_id", maintain_order=True).sort("track_id")
    points = StandardScaler().fit_transform(table.select(SOUND).to_numpy().astype(np.float64))[::6]
    for clustering in sweep(points.astype(np.float32), [3, 4, 10]):
        assert clustering.inertia <= 1.001 * best_of_ten(points, clustering.k)


def test_the_room_exports_what_it_promises():
    assert set(kmeans.__all__) == {
        "CLOUDS", "Checkpoint", "Clustering", "Division", "FEWEST_SONGS", "HeldOut", "KMeans", "MOST_SONGS",
        "SAMPLE_SONGS", "Settled", "SharesLeft", "block_sums", "compare_with_clouds",
        "continued", "divide_clusters", "find_starts", "fit_clusters", "fit_folds", "nearest_centroids",
        "plain_run", "resample_labelings", "settle", "sweep",
    }  # fmt: skip


def test_many_songs_end_within_the_tolerance_and_near_the_settled_clustering(monkeypatch):
    random = np.random.default_rng(5)
    points = random.normal(size=(4000, 6)).astype(np.float32)
    settled = sweep(points, [4, 9], seed=1)
    monkeypatch.setattr(every_k, "SETTLED_SONGS", 1000)
    for exact, clustering in zip(settled, sweep(points, [4, 9], seed=1), strict=True):
        labels, distances = nearest_centroids(points, clustering.centroids)
        np.testing.assert_array_equal(labels, clustering.labels)
        assert clustering.inertia == pytest.approx(np.square(distances).sum(), rel=1e-12)
        assert exact.inertia <= clustering.inertia <= 1.002 * exact.inertia
        assert clustering.n_iter < exact.n_iter
        assert (np.diff(np.bincount(labels)) <= 0).all()


def test_the_best_starts_are_kept_that_differ():
    """Two that end within 2 parts of 10,000 of each other tell the same story."""

    def ended(inertia):
        return search.Start(np.zeros((1, 1)), np.zeros(1, np.int32), inertia)

    starts = [ended(inertia) for inertia in (130.0, 100.01, 100.0, 101.0, 100.03)]
    kept = [start.inertia for start in search._best_different(starts, 3)]
    assert kept == [100.0, 100.03, 101.0]


def test_a_start_is_asked_for_each_proposal_once_and_another_one_anew(monkeypatch):
    points, _ = blobs(400, 2, 4)
    turns = []

    def make(points, start, turn, key):
        turns.append(turn)
        return start.centroids

    monkeypatch.setattr(search, "PROPOSALS", {"same": (0, 3, make)})
    found = search.Search(points, [4], n_kept=1, seed=0)
    found.seed_anew()
    for _ in range(5):
        found.learn_from_neighbours()
    assert turns == [0, 1, 2]
    (best,) = found.found[4]
    found.found[4] = (search.Start(best.centroids, best.labels, best.inertia),)
    found.learn_from_neighbours()
    assert turns == [0, 1, 2, 0]


@pytest.mark.parametrize("kind", search.PROPOSALS)
def test_every_proposal_makes_the_clusters_it_promises(kind):
    step, n_turns, make = search.PROPOSALS[kind]
    points = np.random.default_rng(2).normal(size=(300, 3))
    centroids = points[: 5 + step]
    labels, distances = nearest_centroids(points, centroids)
    start = search.Start(centroids, labels, float(np.square(distances).sum()))
    made = [make(points, start, turn, (0, turn)) for turn in range(n_turns)]
    assert all(proposed.shape == (5, 3) and np.isfinite(proposed).all() for proposed in made)
    assert len({proposed.tobytes() for proposed in made}) == n_turns
