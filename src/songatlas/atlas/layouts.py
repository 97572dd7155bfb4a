"""Maps of an atlas: the principal components that every atlas has, and one that keeps neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.features import label_of
from songatlas.progress import Progress
from songatlas.space import ends_of
from songatlas.space.neighbour_layout import (
    FEWEST_SONGS,
    N_LANDMARKS,
    axis_words,
    neighbour_layout,
)

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas


@dataclass(frozen=True, eq=False, kw_only=True)
class MapLayout:
    """A map of the songs of an atlas.

    Attributes
    ----------
    kind : str
        "pca" or "neighbours".
    positions : ndarray of float32, shape (n_songs, 2)
        In the order of `atlas.songs`.
    axis_words : ((str, str), (str, str))
        What songs are like on the left and on the right, at the bottom and at the top; empty where no
        feature says it.
    note : str
        What the map keeps and what not, for a person.
    """

    kind: str
    positions: NDArray[np.float32]
    axis_words: tuple[tuple[str, str], tuple[str, str]]
    note: str


def pca_map(atlas: Atlas) -> MapLayout:
    """Return the map that an atlas was built with: its two principal components."""
    shares = atlas.layout.explained
    note = (
        f"The two directions in which the songs differ most. They hold {sum(shares):.0%} of the differences: "
        "songs that look close may still differ in something else."
    )
    return MapLayout(kind="pca", positions=atlas.positions, axis_words=atlas.layout.axis_words, note=note)


def neighbour_map(atlas: Atlas, *, progress: Progress | None = None) -> MapLayout:
    """Return a map on which songs that sound alike lie together, made once and kept with the atlas.

    Parameters
    ----------
    atlas : Atlas
    progress : callable, optional
        Called with the share done (0 to 1) and words: 100,000 songs take about half a minute.

    Returns
    -------
    MapLayout
        The principal components, with a note that says so, where there are too few songs.

    Raises
    ------
    SongAtlasError
        If PaCMAP is not installed.
    """
    return atlas.kept.get("neighbour map", None, lambda: _made(atlas, progress))


def _made(atlas: Atlas, progress: Progress | None) -> MapLayout:
    built, n_songs = pca_map(atlas), atlas.songs.height
    if n_songs < FEWEST_SONGS:
        note = f"{n_songs} songs are too few to keep neighbourhoods, so this is the usual map. {built.note}"
        return MapLayout(kind="pca", positions=built.positions, axis_words=built.axis_words, note=note)
    positions = neighbour_layout(
        atlas.points(),
        seed=atlas.settings.seed,
        like=atlas.positions,
        n_threads=atlas.settings.threads,
        progress=progress,
    )
    columns = {name: atlas.songs[name].cast(pl.Float64) for name in _columns_told(atlas)}
    words = {name: ends_of(label_of(name)) for name in columns}
    among = f" {N_LANDMARKS:,} songs were laid out, the others placed among them." * (n_songs > N_LANDMARKS)
    return MapLayout(
        kind="neighbours",
        positions=positions,
        axis_words=axis_words(positions, columns, words),
        note="Songs that sound alike lie close together. How far apart two regions lie, and how large they "
        f"are, says little.{among}",
    )


def _columns_told(atlas: Atlas) -> tuple[str, ...]:
    """Columns that may name an axis: those that make the points, but for the key, which is a circle."""
    made_of = {each.column for block in atlas.space.blocks for each in block.coordinates}
    return tuple(name for name in sorted(made_of - {"key"}) if name in atlas.songs.columns)
