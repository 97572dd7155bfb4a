"""`open_tables`: one file or a folder of files as one table of songs that is read part by part.

What a file is, is decided by its content (see `reading`). Files of one folder have the same columns, in any
order, and are read by their headers; a folder named ``genre=rock`` gives its files a column of their own.

Conventions
-----------
Files stand in the order of their relative names, rows in the order of the files. Cells of text files are
String, null only where a row is too short to have one; JSON lines and Parquet keep their types, or the
type that holds the values of all files.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from songatlas.errors import UnreadableTable
from songatlas.progress import Progress, silent
from songatlas.songs.folder_files import find_tables
from songatlas.songs.json_blocks import common_schema
from songatlas.songs.opened import in_letters
from songatlas.songs.table_file import TableFile, open_file
from songatlas.songs.text_form import BLOCK_BYTES

_SLICES = 200  # places of all files that `look` looks at
_SLICE_ROWS = 100  # rows of a slice at least
_WEIGHED = 2_000  # rows that show how large a row is
_LOOK_BYTES = 250_000_000  # of what `look` returns
_READ_BYTES = 32_000_000  # of heavy rows that are read at once
_LONG = 500  # bytes of a text, on average, that `look` returns the beginning of
_BEGINNING = 200  # its characters
_TOLD = 10  # notes on single files


@dataclass(frozen=True)
class TablePart:
    """Rows that follow each other in one file: its number, the first of them, how many."""

    file: int
    start: int
    n_rows: int


@dataclass(frozen=True, kw_only=True)
class TableFiles:
    """A table of songs in files.

    Attributes
    ----------
    path : Path
        What was opened.
    name : str
        Of the file or the folder.
    files : tuple of TableFile
    header : tuple of str
        Headers as they stand in the first file, then those that folders give.
    schema : polars.Schema
        Unique names of the columns, parallel to `header`, and their types.
    sha256 : str
        Of the names and contents of all files.
    notes : tuple of str
        What a person should know of the files, one sentence each.
    """

    path: Path
    name: str
    files: tuple[TableFile, ...]
    header: tuple[str, ...]
    schema: pl.Schema
    sha256: str
    notes: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Unique names of the columns."""
        return tuple(self.schema.names())

    @property
    def n_rows(self) -> int:
        """Number of rows of all files."""
        return sum(file.n_rows for file in self.files)

    @property
    def format(self) -> str:
        """Format of the first file."""
        return self.files[0].format

    @property
    def encoding(self) -> str | None:
        """Encoding of the first file."""
        return self.files[0].encoding

    @property
    def separator(self) -> str | None:
        """Separator of the first file."""
        return self.files[0].separator

    def parts(self, n_rows_at_once: int) -> tuple[TablePart, ...]:
        """Return all rows in parts of at most so many, none of them empty, in order."""
        return tuple(
            TablePart(place, start, min(n_rows_at_once, file.n_rows - start))
            for place, file in enumerate(self.files)
            for start in range(0, file.n_rows, n_rows_at_once)
        )

    def read(self, part: TablePart, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return the rows of a part.

        Parameters
        ----------
        part : TablePart
        columns : sequence of str, optional
            Those to read, in this order; names that do not exist are passed over. All by default.

        Raises
        ------
        UnreadableTable
            If a file is damaged, is gone or has changed.
        """
        wanted = [name for name in columns if name in self.schema] if columns is not None else self.columns
        wanted = wanted or self.columns[:1]
        file = self.files[part.file]
        rows = file.read(part.start, part.n_rows, [name for name in wanted if name in file.schema])
        return rows.select(self._column(name, file) for name in wanted)

    def _column(self, name: str, file: TableFile) -> pl.Expr:
        """A column of the table in a file."""
        if name in file.schema:
            return (
                pl.col(name)
                if file.schema[name] == self.schema[name]
                else pl.col(name).cast(self.schema[name])
            )
        return pl.lit(file.folders.get(name), dtype=self.schema[name]).alias(name)

    def read_own(self, part: TablePart) -> pl.DataFrame:
        """Return the rows of a part as their file has them: its own columns, order and types."""
        return self.files[part.file].read(part.start, part.n_rows)

    def look(self, n_rows: int) -> pl.DataFrame:
        """Return about `n_rows` rows, spread evenly over all; every row, in order, if there are no more.

        The same rows come back however the table is parted afterwards. Where so many rows are heavy, columns
        of long texts come back with the beginning of each; where they still are, fewer rows come back.
        """
        few = self._looked(min(n_rows, _WEIGHED))
        wanted = min(n_rows, self.n_rows)
        each = few.estimated_size() / max(few.height, 1)
        if few.height >= wanted:
            return few
        if each * wanted <= _LOOK_BYTES:
            return self._looked(n_rows)
        long = [name for name, kind in self.schema.items() if kind == pl.String and _is_long(few[name])]
        light = _begun(few, long).estimated_size() / few.height
        at_most = max(int(_LOOK_BYTES / light), _WEIGHED)
        return self._looked(min(n_rows, at_most), at_once=max(int(_READ_BYTES / each), 1), long=long)

    def _looked(self, n_rows: int, *, at_once: int | None = None, long: Sequence[str] = ()) -> pl.DataFrame:
        """About `n_rows` rows, so many read at once, only the beginning of texts in some columns."""
        total = self.n_rows
        if total <= n_rows:
            slices = list(self.parts(at_once or max(total, 1)))
        else:
            n_slices = min(_SLICES, -(-n_rows // _SLICE_ROWS))
            each = n_rows // n_slices
            slices = [
                piece
                for turn in range(n_slices)
                for part in self._rows_from(turn * total // n_slices, each)
                for piece in _cut(part, at_once or each)
            ]
        return pl.concat([pl.DataFrame(schema=self.schema), *(self._alone(part, long) for part in slices)])

    def _alone(self, part: TablePart, long: Sequence[str]) -> pl.DataFrame:
        """Rows of a part that do not hold the memory of the block they were read in."""
        rows = _begun(self.read(part), long)
        if part.n_rows == self.n_rows:
            return rows
        content = io.BytesIO()
        rows.write_ipc(content)
        content.seek(0)
        return pl.read_ipc(content)

    def _rows_from(self, row: int, n_rows: int) -> list[TablePart]:
        """So many rows from a row of the whole table on, over ends of files."""
        parts = []
        for place, file in enumerate(self.files):
            if row < file.n_rows and n_rows:
                taken = min(n_rows, file.n_rows - row)
                parts.append(TablePart(place, row, taken))
                n_rows -= taken
            row = max(0, row - file.n_rows)
        return parts


def _cut(part: TablePart, n_rows: int) -> list[TablePart]:
    """A part in parts of at most so many rows."""
    stop = part.start + part.n_rows
    return [
        TablePart(part.file, start, min(n_rows, stop - start)) for start in range(part.start, stop, n_rows)
    ]


def _is_long(texts: pl.Series) -> bool:
    """Whether texts are long on average."""
    return int(texts.str.len_bytes().sum()) > _LONG * len(texts)


def _begun(rows: pl.DataFrame, long: Sequence[str]) -> pl.DataFrame:
    """Rows with the beginning of each text of some columns."""
    return rows.with_columns(pl.col(name).str.head(_BEGINNING) for name in long)


def open_tables(
    path: str | Path,
    *,
    header: Sequence[str] | None = None,
    by_position: bool = False,
    block_bytes: int = BLOCK_BYTES,
    tell: Progress = silent,
) -> TableFiles:
    """Open one file, or all tables in a folder and the folders in it.

    Every byte is read once: for the checksum, and to cut text into blocks at ends of rows.

    Parameters
    ----------
    path : str or Path
        Parquet, CSV, TSV or JSON lines, or a folder of files of one of these; text also inside gzip.
    header : sequence of str, optional
        Names of the columns, in order, for files without a header row.
    by_position : bool
        Whether the person names columns by position, so that a header is not needed.
    block_bytes : int
        Size of the blocks of text.
    tell : callable
        Progress, from 0 to 1.

    Raises
    ------
    UnreadableTable
        If there is no table, a file is damaged, or files have different columns.
    MissingColumns
        If text has no header row and none was given.
    BadSettings
        If `header` has not one name a column.
    """
    path = Path(path)
    found, notes = find_tables(path)
    n_bytes = sum(one.path.stat().st_size for one in found) or 1
    files: list[TableFile] = []
    for one in found:
        done = sum(file.n_bytes for file in files)
        tell(done / n_bytes, f"opening {one.name!r}: {done / 1e6:,.0f} of {n_bytes / 1e6:,.0f} MB")
        files.append(
            open_file(
                one.name,
                one.path,
                folders=one.folders,
                header=header,
                by_position=by_position,
                block_bytes=block_bytes,
            )
        )
    return _joined(path, files, notes)


def _joined(path: Path, files: list[TableFile], notes: Sequence[str]) -> TableFiles:
    """One table of all the files."""
    _require_same_columns(files)
    schema = _schema_of(files)
    own = {
        name: text for file in reversed(files) for name, text in zip(file.columns, file.header, strict=True)
    }
    if not any(file.n_rows for file in files):
        raise UnreadableTable(
            f"{path.name!r} has a header row and no rows below it: there are no songs to read"
        )
    return TableFiles(
        path=path.absolute(),
        name=in_letters(path.absolute().name),
        files=tuple(files),
        header=tuple(own.get(name, name) for name in schema),
        schema=schema,
        sha256=files[0].sha256 if path.is_file() else _sha256_of(files),
        notes=(*_notes_of(files), *notes),
    )


def _require_same_columns(files: Sequence[TableFile]) -> None:
    """Refuse files of which one lacks a column that another has, and files of several kinds."""
    for file in files[1:]:
        if _kind(file) != _kind(files[0]):
            raise UnreadableTable(
                f"{files[0].name!r} is {_kind(files[0])} and {file.name!r} is {_kind(file)}: the files "
                "of one folder must be of one kind; put those of each kind into a folder of their own"
            )
    named = {name: file.name for file in reversed(files) for name in _named(file)}
    for file in files:
        lacking = [name for name in named if name not in file.schema and name not in file.folders]
        if lacking:
            more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            raise UnreadableTable(
                f"{file.name!r} has no column {lacking[0]!r}{more}, which {named[lacking[0]]!r} has: the "
                "files of one folder must have the same columns; add them (they may be empty), or put one of "
                "the files elsewhere"
            )


def _kind(file: TableFile) -> str:
    """What a file is, as a person says it."""
    return {"parquet": "Parquet", "jsonl": "JSON lines"}.get(file.format, "text")


def _named(file: TableFile) -> list[str]:
    """The columns of a file that have a header."""
    return [name for name, text in zip(file.columns, file.header, strict=True) if text.strip()]


def _schema_of(files: Sequence[TableFile]) -> pl.Schema:
    """Columns of all files, those that folders give last."""
    try:
        own = common_schema(tuple(file.schema for file in files))
    except UnreadableTable as error:
        raise UnreadableTable(f"the folder {error}") from None
    given = dict.fromkeys(name for file in files for name in file.folders if name not in own)
    return pl.Schema({**own, **dict.fromkeys(given, pl.String())})


def _sha256_of(files: Sequence[TableFile]) -> str:
    """Checksum of the names and contents of files."""
    listed = "".join(f"{file.sha256} {file.name}\n" for file in files)
    return hashlib.sha256(listed.encode()).hexdigest()


def _notes_of(files: Sequence[TableFile]) -> list[str]:
    """Dirt of the files; of many files each kind of it is told once."""
    if len(files) == 1:
        return list(files[0].notes)
    told = [(file.name, note) for file in files for note in file.notes]
    notes = [f"{name!r}: {note}" for name, note in told[:_TOLD]]
    if len(told) > _TOLD:
        notes.append(f"{len(told) - _TOLD:,} more notes on single files are not listed")
    own = {name for file in files for name in file.folders if name in file.schema}
    notes += [
        f"column {name!r} stands in the files and in names of folders: the files' is read" for name in own
    ]
    return notes
