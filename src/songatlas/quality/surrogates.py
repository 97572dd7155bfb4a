"""Silhouettes that compare no songs: what the moments of clusters lead one to expect of a song.

The mean distance of a song to the songs of a cluster follows from how far the cluster's centroid is and
how the cluster is spread: the root of the mean squared distance is a few hundredths too much, and the
variance of the squared distances says how much. Neither is the silhouette, but both go up and down with it
so closely that a few exact silhouettes tell the rest.

Conventions
-----------
Points are taken centred, divided by the root of their total variance and in float32; coordinate after
coordinate, so that a line of an array is one coordinate, or one cluster, of all songs in hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from songatlas.kernels import find_sides
from songatlas.kernels.reference_silhouette import own_and_next
from songatlas.quality.labelings import Labeling, mean_by_cluster

_MOMENT_SONGS = 32_768  # songs that second moments are taken from, which need not be exact
_MOST_AXES = 16  # principal axes whose covariances are kept
_SONGS_AT_ONCE = 8_192
_CLOSE_SONGS_AT_ONCE = 2_048  # their distances to some hundred clusters fit the cache
_MOST_SHORTENED = 0.6
_LEAST = np.float32(1e-18)  # its square is no denormal number


@dataclass(frozen=True)
class Surrogates:
    """Polynomials in the coordinates of a song, one line for every cluster of every labeling.

    Attributes
    ----------
    middle : ndarray, shape (n_dimensions,)
        Taken from the points, in their own type.
    scale : float
    axes : ndarray of float32, shape (n_axes, n_dimensions)
        Principal axes of all songs.
    squares : ndarray of float32, shape (n_clusters, n_dimensions + 1)
        Times the coordinates and 1, and the squared length added: the mean squared distance to the cluster.
    variances : ndarray of float32, shape (n_clusters, n_axes + n_axes (n_axes + 1) / 2 + 1)
        Times the coordinates along the axes, their products and 1: the variance of the squared distance.
    edges : ndarray of int64, shape (n_labelings + 1,)
        Where the clusters of each labeling begin.
    others : ndarray of float32, shape (n_clusters,)
        What leaves a song out of the mean over its own cluster: n / (n - 1), NaN for a song alone.
    """

    middle: NDArray[Any]
    scale: float
    axes: NDArray[np.float32]
    squares: NDArray[np.float32]
    variances: NDArray[np.float32]
    edges: NDArray[np.int64]
    others: NDArray[np.float32]

    @classmethod
    def of(cls, points: NDArray[Any], labelings: Sequence[Labeling]) -> Surrogates:
        """Take means and mean squares of the clusters from all songs, the rest from evenly spaced ones."""
        taken = np.arange(0, len(points), -(-len(points) // _MOMENT_SONGS))
        sample = points[taken].astype(np.float64)
        middle = sample.mean(axis=0).astype(points.dtype)
        sample -= middle
        scale = float(np.sqrt(np.square(sample).sum(axis=1).mean())) or 1.0
        sample /= scale
        axes = np.linalg.eigh(sample.T @ sample)[1].T[::-1][:_MOST_AXES]
        lengths = _squared_lengths(points, middle) / scale**2
        lines: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        for labeling in labelings:
            centroids = (mean_by_cluster(points, labeling) - middle) / scale
            squares = np.bincount(labeling.codes, lengths) / labeling.sizes
            codes = labeling.codes[taken]
            stops = np.cumsum(np.bincount(codes, minlength=labeling.k))
            members = np.split(sample[np.argsort(codes, kind="stable")], stops[:-1])
            lines += map(_lines, centroids, squares, members, [axes] * labeling.k)
        of_square, of_variance = (np.array(part, dtype=np.float32) for part in zip(*lines, strict=True))
        edges = np.cumsum([0, *(labeling.k for labeling in labelings)], dtype=np.int64)
        sizes = np.concatenate([labeling.sizes for labeling in labelings])
        others = np.where(sizes > 1, sizes / np.maximum(sizes - 1, 1), np.nan).astype(np.float32)
        return cls(
            middle=middle,
            scale=scale,
            axes=axes.astype(np.float32),
            squares=of_square,
            variances=of_variance,
            edges=edges,
            others=others,
        )

    def rough(
        self, points: NDArray[Any], labelings: Sequence[Labeling]
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield, some songs after the other, the first row and silhouettes, ``(n_labelings, n)``.

        They are made of root mean square distances.
        """
        for start in range(0, len(points), _SONGS_AT_ONCE):
            block = slice(start, start + _SONGS_AT_ONCE)
            own = np.stack([labeling.codes[block] for labeling in labelings])
            within, nearest = find_sides(
                points[block], self.squares, self.edges, own, middle=self.middle, scale=self.scale
            )
            yield start, _contrast(np.sqrt(self._of_others(within, own)), np.sqrt(nearest))

    def close(
        self, points: NDArray[Any], labelings: Sequence[Labeling], rows: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return silhouettes of some songs, ``(n_labelings, len(rows))``, from the first two moments.

        With S and V mean and variance of the squared distances, the mean distance is about
        ``sqrt(S) (1 - V / (8 S^2))``.
        """
        found, n_dimensions = np.empty((len(labelings), len(rows))), self.axes.shape[1]
        for start in range(0, len(rows), _CLOSE_SONGS_AT_ONCE):
            mine = rows[start : start + _CLOSE_SONGS_AT_ONCE]
            centred = ((points[mine] - self.middle).T / self.scale).astype(np.float32)
            squares = self.squares[:, :n_dimensions] @ centred + self.squares[:, n_dimensions:]
            squares += np.square(centred).sum(axis=0)
            squares = np.maximum(squares, 0.0, out=squares)
            shorter = self.variances @ _products(self.axes @ centred)
            shorter /= np.maximum(8.0 * np.square(squares), _LEAST)
            distances = np.sqrt(squares) * (1.0 - np.clip(shorter, 0.0, _MOST_SHORTENED))
            own = np.stack([labeling.codes[mine] for labeling in labelings])
            within, nearest = own_and_next(distances, self.edges, own)
            found[:, start : start + len(mine)] = _contrast(self._of_others(within, own), nearest)
        return found

    def _of_others(self, within: NDArray[np.float32], own: NDArray[np.int32]) -> NDArray[np.float32]:
        """Distances to the own cluster, each song itself left out; NaN for songs alone."""
        others: NDArray[np.float32] = within * self.others[own + self.edges[:-1, None]]
        return others


def _contrast(within: NDArray[np.float32], nearest: NDArray[np.float32]) -> NDArray[np.float32]:
    """Silhouettes from distances to the own and to the nearest other cluster; 0 for songs alone."""
    larger = np.maximum(np.maximum(within, nearest), _LEAST)
    values: NDArray[np.float32] = np.divide(nearest - within, larger, dtype=np.float32)
    values[np.isnan(values)] = 0.0
    return values


def _squared_lengths(points: NDArray[Any], middle: NDArray[Any]) -> NDArray[np.float64]:
    """Squared distances of all songs to the middle."""
    lengths = np.empty(len(points))
    for start in range(0, len(points), _SONGS_AT_ONCE):
        centred = points[start : start + _SONGS_AT_ONCE] - middle
        lengths[start : start + _SONGS_AT_ONCE] = np.einsum("ij,ij->i", centred, centred)
    return lengths


def _lines(
    centroid: NDArray[np.float64],
    mean_square: np.float64,
    members: NDArray[np.float64],
    axes: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two polynomials of one cluster: mean of the squared distance, and its variance along the axes.

    With c the centroid, y a song less c and u a point less c, the squared distance is
    ``u.u - 2 u.y + y.y``, and its variance ``4 u.Cov(y).u - 4 u.Cov(y, y.y) + Var(y.y)``.
    """
    if not len(members):
        members = centroid[None]
    squares = np.square(members - centroid).sum(axis=1)
    along = (members - centroid) @ axes.T
    covariances = 4.0 * along.T @ along / len(along)
    lean = 4.0 * (squares - squares.mean()) @ along / len(along)
    middle = axes @ centroid
    slope = -2.0 * covariances @ middle - lean
    constant = squares.var() + middle @ covariances @ middle + lean @ middle
    upper = (2.0 * covariances - np.diag(np.diag(covariances)))[np.triu_indices(len(axes))]
    return np.r_[-2.0 * centroid, mean_square], np.r_[slope, upper, constant]


def _products(along: NDArray[np.float32]) -> NDArray[np.float32]:
    """Coordinates, their products two by two, and 1."""
    products = [along[i] * along[i:] for i in range(len(along))]
    return np.concatenate([along, *products, np.ones((1, along.shape[1]), dtype=np.float32)])
