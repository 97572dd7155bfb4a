"""Which clusters an artist's songs are in, which one is its home, and which artists are typical of a cluster.

The *home* of an artist is the cluster that holds most of its songs, among those that hold at least as many of
them as the cluster's size would give: a cluster of 40% of all songs is not the home of an artist with 35% of
its songs there, where a small one holds 30%. Of equals the smaller cluster is home, for it says more.

An artist is *typical* of a cluster that holds more of its songs than the cluster's size would give, on enough
songs: the ratio of both, with `PRIOR_SONGS` songs added to either, so that an artist of one song cannot win.

References
----------
W. DuMouchel (1999), "Bayesian data mining in large frequency tables", The American Statistician 53 (ratios to
what is expected, shrunk by adding to both).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.artists.credits import Credits, Ints

PRIOR_SONGS: Final = 2.0
"""Songs added to what is found and to what is expected."""

FEWEST_TYPICAL: Final = 2
"""Songs in the cluster that an artist needs to be typical of it, where any artist has as many."""


@dataclass(frozen=True)
class Counts:
    """Songs of each artist in each cluster where it has any.

    Attributes
    ----------
    artist, cluster, n : ndarray of int64, shape (n_pairs,)
        Sorted by artist, then by cluster.
    share : ndarray of float64, shape (n_pairs,)
        Share of the artist's songs, 0 to 1.
    usual : ndarray of float64, shape (n_pairs,)
        Share of the catalogue's songs that the cluster holds.
    """

    artist: Ints
    cluster: Ints
    n: Ints
    share: NDArray[np.float64]
    usual: NDArray[np.float64]


def count_songs(credits: Credits, labels: NDArray[np.integer], *, k: int) -> Counts:
    """Return how many songs each artist has in each cluster.

    Parameters
    ----------
    credits : Credits
    labels : ndarray of int, shape (n_songs,)
        Cluster of each song, 0 to k - 1.
    k : int
        Number of clusters.
    """
    pairs, n = np.unique(credits.artist * k + labels[credits.song], return_counts=True)
    artist, cluster = np.divmod(pairs, k)
    usual = np.bincount(labels, minlength=k) / max(len(labels), 1)
    return Counts(artist, cluster, n, n / credits.n_songs[artist], usual[cluster])


def homes(counts: Counts) -> Ints:
    """Return the place in `counts` of each artist's home, int64 (n_artists,).

    Examples
    --------
    >>> from songatlas.artists.credits import credits_of
    >>> labels = np.array([0, 0, 0, 1, 0, 0, 0, 0])
    >>> found = count_songs(credits_of(pl.Series(["Ann"] * 4 + ["Bob"] * 4)), labels, k=2)
    >>> found.cluster[homes(found)].tolist()  # Ann has 3 of 4 songs in cluster 0, but so have 7 of 8 songs
    [1, 0]
    """
    below = counts.share < counts.usual - 1e-12
    order = np.lexsort((counts.cluster, counts.usual, -counts.n, below, counts.artist))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = np.diff(counts.artist[order]) > 0
    return order[first].astype(np.int64)


def share_lists(counts: Counts) -> pl.DataFrame:
    """Return `clusters` and `shares` of each artist, those of most songs first, as lists."""
    order = np.lexsort((counts.cluster, -counts.n, counts.artist))
    table = pl.DataFrame(
        {
            "artist": counts.artist[order],
            "clusters": counts.cluster[order].astype(np.int32),
            "shares": counts.share[order],
        }
    )
    return table.group_by("artist", maintain_order=True).agg("clusters", "shares").drop("artist")


def typical_artists(counts: Counts, credits: Credits, *, most: int) -> pl.DataFrame:
    """Return the artists that are typical of each cluster.

    Parameters
    ----------
    counts : Counts
    credits : Credits
    most : int
        Artists told of each cluster, at most.

    Returns
    -------
    DataFrame
        `cluster`, `rank` (from 1), `artist`, `n_songs` (in the cluster), `of_songs` (all of the artist's),
        `share` (of the artist's songs), and `lift` (how many times as many songs as expected, shrunk);
        artists that are no more frequent than expected are not there.
    """
    of_songs = credits.n_songs[counts.artist]
    lift = (counts.n + PRIOR_SONGS) / (of_songs * counts.usual + PRIOR_SONGS)
    table = pl.DataFrame(
        {
            "cluster": counts.cluster,
            "number": counts.artist,
            "n_songs": counts.n,
            "of_songs": of_songs,
            "share": counts.share,
            "lift": lift,
        }
    )
    enough = pl.col("n_songs") >= pl.min_horizontal(FEWEST_TYPICAL, pl.col("n_songs").max().over("cluster"))
    falling = [False, True, True, False]
    best = (
        table.filter(enough & (pl.col("lift") > 1.0))
        .sort("cluster", pl.col("lift").round(9), "n_songs", "number", descending=falling)
        .group_by("cluster", maintain_order=True)
        .head(most)
    )
    return best.select(
        "cluster",
        (pl.int_range(pl.len()).over("cluster") + 1).alias("rank"),
        credits.names.gather(best["number"]).alias("artist"),
        "n_songs",
        "of_songs",
        "share",
        "lift",
    )
