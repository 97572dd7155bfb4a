"""`Understanding`: what reading a table of songs decided, learned from some rows and good for any others.

`read_songs` looks at all rows of a table; a table larger than memory is understood from some of them
(`understand_songs`), and its rows are then read part by part (`read_rows`). What a row becomes depends on the
row and on what is known, and on nothing else: rows read in parts are those of the whole, and a table
understood from all its rows gives what `read_songs` gives.

Cells that do not fit what was decided (a word in a column of numbers, a date of another form, a list where
there was text) are null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from types import MappingProxyType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import polars as pl

from songatlas.songs.cell_kinds import kind_of
from songatlas.songs.row_rules import RowReader, Rules
from songatlas.songs.songs_reader import understood, wished
from songatlas.songs.table import ColumnReading, RawTable, SongsTable

_NOTHING: Mapping[str, str] = MappingProxyType({})
_TYPES: Final[Mapping[str, pl.DataType]] = MappingProxyType(
    {
        str(kind): kind
        for kind in (
            pl.String(),
            pl.Float64(),
            pl.Boolean(),
            pl.List(pl.String()),
            pl.List(pl.Float32()),
        )
    }
)


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """What was understood of a table of songs: a plain value that can be kept, sent and compared.

    Attributes
    ----------
    header : tuple of str
        Headers of the input as they stand; they may repeat.
    names : tuple of str
        Unique names of its columns, parallel to `header`.
    kinds : tuple of str
        Kinds of their cells in the rows that were looked at, see `cell_kinds`.
    columns : tuple of ColumnReading
        What every column of the input became; counts in notes are those of the rows looked at.
    notes : tuple of str
        Dirt found in them, as in `Source`.
    rules : Rules
        How rows are read.
    types : tuple of (str, str)
        Columns of the songs table in order, and their types.
    """

    header: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    columns: tuple[ColumnReading, ...]
    notes: tuple[str, ...]
    rules: Rules
    types: tuple[tuple[str, str], ...]

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Columns of the songs table that `read_rows` gives, in order, and their types."""
        return {column: _TYPES[kind] for column, kind in self.types}

    @property
    def used(self) -> tuple[str, ...]:
        """Names of the columns of the input that `read_rows` reads, in their order."""
        places = _places(asdict(self.rules))
        return tuple(name for place, name in enumerate(self.names) if place in places)

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON knows."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Understanding:
        """Return what `to_dict` was made of, also after a way through JSON."""
        known: Understanding = _made_of(cls, plain)
        return known


def understand_songs(
    cells: pl.DataFrame,
    *,
    name: str,
    header: Sequence[str] | None = None,
    columns: Mapping[str, str] = _NOTHING,
    units: Mapping[str, str] = _NOTHING,
    genre: str | None = None,
    format: str = "dataframe",
    encoding: str | None = None,
    separator: str | None = None,
    notes: Sequence[str] = (),
    n_rows: int | None = None,
    sha256: str = "",
) -> tuple[SongsTable, Understanding]:
    """Understand a table of songs from some of its rows.

    Parameters
    ----------
    cells : polars.DataFrame
        Rows as they stand, under unique names; cells of text formats as String.
    name : str
        Of the table, for errors and its source.
    header : sequence of str, optional
        Headers as they stand, parallel to the columns of `cells`; their names by default.
    columns, units, genre : mapping, mapping, str
        What a person named, as in `read_songs`.
    format, encoding, separator, notes, sha256
        Of the source, as in `Source`.
    n_rows : int, optional
        Rows of the whole table; those of `cells` by default.

    Returns
    -------
    SongsTable
        As `read_songs` gives it, of the rows looked at.
    Understanding
        Of the table.

    Raises
    ------
    MissingColumns, UnknownName, BadSettings
        As `read_songs`.

    Examples
    --------
    >>> cells = pl.DataFrame({"energy": ["73", "41"], "valence": ["51", "50"], "tempo": ["120.5", "99"]})
    >>> table, known = understand_songs(cells, name="songs")
    >>> read_rows(pl.DataFrame({"energy": ["8", "loud"]}), known)["energy"].to_list()
    [0.08, None]
    """
    columns, wanted_units, genre = wished(columns, units, genre)
    raw = RawTable(
        frame=cells,
        header=tuple(cells.columns if header is None else header),
        format=format,
        encoding=encoding,
        separator=separator,
        notes=tuple(notes),
    )
    table, rules = understood(
        raw, name, sha256, columns=columns, units=wanted_units, genre=genre, n_rows=n_rows
    )
    known = Understanding(
        header=table.header,
        names=tuple(cells.columns),
        kinds=tuple(kind_of(dtype) for dtype in cells.dtypes),
        columns=table.columns,
        notes=table.source.notes,
        rules=rules,
        types=tuple((column, str(dtype)) for column, dtype in table.songs.schema.items()),
    )
    return table, known


def read_rows(cells: pl.DataFrame, known: Understanding) -> pl.DataFrame:
    """Read rows of a table that was understood.

    Parameters
    ----------
    cells : polars.DataFrame
        Rows as they stand, any number of them, under the names of `Understanding.names`. Columns may come in
        any order and any type; a column that is missing counts as empty.
    known : Understanding
        Of the table.

    Returns
    -------
    polars.DataFrame
        One row for each of `cells`, in order; columns and types are exactly `Understanding.schema`.
    """
    values = RowReader(cells, known.names, known.kinds).read(known.rules)
    return pl.DataFrame([values[column].alias(column).cast(kind) for column, kind in known.schema.items()])


def _places(plain: Any) -> set[int]:
    """Positions of the columns that rules read, found in what `asdict` makes of them."""
    if isinstance(plain, Mapping):
        found = {plain[key] for key in ("place", "outcome") if plain.get(key) is not None}
        return found.union(*map(_places, plain.values()))
    return set().union(*map(_places, plain)) if isinstance(plain, tuple) else set()


def _made_of(kind: Any, plain: Any) -> Any:
    """Make a value of a type from what JSON keeps of it."""
    if get_origin(kind) in (Union, UnionType):
        return None if plain is None else _made_of(next(arg for arg in get_args(kind) if arg), plain)
    if get_origin(kind) is tuple:
        kinds = get_args(kind)
        if kinds[-1] is Ellipsis:
            kinds = (kinds[0],) * len(plain)
        return tuple(_made_of(each, value) for each, value in zip(kinds, plain, strict=True))
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{name: _made_of(hints[name], value) for name, value in plain.items()})
    return plain
