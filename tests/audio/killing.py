"""Scans that are killed at random times, and whether anything was lost or done twice.

python tests/audio/killing.py FOLDER N_KILLS SEED    prints what happened as JSON

Each scan is of a folder of its own, by the analyser of `stub_analysis`. It runs in a process of its own,
which is killed (SIGKILL) after a random time, as are some of its workers; then it is started again until it
ends. What must hold: no file whose result was in the store when a scan was killed is analysed again, the
table has every file once, and no worker outlives its scan.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from songatlas.audio.scan.scanning import scan_folder

WORDS = ["song"] * 16 + ["silent", "bad", "segfault"]
OUTCOMES = {"song": "ok", "silent": "silent", "bad": "unreadable", "segfault": "crashed"}
PER_FILE_S = 60.0


class Round:
    """One folder, scanned until it is done though killed on the way."""

    def __init__(self, place: Path, chance: random.Random) -> None:
        shutil.rmtree(place, ignore_errors=True)
        self.music, self.log, self.table = place / "music", place / "log", place / "songs.parquet"
        self.music.mkdir(parents=True)
        self.chance = chance
        self.n_kills = self.n_worker_kills = 0
        self.problems: list[str] = []
        for number in range(chance.randint(3, 40)):
            same = chance.randrange(number + 1)  # some files hold the same sound
            word = WORDS[same % len(WORDS)]
            (self.music / f"{number:02}.mp3").write_text(f"{word} number {same}")
        self.texts = {path.name: path.read_text() for path in self.music.iterdir()}
        self.log.touch()
        os.environ["SONGATLAS_STUB_LOG"] = str(self.log)
        os.environ["SONGATLAS_STUB_S"] = str(chance.choice([0.0, 0.002, 0.01]))

    def run(self, n_kills: int) -> None:
        """Scan and kill, at most `n_kills` times; then once more, undisturbed."""
        stored: set[str] = set()
        seen = 0
        while self.n_kills < n_kills:
            ended = self._scan(kill_after=self.chance.uniform(0.0, 1.5))
            lines = self.log.read_text().splitlines()
            again = {self._sound_of(Path(line).name) for line in lines[seen:]} & stored
            self.problems += [f"analysed though it was stored: {sound}" for sound in sorted(again)]
            seen, stored = len(lines), self._stored()
            if ended:
                break
        if not self._scan(kill_after=None):
            self.problems.append("a scan that nobody killed did not end well")
            return
        self._judge()

    def _scan(self, *, kill_after: float | None) -> bool:
        """Run one scan in a process of its own; say whether it ended by itself."""
        child = os.fork()
        if not child:
            self._be_the_scan()
        until = time.monotonic() + (60.0 if kill_after is None else kill_after)
        while time.monotonic() < until:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return status == 0
            if kill_after is not None and self.chance.random() < 0.01:
                self._kill_a_worker(child)
            time.sleep(0.002)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        self.n_kills += 1
        return False

    def _be_the_scan(self) -> None:
        """In the child: scan, and end without what the parent has left to do."""
        status = 1
        try:
            found = scan_folder(
                self.music, output=self.table, workers=2, per_file_s=PER_FILE_S, analyser="stub_analysis"
            )
            rows = pl.read_parquet(self.table).select("path", "outcome").rows()
            self.table.with_suffix(".json").write_text(json.dumps(found.to_dict() | {"rows": rows}))
            status = 0
        finally:
            os._exit(status)

    def _kill_a_worker(self, scan: int) -> None:
        """Kill one of the processes of a scan."""
        try:
            children = Path(f"/proc/{scan}/task/{scan}/children").read_text().split()
            if children:
                os.kill(int(self.chance.choice(children)), signal.SIGKILL)
                self.n_worker_kills += 1
        except (ProcessLookupError, FileNotFoundError):
            return

    def _stored(self) -> set[str]:
        """Sounds of the files whose result is in the store for good."""
        store = self.table.with_suffix(".scan.sqlite")
        if not store.is_file():
            return set()
        connection = sqlite3.connect(store)
        try:
            kept = connection.execute("SELECT path FROM files WHERE retry_above_s IS NULL").fetchall()
        except sqlite3.OperationalError:  # killed before it made the tables
            kept = []
        finally:
            connection.close()
        return {self._sound_of(os.fsdecode(path)) for (path,) in kept}

    def _sound_of(self, name: str) -> str:
        """What is to be analysed once: a song whatever files hold it, else each file."""
        text = self.texts[name]
        return text if text.startswith("song") else name

    def _judge(self) -> None:
        """Hold the end against what every file must give."""
        told: dict[str, Any] = json.loads(self.table.with_suffix(".json").read_text())
        wanted = Counter(OUTCOMES[text.split()[0]] for text in self.texts.values())
        if told["outcomes"] != dict(wanted):
            self.problems.append(f"outcomes are {told['outcomes']}, not {dict(wanted)}")
        there = {str(self.music / name): OUTCOMES[text.split()[0]] for name, text in self.texts.items()}
        if sorted(map(tuple, told["rows"])) != sorted(there.items()):
            self.problems.append("the table has not every file once")


def left_over(log: Path) -> list[int]:
    """Workers that are still there, known by the log in their environment."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            mine = os.fsencode(log) in (place / "environ").read_bytes()
        except OSError:
            continue
        if mine and int(place.name) != os.getpid() and (place / "cmdline").read_bytes():
            found.append(int(place.name))
    return found


def main(folder: Path, n_kills: int, seed: int) -> dict[str, Any]:
    """Scan folders until scans were killed `n_kills` times."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    told: dict[str, Any] = {"n_scans": 0, "n_kills": 0, "n_worker_kills": 0, "n_files": 0, "problems": []}
    while told["n_kills"] < n_kills:
        turn = Round(folder, chance)
        turn.run(min(30, n_kills - told["n_kills"]))
        told["n_scans"] += 1
        told["n_files"] += len(turn.texts)
        told["n_kills"] += turn.n_kills
        told["n_worker_kills"] += turn.n_worker_kills
        told["problems"] += turn.problems
    until = time.monotonic() + 5.0
    while left_over(folder / "log") and time.monotonic() < until:
        time.sleep(0.05)
    told["left_over"] = len(left_over(folder / "log"))
    return told


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))  # noqa: T201
