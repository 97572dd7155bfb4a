"""The picked song, the same on all pages, held by its `song_id`.

Functions named `on_...` are the callbacks of controls; each changes what is kept before the page is drawn.
"""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from songatlas.app.songs.liked_songs import dislike, disliked, forget, hold_lists, like, liked
from songatlas.app.visit.state import keep, kept, moves, put
from songatlas.atlas import Atlas
from songatlas.atlas.views import Choice
from songatlas.songs.finding import rows_of_ids

SONG: Final = "song"
"""What the picked song is kept as: its `song_id`, empty where none is picked."""

PLAYLIST_SONGS: Final = "lasso_songs"
"""What the songs of a lasso that are to be a playlist are kept as: a list of ids."""

PLAYLIST_SEEDS: Final = "playlist_seeds"
"""What the songs that a playlist is to be made from are kept as: a list of ids."""

LATELY: Final = "lately"
"""What the person did last, "song" or "lasso": it stands first beside the map."""

_FLIGHTS: Final = "flights"
_ALONE: Final = "cluster_alone"
_TIMES_ALONE: Final = "times_alone"


def keep_picked() -> None:
    """Take the picked song, and the liked ones, from the address of the page, and keep them."""
    keep(SONG, "", in_address=True)
    hold_lists()


def picked_row(atlas: Atlas) -> int | None:
    """Return the row of the picked song; None where none is, or the atlas does not have it."""
    song_id = kept(SONG, "")
    if not song_id:
        return None
    (row,) = rows_of_ids(atlas.songs["song_id"], [song_id])
    return row


def on_pick(song_id: str, *, fly: bool = True) -> None:
    """Pick a song; the map flies to it unless it was picked there."""
    put(SONG, song_id)
    put(LATELY, "song")
    if fly:
        st.session_state[_FLIGHTS] = flights() + 1


def on_unpick() -> None:
    """Put the picked song away."""
    put(SONG, "")


def flights() -> int:
    """Return how often the map was sent to a song in this visit."""
    return int(st.session_state.get(_FLIGHTS, 0))


def on_show_cluster(cluster: int, choice: Choice) -> None:
    """Let the map show one cluster of a choice alone, coloured by clusters, when it is next shown."""
    put("colour", "cluster")
    n = st.session_state.get(_TIMES_ALONE, 0) + 1
    st.session_state[_TIMES_ALONE] = n
    st.session_state[_ALONE] = {"group": cluster, "n": n, "choice": choice, "moves": None}


def cluster_alone(choice: Choice) -> dict[str, Any] | None:
    """Return which cluster the map is to show alone, as it is told; None where nobody wished for it.

    The wish holds for the choice that it was made for, and until the page of the map is left.
    """
    wished = st.session_state.get(_ALONE)
    if wished is None:
        return None
    if wished["choice"] != choice or wished["moves"] not in (None, moves()):
        del st.session_state[_ALONE]
        return None
    wished["moves"] = moves()
    return {"group": wished["group"], "n": wished["n"]}


def on_like(song_id: str, *, liking: bool) -> None:
    """Like a song, or dislike it; what was said before is taken back."""
    if song_id in (liked() if liking else disliked()):
        forget(song_id)
    elif liking:
        like(song_id)
    else:
        dislike(song_id)
