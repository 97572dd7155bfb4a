"""CPU time and peak memory of a process with all that it starts: a JVM, workers of Python. Linux alone.

Processes are looked at every `EVERY_S`; what one that ended had used is what it was last seen with. Memory is
the proportional share (PSS): pages that several processes share count once.
"""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

EVERY_S = 0.2
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Spent:
    """What a process and all its children used: CPU seconds, the most bytes of memory and disk at a time."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_bytes: int = 0
    most_on_disk: int = 0
    stdout: str = ""
    _seen: dict[tuple[int, str], float] = field(default_factory=dict)


def run_measured(command: Sequence[str], *, environment: Mapping[str, str], folder: Path) -> Spent:
    """Run a command that writes into a folder, and measure it; `CalledProcessError` where it fails."""
    spent = Spent()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - a benchmark of this very folder
        command, env=dict(environment), stdout=subprocess.PIPE, text=True
    )
    done = threading.Event()
    watching = threading.Thread(target=_watch, args=(process.pid, folder, spent, done))
    watching.start()
    spent.stdout = process.communicate()[0]
    spent.wall_s = time.perf_counter() - begun
    done.set()
    watching.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    waited = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    spent.cpu_s = max(sum(spent._seen.values()), waited)
    return spent


def _watch(root: int, folder: Path, spent: Spent, done: threading.Event) -> None:
    """Look at a process and its children until it is done."""
    known: set[tuple[int, str]] = set()
    while not done.wait(EVERY_S):
        found = _processes()
        known = {each for each in known if each in found}
        known |= {each for each in found if each[0] == root}
        grown = True
        while grown:
            pids = {pid for pid, _ in known}
            more = {each for each, (parent, _) in found.items() if parent in pids} - known
            known |= more
            grown = bool(more)
        for each in known:
            spent._seen[each] = found[each][1]
        spent.most_on_disk = max(spent.most_on_disk, _on_disk(folder))
        spent.peak_bytes = max(spent.peak_bytes, sum(_memory(pid) for pid, _ in known))


def _processes() -> dict[tuple[int, str], tuple[int, float]]:
    """Number and start of every process -> its parent, and the CPU seconds it has used."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        fields = text.rpartition(")")[2].split()
        cpu = (int(fields[11]) + int(fields[12])) / _TICKS
        found[int(entry.name), fields[19]] = int(fields[1]), cpu
    return found


def _on_disk(folder: Path) -> int:
    """Bytes of all files below a folder, from which files may vanish meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).stat().st_size
            except OSError:
                continue
    return total


def _memory(pid: int) -> int:
    """Bytes of memory of a process, shared ones in part; 0 once it is gone."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return 1024 * int(line.split()[1])
    except OSError:
        return 0
    return 0
