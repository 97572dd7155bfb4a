"""Songs of one artist get one number."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from songatlas.genres import artist_groups


def test_an_artist_is_one_number_however_it_is_written() -> None:
    groups = artist_groups(pl.Series(["Ann", " ann", "BOB", "Ann "]), 4)
    assert groups.dtype == np.int64
    assert groups[0] == groups[1] == groups[3] != groups[2]


def test_songs_without_an_artist_are_an_artist_each() -> None:
    assert len(set(artist_groups(pl.Series(["", None, "  ", "x", "x"]), 5).tolist())) == 4
    assert len(set(artist_groups(None, 7).tolist())) == 7
    assert len(set(artist_groups(pl.Series([None] * 3, dtype=pl.String), 3).tolist())) == 3


def test_of_several_artists_the_first_counts() -> None:
    lists = pl.Series([["Ann", "Bob"], ["ann"], ["Bob"], [], None])
    groups = artist_groups(lists, 5)
    assert groups[0] == groups[1]
    assert len(set(groups.tolist())) == 4


def test_as_many_artists_as_songs_are_asked_for() -> None:
    with pytest.raises(ValueError, match="one entry a song"):
        artist_groups(pl.Series(["Ann"]), 2)
    assert artist_groups(None, 0).tolist() == []
