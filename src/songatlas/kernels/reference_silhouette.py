"""Silhouettes in plain NumPy: every distance computed once and added up for many labelings.

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
Singles: TypeAlias = npt.NDArray[np.float32]
Indices: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = npt.NDArray[np.int32]
Points: TypeAlias = npt.NDArray[np.floating[Any]]
Labeling: TypeAlias = npt.NDArray[np.integer[Any]]

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


def silhouette_table(
    points: Points,
    query_rows: npt.NDArray[np.integer[Any]],
    labelings: Sequence[Labeling],
    ks: Sequence[int],
    *,
    n_threads: int = 1,
) -> Floats:
    """Return the silhouette of each query song in every labeling.

    Parameters
    ----------
    points : ndarray of float32 or float64, shape (n_songs, n_dimensions)
        Finite.
    query_rows : ndarray of int, shape (n_queries,)
        Row numbers in `points`, in any order.
    labelings : sequence of ndarray of int, shape (n_songs,)
        Labels 0 to k - 1, one array a labeling; no cluster may be empty.
    ks : sequence of int
        The number of clusters of each labeling, 2 or more.
    n_threads : int

    Returns
    -------
    ndarray of float64, shape (n_labelings, n_queries)
        From -1 to 1; 0 for songs alone in their cluster or with no distance to anything.
    """
    queries = np.asarray(query_rows, dtype=np.int64)
    middle = points.mean(axis=0, dtype=np.float64)
    ordered = _sort_songs(points, middle, labelings, ks)
    edges = list(pairwise(np.cumsum([0, *ks])))
    sizes = [np.bincount(labels, minlength=k) for labels, k in zip(labelings, ks, strict=True)]
    values = np.empty((len(labelings), len(queries)))

    def part(start: int) -> None:
        rows = queries[start : start + TILE_QUERIES]
        sums = _sums_of_queries(ordered, points[rows] - middle)
        for place, (first, last) in enumerate(edges):
            own, mine = labelings[place][rows], sums[:, first:last]
            within = mine[np.arange(len(rows)), own] / np.maximum(sizes[place][own] - 1, 1)
            contrasts = _contrast(within, mine / sizes[place], own, sizes[place])
            values[place, start : start + TILE_QUERIES] = contrasts

    with one_blas_thread():
        for _ in map_in_order(part, range(0, len(queries), TILE_QUERIES), n_threads=n_threads):
            pass
    return values


def find_sides(
    points: Points, lines: Singles, edges: Indices, own: Numbers, *, middle: Points, scale: float
) -> tuple[Singles, Singles]:
    """Return how far each song is from its own cluster and from the nearest other one, squared.

    Parameters
    ----------
    points : ndarray of float32 or float64, shape (n_songs, n_dimensions)
    lines : ndarray of float32, shape (n_clusters, n_dimensions + 1)
        What a squared distance to each cluster of each labeling is made of, besides the squared length of
        the centred and scaled point: a slope for each of its coordinates, and a constant.
    edges : ndarray of int64, shape (n_labelings + 1,)
        Where the clusters of each labeling begin.
    own : ndarray of int32, shape (n_labelings, n_songs)
        Labels from 0 to k - 1 of each labeling.
    middle : ndarray, shape (n_dimensions,)
        Taken from the points.
    scale : float
        The points are divided by it.

    Returns
    -------
    within, nearest : ndarray of float32, shape (n_labelings, n_songs)
        As good as float32 sums are: small differences of large squares have lost figures.
    """
    centred = ((points - middle) / scale).astype(np.float32)
    squares = lines[:, :-1] @ centred.T
    squares += lines[:, -1:]
    squares += np.einsum("ij,ij->i", centred, centred)
    return own_and_next(np.maximum(squares, 0.0, out=squares), edges, own)


def own_and_next(distances: Singles, edges: Indices, own: Numbers) -> tuple[Singles, Singles]:
    """Return the distances to the own and to the nearest other cluster, each ``(n_labelings, n_songs)``.

    `distances` to all clusters of all labelings, ``(n_clusters, n_songs)``, are overwritten.
    """
    places = own + edges[:-1, None], np.arange(own.shape[1])
    within = distances[places]
    distances[places] = np.inf
    return within, np.stack([distances[first:last].min(axis=0) for first, last in pairwise(edges)])


def _contrast(within: Floats, to_clusters: Floats, own: Labeling, sizes: Labeling) -> Floats:
    """Silhouettes from distances within the own cluster and to all clusters, which are overwritten."""
    to_clusters[np.arange(len(own)), own] = np.inf
    nearest = to_clusters.min(axis=1)
    larger = np.maximum(within, nearest)
    values: Floats = np.divide(nearest - within, larger, out=np.zeros_like(within), where=larger > 0)
    values[sizes[own] == 1] = 0.0
    return values


def _sort_songs(points: Points, middle: Floats, labelings: Sequence[Labeling], ks: Sequence[int]) -> _Sorted:
    """Sort the songs by joint label and note which runs make up each cluster."""
    joint = np.stack([np.asarray(labels, dtype=np.int64) for labels in labelings])
    order = np.lexsort(joint[::-1])
    joint = joint[:, order]
    starts = np.flatnonzero(np.r_[True, (joint[:, 1:] != joint[:, :-1]).any(axis=0)])
    offsets = np.cumsum([0, *ks[:-1]])[:, None]
    clusters = np.zeros((int(sum(ks)), len(starts)))
    clusters[joint[:, starts] + offsets, np.arange(len(starts))] = 1.0
    centred = points[order] - middle
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
