"""Which files of a folder are tables, by their content, and what the names of folders say of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from songatlas.errors import SongAtlasError, UnreadableTable, did_you_mean
from songatlas.songs.delimited import decode, find_separator, split_rows
from songatlas.songs.headers import known_headers
from songatlas.songs.opened import FileContent

_ENDINGS = frozenset({".csv", ".tsv", ".tab", ".parquet", ".pq", ".jsonl", ".ndjson", ".json"})
_FEWEST_KNOWN = 3  # headers that make a table of a text file whose name does not say so
_LISTED = 4
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class FoundTable:
    """A file that is a table.

    Attributes
    ----------
    name : str
        Relative to the folder, with ``/``.
    path : Path
    folders : mapping of str to (str or None)
        Columns that the names of its folders give, ``genre=rock`` for one; None where they say "no value".
    """

    name: str
    path: Path
    folders: Mapping[str, str | None]


def find_tables(path: Path) -> tuple[tuple[FoundTable, ...], tuple[str, ...]]:
    """Return the tables in a folder, or the file itself, in order of their names, and notes on the rest.

    Raises
    ------
    UnreadableTable
        If there is nothing of that name, or no table in the folder.
    """
    if path.is_file():
        return (FoundTable(path.name, path, {}),), ()
    if not path.is_dir():
        beside = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        raise UnreadableTable(
            f"there is no file or folder {str(path)!r}: check the path{did_you_mean(path.name, beside)}"
        )
    names = _files_in(path)
    tables = [name for name in names if not _is_hidden(name) and _is_table(path / name)]
    others = [name for name in names if name not in set(tables)]
    if not names:
        raise UnreadableTable(f"{str(path)!r} is an empty folder: name one with tables of songs in it")
    if not tables:
        raise UnreadableTable(
            f"{str(path)!r} holds no table of songs (Parquet, CSV, TSV or JSON lines), only "
            f"{_listed(others)}: name the folder of the tables, or the file"
        )
    notes = (f"files in the folder that are no tables, passed over: {_listed(others)}",) if others else ()
    return tuple(FoundTable(name, path / name, _columns_of(name)) for name in tables), notes


def _files_in(folder: Path) -> list[str]:
    """Names of all files in a folder and the folders in it, sorted."""
    names = []
    try:
        for home, _, files in os.walk(folder, onerror=_raise):
            names += [(Path(home) / name).relative_to(folder).as_posix() for name in files]
    except OSError as error:
        raise UnreadableTable(
            f"{str(error.filename or folder)!r} cannot be read ({error.strerror or error}): check its rights"
        ) from None
    return sorted(names)


def _raise(error: OSError) -> None:
    raise error


def _is_hidden(name: str) -> bool:
    """Say whether a file, or a folder on the way to it, is hidden or a mark of the program that wrote it."""
    return any(part.startswith((".", "_")) and "=" not in part for part in name.split("/"))


def _is_table(path: Path) -> bool:
    """Say whether a file is a table: by its name, or by what stands in it."""
    try:
        if path.stat().st_size == 0:
            return False
    except OSError:
        return False
    if _ENDINGS & {
        path.suffix.lower(),
        Path(path.stem).suffix.lower() if path.suffix.lower() == ".gz" else "",
    }:
        return True
    try:
        content = FileContent.of(path)
        kind = content.kind()
        return kind == "parquet" or (kind in ("jsonl", "text") and _has_known_headers(content))
    except (SongAtlasError, OSError):
        return False


def _has_known_headers(content: FileContent) -> bool:
    """Say whether a text begins with a header row of songs."""
    text = decode(content.read_at(0, 65_536))[0]
    if "\x00" in text:
        return False
    rows = split_rows(text, find_separator(text))[0]
    return max(map(known_headers, rows[:12]), default=0) >= _FEWEST_KNOWN


def _columns_of(name: str) -> dict[str, str | None]:
    """Columns that the folders on the way to a file give it."""
    pairs = [part.split("=", 1) for part in name.split("/")[:-1] if "=" in part]
    return {unquote(key): None if value == _NO_VALUE else unquote(value) for key, value in pairs if key}


def _listed(names: Sequence[str]) -> str:
    """A few names and how many more there are."""
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
