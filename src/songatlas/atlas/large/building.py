"""`build_large_atlas`: the atlas of a catalogue larger than memory, or of one that lies on a cluster."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

import polars as pl

import songatlas
from songatlas.atlas.atlas import Atlas
from songatlas.atlas.build import check_names
from songatlas.atlas.counterparts import opened
from songatlas.atlas.large.refusing import refuse_settings
from songatlas.atlas.large.road import Means, travel
from songatlas.atlas.large.settling import MllibSettling, OurSettling
from songatlas.atlas.large.texts import names_by_position, text_form
from songatlas.atlas.settings import AtlasSettings
from songatlas.atlas.whole import Engine
from songatlas.catalogue import Catalogue
from songatlas.demo import simulate_catalogue
from songatlas.errors import (
    BadSettings,
    MissingColumns,
    TooFewSongs,
    UnknownName,
    UnreadableTable,
)
from songatlas.progress import Progress, part, silent

WORK: Final = ".songatlas-work"
"""Folder, below that of the outputs, of what a build in parts keeps while it runs."""

SIMULATED: Final = "simulated:"
"""What an address begins with whose songs the executors make up."""

USUAL_MEMORY: Final = 2_000_000_000
"""Bytes that a build on this machine may take where nobody says how much."""

SparkKMeans: TypeAlias = Literal["ours", "mllib"]
_IN_VAIN = (BadSettings, MissingColumns, TooFewSongs, UnknownName, UnreadableTable)
"""After these the same run can never end well, so that nothing of it is kept."""

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
    like: Atlas | str | Path | None = None,
    progress: Progress | None = None,
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
        `songatlas.write_outputs`. A run that was killed goes on where it was.
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
    like : Atlas or path, optional
        An older atlas, or its folder, whose names and colours are kept.
    progress : callable, optional
        Called with the share that is done (0 to 1) and what is being done, in words.
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
    settings = (settings or AtlasSettings()).change(**changes)
    check_names(settings)
    refuse_settings(settings)
    old = None if like is None else opened(like)
    place, tell = Path(folder), progress or silent
    _refuse_file(place)
    if engine == "stream":
        way = _streamed(source, place, settings, memory or USUAL_MEMORY, part(tell, 0.0, _OPENED))
    elif engine == "spark":
        way = _on_spark(str(source), settings, master or "local[*]", spark_kmeans, spark_conf)
    else:
        raise BadSettings(f"engine is {engine!r}: it must be 'stream' or 'spark'")
    with way as (catalogue, means):
        return travel(catalogue, place, settings, means, old=old, tell=part(tell, _OPENED, 1.0))


@contextmanager
def _streamed(
    source: str | Path, folder: Path, settings: AtlasSettings, memory: int, tell: Progress
) -> Iterator[tuple[Catalogue, Means]]:
    """Files of this machine; what is kept beside them goes at the end of a run that was not cut off."""
    from songatlas.songs import open_tables
    from songatlas.streaming import FileCatalogue
    from songatlas.streaming.memory import free_bytes

    work = folder / WORK
    said = {"version": songatlas.__version__, "settings": settings.to_dict()}
    free_bytes(memory)
    by_position = names_by_position(settings.columns)
    files = open_tables(source, header=settings.header, by_position=by_position, tell=tell)
    catalogue = FileCatalogue(files, work=work, memory=memory, fingerprint=said)
    settling = OurSettling(work=work, told=f"{files.sha256} {said}")
    try:
        yield catalogue, Means(engine="stream", settling=settling)
    except _IN_VAIN:
        _remove(catalogue, work)
        if not any(folder.iterdir()):
            folder.rmdir()
        raise
    _remove(catalogue, work)


@contextmanager
def _on_spark(
    source: str, settings: AtlasSettings, master: str, kmeans: SparkKMeans, conf: Mapping[str, str]
) -> Iterator[tuple[Catalogue, Means]]:
    """A table on a cluster."""
    from songatlas import spark

    if kmeans not in ("ours", "mllib"):
        raise BadSettings(f"spark_kmeans is {kmeans!r}: it must be 'ours' or 'mllib'")
    session = spark.open_session(master, conf=conf)
    settling = (
        MllibSettling(seed=settings.seed, cluster=spark.mllib_kmeans) if kmeans == "mllib" else OurSettling()
    )
    try:
        if source.startswith(SIMULATED):
            n_rows = _n_rows(source)
            task = SimulateRows(n_rows, settings.seed)
            catalogue = spark.simulated_catalogue(session, task, n_rows)
        else:
            by_position = names_by_position(settings.columns)
            form = partial(text_form, header=settings.header, by_position=by_position)
            catalogue = spark.open_catalogue(session, source, text=form)
        yield catalogue, Means(engine="spark", settling=settling, always=kmeans == "mllib")
        catalogue.close()
    finally:
        session.stop()


def _remove(catalogue: Catalogue, work: Path) -> None:
    """Let go of what a run kept."""
    catalogue.close()
    shutil.rmtree(work, ignore_errors=True)


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
    text = source.removeprefix(SIMULATED).replace(",", "").replace("_", "")
    if not text.isdigit() or not int(text):
        raise BadSettings(f"{source!r}: write how many songs to simulate, such as {SIMULATED}1000000")
    return int(text)


def _refuse_file(folder: Path) -> None:
    """Refuse a file where the folder of the outputs is to be."""
    if folder.exists() and not folder.is_dir():
        raise BadSettings(f"{str(folder)!r} is a file: name a folder for the outputs with -o")
