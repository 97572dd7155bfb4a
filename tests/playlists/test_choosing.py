"""Choosing songs for a length."""

from __future__ import annotations

import numpy as np
import pytest

from songatlas.errors import BadSettings
from songatlas.playlists.choosing import Length, fill, known_durations

N = 60
DURATIONS = np.random.default_rng(0).uniform(120_000, 400_000, N)


def _filled(length: Length, **options: object) -> np.ndarray:
    given = {"artists": np.arange(N) % 7, "works": np.arange(N), "per_artist": 9} | options
    return fill(range(N), DURATIONS, length=length, **given)


@pytest.mark.parametrize("minutes", [5, 12, 30, 60, 90])
def test_minutes_are_met(minutes: float) -> None:
    rows = _filled(Length(minutes=minutes))
    assert DURATIONS[rows].sum() / 60_000 == pytest.approx(minutes, abs=0.5)


def test_the_best_come_first_and_an_artist_not_too_often() -> None:
    rows = _filled(Length(n_songs=14), per_artist=2)
    assert rows.tolist() == list(range(14))
    assert len(_filled(Length(n_songs=20), per_artist=2)) == 14
    assert len(_filled(Length(n_songs=9), artists=np.full(N, -1), per_artist=1)) == 9


def test_versions_of_a_song_stand_once() -> None:
    works = np.arange(N) // 2
    rows = _filled(Length(n_songs=10), works=works, taken=[1], beside=[3])
    assert len(rows) == 9
    assert not {0, 1, 2, 3} & set(rows.tolist())


def test_unknown_durations_are_usual_ones() -> None:
    assert known_durations(np.array([np.nan, 0.0])).tolist() == [210_000.0, 210_000.0]


@pytest.mark.parametrize(
    ("given", "words"),
    [({"minutes": 0}, "0 minutes"), ({"minutes": float("nan")}, "nan minutes"), ({"n_songs": 0}, "0 songs"),
     ({"minutes": 5, "n_songs": 5}, "one of the two")],
)  # fmt: skip
def test_lengths_that_are_none_are_refused(given: dict[str, float], words: str) -> None:
    with pytest.raises(BadSettings, match=words):
        Length(**given)
