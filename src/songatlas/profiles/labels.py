"""What came with the songs, and what was heard in them: the tags and the years that set a cluster apart.

A tag counts also as each of its endings that is itself a tag of the catalogue: where "rock" is a tag,
"classic rock" counts as rock too. Shares are of the cluster's songs (of those with a year, for years, and of
those that were listened to, for heard words); lift is the share divided by the same share in the whole
catalogue. The tags of files and the words that were heard are counted apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.profiles.contrasts import percentile_contrast

MOST_TAGS: Final = 8
"""Tags kept for each cluster, the most telling first."""

LEAST_KNOWN_YEARS: Final = 2 / 3
"""Share of a cluster's songs with a known year below which nothing is said of its era."""

FEWEST_DATED: Final = 10
"""Songs of a cluster with a known year below which nothing is said of its era, unless they are all it has."""

LEAST_LISTENED: Final = 0.5
"""Share of a cluster's songs that were listened to below which nothing is said of what was heard."""

NOTHING_TAGS: Final = frozenset(
    {"other", "others", "unknown", "misc", "misc.", "miscellaneous", "none", "n/a", "na", "genre", "no genre"}
    | {"undefined", "unclassifiable", "unclassified", "unspecified", "various", "general", "music", "default"}
)
"""Tags that say nothing of a song, lower case; they are left out."""


@dataclass(frozen=True)
class TagShare:
    """A tag, the share of a cluster's songs that bear it, its lift, and how many songs that is.

    `elsewhere` is the share of the songs of all other clusters that bear it; 0 where there are none.
    """

    tag: str
    share: float
    lift: float
    n_songs: int
    elsewhere: float = 0.0

    @property
    def strength(self) -> float:
        """Share beyond what the catalogue would give, 0 to 1."""
        return max(self.share * (1.0 - 1.0 / self.lift), 0.0) if self.lift > 0 else 0.0


@dataclass(frozen=True)
class Era:
    """Years of a cluster: 10%, 50% and 90% points, where it lies in the catalogue, and its main decade.

    `decade` is the first year of the decade that holds half of the songs or more, or else of the two decades
    in a row (`n_decades` = 2) that hold most, with their share and lift; `years_behind` is how much earlier
    the cluster's median is than the catalogue's. All of it is of the `n_dated` songs whose year is known.
    """

    low: float | None = None
    median: float | None = None
    high: float | None = None
    percentile: float = 50.0
    contrast: float = 0.0
    years_behind: float = 0.0
    decade: int | None = None
    n_decades: int = 1
    decade_share: float = 0.0
    decade_lift: float = 0.0
    n_dated: int = 0


def tag_shares(songs: pl.DataFrame, labels: NDArray[np.integer], *, k: int) -> list[tuple[TagShare, ...]]:
    """Return the most telling tags of each cluster, by share beyond the usual, then by share."""
    if "tags" not in songs.columns:
        return _nothing(k)
    return _shares(songs["tags"], labels, k)


def heard_shares(songs: pl.DataFrame, labels: NDArray[np.integer], *, k: int) -> list[tuple[TagShare, ...]]:
    """Return the most telling heard words of each cluster, as `tag_shares` does tags.

    Songs that nothing is known of (`heard_tags` is null) take no part; an empty list says that the song was
    listened to, and that nothing stood out.
    """
    if "heard_tags" not in songs.columns:
        return _nothing(k)
    known = songs["heard_tags"].is_not_null().to_numpy()
    found = _shares(songs["heard_tags"].filter(pl.Series(known)), labels[known], k)
    sizes, listened = (np.bincount(each, minlength=k) for each in (labels, labels[known]))
    enough = listened >= LEAST_LISTENED * sizes
    return [shares if enough[cluster] else () for cluster, shares in enumerate(found)]


def _nothing(k: int) -> list[tuple[TagShare, ...]]:
    return [() for _ in range(k)]


def _shares(tags: pl.Series, labels: NDArray[np.integer], k: int) -> list[tuple[TagShare, ...]]:
    """The most telling tags of each cluster."""
    n_songs = len(tags)
    alike = pl.DataFrame({"cluster": labels, "tag": tags}).group_by("cluster", "tag").len("n_alike")
    given = alike.with_row_index("alike").explode("tag").filter(pl.col("tag") != "")
    given = given.filter(~pl.col("tag").str.to_lowercase().is_in(list(NOTHING_TAGS)))
    if given.height == 0:
        return _nothing(k)
    endings = _endings(given["tag"].unique())
    counted = (
        given.join(endings, on="tag")
        .unique(["alike", "ending"])
        .group_by("cluster", "ending")
        .agg(n=pl.col("n_alike").sum())
        .with_columns(everywhere=pl.col("n").sum().over("ending"))
    )
    sizes = np.bincount(labels, minlength=k)
    size = pl.lit(pl.Series(sizes)).gather(pl.col("cluster"))
    outside = (pl.col("everywhere") - pl.col("n")) / (n_songs - size)
    table = counted.with_columns(share=pl.col("n") / size).with_columns(
        lift=pl.col("share") / (pl.col("everywhere") / n_songs),
        elsewhere=pl.when(n_songs > size).then(outside).otherwise(0.0),
    )
    strength = (pl.col("share") * (1 - 1 / pl.col("lift"))).clip(0, 1).round(9)
    best = (
        table.with_columns(strength=strength)
        .sort("cluster", "strength", "share", "ending", descending=[False, True, True, False])
        .group_by("cluster", maintain_order=True)
        .head(MOST_TAGS)
    )
    found: dict[int, list[TagShare]] = {}
    for cluster, *told in best.select("cluster", "ending", "share", "lift", "n", "elsewhere").iter_rows():
        found.setdefault(cluster, []).append(TagShare(*told))
    return [tuple(found.get(cluster, ())) for cluster in range(k)]


def _endings(tags: pl.Series) -> pl.DataFrame:
    """Each tag beside itself and every ending of it that is a tag, too."""
    known = set(tags)
    pairs = []
    for tag in sorted(known):
        words = tag.split(" ")
        endings = (" ".join(words[start:]) for start in range(1, len(words)))
        pairs += [(tag, tag), *((tag, ending) for ending in endings if ending in known and ending != tag)]
    return pl.DataFrame(pairs, schema={"tag": pl.String, "ending": pl.String}, orient="row").unique()


def eras(songs: pl.DataFrame, labels: NDArray[np.integer], *, k: int) -> list[Era]:
    """Return the era of each cluster; empty where the years are unknown."""
    if "year" not in songs.columns:
        return [Era()] * k
    years = songs["year"].cast(pl.Float64).fill_nan(None)
    percentiles, contrasts, counts = percentile_contrast(years, labels, k)
    table = pl.DataFrame({"cluster": labels, "year": years}).drop_nulls()
    if table.height == 0:
        return [Era()] * k
    quantiles = table.group_by("cluster").agg(
        low=pl.col("year").quantile(0.1, "nearest"),
        median=pl.col("year").quantile(0.5, "nearest"),
        high=pl.col("year").quantile(0.9, "nearest"),
    )
    points = {row[0]: row[1:] for row in quantiles.iter_rows()}
    decades = _main_decades(table)
    middle = float(table["year"].quantile(0.5, "nearest") or 0.0)
    sizes = np.bincount(labels, minlength=k)
    found = []
    for cluster in range(k):
        low, median, high = points.get(cluster, (None, None, None))
        n_dated = int(counts[cluster])
        if median is None or not _are_enough(n_dated, int(sizes[cluster])):
            found.append(Era(low, median, high, n_dated=n_dated))
            continue
        decade, n_decades, share, lift = decades[cluster]
        found.append(
            Era(
                low,
                median,
                high,
                percentile=float(percentiles[cluster]),
                contrast=float(contrasts[cluster]),
                years_behind=middle - median,
                decade=decade,
                n_decades=n_decades,
                decade_share=share,
                decade_lift=lift,
                n_dated=n_dated,
            )
        )
    return found


def _are_enough(n_dated: int, n_songs: int) -> bool:
    """Whether the songs of a known year can speak for their cluster."""
    return n_dated == n_songs or (n_dated >= FEWEST_DATED and n_dated >= LEAST_KNOWN_YEARS * n_songs)


def _main_decades(table: pl.DataFrame) -> Mapping[int, tuple[int, int, float, float]]:
    """For each cluster the first year of its main decade or two, how many, their share and lift."""
    decades = np.floor(table["year"].to_numpy() / 10).astype(np.int64)
    first = int(decades.min())
    clusters = table["cluster"].to_numpy().astype(np.int64)
    width = int(decades.max()) - first + 2  # one empty decade at the end, so that every decade has a next
    counts = np.bincount(clusters * width + decades - first, minlength=(int(clusters.max()) + 1) * width)
    counts = counts.reshape(-1, width)
    usual = counts.sum(axis=0) / len(decades)
    found = {}
    for cluster in np.flatnonzero(counts.sum(axis=1)):
        shares = counts[cluster] / counts[cluster].sum()
        pairs, usual_pairs = shares[:-1] + shares[1:], usual[:-1] + usual[1:]
        n_decades = 1 if shares.max() >= 0.5 else 2
        table_of, usual_of = (shares, usual) if n_decades == 1 else (pairs, usual_pairs)
        best = int(np.argmax(table_of))
        share, lift = float(table_of[best]), float(table_of[best] / usual_of[best])
        found[int(cluster)] = ((first + best) * 10, n_decades, share, lift)
    return found
