"""The map of the songs on a page: what the browser is told and fetches, and what it says back.

The message to the browser holds addresses; places, labels, colours and names are fetched from them, names
only where the person looks. The map says back a picked song and the polygon of a lasso; both are kept here,
and the map is told of them again, so that Python alone knows what is picked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import polars as pl
import streamlit as st
from numpy.typing import NDArray

from songatlas.app.map.map_colours import CLUSTER, colours_of
from songatlas.app.map.picking import LATELY, cluster_alone, flights, on_pick, on_unpick
from songatlas.app.visit.opening import Catalogue, catalogue
from songatlas.app.visit.state import kept, put
from songatlas.atlas.layouts import MapLayout
from songatlas.atlas.views import View
from songatlas.errors import SongAtlasError
from songatlas.starmap import (
    MapFrame,
    cluster_colouring,
    label_spots,
    map_frame,
    map_settings,
    name_chunk,
    named_by_address,
    pack_labels,
    pack_order,
    pack_places,
    script,
    styles,
)

MAP_KEY: Final = "starmap"
LASSO: Final = "lasso"
"""What the polygon of the lasso is kept as: corners in map coordinates, empty where there is none."""

_HEIGHT: Final = 560
_LEGEND_BELOW: Final = """
@container (max-width: 1000px) {
  .starmap-body { grid-template-columns: minmax(0, 1fr); }
  .starmap-legend { max-height: none; padding-top: 8px; }
  .starmap-legend ul {
    display: grid; gap: 0 16px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 210px), 1fr));
  }
}
"""
_MOST_CORNERS: Final = 2000


@dataclass(frozen=True, eq=False, kw_only=True)
class PlacedSongs:
    """The songs of a catalogue as one layout places them.

    Attributes
    ----------
    name : str
        Name of the layout.
    layout : MapLayout
    frame : MapFrame
    order : ndarray of int64, shape (n_songs,)
        Rows of the songs in the order that the map holds them.
    place_of : ndarray of int64, shape (n_songs,)
        Place of each row in that order.
    """

    name: str
    layout: MapLayout
    frame: MapFrame
    order: NDArray[np.int64]
    place_of: NDArray[np.int64]


def placed_songs(opened: Catalogue, name: str, layout: MapLayout) -> PlacedSongs:
    """Return the songs as a layout places them; kept with the atlas."""

    def make() -> PlacedSongs:
        order = pack_order(layout.positions)
        place_of = np.empty_like(order)
        place_of[order] = np.arange(len(order))
        return PlacedSongs(
            name=name, layout=layout, frame=map_frame(layout.positions), order=order, place_of=place_of
        )

    return opened.atlas.kept.get("placed songs", name, make, most=2)


def show_map(
    placed: PlacedSongs,
    shown: View,
    *,
    names: Sequence[str],
    colour: str = CLUSTER,
    picked: int | None = None,
    marked: Sequence[int] = (),
) -> None:
    """Draw the map.

    Parameters
    ----------
    placed : PlacedSongs
    shown : View
        Whose clusters are shown.
    names : sequence of str
        Names of its clusters.
    colour : str
        One of `colour_choices`.
    picked : int, optional
        Row of the picked song.
    marked : sequence of int
        Rows of songs that get a ring.
    """
    told = map_told(catalogue(), placed, shown, names=names, colour=colour)
    told["picked"] = None if picked is None else int(placed.place_of[picked])
    told["marked"] = placed.place_of[list(marked)].tolist()
    told["lasso"] = kept(LASSO) or None
    told["only"] = cluster_alone(shown.choice)
    if picked is not None and flights():
        told["fly_to"] = {"place": told["picked"], "n": flights()}
    _component()(
        key=MAP_KEY,
        data=told,
        on_picked_change=lambda: on_map_pick(placed),
        on_lasso_change=on_map_lasso,
    )


def map_told(
    opened: Catalogue, placed: PlacedSongs, shown: View, *, names: Sequence[str], colour: str
) -> dict[str, Any]:
    """Return what the map is told of the songs and their clusters, with addresses for what it fetches."""
    songs, order = opened.atlas.songs, placed.order
    # The part's bytes may outlive this run: everything they are made of is in the key.
    layout_key = f"{opened.key}|{placed.name}"
    positions, labels = placed.layout.positions, shown.labels
    groups = _cluster_groups(opened, placed, shown, names)
    colouring, part = None, None
    if colour != CLUSTER:
        chosen = colours_of(opened.atlas, colour)
        colouring = chosen.colouring
        part = _part(opened, f"{layout_key}|colour|{colour}", lambda: chosen.pack(order))
    return map_settings(
        n=songs.height,
        frame=placed.frame,
        places=_part(opened, f"{layout_key}|places", lambda: pack_places(positions, order)),
        labels=_part(opened, f"{layout_key}|labels|{choice_key(shown)}", lambda: pack_labels(labels, order)),
        clusters=groups,
        colouring=colouring,
        colouring_part=part,
        names=named_by_address(
            opened.parts.address_of(f"{layout_key}|names", lambda chunk: _names(songs, order, chunk))
            + "/{chunk}"
        ),
        axis_words=placed.layout.axis_words,
        note=placed.layout.note,
        height=_HEIGHT,
    )


def choice_key(shown: View) -> str:
    """Return what tells one view of a catalogue from another."""
    choice = shown.choice
    return f"{choice.k}|{sorted(choice.weights.items())}|{choice.genre_pull}"


def on_map_pick(placed: PlacedSongs) -> None:
    """Take the song that was clicked on the map; a click beside all songs puts the picked one away."""
    row = row_at(placed, _said("picked"))
    if row is None:
        on_unpick()
    else:
        on_pick(str(catalogue().atlas.songs["song_id"][row]), fly=False)


def row_at(placed: PlacedSongs, place: Any) -> int | None:
    """Return the row of the song at a place of the map; None where the map said none."""
    is_number = isinstance(place, int | float) and np.isfinite(place)
    if not is_number or not 0 <= place < len(placed.order):
        return None
    return int(placed.order[int(place)])


def on_map_lasso() -> None:
    """Take the polygon of a lasso."""
    take_lasso(_said("lasso"))


def take_lasso(polygon: Any) -> None:
    """Keep the polygon of a lasso, in map coordinates; anything that is none clears it."""
    corners = corners_of(polygon)
    put(LASSO, corners)
    put(LATELY, "lasso" if corners else "song")


def corners_of(polygon: Any) -> list[list[float]]:
    """Return the corners of a polygon that the map sent; none where it is no polygon.

    Examples
    --------
    >>> corners_of([[0, 0], [1, 0], [0, 1]])
    [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    >>> corners_of([[0, 0], [1, None]]), corners_of("<script>")
    ([], [])
    """
    try:
        corners = np.asarray(polygon, dtype=np.float64)
    except (OverflowError, TypeError, ValueError):
        return []
    whole = corners.ndim == 2 and corners.shape[1:] == (2,) and 3 <= len(corners) <= _MOST_CORNERS
    return corners.tolist() if whole and np.isfinite(corners).all() else []


def _said(event: str) -> Any:
    """What the map said in this run."""
    state = st.session_state.get(MAP_KEY)
    return state.get(event) if state else None


@cache
def _component() -> Any:
    return st.components.v2.component(
        "songatlas_starmap", js=script(), css=styles() + _LEGEND_BELOW, html="<div></div>"
    )


def _part(opened: Catalogue, key: str, make: Callable[[], bytes]) -> dict[str, str]:
    """Where the browser fetches a part that is whole by itself."""

    def only(number: int) -> bytes:
        if number:
            raise IndexError(number)
        return make()

    return {"src": f"{opened.parts.address_of(key, only)}/0"}


def _names(songs: pl.DataFrame, order: NDArray[np.int64], chunk: int) -> bytes:
    try:
        return name_chunk(songs, order, chunk)
    except SongAtlasError as error:
        raise IndexError(chunk) from error


def _cluster_groups(opened: Catalogue, placed: PlacedSongs, shown: View, names: Sequence[str]) -> Any:
    """The legend of the clusters, with the places of their names."""
    k, labels = shown.choice.k, shown.labels
    spots = opened.atlas.kept.get(
        "label spots",
        (placed.name, choice_key(shown)),
        lambda: label_spots(placed.layout.positions, labels, k=k),
        most=8,
    )
    sizes = np.bincount(labels, minlength=k).tolist()
    colours = [shown.colour_of(each) for each in range(k)]
    return cluster_colouring(names, colours, sizes, spots, numbers=shown.colours)
