"""The page *Playlist*: make one, put it in order, edit it, see every step, and take it away as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from songatlas.app.charts.charts import show_chart
from songatlas.app.charts.playlist_charts import energy_and_tempo
from songatlas.app.files.saving import lasting
from songatlas.app.playlists.draft import Draft, draft, put_draft
from songatlas.app.playlists.playlist_file import show_download
from songatlas.app.playlists.playlist_steps import (
    Step,
    step_table,
    told_remedy,
    told_steps,
    told_summary,
    usual_distance,
)
from songatlas.app.playlists.playlist_wishes import ORDER_WORDS, possible_orders, show_wishes, take_requests
from songatlas.app.songs.liked_songs import hold_lists
from songatlas.app.songs.playing import sound_of
from songatlas.app.songs.song_list import ListedSong, listed, movable_list, new_order
from songatlas.app.songs.song_picker import song_search
from songatlas.app.visit.state import keep, kept, put
from songatlas.app.visit.walking import shown_atlas
from songatlas.app.words import page_words
from songatlas.app.words.wording import empty, plain_text
from songatlas.atlas import Atlas
from songatlas.atlas.playlist import Playlist
from songatlas.errors import SongAtlasError
from songatlas.features import amount
from songatlas.playlists import ARTIST_GAP
from songatlas.safe_cells import text_of_cells
from songatlas.songs.finding import rows_of_ids
from songatlas.starmap import shape_of

_ERROR: Final = "reorder_error"


def show() -> None:
    """Draw the page."""
    hold_lists()
    st.title("Playlist")
    atlas = shown_atlas()
    with st.spinner("Listening to the songs"):
        take_requests(atlas)
    left, right = st.columns([2, 3], gap="large")
    with left:
        show_wishes(atlas)
    with right:
        current = draft()
        if current is None:
            empty("No playlist yet", "Choose what it is made of and press “Make the playlist”.")
        else:
            _made(atlas, current)


def on_order(order: list[str], removed: list[str]) -> None:
    """Put the songs as a person has put them."""
    current = draft()
    if current is not None:
        put_draft(current.with_keys(new_order(current.keys, order, removed)))


def on_add(atlas: Atlas, song_id: str) -> None:
    """Add a song at the chosen place."""
    current = draft()
    row = rows_of_ids(atlas.songs["song_id"], [song_id])[0]
    if current is not None and row is not None:
        place = kept("playlist.place") or len(current.keys) + 1
        put_draft(current.with_song(song_id, row, place=int(place)))
        put("playlist.place", None)


def on_reorder(atlas: Atlas) -> None:
    """Put the songs in the chosen order."""
    current = draft()
    if current is None:
        return
    try:
        ordered = current.in_order(
            atlas,
            kept("playlist.reorder_to", "smooth"),
            artist_gap=int(kept("artist_gap", ARTIST_GAP)),
            key_strictness=kept("keys_fit", "usual"),
            seed=int(kept("playlist.seed", 0)),
        )
    except SongAtlasError as error:
        st.session_state[_ERROR] = error
        return
    put_draft(ordered)


def on_step_back(*, forward: bool = False) -> None:
    """Take the last change back, or make it again."""
    current = draft()
    if current is not None:
        put_draft(current.redone() if forward else current.undone())


def _made(atlas: Atlas, current: Draft) -> None:
    """The playlist: what it is, its songs, its steps."""
    playlist = current.playlist(atlas)
    usual = usual_distance(atlas)
    steps = told_steps(playlist, usual=usual)
    st.subheader(plain_text(current.name, longest=120))
    st.markdown(told_summary(playlist, usual=usual))
    page_words.show_notes(filter(None, (*playlist.notes, told_remedy(playlist, steps), _by_hand(current))))
    with st.expander("Save as a file", key="playlist_save"):
        show_download(atlas, playlist)
    _changes(atlas, current)
    if current.keys:
        movable_list(
            listed_songs(atlas, current, playlist, steps),
            key="playlist_songs",
            label="Songs",
            on_order=on_order,
        )
    else:
        empty("Every song was removed", "Undo, add a song, or make another playlist.")
    _adding(atlas, current)
    _curve(playlist)
    _steps(playlist, steps)


def _by_hand(current: Draft) -> str:
    """That what was changed by hand is kept nowhere."""
    if not current.before:
        return ""
    return (
        "Changes by hand last for this visit only: save the playlist as a file to keep them. "
        "The address of the page keeps the settings alone."
    )


def listed_songs(atlas: Atlas, current: Draft, playlist: Playlist, steps: Sequence[Step]) -> list[ListedSong]:
    """Return the songs of a playlist as lines of a list, each with the step that leads to it."""
    lines = []
    numbers = dict(zip(atlas.cluster_names(), range(atlas.k), strict=True))
    before = [None, *steps]
    for key, song, step in zip(current.keys, playlist.songs.iter_rows(named=True), before, strict=True):
        cluster = song["cluster"] or ""
        number = numbers.get(cluster)
        lines.append(
            listed(
                song,
                id=key,
                cluster=cluster,
                colour="" if number is None else atlas.colour_of(number),
                shape=0 if number is None else shape_of(atlas.colours[number]),
                lines=tuple(filter(None, [_facts(song)])),
                step=step.words if step else "",
                flag=step.flag if step else "",
                sound=sound_of(song["row"]),
            )
        )
    return lines


def _facts(song: Mapping[str, Any]) -> str:
    """Year, length, tempo and key of a song, as far as they are known."""
    key = " ".join(filter(None, (song.get("camelot"), f"({song['key']})" if song.get("key") else "")))
    facts = [
        f"{song['year']:.0f}" if song.get("year") else "",
        f"{amount('duration_ms', song['duration_ms'])} min" if song.get("duration_ms") else "",
        amount("tempo_bpm", song["tempo_bpm"]) if song.get("tempo_bpm") else "",
        key,
        "" if song["row"] is not None else "not in this library",
    ]
    return " · ".join(fact.replace(" ", "\u00a0") for fact in facts if fact)


def _changes(atlas: Atlas, current: Draft) -> None:
    """Undo, redo, and another order."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button("↶ Undo", on_click=on_step_back, disabled=not current.can_undo)
        st.button("↷ Redo", on_click=on_step_back, kwargs={"forward": True}, disabled=not current.after)
        orders = [name for name in possible_orders(atlas) if name != "given"]
        key = keep("playlist.reorder_to", "smooth", allowed=lambda name: name in orders)
        st.selectbox("Another order", orders, key=key, format_func=ORDER_WORDS.__getitem__, width=330)
        st.button("Put in order", on_click=on_reorder, args=(atlas,), disabled=len(current.keys) < 2)
    if error := st.session_state.pop(_ERROR, None):
        page_words.show_error(error)


def _adding(atlas: Atlas, current: Draft) -> None:
    """A song more, at a place."""
    with st.expander("Add a song", key="playlist_add"):
        key = keep("playlist.place", None, allowed=lambda n: n is None or 1 <= n <= len(current.keys) + 1)
        st.number_input(
            "At place", 1, len(current.keys) + 1, value=None, key=key, placeholder="the end", width=160
        )
        song_search(atlas, "Song", name="find.playlist", pick=lambda song_id: on_add(atlas, song_id))


def _curve(playlist: Playlist) -> None:
    figure = energy_and_tempo(playlist)
    if figure is not None and playlist.songs.height > 1:
        st.subheader("Energy and tempo")
        show_chart(
            figure,
            key="playlist_curve",
            caption="From the first song to the last; up is more energy, and faster.",
        )


def _steps(playlist: Playlist, steps: Sequence[Step]) -> None:
    """All steps with their numbers."""
    if not steps:
        return
    with st.expander("Every step in numbers", key="playlist_steps"):
        st.dataframe(step_table(playlist, steps), hide_index=True, width="stretch")
        st.caption(
            "Tempo change: at half or double time where that is nearer. Keys: places on the Camelot wheel; "
            "the same number, or one step, is a good fit. Distance: 0 is the same sound."
        )
        st.download_button(
            "Save the steps as CSV",
            data=lasting(lambda: text_of_cells(playlist.transitions), file_name="steps.csv", mime="text/csv"),
            file_name="steps.csv",
            mime="text/csv",
            on_click="ignore",
        )
