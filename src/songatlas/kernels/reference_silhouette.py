"""Silhouette sums in plain NumPy: every distance computed once and added up for many labelings.

Songs are sorted by their joint label over all labelings, so that the songs of any cluster of any
labeling are a few runs; distances are summed by run, and the runs by cluster. Distances come from a
float64 matrix product; where two songs are so near that its rounding would show, from the differences
themselves, so that equal songs are exactly 0 apart.

References
----------
Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis",
Journal of Computational and Applied Mathematics 20 (1987).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from songatlas.kernels.threads import map_in_order, one_blas_thread

Floats: TypeAlias = npt.NDArray[np.float64]
Indices: TypeAlias = npt.NDArray[np.int64]
Points: TypeAlias = npt.NDArray[np.floating[Any]]

TILE_SONGS = 1024
TILE_QUERIES = 256
NEAR = 1e-7  # of |x|^2 + |y|^2: below this a product of float64 leaves fewer than nine figures


@dataclass(frozen=True)
class _Sorted:
    """Songs sorted by joint label: centred points, squared lengths, and where each run begins."""

    points: Floats
    norms: Floats
    run_starts: Indices
    clusters: Floats  # (all clusters of all labelings, n_runs): 1 where the run is part of the cluster


def silhouette_sums(
    points: Points,
    query_rows: npt.NDArray[np.integer[Any]],
    labelings: Sequence[npt.NDArray[np.integer[Any]]],
    ks: Sequence[int],
    *,
    n_threads: int = 1,
) -> list[Floats]:
    """Return, for every labeling, the summed distance of each query song to all songs of each cluster.

    Parameters
    ----------
    points : ndarray of float32 or float64, shape (n_songs, n_dimensions)
        Finite.
    query_rows : ndarray of int, shape (n_queries,)
        Row numbers in `points`, in any order.
    labelings : sequence of ndarray of int, shape (n_songs,)
        Labels 0 to k - 1, one array a labeling.
    ks : sequence of int
        The number of clusters of each labeling.
    n_threads : int

    Returns
    -------
    list of ndarray of float64, shape (n_queries, k)
        Sums of Euclidean distances. A song's distance to itself, 0, is in the sum of its own cluster.
    """
    ordered = _sort_songs(points, labelings, ks)
    queries = np.asarray(query_rows, dtype=np.int64)
    centred = points[queries] - points.mean(axis=0, dtype=np.float64)

    def part(start: int) -> Floats:
        return _sums_of_queries(ordered, centred[start : start + TILE_QUERIES])

    with one_blas_thread():
        parts = list(map_in_order(part, range(0, len(queries), TILE_QUERIES), n_threads=n_threads))
    every = np.concatenate(parts) if parts else np.zeros((0, int(sum(ks))))
    edges = np.cumsum([0, *ks])
    return [np.ascontiguousarray(every[:, start:stop]) for start, stop in pairwise(edges)]


def _sort_songs(
    points: Points, labelings: Sequence[npt.NDArray[np.integer[Any]]], ks: Sequence[int]
) -> _Sorted:
    """Sort the songs by joint label and note which runs make up each cluster."""
    joint = np.stack([np.asarray(labels, dtype=np.int64) for labels in labelings])
    order = np.lexsort(joint[::-1])
    joint = joint[:, order]
    starts = np.flatnonzero(np.r_[True, (joint[:, 1:] != joint[:, :-1]).any(axis=0)])
    offsets = np.cumsum([0, *ks[:-1]])[:, None]
    clusters = np.zeros((int(sum(ks)), len(starts)))
    clusters[joint[:, starts] + offsets, np.arange(len(starts))] = 1.0
    centred = points[order] - points.mean(axis=0, dtype=np.float64)
    return _Sorted(centred, np.square(centred).sum(axis=1), starts, clusters)


def _sums_of_queries(ordered: _Sorted, queries: Floats) -> Floats:
    """Return the summed distance of a tile of queries to every cluster of every labeling."""
    norms = np.square(queries).sum(axis=1)
    runs = np.zeros((len(ordered.run_starts), len(queries)))
    for start in range(0, len(ordered.points), TILE_SONGS):
        stop = min(start + TILE_SONGS, len(ordered.points))
        distances = _distances(ordered.points[start:stop], ordered.norms[start:stop], queries, norms)
        first = int(np.searchsorted(ordered.run_starts, start, side="right")) - 1
        last = int(np.searchsorted(ordered.run_starts, stop, side="left"))
        inside = np.maximum(ordered.run_starts[first:last] - start, 0)
        runs[first:last] += np.add.reduceat(distances, inside, axis=0)
    return (ordered.clusters @ runs).T


def _distances(songs: Floats, song_norms: Floats, queries: Floats, query_norms: Floats) -> Floats:
    """Return the distances between songs and queries, shape ``(n_songs, n_queries)``."""
    lengths = song_norms[:, None] + query_norms
    squares = songs @ (-2.0 * queries.T)
    squares += lengths
    lengths *= NEAR
    near = squares <= lengths
    rows = np.flatnonzero(near.any(axis=1))
    if len(rows):
        place, near_query = np.nonzero(near[rows])
        near_song = rows[place]
        exact = np.zeros(len(near_song))
        for song_column, query_column in zip(songs.T, queries.T, strict=True):
            exact += np.square(song_column[near_song] - query_column[near_query])
        squares[near_song, near_query] = exact
    return np.sqrt(squares, out=squares)
