"""From songs to clusters: the space, the clustering for every k, the verdict, and playlists inside.

Where a person asked for it, the weights of features are refined after the first fit, and all is made again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.artist_parts import artists_of
from songatlas.atlas.evidence import LabelPair, gather_evidence, ks_to_try, resampled_pairs
from songatlas.atlas.judging import SongGenres, with_beliefs
from songatlas.atlas.refine import Refinement, propose_weights
from songatlas.atlas.settings import AtlasSettings
from songatlas.atlas.swept import Swept
from songatlas.atlas.usual_space import with_space
from songatlas.choose_k import Verdict, choose_k, verdict_for, with_playlists
from songatlas.keys import lowest_rows, text_keys
from songatlas.kmeans import (
    SAMPLE_SONGS,
    Clustering,
    Division,
    divide_clusters,
    find_starts,
    resample_labelings,
    sweep,
)
from songatlas.progress import Progress, part
from songatlas.quality import silhouette, stability
from songatlas.space import SongSpace


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """The clustering of the chosen k, and what chose it.

    Attributes
    ----------
    clustering : Clustering
    evidence : DataFrame
        One row for each k that was tried.
    verdict : Verdict
    pairs : tuple of (labels, labels)
        Labelings of the same songs by clusterings of other songs and by this one.
    sweep : tuple of Swept
        The clusterings of every k, in the order of the ks.
    start : ndarray of float64, shape (k, n_dimensions)
        Centroids from which the clustering was found.
    """

    clustering: Clustering
    evidence: pl.DataFrame
    verdict: Verdict
    pairs: tuple[LabelPair, ...]
    sweep: tuple[Swept, ...]
    start: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Songs as points, and their clusters.

    Attributes
    ----------
    space : SongSpace
    points : ndarray of float32, shape (n_songs, n_dimensions)
    clusters : Clusters
        The verdict tells of playlists, too.
    division : Division
        The playlist-sized clusters inside the clusters.
    refinement : Refinement or None
        Where a person asked for it.
    settings : AtlasSettings
        Those given, with the weights of features that were applied.
    """

    space: SongSpace
    points: NDArray[np.float32]
    clusters: Clusters
    division: Division
    refinement: Refinement | None
    settings: AtlasSettings


def fit_songs(
    songs: pl.DataFrame,
    features: Sequence[str],
    known: SongGenres | None,
    *,
    settings: AtlasSettings,
    tell: Progress,
) -> Fit:
    """Make the points of songs and cluster them.

    Parameters
    ----------
    songs : DataFrame
        Clean songs, sorted by `song_id`.
    features : sequence of str
        Columns of the sound.
    known : SongGenres or None
        Their genres, and what is believed of them where the space takes genres.
    settings : AtlasSettings
    tell : callable
        Progress, from 0 to 1.
    """
    settings = with_space(settings, songs)
    believed = with_beliefs(songs, known)
    genres = None if known is None else known.genres.labels
    judges = None if "tags" in settings.space else genres
    space, points = fitted(believed, features, settings)
    drawn = drawn_songs(songs["song_id"], settings)
    clusters = find_clusters(points, settings=settings, tell=part(tell, 0.0, 0.5), genres=judges, drawn=drawn)
    refinement = None
    if settings.refine:
        refinement = propose_weights(
            songs,
            features=features,
            settings=settings,
            genres=genres,
            artists=artists_of(songs),
            k=clusters.clustering.k,
            structureless=clusters.verdict.strength == "none",
            seed=settings.seed,
            n_threads=settings.threads,
            progress=part(tell, 0.5, 0.7),
        )
    if refinement is not None and refinement.applied:
        settings = settings.change(feature_weights=refinement.feature_weights)
        space, points = fitted(believed, features, settings)
        clusters = find_clusters(
            points, settings=settings, tell=part(tell, 0.7, 0.9), genres=judges, drawn=drawn
        )
    return with_division(
        clusters, space, points, settings=settings, refinement=refinement, tell=part(tell, 0.9, 1.0)
    )


def with_division(
    clusters: Clusters,
    space: SongSpace,
    points: NDArray[np.float32],
    *,
    settings: AtlasSettings,
    tell: Progress,
    refinement: Refinement | None = None,
) -> Fit:
    """Return the fit of clusters with the playlist-sized clusters inside them."""
    division = divide_clusters(
        points, clusters.clustering, seed=settings.seed, n_threads=settings.threads, progress=tell
    )
    return Fit(
        space=space,
        points=points,
        clusters=replace(clusters, verdict=with_playlists(clusters.verdict, division.sizes)),
        division=division,
        refinement=refinement,
        settings=settings,
    )


def fitted(
    songs: pl.DataFrame, features: Sequence[str], settings: AtlasSettings
) -> tuple[SongSpace, NDArray[np.float32]]:
    """Return the space of some settings, fitted on songs, and their points."""
    settings = with_space(settings, songs)
    space = SongSpace.fit(
        songs,
        features=features,
        blocks=settings.space,
        weights=settings.weights,
        feature_weights=settings.feature_weights,
        genre_pull=settings.genre_pull,
    )
    return space, space.points(songs)


def drawn_songs(song_ids: pl.Series, settings: AtlasSettings) -> NDArray[np.int64] | None:
    """Return the rows of the songs among which starts are looked for; None where these are all songs.

    They depend on nothing but the ids and the seed, so that a catalogue in parts draws the same songs.
    """
    if len(song_ids) <= SAMPLE_SONGS:
        return None
    return lowest_rows(text_keys(song_ids, seed=settings.seed).to_numpy(), SAMPLE_SONGS)


def find_clusters(
    points: NDArray[np.float32],
    *,
    settings: AtlasSettings,
    tell: Progress,
    genres: pl.Series | None = None,
    drawn: NDArray[np.int64] | None = None,
) -> Clusters:
    """Cluster points for every k, and choose.

    Parameters
    ----------
    points : ndarray of float32, shape (n_songs, n_dimensions)
    settings : AtlasSettings
    tell : callable
        Progress, from 0 to 1.
    genres : Series of String, optional
        Genre of each song to hold clusters against; only where no label went into the points.
    drawn : ndarray of int64, optional
        Rows among which starts are looked for, as `drawn_songs` gives them.
    """
    tell(0.0, "clustering")
    ks = ks_to_try(points, settings=settings)
    seed, threads = settings.seed, settings.threads
    sample = points if drawn is None else points[drawn]
    starts = find_starts(sample, ks, seed=seed, n_threads=threads, progress=part(tell, 0.0, 0.45))
    told = part(tell, 0.45, 0.65)
    clusterings = sweep(points, ks, seed=seed, n_threads=threads, progress=told, starts=starts)
    tell(0.65, "testing stability")
    pairs = resampled_pairs(points, clusterings, settings=settings)
    evidence = gather_evidence(
        points, clusterings, settings=settings, tell=part(tell, 0.8, 1.0), genres=genres, pairs=pairs
    )
    verdict = choose_k(evidence) if settings.k == "auto" else verdict_for(settings.k, evidence)
    clustering = next(each for each in clusterings if each.k == verdict.k)
    return Clusters(
        clustering=clustering,
        evidence=evidence,
        verdict=verdict,
        pairs=tuple(pairs[verdict.k]),
        sweep=tuple(Swept.of(each) for each in clusterings),
        start=starts[verdict.k],
    )


def measured(
    points: NDArray[np.float32], k: int, settings: AtlasSettings
) -> tuple[Clustering, dict[str, Any]]:
    """Cluster points with one k; return the clustering, its silhouette, its stability and the seconds."""
    start = time.perf_counter()
    seed, threads = settings.seed, settings.threads
    clustering = sweep(points, [k], seed=seed, n_threads=threads)[0]
    pairs = resample_labelings(points, [k], centroids={k: clustering.centroids}, seed=seed, n_threads=threads)
    steady = stability(pairs[k])
    return clustering, {
        "silhouette": silhouette(points, clustering.labels, seed=seed, n_threads=threads).value,
        "stability": steady.value,
        "stability_low": steady.low,
        "stability_high": steady.high,
        "seconds": time.perf_counter() - start,
    }
