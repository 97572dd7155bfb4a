"""Blocks: groups of coordinates of one kind, fitted on a songs table.

Conventions
-----------
A block gives float64 coordinates ``(n_songs, n_coordinates)``, finite. Every block but "plain" is scaled
to unit share (the variances of its coordinates sum to 1 over the songs it was fitted on), then multiplied
by its weight. Only elementwise arithmetic is used, so that a song's coordinates depend on that song alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import sqrt
from types import MappingProxyType
from typing import Any, ClassVar, Final, Self

import numpy as np
import polars as pl

from songatlas.features import label_of
from songatlas.space.coordinates import HUGE, Coordinate, Float, drafts_of
from songatlas.space.standardizing import ColumnDraft, Moments, standardized

ERA_WEIGHT: Final = 0.5
"""Weight of the era beside the sound. On tables with genres (`python -m benchmarks.precision SONGS`) weights
of 0.4 to 0.5 are about equally good; without the era clusters agree far less with the genres."""

FEATURE_SHARES: Final = MappingProxyType(
    {
        "danceability": 1.2,
        "speechiness": 1.2,
        "energy": 1.1,
        "instrumentalness": 0.9,
        "loudness_db": 0.8,
        "valence": 0.75,
        "duration_ms": 0.65,
        "tempo_bpm": 0.3,
        "liveness": 0.25,
    }
)
"""How much features count inside the sound where it is not 1. Audience noise, a tempo that is often measured
at half or double speed, and length say least about the kind of music; loudness repeats energy. Set on four
tables with genres of different makers, on all of which clusters agree better with the genres than with
features that all count alike (`python -m benchmarks.precision SONGS` shows both)."""

QUIET_FEATURES: Final = frozenset(name for name, share in FEATURE_SHARES.items() if share <= 0.65)
"""Features that say least."""

CLIP: Final = 4.0
"""Standard deviations at which a coordinate stops, so that a few extreme songs cannot own a cluster
(AMI the same with and without it, to 0.001)."""

NO_WEIGHTS: Final[Mapping[str, float]] = MappingProxyType({})

ROUNDING: Final = 1e-12
"""Spread of unit vectors up to which all of them are the same."""

LEAST_KNOWN_YEARS: Final = 1 / 3
"""Share of songs with a known year below which there is no era block."""

_PLAIN_CLIP: Final = 1e6  # far beyond any fitted song (|z| <= sqrt(n)); keeps squares of float32 finite


@dataclass(frozen=True, kw_only=True)
class FittedBlock:
    """A group of coordinates of one kind, fitted, with its weight.

    A block is a subclass: its class attributes say what it is, `fit` makes it from a songs table.
    """

    name: ClassVar[str]
    default_weight: ClassVar[float]
    sentence: ClassVar[str]

    weight: float
    coordinates: tuple[Coordinate, ...]

    @classmethod
    def fit(
        cls,
        songs: pl.DataFrame,
        *,
        features: Sequence[str],
        weight: float,
        feature_weights: Mapping[str, float] = NO_WEIGHTS,
    ) -> Self | str:
        """Return the fitted block, or a sentence that says why the table cannot feed it.

        `feature_weights` multiplies the share that a column has inside the sound; other blocks have no use
        for it.
        """
        raise NotImplementedError

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Label of each coordinate."""
        return tuple(coordinate.label for coordinate in self.coordinates)

    def points(self, songs: pl.DataFrame) -> Float:
        """Return the block's share of the points, float64 ``(n_songs, n_coordinates)``, finite."""
        columns = [coordinate.points(songs) for coordinate in self.coordinates]
        return np.column_stack(columns) if columns else np.zeros((songs.height, 0))

    def scaled(self, factor: float) -> Self:
        """Return the same block, `factor` times as long."""
        coordinates = tuple(each.scaled(factor) for each in self.coordinates)
        return replace(self, weight=self.weight * factor, coordinates=coordinates)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.name,
            "weight": self.weight,
            "coordinates": [asdict(each) | {"limit": min(each.limit, HUGE)} for each in self.coordinates],
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """Return the block of `to_dict`."""
        coordinates = tuple(Coordinate(**each) for each in state["coordinates"])
        return cls(weight=float(state["weight"]), coordinates=coordinates)


class StandardBlock(FittedBlock):
    """A block of columns that are standardized, each by itself: all it needs of the songs are moments.

    So it can be fitted on songs in parts; see `songatlas.space.moments`.
    """

    has_unit_share: ClassVar[bool] = True

    @classmethod
    def drafted(
        cls, columns: Sequence[str], *, features: Sequence[str], feature_weights: Mapping[str, float]
    ) -> tuple[ColumnDraft, ...] | str:
        """Return what is to be fitted on a table with these columns, or why it cannot feed the block."""
        raise NotImplementedError

    @classmethod
    def lacking(cls, moments: Sequence[Moments]) -> str:
        """Return why songs with these moments cannot feed the block; empty where they can."""
        return ""

    @classmethod
    def fit(
        cls,
        songs: pl.DataFrame,
        *,
        features: Sequence[str],
        weight: float,
        feature_weights: Mapping[str, float] = NO_WEIGHTS,
    ) -> Self | str:
        """Fit on the songs as one part; see `FittedBlock.fit`."""
        drafts = cls.drafted(songs.columns, features=features, feature_weights=feature_weights)
        if isinstance(drafts, str):
            return drafts
        columns = [standardized(songs, draft) for draft in drafts]
        lack = cls.lacking([each for column in columns for each in column.moments])
        return lack or cls.of([(column.draft, column.variances) for column in columns], weight=weight)

    @classmethod
    def of(cls, columns: Sequence[tuple[ColumnDraft, Sequence[float]]], *, weight: float) -> Self:
        """Return the block of centred columns, with the variance of each coordinate stopped at its limit."""
        coordinates = tuple(each for draft, _ in columns for each in draft.coordinates)
        if not cls.has_unit_share:
            return cls(weight=1.0, coordinates=coordinates)
        total = sum(variance for _, variances in columns for variance in variances)
        factor = weight / sqrt(total) if total > 0 else 0.0
        return cls(weight=weight, coordinates=tuple(each.scaled(factor) for each in coordinates))


class SoundBlock(StandardBlock):
    """How songs sound: skewed features logged, all standardized, key on the circle of fifths."""

    name = "sound"
    default_weight = 1.0
    sentence = "how songs sound"

    @classmethod
    def drafted(
        cls, columns: Sequence[str], *, features: Sequence[str], feature_weights: Mapping[str, float]
    ) -> tuple[ColumnDraft, ...] | str:
        """Draft the columns named by `features`; see `StandardBlock.drafted`."""
        if not features:
            return "No feature was chosen, so there is no sound block."
        shares = {
            column: FEATURE_SHARES.get(column, 1.0) * feature_weights.get(column, 1.0) for column in features
        }
        return tuple(
            ColumnDraft(coordinates=drafts_of(column), share=share, limit=CLIP * share)
            for column, share in shares.items()
        )


class EraBlock(StandardBlock):
    """When songs came out: the year, standardized; a missing year is the median year."""

    name = "era"
    default_weight = ERA_WEIGHT
    sentence = "when songs came out"

    @classmethod
    def drafted(
        cls, columns: Sequence[str], *, features: Sequence[str], feature_weights: Mapping[str, float]
    ) -> tuple[ColumnDraft, ...] | str:
        """Draft the column `year`; see `StandardBlock.drafted`."""
        if "year" not in columns:
            return "The table has no release years, so there is no era block."
        return (ColumnDraft(coordinates=drafts_of("year"), share=1.0, limit=CLIP),)

    @classmethod
    def lacking(cls, moments: Sequence[Moments]) -> str:
        """Return why these years cannot feed the block; empty where they can."""
        (years,) = moments
        known = years.known.n / years.n_songs if years.n_songs else 0.0
        if known < LEAST_KNOWN_YEARS:
            return f"Only {known:.0%} of the songs have a release year, so there is no era block."
        return "All songs are of one year, so there is no era block." if years.low == years.high else ""


class PlainBlock(StandardBlock):
    """The plain recipe: every feature as it stands, standardized (mean 0, standard deviation 1)."""

    name = "plain"
    default_weight = 1.0
    sentence = "features as they stand, standardized"
    has_unit_share = False

    @classmethod
    def drafted(
        cls, columns: Sequence[str], *, features: Sequence[str], feature_weights: Mapping[str, float]
    ) -> tuple[ColumnDraft, ...] | str:
        """Draft the columns named by `features`; see `StandardBlock.drafted`."""
        if not features:
            return "No feature was chosen, so there is nothing to standardize."
        drafts = [Coordinate(column=each, label=label_of(each), shape="none", floor=0.0, offset=0.0)
                  for each in features]  # fmt: skip
        return tuple(ColumnDraft(coordinates=(each,), share=1.0, limit=_PLAIN_CLIP) for each in drafts)
