"""Who is an artist: one key for all spellings of a name, one list of names that are nobody's."""

from __future__ import annotations

import polars as pl
import pytest

from songatlas.artist_names import NOBODY, artist_key, artist_keys, first_artist_keys
from songatlas.artists import credits_of


def test_names_of_nobody_are_written_as_names_are_compared() -> None:
    names = pl.Series("name", sorted(NOBODY)).to_frame()
    assert names.select(artist_key(pl.col("name"))).to_series().to_list() == sorted(NOBODY)
    composed = names.select(artist_key(pl.col("name").str.normalize("NFKC"))).to_series()
    assert composed.to_list() == sorted(NOBODY), "versions of songs are told by such names"
    assert not NOBODY & {"", "queen", "the who", "none", "them", "unknown pleasures"}


@pytest.mark.parametrize("dtype", [pl.String, pl.List(pl.String)])
def test_every_spelling_of_a_name_has_one_key_and_nobody_has_none(dtype: pl.DataType) -> None:
    names = ["Zoë", " zoe\u0308 ", "ZO\u200bË", "Verschiedene  Interpreten", "V.A.", "群星", " ", None]
    given = pl.Series(names) if dtype == pl.String else pl.Series([[name] for name in names])
    assert artist_keys(given).to_list() == [["zoë"]] * 3 + [[]] * 5
    assert first_artist_keys(given).to_list() == ["zoë"] * 3 + [None] * 5


def test_who_stands_behind_nobody_is_the_first_artist_as_credits_have_it() -> None:
    lists = pl.Series([["Various Artists", "Ann"], [None, "Bo", "Ann"], [], None, ["unknown"]])
    assert artist_keys(lists).to_list() == [["ann"], ["bo", "ann"], [], None, []]
    assert first_artist_keys(lists).to_list() == ["ann", "bo", None, None, None]
    credits = credits_of(lists)
    firsts = dict(
        zip(credits.song[credits.first].tolist(), credits.artist[credits.first].tolist(), strict=True)
    )
    assert {song: credits.keys[artist] for song, artist in firsts.items()} == {0: "ann", 1: "bo"}


@pytest.mark.parametrize("dtype", [pl.String, pl.List(pl.String)])
def test_no_songs_and_no_names(dtype: pl.DataType) -> None:
    for songs in (pl.Series([], dtype=dtype), pl.Series([None, None], dtype=dtype)):
        assert first_artist_keys(songs).to_list() == [None] * songs.len()
