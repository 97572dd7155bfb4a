"""The space of taste: every block that a table can feed, and how near songs lie in each.

Two songs are near where all blocks agree: the log kernel of a pair is a sum over blocks. Sound, audio, era,
tags and popularity count by squared distance, ``-d**2 / 2`` with d in widths of the block; a shared artist
and a shared album add a constant. Popularity says how well known a song is; it is no part of how songs
sound, and counts only here.

Conventions
-----------
Coordinates are float32 and lie around 0, in widths: a weight multiplies distances, so that 0 leaves a block
out. The tags of a song are a *kind*: songs of an artist mostly carry the same tags, so that there are far
fewer kinds than songs, and what is measured once for a kind holds for all of its songs.

References
----------
E. Parzen (1962), "On estimation of a probability density function and mode", Annals of Mathematical
Statistics 33.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import BadSettings, UnknownName, did_you_mean

WIDTHS: Final = MappingProxyType({"sound": 1.0, "audio": 1.0, "era": 3.0, "tags": 0.5, "popularity": 22.0})
"""Distance at which a song counts for exp(-1/2) of one in the same place: of sound and audio in units of
their share, of the era in years, of tags between unit vectors, of popularity in points of 100."""

SOUND_BESIDE_AUDIO: Final = 0.2
"""Part that the features of the sound have of squared distances where the audio block is there, which has
the rest: together they count as the sound alone does elsewhere. The features of a scan are estimates of
what the audio block knows at first hand; measured tempo, loudness and length are worth that part. Playlists
of people whose files were scanned are not at hand: the figure is set, not chosen by their halves."""

BONUSES: Final = MappingProxyType({"artist": 2.0, "album": 5.0})
"""What a shared artist and a shared album add to the log kernel of two songs."""

BLOCKS: Final = (*WIDTHS, *BONUSES)
"""Blocks of the space of taste. Widths and bonuses were chosen on one half of real playlists
(`python -m benchmarks.recommendation --choose`) and rounded; without `--choose` it shows what they give on
the other."""

N_TAG_DIMENSIONS: Final = 128
MOST_WEIGHT: Final = 1000.0
"""Largest weight of a block; beyond it squares of distances would leave the range of float32."""

_Rows: TypeAlias = NDArray[np.int64]
_Float32: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Groups:
    """Songs that share something, such as an artist; a song may be in several groups or in none.

    Attributes
    ----------
    first : ndarray of int64, shape (n_songs + 1,)
        Where in `number` the groups of each song begin.
    number : ndarray of int32
        Numbers of the groups, song after song.
    """

    first: NDArray[np.int64]
    number: NDArray[np.int32]
    _members: _Rows
    _starts: _Rows

    @classmethod
    def of(cls, names: pl.Series) -> Groups:
        """Make groups out of a name or a list of names for each song; null and blank are no group.

        Examples
        --------
        >>> groups = Groups.of(pl.Series([["Ann", "Bo"], ["ann "], [], ["Bo"]]))
        >>> groups.sharing(0).tolist(), groups.sharing(2).tolist()
        ([0, 1, 3], [])
        """
        frame = pl.DataFrame({"name": names}).with_row_index("song")
        if isinstance(names.dtype, pl.List):
            frame = frame.explode("name")
        name = pl.col("name").cast(pl.String).str.strip_chars().str.to_lowercase()
        known = frame.select("song", name).filter(pl.col("name").is_not_null() & (pl.col("name") != ""))
        known = known.unique(maintain_order=True)
        song = known["song"].to_numpy().astype(np.int64)
        number = (known["name"].rank("dense").to_numpy().astype(np.int64) - 1).astype(np.int32)
        first = np.searchsorted(song, np.arange(len(names) + 1))
        order = np.argsort(number, kind="stable")
        n_groups = int(number.max(initial=-1)) + 1
        return cls(first, number, song[order], np.searchsorted(number[order], np.arange(n_groups + 1)))

    def of_song(self, song: int) -> NDArray[np.int32]:
        """Return the groups of a song."""
        return self.number[self.first[song] : self.first[song + 1]]

    def sharing(self, song: int) -> _Rows:
        """Return the songs that share a group with a song, itself among them, rising."""
        parts = [self._members[self._starts[at] : self._starts[at + 1]] for at in self.of_song(song)]
        if len(parts) == 1:
            return parts[0]
        return np.unique(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Taste:
    """The songs of a catalogue in the space of taste; made by `fit_taste`.

    Attributes
    ----------
    coordinates : ndarray of float32, shape (n_songs, n_coordinates)
        Sound, audio, era and popularity, in widths, centred.
    kind : ndarray of int32, shape (n_songs,)
        Line of `kind_points` of each song.
    kind_points : ndarray of float32, shape (n_kinds, n_tag_coordinates)
        Places of the tags, in widths.
    shared : tuple of (Groups, float)
        Artists and albums, with what sharing one adds to the log kernel.
    blocks : tuple of str
        Blocks that count.
    places : mapping of str to slice
        Columns of `coordinates` of each block that has some.
    """

    coordinates: _Float32
    kind: NDArray[np.int32]
    kind_points: _Float32
    shared: tuple[tuple[Groups, float], ...]
    blocks: tuple[str, ...]
    places: Mapping[str, slice] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def n_songs(self) -> int:
        """Number of songs."""
        return len(self.coordinates)

    @cached_property
    def lengthened(self) -> _Float32:
        """The coordinates of each song, then minus half their squared length, then 1; float32.

        With the last two exchanged, one product of two songs gives minus half their squared distance.
        """
        halves = 0.5 * np.einsum("ij,ij->i", self.coordinates, self.coordinates)
        return np.column_stack([self.coordinates, -halves, np.ones_like(halves)])

    def points(self, rows: NDArray[np.integer[Any]] | slice = slice(None)) -> _Float32:
        """Return points of songs, float32 (n_rows, n_dimensions).

        Half the squared distance of two is minus their log kernel, shared artists and albums left aside.
        """
        return np.hstack([self.coordinates[rows], self.kind_points[self.kind[rows]]])


def fit_taste(
    n_songs: int,
    *,
    sound: NDArray[Any] | None = None,
    audio: NDArray[Any] | None = None,
    years: NDArray[Any] | None = None,
    popularity: NDArray[Any] | None = None,
    tags: tuple[NDArray[np.int32], NDArray[Any]] | None = None,
    artists: pl.Series | None = None,
    albums: pl.Series | None = None,
    weights: Mapping[str, float] = MappingProxyType({}),
) -> Taste:
    """Put songs into the space of taste.

    Parameters
    ----------
    n_songs : int
    sound : ndarray, shape (n_songs, n_coordinates), optional
        Coordinates of the sound, of unit share, finite. Like everything below None where the table lacks it.
    audio : ndarray, shape (n_songs, n_coordinates), optional
        Coordinates of what a scan has heard, of unit share, finite.
    years, popularity : ndarray, shape (n_songs,), optional
        Release years, and points from 0 to 100; NaN where not known, which then lies in the middle.
    tags : (ndarray of int32 (n_songs,), ndarray (n_kinds, n_tag_coordinates)), optional
        The kind of each song, and unit vectors of the kinds.
    artists, albums : Series, optional
        Names of the artists of each song, and something that only songs of one album have.
    weights : mapping of str to float
        Factors of distances in a block of BLOCKS, and of the bonus of a shared artist or album; 1 where none.

    Raises
    ------
    UnknownName, BadSettings
        If a weight is of no block, negative or not finite, or if nothing is left to count.

    Examples
    --------
    >>> taste = fit_taste(3, sound=np.eye(3), years=np.array([1970.0, 1975.0, np.nan]))
    >>> taste.blocks, taste.points().shape
    (('sound', 'era'), (3, 4))
    """
    factors = dict.fromkeys(BLOCKS, 1.0) | dict(_checked(weights))
    if sound is not None and audio is not None:
        factors["sound"] *= SOUND_BESIDE_AUDIO**0.5
        factors["audio"] *= (1 - SOUND_BESIDE_AUDIO) ** 0.5
    measured = {
        "sound": sound,
        "audio": audio,
        "era": None if years is None else _filled(years),
        "popularity": None if popularity is None else _filled(popularity),
    }
    columns, used = [np.zeros((n_songs, 0))], []
    places: dict[str, slice] = {}
    for block, values in measured.items():
        if values is not None and factors[block] and np.ptp(values, axis=0).any():
            before = sum(each.shape[1] for each in columns)
            columns.append((values - values.mean(axis=0)) * (factors[block] / WIDTHS[block]))
            places[block] = slice(before, before + columns[-1].shape[1])
            used.append(block)
    kind, vectors = np.zeros(n_songs, dtype=np.int32), np.zeros((1, 0))
    if tags is not None and factors["tags"]:
        kind, vectors = tags[0], tags[1] * (factors["tags"] / WIDTHS["tags"])
        used.append("tags")
    shared = []
    for block, names in (("artist", artists), ("album", albums)):
        if names is not None and factors[block]:
            shared.append((Groups.of(names), BONUSES[block] * factors[block]))
            used.append(block)
    if not used:
        raise BadSettings("nothing is left to recommend by: give one block a weight above 0")
    return Taste(
        coordinates=np.ascontiguousarray(np.hstack(columns), dtype=np.float32),
        kind=kind,
        kind_points=np.ascontiguousarray(vectors, dtype=np.float32),
        shared=tuple(shared),
        blocks=tuple(block for block in BLOCKS if block in used),
        places=MappingProxyType(places),
    )


def _filled(values: NDArray[Any]) -> NDArray[np.float64]:
    """A column with its median where nothing is known, (n_songs, 1); all 0 where nothing is known at all."""
    numbers = np.asarray(values, dtype=np.float64)
    known = np.isfinite(numbers)
    middle = float(np.median(numbers[known])) if known.any() else 0.0
    return np.where(known, numbers, middle)[:, None]


def _checked(weights: Mapping[str, float]) -> Mapping[str, float]:
    """The weights, after a check of names and values."""
    for block, weight in weights.items():
        if block not in BLOCKS:
            known: Sequence[str] = BLOCKS
            raise UnknownName(
                f"no block of taste is called {block!r}{did_you_mean(block, known)} "
                f"(blocks: {', '.join(known)})"
            )
        if not 0 <= weight <= MOST_WEIGHT:
            raise BadSettings(
                f"the weight of {block!r} is {weight:g}: it must be a number from 0 to {MOST_WEIGHT:g}"
            )
    return weights
