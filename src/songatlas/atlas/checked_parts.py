"""Reading the parts of a saved atlas that somebody may have made up.

A manifest vouches for its parts, but nobody vouches for the manifest: whoever can write the folder can write
both. Nothing here trusts a length, a type or a size before it has looked at the file. A part that is refused
raises `ValueError` (`BadAtlas` where a person is told at once).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from pathlib import Path
from tokenize import TokenError
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import polars as pl

from songatlas.errors import BadAtlas, UnreadableTable, in_brief
from songatlas.songs.stored_sizes import require_bounded_parquet

MOST_JSON: Final = 256 * 2**20
"""Bytes of the largest part in JSON that is read; those of a real atlas have some hundred thousand."""

MOST_COLUMNS: Final = 1_000
"""Columns of the widest table that is read; those of a real atlas are fewer than 60."""

READ_AS: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RecursionError,
    SyntaxError,
    TokenError,
    TypeError,
    ValueError,
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
)
"""What reading a part may raise where it is not what it should be."""

_TYPES: Final[Mapping[str, pl.DataType]] = MappingProxyType(
    {
        str(each): each
        for each in (
            pl.Boolean(),
            pl.Int32(),
            pl.Int64(),
            pl.UInt32(),
            pl.Float32(),
            pl.Float64(),
            pl.String(),
        )
    }
)
"""Types that a small table within atlas.json may have, by their names."""


def read_json(path: Path) -> Any:
    """Read JSON; `BadAtlas` where it is none, or larger or deeper than any of ours."""
    try:
        size = path.stat().st_size
        if size > MOST_JSON:
            raise ValueError(f"it has {size / 2**20:,.0f} MB, at most {MOST_JSON // 2**20} are read")
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        reason = "its lists are nested too deeply"
    except (OSError, ValueError, MemoryError) as error:
        reason = in_brief(error)
    raise BadAtlas(f"{str(path)!r} cannot be read ({reason}): build the atlas again")


def read_array(path: Path, *, kind: type[np.generic], n_axes: int = 2) -> np.ndarray:
    """Read an array of finite numbers, whose header must say just what the file holds.

    Parameters
    ----------
    path : Path
        A file of the .npy format; objects are never unpickled.
    kind : type
        Type of its numbers.
    n_axes : int

    Raises
    ------
    ValueError
        If it is another array than asked for, shorter or longer than its header says, or has NaN in it.
    """
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(f"{path.name} is of version {version} of its format, not (1, 0)")
        shape, by_columns, found = np.lib.format.read_array_header_1_0(file, max_header_size=1_000)
        if found != np.dtype(kind) or len(shape) != n_axes or by_columns:
            raise ValueError(f"{path.name} is {found} {shape}, not {np.dtype(kind)} in rows of {n_axes} axes")
        n_bytes = path.stat().st_size - file.tell()
    if min(shape, default=0) < 0 or prod(shape) * found.itemsize != n_bytes:
        raise ValueError(f"{path.name} says {shape} of its shape, but has {n_bytes} bytes")
    array: np.ndarray = np.load(path, allow_pickle=False)
    if not np.isfinite(array).all():
        raise ValueError(f"{path.name} has numbers that are not finite")
    return array


def read_table(
    path: Path, *, wanted: Mapping[str, pl.DataType | type[pl.DataType]], n_rows: int
) -> pl.DataFrame:
    """Read a Parquet file whose types and length are looked at first.

    Parameters
    ----------
    path : Path
    wanted : mapping of str to polars type
        Columns that must be there, of these types.
    n_rows : int
        Rows that it may have at most.

    Raises
    ------
    ValueError
        If it is another table than asked for, or would fill the memory.
    """
    lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False)
    schema = lazy.collect_schema()
    if len(schema) > MOST_COLUMNS:
        raise ValueError(f"{path.name} has {len(schema):,} columns, at most {MOST_COLUMNS:,} are read")
    for name, kind in wanted.items():
        if schema.get(name) != kind:
            raise ValueError(f"{path.name}: the column {name} is {schema.get(name, 'missing')}, not {kind}")
    found = int(lazy.select(pl.len()).collect().item())
    if found > n_rows:
        raise ValueError(f"{path.name} has {found:,} rows, and atlas.json knows of {n_rows:,}")
    try:
        require_bounded_parquet(path)
    except UnreadableTable as error:
        raise ValueError(f"{path.name} {error}") from None
    return pl.read_parquet(path, glob=False, hive_partitioning=False)


def frame_of(rows: Any, types: Any) -> pl.DataFrame:
    """Make a small table out of plain rows, with the types that it had."""
    if not isinstance(types, dict) or not isinstance(rows, list):
        raise TypeError("a table within atlas.json is no list of rows with types")
    unknown = [kind for kind in types.values() if kind not in _TYPES]
    if unknown:
        raise ValueError(f"a column of the type {str(unknown[0])[:40]!r}")
    return pl.DataFrame(rows, schema={name: _TYPES[kind] for name, kind in types.items()}, strict=True)
