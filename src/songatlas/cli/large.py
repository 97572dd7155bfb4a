"""Building an atlas of a catalogue larger than memory, or on Spark, from the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from songatlas.cli import tell
from songatlas.cli.engines import Asked, Chosen
from songatlas.cli.terminal import progress_bar, shown
from songatlas.errors import BadSettings
from songatlas.progress import Progress, part

if TYPE_CHECKING:
    from songatlas.atlas import Atlas, AtlasSettings
    from songatlas.report.outputs import WrittenOutputs

_WRITTEN = 0.9
"""Share of a large build after which the report is written."""


@dataclass(frozen=True)
class Large:
    """The engine of a large build: what was chosen, and what the options say of it."""

    chosen: Chosen
    asked: Asked
    raw_cells: bool = False

    def options(self) -> dict[str, Any]:
        """Return what `build_large_atlas` is told of the engine."""
        if self.chosen.engine == "stream":
            return {"engine": "stream", "memory": self.chosen.memory, "raw_cells": self.raw_cells}
        return {
            "engine": "spark",
            "master": self.asked.master,
            "spark_kmeans": self.asked.spark_kmeans or "ours",
            "spark_conf": dict(self.asked.spark_conf or {}),
            **({"rows_to": self.asked.rows_to} if self.asked.rows_to else {}),
        }


def build_large(
    source: str,
    settings: AtlasSettings,
    directory: Path,
    large: Large,
    *,
    like: Path | None,
    figures: bool,
    as_json: bool,
) -> WrittenOutputs:
    """Build the atlas of files in parts, or on Spark, and write its outputs."""
    _tell_why(large.chosen, as_json=as_json)
    with _resumable(large), progress_bar() as progress:
        told = part(progress, _WRITTEN, 1.0)
        ending = Ending(directory, figures=figures, progress=told, raw_cells=large.raw_cells)
        _build(source, settings, ending, large, like=like, progress=part(progress, 0.0, _WRITTEN))
        return ending.written()


def build_large_demo(
    n_songs: int,
    settings: AtlasSettings,
    directory: Path,
    large: Large,
    *,
    like: Path | None,
    as_json: bool,
) -> WrittenOutputs:
    """Build the atlas of a simulated catalogue: written in files first, or made by Spark's executors."""
    from songatlas.atlas.build import with_source
    from songatlas.demo import SIMULATED
    from songatlas.demo.parts import write_catalogue

    _tell_why(large.chosen, as_json=as_json)
    source, begun = f"simulated:{n_songs}", 0.0
    with _resumable(large), progress_bar() as progress:
        if large.chosen.engine == "stream":
            source, begun = str(directory / "songs"), 0.2
            write_catalogue(Path(source), n_songs, seed=settings.seed, progress=part(progress, 0.0, begun))
        named = partial(with_source, name=f"simulated catalogue of {n_songs:,} rows", note=SIMULATED)
        ending = Ending(directory, figures=True, progress=part(progress, _WRITTEN, 1.0), named=named)
        _build(source, settings, ending, large, like=like, progress=part(progress, begun, _WRITTEN))
        return ending.written()


def preview_large(source: str, settings: AtlasSettings, chosen: Chosen, *, as_json: bool) -> None:
    """Say what a look at files tells, and write nothing."""
    from songatlas.atlas.large.building import preview_large_atlas

    if chosen.lies == "address":
        raise BadSettings(
            f"--dry-run reads files of this machine, and {source!r} is an address: fetch one of its files "
            "and name it, which says what is understood of all of them"
        )
    with progress_bar() as progress:
        found = preview_large_atlas(source, settings, memory=chosen.memory, progress=progress)
    tell.reading(found.table, found.clean, n_looked=found.n_looked, as_json=as_json)


@dataclass
class Ending:
    """Writes the outputs of a large build, once its atlas is there."""

    directory: Path
    _: KW_ONLY
    figures: bool
    progress: Progress
    named: Callable[[Atlas], Atlas] | None = None
    outputs: WrittenOutputs | None = None
    raw_cells: bool = False

    def __call__(self, atlas: Atlas, rows: Path | None) -> None:
        """Write them, with the clustered songs that lie in a folder."""
        from songatlas.report import write_outputs

        atlas = self.named(atlas) if self.named else atlas
        self.outputs = write_outputs(
            atlas,
            self.directory,
            figures=self.figures,
            progress=self.progress,
            rows=rows,
            raw_cells=self.raw_cells,
        )

    def written(self) -> WrittenOutputs:
        """Return what was written."""
        if self.outputs is None:
            raise ValueError("the build has not ended")
        return self.outputs


def _build(
    source: str,
    settings: AtlasSettings,
    ending: Ending,
    large: Large,
    *,
    like: Path | None,
    progress: Progress,
) -> None:
    """Build the atlas and all outputs."""
    from songatlas import build_large_atlas
    from songatlas.atlas.identity import check_names
    from songatlas.report.outputs import require_outputs_place

    check_names(ending.directory / "atlas")
    beside = large.asked.rows_to is None
    require_outputs_place(ending.directory, source=source, has_folder_of_rows=beside)
    build_large_atlas(
        source,
        ending.directory,
        settings,
        **large.options(),
        like=like,
        progress=progress,
        outputs=ending,
    )


def _tell_why(chosen: Chosen, *, as_json: bool) -> None:
    """Say which engine builds and why, where nobody named it: on stderr, so that results stay alone."""
    if chosen.why and not as_json:
        typer.echo(f"songatlas: {shown(chosen.why)}", err=True)


@contextmanager
def _resumable(large: Large) -> Iterator[None]:
    """Let Ctrl-C say how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        on_spark = large.chosen.engine == "spark"
        goes_on = "begins anew on Spark" if on_spark else "goes on where it was"
        typer.echo(f"songatlas: stopped; the same command {goes_on}", err=True)
        raise typer.Exit(130) from None
