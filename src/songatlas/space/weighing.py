"""Spaces of the same songs under other weights: every block is fitted once, and then only made longer.

A space that is weighed so has the points that `SongSpace.fit` with these weights would give, but for one
step of the grid here and there, or the rounding of float32 where that is more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from songatlas.errors import BadSettings
from songatlas.space.blocks import NO_WEIGHTS, FittedBlock
from songatlas.space.song_space import BLOCKS, SongSpace, check_blocks, pulled_weights

WEIGHED = tuple(name for name in BLOCKS if name != "plain")
"""Blocks that have a weight, in the order of their coordinates."""


def fit_unit_block(
    name: str,
    songs: pl.DataFrame,
    *,
    features: Sequence[str],
    feature_weights: Mapping[str, float] = NO_WEIGHTS,
) -> FittedBlock | str:
    """Return a block of weight 1, or a sentence that says why the songs cannot feed it.

    Parameters
    ----------
    name : str
        One of `WEIGHED`.
    songs : DataFrame
        Songs table; the genre block needs its column of beliefs.
    features : sequence of str
        Columns of the sound.
    feature_weights : mapping of str to float
        As in `SongSpace.fit`, by column.
    """
    return BLOCKS[name].fit(songs, features=features, weight=1.0, feature_weights=feature_weights)


def weighed_space(
    blocks: Mapping[str, FittedBlock],
    weights: Mapping[str, float],
    *,
    features: Sequence[str],
    genre_pull: float | None = None,
) -> SongSpace:
    """Return the space of some blocks under weights.

    Parameters
    ----------
    blocks : mapping of str to FittedBlock
        Blocks of weight 1, those of `weights` at least.
    weights : mapping of str to float
        Weight of each block that takes part, in units of distance.
    features : sequence of str
        Columns of the sound.
    genre_pull : float, optional
        As in `SongSpace.fit`; the genre block is among `weights` then.

    Raises
    ------
    BadSettings
        If a weight is negative or not finite, no block takes part or all weights are 0.

    Examples
    --------
    >>> songs = pl.DataFrame({"energy": [0.1, 0.5, 0.9], "year": [1970.0, 1990.0, 2010.0]})
    >>> blocks = {name: fit_unit_block(name, songs, features=["energy"]) for name in ("sound", "era")}
    >>> space = weighed_space(blocks, {"sound": 1.0, "era": 2.0}, features=["energy"])
    >>> fitted = SongSpace.fit(songs, features=["energy"], weights={"era": 2.0})
    >>> bool(abs(space.points(songs) - fitted.points(songs)).max() < 1e-6)
    True
    """
    if not weights:
        raise BadSettings("no block has a weight above 0: give one, such as sound = 1")
    check_blocks(tuple(weights), weights, genre_pull=genre_pull)
    strengths = pulled_weights(weights, genre_pull)
    scaled = tuple(blocks[name].scaled(strengths[name]) for name in WEIGHED if name in strengths)
    return SongSpace(features=tuple(features), blocks=scaled)
