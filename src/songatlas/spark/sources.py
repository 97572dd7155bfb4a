"""Tables of songs that Spark can read: Parquet as it is, text files parsed by a task, simulated rows.

Parquet is read by Spark itself, columns that nobody asks for are not. A text file is read and parsed as a
whole by one task, by the same parser as on one machine, so that dirt and encodings come out alike; it is not
cut, so that a cluster has as much to do at a time as there are files, and a file must fit into the memory of
an executor. Rows that were dear to come by, parsed or simulated, are kept packed.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import polars as pl

from songatlas.catalogue import Origin
from songatlas.errors import BadSettings, SongAtlasError, UnreadableTable
from songatlas.spark.found import UNSURE, FoundFiles, escaped, find_files, found_of, name_of
from songatlas.spark.jobs import fetched, mapped, run
from songatlas.spark.packing import ENOUGH_ROWS, unpacked
from songatlas.spark.workers import FILES, Parsed, Reading, Sampled, Simulated, check_shape, plain

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

HEAD_BYTES: Final = 1 << 20
"""Of the first text file, by which its form is decided."""
_HEAD_OF_UNSURE: Final = 1 << 16
_GZIP: Final = b"\x1f\x8b"
_MOST_FOOTERS: Final = 2_000
_FOOTERS_AT_ONCE: Final = 8
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
    found = find_files(session, address)
    return _parquet(session, found) if found.format == "parquet" else _texts(session, found, text)


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


def _parquet(session: SparkSession, found: FoundFiles) -> Source:
    """Return a table of Parquet files."""
    read = run(session, lambda: session.read.options(**found.options()).parquet(found.address))
    names, places = tuple(read.columns), [f"c{place}" for place in range(len(read.columns))]
    _check_columns(session, found, [name for name in names if name not in found.folders])
    return Source(
        session=session,
        frame=read.toDF(*places),
        placed=read.select("*", *_PLACE).toDF(*places, "file", "row"),
        names=names,
        schema=read.schema,
        folders=found.folders,
        origin=_origin_of(found, names),
    )


def _check_columns(session: SparkSession, found: FoundFiles, names: Sequence[str]) -> None:
    """Refuse Parquet files of different columns; of very many, some spread over all are looked at."""
    if len(found.files) == 1:
        return
    paths = [file.path for file in found.files[:: -(-len(found.files) // _MOST_FOOTERS)]]

    def columns_of(path: str) -> list[str]:
        return session.read.option("recursiveFileLookup", "true").parquet(escaped(path)).columns

    def all_columns() -> list[list[str]]:
        with ThreadPoolExecutor(_FOOTERS_AT_ONCE) as pool:
            return list(pool.map(columns_of, paths))

    for path, columns in zip(paths, run(session, all_columns), strict=True):
        check_shape(path, columns, names)


def _texts(session: SparkSession, found: FoundFiles, text: Callable[[str, bytes], TextForm]) -> Source:
    """Return a table of text files."""
    sure = [file.path for file in found.files if file.ending.lower() not in UNSURE]
    first = (sure or [found.files[0].path])[0]
    form = text(name_of(first), _heads(session, [first], HEAD_BYTES)[0])
    found = _belonging(session, found, text) if sure else found
    contents = session.read.format("binaryFile").load(escaped(first)).select("path", "content")
    parsed_first = mapped(contents, Parsed(parse=form.parse, names=None), FILES)
    empty = unpacked(run(session, lambda: fetched(parsed_first.select("rows"))).column(0)[0].as_py())
    contents = session.read.format("binaryFile").options(**found.options()).load(found.address)
    rows = contents.select("path", "content", *(f"`{name}`" for name in found.folders))
    parsed = mapped(rows, Parsed(parse=form.parse, names=tuple(empty.columns)), FILES)
    origin = _origin_of(found, (form.header or tuple(empty.columns)) + found.folders, form)
    whole = empty.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in found.folders)
    return _kept(session, parsed, _schema_of(whole), found.folders, origin)


def _heads(session: SparkSession, paths: Sequence[str], n_bytes: int) -> list[bytes]:
    """Return the beginnings of text files, taken out of gzip."""
    read = session.read.format("binaryFile").load([escaped(path) for path in paths])
    table = run(
        session, lambda: fetched(read.selectExpr("path", f"substring(content, 1, {n_bytes}) AS head"))
    )
    heads = dict(zip(map(unquote, table.column(0).to_pylist()), table.column(1).to_pylist(), strict=True))
    return [_unzipped(heads[path], n_bytes) for path in paths]


def _unzipped(head: bytes, n_bytes: int) -> bytes:
    """Return what stands in gzip at first, and other bytes as they are."""
    if not head.startswith(_GZIP):
        return head
    try:
        return zlib.decompressobj(31).decompress(head, n_bytes)
    except zlib.error:
        return head


def _belonging(
    session: SparkSession, found: FoundFiles, text: Callable[[str, bytes], TextForm]
) -> FoundFiles:
    """Return the tables without the ``.txt`` beside them, if these have other columns."""
    unsure = [file for file in found.files if file.ending.lower() in UNSURE]
    if not unsure:
        return found
    sure = [file for file in found.files if file not in unsure]
    heads = _heads(session, [sure[0].path, *(file.path for file in unsure)], _HEAD_OF_UNSURE)
    columns, *others = [_columns_of(head, text) for head in heads]
    if belonging := [file for file, names in zip(unsure, others, strict=True) if names == columns]:
        strange = [file.path for file in unsure if file not in belonging]
        if strange:
            raise UnreadableTable(
                f"{belonging[0].path} is a table like the others, and {strange[0]} is none: leave such texts "
                "out of the folder"
            )
        return found
    without = found_of(found.address, found.format, found.files, sure)
    return replace(without, notes=tuple(dict.fromkeys((*without.notes, *found.notes[1:]))))


def _columns_of(head: bytes, text: Callable[[str, bytes], TextForm]) -> set[str] | None:
    """Return the columns of a text; None where it is no table."""
    try:
        form = text("", head)
        return set(form.header or form.parse(head[: head.rfind(b"\n") + 1] or head).columns)
    except SongAtlasError:
        return None


def _origin_of(found: FoundFiles, header: tuple[str, ...], form: TextForm | None = None) -> Origin:
    """Return where a table of files came from."""
    return Origin(
        name=name_of(found.address),
        format=found.format,
        encoding=form.encoding if form else None,
        separator=form.separator if form else None,
        sha256="",
        n_files=len(found.files),
        header=header,
        notes=(*(form.notes if form else ()), *found.notes),
    )


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
