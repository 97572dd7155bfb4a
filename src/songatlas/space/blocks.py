"""Blocks: groups of coordinates of one kind, fitted on a songs table.

Conventions
-----------
A block gives float64 coordinates ``(n_songs, n_coordinates)``, finite. Every block but "plain" is scaled
to unit share (the variances of its coordinates sum to 1 over the songs it was fitted on), then multiplied
by its weight. Only elementwise arithmetic is used, so that a song's coordinates depend on that song alone.

References
----------
The circle of fifths as two coordinates: the angle of a pitch class p is ``7 p`` twelfths of a turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import exp, inf, sqrt
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import UnknownName, did_you_mean
from songatlas.features import DETAILS, FEATURES, header_key, label_of

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
_HUGE: Final = 1e30
_LARGEST_LOG: Final = 69.0  # its exponential is about _HUGE
_NUMBERS: Final = MappingProxyType(
    {  # details that can be named as features: logarithm's offset (0 = none)
        "popularity": 0.0,
        "artist_popularity": 0.0,
        "followers": 1.0,
        "streams": 1.0,
        "year": 0.0,
        "explicit": 0.0,
    }
)
_RANGES: Final = MappingProxyType(
    {"popularity": (0.0, 100.0), "artist_popularity": (0.0, 100.0), "explicit": (0.0, 1.0)}
)
FIFTHS: Final = ("Key (C to F sharp)", "Key (A to E flat)")
_Shape = Literal["none", "log", "fifths_cos", "fifths_sin"]
Float = NDArray[np.float64]


def named_features(names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns meant by `names`: features, and details that are numbers.

    Parameters
    ----------
    names : sequence of str
        Columns or aliases, written in any way ("tempo", "popularity_songs", "Followers").

    Returns
    -------
    tuple of str
        Columns of the songs table, in the order given, each once.

    Raises
    ------
    UnknownName
        If a name is neither a feature nor a number; the message names the nearest.

    Examples
    --------
    >>> named_features(["Tempo", "popularity_artists", "tempo_bpm"])
    ('tempo_bpm', 'artist_popularity')
    """
    return tuple(dict.fromkeys(_column_named(name) for name in names))


def _column_named(name: str) -> str:
    key = header_key(name)
    for column, feature in FEATURES.items():
        if key == header_key(column) or key in feature.aliases:
            return column
    for column, detail in DETAILS.items():
        number = "year" if detail.kind == "date" else column
        if number in _NUMBERS and key in (header_key(number), *detail.aliases):
            return number
    known = [*FEATURES, *_NUMBERS]
    raise UnknownName(
        f"no feature is called {name!r}{did_you_mean(name, known)} (features: {', '.join(known)})"
    )


@dataclass(frozen=True, kw_only=True)
class Coordinate:
    """One fitted coordinate of a block: ``(shape(value) - mean) * gain``, stopped at ``+-limit``.

    Attributes
    ----------
    column : str
        Column of the songs table.
    label : str
        What a figure calls the coordinate.
    shape : {"none", "log", "fifths_cos", "fifths_sin"}
        What is done to a value first.
    floor, offset : float
        Least value that enters the logarithm, and what is added to it, in the column's unit.
    fill : float
        What a missing value becomes, after `shape` (the median).
    mean, gain, limit : float
        Centre, factor (0 for a column that never varies) and bound; `limit` is in points.
    """

    column: str
    label: str
    shape: _Shape
    floor: float
    offset: float
    fill: float = 0.0
    mean: float = 0.0
    gain: float = 1.0
    limit: float = np.inf

    def values(self, songs: pl.DataFrame) -> Float:
        """Return the column after `shape`, missing values filled; float64 ``(n_songs,)``."""
        return self.filled(_shaped(self, numbers_of(songs, self.column)))

    def points(self, songs: pl.DataFrame) -> Float:
        """Return the coordinate of each song, float64 ``(n_songs,)``, finite."""
        return self.placed(self.values(songs))

    def points_of(self, numbers: Float) -> Float:
        """Return the coordinates of some numbers of the column, NaN for missing."""
        return self.placed(self.filled(_shaped(self, numbers)))

    def filled(self, shaped: Float) -> Float:
        """Return values after `shape` with `fill` in place of those that are missing."""
        known = np.isfinite(shaped)
        return shaped if known.all() else np.where(known, shaped, self.fill)

    def placed(self, values: Float) -> Float:
        """Return the coordinates of values after `shape`, centred, scaled and stopped at the limit."""
        placed = values - self.mean
        placed *= self.gain
        return np.clip(placed, -self.limit, self.limit, out=placed)

    def value_at(self, place: float) -> float | None:
        """Return the value of the column whose coordinate is `place`, in the column's unit.

        None where no song can have one: for a column that never varies, at or beyond the limit, on the
        circle of fifths, and outside the range of the feature.
        """
        if self.gain == 0 or abs(place) >= self.limit or self.shape.startswith("fifths"):
            return None
        shaped = place / self.gain + self.mean
        value = exp(min(shaped, _LARGEST_LOG)) - self.offset if self.shape == "log" else shaped
        low, high = _range_of(self.column)
        return value if low <= value <= high else None

    def scaled(self, factor: float) -> Coordinate:
        """Return the same coordinate, `factor` times as long."""
        return replace(self, gain=self.gain * factor, limit=self.limit * factor)


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
            "coordinates": [asdict(each) | {"limit": min(each.limit, _HUGE)} for each in self.coordinates],
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """Return the block of `to_dict`."""
        coordinates = tuple(Coordinate(**each) for each in state["coordinates"])
        return cls(weight=float(state["weight"]), coordinates=coordinates)


class SoundBlock(FittedBlock):
    """How songs sound: skewed features logged, all standardized, key on the circle of fifths."""

    name = "sound"
    default_weight = 1.0
    sentence = "how songs sound"

    @classmethod
    def fit(
        cls,
        songs: pl.DataFrame,
        *,
        features: Sequence[str],
        weight: float,
        feature_weights: Mapping[str, float] = NO_WEIGHTS,
    ) -> Self | str:
        """Fit on the columns named by `features`; see `FittedBlock.fit`."""
        if not features:
            return "No feature was chosen, so there is no sound block."
        fitted = [
            one
            for column in features
            for one in _standardized(
                songs,
                _drafts(column),
                share=FEATURE_SHARES.get(column, 1.0) * feature_weights.get(column, 1.0),
            )
        ]
        return cls(weight=weight, coordinates=_unit_share(fitted, weight=weight))


class EraBlock(FittedBlock):
    """When songs came out: the year, standardized; a missing year is the median year."""

    name = "era"
    default_weight = ERA_WEIGHT
    sentence = "when songs came out"

    @classmethod
    def fit(
        cls,
        songs: pl.DataFrame,
        *,
        features: Sequence[str],
        weight: float,
        feature_weights: Mapping[str, float] = NO_WEIGHTS,
    ) -> Self | str:
        """Fit on the column `year`; see `FittedBlock.fit`."""
        if "year" not in songs.columns:
            return "The table has no release years, so there is no era block."
        years = numbers_of(songs, "year")
        known = float(np.isfinite(years).mean()) if len(years) else 0.0
        if known < LEAST_KNOWN_YEARS:
            return f"Only {known:.0%} of the songs have a release year, so there is no era block."
        if np.ptp(years[np.isfinite(years)]) == 0:
            return "All songs are of one year, so there is no era block."
        fitted = _standardized(songs, _drafts("year"), share=1.0)
        return cls(weight=weight, coordinates=_unit_share(fitted, weight=weight))


class PlainBlock(FittedBlock):
    """The plain recipe: every feature as it stands, standardized (mean 0, standard deviation 1)."""

    name = "plain"
    default_weight = 1.0
    sentence = "features as they stand, standardized"

    @classmethod
    def fit(
        cls,
        songs: pl.DataFrame,
        *,
        features: Sequence[str],
        weight: float,
        feature_weights: Mapping[str, float] = NO_WEIGHTS,
    ) -> Self | str:
        """Fit on the columns named by `features`; see `FittedBlock.fit`."""
        if not features:
            return "No feature was chosen, so there is nothing to standardize."
        drafts = [Coordinate(column=each, label=label_of(each), shape="none", floor=0.0, offset=0.0)
                  for each in features]  # fmt: skip
        fitted = [
            replace(one, limit=_PLAIN_CLIP)
            for draft in drafts
            for one, _ in _standardized(songs, (draft,), share=1.0)
        ]
        return cls(weight=1.0, coordinates=tuple(fitted))


def numbers_of(songs: pl.DataFrame, column: str) -> Float:
    """The column as float64 with NaN for missing; absent columns are missing throughout."""
    if column not in songs.columns:
        return np.full(songs.height, np.nan)
    numbers: Float = songs[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
    huge = np.abs(numbers) >= _HUGE
    return np.where(huge, np.nan, numbers) if huge.any() else numbers


def _shaped(coordinate: Coordinate, numbers: Float) -> Float:
    """What a coordinate does to the numbers of its column first; NaN stays NaN."""
    if coordinate.shape == "none":
        return numbers
    if coordinate.shape == "log":
        return np.log(np.maximum(numbers, coordinate.floor) + coordinate.offset)
    return _on_fifths(numbers, np.cos if coordinate.shape == "fifths_cos" else np.sin)


def _on_fifths(numbers: Float, turn: np.ufunc) -> Float:
    """The cosine or sine on the circle of fifths; looked up where all pitch classes are whole."""
    classes = np.append(np.arange(12.0), np.nan)
    missing = np.isnan(numbers)
    places = np.where(missing, 12.0, numbers).clip(0.0, 12.0).astype(np.intp)
    looked_up = bool(((places == numbers) | missing).all())
    angles = np.mod(7.0 * (classes if looked_up else numbers), 12.0) * (np.pi / 6.0)
    turned: Float = turn(angles)
    return turned[places] if looked_up else turned


def _range_of(column: str) -> tuple[float, float]:
    """Least and greatest value that a column can have."""
    if column in FEATURES:
        return FEATURES[column].low, FEATURES[column].high
    return _RANGES.get(column, (0.0, inf))


def _drafts(column: str) -> tuple[Coordinate, ...]:
    """The coordinates of a column before fitting: one, or two on the circle of fifths."""
    feature = FEATURES.get(column)
    if feature is not None and feature.transform == "circle":
        return (
            Coordinate(column=column, label=FIFTHS[0], shape="fifths_cos", floor=0.0, offset=0.0),
            Coordinate(column=column, label=FIFTHS[1], shape="fifths_sin", floor=0.0, offset=0.0),
        )
    offset = feature.log_offset if feature is not None else _NUMBERS[column]
    logged = feature.transform == "log" if feature is not None else offset > 0
    floor = feature.low if feature is not None else 0.0
    shape: _Shape = "log" if logged else "none"
    return (Coordinate(column=column, label=label_of(column), shape=shape, floor=floor, offset=offset),)


def _standardized(
    songs: pl.DataFrame, drafts: Sequence[Coordinate], *, share: float
) -> list[tuple[Coordinate, float]]:
    """Fill, centre and scale the coordinates of one column to standard deviation `share` together.

    Each comes with the variance that it has once it is stopped at its limit.
    """
    fitted, columns, variance, size = [], [], 0.0, 0.0
    numbers = numbers_of(songs, drafts[0].column)
    for draft in drafts:
        shaped = _shaped(draft, numbers)
        finite = np.isfinite(shaped)
        filled = replace(draft, fill=_median(shaped if finite.all() else shaped[finite]))
        values = filled.filled(shaped)
        mean = float(values.mean()) if len(values) else 0.0
        variance += _mean_square(values - mean)
        size = max(size, float(values.max(initial=0.0)), -float(values.min(initial=0.0)))
        fitted.append(replace(filled, mean=mean))
        columns.append(values)
    constant = sqrt(variance) <= 1e-12 * size  # rounding, not spread
    gain = 0.0 if constant else share / sqrt(variance)
    scaled = [replace(each, gain=gain, limit=CLIP * share) for each in fitted]
    return [(each, _variance(each.placed(values))) for each, values in zip(scaled, columns, strict=True)]


def _median(values: Float) -> float:
    """The middle of some numbers, 0 of none; Polars finds it faster than NumPy."""
    known = pl.Series(values)
    low, high = known.quantile(0.5, "lower"), known.quantile(0.5, "higher")
    return 0.0 if low is None or high is None else (low + high) / 2


def _variance(values: Float) -> float:
    """Variance of numbers that are not needed afterwards; 0 of none."""
    if len(values):
        values -= values.mean()
    return _mean_square(values)


def _mean_square(values: Float) -> float:
    """Mean square of numbers that are not needed afterwards; 0 of none."""
    return float(np.square(values, out=values).mean()) if len(values) else 0.0


def _unit_share(fitted: Sequence[tuple[Coordinate, float]], *, weight: float) -> tuple[Coordinate, ...]:
    """Scale a block's coordinates so that their variances sum to 1, then by the block's weight."""
    total = sum(variance for _, variance in fitted)
    factor = weight / sqrt(total) if total > 0 else 0.0
    return tuple(each.scaled(factor) for each, _ in fitted)
