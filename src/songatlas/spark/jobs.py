"""Jobs of Spark: how they are begun, watched and fetched, and what is said where one fails."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Final, TypeVar

import songatlas.errors
from songatlas.errors import SongAtlasError
from songatlas.progress import Progress, silent
from songatlas.spark.extra import SparkTrouble, quiet

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

T = TypeVar("T")

_TICK_S: Final = 0.25
_OURS: Final = re.compile(r"songatlas\.[\w.]*?(\w+): (.+)")
_LAST_LINE: Final = re.compile(r"^\s*((?:\w+\.)*\w*(?:Error|Exception)): (.+)$", re.MULTILINE)


def is_connect(session: SparkSession) -> bool:
    """Say whether a session is one of Spark Connect, which has no context."""
    return type(session).__module__.startswith("pyspark.sql.connect")


def mapped(frame: DataFrame, task: Callable[..., Any], form: Any) -> DataFrame:
    """Return what a task makes of the Arrow batches of every partition, in columns of the form."""
    with quiet():
        return frame.mapInArrow(task, form)


def fetched(frame: DataFrame) -> pa.Table:
    """Return all rows of a (small) frame."""
    with quiet():
        return frame.toArrow()


def run(
    session: SparkSession,
    job: Callable[[], T],
    *,
    tell: Progress = silent,
    n_rows: int | None = None,
    patience_s: float | None = None,
) -> T:
    """Do a job in a thread of its own, tell of it, and raise its errors in words for a person.

    Parameters
    ----------
    session : SparkSession
    job : callable
    tell : callable
        Told the share of tasks that are done and, where `n_rows` is given, the rows a second.
    n_rows : int, optional
        Rows that the job goes over.
    patience_s : float, optional
        Seconds after which the job is given up; for ever by default.

    Raises
    ------
    SongAtlasError
        That which a task raised; `SparkTrouble` for any other failure.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []
    ended = Event()

    def work() -> None:
        try:
            outcome.append(job())
        except BaseException as error:  # noqa: BLE001 - raised again below
            failure.append(error)
        ended.set()

    start = time.monotonic()
    watch = _Watch(session)
    Thread(target=work, daemon=True).start()
    try:
        while not ended.wait(_TICK_S):
            seconds = time.monotonic() - start
            if patience_s is not None and seconds > patience_s:
                raise SparkTrouble(_UNANSWERED.format(seconds=seconds))
            _tell(tell, watch.share(), n_rows, seconds)
    except BaseException:
        session.interruptAll()
        raise
    finally:
        watch.close()
    if failure:
        raise told_error(failure[0]) from failure[0]
    _tell(tell, 1.0, n_rows, time.monotonic() - start)
    return outcome[0]


_UNANSWERED: Final = (
    "the Spark cluster gave no answer in {seconds:.0f} s: no worker may be free or have enough memory; look "
    "at the page of the master, or ask for less by --spark-conf spark.executor.memory=1g"
)


def _tell(tell: Progress, share: float, n_rows: int | None, seconds: float) -> None:
    """Tell of a share that is done, with rows a second where their number is known."""
    rate = f"{share * n_rows / max(seconds, 1e-9):,.0f} rows a second" if n_rows else ""
    tell(share, rate)


class _Watch:
    """What share of the tasks of the running stages is done."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._share = 0.0
        self._connect = is_connect(session)
        if self._connect:
            self._session.registerProgressHandler(self._on_progress)

    def close(self) -> None:
        """Watch no longer."""
        if self._connect:
            self._session.removeProgressHandler(self._on_progress)

    def share(self) -> float:
        """Return the share, which never falls."""
        if not self._connect:
            tracker = self._session.sparkContext.statusTracker()
            stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
            self._see([(stage.numTasks, stage.numCompletedTasks) for stage in stages if stage is not None])
        return self._share

    def _on_progress(self, stages: Any, *_: Any, **__: Any) -> None:
        """Hear from a server of Spark Connect."""
        self._see([(stage.num_tasks, stage.num_completed_tasks) for stage in stages or ()])

    def _see(self, stages: list[tuple[int, int]]) -> None:
        """Take the numbers of tasks and of those that are done."""
        if n_tasks := sum(tasks for tasks, _ in stages):
            self._share = max(self._share, sum(done for _, done in stages) / n_tasks)


def told_error(error: BaseException) -> BaseException:
    """Return what to raise for a failed job: the error of songatlas that a task raised, else one that tells.

    Parameters
    ----------
    error : BaseException
        What PySpark raised; its text has the traceback of the executor.
    """
    if isinstance(error, SongAtlasError) or not isinstance(error, Exception):
        return error
    text = str(error)
    for name, words in _OURS.findall(text):
        kind = getattr(songatlas.errors, name, None)
        if isinstance(kind, type) and issubclass(kind, SongAtlasError):
            return kind(words)
    if "No module named 'songatlas" in text:
        return SparkTrouble(
            "an executor of Spark has no songatlas: install it on every worker, pip install "
            "'songatlas[spark]' with the Python that runs there, or name another by "
            "--spark-conf spark.pyspark.python=PATH"
        )
    if "PYTHON_VERSION_MISMATCH" in text:
        return SparkTrouble(
            "the executors of Spark run another Python version than this one: name one that fits by "
            "--spark-conf spark.pyspark.python=PATH, the same path on every worker"
        )
    lines = _LAST_LINE.findall(text)
    reason = ": ".join(lines[0]) if lines else text.strip().splitlines()[0] if text.strip() else repr(error)
    return SparkTrouble(f"Spark could not finish the job ({reason}): the logs of its executors say more")
