"""The two tables of an atlas as CSV: the input with its clusters, and the clusters.

Conventions: UTF-8 without byte order mark, lines end with a line feed, quotes as RFC 4180 has them and
only where some program needs them. An empty cell is empty. Text cells keep their very text, behind an
apostrophe where a spreadsheet would run it (see `safe_cells`); typed cells are written as the shortest text
that reads back as the same value, lists and structs as JSON, dates as ISO.

References
----------
RFC 4180, *Common format and MIME type for comma-separated values (CSV) files*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from songatlas.atlas.rows import APPENDED as APPENDED
from songatlas.atlas.rows import appended_names as appended_names
from songatlas.atlas.rows import column_names
from songatlas.report.sampled import sizes_in_sample
from songatlas.report.wording import estimated
from songatlas.roles import ROLES, role_counts
from songatlas.safe_cells import raw_order, write_cells

if TYPE_CHECKING:
    from songatlas.atlas import Atlas, ClusteredRows

_ROWS_AT_ONCE = 262_144


def appended_column(atlas: Atlas, column: str) -> str:
    """Return what one of our columns is called in the clustered songs."""
    if atlas.whole is not None and column in atlas.whole.columns:
        return atlas.whole.columns[column]
    told = column_names(predicted=bool(atlas.genre_of_songs["predicted_genre"].count()))
    return appended_names([reading.header for reading in atlas.columns], told)[column]


def write_clustered_songs(rows: ClusteredRows, path: Path, *, raw_cells: bool = False) -> Mapping[str, str]:
    """Write every input row and column in input order, with its cluster or the reason why it has none.

    Parameters
    ----------
    rows : ClusteredRows
        The table as it was read, and for every row its cluster, or the reason why it has none.
    path : Path
        File to write.
    raw_cells : bool
        Whether texts are written as they stand, though a spreadsheet may run them; excluded_because then
        stands before cluster_distance.

    Returns
    -------
    mapping of str to str
        As `appended_names` gives it: what the new columns are called in this file.

    Raises
    ------
    OSError
        If the file cannot be written.
    UnreadableTable
        If the table is a Parquet file that was changed since it was read.
    """
    table = rows.table
    appended = appended_names(table.header, rows.column_names)
    columns = raw_order(rows.column_names) if raw_cells else rows.column_names
    header = [text.lstrip("\ufeff") for text in table.header] + [appended[name] for name in columns]
    with path.open("wb") as file:
        put = partial(write_cells, out=file, include_header=False, raw=raw_cells)
        put(_as_text(pl.DataFrame([header], orient="row")))
        for start in range(0, rows.n_rows, _ROWS_AT_ONCE):
            answer = rows.columns(start, _ROWS_AT_ONCE).select(
                pl.col(column).alias(f"\0{column}") for column in columns
            )
            part = _as_text(table.raw.slice(start, _ROWS_AT_ONCE))
            put(pl.concat([part, answer], how="horizontal"))
    return appended


def clusters_table(atlas: Atlas) -> pl.DataFrame:
    """One row a cluster: number, name, size, share, feature means, tags, songs, evidence, year, roles.

    Parameters
    ----------
    atlas : Atlas
        What was built.

    Returns
    -------
    polars.DataFrame, k rows
        Columns cluster, name, size, share (0 to 1), n_sample (songs of the cluster that the atlas holds, only
        where it holds a sample: what follows is of them), one mean per feature in that feature's unit (of
        estimates it is called so: energy_estimate),
        top_tags, heard (only where songs were listened to), typical_songs ("Title - Artist; ..."),
        evidence, median_year, n_core, n_borderline, n_bridge and n_outlier (songs of each role), exemplars
        (as typical_songs) and n_subclusters (playlist-sized parts; not of a sample).
    """
    features = dict.fromkeys(name for profile in atlas.profiles for name in profile.means)
    marked = estimated(atlas.columns)
    means = {f"{name}_estimate" if name in marked else name: name for name in features}
    named = [song for profile in atlas.profiles for song in profile.typical]
    songs = song_names(atlas.songs, [*named, *(song for shown in atlas.exemplars for song in shown)])
    roles = role_counts(atlas.roles, atlas.clustering.labels, atlas.k)
    is_heard = any(profile.heard for profile in atlas.profiles)
    n_parts = np.bincount(atlas.division.parents, minlength=atlas.k)
    n_held = sizes_in_sample(atlas)
    rows = [
        {
            "cluster": profile.cluster,
            "name": profile.name,
            "size": profile.size,
            "share": round(float(profile.share), 6),
            "n_sample": int(n_held[profile.cluster]),
            **{column: _significant(profile.means.get(name)) for column, name in means.items()},
            "top_tags": _shares_told(profile.top_tags),
            **({"heard": _shares_told(profile.heard)} if is_heard else {}),
            "typical_songs": _listed(songs, profile.typical),
            "evidence": profile.evidence or None,
            "median_year": profile.year_median,
            **{f"n_{role}": roles[role][profile.cluster] for role in ROLES},
            "exemplars": _listed(songs, atlas.exemplars[profile.cluster]),
            "n_subclusters": int(n_parts[profile.cluster]),
        }
        for profile in atlas.profiles
    ]
    schema = {"cluster": pl.Int32, "name": pl.String, "size": pl.Int64, "share": pl.Float64}
    schema |= {"n_sample": pl.Int64}
    schema |= dict.fromkeys(means, pl.Float64)
    schema |= {"top_tags": pl.String, **({"heard": pl.String} if is_heard else {})}
    schema |= {"typical_songs": pl.String, "evidence": pl.String}
    schema |= {"median_year": pl.Float64, **{f"n_{role}": pl.Int64 for role in ROLES}}
    table = pl.DataFrame(rows, schema={**schema, "exemplars": pl.String, "n_subclusters": pl.Int64})
    return table.drop("n_subclusters" if atlas.is_sample else "n_sample")


def _listed(names: Mapping[str, str], song_ids: Sequence[str]) -> str | None:
    """The names of songs as one text."""
    return "; ".join(names[song] for song in song_ids if song in names) or None


def _shares_told(tags: Sequence[tuple[str, float]]) -> str | None:
    """Tags with their shares as one text, those that most songs of the cluster carry first."""
    by_share = sorted(tags, key=lambda tag: (-tag[1], tag[0]))
    return "; ".join(f"{tag} ({share:.0%})" for tag, share in by_share) or None


def write_clusters(atlas: Atlas, path: Path, *, raw_cells: bool = False) -> None:
    """Write `clusters_table` to `path`, texts as they stand where `raw_cells`."""
    frame = clusters_table(atlas)
    year = pl.col("median_year")
    if frame.filter(year != year.round()).is_empty():
        frame = frame.with_columns(year.cast(pl.Int32))
    write_cells(frame, path, raw=raw_cells)


def song_names(songs: pl.DataFrame, song_ids: Sequence[str]) -> dict[str, str]:
    """Return "Title - Artist" of the songs asked for, or what of it is known, down to the id."""
    wanted = songs.filter(pl.col("song_id").is_in(list(song_ids)))
    return {
        row["song_id"]: " - ".join(part for part in (row.get("title"), row.get("artist")) if part)
        or row["song_id"]
        for row in wanted.iter_rows(named=True)
    }


def _significant(value: float | None) -> float | None:
    """Six significant digits, and nothing for a number that is none."""
    return float(f"{value:.6g}") if value is not None and np.isfinite(value) else None


def _as_text(raw: pl.DataFrame) -> pl.DataFrame:
    """Turn the types that CSV does not know into text; empty text becomes an empty cell."""
    return raw.with_columns(_cell_text(name, kind) for name, kind in raw.schema.items())


def _cell_text(name: str, kind: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(kind, pl.String | pl.Categorical | pl.Enum):
        text = column.cast(pl.String)
        return pl.when(text != "").then(text).alias(name)
    if _beyond_json(kind):
        return column.map_elements(_python_text, return_dtype=pl.String, skip_nulls=True)
    if isinstance(kind, pl.List | pl.Array | pl.Struct | pl.Duration):
        wrapped = pl.struct(column.alias("x")).struct.json_encode()
        inner = wrapped.str.slice(5).str.head(-1)
        bare = inner.str.strip_chars('"') if isinstance(kind, pl.Duration) else inner
        return pl.when(column.is_not_null()).then(bare).alias(name)
    if isinstance(kind, pl.Time):
        return column.cast(pl.String).str.replace(r"\.0+$", "").alias(name)
    return column


def _python_text(value: object) -> str:
    """Text of bytes and foreign objects, for which Polars has none."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _beyond_json(kind: Any) -> bool:
    if isinstance(kind, pl.Binary | pl.Object):
        return True
    if isinstance(kind, pl.List | pl.Array):
        return _beyond_json(kind.inner)
    return isinstance(kind, pl.Struct) and any(_beyond_json(field.dtype) for field in kind.fields)
