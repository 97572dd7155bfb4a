"""`make_atlas`: from clusters to the atlas: indices, roles, names, genres, findings.

Tables in memory and tables in parts meet here: of a large catalogue the songs are a sample, and the clusters
those of all songs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

import songatlas
from songatlas.atlas.artist_parts import artist_numbers, artists_of
from songatlas.atlas.atlas import Atlas
from songatlas.atlas.evidence import measure, sample_silhouettes, shown_run, with_exact_silhouette
from songatlas.atlas.fitting import Fit
from songatlas.atlas.identity import Identity, take_identity
from songatlas.atlas.judging import SongGenres, all_beliefs, genre_columns, judge_by_genre
from songatlas.atlas.names_file import Generated
from songatlas.atlas.settings import AtlasSettings
from songatlas.atlas.spaces import compare_spaces
from songatlas.atlas.whole import Whole
from songatlas.genres import genre_table
from songatlas.kmeans import nearest_centroids
from songatlas.lint import Facts, Finding, find_flaws
from songatlas.profiles import Profile, profile_clusters
from songatlas.progress import Progress
from songatlas.roles import Roles, exemplars, song_roles
from songatlas.songs import CleanSongs, SongsTable, Source
from songatlas.space import fit_layout


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is told of the clusters of some songs.

    Attributes
    ----------
    distances : ndarray of float64, shape (n_songs,)
        Of each song to the centroid of its cluster.
    roles : Roles
    exemplars : tuple of tuple of str
        For each cluster `song_id` of songs that show it.
    identity : Identity
        What they keep of an older atlas.
    profiles : tuple of Profile
        Under the generated names.
    findings : tuple of Finding
    """

    distances: NDArray[np.float64]
    roles: Roles
    exemplars: tuple[tuple[str, ...], ...]
    identity: Identity
    profiles: tuple[Profile, ...]
    findings: tuple[Finding, ...]

    @property
    def generated(self) -> Generated:
        """What the clusters are called where no person renames them."""
        names = tuple(profile.name for profile in self.profiles)
        return Generated(names, self.findings, tuple(profile.evidence for profile in self.profiles))

    def fields(self) -> dict[str, Any]:
        """Return the fields of the atlas that it fills."""
        return {
            "distances": self.distances,
            "roles": self.roles,
            "exemplars": self.exemplars,
            "findings": self.findings,
            "generated": self.generated,
            "colours": self.identity.colours,
            "likeness": self.identity.likeness,
        }


def make_atlas(
    table: SongsTable,
    clean: CleanSongs,
    fit: Fit,
    known: SongGenres | None,
    *,
    settings: AtlasSettings,
    old: Atlas | None,
    tell: Progress,
    source: Source | None = None,
    whole: Whole | None = None,
) -> Atlas:
    """Make the atlas of songs that are clustered.

    Parameters
    ----------
    table : SongsTable
        What was understood of the table; its songs are not looked at.
    clean : CleanSongs
        The songs that were clustered, or a sample of them, and what the rules of cleaning did.
    fit : Fit
        Their space, points and clusters.
    known : SongGenres or None
        Their genres.
    settings : AtlasSettings
        Whose space names its blocks.
    old : Atlas or None
        An older atlas whose names and colours are kept.
    tell : callable
        Progress, from 0 to 1.
    source : Source, optional
        Where the songs came from; that of the table by default.
    whole : Whole, optional
        What is known of all songs of a catalogue in parts.

    Returns
    -------
    Atlas
        Without the rows of the table.
    """
    source = source or table.source
    tell(0.0, "measuring the clusters")
    told = _told(table, clean, fit, known, old=old, settings=settings)
    tell(0.6, "comparing with genres")
    atlas = Atlas(
        settings=settings,
        version=songatlas.__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        source=source,
        columns=table.columns,
        n_rows=source.n_rows,
        n_songs=clean.n_songs,
        counts=clean.counts,
        dropped_features=clean.dropped_features,
        songs=clean.songs,
        profiles=told.profiles if whole is None else _of_all_songs(told.profiles, whole),
        whole=whole,
        **told.fields(),
        **_of_fit(fit, settings),
        **_of_genres(known, clean, fit, settings),
    )
    return atlas.with_names(told.identity.shown_names(told.generated.names))


def _told(
    table: SongsTable,
    clean: CleanSongs,
    fit: Fit,
    known: SongGenres | None,
    *,
    old: Atlas | None,
    settings: AtlasSettings,
) -> Told:
    """What is told of the clusters: roles, names, findings."""
    points, clustering, threads = fit.points, fit.clusters.clustering, settings.threads
    songs, labels, k = clean.songs, clustering.labels, clustering.k
    _, distances = nearest_centroids(points, clustering.centroids, n_threads=threads)
    identity = take_identity(old, songs, labels, k=k, features=clean.features)
    profiles = profile_clusters(
        songs,
        labels,
        distances,
        features=clean.features,
        k=k,
        kept=identity.kept,
        reserved=identity.reserved,
    )
    names = tuple(profile.name for profile in profiles)
    roles = song_roles(points, clustering.centroids, labels, distances, n_threads=threads)
    return Told(
        distances=distances,
        roles=roles,
        exemplars=_name_exemplars(songs, fit, roles, known),
        identity=identity,
        profiles=profiles,
        findings=find_flaws(_lint_facts(table, clean, fit, names=names, settings=settings)),
    )


def _of_fit(fit: Fit, settings: AtlasSettings) -> dict[str, Any]:
    """Fields of the atlas that tell how its clusters were found, and how good they are."""
    points, clusters = fit.points, fit.clusters
    clustering = clusters.clustering
    quality = measure(points, clustering, clusters.evidence, settings=settings)
    layout = fit_layout(points, fit.space.dimensions)
    return {
        "space": fit.space,
        "layout": layout,
        "positions": layout.positions(points),
        "clustering": clustering,
        "sweep": clusters.sweep,
        "plain_run": shown_run(points, clustering.k, settings=settings),
        "evidence": with_exact_silhouette(clusters.evidence, clustering.k, quality),
        "quality": quality,
        "verdict": clusters.verdict,
        "division": fit.division,
        "refinement": fit.refinement,
        "silhouette_sample": sample_silhouettes(points, clustering, settings=settings),
    }


def _of_genres(
    known: SongGenres | None, clean: CleanSongs, fit: Fit, settings: AtlasSettings
) -> dict[str, Any]:
    """Fields of the atlas that tell of genres."""
    songs, clustering = clean.songs, fit.clusters.clustering
    told = genre_columns(known, songs.height)
    judged = judge_by_genre(known, songs, fit.points, clustering, space=fit.space, settings=settings)
    return {
        "spaces": compare_spaces(songs, clean.features, known, k=clustering.k, settings=fit.settings),
        "genre": judged,
        "genre_counts": genre_table(clustering.labels, told["genre"]),
        "genre_of_songs": told,
        "genre_sharpness": 1.0 if known is None or known.beliefs is None else known.beliefs.sharpness,
        "beliefs": all_beliefs(known) if settings.takes_genres else None,
    }


def _of_all_songs(profiles: Sequence[Profile], whole: Whole) -> tuple[Profile, ...]:
    """The profiles, with the songs of all parts counted; the share of known years is the sample's."""
    return tuple(
        replace(
            profile,
            size=size,
            share=size / whole.n_clustered,
            n_dated=round((profile.n_dated or 0) * size / max(profile.size, 1)),
        )
        for profile, size in zip(profiles, whole.sizes, strict=True)
    )


def _name_exemplars(
    songs: pl.DataFrame, fit: Fit, roles: Roles, known: SongGenres | None
) -> tuple[tuple[str, ...], ...]:
    """`song_id` of the songs that show each cluster, at most one of an artist."""
    artists = artist_numbers(artists_of(songs), songs.height) if known is None else known.artists
    shown = exemplars(
        fit.points, fit.clusters.clustering.labels, roles, k=fit.clusters.clustering.k, groups=artists
    )
    return tuple(tuple(songs["song_id"].gather(rows)) for rows in shown)


def _lint_facts(
    table: SongsTable, clean: CleanSongs, fit: Fit, *, names: Sequence[str], settings: AtlasSettings
) -> Facts:
    """What the checks of the lint look at."""
    clustering, evidence = fit.clusters.clustering, fit.clusters.evidence
    return Facts(
        points=fit.points,
        dimension_features=fit.space.dimension_features,
        dimension_blocks=[
            name for name, places in fit.space.places().items() for _ in range(places.start, places.stop)
        ],
        labels=clustering.labels,
        centroids=clustering.centroids,
        songs=clean.songs,
        features=clean.features,
        cluster_names=names,
        stability=float(evidence.filter(pl.col("k") == clustering.k)["stability"][0]),
        pairs=fit.clusters.pairs,
        unread={column.header: column.note for column in table.columns if column.column is None},
        notes={column.column: column.note for column in table.columns if column.column},
        n_rows=table.source.n_rows,
        seed=settings.seed,
        n_threads=settings.threads,
    )
