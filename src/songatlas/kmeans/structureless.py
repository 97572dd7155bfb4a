"""Clouds without clusters but with the spread of the songs, clustered as the songs are: what to beat.

K-means divides any cloud. How tightly it holds the songs says something only beside how tightly it holds
songs that were drawn without clusters, with the same place, spread and number. No single cloud will do:
the songs may be heavier or lighter at the edges than a Gaussian, correlated, skewed. So there are several.

References
----------
R. Tibshirani, G. Walther, T. Hastie (2001), "Estimating the number of clusters in a data set via the gap
statistic", Journal of the Royal Statistical Society B 63 (which has the two boxes).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from songatlas import kernels
from songatlas.kmeans.clustering import Floats, checked_points
from songatlas.kmeans.inertia import scatter
from songatlas.kmeans.search import Search
from songatlas.kmeans.starts import sample_rows

SAMPLE_SONGS = 2000
MOST_CLUSTERS = 64  # beyond, a sample has too few songs a cluster
LEAST_CLUSTER = 4  # songs of the sample for each cluster
SAMPLE = 1_000  # purpose of the sample, so that it is not one of those for stability
NOTHING_LEFT = 1e-12  # share of the scatter below which songs lie on their centroids


@dataclass(frozen=True)
class SharesLeft:
    """Inertia as a share of the scatter, for the songs and for clouds without clusters.

    Attributes
    ----------
    ks : tuple of int
        Rising; those that a sample is large enough for.
    songs : ndarray of float64, shape (n_ks,)
        Above 0, up to 1.
    clouds : mapping of str to ndarray of float64, shape (n_draws, n_ks)
        By the names of `CLOUDS`.
    """

    ks: tuple[int, ...]
    songs: Floats
    clouds: Mapping[str, Floats]


def compare_with_clouds(
    points: npt.ArrayLike,
    ks: Sequence[int],
    *,
    n_draws: int = 2,
    seed: int = 0,
    n_threads: int | None = None,
) -> SharesLeft:
    """Cluster a sample of the songs, and clouds of as many songs without clusters, for every k.

    Parameters
    ----------
    points : array-like of float, shape (n_songs, n_dimensions)
        Finite, in an order made from the songs themselves.
    ks : sequence of int
    n_draws : int
        Clouds of each kind.
    seed : int
    n_threads : int, optional
        Every core by default; the result does not depend on it.

    Returns
    -------
    SharesLeft

    Raises
    ------
    ValueError
        When a value of a point is not finite.
    """
    array = checked_points(points)
    rows = sample_rows(len(array), SAMPLE_SONGS, seed=seed, purpose=SAMPLE)
    sample = array[rows].astype(np.float64)
    most = min(MOST_CLUSTERS, len(sample) // LEAST_CLUSTER)
    wanted = tuple(k for k in sorted(set(ks)) if k <= most)
    draws = [(name, draw) for draw in range(n_draws) for name in CLOUDS]
    stop = kernels.Stop()

    def shares_of(each: tuple[str, int] | None) -> Floats:
        if each is None:
            return _shares_left(sample, wanted, seed, stop)
        name, draw = each
        random = np.random.default_rng((seed, SAMPLE, draw, *name.encode()))
        return _shares_left(CLOUDS[name](sample, random), wanted, seed, stop)

    with kernels.one_blas_thread():
        jobs = chain((None,), draws)
        threads = kernels.thread_count(n_threads)
        with closing(kernels.map_in_order(shares_of, jobs, n_threads=threads, stop=stop)) as found:
            songs, *clouds = found
    by_name = {
        name: np.array([share for (own, _), share in zip(draws, clouds, strict=True) if own == name])
        for name in CLOUDS
    }
    return SharesLeft(wanted, songs, MappingProxyType(by_name))


def _shares_left(points: Floats, ks: Sequence[int], seed: int, stop: kernels.Stop) -> Floats:
    """The inertia of the best clustering of a short search, as shares of the scatter."""
    total = scatter(kernels.Rows.of(points)) if len(points) else 0.0
    if not ks or total == 0:
        return np.full(len(ks), NOTHING_LEFT)
    search = Search(points.astype(np.float32), ks, n_kept=1, seed=seed, stop=stop)
    search.seed_anew()
    search.learn_from_neighbours()
    search.learn_from_neighbours()
    return np.maximum([search.found[k][0].inertia / total for k in ks], NOTHING_LEFT)


def _axes_of(points: Floats) -> tuple[Floats, Floats]:
    """Standard deviations along the principal axes, and the axes in columns."""
    variances, axes = np.linalg.eigh(np.atleast_2d(np.cov(points.T, bias=True)))
    return np.sqrt(np.maximum(variances, 0.0)), axes


def _gaussian(points: Floats, random: np.random.Generator) -> Floats:
    """One Gaussian with the covariance of the songs."""
    deviations, axes = _axes_of(points)
    drawn: Floats = points.mean(axis=0) + (random.normal(size=points.shape) * deviations) @ axes.T
    return drawn


def _ellipsoid(points: Floats, random: np.random.Generator) -> Floats:
    """Evenly in the ellipsoid with the covariance of the songs."""
    n_dimensions = points.shape[1]
    deviations, axes = _axes_of(points)
    ways = random.normal(size=points.shape)
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    radii = random.uniform(size=(len(points), 1)) ** (1 / n_dimensions) * np.sqrt(n_dimensions + 2)
    drawn: Floats = points.mean(axis=0) + (ways * radii * deviations) @ axes.T
    return drawn


def _box(points: Floats, random: np.random.Generator) -> Floats:
    """Evenly in the box of the coordinates."""
    return random.uniform(points.min(axis=0), points.max(axis=0), size=points.shape)


def _turned_box(points: Floats, random: np.random.Generator) -> Floats:
    """Evenly in the box of the principal axes."""
    axes = _axes_of(points)[1]
    return _box(points @ axes, random) @ axes.T


def _same_values(points: Floats, random: np.random.Generator) -> Floats:
    """The very values of every coordinate, brought together anew: correlated as before, no more."""
    return _values_like(_gaussian, points, random)


def _same_values_boxed(points: Floats, random: np.random.Generator) -> Floats:
    """The very values of every coordinate, brought together anew as in a box of slanted axes."""
    return _values_like(_turned_box, points, random)


def _values_like(
    draw: Callable[[Floats, np.random.Generator], Floats], points: Floats, random: np.random.Generator
) -> Floats:
    """Draw songs by the ranks of their values, and give every rank its value back."""
    ranks = np.argsort(np.argsort(points, axis=0, kind="stable"), axis=0, kind="stable")
    scores = np.take_along_axis(np.sort(random.normal(size=points.shape), axis=0), ranks, axis=0)
    drawn = draw(scores, random)
    places = np.argsort(np.argsort(drawn, axis=0, kind="stable"), axis=0, kind="stable")
    return np.take_along_axis(np.sort(points, axis=0), places, axis=0)


CLOUDS: Mapping[str, Callable[[Floats, np.random.Generator], Floats]] = MappingProxyType(
    {
        "gaussian": _gaussian,
        "ellipsoid": _ellipsoid,
        "box": _box,
        "turned_box": _turned_box,
        "same_values": _same_values,
        "same_values_boxed": _same_values_boxed,
    }
)
