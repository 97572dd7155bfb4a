"""Which engine builds an atlas: all songs in memory, files in parts on this machine, or Spark.

How much memory a build of a whole file takes is estimated from its size (`TIMES_ITS_SIZE`).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from songatlas.cli.memory import memory_of_machine, read_size, told
from songatlas.cli.sources import Lies, what_lies_at
from songatlas.errors import BadSettings, UnreadableTable

Engine: TypeAlias = Literal["memory", "stream", "spark"]

ENGINES: Final = ("auto", "memory", "stream", "spark")
"""Words of --engine."""

KMEANS: Final = ("ours", "mllib")
"""Words of --spark-kmeans."""

TIMES_ITS_SIZE: Final = 8
"""Memory that a build of a whole file takes, for each byte of the file."""

A_SIMULATED_ROW: Final = 520
"""Memory that a build of a simulated catalogue takes, for each row."""

_MOST_OF_MACHINE: Final = 0.7


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the options say of the engine, as they were given."""

    engine: str = "auto"
    memory: str | None = None
    master: str | None = None
    spark_kmeans: str | None = None
    spark_conf: Mapping[str, str] | None = None
    rows_to: str | None = None


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The engine that builds, and why where nobody named it.

    Attributes
    ----------
    engine
        Which one.
    lies
        What the source is.
    memory
        Bytes that a build in parts may take; None for the other engines.
    why
        One sentence; empty where the engine was named, or nothing is to be said.
    """

    engine: Engine
    lies: Lies
    memory: int | None
    why: str = ""


def choose_engine(source: str, asked: Asked) -> Chosen:
    """Choose the engine for a source: Spark where a master is named, parts where it would not fit.

    Raises
    ------
    BadSettings
        If options make no sense together, or the source is a folder without songs or with two kinds.
    """
    check_options(asked)
    lies = what_lies_at(source, asked.engine)
    on_spark = asked.engine == "spark" or asked.master is not None
    if on_spark:
        if lies == "music":
            raise BadSettings(_no_music(source, "spark"))
        return Chosen(engine="spark", lies=lies, memory=None)
    if lies == "address":
        raise BadSettings(
            f"{source!r} is an address, which Spark alone reads: add --engine spark, and --master URL for a "
            "cluster; a folder of this machine is named by its path"
        )
    memory = None if asked.memory is None else read_size(asked.memory)
    return _chosen_here(source, lies, asked, memory)


def _chosen_here(source: str, lies: Lies, asked: Asked, memory: int | None) -> Chosen:
    """The engine of this machine for what lies there."""
    if asked.engine == "stream":
        if lies == "music":
            raise BadSettings(_no_music(source, "stream"))
        return Chosen(engine="stream", lies=lies, memory=memory or _usual())
    if lies == "tables":
        if asked.engine == "memory":
            raise BadSettings(
                f"{source!r} is a folder of tables, and --engine memory reads one table: leave --engine out, "
                "or name one file of it"
            )
        streamed = memory or _usual()
        said = f"{source} is a folder of tables: it is read in parts, in at most {told(streamed)} of memory"
        return Chosen(engine="stream", lies=lies, memory=streamed, why=said)
    if asked.engine == "auto" and lies == "file":
        needed, limit = needed_for(Path(source)), memory or int(_MOST_OF_MACHINE * memory_of_machine())
        if needed > limit:
            said = _too_large(Path(source).name, needed, memory, limit)
            return Chosen(engine="stream", lies=lies, memory=memory or min(limit, _usual()), why=said)
    return Chosen(engine="memory", lies=lies, memory=None)


def _usual() -> int:
    """What a build in parts may take where nobody says how much, in bytes."""
    from songatlas.atlas.large.building import USUAL_MEMORY

    return USUAL_MEMORY


def engine_for_rows(n_rows: int, asked: Asked) -> Chosen:
    """Choose the engine for that many simulated rows; `BadSettings` where options make no sense together."""
    check_options(asked)
    if asked.engine == "spark" or asked.master is not None:
        return Chosen(engine="spark", lies="address", memory=None)
    memory = None if asked.memory is None else read_size(asked.memory)
    needed, limit = n_rows * A_SIMULATED_ROW, memory or int(_MOST_OF_MACHINE * memory_of_machine())
    if asked.engine == "stream" or (asked.engine == "auto" and needed > limit):
        said = "" if asked.engine == "stream" else _too_large(f"{n_rows:,} songs", needed, memory, limit)
        return Chosen(engine="stream", lies="tables", memory=memory or min(limit, _usual()), why=said)
    return Chosen(engine="memory", lies="file", memory=None)


def _too_large(what: str, needed: int, memory: int | None, limit: int) -> str:
    """Why something is read in parts."""
    allowed = "--memory" if memory else "this machine"
    return (
        f"{what} would take about {told(needed)} of memory at once, and {allowed} allows {told(limit)}: read "
        "in parts (--engine memory reads all at once)"
    )


def check_options(asked: Asked) -> None:
    """Refuse options of one engine beside another one; `BadSettings` says which and what to do."""
    if asked.master is not None and asked.engine in ("memory", "stream"):
        raise BadSettings(
            f"--master {asked.master} names a Spark cluster, and --engine {asked.engine} works on this "
            "machine alone: take --engine spark, or leave --master out"
        )
    on_spark = asked.engine == "spark" or asked.master is not None
    of_spark = {
        "--spark-kmeans": asked.spark_kmeans,
        "--spark-conf": asked.spark_conf,
        "--rows-to": asked.rows_to,
    }
    for option, value in of_spark.items():
        if value is not None and not on_spark:
            raise BadSettings(f"{option} is for Spark alone: add --engine spark, or leave {option} out")
    if asked.memory is None:
        return
    size, machine = read_size(asked.memory), memory_of_machine()
    if size > machine and not on_spark:
        raise BadSettings(
            f"--memory is {asked.memory}, and this machine has {told(machine)}: give less, or leave it out"
        )
    if on_spark:
        raise BadSettings(
            f"--memory {asked.memory} is for a build on this machine; how much Spark's executors take is set "
            f"with --spark-conf spark.executor.memory={_as_spark(asked.memory)}"
        )
    if asked.engine == "memory":
        raise BadSettings(
            f"--memory {asked.memory} bounds a build in parts, and --engine memory holds all songs at once: "
            "take --engine stream, or leave --memory out"
        )


def needed_for(path: Path) -> int:
    """Return about how many bytes of memory a build of a whole file takes; 0 where nothing else reads it."""
    try:
        n_bytes = path.stat().st_size if path.is_file() else 0
        return TIMES_ITS_SIZE * n_bytes if n_bytes and _is_read_in_parts(path) else 0
    except (OSError, ValueError):
        return 0


def _is_read_in_parts(path: Path) -> bool:
    """Say whether a file is of a kind that is read in parts, by its first bytes."""
    from songatlas.songs.opened import FileContent

    try:
        content = FileContent.of(path)
        kind = content.kind()
    except UnreadableTable:
        return False
    return kind in ("text", "jsonl") or (kind == "parquet" and not content.is_gzip)


def _no_music(source: str, engine: str) -> str:
    """What to say of music that another engine is asked to read."""
    table = shlex.quote(f"{Path(source).absolute().name}.parquet")
    return (
        f"{source!r} is a folder of music files, which --engine {engine} does not measure: make a table of "
        f"it with 'songatlas scan {shlex.quote(source)} -o {table}', then build from {table}"
    )


def _as_spark(text: str) -> str:
    """A size as Spark wants it."""
    return f"{max(1, round(read_size(text) / 2**20))}m"
