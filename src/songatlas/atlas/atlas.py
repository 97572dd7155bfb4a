"""`Atlas`: everything that was found out about a table of songs, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from songatlas.atlas.rows import ClusteredRows, spread_over_rows
from songatlas.atlas.settings import AtlasSettings
from songatlas.choose_k import Verdict
from songatlas.errors import MissingColumns
from songatlas.kmeans import Clustering, nearest_centroids
from songatlas.profiles import Profile
from songatlas.songs import ColumnReading, RuleCount, Source, clean_songs, read_songs
from songatlas.space import Layout, SongSpace


@dataclass(frozen=True, kw_only=True)
class Atlas:
    """A clustered catalogue: songs, clusters with names, and the evidence for them.

    Made by `build_atlas`, or read from its folder by `Atlas.load`.

    Attributes
    ----------
    settings : AtlasSettings
        What it was built with.
    version, created : str
        Version of songatlas that built it, and when (ISO 8601, UTC).
    source, columns
        The file that was read, and what each of its columns was understood as.
    n_rows, n_songs : int
        Rows of the input, and different songs in them; `songs` holds those that were clustered.
    counts : tuple of RuleCount
        What each rule of cleaning did.
    dropped_features : mapping of str to str
        Features that could not be used, and why.
    songs : DataFrame, n_clustered rows
        The clustered songs, sorted by `song_id`.
    space, layout, positions
        The fitted space, its map in two dimensions, and the float32 `(n_clustered, 2)` places on it.
    clustering : Clustering
        Labels 0..k-1 by falling size, centroids, inertia and its history.
    plain_run : tuple of float
        Inertia after each iteration of one plain run of k-means with the chosen k, on a sample where the
        songs are many.
    distances : ndarray of float64, shape (n_clustered,)
        Distance of each song to the centroid of its cluster.
    evidence : DataFrame
        One row for each k that was tried, with every index.
    quality : mapping
        The indices of the chosen clustering.
    verdict : Verdict
        Which k, and why, in words.
    silhouette_sample : DataFrame
        `cluster` and `silhouette` of a sample of the songs.
    profiles : tuple of Profile
        What each cluster sounds like, with its name.
    genre : mapping or None
        Agreement with the genres, between chance and ceiling, where the table has genres.
    genre_counts : DataFrame
        Songs of each genre in each cluster; empty where there are no genres.
    rows : ClusteredRows or None
        Every row of the table with its cluster; only right after the build.
    """

    settings: AtlasSettings
    version: str
    created: str
    source: Source
    columns: tuple[ColumnReading, ...]
    n_rows: int
    n_songs: int
    counts: tuple[RuleCount, ...]
    dropped_features: Mapping[str, str]
    songs: pl.DataFrame
    space: SongSpace
    layout: Layout
    positions: np.ndarray
    clustering: Clustering
    plain_run: tuple[float, ...]
    distances: np.ndarray
    evidence: pl.DataFrame
    quality: Mapping[str, Any]
    verdict: Verdict
    silhouette_sample: pl.DataFrame
    profiles: tuple[Profile, ...]
    genre: Mapping[str, Any] | None
    genre_counts: pl.DataFrame
    rows: ClusteredRows | None = None

    @property
    def k(self) -> int:
        """Number of clusters."""
        return self.clustering.k

    def cluster_names(self) -> tuple[str, ...]:
        """Return the name of every cluster, in the order of their numbers."""
        return tuple(profile.name for profile in self.profiles)

    def assign(
        self,
        source: Any,
        *,
        columns: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
        header: tuple[str, ...] | None = None,
    ) -> ClusteredRows:
        """Find the cluster of every row of another table.

        The rules of cleaning are those of the build, and the songs that built the atlas get the very
        clusters they have in it.

        Parameters
        ----------
        source : path or dataframe
            Anything that `read_songs` reads.
        columns, units, header
            As in `read_songs`; by default those of the build.

        Returns
        -------
        ClusteredRows

        Raises
        ------
        MissingColumns
            If the table lacks a feature that the atlas is made of.
        """
        settings = self.settings
        table = read_songs(
            source,
            columns=settings.columns if columns is None else columns,
            units=settings.units if units is None else units,
            header=settings.header if header is None else header,
        )
        missing = [name for name in self.space.features if name not in table.songs.columns]
        if missing:
            raise MissingColumns(
                f"{table.source.name} has no column for {', '.join(missing)}, which this atlas is made of: "
                f"name it with --column {missing[0]}=HEADER, or build an atlas without it (--features)"
            )
        switched_off = [count.reason for count in self.counts if count.action == "switched off"]
        clean = clean_songs(
            table.songs,
            features=self.space.features,
            keep=[*settings.keep, *switched_off],
            fixed_features=True,
        )
        labels, distances = nearest_centroids(
            self.space.points(clean.songs), self.clustering.centroids, n_threads=settings.threads
        )
        return spread_over_rows(table, clean, labels=labels, distances=distances, names=self.cluster_names())

    def save(self, directory: str | Path) -> None:
        """Write the atlas into a folder of Parquet, JSON and .npy, never half (see `saved.save_atlas`)."""
        from songatlas.atlas.saved import save_atlas

        save_atlas(self, Path(directory))

    @classmethod
    def load(cls, directory: str | Path) -> Atlas:
        """Read an atlas from its folder; `BadAtlas` says what is wrong with it."""
        from songatlas.atlas.saved import load_atlas

        return load_atlas(Path(directory))
