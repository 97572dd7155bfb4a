"""What lies in the folder that was opened, as long as it is the very atlas that is shown.

A folder may be built anew, renamed or removed while it is open: then nothing is taken from it any more. Its
files call the clusters as they were called when it was built, and its `names.toml` as they are called now.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import polars as pl

from songatlas.app.visit.opening import Catalogue
from songatlas.atlas import Atlas
from songatlas.atlas.names_file import NAMES, read_names
from songatlas.atlas.names_keeping import still_holds
from songatlas.atlas.saved import OURS, folder_of
from songatlas.errors import SongAtlasError
from songatlas.report.sampled import ROWS

CLUSTERS: Final = "clusters.csv"
"""The file that says how all files beside it call the clusters."""

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
    return bool(taken(opened, lambda folder: (folder / ROWS).is_file()))


def is_called(folder: Path, names: Sequence[str]) -> bool:
    """Say whether the files of a build call the clusters by these names."""
    told = pl.read_csv(folder / CLUSTERS, columns=["name"], infer_schema=False)["name"]
    return told.to_list() == list(names)


def built_file(folder: Path, file: str, names: Sequence[str]) -> bytes | None:
    """Return a file of a build; None where it calls the clusters otherwise."""
    return (folder / file).read_bytes() if is_called(folder, names) else None


def built_figures(folder: Path, names: Sequence[str]) -> bytes | None:
    """Return the figures of a build as one archive; None where they call the clusters otherwise."""
    pictures = sorted((folder / "figures").glob("*"))
    if not pictures or not is_called(folder, names):
        return None
    return zipped({f"figures/{path.name}": path for path in pictures})


def built_atlas(folder: Path, atlas: Atlas, names: Sequence[str]) -> bytes | None:
    """Return a saved atlas as one archive; None where the names beside it are others."""
    home = folder_of(folder)
    given = read_names(home)
    own = atlas.generated.names
    if tuple(names) != (given.shown_names(own) if given else own):
        return None
    return zipped({f"atlas/{name}": home / name for name in OURS if (home / name).is_file()})


def built_names(folder: Path, atlas: Atlas, names: Sequence[str]) -> bytes | None:
    """Return the file of names; None where it says others."""
    given = read_names(folder_of(folder))
    if given is None or given.shown_names(atlas.generated.names) != tuple(names):
        return None
    return (folder_of(folder) / NAMES).read_bytes()


def zipped(files: Mapping[str, Path]) -> bytes:
    """Return a ZIP archive of files under other names."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files.items():
            is_packed = path.suffix in _PACKED_ALREADY
            archive.write(path, name, zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED)
    return held.getvalue()
