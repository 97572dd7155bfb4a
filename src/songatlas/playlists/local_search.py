"""Local search over orders: 2-opt and Or-opt moves over near songs, and random changes that are mended.

An order is a plain list of rows and `place` says where each row stands. Costs are symmetric. Ends may be
fixed; otherwise an order has free ends, and turning round its beginning or end costs no second step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

NEAR_SONGS: Final = 10
LONGEST_SEGMENT: Final = 3
_REACH = 50  # places within which a random change stays
_TINY = 1e-9
_MOST_REFUSED = 8  # moves of one song that bring artists too close, before it is left where it is
_LISTS_UP_TO = 1_200  # songs whose costs fit into lists of numbers, which are read fastest


class LocalSearch:
    """Improves orders of the same songs.

    Parameters
    ----------
    costs : ndarray of float64, shape (n, n)
        Symmetric.
    groups : ndarray of int64, shape (n,)
        Artists, negative where unknown.
    gap : int
        Songs between two of one artist.
    fixed_start, fixed_end : bool
        Whether the first and the last song stay.
    """

    def __init__(
        self,
        costs: NDArray[np.float64],
        groups: NDArray[np.int64],
        gap: int,
        *,
        fixed_start: bool,
        fixed_end: bool,
    ) -> None:
        n = len(costs)
        self.n = n
        self.costs: Sequence[Sequence[float]] = (
            costs.tolist() if n <= _LISTS_UP_TO else [memoryview(row) for row in np.ascontiguousarray(costs)]
        )
        alone = (groups < 0) | (np.bincount(np.maximum(groups, 0), minlength=1)[np.maximum(groups, 0)] < 2)
        artists = np.where(alone, -1 - np.arange(n), groups)
        self.groups: list[int] = artists.tolist()
        self.gap = 0 if alone.all() else min(gap, n - 1)
        self.near = _near_rows(costs, artists if self.gap else np.arange(n))
        self.price = 4.0 * float(costs.max(initial=0.0)) + 1.0  # of closeness: never worth a short cut
        self.weights = range(self.gap, 0, -1)
        self.close = 0
        self.low, self.high = int(fixed_start), n - 1 - int(fixed_end)
        self.refused = 0
        self.order: list[int] = []
        self.place: list[int] = []

    def total(self, order: Sequence[int]) -> float:
        """Cost of an order, closeness of artists included."""
        return self._length(order) + self.price * self._closeness(order)

    def improve(self, order: Sequence[int]) -> list[int]:
        """Return the order after all moves that make it cheaper."""
        self._set(order)
        self._settle(deque(order))
        return list(self.order)

    def perturb(self, order: Sequence[int], *, rounds: int, seed: int) -> list[int]:
        """Return the best order after so many random changes, each mended and kept unless dearer."""
        self._set(order)
        best = self.total(order)
        width = self.high - self.low + 1
        if width < 4:
            return list(order)
        random = np.random.default_rng(seed)
        starts = random.integers(0, width - 3, size=rounds).tolist()
        cuts = np.sort(random.random((rounds, 3)), axis=1).tolist()
        for start, shares in zip(starts, cuts, strict=True):
            kept = list(self.order), list(self.place), self.close
            reach = min(_REACH, width - start)
            first, second, third = (self.low + start + int(share * reach) for share in shares)
            if not first < second < third:
                second = first + 1
                third = second + 1
            if third > self.high + 1:
                continue
            changed = self.exchange(first, second, third)
            changed += self._settle(deque(self._around(first, second, third)))
            if changed > _TINY:
                self.order, self.place, self.close = kept
            else:
                best += changed
        return list(self.order)

    def exchange(self, first: int, second: int, third: int) -> float:
        """Exchange two neighbouring blocks of places; return what it costs."""
        order = self.order
        before, after = self._neighbour(first - 1), self._neighbour(third)
        left, right = order[first:second], order[second:third]
        change = (
            self._step(before, right[0]) + self._step(right[-1], left[0]) + self._step(left[-1], after)
            - self._step(before, left[0]) - self._step(left[-1], right[0]) - self._step(right[-1], after)
        )  # fmt: skip
        closer = self._closer(first, third, (left, right), (right, left))
        self._put(first, right + left, closer)
        return change + self.price * closer

    def _set(self, order: Sequence[int]) -> None:
        self.order, self.close = list(order), self._closeness(order)
        self.place = [0] * self.n
        for place, row in enumerate(self.order):
            self.place[row] = place

    def _settle(self, queue: deque[int]) -> float:
        """Make moves until no song of the queue, nor any touched by a move, has one; return the change."""
        waiting = [False] * self.n
        for row in queue:
            waiting[row] = True
        change = 0.0
        while queue:
            row = queue.popleft()
            waiting[row] = False
            gained = self._move(row)
            while gained is not None:
                change += gained[0]
                for touched in gained[1]:
                    if not waiting[touched]:
                        waiting[touched] = True
                        queue.append(touched)
                gained = self._move(row)
        return change

    def _move(self, row: int) -> tuple[float, list[int]] | None:
        """Make the first move found that brings a song beside a nearer one."""
        self.refused = 0
        return self._turn(row) or self._shift(row)

    def _turn(self, row: int) -> tuple[float, list[int]] | None:
        """2-opt: turn a stretch round, so that a song stands beside a nearer one."""
        costs, order, place, n = self.costs, self.order, self.place, self.n
        at, own = place[row], costs[row]
        for ahead in (True, False):
            beside = at + 1 if ahead else at - 1
            if not 0 <= beside < n:
                continue
            other = order[beside]
            now = own[other]
            for near in self.near[row]:
                gain = now - own[near]
                if gain <= _TINY or self.refused > _MOST_REFUSED:
                    break
                there = place[near]
                beyond = there + 1 if ahead else there - 1
                if 0 <= beyond < n:
                    far = order[beyond]
                    gain += costs[near][far] - costs[other][far]
                if gain <= _TINY:
                    continue
                low, high = (at, there) if at < there else (there, at)
                low, high = (low + 1, high) if ahead else (low, high - 1)
                if low < self.low or high > self.high:
                    continue
                change = self._try_turn(low, high, -gain)
                if change is not None:
                    return change
        return None

    def _try_turn(self, low: int, high: int, change: float) -> tuple[float, list[int]] | None:
        """Turn the places from `low` to `high` round, unless artists come too close."""
        stretch = self.order[low : high + 1]
        turned = stretch[::-1]
        closer = self._closer(low, high + 1, (stretch,), (turned,))
        change += self.price * closer
        if change >= -_TINY:
            self.refused += 1
            return None
        touched = self._around(low, high + 1)
        self._put(low, turned, closer)
        return change, touched

    def _shift(self, row: int) -> tuple[float, list[int]] | None:
        """Or-opt: move a short stretch that ends with a song, so that the song stands beside a nearer one."""
        at = self.place[row]
        for length in range(1, LONGEST_SEGMENT + 1):
            for first in {at, at - length + 1}:
                if first < self.low or first + length - 1 > self.high:
                    continue
                found = self._shift_stretch(row, first, first + length)
                if found is not None:
                    return found
        return None

    def _shift_stretch(self, row: int, first: int, stop: int) -> tuple[float, list[int]] | None:
        """Move the places from `first` to before `stop`, one end of which is the song, beside a near song."""
        costs, order, place, n = self.costs, self.order, self.place, self.n
        own = costs[row]
        far_end = order[stop - 1] if order[first] == row else order[first]
        before, after = self._neighbour(first - 1), self._neighbour(stop)
        freed = self._step(before, order[first]) + self._step(order[stop - 1], after)
        freed -= self._step(before, after)
        for near in self.near[row]:
            gain = freed - own[near]
            if gain <= _TINY or self.refused > _MOST_REFUSED:
                break
            there = place[near]
            if first <= there < stop:
                continue
            for beyond in (there - 1, there + 1):
                if first <= beyond < stop:
                    continue
                change = -gain
                if 0 <= beyond < n:
                    other = order[beyond]
                    change += costs[far_end][other] - costs[near][other]
                if change < -_TINY:
                    made = self._try_shift(row, first, stop, there=there, beyond=beyond, change=change)
                    if made is not None:
                        return made
        return None

    def _try_shift(
        self, row: int, first: int, stop: int, *, there: int, beyond: int, change: float
    ) -> tuple[float, list[int]] | None:
        """Put a stretch between two neighbouring places, unless an end is fixed or artists come too close."""
        order = self.order
        stretch = order[first:stop]
        gap_at = max(there, beyond)  # the stretch is put before this place
        if gap_at < self.low or gap_at > self.high + 1:
            return None
        near_is_left = there < beyond
        if (stretch[0] == row) != near_is_left:
            stretch.reverse()
        if gap_at <= first:
            low, high, between = gap_at, stop, order[gap_at:first]
            old, new = (between, order[first:stop]), (stretch, between)
        else:
            low, high, between = first, gap_at, order[stop:gap_at]
            old, new = (order[first:stop], between), (between, stretch)
        closer = self._closer(low, high, old, new)
        change += self.price * closer
        if change >= -_TINY:
            self.refused += 1
            return None
        touched = self._around(low, high, first, stop)
        self._put(low, new[0] + new[1], closer)
        return change, touched

    def _put(self, low: int, rows: list[int], closer: int) -> None:
        """Let rows stand at the places from `low` on, which brings artists so much closer."""
        self.close += closer
        self.order[low : low + len(rows)] = rows
        place = self.place
        for at, row in enumerate(rows, low):
            place[row] = at

    def _around(self, *places: int) -> list[int]:
        """Songs on both sides of some borders between places."""
        order, n = self.order, self.n
        return [order[at] for border in places for at in (border - 1, border) if 0 <= at < n]

    def _neighbour(self, place: int) -> int | None:
        return self.order[place] if 0 <= place < self.n else None

    def _step(self, one: int | None, other: int | None) -> float:
        return 0.0 if one is None or other is None else self.costs[one][other]

    def _length(self, order: Sequence[int]) -> float:
        return sum(self.costs[one][other] for one, other in pairwise(order))

    def _closer(self, low: int, high: int, old: tuple[list[int], ...], new: tuple[list[int], ...]) -> int:
        """How much closer artists come where the blocks between two places are put anew."""
        gap = self.gap
        if not gap:
            return 0
        left, right = self.order[max(0, low - gap) : low], self.order[high : high + gap]
        closeness = self._at_borders(left, new, right)
        return closeness - self._at_borders(left, old, right) if self.close else closeness

    def _at_borders(self, left: list[int], blocks: tuple[list[int], ...], right: list[int]) -> int:
        """How much too close artists stand across the borders of one block or two."""
        gap, first, last = self.gap, blocks[0], blocks[-1]
        if first is last:
            return self._across(left, first) + self._across(first, right)
        head = first if len(first) >= gap else first + last[:gap]
        tail = last if len(last) >= gap else first[-gap:] + last
        return self._across(left, head) + self._across(first, last) + self._across(tail, right)

    def _across(self, before: list[int], after: list[int]) -> int:
        """How much too close artists stand on both sides of a border, summed."""
        groups, gap = self.groups, self.gap
        if gap == 1:
            return int(bool(before and after) and groups[before[-1]] == groups[after[0]])
        closeness, n_after = 0, len(after)
        for back in range(min(gap, len(before))):
            group = groups[before[-1 - back]]
            for ahead in range(min(gap - back, n_after)):
                if groups[after[ahead]] == group:
                    closeness += self.weights[back + ahead]
        return closeness

    def _closeness(self, order: Sequence[int]) -> int:
        """How much too close songs of one artist stand in an order, summed over all pairs."""
        line = np.array([self.groups[row] for row in order])
        return sum(
            weight * int((line[step:] == line[:-step]).sum()) for step, weight in enumerate(self.weights, 1)
        )


def _near_rows(costs: NDArray[np.float64], groups: NDArray[np.int64]) -> list[list[int]]:
    """The nearest other rows of each row, the nearest first, ties by row; songs of its artist come last."""
    n = len(costs)
    count = min(NEAR_SONGS, n - 1)
    near = np.empty((n, count), dtype=np.int64)
    apart = float(costs.max(initial=0.0)) + 1.0
    for row in range(n):
        values = costs[row] + apart * (groups == groups[row])
        values[row] = np.inf
        some = np.argpartition(values, count - 1)[:count] if count < n - 1 else np.arange(n)
        near[row] = some[np.lexsort((some, values[some]))][:count]
    found: list[list[int]] = near.tolist()
    return found
