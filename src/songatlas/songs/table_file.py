"""`TableFile`: one file of a table, opened once and read a few rows at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from songatlas.errors import BadSettings, MissingColumns, SongAtlasError, UnreadableTable
from songatlas.safe_cells import unguarded_cells, unguarded_header, was_guarded
from songatlas.songs.headers import split_header, unique_names
from songatlas.songs.json_blocks import JsonBlock, cut_json, read_json_block
from songatlas.songs.opened import FileContent, told_of
from songatlas.songs.reading import refuse_what_is_no_table
from songatlas.songs.stored import REFUSALS, StoredFrame, damaged
from songatlas.songs.text_blocks import CutText, TextBlock, cut_text, read_block
from songatlas.songs.text_form import TextForm

_TOP = 13  # rows among which the header is looked for, and one more


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """One file of a table.

    Attributes
    ----------
    name : str
        Relative to the folder, with ``/``.
    path : Path
    format : {"csv", "tsv", "jsonl", "parquet"}
    encoding, separator : str or None
        Of text files.
    header : tuple of str
        Headers as they stand in this file.
    n_rows : int
    n_bytes : int
    mark : tuple of int
        Size and time of the last change when it was opened.
    sha256 : str
    folders : mapping of str to (str or None)
        Columns that its folders give it.
    is_gzip : bool
    skip : int
        Rows of a text file down to its header row.
    form : TextForm or None
    blocks : tuple of (TextBlock or JsonBlock)
    schema : polars.Schema
        Of its own columns, under unique names.
    notes : tuple of str
    is_guarded : bool
        Whether songatlas wrote it, with apostrophes before formulas, which are taken away.
    """

    name: str
    path: Path
    format: str
    encoding: str | None = None
    separator: str | None = None
    header: tuple[str, ...]
    n_rows: int
    n_bytes: int
    mark: tuple[int, int]
    sha256: str
    folders: Mapping[str, str | None]
    is_gzip: bool = False
    skip: int = 0
    form: TextForm | None = None
    blocks: tuple[TextBlock | JsonBlock, ...] = ()
    schema: pl.Schema
    notes: tuple[str, ...] = ()
    is_guarded: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Unique names of its own columns."""
        return tuple(self.schema.names())

    def require_unchanged(self) -> None:
        """Raise UnreadableTable if the file is gone or was changed since it was opened."""
        try:
            status = self.path.stat()
        except OSError:
            raise UnreadableTable(f"{self.name!r} is gone: put it back, or start again") from None
        if (status.st_size, status.st_mtime_ns) != self.mark:
            raise UnreadableTable(
                f"{self.name!r} was changed while it was read: start again, and let the file be meanwhile"
            )

    def read(self, start: int, n_rows: int, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return some rows as they stand, all its own columns or some of them."""
        wanted = self.columns if columns is None else tuple(columns) or self.columns[:1]
        self.require_unchanged()
        try:
            if self.format == "parquet":
                return StoredFrame(self.path, self.columns, self.n_rows, self.mark).part(
                    start, n_rows, wanted
                )
            return self._read_blocks(start, n_rows, wanted)
        except SongAtlasError as error:
            raise told_of(self.name, error) from error

    def _read_blocks(self, start: int, n_rows: int, wanted: Sequence[str]) -> pl.DataFrame:
        content = FileContent(self.path, self.is_gzip)
        assert self.form is not None  # noqa: S101 - blocks have one
        first, stop, at = start + self.skip, start + self.skip + n_rows, 0
        pieces = [pl.DataFrame(schema={name: self.schema[name] for name in wanted})]
        for block in self.blocks:
            if at + block.n_rows > first and at < stop:
                begin = max(first - at, 0)
                n_taken = min(stop - at, block.n_rows) - begin
                pieces.append(self._read_block(content, block, self.form, wanted, begin, n_taken))
            at += block.n_rows
        return pl.concat(pieces)

    def _read_block(
        self,
        content: FileContent,
        block: TextBlock | JsonBlock,
        form: TextForm,
        wanted: Sequence[str],
        start: int,
        n_rows: int,
    ) -> pl.DataFrame:
        if isinstance(block, JsonBlock):
            rows = read_json_block(content, block, self.schema, form).select(wanted)
            return rows.slice(start, n_rows)
        places = [self.columns.index(name) for name in wanted]
        rows = read_block(content, block, form, places, start=start, n_rows=n_rows)
        rows.columns = list(wanted)
        if self.is_guarded:
            rows = rows.with_columns(unguarded_cells(cells) for cells in rows)
        return rows


def open_file(
    name: str,
    path: Path,
    *,
    folders: Mapping[str, str | None],
    header: Sequence[str] | None,
    by_position: bool,
    block_bytes: int,
) -> TableFile:
    """Open a file: read it once, find its header and count its rows.

    Raises
    ------
    UnreadableTable
        If it is no table, is damaged, or was changed meanwhile.
    MissingColumns
        If text has no header row and none was given.
    BadSettings
        If `header` has not one name a column.
    """
    try:
        content = FileContent.of(path)
        status = path.stat()
    except OSError as error:
        raise UnreadableTable(
            f"{name!r} cannot be read ({error.strerror or error}): check the path and its rights"
        ) from None
    found = _Found(name, path, content, (status.st_size, status.st_mtime_ns), folders)
    try:
        kind = content.kind()
        if kind == "parquet":
            file = _open_parquet(found, header)
        elif kind == "jsonl":
            file = _open_json(found, header, block_bytes)
        else:
            _refuse(content, kind, folder=str(path.parent))
            file = _open_text(found, header, by_position, block_bytes)
    except (UnreadableTable, MissingColumns) as error:
        raise told_of(name, error) from error
    file.require_unchanged()
    return file


@dataclass(frozen=True)
class _Found:
    """A file before it is read."""

    name: str
    path: Path
    content: FileContent
    mark: tuple[int, int]
    folders: Mapping[str, str | None]


def _refuse(content: FileContent, kind: str, *, folder: str) -> None:
    """Raise for what is no text table."""
    if kind == "workbook":
        raise UnreadableTable(
            "is a workbook or an archive, which cannot be read in parts: save the table in it as CSV"
        )
    if kind == "json":
        raise UnreadableTable(
            "is JSON in one piece, which cannot be read in parts: write one flat object a line (JSONL)"
        )
    refuse_what_is_no_table(content.read_at(0, 8192), folder=folder)


def _open_parquet(found: _Found, header: Sequence[str] | None) -> TableFile:
    if found.content.is_gzip:
        raise UnreadableTable("is Parquet inside gzip, which cannot be read in parts: unpack it")
    try:
        stored = StoredFrame.of(found.path)
        schema = stored.schema()
        with found.path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except REFUSALS as error:
        raise UnreadableTable(damaged(error)) from None
    names = tuple(header or schema.names())
    if len(names) != len(schema):
        raise BadSettings(
            f"{len(names)} header names were given for {len(schema)} columns: give one name a column"
        )
    return TableFile(
        name=found.name,
        path=found.path,
        format="parquet",
        header=names,
        n_rows=stored.height,
        n_bytes=found.mark[0],
        mark=found.mark,
        sha256=sha256,
        folders=found.folders,
        schema=pl.Schema(zip(unique_names(names), schema.dtypes(), strict=True)),
    )


def _open_json(found: _Found, header: Sequence[str] | None, block_bytes: int) -> TableFile:
    if header is not None:
        raise BadSettings(f"{found.name!r} names its columns in every line: leave the header names out")
    cut = cut_json(found.content, block_bytes=block_bytes)
    return TableFile(
        name=found.name,
        path=found.path,
        format="jsonl",
        header=tuple(cut.schema.names()),
        n_rows=sum(block.n_rows for block in cut.blocks),
        n_bytes=found.mark[0],
        mark=found.mark,
        sha256=_sha256(found, cut.sha256),
        folders=found.folders,
        is_gzip=found.content.is_gzip,
        form=cut.form,
        blocks=cut.blocks,
        schema=cut.schema,
        notes=cut.notes,
    )


def _open_text(found: _Found, header: Sequence[str] | None, by_position: bool, block_bytes: int) -> TableFile:
    cut = cut_text(found.content, block_bytes=block_bytes)
    top = _top(found.content, cut)
    names, rows, notes = split_header(top, named=header, by_position=by_position)
    skip = top.height - rows.height
    is_guarded = was_guarded(names)
    names = unguarded_header(names)
    return TableFile(
        name=found.name,
        path=found.path,
        format="tsv" if cut.form.separator == "\t" else "csv",
        encoding=cut.form.encoding,
        separator=cut.form.separator,
        header=names,
        n_rows=sum(block.n_rows for block in cut.blocks) - skip,
        n_bytes=found.mark[0],
        mark=found.mark,
        sha256=_sha256(found, cut.sha256),
        folders=found.folders,
        is_gzip=found.content.is_gzip,
        skip=skip,
        form=cut.form,
        blocks=cut.blocks,
        schema=pl.Schema(dict.fromkeys(unique_names(names), pl.String())),
        notes=(*cut.notes, *notes),
        is_guarded=is_guarded,
    )


def _top(content: FileContent, cut: CutText) -> pl.DataFrame:
    """The first rows of a text, the header row among them."""
    pieces: list[pl.DataFrame] = []
    for block in cut.blocks:
        if sum(piece.height for piece in pieces) < _TOP:
            pieces.append(read_block(content, block, cut.form).head(_TOP))
    top = pl.concat(pieces)
    if not cut.lacks_header_cell:
        return top
    first = ["", *top.row(0)[:-1]]
    return pl.concat([pl.DataFrame([first], schema=top.schema, orient="row"), top.slice(1)])


def _sha256(found: _Found, unpacked: str) -> str:
    """Checksum of the bytes of a file, of which only those inside gzip are known."""
    if not found.content.is_gzip:
        return unpacked
    with found.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
