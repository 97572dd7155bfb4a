"""Jobs of Spark: how they are begun, watched and fetched, and what is said where one fails."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Final, TypeVar

import songatlas.errors
from songatlas import __version__
from songatlas.errors import SongAtlasError
from songatlas.progress import Progress, silent
from songatlas.spark.extra import SparkTrouble, muted, quiet

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

T = TypeVar("T")

_TICK_S: Final = 0.25
_OURS: Final = re.compile(r"songatlas\.[\w.]*?(\w+): (.+)")
_JAVA: Final = re.compile(r"^(?:Caused by)?: ((?:\w+\.)+[\w$]+)(?:: (.+))?$", re.MULTILINE)
_LAST_LINE: Final = re.compile(r"^\s*((?:\w+\.)*\w*(?:Error|Exception)): (.+)$", re.MULTILINE)


def is_connect(session: SparkSession) -> bool:
    """Say whether a session is one of Spark Connect, which has no context."""
    return type(session).__module__.startswith("pyspark.sql.connect")


def mapped(frame: DataFrame, task: Callable[..., Any], form: Any) -> DataFrame:
    """Return what a task makes of the Arrow batches of every partition, in columns of the form.

    Each task asks its executor for the version of songatlas there, before anything of it is unpickled.
    """
    with quiet():
        from pyspark import cloudpickle

        content: bytes = cloudpickle.dumps(task)  # type: ignore[no-untyped-call]
        return frame.mapInArrow(_checked(content, __version__), form)


def _checked(content: bytes, version: str) -> Callable[[Any], Any]:
    """Return a task that refuses another version; it is sent as a whole, so that any executor has it."""

    def checked(batches: Any) -> Any:
        import pickle
        import platform
        import sys

        from songatlas import __version__ as found

        if found != version:
            raise RuntimeError(
                f"songatlas.SparkTrouble: the executor on {platform.node()} ({sys.executable}) has songatlas "
                f"{found}, and this is {version}: install the same on every worker, {sys.executable} -m pip "
                f"install 'songatlas[spark]=={version}', or name a Python that has it by --spark-conf "
                "spark.pyspark.python=PATH"
            )
        return pickle.loads(content)(batches)  # noqa: S301 - what the driver sent

    return checked


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
    n_stages: int = 1,
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
    n_stages : int
        Stages of Spark that it takes, where there is a shuffle in it.

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
    watch = _Watch(session, n_stages=n_stages)
    Thread(target=work, daemon=True).start()
    try:
        while not ended.wait(_TICK_S):
            seconds = time.monotonic() - start
            if patience_s is not None and seconds > patience_s:
                raise SparkTrouble(_UNANSWERED.format(seconds=seconds))
            _tell(tell, watch.share(), n_rows, seconds)
    except BaseException:
        with muted():
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

    def __init__(self, session: Any, *, n_stages: int) -> None:
        self._session = session
        self._share = 0.0
        self._n_stages = n_stages
        self._stages: dict[int, float] = {}
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
            self._see(
                {one.stageId: (one.numTasks, one.numCompletedTasks) for one in stages if one is not None}
            )
        return self._share

    def _on_progress(self, stages: Any, *_: Any, **__: Any) -> None:
        """Hear from a server of Spark Connect."""
        self._see({one.stage_id: (one.num_tasks, one.num_completed_tasks) for one in stages or ()})

    def _see(self, stages: dict[int, tuple[int, int]]) -> None:
        """Take the numbers of tasks, and of those that are done, of stages that run; others have ended."""
        self._stages = {**dict.fromkeys(self._stages, 1.0)} | {
            stage: done / tasks for stage, (tasks, done) in stages.items() if tasks
        }
        n_stages = max(self._n_stages, len(self._stages))
        self._share = max(self._share, sum(self._stages.values()) / n_stages)


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
        kind = SparkTrouble if name == "SparkTrouble" else getattr(songatlas.errors, name, None)
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
    return SparkTrouble(
        f"Spark could not finish the job ({_reason(text) or repr(error)}): the logs of its executors say more"
    )


def _reason(text: str) -> str:
    """Return what a failure was: the error of Python, else the innermost one of Java, else its first line."""
    if lines := _LAST_LINE.findall(text):
        return ": ".join(lines[0])
    if found := _JAVA.findall(text):
        kind, words = found[-1]
        return f"{kind.rpartition('.')[2]}: {words}" if words else kind.rpartition(".")[2]
    return text.strip().splitlines()[0] if text.strip() else ""
