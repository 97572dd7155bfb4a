"""Every run of every visit: the page that is asked for, once a catalogue is open."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from songatlas.app.server.visits import note_visit
from songatlas.app.visit import state
from songatlas.app.visit.header import show_header
from songatlas.app.visit.menu import OPEN, TITLES, page_of
from songatlas.app.visit.opening import show_opening
from songatlas.app.visit.waiting import forget_unbuilt
from songatlas.app.visit.walking import hold_choice, make_view
from songatlas.app.words.wording import plain_text
from songatlas.errors import SongAtlasError

_HERE: Final = Path(__file__).parent


def main() -> None:
    """Show the page that is asked for."""
    st.set_page_config(page_title="songatlas", page_icon=str(_HERE / "icon.png"), layout="wide")
    st.logo(str(_HERE / "icon.png"), size="medium")
    st.html(_HERE / "style.css")
    note_visit()
    page = st.navigation([page_of(path) for path in TITLES], position="top")
    state.hold_on(page.url_path)
    place = st.container(key="address_place")
    is_open = False
    try:
        if page.url_path == OPEN:
            page.run()
            return
        forget_unbuilt()
        if is_open := show_opening():
            hold_choice()
            with place:
                state.write_address(soon=True)
            make_view()
            show_header()
            page.run()
    except SongAtlasError as error:
        st.error(plain_text(str(error), longest=2000))
    if is_open:
        _tell_unmet()
        with place:
            state.write_address()


def _tell_unmet() -> None:
    """Say once what a sent address asked for that is not here."""
    if unmet := state.unmet_wishes():
        told = plain_text(", ".join(unmet), longest=150)
        st.toast(f"The address asked for something that is not here: {told}", duration="long")
