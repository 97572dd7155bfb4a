"""Coordinates of songs: what becomes of one column of the songs table in a space.

Conventions
-----------
A number of the column is shaped first (as it stands, its logarithm, or a place on the circle of fifths), then
centred, scaled and stopped at a limit. Only elementwise arithmetic is used, so that a song's coordinates
depend on that song alone. Missing numbers are NaN.

References
----------
The circle of fifths as two coordinates: the angle of a pitch class p is ``7 p`` twelfths of a turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, inf
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import UnknownName, did_you_mean
from songatlas.features import DETAILS, FEATURES, header_key, label_of

HUGE: Final = 1e30
"""Size from which a number is no number of a song."""

_LARGEST_LOG: Final = 69.0  # its exponential is about HUGE
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

    def points(self, songs: pl.DataFrame) -> Float:
        """Return the coordinate of each song, float64 ``(n_songs,)``, finite."""
        return self.points_of(numbers_of(songs, self.column))

    def points_of(self, numbers: Float) -> Float:
        """Return the coordinates of some numbers of the column, NaN for missing."""
        return self.placed(self.filled(self.shaped(numbers)))

    def shaped(self, numbers: Float) -> Float:
        """Return numbers of the column after `shape`; NaN stays NaN."""
        if self.shape == "none":
            return numbers
        if self.shape == "log":
            return np.log(np.maximum(numbers, self.floor) + self.offset)
        return _on_fifths(numbers, np.cos if self.shape == "fifths_cos" else np.sin)

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


def numbers_of(songs: pl.DataFrame, column: str) -> Float:
    """Return the column as float64 with NaN for missing; absent columns are missing throughout."""
    if column not in songs.columns:
        return np.full(songs.height, np.nan)
    numbers: Float = songs[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
    huge = np.abs(numbers) >= HUGE
    return np.where(huge, np.nan, numbers) if huge.any() else numbers


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


def drafts_of(column: str) -> tuple[Coordinate, ...]:
    """Return the coordinates of a column before fitting: one, or two on the circle of fifths."""
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
