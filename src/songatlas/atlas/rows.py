"""`ClusteredRows`: every row of a table with its cluster, or with the reason why it has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.catalogue import free_names
from songatlas.songs import CleanSongs, SongsTable

PREDICTED = ("predicted_genre", "genre_confidence")
"""Columns that are told only where a genre was predicted for some song."""

APPENDED = ("cluster", "cluster_name", "cluster_distance", "excluded_because")
"""The four columns that join a table last; `column_names` gives all of them."""

TOLD: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "subcluster": pl.Int32(),
        "role": pl.String(),
        "predicted_genre": pl.String(),
        "genre_confidence": pl.Float32(),
        "cluster": pl.Int32(),
        "cluster_name": pl.String(),
        "cluster_distance": pl.Float64(),
        "excluded_because": pl.String(),
    }
)
"""Types of all columns that may join a table."""


@dataclass(frozen=True)
class ClusteredRows:
    """The input rows, in their order, and what became of each.

    Attributes
    ----------
    table : SongsTable
        The table as it was read, with the very text of its cells.
    song : ndarray of int64, shape (n_rows,)
        Line of `placed` that each row belongs to, -1 where it was left out.
    placed : DataFrame, one row a song
        `subcluster` (Int32), `role` (String), `predicted_genre` (String) and `genre_confidence` (Float32),
        null where not known, `cluster` (Int32) and `cluster_distance` (Float64, to its centroid).
    names : tuple of str, length k
        Names of the clusters.
    reasons : Series of Enum, length n_rows
        Reason word of each row that was left out, null elsewhere.
    clean : CleanSongs
        What the rules of cleaning did.
    notes : tuple of str
        What a person should know of where the rows were put, one sentence each.
    """

    table: SongsTable
    song: NDArray[np.int64]
    placed: pl.DataFrame
    names: tuple[str, ...]
    reasons: pl.Series
    clean: CleanSongs
    notes: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """Number of rows of the table."""
        return len(self.song)

    @property
    def cluster(self) -> NDArray[np.int32]:
        """Cluster of each row, int32 (n_rows,), -1 where it was left out."""
        return np.append(self.placed["cluster"].to_numpy(), np.int32(-1))[self.song]

    @property
    def distance(self) -> NDArray[np.float64]:
        """Distance of each row to the centroid of its cluster, (n_rows,), NaN where it was left out."""
        return np.append(self.placed["cluster_distance"].to_numpy(), np.nan)[self.song]

    @property
    def column_names(self) -> tuple[str, ...]:
        """What `columns` gives, the four that are always there last."""
        return column_names(predicted=bool(self.placed["predicted_genre"].count()))

    def columns(self, start: int = 0, n_rows: int | None = None) -> pl.DataFrame:
        """Return the columns that join every row.

        Parameters
        ----------
        start, n_rows : int
            The rows to give, all from `start` on where `n_rows` is None.

        Returns
        -------
        DataFrame
            `subcluster` (Int32, the playlist-sized cluster inside its own), `role`, `predicted_genre` and
            `genre_confidence` (three digits) where some were predicted, `cluster` (Int32), `cluster_name`,
            `cluster_distance` (six significant digits) and `excluded_because`; all but the last are null
            where a row was left out.
        """
        stop = self.n_rows if n_rows is None else start + n_rows
        reasons = self.reasons[start:stop].cast(pl.String)
        told = told_of_rows(self.placed, self.song[start:stop], reasons=reasons, names=self.names)
        return told.select(self.column_names)


def told_of_rows(
    placed: pl.DataFrame, songs: NDArray[np.int64], *, reasons: pl.Series, names: Sequence[str]
) -> pl.DataFrame:
    """Return what is told of rows whose songs are known.

    Parameters
    ----------
    placed : DataFrame, one row a song
        At least `cluster` and `cluster_distance`.
    songs : ndarray of int64, shape (n_rows,)
        Line of `placed` for each row, -1 where it is left out.
    reasons : Series of String, length n_rows
        Why it is left out.
    names : sequence of str
        Of the clusters.

    Returns
    -------
    DataFrame, n_rows rows
        The columns of `placed`, `cluster_name` and `excluded_because`.
    """
    lines = pl.Series(songs)
    spread = placed.select(pl.all().gather(lines.set(lines < 0, None).cast(pl.UInt32)))
    called = pl.Series(names, dtype=pl.String)
    return spread.with_columns(
        called.gather(spread["cluster"].cast(pl.UInt32)).alias("cluster_name"),
        pl.col("cluster_distance").round_sig_figs(6),
        *(pl.col(name).round(3) for name in ("genre_confidence",) if name in placed.columns),
        reasons.alias("excluded_because"),
    )


def column_names(*, predicted: bool) -> tuple[str, ...]:
    """Return the columns that join every row, those of predicted genres among them where some were."""
    told = PREDICTED if predicted else ()
    return ("subcluster", "role", *told, "cluster", "cluster_name", "cluster_distance", "excluded_because")


def appended_names(header: Sequence[str], columns: Sequence[str] = APPENDED) -> Mapping[str, str]:
    """Names under which our columns join a table, never one that it already has.

    Parameters
    ----------
    header : sequence of str
        Header texts of the input.
    columns : sequence of str
        What joins it, as `column_names` says.

    Returns
    -------
    mapping of str to str
        Each of `columns` -> the name it is written under: itself, or with ``_2``, ``_3``, ...

    Examples
    --------
    >>> appended_names(["title", "Cluster"])["cluster"]
    'cluster_2'
    """
    return MappingProxyType(free_names(header, columns))


def spread_over_rows(
    table: SongsTable,
    clean: CleanSongs,
    *,
    placed: pl.DataFrame,
    names: tuple[str, ...],
    notes: tuple[str, ...] = (),
) -> ClusteredRows:
    """Give every row of `table` what is known of its song."""
    song = np.asarray(clean.row_to_song, dtype=np.int64)
    return ClusteredRows(
        table=table,
        song=song,
        placed=placed,
        names=names,
        reasons=clean.row_reasons,
        clean=clean,
        notes=notes,
    )
