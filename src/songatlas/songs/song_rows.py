"""Which rows stand for which song: the rows of a table in the order of their `song_id`.

Ids are put in order by eight of their bytes, as one number; only rows that agree in these are compared as
texts. The order is that of the UTF-8 bytes, rows of one id in the order of the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

import numpy as np
import polars as pl
from numpy.typing import NDArray

SLICE = 524_288
"""Rows that are looked at together, so that what is worked out for them stays small."""
_KEY_BYTES = 8


@dataclass(frozen=True)
class SongRows:
    """The rows of a table, grouped by song.

    Attributes
    ----------
    order : ndarray of uint32, shape (n_rows,)
        Rows sorted by `song_id`, those of one song in the order of the table.
    first : ndarray of uint32, shape (n_songs,)
        Where in `order` each song begins.
    song : ndarray of int32, shape (n_rows,)
        Song of each row, numbered from 0 in the order of `song_id`.
    """

    order: NDArray[np.uint32]
    first: NDArray[np.uint32]
    song: NDArray[np.int32]

    @property
    def n_rows_each(self) -> NDArray[np.uint32]:
        """Number of rows of each song."""
        return np.diff(self.first, append=np.uint32(len(self.order)))

    @property
    def n_songs(self) -> int:
        """Number of different songs."""
        return len(self.first)


def group_rows(song_ids: pl.Series) -> SongRows:
    """Group rows by `song_ids` (no nulls).

    Examples
    --------
    >>> grouped = group_rows(pl.Series(["b", "a", "b"]))
    >>> grouped.order.tolist(), grouped.first.tolist(), grouped.song.tolist()
    ([1, 0, 2], [0, 1], [1, 0, 1])
    """
    keys = _leading_bytes(song_ids)
    order = pl.Series(keys).arg_sort().to_numpy().astype(np.uint32)
    tied = np.flatnonzero(_with_neighbour(keys[order]))
    opens = np.ones(len(order), dtype=np.bool_)
    if len(tied):
        ids = pl.DataFrame({"song_id": song_ids.gather(order[tied]), "row": order[tied]}).sort(
            "song_id", "row"
        )
        order[tied] = ids["row"].to_numpy()
        opens[tied] = (ids["song_id"] != ids["song_id"].shift(1)).fill_null(value=True).to_numpy()
    song = np.empty(len(order), dtype=np.int32)
    song[order] = np.cumsum(opens, dtype=np.int32) - 1
    return SongRows(order, np.flatnonzero(opens).astype(np.uint32), song)


def _leading_bytes(texts: pl.Series) -> NDArray[np.uint64]:
    """The first bytes in which the texts differ, as numbers in the order of the texts."""
    keys = np.zeros(len(texts), dtype=np.uint64)
    if texts.is_empty():
        return keys
    alike = _n_alike(str(texts.min()).encode(), str(texts.max()).encode())
    padded = pl.col(texts.name).cast(pl.Binary) + pl.lit(b"\0" * _KEY_BYTES)
    number = padded.bin.slice(alike, _KEY_BYTES).bin.reinterpret(dtype=pl.UInt64, endianness="big")
    for start in range(0, len(texts), SLICE):
        found = texts.slice(start, SLICE).to_frame().select(number).to_series()
        keys[start : start + SLICE] = found.to_numpy()
    return keys


def _n_alike(one: bytes, other: bytes) -> int:
    """Number of bytes with which both begin."""
    alike = (mine == theirs for mine, theirs in zip(one, other, strict=False))
    return sum(1 for _ in takewhile(bool, alike))


def _with_neighbour(keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """True for sorted keys that stand more than once."""
    alike = np.zeros(len(keys) + 1, dtype=np.bool_)
    alike[1:-1] = keys[1:] == keys[:-1]
    return alike[1:] | alike[:-1]
