"""The pages of the app and their addresses; the module of a page is imported when it is first shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final, Literal

import streamlit as st

OPEN: Final = "open"
"""Address of the page that opens a table of one's own; no entry of the menu leads there."""

TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "atlas": "Atlas",
        "clusters": "Clusters",
        "choose_k": "Choose k",
        "genres": "Genres",
        "discover": "Discover",
        "playlist": "Playlist",
        "artists": "Artists",
        "data": "Data",
        OPEN: "Open a table",
    }
)
"""Address of each page -> what it is called; the first is shown where nothing is asked for."""

_MODULES: Final = {"atlas": "atlas_page", "data": "source", OPEN: "open_table"}


def page_of(path: str) -> st.Page:
    """Return a page by its address."""
    visibility: Literal["hidden", "visible"] = "hidden" if path == OPEN else "visible"
    return st.Page(
        _shown(path),
        title=TITLES[path],
        url_path=path,
        default=path == next(iter(TITLES)),
        visibility=visibility,
    )


def _shown(path: str) -> Callable[[], None]:
    """What draws a page."""
    name = _MODULES.get(path, path)

    def show() -> None:
        import_module(f"songatlas.app.pages.{name}").show()

    return show
