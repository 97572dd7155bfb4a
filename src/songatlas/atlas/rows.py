"""`ClusteredRows`: every row of a table with its cluster, or with the reason why it has none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.songs import CleanSongs, SongsTable

PREDICTED = ("predicted_genre", "genre_confidence")
"""Columns that are told only where a genre was predicted for some song."""


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
        song = pl.Series(self.song[start:stop])
        lines = song.set(song < 0, None).cast(pl.UInt32)
        placed = self.placed.select(pl.all().gather(lines))
        names = pl.Series(self.names, dtype=pl.String)
        told = placed.with_columns(
            names.gather(placed["cluster"].cast(pl.UInt32)).alias("cluster_name"),
            pl.col("cluster_distance").round_sig_figs(6),
            pl.col("genre_confidence").round(3),
            self.reasons[start:stop].cast(pl.String).alias("excluded_because"),
        )
        return told.select(self.column_names)


def column_names(*, predicted: bool) -> tuple[str, ...]:
    """Return the columns that join every row, those of predicted genres among them where some were."""
    told = PREDICTED if predicted else ()
    return ("subcluster", "role", *told, "cluster", "cluster_name", "cluster_distance", "excluded_because")


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
