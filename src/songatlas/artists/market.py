"""The market view: how the songs of each cluster are received, their years, and whether there come more.

Popularity, followers and streams never take part in making clusters unless a person names them as features;
the view only reads them. Numbers of artists count each artist once in each cluster where it has songs of its
own.

Conventions
-----------
`_low`, `_median` and `_high` are quartiles (25, 50, 75%), of years the 10, 50 and 90% points. Columns that
the table does not feed are absent, values that too few songs would feed are null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.artists.credits import Credits
from songatlas.artists.growth import Growth, measure_growth

OF_SONGS: Final = ("popularity", "streams")
OF_ARTISTS: Final = ("artist_popularity", "followers")
"""Columns that say how songs, and how artists are received."""

NOTABLE_RANK: Final = 57.0
"""Mean percentile of a cluster's songs from which they are popular; 100 less that, little known: about where
a contrast (Cliff's delta) is no longer called negligible."""

FEWEST_KNOWN: Final = 5
"""Songs of a cluster with a value below which nothing is said of it."""

_QUARTILES: Final = (0.25, 0.5, 0.75)
_DECILES: Final = (0.1, 0.5, 0.9)
_ENDS: Final = ("low", "median", "high")


@dataclass(frozen=True)
class Market:
    """How clusters are received.

    Attributes
    ----------
    table : DataFrame, one row a cluster
        See `market_view`.
    notes : tuple of str
        What the table could not feed, and what a reader should know.
    """

    table: pl.DataFrame
    notes: tuple[str, ...]


def market_view(
    songs: pl.DataFrame,
    labels: NDArray[np.integer],
    *,
    names: Sequence[str],
    credits: Credits | None,
    made_of: Sequence[str],
) -> Market:
    """Return how the songs of each cluster are received, their era, and growth.

    Parameters
    ----------
    songs : DataFrame
        Songs table; every column of the view may be absent.
    labels : ndarray of int, shape (n_songs,)
        Cluster of each song, 0 to k - 1.
    names : sequence of str, length k
        Names of the clusters.
    credits : Credits or None
        Who is credited with which song, where artists are known.
    made_of : sequence of str
        Columns that the clusters are made of, for an honest note.

    Returns
    -------
    Market
        Its table holds `cluster`, `name`, `n_songs`, `share`, `n_artists`; of `popularity`, `streams`
        (songs), `artist_popularity` and `followers` (artists, once each) `_low`, `_median` and `_high`;
        `popularity_rank` (mean percentile of the songs in the catalogue, 50 = like the rest); `year_low`,
        `year_median` and `year_high`; `share_before`, `share_recent`, `change`, `change_low`, `change_high`
        (95% interval) and `trend`; and `sentence`, the same in words.
    """
    k = len(names)
    columns = [name for name in (*OF_SONGS, *OF_ARTISTS, "year") if name in songs.columns]
    cluster = pl.Series("cluster", labels.astype(np.int64))
    numbers = pl.DataFrame([cluster, *(songs[name].cast(pl.Float64).fill_nan(None) for name in columns)])
    known = [name for name in columns if numbers[name].count()]
    table = pl.DataFrame({"cluster": np.arange(k), "name": list(names)})
    table = table.with_columns(_sizes(labels, credits, k))
    for name in known:
        of_artists = credits is not None and name in OF_ARTISTS
        values = _once_an_artist(numbers, name, credits) if of_artists and credits else numbers
        table = table.join(_quantiles(values, name), on="cluster", how="left", maintain_order="left")
    if "popularity" in known:
        table = table.join(_ranks(numbers), on="cluster", how="left", maintain_order="left")
    growth = None
    if "year" in known:
        artists = _first_artists(credits, songs.height)
        growth = measure_growth(numbers["year"].fill_null(np.nan).to_numpy(), labels, artists, k=k)
        table = table.with_columns(_growth_columns(growth, k))
    sentences = [_sentence(row, growth) if known else "" for row in table.iter_rows(named=True)]
    return Market(
        table.with_columns(sentence=pl.Series(sentences, dtype=pl.String)),
        _notes(known, growth, credits, made_of),
    )


def _sizes(labels: NDArray[np.integer], credits: Credits | None, k: int) -> list[pl.Series]:
    sizes = np.bincount(labels, minlength=k)
    columns = [pl.Series("n_songs", sizes), pl.Series("share", sizes / max(len(labels), 1))]
    if credits is not None:
        there = np.zeros((credits.n_artists, k), dtype=np.bool_)
        there[credits.artist, labels[credits.song]] = True
        columns.append(pl.Series("n_artists", there.sum(axis=0)))
    return columns


def _once_an_artist(numbers: pl.DataFrame, name: str, credits: Credits) -> pl.DataFrame:
    """The value of each artist, its median over all its own songs, once in each cluster where it has some."""
    own = pl.DataFrame({"artist": credits.artist[credits.first], "song": credits.song[credits.first]})
    of_songs = numbers[own["song"]].select("cluster", name).with_columns(own["artist"])
    of_artists = of_songs.group_by("artist").agg(pl.col(name).median())
    return of_songs.select("cluster", "artist").unique().join(of_artists, on="artist").select("cluster", name)


def _quantiles(values: pl.DataFrame, name: str) -> pl.DataFrame:
    """Three points of the values in each cluster, null where too few are known."""
    enough = pl.col(name).count() >= FEWEST_KNOWN
    shares = _DECILES if name == "year" else _QUARTILES
    return values.group_by("cluster").agg(
        pl.when(enough).then(pl.col(name).quantile(share, "nearest")).alias(f"{name}_{end}")
        for share, end in zip(shares, _ENDS, strict=True)
    )


def _ranks(numbers: pl.DataFrame) -> pl.DataFrame:
    """Mean percentile of each cluster's songs by popularity."""
    known = numbers.select("cluster", "popularity").drop_nulls()
    rank = (pl.col("popularity").rank("average") - 0.5) / max(known.height, 1) * 100
    enough = pl.len() >= FEWEST_KNOWN
    return (
        known.with_columns(rank=rank)
        .group_by("cluster")
        .agg(popularity_rank=pl.when(enough).then(pl.col("rank").mean()))
    )


def _first_artists(credits: Credits | None, n_songs: int) -> NDArray[np.int64]:
    """The number of each song's first artist; songs without one are alone."""
    artists = np.arange(n_songs, dtype=np.int64)
    if credits is not None:
        artists += credits.n_artists
        artists[credits.song[credits.first]] = credits.artist[credits.first]
    return artists


def _growth_columns(growth: Growth | None, k: int) -> list[pl.Series]:
    """The columns of growth, null where it is not known."""
    if growth is None:
        numbers = ("share_before", "share_recent", "change", "change_low", "change_high")
        nothing = [pl.Series(name, [None] * k, dtype=pl.Float64) for name in numbers]
        return [*nothing, pl.Series("trend", [None] * k, dtype=pl.String)]
    return [
        pl.Series("share_before", growth.share_before),
        pl.Series("share_recent", growth.share_recent),
        pl.Series("change", growth.share_recent - growth.share_before),
        pl.Series("change_low", growth.low),
        pl.Series("change_high", growth.high),
        pl.Series("trend", growth.trends),
    ]


def _sentence(row: Mapping[str, Any], growth: Growth | None) -> str:
    """What the market view says of one cluster."""
    rank, trend = row.get("popularity_rank"), row.get("trend")
    words = []
    if rank is not None:
        words.append(
            "popular" if rank >= NOTABLE_RANK else "little known" if rank <= 100 - NOTABLE_RANK else ""
        )
    words.append("" if trend in (None, "unclear", "past") else str(trend))
    verdict = " and ".join(word for word in words if word)
    facts = []
    if rank is not None:
        facts.append(f"median popularity {row['popularity_median']:.0f}")
    if row.get("followers_median") is not None:
        facts.append(f"artists of {_rounded(row['followers_median'])} followers (median)")
    if row.get("streams_median") is not None:
        facts.append(f"{_rounded(row['streams_median'])} streams a song (median)")
    if growth is not None:
        facts.append(_growth_told(row, growth))
    elif row.get("year_median") is not None:
        facts.append(f"mostly {row['year_low']:.0f} to {row['year_high']:.0f}")
    if not facts:
        return "Too few songs to tell" if row["n_songs"] < FEWEST_KNOWN else "Too few of its songs are known"
    told = f"{verdict}: {'; '.join(facts)}" if verdict else "; ".join(facts)
    return told[:1].upper() + told[1:]


def _growth_told(row: Mapping[str, Any], growth: Growth) -> str:
    """The shares of both spans, and what is not sure."""
    (first, last), (before, until) = growth.recent, growth.before
    if row["trend"] == "past":
        return f"hardly a song of {before}–{last}, mostly {row['year_low']:.0f} to {row['year_high']:.0f}"
    told = (
        f"{_percent(row['share_recent'])} of the songs of {first}–{last}, {_percent(row['share_before'])} of "
        f"those of {before}–{until}"
    )
    if row["trend"] == "unclear":
        return f"{told}, which may be chance"
    ends = " to ".join(f"{100 * row[end]:+.1f}".replace("-", "−") for end in ("change_low", "change_high"))
    return f"{told} (95% interval {ends} points)"


def _notes(
    known: Sequence[str], growth: Growth | None, credits: Credits | None, made_of: Sequence[str]
) -> tuple[str, ...]:
    """What could not be told, and what has to be known."""
    notes = []
    if not set(known) & {*OF_SONGS, *OF_ARTISTS}:
        notes.append("The table has no popularity, followers or streams.")
    if "year" not in known:
        notes.append("The table has no years of release, so nothing is said of era and growth.")
    elif growth is None:
        notes.append("Too few songs have a year, or all are of one time, so nothing is said of growth.")
    elif "year" in made_of:
        notes.append(
            "The clusters are made of the years of release, too, so that a part of their growth was chosen: "
            "build with --space sound to see growth of sounds alone."
        )
    if growth is not None:
        notes.append(
            "Growth is of what this table holds, not of what came out: a table of hits, or one that ends "
            "within its last year, tilts it."
        )
    if credits is None and set(known) & {*OF_ARTISTS}:
        notes.append("No artists are known, so their popularity and followers are counted once a song.")
    popular = [name.replace("_", " ") for name in (*OF_SONGS, *OF_ARTISTS) if name in made_of]
    if popular:
        notes.append(
            f"The clusters are made of {', '.join(popular)}, too, as somebody asked for: differences in it "
            "are no finding."
        )
    return tuple(notes)


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.0995 or share == 0 else f"{share:.1%}"


def _rounded(number: float) -> str:
    """A large number with at most three digits that say something."""
    for divisor, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if number >= divisor:
            shown = number / divisor
            return f"{shown:.1f}{letter}" if shown < 10 else f"{shown:.0f}{letter}"
    return f"{number:.0f}"
