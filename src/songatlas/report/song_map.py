"""The map of the songs on the page: drawn by the reader's browser, from parts that the page holds itself.

Of a large catalogue a sample is shown, drawn by the seed of the atlas, so that the page stays light. The
page allows this one script, by the hash of its text, and no request.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from songatlas.report.draw import drawn_rows
from songatlas.starmap import (
    cluster_colouring,
    in_page,
    label_spots,
    map_frame,
    map_page_part,
    map_settings,
    name_chunks,
    named_by_parts,
    pack_labels,
    pack_order,
    pack_places,
    script,
    styles,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from songatlas.atlas import Atlas

MOST_SONGS = 60_000
"""Songs on the map of the page."""

MOST_NAME_BYTES = 1_400_000
"""Bytes that their names may take packed; where they are long, fewer songs are shown."""


@dataclass(frozen=True, kw_only=True)
class SongMap:
    """The map as the page holds it.

    Attributes
    ----------
    place : Markup
        The element that the map mounts itself on, with its settings and packed parts.
    script, styles : Markup
        Text of the script and of the style sheet.
    script_hash : str
        What the content policy of the page allows: ``sha256-...``.
    n_shown, n_songs : int
        Songs on the map, and in clusters at all.
    """

    place: Markup
    script: Markup
    styles: Markup
    script_hash: str
    n_shown: int
    n_songs: int


def song_map(atlas: Atlas, *, most: int = MOST_SONGS) -> SongMap:
    """Return the map of the songs of an atlas.

    Parameters
    ----------
    atlas : Atlas
        Built or loaded.
    most : int
        Songs to show at most; fewer where their names are long.

    Returns
    -------
    SongMap
    """
    rows, order, chunks = _named_rows(atlas, most)
    positions = atlas.positions[rows]
    frame = map_frame(positions)
    settings = map_settings(
        n=len(rows),
        frame=frame,
        places=in_page(pack_places(positions, order)),
        labels=in_page(pack_labels(atlas.clustering.labels[rows], order)),
        clusters=_clusters(atlas),
        names=named_by_parts([in_page(chunk) for chunk in chunks]),
        axis_words=_axis_words(atlas),
        search=True,
    )
    text = script()
    return SongMap(
        place=Markup(map_page_part(settings, identity="song-map")),  # noqa: S704  its texts are JSON-escaped
        script=Markup(text),  # noqa: S704  our own file
        styles=Markup(styles()),  # noqa: S704  our own file
        script_hash="sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii"),
        n_shown=len(rows),
        n_songs=atlas.n_clustered,
    )


def _named_rows(atlas: Atlas, most: int) -> tuple[NDArray[Any], NDArray[np.int64], list[bytes]]:
    """Rows of a sample whose packed names are not too heavy, its packed order, and the names."""
    while True:
        rows = drawn_rows(atlas, most)
        order = pack_order(atlas.positions[rows])
        chunks = list(name_chunks(atlas.songs, np.asarray(rows[order], dtype=np.int64)))
        weight = sum(len(chunk) for chunk in chunks)
        if weight <= MOST_NAME_BYTES:
            return rows, order, chunks
        most = int(0.95 * len(rows) * MOST_NAME_BYTES / weight)


def _clusters(atlas: Atlas) -> Any:
    spots = label_spots(atlas.positions, atlas.clustering.labels, k=atlas.k)
    return cluster_colouring(
        atlas.cluster_names(),
        [atlas.colour_of(cluster) for cluster in range(atlas.k)],
        [profile.size for profile in atlas.profiles],
        spots,
        numbers=atlas.colours,
    )


def _axis_words(atlas: Atlas) -> tuple[tuple[str, str], tuple[str, str]]:
    (left, right), (bottom, top) = atlas.layout.axis_words
    return (left, right), (bottom, top)
