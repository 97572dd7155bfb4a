"""The page *Open a table*: a person's own songs, for this visit alone."""

from __future__ import annotations

from typing import Final

import streamlit as st

from songatlas.app.files.uploading import show_upload
from songatlas.app.server.serving import launched
from songatlas.app.visit.menu import page_of
from songatlas.app.visit.opening import catalogue, has_own, launched_title
from songatlas.app.words.wording import plain_text

_SHORT: Final = 16


def show() -> None:
    """Draw the page."""
    name = catalogue().title if has_own() else launched_title(launched())
    st.page_link(
        page_of("atlas"), label=f"Back to {plain_text(name, longest=60)}", icon=":material/arrow_back:"
    )
    st.title("Open a table of your own", anchor=False)
    dropped = st.session_state.get("dropped")
    if dropped is not None and len(dropped.name) > _SHORT:  # the place to drop it cuts the name in its middle
        st.caption(plain_text(dropped.name))
    show_upload()
