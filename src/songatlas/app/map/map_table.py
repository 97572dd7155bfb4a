"""The map as a table: for readers who do not see it, and browsers that cannot draw it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from songatlas.app.map.song_map import PlacedSongs
from songatlas.app.words.markup import chip, cluster_mark, page, paragraph, table, text
from songatlas.atlas.views import View
from songatlas.songs.finding import named_song, rows_of_ids

_TYPICAL: Final = 3
_OFF_CENTRE: Final = 0.35  # deviations from the middle of the map from which a cluster lies to one side

AxisWords = tuple[tuple[str, str], tuple[str, str]]


def show_map_table(placed: PlacedSongs, shown: View, names: Sequence[str]) -> None:
    """Draw the clusters of the map as a table."""
    whereabouts = cluster_places(placed.layout.positions, shown.labels, shown.k, placed.layout.axis_words)
    rows = [
        [
            chip(names[profile.cluster], cluster_mark(shown, profile.cluster)),
            f"{profile.size:,}",
            f"{profile.share:.0%}",
            text(whereabouts[profile.cluster]),
            "<br>".join(text(song, longest=70) for song in _typical_songs(shown, profile.typical)),
        ]
        for profile in shown.profiles
    ]
    st.html(
        page(
            table(["Cluster", "Songs", "Share", "Where on the map", "Typical songs"], rows, numbers=(1, 2)),
            paragraph("Songs that lie near each other on the map sound alike.", soft=True),
        )
    )


def cluster_places(
    positions: NDArray[np.floating], labels: NDArray[np.integer], k: int, axis_words: AxisWords
) -> list[str]:
    """Return in words where the middle of each cluster lies on the map.

    Parameters
    ----------
    positions : ndarray, shape (n_songs, 2)
    labels : ndarray of int, shape (n_songs,)
        0 to k - 1.
    k : int
    axis_words : ((left, right), (bottom, top))
        What songs at the ends are like.

    Examples
    --------
    >>> places = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    >>> cluster_places(places, np.array([0, 1, 2]), 3, (("calm", "loud"), ("old", "new")))
    ['left (calm)', 'right (loud)', 'the middle']
    """
    sizes = np.maximum(np.bincount(labels, minlength=k), 1)
    middles = np.stack([np.bincount(labels, positions[:, axis], minlength=k) for axis in (0, 1)], axis=1)
    spread = positions.std(axis=0)
    offsets = (middles / sizes[:, None] - positions.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    sides = (("left", "right"), ("bottom", "top"))
    told = []
    for offset in offsets:
        parts = [
            _side(sides[axis][int(offset[axis] > 0)], axis_words[axis][int(offset[axis] > 0)])
            for axis in (1, 0)
            if abs(offset[axis]) >= _OFF_CENTRE
        ]
        told.append(", ".join(parts) or "the middle")
    return told


def _side(side: str, words: str) -> str:
    return f"{side} ({words})" if words else side


def _typical_songs(shown: View, song_ids: Sequence[str]) -> list[str]:
    """Title and artist of the first typical songs of a cluster."""
    songs = shown.base.songs
    rows = rows_of_ids(songs["song_id"], list(song_ids[:_TYPICAL]))
    return [named_song(songs, row) for row in rows if row is not None]
