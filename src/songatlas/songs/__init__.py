"""Any table of songs, read and understood, then cleaned."""

from __future__ import annotations

from songatlas.songs.table import ColumnReading, SongsTable, Source

__all__ = ["ColumnReading", "SongsTable", "Source"]
