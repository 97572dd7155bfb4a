"""The page *Open a table*: a person's own songs, for this visit alone."""

from __future__ import annotations

import streamlit as st

from songatlas.app.files.uploading import show_upload


def show() -> None:
    """Draw the page."""
    st.title("Open a table of your own", anchor=False)
    show_upload()
