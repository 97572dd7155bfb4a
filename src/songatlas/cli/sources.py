"""What a source is that a person names: a file, a folder of tables, a folder of music, an address."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal, TypeAlias

from songatlas.errors import BadSettings, UnreadableTable

Lies: TypeAlias = Literal["file", "tables", "music", "address"]

TABLE_ENDINGS: Final = (".parquet", ".pq", ".csv", ".tsv", ".tab", ".jsonl", ".ndjson")
"""By which a table in a folder is known at a glance, in small letters; other files are looked into."""

_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_SCAN: Final = ".scan.sqlite"


def what_lies_at(source: str, wished: str = "auto") -> Lies:
    """Say what a source is; a folder is looked into.

    Parameters
    ----------
    source : str
        Path or address.
    wished : str
        Where a folder has tables and music, "stream" and "spark" mean its tables, "memory" its music.

    Raises
    ------
    BadSettings
        If a folder has both and nobody says which, or neither.
    """
    if is_address(source):
        return "address"
    folder = Path(source)
    if not folder.is_dir():
        return "file"
    from songatlas.audio.listing import list_audio

    tables = _tables_in(folder)
    music = len(list_audio(folder).files)
    if tables and music:
        if wished == "auto":
            raise BadSettings(
                f"{source!r} holds both tables ({_some(tables)}) and {music:,} music files: add --engine "
                "stream for the tables, --engine memory for the music, or name a folder of one kind"
            )
        return "music" if wished == "memory" else "tables"
    if music:
        return "music"
    if not tables:
        _look_closer(folder)
    return "tables"


def name_of(source: str) -> str:
    """Return what an atlas of a source is called after: the name of the folder or file, without its ending.

    Bytes of it that are no UTF-8 become U+FFFD.

    Examples
    --------
    >>> name_of("s3a://bucket/music/songs/"), name_of("lists/my songs.csv")
    ('songs', 'my songs')
    """
    from songatlas.songs.opened import in_letters

    if is_address(source):
        source = source.split("://", 1)[1].rstrip("/").rpartition("/")[2]
        return in_letters(Path(source or "songs").stem)
    path = Path(source)
    return in_letters(path.absolute().name if path.is_dir() else path.stem)


def is_address(source: str) -> bool:
    """Say whether a source is an address such as hdfs://... rather than a path."""
    return bool(_ADDRESS.match(source))


def _tables_in(folder: Path) -> list[str]:
    """Names of the tables below a folder; what songatlas wrote itself is passed over."""
    from songatlas.songs.folder_files import files_below

    names = files_below(folder).files
    scanned = {name.removesuffix(_SCAN) for name in names if name.endswith(_SCAN)}
    return [name.rpartition("/")[2] for name in names if _is_table(name, scanned)]


def _is_table(name: str, scanned: set[str]) -> bool:
    """Say whether a file is a table by its name, and neither hidden nor made by a scan."""
    if any(part.startswith((".", "_")) and "=" not in part for part in name.split("/")):
        return False
    stem, _, ending = name.removesuffix(".gz").rpartition(".")
    return f".{ending.lower()}" in TABLE_ENDINGS and stem not in scanned


def _look_closer(folder: Path) -> None:
    """Refuse a folder in which no file is a table by its content either."""
    from songatlas.songs.folder_files import find_tables, is_output

    try:
        find_tables(folder)
    except UnreadableTable:
        if is_output(folder):
            raise
        names = sorted(each.name for each in folder.iterdir())
        what = f"holds {_some(names)}, but no" if names else "is an empty folder, without any"
        raise BadSettings(
            f"{str(folder)!r} {what} tables (Parquet, CSV, TSV, JSON lines) or music files: name a table of "
            "songs, a folder of such tables, or a folder of music"
        ) from None


def _some(names: list[str]) -> str:
    """A few names, and how many more there are."""
    from songatlas.songs.opened import in_letters

    names = [in_letters(name) for name in names]
    more = f" and {len(names) - 2:,} more" if len(names) > 2 else ""
    return ", ".join(names[:2]) + more
