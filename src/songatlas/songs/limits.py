"""How large a table may be: the bounds that keep a hostile file from taking the machine, all in one place.

They lie far above what tables of songs have. What is over one is refused in a line that says which.
"""

from __future__ import annotations

from typing import Final

from songatlas.errors import UnreadableTable

LONGEST_ROW: Final = 16 * 2**20
"""Bytes of a row of text or of a line of JSON; a longer one is no row of a table of songs."""

MOST_COLUMNS: Final = 10_000
"""Columns of a table, of whatever format."""

FREE_CELLS: Final = 20_000_000
"""Cells that a table may have whatever its size in bytes."""

CELLS_PER_BYTE: Final = 8
"""Cells beyond these, absent ones too, for each byte of text: rows of one byte below a header of thousands of
columns would else take ten thousand times their size."""

STORED_CELLS_PER_BYTE: Final = 50
"""The same for Parquet, where a value that repeats takes next to nothing."""

STORED_TEXT_PER_BYTE: Final = 20
"""Bytes of text, beyond `ALWAYS_UNPACKED`, for each byte of Parquet, where one text may stand for many."""

MOST_JSON: Final = 256 * 2**20
"""Bytes of JSON in one piece, which takes eight times as much memory to read."""

MOST_HELD: Final = 2 * 2**30
"""Bytes that an archive or a workbook, which is held as a whole, may have, packed or unpacked; and the texts
of a column of Parquet that is."""

MOST_TIMES: Final = 100
"""How much larger a file may be than packed, where it unpacks to more than `ALWAYS_UNPACKED`."""

ALWAYS_UNPACKED: Final = 256 * 2**20
"""Bytes that are unpacked whatever the ratio."""

DEEPEST: Final = 100
"""Folders that may lie within one another; a catalogue in folders by year, month and day has 3."""

WORKBOOK_MEMORY: Final = 4 * 2**30
"""Bytes of memory, reserved ones too, of the process that reads a workbook."""

WORKBOOK_SECONDS: Final = 900
"""How long that process may take."""


def require_columns(n_columns: int) -> None:
    """Raise UnreadableTable for a table of too many columns."""
    if n_columns > MOST_COLUMNS:
        raise UnreadableTable(
            f"holds rows of over {MOST_COLUMNS:,} cells, which is no table of songs: see whether line ends "
            "are lost, or whether songs stand in columns"
        )


def require_dense(n_rows: int, n_columns: int, n_bytes: int, *, each: int = CELLS_PER_BYTE) -> None:
    """Raise UnreadableTable for a table that is far larger in memory than in its file."""
    if n_rows * n_columns > FREE_CELLS + each * n_bytes:
        raise UnreadableTable(
            f"makes {n_rows:,} rows of {n_columns:,} cells out of {n_bytes:,} bytes, as no table of songs "
            "does: it is damaged or made to fill the memory; fetch or export it again"
        )


def require_holdable(n_bytes: int) -> None:
    """Raise UnreadableTable for an archive or a workbook of so many bytes, packed."""
    if n_bytes > MOST_HELD:
        raise UnreadableTable(
            f"is an archive or a workbook of {n_bytes / 2**30:,.1f} GiB, and at most "
            f"{MOST_HELD / 2**30:g} GiB are read: unpack it, or save the table in it as CSV or Parquet"
        )


def require_json_in_one_piece(n_bytes: int) -> None:
    """Raise UnreadableTable for JSON that is no line a song, where it is too large to be read at once."""
    if n_bytes > MOST_JSON:
        raise UnreadableTable(
            f"is JSON in one piece of {n_bytes / 2**20:,.0f} MB, and at most {MOST_JSON // 2**20} MB are "
            "read: write one flat object a line (JSONL), or a CSV file"
        )
