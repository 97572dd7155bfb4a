"""The line above every page: what is open, and the way to open something else."""

from __future__ import annotations

import streamlit as st

from songatlas.app.server.serving import launched
from songatlas.app.visit.menu import OPEN, page_of
from songatlas.app.visit.opening import catalogue, close_own, has_own, launched_title
from songatlas.app.visit.walking import view
from songatlas.app.words.wording import plain_text
from songatlas.report.sampled import sample_line


def show_header() -> None:
    """Say what is open and how many songs and clusters there are."""
    opened = catalogue()
    n_songs, k = opened.atlas.songs.height, view().choice.k
    with st.container(horizontal=True, vertical_alignment="center", key="header"):
        st.markdown(
            f"**{plain_text(opened.title, longest=60)}** · {n_songs:,} songs · {k} clusters",
            width="stretch",
            help=plain_text(opened.title) if len(opened.title) > 60 else None,
        )
        if has_own():
            name = plain_text(launched_title(launched()), longest=30)
            st.button(f"Back to {name}", on_click=close_own, type="tertiary", key="close_own")
        st.page_link(page_of(OPEN), label="Open another table", icon=":material/folder_open:")
    if line := sample_line(opened.atlas):
        st.caption(line)
