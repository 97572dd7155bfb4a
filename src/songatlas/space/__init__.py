"""The space of songs: blocks of coordinates that turn a songs table into points, and the 2-D layout.

Points are float32, shape ``(n_songs, n_dimensions)``, finite, C order, multiples of `GRID`. Weights of
blocks are in units of distance: a block of weight 0.5 moves two songs half as far apart as a block of weight
1 would. The point of a song depends on that song and on what was fitted, never on the songs beside it.
"""

from __future__ import annotations

from songatlas.space.audio import EMBEDDING, STATISTICS, AudioBlock, vectors_of, why_not_heard
from songatlas.space.belief import BELIEF, belief_column
from songatlas.space.blocks import (
    CLIP,
    ERA_WEIGHT,
    FEATURE_SHARES,
    QUIET_FEATURES,
    FittedBlock,
)
from songatlas.space.coordinates import named_features
from songatlas.space.layout import Layout, ends_of, fit_layout
from songatlas.space.song_space import BLOCKS, GRID, SongSpace, check_blocks
from songatlas.space.weighing import WEIGHED, fit_unit_block, weighed_space

__all__ = [
    "BELIEF",
    "BLOCKS",
    "CLIP",
    "EMBEDDING",
    "ERA_WEIGHT",
    "FEATURE_SHARES",
    "GRID",
    "QUIET_FEATURES",
    "STATISTICS",
    "WEIGHED",
    "AudioBlock",
    "FittedBlock",
    "Layout",
    "SongSpace",
    "belief_column",
    "check_blocks",
    "ends_of",
    "fit_layout",
    "fit_unit_block",
    "named_features",
    "vectors_of",
    "weighed_space",
    "why_not_heard",
]
