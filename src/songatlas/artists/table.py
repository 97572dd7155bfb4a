"""The table of artists: one row an artist, its clusters, home, breadth, era, tags, and how it is received."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.artists.breadth import breadths, effective_clusters, squared_distances
from songatlas.artists.credits import Credits
from songatlas.artists.shares import Counts, count_songs, homes, share_lists
from songatlas.artists.tags import artist_tags

MOST_TAGS: Final = 5
"""Tags told of an artist."""

YEARS: Final = ("year_low", "year_median", "year_high")
_YEAR_SHARES: Final = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class ArtistTable:
    """Artists, and what was counted on the way.

    Attributes
    ----------
    artists : DataFrame, one row an artist
        See `artist_table`.
    counts : Counts
        Songs of each artist in each cluster.
    tags : DataFrame
        Tags of each artist (see `artist_tags`), without rows where the table has none.
    """

    artists: pl.DataFrame
    counts: Counts
    tags: pl.DataFrame


def artist_table(
    songs: pl.DataFrame,
    credits: Credits,
    labels: NDArray[np.integer],
    points: NDArray[np.floating],
    *,
    k: int,
) -> ArtistTable:
    """Return one row for each artist, those of most songs first.

    Parameters
    ----------
    songs : DataFrame
        Songs table; `title`, `year`, `tags`, `popularity`, `artist_popularity`, `followers` and `streams`
        may be absent, and their columns then are, too.
    credits : Credits
        Who is credited with which song.
    labels : ndarray of int, shape (n_songs,)
        Cluster of each song, 0 to k - 1.
    points : ndarray, shape (n_songs, n_dimensions)
        Finite; breadth and the typical song are measured on them.
    k : int
        Number of clusters.

    Returns
    -------
    ArtistTable
        Its table holds `artist`, `n_songs`, `n_own_songs` (those it is the first artist of), `home_cluster`,
        `home_share` (0 to 1), `home_lift` (that share over the cluster's share of all songs), `clusters` and
        `shares` (lists, most songs first), `n_clusters`, `effective_clusters` and `breadth` (null below three
        songs), `typical_song` (id of the song nearest to the middle of its songs), `typical_title`,
        `year_low`, `year_median`, `year_high` (below which 10, 50 and 90% of its songs came out), `top_tags`,
        `popularity` (median of its songs), `streams` (sum), `artist_popularity` and `followers` (median over
        its own songs).
    """
    counts = count_songs(credits, labels, k=k)
    own = np.bincount(credits.artist[credits.first], minlength=credits.n_artists)
    squares = squared_distances(points, credits)
    table = pl.DataFrame({"artist": credits.names, "n_songs": credits.n_songs, "n_own_songs": own})
    table = pl.concat(
        [
            table,
            _home_columns(counts),
            share_lists(counts),
            _breadth_columns(squares, counts, credits, of_all=_spread(points), k=k),
            _typical_songs(squares, songs, credits),
            _years(songs, credits),
        ],
        how="horizontal",
    )
    tags = artist_tags(songs["tags"], credits) if "tags" in songs.columns else _NO_TAGS
    return ArtistTable(
        pl.concat([table, _top_tags(tags, songs, credits), _received(songs, credits)], how="horizontal"),
        counts,
        tags,
    )


def _home_columns(counts: Counts) -> pl.DataFrame:
    home = homes(counts)
    return pl.DataFrame(
        {
            "home_cluster": counts.cluster[home].astype(np.int32),
            "home_share": counts.share[home],
            "home_lift": counts.share[home] / counts.usual[home],
        }
    )


def _breadth_columns(
    squares: NDArray[np.float64], counts: Counts, credits: Credits, *, of_all: float, k: int
) -> pl.DataFrame:
    n_clusters = np.bincount(counts.artist, minlength=credits.n_artists)
    effective = effective_clusters(counts.n, counts.artist, n_artists=credits.n_artists, k=k)
    breadth = breadths(squares, credits, of_all=of_all)
    columns = {"n_clusters": n_clusters, "effective_clusters": effective, "breadth": breadth}
    return pl.DataFrame(columns).with_columns(pl.col("effective_clusters", "breadth").fill_nan(None))


def _spread(points: NDArray[np.floating]) -> float:
    """Mean squared distance of all songs to their middle."""
    return float(sum(column.astype(np.float64).var() for column in points.T))


def _typical_songs(squares: NDArray[np.float64], songs: pl.DataFrame, credits: Credits) -> pl.DataFrame:
    """Id and title of the song nearest to the middle of each artist's songs, of equals the first row."""
    order = np.lexsort((credits.song, squares.round(9), credits.artist))
    rows = credits.song[order[credits.starts[:-1]]]
    named = [songs["song_id"].gather(rows).alias("typical_song")]
    if "title" in songs.columns:
        named.append(songs["title"].gather(rows).alias("typical_title"))
    return pl.DataFrame(named)


def _years(songs: pl.DataFrame, credits: Credits) -> pl.DataFrame:
    if "year" not in songs.columns:
        return pl.DataFrame()
    quantiles = [
        pl.col("year").quantile(share, "nearest").alias(name)
        for name, share in zip(YEARS, _YEAR_SHARES, strict=True)
    ]
    return _of_artists(songs, credits, ["year"], quantiles, own=False)


def _top_tags(tags: pl.DataFrame, songs: pl.DataFrame, credits: Credits) -> pl.DataFrame:
    """The most telling tags of each artist, as a list; empty where it has none."""
    if "tags" not in songs.columns:
        return pl.DataFrame()
    best = tags.group_by("artist", maintain_order=True).agg(top_tags=pl.col("tag").head(MOST_TAGS))
    every = pl.DataFrame({"artist": np.arange(credits.n_artists)})
    return every.join(best, on="artist", how="left", maintain_order="left").select(
        pl.col("top_tags").fill_null(pl.lit([], dtype=pl.List(pl.String)))
    )


def _received(songs: pl.DataFrame, credits: Credits) -> pl.DataFrame:
    """How songs and artists are received, of the columns that the table has."""
    by_song = [
        rule
        for name, rule in (
            ("popularity", pl.col("popularity").median()),
            ("streams", pl.when(pl.col("streams").count() > 0).then(pl.col("streams").sum())),
        )
        if name in songs.columns
    ]
    by_artist = [name for name in ("artist_popularity", "followers") if name in songs.columns]
    parts = []
    if by_song:
        names = [name for name in ("popularity", "streams") if name in songs.columns]
        parts.append(_of_artists(songs, credits, names, by_song, own=False))
    if by_artist:
        medians = [
            pl.when(pl.col("first").any()).then(pl.col(name).median()).alias(name) for name in by_artist
        ]
        parts.append(_of_artists(songs, credits, by_artist, medians, own=True))
    return pl.concat(parts, how="horizontal") if parts else pl.DataFrame()


def _of_artists(
    songs: pl.DataFrame, credits: Credits, columns: Sequence[str], rules: Sequence[pl.Expr], *, own: bool
) -> pl.DataFrame:
    """What rules say of each artist's songs, in the order of the artists."""
    taken = credits.own if own else np.ones(len(credits.song), dtype=np.bool_)
    values = songs.select(pl.col(columns).cast(pl.Float64).fill_nan(None))[credits.song[taken]]
    grouped = values.with_columns(
        number=pl.Series(credits.artist[taken]), first=pl.Series(credits.first[taken])
    )
    return grouped.group_by("number").agg(rules).sort("number").drop("number")


_NO_TAGS: Final = pl.DataFrame(
    schema={"artist": pl.Int64, "tag": pl.String, "share": pl.Float64, "usual": pl.Float64}
)
