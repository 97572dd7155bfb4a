"""Sums, spreads and indices against the same in fifty decimal digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from songatlas import kernels, quality
from songatlas.kmeans import fit_clusters
from songatlas.space.exact_sums import ExactSums

DIGITS = 50
K = 3


def near_and_far(n, d, *, offset, spread, seed=0):
    """Three clusters of songs, far from 0 for what they differ."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % K
    return offset + spread * (random.normal(size=(n, d)) + 4 * labels[:, None]), labels


def exactly(points):
    return [[mpmath.mpf(float(value)) for value in row] for row in points]


def square(one, other):
    return mpmath.fsum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def means(rows, labels):
    members = [[row for row, label in zip(rows, labels, strict=True) if label == k] for k in range(K)]
    return [[mpmath.fsum(column) / len(own) for column in zip(*own, strict=True)] for own in members]


def true_inertia(rows, labels):
    centres = means(rows, labels)
    return mpmath.fsum(square(row, centres[label]) for row, label in zip(rows, labels, strict=True))


def true_davies_bouldin(rows, labels):
    centres = means(rows, labels)
    radii = [
        mpmath.fsum(
            mpmath.sqrt(square(row, centres[k]))
            for row, label in zip(rows, labels, strict=True)
            if label == k
        )
        / int(np.sum(labels == k))
        for k in range(K)
    ]
    worst = [
        max((radii[i] + radii[j]) / mpmath.sqrt(square(centres[i], centres[j])) for j in range(K) if j != i)
        for i in range(K)
    ]
    return mpmath.fsum(worst) / K


def true_calinski_harabasz(rows, labels):
    centres, n = means(rows, labels), len(rows)
    middle = [mpmath.fsum(column) / n for column in zip(*rows, strict=True)]
    between = mpmath.fsum(int(np.sum(labels == k)) * square(centres[k], middle) for k in range(K))
    return between * (n - K) / (true_inertia(rows, labels) * (K - 1))


def true_silhouette(rows, labels):
    values = []
    for i, row in enumerate(rows):
        apart = [mpmath.sqrt(square(row, other)) for other in rows]
        to = [mpmath.fsum(apart[j] for j in range(len(rows)) if labels[j] == k) for k in range(K)]
        sizes = [int(np.sum(labels == k)) for k in range(K)]
        own = to[labels[i]] / (sizes[labels[i]] - 1)
        other = min(to[k] / sizes[k] for k in range(K) if k != labels[i])
        values.append((other - own) / max(own, other))
    return mpmath.fsum(values) / len(values)


TRUTHS = {
    "inertia": true_inertia,
    "davies_bouldin": true_davies_bouldin,
    "calinski_harabasz": true_calinski_harabasz,
    "silhouette": true_silhouette,
}


@pytest.mark.parametrize("measure", TRUTHS)
@pytest.mark.parametrize(
    ("offset", "spread", "figures"),
    [(0.0, 1.0, 12), (1e9, 1e-3, 3), (-1e6, 1.0, 8), (0.0, 1e-150, 12), (0.0, 1e145, 12)],
    ids=["plain", "far with little noise", "far", "tiny", "huge"],
)
def test_indices_are_those_of_fifty_digits(measure, offset, spread, figures):
    if (measure, spread) == ("davies_bouldin", 1e-150):
        pytest.skip("lengths below 1e-8 count as none, as in scikit-learn")
    points, labels = near_and_far(36, 3, offset=offset, spread=spread)
    with mpmath.workdps(DIGITS):
        truth = float(TRUTHS[measure](exactly(points), labels))
    assert quality.INDICES[measure].measure(points, labels) == pytest.approx(truth, rel=10.0**-figures)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e-5, 1.0, 1e9, 1e140])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_exact_sums_round_once(scale, offset):
    values = scale * (offset + np.random.default_rng(1).normal(size=500))
    sums = ExactSums.of(values)
    with mpmath.workdps(700):  # the exact numbers themselves
        exact = [mpmath.mpf(float(value)) for value in values]
        mean = mpmath.fsum(exact) / len(exact)
        variance = mpmath.fsum((value - mean) ** 2 for value in exact) / len(exact)
        assert sums.mean == float(mean)
        assert sums.variance == float(variance)


def test_exact_sums_hold_denormal_numbers():
    values = np.array([5e-324, 5e-324, 1e-310, 2.0])
    with mpmath.workdps(700):
        mean = mpmath.fsum(mpmath.mpf(float(value)) for value in values) / 4
        assert ExactSums.of(values).mean == float(mean)
    assert ExactSums.of(values[:2]).mean == 5e-324


def test_the_inertia_of_a_clustering_is_true_far_from_the_origin():
    points, _ = near_and_far(60, 2, offset=1e9, spread=1e-3)
    found = fit_clusters(points, K, n_threads=1)
    with mpmath.workdps(DIGITS):
        truth = float(true_inertia(exactly(points), found.labels))
    assert found.inertia == pytest.approx(truth, rel=1e-3)
    assert sorted(np.bincount(found.labels)) == [20, 20, 20]


def test_sums_by_cluster_add_row_after_row_in_float64():
    points, labels = near_and_far(900, 5, offset=1e4, spread=1.0)
    sums, counts = kernels.cluster_sums(points.astype(np.float32), labels.astype(np.int32), K)
    with mpmath.workdps(DIGITS):
        rows = exactly(points.astype(np.float32))
        for k in range(K):
            own = [row for row, label in zip(rows, labels, strict=True) if label == k]
            true = [float(mpmath.fsum(column)) for column in zip(*own, strict=True)]
            np.testing.assert_allclose(sums[k], true, rtol=1e-13)
            assert counts[k] == len(own)


def test_sums_of_numbers_without_a_square_are_refused():
    with pytest.raises(ValueError, match=r"must be below 2\*\*500"):
        ExactSums.of(np.array([1.0, 1e151]))
