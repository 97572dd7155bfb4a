"""Artists of an atlas: numbers that are those of its songs, and a view that changes nothing."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import Atlas, build_atlas, build_demo
from songatlas.atlas.artist_view import ArtistView, artists_of_atlas, market_of_atlas
from songatlas.demo import simulate_catalogue
from songatlas.errors import MissingColumns, UnknownName


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return build_demo(600, k=4, seed=3)


@pytest.fixture(scope="module")
def view(atlas: Atlas) -> ArtistView:
    return artists_of_atlas(atlas)


def test_every_number_of_an_artist_is_that_of_its_songs(atlas: Atlas, view: ArtistView) -> None:
    songs = atlas.songs.with_columns(cluster=pl.Series(atlas.clustering.labels))
    for row in view.artists.head(25).iter_rows(named=True):
        own = songs.filter(pl.col("artists").list.contains(row["artist"]))
        assert row["n_songs"] == own.height
        counts = np.bincount(own["cluster"], minlength=atlas.k) / own.height
        assert dict(zip(row["clusters"], row["shares"], strict=True)) == pytest.approx(
            {c: s for c, s in enumerate(counts) if s > 0}
        )
        assert row["home_share"] == pytest.approx(counts[row["home_cluster"]])
        assert row["home_name"] == atlas.cluster_names()[row["home_cluster"]]
        assert row["typical_song"] in own["song_id"].to_list()
        assert row["year_low"] <= row["year_median"] <= row["year_high"]
        assert (row["breadth"] is None) == (own.height < 3)
    assert view.artists["n_songs"].is_sorted(descending=True)


def test_the_nearest_artists_are_no_strangers_and_the_artist_is_none_of_them(view: ArtistView) -> None:
    name = view.artists["artist"][0]
    near = view.nearest(name, 5)
    assert near.columns == ["artist", "n_songs", "home_name", "distance", "why"]
    assert near.height == 5
    assert name not in near["artist"].to_list()
    assert near["distance"].is_sorted()
    assert (near["why"].str.len_chars() > 0).all()
    every, distances = view.nearest_rows([view.find(name)], view.artists.height)
    assert len(set(every[0].tolist()) - {-1}) == view.artists.height - 1
    assert near["distance"].mean() < np.nanmedian(distances)


def test_artists_and_clusters_are_found_by_what_people_write(view: ArtistView) -> None:
    name = view.artists["artist"][3]
    assert view.find(f" {name.upper()} ") == 3
    with pytest.raises(UnknownName, match="no artist is called"):
        view.find("qqqqq xxxxx")
    cluster = view.cluster_names[2]
    assert view.cluster_named("2") == view.cluster_named(cluster.lower()) == 2
    with pytest.raises(UnknownName, match="no cluster is called 'polka'"):
        view.cluster_named("polka")
    with pytest.raises(UnknownName):
        view.cluster_named("4")


def test_a_renamed_cluster_is_found_by_its_generated_name_too(atlas: Atlas) -> None:
    own = atlas.cluster_names()
    view = artists_of_atlas(atlas.with_names(["Late night soul", *own[1:3], own[0]]))
    assert view.cluster_named("late night SOUL") == 0
    assert view.cluster_named(own[0]) == 3, "the name that is shown goes first"
    assert view.cluster_named(own[3].lower()) == 3


def test_most_years_are_told_from_all_years(view: ArtistView) -> None:
    words = set()
    for row in range(40):
        low, high = view.artists["year_low"][row], view.artists["year_high"][row]
        years = view._atlas.songs["year"].gather(view._credits.songs_of(row)).drop_nulls()
        word = "From" if (low, high) == (years.min(), years.max()) else "Mostly"
        if low != high:
            words.add(word)
            assert f"{word} {low:.0f} to {high:.0f}" in view.sentences(row)
    assert words == {"From", "Mostly"}


def test_a_view_is_frozen_and_leaves_the_atlas_as_it_is(atlas: Atlas, view: ArtistView) -> None:
    before = atlas.songs.hash_rows().sum(), atlas.clustering.labels.copy(), atlas.points().copy()
    artists_of_atlas(atlas).nearest(view.artists["artist"][0])
    assert atlas.songs.hash_rows().sum() == before[0]
    np.testing.assert_array_equal(atlas.clustering.labels, before[1])
    np.testing.assert_array_equal(atlas.points(), before[2])
    with pytest.raises(FrozenInstanceError):
        view.artists = view.clusters  # type: ignore[misc]


def test_popularity_and_followers_never_take_part_in_the_sound(atlas: Atlas) -> None:
    table = simulate_catalogue(400, seed=5).drop("track_popularity")
    rng = np.random.default_rng(0)
    with_market = table.with_columns(
        popularity=pl.Series(rng.integers(0, 100, table.height)),
        followers=pl.Series(rng.lognormal(8, 2, table.height)),
        artist_popularity=pl.Series(rng.integers(0, 100, table.height)),
        streams=pl.Series(rng.integers(0, 10**9, table.height)),
    )
    names = ["popularity", "followers", "artist_popularity", "streams"]
    without = build_atlas(table, k=3)
    beside = build_atlas(with_market, k=3)
    np.testing.assert_array_equal(beside.clustering.labels, without.clustering.labels)
    np.testing.assert_array_equal(beside.points(), without.points())
    assert not set(names) & set(beside.space.dimension_features)
    market = market_of_atlas(beside).table
    assert {f"{name}_median" for name in names} <= set(market.columns)
    assert not {f"{name}_median" for name in names} & set(market_of_atlas(without).table.columns)


def test_a_table_without_artists_is_told_and_has_its_market_all_the_same() -> None:
    table = simulate_catalogue(200, seed=2)
    nameless = [name for name in table.columns if "artist" in name]
    atlas = build_atlas(table.drop(nameless), k=3)
    with pytest.raises(MissingColumns, match="--column artists=HEADER"):
        artists_of_atlas(atlas)
    assert market_of_atlas(atlas).table.height == 3


def test_shuffled_rows_give_the_same_artists() -> None:
    table = simulate_catalogue(300, seed=8)
    shuffled = table.sample(fraction=1.0, shuffle=True, seed=1)
    one, other = (artists_of_atlas(build_atlas(each, k=3)) for each in (table, shuffled))
    assert one.artists.equals(other.artists)
    assert one.clusters.equals(other.clusters)
    assert one.market.equals(other.market)
    name = one.artists["artist"][0]
    assert one.nearest(name).equals(other.nearest(name))


def test_fifty_real_songs_work(shared_data: Path) -> None:
    view = artists_of_atlas(build_atlas(shared_data / "amazon_sample.csv"))
    row = view.find("mistinguett")
    assert view.artists["n_songs"][row] == 6
    assert view.artists["followers"][row] == 5078
    assert any(sentence.startswith("6 songs in 2 of") for sentence in view.sentences(row))
    assert "From 1922 to 1991" in view.sentences(row), "the first and the last year of all six"
    n_told = view.market["followers_median"].count()
    assert n_told == view.market.height - 2, "one has two artists, one four songs"
    assert any("nothing is said of growth" in note for note in view.market_notes)
