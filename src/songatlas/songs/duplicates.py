"""Rows that are one song: the same row twice, or one id in several rows.

Tables of playlists list a song once for every playlist or genre it stands in. Here such rows become one
song: its tags united, its features the median of what the rows say, everything else from the row that says
most. Nothing depends on the order of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.features import FEATURES
from songatlas.songs.mending import DAMAGED, Mending
from songatlas.songs.merged_songs import MergedSongs
from songatlas.songs.song_rows import SongRows, group_rows

ROUNDING = {"share": 0.00501, "dB": 0.0501, "BPM": 0.501, "ms": 1_000.0}
"""Differences that rounding makes: to a hundredth, a tenth of a decibel, a whole beat, a second."""
_SONG = "_song"
_LARGEST = ("popularity", "streams", "artist_popularity", "followers", "explicit")
_MEDIAN = tuple(
    column for column, feature in FEATURES.items() if feature.unit in ("share", "dB", "BPM", "ms")
)


def duplicate_row(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Rows that repeat an earlier row in every column (which of the equal rows comes first cannot matter)."""
    return _marked(table, _several(table, group_rows(table["song_id"])).repeated)


def same_id(table: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Rows whose song already stands in an earlier, different row."""
    return _marked(table, _several(table, group_rows(table["song_id"])).joined)


def _marked(table: pl.DataFrame, rows: NDArray[np.uint32]) -> pl.Series:
    applies = np.zeros(table.height, dtype=np.bool_)
    applies[rows] = True
    return pl.Series("applies", applies)


def merge_rows(table: pl.DataFrame, mending: Mending) -> MergedSongs:
    """Give every song one row.

    Features are the median over the rows that know them; popularity, streams and followers the largest;
    `genre` the most frequent, then the first of the alphabet; `tags` united, earlier places first. All
    else comes from the fullest of the most popular rows, ties by the alphabet, gaps filled from the next.

    Parameters
    ----------
    table : DataFrame
        The rows as they were read, one an input row, each with a `song_id`.
    mending : Mending
        What is to be done to impossible values before rows are merged.
    """
    grouped = group_rows(table["song_id"])
    places = grouped.order[grouped.first]
    rows = _several(table, grouped)
    several = mending.mended(table[rows.different], mending.damaged[rows.different])
    several = several.with_columns(pl.Series(_SONG, grouped.song[rows.different]))
    made = _made(several)
    places[made[_SONG].to_numpy()] = table.height + np.arange(made.height)
    return MergedSongs(
        rows=table,
        grouped=grouped,
        mending=mending,
        made=made.select(*table.columns, DAMAGED),
        places=places,
        repeated=rows.repeated,
        joined=rows.joined,
        n_differing=_n_differing(several),
    )


@dataclass(frozen=True)
class _Several:
    """Rows of songs that stand in several."""

    different: NDArray[np.uint32]  # without those that repeat an earlier row
    repeated: NDArray[np.uint32]
    joined: NDArray[np.uint32]  # those of `different` that are not the first of their song


def _several(table: pl.DataFrame, grouped: SongRows) -> _Several:
    """Find the rows of songs that stand in several."""
    opens = np.zeros(len(grouped.order) + 1, dtype=np.bool_)
    opens[grouped.first] = opens[-1] = True
    at = np.flatnonzero(~(opens[:-1] & opens[1:]))
    rows = grouped.order[at]
    if not len(rows):
        return _Several(rows, rows, rows)
    repeated = ~table[rows].select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy()
    return _Several(rows[~repeated], rows[repeated], rows[~repeated & ~opens[at]])


def _made(several: pl.DataFrame) -> pl.DataFrame:
    """One row for all rows of a song."""
    rows = _best_rows_first(several.unique(maintain_order=True))
    chosen = [
        _chosen(column, is_list=isinstance(dtype, pl.List))
        for column, dtype in rows.schema.items()
        if column not in (_SONG, "tags", "genre")
    ]
    made = rows.group_by(_SONG, maintain_order=True).agg(chosen)
    for column in ("tags", "genre"):
        if column in rows.columns:
            unite = _united_tags if isinstance(rows.schema[column], pl.List) else _most_frequent
            made = made.join(unite(rows, column), on=_SONG, how="left", maintain_order="left")
    return made


def _n_differing(several: pl.DataFrame) -> int:
    """How many songs have rows that disagree in a feature by more than rounding."""
    known = [column for column in _MEDIAN if column in several.columns]
    if not known:
        return 0
    spread = several.group_by(_SONG).agg(pl.col(column).max() - pl.col(column).min() for column in known)
    differs = (pl.col(column) > ROUNDING[FEATURES[column].unit] for column in known)
    return int(spread.select(pl.any_horizontal(differs).fill_null(value=False).sum()).item())


def _best_rows_first(rows: pl.DataFrame) -> pl.DataFrame:
    """Sort the rows of a song by popularity, then how much is known, then all else, so that ties are equal.

    The rows of a song stand together; only what differs between rows of one song is sorted by.
    """
    known = pl.sum_horizontal(pl.col(column).is_not_null().cast(pl.Int32) for column in rows.columns)
    popularity = [-pl.col("popularity")] if "popularity" in rows.columns else []
    plain = [pl.col(name) for name, dtype in rows.schema.items() if not isinstance(dtype, pl.List)]
    lists = [pl.col(name) for name, dtype in rows.schema.items() if dtype == pl.List(pl.String)]
    vectors = [pl.col(name).list for name, dtype in rows.schema.items() if dtype == pl.List(pl.Float32)]
    words = [column.list.join("\x00", ignore_nulls=True) for column in lists]
    numbers = [key for vector in vectors for key in (vector.sum(), vector.first(), vector.last())]
    keys = [*popularity, -known, *plain, *words, *numbers]
    same_song = pl.col(_SONG) == pl.col(_SONG).shift()
    differ = rows.select(
        (key.ne_missing(key.shift()) & same_song).any().alias(str(place)) for place, key in enumerate(keys)
    ).row(0)
    deciding = [key for key, differs in zip(keys, differ, strict=True) if differs]
    return rows.sort([pl.col(_SONG), *deciding], nulls_last=True)


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
    told = rows.select(_SONG, column).filter(pl.col(column).list.len() > 0)
    places = told.with_columns(_place=pl.int_ranges(pl.col(column).list.len())).explode(column, "_place")
    counted = places.group_by(_SONG, column).agg(pl.col("_place").min(), _often=pl.len())
    order = counted.sort(_SONG, "_place", -pl.col("_often").cast(pl.Int64), column)
    united = order.group_by(_SONG, maintain_order=True).agg(pl.col(column).drop_nulls())
    empty = rows.group_by(_SONG).agg(_told=pl.col(column).is_not_null().any())
    joined = empty.join(united, on=_SONG, how="left")
    nothing = pl.when("_told").then(pl.lit([], dtype=pl.List(pl.String)))
    return joined.select(_SONG, pl.coalesce(column, nothing).alias(column))


def _most_frequent(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """The value that stands in most rows of a song, then the first of the alphabet."""
    counted = rows.drop_nulls(column).group_by(_SONG, column).agg(_often=pl.len())
    order = counted.sort(_SONG, -pl.col("_often").cast(pl.Int64), column)
    return order.group_by(_SONG, maintain_order=True).agg(pl.col(column).first())
