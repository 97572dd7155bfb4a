from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songatlas.kmeans import nearest_centroids
from songatlas.reasons import Reason, reasons, tell_reason

GROUPS = ("energy", "valence", "key", "key", "tags", "tags", "year")


def clustered(
    n: int, k: int, *, seed: int, d: int = len(GROUPS)
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    points = random.normal(size=(n, d)).astype(np.float32)
    centroids = random.normal(size=(k, d))
    return points, centroids, nearest_centroids(points, centroids)[0]


def told(reason: Reason, **changes: object) -> tuple[str, ...]:
    words: dict = {
        "values": {"energy": 0.91, "valence": 0.2, "key": 6.0, "year": 1999.0},
        "standings": {"energy": (0.88, 0.12), "valence": (0.1, 0.9), "year": (0.5, 0.4)},
        "cluster_means": {"energy": [0.74, 0.38], "valence": [0.6, 0.3], "year": [2001.0, 1960.0]},
        "names": ["Party tracks", "Gentle ballads"],
        "amount": lambda feature, value: f"{value:.0f}" if feature == "year" else f"{value:.2f}",
    }
    return tell_reason(reason, **(words | changes))


@settings(max_examples=50, deadline=None)
@given(n=st.integers(1, 30), k=st.integers(1, 6), seed=st.integers(0, 10**6))
def test_contributions_sum_to_the_margin(n: int, k: int, seed: int) -> None:
    points, centroids, labels = clustered(n, k, seed=seed)
    found = reasons(points, centroids, labels, np.arange(n), groups=GROUPS)
    squares = np.square(points.astype(np.float64)[:, None, :] - centroids).sum(axis=2)
    for row, reason in enumerate(found):
        assert (reason.row, reason.cluster) == (row, labels[row])
        assert {each.feature for each in reason.contributions} == set(GROUPS)
        assert sum(each.amount for each in reason.contributions) == pytest.approx(reason.margin, abs=1e-9)
        assert reason.margin == pytest.approx(
            squares[row, reason.runner_up] - squares[row, reason.cluster], abs=1e-9
        )
        amounts = [each.amount for each in reason.contributions]
        assert amounts == sorted(amounts, reverse=True)
        toward = [each.share for each in reason.contributions if each.toward]
        assert sum(toward) == pytest.approx(1.0 if toward else 0.0)
        if k > 1:
            others = np.delete(squares[row], labels[row])
            assert squares[row, reason.runner_up] == pytest.approx(others.min())
            assert reason.margin >= -1e-9
        else:
            assert reason.runner_up == reason.cluster
            assert reason.margin == 0.0


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 20), k=st.integers(2, 6), seed=st.integers(0, 10**6))
def test_at_the_border_both_centroids_are_equally_near(n: int, k: int, seed: int) -> None:
    points, centroids, labels = clustered(n, k, seed=seed)
    for reason in reasons(points, centroids, labels, np.arange(n), groups=GROUPS):
        for each in reason.contributions:
            if each.feature in ("key", "tags"):
                assert each.border is None
                assert each.change is None
                continue
            place = GROUPS.index(each.feature)
            moved = points[reason.row].astype(np.float64)
            assert each.border == pytest.approx(moved[place] + each.change)
            moved[place] = each.border
            own, other = np.square(moved - centroids[[reason.cluster, reason.runner_up]]).sum(axis=1)
            assert own == pytest.approx(other, rel=1e-6)


def test_rows_in_any_order_and_songs_beside_them_do_not_matter() -> None:
    points, centroids, labels = clustered(40, 5, seed=3)
    every = reasons(points, centroids, labels, np.arange(40), groups=GROUPS)
    some = reasons(points, centroids, labels, [17, 4, 17], groups=GROUPS)
    assert some == (every[17], every[4], every[17])
    order = np.random.default_rng(0).permutation(40)
    moved = reasons(points[order], centroids, labels[order], np.arange(40), groups=GROUPS)
    assert [each.contributions for each in moved] == [every[row].contributions for row in order]
    assert reasons(points, centroids, labels, [], groups=GROUPS) == ()


def test_words_say_both_sides_with_numbers() -> None:
    points = np.array([[1.0, -1.0]], dtype=np.float32)
    centroids = np.array([[0.5, 0.0], [-1.0, -1.0]])
    (reason,) = reasons(points, centroids, np.array([0]), [0], groups=["energy", "valence"])
    assert reason.margin == pytest.approx(3.75 - 1.0)
    assert told(reason) == (
        "Energy 0.91, higher than 88% of the songs, is nearer to Party tracks (mean 0.74) than to Gentle "
        "ballads (0.38): 100% of what speaks for it.",
        "Against it: Valence 0.20, lower than 90% of the songs, is nearer to Gentle ballads (mean 0.30) than "
        "to Party tracks (0.60), which takes back 27%.",
    )


def test_words_of_keys_tags_years_and_the_unknown() -> None:
    points = np.array([[0.0, 1.0, 0.0, 1.0, 0.5]], dtype=np.float32)
    centroids = np.array([[0.0, 1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0, 1.0]])
    (reason,) = reasons(
        points, centroids, np.array([0]), [0], groups=["energy", "key", "key", "tags", "year"]
    )
    said = told(reason)
    assert (
        said[0] == "Key F sharp is nearer to Party tracks than to Gentle ballads: 67% of what speaks for it."
    )
    assert said[1] == "Tags are nearer to Party tracks than to Gentle ballads: 33% of what speaks for it."
    assert len(said) == 2
    (reason,) = reasons(points[:, 3:], centroids[:, 3:], np.array([0]), [0], groups=["year", "energy"])
    assert "Release year 1999, in the middle of the songs, is nearer" in told(reason)[0]
    unknown = told(reason, values={"year": None})
    assert unknown[0].startswith(
        "Release year, unknown and taken for the middle of the catalogue, is nearer to"
    )
    skewed = told(reason, cluster_means={"year": [1900.0, 2000.0]})
    assert "is more usual in Party tracks (mean 1900) than in Gentle ballads (2000)" in skewed[0]


def test_the_border_is_told_where_a_song_can_be_there() -> None:
    points = np.array([[1.0, 0.0]], dtype=np.float32)
    centroids = np.array([[0.5, 0.0], [-1.0, 0.5]])
    (reason,) = reasons(points, centroids, np.array([0]), [0], groups=["energy", "valence"])
    said = told(reason, value_at=lambda feature, place: 0.5 + place / 4 if feature == "energy" else None)
    assert said[-1] == (
        "With energy 0.42 instead of 0.91, everything else left as it is, it would lie on the border to "
        "Gentle ballads."
    )
    assert "border" not in told(reason, value_at=lambda feature, place: None)[-1]


def test_one_cluster_and_wrong_shapes() -> None:
    points, centroids, labels = clustered(4, 1, seed=0)
    (reason,) = reasons(points, centroids, labels, [2], groups=GROUPS)
    assert told(reason) == ("There is only one cluster.",)
    with pytest.raises(ValueError, match="one group a coordinate"):
        reasons(points, centroids, labels, [0], groups=GROUPS[:-1])
    with pytest.raises(ValueError, match="from 0 to 3"):
        reasons(points, centroids, labels, [4], groups=GROUPS)
