"""What is held back so that a gain is real: songs by thirds of the artists, and how far chance moves a gain.

Conventions
-----------
Artists are `(n_songs,)` int, equal for songs of one artist. Songs come in canonical order (sorted by
`song_id`), so that every draw is the same however the rows of the table were ordered.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.genres import artist_groups
from songatlas.quality import CrossTable

N_PARTS = 3
"""Every artist is held back once: each part is judged by what the other two have taught."""

FEWEST_SONGS, FEWEST_ARTISTS = 300, 30
"""Below these no part is large enough to judge anything."""

N_REPLICATES = 100
INTERVAL = 5.0, 95.0
"""Percentiles of the replicates: nine of ten lie between."""

_Ints = NDArray[np.integer]
_Floats = NDArray[np.float64]


def artists_of(songs: pl.DataFrame) -> pl.Series | None:
    """Return the column of the artists, None where the table has none."""
    return songs["artists"] if "artists" in songs.columns else None


def artist_numbers(artists: pl.Series | None, n_songs: int) -> NDArray[np.int64]:
    """Return the artist of each song as a number from 0 without gaps; songs without one are alone."""
    return np.unique(artist_groups(artists, n_songs), return_inverse=True)[1].astype(np.int64)


def genre_numbers(genres: pl.Series) -> NDArray[np.int64]:
    """Return the genre of each song as a number from 0, in the order of the alphabet; -1 for none."""
    return genres.rank("dense").fill_null(0).to_numpy().astype(np.int64) - 1


def ks_around(k: int) -> tuple[int, ...]:
    """Return k with a smaller and a larger number beside it, so that no one lucky clustering decides.

    Examples
    --------
    >>> ks_around(2), ks_around(6), ks_around(10)
    ((2, 3), (5, 6, 7), (8, 10, 12))
    """
    step = max(1, round(k / 5))
    return tuple(sorted({max(2, k - step), k, k + step}))


def mutual_information(labels: _Ints, genres: _Ints) -> float:
    """Return the adjusted mutual information of clusters and genres; 0 where there are no songs."""
    return CrossTable.of(labels, genres).adjusted_mutual_information() if len(labels) else 0.0


def artist_draws(artists: NDArray[np.int64], *, seed: int) -> list[NDArray[np.int64]]:
    """Return rows of songs for each replicate: as many artists as there are, drawn with repetition."""
    random = np.random.default_rng([seed, 42])
    different, own = np.unique(artists, return_inverse=True)
    n, rows = len(different), np.arange(len(artists))
    return [
        np.repeat(rows, np.bincount(random.integers(0, n, n), minlength=n)[own]) for _ in range(N_REPLICATES)
    ]


def genre_gains(
    before: Sequence[_Ints],
    after: Sequence[_Ints],
    genres: _Ints,
    artists: NDArray[np.int64],
    *,
    seed: int,
) -> _Floats:
    """Return by how much the agreement with genres rises, in each of `N_REPLICATES` draws.

    Parameters
    ----------
    before, after : sequence of arrays of int, shape (n_songs,)
        Labels of the same songs by clusterings that belong together in pairs. A draw takes one pair, so
        that the spread holds what the choice of the clustering adds, too.
    genres, artists : arrays of int, shape (n_songs,)
    seed : int

    Returns
    -------
    ndarray of float64, shape (N_REPLICATES,)
    """
    gains = np.zeros(N_REPLICATES)
    for draw, rows in enumerate(artist_draws(artists, seed=seed)):
        pair, truth = draw % len(before), genres[rows]
        gains[draw] = mutual_information(after[pair][rows], truth) - mutual_information(
            before[pair][rows], truth
        )
    return gains


def interval(gains: _Floats) -> tuple[float, float]:
    """Return the ends between which nine of ten replicates lie."""
    low, high = np.percentile(gains, INTERVAL)
    return float(low), float(high)
