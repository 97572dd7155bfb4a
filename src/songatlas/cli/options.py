"""The options that several commands share, and how their texts are read."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from songatlas.cli.engines import ENGINES, KMEANS, Asked
from songatlas.errors import BadSettings, quoted
from songatlas.files import require_place

if TYPE_CHECKING:
    from songatlas.atlas import AtlasSettings


def _option(name: str, metavar: str, words: str, *more: str) -> Any:
    """An option with a value."""
    return typer.Option(name, *more, metavar=metavar, help=words)


Output = Annotated[
    Path | None, _option("--output", "DIR", "Folder to write; made where there is none.", "-o")
]
CsvOutput = Annotated[
    Path | None, _option("--output", "FILE", "CSV file to write. [default: SONGS_clustered.csv]", "-o")
]
K = Annotated[
    str | None,
    _option("--k", "N", "Number of clusters, or auto: the evidence chooses. [default: auto]"),
]
KMin = Annotated[int | None, _option("--k-min", "N", "Smallest number of clusters to try. [default: 2]")]
KMax = Annotated[int | None, _option("--k-max", "N", "Largest number of clusters to try. [default: 20]")]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="Seed of everything random. [default: 0]", min=0)
]
Threads = Annotated[int | None, _option("--threads", "N", "Threads to use. [default: all cores]")]
Genre = Annotated[str | None, _option("--genre", "COLUMN", "Column whose genres the clusters are judged by.")]
Space = Annotated[
    str | None,
    _option(
        "--space",
        "BLOCKS",
        "Blocks: sound, audio, era, tags, genre; or plain alone. "
        "[default: audio,era of scanned files, else sound,era]",
    ),
]
Weights = Annotated[
    str | None, _option("--weights", "BLOCK=W", "Weights of the blocks, with commas, e.g. sound=1,era=0.5.")
]
FeatureWeights = Annotated[
    str | None,
    _option("--feature-weights", "NAME=W", "Weights of features in the sound, e.g. energy=2,liveness=0."),
]
Features = Annotated[
    str | None,
    _option("--features", "NAMES", "Features to use, with commas, in place of all of the sound."),
]
GenrePull = Annotated[
    float | None,
    _option(
        "--genre-pull",
        "X",
        "How far genres pull: 0 is pure sound and era, 1 is pure genre.",
    ),
]
Refine = Annotated[
    bool | None,
    typer.Option("--refine", help="Weigh the features anew where held-out artists gain by it."),
]
Keep = Annotated[
    str | None,
    _option("--keep", "RULES", "Rules of triage to switch off, with commas, e.g. spoken_word; or all."),
]
Where = Annotated[
    list[str] | None,
    _option(
        "--where",
        "FILTER",
        "Only songs that fit, e.g. 'year=1980..1989', 'energy>=80%', 'artist=Daft Punk'. Repeatable.",
    ),
]
Columns = Annotated[
    list[str] | None,
    _option("--column", "OURS=THEIRS", "Which of the table's columns is ours, e.g. energy=nrgy. Repeatable."),
]
Units = Annotated[
    list[str] | None,
    _option("--unit", "COLUMN=UNIT", "Unit of a column, e.g. duration_ms=s, energy=percent. Repeatable."),
]
Header = Annotated[
    str | None,
    _option("--header", "NAMES", "Column names, with commas, for a table without a header row."),
]
SettingsFile = Annotated[
    Path | None, _option("--settings", "FILE", "TOML file of settings; options given here win over it.")
]
Like = Annotated[
    Path | None,
    _option("--like", "OLD_ATLAS", "Older atlas: clusters that go on for its clusters keep name and colour."),
]
Engine = Annotated[
    str | None,
    _option(
        "--engine",
        "ENGINE",
        "memory: all songs at once; stream: in parts from files; spark; or auto: spark with --master, stream "
        "for a folder of tables or what would not fit, else memory. [default: auto]",
    ),
]
Memory = Annotated[
    str | None,
    _option("--memory", "SIZE", "Memory that streaming may take, 1GB or more. [default: 2GB]"),
]
Master = Annotated[
    str | None,
    _option("--master", "URL", "Spark to work on: spark://HOST:PORT, sc://HOST:PORT, yarn, local[4] ..."),
]
SparkKMeans = Annotated[
    str | None,
    _option("--spark-kmeans", "WHOSE", "On Spark: ours, or mllib to compare with. [default: ours]"),
]
SparkConf = Annotated[
    list[str] | None,
    _option("--spark-conf", "KEY=VALUE", "Setting of Spark, e.g. spark.executor.memory=4g. Repeatable."),
]
RowsTo = Annotated[
    str | None,
    _option(
        "--rows-to",
        "ADDRESS",
        "On Spark: where the executors write the clustered songs, e.g. hdfs://name/songs_clustered. "
        "[default: clustered_songs/ in DIR]",
    ),
]
RawCells = Annotated[
    bool,
    typer.Option(
        "--raw-cells",
        help="Write texts of CSV tables as they stand; without it those that a spreadsheet would run as a "
        "formula get an apostrophe before them.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for a program to read.")]

_EXAMPLES = {
    "--weights": "sound=1,era=0.5",
    "--feature-weights": "energy=2,liveness=0",
    "--column": "energy=nrgy",
    "--unit": "duration_ms=s",
}


def read_settings(file: Path | None, **given: Any) -> AtlasSettings:
    """Read the settings of a TOML file and change those that options give; None is not given."""
    from songatlas.atlas import AtlasSettings

    start = AtlasSettings.from_toml(file) if file else AtlasSettings()
    return start.change(**{name: value for name, value in given.items() if value is not None})


def read_engine(
    engine: str | None,
    *,
    memory: str | None,
    master: str | None,
    spark_kmeans: str | None,
    spark_conf: list[str] | None,
    rows_to: str | None = None,
) -> Asked:
    """Read the options that say where and how the songs are kept while an atlas is built."""
    from songatlas.spark.session import conf_of

    for option, text, words in (("--engine", engine, ENGINES), ("--spark-kmeans", spark_kmeans, KMEANS)):
        if text is not None and text not in words:
            known = f"{', '.join(words[:-1])} or {words[-1]}"
            raise BadSettings(f"{option} is {quoted(text)}: say {known}")
    return Asked(
        engine=engine or "auto",
        memory=memory,
        master=master,
        spark_kmeans=spark_kmeans,
        spark_conf=conf_of(spark_conf) if spark_conf else None,
        rows_to=rows_to,
    )


def read_k(text: str | None) -> int | str | None:
    """Read --k: a whole number or 'auto'."""
    if text is None or text == "auto":
        return text
    try:
        return int(text)
    except ValueError:
        raise BadSettings(f"--k is {quoted(text)}: give a whole number from 2, or auto") from None


def read_pairs(option: str, texts: list[str] | None) -> dict[str, str] | None:
    """Read NAME=VALUE texts; None where there are none."""
    if not texts:
        return None
    pairs = {}
    for text in texts:
        name, sign, value = (piece.strip() for piece in text.partition("="))
        if not (name and sign and value):
            raise BadSettings(f"{option} is {quoted(text)}: write NAME=VALUE, such as {_EXAMPLES[option]}")
        pairs[name] = value
    return pairs


def read_weights(text: str | None, *, option: str = "--weights") -> dict[str, float] | None:
    """Read NAME=NUMBER texts with commas between them; None where there are none."""
    pairs = read_pairs(option, [part for part in (text or "").split(",") if part.strip()])
    try:
        return {name: float(value) for name, value in pairs.items()} if pairs else None
    except ValueError:
        raise BadSettings(f"{option} is {quoted(text)}: write numbers, such as {_EXAMPLES[option]}") from None


def refuse_address(output: Path | None) -> None:
    """Refuse an address for the folder of the outputs, which would become a folder of such a name here."""
    if output is not None and re.match(r"[A-Za-z][\w+.-]+:/", str(output)):
        raise BadSettings(
            f"-o {str(output)!r} is an address: name a folder of this machine for report and atlas; with "
            "--engine spark, --rows-to ADDRESS writes the clustered songs there"
        )


def require_folder(path: Path) -> None:
    """Refuse a file in a folder that is not there, or in the place of what is no file, before the work."""
    if not path.absolute().parent.is_dir():
        raise BadSettings(
            f"cannot write {str(path)!r}: there is no folder {str(path.parent)!r}; make it first"
        )
    require_place(path)


def require_unread(output: Path, *read: str | Path | None) -> None:
    """Refuse to write what the same command reads: a file, or a part of an atlas."""
    from songatlas.atlas.saved import OURS, is_atlas_folder

    for source in read:
        if source is None or not os.path.exists(source):  # noqa: PTH110 (a text may be too long for a name)
            continue
        if os.path.exists(output) and output.samefile(source):  # noqa: PTH110
            raise BadSettings(
                f"{str(output)!r} is read here, and would be replaced by what is written: name another file"
            )
        for folder in (Path(source), Path(source) / "atlas"):
            is_part = output.name in OURS and is_atlas_folder(folder)
            if is_part and folder.samefile(output.absolute().parent):
                raise BadSettings(f"{str(output)!r} is a part of the atlas itself: name another file")


def require_different(*paths: Path | None) -> None:
    """Refuse one file for two outputs, of which the second would replace the first."""
    given = [path for path in paths if path is not None]
    if len({os.path.realpath(path) for path in given}) < len(given):
        raise BadSettings(
            f"{str(given[0].absolute())!r} is named for two outputs: give each a file of its own"
        )
