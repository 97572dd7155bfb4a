"""Where every k begins: starts found on ever larger samples of the songs.

`Search` looks for good starts on 10,000 songs; the best few go on to larger samples, where more of search
rights what the smaller sample misjudged. No more than `SAMPLE_SONGS` songs are ever looked at, and smaller
samples are drawn from those: so whoever has only these songs finds the same starts as whoever has all.
With few songs a sample is all of them. The songs should come in an order that is made from the songs
themselves (sorted by id), because samples are drawn by row number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songatlas import kernels
from songatlas.errors import BadSettings
from songatlas.kmeans.clustering import Floats, Points, checked_points, require_distinct
from songatlas.kmeans.search import Search, Starts
from songatlas.progress import Progress, silent

SAMPLE_SONGS = 200_000
"""Starts are looked for among at most so many songs."""

N_KEPT = 4  # different starts of each k
N_SEEDINGS = 5
NEIGHBOURS = -1, 0, 1  # a k is searched with its neighbours, to learn from them


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
LAST_OF_MANY = Level(SAMPLE_SONGS, 3, 1)


def find_starts(
    points: npt.ArrayLike,
    ks: Sequence[int],
    *,
    seed: int = 0,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> dict[int, Floats]:
    """Return for every k the centroids from which `sweep` goes over all songs.

    Parameters
    ----------
    points : array-like of float, shape (n_songs, n_dimensions)
        As for `fit_clusters`. Of more than `SAMPLE_SONGS` a random draw is looked at.
    ks : sequence of int
        All that will be asked of `sweep`: neighbours among them help each other.
    seed : int
    n_threads : int, optional
        Every core by default; the result does not depend on it.
    progress : callable, optional
        Called with the share done, 0 to 1, and words for it.

    Returns
    -------
    dict of int to ndarray of float64, shape (k, n_dimensions)

    Raises
    ------
    TooFewSongs
        When fewer songs differ from one another than the largest k.
    BadSettings
        When `ks` is empty or holds a number below 1.
    ValueError
        When a value of a point is not finite.

    Examples
    --------
    >>> find_starts([[0.0], [1.0], [9.0], [10.0]], [1])
    {1: array([[5.]])}
    """
    array, wanted = checked_points(points), checked_ks(ks)
    require_distinct(array, wanted[-1])
    sample = array[sample_rows(len(array), SAMPLE_SONGS, seed=seed)]
    threads = kernels.thread_count(n_threads)
    with kernels.one_blas_thread():
        starts = search_samples(sample, wanted, seed=seed, n_threads=threads, tell=progress or silent)
    return {k: starts[k][0].centroids for k in wanted}


def checked_ks(ks: Sequence[int]) -> list[int]:
    """Return the different ks, rising.

    Raises
    ------
    BadSettings
        When there is none, or one below 1.
    """
    wanted = sorted(set(ks))
    if not wanted or wanted[0] < 1:
        raise BadSettings(f"ks is {list(ks)!r}: give at least one number of clusters, each 1 or more")
    return wanted


def sample_rows(n_songs: int, n_wanted: int, *, seed: int, purpose: int = 0) -> npt.NDArray[np.int64]:
    """Return at most `n_wanted` different row numbers, in rising order, drawn by seed and purpose."""
    if n_songs <= n_wanted:
        return np.arange(n_songs)
    random = np.random.default_rng((seed, purpose))
    return np.sort(random.choice(n_songs, n_wanted, replace=False, shuffle=False))


def search_samples(points: Points, ks: Sequence[int], *, seed: int, n_threads: int, tell: Progress) -> Starts:
    """Find starts for every k on ever larger samples of at most `SAMPLE_SONGS` checked points."""
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
        tell(done / n_steps, f"looking for good starts, step {done} of {n_steps}")

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
