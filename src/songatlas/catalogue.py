"""`Catalogue`: a table of songs in parts, wherever it lies, and what can be asked of it.

A catalogue larger than memory, or one that lies on a cluster, is never held as a whole: tasks go to its
parts and come back with little. Whoever keeps the parts (files on this machine, Spark) offers this protocol;
what is asked stands in `atlas`, once for all of them.

Conventions
-----------
A task is a function of a module, or a `functools.partial` or a frozen dataclass with `__call__` around one,
so that it can be sent to another process. Its answer must not depend on how the rows are parted: what comes
back is the concatenation of the answers of all parts, in no order that means anything. All parts answer with
the same columns; a part that has nothing to say answers with no rows.

Rows have stages. `ROWS` are those of the table as they stand; each further stage is made of another, row for
row, and has a name. Sums of `Points` are exact, because points lie on a grid (`songatlas.space.GRID`), so
that their order does not matter either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.progress import Progress

RowTask: TypeAlias = Callable[[pl.DataFrame], pl.DataFrame]
RowMaker: TypeAlias = Callable[[pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame]]
PointTask: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.float64]]

ROWS: Final = "rows"
"""The stage of the rows as they stand: under unique headers, cells of text formats as String."""

KEY: Final = "_key"
"""Column (UInt64) by which `gathered` brings rows together."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a catalogue came from.

    Attributes
    ----------
    name : str
        Name of the folder, the file or the address.
    format : str
        "parquet", "csv", "tsv" ...
    encoding, separator : str or None
        Of text files.
    sha256 : str
        Of the names and contents of the files; empty where that is not known.
    n_files : int
    header : tuple of str
        Headers of the columns as they stand; they may repeat.
    notes : tuple of str
        What a person should know of the files, one sentence each.
    """

    name: str
    format: str
    encoding: str | None
    separator: str | None
    sha256: str
    n_files: int
    header: tuple[str, ...]
    notes: tuple[str, ...] = ()


class Points(Protocol):
    """The points of the songs that are clustered, in blocks, kept by whoever keeps the catalogue.

    A block is float32 ``(n_songs_of_the_block, n_dimensions)``, C order, never empty.
    """

    @property
    def n_points(self) -> int:
        """Number of points."""
        ...

    def summed(self, task: PointTask) -> NDArray[np.float64]:
        """Return the sum of the answers of all blocks, which are arrays of one shape."""
        ...

    def stacked(self, task: PointTask) -> NDArray[np.float64]:
        """Return the answers of all blocks, two-dimensional arrays, one below the other."""
        ...


class Catalogue(Protocol):
    """A table of songs in parts."""

    @property
    def origin(self) -> Origin:
        """Where it came from."""
        ...

    @property
    def n_rows(self) -> int:
        """Number of rows; known at the latest after the first stage."""
        ...

    def look(self, n_rows: int) -> pl.DataFrame:
        """Return about `n_rows` rows as they stand, spread evenly; every row, in order, if no more."""
        ...

    def stage(
        self, name: str, make: RowMaker, *, of: str, tell: Progress, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Make a stage of another, and return the answers of all parts.

        Parameters
        ----------
        name : str
            Of the new stage. A stage of that name is replaced.
        make : callable
            Gets the rows of a part, returns what they become, row for row, and its answer.
        of : str
            The stage to read.
        tell : callable
            Progress, from 0 to 1, with rows a second.
        columns : sequence of str, optional
            Those that `make` reads (names that do not exist are passed over); all by default.
        """
        ...

    def collect(
        self, task: RowTask, *, of: str, name: str, tell: Progress, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Return the answers of all parts; `name` says what is asked, for who takes up a killed run."""
        ...

    def shared_keys(self, column: str, *, of: str, tell: Progress) -> NDArray[np.uint64]:
        """Return, sorted, the values that more than one row has in a column (UInt64, null for none)."""
        ...

    def gathered(self, pick: RowTask, group: RowTask, *, of: str, name: str, tell: Progress) -> pl.DataFrame:
        """Bring together rows that have a key in common, and return what `group` answers of them.

        `pick` returns some of the rows of a part, in any columns, with `KEY`; `group` gets such rows, all
        that have one of the keys in it, in no order that means anything.
        """
        ...

    def keep_points(
        self,
        make: Callable[[pl.DataFrame], NDArray[np.float32]],
        more: NDArray[np.float32],
        *,
        of: str,
        tell: Progress,
        columns: Sequence[str] | None = None,
    ) -> Points:
        """Make points of every part, ``(at most n_rows, n_dimensions)``, and keep them, with `more`."""
        ...

    def write(
        self, label: RowTask, added: Mapping[str, pl.DataType], folder: str, *, of: str, tell: Progress
    ) -> tuple[str, ...]:
        """Write every row as it stands with what `label` answers of it, and return the names of the files.

        `label` gets rows of a stage and answers with the columns `added`, row for row. Files keep name,
        format and order of rows of the input as far as these are known. `folder` is new, empty, or what a
        killed run left there.
        """
        ...

    def close(self) -> None:
        """Let go of what is kept beside the catalogue; nothing can be asked afterwards."""
        ...


def free_names(header: Sequence[str], columns: Iterable[str]) -> dict[str, str]:
    """Return the names under which columns join a table, never one that it already has.

    Parameters
    ----------
    header : sequence of str
        Header texts of the table.
    columns : iterable of str
        What joins it.

    Returns
    -------
    dict of str to str
        Each of `columns` -> the name it is written under: itself, or with ``_2``, ``_3``, ...

    Examples
    --------
    >>> free_names(["title", "Cluster"], ["cluster"])
    {'cluster': 'cluster_2'}
    """
    taken = {text.strip().casefold() for text in header}
    names = {}
    for column in columns:
        name, turn = column, 1
        while name.casefold() in taken:
            turn += 1
            name = f"{column}_{turn}"
        taken.add(name.casefold())
        names[column] = name
    return names
