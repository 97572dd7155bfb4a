"""Any table of songs: read and understood (`read_songs`), then cleaned (`clean_songs`)."""

from __future__ import annotations

from songatlas.songs.cleaning import RULES, CleanSongs, RuleCount, clean_songs
from songatlas.songs.rules import kept_reasons
from songatlas.songs.songs_reader import read_songs
from songatlas.songs.table import ColumnReading, SongsTable, Source

__all__ = [
    "RULES",
    "CleanSongs",
    "ColumnReading",
    "RuleCount",
    "SongsTable",
    "Source",
    "clean_songs",
    "kept_reasons",
    "read_songs",
]
