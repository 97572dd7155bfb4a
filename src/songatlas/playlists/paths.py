"""A path between two songs: a playlist that goes from one to the other in even steps.

Every place of the path has its candidates: songs whose share of the way, measured along the straight line
between both ends, is that of the place. Among all ways through the candidates the one is taken whose steps,
raised to the eighth power, sum to the least (by dynamic programming): a power that high makes the longest
step short and all others as long. Where a song would stand twice, or an artist too often or too soon, the
candidate farther from the line is struck out and the way sought anew. At last every song is exchanged for any
other candidate as long as that makes the steps more even.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from songatlas.errors import BadSettings

CANDIDATES: Final = 120
"""Songs that are weighed for each place."""

POWER: Final = 8
_ROUNDS = 30  # of exchanging songs
_STRIKES = 10  # candidates struck out, as a multiple of the places
_Float = NDArray[np.float64]
_Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What songs of a path may stand together.

    Attributes
    ----------
    artists, works : ndarray of int64, shape (n_songs,)
        Number of each song's artist, negative where unknown, and of the song of which it is a version.
    per_artist : int
        Most songs of one artist, both ends included.
    gap : int
        Songs between two of one artist.
    """

    artists: _Rows
    works: _Rows
    per_artist: int
    gap: int

    def clash(self, rows: _Rows) -> tuple[int, int] | None:
        """Return two places that may not hold the songs they hold; None where all is well."""
        seen: dict[int, list[int]] = {}
        works: dict[int, int] = {}
        for place, row in enumerate(rows.tolist()):
            if int(self.works[row]) in works:
                return works[int(self.works[row])], place
            works[int(self.works[row])] = place
            artist = int(self.artists[row])
            if artist < 0:
                continue
            before = seen.setdefault(artist, [])
            if before and (len(before) >= self.per_artist or place - before[-1] <= self.gap):
                return before[-1], place
            before.append(place)
        return None


def path_between(
    points: NDArray[Any],
    start: int,
    end: int,
    *,
    n: int,
    allowed: NDArray[np.bool_],
    artists: _Rows | None = None,
    works: _Rows | None = None,
    per_artist: int = 3,
    gap: int = 0,
) -> _Rows:
    """Return rows that lead from one song to another in even steps.

    Parameters
    ----------
    points : ndarray, shape (n_songs, n_dimensions)
        Finite.
    start, end : int
        Rows of the two songs.
    n : int
        Songs of the path with both ends, at least 2.
    allowed : ndarray of bool, shape (n_songs,)
        Songs that may stand between; the ends need not be among them.
    artists, works : ndarray of int64, shape (n_songs,), optional
        See `Rules`.
    per_artist, gap : int
        See `Rules`; kept as far as the candidates allow.

    Returns
    -------
    ndarray of int64
        `n` rows, `start` first and `end` last; fewer where fewer songs are allowed.

    Raises
    ------
    BadSettings
        If both ends are one song, or `n` is below 2.

    Examples
    --------
    >>> points = np.array([[0.0], [9.0], [3.1], [8.0], [5.9]])
    >>> path_between(points, 0, 1, n=4, allowed=np.ones(5, dtype=bool)).tolist()
    [0, 2, 4, 1]
    """
    if start == end:
        raise BadSettings("the path starts and ends with the same song: name two different songs")
    if n < 2:
        raise BadSettings(f"a path of {n} songs cannot be made: it has at least its two ends")
    n_songs = len(points)
    rules = Rules(
        artists=np.full(n_songs, -1, dtype=np.int64) if artists is None else artists,
        works=np.arange(n_songs, dtype=np.int64) if works is None else works,
        per_artist=per_artist,
        gap=gap,
    )
    inside = allowed & ~np.isin(rules.works, rules.works[[start, end]])
    inside[[start, end]] = False
    pool = np.flatnonzero(inside)
    n_between = min(n - 2, len(pool))
    if not n_between:
        return np.array([start, end], dtype=np.int64)
    places = _candidates(points, pool, start, end, n_between)
    rows = _lawful_way(points, places, start, end, rules)
    return _evened(points, rows, np.unique(np.concatenate(places)), rules)


def evenness(points: NDArray[Any], rows: _Rows) -> float:
    """Return the longest step as a multiple of the mean step: 1 where all steps are equally long.

    Examples
    --------
    >>> evenness(np.array([[0.0], [1.0], [4.0]]), np.array([0, 1, 2]))
    1.5
    """
    steps = _steps(points, rows)
    return float(steps.max() / steps.mean()) if steps.mean() else 1.0


def _candidates(points: NDArray[Any], pool: _Rows, start: int, end: int, n_between: int) -> list[_Rows]:
    """For each place between, the songs of about that share of the way that are nearest to the line."""
    origin = np.asarray(points[start], dtype=np.float64)
    way = np.asarray(points[end], dtype=np.float64) - origin
    length = float(way @ way)
    offsets = points[pool] - origin
    shares = offsets @ way / length if length else np.zeros(len(pool))
    aside = np.square(offsets - np.outer(shares, way)).sum(axis=1)
    place = np.round(shares * (n_between + 1)).astype(np.int64) - 1
    sizes = np.bincount(place[(place >= 0) & (place < n_between)], minlength=n_between)
    if sizes.min() == 0:  # nobody stands there: songs are dealt out evenly in the order of their shares
        place = np.empty(len(pool), dtype=np.int64)
        place[np.argsort(shares, kind="stable")] = np.arange(len(pool)) * n_between // len(pool)
    found = []
    for which in range(n_between):
        here = np.flatnonzero(place == which)
        nearest = here[np.lexsort((pool[here], aside[here]))][:CANDIDATES]
        found.append(pool[nearest])
    return found


def _lawful_way(points: NDArray[Any], places: list[_Rows], start: int, end: int, rules: Rules) -> _Rows:
    """The way with the most even steps on which no songs clash."""
    places = list(places)
    rows = _way(points, places, start, end)
    for _ in range(_STRIKES * len(places)):
        clash = rules.clash(rows)
        if clash is None:
            break
        loose = [place - 1 for place in clash if 0 < place <= len(places) and len(places[place - 1]) > 1]
        if not loose:
            break
        place = max(loose, key=lambda which: int(np.flatnonzero(places[which] == rows[which + 1])[0]))
        places[place] = places[place][places[place] != rows[place + 1]]
        rows = _way(points, places, start, end)
    return rows


def _way(points: NDArray[Any], places: list[_Rows], start: int, end: int) -> _Rows:
    """The way through one candidate of each place whose steps are the most even."""
    line = [np.array([start]), *places, np.array([end])]
    totals, choices = np.zeros(1), []
    for before, now in pairwise(line):
        reached = totals[:, None] + _between(points, before, now)
        choices.append(reached.argmin(axis=0))
        totals = reached.min(axis=0)
    which, rows = 0, [end]
    for candidates, choice in zip(reversed(line[:-1]), reversed(choices), strict=True):
        which = int(choice[which])
        rows.append(int(candidates[which]))
    return np.array(rows[::-1], dtype=np.int64)


def _evened(points: NDArray[Any], rows: _Rows, pool: _Rows, rules: Rules) -> _Rows:
    """Exchange songs for any candidate while that makes the steps more even."""
    rows = rows.copy()
    clashes = rules.clash(rows) is not None
    for _ in range(_ROUNDS):
        moved = False
        for place in range(1, len(rows) - 1):
            costs = (
                _between(points, rows[[place - 1]], pool)[0] + _between(points, pool, rows[[place + 1]])[:, 0]
            )
            now = _between(points, rows[[place - 1]], rows[[place]]) + _between(
                points, rows[[place]], rows[[place + 1]]
            )
            for which in np.argsort(costs, kind="stable")[:CANDIDATES]:
                if costs[which] >= now[0, 0] * (1 - 1e-9):
                    break
                changed = rows.copy()
                changed[place] = pool[which]
                if len(np.unique(changed)) == len(changed) and (clashes or rules.clash(changed) is None):
                    rows, moved = changed, True
                    break
        if not moved:
            break
    return rows


def _between(points: NDArray[Any], one: _Rows, other: _Rows) -> _Float:
    """Eighth powers of the distances of each to each."""
    first, second = points[one].astype(np.float64), points[other].astype(np.float64)
    squares = np.zeros((len(first), len(second)))
    for column in range(points.shape[1]):
        squares += np.square(np.subtract.outer(first[:, column], second[:, column]))
    raised: _Float = squares ** (POWER / 2)
    return raised


def _steps(points: NDArray[Any], rows: _Rows) -> _Float:
    """Lengths of the steps."""
    line = points[rows].astype(np.float64)
    lengths: _Float = np.sqrt(np.square(np.diff(line, axis=0)).sum(axis=1))
    return lengths
