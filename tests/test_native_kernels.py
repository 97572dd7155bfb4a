"""The C engine against the plain one: the same labels, sums, distances and seeds, bit for bit."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songatlas.kernels import iteration, reference

_kernels = pytest.importorskip("songatlas.kernels._kernels", reason="the C kernels were not built")
native = pytest.importorskip("songatlas.kernels.native")

VARIANTS = _kernels.variants()
KINDS = ["normal", "integers", "far", "tiny", "huge", "duplicates", "mixed scales"]


@pytest.fixture(autouse=True)
def _restore_variant():
    before = _kernels.variant()
    yield
    _kernels.use_variant(before)


def points_of(kind, n, d, dtype, random):
    points = random.normal(size=(n, d))
    if kind == "integers":
        points = random.integers(-2, 3, size=(n, d)).astype(float)
    elif kind == "duplicates":
        points = points[random.integers(max(1, n // 10), size=n)]
    elif kind == "mixed scales":
        points *= 10.0 ** random.integers(-8, 8, size=d)
    points = points * {"tiny": 1e-18, "huge": 1e15}.get(kind, 1.0) + (1e5 if kind == "far" else 0.0)
    return points.astype(dtype)


def assert_same_pass(one, other):
    np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_array_equal(one.sums, other.sums)
    np.testing.assert_array_equal(one.counts, other.counts)
    assert one.labels.dtype == other.labels.dtype == np.int32
    assert one.n_changed == other.n_changed


@settings(max_examples=120, deadline=None)
@given(
    n=st.integers(1, 400),
    d=st.integers(1, 40),
    k=st.integers(1, 40),
    kind=st.sampled_from(KINDS),
    dtype=st.sampled_from([np.float32, np.float64]),
    weighted=st.booleans(),
    variant=st.sampled_from(VARIANTS),
    seed=st.integers(0, 2**31),
)
def test_passes_equal_the_references(n, d, k, kind, dtype, weighted, variant, seed):
    _kernels.use_variant(variant)
    random = np.random.default_rng(seed)
    points = points_of(kind, n, d, dtype, random)
    weights = random.integers(0, 3, size=n) * random.random(n) if weighted else None
    centroids = points[random.integers(n, size=k)].astype(np.float64)
    plain, fast = reference.Rows.of(points), native.Rows.of(points)
    np.testing.assert_array_equal(plain.shift, fast.shift)
    one = other = None
    for _ in range(4):
        one = reference.lloyd_pass(plain, centroids, one, weights=weights)
        other = native.lloyd_pass(fast, centroids, other, weights=weights)
        assert_same_pass(one, other)
        np.testing.assert_array_equal(
            reference.squared_distances(points, centroids, one.labels),
            native.squared_distances(points, centroids, other.labels),
        )
        filled = one.counts > 0
        centroids = centroids.copy()
        centroids[filled] = one.sums[filled] / one.counts[filled, None]


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 2000),
    d=st.integers(1, 20),
    k=st.integers(1, 12),
    kind=st.sampled_from(KINDS),
    dtype=st.sampled_from([np.float32, np.float64]),
    weighted=st.booleans(),
    given_centroids=st.booleans(),
    variant=st.sampled_from(VARIANTS),
    seed=st.integers(0, 2**31),
)
def test_seeds_equal_the_references(n, d, k, kind, dtype, weighted, given_centroids, variant, seed):
    _kernels.use_variant(variant)
    random = np.random.default_rng(seed)
    points = points_of(kind, n, d, dtype, random)
    weights = random.random(n) if weighted else None
    closest = None
    if given_centroids:
        closest = native.squared_distances(points, points[:1].astype(np.float64), np.zeros(n, np.int32))
    chosen = [
        engine.seed_rows(points, k, random=np.random.default_rng(seed), weights=weights, closest=closest)
        for engine in (reference, native)
    ]
    np.testing.assert_array_equal(*chosen)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("n", "d", "k"), [(700, 512, 5), (9, 1, 9), (3000, 3, 1500), (64, 100, 64)])
def test_any_dimension_and_many_centroids(variant, n, d, k):
    _kernels.use_variant(variant)
    random = np.random.default_rng(n)
    points = random.normal(size=(n, d)).astype(np.float32)
    centroids = points[random.permutation(n)[:k]].astype(np.float64)
    np.testing.assert_array_equal(
        reference.nearest(reference.Rows.of(points), centroids),
        native.nearest(native.Rows.of(points), centroids),
    )


def test_more_centroids_than_sixteen_bits_count():
    points = np.arange(65_535, dtype=np.float64)[:, None] * 3.0
    order = np.random.default_rng(0).permutation(65_535)
    labels = native.nearest(native.Rows.of(points[::97]), points[order])
    np.testing.assert_array_equal(order[labels], np.arange(65_535)[::97])


@pytest.mark.parametrize("variant", VARIANTS)
def test_ties_go_to_the_lowest_and_near_ties_to_the_law(variant):
    _kernels.use_variant(variant)
    points = np.array([[1.0, 0.0], [1.0, 1e-9], [1.0, -1e-9]] * 20)
    labels = native.nearest(
        native.Rows.of(points), np.array([[9.0, 9.0], [1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    )
    assert labels.tolist() == [1, 1, 2] * 20


def test_threads_change_no_bit():
    random = np.random.default_rng(0)
    points = random.normal(size=(40_011, 7)).astype(np.float32)
    rows = native.Rows.of(points)
    first = points[random.integers(len(points), size=30)].astype(np.float64)

    def two_passes(n_threads):
        start = native.lloyd_pass(rows, first, n_threads=n_threads)
        moved = start.sums / start.counts[:, None]
        return moved, native.lloyd_pass(rows, moved, start, n_threads=n_threads)

    moved, alone = two_passes(1)
    assert 0 < alone.n_changed < len(points)
    for n_threads in (2, 4):
        assert_same_pass(alone, two_passes(n_threads)[1])
        np.testing.assert_array_equal(native.nearest(rows, moved, n_threads=n_threads), alone.labels)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 20_000),
    d=st.integers(1, 20),
    k=st.integers(1, 12),
    kind=st.sampled_from(KINDS),
    dtype=st.sampled_from([np.float32, np.float64]),
    n_threads=st.integers(1, 3),
    seed=st.integers(0, 2**31),
)
def test_spreads_equal_the_references(n, d, k, kind, dtype, n_threads, seed):
    random = np.random.default_rng(seed)
    points = points_of(kind, n, d, dtype, random)
    centroids = points[random.integers(n, size=k)].astype(np.float64)
    labels = random.integers(k, size=n)
    plain = reference.cluster_spreads(points, centroids, labels)
    fast = native.cluster_spreads(points, centroids, labels, n_threads=n_threads)
    for one, other in zip(plain, fast, strict=True):
        np.testing.assert_array_equal(one, other)


def relabel_arguments(n=40, d=3, k=4):
    rows = native.Rows.of(np.arange(n * d, dtype=np.float32).reshape(n, d))
    answers = [np.zeros(n, np.int32), np.zeros(n, np.int64), np.zeros(n, np.int32)]
    return [rows.points, rows.screen, np.zeros((k, d)), *answers, None, 0.0, 0, 3]


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (0, np.zeros((41, 3), np.float32)),
        (0, np.zeros((40, 3), np.int64)),
        (0, np.zeros((40, 0), np.float32)),
        (0, np.asfortranarray(np.zeros((40, 3), np.float32))),
        (0, "points"),
        (1, ("blocks", np.zeros((2, 3, 16), np.float32))),
        (1, ("blocks", np.zeros((3, 3, 16), np.float64))),
        (1, ("longest", np.zeros(2, np.float32))),
        (1, ("shift", np.zeros(2))),
        (2, np.zeros((4, 2))),
        (2, np.zeros((0, 3))),
        (2, np.zeros((4, 3), np.float32)),
        (3, np.zeros(39, np.int32)),
        (3, np.zeros(40, np.int64)),
        (3, b"\0" * 160),
        (4, np.zeros(39, np.int64)),
        (5, np.zeros(39, np.int32)),
        (5, None),
        (6, np.zeros(2)),
        (8, -1),
        (8, 4),
        (9, 4),
    ],
)
def test_wrong_calls_of_relabel_raise(place, wrong):
    arguments = relabel_arguments()
    assert _kernels.relabel(*arguments) == 0
    if place == 1:
        screen = dict(zip(("blocks", "longest", "shift", "scale"), arguments[1], strict=True))
        wrong = tuple({**screen, wrong[0]: wrong[1]}.values())
    arguments[place] = wrong
    with pytest.raises((ValueError, TypeError)):
        _kernels.relabel(*arguments)


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (2, np.zeros((0, 3))),
        (3, np.zeros(39, np.int32)),
        (4, np.zeros(0)),
        (5, np.array([0, 20, 41])),
        (5, np.array([0, 30, 20, 40])),
        (5, np.zeros(0, np.int64)),
        (7, np.zeros(2, np.uint8)),
        (7, np.zeros(1)),
    ],
)
def test_wrong_calls_of_lloyd_raise(place, wrong):
    points, screen, centroids, labels, *_ = relabel_arguments()
    centroids += np.arange(4.0)[:, None] * 30
    limits, flag = (1e9, 0.0, np.inf, 3.0, 0.3, 1.0, 2), np.zeros(1, np.uint8)
    arguments = [points, screen, centroids, labels, np.zeros(50), np.array([0, 20, 40]), limits, flag]
    assert _kernels.lloyd(*arguments)[0] == "converged"
    arguments[place] = wrong
    with pytest.raises((ValueError, TypeError)):
        _kernels.lloyd(*arguments)


def test_a_run_can_be_stopped():
    points = np.random.default_rng(0).normal(size=(500, 3))
    stop = iteration.Stop()
    stop.set()
    for engine in (reference, native):
        with pytest.raises(iteration.Stopped):
            engine.lloyd(engine.Rows.of(points), points[:4], iteration.Rules(1.0, 9), stop=stop)


def test_changed_needs_room_for_every_row():
    arguments = relabel_arguments()
    arguments[4:6] = np.zeros(39, np.int64), np.zeros(39, np.int32)
    with pytest.raises(ValueError, match="room for every row"):
        _kernels.relabel(*arguments)


def test_labels_out_of_range_raise():
    points, centroids = np.zeros((5, 2)), np.zeros((3, 2))
    for bad in (-1, 3, 2**31 - 1):
        labels = np.array([0, 1, 2, bad, 0], dtype=np.int32)
        with pytest.raises(ValueError, match="row 3"):
            _kernels.distances(points, centroids, labels, 0, 5, np.zeros(5))
        with pytest.raises(ValueError, match="row 3"):
            _kernels.sum_rows(points, labels, None, 0, 5, np.zeros((3, 2)), np.zeros(3))
        with pytest.raises(ValueError, match="row 3"):
            _kernels.spread(points, centroids, labels, 0, 5, np.zeros(3), np.zeros(3))
    labels = np.zeros(5, dtype=np.int32)
    for rows, before in (([5], [0]), ([-1], [0]), ([0], [7])):
        with pytest.raises(ValueError, match="does not exist"):
            _kernels.move_rows(
                points,
                labels,
                np.array(rows),
                np.array(before, np.int32),
                np.zeros((3, 2)),
                np.zeros((3, 2)),
                np.zeros(3),
                np.zeros(3),
            )
    with pytest.raises(ValueError, match="does not exist"):
        _kernels.pack(
            points, np.array([0, 5]), np.zeros(2), 1.0, np.zeros((1, 2, 16), np.float32), None, 0, 1
        )


def test_variants_are_named_and_others_refused():
    assert VARIANTS[-1] == "baseline"
    with pytest.raises(ValueError, match="AVX-1024"):
        _kernels.use_variant("AVX-1024")
    assert native.engine_name() == f"C ({_kernels.variant()})"


@pytest.mark.parametrize(
    ("wanted", "told"), [("", "C ("), ("native", "C ("), ("reference", "NumPy"), ("fortran", "'fortran'")]
)
def test_the_environment_chooses_the_engine(wanted, told):
    ran = subprocess.run(
        [sys.executable, "-c", "from songatlas import kernels; print(kernels.engine_name())"],
        env={**os.environ, "SONGATLAS_KERNELS": wanted},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told in (ran.stdout if wanted != "fortran" else ran.stderr)
    assert (ran.returncode == 0) == (wanted != "fortran")


@settings(max_examples=80, deadline=None)
@given(
    n=st.integers(1, 1500),
    d=st.integers(1, 40),
    k=st.integers(1, 20),
    kind=st.sampled_from(KINDS),
    dtype=st.sampled_from([np.float32, np.float64]),
    variant=st.sampled_from(VARIANTS),
    rules=st.sampled_from(
        [{}, {"tolerance": 0.02}, {"bar": 0.7}, {"stretch": 1.5}, {"stretch": 1.9, "bar": 0.5}]
    ),
    max_iter=st.sampled_from([1, 2, 60]),
    seed=st.integers(0, 2**31),
)
def test_whole_runs_equal_the_references(n, d, k, kind, dtype, variant, rules, max_iter, seed):
    _kernels.use_variant(variant)
    random, k = np.random.default_rng(seed), min(k, n)
    points = points_of(kind, n, d, dtype, random)
    centroids = points[random.integers(n, size=k)].astype(np.float64)
    plain = reference.Rows.of(points)
    total = float(reference.squared_distances(points, plain.shift[None], np.zeros(n, np.int32)).sum())
    shares = {name: value * total if name == "bar" else value for name, value in rules.items()}
    asked = iteration.Rules(total, max_iter, **shares)
    one = reference.lloyd(plain, centroids, asked)
    other = native.lloyd(native.Rows.of(points), centroids, asked)
    threaded = native.lloyd(native.Rows.of(points), centroids, asked, n_threads=2)
    for run in (other, threaded):
        np.testing.assert_array_equal(one.labels, run.labels)
        np.testing.assert_array_equal(one.centroids, run.centroids)
        assert one.history == run.history
        assert (one.converged, one.hopeless) == (run.converged, run.hopeless)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_long_runs_that_sift_their_rows_equal_the_references(variant, dtype):
    _kernels.use_variant(variant)
    random = np.random.default_rng(8)
    points = (random.normal(size=(6007, 13)) + random.integers(2, size=(6007, 13))).astype(dtype)
    centroids = points[:24].astype(np.float64)
    plain = reference.Rows.of(points)
    total = float(np.square(points - plain.shift).sum(dtype=np.float64))
    one = reference.lloyd(plain, centroids, iteration.Rules(total, 300))
    other = native.lloyd(native.Rows.of(points), centroids, iteration.Rules(total, 300))
    assert one.n_iter > 40  # long enough for the rows to be sifted more than once
    assert one.converged
    np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_array_equal(one.centroids, other.centroids)
    assert one.history == other.history
