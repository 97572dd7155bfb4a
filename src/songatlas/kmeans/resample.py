"""Does a clustering come back when other songs are drawn? Labelings to judge its stability by.

Each sub-sample of the songs is clustered from seeds of its own, and the same reference songs are then
labelled by its centroids. How far two such labelings agree is for `quality.stability` to say.

References
----------
Ben-Hur, Elisseeff and Guyon, "A stability based method for discovering structure in clustered data",
Pacific Symposium on Biocomputing 2002.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from songatlas import kernels
from songatlas.kmeans.clustering import Floats, Labels, Points, checked_points, require_distinct
from songatlas.kmeans.search import Search
from songatlas.kmeans.starts import sample_rows

LabelPair: TypeAlias = tuple[Labels, Labels]

SUBSAMPLE_SONGS = 3000
REFERENCE_SONGS = 4000
REFERENCE, FIRST_SUBSAMPLE = 1, 2  # purposes of samples, so that they differ from the sweep's own


def resample_labelings(
    points: npt.ArrayLike,
    ks: Sequence[int],
    *,
    centroids: Mapping[int, Floats] | None = None,
    n_resamples: int = 10,
    seed: int = 0,
    n_threads: int | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> dict[int, list[LabelPair]]:
    """Return, for every k, pairs of labelings of the same reference songs.

    Parameters
    ----------
    points : array-like of float, shape (n_songs, n_dimensions)
        Finite.
    ks : sequence of int
    centroids : mapping of int to ndarray of shape (k, n_dimensions), optional
        Fitted centroids. A pair then holds the labels by them and the labels by a sub-sample; for a k
        without them it holds the labels by two sub-samples.
    n_resamples : int
        Pairs for each k.
    seed : int
    n_threads : int, optional
        Every core by default; the result does not depend on it.
    progress : callable, optional
        Called with the share done, 0 to 1, and words for it.

    Returns
    -------
    dict of int to list of (labels, labels)
        Each int32, of at most 4,000 songs drawn from all.

    Raises
    ------
    TooFewSongs
        When fewer songs differ from one another than the largest k.
    ValueError
        When a value of a point is not finite.
    """
    array, wanted = checked_points(points), sorted(set(ks))
    require_distinct(array, max(wanted))
    threads = kernels.thread_count(n_threads)
    given = {} if centroids is None else {k: centroids[k] for k in wanted if k in centroids}
    n_drawn = n_resamples if len(given) == len(wanted) else 2 * n_resamples
    rows = kernels.Rows.of(array[sample_rows(len(array), REFERENCE_SONGS, seed=seed, purpose=REFERENCE)])
    stop = kernels.Stop()

    def label_by(draw: int) -> dict[int, Labels]:
        drawn = _subsample(array, max(wanted), seed, FIRST_SUBSAMPLE + draw)
        fitted = _clustered(drawn, wanted, (seed, draw), stop)
        return {k: kernels.nearest(rows, fitted[k]) for k in wanted}

    labelings: list[dict[int, Labels]] = []
    with kernels.one_blas_thread():
        with closing(kernels.map_in_order(label_by, range(n_drawn), n_threads=threads, stop=stop)) as drawn:
            for labeling in drawn:
                labelings.append(labeling)
                if progress is not None:
                    progress(len(labelings) / n_drawn, "clustering sub-samples to see which clusters last")
        fitted_labels = {k: kernels.nearest(rows, np.asarray(own, np.float64)) for k, own in given.items()}
    return {
        k: _pairs([labeling[k] for labeling in labelings], fitted_labels.get(k), n_resamples) for k in wanted
    }


def _pairs(labelings: Sequence[Labels], fitted: Labels | None, n_pairs: int) -> list[LabelPair]:
    """Pair each of the first labelings with the fitted one, or with one of the others."""
    firsts = labelings[:n_pairs]
    seconds = labelings[n_pairs:] if fitted is None else [fitted] * n_pairs
    return list(zip(firsts, seconds, strict=True))


def _subsample(points: Points, largest_k: int, seed: int, purpose: int) -> Points:
    """Draw half of the songs, at most 3,000; of few songs four fifths, so that every k has its songs."""
    n_songs = len(points)
    n_wanted = max(min(SUBSAMPLE_SONGS, n_songs // 2), min(10 * largest_k, 4 * n_songs // 5), largest_k)
    return points[sample_rows(n_songs, n_wanted, seed=seed, purpose=purpose)]


def _clustered(
    points: Points, ks: Sequence[int], key: tuple[int, int], stop: kernels.Stop
) -> dict[int, Floats]:
    """Cluster a sub-sample from seeds of its own for every k."""
    search = Search(points, ks, n_kept=1, seed=key[0] + (key[1] + 1) * 1_000_003, stop=stop)
    search.seed_anew()
    search.learn_from_neighbours()
    return {k: starts[0].centroids for k, starts in search.found.items()}
