"""Every cluster is kept, moved, split, merged, new or gone, and each is told of once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from songatlas.matching import KINDS, Matching, match_clusters


def matched(shared: list[list[int]] | np.ndarray, *, gap: float = 0.0, more: int = 0) -> Matching:
    """Match clusters that share so many songs; every centre lies `gap` from where it was."""
    counts = np.array(shared)
    old, new = np.indices(counts.shape)
    labels = [np.repeat(each.ravel(), counts.ravel()) for each in (old, new)]
    n = len(labels[0]) + more
    return match_clusters(
        *labels, np.zeros((counts.shape[0], 1)), np.full((counts.shape[1], 1), gap), n_songs=(n, n)
    )


def kinds(found: Matching) -> list[tuple[str, int | None, int | None]]:
    return [(each.kind, each.old, each.new) for each in found.changes]


@pytest.mark.parametrize(
    ("shared", "told"),
    [
        ([[100, 0], [0, 100]], [("kept", 0, 0), ("kept", 1, 1)]),
        ([[0, 100], [100, 0]], [("kept", 1, 0), ("kept", 0, 1)]),
        ([[70, 30], [0, 100]], [("moved", 0, 0), ("kept", 1, 1)]),
        ([[60, 40, 0], [0, 0, 100]], [("split", 0, 0), ("split", 0, 1), ("kept", 1, 2)]),
        ([[60, 0], [80, 0], [0, 90]], [("merged", 1, 0), ("merged", 0, 0), ("kept", 2, 1)]),
        ([[40, 40, 0], [40, 0, 40], [0, 40, 40]], None),
        ([[95, 5], [5, 95]], [("kept", 0, 0), ("kept", 1, 1)]),
    ],
)
def test_what_became_of_clusters(
    shared: list[list[int]], told: list[tuple[str, int | None, int | None]] | None
) -> None:
    found = matched(shared)
    assert found.by == "songs"
    if told is not None:
        assert kinds(found) == told


def test_new_and_gone_say_where_the_songs_come_from_and_went() -> None:
    found = matched([[100, 0, 5], [0, 100, 4], [48, 49, 3]])
    assert kinds(found)[2:] == [("new", None, 2), ("gone", 2, None)]
    assert [(part.cluster, part.n_songs) for part in found.changes[2].parts] == [(0, 5), (1, 4), (2, 3)]
    assert [(part.cluster, part.share) for part in found.changes[3].parts] == [(1, 0.49), (0, 0.48)]


def test_shares_of_a_split_and_a_merger() -> None:
    split = matched([[60, 40, 0], [0, 0, 9]]).changes[0]
    assert [(part.cluster, part.share) for part in split.parts] == [(0, 0.6), (1, 0.4)]
    assert [each.same for each in matched([[60, 40, 0], [0, 0, 9]]).changes] == [True, False, True]
    merged, other = matched([[60, 0], [80, 20], [0, 90]]).changes[:2]
    assert [(part.cluster, part.share) for part in merged.parts] == [(1, 0.8), (0, 1.0)]
    assert (other.old, other.new, other.same, other.n_kept, other.share_old) == (0, 0, False, 60, 1.0)
    assert other.parts == ()


def test_a_cluster_whose_centre_moved_is_moved_though_its_songs_stayed() -> None:
    assert [each.kind for each in matched([[50, 0], [0, 50]], gap=0.2).changes] == ["kept", "kept"]
    assert [each.kind for each in matched([[50, 0], [0, 50]], gap=0.3).changes] == ["moved", "moved"]
    assert matched([[50]], gap=0.3).changes[0].shift == pytest.approx(0.3)


def test_centres_match_where_too_few_songs_are_shared() -> None:
    few = matched([[9, 0], [0, 9]], gap=0.4, more=400)
    assert few.by == "centres"
    assert [each.kind for each in few.changes] == ["moved", "moved"]
    assert matched([[9]], gap=0.4, more=50).by == "centres", "under ten songs"
    assert matched([[9]], gap=0.4).by == "songs", "all there are"
    assert matched([[0]], gap=0.9).changes[0].kind == "new"


def test_counterparts() -> None:
    assert matched([[0, 50, 0], [50, 0, 0], [9, 9, 1]]).counterparts().tolist() == [1, 0, -1]


TABLES = arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(0, 40))


@given(TABLES)
def test_every_cluster_is_told_of_once(shared: np.ndarray) -> None:
    found = matched(shared)
    assert {each.kind for each in found.changes} <= set(KINDS)
    others = [each for each in found.changes if each.kind == "merged" and not each.parts]
    new = [each.new for each in found.changes if each.new is not None and each not in others]
    assert new == list(range(shared.shape[1]))
    once = [each.old for each in found.changes if each.same or each.kind == "gone" or each in others]
    assert len(set(once)) == len(once)
    assert set(range(shared.shape[0])) <= {each.old for each in found.changes}
    mergers = {each.new: {part.cluster for part in each.parts} for each in found.changes if each.parts}
    assert all(each.old in mergers[each.new] for each in others)
    assert {(each.old, each.new) for each in found.changes if each.same} == set(found.pairs.items())


@given(TABLES)
def test_an_atlas_against_itself_keeps_every_cluster(shared: np.ndarray) -> None:
    sizes = np.maximum(shared.sum(axis=1), 1)
    found = matched(np.diag(sizes))
    assert [each.kind for each in found.changes] == ["kept"] * len(sizes)
    assert found.counterparts().tolist() == list(range(len(sizes)))
