"""`write_outputs`: the folder that a person gets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from songatlas.atlas.checked_parts import MOST_JSON
from songatlas.atlas.folders import write_folder
from songatlas.atlas.identity import carry_names
from songatlas.atlas.names_file import NAMES
from songatlas.atlas.saved import OURS as OURS_OF_ATLAS
from songatlas.atlas.saved import write_parts
from songatlas.errors import SongAtlasError
from songatlas.files import path_of, read_at_most, write_file
from songatlas.progress import Progress, part, silent
from songatlas.report.collect import collect
from songatlas.report.draw import FIGURE_NAMES, draw_figures
from songatlas.report.html import Picture, picture_of, render
from songatlas.report.outputs_place import require_free
from songatlas.report.outputs_record import RECORD, write_record
from songatlas.report.record import quality_text
from songatlas.report.sampled import ENGINES, ROWS
from songatlas.report.song_map import song_map
from songatlas.report.tables import appended_names, write_clustered_songs, write_clusters
from songatlas.songs.folder_files import CLUSTERED

if TYPE_CHECKING:
    from songatlas.atlas import Atlas, ClusteredRows

_PARTS = tuple(f"atlas/{name}" for name in OURS_OF_ATLAS)

OURS = (
    *_PARTS,
    ROWS,
    "clusters.csv",
    *(f"figures/{name}.{ending}" for name in FIGURE_NAMES for ending in ("png", "svg")),
    RECORD,
    "quality.json",
    "report.html",
)
"""Every entry that belongs to us in a folder of outputs; all others are left alone."""


def require_outputs_place(
    directory: Path, *, source: str | Path | None = None, has_folder_of_rows: bool = False
) -> None:
    """Refuse a folder for outputs in which files of a person would be replaced, before the work begins.

    Parameters
    ----------
    directory : Path
        Need not exist.
    source : str or Path, optional
        Table of songs that the outputs are to be made of.
    has_folder_of_rows : bool
        Whether the clustered songs will be a folder of files.

    Raises
    ------
    BadSettings
        With what would be replaced.
    """
    names = {*OURS, *((CLUSTERED,) if has_folder_of_rows else ())} - {f"atlas/{NAMES}"}
    require_free(directory, sorted(names), source=source)


@dataclass(frozen=True)
class WrittenOutputs:
    """What was written, and where.

    Attributes
    ----------
    directory : Path
        The folder.
    entries : tuple of str
        Names of the files and folders in it that are ours.
    appended : mapping of str to str
        Our columns -> what they are called in the clustered songs; they differ where the input
        already had a column of that name.
    atlas : Atlas
        What was written: the atlas under the names that a person gave in the names.toml of the folder.
    notes : tuple of str
        What became of these names.
    """

    directory: Path
    entries: tuple[str, ...]
    appended: Mapping[str, str]
    atlas: Atlas
    notes: tuple[str, ...]


def write_outputs(
    atlas: Atlas,
    directory: str | Path,
    *,
    figures: bool = True,
    progress: Progress | None = None,
    rows: Path | None = None,
    raw_cells: bool = False,
) -> WrittenOutputs:
    """Write the tables, the figures, the report and the saved atlas into a folder.

    Everything is written beside and then renamed, so that a run that is killed leaves the old outputs
    or the new ones. Files in the folder that are not ours stay as they are. Names that a person gave in
    the atlas/names.toml of the folder are carried over to the clusters that go on for theirs.

    Parameters
    ----------
    atlas : Atlas
        Fresh from `build_atlas`: one that was loaded no longer knows the rows of its input. Of one that
        `build_large_atlas` made, the rows lie in the folder already, or in `rows`.
    directory : str or Path
        Folder to write into; made where it does not exist.
    figures : bool
        Whether to draw figures, for the folder and for the report.
    progress : callable, optional
        Called with the share that is done (0 to 1) and what is being done, in words.
    rows : Path, optional
        Folder in `directory` that is to become clustered_songs/, together with all else.
    raw_cells : bool
        Whether texts stand in CSV tables as they are, though a spreadsheet may run them as formulas.

    Returns
    -------
    WrittenOutputs

    Raises
    ------
    BadSettings
        If `directory` is a file, its names.toml is bad, or files of a person would be replaced in it.
    SongAtlasError
        If the atlas was loaded from a folder, or the place cannot be written.
    """
    if atlas.rows is None and atlas.whole is None:
        raise SongAtlasError(
            "this atlas was loaded from its folder and has no input rows: build it again with "
            "build_atlas, or give a table to Atlas.assign"
        )
    directory = path_of("directory", directory)
    require_outputs_place(directory)
    tell, home = progress or silent, Path(directory) / "atlas"
    carried = carry_names(atlas, home)
    named = carried.atlas

    def write(folder: Path) -> None:
        if named.rows is not None:
            tell(0.0, "writing the clustered songs")
            write_clustered_songs(named.rows, folder / ROWS, raw_cells=raw_cells)
        write_clusters(named, folder / "clusters.csv", raw_cells=raw_cells)
        (folder / "quality.json").write_text(quality_text(named), encoding="utf-8", newline="\n")
        tell(0.2, "saving the atlas")
        (folder / "atlas").mkdir()
        write_parts(named, folder / "atlas", names=carried.text)
        pictures = write_figures(named, folder / "figures", progress=part(tell, 0.3, 0.95)) if figures else {}
        tell(0.95, "writing the report")
        page = render(collect(named), pictures=pictures, song_map=song_map(named))
        (folder / "report.html").write_text(page, encoding="utf-8", newline="\n")
        carried.require_unchanged(home)
        if rows is not None:
            rows.rename(folder / CLUSTERED)
        write_record(folder)

    replaced = _left_of_large(Path(directory), named) if rows is None else (CLUSTERED,)
    write_folder(Path(directory), write, ours=(*OURS, *replaced))
    tell(1.0, "done")
    clustered = CLUSTERED if named.whole else ROWS
    beside = () if named.whole and named.whole.rows_to else (clustered,)
    entries = ("atlas", *beside, "clusters.csv", RECORD, "quality.json", "report.html")
    return WrittenOutputs(
        directory=Path(directory),
        entries=(*entries, "figures") if figures else entries,
        appended=_appended(named),
        atlas=named,
        notes=carried.notes,
    )


def _appended(atlas: Atlas) -> Mapping[str, str]:
    """What our columns are called in the clustered songs."""
    if atlas.rows is None:
        return atlas.whole.columns if atlas.whole else MappingProxyType({})
    return MappingProxyType(dict(appended_names(atlas.rows.table.header, atlas.rows.column_names)))


def _left_of_large(directory: Path, atlas: Atlas) -> tuple[str, ...]:
    """The folder of clustered songs that an earlier, large build left, where this one has a file of them."""
    if atlas.whole is not None or not (directory / CLUSTERED).is_dir():
        return ()
    try:
        before = json.loads(read_at_most(directory / "quality.json", MOST_JSON))
    except (OSError, ValueError, RecursionError):
        return ()
    return (CLUSTERED,) if isinstance(before, dict) and before.get("engine") in ENGINES else ()


def write_rows(rows: ClusteredRows, path: str | Path, *, raw_cells: bool = False) -> Mapping[str, str]:
    """Write every row of a table with its cluster into one CSV file, whole or not at all.

    Parameters
    ----------
    rows : ClusteredRows
        What `Atlas.assign` gives, or `Atlas.rows` after a build.
    path : str or Path
        File to write.
    raw_cells : bool
        Whether texts stand in it as they are, though a spreadsheet may run them as formulas.

    Returns
    -------
    mapping of str to str
        What our columns are called in the file.

    Raises
    ------
    BadSettings
        If `path` is a folder.
    SongAtlasError
        If it cannot be written.
    """
    write_file(Path(path), partial(write_clustered_songs, rows, raw_cells=raw_cells))
    return appended_names(rows.table.header, rows.column_names)


def render_report(
    atlas: Atlas, *, figures: bool = True, pictures: Mapping[str, Picture] | None = None
) -> str:
    """Return the report alone, as one self-contained HTML text.

    Parameters
    ----------
    atlas : Atlas
        Built or loaded.
    figures : bool
        Whether to draw figures into it.
    pictures : mapping of str to Picture, optional
        The figures where they are drawn already (see `write_figures`).

    Returns
    -------
    str
        A page that needs no network and no other file.
    """
    import tempfile

    if not figures:
        pictures = {}
    elif pictures is None:
        with tempfile.TemporaryDirectory(prefix="songatlas-") as folder:
            pictures = write_figures(atlas, Path(folder))
    return render(collect(atlas), pictures=pictures, song_map=song_map(atlas))


def write_figures(atlas: Atlas, folder: Path, *, progress: Progress | None = None) -> dict[str, Picture]:
    """Draw every figure of an atlas into a folder, as PNG and as SVG.

    Parameters
    ----------
    atlas : Atlas
        Built or loaded.
    folder : Path
        Made where it does not exist.
    progress : callable, optional
        Called with the share that is done (0 to 1) and what is being done, in words.

    Returns
    -------
    dict of str to Picture
        Each figure by its name, as the report shows it.
    """
    from songatlas.figures import FIGURES, save_figures

    tell = progress or silent
    drawn = draw_figures(atlas, progress=part(tell, 0.0, 0.4))
    tell(0.4, "writing the figures")
    titles = {name: str(figure.get_label()) for name, figure in drawn.items()}
    save_figures(drawn, folder)
    return {
        name: picture_of(
            folder / f"{name}.svg", folder / f"{name}.png", title=titles[name], caption=FIGURES[name].caption
        )
        for name in drawn
    }
