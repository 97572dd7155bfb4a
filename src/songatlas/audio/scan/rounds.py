"""The order of a scan: which file a worker gets next, and what is kept of its answer.

Of every file a worker first makes the hash of its sound. Where that sound is known, the worker reads the tags
and no more; where another worker is just measuring it, the file waits for that; else it is measured. A file
whose worker died is tried once more at the end, alone, by a fresh worker; then it has crashed.
"""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from songatlas.audio.listing import AudioFile
from songatlas.audio.scan.store import Store, StoredFile, StoredSound
from songatlas.audio.scan.workers import Answer, Crew, Worker

_HEARD: Final = frozenset({"ok", "partial", "silent", "too short"})
"""Outcomes that say something of the sound."""
_SHARED: Final = "ok"
"""The outcome that all files of one sound share; a damaged header beside good sound is one file's own."""
_BYTES_A_SECOND: Final = 2 << 20
"""Slowest disk or network that a file is granted more time for."""
_ALWAYS: Final = 0.0
_TICK_S: Final = 0.5


@dataclass
class _Job:
    """A file on its way."""

    file: AudioFile
    is_alone: bool = False
    payload: str | None = None
    known_outcome: str = ""


class Rounds:
    """Read files until every one has a row in the store.

    Parameters
    ----------
    folder : Path
        What the paths of the files are under.
    store : Store
        Written after every answer.
    crew : Crew
        Who reads.
    version : str
        Of the measurer.
    per_file_s : float
        Seconds that a file may take; large files get more.

    Attributes
    ----------
    n_done, n_heard, n_recognised : int
        Files that ended, that were measured, and whose sound was known.
    gone : list of str
        Files that were there when the scan began and are no more.
    """

    def __init__(self, folder: Path, *, store: Store, crew: Crew, version: str, per_file_s: float) -> None:
        self.n_done = self.n_heard = self.n_recognised = 0
        self.gone: list[str] = []
        self._folder, self._store, self._crew = folder, store, crew
        self._version, self._per_file_s = version, per_file_s
        self._next: deque[_Job] = deque()
        self._alone: deque[_Job] = deque()
        self._jobs: dict[Worker, _Job] = {}
        self._waiting: defaultdict[str, list[_Job]] = defaultdict(list)

    def run(self, files: Iterable[AudioFile], *, tell: Callable[[], None]) -> None:
        """Read the files; `tell` is called about twice a second and after every answer."""
        self._next.extend(_Job(file) for file in files)
        while True:
            self._hand_out()
            if not (self._jobs or self._next or self._alone):
                return
            answer = self._crew.hear(_TICK_S)
            if answer is not None:
                self._take(answer)
            tell()

    def _hand_out(self) -> None:
        """Give every idle worker a file; those to be tried alone when nobody works."""
        if not self._next and not self._jobs and self._alone:
            self._crew.dismiss()
            job = self._alone.popleft()
            job.is_alone = True
            self._next.append(job)
        only_one = bool(self._next) and self._next[0].is_alone
        self._crew.hire(1 if only_one else len(self._next) + len(self._jobs))
        for worker in self._crew.idle():
            self._crew.rest(worker)
        for worker in self._crew.idle():
            while self._next and worker not in self._jobs:
                self._start(self._next.popleft(), worker)

    def _start(self, job: _Job, worker: Worker) -> None:
        """Give a worker the first task of a file, or the next of one that waited."""
        if job.payload is None:
            self._ask(worker, job, "payload")
        else:
            self._know(job, worker, job.payload)

    def _ask(self, worker: Worker, job: _Job, what: str) -> None:
        """Give a worker one task of a job."""
        stamp = None if what == "payload" else [job.file.size, job.file.mtime_ns]
        task = {"do": what, "path": str(self._folder / job.file.path), "stamp": stamp}
        self._jobs[worker] = job
        worker.ask(task, limit_s=self._per_file_s + job.file.size / _BYTES_A_SECOND)

    def _take(self, answer: Answer) -> None:
        """Keep what a worker answered, or give it the next task of the same file."""
        job = self._jobs.pop(answer.worker)
        content = answer.content
        if content is None:
            self._died(job, answer)
        elif content["is"] == "gone":
            self.gone.append(job.file.path)
            self._let_go(job)
        elif content["is"] == "closed":
            self._put(job, "unreadable", content["reason"], retry_above_s=_ALWAYS)
            self._let_go(job)
        elif content["is"] == "payload":
            size, mtime_ns = content["stamp"]  # a long scan meets files that changed since it began
            job.file = replace(job.file, size=size, mtime_ns=mtime_ns)
            self._know(job, answer.worker, content["payload"])
        elif content["is"] == "tags":
            self.n_recognised += 1
            self._put(job, job.known_outcome, None, tags=content["file_tags"])
        else:
            self._analysed(job, content)

    def _know(self, job: _Job, worker: Worker, payload: str) -> None:
        """The sound of a file has its hash: read its tags, wait, or measure it."""
        job.payload = payload
        sound = self._store.sound(payload, self._version)
        if sound is not None:
            job.known_outcome = sound.outcome
            self._ask(worker, job, "tags")
        elif payload in self._waiting:
            self._waiting[payload].append(job)
        else:
            self._waiting[payload] = []
            self._ask(worker, job, "analyse")

    def _analysed(self, job: _Job, content: dict[str, Any]) -> None:
        """A file was measured: keep it, and its sound for all files that hold it."""
        outcome, tags = content["outcome"], content["file_tags"]
        of_sound = [each for each in content["problems"] if each not in tags.get("problems", ())]
        reason = joined(content["reason"], *of_sound)
        self.n_heard += 1
        if outcome in _HEARD and job.payload is not None:
            own = job.payload if outcome == _SHARED else own_sound(job.payload, job.file.path)
            numbers = {name: value for name, value in content.items() if name not in _NO_NUMBERS}
            sound = StoredSound(
                payload=own, version=self._version, outcome=outcome, reason=reason, numbers=numbers
            )
            self._put(job, outcome, None, tags=tags, sound=sound)
        else:
            self._put(job, outcome, reason, tags=tags)
        self._let_go(job)

    def _died(self, job: _Job, answer: Answer) -> None:
        """A worker died of a file: try it once more alone, then never again."""
        if not job.is_alone:
            self._alone.append(_Job(job.file))
        else:
            retry = _ALWAYS if answer.killed_from_outside else None
            if answer.over_limit_s is not None:
                retry = self._per_file_s
            self._put(job, "crashed", answer.reason, retry_above_s=retry)
        self._let_go(job)

    def _put(
        self,
        job: _Job,
        outcome: str,
        reason: str | None,
        *,
        tags: dict[str, Any] | None = None,
        sound: StoredSound | None = None,
        retry_above_s: float | None = None,
    ) -> None:
        """Keep a file in the store."""
        tags = dict(tags or {})
        reason = joined(reason, *tags.pop("problems", ()))
        payload = sound.payload if sound is not None else job.payload
        if payload is None:  # one that cannot be opened today keeps its sound for tomorrow
            before = self._store.file(job.file.path)
            payload = before.payload if before else None
        stored = StoredFile(
            path=job.file.path,
            size=job.file.size,
            mtime_ns=job.file.mtime_ns,
            version=self._version,
            payload=payload,
            outcome=outcome,
            reason=reason,
            retry_above_s=retry_above_s,
            file_tags=tags,
        )
        self._store.put(stored, sound)
        self.n_done += 1

    def _let_go(self, job: _Job) -> None:
        """Let the files that waited for this one's sound go on: one of them measures where it failed."""
        if job.payload is not None:
            self._next.extend(self._waiting.pop(job.payload, ()))


_NO_NUMBERS: Final = frozenset({"is", "outcome", "reason", "problems", "file_tags"})


def own_sound(payload: str, path: str) -> str:
    """Return the name in the store of a sound that one file alone has; begins with its hash and a colon."""
    return f"{payload}:{os.fsencode(path).hex()}"


def sound_of(file: StoredFile) -> str | None:
    """Return the hash of the sound of a file; None where it is not known."""
    return file.payload.partition(":")[0] if file.payload else None


def joined(*reasons: str | None) -> str | None:
    """Reasons in one line; None where there are none."""
    return "; ".join(reason for reason in reasons if reason) or None
