"""The tags of artists: which ones, on how many of their own songs, and how telling they are."""

from __future__ import annotations

import numpy as np
import polars as pl

from songatlas.artists.credits import Credits
from songatlas.tag_sets import different_sets

LEAST_SHARE = 0.2
"""Share of an artist's own songs that must bear a tag for it to be told."""


def artist_tags(tags: pl.Series, credits: Credits) -> pl.DataFrame:
    """Return the tags of every artist, the most telling first.

    Parameters
    ----------
    tags : Series of List(String), one entry a song
    credits : Credits

    Returns
    -------
    DataFrame
        `artist` (the number), `tag`, `share` (of the artist's own songs, `LEAST_SHARE` or more) and `usual`
        (share of all songs), sorted by artist, then by how far the share is beyond the usual one.

    Examples
    --------
    >>> from songatlas.artists.credits import credits_of
    >>> tags = pl.Series([["pop", "Indie Pop"], ["indie pop"], ["pop"], ["pop"]])
    >>> artist_tags(tags, credits_of(pl.Series(["Ann", "Ann", "Bob", "Bob"])))["tag"].to_list()
    ['indie pop', 'pop', 'pop']
    """
    sets = different_sets(tags)
    given = pl.DataFrame({"tags": sets.tags.cast(pl.List(pl.String)), "n": sets.n_songs})
    given = given.with_row_index("set").explode("tags").drop_nulls("tags")
    given = given.with_columns(clean=pl.col("tags").str.strip_chars().str.to_lowercase())
    given = given.filter(pl.col("clean") != "").unique(["set", "clean"])
    given = given.with_columns(code=pl.col("clean").rank("dense").cast(pl.Int64))
    names = given["clean"].unique().sort()  # the tag of code 1, 2, ...: numbers are counted, not texts
    own = pl.DataFrame(
        {
            "artist": credits.artist[credits.own],
            "set": sets.number[credits.song[credits.own]].astype(np.uint32),
        }
    )
    n_own = pl.Series(np.bincount(credits.artist[credits.own], minlength=credits.n_artists))
    carried = own.group_by("artist", "set").len("n").join(given.select("set", "code"), on="set")
    counted = carried.group_by("artist", "code").agg(pl.sum("n"))
    shares = counted.with_columns(share=pl.col("n") / n_own.gather(counted["artist"]))
    usual = given.group_by("code").agg(usual=pl.sum("n") / max(tags.len(), 1))
    told = shares.filter(pl.col("share") >= LEAST_SHARE).join(usual, on="code")
    beyond = (pl.col("share") - pl.col("usual")).round(9)
    told = told.sort("artist", beyond, "code", descending=[False, True, False])
    return told.select("artist", names.gather(told["code"] - 1).alias("tag"), "share", "usual")
