"""Songs that are heard: what the page is told of a song that can be played, and the button that plays it.

One player (`player.js`) serves the whole page. Only songs whose files the app was started with can be played,
see `songatlas.app.server.sounds`.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, Final

import streamlit as st

from songatlas.app.server.sounds import Sound
from songatlas.app.visit.opening import catalogue

_HERE: Final = Path(__file__).parent


def sound_of(row: int | None) -> Sound | None:
    """Return what plays the song of a row of the open catalogue; None where nothing does."""
    return catalogue().sounds.sound_of(row)


def play_button(row: int, *, song_id: str, name: str, by: str) -> None:
    """Show a button that plays a song; nothing where it cannot be played.

    Parameters
    ----------
    row : int
        Of the open catalogue.
    song_id, name, by : str
        Id, title and artists.
    """
    sound = sound_of(row)
    if sound is None:
        return
    song = {"id": song_id, "name": name, "by": by, "sound": asdict(sound)}
    component: Any = st.components.v2.component(
        "songatlas_play_button", css=script_part("play_button.css"), js=player_and("play_button.js")
    )
    component(key="play_button", data={"song": song}, width="content")


def player_and(name: str) -> str:
    """Return a script that stands in this folder, with the player before it."""
    return f"{script_part('player.js')}\n{script_part(name)}"


@cache
def script_part(name: str) -> str:
    """Return a script or styles that stand in this folder."""
    return (_HERE / name).read_text(encoding="utf-8")
