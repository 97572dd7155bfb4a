"""The market view: numbers that anyone can compute again, growth that is not chance."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from songatlas.artists import Market, credits_of, market_view
from songatlas.artists.growth import measure_growth


def viewed(songs: pl.DataFrame, labels: np.ndarray, **more: object) -> Market:
    given = {"names": ["Calm", "Loud"], "credits": None, "made_of": ()} | more
    return market_view(songs, labels, **given)


def test_an_artist_of_many_songs_counts_once() -> None:
    artists = ["Big"] * 50 + [f"Small {number}" for number in range(6)]
    songs = pl.DataFrame({"followers": [1_000_000.0] * 50 + [10.0] * 6})
    labels = np.zeros(56, dtype=np.int32)
    table = viewed(songs, labels, names=["All"], credits=credits_of(pl.Series(artists))).table
    assert table["followers_median"].to_list() == [10.0]
    assert table["n_artists"].to_list() == [7]
    by_song = viewed(songs, labels, names=["All"])
    assert by_song.table["followers_median"].to_list() == [1_000_000.0]
    assert any("once a song" in note for note in by_song.notes)


def test_followers_are_those_of_the_first_artist() -> None:
    artists = pl.Series([["Star", "Guest"]] * 6 + [[f"Small {number}"] for number in range(5)])
    songs = pl.DataFrame({"followers": [1e6] * 6 + [10.0] * 5})
    table = viewed(songs, np.zeros(11, dtype=int), names=["All"], credits=credits_of(artists)).table
    assert table["followers_high"].to_list() == [10.0], "the guest does not count with the star's followers"


def test_popular_and_little_known_clusters_are_called_so() -> None:
    songs = pl.DataFrame({"popularity": [*np.linspace(50, 90, 40), *np.linspace(0, 60, 40)]})
    market = viewed(songs, np.repeat([0, 1], 40))
    assert market.table["sentence"].to_list() == [
        "Popular: median popularity 71", "Little known: median popularity 31",
    ]  # fmt: skip
    ranks = market.table["popularity_rank"]
    assert ranks.mean() == pytest.approx(50)


def test_few_values_and_missing_columns_say_nothing() -> None:
    market = viewed(pl.DataFrame({"popularity": [50.0, None, None, float("nan")]}), np.array([0, 0, 1, 1]))
    assert market.table["popularity_median"].to_list() == [None, None]
    assert market.table["sentence"].to_list() == ["Too few songs to tell"] * 2
    unknown = viewed(pl.DataFrame({"popularity": [*[None] * 6, *range(6)]}), np.repeat([0, 1], 6))
    assert unknown.table["sentence"][0] == "Too few of its songs are known"
    bare = viewed(pl.DataFrame({"energy": [0.5] * 4}), np.array([0, 0, 1, 1]))
    assert bare.table["sentence"].to_list() == ["", ""], "nothing is known of any song"
    assert bare.table.columns == ["cluster", "name", "n_songs", "share", "sentence"]
    assert "The table has no popularity, followers or streams." in bare.notes
    assert any("no years" in note for note in bare.notes)


def test_growth_of_clusters_is_told_with_its_interval() -> None:
    years = np.repeat(np.arange(2010.0, 2020.0), 200)
    loud = np.arange(2000) % 10 < np.where(years >= 2015, 3, 1)
    market = viewed(pl.DataFrame({"year": years}), loud.astype(int), made_of=["energy", "year"])
    calm, growing = market.table.iter_rows(named=True)
    assert (calm["trend"], growing["trend"]) == ("shrinking", "growing")
    assert growing["change_low"] < 0.2 < growing["change_high"]
    assert growing["sentence"].startswith(
        "Growing: 30% of the songs of 2015–2019, 10% of those of 2010–2014 ("
    )
    assert any("made of the years" in note for note in market.notes)


def test_songs_of_one_artist_are_no_trend() -> None:
    years, labels = np.repeat([2012.0, 2018.0], 200), np.zeros(400, dtype=int)
    labels[300:] = 1  # one album of a hundred songs
    alone = measure_growth(years, labels, np.arange(400), k=2)
    artists = np.concatenate([np.arange(300), np.full(100, 300)])
    together = measure_growth(years, labels, artists, k=2)
    assert alone is not None
    assert together is not None
    assert (alone.trends[1], together.trends[1]) == ("growing", "unclear")


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng, held = np.random.default_rng(4), 0
    years = np.repeat([2012.0, 2018.0], 300)
    artists = np.repeat(np.arange(200), 3)
    for _ in range(200):
        of_artist = rng.random(200) < np.where(np.arange(200) < 100, 0.2, 0.3)
        found = measure_growth(years, of_artist[artists].astype(int), artists, k=2)
        held += int(found.low[1] <= 0.1 <= found.high[1])
    assert 180 <= held <= 199


@pytest.mark.parametrize(
    ("n", "span"), [(400, (2015, 2019)), (60, (2010, 2019)), (30, (2000, 2019)), (8, None)]
)
def test_spans_are_as_short_as_the_songs_allow(n: int, span: tuple[int, int] | None) -> None:
    years = np.repeat(np.arange(1980.0, 2020.0), n // 4)
    found = measure_growth(years, np.arange(len(years)) % 2, np.arange(len(years)), k=2)
    assert (found.recent if found else None) == span


def test_clusters_of_the_past_are_not_called_steady() -> None:
    years = np.concatenate([np.repeat(np.arange(2010.0, 2020.0), 50), np.full(300, 1975.0)])
    labels = np.concatenate([np.zeros(500, dtype=int), np.ones(300, dtype=int)])
    market = viewed(pl.DataFrame({"year": years}), labels)
    assert market.table["trend"].to_list() == ["steady", "past"]
    assert market.table["sentence"][1] == "Hardly a song of 2010–2019, mostly 1975 to 1975"


def test_popularity_that_made_the_clusters_is_no_finding() -> None:
    market = viewed(pl.DataFrame({"popularity": [1.0] * 4}), np.array([0, 0, 1, 1]), made_of=["popularity"])
    assert any("no finding" in note for note in market.notes)
