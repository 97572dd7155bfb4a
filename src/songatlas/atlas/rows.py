"""`ClusteredRows`: every row of a table with its cluster, or with the reason why it has none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from songatlas.songs import CleanSongs, SongsTable


@dataclass(frozen=True)
class ClusteredRows:
    """The input rows, in their order, and what became of each.

    Attributes
    ----------
    table : SongsTable
        The table as it was read, with the very text of its cells.
    cluster : ndarray of int32, shape (n_rows,)
        Cluster of each row, -1 where it was left out.
    distance : ndarray of float64, shape (n_rows,)
        Distance to the centroid of that cluster in the space, NaN where it was left out.
    names : tuple of str, length k
        Names of the clusters.
    reasons : Series of Enum, length n_rows
        Reason word of each row that was left out, null elsewhere.
    clean : CleanSongs
        What the rules of cleaning did.
    """

    table: SongsTable
    cluster: np.ndarray
    distance: np.ndarray
    names: tuple[str, ...]
    reasons: pl.Series
    clean: CleanSongs

    @property
    def n_rows(self) -> int:
        """Number of rows of the table."""
        return len(self.cluster)

    def columns(self, start: int = 0, n_rows: int | None = None) -> pl.DataFrame:
        """Return the four columns that join every row: cluster, name, distance, reason.

        Parameters
        ----------
        start, n_rows : int
            The rows to give, all from `start` on where `n_rows` is None.

        Returns
        -------
        DataFrame, n_rows x 4
            `cluster` (Int32), `cluster_name`, `cluster_distance` (six significant digits) and
            `excluded_because`; the first three are null where a row was left out.
        """
        stop = self.n_rows if n_rows is None else start + n_rows
        cluster = self.cluster[start:stop]
        placed = pl.lit(pl.Series(cluster >= 0))
        names = pl.Series([*self.names, None], dtype=pl.String)
        frame = pl.DataFrame(
            {
                "cluster": pl.Series(cluster, dtype=pl.Int32),
                "cluster_name": names.gather(np.where(cluster >= 0, cluster, len(self.names))),
                "cluster_distance": pl.Series(self.distance[start:stop], dtype=pl.Float64).round_sig_figs(6),
                "excluded_because": self.reasons[start:stop].cast(pl.String),
            }
        )
        return frame.with_columns(
            pl.when(placed).then(pl.col(name)).alias(name) for name in ("cluster", "cluster_distance")
        )


def spread_over_rows(
    table: SongsTable, clean: CleanSongs, *, labels: np.ndarray, distances: np.ndarray, names: tuple[str, ...]
) -> ClusteredRows:
    """Give every row of `table` the cluster of its song."""
    placed = clean.row_to_song >= 0
    song = clean.row_to_song[placed]
    cluster = np.full(len(placed), -1, dtype=np.int32)
    distance = np.full(len(placed), np.nan)
    cluster[placed] = labels[song]
    distance[placed] = distances[song]
    return ClusteredRows(
        table=table, cluster=cluster, distance=distance, names=names, reasons=clean.row_reasons, clean=clean
    )
