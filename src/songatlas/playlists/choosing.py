"""Choosing: which of the candidates make a playlist of the wished length.

Candidates come best first. Songs are taken in that order, no artist more often than allowed and no song in
two versions. A length in minutes is met by choosing the last songs with care: never over it by more than half
a song.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from songatlas.errors import BadSettings

PER_ARTIST: Final = 3
"""Most songs of one artist, unless a person says otherwise."""

MINUTES: Final = 60.0
"""Length of a playlist where none is asked for."""

_USUAL_MS = 210_000.0  # of a song whose duration nobody knows
_ROOM_FOR = 1.6  # songs; with less room the last ones are chosen for their length
_LAST_TRIED = 60  # candidates among which the last songs are chosen
_Rows = NDArray[np.int64]


MOST_MINUTES: Final = 100_000
"""Longest playlist, in minutes: about ten weeks."""


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long a playlist should be: in minutes or in songs.

    Raises
    ------
    BadSettings
        If both are given, or one is not above 0.
    """

    minutes: float | None = None
    n_songs: int | None = None

    def __post_init__(self) -> None:
        """Refuse lengths that are none."""
        if self.minutes is not None and self.n_songs is not None:
            raise BadSettings(
                f"a playlist of {self.minutes:g} minutes and of {self.n_songs} songs: give one of the two"
            )
        if self.minutes is not None and not 0 < self.minutes <= MOST_MINUTES:
            raise BadSettings(
                f"a playlist of {self.minutes:g} minutes: give a length above 0, at most {MOST_MINUTES:,}"
            )
        if self.n_songs is not None and self.n_songs < 1:
            raise BadSettings(f"a playlist of {self.n_songs} songs: give at least 1")

    @property
    def asked_minutes(self) -> float | None:
        """Minutes, the usual ones where nothing is asked for; None where songs are counted."""
        return None if self.n_songs is not None else self.minutes or MINUTES

    def of_songs(self, mean_ms: float) -> int:
        """Return about how many songs that is."""
        if self.n_songs is not None:
            return self.n_songs
        return max(1, round((self.asked_minutes or MINUTES) * 60_000 / mean_ms))


def fill(
    candidates: Iterable[int],
    durations_ms: NDArray[np.floating],
    *,
    length: Length,
    artists: _Rows,
    works: _Rows,
    per_artist: int = PER_ARTIST,
    taken: Sequence[int] | _Rows = (),
    beside: Sequence[int] | _Rows = (),
) -> _Rows:
    """Return the rows that make a playlist, in the order of the candidates.

    Parameters
    ----------
    candidates : iterable of int
        Rows, the best first.
    durations_ms : ndarray of float, shape (n_songs,)
        Of all songs, known (see `known_durations`).
    length : Length
        Of the whole playlist, those taken already included.
    artists : ndarray of int64, shape (n_songs,)
        Number of each song's artist, negative where unknown.
    works : ndarray of int64, shape (n_songs,)
        Versions of one song have one number.
    per_artist : int
        Most songs of one artist, at least 1.
    taken : sequence of int
        Rows that are in the playlist already; they count towards length and artists.
    beside : sequence of int
        Rows that count towards artists and versions, and not towards the length.

    Raises
    ------
    BadSettings
        If `per_artist` is below 1.

    Examples
    --------
    >>> length, artists = Length(minutes=7), np.array([0, 0, 1, 2])
    >>> durations = np.array([180_000.0, 180_000.0, 600_000.0, 240_000.0])
    >>> rows = fill(range(4), durations, length=length, artists=artists, works=np.arange(4), per_artist=1)
    >>> rows.tolist()
    [0, 3]
    """
    if per_artist < 1:
        raise BadSettings(f"{per_artist} songs of an artist: give at least 1")
    chosen = _Chosen(artists, works, per_artist, [*taken, *beside])
    if length.n_songs is not None:
        for row in candidates:
            if len(chosen.rows) + len(taken) >= length.n_songs:
                break
            chosen.take_if_fit(int(row))
        return np.array(chosen.rows, dtype=np.int64)
    asked = (length.asked_minutes or MINUTES) * 60_000 - float(
        durations_ms[np.asarray(taken, dtype=np.int64)].sum()
    )
    return _of_minutes([int(row) for row in candidates], durations_ms, asked, chosen)


def known_durations(durations_ms: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return durations with the median in the place of missing ones, or 3:30 where none is known.

    Examples
    --------
    >>> known_durations(np.array([100.0, np.nan, 300.0])).tolist()
    [100.0, 200.0, 300.0]
    """
    values = np.asarray(durations_ms, dtype=np.float64)
    missing = ~(values > 0)
    usual = float(np.median(values[~missing])) if not missing.all() else _USUAL_MS
    return np.where(missing, usual, values)


def _of_minutes(
    candidates: list[int], durations: NDArray[np.floating], asked: float, chosen: _Chosen
) -> _Rows:
    """Take songs while there is room, then the one that comes nearest to the asked length."""
    left, usual = asked, float(np.median(durations))
    for row in candidates:
        if left < _ROOM_FOR * usual:
            break
        if durations[row] <= left and chosen.take_if_fit(row):
            left -= float(durations[row])
    for row in _best_ends(candidates, durations, left, chosen):
        chosen.take_if_fit(row)
    return np.array(chosen.rows, dtype=np.int64)


def _best_ends(rest: list[int], durations: NDArray[np.floating], left: float, chosen: _Chosen) -> list[int]:
    """None, one or two more songs: those that leave the least time over or under, the first where equal."""
    fit = [row for row in rest if chosen.fits(row)][:_LAST_TRIED]
    ends: list[list[int]] = [[], *([row] for row in fit)]
    ends += [
        [one, other]
        for place, one in enumerate(fit)
        for other in fit[place + 1 :]
        if durations[one] + durations[other] <= left and chosen.fit_together(one, other)
    ]
    lawful = [rows for rows in ends if not rows or sum(durations[rows]) - left <= durations[rows[-1]] / 2]
    return min(lawful, key=lambda rows: round(abs(left - float(sum(durations[rows]))) / 1_000))


class _Chosen:
    """Songs taken so far, and whether another fits to them."""

    def __init__(self, artists: _Rows, works: _Rows, per_artist: int, taken: Sequence[int] | _Rows) -> None:
        self.artists, self.works, self.per_artist = artists, works, per_artist
        self.rows: list[int] = []
        self.counts = Counter(int(artists[row]) for row in taken)
        self.has = {int(works[row]) for row in taken}

    def fits(self, row: int) -> bool:
        """Whether a song may join."""
        artist = int(self.artists[row])
        return int(self.works[row]) not in self.has and (artist < 0 or self.counts[artist] < self.per_artist)

    def fit_together(self, one: int, other: int) -> bool:
        """Whether two songs that fit may both join."""
        artist = int(self.artists[one])
        if int(self.works[one]) == int(self.works[other]):
            return False
        return artist < 0 or artist != self.artists[other] or self.counts[artist] + 2 <= self.per_artist

    def take_if_fit(self, row: int) -> bool:
        """Let a song join if it may."""
        if not self.fits(row):
            return False
        self.rows.append(row)
        self.has.add(int(self.works[row]))
        self.counts[int(self.artists[row])] += 1
        return True
