"""Short open tours through points: the order in which songs follow each other with small steps.

Up to `EXACT_SONGS` songs the shortest tour is found by dynamic programming (Held and Karp 1962). Longer ones
are built by nearest neighbours and mended by 2-opt and Or-opt moves over lists of near songs, with a queue of
songs that are worth looking at; then small random changes (double bridges of near places) are mended in the
same way and kept where the tour does not grow: iterated local search (Johnson and McGeoch 1997). The number
of rounds is fixed by the number of songs, never by a clock, so that a seed gives one tour on every machine.

Artist spacing is part of the search: a tour never gains length by putting songs of one artist too close.

References
----------
M. Held, R. M. Karp (1962), "A dynamic programming approach to sequencing problems", SIAM Journal 10.
D. S. Johnson, L. A. McGeoch (1997), "The traveling salesman problem: a case study in local optimization".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from songatlas.errors import BadSettings
from songatlas.playlists.local_search import LocalSearch
from songatlas.playlists.spacing import place_spaced, possible_gap, spaced, too_close

EXACT_SONGS: Final = 12
"""Up to so many songs the tour is the shortest there is."""

MOST_AT_ONCE: Final = 1_200
"""More songs than this are cut into parts that are toured one after the other."""

_STARTS = 4
_ROUNDS_OF_PART = 300
_SPACED_SHARE = 3  # artists make every round longer
_Costs = NDArray[np.float64]
_Rows = NDArray[np.int64]


def shortest_tour(
    points: ArrayLike,
    *,
    seed: int = 0,
    start: int | None = None,
    end: int | None = None,
    groups: NDArray[np.int64] | None = None,
    gap: int = 0,
    rounds: int | None = None,
) -> _Rows:
    """Return rows in an order with short steps.

    Parameters
    ----------
    points : array-like of float, shape (n, n_dimensions)
        Finite.
    seed : int
        Of the random changes.
    start, end : int, optional
        Rows that have to stand first and last.
    groups : ndarray of int64, shape (n,), optional
        Number of each song's artist, negative where unknown.
    gap : int
        Songs between two of one artist, as far as that is possible.
    rounds : int, optional
        Random changes to try; by default as many as the number of songs allows in about a second.

    Returns
    -------
    ndarray of int64, shape (n,)
        Each row once.

    Raises
    ------
    BadSettings
        If `start` and `end` are one row, or not among the rows.
    ValueError
        If a point is not finite.

    Examples
    --------
    >>> shortest_tour([[0.0], [5.0], [1.0], [4.0], [2.0]], start=0).tolist()
    [0, 2, 4, 3, 1]
    """
    array = np.asarray(points, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError("a point is not finite: fill missing values first")
    if len(array) <= MOST_AT_ONCE:
        costs = distances_between(array)
        return cheapest_order(costs, seed=seed, start=start, end=end, groups=groups, gap=gap, rounds=rounds)
    return _tour_of_parts(array, seed=seed, start=start, end=end, groups=groups, gap=gap)


def cheapest_order(
    costs: _Costs,
    *,
    seed: int = 0,
    start: int | None = None,
    end: int | None = None,
    groups: NDArray[np.int64] | None = None,
    gap: int = 0,
    rounds: int | None = None,
) -> _Rows:
    """Return rows in an order whose steps cost little.

    Parameters
    ----------
    costs : ndarray of float64, shape (n, n)
        Cost of a step from each row to each other; symmetric, at least 0.
    seed, start, end, groups, gap, rounds
        As in `shortest_tour`.

    Examples
    --------
    >>> costs = np.abs(np.subtract.outer([0.0, 3.0, 1.0], [0.0, 3.0, 1.0]))
    >>> cheapest_order(costs, end=0).tolist()
    [1, 2, 0]
    """
    n = len(costs)
    _check_ends(n, start, end)
    if n < 2:
        return np.arange(n, dtype=np.int64)
    artists = np.full(n, -1, dtype=np.int64) if groups is None else np.asarray(groups, dtype=np.int64)
    gap = possible_gap(artists, gap)
    if n <= EXACT_SONGS:
        exact = _exact_order(costs, start=start, end=end)
        if not gap or not too_close(artists[exact], gap):
            return exact
    search = LocalSearch(costs, artists, gap, fixed_start=start is not None, fixed_end=end is not None)
    begun = [_greedy(costs, first, end, artists, gap) for first in _first_songs(costs, start, end)]
    improved = [search.improve(order) for order in begun]
    best = min(improved, key=search.total)
    tries = n_rounds(n) // (_SPACED_SHARE if search.gap else 1)
    return np.array(search.perturb(best, rounds=tries if rounds is None else rounds, seed=seed))


def parts_in_turn(
    ahead: _Rows,
    costs_of: Callable[[_Rows], _Costs],
    *,
    seed: int,
    groups: _Rows,
    gap: int,
    first: int | None = None,
) -> _Rows:
    """Return many rows in an order whose steps cost little: parts of them, one after the other.

    Parameters
    ----------
    ahead : ndarray of int64
        Rows such that those of one part stand together.
    costs_of : callable
        Costs of the steps between some rows, as `cheapest_order` takes them.
    seed, groups, gap
        As in `shortest_tour`; the gap is kept inside each part.
    first : int, optional
        Row that has to stand first, the first of `ahead`.
    """
    n_parts = -(-len(ahead) // (MOST_AT_ONCE // 2))
    order = np.empty(0, dtype=np.int64)
    for part in np.array_split(ahead, n_parts):
        before = order[-1:]  # where the part sets out from
        rows = np.concatenate([before, part])
        start = 0 if len(before) or first is not None else None
        found = cheapest_order(
            costs_of(rows), seed=seed, start=start, groups=groups[rows], gap=gap, rounds=_ROUNDS_OF_PART
        )
        order = np.append(order, rows[found[len(before) :]])
    return order


def tour_length(points: ArrayLike, order: Sequence[int] | _Rows) -> float:
    """Return the summed length of the steps of a tour.

    Examples
    --------
    >>> tour_length([[0.0], [5.0], [1.0]], [0, 2, 1])
    5.0
    """
    line = np.asarray(points, dtype=np.float64)[np.asarray(order)]
    return float(np.sqrt(np.square(np.diff(line, axis=0)).sum(axis=1)).sum())


def distances_between(points: NDArray[Any]) -> _Costs:
    """Return Euclidean distances of each to each; summed coordinate by coordinate: alike on every machine."""
    squares = np.zeros((len(points), len(points)))
    for column in points.T.astype(np.float64):
        steps = np.subtract.outer(column, column)
        squares += np.square(steps, out=steps)
    return np.sqrt(squares, out=squares)


def n_rounds(n: int) -> int:
    """Return how many random changes are tried for so many songs."""
    return min(max(20 * n, 200), 1_500 if n <= 1_000 else 600)


def _check_ends(n: int, start: int | None, end: int | None) -> None:
    for name, row in (("start", start), ("end", end)):
        if row is not None and not 0 <= row < n:
            raise BadSettings(f"{name} is {row}, but there are {n} songs: name a row from 0 to {n - 1}")
    if start is not None and start == end and n > 1:
        raise BadSettings(f"start and end are both row {start}: name two different songs")


def _first_songs(costs: _Costs, start: int | None, end: int | None) -> list[int]:
    """Songs to begin from: the given one, or those farthest out and some between."""
    if start is not None:
        return [start]
    outward = [row for row in np.argsort(-costs.sum(axis=1), kind="stable").tolist() if row != end]
    n_starts = min(_STARTS if len(costs) <= MOST_AT_ONCE else 1, len(outward))
    places = np.unique(np.linspace(0, len(outward) - 1, n_starts).round().astype(int))
    return [outward[place] for place in places]


def _greedy(costs: _Costs, first: int, last: int | None, groups: _Rows, gap: int) -> list[int]:
    """Go from each song to the nearest that may follow."""
    order = place_spaced(lambda before: costs[before], groups, gap, first=first, last=last)
    return [int(row) for row in order]


def _exact_order(costs: _Costs, *, start: int | None, end: int | None) -> _Rows:
    """The cheapest order of few songs, by dynamic programming over sets of songs."""
    n = len(costs)
    best = np.full((1 << n, n), np.inf)
    came_from = np.zeros((1 << n, n), dtype=np.int8)
    for row in range(n) if start is None else [start]:
        best[1 << row, row] = 0.0
    sets = np.arange(1 << n)
    sizes = np.array([int(each).bit_count() for each in sets])
    for size in range(2, n + 1):
        of_size = sets[sizes == size]
        for row in range(n):
            inside = of_size[(of_size >> row) & 1 == 1]
            reached = best[inside ^ (1 << row)] + costs[:, row]
            before = reached.argmin(axis=1)
            best[inside, row] = reached[np.arange(len(inside)), before]
            came_from[inside, row] = before
    visited = (1 << n) - 1
    row = int(best[visited].argmin()) if end is None else end
    order = [row]
    while visited & (visited - 1):
        visited, row = visited ^ (1 << row), int(came_from[visited, row])
        order.append(row)
    return np.array(order[::-1], dtype=np.int64)


def _tour_of_parts(
    points: NDArray[np.float64],
    *,
    seed: int,
    start: int | None,
    end: int | None,
    groups: NDArray[np.int64] | None,
    gap: int,
) -> _Rows:
    """Tour slices across the widest direction one after the other, each from where the last one ended."""
    _check_ends(len(points), start, end)
    centred = points - points.mean(axis=0)
    widest = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    along = centred @ widest
    ahead = np.argsort(along if _goes_up(along, start, end) else -along, kind="stable")
    inner = ahead[~np.isin(ahead, [row for row in (start, end) if row is not None])]
    artists = np.full(len(points), -1, dtype=np.int64) if groups is None else groups
    order = parts_in_turn(
        inner if start is None else np.append(start, inner),
        lambda rows: distances_between(points[rows]),
        seed=seed,
        groups=artists,
        gap=gap,
        first=start,
    )
    whole = order if end is None else np.append(order, end)
    if not gap or start is not None or end is not None:
        return whole
    ranks = np.empty(len(whole), dtype=np.int64)
    ranks[whole] = np.arange(len(whole))
    return spaced(ranks, artists, gap)


def _goes_up(along: NDArray[np.float64], start: int | None, end: int | None) -> bool:
    """Whether the slices are taken in rising order."""
    if start is not None:
        return bool(along[start] <= np.median(along))
    return end is None or bool(along[end] > np.median(along))
