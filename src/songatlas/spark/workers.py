"""What runs beside the executors: each class here goes over the Arrow batches of a partition.

Instances are pickled and sent, so they are frozen dataclasses of plain values and tasks. Batches come in with
columns named by their place, ``c0``, ``c1`` and so on (names of real tables hold dots and quotes, which Spark
would read), or with rows already packed in a column ``rows``; see `songatlas.spark.packing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.catalogue import KEY, RowMaker, RowTask
from songatlas.errors import UnreadableTable
from songatlas.spark.packing import (
    ENOUGH_ROWS,
    enough,
    in_pieces,
    joined,
    packed,
    united,
    unpacked,
)

if TYPE_CHECKING:
    import pyarrow as pa

Batches: TypeAlias = "Iterator[pa.RecordBatch]"
Link: TypeAlias = tuple[RowMaker, tuple[str, ...] | None]
"""How a stage is made of the one before: the task, and the columns that it reads."""

_ROWS_OUT: Final = 65_536

ANSWERS: Final = "answer binary"
STAGE: Final = "rows binary, answer binary, n bigint"
FILES: Final = "file string, start bigint, n bigint, rows binary"
PICKED: Final = "bucket int, rows binary"
KEYS: Final = "key bigint"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the rows of a stage are read.

    Attributes
    ----------
    names : tuple of str or None
        Names of the columns as they come; None where rows come packed.
    columns : tuple of str or None
        Those of packed rows that are wanted.
    """

    names: tuple[str, ...] | None
    columns: tuple[str, ...] | None = None

    def __call__(self, batches: Batches) -> Iterator[pl.DataFrame]:
        """Yield the rows of a partition in frames that are large enough for a task."""
        return joined(self._frames(batches))

    def _frames(self, batches: Batches) -> Iterator[pl.DataFrame]:
        """Yield the rows as they come."""
        for batch in batches:
            if self.names is None:
                for cell in batch.column(batch.schema.get_field_index("rows")):
                    if cell.is_valid:
                        yield unpacked(cell.as_py(), self.columns)
            else:
                yield _frame(batch.rename_columns(list(self.names)))


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """Parses text files into packed rows with their places.

    A row has `path` and `content`, and the columns that stand in the names of folders. Every file must have
    the columns `names`, in any order; where these are not known, none of its rows are returned.
    """

    parse: Callable[[bytes], pl.DataFrame]
    names: tuple[str, ...] | None

    def __call__(self, batches: Batches) -> Batches:
        """Go over a partition."""
        for batch in batches:
            for row in batch.to_pylist():
                path, frame = row.pop("path"), self.parse(row.pop("content"))
                if self.names is None:
                    yield batch_of(FILES, [path], [0], [0], [packed(frame.head(0))])
                    continue
                check_shape(path, frame.columns, self.names)
                folders = [pl.lit(value, dtype=pl.String).alias(name) for name, value in row.items()]
                yield from _placed(path, 0, frame.select(*self.names, *folders))


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """Makes up rows, a range of them for each row with `id`, into packed rows with their places."""

    make: Callable[[range], pl.DataFrame]
    n_rows: int
    at_once: int

    def __call__(self, batches: Batches) -> Batches:
        """Go over a partition."""
        for batch in batches:
            for place in batch.column(0).to_pylist():
                start = place * self.at_once
                yield from _placed("", start, self.make(range(start, min(start + self.at_once, self.n_rows))))


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """Keeps some packed rows with their places: those whose number, well mixed, is below a share."""

    share: float

    def __call__(self, batches: Batches) -> Batches:
        """Go over a partition."""
        for batch in batches:
            for row in batch.to_pylist():
                frame = unpacked(row["rows"])
                kept = frame.filter(pl.Series(_mixed(row["start"], frame.height) < self.share))
                yield batch_of(FILES, [row["file"]], [row["start"]], [kept.height], [packed(kept)])


@dataclass(frozen=True, kw_only=True)
class Made:
    """Makes the rows of a stage, and the answers."""

    reading: Reading
    make: RowMaker

    def __call__(self, batches: Batches) -> Batches:
        """Go over a partition."""
        for frame in self.reading(batches):
            rows, answer = self.make(frame)
            yield batch_of(STAGE, [packed(rows)], [None], [rows.height])
            yield from (batch_of(STAGE, [None], [piece], [0]) for piece in in_pieces(answer))


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Asks a task of every frame."""

    reading: Reading
    task: RowTask

    def __call__(self, batches: Batches) -> Batches:
        """Go over a partition."""
        for frame in self.reading(batches):
            yield from (batch_of(ANSWERS, [piece]) for piece in in_pieces(self.task(frame)))


@dataclass(frozen=True, kw_only=True)
class Keyed:
    """Returns the values of a column of keys, as signed integers of the same bits; nulls are left out."""

    reading: Reading
    column: str

    def __call__(self, batches: Batches) -> Batches:
        """Go over a partition."""
        for frame in self.reading(batches):
            yield batch_of(KEYS, frame[self.column].drop_nulls().cast(pl.UInt64).to_numpy().view(np.int64))


@dataclass(frozen=True, kw_only=True)
class Picked:
    """Picks rows and packs them by bucket, so that the rows of one key go to one bucket."""

    reading: Reading
    pick: RowTask
    n_buckets: int

    def __call__(self, batches: Batches) -> Batches:
        """Go over a partition."""
        for frame in self.reading(batches):
            picked = self.pick(frame).drop_nulls(KEY)
            places = (picked[KEY] % self.n_buckets).cast(pl.Int32)
            for bucket in places.unique():
                for piece in in_pieces(picked.filter(places == bucket)):
                    yield batch_of(PICKED, [bucket], [piece])


@dataclass(frozen=True, kw_only=True)
class Grouped:
    """Asks a task of the rows of each bucket."""

    task: RowTask

    def __call__(self, batches: Batches) -> Batches:
        """Go over a partition, which has all rows of the buckets that are in it."""
        buckets: dict[int, list[pl.DataFrame]] = {}
        for batch in batches:
            for row in batch.to_pylist():
                buckets.setdefault(row["bucket"], []).append(unpacked(row["rows"]))
        for bucket in sorted(buckets):
            answer = self.task(united(buckets.pop(bucket)))
            yield from (batch_of(ANSWERS, [piece]) for piece in in_pieces(answer))


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Returns rows as they stand, with columns more that a task answers of a stage that is made of them.

    Attributes
    ----------
    reading : Reading
        Of the rows as they stand.
    chain : tuple of (callable, columns)
        What makes the stage of them.
    label : callable
    added : mapping of str to data type
        The columns that `label` answers with.
    """

    reading: Reading
    chain: tuple[Link, ...]
    label: RowTask
    added: Mapping[str, pl.DataType]

    def __call__(self, batches: Batches) -> Batches:
        """Go over a partition."""
        packed_rows = self.reading.names is None
        for table in map(plain, self.reading(batches)) if packed_rows else self._tables(batches):
            labels = self.label(_chained(_frame(table), self.chain))
            for name, dtype in self.added.items():
                column = plain(labels.select(pl.col(name).cast(dtype))).column(0)
                if name in table.column_names:
                    table = table.set_column(table.column_names.index(name), name, column)
                else:
                    table = table.append_column(name, column)
            yield from table.to_batches(max_chunksize=_ROWS_OUT)

    def _tables(self, batches: Batches) -> Iterator[pa.Table]:
        """Yield rows as they stand, with their Arrow types, in tables that are large enough for a task."""
        import pyarrow as pa

        waiting: list[pa.RecordBatch] = []
        for batch in batches:
            waiting.append(batch.rename_columns(list(self.reading.names or ())))
            if enough(sum(part.num_rows for part in waiting), sum(part.nbytes for part in waiting)):
                yield pa.Table.from_batches(waiting)
                waiting = []
        if any(part.num_rows for part in waiting):
            yield pa.Table.from_batches(waiting)


def answers_of(table: pa.Table) -> list[bytes]:
    """Return the cells of the column `answer`, without nulls."""
    return [cell for cell in table.column("answer").to_pylist() if cell is not None]


def plain(frame: pl.DataFrame) -> pa.Table:
    """Return a frame as an Arrow table of types that Spark has, too."""
    import pyarrow as pa

    unsigned: dict[Any, Any] = {
        pl.UInt8: pl.Int16,
        pl.UInt16: pl.Int32,
        pl.UInt32: pl.Int64,
        pl.UInt64: pl.Decimal(20, 0),
    }
    casts: dict[Any, Any] = {name: unsigned[kind] for name, kind in frame.schema.items() if kind in unsigned}
    casts |= {name: pl.String for name, kind in frame.schema.items() if kind in (pl.Categorical, pl.Enum)}
    table = frame.cast(casts).to_arrow(compat_level=pl.CompatLevel.oldest())
    small = {pa.large_string(): pa.string(), pa.large_binary(): pa.binary()}
    return table.cast(pa.schema([(field.name, small.get(field.type, field.type)) for field in table.schema]))


def check_shape(path: str, columns: Sequence[str], names: Sequence[str]) -> None:
    """Refuse a file whose columns are not those of the others."""
    if odd := sorted(set(columns) ^ set(names)):
        where = "lacks" if odd[0] in names else "alone has"
        raise UnreadableTable(
            f"{path} {where} the column {odd[0]!r}: all files of a table need the same columns; name only "
            "the files that belong together, or write them with one header"
        )


def _frame(table: pa.Table | pa.RecordBatch) -> pl.DataFrame:
    """Return Arrow rows as a frame."""
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - of a table it is one
    return frame


def _chained(rows: pl.DataFrame, chain: tuple[Link, ...]) -> pl.DataFrame:
    """Return the rows of the stage that the tasks of a chain make, one after the other."""
    for make, columns in chain:
        there = [name for name in columns or () if name in rows.columns]
        rows, _ = make(rows.select(there) if there else rows)
    return rows


def _placed(file: str, start: int, frame: pl.DataFrame) -> Batches:
    """Yield the rows of a frame packed, with their places, in frames that are large enough for a task."""
    for piece in joined(frame.iter_slices(ENOUGH_ROWS)):
        yield batch_of(FILES, [file], [start], [piece.height], [packed(piece)])
        start += piece.height


def _mixed(start: int, n_rows: int) -> NDArray[np.float64]:
    """Return numbers from 0 to 1 for rows from `start` on, which look drawn (the finaliser of SplitMix64)."""
    mixed = np.arange(start, start + n_rows, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed ^ (mixed >> np.uint64(31))) / 2.0**64


def batch_of(form: str, *columns: Any) -> pa.RecordBatch:
    """Return a batch of the columns that `form` names with their types."""
    import pyarrow as pa

    types = {"binary": pa.binary(), "bigint": pa.int64(), "int": pa.int32(), "string": pa.string()}
    types["boolean"] = pa.bool_()
    fields = pa.schema([(name, types[kind]) for name, kind in (part.split() for part in form.split(", "))])
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, fields, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=fields)
