"""Short tours, and songs of one artist kept apart on them."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest

from songatlas.errors import BadSettings
from songatlas.playlists import tours
from songatlas.playlists.spacing import largest_gap, spaced, too_close
from songatlas.playlists.tours import cheapest_order, distances_between, shortest_tour, tour_length


def _points(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 4))


@pytest.mark.parametrize(("start", "end"), [(None, None), (2, None), (None, 3), (0, 5)])
def test_few_songs_get_the_shortest_tour_there_is(start: int | None, end: int | None) -> None:
    points = _points(7)
    ways = [w for w in permutations(range(7)) if start in (None, w[0]) and end in (None, w[-1])]
    shortest = min(tour_length(points, way) for way in ways)
    order = shortest_tour(points, start=start, end=end)
    assert tour_length(points, order) == pytest.approx(shortest)
    assert sorted(order.tolist()) == list(range(7))


@pytest.mark.parametrize("n", [13, 40, 120])
def test_every_song_once_and_both_ends_kept(n: int) -> None:
    order = shortest_tour(_points(n), start=4, end=1, rounds=60)
    assert sorted(order.tolist()) == list(range(n))
    assert (order[0], order[-1]) == (4, 1)


def test_the_search_finds_what_dynamic_programming_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [_points(12, seed) for seed in range(5)]
    exact = [tour_length(each, shortest_tour(each)) for each in points]
    monkeypatch.setattr(tours, "EXACT_SONGS", 0)
    found = [tour_length(each, shortest_tour(each)) for each in points]
    assert found == pytest.approx(exact)


def test_a_ring_of_songs_is_walked_round() -> None:
    angles = np.random.default_rng(1).permutation(np.linspace(0, 2 * np.pi, 80, endpoint=False))
    points = np.column_stack([np.cos(angles), np.sin(angles)])
    step = 2 * np.sin(np.pi / 80)
    assert tour_length(points, shortest_tour(points)) == pytest.approx(79 * step)


def test_one_seed_gives_one_tour() -> None:
    points = _points(60)
    assert shortest_tour(points, seed=3).tolist() == shortest_tour(points, seed=3).tolist()


def test_costs_told_by_the_search_are_true() -> None:
    costs = distances_between(_points(50))
    groups = np.arange(50) // 5
    search = tours.LocalSearch(costs, groups, 2, fixed_start=False, fixed_end=False)
    order = search.improve(list(range(50)))
    assert sorted(order) == list(range(50))
    assert search.total(order) < search.total(list(range(50)))


@pytest.mark.parametrize("gap", [1, 2, 4])
def test_artists_are_kept_apart_wherever_that_is_possible(gap: int) -> None:
    random = np.random.default_rng(gap)
    for _ in range(5):
        groups = random.integers(0, 9, size=30)
        points = groups[:, None] + random.normal(size=(30, 3)) / 10  # songs of an artist lie together
        order = shortest_tour(points, groups=groups, gap=gap, rounds=50)
        if largest_gap(groups) >= gap:
            assert too_close(groups[order], gap) == 0


def test_the_largest_gap_is_reached() -> None:
    groups = np.array([0] * 5 + [1] * 5 + [2, 3, 4])
    gap = largest_gap(groups)
    order = spaced(np.arange(13), groups, gap)
    assert gap == 1
    assert too_close(groups[order], gap) == 0
    assert too_close(groups[spaced(np.arange(13), groups, gap + 1)], gap + 1) > 0


def test_more_songs_than_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tours, "MOST_AT_ONCE", 40)
    points = _points(150)
    order = shortest_tour(points, start=3, end=9)
    assert sorted(order.tolist()) == list(range(150))
    assert (order[0], order[-1]) == (3, 9)
    assert tour_length(points, order) < 0.8 * tour_length(points, range(150))


def test_bad_ends_are_refused() -> None:
    with pytest.raises(BadSettings, match="two different songs"):
        shortest_tour(_points(4), start=1, end=1)
    with pytest.raises(BadSettings, match="row from 0 to 3"):
        shortest_tour(_points(4), start=9)
    with pytest.raises(ValueError, match="not finite"):
        shortest_tour([[np.nan]])


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_songs(n: int) -> None:
    assert sorted(cheapest_order(np.zeros((n, n))).tolist()) == list(range(n))


@pytest.mark.parametrize("gap", [1, 2, 5])
def test_an_artist_with_half_of_the_songs_never_stands_twice_in_a_row(gap: int) -> None:
    random = np.random.default_rng(0)
    groups = np.where(np.arange(60) < 30, 0, random.integers(1, 15, size=60))
    points = groups[:, None] + random.normal(size=(60, 3))
    order = shortest_tour(points, groups=groups, gap=gap, rounds=50)
    assert too_close(groups[order], 1) == 0


@pytest.mark.parametrize("gap", [1, 2, 3])
def test_the_search_keeps_count_of_artists_too_close(gap: int) -> None:
    random = np.random.default_rng(gap)
    costs = distances_between(_points(40))
    search = tours.LocalSearch(costs, random.integers(0, 4, size=40), gap, fixed_start=False, fixed_end=True)
    begun = random.permutation(40).tolist()
    order = search.perturb(search.improve(begun), rounds=80, seed=1)
    length = sum(costs[one, other] for one, other in pairwise(order))
    assert search.total(order) == pytest.approx(length + search.price * search.close)
    assert search.total(order) < search.total(begun)
    assert order[-1] == begun[-1]
