"""Homes and typical artists: more songs than the size of a cluster would give, on enough of them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from songatlas.artists import Credits, credits_of, typical_artists
from songatlas.artists.shares import count_songs, homes, share_lists


def catalogue(*parts: tuple[str, int, int]) -> tuple[Credits, np.ndarray]:
    """Songs of (artist, cluster, how many)."""
    names = [name for name, _, n in parts for _ in range(n)]
    return credits_of(pl.Series(names)), np.repeat([part[1] for part in parts], [part[2] for part in parts])


def home_of(credits: Credits, labels: np.ndarray, name: str) -> int:
    counts = count_songs(credits, labels, k=int(labels.max()) + 1)
    return int(counts.cluster[homes(counts)][credits.names.to_list().index(name)])


def test_home_holds_most_songs_unless_everybody_s_do() -> None:
    rest = [("rest", 0, 600), ("others", 1, 30), ("more", 2, 300)]
    assert home_of(*catalogue(("Ann", 0, 6), ("Ann", 1, 4), *rest), "Ann") == 1, "60% is less than usual"
    assert home_of(*catalogue(("Ann", 0, 8), ("Ann", 1, 2), *rest), "Ann") == 0, "80% is more than usual"
    assert home_of(*catalogue(("Ann", 0, 1), ("Ann", 1, 1), *rest), "Ann") == 1, "of equals the smaller one"
    assert home_of(*catalogue(("Ann", 2, 1), *rest), "Ann") == 2


def test_there_is_one_cluster_and_it_is_everybody_s_home() -> None:
    credits, labels = catalogue(("Ann", 0, 3), ("Bob", 0, 1))
    counts = count_songs(credits, labels, k=1)
    assert counts.cluster[homes(counts)].tolist() == [0, 0]
    assert typical_artists(counts, credits, most=5).height == 0, "nobody has more than the size gives"


def test_shares_sum_to_one_and_come_largest_first() -> None:
    rng = np.random.default_rng(1)
    credits = credits_of(pl.Series([f"a{number}" for number in rng.integers(0, 40, 500)]))
    lists = share_lists(count_songs(credits, rng.integers(0, 6, 500), k=6))
    assert lists.height == credits.n_artists
    for shares in lists["shares"]:
        assert shares.sum() == pytest.approx(1)
        assert shares.to_list() == sorted(shares, reverse=True)


def test_an_artist_of_one_song_is_not_typical_beside_those_of_many() -> None:
    parts = [("Pure", 1, 20), ("Mixed", 1, 30), ("Mixed", 0, 30), *((f"One {n}", 1, 1) for n in range(20))]
    credits, labels = catalogue(*parts, ("rest", 0, 400))
    typical = typical_artists(count_songs(credits, labels, k=2), credits, most=3)
    assert typical.filter(pl.col("cluster") == 1)["artist"].to_list() == ["Pure", "Mixed"]
    top = typical.filter(pl.col("cluster") == 1).row(0, named=True)
    usual = 70 / 500
    assert top["lift"] == pytest.approx((20 + 2) / (20 * usual + 2))
    assert (top["n_songs"], top["of_songs"], top["share"], top["rank"]) == (20, 20, 1.0, 1)


def test_where_all_artists_have_one_song_they_are_told_all_the_same() -> None:
    credits, labels = catalogue(*((f"One {n}", n % 2, 1) for n in range(10)))
    typical = typical_artists(count_songs(credits, labels, k=2), credits, most=3)
    assert typical["cluster"].to_list() == [0, 0, 0, 1, 1, 1]
    assert typical["rank"].to_list() == [1, 2, 3, 1, 2, 3]
