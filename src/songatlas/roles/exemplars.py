"""Exemplars: a few songs of each cluster that together show what is in it.

The first is the core song nearest to the centroid. Each further one is the candidate that brings the songs of
the cluster nearest to their nearest exemplar, summed: the BUILD step of k-medoids. A song on the rim never
wins by being far from the others, as in farthest-first choices; it wins by standing for many.

References
----------
L. Kaufman, P. J. Rousseeuw (1990), *Finding Groups in Data*, chapter 2 (PAM).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from songatlas.roles.parts import Roles

N_EXEMPLARS: Final = 5
"""Exemplars of each cluster."""

_CANDIDATES = 400  # evenly spaced from the centroid outward
_STOOD_FOR = 800
_Rows = NDArray[np.int64]


def exemplars(
    points: NDArray[Any],
    labels: NDArray[np.integer[Any]],
    roles: Roles,
    *,
    k: int,
    n: int = N_EXEMPLARS,
    groups: NDArray[np.integer[Any]] | None = None,
) -> tuple[_Rows, ...]:
    """Return the rows of songs that together show each cluster.

    Parameters
    ----------
    points : ndarray, shape (n_songs, n_dimensions)
    labels : ndarray of int, shape (n_songs,)
        0 to k - 1.
    roles : Roles
        Of the same songs. Candidates are core songs; all songs in a cluster that has none.
    k : int
        Number of clusters.
    n : int
        Most exemplars of a cluster, at least 1.
    groups : ndarray of int, shape (n_songs,), optional
        Number of each song's artist, negative where unknown; at most one exemplar an artist.

    Returns
    -------
    tuple of ndarray of int64
        Rows for each cluster, the most typical first; fewer than `n` where a cluster lacks songs or artists,
        none where it is empty.

    Raises
    ------
    ValueError
        If `n` is below 1.
    """
    if n < 1:
        raise ValueError(f"n is {n}, but a cluster is shown by at least one song")
    order = np.lexsort((roles.distance_percentile, labels))
    edges = np.searchsorted(np.asarray(labels)[order], np.arange(k + 1))
    is_core = (roles.role == "core").to_numpy()
    return tuple(
        _exemplars_of(points, order[start:stop], is_core, n=n, groups=groups)
        for start, stop in pairwise(edges)
    )


def _exemplars_of(
    points: NDArray[Any],
    members: _Rows,
    is_core: NDArray[np.bool_],
    *,
    n: int,
    groups: NDArray[np.integer[Any]] | None,
) -> _Rows:
    """Exemplars of one cluster, whose rows are given from its centroid outward."""
    core = members[is_core[members]]
    candidates = _evenly(core if len(core) else members, _CANDIDATES)
    if not len(candidates):
        return candidates
    stood_for = points[_evenly(members, _STOOD_FOR)].astype(np.float64)
    distances = _distances(points[candidates].astype(np.float64), stood_for)
    artists = None if groups is None else np.asarray(groups)[candidates]
    free = np.ones(len(candidates), dtype=np.bool_)
    chosen, nearest, best = [], distances[0], 0
    while True:
        chosen.append(best)
        free[best] = False
        if artists is not None and artists[best] >= 0:
            free &= artists != artists[best]
        nearest = np.minimum(nearest, distances[best])
        if len(chosen) == n or not free.any():
            return candidates[chosen]
        gains = np.maximum(nearest - distances, 0.0).sum(axis=1)
        best = int(np.where(free, gains, -1.0).argmax())


def _evenly(rows: _Rows, most: int) -> _Rows:
    """At most that many of the rows, evenly spaced, the first among them."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).round().astype(np.int64)]


def _distances(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances of each to each; summed coordinate by coordinate, so that every machine sums alike."""
    squares = np.zeros((len(first), len(second)))
    for place in range(first.shape[1]):
        squares += np.square(first[:, place, None] - second[None, :, place])
    return np.sqrt(squares, out=squares)
