"""The plain engine against the obvious: every answer compared with a slow, simple computation."""

from __future__ import annotations

from importlib import import_module
from threading import Event

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_info

from songatlas import kernels
from songatlas.kernels import reference
from songatlas.kernels.threads import chunk_bounds, map_in_order, thread_count


def law(points, centroids):
    """Squared distances as the engine defines them: coordinate after coordinate in float64."""
    total = np.zeros((len(points), len(centroids)))
    for column, heights in zip(points.T, centroids.T, strict=True):
        total += np.square(column[:, None].astype(np.float64) - heights)
    return total


def blobs(n, d, k, *, seed=0, dtype=np.float32, spread=1.0):
    random = np.random.default_rng(seed)
    centres = random.normal(size=(k, d)) * 2
    return (centres[random.integers(k, size=n)] + spread * random.normal(size=(n, d))).astype(dtype)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 300),
    d=st.integers(1, 12),
    k=st.integers(1, 40),
    kind=st.sampled_from(["normal", "integers", "far", "tiny", "huge", "duplicates", "mixed scales"]),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**31),
)
def test_nearest_obeys_the_law_on_every_kind_of_points(n, d, k, kind, dtype, seed):
    random = np.random.default_rng(seed)
    points = random.normal(size=(n, d))
    if kind == "integers":
        points = random.integers(-2, 3, size=(n, d)).astype(float)
    elif kind == "duplicates":
        points = points[random.integers(max(1, n // 10), size=n)]
    points = points * {"tiny": 1e-18, "huge": 1e15}.get(kind, 1.0) + (1e5 if kind == "far" else 0.0)
    if kind == "mixed scales":
        points *= 10.0 ** random.integers(-8, 8, size=d)
    points = points.astype(dtype)
    centroids = points[random.integers(n, size=k)].astype(np.float64)
    centroids[::2] += random.normal(size=centroids[::2].shape) * np.abs(points).max() * 0.1
    labels = kernels.nearest(kernels.Rows.of(points), centroids)
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, law(points, centroids).argmin(axis=1))
    np.testing.assert_array_equal(
        kernels.squared_distances(points, centroids, labels), law(points, centroids).min(axis=1)
    )


def test_equally_near_centroids_go_to_the_lowest_index():
    points = np.array([[0.0, 0.0], [1.0, 0.0]])
    centroids = np.array([[5.0, 0.0], [0.5, 0.5], [0.5, -0.5], [0.5, 0.5]])
    assert kernels.nearest(kernels.Rows.of(points), centroids).tolist() == [1, 1]


def test_centroids_too_far_for_float32_are_still_decided():
    points = np.array([[0.0], [1.0], [2.0]])
    centroids = np.array([[1e120], [1.9], [-1e120]])
    assert kernels.nearest(kernels.Rows.of(points), centroids).tolist() == [1, 1, 1]


def test_near_ties_beyond_float32_are_decided_in_float64():
    points = np.full((1000, 7), 0.1, dtype=np.float32)
    nearer = points[0].astype(np.float64) + 1e-9
    labels = kernels.nearest(kernels.Rows.of(points), np.stack([nearer + 1e-9, nearer]))
    assert (labels == 1).all()


@pytest.mark.parametrize("k", [2, 255, 256, 257, 700])
def test_many_centroids(k):
    points = blobs(2000, 3, 20)
    centroids = np.random.default_rng(1).normal(size=(k, 3)) * 2
    labels = kernels.nearest(kernels.Rows.of(points), centroids)
    np.testing.assert_array_equal(labels, law(points, centroids).argmin(axis=1))


@pytest.mark.parametrize("weighted", [False, True])
def test_passes_that_skip_rows_find_what_full_passes_find(weighted):
    points = blobs(20_000, 5, 12, spread=1.5)
    weights = np.random.default_rng(2).integers(0, 4, len(points)) / 3.0 if weighted else None
    rows = reference.Rows.of(points)
    centroids = points[:15].astype(np.float64)
    last = None
    skipped = False
    for _ in range(40):
        last = reference.lloyd_pass(rows, centroids, last, weights=weights)
        full = reference.lloyd_pass(rows, centroids, weights=weights)
        np.testing.assert_array_equal(last.labels, full.labels)
        np.testing.assert_allclose(last.sums, full.sums, rtol=1e-10, atol=1e-8)
        np.testing.assert_allclose(last.counts, full.counts, rtol=1e-12)
        skipped = skipped or last.age > 0
        centroids = last.sums / last.counts[:, None]
    assert skipped


def test_a_pass_counts_the_rows_that_changed():
    points = np.array([[0.0], [1.0], [2.0], [10.0]])
    rows = kernels.Rows.of(points)
    first = kernels.lloyd_pass(rows, np.array([[0.0], [1.6]]))
    assert (first.labels.tolist(), first.n_changed) == ([0, 1, 1, 1], 4)
    second = kernels.lloyd_pass(rows, np.array([[0.0], [13 / 3]]), first)
    assert (second.labels.tolist(), second.n_changed) == ([0, 0, 0, 1], 2)
    assert second.sums.ravel().tolist() == [3.0, 10.0]
    assert second.counts.tolist() == [3.0, 1.0]


def test_threads_give_bitwise_the_same():
    points = blobs(70_000, 6, 9)
    centroids = points[:9].astype(np.float64)
    passes = []
    for n_threads in (1, 2, 4):
        rows = kernels.Rows.of(points)
        first = kernels.lloyd_pass(rows, centroids, n_threads=n_threads)
        passes.append(
            kernels.lloyd_pass(rows, first.sums / first.counts[:, None], first, n_threads=n_threads)
        )
    for other in passes[1:]:
        np.testing.assert_array_equal(passes[0].labels, other.labels)
        assert passes[0].sums.tobytes() == other.sums.tobytes()


def test_seeds_are_distinct_points_where_there_are_enough():
    points = np.repeat(np.arange(10.0)[:, None], 50, axis=0)
    rows = kernels.seed_rows(points, 10, random=np.random.default_rng(0))
    assert sorted(points[rows].ravel()) == list(range(10))
    chosen = kernels.random_rows(points, 10, random=np.random.default_rng(0))
    assert sorted(points[chosen].ravel()) == list(range(10))


def test_seeds_never_have_weight_zero_and_find_far_groups():
    random = np.random.default_rng(3)
    points = np.concatenate([random.normal(size=(500, 2)) + 50 * corner for corner in range(4)])
    weights = np.where(np.arange(len(points)) % 2 == 0, 1.0, 0.0)
    for seed in range(20):
        rows = kernels.seed_rows(points, 4, random=np.random.default_rng(seed), weights=weights)
        assert weights[rows].all()
        assert sorted(rows // 500) == [0, 1, 2, 3]


def test_added_seeds_keep_away_from_given_centroids():
    points = np.concatenate([blobs(300, 2, 1), blobs(300, 2, 1) + 100])
    near_first = np.square(points - points[0]).sum(axis=1)
    row = kernels.seed_rows(points, 1, random=np.random.default_rng(0), closest=near_first)
    assert row[0] >= 300


@pytest.mark.parametrize("n_threads", [1, 2])
def test_spreads_are_the_sums_of_the_law(n_threads):
    points = blobs(20_000, 5, 6)
    centroids = np.random.default_rng(1).normal(size=(6, 5))
    labels = kernels.nearest(kernels.Rows.of(points), centroids)
    squares, lengths = kernels.cluster_spreads(points, centroids, labels, n_threads=n_threads)
    least = law(points, centroids).min(axis=1)
    np.testing.assert_allclose(squares, np.bincount(labels, least, minlength=6), rtol=1e-13)
    np.testing.assert_allclose(lengths, np.bincount(labels, np.sqrt(least), minlength=6), rtol=1e-13)


def brute_silhouettes(points, queries, labels):
    """Silhouettes by the definition, song after song."""
    distances = np.sqrt(law(points, points[queries].astype(np.float64))).T
    values = np.zeros(len(queries))
    for place, (song, row) in enumerate(zip(queries, distances, strict=True)):
        if (labels == labels[song]).sum() > 1:
            inside = row[labels == labels[song]].sum() / ((labels == labels[song]).sum() - 1)
            outside = min(row[labels == other].mean() for other in set(labels) - {labels[song]})
            values[place] = (outside - inside) / max(inside, outside) if max(inside, outside) > 0 else 0.0
    return values


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(8, 200),
    d=st.integers(1, 8),
    offset=st.sampled_from([0.0, 1e4]),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**31),
)
def test_silhouettes_are_those_of_the_definition(n, d, offset, dtype, seed):
    random = np.random.default_rng(seed)
    points = (random.normal(size=(n, d)) + offset).astype(dtype)
    points[random.integers(n)] = points[0]
    ks = [2, 3, 7]
    labelings = [random.permutation(np.append(np.arange(k), random.integers(k, size=n - k))) for k in ks]
    queries = random.permutation(n)[: n // 2 + 1]
    found = kernels.silhouette_table(points, queries, labelings, ks)
    assert found.shape == (len(ks), len(queries))
    for values, labels in zip(found, labelings, strict=True):
        np.testing.assert_allclose(values, brute_silhouettes(points, queries, labels), atol=1e-8)


def test_equal_songs_are_exactly_nothing_apart():
    points = np.repeat(blobs(40, 9, 3), 30, axis=0)
    labels = np.repeat(np.arange(40), 30)
    (values,) = kernels.silhouette_table(points, np.arange(0, len(points), 7), [labels], [40])
    assert (values == 1.0).all()


def test_the_mean_silhouette_is_scikit_learns_even_for_float32():
    points = blobs(3000, 10, 6)
    ks = [2, 5, 9]
    labelings = [kernels.nearest(kernels.Rows.of(points), points[:k].astype(np.float64)) for k in ks]
    found = kernels.silhouette_table(points, np.arange(len(points)), labelings, ks, n_threads=2)
    for values, labels in zip(found, labelings, strict=True):
        assert values.mean() == pytest.approx(silhouette_score(points.astype(np.float64), labels), abs=5e-9)


def test_silhouettes_do_not_depend_on_threads():
    points = blobs(3000, 4, 5)
    labelings = [np.arange(3000) % k for k in (3, 8)]
    one, two, four = (
        kernels.silhouette_table(points, np.arange(900), labelings, [3, 8], n_threads=n) for n in (1, 2, 4)
    )
    assert one.tobytes() == two.tobytes() == four.tobytes()


@given(st.integers(0, 10_000_000))
def test_chunks_cover_every_row_once(n_rows):
    bounds = chunk_bounds(n_rows)
    assert len(bounds) <= 64
    assert [start for start, _ in bounds[1:]] == [stop for _, stop in bounds[:-1]]
    assert sum(stop - start for start, stop in bounds) == n_rows


def test_results_come_in_order_and_an_interruption_stops_the_rest():
    assert list(map_in_order(lambda item: item * 2, range(20), n_threads=4)) == list(range(0, 40, 2))
    stop, begun = Event(), []

    def work(item):
        begun.append(item)
        if item == 0:
            raise KeyboardInterrupt
        stop.wait(10)

    with pytest.raises(KeyboardInterrupt):
        list(map_in_order(work, range(50), n_threads=2, stop=stop))
    assert stop.is_set()
    assert len(begun) < 10


def test_threads_are_counted_and_checked():
    assert thread_count() >= 1
    assert thread_count(3) == 3
    with pytest.raises(ValueError, match="n_threads is 0"):
        thread_count(0)


def test_linear_algebra_gets_its_threads_back_however_entries_overlap():
    def blas_threads():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = blas_threads()
    first, second = kernels.one_blas_thread(), kernels.one_blas_thread()
    first.__enter__()
    second.__enter__()
    assert set(blas_threads()) == {1}
    first.__exit__(None, None, None)
    assert set(blas_threads()) == {1}
    second.__exit__(None, None, None)
    assert blas_threads() == before


def test_every_name_comes_from_one_engine():
    in_c = kernels.engine_name().startswith("C (")
    engine = import_module("songatlas.kernels.native") if in_c else reference
    for name in reference.__all__:
        assert getattr(kernels, name) is getattr(engine, name)
