"""Everything that a build writes, to be taken along from the page: made when it is asked for, and once.

What lies in the folder that was opened is handed out as it lies there, as long as it says what is shown. All
else is made of the atlas that is shown: another number of clusters, other weights, other names, or a folder
that was built anew or removed. DOWNLOADS, at the foot, has a row for each file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from songatlas.app.files.listed_files import names_in
from songatlas.app.files.making import (
    DrawnFigures,
    atlas_zip,
    clusters_csv,
    drawn_figures,
    names_toml,
    quality_json,
    rows_csv,
)
from songatlas.app.files.opened_folder import (
    CLUSTERS,
    REPORT,
    built_atlas,
    built_figures,
    built_file,
    built_names,
    has_drawings,
    has_rows,
    is_called,
    taken,
)
from songatlas.app.visit.opening import Catalogue
from songatlas.atlas import Atlas
from songatlas.atlas.names_file import NAMES
from songatlas.atlas.views import View
from songatlas.report import render_report
from songatlas.report.sampled import ROWS

Value = TypeVar("Value")

FIGURES: Final = "figures.zip"


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


@dataclass(frozen=True, eq=False, kw_only=True)
class Shown:
    """What is taken along.

    Attributes
    ----------
    opened : Catalogue
    view : View
        The clusters as they are shown.
    names : tuple of str
        What they are called.
    """

    opened: Catalogue
    view: View
    names: tuple[str, ...]

    def atlas(self) -> Atlas:
        """Return the whole atlas of what is shown."""
        return self.view.atlas.with_names(self.names)

    def once(self, kind: str, make: Callable[[], Value]) -> Value:
        """Return what is made of it, the last one of its kind kept with the atlas."""
        return self.opened.atlas.kept.get(kind, (self.view.choice, self.names), make)

    def built(self, take: Callable[[Path], Value | None]) -> Value | None:
        """Return what is taken from the folder that was opened; None where it does not hold what is shown."""
        return taken(self.opened, take) if self.view.is_base else None

    def figures(self) -> DrawnFigures:
        """Return the figures, drawn once for all that shows them."""
        return self.once("drawn figures", lambda: drawn_figures(self.atlas()))


@dataclass(frozen=True, kw_only=True)
class DownloadRow:
    """What is known of a file to take along, whatever is shown.

    Attributes
    ----------
    words, mime : str
    make : callable
        Gives its bytes.
    built : callable or None
        Takes its bytes from the folder of what was opened, where they say what is shown.
    words_of_songs : str
        What is in it where only the songs of the table are known, and not all its rows.
    """

    words: str
    mime: str
    make: Callable[[Shown], bytes]
    built: Callable[[Shown, Path], bytes | None] | None = None
    words_of_songs: str = ""


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
    shown = _shown(opened, view, names)
    knows_rows = opened.atlas.rows is not None or (view.is_base and has_rows(opened))
    return tuple(
        Download(
            file=file,
            words=row.words if knows_rows else row.words_of_songs or row.words,
            mime=row.mime,
            make=partial(_bytes_of, file, shown),
        )
        for file, row in DOWNLOADS.items()
    )


def must_be_drawn(opened: Catalogue, view: View, names: Mapping[int, str]) -> bool:
    """Say whether report and figures have to be drawn first, which takes seconds; as for `downloads_of`."""
    shown = _shown(opened, view, names)

    return not shown.built(lambda folder: has_drawings(folder) and is_called(folder, shown.names))


def _shown(opened: Catalogue, view: View, names: Mapping[int, str]) -> Shown:
    called = tuple(names.get(number, name) for number, name in enumerate(view.names))
    return Shown(opened=opened, view=view, names=called)


def _bytes_of(file: str, shown: Shown) -> bytes:
    """The bytes of a file: as it lies in the folder, or made."""
    row = DOWNLOADS[file]
    take = row.built
    built = take and shown.built(lambda folder: take(shown, folder))
    return built or shown.once(f"download {file}", lambda: row.make(shown))


def _built(file: str) -> Callable[[Shown, Path], bytes | None]:
    return lambda shown, folder: built_file(folder, file, shown.names)


def _rows(shown: Shown) -> bytes:
    return rows_csv(shown.atlas(), shown.opened if shown.view.is_base else None)


def _names(shown: Shown) -> bytes:
    return names_toml(shown.atlas(), shown.built(names_in))


DOWNLOADS: Final[Mapping[str, DownloadRow]] = MappingProxyType(
    {
        ROWS: DownloadRow(
            words="Every row of your table with its cluster, or why it has none",
            words_of_songs="Every song with its cluster",
            mime="text/csv",
            make=_rows,
            built=_built(ROWS),
        ),
        CLUSTERS: DownloadRow(
            words="A row a cluster: name, size, means, typical songs",
            mime="text/csv",
            make=lambda shown: clusters_csv(shown.atlas()),
            built=_built(CLUSTERS),
        ),
        REPORT: DownloadRow(
            words="The report: one page that needs no network",
            mime="text/html",
            make=lambda shown: render_report(shown.atlas(), pictures=shown.figures().pictures).encode(),
            built=_built(REPORT),
        ),
        FIGURES: DownloadRow(
            words="All figures as PNG and SVG",
            mime="application/zip",
            make=lambda shown: shown.figures().packed,
            built=lambda shown, folder: built_figures(folder, shown.names),
        ),
        "quality.json": DownloadRow(
            words="How good the clusters are, for programs",
            mime="application/json",
            make=lambda shown: quality_json(shown.atlas()),
            built=_built("quality.json"),
        ),
        "atlas.zip": DownloadRow(
            words="The saved atlas: unpack it and open its folder with songatlas app, or in Python",
            mime="application/zip",
            make=lambda shown: atlas_zip(shown.atlas()),
            built=lambda shown, folder: built_atlas(folder, shown.opened.atlas, shown.names),
        ),
        "settings.toml": DownloadRow(
            words="The settings: build with them by --settings",
            mime="application/toml",
            make=lambda shown: shown.atlas().settings.to_toml().encode(),
        ),
        NAMES: DownloadRow(
            words="The names of the clusters, to be put into the folder atlas of a build",
            mime="application/toml",
            make=_names,
            built=lambda shown, folder: built_names(folder, shown.opened.atlas, shown.names),
        ),
    }
)
