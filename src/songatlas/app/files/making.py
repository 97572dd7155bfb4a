"""Outputs made of what is shown: rows, tables, the report and its figures, the saved atlas."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from songatlas.app.files.listed_files import output_bytes
from songatlas.app.files.opened_folder import CLUSTERS, places_of_ours, taken, zipped
from songatlas.app.visit.opening import Catalogue
from songatlas.atlas import Atlas
from songatlas.atlas.names_file import NamesFile
from songatlas.atlas.names_keeping import text_of_names
from songatlas.report import write_rows
from songatlas.report.html import Picture
from songatlas.report.outputs import write_figures
from songatlas.report.record import quality_text
from songatlas.report.sampled import ROWS
from songatlas.report.tables import write_clusters
from songatlas.safe_cells import guarded, text_of_cells, was_guarded


@dataclass(frozen=True, kw_only=True)
class DrawnFigures:
    """All figures of an atlas, drawn once.

    Attributes
    ----------
    packed : bytes
        One archive of them as PNG and SVG.
    pictures : mapping of str to Picture
        Each as the report shows it.
    """

    packed: bytes
    pictures: Mapping[str, Picture]


def drawn_figures(atlas: Atlas) -> DrawnFigures:
    """Draw all figures of an atlas, which takes seconds."""
    with tempfile.TemporaryDirectory(prefix="songatlas-") as place:
        pictures = write_figures(atlas, Path(place))
        files = ((f"figures/{path.name}", path.read_bytes()) for path in sorted(Path(place).glob("*")))
        return DrawnFigures(packed=zipped(files), pictures=pictures)


def rows_csv(atlas: Atlas, opened: Catalogue | None) -> bytes:
    """Return clustered_songs.csv of an atlas.

    Parameters
    ----------
    atlas : Atlas
        One that knows the rows of its table gives them all.
    opened : Catalogue or None
        What was opened, where it has the same clusters: the rows in its folder are taken where the atlas
        knows none, under the names that it has now. Without them, every song of the atlas is a row.
    """
    if atlas.rows is not None:
        with tempfile.TemporaryDirectory(prefix="songatlas-") as place:
            path = Path(place) / ROWS
            write_rows(atlas.rows, path)
            return path.read_bytes()
    built = opened and taken(opened, lambda folder: _renamed_rows(atlas, output_bytes(folder, ROWS)))
    return built or _songs_csv(atlas)


def clusters_csv(atlas: Atlas) -> bytes:
    """Return clusters.csv of an atlas."""
    with tempfile.TemporaryDirectory(prefix="songatlas-") as place:
        path = Path(place) / CLUSTERS
        write_clusters(atlas, path)
        return path.read_bytes()


def quality_json(atlas: Atlas) -> bytes:
    """Return quality.json of an atlas."""
    return quality_text(atlas).encode()


def names_toml(atlas: Atlas, file: NamesFile | None) -> bytes:
    """Return names.toml of an atlas, with what else a person wrote into the file of its folder."""
    sizes = [profile.size for profile in atlas.profiles]
    return text_of_names(atlas.generated.names, atlas.cluster_names(), sizes, file=file).encode()


def atlas_zip(atlas: Atlas) -> bytes:
    """Return the saved atlas as one archive."""
    with tempfile.TemporaryDirectory(prefix="songatlas-") as place:
        home = Path(place) / "atlas"
        atlas.save(home)
        return zipped((f"atlas/{path.name}", path.read_bytes()) for path in sorted(home.glob("*")))


def _renamed_rows(atlas: Atlas, written: bytes) -> bytes:
    """The rows as they were written, with the names that the clusters have now."""
    rows = pl.read_csv(written, has_header=False, infer_schema=False)
    places = places_of_ours(atlas, rows.row(0))
    cluster, called = (rows.columns[places[column]] for column in ("cluster", "cluster_name"))
    is_guarded = was_guarded([text or "" for text in rows.row(0)])
    given = [guarded(name) if is_guarded else name for name in atlas.cluster_names()]
    names = {str(number): name for number, name in enumerate(given)}
    name = pl.col(cluster).replace_strict(names, default=None)
    told = pl.when(pl.int_range(pl.len()) == 0).then(pl.col(called)).otherwise(name)
    renamed = rows.with_columns(told.alias(called))
    return text_of_cells(renamed, include_header=False, raw=True).encode()


def _songs_csv(atlas: Atlas) -> bytes:
    """Every song of an atlas with its cluster, lists joined by semicolons."""
    names = pl.Series("cluster_name", atlas.cluster_names(), dtype=pl.String)
    labels = pl.Series("cluster", atlas.clustering.labels)
    lists = [
        pl.col(name).list.join("; ")
        for name, kind in atlas.songs.schema.items()
        if kind == pl.List(pl.String)
    ]
    told = atlas.songs.with_columns(
        *lists,
        pl.Series("subcluster", atlas.division.labels),
        atlas.roles.role.alias("role"),
        labels,
        names.gather(labels.cast(pl.UInt32)),
        pl.Series("cluster_distance", atlas.distances).round_sig_figs(6),
    )
    return text_of_cells(told).encode()
