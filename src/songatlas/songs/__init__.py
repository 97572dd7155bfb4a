"""Any table of songs: read and understood (`read_songs`), then cleaned (`clean_songs`)."""

from __future__ import annotations

from songatlas.songs.cleaning import RULES, CleanSongs, RuleCount, clean_songs
from songatlas.songs.parts import (
    CleanPart,
    clean_part,
    first_policy,
    mark_versions,
    revised,
    rule_counts,
    version_candidates,
    version_keys_of,
)
from songatlas.songs.policy import CleaningPolicy
from songatlas.songs.rules import kept_reasons
from songatlas.songs.songs_reader import read_songs
from songatlas.songs.table import ColumnReading, SongsTable, Source
from songatlas.songs.table_file import TableFile
from songatlas.songs.table_files import TableFiles, TablePart, open_tables
from songatlas.songs.tally import Tally
from songatlas.songs.understanding import Understanding, read_rows, understand_songs

__all__ = [
    "RULES",
    "CleanPart",
    "CleanSongs",
    "CleaningPolicy",
    "ColumnReading",
    "RuleCount",
    "SongsTable",
    "Source",
    "TableFile",
    "TableFiles",
    "TablePart",
    "Tally",
    "Understanding",
    "clean_part",
    "clean_songs",
    "first_policy",
    "kept_reasons",
    "mark_versions",
    "open_tables",
    "read_rows",
    "read_songs",
    "revised",
    "rule_counts",
    "understand_songs",
    "version_candidates",
    "version_keys_of",
]
