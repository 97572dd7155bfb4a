"""Whose songs these are, as numbers: what songs are split by wherever genres are learned or judged.

Songs of one artist sound alike, so a classifier that met the artist knows the genre by the voice. Splitting
by artist keeps it honest.

References
----------
A. Flexer, D. Schnitzer (2010), "Effects of album and artist filters in audio similarity computed for very
large music databases", Computer Music Journal 34.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray


def artist_groups(artists: pl.Series | None, n_songs: int) -> NDArray[np.int64]:
    """Return a number for the first artist of each song; a song without one gets a number of its own.

    Parameters
    ----------
    artists : Series of String or of List(String), or None
        Artist of each song, of a list the first; names that differ in case or padding are one artist.
    n_songs : int
        Number of songs.

    Returns
    -------
    ndarray of int64, shape (n_songs,)
        Equal for songs of one artist, 0 or more.

    Raises
    ------
    ValueError
        If there are not as many artists as songs.

    Examples
    --------
    >>> artist_groups(pl.Series(["Ann", None, "ann "]), 3).tolist()
    [3, 1, 3]
    """
    alone = np.arange(n_songs, dtype=np.int64)
    if artists is None:
        return alone
    if artists.len() != n_songs:
        raise ValueError(f"{artists.len()} artists of {n_songs} songs: one entry a song")
    if isinstance(artists.dtype, pl.List):
        artists = artists.list.first()
    names = artists.cast(pl.String).str.strip_chars().str.to_lowercase()
    known = (names.is_not_null() & (names != "")).fill_null(value=False).to_numpy()
    codes = np.zeros(n_songs, dtype=np.int64)
    codes[known] = names.filter(pl.Series(known)).rank("dense").to_numpy().astype(np.int64) - 1
    return np.where(known, codes + n_songs, alone)


def artist_folds(groups: NDArray[np.int64], *, n_folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each song, songs of one artist in the same.

    Artists are dealt out in an order drawn by the seed, those of most songs first, so that folds are even.

    Parameters
    ----------
    groups : ndarray of int64, shape (n_songs,)
        The number of each song's artist.
    n_folds : int
        Number of folds.
    seed : int
        Seed of the order.

    Returns
    -------
    ndarray of int64, shape (n_songs,)
        0 to `n_folds` - 1.
    """
    _, numbers, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng([seed, 3]).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    turn = np.arange(len(sizes)) % (2 * n_folds)  # there and back again
    dealt = np.empty(len(sizes), dtype=np.int64)
    dealt[order] = np.minimum(turn, 2 * n_folds - 1 - turn)
    folds: NDArray[np.int64] = dealt[numbers]
    return folds
