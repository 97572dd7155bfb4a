"""Indices of a clustering from its centroids, and the registry of all indices.

Conventions
-----------
`points` is `(n_songs, n_dimensions)`, finite; `labels` is `(n_songs,)`, any integers; arithmetic is
float64 whatever the type of the points. Time and memory grow with the number of songs, not its square.

References
----------
D. L. Davies, D. W. Bouldin (1979), "A cluster separation measure", IEEE Transactions on Pattern
Analysis and Machine Intelligence 1.
T. Calinski, J. Harabasz (1974), "A dendrite method for cluster analysis", Communications in
Statistics 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from songatlas.kernels import cluster_spreads, cluster_sums
from songatlas.quality.labelings import Labeling, check_points, codes_of, encode, mean_by_cluster
from songatlas.quality.separation import silhouette

# Lengths below this are rounding of coincident points, as scikit-learn takes them.
_NO_LENGTH = 1e-8


@dataclass(frozen=True, kw_only=True)
class Index:
    """One figure that judges a clustering.

    Attributes
    ----------
    label : str
        What a figure or a table calls it.
    better : {"higher", "lower"}
        Which way is good.
    sentence : str
        What it says, in one plain sentence.
    measure : callable or None
        `measure(points, labels)` gives the figure; None where it needs more than one clustering.
    """

    label: str
    better: Literal["higher", "lower"]
    sentence: str
    measure: Callable[[NDArray[Any], ArrayLike], float] | None


def inertia(points: NDArray[Any], labels: ArrayLike) -> float:
    """Return the sum of squared distances of songs to the centroid (mean) of their cluster, from 0 up.

    Raises
    ------
    ValueError
        If shapes disagree or a coordinate is not finite.

    Examples
    --------
    >>> inertia(np.array([[0.0], [2.0], [9.0]]), [0, 0, 1])
    2.0
    """
    points = check_points(points)
    codes, k = codes_of(labels)
    if len(codes) != len(points):
        raise ValueError(f"{len(codes)} labels for {len(points)} songs: there must be one label a song")
    labeling = Labeling(codes=codes, sizes=np.bincount(codes, minlength=k))
    return float(cluster_spreads(points, mean_by_cluster(points, labeling), codes)[0].sum())


def davies_bouldin(points: NDArray[Any], labels: ArrayLike) -> float:
    """Return the Davies-Bouldin index: mean over clusters of the worst overlap with another, from 0 up.

    Lower is better. It is 0 where all songs lie on their centroids, or all centroids coincide.

    Raises
    ------
    ValueError
        If shapes disagree, a coordinate is not finite, or there is one cluster or one for every song.
    """
    points = check_points(points)
    labeling = encode(labels, len(points))
    centroids = mean_by_cluster(points, labeling)
    radii = cluster_spreads(points, centroids, labeling.codes)[1] / labeling.sizes
    return _worst_overlap(radii, centroids)


def calinski_harabasz(points: NDArray[Any], labels: ArrayLike) -> float:
    """Return the Calinski-Harabasz index: spread between clusters against spread within, from 0 up.

    Higher is better. It is 1 where all songs lie on their centroids.

    Raises
    ------
    ValueError
        If shapes disagree, a coordinate is not finite, or there is one cluster or one for every song.
    """
    points = check_points(points)
    labeling = encode(labels, len(points))
    centroids = mean_by_cluster(points, labeling)
    within = float(cluster_spreads(points, centroids, labeling.codes)[0].sum())
    return _between_to_within(within, labeling.sizes, centroids)


def compactness_indices(points: NDArray[Any], labels: NDArray[np.int32]) -> dict[str, float]:
    """Return `davies_bouldin` and `calinski_harabasz` of a clustering.

    One pass over the songs makes the means, and one more serves both.

    Parameters
    ----------
    points : array of shape (n_songs, n_dimensions)
        Finite.
    labels : array of int32, shape (n_songs,)
        0 to k - 1, no cluster empty; at least two clusters and fewer than songs.
    """
    sizes = np.bincount(labels)
    centroids = cluster_sums(points, labels, len(sizes))[0] / sizes[:, None]
    squares, lengths = cluster_spreads(points, centroids, labels)
    return {
        "davies_bouldin": _worst_overlap(lengths / sizes, centroids),
        "calinski_harabasz": _between_to_within(float(squares.sum()), sizes, centroids),
    }


def _worst_overlap(radii: NDArray[np.float64], centroids: NDArray[np.float64]) -> float:
    """Mean over the clusters of the worst ratio of two radii to the distance of their centroids."""
    gaps = np.sqrt(np.square(centroids[:, None, :] - centroids[None, :, :]).sum(axis=2))
    if (radii <= _NO_LENGTH).all() or (gaps <= _NO_LENGTH).all():
        return 0.0
    gaps[gaps == 0] = np.inf
    return float(((radii[:, None] + radii) / gaps).max(axis=1).mean())


def _between_to_within(within: float, sizes: NDArray[np.int64], centroids: NDArray[np.float64]) -> float:
    """Variance of the centroids to the variance of the songs about them; 1 where the latter is nothing."""
    if within == 0:
        return 1.0
    n_songs, k = int(sizes.sum()), len(sizes)
    middle = sizes @ centroids / n_songs
    between = float(sizes @ np.square(centroids - middle).sum(axis=1))
    return between * (n_songs - k) / (within * (k - 1))


def _silhouette_value(points: NDArray[Any], labels: ArrayLike) -> float:
    """The silhouette without its interval."""
    return silhouette(points, labels).value


INDICES: Mapping[str, Index] = MappingProxyType(
    {
        "inertia": Index(
            label="Inertia",
            better="lower",
            sentence="How far songs lie from the centre of their cluster, squared and summed; "
            "it falls with every further cluster.",
            measure=inertia,
        ),
        "silhouette": Index(
            label="Silhouette",
            better="higher",
            sentence="How much nearer a song is to its own cluster than to the next one: "
            "1 is far apart, 0 is on the border.",
            measure=_silhouette_value,
        ),
        "davies_bouldin": Index(
            label="Davies-Bouldin",
            better="lower",
            sentence="How much each cluster overlaps with the neighbour it is most easily confused with.",
            measure=davies_bouldin,
        ),
        "calinski_harabasz": Index(
            label="Calinski-Harabasz",
            better="higher",
            sentence="How far the clusters lie from each other, against how wide they are.",
            measure=calinski_harabasz,
        ),
        "stability": Index(
            label="Stability",
            better="higher",
            sentence="How alike the clusters come out when half of the songs are left out: "
            "1 is the same clusters each time, 0 is chance.",
            measure=None,
        ),
        "gap": Index(
            label="Gap",
            better="higher",
            sentence="How much tighter the clusters hold the songs than they would hold a cloud of the same "
            "spread without any clusters: 0 is no tighter, 0.1 is a tenth.",
            measure=None,
        ),
        "valley": Index(
            label="Valleys",
            better="higher",
            sentence="How much songs thin out between neighbouring clusters: 1 is nothing between them, "
            "0 or less is no thinning, as in one cloud cut into slices.",
            measure=None,
        ),
        "ami": Index(
            label="Agreement with genres",
            better="higher",
            sentence="How much the clusters and the genres of the songs say of each other (adjusted mutual "
            "information): 1 is the same grouping, 0 is chance.",
            measure=None,
        ),
    }
)
