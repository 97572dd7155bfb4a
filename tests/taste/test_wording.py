from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from songatlas.profiles.words import COMPARATIVES
from songatlas.taste.wording import spreads, tell_likeness

SPREAD = {"energy": 0.2, "valence": 0.2, "loudness_db": 3.0, "acousticness": 0.3}
LIKED: dict[str, Any] = {
    "artists": ["Ann", "Bo"],
    "album": "First",
    "year": 1987.0,
    "tags": ["pop", "synth pop", "new wave"],
    "tempo_bpm": 120.0,
    "energy": 0.8,
    "valence": 0.5,
    "loudness_db": -6.0,
}


def told(**song: Any) -> str:
    commonness = {"pop": 90, "synth pop": 9, "new wave": 12}
    return tell_likeness(song, LIKED, spread=SPREAD, commonness=commonness, comparatives=COMPARATIVES)


@pytest.mark.parametrize(
    ("song", "words"),
    [
        (
            {"tags": ["Synth Pop", "pop"], "year": 1988.0},
            "same late-80s synth pop and pop tags, much the same sound",
        ),
        ({"tags": ["pop"], "year": 1982.0}, "same 80s pop tags, much the same sound"),
        ({"tags": ["pop"]}, "same pop tag, much the same sound"),
        ({"year": 1989.0}, "both late-80s, much the same sound"),
        ({"year": 1990.0}, "from 1990, about the same time, much the same sound"),
        ({"year": 2007.0}, "20 years later, otherwise much the same sound"),
        ({"year": 1967.0}, "20 years earlier, otherwise much the same sound"),
        ({"artists": ["ann "], "album": "Second"}, "by the same artist, much the same sound"),
        ({"artists": ["Bo"]}, "also with Bo, much the same sound"),
        ({"artists": ["Ann"], "album": "first"}, "from the same album, much the same sound"),
        ({"artists": ["Cy"], "album": "First"}, "much the same sound"),
        ({"tempo_bpm": 120.2}, "same tempo, much the same sound"),
        ({"tempo_bpm": 117.0}, "3 BPM apart, much the same sound"),
        ({"tempo_bpm": 60.0}, "about half the tempo, much the same sound"),
        ({"tempo_bpm": 238.0}, "about double the tempo, much the same sound"),
        ({"tempo_bpm": 150.0}, "30 BPM faster, otherwise much the same sound"),
        ({"tempo_bpm": 130.0}, "much the same sound"),
        ({"energy": 0.4, "loudness_db": -12.0}, "calmer"),
        ({"energy": 0.8, "loudness_db": -12.0}, "quieter"),
        ({"energy": 0.4, "valence": 0.9}, "calmer, happier"),
        ({"energy": float("nan"), "year": None, "tags": None, "artists": None}, "much the same sound"),
    ],
)
def test_what_is_told(song: dict[str, Any], words: str) -> None:
    assert told(**song) == words


def test_nothing_is_told_of_a_sound_that_is_not_known() -> None:
    assert tell_likeness({}, LIKED, spread={}, commonness={}, comparatives={}) == ""


def test_spreads_are_those_of_the_catalogue() -> None:
    songs = pl.DataFrame({"energy": [0.0, 1.0], "valence": [0.5, 0.5], "tempo_bpm": [100.0, 120.0]})
    assert spreads(songs) == {"energy": pytest.approx(0.7071, abs=1e-4)}


@pytest.mark.parametrize(
    ("sounds_alike", "told"),
    [
        (True, "3 BPM apart, sounds alike, calmer"),
        (False, "3 BPM apart, sounds different, calmer"),
        (None, "3 BPM apart, calmer"),
    ],
)
def test_what_a_network_hears_is_told_before_the_features(sounds_alike: bool | None, told: str) -> None:
    found = tell_likeness(
        {"tempo_bpm": 117.0, "energy": 0.5},
        {"tempo_bpm": 120.0, "energy": 0.8},
        spread={"energy": 0.2},
        commonness={},
        comparatives={"energy": ("calmer", "more energetic")},
        sounds_alike=sounds_alike,
    )
    assert found == told
