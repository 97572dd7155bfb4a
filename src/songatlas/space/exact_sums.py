"""Sums of numbers and of their squares without any rounding, in whole numbers.

Parts of a table can be summed apart and in any order: the sums of the parts add up to those of the table,
bit for bit, and mean and variance are the floating-point numbers nearest to the true ones.

Every number is split into pieces of few bits, all multiples of the same powers of two. Floating-point sums
and products of such pieces are exact for a few thousand rows at a time, in any order; whole numbers of Python
add them up.

References
----------
The split: S. M. Rump, T. Ogita, S. Oishi (2008), "Accurate floating-point summation part I: faithful
rounding", SIAM Journal on Scientific Computing 31.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import frexp
from typing import Final

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

_UNIT: Final = 1074
"""Every float64 is a multiple of ``2**-_UNIT``."""

_ROWS_AT_ONCE: Final = 8_192  # 2**13: a sum of so many products of two pieces stays within 53 bits
_PIECES: Final = (20, 41, 62)  # bits below the largest number at which pieces end; none is over 2**20 units
_LARGEST: Final = 500  # binary exponent up to which squares, too, are floating-point numbers
_TINY: Final = -400  # binary exponent up to which products of pieces could underflow: such are lifted first
_LIFT: Final = 800
_FIRST_ROWS: Final = 64  # they tell most often that rows need another piece


@dataclass(frozen=True)
class ExactSums:
    """How many numbers there are, their sum and the sum of their squares, exact.

    Attributes
    ----------
    n : int
        Count of the numbers.
    total : int
        Their sum, times ``2**1074``.
    squares : int
        The sum of their squares, times ``2**2148``.

    Examples
    --------
    >>> sums = ExactSums.of(np.array([1e16, 1.0])) + ExactSums.of(np.array([-1e16, 1.0]))
    >>> sums.n, sums.mean
    (4, 0.5)
    """

    n: int = 0
    total: int = 0
    squares: int = 0

    @classmethod
    def of(cls, values: Float) -> ExactSums:
        """Return the sums of some numbers, float64 ``(n,)``.

        Raises
        ------
        ValueError
            If a number is not finite, or not below ``2**500`` in size.
        """
        n, total, squares, unit = len(values), 0, 0, _UNIT
        while len(values):
            exponent = _exponent(values)
            if exponent <= _TINY:
                values, unit, exponent = np.ldexp(values, _LIFT), unit - _LIFT, exponent + _LIFT
            exponent = max(exponent, _PIECES[-1] - unit)
            sums, products, values = _summed(values, exponent)
            places = [unit + exponent - bits for bits in _PIECES]
            for one, place in enumerate(places):
                total += sums[one] << place
                for other in range(one + 1):
                    squares += products[one][other] << place + places[other] + (one != other)
        return cls(n, total, squares)

    @classmethod
    def of_copies(cls, value: float, n: int) -> ExactSums:
        """Return the sums of `n` times the same number."""
        numerator, denominator = float(value).as_integer_ratio()
        units = (numerator << _UNIT) // denominator
        return cls(n, n * units, n * units * units)

    def __add__(self, other: ExactSums) -> ExactSums:
        return ExactSums(self.n + other.n, self.total + other.total, self.squares + other.squares)

    def __sub__(self, other: ExactSums) -> ExactSums:
        return ExactSums(self.n - other.n, self.total - other.total, self.squares - other.squares)

    @property
    def mean(self) -> float:
        """Mean of the numbers, rounded once; 0 of none."""
        return self.total / (self.n << _UNIT) if self.n else 0.0

    @property
    def variance(self) -> float:
        """Mean square of the distances from the exact mean, rounded once; 0 of none."""
        if not self.n:
            return 0.0
        return (self.n * self.squares - self.total * self.total) / (self.n * self.n << 2 * _UNIT)

    def to_text(self) -> str:
        """Return the sums as text, for an answer."""
        return f"{self.n:x} {self.total:x} {self.squares:x}"

    @classmethod
    def from_text(cls, text: str) -> ExactSums:
        """Return the sums of `to_text`."""
        n, total, squares = (int(number, 16) for number in text.split())
        return cls(n, total, squares)


def _exponent(values: Float) -> int:
    """The binary exponent of the largest number: all are below ``2**exponent`` in size."""
    largest = max(float(values.max()), -float(values.min()))
    if not largest < 2.0**_LARGEST:
        raise ValueError(f"numbers of a size of {largest} cannot be summed: they must be below 2**{_LARGEST}")
    return frexp(largest)[1]


def _summed(values: Float, exponent: int) -> tuple[list[int], list[list[int]], Float]:
    """Sums of pieces and of products of two pieces, in their units, and numbers too small to be split."""
    units = [2.0 ** (bits - exponent) for bits in _PIECES]
    sums, products, left = [0] * len(units), [[0] * len(units) for _ in units], []
    room = np.empty((len(units) + 1, _ROWS_AT_ONCE))
    for start in range(0, len(values), _ROWS_AT_ONCE):
        rows = values[start : start + _ROWS_AT_ONCE]
        pieces, small = _split(rows, exponent, room[:, : len(rows)])
        if len(small):
            left.append(rows[small])
        for one, (piece, total) in enumerate(zip(pieces, pieces.sum(axis=1).tolist(), strict=True)):
            sums[one] += int(total * units[one])
            for other, product in enumerate((pieces[: one + 1] @ piece).tolist()):
                products[one][other] += int(product * units[one] * units[other])
    return sums, products, np.concatenate(left) if left else np.empty(0)


def _split(rows: Float, exponent: int, room: Float) -> tuple[Float, NDArray[np.intp]]:
    """The pieces that make up the rows, in `room`, and which rows are left out, zeros in all pieces."""
    rest, spare = rows, room[-1]
    for place, bits in enumerate(_PIECES):
        rounding = 1.5 * 2.0 ** (52 + exponent - bits)
        piece = np.add(rest, rounding, out=room[place])
        piece -= rounding
        rest = np.subtract(rest, piece, out=spare)
        if not rest[:_FIRST_ROWS].any() and not rest.any():
            return room[: place + 1], np.empty(0, dtype=np.intp)
    left = np.flatnonzero(rest != 0)
    room[:, left] = 0.0
    return room[:-1], left
