"""One clustering for every k: starts found on small samples, polished on all songs.

`Search` looks for good starts on 10,000 songs; the best few go on to larger samples, where more of search
rights what the smaller sample misjudged. From the best of the largest sample Lloyd's iteration runs on all
songs: up to 300,000 of them until no song changes its cluster, with more until the centroids move less
than scikit-learn's tolerance. With few songs a sample is all of them. The songs should come in an order
that is made from the songs themselves (sorted by id), because samples are drawn by row number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songatlas import kernels
from songatlas.errors import BadSettings
from songatlas.kmeans.clustering import Clustering, Points, checked_points, require_distinct
from songatlas.kmeans.inertia import scatter, summed_squares
from songatlas.kmeans.search import TOLERANCE, Search, Start, Starts
from songatlas.progress import Progress

MAX_ITER = 300
SETTLED_SONGS = 300_000  # more songs are clustered until scikit-learn's tolerance is reached
N_KEPT = 4  # different starts of each k
N_SEEDINGS = 5
NEIGHBOURS = -1, 0, 1  # a k is searched with its neighbours, to learn from them
SHARE_OF_SEARCH = 0.7  # of the progress bar


@dataclass(frozen=True)
class Level:
    """A sample to search on.

    Attributes
    ----------
    n_songs : int
    n_ranks : int
        How many starts of each k are taken over from the level before.
    n_rounds : int
        How often the ks learn from each other.
    """

    n_songs: int
    n_ranks: int
    n_rounds: int


LEVELS = Level(10_000, 0, 6), Level(40_000, 4, 3)
LAST_OF_FEW = Level(100_000, 3, 0)  # holds all of so many songs, and need not be searched anew
LAST_OF_MANY = Level(200_000, 3, 1)


def fit_clusters(points: npt.ArrayLike, k: int, *, seed: int = 0, n_threads: int | None = None) -> Clustering:
    """Divide songs into `k` clusters.

    Parameters
    ----------
    points : array-like of float, shape (n_songs, n_dimensions)
        Finite; float32 and float64 are used as they are. In an order made from the songs themselves.
    k : int
    seed : int
        Same points, k and seed give bitwise the same clustering on any number of threads.
    n_threads : int, optional
        Every core by default.

    Returns
    -------
    Clustering

    Raises
    ------
    TooFewSongs
        When fewer than `k` songs differ from one another.
    ValueError
        When a value of a point is not finite.

    Examples
    --------
    >>> fit_clusters([[0.0], [1.0], [2.0], [9.0]], 2).labels.tolist()
    [0, 0, 0, 1]
    """
    return sweep(points, [k], seed=seed, n_threads=n_threads)[0]


def sweep(
    points: npt.ArrayLike,
    ks: Sequence[int],
    *,
    seed: int = 0,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> tuple[Clustering, ...]:
    """Divide songs into k clusters, for every k of `ks`; the clusterings help each other.

    Parameters
    ----------
    points : array-like of float, shape (n_songs, n_dimensions)
        As for `fit_clusters`.
    ks : sequence of int
    seed : int
    n_threads : int, optional
        Every core by default.
    progress : callable, optional
        Called with the share done, 0 to 1, and words for it.

    Returns
    -------
    tuple of Clustering
        In the order of `ks`.

    Raises
    ------
    TooFewSongs
        When fewer songs differ from one another than the largest k.
    BadSettings
        When `ks` is empty or holds a number below 1.
    ValueError
        When a value of a point is not finite.
    """
    array, wanted = checked_points(points), sorted(set(ks))
    if not wanted or wanted[0] < 1:
        raise BadSettings(f"ks is {list(ks)!r}: give at least one number of clusters, each 1 or more")
    require_distinct(array, wanted[-1])
    tell = progress or (lambda share, words: None)
    threads = kernels.thread_count(n_threads)
    with kernels.one_blas_thread():
        starts = _search(array, wanted, seed, threads, tell)
        clusterings = _polish_all(array, starts, threads, tell)
    return tuple(clusterings[k] for k in ks)


def sample_rows(n_songs: int, n_wanted: int, *, seed: int, purpose: int = 0) -> npt.NDArray[np.int64]:
    """Return at most `n_wanted` different row numbers, in rising order, drawn by seed and purpose."""
    if n_songs <= n_wanted:
        return np.arange(n_songs)
    random = np.random.default_rng((seed, purpose))
    return np.sort(random.choice(n_songs, n_wanted, replace=False, shuffle=False))


def _search(points: Points, ks: Sequence[int], seed: int, n_threads: int, tell: Progress) -> Starts:
    """Find starts for every k on ever larger samples of the songs."""
    searched = sorted({k + step for k in ks for step in NEIGHBOURS if 1 <= k + step <= len(points)})
    last = LAST_OF_FEW if len(points) <= LAST_OF_FEW.n_songs else LAST_OF_MANY
    levels = [
        level
        for level, before in zip((*LEVELS, last), (None, *LEVELS), strict=True)
        if before is None or len(points) > before.n_songs
    ]
    n_steps, done = N_SEEDINGS + sum(level.n_ranks + level.n_rounds for level in levels), 0

    def tick() -> None:
        nonlocal done
        done += 1
        tell(SHARE_OF_SEARCH * done / n_steps, f"looking for good starts, step {done} of {n_steps}")

    found: Starts = {}
    for level in levels:
        sample = points[sample_rows(len(points), level.n_songs, seed=seed)]
        search = Search(
            sample, searched, n_kept=N_KEPT, seed=seed, n_threads=n_threads, tick=tick, stop=kernels.Stop()
        )
        if found:
            search.try_given(found, n_ranks=level.n_ranks)
        else:
            for _ in range(N_SEEDINGS):
                search.seed_anew()
        for _ in range(level.n_rounds):
            search.learn_from_neighbours()
        found = search.found
    return {k: found[k] for k in ks}


def _polish_all(points: Points, starts: Starts, n_threads: int, tell: Progress) -> dict[int, Clustering]:
    """Polish the starts of every k, one k a thread, the costly ones first."""
    rows, stop = kernels.Rows.of(points), kernels.Stop()
    total = scatter(rows)
    ks = sorted(starts, reverse=True)
    inner = n_threads if len(ks) == 1 else 1

    def polish(k: int) -> Clustering:
        return _polish(rows, starts[k][0], total=total, n_threads=inner, stop=stop)

    clusterings = {}
    with closing(kernels.map_in_order(polish, ks, n_threads=n_threads, stop=stop)) as polished:
        for k, clustering in zip(ks, polished, strict=True):
            clusterings[k] = clustering
            share = sum(ks[: len(clusterings)]) / sum(ks)
            tell(SHARE_OF_SEARCH + (1 - SHARE_OF_SEARCH) * share, f"clustered all songs with k={k}")
    return clusterings


def _polish(
    rows: kernels.Rows, start: Start, *, total: float, n_threads: int, stop: kernels.Stop
) -> Clustering:
    """Iterate on all songs until no label changes or the tolerance is reached, and number the clusters."""
    exact = len(rows.points) <= SETTLED_SONGS
    tolerance = 0.0 if exact else TOLERANCE * total / rows.points.size
    rules = kernels.Rules(total, MAX_ITER, tolerance)

    def go_on(centroids: npt.NDArray[np.float64]) -> kernels.Run:
        return kernels.lloyd(rows, centroids, rules, n_threads=n_threads, stop=stop)

    return _numbered(rows, go_on(start.centroids), go_on)


def _numbered(
    rows: kernels.Rows, run: kernels.Run, go_on: Callable[[npt.NDArray[np.float64]], kernels.Run]
) -> Clustering:
    """Number the clusters by falling size, ties by centroid.

    A song exactly between two centroids belongs to the first of them, so new numbers can move it; then
    the iteration goes on, which lowers the inertia, until the numbers stay.
    """
    while True:
        k = len(run.centroids)
        sizes = np.bincount(run.labels, minlength=k)
        order = np.lexsort((*run.centroids.T[::-1], -sizes))
        new_numbers = np.empty(k, dtype=np.int32)
        new_numbers[order] = np.arange(k, dtype=np.int32)
        centroids, labels = run.centroids[order], np.take(new_numbers, run.labels)
        if (order == np.arange(k)).all() or (kernels.nearest(rows, centroids) == labels).all():
            break
        more = go_on(centroids)
        run = kernels.Run(
            more.labels, more.centroids, run.n_iter + more.n_iter, run.history + more.history, more.converged
        )
    inertia = summed_squares(rows.points, centroids, labels)
    return Clustering(k, centroids, labels, inertia, run.n_iter, run.history)
