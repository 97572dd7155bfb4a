"""Which old cluster each new cluster is: one to one, as many songs as possible keeping theirs.

Conventions
-----------
`shared` is int64 `(k_old, k_new)`: songs found in both atlases, by their old and their new cluster. Shares
are of these songs alone, so that songs which only joined or left change no cluster. Centres are
`(k, n_features)` in standard deviations of the songs of the old atlas.

References
----------
H. W. Kuhn (1955), "The Hungarian method for the assignment problem", Naval Research Logistics Quarterly 2.
C. Hennig (2007), "Cluster-wise assessment of cluster stability", Computational Statistics & Data
Analysis 52, whose limit of 0.75 on the Jaccard index marks a cluster that stays.
M. Spiliopoulou, I. Ntoutsi, Y. Theodoridis, R. Schult (2006), "MONIC: modeling and monitoring cluster
transitions", KDD, whose limit of one half says that a cluster went on in another.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_Float = NDArray[np.float64]
_Int = NDArray[np.int64]

HALF: Final = 0.5
"""Share of a cluster's songs from which they are most of it."""

LEAST_PART: Final = 0.1
"""Share of a cluster's songs from which another cluster is more than a splinter of it."""

STAYED: Final = 0.75
"""Songs in both clusters against songs in either, from which a cluster is kept and not moved."""

STILL: Final = 0.25
"""Standard deviations, over all features, by which the centre of a kept cluster may move."""

NEAR: Final = 0.5
"""Standard deviations within which a centre may be that of the same cluster, where songs cannot say."""

_TIE = 1e-9  # far below what a song or a measurable distance changes: it only decides between equals


def count_shared(
    old_labels: NDArray[np.integer], new_labels: NDArray[np.integer], k: tuple[int, int]
) -> _Int:
    """Return how many songs lie in each old and each new cluster, int64 `(k_old, k_new)`.

    Examples
    --------
    >>> count_shared(np.array([0, 0, 1]), np.array([1, 1, 0]), (2, 2)).tolist()
    [[0, 2], [1, 0]]
    """
    cells = old_labels.astype(np.int64) * k[1] + new_labels
    return np.bincount(cells, minlength=k[0] * k[1]).astype(np.int64).reshape(k)


def shares_of(shared: _Int) -> tuple[_Float, _Float, _Float]:
    """Return shares of the old cluster, of the new one, and of the songs in either, each 0 to 1."""
    counts = shared.astype(np.float64)
    old, new = counts.sum(axis=1, keepdims=True), counts.sum(axis=0, keepdims=True)
    return _of(counts, old + 0 * new), _of(counts, new + 0 * old), _of(counts, old + new - counts)


def _of(counts: _Float, whole: _Float) -> _Float:
    """Counts as shares of a whole; 0 of nothing."""
    return np.divide(counts, whole, out=np.zeros_like(counts), where=whole > 0)


def links_of(shared: _Int) -> NDArray[np.bool_]:
    """Return which clusters go on in which: most songs of one, and a fair part of both."""
    of_old, of_new, _ = shares_of(shared)
    most = (of_old >= HALF) | (of_new >= HALF)
    return most & (of_old >= LEAST_PART) & (of_new >= LEAST_PART)


def pair_by_songs(shared: _Int) -> dict[int, int]:
    """Return old cluster -> new cluster, of linked ones, so that the most songs stay in their cluster."""
    return _assign(np.where(links_of(shared), shared, 0).astype(np.float64))


def centre_gaps(old: _Float, new: _Float) -> _Float:
    """Return how far centres lie apart, `(k_old, k_new)`: the root of the mean square over known features.

    NaN where no feature of both is known.

    Examples
    --------
    >>> centre_gaps(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, np.nan]])).round(2).tolist()
    [[3.54, 0.0]]
    """
    squares = np.square(old[:, None, :] - new[None, :, :])
    known = np.isfinite(squares)
    total, n_known = np.where(known, squares, 0.0).sum(axis=2), known.sum(axis=2)
    gaps = np.full(total.shape, np.nan)
    np.divide(total, n_known, out=gaps, where=n_known > 0)
    return np.sqrt(gaps)


def pair_by_centres(gaps: _Float) -> dict[int, int]:
    """Return old cluster -> new cluster, no pair farther apart than `NEAR`, as near as possible in all."""
    nearness = 1.0 - np.nan_to_num(gaps, nan=np.inf) / NEAR
    return _assign(np.where(nearness > 0, nearness, 0.0))


def _assign(worth: _Float) -> dict[int, int]:
    """The one-to-one choice of the greatest worth; equals go to low numbers, nothing to no worth."""
    from scipy.optimize import linear_sum_assignment

    if not worth.size:
        return {}
    places = np.add.outer(np.arange(worth.shape[0]), np.arange(worth.shape[1])) + 1.0
    rows, columns = linear_sum_assignment(np.where(worth > 0, worth - _TIE * places, 0.0), maximize=True)
    return {int(old): int(new) for old, new in zip(rows, columns, strict=True) if worth[old, new] > 0}
