"""One clustering for every k: starts found on small samples, polished on all songs.

From the start that `starts` finds on samples, Lloyd's iteration runs on all songs: up to 300,000 of them
until no song changes its cluster, with more until the centroids move less than scikit-learn's tolerance.
The songs should come in an order that is made from the songs themselves (sorted by id), because samples
are drawn by row number. Songs that lie elsewhere, in blocks, are clustered by the same rules in `settling`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

import numpy as np
import numpy.typing as npt

from songatlas import kernels
from songatlas.kmeans.clustering import (
    Clustering,
    Floats,
    Points,
    canonical_order,
    checked_points,
    require_distinct,
)
from songatlas.kmeans.inertia import scatter, summed_squares
from songatlas.kmeans.search import TOLERANCE
from songatlas.kmeans.starts import SAMPLE_SONGS, checked_ks, sample_rows, search_samples
from songatlas.progress import Progress, part, silent

MAX_ITER = 300
SETTLED_SONGS = 300_000  # more songs are clustered until scikit-learn's tolerance is reached
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
    drawn: npt.NDArray[np.int64] | None = None,
    starts: Mapping[int, Floats] | None = None,
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
    drawn : ndarray of int64, shape (n_drawn,), optional
        Rows, at most `SAMPLE_SONGS` of them, among which starts are looked for: those that
        ``find_starts(points[drawn], ks)`` finds. By default all rows, or a random draw of so many.
    starts : mapping of int to ndarray of float64, shape (k, n_dimensions), optional
        What `find_starts` answered for the same points and ks; then none are looked for.

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
    array, wanted = checked_points(points), checked_ks(ks)
    require_distinct(array, wanted[-1])
    tell, threads = progress or silent, kernels.thread_count(n_threads)
    with kernels.one_blas_thread():
        if starts is None:
            begun = part(tell, 0.0, SHARE_OF_SEARCH)
            starts = _starts_among(array, wanted, drawn, seed=seed, n_threads=threads, tell=begun)
        given = {k: np.ascontiguousarray(starts[k], dtype=np.float64) for k in wanted}
        clusterings = _polish_all(array, given, threads, part(tell, SHARE_OF_SEARCH, 1.0))
    return tuple(clusterings[k] for k in ks)


def _starts_among(
    points: Points,
    ks: Sequence[int],
    drawn: npt.NDArray[np.int64] | None,
    *,
    seed: int,
    n_threads: int,
    tell: Progress,
) -> dict[int, Floats]:
    """The best start of every k that is found among some rows."""
    if drawn is None and len(points) > SAMPLE_SONGS:
        drawn = sample_rows(len(points), SAMPLE_SONGS, seed=seed)
    sample = points if drawn is None else points[drawn]
    found = search_samples(sample, ks, seed=seed, n_threads=n_threads, tell=tell)
    return {k: found[k][0].centroids for k in ks}


def _polish_all(
    points: Points, starts: Mapping[int, Floats], n_threads: int, tell: Progress
) -> dict[int, Clustering]:
    """Polish the starts of every k, one k a thread, the costly ones first."""
    rows, stop = kernels.Rows.of(points), kernels.Stop()
    total = scatter(rows)
    ks = sorted(starts, reverse=True)
    inner = n_threads if len(ks) == 1 else 1

    def polish(k: int) -> Clustering:
        return _polish(rows, starts[k], total=total, n_threads=inner, stop=stop)

    clusterings = {}
    with closing(kernels.map_in_order(polish, ks, n_threads=n_threads, stop=stop)) as polished:
        for k, clustering in zip(ks, polished, strict=True):
            clusterings[k] = clustering
            tell(sum(ks[: len(clusterings)]) / sum(ks), f"clustered all songs with k={k}")
    return clusterings


def _polish(
    rows: kernels.Rows, start: Floats, *, total: float, n_threads: int, stop: kernels.Stop
) -> Clustering:
    """Iterate on all songs until no label changes or the tolerance is reached, and number the clusters."""
    exact = len(rows.points) <= SETTLED_SONGS
    tolerance = 0.0 if exact else TOLERANCE * total / rows.points.size
    rules = kernels.Rules(total, MAX_ITER, tolerance)

    def go_on(centroids: Floats) -> kernels.Run:
        return kernels.lloyd(rows, centroids, rules, n_threads=n_threads, stop=stop)

    return _numbered(rows, go_on(start), go_on)


def _numbered(rows: kernels.Rows, run: kernels.Run, go_on: Callable[[Floats], kernels.Run]) -> Clustering:
    """Number the clusters by falling size, ties by centroid.

    A song exactly between two centroids belongs to the first of them, so new numbers can move it; then
    the iteration goes on, which lowers the inertia, until the numbers stay.
    """
    while True:
        k = len(run.centroids)
        sizes = np.bincount(run.labels, minlength=k)
        order = canonical_order(run.centroids, sizes)
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
