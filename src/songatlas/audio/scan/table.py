"""The songs table of a scan: one row for every file, made of the store.

The vectors are float32, rounded by the measurer to 4 significant digits. Rows are in the order of the bytes
of their paths, the same on every machine.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

import polars as pl

from songatlas import __version__
from songatlas.audio.outcomes import MEASURED
from songatlas.audio.scan.rounds import joined
from songatlas.audio.scan.store import Store, StoredFile, StoredSound
from songatlas.audio.tag_text import clean_text
from songatlas.errors import BadSettings
from songatlas.files import write_file
from songatlas.safe_cells import raw_order, write_cells

_TEXTS, _VECTOR = pl.List(pl.String), pl.List(pl.Float32)


def write_table(
    store: Store, folder: Path, output: Path, *, present: Collection[str], raw_cells: bool = False
) -> None:
    """Write the songs table, whole or not at all.

    Parameters
    ----------
    store : Store
        Of the scan.
    folder : Path
        Absolute: what the paths in the store are under.
    output : Path
        File whose name ends in a key of `WRITERS`.
    present : collection of str
        Paths of the store that are to be in the table.
    raw_cells : bool
        Whether texts stand in CSV as they are, though a spreadsheet may run them; the last two columns then
        change places.
    """
    slices = [
        _frame([song_row(file, sound, folder) for file, sound in some if file.path in present])
        for some in store.rows()
    ]
    table = pl.concat([_frame([]), *slices])
    ending = output.suffix.lower()
    if ending == ".csv" and raw_cells:
        write_file(output, partial(_write_csv, table.select(raw_order(table.columns)), raw=True))
    else:
        write_file(output, partial(WRITERS[ending], table))


def _frame(rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    """Rows as a table; column by column, which is twice as fast."""
    cells = zip(*rows, strict=True) if rows else [()] * len(COLUMNS)
    return pl.DataFrame(
        [pl.Series(name, column, dtype=COLUMNS[name]) for name, column in zip(COLUMNS, cells, strict=True)]
    )


def check_output(output: Path) -> None:
    """Refuse a table that could not be written, before hours of work.

    Raises
    ------
    BadSettings
        If its name ends in something else than a key of `WRITERS`, or it is a folder.
    """
    if output.is_dir():
        raise BadSettings(f"{str(output)!r} is a folder: name a file in it, such as songs.parquet")
    if output.suffix.lower() not in WRITERS:
        raise BadSettings(f"cannot write {str(output)!r}: let the name end in {', '.join(WRITERS)}")


def song_row(file: StoredFile, sound: StoredSound | None, folder: Path) -> tuple[Any, ...]:
    """Return the row of one file, in the order of `COLUMNS`.

    Parameters
    ----------
    file, sound
        What is known of the file, and of its sound.
    folder : Path
        Absolute: what the path of the file is under.
    """
    heard = sound if sound is not None and sound.outcome == file.outcome else None  # None: closed today
    numbers = heard.numbers if heard is not None and heard.outcome in MEASURED else {}
    tags = file.file_tags
    cells = dict(numbers) | {
        "song_id": f"audio:{heard.payload.partition(':')[0]}"
        if heard
        else f"file:{_hash_of_path(file.path)}",
        "title": tags.get("title") or _title_of(file.path),
        "artists": tags.get("artists") or [],
        "album": tags.get("album"),
        "album_artist": tags.get("album_artist"),
        "genre": tags.get("genres") or [],
        "year": tags.get("year"),
        "track_number": tags.get("track_number"),
        "isrc": tags.get("isrc"),
        "path": location(folder / file.path),
        "measured_by": f"songatlas {__version__}, audio {file.version}" if numbers else None,
        "outcome": file.outcome,
        "outcome_reason": joined(heard.reason if heard else None, file.reason),
    }
    return tuple(cells.get(name) for name in COLUMNS)


def location(path: Path) -> str:
    """Return a path as text that opens the file again; a file URI where the name is no UTF-8."""
    raw = os.fsencode(path)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return "file://" + quote(raw)


def _title_of(path: str) -> str:
    """The name of a file as a title, cleaned as tags are; with its ending where nothing else can be seen."""
    name = Path(path)
    return clean_text(readable(name.stem)) or clean_text(readable(name.name)) or name.suffix


def readable(name: str) -> str:
    """Return a path as text that can be shown and written, with signs in place of bytes that are no text."""
    return os.fsencode(name).decode("utf-8", "replace")


def _hash_of_path(path: str) -> str:
    """32 hex digits that stand for a path."""
    return hashlib.blake2b(os.fsencode(path), digest_size=16).hexdigest()


def _write_csv(table: pl.DataFrame, place: Path, *, raw: bool = False) -> None:
    """CSV with lists as JSON text."""
    lists = [name for name, kind in table.schema.items() if isinstance(kind, pl.List)]
    as_text = (pl.col(name).map_elements(_json_text, return_dtype=pl.String) for name in lists)
    write_cells(table.with_columns(as_text), place, raw=raw)


def _json_text(cells: pl.Series) -> str:
    """A list as JSON."""
    digits = (lambda value: float(f"{value:.4g}")) if cells.dtype == pl.Float32 else None
    return json.dumps([digits(cell) for cell in cells] if digits else cells.to_list(), ensure_ascii=False)


COLUMNS: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = MappingProxyType(
    {
        "song_id": pl.String,
        "title": pl.String,
        "artists": _TEXTS,
        "album": pl.String,
        "album_artist": pl.String,
        "genre": _TEXTS,
        "year": pl.Int64,
        "track_number": pl.Int64,
        "isrc": pl.String,
        "path": pl.String,
        "duration_ms": pl.Float64,
        "loudness_db": pl.Float64,
        "tempo_bpm": pl.Float64,
        "key": pl.Int64,
        "mode": pl.Int64,
        "energy_estimate": pl.Float64,
        "danceability_estimate": pl.Float64,
        "acousticness_estimate": pl.Float64,
        "instrumentalness_estimate": pl.Float64,
        "valence_estimate": pl.Float64,
        "speechiness_estimate": pl.Float64,
        "liveness": pl.Float64,
        "time_signature": pl.Int64,
        "heard_tags": _TEXTS,
        "audio_tags": _VECTOR,
        "audio_embedding": _VECTOR,
        "audio_statistics": _VECTOR,
        "tempo_confidence": pl.Float64,
        "key_confidence": pl.Float64,
        "loudness_range": pl.Float64,
        "sample_rate": pl.Int64,
        "measured_by": pl.String,
        "outcome": pl.String,
        "outcome_reason": pl.String,
    }
)
"""The columns of the table, in order."""

WRITERS: Final[Mapping[str, Callable[[pl.DataFrame, Path], object]]] = MappingProxyType(
    {
        ".parquet": pl.DataFrame.write_parquet,
        ".csv": _write_csv,
        ".jsonl": pl.DataFrame.write_ndjson,
    }
)
"""Ending of a name -> what writes such a file."""
