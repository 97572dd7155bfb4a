"""Points to cluster: clouds that overlap as songs do, or the songs of a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from songatlas import AtlasSettings
from songatlas.atlas import preview
from songatlas.space import SongSpace

N_DIMENSIONS = 13
N_CLOUDS = 30


def clouds(n_songs: int, *, seed: int) -> npt.NDArray[np.float32]:
    """Overlapping normal clouds in 13 dimensions, as standardized features of songs overlap, ``(n, 13)``."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(N_CLOUDS, N_DIMENSIONS))
    points = centres[random.integers(N_CLOUDS, size=n_songs)] + random.normal(size=(n_songs, N_DIMENSIONS))
    return points.astype(np.float32)


def points_of_table(songs: Path) -> npt.NDArray[np.float32]:
    """Points of a table of songs as `build` makes them with its defaults, ``(n_songs, n_dimensions)``."""
    _, clean = preview(songs, AtlasSettings())
    return SongSpace.fit(clean.songs, features=clean.features).points(clean.songs)
