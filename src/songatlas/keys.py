"""Numbers made of texts: by them songs are drawn and rows of one song are found, wherever they lie.

A key is a well mixed 64-bit hash of the bytes (UTF-8) of a text and of a seed. It is the same on every
machine and for ever: two rows have the same key where they have the same text, and other rows so rarely that
whoever gathers by keys need only look again. The songs with the lowest keys are a random draw of all songs
that does not depend on how these are ordered, split or spread.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas import kernels

SLICE_ROWS = 1 << 17
"""Texts whose bytes are joined at once."""


def text_keys(texts: pl.Series, *, seed: int = 0) -> pl.Series:
    """Return the key of every text, UInt64; null stays null.

    Parameters
    ----------
    texts : Series of String
    seed : int
        Other seeds give other keys, unrelated to these.

    Returns
    -------
    Series of UInt64
        Under the name of `texts`.

    Examples
    --------
    >>> text_keys(pl.Series("song_id", ["a", None, "a"])).to_list()
    [3051820978105488553, None, 3051820978105488553]
    """
    texts = texts if texts.dtype == pl.String else texts.cast(pl.String)
    keys = np.empty(len(texts), dtype=np.uint64)
    for start in range(0, len(texts), SLICE_ROWS):
        some = texts.slice(start, SLICE_ROWS)
        content = some.str.join().cast(pl.Binary).item() or b""
        edges = np.zeros(len(some) + 1, dtype=np.int64)
        edges[1:] = some.str.len_bytes().fill_null(0).cast(pl.Int64).cum_sum().to_numpy()
        keys[start : start + SLICE_ROWS] = kernels.text_hashes(content, edges, seed=seed)
    found = pl.Series(texts.name, keys)
    if not texts.null_count():
        return found
    return pl.select(pl.when(texts.is_not_null()).then(found)).to_series().alias(texts.name)


def lowest_rows(keys: NDArray[np.uint64], n: int) -> NDArray[np.int64]:
    """Return the rows of the `n` lowest keys, in rising order of rows; of equal keys the first rows.

    Examples
    --------
    >>> lowest_rows(np.array([7, 1, 9, 3], dtype=np.uint64), 2).tolist()
    [1, 3]
    """
    if n >= len(keys):
        return np.arange(len(keys))
    if n <= 0:
        return np.empty(0, dtype=np.int64)
    highest = np.partition(keys, n - 1)[n - 1]
    below = np.flatnonzero(keys < highest)
    level = np.flatnonzero(keys == highest)[: n - len(below)]
    return np.sort(np.concatenate([below, level]))
