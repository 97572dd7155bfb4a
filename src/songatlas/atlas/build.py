"""`build_atlas`: the road from a table of songs to an atlas, on one page.

read -> clean -> space -> sweep -> verdict -> label -> profile -> `Atlas`. Each step takes plain tables
and arrays and returns a new value; none knows of the others. What comes after the verdict stands in
`making`; tables that are larger than memory take the road of `songatlas.atlas.large`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from songatlas.atlas.atlas import Atlas
from songatlas.atlas.counterparts import opened
from songatlas.atlas.fitting import fit_songs
from songatlas.atlas.judging import known_genres
from songatlas.atlas.making import make_atlas
from songatlas.atlas.placing import placed_songs
from songatlas.atlas.rows import spread_over_rows
from songatlas.atlas.settings import AtlasSettings, asked_settings
from songatlas.atlas.usual_space import check_space, will_hear, with_space
from songatlas.demo import SIMULATED, simulate_catalogue
from songatlas.errors import MissingColumns
from songatlas.features import FEATURES
from songatlas.progress import Progress, part, silent
from songatlas.songs import CleanSongs, SongsTable, clean_songs, kept_reasons, read_songs
from songatlas.space import named_features


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
    settings = asked_settings(settings, changes)
    tell = progress or silent
    old = None if like is None else opened(like)
    tell(0.0, "reading and cleaning the songs")
    table, clean = preview(source, settings, use_up=True)
    settings = with_space(settings, clean.songs)
    tell(0.12, "learning genres")
    known = known_genres(clean.songs, table.columns, settings=settings, tell=part(tell, 0.12, 0.3))
    fit = fit_songs(clean.songs, clean.features, known, settings=settings, tell=part(tell, 0.3, 0.75))

    atlas = make_atlas(table, clean, fit, known, settings=settings, old=old, tell=part(tell, 0.75, 1.0))
    rows = spread_over_rows(table, clean, placed=placed_songs(atlas), names=atlas.cluster_names())
    return replace(atlas, rows=rows)


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
    settings = asked_settings(settings, changes)
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
    settings = asked_settings(settings, {})
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
