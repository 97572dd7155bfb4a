"""Widths, bonuses and hub correction chosen by a coordinate search on some playlists.

One number after the other is changed to each value of its grid, the best is kept, until a whole round changes
nothing. What is made large is the geometric mean of two R-precisions: of all songs, and of songs by artists
that are not among the given ones. The search starts from widths and bonuses that nobody chose.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl

from benchmarks.playlist_halves import Half, measured
from benchmarks.recommenders import by_taste, scaled_sound
from songatlas.atlas.taste import SongTaste, fit_song_taste
from songatlas.taste import HUB_CORRECTION
from songatlas.taste.blocks import BONUSES, WIDTHS

HUB: Final = "hub_correction"
PACKAGE: Final = {**WIDTHS, **BONUSES, HUB: HUB_CORRECTION}
"""What the package uses."""

START: Final = {
    "sound": 1.0,
    "era": 10.0,
    "tags": 1.0,
    "popularity": 30.0,
    "artist": 1.0,
    "album": 1.0,
    HUB: 0.0,
}
GRID: Final[Mapping[str, tuple[float, ...]]] = {
    "tags": (0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8, 1.0),
    HUB: (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    "sound": (0.4, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 3.0),
    "era": (1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 25.0),
    "popularity": (8.0, 12.0, 15.0, 18.0, 22.0, 30.0, 45.0),
    "artist": (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0),
    "album": (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 11.0),
}
MOST_ROUNDS = 5

Numbers = dict[str, float]


def fitted_with(songs: pl.DataFrame, numbers: Mapping[str, float]) -> SongTaste:
    """The songs in the space of taste, with these widths and bonuses."""
    factors = {block: width / numbers[block] for block, width in WIDTHS.items()}
    factors |= {block: numbers[block] / bonus for block, bonus in BONUSES.items()}
    return fit_song_taste(songs, weights=factors)


def worth(songs: pl.DataFrame, cut: Sequence[Half]) -> Callable[[Mapping[str, float]], float]:
    """What says how well some numbers do on some halves; no answer is worked out twice."""
    sound = scaled_sound(songs)
    known: dict[tuple[float, ...], float] = {}
    fits: dict[tuple[float, ...], SongTaste] = {}

    def of(numbers: Mapping[str, float]) -> float:
        key = tuple(numbers[name] for name in GRID)
        if key not in known:
            fit = tuple(numbers[name] for name in GRID if name != HUB)
            if fit not in fits:
                fits.clear()
                fits[fit] = fitted_with(songs, numbers)
            found = measured(
                by_taste(fits[fit], hub_correction=numbers[HUB]), cut, artists=fits[fit].artists, sound=sound
            )
            known[key] = float(
                np.sqrt(found.of("r_precision").mean() * np.nanmean(found.of("r_precision_unseen")))
            )
        return known[key]

    return of


def search(of: Callable[[Mapping[str, float]], float], start: Mapping[str, float] = START) -> Numbers:
    """The best numbers that a coordinate search finds."""
    best = dict(start)
    for turn in range(MOST_ROUNDS):
        before = dict(best)
        for name, values in GRID.items():
            tried = {value: of(best | {name: value}) for value in dict.fromkeys((best[name], *values))}
            best[name] = max(tried, key=lambda value: tried[value])
            told = ", ".join(f"{value:g} {each:.4f}" for value, each in sorted(tried.items()))
            print(f"round {turn + 1}, {name} {best[name]:g}: {told}", file=sys.stderr)
        if best == before:
            break
    return best


def around(
    of: Callable[[Mapping[str, float]], float], numbers: Mapping[str, float]
) -> dict[str, dict[str, float]]:
    """What every value of the grid gives, all other numbers as they are."""
    return {
        name: {
            f"{value:g}": round(of({**numbers, name: value}), 4) for value in sorted({*values, numbers[name]})
        }
        for name, values in GRID.items()
    }
