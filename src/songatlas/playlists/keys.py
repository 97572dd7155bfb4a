"""Keys on the Camelot wheel, and which key may follow which.

Conventions
-----------
Keys are pitch classes 0 (C) to 11 (B), modes 1 (major) and 0 (minor); null, -1 and anything else is unknown.
On the Camelot wheel the numbers 1 to 12 go up by fifths, letter B is major, letter A minor, and a number's
two letters are relatives: 8B is C major, 8A is A minor. Here a place on the wheel is an integer: the number
less one, plus 12 for major; -1 where the key is unknown.

A step from one key to another is judged by its turn round the wheel (up by fifths, -5 to 6) and by whether
the letter changes. `STRICTNESS` says which steps are harmonic.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from songatlas.errors import BadSettings, did_you_mean

_NAMES: Final = ("C", "D♭", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
_Places = NDArray[np.int64]


def camelot_word(place: int) -> str | None:
    """Return "8B" for a place on the wheel, None for -1.

    Examples
    --------
    >>> camelot_word(19), camelot_word(7), camelot_word(-1)
    ('8B', '8A', None)
    """
    return None if place < 0 else f"{place % 12 + 1}{'B' if place >= 12 else 'A'}"


def key_name(key: float | None, mode: float | None) -> str | None:
    """Return the name of a key in words, None where it is unknown.

    Examples
    --------
    >>> key_name(0, 1), key_name(6, 0), key_name(None, 1)
    ('C major', 'F♯ minor', None)
    """
    if wheel_places([_number(key)], [_number(mode)])[0] < 0:
        return None
    return f"{_NAMES[int(key or 0)]} {'major' if mode == 1 else 'minor'}"


def wheel_places(keys: ArrayLike, modes: ArrayLike) -> _Places:
    """Return places on the wheel, int64, -1 where key or mode is unknown.

    Parameters
    ----------
    keys, modes : array-like of float
        Pitch classes and modes; NaN where unknown.

    Examples
    --------
    >>> wheel_places([0, 9, -1], [1, 0, 1]).tolist()
    [19, 7, -1]
    """
    pitches = np.asarray(keys, dtype=np.float64)
    is_major = np.asarray(modes, dtype=np.float64)
    known = np.isin(pitches, np.arange(12)) & np.isin(is_major, (0.0, 1.0))
    # A fifth is 7 semitones, and 7 * 7 = 1 (mod 12): so many fifths above B major (1B) or A flat minor (1A).
    roots = np.where(is_major == 1, 11.0, 8.0)
    fifths = np.mod(7 * (np.where(known, pitches, 0.0) - roots), 12)
    return np.where(known, fifths + 12 * (is_major == 1), -1).astype(np.int64)


def wheel_places_of(songs: pl.DataFrame) -> _Places:
    """Return the places of songs on the wheel by their `key` and `mode`; all -1 where there are none."""
    if not {"key", "mode"} <= set(songs.columns):
        return np.full(songs.height, -1, dtype=np.int64)
    numbers = songs.select(pl.col("key", "mode").cast(pl.Float64).fill_null(float("nan")))
    return wheel_places(numbers["key"].to_numpy(), numbers["mode"].to_numpy())


def camelot_distance(one: ArrayLike, other: ArrayLike) -> NDArray[np.float64]:
    """Return steps on the wheel between places: numbers round the wheel, plus 1 where the letter changes.

    NaN where one of the keys is unknown; at most 7.

    Examples
    --------
    >>> camelot_distance([19, 19, 19], [20, 7, -1]).tolist()
    [1.0, 1.0, nan]
    """
    first, second = np.broadcast_arrays(np.asarray(one), np.asarray(other))
    turn, changes = _steps(first, second)
    return np.where((first < 0) | (second < 0), np.nan, np.abs(turn) + changes)


def harmonic(one: ArrayLike, other: ArrayLike, *, strictness: str = "usual") -> NDArray[np.bool_]:
    """Return whether a step from one place on the wheel to another is harmonic; False where one is unknown.

    Parameters
    ----------
    one, other : array-like of int
        Places on the wheel, -1 where unknown; they are broadcast.
    strictness : {"strict", "usual", "loose"}
        See `STRICTNESS`.

    Raises
    ------
    BadSettings
        If there is no such strictness.

    Examples
    --------
    >>> c_major = wheel_places([0], [1])
    >>> harmonic(c_major, wheel_places([7, 9, 4, 2], [1, 0, 0, 1])).tolist()
    [True, True, False, False]
    >>> harmonic(c_major, wheel_places([4, 2], [0, 1]), strictness="loose").tolist()
    [True, True]
    """
    allowed = _allowed(strictness)
    first, second = np.broadcast_arrays(np.asarray(one), np.asarray(other))
    turn, changes = _steps(first, second)
    fits = np.isin(turn + 100 * changes, [step + 100 * change for step, change in allowed])
    return fits & (first >= 0) & (second >= 0)


def _allowed(strictness: str) -> frozenset[tuple[int, int]]:
    if strictness not in STRICTNESS:
        raise BadSettings(
            f"key strictness {strictness!r} is unknown{did_you_mean(strictness, STRICTNESS)} "
            f"(one of {', '.join(STRICTNESS)})"
        )
    return STRICTNESS[strictness][0]


def _steps(first: NDArray[np.integer], second: NDArray[np.integer]) -> tuple[_Places, _Places]:
    """Turn round the wheel from -5 to 6, and 1 where the letter changes."""
    turn = (second % 12 - first % 12 + 5) % 12 - 5
    return turn, ((first >= 12) != (second >= 12)).astype(np.int64)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


_STRICT = frozenset({(0, 0), (1, 0), (-1, 0)})
_USUAL = _STRICT | {(0, 1)}
_LOOSE = _USUAL | {(1, 1), (-1, 1), (2, 0), (-2, 0), (-5, 0), (5, 0)}

STRICTNESS: Final[Mapping[str, tuple[frozenset[tuple[int, int]], str]]] = MappingProxyType(
    {
        "strict": (_STRICT, "The same key, or one step round the wheel with the same letter."),
        "usual": (_USUAL, "Also the relative key: the same number with the other letter."),
        "loose": (
            _LOOSE,
            "Also diagonal steps, two steps round the wheel (energy boost or drop), a semitone up or down.",
        ),
    }
)
"""For each strictness the harmonic steps, as turn and change of letter, and one sentence."""
