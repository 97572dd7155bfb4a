"""The Camelot wheel."""

from __future__ import annotations

import pytest

from songatlas.errors import BadSettings
from songatlas.playlists.keys import (
    STRICTNESS,
    camelot_distance,
    camelot_word,
    harmonic,
    key_name,
    wheel_places,
)  # fmt: skip

WHEEL = {
    "1A": (8, 0), "2A": (3, 0), "3A": (10, 0), "4A": (5, 0), "5A": (0, 0), "6A": (7, 0), "7A": (2, 0),
    "8A": (9, 0), "9A": (4, 0), "10A": (11, 0), "11A": (6, 0), "12A": (1, 0),
    "1B": (11, 1), "2B": (6, 1), "3B": (1, 1), "4B": (8, 1), "5B": (3, 1), "6B": (10, 1), "7B": (5, 1),
    "8B": (0, 1), "9B": (7, 1), "10B": (2, 1), "11B": (9, 1), "12B": (4, 1),
}  # fmt: skip


def _fits(one: str, other: str, strictness: str) -> bool:
    places = [wheel_places([WHEEL[word][0]], [WHEEL[word][1]]) for word in (one, other)]
    return bool(harmonic(*places, strictness=strictness)[0])


def test_every_key_has_its_place_on_the_wheel() -> None:
    places = wheel_places(*zip(*WHEEL.values(), strict=True))
    assert [camelot_word(place) for place in places.tolist()] == list(WHEEL)


@pytest.mark.parametrize(("key", "mode"), [(-1, 1), (None, 1), (12, 0), (0, None), (float("nan"), 0), (0, 2)])
def test_what_is_no_key_is_unknown(key: float | None, mode: float | None) -> None:
    assert wheel_places([key], [mode]).tolist() == [-1]
    assert key_name(key, mode) is None


@pytest.mark.parametrize(
    ("other", "first"),
    [("8B", "strict"), ("9B", "strict"), ("7B", "strict"), ("8A", "usual"), ("9A", "loose"), ("7A", "loose"),
     ("10B", "loose"), ("6B", "loose"), ("3B", "loose"), ("1B", "loose"), ("11B", None), ("2B", None),
     ("10A", None), ("2A", None)],
)  # fmt: skip
def test_each_strictness_allows_all_of_the_stricter_one(other: str, first: str | None) -> None:
    names = list(STRICTNESS)
    expected = [first is not None and names.index(name) >= names.index(first) for name in names]
    assert [_fits("8B", other, name) for name in names] == expected


def test_the_wheel_is_round() -> None:
    assert _fits("12A", "1A", "strict")
    assert camelot_distance(wheel_places([1], [0]), wheel_places([8], [0]))[0] == 1


def test_unknown_strictness_is_refused() -> None:
    with pytest.raises(BadSettings, match="did you mean 'usual'"):
        harmonic(0, 0, strictness="usuall")
