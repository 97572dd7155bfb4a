"""How evidence on k is weighed: every level and every weight, on tables small enough to reckon by hand."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from songatlas.choose_k import choose_k, with_playlists
from songatlas.choose_k.rules import Columns, _spans, all_votes, columns_of
from songatlas.choose_k.weighing import (
    _edges,
    _log_bends,
    _merits,
    _structure,
    best_row,
    clear_row,
    is_lopsided,
    is_structureless,
)

KS = [2, 3, 4, 5, 6]
NAN = math.nan


def columns(ks: list[int] | None = None, **given: list[float]) -> Columns:
    """Evidence of a few k, as rules take it."""
    n_ks = max((len(values) for values in given.values()), default=0)
    return columns_of(pl.DataFrame({"k": ks or list(range(2, 2 + n_ks)), **given}))


def alone(
    k: int, silhouette: float, stability: float, *, backed: bool = True, highest: bool = True, **more: float
) -> Columns:
    """Evidence in which one k stands out; another may have the lowest overlap or the highest silhouette."""
    rows = [each == k for each in KS]
    other = KS[-1] if k != KS[-1] else KS[0]
    silhouettes = [silhouette if own else silhouette / 2 for own in rows]
    overlaps = [1.0 if own else 2.0 for own in rows]
    if not highest:
        silhouettes[KS.index(other)] = silhouette + 0.001
    if not backed:
        overlaps[KS.index(other)] = 0.99
    stabilities = [stability if own else stability - 0.3 for own in rows]
    told = {name: [value if own else 0.0 for own in rows] for name, value in more.items()}
    return columns(KS, silhouette=silhouettes, stability=stabilities, davies_bouldin=overlaps, **told)


@pytest.mark.parametrize(
    ("largest", "smallest", "is_one"),
    [
        (0.61, 0.009, True),
        (0.60, 0.009, False),
        (0.61, 0.010, False),
        (0.50, 0.001, False),
        (0.981, 0.019, True),
        (0.98, 0.02, False),
        (NAN, NAN, False),
    ],
)
def test_a_giant_with_crumbs_is_lopsided(largest: float, smallest: float, is_one: bool) -> None:
    assert is_lopsided(columns(largest_share=[largest], smallest_share=[smallest])).tolist() == [is_one]


@pytest.mark.parametrize(
    ("gap", "surety", "is_a_cloud"),
    [
        (NAN, NAN, False),
        (0.05, NAN, True),
        (0.051, NAN, False),
        (NAN, 3.5, True),
        (NAN, 3.51, False),
        (0.01, 3.6, False),
        (0.06, 1.0, False),
        (0.01, 1.0, True),
    ],
)
def test_songs_are_a_cloud_where_neither_gap_nor_valley_is_sure(
    gap: float, surety: float, is_a_cloud: bool
) -> None:
    assert is_structureless(columns(gap_low=[gap, NAN], valley_surety=[NAN, surety])) is is_a_cloud


def test_merits_are_stability_twice_silhouette_and_half_the_overlap() -> None:
    found = _merits(columns(stability=[0.9, 0.5], silhouette=[0.4, 0.2], davies_bouldin=[1.0, 2.0]))
    assert found.tolist() == pytest.approx([1.8 + 1 + 0.5, 1.0 + 0.5 + 0.25])


def test_what_is_unknown_is_as_bad_as_the_worst_known() -> None:
    assert _merits(columns(stability=[0.9, NAN, 0.5])).tolist() == pytest.approx([1.8, 1.0, 1.0])
    assert _merits(columns(silhouette=[0.4, NAN, 0.1])).tolist() == pytest.approx([1.0, 0.25, 0.25])
    assert _merits(columns(davies_bouldin=[1.0, NAN, 2.0])).tolist() == pytest.approx([0.5, 0.25, 0.25])
    assert _merits(columns(largest_share=[0.5, 0.5])).tolist() == [0, 0]


def test_little_differences_are_not_blown_up_and_nothing_counts_more_than_once() -> None:
    assert _merits(columns(silhouette=[0.005, 0.001])).tolist() == pytest.approx([0.5, 0.1])
    assert _merits(columns(silhouette=[0.01, -0.5])).tolist() == pytest.approx([1.0, -1.0])
    assert _merits(columns(davies_bouldin=[0.0, 1.0])).tolist() == [0, 0]


def test_edges_are_what_is_lost_with_one_cluster_more() -> None:
    found = _edges(
        columns(stability=[0.9, 0.5, 0.5], silhouette=[0.4, 0.2, 0.1], inertia=[100.0, 50.0, 45.0])
    )
    bend = math.log(math.log(100 / 50) / math.log(50 / 45))
    assert found.tolist() == pytest.approx([0.2 + 0.5, 0.25 + 0.2 * bend, 0])


@pytest.mark.parametrize(
    ("inertia", "bend"),
    [
        ([100.0, 50.0, 49.9999], math.log(10)),
        ([100.0, 99.9999, 50.0], math.log(0.2)),
        ([100.0, 50.0, 60.0], math.log(10)),
        ([100.0, 80.0, 64.0], 0),
    ],
)
def test_bends_stay_within_sane_bounds(inertia: list[float], bend: float) -> None:
    assert _log_bends(np.array(inertia)).tolist() == pytest.approx([0, bend, 0])


@pytest.mark.parametrize("inertia", [[100.0, 50.0], [100.0, 50.0, 0.0], [NAN, 50.0, 40.0]])
def test_where_nothing_bends_no_bend_is_told(inertia: list[float]) -> None:
    assert not _log_bends(np.array(inertia)).any()


def test_valleys_count_where_they_are_deep_and_sure() -> None:
    gap = {"gap": [0.1, 0.2, 0.2]}
    plain = pytest.approx([0.5, 1, 1])
    deep = pytest.approx([0.5 + 1 + 0.25, 1 + 0.5, 1 + 0.5])
    for valley, surety, expected in (
        ([0.6, 0.3, 0.3], 4.0, deep),
        ([0.3, 0.15, 0.15], 4.0, deep),
        ([0.6, 0.3, 0.3], 3.5, plain),
        ([0.29, 0.15, 0.15], 4.0, plain),
    ):
        found = _structure(columns(**gap, valley=valley, valley_surety=[surety, 0.0, 0.0]))
        assert found.tolist() == expected
    assert _structure(columns(gap=[0.02, 0.01])).tolist() == pytest.approx([0.4, 0.2])
    assert not _structure(columns(silhouette=[0.5, 0.5])).any()


@pytest.mark.parametrize(
    ("evidence", "is_clear"),
    [
        (alone(3, 0.50, 0.70), True),
        (alone(3, 0.50, 0.69), False),
        (alone(3, 0.50, 0.70, backed=False), False),
        (alone(3, 0.50, 0.90, backed=False), True),
        (alone(3, 0.49, 0.89), False),
        (alone(3, 0.49, 0.90), True),
        (alone(3, 0.30, 0.90), True),
        (alone(3, 0.30, 0.90, backed=False), True),
        (alone(3, 0.29, 0.90), False),
        (alone(2, 0.30, 0.90), True),
        (alone(2, 0.30, 0.90, backed=False), False),
        (alone(2, 0.50, 0.90, backed=False), True),
        (alone(4, 0.20, 0.90), True),
        (alone(4, 0.19, 0.90), False),
        (alone(4, 0.20, 0.90, backed=False), False),
        (alone(4, 0.20, 0.90, highest=False), False),
        (alone(4, 0.30, 0.90, highest=False), True),
        (alone(3, 0.50, NAN), True),
        (alone(3, 0.10, 0.50, valley=0.60, valley_surety=3.6), True),
        (alone(3, 0.10, 0.50, valley=0.59, valley_surety=3.6), False),
        (alone(3, 0.10, 0.50, valley=0.60, valley_surety=3.5, gap_low=0.1), False),
        (alone(3, 0.60, 0.95, gap_low=0.05), False),
    ],
)
def test_a_k_is_clear_from_its_levels_on(evidence: Columns, is_clear: bool) -> None:
    found = clear_row(evidence)
    assert (found is not None) is is_clear
    if found is not None:
        assert evidence["davies_bouldin"][found] == 1.0


def test_a_giant_with_crumbs_is_never_clear() -> None:
    evidence = dict(alone(3, 0.6, 0.95))
    evidence["largest_share"] = np.array([0.5, 0.99, 0.5, 0.5, 0.5])
    assert clear_row(evidence) is None
    evidence["largest_share"] = np.full(5, 0.99)
    assert clear_row(evidence) is None
    evidence["largest_share"] = np.array([0.99, 0.5, 0.99, 0.99, 0.99])
    assert clear_row(evidence) == 1


def test_moods_are_four_to_twelve() -> None:
    best = {"stability": [0.9, 0.4, 0.9], "stability_low": [0.1, 0.1, 0.1]}
    assert best_row(columns([3, 4, 13], **best)) == 1
    assert best_row(columns([3, 12, 13], **best)) == 1
    assert best_row(columns([2, 3, 13], **best)) == 2


@pytest.mark.parametrize(
    ("shares", "row"),
    [
        ({"largest_share": [0.60, 0.61]}, 0),
        ({"largest_share": [0.50, 0.60]}, 1),
        ({"smallest_share": [0.010, 0.009]}, 0),
        ({"smallest_share": [0.02, 0.010]}, 1),
        ({"stability_low": [0.80, 0.79]}, 0),
        ({"stability_low": [0.80, 0.80]}, 1),
        # Where no k has all that is wished for, wishes give way from the last to the first.
        ({"smallest_share": [0.02, 0.009], "stability_low": [0.7, 0.9]}, 0),
        ({"largest_share": [0.60, 0.61], "smallest_share": [0.001, 0.02]}, 0),
        ({"largest_share": [0.97, 0.99], "smallest_share": [0.02, 0.01]}, 0),
    ],
)
def test_among_moods_the_plain_and_stable_are_taken(shares: dict[str, list[float]], row: int) -> None:
    given = {"stability_low": [0.1, 0.1], **shares}
    assert best_row(columns([5, 6], stability=[0.85, 0.95], **given)) == row


def test_without_moods_a_k_that_is_not_lopsided_is_taken() -> None:
    assert best_row(columns([2, 3], stability=[0.5, 0.9], largest_share=[0.6, 0.99])) == 0
    assert best_row(columns([2, 3], stability=[0.5, 0.9], largest_share=[0.99, 0.99])) == 1


@pytest.mark.parametrize(
    ("stability", "low", "k"),
    [
        ([0.70, 0.65], 0.1, 8),
        ([0.70, 0.63], 0.1, 4),
        ([0.95, 0.67], 0.85, 8),
        ([0.95, 0.64], 0.85, 4),
    ],
)
def test_finer_is_worth_something_and_more_while_all_is_stable(
    stability: list[float], low: float, k: int
) -> None:
    evidence = columns([4, 8], stability=stability, stability_low=[low, low])
    assert evidence["k"][best_row(evidence)] == k


def vote(rule: str, evidence: Columns) -> int | None:
    return next(vote.k for vote in all_votes(evidence) if vote.rule == rule)


def test_an_elbow_may_be_at_the_second_number() -> None:
    assert vote("elbow", columns(inertia=[100.0, 20.0, 18.0, 17.0, 16.0])) == 3
    assert vote("elbow", columns(inertia=[100.0, 20.0, 18.0])) is None
    assert vote("elbow", columns(inertia=[100.0, 20.0, 18.0, 0.0, 0.0])) is None
    assert vote("elbow", columns(inertia=[100.0, 20.0, 18.0, 9.0, -1.0])) is None
    assert vote("elbow", columns(inertia=[16.0, 17.0, 18.0, 20.0])) is None


def test_valleys_vote_where_they_are_deep_and_sure() -> None:
    valleys = [0.5, 0.41, 0.39, 0.1]
    assert vote("valley", columns(valley=valleys, valley_surety=[0.0, 0.0, 3.6, 0.0])) == 3
    assert vote("valley", columns(valley=valleys, valley_surety=[0.0, 0.0, 3.5, 0.0])) is None
    assert vote("valley", columns(valley=[0.29, 0.1], valley_surety=[5.0, 5.0])) is None
    assert vote("valley", columns(valley=[0.3, 0.1], valley_surety=[5.0, 5.0])) == 2


def test_the_gap_votes_where_it_is_sure() -> None:
    assert vote("gap", columns(gap=[0.1, 0.91, 0.95], gap_low=[0.0, 0.0, 0.06])) == 3
    assert vote("gap", columns(gap=[0.1, 0.47, 0.5], gap_low=[0.0, 0.0, 0.06])) == 3
    assert vote("gap", columns(gap=[0.1, 0.89, 0.95], gap_low=[0.0, 0.0, 0.06])) == 4
    assert vote("gap", columns(gap=[0.1, 0.91, 0.95], gap_low=[0.0, 0.0, 0.05])) is None
    assert vote("gap", columns(gap=[0.1, 1.91, 2.0], gap_low=[0.0, 0.0, 0.06])) == 3


def test_stability_votes_for_the_largest_number_that_comes_out_again() -> None:
    assert vote("stability", columns(stability=[0.9, 0.9, 0.9], stability_low=[0.9, 0.8, 0.79])) == 3
    assert vote("stability", columns(stability=[0.9, 0.9], stability_low=[0.7, 0.79])) is None


def test_numbers_in_a_row_are_told_as_a_span() -> None:
    assert _spans([]) == []
    assert _spans([4]) == ["4"]
    assert _spans([4, 5]) == ["4", "5"]
    assert _spans([4, 5, 6, 8, 10, 11, 12, 13]) == ["4 to 6", "8", "10 to 13"]


def test_a_weak_verdict_tells_among_which_numbers_it_was_taken() -> None:
    shaky = {"silhouette": [0.1, 0.1], "stability": [0.75, 0.85]}
    for ks, told in (([2, 3], "of those tried"), ([3, 4], "of 4 to 12"), ([12, 13], "of 4 to 12")):
        assert f": {told}" in choose_k(pl.DataFrame({"k": ks, **shaky})).sentence


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ([40, 40], "2 fine clusters inside the 3, of 40 songs each."),
        ([1], "1 fine cluster inside the 3, of 1 song each. 1 of them is not of 30 to 100 songs."),
        ([30, 100], "2 fine clusters inside the 3, of 30 to 100 songs."),
        (
            [29, 101],
            "2 fine clusters inside the 3, of 29 to 101 songs. 2 of them are not of 30 to 100 songs.",
        ),
    ],
)
def test_sizes_of_playlists_are_told_in_plain_words(sizes: list[int], told: str) -> None:
    verdict = choose_k(pl.DataFrame({"k": [3], "silhouette": [0.5]}))
    playlists = with_playlists(verdict, sizes, smallest=30, largest=100).playlists
    assert playlists is not None
    assert playlists.sentence == f"For playlists: {told}"


@pytest.mark.parametrize(
    ("giant", "crumb", "told"),
    [(0.99, 0.006, "99.0% and 0.6% of the songs"), (0.9993, 0.0004, "99.9% of the songs")],
)
def test_shares_of_a_giant_and_its_crumbs_are_told_where_they_can_be(
    giant: float, crumb: float, told: str
) -> None:
    shares = {"largest_share": [giant, 0.3], "smallest_share": [crumb, 0.1]}
    verdict = choose_k(
        pl.DataFrame({"k": [2, 5], "silhouette": [0.9, 0.2], "stability": [0.5, 0.85], **shares})
    )
    assert verdict.k == 5
    assert verdict.sentence.endswith(f" 2 is passed over: one giant cluster and crumbs ({told}).")
