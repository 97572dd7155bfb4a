"""What a catalogue that is read in parts cannot give: refused before anything is read, with the next step."""

from __future__ import annotations

import polars as pl

from songatlas.atlas.settings import AtlasSettings
from songatlas.atlas.usual_space import AUTO, OF_FEATURES
from songatlas.errors import BadSettings
from songatlas.space import EMBEDDING

IN_PARTS = (AUTO, *OF_FEATURES, "plain")
"""Blocks that can be made of songs one by one, once their moments are known."""


def refuse_settings(settings: AtlasSettings) -> None:
    """Refuse settings that need all songs in memory.

    Raises
    ------
    BadSettings
    """
    whole = [block for block in settings.space if block not in IN_PARTS]
    if whole:
        raise BadSettings(
            f"the block {whole[0]!r} needs all songs in memory, and this catalogue is read in parts: "
            f"choose --space {','.join(OF_FEATURES)}, or build with --engine memory"
        )
    if settings.genre_pull:
        raise BadSettings(
            f"genre_pull is {settings.genre_pull:g}: what is believed of genres is learned from all songs in "
            "memory, and this catalogue is read in parts: leave --genre-pull out, or build with "
            "--engine memory"
        )
    if settings.refine:
        raise BadSettings(
            "refining the weights of features needs all songs in memory, and this catalogue is read in "
            "parts: leave --refine out, or build with --engine memory"
        )


def refuse_heard(songs: pl.DataFrame, settings: AtlasSettings, name: str) -> None:
    """Refuse a table of a scan whose space would be made of what was heard.

    Raises
    ------
    BadSettings
    """
    if EMBEDDING in songs.columns and AUTO in settings.space:
        raise BadSettings(
            f"{name!r} was made by 'songatlas scan' and tells how its songs sound (audio_embedding), which "
            "takes all songs in memory: build with --engine memory, or with --space "
            f"{','.join(OF_FEATURES)}, which goes by their features alone"
        )
