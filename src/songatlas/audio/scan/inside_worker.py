"""What runs in a worker process: one task a line on stdin, one answer a line on stdout, both JSON.

A worker knows three tasks: `payload` (hash of the sound), `analyse` (everything), `tags` (what is written in
the file). What a decoder prints goes nowhere. An error that nobody expected ends the process after one last
line with its reason, so that it costs one file. A worker ends when its parent does: its stdin closes, and
where a decoder holds the interpreter, a timer ends it.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, BinaryIO, Final

from songatlas.audio.file_tags import read_file_tags
from songatlas.audio.payload import payload_hash

MOST_MEMORY: Final = 2 << 30
"""Bytes that a worker may ask for; a damaged header may promise any amount."""
_GRACE_S: Final = 20.0

Task = dict[str, Any]
Content = dict[str, Any]


def main() -> None:
    """Answer tasks until stdin closes."""
    answers = _own_stdout()
    _limit_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole family; the parent decides
    sys.excepthook = _last_words(answers)
    tasks: SimpleQueue[Task] = SimpleQueue()
    Thread(target=_read_tasks, args=(tasks,), daemon=True).start()
    analyse = import_module(sys.argv[2]).analyse
    _send(answers, {"is": "ready"})
    while True:
        task = tasks.get()
        faulthandler.dump_traceback_later(task["limit_s"] + _GRACE_S, exit=True, file=sys.stderr)
        content = _answer(task, analyse)
        faulthandler.cancel_dump_traceback_later()
        _send(answers, content | {"memory": _memory()})


def _answer(task: Task, analyse: Callable[[str], Any]) -> Content:
    """Do one task; a file that cannot be opened, or changes meanwhile, is part of the answer."""
    path = task["path"]
    try:
        before = _stamp(path)
        if task["do"] == "payload":
            found: Content = {"is": "payload", "payload": payload_hash(path), "stamp": before}
        elif task["do"] == "tags":
            found = {"is": "tags", "file_tags": asdict(read_file_tags(path))}
        else:
            found = {"is": "analysis", **asdict(analyse(path))}
        after = _stamp(path)
    except FileNotFoundError:
        return {"is": "gone"}
    except OSError as error:
        return {"is": "closed", "reason": _reason(error)}
    if before != after or task["stamp"] not in (None, list(before)):
        return {
            "is": "closed",
            "reason": "the file was changed while it was read; the next scan reads it again",
        }
    return found


def _stamp(path: str) -> tuple[int, int]:
    """Size and time of change, which tell that a file is another one."""
    found = os.stat(path)  # noqa: PTH116 (the name may be no text)
    return found.st_size, found.st_mtime_ns


def _reason(error: OSError) -> str:
    """Why a file cannot be opened, in plain words."""
    return f"it cannot be opened: {(error.strerror or type(error).__name__).lower()}"


def _own_stdout() -> BinaryIO:
    """Take stdout for answers; whatever else prints writes into nothing from now on."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    return answers


def _limit_memory() -> None:
    """Let a request for absurd memory fail here rather than take the machine's."""
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = MOST_MEMORY if hard == resource.RLIM_INFINITY else min(MOST_MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _memory() -> int:
    """Bytes that this process holds in memory; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * int(os.sysconf("SC_PAGE_SIZE"))


def _read_tasks(tasks: SimpleQueue[Task]) -> None:
    """Pass tasks on; end at once when the parent has closed stdin or is dead."""
    for line in sys.stdin.buffer:
        tasks.put(json.loads(line))
    os._exit(0)


def _last_words(answers: BinaryIO) -> Callable[..., None]:
    """What is done with an error that nobody expected: tell its kind, and end."""

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        words = " ".join(str(error).split())[:200]
        reason = f"{kind.__name__}: {words}" if words else kind.__name__
        if issubclass(kind, MemoryError):
            reason = f"it needs more than {MOST_MEMORY >> 30} GB of memory"
        _send(answers, {"is": "last words", "reason": reason})
        os._exit(1)

    return tell


def _send(answers: BinaryIO, content: Mapping[str, Any]) -> None:
    """Write one line whole."""
    line = json.dumps(content, allow_nan=False, default=lambda number: number.item()).encode() + b"\n"
    while line:
        line = line[answers.write(line) :]
