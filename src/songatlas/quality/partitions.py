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

import numpy as np
from numpy.typing import ArrayLike, NDArray

from songatlas.quality.cross_table import Agreement, CrossTable
from songatlas.quality.labelings import codes_of
from songatlas.quality.separation import Estimate


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
    return CrossTable.of(*_same_songs(labels, genres)).agreement()


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
    scores = [CrossTable.of(*_same_songs(first, second)).adjusted_rand() for first, second in pairs]
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
