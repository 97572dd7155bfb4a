"""Any source of a table -> its rows and headers as they stand, nothing understood yet.

What a file is, is decided by its content, never by the ending of its name: CSV text under ``.xls`` and a
workbook under ``.csv`` are both read. A file that is no table is refused in one line that says what it is
and what to do.

Formats: CSV and TSV text (see `delimited`), Parquet, JSON lines or one JSON array of flat objects, Excel
workbooks (with fastexcel installed), all of them also inside gzip or a ZIP archive with one table, and any
dataframe that speaks the Arrow PyCapsule interface (``__arrow_c_stream__``).
"""

from __future__ import annotations

import codecs
import hashlib
import importlib.util
import io
import json
import os
import re
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from songatlas.errors import BadSettings, MissingColumns, UnreadableTable, one_line, quoted
from songatlas.safe_cells import unguarded_table
from songatlas.songs.delimited import decode_json, read_grid
from songatlas.songs.headers import known_headers, split_header, unique_names
from songatlas.songs.json_blocks import require_dense_json
from songatlas.songs.limits import (
    LONGEST_ROW,
    STORED_CELLS_PER_BYTE,
    WORKBOOK_MEMORY,
    WORKBOOK_SECONDS,
    require_columns,
    require_dense,
    require_holdable,
    require_json_in_one_piece,
)
from songatlas.songs.opened import (
    BEGINS_OBJECT,
    FileContent,
    HeldContent,
    in_letters,
    kind_of,
    read_whole,
    require_file,
    told_of,
)
from songatlas.songs.stored import REFUSALS, StoredFrame, damaged
from songatlas.songs.stored_sizes import require_light_texts, require_unpackable
from songatlas.songs.table import RawTable
from songatlas.songs.text_blocks import require_ends_of_rows
from songatlas.songs.unpacking import unpack
from songatlas.songs.workbook_sheets import UnreadableBook, sheets_of

_TOP = 8192  # bytes by which a file is known that is no table


def read_raw(
    source: Any, *, header: Sequence[str] | None = None, by_position: bool = False
) -> tuple[RawTable, str, str]:
    """Read a source as it stands.

    Parameters
    ----------
    source : path, bytes, binary file or dataframe
        Where the table is.
    header : sequence of str, optional
        Names for the columns of a file that has none.
    by_position : bool
        Whether the person names columns by position, so that a header is not needed.

    Returns
    -------
    raw : RawTable
        Rows and headers.
    name : str
        Name of the file, or the kind of dataframe.
    sha256 : str
        Of the bytes of the file, or of the content of the dataframe.

    Raises
    ------
    UnreadableTable
        If the source is no table.
    MissingColumns
        If a text table has no header row and none was given.
    """
    if isinstance(source, pl.LazyFrame):
        source = source.collect()
    if hasattr(source, "__arrow_c_stream__"):
        return _read_dataframe(source, header)
    path = _parquet_path(source)
    content, name = (b"", in_letters(path.name)) if path else _bytes_of(source)
    try:
        if path:
            sha256 = _sha256_of(path)
            raw = _rename(_open_parquet(path), "parquet", header)
        else:
            sha256 = hashlib.sha256(content).hexdigest()
            raw = _read_content(unpack(content), header, by_position, folder=_folder_of(source))
    except (UnreadableTable, MissingColumns) as error:
        raise type(error)(f"{quoted(name)} {one_line(error)}") from error
    if raw.frame.height == 0:
        raise UnreadableTable(f"{name!r} has a header row and no rows below it: there are no songs to read")
    return raw, name, sha256


def _folder_of(source: Any) -> str:
    """The folder that a source lies in, as one writes it in a shell; a word for it where nobody knows."""
    if not isinstance(source, str | os.PathLike):
        return "FOLDER"
    return shlex.quote(str(Path(source).parent))


def _parquet_path(source: Any) -> Path | None:
    """Return the path of a Parquet file, which is never held in memory as it stands; None for others."""
    if not isinstance(source, str | os.PathLike):
        return None
    require_file(Path(source))
    try:
        with Path(source).open("rb") as file:
            return Path(source) if file.read(4) == b"PAR1" else None
    except (OSError, ValueError):  # what is wrong is told where the content is read
        return None


def _sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bytes_of(source: Any) -> tuple[bytes, str]:
    """Return the content of a path, bytes or binary file, and its name."""
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), "the bytes given"
    if hasattr(source, "read"):
        content = source.read()
        name = in_letters(Path(str(getattr(source, "name", "the file given"))).name)
        return (content.encode() if isinstance(content, str) else content), name
    try:
        path = Path(source)
    except TypeError:
        raise UnreadableTable(
            f"a {type(source).__name__} is no table: give the path of a file, or a dataframe "
            "(Polars, pandas, PyArrow)"
        ) from None
    try:
        _require_readable(path)
        return read_whole(path), in_letters(path.name)
    except FileNotFoundError:
        raise UnreadableTable(
            f"there is no file or folder {quoted(str(path))}: check the path{_neighbour(path)}"
        ) from None
    except IsADirectoryError:
        raise UnreadableTable(f"{str(path)!r} is a folder: name the file in it{_tables_in(path)}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableTable(
            f"{quoted(str(path))} cannot be read ({reason}): check the path and its rights"
        ) from None


def _require_readable(path: Path) -> None:
    """Refuse a large file that cannot be a table before it is held."""
    n_bytes = path.stat().st_size
    if n_bytes <= LONGEST_ROW:
        return
    content = FileContent.of(path)
    try:
        if content.is_gzip or content.kind() == "workbook":
            require_holdable(n_bytes)
        elif content.kind() == "json":
            require_json_in_one_piece(n_bytes)
        else:
            refuse_what_is_no_table(content.read_at(0, _TOP), folder=_folder_of(path))
            require_ends_of_rows(content)
    except UnreadableTable as error:
        raise told_of(path.name, error) from None


def _neighbour(path: Path) -> str:
    """Name a file of nearly the same name in the same folder."""
    from songatlas.errors import did_you_mean

    if not path.parent.is_dir():
        return f" (there is no folder {str(path.parent)!r} either)"
    names = (beside.name for beside in path.parent.iterdir())
    return did_you_mean(path.name, [name for name in names if not name.startswith(".")])


def _tables_in(folder: Path) -> str:
    """Name the tables in a folder, a few of them."""
    endings = {".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson", ".xlsx", ".xls"}
    names = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in endings)
    return f" ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})" if names else ""


def _read_content(
    content: bytes, header: Sequence[str] | None, by_position: bool, *, folder: str
) -> RawTable:
    """Read bytes by what they turn out to be."""
    refuse_what_is_no_table(content, folder=folder)
    if content.startswith(b"PAR1"):
        return _rename(_read_parquet(content), "parquet", header)
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _read_workbook(content, header, by_position)
    if re.match(rb"(?:\xef\xbb\xbf)?\s*[\[{]", content[:200]) and (read := _read_json(content)) is not None:
        frame, notes = read
        return replace(_rename(frame, "jsonl", header), notes=notes)
    require_ends_of_rows(HeldContent(content))
    grid = read_grid(content)
    names, rows, notes = split_header(grid.cells, named=header, by_position=by_position)
    names, rows = unguarded_table(names, rows)
    rows.columns = unique_names(names)
    return RawTable(
        frame=rows,
        header=names,
        format="tsv" if grid.separator == "\t" else "csv",
        encoding=grid.encoding,
        separator=grid.separator,
        notes=(*grid.notes, *notes),
    )


def refuse_what_is_no_table(content: bytes, *, folder: str) -> None:
    """Raise for content that is plainly something else."""
    start = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise UnreadableTable("is empty: fetch or export the table again")
    if start.startswith(b"version https://git-lfs"):
        size = re.search(rb"size (\d+)", content[:512])
        whole = f" of {int(size.group(1)):,} bytes" if size else ""
        raise UnreadableTable(
            f"is a git-LFS pointer, not the table{whole} it stands for: run 'git lfs pull' where it was "
            "cloned, or download the file itself"
        )
    for mark, kind in _OTHER_KINDS.items():
        if start[: len(mark)].lower() == mark.lower():
            raise UnreadableTable(f"is {kind}, not a table of songs: {_next_step(kind, folder)}")
    if start[4:8] == b"ftyp" or (start[:4] == b"FORM" and start[8:11] == b"AIF"):
        kind = "an audio or video file"
        raise UnreadableTable(f"is {kind}, not a table of songs: {_next_step(kind, folder)}")
    if content.startswith(
        (b"\xff\xfe", b"\xfe\xff", codecs.BOM_UTF32_BE, b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
    ):
        return
    head = content[:4096]
    strange = sum(byte < 9 or 13 < byte < 32 for byte in head if byte != 0)
    if strange > 0.1 * len(head) or _is_scattered_with_nul(head):
        raise UnreadableTable("is a binary file, not a table of songs: export the songs as CSV or Parquet")


def _is_scattered_with_nul(head: bytes) -> bool:
    """Say whether NULs fill the head otherwise than in UTF-16 text."""
    zeros = head.count(0)
    regular = max(head[0::2].count(0), head[1::2].count(0))
    return zeros > 0.2 * len(head) and regular < 0.9 * zeros


def _next_step(kind: str, folder: str) -> str:
    """Say what to do instead with a file of another kind."""
    if "web page" in kind:
        return "the download gave a page (a login, perhaps) instead of the file; download it again"
    if "audio" in kind:
        return f"a folder of music files makes an atlas, with 'songatlas build {folder}'; one file does not"
    return "export the songs as CSV or Parquet"


def _read_parquet(content: bytes) -> pl.DataFrame:
    """Read the content of a Parquet file."""
    require_unpackable(io.BytesIO(content), len(content))
    try:
        stored = pl.scan_parquet(content, glob=False, hive_partitioning=False)
        width = len(stored.collect_schema())
        require_columns(width)
        n_rows = stored.select(pl.len()).collect().item()
        require_dense(n_rows, width, len(content), each=STORED_CELLS_PER_BYTE)
        require_light_texts(stored, n_rows, len(content), are_held=True)
        return stored.collect()
    except REFUSALS as error:
        raise UnreadableTable(damaged(error)) from None


def _open_parquet(path: Path) -> StoredFrame:
    """Open a Parquet file, whose columns are read when they are asked for."""
    try:
        return StoredFrame.of(path, are_held=True)
    except REFUSALS as error:
        raise UnreadableTable(damaged(error)) from None


def _read_json(content: bytes) -> tuple[pl.DataFrame, tuple[str, ...]] | None:
    """Read JSON lines or an array of objects, with notes; None if the text only begins like JSON."""
    if kind_of(HeldContent(content)) == "json":
        require_json_in_one_piece(len(content))
    else:
        require_ends_of_rows(HeldContent(content))
    text, _, notes = decode_json(content)
    text = text.strip()
    if text.startswith("{"):
        first = text.split("\n", 1)[0].strip()
        try:
            is_row = isinstance(json.loads(first), dict)
        except (ValueError, RecursionError):
            is_row = False
        if is_row and (text.count("\n") > 0 or not _is_nested(first)):
            return _frame_of_json(text, lines=True), notes
        if is_row or BEGINS_OBJECT.match(text):
            raise UnreadableTable(
                "is one JSON object, not a table: write one flat object a line (JSONL), or a CSV file"
            )
        return None
    return (_frame_of_json(text, lines=False), notes) if re.match(r"\[\s*\{", text) else None


def _is_nested(line: str) -> bool:
    """Say whether a JSON object holds other objects or lists of them."""
    row = json.loads(line)
    return any(isinstance(value, dict) or _holds_objects(value) for value in row.values())


def _holds_objects(value: Any) -> bool:
    """Say whether a JSON value is a list of objects."""
    return isinstance(value, list) and any(isinstance(part, dict) for part in value)


def _frame_of_json(text: str, *, lines: bool) -> pl.DataFrame:
    """Read JSON with Polars."""
    if not lines:
        require_json_in_one_piece(len(text))
    require_dense_json(text, text.count("\n") + 1 if lines else text.count("{"))
    content = io.BytesIO(text.encode())
    try:
        if lines:
            return pl.read_ndjson(content, infer_schema_length=None)
        return pl.read_json(content, infer_schema_length=None)
    except REFUSALS as error:
        raise UnreadableTable(
            f"is JSON that is no table ({one_line(error, longest=100)}): write one flat object a line (JSONL)"
        ) from None


def _read_workbook(content: bytes, header: Sequence[str] | None, by_position: bool) -> RawTable:
    """Read the first sheet of an Excel workbook that looks like songs, else the first that is not empty."""
    if importlib.util.find_spec("fastexcel") is None:
        raise UnreadableTable(
            "is an Excel workbook, which needs one more package: pip install 'songatlas[excel]', "
            "or save it as CSV"
        )
    try:
        sheets = sheets_of(content, most_memory=WORKBOOK_MEMORY, seconds=WORKBOOK_SECONDS)
    except UnreadableBook as error:
        raise UnreadableTable(
            f"is no Excel workbook that can be read ({one_line(error, longest=100)}): save it as CSV"
        ) from None
    if not sheets:
        raise UnreadableTable("is an empty workbook: export the table again")
    known = [max(known_headers(row) for row in cells.head(12).rows()) for _, cells in sheets]
    name, cells = sheets[known.index(max(known))]
    names, rows, notes = split_header(cells, named=header, by_position=by_position)
    names, rows = unguarded_table(names, rows)
    rows.columns = unique_names(names)
    if len(sheets) > 1:
        notes = (*notes, f"of {len(sheets)} sheets {name!r} was read")
    return RawTable(frame=rows, header=names, format="xlsx", notes=notes)


def _rename(frame: pl.DataFrame | StoredFrame, kind: str, header: Sequence[str] | None) -> RawTable:
    """Wrap a typed table, its columns renamed where names were given."""
    header = tuple(frame.columns) if header is None else header
    if len(header) != frame.width:
        raise BadSettings(
            f"{len(header)} header names were given for {frame.width} columns: give one name a column"
        )
    require_columns(frame.width)
    names = unique_names(header)
    if names == list(frame.columns):
        return RawTable(frame=frame, header=tuple(header), format=kind)
    if isinstance(frame, StoredFrame):
        frame = frame.renamed(names)
    else:
        frame = frame.rename(dict(zip(frame.columns, names, strict=True)))
    return RawTable(frame=frame, header=tuple(header), format=kind)


def _read_dataframe(source: Any, header: Sequence[str] | None) -> tuple[RawTable, str, str]:
    """Take a dataframe of any library."""
    library = type(source).__module__.split(".")[0]
    name = f"{library} {type(source).__name__}"
    if repeated := _repeated_name(source):
        raise UnreadableTable(
            f"the {name} has several columns called {repeated!r}: rename them, so that every column has a "
            "name of its own"
        )
    try:
        frame = source if isinstance(source, pl.DataFrame) else pl.DataFrame(source)
    except (*REFUSALS, ValueError, TypeError) as error:
        raise UnreadableTable(
            f"the {name} cannot be taken over ({one_line(error, longest=100)}): give every column one type "
            "and its own name"
        ) from None
    if frame.width == 0:
        raise MissingColumns(f"the {name} has no columns: give a table of songs")
    if frame.height == 0:
        raise UnreadableTable(f"the {name} has no rows: there are no songs to read")
    content = io.BytesIO()
    frame.rechunk().write_ipc_stream(content)
    sha256 = hashlib.sha256(content.getbuffer()).hexdigest()
    return _rename(frame, "dataframe", header), name, sha256


def _repeated_name(frame: Any) -> str:
    """Return the first name that two columns of a dataframe share; empty if none do."""
    # PyArrow has the names in `column_names` and the values in `columns`.
    names: Sequence[Any] = getattr(frame, "column_names", getattr(frame, "columns", ()))
    counts = Counter(name if isinstance(name, str) else str(name) for name in names)
    return next((name for name, count in counts.items() if count > 1), "")


_OTHER_KINDS = {
    b"<!doctype html": "a web page",
    b"<html": "a web page",
    b"<?xml": "an XML file",
    b"%PDF": "a PDF file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"RIFF": "an audio or video file",
    b"ID3": "an audio file",
    b"OggS": "an audio file",
    b"fLaC": "an audio file",
    b"0&\xb2u\x8ef\xcf\x11": "an audio or video file",
    **dict.fromkeys((b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1"), "an audio file"),
    b"SQLite format 3": "an SQLite database",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\x7fELF": "a program",
    b"ARROW1": "an Arrow IPC file",
    b"\x89HDF": "an HDF5 file",
    b"#EXTM3U": "a playlist of file names",
}
