"""The genre block: songs that are believed to be of the same genre lie near each other.

Coordinates are the square roots of the probability of each genre, so that the distance of two songs is the
Hellinger distance of their beliefs. What is believed comes with the songs table, in the column `BELIEF`.

References
----------
E. Hellinger (1909), "Neue Begründung der Theorie quadratischer Formen von unendlichvielen Veränderlichen",
Journal für die reine und angewandte Mathematik 136.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import MissingColumns
from songatlas.space.blocks import NO_WEIGHTS, ROUNDING, FittedBlock
from songatlas.space.coordinates import Float

BELIEF: Final = "genre_belief"
"""Column of a songs table with the probability of each genre, Array(Float32, n_genres)."""


@dataclass(frozen=True, kw_only=True)
class GenreBlock(FittedBlock):
    """Which genre songs are believed to be of: square roots of probabilities.

    Attributes
    ----------
    genres : tuple of str
        The genres, in the order of the probabilities.
    mean : ndarray of float64, shape (n_genres,)
        Middle of the songs.
    gain : float
        Factor that gives the block its weight.
    """

    name = "genre"
    default_weight = 1.0
    sentence = "the genre they are believed to be of"

    genres: tuple[str, ...]
    mean: Float
    gain: float

    @classmethod
    def fit(
        cls,
        songs: pl.DataFrame,
        *,
        features: Sequence[str],
        weight: float,
        feature_weights: Mapping[str, float] = NO_WEIGHTS,
    ) -> Self | str:
        """Fit on the column `BELIEF`, whose struct or array fields are genres; see `FittedBlock.fit`."""
        if BELIEF not in songs.columns:
            return "The table has too few songs with a genre to learn from, so there is no genre block."
        names = tuple(songs[BELIEF].struct.fields)
        roots = _roots(songs, len(names))
        mean = roots.mean(axis=0)
        total = float(np.square(roots - mean).mean(axis=0).sum())
        gain = weight / np.sqrt(total) if total > ROUNDING else 0.0
        return cls(weight=weight, coordinates=(), genres=names, mean=mean, gain=float(gain))

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Label of each coordinate."""
        return tuple(f"Genre: {name}" for name in self.genres)

    def points(self, songs: pl.DataFrame) -> Float:
        """Return the block's share of the points, float64 ``(n_songs, n_genres)``, finite.

        Raises
        ------
        MissingColumns
            If the songs come without beliefs.
        """
        if BELIEF not in songs.columns:
            raise MissingColumns("the songs come without beliefs on their genre, which this space is made of")
        return (_roots(songs, len(self.genres)) - self.mean) * self.gain

    def scaled(self, factor: float) -> Self:
        """Return the same block, `factor` times as long."""
        return replace(self, weight=self.weight * factor, gain=self.gain * factor)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.name,
            "weight": self.weight,
            "genres": list(self.genres),
            "mean": self.mean.tolist(),
            "gain": self.gain,
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """Return the block of `to_dict`."""
        return cls(
            weight=float(state["weight"]),
            coordinates=(),
            genres=tuple(state["genres"]),
            mean=np.array(state["mean"], dtype=np.float64),
            gain=float(state["gain"]),
        )


def belief_column(probabilities: NDArray[np.float32], genres: Sequence[str]) -> pl.Series:
    """Return probabilities as the column that the genre block is fitted on.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (n_songs, n_genres)
        Rows sum to 1.
    genres : sequence of str
        Name of each genre.

    Returns
    -------
    Series of Struct
        Named `BELIEF`, with one Float32 field a genre.
    """
    fields = {genre: probabilities[:, place] for place, genre in enumerate(genres)}
    return pl.DataFrame(fields).to_struct(BELIEF)


def _roots(songs: pl.DataFrame, n_genres: int) -> Float:
    """Square roots of the probabilities, float64 (n_songs, n_genres)."""
    probabilities = (
        songs[BELIEF].struct.unnest().to_numpy().astype(np.float64).reshape(songs.height, n_genres)
    )
    roots: Float = np.sqrt(np.maximum(probabilities, 0.0))
    return roots
