"""The silhouette: how much nearer a song is to its own cluster than to the next one.

For one song, with `a` its mean distance to the other songs of its cluster and `b` its mean distance to
the songs of the nearest other cluster, the silhouette is `(b - a) / max(a, b)`; a song alone in its
cluster has 0. The silhouette of a clustering is the mean over all songs.

Up to `EXACT_LIMIT` songs it is computed as defined. Above, a sample of query songs is compared with
*all* songs, and the sample's mean is corrected by what is cheap for every song: its cluster, and the
silhouette made of root mean square distances to clusters, which need only centroids and spreads. The
estimate is as good as unbiased, and its interval is narrow because the two silhouettes of a song differ
little.

Conventions
-----------
`points` is `(n_songs, n_dimensions)`, finite; `labels` is `(n_songs,)`, any integers. Arithmetic is
float64. The same seed and rows give the same queries; where rows are sorted by `song_id`, as in an
atlas, the order of the input does not matter.

References
----------
P. J. Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and validation of cluster
analysis", Journal of Computational and Applied Mathematics 20.
W. G. Cochran (1977), *Sampling Techniques*, chapters 5A and 7 (strata, regression estimators).
J. G. MacKinnon, H. White (1985), "Some heteroskedasticity-consistent covariance matrix estimators with
improved finite sample properties", Journal of Econometrics 29 (the interval: residuals by leverage).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from songatlas.kernels import cluster_spreads, silhouette_table
from songatlas.kernels.reference_silhouette import contrast
from songatlas.kernels.threads import one_blas_thread, thread_count
from songatlas.quality.labelings import Labeling, check_points, encode, mean_by_cluster

EXACT_LIMIT = 20_000
N_QUERIES = 2_000
MIN_QUERIES = 30
_NORMAL_95 = 1.959963984540054
_ROWS_AT_ONCE = 16_384
_QUERIES_A_STRATUM = 20
_MOST_LEVERAGE = 0.9


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


@dataclass(frozen=True)
class Strata:
    """Groups of clusters that the sample of an estimate is weighted by: group of each query, true shares."""

    of_queries: NDArray[np.intp]
    shares: NDArray[np.float64]
    n_songs: int


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
        return [
            _corrected(values, *_rms_silhouettes(points, labeling, rows), _strata(labeling, rows))
            for values, labeling in zip(table, encoded, strict=True)
        ]


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
    hashed = _splitmix(
        np.arange(n_songs, dtype=np.uint64) ^ _splitmix(np.array([seed % 2**64], dtype=np.uint64))
    )
    return np.sort(np.argpartition(hashed, n_sampled)[:n_sampled])


def _splitmix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The splitmix64 finalizer: a bijection, so that no two rows of a table share a hash."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


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


def _rms_silhouettes(
    points: NDArray[Any], labeling: Labeling, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], float]:
    """Silhouettes from root mean square distances: those of `rows`, and the mean over all songs."""
    centroids = mean_by_cluster(points, labeling)
    spreads = cluster_spreads(points, centroids, labeling.codes)[0] / labeling.sizes
    total, taken = 0.0, np.empty(len(rows))
    for start in range(0, len(points), _ROWS_AT_ONCE):
        block = slice(start, start + _ROWS_AT_ONCE)
        own = labeling.codes[block]
        squares = _squared_distances(points[block].astype(np.float64), centroids) + spreads
        others = labeling.sizes[own] / np.maximum(labeling.sizes[own] - 1, 1)
        within = np.sqrt(squares[np.arange(len(own)), own] * others)
        values = contrast(within, np.sqrt(squares), own, labeling.sizes)
        total += float(values.sum())
        first, last = np.searchsorted(rows, [start, start + _ROWS_AT_ONCE])
        taken[first:last] = values[rows[first:last] - start]
    return taken, total / len(points)


def _squared_distances(points: NDArray[np.float64], centroids: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distances (n, k) by the dot form, never below 0."""
    middle = centroids.mean(axis=0)
    points, centroids = points - middle, centroids - middle
    squares: NDArray[np.float64] = points @ (-2.0 * centroids.T)
    squares += np.einsum("ij,ij->i", points, points)[:, None]
    squares += np.einsum("ij,ij->i", centroids, centroids)
    never_below: NDArray[np.float64] = np.maximum(squares, 0.0)
    return never_below


def _corrected(
    measured: NDArray[np.float64], cheap: NDArray[np.float64], cheap_mean: float, strata: Strata
) -> Estimate:
    """The regression estimator of the mean silhouette on cluster and cheap silhouette, and its interval."""
    design = np.column_stack([np.eye(len(strata.shares))[strata.of_queries], cheap - cheap_mean])
    weights = np.linalg.pinv(design).T
    of_value = weights @ np.append(strata.shares, 0.0)
    leverage = np.einsum("ij,ij->i", design, weights)
    residuals = (measured - design @ (measured @ weights)) / (1.0 - np.minimum(leverage, _MOST_LEVERAGE))
    n_queries = len(measured)
    error = float(np.sqrt(np.square(of_value * residuals).sum() * (1.0 - n_queries / strata.n_songs)))
    value = float(measured @ of_value)
    return Estimate(
        value=min(1.0, max(-1.0, value)),
        low=max(-1.0, value - _NORMAL_95 * error),
        high=min(1.0, value + _NORMAL_95 * error),
        exact=False,
        n_queries=n_queries,
    )


def _strata(labeling: Labeling, rows: NDArray[np.int64]) -> Strata:
    """Clusters with enough queries, each for itself; all others together with the smallest of them."""
    queries = np.bincount(labeling.codes[rows], minlength=labeling.k)
    own = np.flatnonzero(queries >= _QUERIES_A_STRATUM)
    stratum = np.full(labeling.k, max(len(own) - 1, 0))
    stratum[own[np.argsort(-queries[own], kind="stable")]] = np.arange(len(own))
    sizes = np.bincount(stratum, weights=labeling.sizes)
    n_songs = int(labeling.sizes.sum())
    return Strata(of_queries=stratum[labeling.codes[rows]], shares=sizes / n_songs, n_songs=n_songs)
