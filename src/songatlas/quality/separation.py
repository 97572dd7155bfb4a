"""The silhouette: how much nearer a song is to its own cluster than to the next one.

For one song, with `a` its mean distance to the other songs of its cluster and `b` its mean distance to
the songs of the nearest other cluster, the silhouette is `(b - a) / max(a, b)`; a song alone in its
cluster has 0. The silhouette of a clustering is the mean over all songs.

Up to `EXACT_LIMIT` songs it is computed as defined. Above, three figures of a song are measured, each the
dearer and the better: the silhouette made of root mean square distances to clusters for all songs; one
corrected by the variance of squared distances for tens of thousands; the silhouette itself, against *all*
songs, for a sample of queries. Each tells the mean of the next by regression, with one intercept for every
cluster. The estimate is as good as unbiased, and its interval is narrow because the three differ little.

Conventions
-----------
`points` is `(n_songs, n_dimensions)`, finite; `labels` is `(n_songs,)`, any integers. Arithmetic is
float64. The same seed and rows give the same queries; where rows are sorted by `song_id`, as in an
atlas, the order of the input does not matter.

References
----------
P. J. Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and validation of cluster
analysis", Journal of Computational and Applied Mathematics 20.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from songatlas.kernels import one_blas_thread, silhouette_table, splitmix, thread_count
from songatlas.quality.labelings import Labeling, check_points, encode
from songatlas.quality.regression import Mean, Strata, regression_mean
from songatlas.quality.surrogates import Surrogates

EXACT_LIMIT = 20_000
N_QUERIES = 1_000
MIN_QUERIES = 30
_NORMAL_95 = 1.959963984540054
_CLOSE_ROWS = 32_768  # songs whose silhouette is approximated closely


@dataclass(frozen=True)
class Estimate:
    """A figure with the interval that goes with it.

    Attributes
    ----------
    value : float
        The figure.
    low, high : float
        Ends of its interval; both equal `value` where it is exact.
    exact : bool
        Whether every song took part, so that nothing is estimated.
    n_queries : int
        How many songs (or, for stability, pairs of clusterings) the figure was made from.
    """

    value: float
    low: float
    high: float
    exact: bool
    n_queries: int


def silhouette(
    points: NDArray[Any],
    labels: ArrayLike,
    *,
    exact: bool | None = None,
    n_queries: int = N_QUERIES,
    exact_limit: int = EXACT_LIMIT,
    seed: int = 0,
    n_threads: int | None = None,
) -> Estimate:
    """Return the mean silhouette of one clustering, with its 95% interval.

    Parameters
    ----------
    points : array of shape (n_songs, n_dimensions)
        Finite coordinates.
    labels : array of int, shape (n_songs,)
        Cluster of each song; at least 2 clusters and at most `n_songs - 1`.
    exact : bool or None
        True compares all songs with all songs, False estimates; None is exact up to `exact_limit` songs.
    n_queries : int
        Songs in the sample of an estimate, at least 30; a sample of all songs is exact.
    exact_limit : int
        Most songs that are computed exactly when `exact` is None.
    seed : int
        Seed of the sample.
    n_threads : int or None
        Threads of the kernel, all cores where None. The value does not depend on it.

    Raises
    ------
    ValueError
        If shapes disagree, a coordinate is not finite, or the number of clusters leaves nothing to compare.

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> round(silhouette(points, [0, 0, 1, 1]).value, 3)
    0.9
    """
    return silhouettes(
        points,
        [labels],
        exact=exact,
        n_queries=n_queries,
        exact_limit=exact_limit,
        seed=seed,
        n_threads=n_threads,
    )[0]


def silhouettes(
    points: NDArray[Any],
    labelings: Sequence[ArrayLike],
    *,
    exact: bool | None = None,
    n_queries: int = N_QUERIES,
    exact_limit: int = EXACT_LIMIT,
    seed: int = 0,
    n_threads: int | None = None,
) -> list[Estimate]:
    """Return the mean silhouettes of several clusterings of the same songs.

    Distances are computed once and serve every clustering, so that a whole sweep costs little more
    than one. All clusterings share the sample, so that their differences are surer than their values.
    Parameters and errors are those of `silhouette`.
    """
    if n_queries < MIN_QUERIES:
        raise ValueError(f"n_queries is {n_queries}, but an interval needs at least {MIN_QUERIES} songs")
    points = check_points(points)
    encoded = [encode(labels, len(points)) for labels in labelings]
    if not encoded:
        return []
    if exact is None:
        exact = len(points) <= exact_limit
    if exact or n_queries >= len(points):
        table = _table(points, np.arange(len(points)), encoded, n_threads)
        return [_exact(float(values.mean()), len(points)) for values in table]
    rows = sampled_rows(len(points), n_queries, seed=seed)
    table = _table(points, rows, encoded, n_threads)
    with one_blas_thread():  # so that no digit depends on how many threads the machine offers
        return _estimates(points, encoded, table, rows, sampled_rows(len(points), _CLOSE_ROWS, seed=seed))


def silhouette_values(
    points: NDArray[Any],
    labels: ArrayLike,
    *,
    rows: ArrayLike | None = None,
    n_threads: int | None = None,
) -> NDArray[np.float64]:
    """Return the silhouette of each song, or of the songs in `rows`, compared with all songs.

    Parameters
    ----------
    points, labels, n_threads
        As for `silhouette`.
    rows : array of int or None
        Row numbers of the songs wanted, in any order; None takes all.

    Returns
    -------
    array of float64, shape (n_songs,) or (len(rows),)
        From -1 (nearer to another cluster) to 1.

    Raises
    ------
    ValueError
        As for `silhouette`, or if a row number does not exist.
    """
    points = check_points(points)
    labeling = encode(labels, len(points))
    wanted = np.arange(len(points)) if rows is None else np.asarray(rows, dtype=np.int64)
    if wanted.ndim != 1 or (wanted.size and not 0 <= wanted.min() <= wanted.max() < len(points)):
        raise ValueError(f"rows must be a list of row numbers from 0 to {len(points) - 1}")
    values: NDArray[np.float64] = _table(points, wanted, [labeling], n_threads)[0]
    return values


def sampled_rows(n_songs: int, n_sampled: int, *, seed: int) -> NDArray[np.int64]:
    """Return `n_sampled` distinct row numbers, rising, drawn by a hash of row number and seed.

    Examples
    --------
    >>> rows = sampled_rows(1000, 10, seed=1)
    >>> len(set(rows.tolist())), bool((rows == sampled_rows(1000, 10, seed=1)).all())
    (10, True)
    """
    if n_sampled >= n_songs:
        return np.arange(n_songs, dtype=np.int64)
    hashed = splitmix(
        np.arange(n_songs, dtype=np.uint64) ^ splitmix(np.array([seed % 2**64], dtype=np.uint64))
    )
    return np.sort(np.argpartition(hashed, n_sampled)[:n_sampled])


def _exact(value: float, n_songs: int) -> Estimate:
    """An estimate that is none."""
    return Estimate(value=value, low=value, high=value, exact=True, n_queries=n_songs)


def _table(
    points: NDArray[Any], rows: NDArray[np.int64], labelings: Sequence[Labeling], n_threads: int | None
) -> NDArray[np.float64]:
    """Silhouettes of `rows`, one line a labeling."""
    codes = [labeling.codes for labeling in labelings]
    ks = [labeling.k for labeling in labelings]
    return silhouette_table(points, rows, codes, ks, n_threads=thread_count(n_threads))


def _estimates(
    points: NDArray[Any],
    labelings: Sequence[Labeling],
    table: NDArray[np.float64],
    rows: NDArray[np.int64],
    close_rows: NDArray[np.int64],
) -> list[Estimate]:
    """The estimates that follow from the silhouettes of `rows`, which are among `close_rows`."""
    surrogates = Surrogates.of(points, labelings)
    totals, rough = np.zeros(len(labelings)), np.empty((len(labelings), len(close_rows)))
    for start, values in surrogates.rough(points, labelings):
        totals += values.sum(axis=1, dtype=np.float64)
        first, last = np.searchsorted(close_rows, [start, start + values.shape[1]])
        rough[:, first:last] = values[:, close_rows[first:last] - start]
    close = surrogates.close(points, labelings, close_rows)
    queries = np.searchsorted(close_rows, rows)
    estimates = []
    for place, labeling in enumerate(labelings):
        of_all = Mean(value=float(totals[place] / len(points)), error=0.0)
        figures = np.stack([rough[place], close[place]])
        of_close = regression_mean(close[place], figures[:1], [of_all], Strata.of(labeling, close_rows))
        strata = Strata.of(labeling, rows)
        mean = regression_mean(table[place], figures[:, queries], [of_all, of_close], strata)
        estimates.append(_within_bounds(mean, len(rows)))
    return estimates


def _within_bounds(mean: Mean, n_queries: int) -> Estimate:
    """The 95% interval, never beyond -1 and 1."""
    low, value, high = np.clip(mean.value + _NORMAL_95 * mean.error * np.array([-1.0, 0.0, 1.0]), -1.0, 1.0)
    return Estimate(value=float(value), low=float(low), high=float(high), exact=False, n_queries=n_queries)
