"""`StoredFrame`: the rows of a Parquet file, read from it column by column or some rows at a time.

A table of ten million songs is several gigabytes in memory, of which one column is needed at a time. The
file is not to change in between: its size and time stamp are compared each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from songatlas.errors import UnreadableTable, one_line
from songatlas.songs.limits import STORED_CELLS_PER_BYTE, require_columns, require_dense
from songatlas.songs.stored_sizes import require_light_texts, require_unpackable

REFUSALS: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
"""What Polars raises for damaged files; panics are no `Exception`."""


@dataclass(frozen=True)
class StoredFrame:
    """A Parquet file in the place of a `polars.DataFrame`.

    Attributes
    ----------
    path : Path
        The file.
    columns : tuple of str
        Names of the columns, unique.
    height : int
        Number of rows.
    mark : tuple of int
        Size and time of the last change of the file when it was opened.
    """

    path: Path
    columns: tuple[str, ...]
    height: int
    mark: tuple[int, int]

    @classmethod
    def of(cls, path: Path, *, are_held: bool = False) -> StoredFrame:
        """Open a Parquet file.

        Parameters
        ----------
        path : Path
        are_held : bool
            Whether whole columns of texts are to be held in memory.

        Raises
        ------
        polars.exceptions.PolarsError, polars.exceptions.PanicException, OSError
            If it cannot be read.
        UnreadableTable
            If it has more rows or columns than a table of songs, or would fill the memory.
        """
        mark = _mark_of(path)
        with path.open("rb") as file:
            require_unpackable(file, mark[0])
        rows = _scan(path)
        columns = tuple(rows.collect_schema().names())
        require_columns(len(columns))
        height = rows.select(pl.len()).collect().item() if columns else 0
        require_dense(height, len(columns), mark[0], each=STORED_CELLS_PER_BYTE)
        require_light_texts(rows, height, mark[0], are_held=are_held)
        return cls(path=path.absolute(), columns=columns, height=height, mark=mark)

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.columns)

    def renamed(self, columns: Sequence[str]) -> StoredFrame:
        """Return the same rows under other names of the columns."""
        return replace(self, columns=tuple(columns))

    def to_series(self, place: int) -> pl.Series:
        """Read one column.

        Raises
        ------
        UnreadableTable
            If the file is damaged, is gone or has changed.
        """
        column = self._read(_scan(self.path).select(pl.nth(place))).to_series()
        return column.rechunk().alias(self.columns[place])

    def slice(self, start: int, n_rows: int) -> pl.DataFrame:
        """Read some rows.

        Raises
        ------
        UnreadableTable
            If the file is damaged, is gone or has changed.
        """
        part = self._read(_scan(self.path).slice(start, n_rows))
        part.columns = list(self.columns)
        return part

    def schema(self) -> pl.Schema:
        """Return the types of the columns."""
        kinds = _scan(self.path).collect_schema().dtypes()
        return pl.Schema(zip(self.columns, kinds, strict=True))

    def part(self, start: int, n_rows: int, columns: Sequence[str]) -> pl.DataFrame:
        """Read some rows of some columns.

        Raises
        ------
        UnreadableTable
            If the file is damaged, is gone or has changed.
        """
        if not columns:
            return pl.DataFrame(height=min(n_rows, max(0, self.height - start)))
        places = [self.columns.index(name) for name in columns]
        found = _scan(self.path).slice(start, n_rows).select(pl.nth(*places))
        part = self._read(found)
        part.columns = list(columns)
        return part

    def _read(self, wanted: pl.LazyFrame) -> pl.DataFrame:
        """Read from the file as it was opened."""
        try:
            if _mark_of(self.path) == self.mark:
                return wanted.collect()
        except REFUSALS as error:
            raise UnreadableTable(f"{self.path.name!r} {damaged(error)}") from None
        raise UnreadableTable(
            f"{self.path.name!r} was changed while it was read: start again, and let the file be meanwhile"
        )


def damaged(error: BaseException) -> str:
    """Say of a Parquet file that it cannot be read, and what to do."""
    return f"is a damaged Parquet file ({one_line(error, longest=100)}): write or fetch it again"


def _scan(path: Path) -> pl.LazyFrame:
    """The file as a query."""
    return pl.scan_parquet(path, glob=False, hive_partitioning=False, cache=False)


def _mark_of(path: Path) -> tuple[int, int]:
    """Size of a file and time of its last change."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns
