"""Which files of a folder are tables, by their content, and what the names of folders say of them.

Links to files and folders are followed, but no folder is entered twice: first all that are there themselves,
then those that links lead to. Folders that songatlas wrote its outputs into are passed over.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from songatlas.errors import SongAtlasError, UnreadableTable, did_you_mean, quoted
from songatlas.songs.delimited import decode, find_separator, split_rows
from songatlas.songs.headers import known_headers
from songatlas.songs.limits import DEEPEST
from songatlas.songs.opened import FileContent, in_letters, require_file

_ENDINGS = frozenset({".csv", ".tsv", ".tab", ".parquet", ".pq", ".jsonl", ".ndjson", ".json"})
WORK: Final = ".songatlas-work"
"""Folder, below that of the outputs, of what a build in parts keeps while it runs."""

CLUSTERED: Final = "clustered_songs"
"""Folder, below that of the outputs, of the files with the clustered songs."""

_FEWEST_KNOWN = 3  # headers that make a table of a text file whose name does not say so
_LISTED = 4
_BLOCK = 65_536  # bytes that are looked at
_BLANK = b" \t\r\n\v\f\0\xef\xbb\xbf\xff\xfe"  # of UTF-16 too, and what such files begin with
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class FoundTable:
    """A file that is a table.

    Attributes
    ----------
    name : str
        Relative to the folder, with ``/``; bytes that are no UTF-8 are U+FFFD.
    path : Path
        Where it is.
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
    require_file(path)
    if path.is_file():
        return (FoundTable(in_letters(path.name), path, {}),), ()
    if not path.is_dir():
        beside = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        raise UnreadableTable(
            f"there is no file or folder {str(path)!r}: check the path{did_you_mean(path.name, beside)}"
        )
    below = files_below(path)
    names = below.files
    tables = [name for name in names if not _is_hidden(name) and _is_table(path / name)]
    others = [name for name in names if name not in set(tables)]
    if not names and below.outputs:
        raise UnreadableTable(
            f"{str(path)!r} is a folder of what songatlas wrote: name the folder of the tables it was built "
            "from; should they lie in there too, move them into a folder of their own"
        )
    if not names:
        raise UnreadableTable(f"{str(path)!r} is an empty folder: name one with tables of songs in it")
    if not tables:
        raise UnreadableTable(
            f"{str(path)!r} holds no table of songs (Parquet, CSV, TSV or JSON lines), only "
            f"{_listed(others)}: name the folder of the tables, or the file"
        )
    notes = {
        "files in the folder that are no tables": others,
        "folders in it that songatlas wrote": below.outputs,
        "links in it to folders that are read already": below.again,
    }
    told = tuple(f"{what}, passed over: {_listed(names)}" for what, names in notes.items() if names)
    shown = zip(_in_letters(tables), tables, strict=True)
    return tuple(FoundTable(text, path / name, _columns_of(name)) for text, name in shown), told


@dataclass(frozen=True)
class Below:
    """What lies in a folder and the folders in it; names are relative to it, with ``/``, and sorted.

    Attributes
    ----------
    files : list of str
        All files, hidden ones too.
    outputs : list of str
        Folders that songatlas wrote its outputs into, whose files are not listed; "." is the folder itself.
    again : list of str
        Links to folders that are listed already.
    """

    files: list[str]
    outputs: list[str]
    again: list[str]


def files_below(folder: Path) -> Below:
    """List the files in a folder, behind links too.

    Raises
    ------
    UnreadableTable
        If a folder may not be read, or lies too deep.
    """
    below, entered, waiting = Below([], [], []), set[object](), [folder]
    try:
        while waiting:
            links: list[Path] = []
            for start in sorted(waiting):
                if start != folder and _identity(start) in entered:
                    below.again.append(start.relative_to(folder).as_posix())
                else:
                    links += _enter(start, folder, below, entered)
            waiting = links
    except OSError as error:
        where = quoted(str(error.filename or folder))
        raise UnreadableTable(
            f"{where} cannot be read ({error.strerror or error}): check its rights"
        ) from None
    for names in (below.files, below.outputs, below.again):
        names.sort()
    return below


def _enter(start: Path, folder: Path, below: Below, entered: set[object]) -> list[Path]:
    """List what is below a folder and not behind links; return the links to folders."""
    links: list[Path] = []
    waiting = [start]
    while waiting:
        here = waiting.pop()
        name = here.relative_to(folder).as_posix()
        if name.count("/") >= DEEPEST:
            raise UnreadableTable(
                f"{quoted(str(folder))} holds more than {DEEPEST} folders within one another, as no "
                "catalogue does: name the folder that the tables lie in"
            )
        identity = _identity(here)
        if identity in entered or is_output(here):
            (below.again if identity in entered else below.outputs).append(name)
            continue
        entered.add(identity)
        with os.scandir(here) as entries:
            for entry in entries:
                if not _is_folder(entry):
                    below.files.append((here / entry.name).relative_to(folder).as_posix())
                else:
                    (links if entry.is_symlink() else waiting).append(here / entry.name)
    return links


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Say whether an entry is a folder or a link to one; what cannot be looked at is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _identity(folder: Path) -> object:
    """What tells a folder from all others, whatever its path."""
    state = folder.stat()
    return (state.st_dev, state.st_ino) if state.st_ino else os.path.realpath(folder)


def is_output(folder: Path) -> bool:
    """Say whether songatlas has written its outputs into a folder, or was about to."""
    if (folder / WORK).is_dir() or (folder / "atlas" / "manifest.json").is_file():
        return True
    is_atlas = (folder / "manifest.json").is_file() and (folder / "atlas.json").is_file()
    return is_atlas or any(folder.glob(f"{CLUSTERED}.*.partial"))


def _is_hidden(name: str) -> bool:
    """Say whether a file, or a folder on the way to it, is hidden or a mark of the program that wrote it."""
    return any(part.startswith((".", "_")) and "=" not in part for part in name.split("/"))


def _is_table(path: Path) -> bool:
    """Say whether a file is a table: by its name, or by what stands in it."""
    try:
        if not path.is_file() or _is_blank(path):
            return False
    except OSError:
        return False
    except UnreadableTable:
        pass  # damaged: opening it tells
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


def _is_blank(path: Path) -> bool:
    """Say whether nothing but blank lines stands in a file."""
    if path.stat().st_size == 0:
        return True
    content, place = FileContent.of(path), 0
    while some := content.read_at(place, _BLOCK):
        if some.strip(_BLANK):
            return False
        place += len(some)
    return True


def _has_known_headers(content: FileContent) -> bool:
    """Say whether a text begins with a header row of songs."""
    text = decode(content.read_at(0, _BLOCK))[0]
    if "\x00" in text:
        return False
    rows = split_rows(text, find_separator(text))[0]
    return max(map(known_headers, rows[:12]), default=0) >= _FEWEST_KNOWN


def _in_letters(names: Sequence[str]) -> list[str]:
    """Names as text, each another one, for files are written under them; numbers tell those that agree."""
    shown = {name: name for name in names if in_letters(name) == name}
    taken = set(shown)
    for name in names:
        if name not in shown:
            folders, slash, file = in_letters(name).rpartition("/")
            tries = (f"{folders}{slash}{turn}_{file}" for turn in count(2))
            shown[name] = next(text for text in chain([in_letters(name)], tries) if text not in taken)
            taken.add(shown[name])
    return [shown[name] for name in names]


def _columns_of(name: str) -> dict[str, str | None]:
    """Columns that the folders on the way to a file give it."""
    pairs = [part.split("=", 1) for part in in_letters(name).split("/")[:-1] if "=" in part]
    return {unquote(key): None if value == _NO_VALUE else unquote(value) for key, value in pairs if key}


def _listed(names: Sequence[str]) -> str:
    """A few names and how many more there are."""
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return ", ".join(map(in_letters, names[:_LISTED])) + more
