"""What weights of features are chosen by: agreement with genres, or stability where there are no genres.

An objective says quickly how good weights are for some songs, and compares two sets of weights carefully
on songs that took no part in choosing them.

Stability alone could be won by cheating: it is perfect once a single feature is left, or two clusters far
from everything. So where it is the aim, no feature is left out, the sound must keep most of its effective
number of features, and clusters must stand out from structureless songs of the same spread as clearly as
before: weights that only squeeze the cloud into a shape that k-means cuts alike each time fail the last,
because they serve the structureless songs just as well. Even so stability is the poorer guide: weights
that raise it can lower the agreement with genres that were hidden from it. So it must gain 0.05 to be
followed.

Conventions
-----------
Weights are factors of features inside the sound; features not named count 1. `learn` is a mask of the
songs, bool `(n_songs,)`; the others are held back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.artist_parts import N_REPLICATES, genre_gains, mutual_information
from songatlas.atlas.settings import AtlasSettings
from songatlas.atlas.usual_space import with_space
from songatlas.kmeans import compare_with_clouds, nearest_centroids, resample_labelings, sweep
from songatlas.kmeans.search import Search
from songatlas.quality import CrossTable, gaps
from songatlas.space import SongSpace

Weights = Mapping[str, float]
_Mask = NDArray[np.bool_]
_Points = NDArray[np.float32]

N_SEEDINGS, N_ROUNDS, N_SEEDS = 2, 2, 2  # of a quick search; on songs, AMI as of a sweep to 0.002
QUICK_RESAMPLES, CAREFUL_RESAMPLES = 5, 10
KEPT_FEATURES = 0.6
"""Share of the effective number of features that weights chosen by stability must keep."""
_CONTRAST_NOISE = 0.01  # of the gap, which is a difference of logarithms


@dataclass(frozen=True)
class Comparison:
    """Two sets of weights on songs that were held back: their values, and the gain in each replicate."""

    before: float
    after: float
    gains: NDArray[np.float64] = field(repr=False)


class Objective(Protocol):
    """What weights are chosen by.

    Attributes
    ----------
    name : str
        What it is called in a sentence.
    ladder : tuple of float
        Factors that are tried.
    least_step, least_gain : float
        What one change must add to be taken, and all together on held-out artists to be applied.
    caution : str
        What a person should know of weights chosen by it, to go on a sentence; may be empty.
    """

    name: ClassVar[str]
    ladder: ClassVar[tuple[float, ...]]
    least_step: ClassVar[float]
    least_gain: ClassVar[float]
    caution: ClassVar[str]

    @property
    def ks(self) -> tuple[int, ...]:
        """Numbers of clusters that are tried."""

    def quick(self, weights: Weights, learn: _Mask) -> float:
        """Return how good the weights are for some songs."""

    def allows(self, weights: Weights, learn: _Mask) -> bool:
        """Say whether the weights keep the rules."""

    def compare(self, before: Weights, after: Weights, learn: _Mask) -> Comparison:
        """Return how two sets of weights do on the songs that were held back."""


@dataclass(frozen=True)
class WeightedPoints:
    """Points of songs under any weights, without fitting the space again.

    Attributes
    ----------
    points : ndarray of float32, shape (n_songs, n_dimensions)
        As the space gives them.
    columns : tuple of str
        The feature of each coordinate of the sound; empty for coordinates of other blocks.
    """

    points: _Points
    columns: tuple[str, ...]

    @classmethod
    def of(cls, songs: pl.DataFrame, *, features: tuple[str, ...], settings: AtlasSettings) -> WeightedPoints:
        """Fit sound, audio and era, with the weights of the settings."""
        settings = with_space(settings, songs)
        blocks = tuple(name for name in settings.space if name in ("sound", "audio", "era"))
        space = SongSpace.fit(
            songs,
            features=features,
            blocks=blocks,
            weights={name: weight for name, weight in settings.weights.items() if name in blocks},
            feature_weights=settings.feature_weights,
        )
        columns = [
            column if block.name == "sound" else ""
            for block in space.blocks
            for column in ([each.column for each in block.coordinates] or block.dimensions)
        ]
        return cls(space.points(songs), tuple(columns))

    @cached_property
    def variances(self) -> NDArray[np.float64]:
        """Variance of each coordinate of the sound, 0 elsewhere."""
        in_sound = np.array([column != "" for column in self.columns])
        return np.where(in_sound, self.points.var(axis=0, dtype=np.float64), 0.0)

    def under(self, weights: Weights) -> _Points:
        """Return the points that a space fitted with these weights would give; the sound keeps its share."""
        factors = self._factors(weights)
        total = float((self.variances * factors**2).sum())
        kept = np.sqrt(self.variances.sum() / total) if total > 0 else 0.0
        factors[[column != "" for column in self.columns]] *= kept
        return self.points * factors.astype(np.float32)

    def effective_features(self, weights: Weights) -> float:
        """Return how many equally strong features the sound would be as varied as (inverse Simpson)."""
        of_feature: dict[str, float] = {}
        for column, variance in zip(self.columns, self.variances * self._factors(weights) ** 2, strict=True):
            of_feature[column] = of_feature.get(column, 0.0) + float(variance)
        shares = np.array(list(of_feature.values()))
        return float(shares.sum() ** 2 / np.square(shares).sum()) if shares.any() else 0.0

    def _factors(self, weights: Weights) -> NDArray[np.float64]:
        return np.array([weights.get(column, 1.0) if column else 1.0 for column in self.columns])


@dataclass(frozen=True)
class GenreAgreement:
    """Adjusted mutual information of clusters and genres, the mean of several numbers of clusters.

    Attributes
    ----------
    songs : WeightedPoints
    clustered, judged : ndarray of bool, shape (n_songs,)
        Songs that clusters are made of, and songs with a genre that they are judged by.
    genres, artists : ndarray of int64, shape (n_songs,)
    ks : tuple of int
    seed : int
    """

    name: ClassVar[str] = "agreement with genres"
    ladder: ClassVar[tuple[float, ...]] = (0.0, 0.5, 1.5, 2.0)
    least_step: ClassVar[float] = 0.003
    least_gain: ClassVar[float] = 0.005
    caution: ClassVar[str] = ""

    songs: WeightedPoints
    clustered: _Mask
    judged: _Mask
    genres: NDArray[np.int64]
    artists: NDArray[np.int64]
    ks: tuple[int, ...]
    seed: int

    def quick(self, weights: Weights, learn: _Mask) -> float:
        """Return the agreement of the judged songs of `learn` with clusters made of the others of `learn`."""
        points, truth = self.songs.under(weights), self.genres[self.judged & learn]
        judged = points[self.judged & learn]
        values = [
            mutual_information(nearest_centroids(judged, centroids, n_threads=1)[0], truth)
            for seed in range(N_SEEDS)
            for centroids in quick_centroids(points[self.clustered & learn], self.ks, seed=self.seed + seed)
        ]
        return float(np.mean(values))

    def allows(self, weights: Weights, learn: _Mask) -> bool:
        """Allow all: genres are not made of features, so agreement with them cannot be had by cheating."""
        return True

    def compare(self, before: Weights, after: Weights, learn: _Mask) -> Comparison:
        """Return the agreement on held-out artists, placed in clusters of those who were not."""
        judged = self.judged & ~learn
        truth, artists = self.genres[judged], self.artists[judged]
        old, new = (self._held_out_labels(weights, learn) for weights in (before, after))
        values = [
            float(np.mean([mutual_information(each, truth) for each in labels])) for labels in (old, new)
        ]
        return Comparison(values[0], values[1], genre_gains(old, new, truth, artists, seed=self.seed))

    def _held_out_labels(self, weights: Weights, learn: _Mask) -> list[NDArray[np.int32]]:
        """Clusters of the held-out songs, for every k and several seeds."""
        points = self.songs.under(weights)
        held_out = points[self.judged & ~learn]
        return [
            nearest_centroids(held_out, found.centroids, n_threads=1)[0]
            for seed in range(N_SEEDS)
            for found in sweep(points[self.clustered & learn], self.ks, seed=self.seed + seed, n_threads=1)
        ]


@dataclass(frozen=True)
class Stability:
    """How alike clusters come out when other songs are drawn, the mean of several numbers of clusters."""

    name: ClassVar[str] = "stability"
    ladder: ClassVar[tuple[float, ...]] = (0.5, 1.5)
    least_step: ClassVar[float] = 0.01
    least_gain: ClassVar[float] = 0.05
    caution: ClassVar[str] = "; steadier clusters need not be closer to genres"

    songs: WeightedPoints
    ks: tuple[int, ...]
    seed: int

    def quick(self, weights: Weights, learn: _Mask) -> float:
        """Return the mean adjusted Rand index of clusterings of sub-samples."""
        return float(self._pairs(weights, learn, QUICK_RESAMPLES).mean())

    def allows(self, weights: Weights, learn: _Mask) -> bool:
        """Refuse weights that leave too few features, or clusters that stand out less than before."""
        if self.songs.effective_features(weights) < KEPT_FEATURES * self.songs.effective_features({}):
            return False
        return self.contrast(weights, learn) >= self.contrast({}, learn) - _CONTRAST_NOISE

    def compare(self, before: Weights, after: Weights, learn: _Mask) -> Comparison:
        """Return the stability among the held-out songs, from the same sub-samples both times."""
        old, new = (self._pairs(weights, ~learn, CAREFUL_RESAMPLES) for weights in (before, after))
        random = np.random.default_rng([self.seed, 43])
        drawn = random.integers(0, CAREFUL_RESAMPLES, (N_REPLICATES, CAREFUL_RESAMPLES))
        return Comparison(float(old.mean()), float(new.mean()), (new - old)[drawn].mean(axis=1))

    def contrast(self, weights: Weights, learn: _Mask) -> float:
        """Return how much tighter clusters hold the songs than they hold songs without structure."""
        shares = compare_with_clouds(self.songs.under(weights)[learn], self.ks, seed=self.seed, n_threads=1)
        return float(np.mean([gap.value for gap in gaps(shares.songs, shares.clouds)]))

    def _pairs(self, weights: Weights, rows: _Mask, n_resamples: int) -> NDArray[np.float64]:
        """Adjusted Rand index of each pair of clusterings, the mean over the ks."""
        points = self.songs.under(weights)[rows]
        pairs = resample_labelings(points, self.ks, n_resamples=n_resamples, seed=self.seed, n_threads=1)
        found = [[CrossTable.of(*pair).adjusted_rand() for pair in pairs[k]] for k in self.ks]
        return np.asarray(np.mean(found, axis=0), dtype=np.float64)


def quick_centroids(points: _Points, ks: tuple[int, ...], *, seed: int) -> list[NDArray[np.float64]]:
    """Return good centroids for every k, of few starts."""
    search = Search(points, ks, n_kept=1, seed=seed)
    for _ in range(N_SEEDINGS):
        search.seed_anew()
    for _ in range(N_ROUNDS):
        search.learn_from_neighbours()
    return [search.found[k][0].centroids for k in ks]
