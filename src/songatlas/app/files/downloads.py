"""Everything that a build writes, to be taken along from the page: made when it is asked for, and once.

What is shown as it was built and lies in the folder that was opened is handed out as it lies there. All
else is made of the atlas that is shown: another number of clusters, other weights, names given in this visit.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from songatlas.app.visit.opening import Catalogue
from songatlas.atlas import Atlas
from songatlas.atlas.names_file import NAMES, read_names
from songatlas.atlas.names_keeping import text_of_names
from songatlas.atlas.rows import column_names
from songatlas.atlas.saved import OURS, folder_of
from songatlas.atlas.views import View
from songatlas.figures import save_figures
from songatlas.progress import silent
from songatlas.report import render_report, write_rows
from songatlas.report.draw import draw_figures
from songatlas.report.record import quality_record
from songatlas.report.tables import appended_names, write_clusters

ROWS: Final = "clustered_songs.csv"
"""The file with every row of the table."""

_PACKED_ALREADY: Final = (".parquet", ".png", ".npy")


@dataclass(frozen=True, kw_only=True)
class Download:
    """One file to take along.

    Attributes
    ----------
    file : str
        Its name.
    words : str
        What is in it.
    mime : str
    make : callable
        Gives its bytes; may take seconds the first time.
    """

    file: str
    words: str
    mime: str
    make: Callable[[], bytes]


def downloads_of(opened: Catalogue, view: View, names: Mapping[int, str]) -> tuple[Download, ...]:
    """Return every file that can be taken along of what is shown.

    Parameters
    ----------
    opened : Catalogue
    view : View
        The clusters as they are shown.
    names : mapping of int to str
        Names given to its clusters in this visit.
    """
    names = dict(names)
    said: Hashable = (view.choice, tuple(sorted(names.items())))
    folder = opened.folder if view.is_base and not names else None

    def shown() -> Atlas:
        found = view.atlas
        return found.with_names([names.get(n, name) for n, name in enumerate(found.cluster_names())])

    def once(file: str, make: Callable[[Atlas], bytes]) -> Callable[[], bytes]:
        def made() -> bytes:
            lying = folder and _lying(folder, file)
            if lying:
                return lying
            return opened.atlas.kept.get(f"download {file}", said, lambda: make(shown()))

        return made

    def rows(atlas: Atlas) -> bytes:
        return rows_csv(atlas, opened.folder if view.is_base else None)

    whole = opened.atlas.rows is not None or (view.is_base and has_rows_file(opened.folder))
    row_words = "Every row of your table with its cluster, or why it has none"
    return (
        Download(
            file=ROWS,
            words=row_words if whole else "Every song with its cluster",
            mime="text/csv",
            make=once(ROWS, rows),
        ),
        Download(
            file="clusters.csv",
            words="A row a cluster: name, size, means, typical songs",
            mime="text/csv",
            make=once("clusters.csv", _clusters_csv),
        ),
        Download(
            file="report.html",
            words="The report: one page that needs no network",
            mime="text/html",
            make=once("report.html", lambda atlas: render_report(atlas).encode()),
        ),
        Download(
            file="figures.zip",
            words="All figures as PNG and SVG",
            mime="application/zip",
            make=once("figures.zip", _figures_zip),
        ),
        Download(
            file="quality.json",
            words="How good the clusters are, for programs",
            mime="application/json",
            make=once("quality.json", _quality_json),
        ),
        Download(
            file="atlas.zip",
            words="The saved atlas: unpack it and open its folder with songatlas app, or in Python",
            mime="application/zip",
            make=once("atlas.zip", _atlas_zip),
        ),
        Download(
            file="settings.toml",
            words="The settings: build with them by --settings",
            mime="application/toml",
            make=lambda: shown().settings.to_toml().encode(),
        ),
        Download(
            file=NAMES,
            words="The names of the clusters, to be put into the folder atlas of a build",
            mime="application/toml",
            make=once(NAMES, _names_toml),
        ),
    )


def rows_csv(atlas: Atlas, folder: Path | None) -> bytes:
    """Return clustered_songs.csv of an atlas.

    Parameters
    ----------
    atlas : Atlas
        One that knows the rows of its table gives them all.
    folder : Path or None
        Folder of its outputs, whose rows are taken where it does not, under the names that it has now;
        without one, every song of the atlas is a row.
    """
    if atlas.rows is not None:
        with tempfile.TemporaryDirectory(prefix="songatlas-") as place:
            path = Path(place) / "rows.csv"
            write_rows(atlas.rows, path)
            return path.read_bytes()
    if folder is not None and has_rows_file(folder):
        return _renamed_rows(atlas, folder / ROWS)
    return _songs_csv(atlas)


def has_rows_file(folder: Path | None) -> bool:
    """Say whether a folder of outputs has the rows of the table."""
    return folder is not None and (folder / ROWS).is_file()


def _lying(folder: Path, file: str) -> bytes | None:
    """The file as it lies in the folder of outputs; None where it does not."""
    if file == "figures.zip":
        pictures = sorted((folder / "figures").glob("*"))
        return _zipped({f"figures/{path.name}": path for path in pictures}) if pictures else None
    if file == "atlas.zip":
        home = folder_of(folder)
        return _zipped({f"atlas/{name}": home / name for name in OURS if (home / name).is_file()})
    if file == NAMES:
        given = read_names(folder_of(folder))
        return None if given is None else given.text.encode()
    path = folder / file
    return path.read_bytes() if path.is_file() else None


def _renamed_rows(atlas: Atlas, path: Path) -> bytes:
    """The rows as they were written, with the names that the clusters have now."""
    columns = column_names(predicted=bool(atlas.genre_of_songs["predicted_genre"].count()))
    headers = [read.header for read in atlas.columns]
    called = appended_names(headers, columns)
    rows = pl.read_csv(path, has_header=False, infer_schema=False)
    place = {column: rows.columns[len(headers) + n] for n, column in enumerate(columns)}
    names = {str(number): name for number, name in enumerate(atlas.cluster_names())}
    name = pl.col(place["cluster"]).replace_strict(names, default=None)
    is_header = pl.int_range(pl.len()) == 0
    told = pl.when(is_header).then(pl.lit(called["cluster_name"])).otherwise(name)
    return rows.with_columns(told.alias(place["cluster_name"])).write_csv(include_header=False).encode()


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
    return told.write_csv().encode()


def _clusters_csv(atlas: Atlas) -> bytes:
    with tempfile.TemporaryDirectory(prefix="songatlas-") as place:
        path = Path(place) / "clusters.csv"
        write_clusters(atlas, path)
        return path.read_bytes()


def _quality_json(atlas: Atlas) -> bytes:
    record = json.dumps(quality_record(atlas), ensure_ascii=False, allow_nan=False, indent=2)
    return f"{record}\n".encode()


def _names_toml(atlas: Atlas) -> bytes:
    sizes = [profile.size for profile in atlas.profiles]
    return text_of_names(atlas.generated.names, atlas.cluster_names(), sizes).encode()


def _figures_zip(atlas: Atlas) -> bytes:
    with tempfile.TemporaryDirectory(prefix="songatlas-") as place:
        save_figures(draw_figures(atlas, progress=silent), Path(place))
        return _zipped({f"figures/{path.name}": path for path in sorted(Path(place).glob("*"))})


def _atlas_zip(atlas: Atlas) -> bytes:
    with tempfile.TemporaryDirectory(prefix="songatlas-") as place:
        home = Path(place) / "atlas"
        atlas.save(home)
        return _zipped({f"atlas/{path.name}": path for path in sorted(home.glob("*"))})


def _zipped(files: Mapping[str, Path]) -> bytes:
    """A ZIP archive of files under other names."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files.items():
            is_packed = path.suffix in _PACKED_ALREADY
            archive.write(path, name, zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED)
    return held.getvalue()
