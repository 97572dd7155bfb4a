"""`build_atlas`: the road from a table of songs to an atlas, on one page.

read -> clean -> space -> sweep -> verdict -> label -> profile -> `Atlas`. Each step takes plain tables
and arrays and returns a new value; none knows of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

import songatlas
from songatlas.atlas.artist_parts import artist_numbers, artists_of
from songatlas.atlas.atlas import Atlas
from songatlas.atlas.counterparts import opened
from songatlas.atlas.evidence import measure, sample_silhouettes, shown_run, with_exact_silhouette
from songatlas.atlas.fitting import Fit, fit_songs
from songatlas.atlas.identity import take_identity
from songatlas.atlas.judging import (
    SongGenres,
    all_beliefs,
    find_genres,
    genre_columns,
    judge_by_genre,
    learn_genres,
)
from songatlas.atlas.names_file import Generated
from songatlas.atlas.placing import placed_songs
from songatlas.atlas.rows import spread_over_rows
from songatlas.atlas.settings import AtlasSettings
from songatlas.atlas.spaces import compare_spaces
from songatlas.atlas.usual_space import check_space, will_hear, with_space
from songatlas.demo import SIMULATED, simulate_catalogue
from songatlas.errors import MissingColumns
from songatlas.features import FEATURES
from songatlas.genres import genre_table
from songatlas.kmeans import nearest_centroids
from songatlas.lint import Facts, find_flaws
from songatlas.profiles import profile_clusters
from songatlas.progress import Progress, part, silent
from songatlas.roles import Roles, exemplars, song_roles
from songatlas.songs import CleanSongs, SongsTable, clean_songs, kept_reasons, read_songs
from songatlas.space import fit_layout, named_features


def build_atlas(
    source: Any,
    settings: AtlasSettings | None = None,
    *,
    like: Atlas | str | Path | None = None,
    progress: Progress | None = None,
    **changes: Any,
) -> Atlas:
    """Build the atlas of a table of songs.

    Parameters
    ----------
    source : path or dataframe
        Anything that `read_songs` reads: CSV, TSV, Parquet, JSON lines, Excel, pandas, PyArrow, Polars.
    settings : AtlasSettings, optional
        What to build; the defaults where None.
    like : Atlas or path, optional
        An older atlas, or its folder: clusters that go on for its clusters keep their names and colours.
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
    old = None if like is None else opened(like)
    tell(0.0, "reading and cleaning the songs")
    table, clean = preview(source, settings, use_up=True)
    settings = with_space(settings, clean.songs)
    called = {read.column: read.header for read in reversed(table.columns) if read.column}
    genres = find_genres(clean.songs, called=called, asked=settings.genre)
    tell(0.12, "learning genres")
    known = learn_genres(clean.songs, genres, settings=settings, tell=part(tell, 0.12, 0.3))
    fit = fit_songs(clean.songs, clean.features, known, settings=settings, tell=part(tell, 0.3, 0.75))

    tell(0.75, "measuring the clusters")
    points, clustering, songs = fit.points, fit.clusters.clustering, clean.songs
    quality = measure(points, clustering, fit.clusters.evidence, settings=settings)
    _, distances = nearest_centroids(points, clustering.centroids, n_threads=settings.threads)
    roles = song_roles(points, clustering.centroids, clustering.labels, distances, n_threads=settings.threads)
    identity = take_identity(old, songs, clustering.labels, k=clustering.k, features=clean.features)
    profiles = profile_clusters(
        songs,
        clustering.labels,
        distances,
        features=clean.features,
        k=clustering.k,
        kept=identity.kept,
        reserved=identity.reserved,
    )
    names = tuple(profile.name for profile in profiles)
    layout = fit_layout(points, fit.space.dimensions)
    tell(0.9, "comparing with genres")
    judged = judge_by_genre(known, songs, points, clustering, space=fit.space, settings=settings)
    told = genre_columns(known, songs.height)
    findings = find_flaws(lint_facts(table, clean, fit, names=names, settings=settings))
    atlas = Atlas(
        settings=settings,
        version=songatlas.__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        source=table.source,
        columns=table.columns,
        n_rows=table.source.n_rows,
        n_songs=clean.n_songs,
        counts=clean.counts,
        dropped_features=clean.dropped_features,
        songs=songs,
        space=fit.space,
        layout=layout,
        positions=layout.positions(points),
        clustering=clustering,
        sweep=fit.clusters.sweep,
        plain_run=shown_run(points, clustering.k, settings=settings),
        distances=distances,
        evidence=with_exact_silhouette(fit.clusters.evidence, clustering.k, quality),
        quality=quality,
        verdict=fit.clusters.verdict,
        division=fit.division,
        roles=roles,
        exemplars=name_exemplars(songs, fit, roles, known),
        findings=findings,
        refinement=fit.refinement,
        spaces=compare_spaces(songs, clean.features, known, k=clustering.k, settings=fit.settings),
        silhouette_sample=sample_silhouettes(points, clustering, settings=settings),
        profiles=profiles,
        generated=Generated(names, findings, tuple(profile.evidence for profile in profiles)),
        colours=identity.colours,
        likeness=identity.likeness,
        genre=judged,
        genre_counts=genre_table(clustering.labels, told["genre"]),
        genre_of_songs=told,
        genre_sharpness=1.0 if known is None or known.beliefs is None else known.beliefs.sharpness,
        beliefs=all_beliefs(known) if settings.takes_genres else None,
    )
    rows = spread_over_rows(table, clean, placed=placed_songs(atlas), names=names)
    return replace(atlas, rows=rows).with_names(identity.shown_names(names))


def name_exemplars(
    songs: pl.DataFrame, fit: Fit, roles: Roles, known: SongGenres | None
) -> tuple[tuple[str, ...], ...]:
    """Return `song_id` of the songs that show each cluster, at most one of an artist."""
    artists = artist_numbers(artists_of(songs), songs.height) if known is None else known.artists
    shown = exemplars(
        fit.points, fit.clusters.clustering.labels, roles, k=fit.clusters.clustering.k, groups=artists
    )
    return tuple(tuple(songs["song_id"].gather(rows)) for rows in shown)


def lint_facts(
    table: SongsTable, clean: CleanSongs, fit: Fit, *, names: Sequence[str], settings: AtlasSettings
) -> Facts:
    """Return what the checks of the lint look at."""
    return Facts(
        points=fit.points,
        dimension_features=fit.space.dimension_features,
        dimension_blocks=[
            name for name, places in fit.space.places().items() for _ in range(places.start, places.stop)
        ],
        labels=fit.clusters.clustering.labels,
        centroids=fit.clusters.clustering.centroids,
        songs=clean.songs,
        features=clean.features,
        cluster_names=names,
        stability=float(
            fit.clusters.evidence.filter(pl.col("k") == fit.clusters.clustering.k)["stability"][0]
        ),
        pairs=fit.clusters.pairs,
        unread={column.header: column.note for column in table.columns if column.column is None},
        notes={column.column: column.note for column in table.columns if column.column},
        n_rows=table.source.n_rows,
        seed=settings.seed,
        n_threads=settings.threads,
    )


def build_demo(
    n_songs: int = 4000,
    settings: AtlasSettings | None = None,
    *,
    like: Atlas | str | Path | None = None,
    progress: Progress | None = None,
    **changes: Any,
) -> Atlas:
    """Build the atlas of the simulated catalogue; its source says that it is simulated.

    Parameters
    ----------
    n_songs : int
        Rows of the catalogue.
    settings, like, progress, **changes
        As in `build_atlas`; the seed draws the songs too.
    """
    settings = (settings or AtlasSettings()).change(**changes)
    tell = progress or silent
    tell(0.0, "simulating songs")
    catalogue = simulate_catalogue(n_songs, seed=settings.seed)
    atlas = build_atlas(catalogue, settings, like=like, progress=part(tell, 0.05, 1.0))
    return with_source(atlas, name=f"simulated catalogue of {n_songs:,} rows", note=SIMULATED)


def with_source(atlas: Atlas, *, name: str, note: str) -> Atlas:
    """Return an atlas that says what its table was made from.

    Parameters
    ----------
    atlas : Atlas
    name : str
        What the songs came from, in place of the name of the table.
    note : str
        A sentence that says so, first among the notes on the source.
    """
    source = replace(atlas.source, name=name, notes=(note, *atlas.source.notes))
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
    heard = will_hear(settings, table.songs)
    return table, clean_songs(table.songs, features=wanted, keep=settings.keep, heard=heard, use_up=use_up)


def check_names(settings: AtlasSettings) -> None:
    """Refuse blocks, features and rules that do not exist, before anything is read.

    Raises
    ------
    UnknownName, BadSettings
        The message says which there are.
    """
    kept_reasons(settings.keep)
    check_space(settings)
    named_features(settings.features)
