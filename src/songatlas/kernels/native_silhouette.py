"""Silhouettes in C: every distance computed once and added up for many labelings.

Songs are sorted by their joint label over all labelings, so that a cluster of any labeling is a few runs
of songs, and the runs so that few labels change from one to the next. Few songs are left to the reference:
float32 distances are as good as float64 ones only where there are many to average. So are songs whose
clusters lie thousands of times nearer than the farthest songs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

import songatlas.kernels._kernels as _kernels
from songatlas.kernels import reference_silhouette
from songatlas.kernels.lines import aligned, power_of_two
from songatlas.kernels.threads import map_in_order

Floats: TypeAlias = npt.NDArray[np.float64]
Singles: TypeAlias = npt.NDArray[np.float32]
Numbers: TypeAlias = npt.NDArray[np.int32]
Indices: TypeAlias = npt.NDArray[np.int64]
Points: TypeAlias = npt.NDArray[np.floating[Any]]
Labeling: TypeAlias = npt.NDArray[np.integer[Any]]

BLOCK_QUERIES = 16
SONG_TILE = 8
STRIP_SONGS = 256
QUERIES_A_PART = 512
FEW_PAIRS = 1 << 23
LARGEST_KEY = 2**62
GREATEST = 2.0**21


@dataclass(frozen=True)
class _Comparison:
    """Everything `_kernels.compare` reads."""

    songs: Singles
    n_songs: int
    queries: Singles
    strips: Indices
    segments: Numbers
    edges: Indices
    sizes: Floats
    own: Numbers


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
    if len(points) * len(query_rows) <= FEW_PAIRS:
        return reference_silhouette.silhouette_table(points, query_rows, labelings, ks, n_threads=n_threads)
    given = _comparison(points, np.asarray(query_rows, dtype=np.int64), labelings, ks)
    values = np.empty((len(labelings), len(given.own)))
    step = QUERIES_A_PART // BLOCK_QUERIES

    def part(first: int) -> None:
        _kernels.compare(
            given.songs,
            given.n_songs,
            given.queries,
            given.strips,
            given.segments,
            given.edges,
            given.sizes,
            given.own,
            values,
            first,
            min(first + step, len(given.queries)),
        )

    for _ in map_in_order(part, range(0, len(given.queries), step), n_threads=n_threads):
        pass
    near = np.flatnonzero(np.isnan(values).any(axis=0))
    if len(near):
        exact = reference_silhouette.silhouette_table
        values[:, near] = exact(points, np.asarray(query_rows)[near], labelings, ks, n_threads=n_threads)
    return values


def find_sides(
    points: Points, lines: Singles, edges: Indices, own: Numbers, *, middle: Points, scale: float
) -> tuple[Singles, Singles]:
    """Return how far each song is from its own cluster and from the nearest other one, squared.

    Parameters and answers are those of the reference.
    """
    n_blocks = -(-len(points) // BLOCK_QUERIES)
    blocks = aligned((n_blocks, points.shape[1], BLOCK_QUERIES))
    shift = np.asarray(middle, dtype=np.float64)
    _kernels.pack(np.ascontiguousarray(points), None, shift, scale, blocks, None, 0, n_blocks)
    padded = np.zeros((len(own), n_blocks * BLOCK_QUERIES), dtype=np.int32)
    padded[:, : len(points)] = own
    within, nearest = np.empty(padded.shape, np.float32), np.empty(padded.shape, np.float32)
    _kernels.find_sides(blocks, np.ascontiguousarray(lines), edges, padded, within, nearest)
    return within[:, : len(points)], nearest[:, : len(points)]


def _comparison(
    points: Points, query_rows: Indices, labelings: Sequence[Labeling], ks: Sequence[int]
) -> _Comparison:
    """Sort the songs by joint label, and copy songs and queries into the order the loops read them in."""
    points = np.ascontiguousarray(points)
    joint = [np.ascontiguousarray(labels, dtype=np.int32) for labels in labelings]
    edges = np.cumsum([0, *ks], dtype=np.int64)
    sorted_rows, stops, labels = _in_runs(joint, ks)
    strips, segments = _segments(stops, labels, edges)
    shift, scale = _frame(points)
    songs = aligned((-(-len(points) // SONG_TILE), points.shape[1], SONG_TILE))
    queries = aligned((-(-len(query_rows) // BLOCK_QUERIES), points.shape[1], BLOCK_QUERIES))
    _kernels.pack(points, sorted_rows, shift, scale, songs, None, 0, len(songs))
    _kernels.pack(points, query_rows, shift, scale, queries, None, 0, len(queries))
    sizes = [np.bincount(labels, minlength=k) for labels, k in zip(joint, ks, strict=True)]
    own = [labels[query_rows] + edge for labels, edge in zip(joint, edges[:-1], strict=True)]
    return _Comparison(
        songs=songs,
        n_songs=len(points),
        queries=queries,
        strips=strips,
        segments=segments,
        edges=edges,
        sizes=np.concatenate(sizes).astype(np.float64),
        own=np.stack(own, axis=1).astype(np.int32),
    )


def _in_runs(joint: Sequence[Numbers], ks: Sequence[int]) -> tuple[Indices, Indices, Numbers]:
    """Return the rows run after run, where each run stops, and its labels, ``(n_runs, n_labelings)``."""
    rows, starts = _sorted_by_label(joint, ks)
    labels = np.stack([mine[rows[starts]] for mine in joint])
    order = np.empty(len(starts), dtype=np.int64)
    _kernels.tour(labels.astype(np.uint16), order)  # a likeness by the lower 16 bits will do
    lengths = np.diff(np.append(starts, len(rows)))[order]
    stops = np.cumsum(lengths)
    within = np.arange(len(rows)) - np.repeat(stops - lengths, lengths)
    return rows[np.repeat(starts[order], lengths) + within], stops, labels[:, order]


def _segments(stops: Indices, labels: Numbers, edges: Indices) -> tuple[Indices, Numbers]:
    """Cut the runs where strips end: where the segments of equal labels of each strip begin, and these."""
    n_songs = stops[-1]
    cuts = np.union1d(stops, np.arange(STRIP_SONGS, n_songs, STRIP_SONGS))
    labels = labels[:, np.searchsorted(stops, cuts)]
    last = np.ones(labels.shape, dtype=np.bool_)
    last[:, :-1] = (labels[:, 1:] != labels[:, :-1]) | (cuts[:-1] % STRIP_SONGS == 0)
    labeling, piece = np.nonzero(last)
    stop = cuts[piece]
    start = np.roll(stop, 1) % n_songs  # a labeling ends with the last song, the next begins with the first
    strip = start // STRIP_SONGS
    rows = labels[labeling, piece] + edges[labeling]
    segments = np.stack([start - strip * STRIP_SONGS, stop - strip * STRIP_SONGS, rows], axis=1)
    order = np.argsort(start, kind="stable")
    strips = np.searchsorted(strip[order], np.arange(-(-n_songs // STRIP_SONGS) + 1))
    return strips, np.ascontiguousarray(segments[order], dtype=np.int32)


def _sorted_by_label(joint: Sequence[Numbers], ks: Sequence[int]) -> tuple[Indices, Indices]:
    """Return the rows sorted by joint label, and where each run of equal joint labels begins.

    The labels are the digits of one number a song; where it would grow too large it is counted anew.
    """
    keys, bound = np.zeros(len(joint[0]), dtype=np.int64), 1
    for labels, k in zip(joint, ks, strict=True):
        if bound * k > LARGEST_KEY:
            present, keys = np.unique(keys, return_inverse=True)
            bound = len(present)
        keys *= k
        keys += labels
        bound *= k
    rows = np.argsort(keys, kind="stable")
    keys = keys[rows]
    return rows, np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))


def _frame(points: Points) -> tuple[Floats, float]:
    """Return what to take from the points and what to divide them by before they become float32.

    Differences of float32 points are best taken of the very points, but where they lie far from 0 for what
    they differ; those of float64 points of centred ones.
    No distance is more than `GREATEST` afterwards.
    """
    least, most = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    shift = (least + most) / 2
    if points.dtype == np.float32:
        offset = np.maximum(np.abs(least), np.abs(most))
        shift[offset <= GREATEST * (most - least)] = 0.0
    reach = float(np.abs(most - least).max())
    diagonal = reach and reach * float(np.sqrt(np.square((most - least) / reach).sum()))
    return shift, power_of_two(diagonal / GREATEST)
