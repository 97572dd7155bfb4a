"""A search field for songs: words are typed, and every song that they may mean is a button."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from songatlas.app.visit.state import keep, kept, put
from songatlas.app.words.wording import plain_text
from songatlas.atlas import Atlas
from songatlas.atlas.song_search import search_songs
from songatlas.playlists.tracks import brief_line
from songatlas.songs.finding import named_song

MOST_FOUND: Final = 8
"""Songs that are offered for some words."""

_LONGEST: Final = 90


def song_search(
    atlas: Atlas,
    label: str,
    *,
    name: str,
    pick: Callable[[str], Any],
    verb: str = "Add",
    help: str | None = None,
    beside: Callable[[int], str] | None = None,
) -> None:
    """Show a search field and a button for each song that is found.

    Parameters
    ----------
    atlas : Atlas
    label : str
        What the field is called.
    name : str
        Of the field among all of the app.
    pick : callable
        Given the id of the song whose button was pressed, before the page is drawn again.
    verb : str
        What the button does.
    help : str, optional
        Said on hover.
    beside : callable, optional
        Row of a song -> what is said of it behind its name, such as its cluster.
    """
    key = keep(name, "")
    st.text_input(label, key=key, placeholder="Title, artist, id or link", help=help)
    words = str(kept(name)).strip()
    if not words:
        return

    def picked(song_id: str) -> None:
        put(name, "")
        pick(song_id)

    rows = search_songs(atlas, words, n=MOST_FOUND)
    if not len(rows):
        st.caption(
            f"No song is called “{plain_text(brief_line(words))}”. Try fewer words, or another spelling."
        )
    for row in rows:
        song = plain_text(brief_line(named_song(atlas.songs, int(row)), longest=_LONGEST))
        if beside is not None:
            song += f" · {plain_text(beside(int(row)))}"
        song_id = str(atlas.songs["song_id"][int(row)])
        st.button(f"{verb}: {song}", key=f"{name}:{row}", on_click=picked, args=(song_id,), width="stretch")
