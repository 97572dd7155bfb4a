"""Rows that are one song: the same row twice, or one id in several rows.

Tables of playlists list a song once for every playlist or genre it stands in. Here such rows become one
song: its tags united, its features the median of what the rows say, everything else from the row that says
most. Nothing depends on the order of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from songatlas.features import FEATURES

ROUNDING = {"share": 0.00501, "dB": 0.0501, "BPM": 0.501, "ms": 1_000.0}
"""Differences that rounding makes: to a hundredth, a tenth of a decibel, a whole beat, a second."""
_LARGEST = ("popularity", "streams", "artist_popularity", "followers", "explicit")
_MEDIAN = tuple(
    column for column, feature in FEATURES.items() if feature.unit in ("share", "dB", "BPM", "ms")
)


def duplicate_row(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Rows that repeat an earlier row in every column (which of the equal rows comes first cannot matter)."""
    repeated = table["song_id"].is_duplicated()
    surplus = np.zeros(table.height, dtype=np.bool_)
    if repeated.any():
        suspects = table.filter(repeated).select(pl.struct(pl.all()).is_first_distinct())
        surplus[repeated.to_numpy()] = ~suspects.to_series().to_numpy()
    return pl.Series("applies", surplus)


def same_id(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Rows whose song already stands in an earlier, different row."""
    return ~table["song_id"].is_first_distinct() & ~duplicate_row(table, features)


def differing_songs(table: pl.DataFrame) -> int:
    """How many songs have rows that disagree in a feature by more than rounding."""
    known = [column for column in _MEDIAN if column in table.columns]
    several = table.filter(pl.col("song_id").is_duplicated())
    if not known or several.is_empty():
        return 0
    spread = several.group_by("song_id").agg(pl.col(column).max() - pl.col(column).min() for column in known)
    differs = (pl.col(column) > ROUNDING[FEATURES[column].unit] for column in known)
    return int(spread.select(pl.any_horizontal(differs).fill_null(value=False).sum()).item())


def merge_rows(table: pl.DataFrame) -> pl.DataFrame:
    """Return one row a song, sorted by `song_id`, with the same columns.

    Features are the median over the rows that know them; popularity, streams and followers the largest;
    `genre` the most frequent, then the first of the alphabet; `tags` united, earlier places first. All
    else comes from the fullest of the most popular rows, ties by the alphabet, gaps filled from the next.
    """
    repeated = table["song_id"].is_duplicated()
    singles, several = table.filter(~repeated), table.filter(repeated)
    if several.is_empty():
        return singles.sort("song_id")
    several = _best_rows_first(several.unique())
    chosen = [
        _chosen(column, is_list=isinstance(dtype, pl.List))
        for column, dtype in table.schema.items()
        if column not in ("song_id", "tags", "genre")
    ]
    merged = several.group_by("song_id", maintain_order=True).agg(chosen)
    for column, unite in (("tags", _united_tags), ("genre", _most_frequent)):
        if column in table.columns:
            merged = merged.join(unite(several, column), on="song_id", how="left")
    return pl.concat([singles, merged.select(table.columns)]).sort("song_id")


def _best_rows_first(rows: pl.DataFrame) -> pl.DataFrame:
    """Sort by id, then popularity, then how much is known, then all else, so that ties are equal."""
    plain = [
        name for name, dtype in rows.schema.items() if not isinstance(dtype, pl.List) and name != "song_id"
    ]
    lists = [name for name, dtype in rows.schema.items() if isinstance(dtype, pl.List)]
    known = pl.sum_horizontal(pl.col(column).is_not_null().cast(pl.Int32) for column in rows.columns)
    popularity = [-pl.col("popularity")] if "popularity" in rows.columns else []
    keys = [
        pl.col("song_id"),
        *popularity,
        -known,
        *(pl.col(column) for column in plain),
        *(pl.col(column).list.join("\x00", ignore_nulls=True) for column in lists),
    ]
    return rows.sort(keys, nulls_last=True)


def _chosen(column: str, *, is_list: bool) -> pl.Expr:
    """How one column of several rows becomes one value."""
    if column in _MEDIAN:
        return pl.col(column).median()
    if column in _LARGEST:
        return pl.col(column).max()
    if column.startswith("_"):
        return pl.col(column).min()
    if is_list:
        return pl.col(column).filter(pl.col(column).list.len() > 0).first()
    return pl.col(column).drop_nulls().first()


def _united_tags(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """All tags of a song: those that stand first somewhere, then the more frequent, then by the alphabet."""
    told = rows.select("song_id", column).filter(pl.col(column).list.len() > 0)
    places = told.with_columns(_place=pl.int_ranges(pl.col(column).list.len())).explode(column, "_place")
    counted = places.group_by("song_id", column).agg(pl.col("_place").min(), _often=pl.len())
    order = counted.sort("song_id", "_place", -pl.col("_often").cast(pl.Int64), column)
    united = order.group_by("song_id", maintain_order=True).agg(pl.col(column).drop_nulls())
    empty = rows.group_by("song_id").agg(_told=pl.col(column).is_not_null().any())
    joined = empty.join(united, on="song_id", how="left")
    nothing = pl.when("_told").then(pl.lit([], dtype=pl.List(pl.String)))
    return joined.select("song_id", pl.coalesce(column, nothing).alias(column))


def _most_frequent(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """The value that stands in most rows of a song, then the first of the alphabet."""
    counted = rows.drop_nulls(column).group_by("song_id", column).agg(_often=pl.len())
    order = counted.sort("song_id", -pl.col("_often").cast(pl.Int64), column)
    return order.group_by("song_id", maintain_order=True).agg(pl.col(column).first())
