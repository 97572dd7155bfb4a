"""How large a Parquet file is when it is read: refused before, where it would fill the memory.

A Parquet file of 35 kB may hold gigabytes: pages that are packed well, a text that is stored once and
repeats, lists of a billion values. What the pages unpack to and how many values they hold stands in the last
bytes of the file (its footer, in the compact form of Thrift); how long the texts are is counted, which copies
none of them.

References
----------
Apache Parquet, *File format* (the footer); Apache Thrift, *Compact protocol*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import polars as pl

from songatlas.errors import UnreadableTable, quoted
from songatlas.songs.limits import (
    ALWAYS_UNPACKED,
    FREE_CELLS,
    LONGEST_ROW,
    MOST_HELD,
    MOST_TIMES,
    STORED_CELLS_PER_BYTE,
    STORED_TEXT_PER_BYTE,
)

_MARK: Final = b"PAR1"
_LONGEST_FOOTER: Final = LONGEST_ROW
_ROWS_AT_ONCE: Final = 2**20  # whose texts are counted together
_TEXTS_AT_ONCE: Final = 2**22
_DEEPEST: Final = 20  # parts of a footer within each other; those of real files reach 6
_NUMBERS: Final = (4, 5, 6)  # whole numbers of 16, 32 and 64 bits
_ROW_GROUPS, _CHUNKS, _ABOUT, _N_VALUES, _N_BYTES = 4, 1, 3, 5, 6  # numbers of the fields of a footer


def require_unpackable(file: BinaryIO, n_bytes: int) -> None:
    """Raise UnreadableTable for a Parquet file whose own footer says that it would fill the memory.

    Parameters
    ----------
    file : binary file
        Open at any place; is read at its end.
    n_bytes : int
        Its size.

    Raises
    ------
    UnreadableTable
        Also where there is no footer, or a damaged one.
    """
    file.seek(max(0, n_bytes - 8))
    tail = file.read(8)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != _MARK or length > n_bytes - 12:
        raise UnreadableTable("is a damaged Parquet file (it has no footer): write or fetch it again")
    if length > _LONGEST_FOOTER:
        raise UnreadableTable(
            f"is a Parquet file with {length / 2**20:,.0f} MB about its columns, which no table of songs "
            "needs: write it again, with fewer columns and larger row groups"
        )
    file.seek(n_bytes - 8 - length)
    try:
        chunks = list(_chunks(_Footer(file.read(length)).structure()))
    except (IndexError, TypeError, AttributeError, ValueError):
        raise UnreadableTable(
            "is a damaged Parquet file (its footer cannot be read): write or fetch it again"
        ) from None
    n_values = sum(values for values, _ in chunks)
    if n_values > FREE_CELLS + STORED_CELLS_PER_BYTE * n_bytes:
        raise UnreadableTable(
            f"makes {n_values:,} values out of {n_bytes:,} bytes, as no table of songs does: {_MADE_UP}"
        )
    if sum(unpacked for _, unpacked in chunks) > max(ALWAYS_UNPACKED, MOST_TIMES * n_bytes):
        raise UnreadableTable(
            f"unpacks to over {MOST_TIMES} times its size, as no table of songs does: {_MADE_UP}"
        )


def require_light_texts(rows: pl.LazyFrame, n_rows: int, n_bytes: int, *, are_held: bool) -> None:
    """Raise UnreadableTable for a Parquet file whose texts are far larger than the file, or too long.

    Parameters
    ----------
    rows : polars.LazyFrame
        The file.
    n_rows : int
        Number of its rows.
    n_bytes : int
        Its size.
    are_held : bool
        Whether all texts of a column are to be held in memory.
    """
    texts = [
        (name, length)
        for place, (name, kind) in enumerate(rows.collect_schema().items())
        for length in _lengths(pl.nth(place), kind)
    ]
    sums: Counter[str] = Counter()
    most = max(ALWAYS_UNPACKED, STORED_TEXT_PER_BYTE * n_bytes)
    at_once = max(1, _TEXTS_AT_ONCE // max(1, min(n_rows, _ROWS_AT_ONCE)))
    for start in range(0, n_rows if texts else 0, _ROWS_AT_ONCE):
        part = rows.slice(start, _ROWS_AT_ONCE)
        for first in range(0, len(texts), at_once):
            for name, n_text in _counted(part, texts[first : first + at_once]):
                sums[name] += n_text
                if are_held and sums[name] > MOST_HELD:
                    raise UnreadableTable(
                        f"holds over {MOST_HELD / 2**30:g} GiB of text in column {quoted(name)}, which is "
                        "not held as a whole: leave the column out, or build with --engine stream"
                    )
            if sums.total() > most:
                raise UnreadableTable(
                    f"makes over {most // 2**20:,} MB of text out of {n_bytes:,} bytes, as no table of songs "
                    f"does: {_MADE_UP}"
                )


def _counted(rows: pl.LazyFrame, texts: Sequence[tuple[str, pl.Expr]]) -> list[tuple[str, int]]:
    """Bytes of the texts of some columns, each of which is not too long."""
    lengths = [length.cast(pl.UInt64) for _, length in texts]
    sums = [length.sum().alias(f"sum {place}") for place, length in enumerate(lengths)]
    longest = [length.max().alias(f"longest {place}") for place, length in enumerate(lengths)]
    found = rows.select(*sums, *longest).collect().row(0)
    for (name, _), most in zip(texts, found[len(texts) :], strict=True):
        if (most or 0) > LONGEST_ROW:
            raise UnreadableTable(
                f"holds a text of {most:,} bytes in column {quoted(name)}, as no table of songs does: leave "
                "the column out"
            )
    return [(name, n_text) for (name, _), n_text in zip(texts, found, strict=False)]


def require_bounded_parquet(path: Path, *, are_held: bool = True) -> None:
    """Raise UnreadableTable for a Parquet file that would fill the memory; both of the above."""
    n_bytes = path.stat().st_size
    with path.open("rb") as file:
        require_unpackable(file, n_bytes)
    rows = pl.scan_parquet(path, glob=False, hive_partitioning=False, cache=False)
    n_rows = int(rows.select(pl.len()).collect().item())
    require_light_texts(rows, n_rows, n_bytes, are_held=are_held)


_MADE_UP: Final = "it is damaged or made to fill the memory; fetch or export it again"


def _lengths(values: pl.Expr, kind: pl.DataType) -> Iterator[pl.Expr]:
    """The lengths in bytes of all texts in a column, those in lists and structures too."""
    if isinstance(kind, pl.String):
        yield values.str.len_bytes()
    elif isinstance(kind, pl.Categorical | pl.Enum):
        yield values.cast(pl.String).str.len_bytes()
    elif isinstance(kind, pl.Binary):
        yield values.bin.size()
    elif isinstance(kind, pl.List):
        yield from _lengths(values.list.explode(), _type(kind.inner))
    elif isinstance(kind, pl.Array):
        yield from _lengths(values.arr.explode(), _type(kind.inner))
    elif isinstance(kind, pl.Struct):
        for field in kind.fields:
            yield from _lengths(values.struct.field(field.name), _type(field.dtype))


def _type(kind: Any) -> pl.DataType:
    """A type of Polars, which names types by classes where they have nothing to tell."""
    made: pl.DataType = kind() if isinstance(kind, type) else kind
    return made


def _chunks(footer: dict[int, Any]) -> Iterator[tuple[int, int]]:
    """Numbers of values and of unpacked bytes of each piece of a column."""
    for rows in footer.get(_ROW_GROUPS, ()):
        for chunk in rows.get(_CHUNKS, ()):
            about = chunk.get(_ABOUT, {})
            n_values, n_bytes = about.get(_N_VALUES, 0), about.get(_N_BYTES, 0)
            if min(n_values, n_bytes) < 0:
                raise ValueError("less than nothing")
            yield n_values, n_bytes


class _Footer:
    """Thrift in its compact form, read from its first byte on; texts are passed over."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.place = 0

    def structure(self, depth: int = 0) -> dict[int, Any]:
        """Fields by their numbers."""
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        found: dict[int, Any] = {}
        field = 0
        while head := self._byte():
            step, kind = head >> 4, head & 15
            field = field + step if step else self._number()
            found[field] = kind == 1 if kind in (1, 2) else self._value(kind, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        """A value of a type."""
        if kind in _NUMBERS:
            return self._number()
        if kind in (1, 2, 3):
            return self._byte()
        if kind in (9, 10):
            return self._list(depth + 1)
        if kind == 12:
            return self.structure(depth + 1)
        sizes = {7: 8, 13: 16}
        if kind != 8 and kind not in sizes:
            raise ValueError("a type that Parquet has not")
        self._pass(sizes[kind] if kind in sizes else self._varint())
        return None

    def _list(self, depth: int) -> list[Any]:
        """Values of one type."""
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        head = self._byte()
        n_values, kind = head >> 4, head & 15
        n_values = self._varint() if n_values == 15 else n_values
        return [self._value(kind, depth) for _ in range(n_values)]

    def _byte(self) -> int:
        self.place += 1
        return self.content[self.place - 1]

    def _pass(self, n_bytes: int) -> None:
        """Leave some bytes out."""
        self.place += n_bytes
        if self.place > len(self.content):
            raise ValueError("ends too early")

    def _varint(self) -> int:
        """A number of seven bits a byte, the lowest first."""
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7
            if shift > 63:
                raise ValueError("a number without end")

    def _number(self) -> int:
        """A number with a sign, which stands in the lowest bit."""
        number = self._varint()
        return (number >> 1) ^ -(number & 1)
