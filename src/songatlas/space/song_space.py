"""The fitted space: blocks side by side, which turn any songs table into points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import BadAtlas, BadSettings, MissingColumns, UnknownName, did_you_mean
from songatlas.space.blocks import BLOCKS, FittedBlock, named_features, numbers_of

_ROWS_AT_ONCE = 65_536  # few calls, little memory


@dataclass(frozen=True, kw_only=True)
class SongSpace:
    """A fitted space: turns any songs table into points.

    Attributes
    ----------
    features : tuple of str
        Columns that the sound (or the plain recipe) is made of.
    blocks : tuple of FittedBlock
        In the order of their coordinates.
    notes : tuple of str
        What a person should know of the fit, such as a block that the table could not feed.

    Examples
    --------
    >>> songs = pl.DataFrame({"energy": [0.1, 0.5, 0.9], "year": [1970.0, None, 2010.0]})
    >>> space = SongSpace.fit(songs, features=["energy"])
    >>> space.dimensions, space.points(songs).shape
    (('Energy', 'Release year'), (3, 2))
    """

    features: tuple[str, ...]
    blocks: tuple[FittedBlock, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def fit(
        cls,
        songs: pl.DataFrame,
        *,
        features: Sequence[str],
        blocks: Sequence[str] = ("sound", "era"),
        weights: Mapping[str, float] = MappingProxyType({}),
    ) -> SongSpace:
        """Fit a space on a songs table.

        Parameters
        ----------
        songs : polars.DataFrame
            Songs table; missing values are filled by medians.
        features : sequence of str
            Columns (or aliases) of the sound; numbers such as popularity only where named here.
        blocks : sequence of str
            Blocks of BLOCKS, in any order; "plain" only alone.
        weights : mapping of str to float
            Weight of a block in units of distance, at least 0; the others keep their default.

        Raises
        ------
        UnknownName
            If a feature or block does not exist.
        BadSettings
            If a weight is negative, not finite or of a block that is not used, if all weights are 0,
            if "plain" is combined or weighted, or if no block can be fed.
        MissingColumns
            If the table lacks a feature.
        """
        columns = named_features(features)
        chosen = _chosen_blocks(blocks)
        strengths = _checked_weights(weights, chosen)
        _check_columns(songs, () if chosen == ("era",) else columns)
        fitted = [BLOCKS[name].fit(songs, features=columns, weight=strengths[name]) for name in chosen]
        notes = tuple(outcome for outcome in fitted if isinstance(outcome, str))
        usable = tuple(outcome for outcome in fitted if isinstance(outcome, FittedBlock))
        if not usable:
            raise BadSettings(
                f"space {','.join(chosen)!r} cannot be built: {' '.join(notes)} Choose another --space"
            )
        if not any(block.weight for block in usable):
            raise BadSettings(f"the weights of {','.join(chosen)} are all 0: give one block a weight above 0")
        return cls(features=columns, blocks=usable, notes=notes)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Label of each coordinate of a point."""
        return tuple(label for block in self.blocks for label in block.dimensions)

    @property
    def n_dimensions(self) -> int:
        """Number of coordinates of a point."""
        return len(self.dimensions)

    def points(self, songs: pl.DataFrame) -> NDArray[np.float32]:
        """Return the points of songs, float32 ``(n_songs, n_dimensions)``, finite, C order.

        Raises
        ------
        MissingColumns
            If `songs` lacks a column that the space was fitted on.
        """
        needed = dict.fromkeys(each.column for block in self.blocks for each in block.coordinates)
        _check_columns(songs, [column for column in needed if column != "year" or "year" in self.features])
        points = np.empty((songs.height, self.n_dimensions), dtype=np.float32)
        coordinates = [each for block in self.blocks for each in block.coordinates]
        for start in range(0, songs.height, _ROWS_AT_ONCE):
            part = songs.slice(start, _ROWS_AT_ONCE)
            numbers = {column: numbers_of(part, column) for column in needed}
            for place, coordinate in enumerate(coordinates):
                points[start : start + part.height, place] = coordinate.points_of(numbers[coordinate.column])
        return points

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; `from_dict` gives back the same points bit for bit."""
        return {
            "features": list(self.features),
            "blocks": [block.to_dict() for block in self.blocks],
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> SongSpace:
        """Return the space of `to_dict`.

        Raises
        ------
        BadAtlas
            If a part is missing or a block is unknown to this version.
        """
        try:
            blocks = tuple(BLOCKS[each["name"]].from_dict(each) for each in state["blocks"])
            return cls(features=tuple(state["features"]), blocks=blocks, notes=tuple(state["notes"]))
        except (KeyError, TypeError, ValueError) as problem:
            raise BadAtlas(f"the saved space cannot be read ({problem}): build the atlas again") from problem


def check_blocks(blocks: Sequence[str], weights: Mapping[str, float]) -> None:
    """Refuse blocks and weights that `SongSpace.fit` would refuse, before there are songs.

    Raises
    ------
    UnknownName, BadSettings
        As in `SongSpace.fit`.
    """
    _checked_weights(weights, _chosen_blocks(blocks))


def _chosen_blocks(blocks: Sequence[str]) -> tuple[str, ...]:
    """The wanted blocks in the order of BLOCKS, checked."""
    wanted = [blocks] if isinstance(blocks, str) else list(blocks)
    for name in wanted:
        if name not in BLOCKS:
            raise UnknownName(
                f"no block is called {name!r}{did_you_mean(name, BLOCKS)} (blocks: {', '.join(BLOCKS)})"
            )
    chosen = tuple(name for name in BLOCKS if name in wanted)
    if not chosen:
        raise BadSettings(f"a space needs at least one block (blocks: {', '.join(BLOCKS)})")
    if "plain" in chosen and len(chosen) > 1:
        raise BadSettings(
            f"space {','.join(wanted)!r}: 'plain' stands alone; take 'plain' or the other blocks, not both"
        )
    return chosen


def _checked_weights(weights: Mapping[str, float], chosen: Sequence[str]) -> dict[str, float]:
    """The weight of each chosen block, given or default."""
    for name, weight in weights.items():
        if name not in chosen:
            raise BadSettings(
                f"weight of {name!r}: the space has no such block{did_you_mean(name, chosen)} "
                f"(its blocks: {', '.join(chosen)})"
            )
        if name == "plain":
            raise BadSettings(
                "the plain space has no weights: leave --weights out or choose --space sound,era"
            )
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise BadSettings(f"weight of {name!r} is {weight!r}: give a number, such as 0.5")
        if not isfinite(weight) or weight < 0:
            raise BadSettings(f"weight of {name!r} is {weight}: it must be 0 or more, and finite")
    return {name: float(weights.get(name, BLOCKS[name].default_weight)) for name in chosen}


def _check_columns(songs: pl.DataFrame, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in songs.columns:
            raise MissingColumns(
                f"the songs table has no column {column!r}{did_you_mean(column, songs.columns)}: "
                f"leave it out of the features, or name its column with --column {column}=HEADER"
            )
