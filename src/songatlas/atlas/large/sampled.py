"""The songs of a large catalogue that its atlas holds: those with the lowest keys, and their clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.fitting import Clusters, Fit, find_clusters, with_division
from songatlas.atlas.judging import SongGenres, known_genres
from songatlas.atlas.large.cleaned import Cleaned, lowest_songs
from songatlas.atlas.large.tasks import CLEAN, MakePoints
from songatlas.atlas.large.telling import saying
from songatlas.atlas.settings import AtlasSettings
from songatlas.atlas.swept import Swept
from songatlas.catalogue import Catalogue, Points
from songatlas.kmeans import SAMPLE_SONGS, Clustering, Settled, nearest_centroids
from songatlas.progress import Progress, part
from songatlas.songs import CleanSongs, SongsTable
from songatlas.songs.versions import name_sums, version_of

Settling: TypeAlias = Callable[[Points, NDArray[np.float64], Progress], Settled]
"""Finds, from a start, where the centroids of all points end."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The songs that the atlas holds.

    Attributes
    ----------
    clean : CleanSongs
        These songs, and what the rules of cleaning did to all.
    points : ndarray of float32, shape (n_songs, n_dimensions)
    known : SongGenres or None
        Their genres.
    clusters : Clusters
        Of these songs alone.
    is_all : bool
        Whether there are no others.
    """

    clean: CleanSongs
    points: NDArray[np.float32]
    known: SongGenres | None
    clusters: Clusters
    is_all: bool


def sample_of(cleaned: Cleaned, table: SongsTable, settings: AtlasSettings, tell: Progress) -> Sample:
    """Return the songs that the atlas of a catalogue holds, with the verdict on k."""
    clean = _held_songs(cleaned)
    known = known_genres(clean.songs, table.columns, settings=settings, tell=part(tell, 0.0, 0.3))
    points = cleaned.space.points(clean.songs)
    genres = None if known is None else known.genres.labels
    return Sample(
        clean=clean,
        points=points,
        known=known,
        clusters=find_clusters(points, settings=settings, tell=part(tell, 0.3, 1.0), genres=genres),
        is_all=clean.songs.height == cleaned.n_clustered,
    )


def settled_as(clusters: Clusters) -> Settled:
    """Return where the centroids of all songs ended, of clusters that hold them all."""
    clustering = clusters.clustering
    return Settled(
        centroids=clustering.centroids,
        sizes=np.bincount(clustering.labels, minlength=clustering.k),
        inertia=clustering.inertia,
        n_iter=clustering.n_iter,
        history=clustering.history,
        converged=True,
    )


def settled_by(
    settling: Settling, catalogue: Catalogue, cleaned: Cleaned, start: NDArray[np.float64], tell: Progress
) -> Settled:
    """Return where the centroids of all songs end, from a start."""
    points = catalogue.keep_points(
        MakePoints(space=cleaned.space),
        np.concatenate([cleaned.space.points(songs) for songs in cleaned.merged.clustered()]),
        of=CLEAN,
        tell=saying(part(tell, 0.0, 0.3), "making points"),
        columns=cleaned.columns,
    )
    return settling(points, start, part(tell, 0.3, 1.0))


def fit_of(
    sample: Sample, cleaned: Cleaned, settled: Settled, settings: AtlasSettings, tell: Progress
) -> Fit:
    """Return the fit of the sample, its clusters those of all songs."""
    is_own = settled.centroids is sample.clusters.clustering.centroids
    clusters = sample.clusters if is_own else _of_all(sample, settled, settings)
    return with_division(clusters, cleaned.space, sample.points, settings=settings, tell=tell)


def _of_all(sample: Sample, settled: Settled, settings: AtlasSettings) -> Clusters:
    """The clusters of the sample with the centroids of all songs for the chosen k."""
    labels, distances = nearest_centroids(sample.points, settled.centroids, n_threads=settings.threads)
    clustering = Clustering(
        len(settled.centroids), settled.centroids, labels, settled.inertia, settled.n_iter, settled.history
    )
    chosen = replace(Swept.of(clustering), inertia=float(np.square(distances).sum()))
    sweep = tuple(chosen if each.k == chosen.k else each for each in sample.clusters.sweep)
    return replace(sample.clusters, clustering=clustering, sweep=sweep)


def _held_songs(cleaned: Cleaned) -> CleanSongs:
    """The songs with the lowest keys, as cleaning a table in memory would give them."""
    songs, policy = lowest_songs(cleaned.drawn, SAMPLE_SONGS), cleaned.policy
    sums = name_sums(songs) if "versions" not in policy.off else np.zeros(songs.height, dtype=np.uint64)
    versions = version_of(songs, sums).alias("version_of")
    imputed = songs["imputed"]
    return CleanSongs(
        songs=songs.drop("imputed").with_columns(versions, imputed),
        row_to_song=np.empty(0, dtype=np.int64),
        row_reasons=pl.Series("excluded_because", [], dtype=pl.String),
        counts=cleaned.counts,
        features=policy.features,
        dropped_features=dict(policy.dropped),
        n_songs=cleaned.tally.n_songs,
    )
