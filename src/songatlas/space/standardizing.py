"""Columns of songs standardized from moments, which songs in parts give as exactly as all songs at once.

A `ColumnDraft` holds the coordinates of a column while they are fitted. The first moments of the songs give
median (for missing values), mean and gain; what lies beyond the limits then gives the variance that is left
once a coordinate stops there. Both add up over parts without any rounding.

The median is found by a bracket: values that surely hold the middle ones between them, guessed from some of
the songs. Only values inside are kept, each with its count; below it, counting is enough. Where the middle
turns out to lie outside, the bracket is widened and the songs are asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf, log, sqrt
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.space.coordinates import Coordinate, Float, numbers_of
from songatlas.space.exact_sums import ExactSums

_CHANCE: Final = 1e-9
"""Chance, at most, that the middle of songs lies outside the bracket that a random sample of them gives."""

_MOST_LOOKED_AT: Final = 65_536  # of songs in one part, when their own bracket is guessed

Bracket = tuple[float, float]
EVERYWHERE: Final[Bracket] = (-inf, inf)


@dataclass(frozen=True)
class Moments:
    """What songs say of one coordinate: moments of its known values, after their shape.

    Attributes
    ----------
    n_songs : int
        Songs, those without the value too.
    known : ExactSums
        Of the known values.
    low, high : float
        Least and greatest known value; infinite, the other way round, where none is known.
    n_below : int
        Known values below the bracket.
    values, counts : ndarray of float64 and int64, shape (n_values,)
        Different values inside the bracket, rising, and how many songs have each.
    """

    n_songs: int
    known: ExactSums
    low: float
    high: float
    n_below: int
    values: Float
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, known: Float, *, n_songs: int, bracket: Bracket) -> Moments:
        """Return the moments of finite values, which `n_songs` songs have."""
        inside = known if bracket == EVERYWHERE else known[(known >= bracket[0]) & (known <= bracket[1])]
        values, counts = np.unique(inside, return_counts=True)
        return cls(
            n_songs=n_songs,
            known=ExactSums.of(known),
            low=float(known.min(initial=inf)),
            high=float(known.max(initial=-inf)),
            n_below=int(np.count_nonzero(known < bracket[0])),
            values=values,
            counts=counts.astype(np.int64),
        )

    @classmethod
    def united(cls, parts: Sequence[Moments]) -> Moments:
        """Return the moments of the songs of all parts, which have one bracket in common."""
        values, places = np.unique(
            np.concatenate([np.empty(0), *(part.values for part in parts)]), return_inverse=True
        )
        counts = np.zeros(len(values), dtype=np.int64)
        np.add.at(counts, places, np.concatenate([np.empty(0, np.int64), *(part.counts for part in parts)]))
        return cls(
            n_songs=sum(part.n_songs for part in parts),
            known=sum((part.known for part in parts), start=ExactSums()),
            low=min((part.low for part in parts), default=inf),
            high=max((part.high for part in parts), default=-inf),
            n_below=sum(part.n_below for part in parts),
            values=values,
            counts=counts,
        )

    @property
    def median(self) -> float | None:
        """Mean of the lower and the higher middle value; 0 of none, None where one is outside the bracket."""
        ends = self.n_below + np.cumsum(self.counts)
        if not self.known.n:
            return 0.0
        middles = self._middles
        if middles[0] < self.n_below or not len(ends) or middles[1] >= ends[-1]:
            return None
        low, high = self.values[np.searchsorted(ends, middles, side="right")].tolist()
        return float(low + high) / 2 + 0.0

    def widened(self, bracket: Bracket) -> Bracket:
        """Return a bracket that surely holds the middles, which lie outside the one these moments have."""
        lower, higher = self._middles
        n_up_to = self.n_below + int(self.counts.sum())
        low = -inf if lower < self.n_below else bracket[lower >= n_up_to]
        high = inf if higher >= n_up_to else bracket[higher >= self.n_below]
        return low, high

    @property
    def _middles(self) -> tuple[int, int]:
        """Ranks of the lower and the higher middle value."""
        return (self.known.n - 1) // 2, self.known.n // 2


@dataclass(frozen=True)
class Outliers:
    """Known values of one coordinate beyond its limits: how many at either end, and their sums."""

    n_low: int = 0
    n_high: int = 0
    sums: ExactSums = field(default_factory=ExactSums)

    def __add__(self, other: Outliers) -> Outliers:
        return Outliers(self.n_low + other.n_low, self.n_high + other.n_high, self.sums + other.sums)


@dataclass(frozen=True, kw_only=True)
class ColumnDraft:
    """The coordinates of one column while they are fitted, standardized to `share` together.

    Attributes
    ----------
    coordinates : tuple of Coordinate
        One, or two on the circle of fifths; with fill, mean, gain and limit once centred.
    share : float
        Standard deviation of the coordinates together.
    limit : float
        Size at which each of them stops.
    brackets : tuple of (float, float)
        Of the median of each, in shaped values; none before a look.
    filled : tuple of ExactSums
        Of each coordinate's shaped values with missing ones filled, once centred.
    extremes : tuple of (float, float)
        Least and greatest shaped value of each, once centred.
    """

    coordinates: tuple[Coordinate, ...]
    share: float
    limit: float
    brackets: tuple[Bracket, ...] = ()
    filled: tuple[ExactSums, ...] = ()
    extremes: tuple[tuple[float, float], ...] = ()

    @property
    def is_centred(self) -> bool:
        """Whether fill, mean, gain and limit are known."""
        return len(self.filled) > 0

    def known_of(self, songs: pl.DataFrame) -> list[Float]:
        """Return the known values of each coordinate after its shape."""
        numbers = numbers_of(songs, self.coordinates[0].column)
        return [_finite(each.shaped(numbers)) for each in self.coordinates]

    def bracketed(self, known: Sequence[Float]) -> ColumnDraft:
        """Return the draft with brackets guessed from the known values of some songs."""
        return replace(self, brackets=tuple(_bracket_of(values) for values in known))

    def moments_of(self, known: Sequence[Float], *, n_songs: int) -> list[Moments]:
        """Return the moments of each coordinate."""
        return [
            Moments.of(values, n_songs=n_songs, bracket=bracket)
            for values, bracket in zip(known, self.brackets, strict=True)
        ]

    def centred(self, moments: Sequence[Moments]) -> ColumnDraft:
        """Return the draft with fills, means and gains; with wider brackets where a median lay outside."""
        fills = [each.median for each in moments]
        if None in fills:
            pairs = zip(moments, self.brackets, fills, strict=True)
            return replace(self, brackets=tuple(
                one.widened(bracket) if fill is None else bracket for one, bracket, fill in pairs
            ))  # fmt: skip
        filled, coordinates, variance, size = [], [], 0.0, 0.0
        for draft, one, fill in zip(self.coordinates, moments, fills, strict=True):
            sums = one.known + ExactSums.of_copies(fill or 0.0, one.n_songs - one.known.n)
            filled.append(sums)
            coordinates.append(replace(draft, fill=fill or 0.0, mean=sums.mean, limit=self.limit))
            variance += sums.variance
            size = max(size, one.high, -one.low)
        constant = sqrt(variance) <= 1e-12 * size  # rounding, not spread
        gain = 0.0 if constant else self.share / sqrt(variance)
        return replace(
            self,
            coordinates=tuple(replace(each, gain=gain) for each in coordinates),
            filled=tuple(filled),
            extremes=tuple((one.low, one.high) for one in moments),
        )

    def outliers_of(self, known: Sequence[Float]) -> list[Outliers]:
        """Return what lies beyond the limits of each coordinate."""
        if not self.has_outliers:
            return [Outliers()] * len(self.coordinates)
        return [
            _beyond(values, ends) for values, ends in zip(known, map(_ends, self.coordinates), strict=True)
        ]

    @property
    def has_outliers(self) -> bool:
        """Whether any value lies beyond the limits, which takes another look at the songs."""
        pairs = zip(self.extremes, map(_ends, self.coordinates), strict=self.is_centred)
        return any(low < ends[0] or high > ends[1] for (low, high), ends in pairs)

    def variances(self, outliers: Sequence[Outliers]) -> list[float]:
        """Return the variance of each coordinate once it is stopped at its limits."""
        return [
            _stopped(sums, beyond, _ends(coordinate)).variance * coordinate.gain * coordinate.gain
            for sums, beyond, coordinate in zip(self.filled, outliers, self.coordinates, strict=True)
        ]


@dataclass(frozen=True)
class Standardized:
    """A column standardized: its draft, centred, its moments, and the variances of its coordinates."""

    draft: ColumnDraft
    moments: list[Moments]
    variances: list[float]


def standardized(songs: pl.DataFrame, draft: ColumnDraft) -> Standardized:
    """Return a column standardized on songs in one part."""
    known = draft.known_of(songs)
    step = max(1, songs.height // _MOST_LOOKED_AT)
    draft = draft.bracketed([values[::step] for values in known])
    while not draft.is_centred:
        moments = draft.moments_of(known, n_songs=songs.height)
        draft = draft.centred(moments)
    return Standardized(draft, moments, draft.variances(draft.outliers_of(known)))


def _finite(shaped: Float) -> Float:
    """The values that are known."""
    finite = np.isfinite(shaped)
    return shaped if finite.all() else shaped[finite]


def _bracket_of(known: Float) -> Bracket:
    """Two of some values between which the middle of all lies, but for `_CHANCE` if they are a random sample.

    By the inequality of Dvoretzky, Kiefer and Wolfowitz, with Massart's constant.
    """
    n = len(known)
    margin = sqrt(n * log(2 / _CHANCE) / 2)
    low, high = int(n / 2 - margin) - 1, int(n / 2 + margin) + 1
    if low < 0 or high >= n:
        return EVERYWHERE
    ends = np.partition(known, (low, high))
    return float(ends[low]), float(ends[high])


def _ends(coordinate: Coordinate) -> Bracket:
    """The shaped values at which a coordinate stops."""
    if coordinate.gain == 0:
        return EVERYWHERE
    reach = coordinate.limit / coordinate.gain
    return coordinate.mean - reach, coordinate.mean + reach


def _beyond(known: Float, ends: Bracket) -> Outliers:
    """What of some values lies beyond two ends."""
    low, high = known[known < ends[0]], known[known > ends[1]]
    return Outliers(len(low), len(high), ExactSums.of(low) + ExactSums.of(high))


def _stopped(sums: ExactSums, beyond: Outliers, ends: Bracket) -> ExactSums:
    """The sums with values beyond the ends drawn back to these."""
    if not beyond.sums.n:
        return sums
    low, high = ExactSums.of_copies(ends[0], beyond.n_low), ExactSums.of_copies(ends[1], beyond.n_high)
    return sums - beyond.sums + low + high
