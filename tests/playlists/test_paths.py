"""Paths between two songs."""

from __future__ import annotations

import numpy as np
import pytest

from songatlas.errors import BadSettings
from songatlas.playlists.paths import evenness, path_between


def _cloud() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2_000, 3))


def test_steps_are_even_and_lead_from_one_song_to_the_other() -> None:
    points = _cloud()
    points[0], points[1] = -2.0, 2.0
    rows = path_between(points, 0, 1, n=10, allowed=np.ones(2_000, dtype=bool))
    assert (rows[0], rows[-1], len(set(rows.tolist()))) == (0, 1, 10)
    assert evenness(points, rows) < 1.4
    straight = np.linalg.norm(points[1] - points[0])
    assert np.linalg.norm(np.diff(points[rows], axis=0), axis=1).sum() < 1.5 * straight


def test_only_allowed_songs_and_no_artist_too_often_or_too_soon() -> None:
    points = _cloud()
    allowed = np.arange(2_000) % 2 == 0
    artists, works = np.arange(2_000) % 14, np.arange(2_000) // 4
    rows = path_between(
        points, 1, 4, n=12, allowed=allowed, artists=artists, works=works, per_artist=2, gap=2
    )
    assert len(rows) == 12
    assert allowed[rows[1:-1]].all()
    assert len(set(works[rows].tolist())) == 12
    assert np.bincount(artists[rows]).max() <= 2
    line = artists[rows]
    assert not any((line[step:] == line[:-step]).any() for step in (1, 2))


def test_fewer_songs_than_asked_and_none_between() -> None:
    points = np.array([[0.0], [4.0], [1.0], [2.0]])
    assert path_between(points, 0, 1, n=9, allowed=np.ones(4, dtype=bool)).tolist() == [0, 2, 3, 1]
    assert path_between(points, 0, 1, n=9, allowed=np.zeros(4, dtype=bool)).tolist() == [0, 1]


def test_both_ends_at_one_place() -> None:
    points = np.zeros((5, 2))
    assert len(set(path_between(points, 0, 1, n=5, allowed=np.ones(5, dtype=bool)).tolist())) == 5


def test_a_path_to_itself_is_refused() -> None:
    with pytest.raises(BadSettings, match="same song"):
        path_between(np.zeros((3, 1)), 1, 1, n=3, allowed=np.ones(3, dtype=bool))
