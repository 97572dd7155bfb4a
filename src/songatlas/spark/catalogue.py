"""`SparkCatalogue`: a table of songs on Spark, asked as `songatlas.catalogue.Catalogue` says.

A stage is kept packed, in the memory and on the disks of the executors. What a lost executor kept is made
anew from the table, and comes out the same, because tasks are functions of their rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.catalogue import ROWS, Origin, RowMaker, RowTask
from songatlas.errors import BadSettings, SongAtlasError
from songatlas.progress import Progress
from songatlas.spark.blocks import BLOCKS, Pointed
from songatlas.spark.extra import muted
from songatlas.spark.found import files_at, with_scheme
from songatlas.spark.jobs import fetched, mapped, run
from songatlas.spark.packing import united, unpacked
from songatlas.spark.points import SparkPoints, blocks_frame
from songatlas.spark.sources import Source, TextForm, found_source, simulated_source
from songatlas.spark.workers import (
    ANSWERS,
    KEYS,
    PICKED,
    STAGE,
    Answered,
    Grouped,
    Keyed,
    Labelled,
    Link,
    Made,
    Picked,
    Reading,
    answers_of,
    plain,
)

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

_SUCCESS_MARK: Final = "mapreduce.fileoutputcommitter.marksuccessfuljobs"
ROWS_A_BUCKET: Final = 500_000
"""Rows of the catalogue for each bucket that rows are gathered in; few of them are."""


def open_catalogue(
    session: SparkSession, address: str, *, text: Callable[[str, bytes], TextForm]
) -> SparkCatalogue:
    """Return the table of songs at an address.

    Parameters
    ----------
    session : SparkSession
        Of `open_session`.
    address : str
        File or folder of Parquet, CSV, TSV or JSON lines: a path, or ``file://``, ``hdfs://``, ``s3a://``.
    text : callable
        Asked for the form of text files, with the name of the first and up to a mebibyte of its beginning.

    Raises
    ------
    UnreadableTable
        Where nothing is there, or files of several formats or shapes.
    """
    return SparkCatalogue(found_source(session, address, text))


def simulated_catalogue(
    session: SparkSession, make: Callable[[range], pl.DataFrame], n_rows: int, *, name: str = "simulated"
) -> SparkCatalogue:
    """Return a catalogue that the executors make up.

    Parameters
    ----------
    session : SparkSession
    make : callable
        Returns the rows of a range of row numbers, which depend on these alone; sent to the executors.
    n_rows : int
        At least 1.
    name : str
        Name of the catalogue in its `Origin`.
    """
    return SparkCatalogue(simulated_source(session, make, n_rows, name))


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """A stage that was made: its packed rows, and how they come from the rows as they stand."""

    frame: DataFrame
    chain: tuple[Link, ...]


class SparkCatalogue:
    """A table of songs on Spark (`songatlas.catalogue.Catalogue`).

    Attributes
    ----------
    session : SparkSession
    origin : Origin
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._stages: dict[str, _Stage] = {}
        self._points: list[SparkPoints] = []
        self._n_rows: int | None = None
        self.session = source.session

    @property
    def origin(self) -> Origin:
        """Where it came from."""
        return self._source.origin

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        if self._n_rows is None:
            self._n_rows = self._source.count()
        return self._n_rows

    def look(self, n_rows: int) -> pl.DataFrame:
        """Return about `n_rows` rows as they stand, spread over all; every row, in order, if no more."""
        return self._source.sample(min(1.0, n_rows / max(self.n_rows, 1)))

    def stage(
        self, name: str, make: RowMaker, *, of: str, tell: Progress, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Make a stage of another, keep it, and return the answers of all parts."""
        frame, reading = self._read(of, columns)
        made = mapped(frame, Made(reading=reading, make=make), STAGE).persist()
        table = self._run(made.where("answer IS NOT NULL").select("answer"), tell)
        link = (make, None if columns is None else tuple(columns))
        chain = () if of == ROWS else self._stages[of].chain
        replaced = self._stages.pop(name, None)
        self._stages[name] = _Stage(frame=made, chain=(*chain, link))
        if replaced is not None:
            replaced.frame.unpersist()
        return self._united(table, lambda: make(self._empty(of, columns))[1])

    def collect(
        self, task: RowTask, *, of: str, name: str, tell: Progress, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Return the answers of all parts."""
        frame, reading = self._read(of, columns)
        answers = mapped(frame, Answered(reading=reading, task=task), ANSWERS)
        return self._united(self._run(answers, tell), lambda: task(self._empty(of, columns)))

    def shared_keys(self, column: str, *, of: str, tell: Progress) -> NDArray[np.uint64]:
        """Return, sorted, the values that more than one row has in a column (UInt64, null for none)."""
        frame, reading = self._read(of, [column])
        keys = mapped(frame, Keyed(reading=reading, column=column), KEYS)
        shared = keys.groupBy("key").count().where("count > 1").select("key")
        found: NDArray[np.int64] = self._run(shared, tell, n_stages=2).column(0).to_numpy()
        return np.sort(found.view(np.uint64))

    def gathered(self, pick: RowTask, group: RowTask, *, of: str, name: str, tell: Progress) -> pl.DataFrame:
        """Bring together rows that have a key in common, and return what `group` answers of them."""
        frame, reading = self._read(of, None)
        n_buckets = 2 + self.n_rows // ROWS_A_BUCKET
        picked = mapped(frame, Picked(reading=reading, pick=pick, n_buckets=n_buckets), PICKED)
        answers = mapped(picked.repartition(n_buckets, "bucket"), Grouped(task=group), ANSWERS)
        return self._united(self._run(answers, tell, n_stages=2), lambda: group(pick(self._empty(of, None))))

    def keep_points(
        self,
        make: Callable[[pl.DataFrame], NDArray[np.float32]],
        more: NDArray[np.float32],
        *,
        of: str,
        tell: Progress,
        columns: Sequence[str] | None = None,
    ) -> SparkPoints:
        """Make points of every part, ``(at most n_rows, n_dimensions)``, and keep them with `more`."""
        frame, reading = self._read(of, columns)
        blocks = mapped(frame, Pointed(reading=reading, make=make), BLOCKS)
        if len(more):
            blocks = blocks.union(blocks_frame(self.session, more))
        points = SparkPoints(self.session, blocks, tell=tell, n_rows=self.n_rows)
        self._points.append(points)
        return points

    def write(
        self, label: RowTask, added: Mapping[str, pl.DataType], folder: str, *, of: str, tell: Progress
    ) -> tuple[str, ...]:
        """Write every row as it stands with what `label` answers of it, as Parquet, and return the files.

        The executors read the rows again and make the stage of them again, which costs less than to bring
        rows and labels together. There is a file for each part that Spark reads, under a name that Spark
        gives it: rows of one file of the input come in their order, its parts and other files in any order.
        Columns that stood in names of folders stand there again.

        Parameters
        ----------
        label, added, of, tell
            See `songatlas.catalogue.Catalogue`.
        folder : str
            A path that all executors share with this machine, or ``hdfs://``, ``s3a://``.

        Raises
        ------
        BadSettings
            Where files are in the folder already.
        """
        folder = with_scheme(folder)
        frame, reading = self._source.read()
        chain = () if of == ROWS else self._stages[of].chain
        task = Labelled(reading=reading, chain=chain, label=label, added=dict(added))
        labelled = mapped(frame, task, self._labelled_schema(added))
        if files_at(self.session, folder):
            raise BadSettings(f"{folder} has files already: give a new folder, or remove that one")
        # What a killed run left there is hidden, as long as not all of it was written.
        writer = labelled.write.mode("overwrite").option(_SUCCESS_MARK, "false")
        if self._source.folders:
            writer = writer.partitionBy(*self._source.folders)
        run(self.session, lambda: writer.parquet(folder), tell=tell, n_rows=self.n_rows)
        _remove_checksums(folder)
        written = self.session.read.parquet(folder).inputFiles()
        root = unquote(folder).rstrip("/") + "/"
        return tuple(sorted(unquote(file).partition(root.partition("://")[2])[2] for file in written))

    def close(self) -> None:
        """Let executors forget what they keep of the catalogue; nothing can be asked afterwards."""
        for points in self._points:
            points.close()
        for stage in self._stages.values():
            stage.frame.unpersist()
        self._source.close()
        self._points, self._stages = [], {}

    def _read(self, of: str, columns: Sequence[str] | None) -> tuple[DataFrame, Reading]:
        """Return what executors read for rows of a stage, and how."""
        if of == ROWS:
            return self._source.read(columns)
        rows = self._stages[of].frame.where("rows IS NOT NULL").select("rows")
        return rows, Reading(names=None, columns=None if columns is None else tuple(columns))

    def _run(self, frame: DataFrame, tell: Progress, *, n_stages: int = 1) -> pa.Table:
        """Fetch a (small) frame, and tell how it goes."""
        return run(self.session, lambda: fetched(frame), tell=tell, n_rows=self.n_rows, n_stages=n_stages)

    def _united(self, table: pa.Table, none: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """Return packed answers as one frame; `none` answers where there was nothing to ask of."""
        frames = [unpacked(answer) for answer in answers_of(table)]
        return united(frames) if frames else none()

    def _empty(self, of: str, columns: Sequence[str] | None) -> pl.DataFrame:
        """Return no rows of a stage."""
        rows = self._source.sample(0.0)
        for make, _ in () if of == ROWS else self._stages[of].chain:
            rows, _ = make(rows)
        there = [name for name in columns or () if name in rows.columns]
        return rows.select(there) if there else rows

    def _labelled_schema(self, added: Mapping[str, pl.DataType]) -> Any:
        """Return the schema of the rows as they stand with the columns that are added."""
        from pyspark.sql.pandas.types import from_arrow_schema
        from pyspark.sql.types import StructType

        more = from_arrow_schema(plain(pl.DataFrame(schema=dict(added))).schema, prefer_timestamp_ntz=True)
        fields = {field.name: field for field in (*self._source.schema.fields, *more.fields)}
        return StructType(list(fields.values()))


def let_go(catalogue: SparkCatalogue) -> None:
    """Close a catalogue as far as Spark still answers: a run may end because it does not."""
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]
    from pyspark.errors import PySparkException

    with muted(), suppress(Py4JError, PySparkException, OSError, SongAtlasError):
        catalogue.close()


def _remove_checksums(folder: str) -> None:
    """Remove what Hadoop puts beside every file of a folder that this machine sees."""
    scheme, _, path = folder.partition("://")
    if scheme == "file":
        for file in Path(path).rglob(".*.crc"):
            file.unlink(missing_ok=True)
