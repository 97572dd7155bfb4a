"""CPU time and peak memory of a process with all that it starts: a JVM, workers of Python. Linux alone.

Processes are looked at every `EVERY_S`. What one that ended had used stands with the process that waited for
it; of one that nobody of the tree waited for (a JVM that outlives its Python) counts what it was last seen
with, and nothing of one that was never seen below its parent. Memory is the proportional share (PSS): pages
that several processes share count once.
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
LINGER_S = 10.0  # a JVM ends after the Python that started it
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Spent:
    """What a process and all its children used: CPU seconds, the most bytes of memory and disk at a time.

    `course` tells the CPU seconds used up to some times of `time.monotonic`, a pair for each look.
    """

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_bytes: int = 0
    most_on_disk: int = 0
    stdout: str = ""
    course: list[tuple[float, float]] = field(default_factory=list)


@dataclass
class _Tree:
    """The processes below a root, and the CPU seconds of those that ended unseen by any of them."""

    root: int
    known: set[tuple[int, str]] = field(default_factory=set)
    ended_s: float = 0.0
    living_s: float = 0.0
    root_s: float = 0.0

    def look(self) -> float:
        """Look at all processes; return the CPU seconds that the tree has used so far."""
        found = _processes()
        self.known = {each for each in self.known if each in found}
        self.known |= {each for each in found if each[0] == self.root}
        grown = True
        while grown:
            pids = {pid for pid, _ in self.known}
            more = {each for each, (parent, _) in found.items() if parent in pids} - self.known
            self.known |= more
            grown = bool(more)
        living = sum(found[each][1] for each in self.known)
        self.root_s = max([self.root_s, *(found[each][1] for each in self.known if each[0] == self.root)])
        self.ended_s += max(0.0, self.living_s - living)
        self.living_s = living
        return self.ended_s + living


def cpu_of_tree(root: int) -> float:
    """CPU seconds of a process, of all that it started and of what these have waited for."""
    return _Tree(root).look()


def memory_of_tree(root: int) -> int:
    """Bytes of memory of a process and of all that it started, as they are now."""
    tree = _Tree(root)
    tree.look()
    return sum(_memory(pid) for pid, _ in tree.known)


def cpu_until(course: Sequence[tuple[float, float]], moment: float) -> float:
    """CPU seconds used up to a time of `time.monotonic`, on a straight line between two looks."""
    before = (course[0][0], 0.0)
    for at, used in course:
        if at >= moment:
            share = (moment - before[0]) / (at - before[0]) if at > before[0] else 1.0
            return before[1] + max(0.0, share) * (used - before[1])
        before = (at, used)
    return before[1]


def run_measured(command: Sequence[str], *, environment: Mapping[str, str], folder: Path) -> Spent:
    """Run a command that writes into a folder, and measure it; `CalledProcessError` where it fails."""
    spent = Spent(course=[(time.monotonic(), 0.0)])
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - a benchmark of this very folder
        command, env=dict(environment), stdout=subprocess.PIPE, text=True
    )
    tree, done = _Tree(process.pid), threading.Event()
    watching = threading.Thread(target=_watch, args=(tree, folder, spent, done))
    watching.start()
    spent.stdout = process.communicate()[0]
    spent.wall_s = time.perf_counter() - begun
    done.set()
    watching.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    waited = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    spent.cpu_s = spent.course[-1][1] + max(0.0, waited - tree.root_s)
    spent.course.append((time.monotonic(), spent.cpu_s))
    return spent


def _watch(tree: _Tree, folder: Path, spent: Spent, done: threading.Event) -> None:
    """Look at a process and its children until it is done, and those that outlive it are, too."""
    latest = None
    while latest is None or (tree.known and time.monotonic() < latest):
        if done.wait(EVERY_S):
            latest = latest or time.monotonic() + LINGER_S
            time.sleep(EVERY_S / 4)
        spent.course.append((time.monotonic(), tree.look()))
        spent.most_on_disk = max(spent.most_on_disk, _on_disk(folder))
        spent.peak_bytes = max(spent.peak_bytes, sum(_memory(pid) for pid, _ in tree.known))


def _processes() -> dict[tuple[int, str], tuple[int, float]]:
    """Number and start of every process -> its parent; CPU seconds of it and of those it waited for."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        fields = text.rpartition(")")[2].split()
        cpu = sum(map(int, fields[11:15])) / _TICKS
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
