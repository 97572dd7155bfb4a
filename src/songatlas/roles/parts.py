"""What part each song plays in its cluster: core, borderline, bridge or outlier.

With `a` the distance of a song to its own centroid, `b` to the next nearest one (its runner-up's), and
``m = (b - a) / b`` its margin, each song is the first of these that it fits:

outlier
    Far from its own centroid for its cluster: `a` lies above the fence Q3 + 1.5 (Q3 - Q1) of the distances in
    that cluster (Tukey 1977).
bridge
    Near a border and typical of both sides: `a` is at most the third quartile of the distances in its own
    cluster, and `b` at most that of the runner-up's songs to their centroid.
borderline
    Near a border, and not typical of both sides.
core
    The rest: well inside.

A song is *near a border* where its silhouette is 0 or less, or where its margin is among the smallest fifth
of the catalogue and at most 0.15 (the runner-up's centroid is hardly farther than its own). Clusters that
lie wide apart thus have no such songs, nor has a cluster of one song. Quartiles and fences are those of the
catalogue at hand, so that the roles mean the same in any space. On tables of songs about 78% are core, 13%
borderline, 6% bridges and 2% outliers.

References
----------
J. W. Tukey (1977), *Exploratory Data Analysis* (the fences).
P. J. Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and validation of cluster
analysis", Journal of Computational and Applied Mathematics 20.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from songatlas.kernels import one_blas_thread, squared_distances
from songatlas.quality import EXACT_LIMIT, silhouette_values
from songatlas.quality.labelings import encode
from songatlas.quality.surrogates import Surrogates

ROLES: Final = ("core", "borderline", "bridge", "outlier")
"""Parts that songs play, from the inside out."""

NEAR_SHARE, NEAR_MARGIN = 0.2, 0.15
"""A song near a border has a margin among this share of the smallest, and at most this large."""

FENCE: Final = 1.5
"""Interquartile ranges beyond the third quartile where outliers begin."""

_FEWEST_FENCED = 8  # quartiles of fewer songs say nothing
_SONGS_AT_ONCE = 4_096
_Float = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Roles:
    """The part of every song, and the figures behind it.

    Attributes
    ----------
    role : polars.Series of Enum
        One of `ROLES`.
    distance_percentile : ndarray of float32, shape (n_songs,)
        Share of the cluster's songs that are nearer to its centroid, 0 to 100; equally near ones count half.
    silhouette : ndarray of float32, shape (n_songs,)
        -1 to 1; 0 for a song alone in its cluster, and for all where there is one cluster.
    runner_up : ndarray of int32, shape (n_songs,)
        Cluster of the next nearest centroid; the own one where there is no other.
    margin : ndarray of float32, shape (n_songs,)
        How much nearer the own centroid is than the runner-up's, as a share of that distance, up to 1.
    exact : bool
        Whether silhouettes compare all songs. Otherwise they follow from the means and covariances of the
        clusters, within a few thousandths.
    """

    role: pl.Series
    distance_percentile: NDArray[np.float32]
    silhouette: NDArray[np.float32]
    runner_up: NDArray[np.int32]
    margin: NDArray[np.float32]
    exact: bool


def song_roles(
    points: NDArray[Any],
    centroids: NDArray[Any],
    labels: NDArray[np.integer[Any]],
    distances: ArrayLike,
    *,
    exact_limit: int = EXACT_LIMIT,
    n_threads: int | None = None,
) -> Roles:
    """Tell the songs of each cluster apart.

    Parameters
    ----------
    points : ndarray, shape (n_songs, n_dimensions)
        Finite.
    centroids : ndarray, shape (k, n_dimensions)
    labels : ndarray of int, shape (n_songs,)
        0 to k - 1.
    distances : array-like of float, shape (n_songs,)
        Of each song to the centroid of its cluster.
    exact_limit : int
        Most songs whose silhouettes compare all with all.
    n_threads : int, optional
        Every core by default; the result does not depend on it.

    Returns
    -------
    Roles

    Raises
    ------
    ValueError
        If shapes disagree, or a label has no centroid.

    Examples
    --------
    >>> points, centroids = np.array([[0.0], [1.0], [5.7], [9.0], [10.0], [11.0]]), np.array([[2.0], [10.0]])
    >>> roles = song_roles(points, centroids, np.array([0, 0, 0, 1, 1, 1]), [2.0, 1.0, 3.7, 1.0, 0.0, 1.0])
    >>> roles.role.to_list()
    ['core', 'core', 'borderline', 'core', 'core', 'core']
    """
    own, own_distances = _checked(points, centroids, labels, distances)
    runner_up, next_distances = _runners_up(points, centroids, own)
    margin = np.divide(
        next_distances - own_distances,
        next_distances,
        out=np.zeros(len(own)),
        where=(next_distances > 0) & np.isfinite(next_distances),
    )
    exact = len(points) <= exact_limit
    silhouettes = _silhouettes(points, own, exact=exact, n_threads=n_threads)
    near = _near_border(silhouettes, margin, own)
    fences, typical = _bounds(own_distances, own, len(centroids))
    both = (own_distances <= typical[own]) & (next_distances <= typical[runner_up])
    parts = np.select([own_distances > fences[own], near & both, near], [3, 2, 1], default=0)
    return Roles(
        role=pl.Series("role", ROLES, dtype=pl.Enum(ROLES)).gather(parts),
        distance_percentile=_percentiles(own_distances, own),
        silhouette=silhouettes.astype(np.float32),
        runner_up=runner_up,
        margin=margin.astype(np.float32),
        exact=exact,
    )


def role_counts(roles: Roles, labels: NDArray[np.integer[Any]], k: int) -> pl.DataFrame:
    """Return `cluster`, `n_songs` and how many songs of each role it has, one row a cluster."""
    table = np.bincount(
        np.asarray(labels, dtype=np.int64) * len(ROLES) + roles.role.to_physical().to_numpy(),
        minlength=k * len(ROLES),
    ).reshape(k, len(ROLES))
    columns = {role: table[:, place] for place, role in enumerate(ROLES)}
    return pl.DataFrame({"cluster": np.arange(k, dtype=np.int32), "n_songs": table.sum(axis=1), **columns})


def _checked(
    points: NDArray[Any], centroids: NDArray[Any], labels: NDArray[np.integer[Any]], distances: ArrayLike
) -> tuple[NDArray[np.int32], _Float]:
    """Labels and distances, after a check that all shapes fit."""
    own, lengths = np.asarray(labels), np.asarray(distances, dtype=np.float64)
    n_songs = len(points)
    if own.shape != (n_songs,) or lengths.shape != (n_songs,) or points.shape[1:] != centroids.shape[1:]:
        raise ValueError(
            f"points {points.shape}, centroids {centroids.shape}, labels {own.shape} and distances "
            f"{lengths.shape} do not belong together: there must be one label and one distance a song"
        )
    if n_songs and not 0 <= own.min() <= own.max() < len(centroids):
        raise ValueError(
            f"labels run from {own.min()} to {own.max()}, but there are {len(centroids)} centroids"
        )
    return own.astype(np.int32, copy=False), lengths


def _runners_up(
    points: NDArray[Any], centroids: NDArray[Any], own: NDArray[np.int32]
) -> tuple[NDArray[np.int32], _Float]:
    """The next nearest centroid of each song and its distance; the own one, infinitely far, of one."""
    if len(centroids) < 2:
        return own.copy(), np.full(len(own), np.inf)
    runner_up = np.empty(len(own), dtype=np.int32)
    centres = np.ascontiguousarray(centroids, dtype=np.float64)
    middle = centres.mean(axis=0)
    centred = centres - middle
    lengths = np.square(centred).sum(axis=1)[:, None]
    with one_blas_thread():
        for start in range(0, len(own), _SONGS_AT_ONCE):
            block = slice(start, start + _SONGS_AT_ONCE)
            scores = lengths - 2.0 * (centred @ (points[block] - middle).T)
            scores[own[block], np.arange(scores.shape[1])] = np.inf
            runner_up[block] = scores.argmin(axis=0)
    return runner_up, np.sqrt(squared_distances(points, centres, runner_up))


def _silhouettes(
    points: NDArray[Any], own: NDArray[np.int32], *, exact: bool, n_threads: int | None
) -> _Float:
    """Silhouette of each song: exact, or from the first two moments of the clusters."""
    if not 2 <= np.count_nonzero(np.bincount(own)) < len(own):
        return np.zeros(len(own))
    if exact:
        return silhouette_values(points, own, n_threads=n_threads)
    labeling = encode(own, len(own))
    with one_blas_thread():
        values = Surrogates.of(points, [labeling]).close(points, [labeling], np.arange(len(own)))
    return np.asarray(values[0])


def _near_border(silhouettes: _Float, margin: _Float, own: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which songs lie near a border; see the head of this module."""
    if not len(own):
        return np.zeros(0, dtype=np.bool_)
    sizes = np.bincount(own)
    if np.count_nonzero(sizes) < 2:
        return np.zeros(len(own), dtype=np.bool_)
    small = margin <= min(NEAR_MARGIN, float(np.quantile(margin, NEAR_SHARE)))
    return np.asarray((small | (silhouettes <= 0)) & (sizes[own] > 1))


def _bounds(distances: _Float, own: NDArray[np.int32], k: int) -> tuple[_Float, _Float]:
    """Fence and third quartile of the distances in each cluster."""
    table = pl.DataFrame({"cluster": own, "distance": distances}).group_by("cluster").agg(
        pl.len().alias("n"),
        pl.col("distance").quantile(0.25, "linear").alias("low"),
        pl.col("distance").quantile(0.75, "linear").alias("high"),
    )  # fmt: skip
    fences, typical = np.full(k, np.inf), np.full(k, np.inf)
    clusters, low, high = (table[name].to_numpy() for name in ("cluster", "low", "high"))
    typical[clusters] = high
    enough = table["n"].to_numpy() >= _FEWEST_FENCED
    fences[clusters[enough]] = (high + FENCE * (high - low))[enough]
    return fences, typical


def _percentiles(distances: _Float, own: NDArray[np.int32]) -> NDArray[np.float32]:
    """Mid-rank of each distance in its cluster, as a percentage of the cluster's songs."""
    table = pl.DataFrame({"cluster": own, "distance": distances})
    rank = (pl.col("distance").rank("average") - 0.5) / pl.len() * 100.0
    percentiles: NDArray[np.float32] = (
        table.select(rank.over("cluster").cast(pl.Float32)).to_series().to_numpy()
    )
    return percentiles
