"""`build_large_atlas`: the atlas of a catalogue larger than memory, or of one that lies on a cluster."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import polars as pl

import songatlas
from songatlas.atlas.atlas import Atlas
from songatlas.atlas.build import check_names, wanted_features
from songatlas.atlas.counterparts import opened
from songatlas.atlas.large.refusing import refuse_settings
from songatlas.atlas.large.road import Means, place_rows, source_of, travel, understood
from songatlas.atlas.large.settling import MllibSettling, OurSettling
from songatlas.atlas.large.texts import names_by_position, text_form
from songatlas.atlas.settings import AtlasSettings, asked_settings
from songatlas.atlas.whole import Engine, SparkKMeans
from songatlas.catalogue import Catalogue
from songatlas.demo import simulate_catalogue
from songatlas.errors import (
    BadSettings,
    MissingColumns,
    TooFewSongs,
    UnknownName,
    UnreadableTable,
)
from songatlas.files import path_of
from songatlas.progress import Progress, part, silent
from songatlas.songs import CleanSongs, SongsTable
from songatlas.songs.arguments import require_whole
from songatlas.songs.folder_files import CLUSTERED, WORK
from songatlas.songs.table_files import TableFiles

SIMULATED_ADDRESS: Final = "simulated:"
"""What an address begins with whose songs the executors make up."""

USUAL_MEMORY: Final = 2_000_000_000
"""Bytes that a build on this machine may take where nobody says how much."""

_IN_VAIN = (BadSettings, MissingColumns, TooFewSongs, UnknownName, UnreadableTable)
"""After these the same run can never end well, so that nothing of it is kept."""

Outputs: TypeAlias = Callable[[Atlas, Path | None], object]
_Way: TypeAlias = tuple[Catalogue, Means, Callable[[], None]]
"""What is asked, what clusters it, and what lets go of all that a run kept."""

_ADDRESS: Final = re.compile(r"[A-Za-z][\w+.-]+:/")
_OPENED = 0.05
"""Share of the progress after which the files are open."""

_NO_CONF: Mapping[str, str] = MappingProxyType({})


def build_large_atlas(
    source: str | Path,
    folder: str | Path,
    settings: AtlasSettings | None = None,
    *,
    engine: Engine = "stream",
    memory: int | None = None,
    master: str | None = None,
    spark_kmeans: SparkKMeans = "ours",
    spark_conf: Mapping[str, str] = _NO_CONF,
    rows_to: str | None = None,
    raw_cells: bool = False,
    like: Atlas | str | Path | None = None,
    progress: Progress | None = None,
    outputs: Outputs | None = None,
    **changes: Any,
) -> Atlas:
    """Build the atlas of a catalogue in parts, and write its rows with their clusters.

    Nothing depends on how the songs are parted. Up to 200,000 songs the atlas is that of `build_atlas`; of
    more it holds a sample, and its centroids are those of all songs.

    Parameters
    ----------
    source : str or Path
        A table or a folder of tables (Parquet, CSV, TSV, JSON lines), all of one shape. For Spark also an
        address, such as ``hdfs://...``, and ``simulated:ROWS``.
    folder : str or Path
        Where the outputs go: the clustered songs are written into its ``clustered_songs/``, the rest by
        `songatlas.write_outputs`. A run that was killed goes on where it was. It is not the folder of the
        tables, but may lie in it.
    settings : AtlasSettings, optional
        What to build; the defaults where None. The space can be made of sound and era, or plain.
    engine : {"stream", "spark"}
        Files of this machine, or a cluster.
    memory : int, optional
        Bytes that a build on this machine may take, 2 GB by default.
    master : str, optional
        Of Spark: ``local[N]``, ``spark://HOST:PORT``, ``yarn``, ``k8s://...``, ``sc://HOST:PORT``; all
        cores of this machine by default.
    spark_kmeans : {"ours", "mllib"}
        What clusters all songs on Spark.
    spark_conf : mapping of str to str
        Settings of Spark.
    rows_to : str, optional
        Where Spark's executors write the clustered songs in place of `folder`: ``hdfs://``, ``s3a://``,
        ``file://`` or a path that they share, new or empty.
    raw_cells : bool
        Whether texts stand in clustered songs of CSV and TSV files as they are, though a spreadsheet may run
        them as formulas; with Spark, which writes Parquet, they always do.
    like : Atlas or path, optional
        An older atlas, or its folder, whose names and colours are kept.
    progress : callable, optional
        Called with the share that is done (0 to 1) and what is being done, in words.
    outputs : callable, optional
        Called with the atlas and the folder in which the clustered songs lie (None with `rows_to`), before
        they are put in place and what is kept for another run goes: give them to ``write_outputs(...,
        rows=...)``, which puts all in place together.
    **changes
        Settings to change by name, such as `k=8`.

    Returns
    -------
    Atlas
        With `whole`.

    Raises
    ------
    SongAtlasError
        One of its children, with the wrong value, the rule and the next step.
    """
    settings = asked_settings(settings, changes)
    check_names(settings)
    refuse_settings(settings)
    old = None if like is None else opened(like)
    place, tell = path_of("folder", folder), progress or silent
    source = source if isinstance(source, str) else path_of("source", source)
    if memory is not None:
        require_whole("memory", memory, low=1)
    refuse_places(source, place)
    if rows_to is not None and engine != "spark":
        raise BadSettings(f"rows_to is {rows_to!r}: Spark alone writes there; name a folder, and no rows_to")
    if engine == "stream":
        told = part(tell, 0.0, _OPENED)
        way = _streamed(source, place, settings, memory or USUAL_MEMORY, told, raw_cells=raw_cells)
    elif engine == "spark":
        asked = _OnSpark(master, spark_kmeans, spark_conf, rows_to)
        way = _on_spark(str(source), place, settings, asked)
    else:
        raise BadSettings(f"engine is {engine!r}: it must be 'stream' or 'spark'")
    with way as (catalogue, means, forget):
        try:
            atlas, rows = travel(catalogue, place, settings, means, old=old, tell=part(tell, _OPENED, 1.0))
        except _IN_VAIN:
            forget()
            raise
        if outputs is not None:
            outputs(atlas, rows)
        place_rows(rows, place)
    return atlas


@contextmanager
def _streamed(
    source: str | Path,
    folder: Path,
    settings: AtlasSettings,
    memory: int,
    tell: Progress,
    *,
    raw_cells: bool,
) -> Iterator[_Way]:
    """Files of this machine; what is kept beside them goes at the end of a run that was not cut off."""
    from songatlas.songs.folder_files import find_tables
    from songatlas.streaming import FileCatalogue
    from songatlas.streaming.memory import free_bytes
    from songatlas.streaming.one_run import clear, one_run

    work = folder / WORK
    said = {"version": songatlas.__version__, "settings": settings.to_dict()}
    free_bytes(memory)
    find_tables(Path(source))
    forget = partial(clear, work)
    with _gone_if_empty(folder), one_run(work):
        try:
            files = _opened(source, settings, tell)
        except _IN_VAIN:
            forget()
            raise
        catalogue = FileCatalogue(files, work=work, memory=memory, fingerprint=said, raw_cells=raw_cells)
        settling = OurSettling(work=work, told=f"{files.sha256} {said}")
        yield catalogue, Means(engine="stream", settling=settling, raw_cells=raw_cells), forget
        catalogue.close()
        clear(work)


def _opened(source: str | Path, settings: AtlasSettings, tell: Progress) -> TableFiles:
    """The files of a table."""
    from songatlas.songs import open_tables

    by_position = names_by_position(settings.columns)
    return open_tables(source, header=settings.header, by_position=by_position, tell=tell)


@contextmanager
def _gone_if_empty(folder: Path) -> Iterator[None]:
    """Remove the folders that this run has made for nothing."""
    made = [each for each in (folder.absolute(), *folder.absolute().parents) if not each.exists()]
    try:
        yield
    finally:
        for each in made:
            with suppress(OSError):
                each.rmdir()


@dataclass(frozen=True)
class _OnSpark:
    """What a person says of Spark."""

    master: str | None
    kmeans: SparkKMeans
    conf: Mapping[str, str]
    rows_to: str | None


@contextmanager
def _on_spark(source: str, folder: Path, settings: AtlasSettings, asked: _OnSpark) -> Iterator[_Way]:
    """A table on a cluster; what a run that ended early wrote goes."""
    from songatlas import spark

    if asked.kmeans not in ("ours", "mllib"):
        raise BadSettings(f"spark_kmeans is {asked.kmeans!r}: it must be 'ours' or 'mllib'")
    n_rows = _n_rows(source) if source.startswith(SIMULATED_ADDRESS) else None
    if n_rows is None:
        spark.refuse_missing(source, master=asked.master, conf=asked.conf)
    with _gone_if_empty(folder):
        session = spark.open_session(asked.master, conf=asked.conf)
        try:
            spark.check_place(session, folder, asked.rows_to)
            if n_rows is not None:
                task = SimulateRows(n_rows, settings.seed)
                catalogue = spark.simulated_catalogue(session, task, n_rows)
            else:
                by_position = names_by_position(settings.columns)
                form = partial(text_form, header=settings.header, by_position=by_position)
                catalogue = spark.open_catalogue(session, source, text=form)
            try:
                yield catalogue, _means_on_spark(settings, asked), _keeps_nothing
            finally:
                spark.let_go(catalogue)
        finally:
            spark.end_session(session)
            place_rows(None, folder)


def _means_on_spark(settings: AtlasSettings, asked: _OnSpark) -> Means:
    """What clusters a catalogue on Spark."""
    from songatlas import spark

    if asked.kmeans == "ours":
        return Means(engine="spark", settling=OurSettling(), rows_to=asked.rows_to)
    settling = MllibSettling(seed=settings.seed, cluster=spark.mllib_kmeans)
    return Means(engine="spark", settling=settling, kmeans="mllib", rows_to=asked.rows_to)


def _keeps_nothing() -> None:
    """Forget what was never kept."""


@dataclass(frozen=True, kw_only=True)
class LargePreview:
    """What a look at files tells.

    Attributes
    ----------
    table : SongsTable
        What was understood; its source counts all rows.
    clean : CleanSongs
        What the rules of cleaning do with the rows that were looked at.
    n_looked : int
        How many these are.
    """

    table: SongsTable
    clean: CleanSongs
    n_looked: int


def preview_large_atlas(
    source: str | Path,
    settings: AtlasSettings | None = None,
    *,
    memory: int | None = None,
    progress: Progress | None = None,
) -> LargePreview:
    """Look at files as `build_large_atlas` would, and stop there; parameters and errors are its own."""
    from songatlas.songs import clean_songs
    from songatlas.streaming import FileCatalogue
    from songatlas.streaming.memory import free_bytes

    settings, memory = asked_settings(settings, {}), memory or USUAL_MEMORY
    check_names(settings)
    refuse_settings(settings)
    free_bytes(memory)
    files = _opened(source, settings, progress or silent)
    with TemporaryDirectory(prefix="songatlas-") as work:
        catalogue = FileCatalogue(files, work=work, memory=memory, fingerprint={})
        looked = understood(catalogue, settings)
        source_of_all = source_of(catalogue, looked.table)
    wanted = wanted_features(looked.table.songs, settings.features)
    clean = clean_songs(looked.table.songs, features=wanted, keep=settings.keep)
    n_looked = looked.table.source.n_rows
    return LargePreview(table=replace(looked.table, source=source_of_all), clean=clean, n_looked=n_looked)


@dataclass(frozen=True)
class SimulateRows:
    """Rows of a simulated catalogue, as a task that can be sent."""

    n_rows: int
    seed: int

    def __call__(self, rows: range) -> pl.DataFrame:
        """Return these rows."""
        return simulate_catalogue(self.n_rows, seed=self.seed, rows=rows)


def _n_rows(source: str) -> int:
    """The number of songs to simulate."""
    text = source.removeprefix(SIMULATED_ADDRESS).replace(",", "").replace("_", "")
    if not text.isdigit() or not int(text):
        raise BadSettings(f"{source!r}: write how many songs to simulate, such as {SIMULATED_ADDRESS}1000000")
    return int(text)


def refuse_places(source: str | Path, folder: Path) -> None:
    """Refuse a folder for the outputs that is none, or would overwrite the songs or mix with them."""
    if _ADDRESS.match(str(folder)):
        raise BadSettings(
            f"-o {str(folder)!r} is an address: report and atlas go to a folder of this machine; with "
            "--engine spark, --rows-to ADDRESS writes the clustered songs there"
        )
    if folder.exists() and not folder.is_dir():
        raise BadSettings(f"{str(folder)!r} is a file: name a folder for the outputs with -o")
    songs, clustered = Path(source).resolve(), (folder / CLUSTERED).resolve()
    if not songs.exists():
        return
    if songs.is_dir() and songs == folder.resolve():
        raise BadSettings(
            f"{str(folder)!r} is the folder of the songs itself, and the outputs would mix with them: "
            "name another folder with -o, which may lie in it"
        )
    if songs.is_relative_to(clustered):
        raise BadSettings(
            f"{str(source)!r} would be overwritten, because the clustered songs go to {str(clustered)!r}: "
            "name another folder with -o"
        )
