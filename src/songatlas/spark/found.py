"""Which files at an address are tables, and of what format; what this machine can tell of it is told first.

As on one machine, files that are no tables are passed over and named in a note. They are told by their
endings, so that nothing is read for it; a ``.txt`` beside other text is a table if it has their columns.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from songatlas.errors import BadSettings, UnreadableTable, did_you_mean
from songatlas.spark.extra import SparkTrouble
from songatlas.spark.jobs import fetched, run
from songatlas.spark.session import check_shared

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FORMATS: Final = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
"""Formats by the endings of files; text may be in gzip (``.csv.gz``)."""
UNSURE: Final = (".txt", ".txt.gz")
"""Endings of tables and of other texts."""

_PATTERN: Final = re.compile(r"[*?\[\]{}]")
_LISTED: Final = 4


@dataclass(frozen=True, kw_only=True)
class FoundFile:
    """A file at an address, and its bytes."""

    path: str
    n_bytes: int

    @property
    def ending(self) -> str:
        """Ending of its name, with that inside ``.gz``."""
        name = PurePosixPath(self.path)
        inside = PurePosixPath(name.stem).suffix if name.suffix.lower() == ".gz" else ""
        return inside + name.suffix

    @property
    def format(self) -> str | None:
        """Its format, as far as the ending says."""
        ending = self.ending.lower()
        format = FORMATS.get(ending.removesuffix(".gz"))
        return None if format == "parquet" and ending.endswith(".gz") else format


@dataclass(frozen=True, kw_only=True)
class FoundFiles:
    """The tables at an address.

    Attributes
    ----------
    address : str
        As Spark reads it.
    format : str
    files : tuple of FoundFile
        By their paths.
    folders : tuple of str
        Columns that stand in the names of folders below the address (``year=2019``).
    endings : tuple of str
        Of the files, where others lie beside them.
    notes : tuple of str
    """

    address: str
    format: str
    files: tuple[FoundFile, ...]
    folders: tuple[str, ...]
    endings: tuple[str, ...]
    notes: tuple[str, ...]

    def options(self) -> dict[str, str]:
        """Return options of Spark's reader, which let it read these files alone."""
        options = {}
        if self.endings:
            options["pathGlobFilter"] = "{" + ",".join(f"*{ending}" for ending in self.endings) + "}"
        if not self.folders:
            options["recursiveFileLookup"] = "true"
        return options


def refuse_missing(address: str, *, master: str | None, conf: Mapping[str, str]) -> None:
    """Refuse a path of this machine at which nothing is, before Spark is started.

    Raises
    ------
    UnreadableTable
        Paths that a cluster may take for those of a file system of its own are left to it.
    """
    scheme, apart, rest = address.partition("://")
    if apart and scheme != "file":
        return
    path = rest if apart else address
    elsewhere = "spark.hadoop.fs.defaultFS" in conf or "HADOOP_CONF_DIR" in os.environ
    if (master or "").startswith("sc://") or (elsewhere and not apart):
        return
    if _PATTERN.search(path) or Path(path).exists() or Path(unquote(path)).exists():
        return
    home = Path(path).parent
    beside = [one.name for one in home.iterdir()] if home.is_dir() else []
    raise UnreadableTable(
        f"there is no file or folder {path!r}: check the path{did_you_mean(Path(path).name, beside)}"
    )


def find_files(session: SparkSession, address: str) -> FoundFiles:
    """Return the tables at an address.

    Raises
    ------
    UnreadableTable
        Where there are none, or some of several formats.
    """
    if "://" not in address and Path(address).exists():
        address = escaped(with_scheme(address))
    files = files_at(session, address)
    if not files:
        raise UnreadableTable(f"Spark finds no files at {address}: check the address, or give their folder")
    tables = [file for file in files if file.format is not None]
    sure = [file for file in tables if file.ending.lower() not in UNSURE]
    if sure and all(file.format == "parquet" for file in sure):
        tables = sure
    formats = sorted({str(file.format) for file in sure or tables})
    if len(formats) > 1:
        raise UnreadableTable(
            f"{address} has files of several formats ({', '.join(formats)}): give a folder with one of them, "
            "or an address like FOLDER/*.parquet"
        )
    if not tables:
        tables = _without_ending(address, files)
    return found_of(address, formats[0] if formats else "parquet", files, tables)


def found_of(
    address: str, format: str, files: Sequence[FoundFile], tables: Sequence[FoundFile]
) -> FoundFiles:
    """Return some of the files at an address as its tables, with a note on the others."""
    chosen = {file.path for file in tables}
    others = [_name_of(file.path) for file in files if file.path not in chosen]
    notes = [f"{len(tables):,} files of {sum(file.n_bytes for file in tables):,} bytes, read on Spark"]
    if len(tables) == 1:
        notes = [f"1 file of {tables[0].n_bytes:,} bytes, read on Spark"]
    if others:
        more = f" and {len(others) - _LISTED:,} more" if len(others) > _LISTED else ""
        listed = ", ".join(others[:_LISTED]) + more
        notes.append(f"files in the folder that are no tables, passed over: {listed}")
    return FoundFiles(
        address=address,
        format=format,
        files=tuple(sorted(tables, key=lambda file: file.path)),
        folders=_folders(address, [file.path for file in tables]),
        endings=tuple(sorted({file.ending for file in tables} - {""})),
        notes=tuple(notes),
    )


def files_at(session: SparkSession, address: str) -> list[FoundFile]:
    """Return all files at an address, those in folders below too, by path; none where nothing is."""
    reader = session.read.format("binaryFile").option("recursiveFileLookup", "true")
    try:
        # The address is looked up by `load`, and over Spark Connect when files are fetched.
        files = run(session, lambda: fetched(reader.load(address).select("path", "length")))
    except SparkTrouble as error:
        if "PATH_NOT_FOUND" in str(error):
            return []
        raise
    pairs = zip(files.column(0).to_pylist(), files.column(1).to_pylist(), strict=True)
    return sorted(
        (FoundFile(path=unquote(path), n_bytes=n_bytes) for path, n_bytes in pairs),
        key=lambda file: file.path,
    )


def check_place(session: SparkSession, folder: Path, rows_to: str | None) -> None:
    """Make sure, before anything is read, that executors can write the rows where they shall go.

    Raises
    ------
    BadSettings
        Where files are at `rows_to` already.
    SparkTrouble
        Where executors do not see a folder of this machine.
    """
    place = with_scheme(str(folder) if rows_to is None else rows_to)
    if rows_to is not None and files_at(session, escaped(place)):
        raise BadSettings(f"--rows-to {rows_to} has files already: name a new or empty folder there")
    if place.startswith("file:"):
        local = Path(place.removeprefix("file://"))
        check_shared(session, local, option="-o" if rows_to is None else "--rows-to")


def with_scheme(path: str) -> str:
    """Return an address as it stands, and a path as the address of a file or folder of this machine."""
    return path if "://" in path else f"file://{Path(path).resolve()}"


def name_of(address: str) -> str:
    """Return the last part of an address."""
    return unquote(address.rstrip("/").rpartition("/")[2]).replace("\\", "")


def escaped(path: str) -> str:
    """Return the path of a file as an address that Spark reads as it stands, not as a pattern."""
    return "".join(f"\\{letter}" if letter in "{}[]*?\\" else letter for letter in path)


def _without_ending(address: str, files: Sequence[FoundFile]) -> list[FoundFile]:
    """Return the files whose names have no ending, as programs of Hadoop write them; refuse others."""
    bare = [file for file in files if "." not in _name_of(file.path)]
    if not bare:
        endings = ", ".join(sorted({file.ending or file.path for file in files})[:_LISTED])
        raise UnreadableTable(
            f"{address} has files that Spark does not read as tables ({endings}): give Parquet, or CSV, TSV "
            "or JSON lines (.jsonl), also in gzip; a single table of another format is read without "
            "--engine spark"
        )
    return bare


def _name_of(path: str) -> str:
    """Return the name of a file, whose path is no address: nothing in it is quoted."""
    return path.rpartition("/")[2]


def _folders(address: str, paths: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that stand in the names of folders below an address."""
    root = address.partition("://")[2].replace("\\", "").rstrip("/")
    below = [path.partition(root + "/")[2] for path in paths]
    parts = [tuple(part.partition("=")[0] for part in path.split("/")[:-1] if "=" in part) for path in below]
    return parts[0] if parts and len(set(parts)) == 1 else ()
