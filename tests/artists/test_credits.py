"""Credits: every artist of a song, names in any spelling, nobody left out in silence."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from songatlas.artists import credits_of


def test_every_artist_of_a_song_is_credited_and_the_first_one_owns_it() -> None:
    credits = credits_of(pl.Series([["Ann", "Bob"], ["Bob"], ["Ann", "Cy"], ["Ann"]]))
    assert credits.names.to_list() == ["Ann", "Bob", "Cy"]
    assert credits.n_songs.tolist() == [3, 2, 1]
    assert credits.songs_of(0).tolist() == [0, 2, 3]
    assert credits.songs_of(1).tolist() == [0, 1]
    assert credits.songs_of(1, own=True).tolist() == [1]
    assert credits.songs_of(2, own=True).tolist() == [2], "who is nowhere first owns what there is"


def test_spellings_of_one_name_are_one_artist_under_the_commonest() -> None:
    names = [
        "Beyoncé",
        " beyoncé ",
        "Beyonce\u0301",
        "BEYONCÉ",
        "Beyoncé",
        "Be\u200byoncé",
        "Two  Words",
        "two words",
    ]
    credits = credits_of(pl.Series(names))
    assert credits.names.to_list() == ["Beyoncé", "Two Words"]
    assert credits.n_songs.tolist() == [6, 2]


def test_a_name_given_twice_for_one_song_counts_once() -> None:
    credits = credits_of(pl.Series([["Ann", "ann ", "Bob"]]))
    assert credits.n_songs.tolist() == [1, 1]
    assert credits.first.tolist() == [True, False]


def test_various_artists_are_nobody_in_many_languages_and_told() -> None:
    nobody = [
        "Various Artists",
        "VARIOUS ARTISTS",
        "Vários Artistas",
        "Разные исполнители",
        "群星",
        "Różni wykonawcy",
    ]
    credits = credits_of(
        pl.Series([*([name] for name in nobody), ["Various Artists", "Ann"], [], None, [" "]])
    )
    assert credits.names.to_list() == ["Ann"]
    assert credits.songs_of(0, own=True).tolist() == [6], "the first artist that is somebody"
    assert credits.n_nobody == 6
    assert credits.n_without == 3


def test_the_order_of_songs_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    names = pl.Series([f"Artist {number}" for number in rng.integers(0, 30, 200)])
    order = rng.permutation(200)
    one, other = credits_of(names), credits_of(names.gather(order))
    assert one.names.to_list() == other.names.to_list()
    for artist in range(one.n_artists):
        assert sorted(order[other.songs_of(artist)].tolist()) == one.songs_of(artist).tolist()


@pytest.mark.parametrize(
    "artists", [pl.Series([], dtype=pl.String), pl.Series([None, None], dtype=pl.List(pl.String))]
)
def test_no_artists_at_all(artists: pl.Series) -> None:
    credits = credits_of(artists)
    assert credits.n_artists == 0
    assert credits.n_without == artists.len()
