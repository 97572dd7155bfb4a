"""`MergedSongs`: every song of a table once, without a copy of the table.

A song is a row that stands alone or a row made of several. Rows are mended when they are looked at, part by
part, or when they are taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.songs.mending import DAMAGED, Mending
from songatlas.songs.song_rows import SLICE, SongRows


@dataclass(frozen=True)
class MergedSongs:
    """Songs sorted by `song_id`, numbered from 0.

    Attributes
    ----------
    rows : DataFrame
        The rows as they were read, one an input row.
    grouped : SongRows
        Which of them stand for which song.
    mending : Mending
        What is to be done to impossible values in `rows`.
    made : DataFrame
        One mended row for every song that stands in several, with `_damaged`.
    places : ndarray of uint32, shape (n_songs,)
        Where each song stands: its row in `rows` or, from n_rows on, its row in `made`.
    repeated, joined : ndarray of uint32
        Rows that repeat an earlier row of their song in every column, and rows that differ from it.
    n_differing : int
        Songs whose rows disagree in a feature by more than rounding.
    """

    rows: pl.DataFrame
    grouped: SongRows
    mending: Mending
    made: pl.DataFrame
    places: NDArray[np.uint32]
    repeated: NDArray[np.uint32]
    joined: NDArray[np.uint32]
    n_differing: int

    @property
    def n_songs(self) -> int:
        """Number of different songs."""
        return len(self.places)

    @property
    def n_rows_each(self) -> NDArray[np.uint32]:
        """Number of rows of each song."""
        return self.grouped.n_rows_each

    def damaged(self) -> NDArray[np.bool_]:
        """True for songs all rows of which are damaged."""
        made = self.made[DAMAGED].to_numpy()
        return np.concatenate([self.mending.damaged, made])[self.places]

    def parts(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """Yield all rows and then all made rows, mended, with `_damaged`, some at a time."""
        columns = self.rows.columns if columns is None else columns
        for start in range(0, max(1, self.rows.height), SLICE):
            part = self.rows.select(columns).slice(start, SLICE)
            yield self.mending.mended(part, self.mending.damaged[start : start + SLICE])
        for start in range(0, self.made.height, SLICE):
            yield self.made.select(*columns, DAMAGED).slice(start, SLICE)

    def seen(self, songs: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """True for those rows and made rows, in the order of `parts`, that stand for some of the songs."""
        seen = np.zeros(self.rows.height + self.made.height, dtype=np.bool_)
        seen[self.places[songs]] = True
        return seen

    def most_popular(self, songs: NDArray[np.bool_], n_songs: int) -> pl.DataFrame:
        """Return what is told (see `most_popular`) of the most popular of these songs."""
        return most_popular(self._taken, self.rows.columns, self.places[songs], n_songs)

    def use_up(self, songs: NDArray[np.bool_]) -> pl.DataFrame:
        """Return some of the songs, none of them damaged, with the columns of the rows.

        Each column of `rows` is let go as soon as the songs have theirs, so that a large table is never
        held twice; nothing can be asked of the merged songs afterwards.
        """
        places = self.places[songs]
        if np.array_equal(places, np.arange(self.rows.height, dtype=np.uint32)):
            return self.mending.cells_mended(self.rows)
        made = places >= self.rows.height if self.made.height else None
        index = pl.Series(places)
        taken = []
        for name in self.rows.columns:
            column = self._with_made(self.rows.drop_in_place(name), len(places))
            column = _gathered(column, index)
            taken.append(self.mending.cells_mended(column.to_frame(), spared=made).to_series())
        return pl.DataFrame(taken)

    def _taken(self, columns: Sequence[str], places: NDArray[np.uint32]) -> pl.DataFrame:
        """Some columns at these places, as they stand."""
        index = pl.Series(places)
        found = (self._with_made(self.rows[name], len(places)) for name in columns)
        return pl.DataFrame([_gathered(column, index) for column in found])

    def _with_made(self, column: pl.Series, n_places: int) -> pl.Series:
        """A column of the rows and of the made rows, in one piece where many places will be looked up."""
        if not self.made.height:
            return column
        return pl.concat([column, self.made[column.name]], rechunk=n_places > len(column) // 4)


def _gathered(column: pl.Series, places: pl.Series) -> pl.Series:
    """What stands in a column at these places."""
    if column.dtype != pl.Float64 or not column.null_count():
        return column.gather(places)
    # A look-up in numbers alone takes half as long as one in numbers and marks of what is missing.
    return column.fill_null(float("nan")).gather(places).fill_nan(None)


def most_popular(
    taken: Callable[[Sequence[str], NDArray[np.uint32]], pl.DataFrame],
    columns: Sequence[str],
    places: NDArray[np.uint32],
    n_songs: int,
) -> pl.DataFrame:
    """Return `song_id`, `title`, `artist`, `popularity`, as far as known, of the most popular of some songs.

    Parameters
    ----------
    taken : callable
        Takes names of columns and places, and returns what stands there.
    columns : sequence of str
        Columns that there are.
    places : ndarray of uint32
        Where the songs stand.
    n_songs : int
        How many of them to return.
    """
    if "popularity" in columns:
        popularity = taken(["popularity"], places)
        falling = pl.arg_sort_by(-pl.col("popularity"), nulls_last=True, maintain_order=True)
        places = places[popularity.select(falling).to_series().head(n_songs).to_numpy()]
    told = [name for name in ("song_id", "title", "artist", "popularity") if name in columns]
    return taken(told, places[:n_songs])
