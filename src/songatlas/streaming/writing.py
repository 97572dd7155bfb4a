"""The rows of files written again, each file by itself, with columns added at the end.

Text keeps the very text of its cells and its separator, in UTF-8 with line feeds, with an apostrophe before
what a spreadsheet would run (see `safe_cells`); Parquet keeps its types; JSON lines keep their values.
Columns that come from names of folders stay in these.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

import polars as pl
from polars.io.plugins import register_io_source

from songatlas.catalogue import free_names
from songatlas.progress import Progress
from songatlas.safe_cells import write_cells
from songatlas.streaming.files import Files, OneFile, OnePart
from songatlas.streaming.memory import in_order, parts_in_flight
from songatlas.streaming.pace import Pace
from songatlas.streaming.work_folder import placed_whole, polars_to_disk, write_json

_Parts = Iterable[pl.DataFrame]


def write_files(
    files: Files,
    parts: Sequence[OnePart],
    label: Callable[[int], pl.DataFrame],
    added: Mapping[str, pl.DataType],
    folder: Path,
    step: Path,
    *,
    tell: Progress,
    raw_cells: bool = False,
) -> tuple[str, ...]:
    """Write each file with what `label` answers of its rows.

    Parameters
    ----------
    files : Files
    parts : sequence of OnePart
        All rows, in order.
    label : callable
        Gets the number of a part, answers with the columns `added`, row for row.
    added : mapping of str to polars type
        Columns that join the table last, under another name where it has one of theirs.
    folder : Path
        Where to write.
    step : Path
        Folder that tells a later run which files are whole.
    tell : callable
        Progress, from 0 to 1.
    raw_cells : bool
        Whether texts stand in text files as they are, though a spreadsheet may run them as formulas.

    Returns
    -------
    tuple of str
        Names of the files, relative to `folder`.
    """
    names = free_names(files.header, added)
    pace = Pace(tell, "writing", files.n_rows)
    written = []
    for number, file in enumerate(files.files):
        path, mark = folder / file.name, step / f"{number:06}.json"
        written.append(file.name)
        if _is_whole(path, mark):
            pace.add(file.n_rows)
            continue
        own = [place for place, part in enumerate(parts) if part.file == number]
        rows = _Labelled(files, parts, label, names).of(own, pace)
        schema = {**file.schema, **{names[name]: kind for name, kind in added.items()}}
        with placed_whole(path) as beside:
            if file.format in _TEXT:
                _write_text(beside, file, schema, list(names.values()), rows, raw_cells=raw_cells)
            else:
                _WRITERS[file.format](beside, file, schema, rows)
        write_json(mark, {"n_bytes": path.stat().st_size})
    return tuple(written)


def _is_whole(path: Path, mark: Path) -> bool:
    """Say whether an earlier run has written a file."""
    try:
        kept = json.loads(mark.read_text(encoding="utf-8"))
        return bool(path.stat().st_size == kept["n_bytes"])
    except (OSError, ValueError, KeyError):
        return False


class _Labelled:
    """The rows of parts as they stand, with what joins them."""

    def __init__(
        self,
        files: Files,
        parts: Sequence[OnePart],
        label: Callable[[int], pl.DataFrame],
        names: Mapping[str, str],
    ) -> None:
        self._files, self._parts, self._label, self._names = files, parts, label, names

    def of(self, places: Sequence[int], pace: Pace) -> Iterator[pl.DataFrame]:
        """Yield the rows of some parts."""
        for rows in in_order(self._rows, places, at_once=parts_in_flight()):
            yield rows
            pace.add(rows.height)

    def _rows(self, place: int) -> pl.DataFrame:
        rows, answer = self._files.read_own(self._parts[place]), self._label(place)
        if answer.height != rows.height:
            raise ValueError(f"{answer.height} rows were labelled of {rows.height}")
        answer = answer.select(pl.col(theirs).alias(ours) for theirs, ours in self._names.items())
        return rows.hstack(answer)


def _write_text(
    beside: Path,
    file: OneFile,
    schema: Mapping[str, pl.DataType],
    added: Sequence[str],
    parts: _Parts,
    *,
    raw_cells: bool,
) -> None:
    separator = file.separator or ","
    header = [text.lstrip("\ufeff") for text in file.header] + list(added)
    with ExitStack() as stack:
        out = _stream(stack, beside, file)
        put = partial(_put, out=out, separator=separator, raw=raw_cells)
        put(pl.DataFrame([header], orient="row", strict=False))
        for rows in parts:
            cells = [
                pl.when(pl.col(name) != "").then(pl.col(name)).alias(name)
                for name, kind in schema.items()
                if kind == pl.String
            ]
            put(rows.with_columns(cells))


def _put(rows: pl.DataFrame, out: IO[bytes], separator: str, *, raw: bool) -> None:
    """Write rows as text, a row of nothing but one empty cell too."""
    with polars_to_disk():
        write_cells(rows, out, separator=separator, include_header=False, raw=raw)


def _write_json(beside: Path, file: OneFile, schema: Mapping[str, pl.DataType], parts: _Parts) -> None:
    with ExitStack() as stack:
        out = _stream(stack, beside, file)
        for rows in parts:
            with polars_to_disk():
                rows.write_ndjson(out)


def _stream(stack: ExitStack, beside: Path, file: OneFile) -> IO[bytes]:
    """Open what is written to, inside gzip where the file is."""
    plain = stack.enter_context(beside.open("wb"))
    if not file.is_gzip:
        return plain
    packed = gzip.GzipFile(filename="", fileobj=plain, mode="wb", compresslevel=6, mtime=0)
    return cast("IO[bytes]", stack.enter_context(packed))


def _write_parquet(beside: Path, file: OneFile, schema: Mapping[str, pl.DataType], parts: _Parts) -> None:
    failed: list[BaseException] = []

    def rows_of(*_: Any) -> Iterator[pl.DataFrame]:
        try:
            yield from parts
        except BaseException as error:
            failed.append(error)
            raise

    try:
        with polars_to_disk():
            register_io_source(rows_of, schema=pl.Schema(schema)).sink_parquet(beside)
    except OSError:
        if failed:
            raise failed[0] from None
        raise


_TEXT = ("csv", "tsv")
_WRITERS = {"jsonl": _write_json, "parquet": _write_parquet}
