"""A crew of worker processes, each of which does one task at a time and may die of it.

Workers are started afresh (not forked), with one thread for linear algebra each, talk over pipes, and end
when the parent ends, however it does. A worker that dies or goes past its time costs the task that it had;
another one takes its place. (A pool of `concurrent.futures` would break as a whole.) Times are seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, BinaryIO, Final, Self, cast

from songatlas.errors import SongAtlasError

Content = dict[str, Any]

_ONE_THREAD: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
)
_START: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from songatlas.audio.scan.inside_worker import main; main()"
)
_MOST_FILES: Final = 1000
_MOST_MEMORY: Final = 700 << 20
_MOST_FAILED_STARTS: Final = 5
_MOST_START_S: Final = 120.0


class Worker:
    """One process, and the task that it has.

    Parameters
    ----------
    analyser : str
        Module whose function `analyse` measures a file.
    inbox : SimpleQueue
        Where its answers go, each with the worker; None when it has ended.
    """

    def __init__(self, analyser: str, inbox: SimpleQueue[tuple[Worker, Content | None]]) -> None:
        paths = json.dumps([str(Path(path).absolute()) for path in sys.path])
        self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and code)
            [sys.executable, "-P", "-c", _START, paths, analyser],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | dict.fromkeys(_ONE_THREAD, "1"),
        )
        self._tasks = cast(BinaryIO, self._process.stdin)
        self._answers = cast(BinaryIO, self._process.stdout)
        self.task: Content | None = None
        self.is_ready = False
        self.n_tasks = 0
        self.memory = 0
        self.last_words = ""
        self.over_limit_s: float | None = None
        self._deadline = time.monotonic() + _MOST_START_S
        self._inbox = inbox
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def ask(self, task: Content, *, limit_s: float) -> None:
        """Give it a task; a worker that has died meanwhile is told by its end."""
        self.task = task | {"limit_s": limit_s}
        self.n_tasks += 1
        self._deadline = time.monotonic() + limit_s
        try:
            self._tasks.write(json.dumps(self.task).encode() + b"\n")
            self._tasks.flush()
        except OSError:
            self.kill()

    def check_time(self) -> None:
        """Kill it where its task, or its start, takes too long."""
        is_at_work = self.task is not None or not self.is_ready
        if is_at_work and self.over_limit_s is None and time.monotonic() > self._deadline:
            self.over_limit_s = _MOST_START_S if self.task is None else self.task["limit_s"]
            self.kill()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def close(self) -> None:
        """End it, wait until it has ended and free its pipes."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._answers.close()
        with suppress(OSError):  # a task that nobody took may still be in the pipe
            self._tasks.close()

    def why_ended(self) -> str:
        """Why it died of its task, in words for the songs table."""
        if self.over_limit_s is not None:
            return f"it took longer than {self.over_limit_s:,.4g} s"
        if self.last_words:
            return self.last_words
        status = self._process.returncode
        if status < 0:
            return f"the decoder was killed (signal {-status})"
        return f"the decoder ended without an answer (status {status})"

    def was_killed_from_outside(self) -> bool:
        """Whether somebody else ended it, such as a system short of memory: no fault of the file."""
        return self.over_limit_s is None and not self.last_words and self._process.returncode in (-9, -15)

    def _read(self) -> None:
        """Pass its answers on, then its end."""
        for line in self._answers:
            if line.endswith(b"\n"):
                self._inbox.put((self, json.loads(line)))
        self._process.wait()
        self._inbox.put((self, None))


@dataclass(frozen=True)
class Answer:
    """What became of a task: its content, or None where the worker died of it, and why."""

    worker: Worker
    task: Content
    content: Content | None
    reason: str = ""
    over_limit_s: float | None = None
    killed_from_outside: bool = False


class Crew:
    """Up to `size` workers.

    Examples
    --------
    >>> with Crew(2, analyser="songatlas.audio.analysis") as crew:
    ...     crew.idle()
    []
    """

    def __init__(self, size: int, *, analyser: str) -> None:
        self.size = size
        self._analyser = analyser
        self._inbox: SimpleQueue[tuple[Worker, Content | None]] = SimpleQueue()
        self._workers: list[Worker] = []
        self._n_failed_starts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.dismiss()

    def idle(self) -> list[Worker]:
        """Workers that wait for a task."""
        return [worker for worker in self._workers if worker.is_ready and worker.task is None]

    def hire(self, wanted: int) -> None:
        """Start workers until there are `wanted`, at most `size`."""
        while len(self._workers) < min(wanted, self.size):
            try:
                self._workers.append(Worker(self._analyser, self._inbox))
            except OSError as error:
                if not self._workers:
                    raise SongAtlasError(
                        f"cannot start a process to read audio files ({error}): end other programs first"
                    ) from error
                self.size = len(self._workers)

    def dismiss(self) -> None:
        """End all workers, whatever they do."""
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.close()
        self._workers.clear()

    def hear(self, timeout: float) -> Answer | None:
        """Wait for the next answer, at most `timeout` seconds; None where there is none.

        Raises
        ------
        SongAtlasError
            If workers do not start at all.
        """
        for worker in self._workers:
            worker.check_time()
        try:
            worker, content = self._inbox.get(timeout=timeout)
        except Empty:
            return None
        if worker not in self._workers:
            return None
        if content is None:
            return self._bury(worker)
        kind = content["is"]
        if kind == "ready":
            worker.is_ready, self._n_failed_starts = True, 0
        elif kind == "last words":
            worker.last_words = content["reason"]
        elif worker.over_limit_s is None and worker.task is not None:
            worker.memory = content.pop("memory")
            task, worker.task = worker.task, None
            return Answer(worker, task, content)
        return None

    def rest(self, worker: Worker) -> None:
        """Send a worker home that has done much or holds much memory; another one will be hired."""
        if worker.task is None and (worker.n_tasks >= _MOST_FILES or worker.memory > _MOST_MEMORY):
            self._workers.remove(worker)
            worker.close()

    def _bury(self, worker: Worker) -> Answer | None:
        """Take a dead worker out, and answer for the task that it had."""
        self._workers.remove(worker)
        worker.close()
        if not worker.is_ready:
            self._n_failed_starts += 1
            if self._n_failed_starts >= _MOST_FAILED_STARTS:
                raise SongAtlasError(
                    f"the processes that read audio files do not start ({worker.why_ended()}): "
                    "see 'songatlas info' and install songatlas[audio] again"
                )
        if worker.task is None:
            return None
        return Answer(
            worker,
            worker.task,
            None,
            worker.why_ended(),
            worker.over_limit_s,
            worker.was_killed_from_outside(),
        )
