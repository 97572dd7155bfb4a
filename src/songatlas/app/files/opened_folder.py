"""What lies in the folder that was opened, as long as it is the very atlas that is shown.

A folder may be built anew, renamed or removed while it is open: then nothing is taken from it any more. Its
files call the clusters as they were called when it was built, and its `names.toml` as they are called now.
Only what a build lists is taken, and nothing behind a link (`listed_files`).
"""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import polars as pl

from songatlas.app.files.listed_files import (
    atlas_files,
    is_there,
    listed_outputs,
    names_bytes,
    names_in,
    output_bytes,
)
from songatlas.app.visit.opening import Catalogue
from songatlas.atlas import Atlas
from songatlas.atlas.names_keeping import still_holds
from songatlas.atlas.rows import appended_names, column_names
from songatlas.errors import BadAtlas, SongAtlasError
from songatlas.report.sampled import ROWS

CLUSTERS: Final = "clusters.csv"
"""The file that says how all files beside it call the clusters."""

REPORT: Final = "report.html"

_PACKED_ALREADY: Final = (".parquet", ".png", ".npy")

Value = TypeVar("Value")


def taken(opened: Catalogue, take: Callable[[Path], Value | None]) -> Value | None:
    """Return what is taken from the folder of a catalogue.

    Parameters
    ----------
    opened : Catalogue
    take : callable
        Gets the folder.

    Returns
    -------
    value or None
        None where there is no folder, where it holds another atlas by now, or where `take` cannot read it.
    """
    folder = opened.folder
    if folder is None or not still_holds(folder, opened.atlas):
        return None
    try:
        found = take(folder)
    except (OSError, SongAtlasError, pl.exceptions.PolarsError):
        return None
    return found if still_holds(folder, opened.atlas) else None  # it may have been built anew meanwhile


def has_rows(opened: Catalogue) -> bool:
    """Say whether the rows of the table lie in the folder of a catalogue."""
    return bool(taken(opened, lambda folder: is_there(folder, ROWS)))


def has_drawings(folder: Path) -> bool:
    """Say whether the report and the figures of a build lie in a folder."""
    drawn = _pictures(folder)
    return bool(drawn) and all(is_there(folder, name) for name in (REPORT, *drawn))


def is_called(folder: Path, names: Sequence[str]) -> bool:
    """Say whether the files of a build call the clusters by these names."""
    told = pl.read_csv(output_bytes(folder, CLUSTERS), columns=["name"], infer_schema=False)["name"]
    return told.to_list() == list(names)


def built_file(folder: Path, file: str, names: Sequence[str]) -> bytes | None:
    """Return a file of a build; None where it calls the clusters otherwise."""
    return output_bytes(folder, file) if is_called(folder, names) else None


def built_figures(folder: Path, names: Sequence[str]) -> bytes | None:
    """Return the figures of a build as one archive; None where they call the clusters otherwise."""
    pictures = _pictures(folder)
    if not pictures or not is_called(folder, names):
        return None
    return zipped((name, output_bytes(folder, name)) for name in pictures)


def built_atlas(folder: Path, atlas: Atlas, names: Sequence[str]) -> bytes | None:
    """Return a saved atlas as one archive; None where the names beside it are others."""
    given = names_in(folder)
    own = atlas.generated.names
    if tuple(names) != (given.shown_names(own) if given else own):
        return None
    return zipped((f"atlas/{name}", content) for name, content in atlas_files(folder))


def built_names(folder: Path, atlas: Atlas, names: Sequence[str]) -> bytes | None:
    """Return the file of names; None where it says others."""
    given = names_in(folder)
    if given is None or given.shown_names(atlas.generated.names) != tuple(names):
        return None
    return names_bytes(folder)


def places_of_ours(atlas: Atlas, header: Sequence[str | None]) -> Mapping[str, int]:
    """Return where our columns stand in the rows of a build, by the header of its file.

    Raises
    ------
    BadAtlas
        If they are not all there.
    """
    headers = [read.header for read in atlas.columns]
    columns = column_names(predicted=bool(atlas.genre_of_songs["predicted_genre"].count()))
    called, written = appended_names(headers, columns), header[len(headers) :]
    if missing := [name for name in called.values() if name not in written]:
        raise BadAtlas(f"{ROWS} lacks the column {missing[0]!r}: build the atlas again")
    return {column: len(headers) + written.index(name) for column, name in called.items()}


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a ZIP archive of files: the name and the content of each."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            about = zipfile.ZipInfo(name, time.localtime()[:6])
            about.external_attr = 0o644 << 16  # who unpacks it decides who else may read it
            is_packed = name.endswith(_PACKED_ALREADY)
            archive.writestr(about, content, zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED)
    return held.getvalue()


def _pictures(folder: Path) -> list[str]:
    """Names of the figures that a build lists."""
    return sorted(name for name in listed_outputs(folder) if name.startswith("figures/"))
