"""`build_atlas`: the road from a table of songs to an atlas, on one page.

read -> clean -> space -> sweep -> verdict -> label -> profile -> `Atlas`. Each step takes plain tables
and arrays and returns a new value; none knows of the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

import songatlas
from songatlas.atlas.atlas import Atlas
from songatlas.atlas.evidence import (
    gather_evidence,
    ks_to_try,
    measure,
    sample_silhouettes,
    shown_run,
    with_exact_silhouette,
)
from songatlas.atlas.rows import spread_over_rows
from songatlas.atlas.settings import AtlasSettings
from songatlas.choose_k import Verdict, choose_k, verdict_for
from songatlas.demo import SIMULATED, simulate_catalogue
from songatlas.errors import BadSettings, MissingColumns
from songatlas.features import FEATURES
from songatlas.genres import Genres, genre_labels, genre_table, score_genres
from songatlas.kmeans import Clustering, nearest_centroids, sweep
from songatlas.profiles import profile_clusters
from songatlas.progress import Progress, part, silent
from songatlas.songs import CleanSongs, SongsTable, clean_songs, kept_reasons, read_songs
from songatlas.space import SongSpace, check_blocks, fit_layout, named_features


def build_atlas(
    source: Any, settings: AtlasSettings | None = None, *, progress: Progress | None = None, **changes: Any
) -> Atlas:
    """Build the atlas of a table of songs.

    Parameters
    ----------
    source : path or dataframe
        Anything that `read_songs` reads: CSV, TSV, Parquet, JSON lines, Excel, pandas, PyArrow, Polars.
    settings : AtlasSettings, optional
        What to build; the defaults where None.
    progress : callable, optional
        Called with the share that is done (0 to 1) and what is being done, in words.
    **changes
        Settings to change by name, such as `k=8`.

    Returns
    -------
    Atlas

    Raises
    ------
    SongAtlasError
        One of its children, with the wrong value, the rule and the next step.

    Examples
    --------
    >>> from songatlas.demo import simulate_catalogue
    >>> atlas = build_atlas(simulate_catalogue(300, seed=1), k=4)
    >>> len(set(atlas.cluster_names()))
    4
    """
    settings = (settings or AtlasSettings()).change(**changes)
    tell = progress or silent

    tell(0.0, "reading and cleaning the songs")
    table, clean = preview(source, settings, use_up=True)
    called = {read.column: read.header for read in reversed(table.columns) if read.column}
    genres = find_genres(clean.songs, called=called, asked=settings.genre)
    space = SongSpace.fit(
        clean.songs, features=clean.features, blocks=settings.space, weights=settings.weights
    )
    points = space.points(clean.songs)

    clustering, evidence, verdict = find_clusters(points, settings=settings, tell=part(tell, 0.12, 0.7))

    tell(0.7, "measuring the clusters")
    quality = measure(points, clustering, evidence, settings=settings)
    _, distances = nearest_centroids(points, clustering.centroids, n_threads=settings.threads)
    plain_run = shown_run(points, clustering.k, settings=settings)
    silhouette_sample = sample_silhouettes(points, clustering, settings=settings)
    layout = fit_layout(points, space.dimensions)
    positions = layout.positions(points)
    genre, genre_counts = judge_by_genre(genres, clean.songs, points, clustering, seed=settings.seed)
    del points, genres  # of many songs they are large

    tell(0.95, "naming the clusters")
    labels = clustering.labels
    profiles = profile_clusters(clean.songs, labels, distances, features=clean.features, k=clustering.k)
    names = tuple(profile.name for profile in profiles)
    return Atlas(
        settings=settings,
        version=songatlas.__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        source=table.source,
        columns=table.columns,
        n_rows=table.source.n_rows,
        n_songs=clean.n_songs,
        counts=clean.counts,
        dropped_features=clean.dropped_features,
        songs=clean.songs,
        space=space,
        layout=layout,
        positions=positions,
        clustering=clustering,
        plain_run=plain_run,
        distances=distances,
        evidence=with_exact_silhouette(evidence, clustering.k, quality),
        quality=quality,
        verdict=verdict,
        silhouette_sample=silhouette_sample,
        profiles=profiles,
        genre=genre,
        genre_counts=genre_counts,
        rows=spread_over_rows(table, clean, labels=labels, distances=distances, names=names),
    )


def find_clusters(
    points: np.ndarray, *, settings: AtlasSettings, tell: Progress
) -> tuple[Clustering, pl.DataFrame, Verdict]:
    """Cluster points for every k; return the clustering of the chosen one, the evidence and the verdict."""
    tell(0.0, "clustering")
    ks = ks_to_try(points, settings=settings)
    clusterings = sweep(
        points, ks, seed=settings.seed, n_threads=settings.threads, progress=part(tell, 0.0, 0.65)
    )
    evidence = gather_evidence(points, clusterings, settings=settings, tell=part(tell, 0.65, 1.0))
    verdict = choose_k(evidence) if settings.k == "auto" else verdict_for(settings.k, evidence)
    return next(each for each in clusterings if each.k == verdict.k), evidence, verdict


def build_demo(
    n_songs: int = 4000,
    settings: AtlasSettings | None = None,
    *,
    progress: Progress | None = None,
    **changes: Any,
) -> Atlas:
    """Build the atlas of the simulated catalogue; its source says that it is simulated.

    Parameters
    ----------
    n_songs : int
        Rows of the catalogue.
    settings, progress, **changes
        As in `build_atlas`; the seed draws the songs too.
    """
    settings = (settings or AtlasSettings()).change(**changes)
    tell = progress or silent
    tell(0.0, "simulating songs")
    catalogue = simulate_catalogue(n_songs, seed=settings.seed)
    atlas = build_atlas(catalogue, settings, progress=part(tell, 0.05, 1.0))
    name = f"simulated catalogue of {n_songs:,} rows"
    source = replace(atlas.source, name=name, notes=(SIMULATED, *atlas.source.notes))
    rows = atlas.rows and replace(atlas.rows, table=replace(atlas.rows.table, source=source))
    return replace(atlas, source=source, rows=rows)


def wanted_features(songs: pl.DataFrame, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the features to use: those asked for, else all of the sound that the table has.

    Parameters
    ----------
    songs : DataFrame
        A songs table.
    asked : sequence of str
        Names of features, or of number columns such as popularity, written in any way.

    Raises
    ------
    UnknownName
        If a name is no feature.
    MissingColumns
        If the table lacks a feature that was asked for.
    """
    if not asked:
        return tuple(f.column for f in FEATURES.values() if f.in_sound and f.column in songs.columns)
    columns = named_features(asked)
    missing = [column for column in columns if column not in songs.columns]
    if missing:
        raise MissingColumns(
            f"the table has no column for {', '.join(missing)}, which --features asks for: name it with "
            f"--column {missing[0]}=HEADER, or leave it out"
        )
    return columns


def preview(
    source: Any, settings: AtlasSettings | None = None, *, use_up: bool = False
) -> tuple[SongsTable, CleanSongs]:
    """Read and clean a table as `build_atlas` would, and stop there.

    Parameters
    ----------
    source, settings
        As in `build_atlas`.
    use_up : bool
        Leave the songs of the table without columns: of a large one only the clean songs are then held.

    Returns
    -------
    SongsTable, CleanSongs
        What was understood of the table, and what the rules of cleaning would do.
    """
    settings = settings or AtlasSettings()
    check_names(settings)
    table = read_songs(
        source, columns=settings.columns, units=settings.units, header=settings.header, genre=settings.genre
    )
    wanted = wanted_features(table.songs, settings.features)
    return table, clean_songs(table.songs, features=wanted, keep=settings.keep, use_up=use_up)


def check_names(settings: AtlasSettings) -> None:
    """Refuse blocks, features and rules that do not exist, before anything is read.

    Raises
    ------
    UnknownName, BadSettings
        The message says which there are.
    """
    kept_reasons(settings.keep)
    check_blocks(settings.space, settings.weights)
    named_features(settings.features)


def find_genres(songs: pl.DataFrame, *, called: Mapping[str, str], asked: str | None) -> Genres | None:
    """Return the genre of each song; None where fewer than two genres can be told.

    Raises
    ------
    BadSettings
        If a person asked for a column that holds no genres.
    """
    genres = genre_labels(songs, called=called)
    if genres is not None and genres.n_genres >= 2:
        return genres
    if asked is not None:
        raise BadSettings(
            f"--genre names {asked!r}, which holds no two genres of at least five songs each: "
            "name a column with one genre a song, or leave --genre out"
        )
    return None


def judge_by_genre(
    genres: Genres | None, songs: pl.DataFrame, points: np.ndarray, clustering: Clustering, *, seed: int
) -> tuple[dict[str, Any] | None, pl.DataFrame]:
    """Return the agreement with the genres and the counts behind it; None where there are no genres."""
    nothing = pl.Series([None] * songs.height, dtype=pl.String)
    if genres is None:
        return None, genre_table(clustering.labels, nothing)
    artists = songs["artists"] if "artists" in songs.columns else nothing
    score = score_genres(clustering.labels, genres.labels, artists, points=points, seed=seed)
    described = {"column": genres.column, "coverage": genres.coverage, "sentence": genres.sentence}
    return described | dict(score), genre_table(clustering.labels, genres.labels)
