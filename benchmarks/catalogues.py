"""Catalogues whose truth is known: clusters that lie apart, and clouds without any, as points and as songs.

Every draw has its number as seed. No threshold of the verdict was set on these draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Points: TypeAlias = npt.NDArray[np.float32]
Floats: TypeAlias = npt.NDArray[np.float64]

LEAST_SHARE = 0.04
RANGES = {
    "danceability": (0.25, 0.95),
    "energy": (0.1, 0.95),
    "loudness": (-22.0, -2.0),
    "speechiness": (0.06, 0.45),
    "acousticness": (0.1, 0.95),
    "instrumentalness": (0.05, 0.95),
    "liveness": (0.08, 0.6),
    "valence": (0.1, 0.95),
    "tempo": (70.0, 180.0),
    "duration_ms": (120_000.0, 420_000.0),
}
"""Ranges of the drawn features, inside which no rule of cleaning takes offence."""


@dataclass(frozen=True)
class Clustered:
    """Points of `k` clusters, the least distance of two centres in standard deviations of the wider."""

    k: int
    apart: float
    points: Floats


def clustered(number: int, *, unit: float = 1.0, n_dimensions: int | None = None) -> Clustered:
    """Draw 2 to 12 clusters of unequal sizes, widths and shapes, 6 to 12 standard deviations apart."""
    random = np.random.default_rng((17, number))
    k = 2 + number % 11
    n_dimensions = n_dimensions or int(random.integers(2, 14))
    n_songs = int(np.exp(random.uniform(np.log(40 * k), np.log(20_000))))
    apart = float(random.uniform(6.0, 12.0))
    shares = np.maximum(random.dirichlet(np.full(k, 2.0)), LEAST_SHARE)
    members = random.choice(k, size=n_songs, p=shares / shares.sum())
    centres = _spread_centres(k, n_dimensions, apart, random)
    around = _around(n_songs, n_dimensions, kind=number % 3, random=random)
    widths = random.uniform(0.6, 1.0, size=(k, 1 if number % 2 else n_dimensions))
    return Clustered(k, apart, unit * (centres[members] + around * widths[members]))


def _spread_centres(k: int, n_dimensions: int, apart: float, random: np.random.Generator) -> Floats:
    """Centres drawn in a cube that grows until all lie far enough from each other."""
    side, centres = apart, [np.zeros(n_dimensions)]
    while len(centres) < k:
        side *= 1.01
        centre = random.uniform(-side / 2, side / 2, size=n_dimensions)
        if all(np.linalg.norm(centre - other) >= apart for other in centres):
            centres.append(centre)
    return np.array(centres)


def _around(n_songs: int, n_dimensions: int, *, kind: int, random: np.random.Generator) -> Floats:
    """Songs about their centre, deviation 1 where widest: normal, evenly in a ball, or a slanted normal."""
    normal = random.normal(size=(n_songs, n_dimensions))
    if kind == 0:
        return normal
    if kind == 1:
        radii = random.uniform(size=(n_songs, 1)) ** (1 / n_dimensions) * np.sqrt(n_dimensions + 2)
        return normal / np.linalg.norm(normal, axis=1, keepdims=True) * radii
    common = random.normal(size=(n_songs, 1)) * random.choice([-1.0, 1.0], size=n_dimensions)
    return (np.sqrt(0.7) * normal + np.sqrt(0.3) * common) / np.sqrt(0.7 + 0.3 * n_dimensions)


def structureless(number: int, *, n_dimensions: int | None = None) -> Floats:
    """Draw a cloud without clusters: uniform where `number` is even, one Gaussian where it is odd."""
    random = np.random.default_rng((23, number))
    n_dimensions = n_dimensions or int(random.integers(2, 14))
    n_songs = int(np.exp(random.uniform(np.log(200), np.log(20_000))))
    return _CLOUDS[number % len(_CLOUDS)](n_songs, n_dimensions, random)


def _cube(n_songs: int, n_dimensions: int, random: np.random.Generator) -> Floats:
    return random.uniform(size=(n_songs, n_dimensions))


def _round(n_songs: int, n_dimensions: int, random: np.random.Generator) -> Floats:
    return random.normal(size=(n_songs, n_dimensions))


def _long_box(n_songs: int, n_dimensions: int, random: np.random.Generator) -> Floats:
    return random.uniform(size=(n_songs, n_dimensions)) * random.uniform(0.2, 2.0, size=n_dimensions)


def _slanted(n_songs: int, n_dimensions: int, random: np.random.Generator) -> Floats:
    """A Gaussian with a random covariance, its condition number up to a few hundred."""
    mixing = random.normal(size=(n_dimensions, n_dimensions))
    return random.normal(size=(n_songs, n_dimensions)) @ mixing


def _turned_box(n_songs: int, n_dimensions: int, random: np.random.Generator) -> Floats:
    turn = np.linalg.qr(random.normal(size=(n_dimensions, n_dimensions)))[0]
    return np.asarray(_long_box(n_songs, n_dimensions, random) @ turn)


def _driven(n_songs: int, n_dimensions: int, random: np.random.Generator) -> Floats:
    """A Gaussian most of whose variance is one direction."""
    loadings = random.uniform(0.3, 0.95, size=n_dimensions) * random.choice([-1.0, 1.0], size=n_dimensions)
    own = random.normal(size=(n_songs, n_dimensions)) * np.sqrt(1 - loadings**2)
    return random.normal(size=(n_songs, 1)) * loadings + own


def _ball(n_songs: int, n_dimensions: int, random: np.random.Generator) -> Floats:
    normal = random.normal(size=(n_songs, n_dimensions))
    radii = random.uniform(size=(n_songs, 1)) ** (1 / n_dimensions)
    return np.asarray(normal / np.linalg.norm(normal, axis=1, keepdims=True) * radii)


def _stretched(n_songs: int, n_dimensions: int, random: np.random.Generator) -> Floats:
    return _round(n_songs, n_dimensions, random) * np.exp(random.uniform(-1.5, 0.5, size=n_dimensions))


_CLOUDS: tuple[Callable[[int, int, np.random.Generator], Floats], ...] = (
    _cube,
    _round,
    _long_box,
    _slanted,
    _turned_box,
    _driven,
    _ball,
    _stretched,
)


def songs_of(places: Floats, *, number: int, spread: float = 0.16) -> pl.DataFrame:
    """Turn points into a table of songs, a feature for every coordinate.

    Coordinates are centred, scaled to `spread` of the range of their feature and stopped at its ends; where
    they would not fit they are scaled to fit, so that clusters keep their shapes.
    """
    random = np.random.default_rng((29, number))
    names = random.permutation(list(RANGES))[: places.shape[1]]
    centred = places - places.mean(axis=0)
    scaled = centred / centred.std(axis=0) * spread
    scaled *= min(1.0, 0.5 / float(np.abs(scaled).max()))
    columns = {
        str(name): RANGES[name][0] + (RANGES[name][1] - RANGES[name][0]) * (0.5 + scaled[:, place])
        for place, name in enumerate(names)
    }
    n_songs = len(places)
    return pl.DataFrame(
        {
            "track_id": [f"{number:04d}{row:018d}" for row in range(n_songs)],
            "track_name": [f"Song {row}" for row in range(n_songs)],
            "artist_name": [f"Artist {row % max(2, n_songs // 8)}" for row in range(n_songs)],
            **columns,
        }
    )
