"""How a cluster's share of new songs has changed: the latest years against as many years before.

Both spans are equally long, and as short as they can be: five years where either holds enough songs, else ten
or twenty. Songs of one artist come together, so that the error is that of artists and not of songs: what
every artist adds to the change is squared and summed (the sandwich of survey statistics), and where few
artists make up most of it, the interval is as wide as so few witnesses allow (Student's t, Satterthwaite's
degrees).

References
----------
F. E. Satterthwaite (1946), "An approximate distribution of estimates of variance components", Biometrics
Bulletin 2.
D. A. Binder (1983), "On the variances of asymptotically normal estimators from complex surveys",
International Statistical Review 51.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

SPANS: Final = (5, 10, 20)
"""Years of a span, tried in this order."""

FEWEST_SONGS: Final = 100
"""Songs with a year that each of the two spans needs."""

_UPPER: Final = 0.975  # 95 of 100 intervals hold the truth
_SMALL: Final = 0.25  # of the share before: a change that nobody would call growth
_NO_SONGS: Final = 0.002  # share of the songs of both spans
_Float = NDArray[np.float64]


@dataclass(frozen=True)
class Growth:
    """The change of every cluster's share between two spans of years.

    Attributes
    ----------
    before, recent : (int, int)
        First and last year of the spans.
    share_before, share_recent : ndarray of float64, shape (k,)
        Share of the span's songs that are in the cluster.
    low, high : ndarray of float64, shape (k,)
        Ends of the 95% interval of `share_recent - share_before`.
    trends : tuple of {"growing", "steady", "shrinking", "unclear", "past"}, length k
        `steady` where the change is surely small, `unclear` where it may be either, and `past` where the
        cluster has no songs to speak of in either span.
    """

    before: tuple[int, int]
    recent: tuple[int, int]
    share_before: _Float
    share_recent: _Float
    low: _Float
    high: _Float
    trends: tuple[str, ...]


def measure_growth(
    years: _Float, labels: NDArray[np.integer], artists: NDArray[np.int64], *, k: int
) -> Growth | None:
    """Return how the shares of clusters among new songs have changed; None where songs are too few.

    Parameters
    ----------
    years : ndarray of float64, shape (n_songs,)
        Year of release, NaN where unknown.
    labels : ndarray of int, shape (n_songs,)
        Cluster of each song, 0 to k - 1.
    artists : ndarray of int64, shape (n_songs,)
        Number of each song's artist, 0 or more.
    k : int
        Number of clusters.

    Examples
    --------
    >>> years = np.repeat([2012.0, 2018.0], 200)
    >>> labels = np.concatenate([np.arange(200) % 10 == 0, np.arange(200) % 2 == 0]).astype(int)
    >>> found = measure_growth(years, labels, np.arange(400), k=2)
    >>> found.recent, found.before, found.share_recent.tolist(), found.trends
    ((2014, 2018), (2009, 2013), [0.5, 0.5], ('shrinking', 'growing'))
    """
    spans = _spans(years)
    if spans is None:
        return None
    known = np.nan_to_num(years, nan=-np.inf)
    shares, parts = [], []
    for first, last in spans:
        rows = np.flatnonzero((known >= first) & (known <= last))
        shares.append(np.bincount(labels[rows], minlength=k) / len(rows))
        parts.append(rows)
    reach = np.array([_reach(labels, artists, parts, shares, cluster) for cluster in range(k)])
    change = shares[1] - shares[0]
    low, high = change - reach, change + reach
    trends = tuple(
        "past" if max(shares[0][c], shares[1][c]) < _NO_SONGS else _trend(low[c], high[c], shares[0][c])
        for c in range(k)
    )
    return Growth(spans[0], spans[1], shares[0], shares[1], low, high, trends)


def _spans(years: _Float) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The two spans, the earlier one first; None where no length has enough songs in both."""
    known = years[np.isfinite(years)].astype(np.int64)
    if not len(known):
        return None
    last = int(known.max())
    for length in SPANS:
        recent, before = (last - length + 1, last), (last - 2 * length + 1, last - length)
        sizes = [int(((known >= low) & (known <= high)).sum()) for low, high in (before, recent)]
        if min(sizes) >= FEWEST_SONGS:
            return before, recent
    return None


def _reach(
    labels: NDArray[np.integer],
    artists: NDArray[np.int64],
    parts: list[NDArray[np.int64]],
    shares: list[_Float],
    cluster: int,
) -> float:
    """Half the interval of the change of one cluster's share, artists taken as wholes; at most 1."""
    from scipy.special import stdtrit

    added = np.zeros(int(artists.max()) + 1)
    for sign, rows, share in zip((-1.0, 1.0), parts, shares, strict=True):
        apart = (labels[rows] == cluster) - share[cluster]
        added += sign * np.bincount(artists[rows], weights=apart, minlength=len(added)) / len(rows)
    squares = np.square(added)
    variance = float(squares.sum())
    if variance <= 1e-24:  # none, or all of both spans
        return 0.0
    degrees = variance**2 / float(np.square(squares).sum())
    return float(min(stdtrit(degrees, _UPPER) * np.sqrt(variance), 1.0))


def _trend(low: float, high: float, before: float) -> str:
    """What may be said of a change that lies between two ends."""
    small = _SMALL * before
    if low >= -small and high <= small:
        return "steady"
    if low > 0:
        return "growing"
    return "shrinking" if high < 0 else "unclear"
