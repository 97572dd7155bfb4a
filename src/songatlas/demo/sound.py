"""How each row of the simulated catalogue sounds, its versions, spoken word and silence included."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from songatlas.demo.cast import Cast
from songatlas.demo.draws import Floats, Ints, normals, uniform
from songatlas.demo.statistics import Statistics, statistics

REMASTERED_BEFORE = 2005
SAMENESS = 0.95  # correlation of the own part of a version with its song's
# Endings of the titles of versions, and by how many normal scores each changes the song.
VERSIONS: Mapping[str, Mapping[str, float]] = {
    " - Remastered 2009": {"loudness": 0.8},
    " - Live": {"liveness": 2.0, "duration_ms": 0.4, "danceability": -0.4},
    " - Acoustic": {"acousticness": 1.7, "energy": -1.3, "loudness": -1.2},
    " - Radio Edit": {"duration_ms": -0.8},
    " - Instrumental": {"instrumentalness": 2.2, "speechiness": -0.6},
    " - Remix": {"danceability": 0.6, "energy": 0.5, "acousticness": -0.6},
}
# Uniform ranges that replace the sound of the odd ones.
ODD_RANGES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "spoken_word": {
        "danceability": (0.45, 0.75),
        "energy": (0.12, 0.4),
        "loudness": (-22.0, -13.0),
        "speechiness": (0.9, 0.966),
        "acousticness": (0.65, 0.95),
        "instrumentalness": (0.0, 0.0),
        "liveness": (0.1, 0.5),
        "valence": (0.3, 0.7),
        "tempo": (60.0, 175.0),
        "duration_ms": (110_000, 420_000),
    },
    "interlude": {"duration_ms": (6_000, 28_000)},
    "silence": {
        "danceability": (0.0, 0.0),
        "energy": (0.0, 0.0),
        "loudness": (-60.0, -45.0),
        "speechiness": (0.0, 0.0),
        "acousticness": (0.9, 0.99),
        "instrumentalness": (0.0, 0.0),
        "liveness": (0.0, 0.0),
        "valence": (0.0, 0.0),
        "tempo": (0.0, 0.0),
        "duration_ms": (60_000, 270_000),
        "popularity": (0.0, 5.0),
    },
}
# Decimals as real tables have them; popularity and year are rounded where they are written.
DECIMALS: Mapping[str, int] = {
    "danceability": 3,
    "energy": 3,
    "loudness": 3,
    "speechiness": 4,
    "acousticness": 5,
    "instrumentalness": 6,
    "liveness": 4,
    "valence": 3,
    "tempo": 3,
    "duration_ms": 0,
}


def play(cast: Cast, *, seed: int) -> tuple[dict[str, Floats], Ints]:
    """Return each variable's values in ordinary units, and which of VERSIONS each row is (-1: none)."""
    fitted = statistics()
    scores = _scores(cast, seed, fitted)
    sound = fitted.values(scores, cast.subgenre)
    version = _versions(cast, sound["year"])
    for which, shifts in enumerate(VERSIONS.values()):
        rows = np.flatnonzero(version == which)
        shifted = scores[:, rows]
        for name, shift in shifts.items():
            shifted[fitted.variables.index(name)] += shift
        for name, values in fitted.values(shifted, cast.subgenre[rows]).items():
            sound[name][rows] = values
    for kind, ranges in ODD_RANGES.items():
        rows = np.flatnonzero(cast.are(kind))
        for name, (low, high) in ranges.items():
            sound[name][rows] = low + (high - low) * uniform(seed, f"{kind} {name}", cast.song[rows])
    rounded = {name: np.round(values, DECIMALS.get(name, 6)) for name, values in sound.items()}
    return rounded, version


def _scores(cast: Cast, seed: int, fitted: Statistics) -> Floats:
    """Normal scores of each row's song; versions drift a little from their song."""
    n = len(fitted.variables)
    ids = (("artist sound", cast.artist), ("album sound", cast.album), ("song sound", cast.song))
    parts = np.array([normals(seed, purpose, each, n) for purpose, each in ids])
    varied = cast.are("version")
    drift = normals(seed, "version sound", cast.identity[varied], n)
    parts[2][:, varied] = SAMENESS * parts[2][:, varied] + np.sqrt(1.0 - SAMENESS**2) * drift
    return fitted.mix(parts, cast.subgenre)


def _versions(cast: Cast, year: Floats) -> Ints:
    """Which of VERSIONS each row is, -1 for none; the two versions of a song differ."""
    turn = (cast.place // 2 + 2 * (cast.place % 2)) % len(VERSIONS)
    turn = np.where((turn == 0) & (year >= REMASTERED_BEFORE), 1, turn)
    return np.where(cast.are("version"), turn, -1)
