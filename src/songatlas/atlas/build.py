"""`build_atlas`: the road from a table of songs to an atlas, on one page.

read -> clean -> space -> sweep -> verdict -> label -> profile -> `Atlas`. Each step takes plain tables
and arrays and returns a new value; none knows of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    plain_run,
    sample_silhouettes,
    with_exact_silhouette,
)
from songatlas.atlas.rows import spread_over_rows
from songatlas.atlas.settings import AtlasSettings
from songatlas.choose_k import choose_k, verdict_for
from songatlas.demo import SIMULATED, simulate_catalogue
from songatlas.errors import MissingColumns
from songatlas.features import FEATURES
from songatlas.genres import genre_labels, genre_table, score_genres
from songatlas.kmeans import Clustering, nearest_centroids, sweep
from songatlas.profiles import profile_clusters
from songatlas.songs import clean_songs, read_songs
from songatlas.space import SongSpace, fit_layout, named_features

Progress = Callable[[float, str], None]


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
    tell = progress or _silent

    tell(0.0, "reading the songs")
    table = read_songs(
        source, columns=settings.columns, units=settings.units, header=settings.header, genre=settings.genre
    )
    tell(0.08, "cleaning")
    wanted = wanted_features(table.songs, settings.features)
    clean = clean_songs(table.songs, features=wanted, keep=settings.keep)
    space = SongSpace.fit(
        clean.songs, features=clean.features, blocks=settings.space, weights=settings.weights
    )
    points = space.points(clean.songs)

    tell(0.12, "clustering")
    ks = ks_to_try(points, settings=settings)
    clusterings = sweep(
        points, ks, seed=settings.seed, n_threads=settings.threads, progress=_part(tell, 0.12, 0.5)
    )
    evidence = gather_evidence(points, clusterings, settings=settings, tell=_part(tell, 0.5, 0.7))
    verdict = choose_k(evidence) if settings.k == "auto" else verdict_for(settings.k, evidence)
    clustering = next(c for c in clusterings if c.k == verdict.k)

    tell(0.7, "measuring the clusters")
    quality = measure(points, clustering, evidence, settings=settings)
    _, distances = nearest_centroids(points, clustering.centroids, n_threads=settings.threads)
    called = {read.column: read.header for read in reversed(table.columns) if read.column}
    genre, genre_counts = judge_by_genre(clean.songs, points, clustering, called=called, seed=settings.seed)

    tell(0.95, "naming the clusters")
    labels = clustering.labels
    profiles = profile_clusters(clean.songs, labels, distances, features=clean.features, k=clustering.k)
    names = tuple(profile.name for profile in profiles)
    layout = fit_layout(points, space.dimensions)
    tell(1.0, "done")
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
        positions=layout.positions(points),
        clustering=clustering,
        plain_run=plain_run(points, clustering.k, settings=settings),
        distances=distances,
        evidence=with_exact_silhouette(evidence, clustering.k, quality),
        quality=quality,
        verdict=verdict,
        silhouette_sample=sample_silhouettes(points, clustering, settings=settings),
        profiles=profiles,
        genre=genre,
        genre_counts=genre_counts,
        rows=spread_over_rows(table, clean, labels=labels, distances=distances, names=names),
    )


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
    tell = progress or _silent
    tell(0.0, "simulating songs")
    catalogue = simulate_catalogue(n_songs, seed=settings.seed)
    atlas = build_atlas(catalogue, settings, progress=_part(tell, 0.05, 1.0))
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


def judge_by_genre(
    songs: pl.DataFrame,
    points: np.ndarray,
    clustering: Clustering,
    *,
    called: Mapping[str, str],
    seed: int,
) -> tuple[dict[str, Any] | None, pl.DataFrame]:
    """Return the agreement with the genres and the counts behind it; None without at least two genres."""
    genres = genre_labels(songs, called=called)
    if genres is None or genres.n_genres < 2:
        nothing = pl.Series([None] * songs.height, dtype=pl.String)
        return None, genre_table(clustering.labels, nothing)
    if "artists" in songs.columns:
        artists = songs["artists"].list.first()
    else:
        artists = pl.Series([None] * songs.height, dtype=pl.String)
    score = score_genres(clustering.labels, genres.labels, artists, points=points, seed=seed)
    described = {"column": genres.column, "coverage": genres.coverage, "sentence": genres.sentence}
    return described | dict(score), genre_table(clustering.labels, genres.labels)


def _silent(share: float, words: str) -> None:
    """Progress for nobody."""


def _part(tell: Progress, start: float, end: float) -> Progress:
    """Progress of one step, told as its part of the whole."""
    return lambda share, words: tell(start + (end - start) * share, words)
