"""Is there structure at all? The gap to clouds without clusters, and the valleys between clusters.

The gap compares how tightly songs are held with how tightly songs without clusters would be: a figure above
0 says tighter than in any such cloud. Valleys ask whether songs thin out between two neighbouring centroids.
In one Gaussian, evenly in a box or a ball, and wherever else the logarithm of the density is concave, they
never do: the songs whose two nearest centroids are the same two fill a convex region, so their density
along the line between both centroids has one peak. Both are judged on songs that the centroids were not
fitted to, or against clouds clustered in the same way, so that what a fit always finds does not count.

References
----------
R. Tibshirani, G. Walther, T. Hastie (2001), "Estimating the number of clusters in a data set via the gap
statistic", Journal of the Royal Statistical Society B 63.
A. Prékopa (1973), "On logarithmic concave measures and functions", Acta Scientiarum Mathematicarum 34.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from songatlas.quality.separation import Estimate

_Float = NDArray[np.float64]

_WIDTH = 2.0  # standard errors that an interval reaches to each side
_HALF_WINDOW = 0.1  # of the distance between two centroids, in which songs are counted
_CORES = (0.5, 0.35)  # how far from the border a core lies, in the same unit
_ONE_OF_MANY = 1.5  # standard errors by which the deepest of many valleys must be surer
_ROWS_AT_ONCE = 4_096


def gaps(songs: _Float, clouds: Mapping[str, _Float]) -> list[Estimate]:
    """Return, for every k, how much tighter songs are held than any cloud without clusters.

    Parameters
    ----------
    songs : ndarray of float64, shape (n_ks,)
        Inertia as a share of the scatter.
    clouds : mapping of str to ndarray of float64, shape (n_draws, n_ks)
        The same of clouds of one or more kinds.

    Returns
    -------
    list of Estimate
        Differences of logarithms, the smallest over the kinds: 0.1 is a tenth tighter. With one cluster
        the gap is 0. The interval is two standard errors of a draw to each side.

    Examples
    --------
    >>> gaps(np.array([0.5]), {"box": np.array([[1.0], [1.0]])})[0].value.round(3)
    np.float64(0.693)
    """
    logs = {name: np.log(drawn) for name, drawn in clouds.items()}
    found = np.min([drawn.mean(axis=0) for drawn in logs.values()], axis=0) - np.log(songs)
    n_draws = min(len(drawn) for drawn in logs.values())
    error = 0.0
    if n_draws > 1 and len(songs):
        variances = [drawn.var(axis=0, ddof=1).mean() for drawn in logs.values()]
        error = float(np.sqrt(np.mean(variances) * (1 + 1 / n_draws)))
    reach = _WIDTH * error
    return [
        Estimate(value=value, low=value - reach, high=value + reach, exact=False, n_queries=n_draws)
        for value in found
    ]


@dataclass(frozen=True)
class PairCounts:
    """Songs in the cores of two neighbouring clusters and between them, one entry a pair.

    Attributes
    ----------
    cores : ndarray of int64, shape (n_pairs,)
        Of the thinner core of the two.
    between : ndarray of int64, shape (n_pairs,)
        In a window of the same width on the border.
    """

    cores: NDArray[np.int64]
    between: NDArray[np.int64]


@dataclass(frozen=True)
class Valley:
    """How much songs thin out between neighbouring clusters.

    Attributes
    ----------
    value : float
        1 where none lie between, 0 where as many as in the cores, towards -1 where more.
    low, high : float
        Its 95% interval.
    surety : float
        Standard errors by which there are valleys, those of all pairs together or the deepest alone.
    """

    value: float
    low: float
    high: float
    surety: float


def count_pairs(points: NDArray[np.floating[Any]], centroids: _Float) -> PairCounts:
    """Count songs in cores and on borders, for every two centroids that are the nearest two of a song.

    Parameters
    ----------
    points : ndarray, shape (n_songs, n_dimensions)
        Songs that the centroids were not fitted to.
    centroids : ndarray of float64, shape (k, n_dimensions)
        At least two.
    """
    k = len(centroids)
    n_cells = k * k
    gaps_squared = np.square(centroids[:, None, :] - centroids[None, :, :]).sum(axis=2)
    between = np.zeros(n_cells, dtype=np.int64)
    cores = np.zeros((len(_CORES), n_cells), dtype=np.int64)
    for start in range(0, len(points), _ROWS_AT_ONCE):
        cells, places = _places(points[start : start + _ROWS_AT_ONCE], centroids, gaps_squared)
        between += np.bincount(cells[places <= _HALF_WINDOW], minlength=n_cells)
        for line, middle in zip(cores, _CORES, strict=True):
            line += np.bincount(cells[np.abs(places - middle) <= _HALF_WINDOW], minlength=n_cells)
    first, second = np.triu_indices(k, k=1)
    sides = cores.max(axis=0).reshape(k, k)
    borders = between.reshape(k, k)
    thinner = np.minimum(sides[first, second], sides[second, first])
    on_border = borders[first, second] + borders[second, first]
    seen = thinner + on_border > 0
    return PairCounts(cores=thinner[seen], between=on_border[seen])


def valley_of(counts: Sequence[PairCounts]) -> Valley:
    """Return how much songs thin out between clusters, by counts of one or more parts of the songs."""
    cores = np.concatenate([each.cores for each in counts])
    between = np.concatenate([each.between for each in counts])
    seen = int(cores.sum() + between.sum())
    if not seen:
        return Valley(value=0.0, low=-1.0, high=1.0, surety=0.0)
    fewer = int(cores.sum() - between.sum())
    value = fewer / seen
    reach = 1.96 * float(np.sqrt((1 - value**2) / seen))
    deepest = float(((cores - between) / np.sqrt(cores + between)).max())
    surety = max(fewer / float(np.sqrt(seen)), deepest - _ONE_OF_MANY)
    return Valley(value=value, low=max(-1.0, value - reach), high=min(1.0, value + reach), surety=surety)


def _places(
    points: NDArray[np.floating[Any]], centroids: _Float, gaps_squared: _Float
) -> tuple[NDArray[np.int64], _Float]:
    """Number of the pair (nearest, next), and how far from the border: 0.5 is level with the centroid."""
    squares = np.square(centroids).sum(axis=1) - 2.0 * (points.astype(np.float64) @ centroids.T)
    every = np.arange(len(points))
    nearest = squares.argmin(axis=1)
    lowest = squares[every, nearest]
    squares[every, nearest] = np.inf
    runner_up = squares.argmin(axis=1)
    apart = gaps_squared[nearest, runner_up]
    places = (squares[every, runner_up] - lowest) / np.where(apart > 0, 2.0 * apart, 1.0)
    return nearest * len(centroids) + runner_up, places
