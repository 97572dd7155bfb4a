"""The cells of a workbook, read in a process of its own, so that a hostile workbook ends nothing but that.

A workbook of a thousand bytes may name a cell in row four billion, for which the reader reserves memory until
the process is ended by the system. `python workbook_sheets.py < BOOK` therefore is the process: it imports
nothing of songatlas, takes a bounded amount of memory, and writes the sheets to stdout.

Conventions
-----------
Each sheet on stdout is a line of JSON (`name`, and `n_bytes` of what follows) and an Arrow IPC stream of
String columns ``c0``, ``c1`` ..., header row included. With exit status 3 stdout says why the
book cannot be read.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl

_UNREADABLE = 3


class UnreadableBook(Exception):
    """The workbook cannot be read; says why in the words of the reader."""


def sheets_of(content: bytes, *, most_memory: int, seconds: float) -> list[tuple[str, pl.DataFrame]]:
    """Return the sheets of a workbook that hold cells: names, and cells as text.

    Parameters
    ----------
    content : bytes
        XLSX, XLSM, XLSB, XLS or ODS.
    most_memory : int
        Bytes that reading may reserve, where the system has such a bound.
    seconds : float
        Time that reading may take.

    Raises
    ------
    UnreadableBook
        If it cannot be read within these bounds.
    """
    command = [sys.executable, "-P", str(Path(__file__)), str(most_memory)]
    paths = os.pathsep.join(path for path in sys.path if path)
    surroundings = {**os.environ, "PYTHONPATH": paths, "POLARS_MAX_THREADS": "1"}
    try:
        ended = subprocess.run(  # noqa: S603 - our own file, by this interpreter
            command, input=content, capture_output=True, timeout=seconds, env=surroundings, check=False
        )
    except subprocess.TimeoutExpired:
        raise UnreadableBook(f"reading it takes over {seconds:,.0f} seconds") from None
    if ended.returncode == _UNREADABLE:
        raise UnreadableBook(ended.stdout.decode(errors="replace"))
    if ended.returncode:
        most = f"{most_memory / 2**30:g} GiB"
        raise UnreadableBook(f"its cells need over {most} of memory, or the reader crashes on them")
    return _taken(io.BytesIO(ended.stdout))


def _taken(stream: io.BytesIO) -> list[tuple[str, pl.DataFrame]]:
    """The sheets that the process wrote."""
    sheets = []
    while line := stream.readline():
        told = json.loads(line)
        sheets.append((told["name"], pl.read_ipc_stream(io.BytesIO(stream.read(told["n_bytes"])))))
    return sheets


def _read_here(content: bytes) -> list[tuple[str, pl.DataFrame]]:
    """The sheets of a workbook, read in this process."""
    import fastexcel

    try:
        book = fastexcel.read_excel(content)
        sheets = [(name, _cells(book, name)) for name in book.sheet_names]
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError) as error:
        raise UnreadableBook(str(error)) from None
    return [(name, cells) for name, cells in sheets if cells.height and cells.width]


def _cells(book: Any, name: str) -> pl.DataFrame:
    """Return the cells of a sheet as text, header row included."""
    cells: pl.DataFrame = book.load_sheet(name, header_row=None, dtypes="string").to_polars()
    cells.columns = [f"c{position}" for position in range(cells.width)]
    return cells.select(pl.all().cast(pl.String).fill_null(""))


def _bound_memory(most: int) -> None:
    """Let the system refuse this process more memory than that, where it can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ValueError, OSError):  # macOS refuses bounds below what is reserved already
        return


def main() -> int:
    """Read the workbook on stdin and write its sheets to stdout."""
    _bound_memory(int(sys.argv[1]))
    out = sys.stdout.buffer
    try:
        sheets = _read_here(sys.stdin.buffer.read())
    except UnreadableBook as error:
        out.write(str(error).encode(errors="replace"))
        return _UNREADABLE
    for name, cells in sheets:
        stream = io.BytesIO()
        cells.write_ipc_stream(stream)
        out.write(json.dumps({"name": name, "n_bytes": stream.tell()}).encode() + b"\n")
        out.write(stream.getbuffer())
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
