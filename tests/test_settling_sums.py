"""Songs that lie elsewhere, in blocks: they end bit for bit where the sweep in memory ends."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songatlas import kernels
from songatlas.errors import TooFewSongs
from songatlas.kernels import reference
from songatlas.kmeans import (
    SAMPLE_SONGS,
    block_sums,
    every_k,
    find_starts,
    nearest_centroids,
    settle,
    settling,
    starts,
    sweep,
)

GRID = 2.0**-24
ENGINES = [import_module(kernels.Rows.__module__), reference]


def on_grid(points):
    return (np.rint(np.asarray(points) / GRID) * GRID).astype(np.float32)


def songs(n, d, k, *, seed=0, spread=1.5):
    random = np.random.default_rng(seed)
    centres = 2 * random.normal(size=(k, d)) + 0.3
    return on_grid(centres[random.integers(k, size=n)] + spread * random.normal(size=(n, d)))


class Elsewhere:
    """Points in blocks of random length, asked in random order on some threads."""

    def __init__(self, points, *, n_blocks, seed=0, n_threads=1):
        random = np.random.default_rng(seed)
        edges = np.sort(random.integers(1, max(len(points), 2), size=n_blocks - 1))
        cut = [block for block in np.split(points, edges) if len(block)]
        self.blocks = [cut[place] for place in random.permutation(len(cut))]
        self.n_threads, self.n_asked = n_threads, 0

    def answers(self, task):
        self.n_asked += 1
        task = pickle.loads(pickle.dumps(task))  # noqa: S301 - our own value
        with ThreadPoolExecutor(self.n_threads) as pool:
            return list(pool.map(task, self.blocks))

    def summed(self, task):
        answers = self.answers(task)
        return sum(answers[1:], start=answers[0].copy())

    def stacked(self, task):
        return np.concatenate(self.answers(task))


def settled(elsewhere, start, points, **more):
    n_points, n_dimensions = points.shape
    return settle(
        elsewhere.summed, elsewhere.stacked, start, n_points=n_points, n_dimensions=n_dimensions, **more
    )


def assert_same_end(found, clustering):
    assert found.centroids.tobytes() == clustering.centroids.tobytes()
    np.testing.assert_array_equal(found.sizes, np.bincount(clustering.labels, minlength=clustering.k))
    assert found.inertia == pytest.approx(clustering.inertia, rel=1e-12)
    assert found.n_iter == clustering.n_iter
    np.testing.assert_allclose(found.history, clustering.history, rtol=1e-11)


def same(one, other):
    return (
        one.centroids.tobytes() == other.centroids.tobytes()
        and one.sizes.tobytes() == other.sizes.tobytes()
        and (one.inertia, one.n_iter, one.history) == (other.inertia, other.n_iter, other.history)
    )


@pytest.mark.parametrize(("n", "d", "ks"), [(5_000, 13, (2, 7, 13, 20)), (50_000, 5, (3, 9))])
def test_blocks_end_where_the_sweep_ends(n, d, ks):
    points = songs(n, d, 6, spread=0.8)
    begun = find_starts(points, ks, seed=3)
    for clustering in sweep(points, ks, seed=3):
        found = [
            settled(Elsewhere(points, n_blocks=n_blocks, seed=seed, n_threads=n), begun[clustering.k], points)
            for n_blocks, seed, n in ((1, 0, 1), (9, 1, 2), (17, 2, 4))
        ]
        assert_same_end(found[0], clustering)
        assert found[0].converged
        assert all(same(found[0], other) for other in found[1:])


def test_many_songs_end_where_the_sweep_ends():
    points = songs(350_000, 4, 5)
    rows = np.sort(np.random.default_rng(1).choice(len(points), 20_000, replace=False))
    begun = find_starts(points[rows], [2, 5], seed=1)
    for clustering in sweep(points, [2, 5], seed=1, drawn=rows):
        found = [
            settled(Elsewhere(points, n_blocks=n_blocks, seed=n_blocks), begun[clustering.k], points)
            for n_blocks in (3, 17)
        ]
        assert_same_end(found[0], clustering)
        assert same(*found)
        assert found[0].converged
    assert len(points) > every_k.SETTLED_SONGS


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 60),
    d=st.integers(1, 3),
    k=st.integers(1, 8),
    levels=st.integers(2, 5),
    n_blocks=st.integers(1, 7),
    seed=st.integers(0, 2**31),
)
def test_ties_and_duplicates(n, d, k, levels, n_blocks, seed):
    random = np.random.default_rng(seed)
    points = random.integers(0, levels, (n, d)).astype(np.float32)
    k = min(k, len(np.unique(points, axis=0)))
    begun = find_starts(points, [k])
    (clustering,) = sweep(points, [k], starts=begun)
    found = settled(Elsewhere(points, n_blocks=n_blocks, seed=seed), begun[k], points)
    assert found.centroids.tobytes() == clustering.centroids.tobytes()
    np.testing.assert_array_equal(found.sizes, np.bincount(clustering.labels, minlength=k))
    assert found.inertia == pytest.approx(clustering.inertia, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("n_empty", [1, 3])
def test_empty_clusters_get_the_farthest_songs(n_empty):
    points = songs(3_000, 3, 4)
    start = points[:7].astype(np.float64)
    start[:n_empty] += 1e3 * np.arange(1, n_empty + 1)[:, None]
    (clustering,) = sweep(points, [7], starts={7: start})
    found = [settled(Elsewhere(points, n_blocks=n, seed=n), start, points) for n in (1, 6)]
    assert found[0].centroids.tobytes() == clustering.centroids.tobytes()
    assert found[0].sizes.min() > 0
    assert same(*found)


def test_fewer_kinds_of_songs_than_clusters_end_all_the_same():
    points = on_grid([[0.0], [0.0], [1.0], [1.0], [1.0]])
    found = settled(Elsewhere(points, n_blocks=2), np.array([[0.2], [0.4], [0.9]]), points)
    assert found.inertia == 0.0
    assert sorted(found.sizes) == [0, 2, 3]


@pytest.mark.parametrize("n_threads", [1, 4])
def test_starts_are_those_of_a_sweep_that_draws_the_same_songs(n_threads, monkeypatch):
    points = songs(30_000, 4, 5)
    rows = np.sort(np.random.default_rng(0).permutation(len(points))[:15_000])
    begun = find_starts(points[rows], [3, 5], seed=2, n_threads=n_threads)
    drawn, given = sweep(points, [3, 5], seed=2, drawn=rows), sweep(points, [3, 5], starts=begun)
    for one, other in zip(drawn, given, strict=True):
        assert one.centroids.tobytes() == other.centroids.tobytes()
        assert one.history == other.history
    monkeypatch.setattr(every_k, "SAMPLE_SONGS", 15_000)
    monkeypatch.setattr(starts, "SAMPLE_SONGS", 15_000)
    begun = find_starts(points, [3], seed=2)[3]
    drawn = sweep(points, [3], seed=2)
    assert drawn[0].history == sweep(points, [3], starts={3: begun})[0].history
    assert SAMPLE_SONGS == 200_000


def test_starts_are_refused_where_songs_differ_less_than_the_largest_k():
    points = [[0.0], [0.0], [1.0], [2.0], [2.0]]
    with pytest.raises(TooFewSongs, match="3"):
        find_starts(points, [2, 4])
    assert sorted(find_starts(points, [2, 3])) == [2, 3]


def test_a_run_goes_on_from_any_checkpoint_to_the_same_end():
    points = songs(4_000, 5, 6)
    start = points[:9].astype(np.float64)
    kept = []
    whole = settled(Elsewhere(points, n_blocks=5), start, points, keep=kept.append)
    assert len(kept) > 5
    for checkpoint in (kept[0], kept[len(kept) // 2], kept[-1]):
        more = []
        again = settled(Elsewhere(points, n_blocks=2, seed=4), start, points, at=checkpoint, keep=more.append)
        assert same(whole, again)
        kept_after = [each.n_iter for each in kept if each.n_iter > checkpoint.n_iter]
        assert [each.n_iter for each in more] == kept_after


@pytest.mark.parametrize("settled_songs", [every_k.SETTLED_SONGS, 100])
def test_iterations_run_out_as_in_memory(monkeypatch, settled_songs):
    points = songs(3_000, 5, 6)
    start = points[:9].astype(np.float64)
    for room in (every_k, settling):
        monkeypatch.setattr(room, "MAX_ITER", 4)
        monkeypatch.setattr(room, "SETTLED_SONGS", settled_songs)
    found = settled(Elsewhere(points, n_blocks=3), start, points)
    assert_same_end(found, sweep(points, [9], starts={9: start})[0])
    assert not found.converged


def test_progress_rises_to_one_and_a_stop_ends_it():
    points = songs(2_000, 4, 4)
    start = points[:5].astype(np.float64)
    told = []
    found = settled(
        Elsewhere(points, n_blocks=3), start, points, tell=lambda share, words: told.append((share, words))
    )
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert told[0][1].startswith("iteration 1, centroids still move by ")
    assert told[-1][1] == f"clustered all songs after {found.n_iter} iterations"
    stop = kernels.Stop()
    elsewhere = Elsewhere(points, n_blocks=3)
    with pytest.raises(kernels.Stopped):
        settled(elsewhere, start, points, stop=stop, tell=lambda share, words: stop.set())
    assert elsewhere.n_asked == 2


def test_a_start_of_another_space_is_refused():
    points = songs(50, 3, 2)
    with pytest.raises(ValueError, match=r"start has the shape \(2, 4\): \(k, 3\) is needed"):
        settled(Elsewhere(points, n_blocks=1), np.zeros((2, 4)), points)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.__name__)
@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1.0, 1e12])
def test_rows_made_ready_for_some_centroids_have_the_labels_they_have_anyway(engine, scale):
    points = songs(500, 5, 3)
    centroids = scale * np.random.default_rng(0).normal(size=(9, 5)) + points[:9]
    for one in (centroids, centroids[:1], np.zeros((4, 5))):
        labels = engine.nearest(engine.Rows.near(points, one), one)
        np.testing.assert_array_equal(labels, engine.nearest(engine.Rows.of(points), one))


def test_sums_of_a_block_are_those_of_its_clusters():
    points = songs(40_000, 13, 5)
    centroids = points[:6].astype(np.float64)
    labels, distances = nearest_centroids(points, centroids)
    sums = [points[labels == cluster].sum(axis=0, dtype=np.float64) for cluster in range(6)]
    squares = np.bincount(labels, weights=np.square(distances))
    expected = np.concatenate([np.ravel(sums), np.bincount(labels)])
    answer = block_sums(points, centroids)
    assert answer.shape == (6 * 15,)
    np.testing.assert_array_equal(answer[:-6], expected)
    np.testing.assert_allclose(answer[-6:], squares, rtol=1e-12)
    np.testing.assert_array_equal(block_sums(points, centroids, squares=False), expected)
