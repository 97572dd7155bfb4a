"""Clusters are paired one to one, so that the most songs keep theirs."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from songatlas.matching.pairs import (
    HALF,
    LEAST_PART,
    NEAR,
    centre_gaps,
    links_of,
    pair_by_centres,
    pair_by_songs,
    shares_of,
)

TABLES = arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(0, 40))


@given(TABLES)
def test_pairs_are_one_to_one_and_linked_whatever_the_counts(shared: np.ndarray) -> None:
    pairs = pair_by_songs(shared)
    assert len(set(pairs.values())) == len(pairs)
    assert all(links_of(shared)[old, new] for old, new in pairs.items())
    of_old, of_new, overlap = shares_of(shared)
    assert all(share.min() >= 0 and share.max() <= 1 for share in (of_old, of_new, overlap))
    for old, new in pairs.items():
        assert max(of_old[old, new], of_new[old, new]) >= HALF
        assert min(of_old[old, new], of_new[old, new]) >= LEAST_PART


@given(TABLES, st.randoms(use_true_random=False))
def test_the_numbers_of_clusters_do_not_matter(shared: np.ndarray, random: object) -> None:
    rng = np.random.default_rng(random.randint(0, 99))  # type: ignore[attr-defined]
    rows, columns = rng.permutation(shared.shape[0]), rng.permutation(shared.shape[1])
    kept = sum(int(shared[old, new]) for old, new in pair_by_songs(shared).items())
    turned = shared[np.ix_(rows, columns)]
    assert kept == sum(int(turned[old, new]) for old, new in pair_by_songs(turned).items())


def test_the_largest_part_of_a_split_goes_on_and_equal_parts_by_their_number() -> None:
    assert pair_by_songs(np.array([[40, 60]])) == {0: 1}
    assert pair_by_songs(np.array([[50, 50]])) == {0: 0}


def test_the_larger_of_two_that_merge_goes_on() -> None:
    assert pair_by_songs(np.array([[40], [60]])) == {1: 0}


def test_a_small_cluster_that_a_large_one_takes_in_does_not_give_it_its_name() -> None:
    assert pair_by_songs(np.array([[20, 0], [450, 450]])) == {1: 0}
    assert pair_by_songs(np.array([[20], [0]]) + np.array([[0], [980]])) == {1: 0}
    assert pair_by_songs(np.array([[5], [300]])[:1] * np.array([[1]])) == {0: 0}


def test_scattered_songs_make_no_pair() -> None:
    assert pair_by_songs(np.full((4, 4), 10)) == {}
    assert pair_by_songs(np.zeros((2, 3), dtype=np.int64)) == {}
    assert pair_by_songs(np.zeros((0, 3), dtype=np.int64)) == {}


def test_centres_pair_only_when_near() -> None:
    old = np.array([[0.0, 0.0], [3.0, 3.0], [9.0, 9.0]])
    new = np.array([[3.0, 3.1], [0.0, 0.1], [5.0, 5.0]])
    assert pair_by_centres(centre_gaps(old, new)) == {0: 1, 1: 0}
    assert pair_by_centres(np.array([[NEAR]])) == {}
    assert pair_by_centres(np.array([[np.nan]])) == {}


def test_an_unknown_feature_is_left_out_of_a_gap() -> None:
    gaps = centre_gaps(np.array([[0.0, np.nan], [np.nan, np.nan]]), np.array([[0.3, 9.0]]))
    assert gaps[0, 0] == 0.3
    assert np.isnan(gaps[1, 0])
