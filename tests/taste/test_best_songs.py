"""Which songs are taken: the best under caps, and songs unlike each other where that is asked for."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from songatlas.taste import Groups, Taste, best_songs, diverse_songs, fit_taste, n_candidates

N_SONGS = 3_000


@pytest.fixture(scope="module")
def taste() -> Taste:
    return fit_taste(N_SONGS, sound=np.random.default_rng(0).normal(size=(N_SONGS, 4)) * 0.7)


@pytest.fixture(scope="module")
def scores() -> np.ndarray:
    return np.random.default_rng(1).normal(size=N_SONGS).astype(np.float32)


EVERYTHING = np.ones(N_SONGS, dtype=np.bool_)


def test_the_best_allowed_songs_the_best_first(scores: np.ndarray) -> None:
    allowed = np.random.default_rng(2).random(N_SONGS) < 0.3
    expected = [row for row in np.argsort(-scores, kind="stable").tolist() if allowed[row]]
    for n in (1, 20, 500, 5_000):
        assert best_songs(scores, allowed, n=n).tolist() == expected[:n]


def test_ties_go_to_the_earlier_song_also_at_the_border_of_the_candidates() -> None:
    assert best_songs(np.zeros(N_SONGS), EVERYTHING, n=5).tolist() == [0, 1, 2, 3, 4]
    tied = np.where(np.arange(N_SONGS) % 2, 1.0, 0.0)
    assert best_songs(tied, EVERYTHING, n=4).tolist() == [1, 3, 5, 7]


def test_at_most_so_many_songs_of_every_credited_artist(scores: np.ndarray) -> None:
    rng = np.random.default_rng(3)
    names = [rng.choice(12, rng.integers(1, 3), replace=False).tolist() for _ in range(N_SONGS)]
    artists = Groups.of(pl.Series([[f"artist {name}" for name in each] for each in names]))
    taken = best_songs(scores, EVERYTHING, n=30, artists=artists, per_artist=2).tolist()
    expected, counts = [], np.zeros(12, dtype=int)
    for row in np.argsort(-scores, kind="stable").tolist():
        if all(counts[name] < 2 for name in names[row]):
            counts[names[row]] += 1
            expected.append(row)
    assert taken == expected[:30]
    assert 12 <= len(taken) <= 24


def test_songs_of_nobody_have_no_cap() -> None:
    artists = Groups.of(pl.Series([None, None, "Ann", "Ann", None]))
    allowed = np.ones(5, dtype=np.bool_)
    taken = best_songs(np.arange(5.0), allowed, n=5, artists=artists, per_artist=1)
    assert taken.tolist() == [4, 3, 1, 0]


def test_an_artist_with_most_of_the_best_songs_does_not_end_the_search() -> None:
    names = ["Everywhere"] * (N_SONGS - 3) + ["Ann", "Bo", "Cy"]
    artists = Groups.of(pl.Series(names))
    taken = best_songs(-np.arange(N_SONGS), EVERYTHING, n=10, artists=artists, per_artist=2)
    assert taken.tolist() == [0, 1, N_SONGS - 3, N_SONGS - 2, N_SONGS - 1]


def test_one_version_of_each_song_the_best(scores: np.ndarray) -> None:
    versions = np.random.default_rng(4).integers(0, 40, N_SONGS)
    taken = best_songs(scores, EVERYTHING, n=100, versions=versions)
    assert len(taken) == len(set(versions[taken].tolist())) == 40
    assert all(scores[row] == scores[versions == versions[row]].max() for row in taken.tolist())


def test_nothing_allowed_gives_nothing() -> None:
    assert best_songs(np.zeros(3), np.zeros(3, dtype=np.bool_), n=5).tolist() == []


def test_no_diversity_gives_the_best_songs(taste: Taste, scores: np.ndarray) -> None:
    ranked = best_songs(scores, EVERYTHING, n=n_candidates(20, 0.5))
    assert diverse_songs(taste, scores, ranked, n=20, diversity=0).tolist() == ranked[:20].tolist()


def test_the_more_diversity_the_further_songs_lie_apart_and_the_lower_they_score(
    taste: Taste, scores: np.ndarray
) -> None:
    ranked = best_songs(scores, EVERYTHING, n=n_candidates(20, 0.5))
    apart, worth = [], []
    for diversity in (0.0, 0.25, 0.5, 0.75, 1.0):
        taken = diverse_songs(taste, scores, ranked, n=20, diversity=diversity)
        assert len(set(taken.tolist())) == 20
        assert taken[0] == ranked[0]
        assert set(taken.tolist()) <= set(ranked.tolist())
        points = taste.points(taken)
        apart.append(np.linalg.norm(points[:, None] - points[None], axis=2).mean())
        worth.append(scores[taken].mean())
    assert (np.diff(apart) > 0).all()
    assert apart[-1] > 1.3 * apart[0]
    assert (np.diff(worth) < 0).all()


def test_diversity_takes_what_there_is(taste: Taste, scores: np.ndarray) -> None:
    for n_ranked in (0, 1, 7):
        ranked = best_songs(scores, EVERYTHING, n=n_ranked) if n_ranked else np.zeros(0, dtype=np.int64)
        taken = diverse_songs(taste, scores, ranked, n=20, diversity=0.6)
        assert sorted(taken.tolist()) == sorted(ranked.tolist())


def test_diversity_among_equals_takes_twins_last() -> None:
    twins = fit_taste(4, sound=np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 0.0], [0.0, 3.0]]))
    taken = diverse_songs(twins, np.zeros(4), np.arange(4), n=4, diversity=0.5)
    assert taken.tolist()[0] == 0
    assert taken.tolist()[-1] == 1
