"""A space fitted on songs in parts: exact moments of every part, which add up to those of all songs.

A `Draft` goes to the parts; their answers are small tables, which are put one below the other in any order:

1. `draft_space` makes a draft of a look at some of the songs;
2. every part answers with `first_moments`, and `with_moments` gives the draft what they say. Where it is not
   ready then, the look was no fair sample: the parts are asked once more with the new draft;
3. every part answers with `last_moments`, unless no value is so extreme that its coordinate stops
   (`Draft.has_outliers`), and `fitted_space` gives the space.

It is bit for bit what `SongSpace.fit` gives for all songs at once, however they are parted and whatever the
look was, because sums are exact and medians are counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

import polars as pl

from songatlas.errors import BadSettings
from songatlas.space.blocks import NO_WEIGHTS, FittedBlock, StandardBlock
from songatlas.space.exact_sums import ExactSums
from songatlas.space.song_space import BLOCKS, AskedSpace, SongSpace
from songatlas.space.standardizing import ColumnDraft, Moments, Outliers

IN_PARTS: Final = tuple(name for name, block in BLOCKS.items() if issubclass(block, StandardBlock))
"""Blocks that can be fitted on songs in parts."""

_FIRST: Final[Mapping[str, Any]] = {
    "coordinate": pl.Int64(),
    "n_songs": pl.Int64(),
    "known": pl.String(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "n_below": pl.Int64(),
    "values": pl.List(pl.Float64()),
    "counts": pl.List(pl.Int64()),
}
_LAST: Final[Mapping[str, Any]] = {
    "coordinate": pl.Int64(),
    "n_low": pl.Int64(),
    "n_high": pl.Int64(),
    "sums": pl.String(),
}


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A space on its way to being fitted; plain values, small, for any process.

    Attributes
    ----------
    asked : AskedSpace
        What it is to be made of.
    blocks : tuple of (tuple of ColumnDraft) or str
        For each wanted block its columns, or a sentence that says why the songs cannot feed it.
    """

    asked: AskedSpace
    blocks: tuple[tuple[ColumnDraft, ...] | str, ...]

    @property
    def is_ready(self) -> bool:
        """Whether medians and means are known, so that `last_moments` can be asked for."""
        return all(column.is_centred for column in self.columns)

    @property
    def has_outliers(self) -> bool:
        """Whether `last_moments` are needed; else `fitted_space` takes a table of none of them."""
        return any(column.has_outliers for column in self.columns)

    @property
    def columns(self) -> tuple[ColumnDraft, ...]:
        """The columns of all blocks."""
        return tuple(column for _, columns in self.fed for column in columns)

    @property
    def fed(self) -> tuple[tuple[str, tuple[ColumnDraft, ...]], ...]:
        """Name and columns of each block that is not given up."""
        pairs = zip(self.asked.weights, self.blocks, strict=True)
        return tuple((name, columns) for name, columns in pairs if not isinstance(columns, str))


def draft_space(
    look: pl.DataFrame,
    *,
    features: Sequence[str],
    blocks: Sequence[str] = ("sound", "era"),
    weights: Mapping[str, float] = NO_WEIGHTS,
    feature_weights: Mapping[str, float] = NO_WEIGHTS,
    genre_pull: float | None = None,
) -> Draft:
    """Return the draft of a space, after a look at some of its songs.

    Parameters
    ----------
    look : DataFrame
        Songs table with all columns; a fair sample spares a second question.
    features, blocks, weights, feature_weights, genre_pull
        As in `SongSpace.fit`; only blocks of `IN_PARTS`.

    Raises
    ------
    UnknownName, BadSettings, MissingColumns
        As in `SongSpace.fit`, and if a block cannot be fitted on songs in parts.
    """
    asked = AskedSpace.of(
        look.columns,
        features=features,
        blocks=blocks,
        weights=weights,
        feature_weights=feature_weights,
        genre_pull=genre_pull,
    )
    whole = [name for name in asked.weights if name not in IN_PARTS]
    if whole:
        raise BadSettings(
            f"the block {whole[0]!r} of space {','.join(asked.weights)!r} is fitted on all songs at once, "
            "not in parts: build with --engine memory, or choose --space sound,era"
        )
    drafted = [
        _block(name).drafted(look.columns, features=asked.features, feature_weights=asked.feature_weights)
        for name in asked.weights
    ]
    asked.check_fed(drafted)
    guessed = [
        one if isinstance(one, str) else tuple(each.bracketed(each.known_of(look)) for each in one)
        for one in drafted
    ]
    return Draft(asked=asked, blocks=tuple(guessed))


def first_moments(songs: pl.DataFrame, draft: Draft) -> pl.DataFrame:
    """Return what some of the songs say of medians, means and variances, for `with_moments`.

    Parameters
    ----------
    songs : DataFrame
        Any number of songs; a column that is missing counts as unknown.
    draft : Draft
        Of `draft_space`, or one of `with_moments` that is not ready.
    """
    found = [
        one
        for column in draft.columns
        for one in column.moments_of(column.known_of(songs), n_songs=songs.height)
    ]
    return pl.DataFrame(
        {
            "coordinate": range(len(found)),
            "n_songs": [one.n_songs for one in found],
            "known": [one.known.to_text() for one in found],
            "low": [one.low for one in found],
            "high": [one.high for one in found],
            "n_below": [one.n_below for one in found],
            "values": [pl.Series(one.values) for one in found],
            "counts": [pl.Series(one.counts) for one in found],
        },
        schema=_FIRST,
    )


def with_moments(draft: Draft, answers: pl.DataFrame) -> Draft:
    """Return the draft with medians and means, or with wider brackets where `is_ready` is false.

    Parameters
    ----------
    draft : Draft
        The one that `first_moments` was asked with.
    answers : DataFrame
        The answers of all parts, one below the other, in any order.

    Raises
    ------
    BadSettings
        If the songs feed no block, or only blocks of weight 0.
    """
    n_coordinates = sum(len(column.coordinates) for column in draft.columns)
    found = iter(_moments_in(answers, n_coordinates=n_coordinates))
    blocks = dict(zip(draft.asked.weights, draft.blocks, strict=True))
    for name, columns in draft.fed:
        own = [[next(found) for _ in column.coordinates] for column in columns]
        lack = _block(name).lacking([one for moments in own for one in moments])
        centred = tuple(column.centred(moments) for column, moments in zip(columns, own, strict=True))
        blocks[name] = lack or centred
    draft.asked.check_fed(tuple(blocks.values()))
    return replace(draft, blocks=tuple(blocks.values()))


def last_moments(songs: pl.DataFrame, draft: Draft) -> pl.DataFrame:
    """Return what some of the songs say of variances once coordinates stop at their limits.

    Parameters
    ----------
    songs : DataFrame
        Any number of songs.
    draft : Draft
        Of `with_moments`, ready.
    """
    _check_ready(draft)
    found: list[Outliers] = []
    for column in draft.columns:
        known = column.known_of(songs) if column.has_outliers else None
        found += [Outliers()] * len(column.coordinates) if known is None else column.outliers_of(known)
    rows = [
        (number, one.n_low, one.n_high, one.sums.to_text()) for number, one in enumerate(found) if one.sums.n
    ]
    return pl.DataFrame(rows, schema=_LAST, orient="row")


def fitted_space(draft: Draft, answers: pl.DataFrame) -> SongSpace:
    """Return the fitted space.

    Parameters
    ----------
    draft : Draft
        Of `with_moments`, ready.
    answers : DataFrame
        The answers of all parts to `last_moments`, one below the other, in any order.
    """
    _check_ready(draft)
    found = _outliers_in(answers)
    numbers = count()
    fitted: dict[str, FittedBlock | str] = {}
    for name, outcome in zip(draft.asked.weights, draft.blocks, strict=True):
        if isinstance(outcome, str):
            fitted[name] = outcome
            continue
        variances = [
            column.variances([found.get(next(numbers), Outliers()) for _ in column.coordinates])
            for column in outcome
        ]
        pairs = list(zip(outcome, variances, strict=True))
        fitted[name] = _block(name).of(pairs, weight=draft.asked.weights[name])
    return SongSpace.of(draft.asked, tuple(fitted.values()))


def _block(name: str) -> type[StandardBlock]:
    """A block that can be fitted on songs in parts."""
    block = BLOCKS[name]
    if not issubclass(block, StandardBlock):
        raise TypeError(f"the block {name!r} cannot be fitted on songs in parts")
    return block


def _check_ready(draft: Draft) -> None:
    """Refuse a draft whose means are not known."""
    if not draft.is_ready:
        raise ValueError("the draft is not ready: ask first_moments with it once more")


def _moments_in(answers: pl.DataFrame, *, n_coordinates: int) -> list[Moments]:
    """The moments of all parts together, of each coordinate."""
    parts: list[list[Moments]] = [[] for _ in range(n_coordinates)]
    values, counts = answers["values"], answers["counts"]
    numbers = answers.select("coordinate", "n_songs", "known", "low", "high", "n_below")
    for row, (coordinate, n_songs, known, low, high, n_below) in enumerate(numbers.iter_rows()):
        one = Moments(
            n_songs=n_songs,
            known=ExactSums.from_text(known),
            low=low,
            high=high,
            n_below=n_below,
            values=values[row].to_numpy(),
            counts=counts[row].to_numpy(),
        )
        parts[coordinate].append(one)
    return [Moments.united(own) for own in parts]


def _outliers_in(answers: pl.DataFrame) -> dict[int, Outliers]:
    """The outliers of all parts together, by the number of their coordinate."""
    found: dict[int, Outliers] = {}
    for number, n_low, n_high, text in answers.select(list(_LAST)).iter_rows():
        one = Outliers(n_low, n_high, ExactSums.from_text(text))
        found[number] = found.get(number, Outliers()) + one
    return found
