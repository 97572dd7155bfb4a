"""Breadth: what is known of simulated artists comes out again, also of few songs."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from songatlas.artists import credits_of
from songatlas.artists.breadth import breadths, effective_clusters, squared_distances


def simulated(spreads: np.ndarray, n_songs: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Breadth found, and true, of artists with these spreads and as many songs each."""
    rng = np.random.default_rng(seed)
    artist = np.repeat(np.arange(len(spreads)), n_songs)
    centres = rng.normal(size=(len(spreads), 6))
    points = centres[artist] + spreads[artist, None] * rng.normal(size=(len(artist), 6))
    credits = credits_of(pl.Series([f"{number:04d}" for number in artist]))
    of_all = float(points.var(axis=0).sum())
    found = breadths(squared_distances(points.astype(np.float32), credits), credits, of_all=of_all)
    return found, 6 * spreads**2 / of_all


def test_many_songs_give_the_true_breadth() -> None:
    found, true = simulated(np.linspace(0.2, 1.5, 30), 400, seed=0)
    np.testing.assert_allclose(found, true, rtol=0.12)


@pytest.mark.parametrize("n_songs", [3, 5])
def test_few_songs_are_not_biased_and_nearer_to_the_truth_than_without_the_others(n_songs: int) -> None:
    spreads = np.random.default_rng(5).uniform(0.6, 1.0, 400)
    found, true = simulated(spreads, n_songs, seed=1)
    assert found.mean() == pytest.approx(true.mean(), rel=0.05)
    rng = np.random.default_rng(2)
    alone = true * rng.chisquare(6 * (n_songs - 1), 400) / (6 * (n_songs - 1))
    assert np.square(found - true).mean() < 0.5 * np.square(alone - true).mean()


def test_two_songs_say_nothing_and_one_sound_is_narrow() -> None:
    points = np.array([[0.0], [0.0], [0.0], [0.0], [5.0], [-5.0]])
    credits = credits_of(pl.Series(["same"] * 4 + ["pair"] * 2))
    same, pair = breadths(squared_distances(points, credits), credits, of_all=float(points.var()))
    assert np.isnan(pair)
    assert same < 1
    nobody = breadths(np.zeros(6), credits, of_all=0.0)
    assert np.isnan(nobody).all(), "where all songs are alike"


def test_effective_clusters_of_few_songs_are_nearer_to_the_truth() -> None:
    rng = np.random.default_rng(3)
    table = rng.multinomial(10, np.full(5, 0.2), size=3000)
    artist, cluster = np.nonzero(table)
    found = effective_clusters(table[artist, cluster], artist, n_artists=3000, k=5)
    shares = np.where(table > 0, table / 10, 1)
    plain = np.exp(-(shares * np.log(shares)).sum(axis=1))
    assert abs(found.mean() - 5) < 0.5 * abs(plain.mean() - 5)
    assert found.max() <= 5
    assert effective_clusters(np.array([1, 1]), np.array([0, 0]), n_artists=1, k=2).tolist() == [
        pytest.approx(np.nan, nan_ok=True)
    ]
