"""What reading a table of songs gives: the songs, the rows as they stood, and what was understood.

Conventions
-----------
`SongsTable.songs` has one row for every row of the input, in the same order. Its columns are named as in
`FEATURES` and `DETAILS`; a column that the input lacks is absent, except `song_id`, which always exists.
Missing values are null, never NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from songatlas.songs.stored import StoredFrame

Sureness = Literal["certain", "likely", "named", "left alone"]


@dataclass(frozen=True)
class ColumnReading:
    """What was understood of one column of the input.

    Attributes
    ----------
    header : str
        Header as it stands in the file; it may repeat and may be empty.
    position : int
        Place in the file, counted from 0.
    column : str or None
        Column of the songs table that it became; None where it was left alone.
    unit : str or None
        Unit found in the file ("share", "percent", "dB", "ms", "s", "m:ss", "key name" ...); None for text.
    how_sure : {"certain", "likely", "named", "left alone"}
        "named" where a person said it.
    note : str
        One plain sentence, or an empty string.
    """

    header: str
    position: int
    column: str | None
    unit: str | None
    how_sure: Sureness
    note: str


@dataclass(frozen=True)
class Source:
    """Where a table came from, and the dirt that was found in it.

    Attributes
    ----------
    name : str
        File name, or the kind of dataframe.
    sha256 : str
        Of the bytes of the file, or of the content of a dataframe.
    format : {"csv", "tsv", "parquet", "jsonl", "xlsx", "dataframe"}
        What the content turned out to be, whatever the name of the file ends in.
    encoding, separator : str or None
        Of text files.
    n_rows : int
        Rows of the input.
    notes : tuple of str
        Dirt found and what was done about it, one sentence each.
    """

    name: str
    sha256: str
    format: str
    encoding: str | None
    separator: str | None
    n_rows: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class SongsTable:
    """A table of songs as it was read.

    Attributes
    ----------
    songs : polars.DataFrame
        Columns of FEATURES and DETAILS, one row an input row, in the same order.
    raw : polars.DataFrame or StoredFrame
        Every row and column of the input under unique names; for text formats the very text of the
        cells as String (null only where a short row has no such cell). The rows of a Parquet file stay
        there and are read when they are asked for.
    header : tuple of str
        The original headers, parallel to `raw.columns`; they may repeat.
    columns : tuple of ColumnReading
        One for every input column, in file order.
    source : Source
        Where it came from.
    """

    songs: pl.DataFrame
    raw: pl.DataFrame | StoredFrame
    header: tuple[str, ...]
    columns: tuple[ColumnReading, ...]
    source: Source


@dataclass(frozen=True)
class RawTable:
    """A table as it was read, before anything was understood; the fields as in `SongsTable` and `Source`."""

    frame: pl.DataFrame | StoredFrame
    header: tuple[str, ...]
    format: str
    encoding: str | None = None
    separator: str | None = None
    notes: tuple[str, ...] = ()
