"""Tables of songs that Spark can read: Parquet as it is, text files parsed by a task, simulated rows.

Parquet is read by Spark itself, columns that nobody asks for are not. A text file is read and parsed as a
whole by one task, by the same parser as on one machine, so that dirt and encodings come out alike; it is not
cut, so that a cluster has as much to do at a time as there are files, and a file must fit into the memory of
an executor. Rows that were dear to come by, parsed or simulated, are kept packed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import polars as pl

from songatlas.catalogue import Origin
from songatlas.errors import BadSettings, UnreadableTable
from songatlas.spark.extra import SparkTrouble
from songatlas.spark.jobs import fetched, mapped, run
from songatlas.spark.packing import ENOUGH_ROWS, unpacked
from songatlas.spark.workers import FILES, Parsed, Reading, Sampled, Simulated, plain

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

FORMATS: Final = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
"""Formats by the endings of files."""
HEAD_BYTES: Final = 1 << 20
"""Of the first text file, by which its form is decided."""
_MOST_TASKS: Final = 10_000
_PLACE: Final = ("_metadata.file_path", "_metadata.row_index")


@dataclass(frozen=True, kw_only=True)
class TextForm:
    """How the text files of a table are read.

    Attributes
    ----------
    parse : callable
        Returns the cells of a whole file, all as String, under unique headers. It is sent to the executors:
        a function of a module, a `functools.partial` or a frozen dataclass.
    encoding, separator : str or None
    header : tuple of str or None
        Headers as they stand; those that `parse` gives where they are None.
    notes : tuple of str
    """

    parse: Callable[[bytes], pl.DataFrame]
    encoding: str | None = None
    separator: str | None = None
    header: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Source:
    """A table on Spark.

    Attributes
    ----------
    session : SparkSession
    frame : DataFrame
        Its rows: in columns ``c0``, ``c1`` ..., or packed, with their places.
    placed : DataFrame
        The same and, beside columns, `file` and `row`.
    names : tuple of str or None
        Names of the columns; None where rows are packed.
    schema : StructType
        Of the rows as they stand.
    folders : tuple of str
        Columns that stand in names of folders (``year=2019``).
    origin : Origin
    """

    session: SparkSession
    frame: DataFrame
    placed: DataFrame
    names: tuple[str, ...] | None
    schema: StructType
    folders: tuple[str, ...]
    origin: Origin

    def read(self, columns: Sequence[str] | None = None) -> tuple[DataFrame, Reading]:
        """Return what executors read for rows of some columns, and how."""
        if self.names is None:
            return self.frame.select("rows"), Reading(
                names=None, columns=None if columns is None else tuple(columns)
            )
        wanted = [place for place, name in enumerate(self.names) if columns is None or name in set(columns)]
        if not wanted:
            return self.frame, Reading(names=self.names)
        frame = self.frame.select(*(f"c{place}" for place in wanted))
        return frame, Reading(names=tuple(self.names[place] for place in wanted))

    def count(self) -> int:
        """Count the rows."""
        if self.names is not None:
            return int(run(self.session, self.frame.count))
        counts = run(self.session, lambda: fetched(self.frame.select("n"))).column(0).to_pylist()
        return int(sum(counts))

    def sample(self, share: float) -> pl.DataFrame:
        """Return a share of the rows, in order: the same ones however many tasks read them."""
        if self.names is None:
            rows = mapped(self.frame, Sampled(share=share), FILES) if share < 1 else self.frame
            pieces = run(self.session, lambda: fetched(rows)).to_pylist()
            pieces.sort(key=lambda piece: (piece["file"], piece["start"]))
            return pl.concat([unpacked(piece["rows"]) for piece in pieces], how="vertical_relaxed")
        rows = self.placed
        if share < 1:
            rows = rows.where(f"pmod(xxhash64(row, file), 1000000007) < {int(share * 1_000_000_007)}")
        table = run(self.session, lambda: fetched(rows))
        sample = pl.from_arrow(table.rename_columns([*self.names, " file", " row"]))
        assert isinstance(sample, pl.DataFrame)  # noqa: S101 - of a table it is one
        return sample.sort(" file", " row").drop(" file", " row")

    def close(self) -> None:
        """Keep packed rows no longer."""
        if self.names is None:
            self.frame.unpersist()


def found_source(session: SparkSession, address: str, text: Callable[[str, bytes], TextForm]) -> Source:
    """Return the table at an address, whose format is found from its files.

    Raises
    ------
    UnreadableTable
        Where there are no files, or files of several formats.
    """
    if "://" not in address and Path(address).exists():
        address = _escaped(with_scheme(address))
    paths = files_at(session, address)
    if not paths:
        raise UnreadableTable(f"Spark finds no files at {address}: check the address, or give their folder")
    kind, endings = _format(address, paths)
    folders = _folders(address, paths)
    options = {"pathGlobFilter": "{" + ",".join(f"*{ending}" for ending in sorted(endings)) + "}"}
    if not endings:
        options = {}
    if not folders:
        options["recursiveFileLookup"] = "true"
    if kind == "parquet":
        return _parquet(session, address, options, folders, len(paths))
    return _texts(session, address, options, folders, kind, sorted(paths), text)


def simulated_source(
    session: SparkSession, make: Callable[[range], pl.DataFrame], n_rows: int, name: str
) -> Source:
    """Return a table of `n_rows` rows that the executors make up, a range of them at a time."""
    if n_rows < 1:
        raise BadSettings(f"{n_rows} rows cannot be simulated: ask for at least 1")
    sample = make(range(1))
    n_ranges = -(-n_rows // ENOUGH_ROWS)
    ranges = session.range(0, n_ranges, 1, min(n_ranges, _MOST_TASKS))
    rows = mapped(ranges, Simulated(make=make, n_rows=n_rows, at_once=ENOUGH_ROWS), FILES)
    header = tuple(sample.columns)
    origin = Origin(
        name=name, format="simulated", encoding=None, separator=None, sha256="", n_files=0, header=header
    )
    return _kept(session, rows, _schema_of(sample), (), origin)


def _parquet(
    session: SparkSession, address: str, options: dict[str, str], folders: tuple[str, ...], n_files: int
) -> Source:
    """Return a table of Parquet files."""
    read = run(session, lambda: session.read.options(**options).parquet(address))
    names, places = tuple(read.columns), [f"c{place}" for place in range(len(read.columns))]
    origin = Origin(
        name=_name(address),
        format="parquet",
        encoding=None,
        separator=None,
        sha256="",
        n_files=n_files,
        header=names,
    )
    return Source(
        session=session,
        frame=read.toDF(*places),
        placed=read.select("*", *_PLACE).toDF(*places, "file", "row"),
        names=names,
        schema=read.schema,
        folders=folders,
        origin=origin,
    )


def _texts(
    session: SparkSession,
    address: str,
    options: dict[str, str],
    folders: tuple[str, ...],
    kind: str,
    paths: list[str],
    text: Callable[[str, bytes], TextForm],
) -> Source:
    """Return a table of text files."""
    first = session.read.format("binaryFile").load(_escaped(paths[0]))
    head = run(session, lambda: fetched(first.selectExpr(f"substring(content, 1, {HEAD_BYTES}) AS head")))
    form = text(_name(paths[0]), head.column(0)[0].as_py())
    found = mapped(first.select("path", "content"), Parsed(parse=form.parse, names=None), FILES)
    empty = unpacked(run(session, lambda: fetched(found.select("rows"))).column(0)[0].as_py())
    contents = session.read.format("binaryFile").options(**options).load(address)
    rows = contents.select("path", "content", *(f"`{name}`" for name in folders))
    parsed = mapped(rows, Parsed(parse=form.parse, names=tuple(empty.columns)), FILES)
    origin = Origin(
        name=_name(address),
        format=kind,
        encoding=form.encoding,
        separator=form.separator,
        sha256="",
        n_files=len(paths),
        header=(form.header or tuple(empty.columns)) + folders,
        notes=form.notes,
    )
    whole = empty.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in folders)
    return _kept(session, parsed, _schema_of(whole), folders, origin)


def _kept(
    session: SparkSession, rows: DataFrame, schema: StructType, folders: tuple[str, ...], origin: Origin
) -> Source:
    """Return a table whose packed rows are kept once they were made."""
    kept = rows.persist()
    return Source(
        session=session, frame=kept, placed=kept, names=None, schema=schema, folders=folders, origin=origin
    )


def _schema_of(frame: pl.DataFrame) -> StructType:
    """Return the schema that Spark has for a frame."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(plain(frame).schema, prefer_timestamp_ntz=True)


def with_scheme(path: str) -> str:
    """Return an address as it stands, and a path as the address of a file or folder of this machine."""
    return path if "://" in path else f"file://{Path(path).resolve()}"


def files_at(session: SparkSession, address: str) -> list[str]:
    """Return the addresses of all files at an address, those in folders below too; none where nothing is."""
    reader = session.read.format("binaryFile").option("recursiveFileLookup", "true")
    try:
        # The address is looked up by `load`, and over Spark Connect when files are fetched.
        files = run(session, lambda: fetched(reader.load(address).select("path")))
    except SparkTrouble as error:
        if "PATH_NOT_FOUND" in str(error):
            return []
        raise
    return [unquote(path) for path in files.column(0).to_pylist()]


def _format(address: str, paths: Sequence[str]) -> tuple[str, set[str]]:
    """Return the format of the files, and the endings of those that are meant."""
    endings = {PurePosixPath(path).suffix for path in paths}
    known = {ending for ending in endings if ending.lower() in FORMATS}
    formats = sorted({FORMATS[ending.lower()] for ending in known})
    if len(formats) > 1:
        raise UnreadableTable(
            f"{address} has files of several formats ({', '.join(formats)}): give a folder with one of them, "
            "or an address like FOLDER/*.parquet"
        )
    if formats:
        return formats[0], known
    return "parquet", set()


def _folders(address: str, paths: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that stand in the names of folders below an address."""
    root = address.partition("://")[2].replace("\\", "").rstrip("/")
    below = [path.partition(root + "/")[2] for path in paths]
    parts = [tuple(part.partition("=")[0] for part in path.split("/")[:-1] if "=" in part) for path in below]
    return parts[0] if parts and len(set(parts)) == 1 else ()


def _name(address: str) -> str:
    """Return the last part of an address."""
    return unquote(address.rstrip("/").rpartition("/")[2]).replace("\\", "")


def _escaped(path: str) -> str:
    """Return the path of a file as an address that Spark reads as it stands, not as a pattern."""
    return "".join(f"\\{letter}" if letter in "{}[]*?\\" else letter for letter in path)
