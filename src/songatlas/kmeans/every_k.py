"""One clustering for every k: starts found on a sample, polished on all songs.

`Search` looks for good starts on 20,000 songs, then on 200,000; Lloyd's iteration on all songs then runs
from the best of them until no song changes its cluster. With few songs the sample is all of them.
The songs should come in an order that is made from the songs themselves (sorted by id), because the
sample is drawn by row number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from threading import Event

import numpy as np
import numpy.typing as npt

from songatlas import kernels
from songatlas.errors import BadSettings
from songatlas.kmeans.clustering import Clustering, Points, checked_points, require_distinct
from songatlas.kmeans.lloyd import Run, run_lloyd, scatter, summed_squares
from songatlas.kmeans.search import Search, Start, Starts
from songatlas.progress import Progress

SAMPLE_SONGS = 20_000
MAX_ITER = 300
TRIAL_ITER = 12
LARGE_SAMPLE_SONGS = 200_000
N_KEPT = 3  # different starts of each k
N_SEEDINGS, N_ROUNDS = 4, 6
LARGE_ROUNDS = 4
NEIGHBOURS = -1, 0, 1  # a k is searched with its neighbours, to learn from them
MANY_SONGS = 300_000  # from here on only the best start goes all the way, to save passes over all songs
SHARE_OF_SEARCH = 0.7  # of the progress bar


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
    drawn = np.random.default_rng((seed, purpose)).permutation(n_songs)[:n_wanted]
    return np.sort(drawn)


def _search(points: Points, ks: Sequence[int], seed: int, n_threads: int, tell: Progress) -> Starts:
    """Find starts for every k on a sample of the songs, then compare them on a larger one."""
    searched = sorted({k + step for k in ks for step in NEIGHBOURS} & set(range(1, len(points) + 1)))
    larger = len(points) > SAMPLE_SONGS
    n_steps, done = N_SEEDINGS + N_ROUNDS + (N_KEPT + LARGE_ROUNDS if larger else 0), 0

    def tick() -> None:
        nonlocal done
        done += 1
        tell(SHARE_OF_SEARCH * done / n_steps, f"looking for good starts, step {done} of {n_steps}")

    def search_on(n_songs: int) -> Search:
        sample = points[sample_rows(len(points), n_songs, seed=seed)]
        return Search(
            sample, searched, n_kept=N_KEPT, seed=seed, n_threads=n_threads, tick=tick, stop=Event()
        )

    search = search_on(SAMPLE_SONGS)
    for _ in range(N_SEEDINGS):
        search.seed_anew()
    for turn in range(N_ROUNDS):
        search.learn_from_neighbours(turn=turn)
    if not larger:
        return {k: search.found[k] for k in ks}
    large = search_on(LARGE_SAMPLE_SONGS)
    large.try_given(search.found, n_ranks=N_KEPT)
    for turn in range(LARGE_ROUNDS):
        large.learn_from_neighbours(turn=turn)
    return {k: large.found[k] for k in ks}


def _polish_all(points: Points, starts: Starts, n_threads: int, tell: Progress) -> dict[int, Clustering]:
    """Polish the starts of every k, one k a thread, the costly ones first."""
    rows, stop = kernels.Rows.of(points), Event()
    total = scatter(rows)
    ks = sorted(starts, reverse=True)
    inner = n_threads if len(ks) == 1 else 1

    def polish(k: int) -> Clustering:
        return _polish(rows, starts[k], total=total, n_threads=inner, stop=stop)

    clusterings = {}
    with closing(kernels.map_in_order(polish, ks, n_threads=n_threads, stop=stop)) as polished:
        for k, clustering in zip(ks, polished, strict=True):
            clusterings[k] = clustering
            share = sum(ks[: len(clusterings)]) / sum(ks)
            tell(SHARE_OF_SEARCH + (1 - SHARE_OF_SEARCH) * share, f"clustered all songs with k={k}")
    return clusterings


def _polish(
    rows: kernels.Rows, starts: Sequence[Start], *, total: float, n_threads: int, stop: Event
) -> Clustering:
    """Try each start for some iterations, run the most promising until no label changes, and number it."""
    few = len(rows.points) <= MANY_SONGS
    tried = starts if few else starts[:2]

    def go_on(centroids: npt.NDArray[np.float64], max_iter: int) -> Run:
        return run_lloyd(rows, centroids, total=total, max_iter=max_iter, n_threads=n_threads, stop=stop)

    runs = [go_on(start.centroids, TRIAL_ITER) for start in tried]
    runs.sort(key=lambda run: run.history[-1])
    finals = [_finished(run, go_on) for run in (runs[:2] if few else runs[:1])]
    best = min(finals, key=lambda run: run.history[-1])
    return _numbered(rows, best, go_on)


def _finished(run: Run, go_on: Callable[[npt.NDArray[np.float64], int], Run]) -> Run:
    """Run on until no label changes, at most 300 iterations in all."""
    if run.converged:
        return run
    rest = go_on(run.centroids, MAX_ITER - run.n_iter)
    return Run(
        rest.labels, rest.centroids, run.n_iter + rest.n_iter, run.history + rest.history, rest.converged
    )


def _numbered(
    rows: kernels.Rows, run: Run, go_on: Callable[[npt.NDArray[np.float64], int], Run]
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
        centroids, labels = run.centroids[order], new_numbers[run.labels]
        if (order == np.arange(k)).all() or (kernels.nearest(rows, centroids) == labels).all():
            break
        more = go_on(centroids, MAX_ITER)
        run = Run(
            more.labels, more.centroids, run.n_iter + more.n_iter, run.history + more.history, more.converged
        )
    inertia = summed_squares(rows.points, centroids, labels)
    return Clustering(k, centroids, labels, inertia, run.n_iter, run.history)
