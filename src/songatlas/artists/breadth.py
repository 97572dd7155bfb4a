"""How widely artists range: over the space, and over the clusters.

Breadth is the mean squared distance of an artist's songs to their own middle, over that of all songs to
theirs: 1 is as wide as the whole catalogue, 0 is one sound, and above 1 is wider still. Few songs say little,
so the measured spread is mixed with that of the other artists by Bühlmann's credibility: an artist of n songs
counts n parts, the others m, where m is the spread of single songs over that between artists, as the table
itself shows it.

References
----------
H. Bühlmann, E. Straub (1970), "Glaubwürdigkeit für Schadensätze" (credibility of groups of unequal size).
G. A. Miller (1955), "Note on the bias of information estimates" (entropy of small samples).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from songatlas.artists.credits import Credits

FEWEST_SONGS: Final = 3
"""Songs below which nothing is said of an artist's breadth."""

_LEAST_PARTS, _MOST_PARTS = 1.0, 50.0
_Float = NDArray[np.float64]


def squared_distances(points: NDArray[np.floating], credits: Credits) -> _Float:
    """Return how far each credited song lies from the middle of its artist's songs, squared.

    Parameters
    ----------
    points : ndarray, shape (n_songs, n_dimensions)
    credits : Credits

    Returns
    -------
    ndarray of float64, shape (n_credits,)
    """
    squares = np.zeros(len(credits.artist))
    for column in points.T:  # a coordinate at a time, to spare memory
        values = column[credits.song].astype(np.float64)
        sums = np.bincount(credits.artist, weights=values, minlength=credits.n_artists)
        squares += np.square(values - (sums / credits.n_songs)[credits.artist])
    return squares


def breadths(squares: _Float, credits: Credits, *, of_all: float) -> _Float:
    """Return the breadth of each artist, NaN below `FEWEST_SONGS` songs.

    Parameters
    ----------
    squares : ndarray of float64, shape (n_credits,)
        Of `squared_distances`.
    credits : Credits
    of_all : float
        Mean squared distance of all songs to their middle; 0 where they are all alike.

    Returns
    -------
    ndarray of float64, shape (n_artists,)

    Examples
    --------
    >>> import polars as pl
    >>> from songatlas.artists.credits import credits_of
    >>> points = np.array([[0.0], [0.1], [0.2], [-3.0], [0.0], [3.0]])
    >>> credited = credits_of(pl.Series(["narrow"] * 3 + ["wide"] * 3))
    >>> squares = squared_distances(points, credited)
    >>> narrow, wide = breadths(squares, credited, of_all=float(points.var()))
    >>> bool(0 < narrow < 1 < wide)
    True
    """
    n, several = credits.n_songs, credits.n_songs > 1
    found = np.full(credits.n_artists, np.nan)
    if not several.any() or of_all <= 0:
        return found
    unbiased = squares * (n / np.maximum(n - 1, 1))[credits.artist]  # a mean of n songs lies nearer to them
    spread = np.bincount(credits.artist, weights=unbiased, minlength=len(n)) / n
    usual = float(np.average(spread[several], weights=n[several]))
    parts = _parts_of_the_others(unbiased, spread, credits, usual)
    told = n >= FEWEST_SONGS
    found[told] = (n * spread + parts * usual)[told] / (n + parts)[told] / of_all
    return found


def _parts_of_the_others(unbiased: _Float, spread: _Float, credits: Credits, usual: float) -> float:
    """How many songs' worth the other artists count: spread inside artists over that between them."""
    n = np.where(credits.n_songs > 1, credits.n_songs, 0).astype(np.float64)
    n_artists, total = int((n > 0).sum()), float(n.sum())
    apart = np.square(unbiased - spread[credits.artist])[n[credits.artist] > 0]
    inside = float(apart.sum()) / max(total - n_artists, 1.0)
    between = float((n * np.square(spread - usual)).sum()) - (n_artists - 1) * inside
    between /= max(total - float(np.square(n).sum()) / total, 1e-300)
    return float(np.clip(inside / between, _LEAST_PARTS, _MOST_PARTS)) if between > 0 else _MOST_PARTS


def effective_clusters(
    counts: NDArray[np.int64], artists: NDArray[np.int64], *, n_artists: int, k: int
) -> _Float:
    """Return over how many clusters each artist ranges, as if it had equally many songs in each.

    The exponential of the entropy of the artist's clusters, which few songs would make too small: half a
    song for every cluster beyond the first is added over the songs (Miller). At most as many as there are
    clusters, and songs of the artist; NaN below `FEWEST_SONGS` songs.

    Parameters
    ----------
    counts : ndarray of int64, shape (n_pairs,)
        Songs of an artist in a cluster, 1 or more.
    artists : ndarray of int64, shape (n_pairs,)
        The artist of each count.
    n_artists, k : int
        Number of artists, and of clusters.

    Returns
    -------
    ndarray of float64, shape (n_artists,)

    Examples
    --------
    >>> counts, artists = np.array([500, 500, 9]), np.array([0, 0, 1])
    >>> effective_clusters(counts, artists, n_artists=3, k=5).round(2).tolist()
    [2.0, 1.0, nan]
    """
    n = np.bincount(artists, weights=counts, minlength=n_artists)
    share = counts / n[artists]
    entropy = -np.bincount(artists, weights=share * np.log(share), minlength=n_artists)
    beyond = np.bincount(artists, minlength=n_artists) - 1
    entropy += beyond / (2 * np.maximum(n, 1))
    return np.where(n >= FEWEST_SONGS, np.minimum(np.exp(entropy), np.minimum(n, k)), np.nan)
