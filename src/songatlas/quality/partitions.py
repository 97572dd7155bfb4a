"""How far two ways of grouping the same songs agree: clusters with genres, clusters with clusters.

Conventions
-----------
Both groupings are `(n_songs,)`, integers or words, one a song; the order and the names of the groups do
not matter. Indices that are adjusted for chance are 0 on average for unrelated groupings and 1 for
equal ones; they can fall a little below 0.

References
----------
L. Hubert, P. Arabie (1985), "Comparing partitions", Journal of Classification 2.
N. X. Vinh, J. Epps, J. Bailey (2010), "Information theoretic measures for clusterings comparison",
Journal of Machine Learning Research 11.
A. Rosenberg, J. Hirschberg (2007), "V-measure", EMNLP-CoNLL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from songatlas.quality.labelings import codes_of
from songatlas.quality.separation import Estimate


@dataclass(frozen=True)
class Agreement:
    """How well clusters match genres.

    Attributes
    ----------
    ami : float
        Adjusted mutual information: 0 by chance, 1 at best.
    ari : float
        Adjusted Rand index: 0 by chance, 1 at best.
    nmi : float
        Normalised mutual information, 0 to 1, not adjusted for chance.
    v_measure : float
        Harmonic mean of homogeneity and completeness, 0 to 1, not adjusted for chance.
    purity : float
        Share of songs whose genre is the commonest of their cluster; grows with the number of clusters.
    """

    ami: float
    ari: float
    nmi: float
    v_measure: float
    purity: float


def agreement(labels: ArrayLike, genres: ArrayLike) -> Agreement:
    """Return how well `labels` match `genres`; songs without a genre must be left out before.

    Raises
    ------
    ValueError
        If there are no songs, or not as many labels as genres.

    Examples
    --------
    >>> agreement([0, 0, 1, 1], ["rock", "rock", "jazz", "jazz"]).ami
    1.0
    """
    from sklearn import metrics

    clusters, truth = _same_songs(labels, genres)
    return Agreement(
        ami=float(metrics.adjusted_mutual_info_score(truth, clusters)),
        ari=_adjusted_rand(truth, clusters),
        nmi=float(metrics.normalized_mutual_info_score(truth, clusters)),
        v_measure=float(metrics.v_measure_score(truth, clusters)),
        purity=purity(clusters, truth),
    )


def purity(labels: ArrayLike, genres: ArrayLike) -> float:
    """Return the share of songs whose genre is the commonest of their cluster, above 0 up to 1.

    Examples
    --------
    >>> purity([0, 0, 0, 1], ["rock", "rock", "jazz", "jazz"])
    0.75
    """
    clusters, truth = _same_songs(labels, genres)
    of_cluster, counts = _shared_songs(clusters, truth)
    commonest = np.zeros(int(clusters.max()) + 1, dtype=np.int64)
    np.maximum.at(commonest, of_cluster, counts)
    return float(commonest.sum() / len(clusters))


def stability(pairs: Sequence[tuple[ArrayLike, ArrayLike]]) -> Estimate:
    """Return how far clusterings of resampled songs agree with each other.

    Parameters
    ----------
    pairs : sequence of (labels, labels)
        Each pair labels the same songs by two clusterings fitted on different samples.

    Returns
    -------
    Estimate
        `value` is the mean adjusted Rand index of the pairs; nine pairs of ten lie between `low` and
        `high` (5th and 95th percentile); `n_queries` is the number of pairs.

    Raises
    ------
    ValueError
        If there are no pairs, or the labels of a pair differ in length.

    Examples
    --------
    >>> stability([([0, 0, 1, 1], [1, 1, 0, 0])]).value
    1.0
    """
    if not pairs:
        raise ValueError("stability needs at least one pair of clusterings")
    scores = [_adjusted_rand(*_same_songs(first, second)) for first, second in pairs]
    low, high = np.quantile(scores, [0.05, 0.95])
    return Estimate(
        value=float(np.mean(scores)), low=float(low), high=float(high), exact=False, n_queries=len(scores)
    )


def _same_songs(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Both groupings as numbers, after a check that they are of the same songs."""
    left, right = codes_of(first)[0], codes_of(second)[0]
    if len(left) != len(right) or not len(left):
        raise ValueError(f"two groupings of the same songs are needed, not of {len(left)} and {len(right)}")
    return left, right


def _shared_songs(
    first: NDArray[np.int32], second: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Songs in each pair of a group of `first` and one of `second` that share any, with the former group."""
    n_second = int(second.max()) + 1
    pairs, counts = np.unique(first.astype(np.int64) * n_second + second, return_counts=True)
    return pairs // n_second, counts.astype(np.int64)


def _adjusted_rand(first: NDArray[np.int32], second: NDArray[np.int32]) -> float:
    """The adjusted Rand index, in whole numbers until the last division; 1 where the groups are equal.

    `both`, `left` and `right` count the ordered pairs of different songs that share a group in both
    groupings, in the first and in the second.
    """
    n_songs = len(first)
    sizes = _shared_songs(first, second)[1], np.bincount(first), np.bincount(second)
    both, left, right = (int(np.square(counts, dtype=np.int64).sum()) - n_songs for counts in sizes)
    if both == left == right:
        return 1.0
    n_pairs = n_songs * (n_songs - 1)
    return 2 * (both * n_pairs - left * right) / (n_pairs * (left + right) - 2 * left * right)
