"""The different sets of tags that songs carry: far fewer than songs, so that each is looked at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class TagSets:
    """The different sets of tags of some songs, in the order in which songs carry them first.

    Attributes
    ----------
    tags : Series of List(String), length n_sets
        As they stand in the table.
    number : ndarray of int64, shape (n_songs,)
        The set of each song.
    n_songs : ndarray of float64, shape (n_sets,)
        How many songs carry each set.
    """

    tags: pl.Series
    number: NDArray[np.int64]
    n_songs: NDArray[np.float64]


def different_sets(tags: pl.Series) -> TagSets:
    """Find the different sets of tags; null and empty are one.

    Parameters
    ----------
    tags : Series of List(String), one entry a song

    Examples
    --------
    >>> sets = different_sets(pl.Series([["pop"], None, ["pop"], []]))
    >>> sets.number.tolist(), sets.n_songs.tolist()
    ([0, 1, 0, 1], [2.0, 2.0])
    """
    text = tags.cast(pl.List(pl.String)).list.join("\x00", ignore_nulls=True).fill_null("").alias("text")
    texts = text.to_frame()
    sets = texts.with_row_index("row").group_by("text", maintain_order=True).agg(pl.first("row"), pl.len())
    numbered = sets.with_row_index("number").select("text", "number")
    number = texts.join(numbered, on="text", how="left", maintain_order="left")["number"]
    return TagSets(
        tags.gather(sets["row"]),
        number.to_numpy().astype(np.int64),
        sets["len"].to_numpy().astype(np.float64),
    )
