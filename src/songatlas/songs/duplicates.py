"""Rows that are one song: the same row twice, or one id in several rows; and ids that say so and lie.

Tables of playlists list a song once for every playlist or genre it stands in. Here such rows become one
song: its tags united, its features the median of what the rows say, everything else from the row that says
most. Nothing depends on the order of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import quoted
from songatlas.features import FEATURES
from songatlas.songs.mending import DAMAGED, Mending
from songatlas.songs.merged_songs import MergedSongs
from songatlas.songs.song_rows import SongRows, group_rows

ROUNDING = {"share": 0.00501, "dB": 0.0501, "BPM": 0.501, "ms": 1_000.0}
"""Differences that rounding makes: to a hundredth, a tenth of a decibel, a whole beat, a second."""
_VERSION = r"(?:\s-\s|\s[(\[]).*$"  # what tells versions of a song apart in its title
_FEWEST_MIXED = 0.001  # of the rows: fewer are mistakes in single ids
_SONG = "_song"
_LARGEST = ("popularity", "streams", "artist_popularity", "followers", "explicit")
_MEDIAN = tuple(
    column for column, feature in FEATURES.items() if feature.unit in ("share", "dB", "BPM", "ms")
)


@dataclass(frozen=True)
class Repeated:
    """Ids that stand in several rows with title and sound.

    Attributes
    ----------
    n_rows, n_ids, n_mixed : int
        Rows of the table, ids that stand in several of them, and those of the ids whose rows differ in title
        and sound: different songs under one id.
    example : str
        The first of those; empty where there are none.
    """

    n_rows: int
    n_ids: int = 0
    n_mixed: int = 0
    example: str = ""

    @property
    def is_no_id(self) -> bool:
        """Whether ids that repeat mostly stand for different songs."""
        return self.n_mixed >= max(2, _FEWEST_MIXED * self.n_rows) and 2 * self.n_mixed > self.n_ids

    @property
    def shown(self) -> str:
        """The ids of different songs as they are told: how many, and the first."""
        return f"{self.n_mixed:,} of {self.n_ids:,} that repeat, such as {quoted(self.example)}"


def find_repeated(ids: pl.Series, titles: pl.Series | None, features: Mapping[str, pl.Series]) -> Repeated:
    """Find ids that repeat, and those of them that stand for different songs.

    A song that stands in several playlists repeats with its title; one in several versions has the sound or
    the beginning of the title in common.

    Parameters
    ----------
    ids : Series of String
    titles : Series of String or None
        None where the table has none; nothing is mixed then.
    features : mapping of str to Series of Float64
        In our units.

    Examples
    --------
    >>> energy = {"energy": pl.Series([0.1, 0.9, 0.5, 0.5])}
    >>> find_repeated(pl.Series(["1", "1", "2", "2"]), pl.Series(["A", "B", "C", "D"]), energy)
    Repeated(n_rows=4, n_ids=2, n_mixed=1, example='1')
    """
    heard = {name: ROUNDING[FEATURES[name].unit] for name in _MEDIAN if name in features}
    if titles is None or not heard or ids.n_unique() == len(ids):
        return Repeated(len(ids))
    rows = (ids.is_duplicated() & ids.is_not_null() & titles.is_not_null()).arg_true()
    title = pl.col("title").str.to_lowercase().str.replace(_VERSION, "").str.strip_chars()
    told = pl.DataFrame([ids.gather(rows).alias("id"), titles.gather(rows).alias("title")])
    told = told.with_columns(title, *(features[name].gather(rows).alias(name) for name in heard))
    known = pl.sum_horizontal((pl.col(name).count() > 1).cast(pl.Int32) for name in heard)
    apart = pl.sum_horizontal(
        (pl.col(name).max() - pl.col(name).min() > most).fill_null(value=False).cast(pl.Int32)
        for name, most in heard.items()
    )
    judged = told.group_by("id").agg(
        n_rows=pl.len(), is_known=known > 0, is_mixed=(pl.col("title").n_unique() > 1) & (2 * apart > known)
    )
    judged = judged.filter((pl.col("n_rows") > 1) & pl.col("is_known"))
    mixed = judged.filter("is_mixed")["id"]
    return Repeated(len(ids), judged.height, len(mixed), str(mixed.min()) if len(mixed) else "")


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
