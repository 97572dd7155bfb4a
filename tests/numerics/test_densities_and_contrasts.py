"""Densities of taste against fifty digits; contrasts of clusters against areas under the curve."""

from __future__ import annotations

import mpmath
import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from songatlas.profiles.contrasts import measure_contrasts, mid_ranks, percentile_contrast
from songatlas.taste.blocks import fit_taste
from songatlas.taste.density import log_density

DIGITS = 50
N = 240


def true_log_density(points, given):
    """Logarithm of the mean Gaussian kernel of some songs at every song."""
    rows = [[mpmath.mpf(float(value)) for value in row] for row in points]
    found = []
    with mpmath.workdps(DIGITS):
        for row in rows:
            squares = [mpmath.fsum((a - b) ** 2 for a, b in zip(row, rows[j], strict=True)) for j in given]
            found.append(mpmath.log(mpmath.fsum(mpmath.exp(-each / 2) for each in squares) / len(given)))
    return np.array([float(each) for each in found])


@pytest.mark.parametrize("farthest", [1.0, 30.0, 1000.0])
def test_densities_are_those_of_fifty_digits(farthest):
    """Where no kernel is a number of float32 any more (below e^-87) its logarithm still is."""
    random = np.random.default_rng(2)
    sound = random.normal(size=(N, 5))
    sound[::40] *= farthest
    given = np.array([3, 40, 41, 160])
    taste = fit_taste(N, sound=sound)
    points = taste.points().astype(np.float64)
    most = np.square(points).sum(axis=1).max()
    found, wanted = log_density(taste, given), true_log_density(points, given)
    # squares are differences of float32 squares, each rounded at the size of the largest
    np.testing.assert_allclose(found, wanted, rtol=4e-6, atol=8 * np.finfo(np.float32).eps * max(most, 1.0))


def test_a_song_alone_has_the_density_of_itself():
    taste = fit_taste(3, sound=np.array([[0.0], [1e-30], [2.0]]))
    np.testing.assert_allclose(log_density(taste, np.array([0])), [0.0, 0.0, -2.0], atol=1e-6)


VALUES = {
    "many ties": lambda random: random.integers(0, 4, N) / 1000,
    "thousandths": lambda random: random.integers(0, 1001, N) / 1000,
    "far from zero": lambda random: 1e12 + random.integers(0, 500, N),
    "off any grid": lambda random: random.normal(size=N) * np.pi,
    "denormal": lambda random: random.integers(0, 50, N) * 5e-324,
    "huge and tiny": lambda random: 10.0 ** random.uniform(-300, 150, N),
}


@pytest.mark.parametrize("kind", VALUES)
def test_contrasts_are_areas_under_the_curve(kind):
    random = np.random.default_rng(3)
    values = VALUES[kind](random).astype(np.float64)
    labels = np.arange(N) % 3
    percentiles, contrasts, counts = percentile_contrast(pl.Series(values), labels, 3)
    places = np.unique(values, return_inverse=True)[1]  # the order alone: squares of the values may overflow
    areas = [roc_auc_score(labels == cluster, places) for cluster in range(3)]
    np.testing.assert_allclose(contrasts, [2 * area - 1 for area in areas], rtol=0, atol=1e-12)
    np.testing.assert_allclose(np.average(percentiles, weights=counts), 50.0, atol=1e-9)


@pytest.mark.parametrize("kind", VALUES)
def test_ranks_do_not_depend_on_how_they_are_counted(kind):
    values = VALUES[kind](np.random.default_rng(4)).astype(np.float64)
    np.testing.assert_array_equal(mid_ranks(values), pl.Series(values).rank("average").to_numpy())


def test_a_constant_feature_and_an_empty_cluster_stand_out_in_nothing():
    songs = pl.DataFrame({"energy": np.full(N, 0.1), "tempo_bpm": np.linspace(60, 200, N)})
    found = measure_contrasts(songs, np.arange(N) % 2, features=["energy", "tempo_bpm"], k=3)
    np.testing.assert_allclose(found.means[:, 0], 0.1, rtol=N * np.finfo(float).eps)  # of a sum of N
    np.testing.assert_array_equal(found.z_means[:, 0], 0.0)
    np.testing.assert_allclose(found.contrasts[:, 0], 0.0, atol=1e-12)
    assert found.means[2].tolist() == pytest.approx([0.1, 130.0])
    assert found.sizes.tolist() == [N // 2, N // 2, 0]
