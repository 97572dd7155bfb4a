"""The fitted space: blocks side by side, which turn any songs table into points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from sys import float_info
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import (
    BadAtlas,
    BadSettings,
    MissingColumns,
    UnknownName,
    did_you_mean,
    in_brief,
    quoted,
)
from songatlas.space.audio import AudioBlock
from songatlas.space.belief import GenreBlock
from songatlas.space.blocks import (
    NO_WEIGHTS,
    EraBlock,
    FittedBlock,
    PlainBlock,
    SoundBlock,
)
from songatlas.space.coordinates import Float, named_features, numbers_of
from songatlas.space.tags import TagsBlock

ERA_BESIDE_AUDIO: Final = 0.3
"""Weight of the era beside the audio block alone. Songs spread in more directions there than features have,
so that the strongest are shorter; with this weight the years spread about as far as the second of them, as
they do beside the sound, and do not cut the catalogue into decades."""

GRID: Final = 2.0**-24
"""Step of the grid that points lie on: every coordinate is a multiple of it.

Sums of such numbers are exact in float64, in whatever order, as long as sizes add up to no more than 2**29:
about a billion points of the usual weights. A coordinate moves by at most half a step, 3e-8, which is what
float32 rounds off numbers from 1/2 on anyway.
"""

LEAST_WEIGHT: Final = 1e-3
"""What the largest weight of a space must reach, so that songs are not lost between steps of the grid."""

_ROWS_AT_ONCE = 65_536  # few calls, little memory

NO_BELIEFS: Final = (
    "too few songs have a genre to learn from (at least 50 songs of two genres by three artists): name a "
    "column with --genre, or leave the genre out of the space"
)


@dataclass(frozen=True, kw_only=True)
class AskedSpace:
    """What a space is to be made of, checked.

    Attributes
    ----------
    features : tuple of str
        Columns of the sound, or of the plain recipe.
    weights : mapping of str to float
        Weight of each wanted block, in the order of BLOCKS.
    feature_weights : mapping of str to float
        Factor of each weighted feature, by its column.
    """

    features: tuple[str, ...]
    weights: Mapping[str, float]
    feature_weights: Mapping[str, float]

    @classmethod
    def of(
        cls,
        columns: Sequence[str],
        *,
        features: Sequence[str],
        blocks: Sequence[str],
        weights: Mapping[str, float],
        feature_weights: Mapping[str, float],
        genre_pull: float | None = None,
    ) -> AskedSpace:
        """Return what is asked of a table with some columns; parameters and errors of `SongSpace.fit`."""
        named = named_features(features)
        chosen = _pulled_blocks(_chosen_blocks(blocks), genre_pull)
        strengths = pulled_weights(_checked_weights(weights, chosen), genre_pull)
        factors = _checked_factors(feature_weights, chosen)
        _check_columns(columns, named if {"sound", "plain"} & set(chosen) else ())
        if named and not any(factors.get(column, 1.0) for column in named):
            raise BadSettings("the weights of all features are 0: give one a weight above 0")
        return cls(
            features=named, weights={name: strengths[name] for name in chosen}, feature_weights=factors
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What to say of weights whose feature takes no part."""
        return tuple(
            f"The feature {column} has a weight but takes no part, so the weight changes nothing."
            for column in self.feature_weights
            if column not in self.features
        )

    def check_fed(self, outcomes: Sequence[object]) -> None:
        """Refuse where no block is fed, or only blocks of weight 0; a sentence stands for a block unfed."""
        lacks = [outcome for outcome in outcomes if isinstance(outcome, str)]
        fed = [
            weight
            for weight, outcome in zip(self.weights.values(), outcomes, strict=True)
            if not isinstance(outcome, str)
        ]
        chosen = ",".join(self.weights)
        if not fed:
            told = " ".join([*lacks, *self.notes])
            raise BadSettings(f"space {chosen!r} cannot be built: {told} Choose another --space")
        _check_largest(fed, chosen)


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
        weights: Mapping[str, float] = NO_WEIGHTS,
        feature_weights: Mapping[str, float] = NO_WEIGHTS,
        genre_pull: float | None = None,
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
        feature_weights : mapping of str to float
            Factor of a feature (or alias) inside the sound, in units of distance, at least 0, on top of what
            it counts by default. 0 leaves it out of all distances; the sound as a whole counts as before.
        genre_pull : float, optional
            From 0, the other blocks alone, to 1, the genre block alone: the genre block joins, and weights
            are multiplied by the square root of the pull, or of what it leaves to the others.

        Raises
        ------
        UnknownName
            If a feature or block does not exist.
        BadSettings
            If a weight is negative, not finite or of a block that is not used, if all weights are 0,
            if "plain" is combined or weighted, if features are weighted where there is no sound or all
            of them by 0, if no block can be fed, or if genres are asked for where no beliefs came along.
        MissingColumns
            If the table lacks a feature.
        """
        asked = AskedSpace.of(
            songs.columns,
            features=features,
            blocks=blocks,
            weights=weights,
            feature_weights=feature_weights,
            genre_pull=genre_pull,
        )
        fitted = {
            name: BLOCKS[name].fit(
                songs, features=asked.features, weight=weight, feature_weights=asked.feature_weights
            )
            for name, weight in asked.weights.items()
        }
        if isinstance(fitted.get("genre"), str):
            raise BadSettings(f"genres are to pull, but {NO_BELIEFS}")
        unheard = [told for each in fitted.values() if isinstance(each, AudioBlock)
                   for told in each.unheard(songs)]  # fmt: skip
        return cls.of(asked, tuple(fitted.values()), notes=unheard)

    @classmethod
    def of(
        cls, asked: AskedSpace, fitted: Sequence[FittedBlock | str], *, notes: Sequence[str] = ()
    ) -> SongSpace:
        """Return the space of fitted blocks, and of sentences that say why others could not be fed.

        Raises
        ------
        BadSettings
            If no block could be fed, or all that could have weight 0.
        """
        asked.check_fed(fitted)
        lacks = [outcome for outcome in fitted if isinstance(outcome, str)]
        usable = tuple(outcome for outcome in fitted if isinstance(outcome, FittedBlock))
        return cls(features=asked.features, blocks=usable, notes=(*lacks, *asked.notes, *notes))

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

        They are multiples of `GRID`.

        Raises
        ------
        MissingColumns
            If `songs` lacks a column that the space was fitted on.
        """
        needed = dict.fromkeys(each.column for block in self.blocks for each in block.coordinates)
        _check_columns(
            songs.columns, [column for column in needed if column != "year" or "year" in self.features]
        )
        points = np.empty((songs.height, self.n_dimensions), dtype=np.float32)
        coordinates = []
        for name, places in self.places().items():
            block = next(block for block in self.blocks if block.name == name)
            if block.coordinates:
                coordinates += list(zip(range(places.start, places.stop), block.coordinates, strict=True))
            else:
                points[:, places] = on_grid(block.points(songs))
        for start in range(0, songs.height, _ROWS_AT_ONCE):
            part = songs.slice(start, _ROWS_AT_ONCE)
            numbers = {column: numbers_of(part, column) for column in needed}
            for place, coordinate in coordinates:
                placed = coordinate.points_of(numbers[coordinate.column])
                points[start : start + part.height, place] = on_grid(placed)
        return points

    def places(self) -> dict[str, slice]:
        """Return which coordinates of a point belong to each block, by its name."""
        ends = np.cumsum([len(block.dimensions) for block in self.blocks]).tolist()
        starts = [0, *ends[:-1]]
        return {
            block.name: slice(start, end) for block, start, end in zip(self.blocks, starts, ends, strict=True)
        }

    @property
    def dimension_features(self) -> tuple[str, ...]:
        """What each coordinate is made of: a column of the songs table, or the name of its block."""
        return tuple(
            name
            for block in self.blocks
            for name in ([each.column for each in block.coordinates] or [block.name] * len(block.dimensions))
        )

    def value_at(self, column: str, place: float) -> float | None:
        """Return the value of a column whose coordinate is `place`, in the column's unit.

        None where the column has not exactly one coordinate, and where no song can have such a value.
        """
        found = [each for block in self.blocks for each in block.coordinates if each.column == column]
        return found[0].value_at(place) if len(found) == 1 else None

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
            raise BadAtlas(
                f"the saved space cannot be read ({in_brief(problem)}): build the atlas again"
            ) from problem


def on_grid(placed: Float) -> Float:
    """Return coordinates, which are not needed afterwards, moved to the nearest multiples of `GRID`.

    Half-way ones go to the even multiple. float32 rounds numbers from 4 on once more, to multiples of more.
    """
    placed *= 1 / GRID
    np.rint(placed, out=placed)
    placed *= GRID
    return placed


def check_blocks(
    blocks: Sequence[str],
    weights: Mapping[str, float],
    feature_weights: Mapping[str, float] = NO_WEIGHTS,
    genre_pull: float | None = None,
) -> None:
    """Refuse blocks and weights that `SongSpace.fit` would refuse, before there are songs.

    Raises
    ------
    UnknownName, BadSettings
        As in `SongSpace.fit`.
    """
    chosen = _pulled_blocks(_chosen_blocks(blocks), genre_pull)
    strengths = pulled_weights(_checked_weights(weights, chosen), genre_pull)
    _check_largest(list(strengths.values()), ",".join(chosen))
    _checked_factors(feature_weights, chosen)


def _check_largest(weights: Sequence[float], chosen: str) -> None:
    """Refuse weights that are all 0, or too small for points to tell songs apart."""
    if not any(weights):
        raise BadSettings(f"the weights of {chosen} are all 0: give one block a weight above 0")
    if max(weights) < LEAST_WEIGHT:
        raise BadSettings(
            f"the largest weight of {chosen} is {max(weights):g}, and it must be at least {LEAST_WEIGHT:g}: "
            "only the ratio of the weights matters, so give all of them larger ones"
        )


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


def _pulled_blocks(chosen: tuple[str, ...], genre_pull: float | None) -> tuple[str, ...]:
    """The chosen blocks, with the genre block where a pull asks for it."""
    if genre_pull is None:
        return chosen
    if isinstance(genre_pull, bool) or not isinstance(genre_pull, int | float) or not 0 <= genre_pull <= 1:
        raise BadSettings(
            f"genre_pull is {genre_pull!r}: it must be a number from 0, pure sound, to 1, pure genre"
        )
    if "plain" in chosen:
        raise BadSettings(
            "the plain space takes no genres: leave --genre-pull out or choose --space sound,era"
        )
    if genre_pull == 0 and chosen == ("genre",):
        raise BadSettings(
            "genre_pull 0 leaves the genre out, and the space has no other block: choose --space sound,era"
        )
    if genre_pull == 0:
        return tuple(name for name in chosen if name != "genre")
    return tuple(name for name in BLOCKS if name in (*chosen, "genre"))


def pulled_weights(strengths: Mapping[str, float], genre_pull: float | None) -> dict[str, float]:
    """Return the weights of blocks, those beside the genre as much smaller as the genre pulls (0 to 1)."""
    if genre_pull is None:
        return dict(strengths)
    return {
        name: weight * sqrt(genre_pull if name == "genre" else 1 - genre_pull)
        for name, weight in strengths.items()
    }


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
        _check_weight(name, weight)
    return {name: float(weights.get(name, usual)) for name, usual in usual_weights(chosen).items()}


def usual_weights(blocks: Sequence[str]) -> dict[str, float]:
    """Return the weight that each of some blocks has in one space where nobody says otherwise.

    Examples
    --------
    >>> usual_weights(("sound", "era")), usual_weights(("audio", "era"))
    ({'sound': 1.0, 'era': 0.5}, {'audio': 1.0, 'era': 0.3})
    """
    usual = {name: BLOCKS[name].default_weight for name in blocks}
    if {"audio", "era"} <= usual.keys() and "sound" not in usual:
        usual["era"] = ERA_BESIDE_AUDIO
    return usual


def _checked_factors(feature_weights: Mapping[str, float], chosen: Sequence[str]) -> dict[str, float]:
    """The factor of each weighted feature by its column."""
    if feature_weights and "sound" not in chosen:
        raise BadSettings(
            f"feature weights count inside the sound, and space {','.join(chosen)!r} has none: leave "
            "--feature-weights out or choose --space sound,era"
        )
    factors: dict[str, float] = {}
    for name, weight in feature_weights.items():
        _check_weight(name, weight)
        (column,) = named_features([name])
        if column in factors:
            raise BadSettings(f"the feature {column!r} has two weights: give one")
        factors[column] = float(weight)
    return factors


def _check_weight(name: str, weight: float) -> None:
    """Refuse what is no finite number from 0 up."""
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        raise BadSettings(f"weight of {name!r} is {weight!r}: give a number, such as 0.5")
    if not 0 <= weight <= float_info.max:  # a whole number may be larger than any float
        raise BadSettings(f"weight of {name!r} is {quoted(weight)}: it must be 0 or more, and finite")


def _check_columns(present: Sequence[str], columns: Sequence[str]) -> None:
    for column in columns:
        if column not in present:
            raise MissingColumns(
                f"the songs table has no column {column!r}{did_you_mean(column, present)}: "
                f"leave it out of the features, or name its column with --column {column}=HEADER"
            )


BLOCKS: Final[Mapping[str, type[FittedBlock]]] = MappingProxyType(
    {
        "sound": SoundBlock,
        "audio": AudioBlock,
        "era": EraBlock,
        "tags": TagsBlock,
        "genre": GenreBlock,
        "plain": PlainBlock,
    }
)
