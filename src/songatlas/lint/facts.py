"""What the checks need to know of a result, and what they answer.

Conventions
-----------
Shares run from 0 to 1. `points` are float32 ``(n_songs, n_dimensions)``, finite; `labels` are 0 to k - 1.
A *feature* of a coordinate is the column it comes from; the coordinates of a block of tags or genres have
the block's name there, so that they are judged as one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.quality import sampled_rows

Severity = Literal["note", "warning"]
LabelPair: TypeAlias = tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]]]

SAMPLE: Final = 5_000
"""Songs that correlations and spreads are taken from."""

SONG_SAMPLE: Final = 20_000
"""Songs whose values are looked at."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A result as the checks see it.

    Attributes
    ----------
    points : ndarray of float32, shape (n_songs, n_dimensions)
    dimension_features, dimension_blocks : sequence of str
        Feature and block of each coordinate.
    labels : ndarray of int, shape (n_songs,)
    centroids : ndarray, shape (k, n_dimensions)
    songs : polars.DataFrame, n_songs rows
        The clustered songs.
    features : sequence of str
        Columns that the sound is made of.
    cluster_names : sequence of str
        Name of each cluster; without them clusters are called by their numbers.
    stability : float or None
        Mean adjusted Rand index of resampled clusterings; None where it was not measured.
    pairs : sequence of (labels, labels)
        Labelings of the same songs, by a clustering of other songs and by this one; see
        `songatlas.kmeans.resample_labelings`.
    unread : mapping of str to str
        Header -> why, for columns of the table that were left alone.
    notes : mapping of str to str
        Column -> what reading it had to say, for columns that are used.
    n_rows : int
        Rows of the table, which `notes` count in.
    seed : int
        Seed of the samples.
    n_threads : int or None
        Every core where None; the findings do not depend on it.
    """

    points: NDArray[Any]
    dimension_features: Sequence[str]
    dimension_blocks: Sequence[str]
    labels: NDArray[np.integer[Any]]
    centroids: NDArray[Any]
    songs: pl.DataFrame
    features: Sequence[str]
    cluster_names: Sequence[str] = ()
    stability: float | None = None
    pairs: Sequence[LabelPair] = ()
    unread: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    notes: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    n_rows: int = 0
    seed: int = 0
    n_threads: int | None = None

    @property
    def k(self) -> int:
        """Number of clusters."""
        return len(self.centroids)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Songs of each cluster."""
        return np.bincount(self.labels, minlength=self.k).astype(np.int64)

    @cached_property
    def sample(self) -> NDArray[np.float64]:
        """Points of at most `SAMPLE` songs, drawn by the seed."""
        rows = sampled_rows(len(self.points), SAMPLE, seed=self.seed)
        drawn: NDArray[np.float64] = self.points[rows].astype(np.float64)
        return drawn

    @cached_property
    def song_sample(self) -> pl.DataFrame:
        """Values of at most `SONG_SAMPLE` songs in the features, drawn by the seed."""
        rows = sampled_rows(self.songs.height, SONG_SAMPLE, seed=self.seed)
        return self.songs.select(self.features)[rows]

    @cached_property
    def between(self) -> Mapping[str, float]:
        """Share of each feature in what sets the clusters apart: the squared distances between centroids."""
        centroids = self.centroids.astype(np.float64)
        weights = self.sizes / max(self.sizes.sum(), 1)
        return self._shares(weights @ np.square(centroids - weights @ centroids))

    @cached_property
    def spread(self) -> Mapping[str, float]:
        """Share of each feature in the variance of all songs."""
        return self._shares(self.sample.var(axis=0))

    def called(self, cluster: int) -> str:
        """Return what a sentence calls a cluster."""
        name = self.cluster_names[cluster] if cluster < len(self.cluster_names) else ""
        return name or f"cluster {cluster}"

    def _shares(self, amounts: NDArray[np.float64]) -> Mapping[str, float]:
        """Amounts of coordinates, summed by feature, as shares of the whole."""
        total = float(amounts.sum())
        shares = dict.fromkeys(self.dimension_features, 0.0)
        for feature, amount in zip(self.dimension_features, amounts.tolist(), strict=True):
            shares[feature] += amount / total if total > 0 else 0.0
        return MappingProxyType(shares)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that a check found.

    Attributes
    ----------
    check : str
        Name in `LINTS`.
    severity : {"note", "warning"}
        A warning says that the result may mislead; a note is worth knowing.
    numbers : mapping of str to float or str
        What shows it, for programs.
    sentence : str
        The same in words.
    next_step : str
        What a person can do about it.
    """

    check: str
    severity: Severity
    numbers: Mapping[str, float | str]
    sentence: str
    next_step: str


@dataclass(frozen=True, kw_only=True)
class Lint:
    """One check: its `label` in lists and the function that finds."""

    label: str
    find: Callable[[Facts], tuple[Finding, ...]]


def listed(words: Sequence[str], *, most: int = 4) -> str:
    """Return words as a list in a sentence, cut after `most`.

    Examples
    --------
    >>> listed(["Tempo", "Energy", "Key"]), listed(["Tempo", "Energy", "Key"], most=1)
    ('Tempo, Energy and Key', 'Tempo and 2 more')
    """
    shown = list(words[:most])
    if len(words) > most:
        shown.append(f"{len(words) - most} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
