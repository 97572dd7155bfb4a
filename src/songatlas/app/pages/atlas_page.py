"""The page *Atlas*: the map of all songs, how many clusters, what counts, and the songs that are picked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
import streamlit as st
from numpy.typing import NDArray

from songatlas.app.map import controls, map_layouts
from songatlas.app.map.firmness import firmness
from songatlas.app.map.lasso_panel import rows_of_lasso, show_lasso
from songatlas.app.map.map_table import show_map_table
from songatlas.app.map.picking import LATELY, keep_picked, on_pick, picked_row
from songatlas.app.map.song_map import PlacedSongs, show_map
from songatlas.app.songs.song_cards import card_of, show_card, show_similar, songs_like
from songatlas.app.songs.song_picker import song_search
from songatlas.app.visit.opening import catalogue
from songatlas.app.visit.state import kept
from songatlas.app.visit.walking import go_to, shown_names, view
from songatlas.app.visit.warming import is_warm, warm_up
from songatlas.atlas.views import View

_WIDTHS: Final = (2, 1)
_STYLE: Final = """<style>
@media (max-width: 640px) {
  [data-testid="stLayoutWrapper"]:has(> .st-key-find_songs) { order: -2; }
  [data-testid="stLayoutWrapper"]:has(> .st-key-map_card) { order: -1; }
}
@media (min-width: 900px) and (min-height: 850px) {
  [data-testid="stLayoutWrapper"]:has(> .st-key-map_side) { position: sticky; top: 4.5rem; flex: none; }
}
.st-key-find_songs button { min-height: 0; justify-content: start; text-align: left; }
.st-key-similar_songs button { justify-content: start; text-align: left; min-height: 0; padding-bottom: 0; }
</style>"""
"""On a phone the search and the card of a song stand right below the map, before the controls; on a large
screen the map stays in sight while a card is read."""


def show() -> None:
    """Draw the page."""
    opened = catalogue()
    atlas = opened.atlas
    keep_picked()
    map_layouts.keep_layout()
    controls.keep_colour(atlas)
    st.html(_STYLE)
    shown, names = view(), shown_names()
    st.markdown(first_line(shown))
    map_side, panel = st.columns(_WIDTHS, gap="medium")
    placed = map_layouts.shown_layout(opened)
    row = picked_row(atlas)
    similar = songs_like(atlas, row) if row is not None and is_warm(atlas) else None
    with map_side, st.container(key="map_side"):
        _map_side(placed, shown, names, row=row, similar=similar)
    with panel, st.container(key="find_songs", gap="xsmall"):
        _search(shown, names)
    with panel, st.container(key="map_controls"):
        _controls(shown)
    with panel, st.container(key="map_card"):
        wants_playlist = _panel(shown, names, rows=rows_of_lasso(placed), row=row, similar=similar)
    warm_up(atlas)
    if wants_playlist:
        go_to("playlist")


def first_line(shown: View) -> str:
    """Return what there is to see, what to think of it, and what to try."""
    return (
        f"**{shown.base.songs.height:,} songs in {shown.k} clusters**: {firmness(shown)}. "
        "Each dot is a song: click one for its card, draw around some with *Lasso*, or move the slider."
    )


def _map_side(
    placed: PlacedSongs,
    shown: View,
    names: Sequence[str],
    *,
    row: int | None,
    similar: pl.DataFrame | None,
) -> None:
    """The map, and the map as a table."""
    marked = [] if similar is None else similar["row"].to_list()
    show_map(placed, shown, names=names, colour=kept(controls.COLOUR), picked=row, marked=marked)
    table = st.expander("The map as a table", key="map_table", on_change="rerun")
    if table.open:
        with table:
            show_map_table(placed, shown, names)


def _search(shown: View, names: Sequence[str]) -> None:
    """Find a song by words, and pick it."""
    song_search(
        shown.base,
        "Find a song",
        name="find",
        pick=on_pick,
        verb="Show",
        beside=lambda row: names[shown.labels[row]],
    )


def _controls(shown: View) -> None:
    """How many clusters, what the map shows, and what counts."""
    atlas = shown.base
    controls.show_k(atlas, shown)
    colours, layouts = st.columns(2)
    with colours:
        controls.show_colour(atlas)
    with layouts:
        map_layouts.show_layout(atlas)
    with st.container(key="layout_state"):  # always there, so that what follows keeps its place, open or shut
        map_layouts.show_layout_state(atlas)
    with st.expander("What counts"):
        controls.show_weights(atlas, shown)


def _panel(
    shown: View,
    names: Sequence[str],
    *,
    rows: NDArray[np.int64] | None,
    row: int | None,
    similar: pl.DataFrame | None,
) -> bool:
    """The card of the picked song and the songs of the lasso, the last one first."""
    if rows is None and row is None:
        st.caption("No song is picked yet. Click a dot, or find a song by its title: its card opens here.")
        return False
    wants_playlist = False
    order = ["lasso", "song"] if kept(LATELY) == "lasso" else ["song", "lasso"]
    for each in order:
        if each == "lasso" and rows is not None:
            with st.container(border=True):
                wants_playlist |= show_lasso(shown, names, rows)
        if each == "song" and row is not None:
            with st.container(border=True):
                wants_playlist |= show_card(shown, card_of(shown, names, row))
                if similar is None:
                    with st.spinner("Comparing all songs, once: the next cards come at once"):
                        similar = songs_like(shown.base, row)
                show_similar(shown, names, similar)
    return wants_playlist
