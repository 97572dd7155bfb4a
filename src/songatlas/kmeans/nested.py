"""Fine clusters inside broad ones, each as large as a playlist.

A broad cluster is cut into groups of some thousand songs, each group by k-means into parts of the wished
size. From then on all parts of a broad cluster stand side by side: a song belongs to the nearest of them.
Parts with too few songs are dissolved into their neighbours and parts with too many divided, until all are
within bounds. Fine clusters live inside broad ones because only songs of one broad cluster are divided.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songatlas import kernels
from songatlas.errors import BadSettings
from songatlas.kmeans.clustering import (
    Clustering,
    Floats,
    Labels,
    Points,
    canonical_order,
    checked_points,
    nearest_centroids,
)
from songatlas.kmeans.search import Search
from songatlas.progress import Progress

FEWEST_SONGS, MOST_SONGS = 20, 200
"""Songs of a playlist."""

GROUP_SONGS = 2_000  # that are clustered together; more are cut into groups first
GROUPS_AT_ONCE = 16
SAMPLE_SONGS = 4_000  # by which groups are cut
ROUNDS = 30  # of dissolving and dividing


@dataclass(frozen=True)
class Division:
    """Broad clusters divided into fine ones.

    Attributes
    ----------
    labels : ndarray of int32, shape (n_songs,)
        Fine cluster of each song, 0 to k - 1: by broad cluster, inside it by falling size.
    parents : ndarray of int32, shape (k,)
        Broad cluster of each fine one, never falling.
    centroids : ndarray of float64, shape (k, n_dimensions)
        A song belongs to the nearest of those inside its broad cluster.
    """

    labels: Labels
    parents: Labels
    centroids: Floats

    @property
    def k(self) -> int:
        """Number of fine clusters."""
        return len(self.parents)

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Songs in each fine cluster, shape (k,)."""
        return np.bincount(self.labels, minlength=self.k)

    def nearest(
        self, points: npt.ArrayLike, labels: npt.ArrayLike, *, n_threads: int | None = None
    ) -> Labels:
        """Return the fine cluster of songs whose broad cluster is known.

        Songs that were divided get bitwise the labels that they have.

        Parameters
        ----------
        points : array-like of float, shape (n, n_dimensions)
            Finite.
        labels : array-like of int, shape (n,)
            Their broad clusters.
        n_threads : int, optional
            Every core by default.

        Raises
        ------
        ValueError
            When a value is not finite, shapes disagree, or a broad cluster is unknown.
        """
        array, broad = checked_points(points), np.asarray(labels)
        if len(broad) != len(array):
            raise ValueError(f"{len(broad)} labels for {len(array)} points: there must be one label a point")
        unknown = np.setdiff1d(broad, self.parents)
        if len(unknown):
            raise ValueError(f"there is no broad cluster {unknown[0]}: the last is {self.parents.max()}")
        fine = np.empty(len(array), dtype=np.int32)
        for parent in np.unique(broad):
            rows = np.flatnonzero(broad == parent)
            first, stop = np.searchsorted(self.parents, [parent, parent + 1])
            fine[rows] = nearest_centroids(array[rows], self.centroids[first:stop], n_threads=n_threads)[0]
            fine[rows] += np.int32(first)
        return fine


@dataclass(frozen=True)
class _Bounds:
    """Fewest and most songs of a part."""

    smallest: int
    largest: int

    @property
    def wished(self) -> float:
        """Songs that a part should have where nothing speaks for more or fewer."""
        return math.sqrt(self.smallest * self.largest)

    def n_parts(self, n_songs: int) -> int:
        """How many parts give the wished size."""
        return max(1, min(round(n_songs / self.wished), n_songs // self.smallest))

    def n_outside(self, sizes: npt.NDArray[np.int64]) -> int:
        """How many sizes are out of bounds."""
        return int(((sizes < self.smallest) | (sizes > self.largest)).sum())


def divide_clusters(
    points: npt.ArrayLike,
    clustering: Clustering,
    *,
    smallest: int = FEWEST_SONGS,
    largest: int = MOST_SONGS,
    seed: int = 0,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> Division:
    """Divide every cluster into fine ones of `smallest` to `largest` songs.

    Parameters
    ----------
    points : array-like of float, shape (n_songs, n_dimensions)
        Those that were clustered, in the same order.
    clustering : Clustering
    smallest, largest : int
        Bounds of the sizes, the largest at least three times the smallest. A cluster of fewer than twice
        `smallest` songs stays whole; songs that are all alike cannot be divided. Where a part stays out of
        bounds, the sizes of the division say so.
    seed : int
        Same points, clustering and seed give bitwise the same division on any number of threads.
    n_threads : int, optional
        Every core by default.
    progress : callable, optional
        Called with the share done, 0 to 1, and words for it.

    Raises
    ------
    BadSettings
        When the bounds leave no room.
    ValueError
        When a value of a point is not finite, or there are not as many points as labels.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> points = random.normal(size=(600, 2))
    >>> labels = np.zeros(600, dtype=np.int32)
    >>> whole = Clustering(1, points.mean(axis=0)[None], labels, 0.0, 0, ())
    >>> sizes = divide_clusters(points, whole).sizes
    >>> bool(sizes.min() >= 20 and sizes.max() <= 200)
    True
    """
    if smallest < 1 or largest < 3 * smallest:
        raise BadSettings(f"parts of {smallest} to {largest} songs: the most must be 3 times the fewest")
    array = checked_points(points)
    if len(array) != len(clustering.labels):
        raise ValueError(f"{len(clustering.labels)} labels for {len(array)} points: they must be as many")
    tell = progress or (lambda share, words: None)
    bounds, stop = _Bounds(smallest, largest), kernels.Stop()
    threads = kernels.thread_count(n_threads)
    order = np.argsort(clustering.labels, kind="stable")
    edges = np.searchsorted(clustering.labels[order], np.arange(clustering.k + 1))
    members = [order[edges[parent] : edges[parent + 1]] for parent in range(clustering.k)]
    inner = threads if clustering.k == 1 else 1

    def divide(parent: int) -> tuple[Floats, Labels]:
        own = array[members[parent]]
        return _numbered(own, _parts(own, bounds, (seed, parent), inner, stop), inner)

    parts: list[tuple[Floats, Labels]] = []
    with (
        kernels.one_blas_thread(),
        closing(kernels.map_in_order(divide, range(clustering.k), n_threads=threads, stop=stop)) as divided,
    ):
        for part in divided:
            parts.append(part)
            tell(edges[len(parts)] / max(len(array), 1), "dividing clusters into playlists")
    return _joined(parts, members)


def _joined(parts: Sequence[tuple[Floats, Labels]], members: Sequence[npt.NDArray[np.int64]]) -> Division:
    """The parts of all clusters, numbered through."""
    labels = np.empty(sum(map(len, members)), dtype=np.int32)
    n_before = 0
    for (centroids, own), rows in zip(parts, members, strict=True):
        labels[rows] = own + np.int32(n_before)
        n_before += len(centroids)
    counts = [len(centroids) for centroids, _ in parts]
    parents = np.repeat(np.arange(len(parts), dtype=np.int32), counts)
    return Division(labels, parents, np.concatenate([centroids for centroids, _ in parts]))


def _parts(
    points: Points, bounds: _Bounds, key: tuple[int, ...], n_threads: int, stop: kernels.Stop
) -> Floats:
    """Centroids of the parts of one broad cluster."""
    groups = _grouped(points, key, stop)
    found = [_balanced(group, _split(group, bounds, (*key, number), stop), bounds, (*key, number), 1, stop)
             for number, group in enumerate(groups)]  # fmt: skip
    if len(found) == 1:
        return found[0]
    return _balanced(points, np.concatenate(found), bounds, key, n_threads, stop)


def _grouped(points: Points, key: tuple[int, ...], stop: kernels.Stop) -> list[Points]:
    """Points cut into groups of at most `GROUP_SONGS`, or all of them where they are so few."""
    if len(points) <= GROUP_SONGS:
        return [points]
    n_groups = min(GROUPS_AT_ONCE, -(-2 * len(points) // GROUP_SONGS))
    every = slice(None, None, max(1, len(points) // SAMPLE_SONGS))
    centroids = _clustered(points[every], n_groups, key, stop)
    labels = kernels.nearest(kernels.Rows.of(points), centroids)
    groups = [points[labels == number] for number in range(n_groups)]
    if max(map(len, groups)) == len(points):  # nothing but copies of one song
        return [points[start : start + GROUP_SONGS] for start in range(0, len(points), GROUP_SONGS)]
    cut = [_grouped(group, (*key, number), stop) for number, group in enumerate(groups) if len(group)]
    return [group for some in cut for group in some]


def _split(points: Points, bounds: _Bounds, key: tuple[int, ...], stop: kernels.Stop) -> Floats:
    """Centroids of parts of the wished size."""
    return _clustered(points, bounds.n_parts(len(points)), key, stop)


def _clustered(points: Points, k: int, key: tuple[int, ...], stop: kernels.Stop) -> Floats:
    """Centroids of one clustering, found from one seeding."""
    if k == 1:
        mean: Floats = points.mean(axis=0, dtype=np.float64)[None]
        return mean
    seed = int(np.random.SeedSequence(key).generate_state(1)[0])
    search = Search(points, [k], n_kept=1, seed=seed, stop=stop)
    search.seed_anew()
    return search.found[k][0].centroids


def _balanced(
    points: Points,
    centroids: Floats,
    bounds: _Bounds,
    key: tuple[int, ...],
    n_threads: int,
    stop: kernels.Stop,
) -> Floats:
    """Centroids with as few parts out of bounds as some rounds of dissolving and dividing reach."""
    rows, best, fewest = kernels.Rows.of(points), centroids, np.inf
    for turn in range(ROUNDS):
        labels = kernels.nearest(rows, centroids, n_threads=n_threads)
        sizes = np.bincount(labels, minlength=len(centroids))
        n_outside = bounds.n_outside(sizes)
        if n_outside < fewest:
            best, fewest = centroids, n_outside
        if n_outside == 0 or len(points) < 2 * bounds.smallest:
            break
        sums, counts = kernels.cluster_sums(points, labels, len(centroids), n_threads=n_threads)
        moved = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centroids)
        gone = _to_dissolve(moved, sizes, bounds.smallest)
        large = np.flatnonzero(sizes > bounds.largest)
        divided = [_split(points[labels == each], bounds, (*key, turn, int(each)), stop) for each in large]
        kept = np.delete(moved, np.union1d(np.flatnonzero(gone), large), axis=0)
        centroids = np.concatenate([kept, *divided])
    return best


def _to_dissolve(centroids: Floats, sizes: npt.NDArray[np.int64], smallest: int) -> npt.NDArray[np.bool_]:
    """Which parts give their songs away: small ones, but never one together with its nearest neighbour."""
    gone = sizes < smallest
    small = np.flatnonzero(gone)
    if not len(small) or len(centroids) == 1:
        return np.zeros(len(sizes), dtype=bool)
    squares = np.square(centroids).sum(axis=1) - 2.0 * (centroids[small] @ centroids.T)
    squares[np.arange(len(small)), small] = np.inf
    neighbours = squares.argmin(axis=1)
    rank = np.lexsort((np.arange(len(sizes)), sizes)).argsort()
    first = ~gone[neighbours] | (rank[small] < rank[neighbours]) | (sizes[small] == 0)
    chosen = np.zeros(len(sizes), dtype=bool)
    chosen[small[first]] = True
    return chosen


def _numbered(points: Points, centroids: Floats, n_threads: int) -> tuple[Floats, Labels]:
    """Number the parts by falling size, ties by centroid, and label the songs; empty parts are left out."""
    rows = kernels.Rows.of(points)
    while True:
        labels = kernels.nearest(rows, centroids, n_threads=n_threads)
        sizes = np.bincount(labels, minlength=len(centroids))
        order = canonical_order(centroids, sizes)
        order = order[sizes[order] > 0]
        if len(order) == len(centroids) and (order == np.arange(len(order))).all():
            return centroids, labels
        centroids = centroids[order]
