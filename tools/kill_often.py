"""Kill songatlas with signal 9, again and again, and look whether anything was lost or half written.

    python tools/kill_often.py [--kills 1000] [--command build --command assign ...] [--seed 0] [--quick]

Every command turns one output into another and back (two tables, two names, two playlists). It is killed at a
random moment from its first line on, or at a chosen call: each file that is opened for writing, each rename,
removal and exchange in the place of the outputs in turn. Afterwards the place must be, byte for byte, what it
was before or what a run to the end would make of it; then all goes on from there. Now and then a run ends by
itself: after it nothing hidden may lie about, and `songatlas verify` must find all well.

A process that has imported everything forks for each run, so that a kill costs about as much as the work
itself; some runs begin as a new process, so that imports are killed too. Prints one JSON object; ends with 1
where anything was wrong. Needs `os.fork`.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.util
import json
import os
import pkgutil
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

IN_A_ROW: Final = {
    "names": 3,
    "assign": 4,
    "playlist": 4,
    "playlists": 4,
    "build": 4,
    "beside": 4,
    "stream": 3,
    "figures": 1,
}
"""Commands, and how many kills of each come in a row; `beside` builds beside a person's own files."""

COLD, AIMED = 0.04, 0.5
"""Shares of the runs that begin as a new process, and that are killed at a chosen call."""

SONGS: Final = 130
WHOLE_RUN_EVERY: Final = 20
_EVENTS: Final = frozenset(
    {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "songatlas.exchange"}
)
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_LONGEST: Final = 300.0


def dress() -> None:
    """Import everything that commands need, and stop the clocks whose times stand in outputs."""
    from datetime import UTC, datetime

    import songatlas
    from songatlas.atlas import folders, making
    from songatlas.atlas.large import road

    for home in ("atlas", "cli", "figures", "playlists", "report", "songs", "streaming"):
        place = [f"{songatlas.__path__[0]}/{home}"]
        for module in pkgutil.walk_packages(place, f"songatlas.{home}."):
            importlib.import_module(module.name)

    noon = SimpleNamespace(now=lambda _zone: datetime(2026, 1, 1, 12, tzinfo=UTC))
    making.datetime = noon  # type: ignore[assignment, misc]
    road.time = SimpleNamespace(perf_counter=lambda: 0.0)  # type: ignore[assignment]
    exchange = folders.exchange

    def told(one: Path, other: Path) -> bool:
        sys.audit("songatlas.exchange", str(one), str(other))
        done = exchange(one, other)
        sys.audit("songatlas.exchange", str(one), str(other))
        return done

    folders.exchange = told


def run(words: Sequence[str]) -> int:
    """Run a command, or give a name to the first cluster, and return the status."""
    if words[0] == "name":
        from songatlas.atlas import Atlas
        from songatlas.atlas.names_keeping import keep_names

        keep_names(Path(words[1]), Atlas.load(words[1]), {0: words[2]})
        return 0
    from songatlas.cli import main

    sys.argv = ["songatlas", *words]
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def aim(place: str, at: int) -> Callable[[], int]:
    """Kill this process at the `at`-th call that changes something in a place; return what counts calls."""
    count = [0]

    def look(event: str, given: tuple[Any, ...]) -> None:
        if event == "open":
            if not (
                isinstance(given[0], str | os.PathLike) and isinstance(given[2], int) and given[2] & _WRITES
            ):
                return
        elif event not in _EVENTS:
            return
        within = event in ("os.remove", "os.rmdir") and given[-1] != -1  # named by the folder that is open
        if within or any(place in str(each) for each in given[:2]):
            count[0] += 1
            if count[0] == at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)
    return lambda: count[0]


@dataclass
class Course:
    """One command, the two states that it leads to, and what came of killing it."""

    name: str
    place: Path
    words: tuple[tuple[str, ...], tuple[str, ...]]
    states: list[dict[str, str]] = field(default_factory=list)
    now: int = 0
    n_calls: int = 0
    seconds: float = 1.0
    next_call: int = 0
    told: Counter[str] = field(default_factory=Counter)

    def state(self) -> dict[str, str]:
        """Every file in the place, by its content; work that is taken up again does not count."""
        return {
            path.relative_to(self.place).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.place.rglob("*"))
            if path.is_file() and not any(_is_work(part) for part in path.relative_to(self.place).parts)
        }

    def hidden(self) -> list[str]:
        """What lies about."""
        return [str(path) for path in self.place.rglob("*") if _is_work(path.name)]


def _is_work(name: str) -> bool:
    return name.startswith(".") or name.endswith(".partial")


def fork(
    words: Sequence[str], log: Path, *, place: Path, at: int = 0, after: float | None = None
) -> tuple[bool, int]:
    """Run in a fork that is killed at a call or after a time; return whether it was, and how many calls."""
    counts = log.with_suffix(".calls")
    pid = os.fork()
    if pid == 0:
        with log.open("w") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        calls = aim(str(place), at)
        status = run(words)
        counts.write_text(str(calls()))
        sys.stdout.flush()
        os._exit(status)
    ended = _wait(pid, after)
    if os.WIFSIGNALED(ended):
        return True, 0
    status = os.waitstatus_to_exitcode(ended)
    if status:
        raise RuntimeError(f"{' '.join(words)} ended with {status}: {log.read_text()[-2000:]}")
    return False, int(counts.read_text())


def _wait(pid: int, after: float | None) -> int:
    """Wait for a process, and kill it after some seconds."""
    begin = time.monotonic()
    while True:
        found, ended = os.waitpid(pid, os.WNOHANG)
        if found:
            return ended
        spent = time.monotonic() - begin
        if after is not None and spent >= after:
            os.kill(pid, signal.SIGKILL)
            return os.waitpid(pid, 0)[1]
        if spent > _LONGEST:
            os.kill(pid, signal.SIGKILL)
            raise RuntimeError("a run did not end")
        time.sleep(0.002)


def start(words: Sequence[str], log: Path, *, after: float) -> bool:
    """Run in a new process that is killed after some seconds; return whether it was."""
    with log.open("w") as out:
        child = subprocess.Popen(
            [sys.executable, __file__, "--run", json.dumps(list(words))], stdout=out, stderr=out
        )
        try:
            status = child.wait(after)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            return True
    if status:
        raise RuntimeError(f"{' '.join(words)} ended with {status}: {log.read_text()[-2000:]}")
    return False


def courses(folder: Path, names: Sequence[str], log: Path) -> list[Course]:
    """Make the tables, an atlas, and each command with both of its states."""
    tables = [folder / "one.csv", folder / "two.csv"]
    atlas = folder / "atlas"
    script = (
        "from songatlas import build_atlas\nfrom songatlas.demo import simulate_catalogue\n"
        f"for number, path in enumerate({[str(each) for each in tables]}):\n"
        f"    simulate_catalogue({SONGS} + 7 * number, seed=number).write_csv(path)\n"
        f"build_atlas({str(tables[0])!r}, k=3, threads=1).save({str(atlas)!r})\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    made = []
    for name in names:
        place = folder / name
        place.mkdir()
        if name == "names":
            shutil.copytree(atlas, place / "atlas")
        if name == "beside":
            (place / "out" / "figures").mkdir(parents=True)
            (place / "out" / "mine.txt").write_text("mine")
            (place / "out" / "figures" / "mine.png").write_text("mine")
        course = Course(name, place, _words(name, place, tables, atlas))
        for each in (0, 1):
            begin = time.monotonic()
            _, course.n_calls = fork(course.words[each], log, place=place)
            course.seconds, course.now = time.monotonic() - begin, each
            course.states.append(course.state())
        made.append(course)
        print(f"{name}: {course.seconds:.1f} s, {course.n_calls} calls", file=sys.stderr, flush=True)
    return made


def _words(
    name: str, place: Path, tables: Sequence[Path], atlas: Path
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return both command lines of a command."""

    def each(number: int) -> tuple[str, ...]:
        table, out = str(tables[number]), str(place / "out")
        built = ("build", table, "-o", out, "--k", "3", "--threads", "1")
        return {
            "names": ("name", str(place / "atlas"), ("One", "Two")[number]),
            "assign": ("assign", str(atlas), table, "-o", str(place / "placed.csv")),
            "playlist": ("playlist", str(atlas), "--cluster", str(number), "-o", str(place / "list.m3u8")),
            "playlists": ("playlist", str(atlas), "--all-clusters", "-o", out, "--songs", str(9 + number)),
            "build": (*built, "--no-figures"),
            "beside": (*built, "--no-figures"),
            "stream": (*built, "--no-figures", "--engine", "stream"),
            "figures": built,
        }[name]

    return each(0), each(1)


def kill_once(course: Course, rng: random.Random, log: Path) -> bool:
    """Begin to turn one state into the other, kill it, and look; return whether it could be killed."""
    to = 1 - course.now
    words, how = course.words[to], "timed"
    if rng.random() < COLD:
        how, killed = "cold", start(words, log, after=rng.uniform(0.0, course.seconds + 3.0))
    elif rng.random() < AIMED:
        course.next_call = course.next_call % (course.n_calls + 1) + 1
        how, (killed, _) = "aimed", fork(words, log, place=course.place, at=course.next_call)
    else:
        killed, _ = fork(words, log, place=course.place, after=rng.uniform(0.0, course.seconds))
    found = course.state()
    if found not in course.states:
        course.told["wrong"] += 1
        kept = course.place.with_name(f"wrong-{course.name}-{course.told['wrong']}")
        shutil.copytree(course.place, kept, symlinks=True)
        differ = sorted(
            name for name in {*found, *course.states[to]} if found.get(name) != course.states[to].get(name)
        )
        print(f"wrong: {course.name}, {how}, call {course.next_call}: {differ} in {kept}", file=sys.stderr)
        run_whole(course, log)
        return killed
    is_new = found == course.states[to]
    if killed:
        course.told["kills"] += 1
        course.told[how] += 1
        course.told["new" if is_new else "old"] += 1
    else:
        course.told["ended before"] += 1
        if not is_new:
            course.told["wrong"] += 1
    course.now = to if is_new else course.now
    return killed


def run_whole(course: Course, log: Path) -> None:
    """Run to the end once: the output is the other one, nothing lies about, and it verifies."""
    to = 1 - course.now
    begin = time.monotonic()
    _, course.n_calls = fork(course.words[to], log, place=course.place)
    course.seconds = 0.5 * (course.seconds + time.monotonic() - begin)
    course.now = to
    course.told["whole runs"] += 1
    if course.state() != course.states[to] or course.hidden():
        course.told["wrong"] += 1
        print(f"wrong after a whole run: {course.name}: {course.hidden()}", file=sys.stderr)
    if (course.place / "out" / "atlas").is_dir() and importlib.util.find_spec("songatlas.cli.verify"):
        fork(("verify", str(course.place / "out")), log, place=course.place)
        course.told["verified"] += 1


def campaign(names: Sequence[str], *, kills: int, seed: int, folder: Path) -> dict[str, Any]:
    """Kill as often as asked, the commands in turn; return what came of it."""
    rng, log = random.Random(seed), folder / "last.log"  # noqa: S311
    begin, done = time.monotonic(), 0
    all_courses = courses(folder, names, log)
    try:
        while done < kills:
            for course in all_courses:
                for _ in range(min(IN_A_ROW[course.name], kills - done)):
                    done += kill_once(course, rng, log)
                    if course.told["kills"] >= WHOLE_RUN_EVERY * (course.told["whole runs"] + 1):
                        run_whole(course, log)
            print(f"{done} kills, {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("stopped: what was done so far is told", file=sys.stderr)
    for course in all_courses:
        run_whole(course, log)
    total: Counter[str] = Counter()
    for course in all_courses:
        total.update(course.told)
    return {
        "kills": done,
        "wrong": total["wrong"],
        "total": dict(sorted(total.items())),
        "commands": {
            course.name: {**sorted_counts(course.told), "calls": course.n_calls} for course in all_courses
        },
        "seconds": round(time.monotonic() - begin),
    }


def sorted_counts(counts: Counter[str]) -> dict[str, int]:
    """Return counts by their names."""
    return dict(sorted(counts.items()))


def main() -> int:
    """Kill as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument(
        "--command", action="append", choices=sorted(IN_A_ROW), help="repeatable; all but figures by default"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="40 kills of the quick commands")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if given.run:
        dress()
        return run(json.loads(given.run))
    names = given.command or (["names", "assign", "playlist"] if given.quick else list(IN_A_ROW)[:-1])
    kills = min(given.kills, 40) if given.quick else given.kills
    dress()
    folder = Path(tempfile.mkdtemp(prefix="songatlas-kills-"))
    found = campaign(names, kills=kills, seed=given.seed, folder=folder)
    if not found["wrong"]:  # else what was found stays there, to be looked at
        shutil.rmtree(folder)
    command = f"python tools/kill_often.py --kills {kills} --seed {given.seed}"
    print(json.dumps({"command": command, **found}, indent=1))
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
