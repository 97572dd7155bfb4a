"""Silhouettes in C against the plain ones and the definition; what estimates are made of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songatlas import kernels
from songatlas.kernels import reference
from songatlas.quality.labelings import encode
from songatlas.quality.regression import Mean, Strata, regression_mean
from songatlas.quality.surrogates import Surrogates

_kernels = pytest.importorskip("songatlas.kernels._kernels", reason="the C kernels were not built")
native = pytest.importorskip("songatlas.kernels.native")

VARIANTS = _kernels.variants()
KINDS = ["normal", "integers", "far", "duplicates", "tiny", "huge", "clumps"]


@pytest.fixture(autouse=True)
def _restore_variant():
    before = _kernels.variant()
    yield
    _kernels.use_variant(before)


@pytest.fixture
def _never_few(monkeypatch):
    monkeypatch.setattr("songatlas.kernels.native_silhouette.FEW_PAIRS", 0)


def points_of(kind, n, d, dtype, random):
    points = random.normal(size=(n, d))
    if kind == "integers":
        points = random.integers(-2, 3, size=(n, d)).astype(float)
    elif kind == "duplicates":
        points = points[random.integers(max(1, n // 10), size=n)]
    elif kind == "clumps":
        points = 1e-3 * points + random.integers(2, size=(n, 1)) * 1e4
    points = points * {"tiny": 1e-18, "huge": 1e15}.get(kind, 1.0) + (1e5 if kind == "far" else 0.0)
    return points.astype(dtype)


def overlapping(n, d=9, seed=0):
    random = np.random.default_rng(seed)
    return (random.normal(size=(n, d)) + random.integers(3, size=(n, 1)) * 1.5).astype(np.float32)


def labelings_of(points, ks):
    rows = native.Rows.of(points)
    return [native.nearest(rows, points[:k].astype(np.float64)) for k in ks]


@settings(max_examples=80, deadline=None)
@given(
    n=st.integers(50, 700),
    d=st.integers(1, 20),
    ks=st.lists(st.integers(2, 12), min_size=1, max_size=5),
    kind=st.sampled_from(KINDS),
    dtype=st.sampled_from([np.float32, np.float64]),
    variant=st.sampled_from(VARIANTS),
    seed=st.integers(0, 2**31),
)
def test_silhouettes_agree_with_the_references(n, d, ks, kind, dtype, variant, seed):
    _kernels.use_variant(variant)
    random = np.random.default_rng(seed)
    points = points_of(kind, n, d, dtype, random)
    labelings = [np.append(np.arange(k), random.integers(k, size=n - k)).astype(np.int32) for k in ks]
    queries = random.integers(n, size=77)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("songatlas.kernels.native_silhouette.FEW_PAIRS", 0)
        fast = native.silhouette_table(points, queries, labelings, ks)
    assert fast.shape == (len(ks), 77)
    np.testing.assert_allclose(fast, reference.silhouette_table(points, queries, labelings, ks), atol=1e-5)


@pytest.mark.usefixtures("_never_few")
@pytest.mark.parametrize("variant", VARIANTS)
def test_mean_silhouettes_are_good_to_eight_figures(variant):
    _kernels.use_variant(variant)
    points, ks = overlapping(3000, 13), [8, 2, 5]
    labelings, queries = labelings_of(points, ks), np.arange(3000)
    plain = reference.silhouette_table(points, queries, labelings, ks)
    fast = native.silhouette_table(points, queries, labelings, ks, n_threads=2)
    np.testing.assert_allclose(fast.mean(axis=1), plain.mean(axis=1), rtol=0, atol=5e-9)


@pytest.mark.usefixtures("_never_few")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dense_clumps_far_apart_keep_their_figures(dtype):
    random = np.random.default_rng(1)
    clump = np.repeat([0, 1], 400)
    points = (random.normal(size=(800, 4)) + clump[:, None] * 1e6).astype(dtype)
    labels = (2 * clump + (points[:, 0] > np.where(clump, 1e6, 0.0))).astype(np.int32)
    queries = np.arange(800)
    fast = native.silhouette_table(points, queries, [labels], [4])
    np.testing.assert_allclose(fast, reference.silhouette_table(points, queries, [labels], [4]), atol=1e-9)


@pytest.mark.usefixtures("_never_few")
def test_equal_songs_are_exactly_nothing_apart():
    points = np.repeat(overlapping(40), 30, axis=0)
    own, shared = np.repeat(np.arange(40), 30), np.arange(1200) % 2
    found = native.silhouette_table(points, np.arange(1200), [own, shared], [40, 2])
    assert (found[0] == 1.0).all()
    assert (native.silhouette_table(points[:30], np.arange(30), [shared[:30]], [2]) == 0.0).all()


def test_few_songs_are_left_to_the_reference():
    points = np.random.default_rng(4).normal(size=(500, 4))
    labelings, queries = labelings_of(points, [3, 9]), np.arange(20)
    np.testing.assert_array_equal(
        native.silhouette_table(points, queries, labelings, [3, 9]),
        reference.silhouette_table(points, queries, labelings, [3, 9]),
    )


@pytest.mark.usefixtures("_never_few")
def test_silhouettes_do_not_depend_on_threads():
    random = np.random.default_rng(4)
    points = random.normal(size=(2500, 4))
    ks = [3, 9]
    labelings, queries = labelings_of(points, ks), random.integers(2500, size=1200)
    first = native.silhouette_table(points, queries, labelings, ks)
    for n_threads in (2, 4):
        again = native.silhouette_table(points, queries, labelings, ks, n_threads=n_threads)
        np.testing.assert_array_equal(first, again)


@pytest.mark.usefixtures("_never_few")
def test_many_labelings_overflow_no_key():
    random = np.random.default_rng(5)
    points = random.normal(size=(1200, 3)).astype(np.float32)
    labelings = [random.permutation(np.arange(1200) % 1000).astype(np.int32) for _ in range(8)]
    queries = np.arange(1000)
    np.testing.assert_allclose(
        native.silhouette_table(points, queries, labelings, [1000] * 8),
        reference.silhouette_table(points, queries, labelings, [1000] * 8),
        atol=1e-5,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("songs", np.zeros((8, 2, 4), np.float32)),
        ("n_songs", 65),
        ("n_songs", 300),
        ("queries", np.zeros((2, 2, 16), np.float32)),
        ("strips", np.array([0, 1])),
        ("strips", np.array([3, 2])),
        ("segments", np.array([[0, 64, 0], [0, 257, 1]], np.int32)),
        ("segments", np.array([[0, 64, 0], [-1, 64, 1]], np.int32)),
        ("segments", np.array([[0, 64, 0], [0, 64, 3]], np.int32)),
        ("edges", np.array([0, 1, 4])),
        ("sizes", np.ones(2)),
        ("own", np.full((16, 2), 3, np.int32)),
        ("values", np.zeros((2, 15))),
        ("last", 2),
    ],
)
def test_wrong_comparisons_raise(name, value):
    good = {
        "songs": np.zeros((8, 2, 8), np.float32),
        "n_songs": 64,
        "queries": np.zeros((1, 2, 16), np.float32),
        "strips": np.array([0, 2]),
        "segments": np.array([[0, 64, 0], [0, 64, 1]], np.int32),
        "edges": np.array([0, 1, 3]),
        "sizes": np.ones(3),
        "own": np.zeros((16, 2), np.int32),
        "values": np.zeros((2, 16)),
        "first": 0,
        "last": 1,
    }
    _kernels.compare(*good.values())
    with pytest.raises(ValueError, match=r"must|do not exist|fewer"):
        _kernels.compare(*{**good, name: value}.values())


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 100),
    d=st.integers(1, 20),
    ks=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    variant=st.sampled_from(VARIANTS),
    seed=st.integers(0, 2**31),
)
def test_sides_agree_with_the_references(n, d, ks, variant, seed):
    _kernels.use_variant(variant)
    random = np.random.default_rng(seed)
    points, middle = random.normal(size=(n, d)).astype(np.float32), random.normal(size=d).astype(np.float32)
    lines = random.normal(size=(sum(ks), d + 1)).astype(np.float32)
    own = np.stack([random.integers(k, size=n) for k in ks]).astype(np.int32)
    edges = np.cumsum([0, *ks])
    fast = native.find_sides(points, lines, edges, own, middle=middle, scale=2.0)
    plain = reference.find_sides(points, lines, edges, own, middle=middle, scale=2.0)
    np.testing.assert_allclose(fast[0], plain[0], atol=1e-4)
    several = np.array(ks) > 1  # one cluster alone has no other
    np.testing.assert_allclose(fast[1][several], plain[1][several], atol=1e-4)


@pytest.mark.parametrize(
    "wrong",
    [
        {"blocks": np.zeros((1, 3, 16), np.float32)},
        {"edges": np.array([0, 3, 2])},
        {"own": np.zeros((2, 15), np.int32)},
        {"nearest": np.zeros((1, 16), np.float32)},
    ],
)
def test_wrong_sides_raise(wrong):
    good = {
        "blocks": np.zeros((1, 2, 16), np.float32),
        "lines": np.zeros((3, 3), np.float32),
        "edges": np.array([0, 1, 3]),
        "own": np.zeros((2, 16), np.int32),
        "within": np.zeros((2, 16), np.float32),
        "nearest": np.zeros((2, 16), np.float32),
    }
    _kernels.find_sides(*good.values())
    with pytest.raises(ValueError, match="must"):
        _kernels.find_sides(*{**good, **wrong}.values())


@pytest.mark.parametrize("d", [2, 9, 40])
def test_surrogates_go_up_and_down_with_the_silhouette(d):
    points, rows = overlapping(4000, d), np.arange(0, 4000, 5)
    labelings = [encode(labels, 4000) for labels in labelings_of(points, [3, 7])]
    exact = kernels.silhouette_table(points, rows, [mine.codes for mine in labelings], [3, 7])
    surrogates = Surrogates.of(points, labelings)
    rough = np.concatenate([values for _, values in surrogates.rough(points, labelings)], axis=1)[:, rows]
    close = surrogates.close(points, labelings, rows)
    for place in (0, 1):
        likeness = [np.corrcoef(values[place], exact[place])[0, 1] for values in (rough, close)]
        assert likeness[0] > 0.97
        assert likeness[1] > 0.995
    assert np.abs(close - exact).mean() < np.abs(rough - exact).mean()


def test_surrogates_of_songs_that_are_all_the_same_are_finite():
    points = np.full((300, 3), 7.0)
    labelings = [encode(np.arange(300) % 4, 300)]
    surrogates = Surrogates.of(points, labelings)
    assert all(np.isfinite(values).all() for _, values in surrogates.rough(points, labelings))
    assert (surrogates.close(points, labelings, np.arange(20)) == 0.0).all()


@pytest.mark.parametrize("d", [2, 9])
def test_rough_silhouettes_are_those_of_root_mean_square_distances(d):
    """By hand: a song is left out of the mean over its own cluster, and is 0 where it is alone there."""
    points = overlapping(60, d)
    codes = np.arange(60) % 4
    codes[codes == 3] = 2
    codes[7] = 3
    labeling = encode(codes, 60)
    surrogates = Surrogates.of(points, [labeling])
    ((_, rough),) = surrogates.rough(points, [labeling])
    squares = np.square(points[:, None, :].astype(float) - points[None, :, :]).sum(axis=2)
    for row in range(60):
        means = {
            cluster: squares[row, (codes == cluster) & (np.arange(60) != row)].mean()
            for cluster in range(4)
            if cluster != codes[row] or (codes == cluster).sum() > 1
        }
        if codes[row] not in means:
            assert rough[0, row] == 0.0
            continue
        within = np.sqrt(means.pop(codes[row]))
        nearest = np.sqrt(min(means.values()))
        assert rough[0, row] == pytest.approx((nearest - within) / max(within, nearest), abs=2e-5)


def test_small_clusters_share_the_stratum_of_the_smallest_that_is_large_enough():
    codes = np.repeat([0, 1, 2, 3, 4], [500, 300, 100, 5, 5])
    strata = Strata.of(encode(codes, 910), np.arange(910))
    assert np.array_equal(strata.of_sample, np.minimum(codes, 2))
    np.testing.assert_allclose(strata.shares, np.array([500, 300, 110]) / 910)
    few = Strata.of(encode(np.arange(12) % 3, 12), np.arange(12))
    assert (few.of_sample == 0).all()
    assert few.shares.tolist() == [1.0]


def test_errors_are_those_of_songs_that_were_left_out():
    """A residual over one less its leverage is what leaving the song out of the least squares gives."""
    random = np.random.default_rng(9)
    labeling = encode(random.integers(2, size=3000), 3000)
    rows = np.sort(random.permutation(3000)[:60])
    cheap = random.normal(size=(2, 3000))
    dear = cheap[0] + random.normal(size=3000)
    means = [Mean(value=float(figures.mean()), error=0.0) for figures in cheap]
    strata = Strata.of(labeling, rows)
    found = regression_mean(dear[rows], cheap[:, rows], means, strata)
    design = np.column_stack([strata.of_sample == 0, strata.of_sample == 1, *cheap[:, rows]]).astype(float)
    target = np.array([*strata.shares, *(mean.value for mean in means)])
    weights = target @ np.linalg.pinv(design)
    left_out = []
    for row in range(60):
        others = np.arange(60) != row
        fitted = np.linalg.lstsq(design[others], dear[rows][others], rcond=None)[0]
        left_out.append(dear[rows][row] - design[row] @ fitted)
    wanted = np.sqrt(np.square(weights * left_out).sum() * (1 - 60 / 3000))
    assert found.value == pytest.approx(weights @ dear[rows])
    assert found.error == pytest.approx(wanted)


def test_a_mean_that_follows_from_cheap_figures_is_found_without_error():
    random = np.random.default_rng(6)
    labeling = encode(random.integers(3, size=5000), 5000)
    cheap = random.normal(size=(2, 5000)) + labeling.codes
    dear = 3.0 * cheap[0] - 2.0 * cheap[1] + 0.5 * labeling.codes
    rows = np.sort(random.permutation(5000)[:200])
    means = [Mean(value=float(figures.mean()), error=0.0) for figures in cheap]
    found = regression_mean(dear[rows], cheap[:, rows], means, Strata.of(labeling, rows))
    assert found.value == pytest.approx(dear.mean(), abs=1e-9)
    assert found.error < 1e-9
    unsure = [Mean(value=mean.value, error=0.1) for mean in means]
    carried = regression_mean(dear[rows], cheap[:, rows], unsure, Strata.of(labeling, rows))
    assert carried.error == pytest.approx(0.1 * np.hypot(3.0, 2.0))


def test_cheap_figures_that_tell_nothing_leave_the_plain_mean_of_strata():
    random = np.random.default_rng(7)
    labeling = encode(random.integers(2, size=4000), 4000)
    dear, rows = random.normal(size=4000) + labeling.codes, np.arange(0, 4000, 10)
    strata = Strata.of(labeling, rows)
    found = regression_mean(dear[rows], np.ones((1, 400)), [Mean(1.0, 0.0)], strata)
    by_cluster = [dear[rows][labeling.codes[rows] == cluster].mean() for cluster in (0, 1)]
    assert found.value == pytest.approx(labeling.sizes @ by_cluster / 4000)
    assert found.error == pytest.approx(np.sqrt(0.9 / 400), rel=0.15)


@pytest.mark.parametrize("far", [1e20, 1e37])
def test_a_column_far_from_zero_that_says_nothing_changes_nothing(monkeypatch, far):
    monkeypatch.setattr("songatlas.kernels.native_silhouette.FEW_PAIRS", 0)
    random = np.random.default_rng(6)
    points = random.normal(size=(1500, 4)).astype(np.float32)
    labels = kernels.nearest(kernels.Rows.of(points), points[:7].astype(np.float64))
    with_column = np.column_stack([points, np.full(len(points), far, dtype=np.float32)])
    rows = np.arange(len(points))
    plain = kernels.silhouette_table(points, rows, [labels], [7])
    far_off = kernels.silhouette_table(with_column, rows, [labels], [7])
    np.testing.assert_allclose(plain, far_off, atol=1e-6)
