"""Where outputs may be written: nothing that a person made is replaced without a word.

Names such as `clusters.csv` and `report.html` are no secret, so that a folder may hold files of a person by
these names. Ours are those that the `outputs.json` of the folder lists; where there is none, as an older
songatlas left it, all of these names beside a saved atlas. A single file whose name nobody asked for is ours
where its columns are those that songatlas writes.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from songatlas.atlas.folders import put_back
from songatlas.atlas.saved import is_atlas_folder
from songatlas.errors import BadAtlas, BadSettings
from songatlas.files import read_at_most
from songatlas.report.outputs_record import RECORD, OutputsRecord, read_record
from songatlas.safe_cells import are_clustered

_LONGEST_HEADER: Final = 1 << 20  # bytes


def require_free(directory: Path, names: Iterable[str], *, source: str | Path | None = None) -> None:
    """Refuse a folder for outputs in which something would be replaced that songatlas did not write.

    Parameters
    ----------
    directory : Path
        Folder to write into; need not exist.
    names : iterable of str
        Files and folders to be written there, such as ``figures/elbow.svg``.
    source : str or Path, optional
        Table of songs that the outputs are made of, which stays whoever wrote it.

    Raises
    ------
    BadSettings
        If it is the folder of a saved atlas, or something in it would be replaced.
    """
    for place in (directory, directory / "atlas"):
        put_back(place)
    if not directory.is_dir():
        return
    if is_atlas_folder(directory):
        raise BadSettings(
            f"{str(directory)!r} is a saved atlas, and outputs hold an atlas of their own: name another "
            "folder with -o, or the one above it to build that anew"
        )
    there = [name for name in names if os.path.lexists(directory / name)]
    for name in there:
        if source is not None and _is_same(directory / name, source):
            raise BadSettings(
                f"{str(source)!r} would be replaced by what is written into {str(directory)!r}: name another "
                "folder with -o"
            )
    is_ours = _Ours(directory)
    for name in there:
        if not is_ours(name):
            raise not_ours(directory / name)


def require_own_rows(path: Path) -> None:
    """Refuse a place for clustered rows that nobody named, where something else than such rows lies.

    Raises
    ------
    BadSettings
        If what lies there does not end in the columns that join clustered songs.
    """
    if os.path.lexists(path) and not are_clustered(_header_of(path)):
        raise not_ours(path, folder=False)


def require_own_scan(table: Path, *, folder: bool) -> None:
    """Refuse a place for the Parquet table of a scan, where something else than such a table lies.

    Parameters
    ----------
    table : Path
        Need not exist.
    folder : bool
        Whether a folder is named for it, and not the file itself.

    Raises
    ------
    BadSettings
        If what lies there has no store of a scan beside it, or has other columns than a scan writes.
    """
    if os.path.lexists(table) and not _is_scan(table):
        raise not_ours(table, folder=folder)


def not_ours(path: Path, *, folder: bool = True) -> BadSettings:
    """Return the error that tells of a file of a person which would be replaced.

    Examples
    --------
    >>> str(not_ours(Path("songs.parquet"), folder=False)).partition(": ")[2]
    'name another with -o, or this one to replace it'
    """
    what = (
        "name another folder with -o, or give it another name"
        if folder
        else "name another with -o, or this one to replace it"
    )
    return BadSettings(f"{str(path)!r} is not from songatlas and would be replaced: {what}")


def _header_of(path: Path) -> list[str]:
    """The header of a CSV file; empty where it is none."""
    try:
        text = read_at_most(path, _LONGEST_HEADER).decode("utf-8-sig", "replace")
        return next(csv.reader(io.StringIO(text, newline="")), [])
    except (OSError, csv.Error):
        return []


def _is_scan(table: Path) -> bool:
    """Whether a Parquet table is one that a scan wrote, and a person changed no column of."""
    import polars as pl

    from songatlas.audio.scan.table import COLUMNS

    try:
        names = list(pl.read_parquet_schema(table))
        has_store = table.with_suffix(".scan.sqlite").is_file()
    except (OSError, pl.exceptions.PolarsError):
        return False
    return has_store and set(names) <= set(COLUMNS) and names[-3:] == list(COLUMNS)[-3:]


class _Ours:
    """Which entries of a folder songatlas has written."""

    def __init__(self, directory: Path) -> None:
        self.record: OutputsRecord | None = None
        with suppress(BadAtlas):  # damaged, or of another program
            self.record = read_record(directory)
        self.has_atlas = is_atlas_folder(directory / "atlas")

    def __call__(self, name: str) -> bool:
        if self.record is None:
            return self.has_atlas
        if name == RECORD or name.startswith("atlas/"):
            return True
        return any(each == name or each.startswith(f"{name}/") for each in self.record.files)


def _is_same(path: Path, source: str | Path) -> bool:
    """Whether both names are of one file or folder."""
    try:
        return path.samefile(source)
    except (OSError, ValueError):  # an address, or nothing there
        return False
