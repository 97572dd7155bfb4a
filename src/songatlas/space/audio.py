"""The audio block: songs that sound alike to a network, and alike in timbre and rhythm, lie near each other.

`songatlas scan` writes two vectors a song. The *embedding* is what a network for music hears: it is centred,
its length is left out, so that the angle between two songs counts, and the strongest directions are kept
(principal components, made a little more alike in spread). The *statistics* are measured numbers of timbre
and rhythm, each standardized. Both have a fixed part of the block, whatever their number of coordinates.

Conventions
-----------
A song without a vector lies in the middle. Sums run over the numbers of a vector in a fixed order, song by
song, never in a matrix product, whose rounding depends on how many songs are placed together: the point of a
song depends on that song alone, to the last bit.

References
----------
K. Pearson, On lines and planes of closest fit to systems of points in space, 1901.
J. Pons, X. Serra, musicnn: pre-trained convolutional neural networks for music audio tagging, ISMIR 2019.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import MissingColumns
from songatlas.features import FEATURES
from songatlas.kernels import one_blas_thread
from songatlas.noticing import bears_word, is_noticeable
from songatlas.space.blocks import NO_WEIGHTS, ROUNDING, FittedBlock
from songatlas.space.coordinates import Float, numbers_of

EMBEDDING: Final = "audio_embedding"
STATISTICS: Final = "audio_statistics"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is made of one vector.

    Attributes
    ----------
    share : float
        Part that it has of the variance of the block.
    is_standardized : bool
        Whether its numbers are brought to one spread first.
    limit : float
        Spreads at which a standardized number stops.
    unit_length : bool
        Whether vectors then get one length, so that their angle alone counts.
    n_directions : int or None
        Principal components that are kept; None for the numbers as they are.
    power : float
        From 0, components as long as they are, to 1, all of one spread.
    """

    share: float
    is_standardized: bool = False
    limit: float = np.inf
    unit_length: bool = False
    n_directions: int | None = None
    power: float = 0.0


RECIPES: Final[Mapping[str, Recipe]] = MappingProxyType(
    {
        EMBEDDING: Recipe(share=0.7, unit_length=True, n_directions=32, power=0.25),
        STATISTICS: Recipe(share=0.3, is_standardized=True, limit=3.0),
    }
)
"""What the block is made of. Chosen by how often the nearest song is of the same soundtrack, on excerpts of
music for games; `python -m benchmarks.audio --songs FOLDER` shows on any songs what it gives beside the
network alone. Angles in place of distances and a lesser part for the statistics gained most."""

LEAST_HEARD: Final = 0.5
"""Share of songs with an embedding below which there is no audio block."""

FEWEST_SONGS: Final = 8
"""Songs with an embedding that it takes to find directions."""

_ROWS_AT_ONCE: Final = 4_096  # little enough to stay in the cache
_LEAST_TAG: Final = 0.02  # share of songs that must carry a tag that names the end of a direction
_FEWEST_TAGGED: Final = 3  # and how many at least
_LEAST_APART: Final = 0.5  # spreads of the coordinate between the songs of two tags that name its ends
_NEARLY: Final = 0.6  # share of the widest distance at which two tags that name nothing yet are taken
_FEWEST_NAMED: Final = 30  # songs from which on a correlation says anything
_LEAST_LIKENESS: Final = 0.3  # correlation from which a feature may name a direction
_Float32 = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class AudioPart:
    """One vector of the block, fitted: ``clip((x - mean) * scale) @ directions``, centred, times its gain.

    Between the two the scaled numbers get unit length, where the recipe says so.

    Attributes
    ----------
    column : str
        Column of the songs table.
    mean, scale : ndarray of float64, shape (width,)
        Middle of the songs, and factor of each number.
    limit : float
        Where the scaled numbers stop.
    unit_length : bool
        Whether they then get one length.
    directions : ndarray of float64, shape (width, n_coordinates), or None
        Orthogonal; None for the numbers as they are.
    centre : ndarray of float64, shape (n_coordinates,)
        Mean of the coordinates over the songs that have the vector.
    gain : float
        Factor that gives the vector its part of the block.
    """

    column: str
    mean: Float
    scale: Float
    limit: float
    unit_length: bool
    directions: Float | None
    centre: Float
    gain: float

    @property
    def n_coordinates(self) -> int:
        """Number of coordinates."""
        return len(self.centre)

    def points(self, songs: pl.DataFrame) -> Float:
        """Return the coordinates of songs, float64 (n_songs, n_coordinates); 0 where a vector is missing."""
        known, vectors = vectors_of(songs, self.column, len(self.mean))
        placed = np.zeros((songs.height, self.n_coordinates))
        rows = np.flatnonzero(known)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = vectors[start : start + _ROWS_AT_ONCE].astype(np.float64)
            placed[rows[start : start + _ROWS_AT_ONCE]] = (self._turned(part) - self.centre) * self.gain
        return placed

    def _turned(self, vectors: Float) -> Float:
        """Vectors along the directions, before centring."""
        scaled = self.scaled(vectors)
        if self.directions is None:
            return scaled
        sums = np.zeros((len(vectors), self.n_coordinates))
        for numbers, direction in zip(np.ascontiguousarray(scaled.T), self.directions, strict=True):
            sums += numbers[:, None] * direction
        return sums

    def scaled(self, vectors: Float) -> Float:
        """Return vectors centred, scaled, stopped at the limit and, where it is so, of unit length."""
        moved = (vectors - self.mean) * self.scale
        np.clip(moved, -self.limit, self.limit, out=moved)
        if self.unit_length:
            squares = np.zeros(len(moved))
            for numbers in moved.T:
                squares += numbers * numbers
            moved /= np.sqrt(np.where(squares > ROUNDING, squares, 1.0))[:, None]
        return moved

    def longer(self, factor: float) -> AudioPart:
        """Return the same part, `factor` times as long."""
        return replace(self, gain=self.gain * factor)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, exact both ways."""
        return {
            "column": self.column,
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "limit": None if np.isinf(self.limit) else self.limit,
            "unit_length": self.unit_length,
            "directions": None if self.directions is None else self.directions.tolist(),
            "centre": self.centre.tolist(),
            "gain": self.gain,
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> AudioPart:
        """Return the part of `to_dict`."""
        directions = state["directions"]
        width = len(state["mean"])
        return cls(
            column=str(state["column"]),
            mean=np.array(state["mean"], dtype=np.float64),
            scale=np.array(state["scale"], dtype=np.float64),
            limit=np.inf if state["limit"] is None else float(state["limit"]),
            unit_length=bool(state["unit_length"]),
            directions=None if directions is None else np.array(directions, np.float64).reshape(width, -1),
            centre=np.array(state["centre"], dtype=np.float64),
            gain=float(state["gain"]),
        )


@dataclass(frozen=True, kw_only=True)
class AudioBlock(FittedBlock):
    """How songs sound to a network, with timbre and rhythm, as `songatlas scan` hears them in the files.

    Attributes
    ----------
    parts : tuple of AudioPart
        The embedding, and the statistics where the table has them.
    labels : tuple of str
        Name of each coordinate: what songs at both of its ends are like.
    """

    name = "audio"
    default_weight = 1.0
    sentence = "the sound itself, as heard in the files"

    parts: tuple[AudioPart, ...]
    labels: tuple[str, ...]

    @classmethod
    def fit(
        cls,
        songs: pl.DataFrame,
        *,
        features: Sequence[str],
        weight: float,
        feature_weights: Mapping[str, float] = NO_WEIGHTS,
    ) -> Self | str:
        """Fit on the vectors of `songatlas scan`; see `FittedBlock.fit`."""
        if why := why_not_heard(songs):
            return why
        parts = tuple(part for column in RECIPES if (part := _fitted(songs, column)) is not None)
        if not parts:
            return "All songs sound the same to the network, so there is no audio block."
        whole = sum(RECIPES[part.column].share for part in parts)
        longer = tuple(part.longer(weight * np.sqrt(RECIPES[part.column].share / whole)) for part in parts)
        points = np.hstack([part.points(songs) for part in longer])
        return cls(weight=weight, coordinates=(), parts=longer, labels=_labels(songs, points))

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Label of each coordinate."""
        return self.labels

    def points(self, songs: pl.DataFrame) -> Float:
        """Return the block's share of the points, float64 ``(n_songs, n_coordinates)``, finite.

        Raises
        ------
        MissingColumns
            If the songs come without the vectors.
        """
        if EMBEDDING not in songs.columns:
            raise MissingColumns(
                "the songs come without what songatlas scan hears in files (nothing in 'audio_embedding'), "
                "which this space is made of: scan their files, or build the atlas with --space sound,era"
            )
        for part in self.parts:
            _check_width(songs, part.column, len(part.mean))
        return np.hstack([part.points(songs) for part in self.parts])

    def unheard(self, songs: pl.DataFrame) -> tuple[str, ...]:
        """Say how many songs lie in the middle of the block, or of a part of it, for want of a vector."""
        has = {part.column: _has(songs, part.column) for part in self.parts}
        heard = has.get(EMBEDDING, pl.repeat(True, songs.height, eager=True))
        n_unheard = songs.height - int(heard.sum())
        n_unmeasured = int((heard & ~has.get(STATISTICS, heard)).sum())
        told = []
        if n_unheard:
            told.append(
                f"{n_unheard:,} of {songs.height:,} songs were not heard by a scan: they lie in the middle "
                "of the audio block, so that only the other blocks place them."
            )
        if n_unmeasured:
            told.append(
                f"{n_unmeasured:,} of {songs.height:,} songs come without timbre and rhythm "
                "(audio_statistics): of their sound only what the network heard places them."
            )
        return tuple(told)

    def scaled(self, factor: float) -> Self:
        """Return the same block, `factor` times as long."""
        parts = tuple(part.longer(factor) for part in self.parts)
        return replace(self, weight=self.weight * factor, parts=parts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.name,
            "weight": self.weight,
            "parts": [part.to_dict() for part in self.parts],
            "labels": list(self.labels),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """Return the block of `to_dict`."""
        return cls(
            weight=float(state["weight"]),
            coordinates=(),
            parts=tuple(AudioPart.from_dict(part) for part in state["parts"]),
            labels=tuple(state["labels"]),
        )


def why_not_heard(songs: pl.DataFrame) -> str:
    """Return why a table cannot feed the audio block; empty where it can."""
    if EMBEDDING not in songs.columns:
        return "No scan has heard the songs of this table (songatlas scan), so there is no audio block."
    n_heard = songs[EMBEDDING].count()
    if n_heard < LEAST_HEARD * songs.height:
        share = n_heard / songs.height
        return f"Only {share:.0%} of the songs were heard by a scan, so there is no audio block."
    if n_heard < FEWEST_SONGS:
        return (
            f"Only {n_heard} songs were heard by a scan, and it takes {FEWEST_SONGS} to compare them, so "
            "there is no audio block."
        )
    return ""


def _has(songs: pl.DataFrame, column: str) -> pl.Series:
    """Which songs have a vector."""
    if column not in songs.columns:
        return pl.repeat(False, songs.height, eager=True)
    return songs[column].is_not_null()


def _check_width(songs: pl.DataFrame, column: str, width: int) -> None:
    """Refuse vectors of another length than those that the block was made of."""
    if column not in songs.columns:
        return
    lengths = songs[column].list.len().drop_nulls()
    other = lengths.filter((lengths > 0) & (lengths != width))
    if len(other):
        raise MissingColumns(
            f"{column} has lists of {int(other[0]):,} numbers, and the space is made of lists of {width:,}: "
            "scan the files with the version of songatlas that scanned the songs of the atlas, or build "
            "a new atlas"
        )


def vectors_of(songs: pl.DataFrame, column: str, width: int | None = None) -> tuple[NDArray[Any], _Float32]:
    """Return which songs have a vector of that width, bool (n_songs,), and these, float32 (n_known, width).

    Without a `width`, that of the first song which has one is meant.
    """
    if column not in songs.columns:
        return np.zeros(songs.height, dtype=np.bool_), np.zeros((0, width or 0), dtype=np.float32)
    lengths = songs[column].list.len()
    if width is None:
        width = int(next(iter(lengths.filter((lengths > 0).fill_null(value=False)).head(1)), 0))
    known = (lengths == width).fill_null(value=False)
    if not width or not known.any():
        return np.zeros(songs.height, dtype=np.bool_), np.zeros((0, width), dtype=np.float32)
    numbers = songs[column].filter(known).explode(empty_as_null=False, keep_nulls=False).to_numpy()
    return known.to_numpy(), np.asarray(numbers, dtype=np.float32).reshape(-1, width)


def _fitted(songs: pl.DataFrame, column: str) -> AudioPart | None:
    """One vector of unit share over all songs; None where no song has it, or all have the same."""
    known, vectors = vectors_of(songs, column)
    if not len(vectors):
        return None
    recipe, mean = RECIPES[column], _mean(vectors)
    scale = np.ones(len(mean))
    if recipe.is_standardized:
        spread = np.sqrt(_mean((vectors - mean) ** 2))
        constant = spread <= ROUNDING * np.maximum(np.abs(mean), 1.0)
        scale = np.where(constant, 0.0, 1.0 / np.where(constant, 1.0, spread))
    draft = AudioPart(
        column=column,
        mean=mean,
        scale=scale,
        limit=recipe.limit,
        unit_length=recipe.unit_length,
        directions=None,
        centre=np.zeros(len(mean)),
        gain=1.0,
    )
    if recipe.n_directions is not None:
        directions = _directions(draft, vectors, recipe.n_directions, power=recipe.power)
        draft = replace(draft, directions=directions, centre=np.zeros(directions.shape[1]))
    placed = draft.points(songs)[known]
    draft = replace(draft, centre=_mean(placed))
    total = float(np.square(placed - draft.centre).sum()) / songs.height
    return replace(draft, gain=1.0 / np.sqrt(total)) if total > ROUNDING else None


def _mean(vectors: NDArray[Any]) -> Float:
    """Mean of each number, summed over fixed pieces of the songs."""
    sums = [
        vectors[start : start + _ROWS_AT_ONCE].sum(axis=0, dtype=np.float64)
        for start in range(0, len(vectors), _ROWS_AT_ONCE)
    ]
    mean: Float = np.sum(sums, axis=0) / len(vectors)
    return mean


def _directions(part: AudioPart, vectors: _Float32, n_directions: int, *, power: float) -> Float:
    """The strongest principal components, (width, n), signs settled, shorter by a power of their spread."""
    width = len(part.mean)
    sums, scatter = np.zeros(width), np.zeros((width, width))
    with one_blas_thread():
        for start in range(0, len(vectors), _ROWS_AT_ONCE):
            rows = part.scaled(vectors[start : start + _ROWS_AT_ONCE].astype(np.float64))
            sums += rows.sum(axis=0)
            scatter += rows.T @ rows
        scatter = scatter / len(vectors) - np.outer(sums, sums) / len(vectors) ** 2
        strengths, found = np.linalg.eigh(scatter)
    strengths, found = strengths[::-1][:n_directions], found[:, ::-1][:, :n_directions]
    kept = strengths > 1e-9 * max(float(strengths[0]), 1e-300)
    strengths, found = strengths[kept], found[:, kept]
    largest = np.abs(found).round(9).argmax(axis=0)
    signs = np.sign(found[largest, np.arange(found.shape[1])])
    return np.asarray(found * signs * strengths ** (-power / 2), dtype=np.float64)


def _labels(songs: pl.DataFrame, points: Float) -> tuple[str, ...]:
    """What songs at both ends of each coordinate are like: tags heard in them, else the likest feature."""
    ends = _ends_by_tags(songs, points) or _ends_by_features(songs, points)
    return tuple(
        f"Audio: {low} to {high}" if low and high else f"Audio: direction {place}"
        for place, (low, high) in enumerate(ends, start=1)
    )


def _ends_by_tags(songs: pl.DataFrame, points: Float) -> list[tuple[str, str]]:
    """The tags whose songs lie farthest down and up each coordinate; nothing where too few tags are heard.

    Tags that name no stronger coordinate go before those that do, where they lie nearly as far apart.
    """
    if "heard_tags" not in songs.columns:
        return []
    heard = songs.select(pl.row_index("row"), tag="heard_tags").explode("tag").drop_nulls("tag")
    least = max(_LEAST_TAG * songs.height, _FEWEST_TAGGED)
    common = heard.group_by("tag").len().filter(pl.col("len") >= least).sort("tag")
    if common.height < 2:
        return []
    tags = common["tag"].to_list()
    rows = [heard.filter(pl.col("tag") == tag)["row"].to_numpy() for tag in tags]
    middles = np.stack([points[each].mean(axis=0) for each in rows])
    fresh = np.ones(len(tags), dtype=np.bool_)
    ends = []
    for each, least in zip(middles.T, _LEAST_APART * points.std(axis=0), strict=True):
        if np.ptp(each) <= least:
            ends.append(("", ""))
            continue
        is_told_anew = fresh.sum() >= 2 and np.ptp(each[fresh]) >= max(least, _NEARLY * np.ptp(each))
        usable = np.flatnonzero(fresh) if is_told_anew else np.arange(len(tags))
        pair = usable[each[usable].argmin()], usable[each[usable].argmax()]
        fresh[list(pair)] = False
        ends.append((tags[pair[0]], tags[pair[1]]))
    return ends


def _ends_by_features(songs: pl.DataFrame, points: Float) -> list[tuple[str, str]]:
    """The words of the feature that goes most with each coordinate."""
    known = [name for name, each in FEATURES.items() if each.in_sound and name in songs.columns]
    ends = [("", "")] * points.shape[1]
    best = np.full(points.shape[1], _LEAST_LIKENESS)
    for name in known:
        values = numbers_of(songs, name)
        has = np.isfinite(values)
        if has.sum() < _FEWEST_NAMED or np.ptp(values[has]) == 0:
            continue
        centred = values[has] - values[has].mean()
        moved = points[has] - points[has].mean(axis=0)
        lengths = np.sqrt(np.square(moved).sum(axis=0) * np.square(centred).sum())
        likeness = (moved * centred[:, None]).sum(axis=0) / np.where(lengths > 0, lengths, 1.0)
        low, high = (float(each) for each in np.quantile(values[has], (0.1, 0.9)))
        if not is_noticeable(name, low, high):
            continue
        words = _end_word(name, low, high=False), _end_word(name, high, high=True)
        for place in np.flatnonzero(np.abs(likeness) > best):
            best[place] = abs(likeness[place])
            ends[place] = words if likeness[place] > 0 else (words[1], words[0])
    return ends


def _end_word(name: str, value: float, *, high: bool) -> str:
    """What songs are like at one end of a feature, whose value there is given."""
    feature = FEATURES[name]
    if bears_word(name, value, high=high):
        return feature.high_word if high else feature.low_word
    return f"{'more' if high else 'less'} {feature.high_word}"
