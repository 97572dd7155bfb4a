"""The app under load: many visits at once on the demo, for minutes, with uploads, builds and downloads.

python -m benchmarks.load [--quick] [--sessions 50] [--minutes 10] [--songs 4000] [--uploaders 0.2]

A server of its own process, and visitors that speak Streamlit's own messages over its WebSocket
(`visitor`). Each walks through the pages and moves what stands there by chance; every fifth one drops in a
table of 200 songs of its own, builds its atlas, looks at it, downloads it, closes the page, and comes back
as somebody else; some visits are cut off without a word. Every title of such a table holds a canary of its
visit: one that arrives anywhere else is a wrong answer, and so is a download without it. An error is a box
that says that a page broke, an exception, an answer of 400 or above, a connection that was lost, or a page
that took longer than `--patience`.

Memory is that of the server with all it starts (PSS), looked at every second. Latencies tell of an idle
machine alone: visitors run on the same one.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from websockets.exceptions import WebSocketException

from benchmarks import visitor as visits
from benchmarks.answer import Goal, print_answer
from benchmarks.browser import free_port, wait_for_server
from benchmarks.process_tree import memory_of_tree
from benchmarks.visitor import Seen, Visitor
from songatlas.atlas import build_demo
from songatlas.demo import simulate_catalogue

PAGES = ("", "clusters", "choose_k", "genres", "discover", "playlist", "artists", "data")
OWN_SONGS = 200
SETTLED_S = 45.0  # after the last page was closed
_SOUND = ("track_artist", "energy", "valence", "danceability", "tempo", "loudness", "acousticness")
_MOVED = ("slider", "checkbox", "selectbox", "button_group", "text_input", "number_input", "button")
_LEFT_ALONE = ("Stop",)
_WORDS = ("a", "the", "love", "night", "=1+1", "<b>", "ü", "no such song")


@dataclass
class Run:
    """What all visitors met, and how much memory the server took."""

    seen: list[Seen] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    n_visits: int = 0
    n_actions: int = 0
    n_built: int = 0
    n_refused: int = 0
    memory: list[tuple[float, int]] = field(default_factory=list)
    settled_bytes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def live(run: Run, address: str, number: int, *, until: float, uploads: bool, think_s: float) -> None:
    """Be one person after the other until the time is over."""
    turn = 0
    while time.monotonic() < until:
        seed = 1_000 * number + turn
        visitor = None
        try:
            visitor = Visitor(address, seed=seed)
            with run.lock:
                run.n_visits += 1
                run.seen.append(visitor.seen)
            visitor.open("")
            if uploads:
                _bring_a_table(run, visitor, seed)
            leaves = min(until, time.monotonic() + visitor.chance.uniform(60.0, 240.0))
            while time.monotonic() < leaves:
                _do_something(visitor)
                with run.lock:
                    run.n_actions += 1
                visitor.live(visitor.chance.uniform(0.5, 1.5) * think_s)
        except (OSError, WebSocketException, TimeoutError, LookupError) as error:
            with run.lock:
                run.lost.append(f"{type(error).__name__}: {error} on {visitor.page if visitor else ''!r}")
                print(run.lost[-1], file=sys.stderr)
        if visitor is not None:
            visitor.cut() if turn % 4 == 3 else visitor.close()
        turn += 1


def _bring_a_table(run: Run, visitor: Visitor, seed: int) -> None:
    """Drop in a table, build its atlas, look at the songs and take them along."""
    visitor.open("open")
    own = pl.format(f"{visitor.canary} {{}}", pl.col("track_name"))
    table = simulate_catalogue(OWN_SONGS, seed=seed).select(own.alias("track_name"), *_SOUND)
    status = visitor.upload(f"{visitor.canary}.csv", table.write_csv().encode())
    if status >= 300:
        visitor.seen.errors.append(f"an upload answers {status}")
        return
    visitor.set(visitor.first("button", "Build"), True)
    if not visitor.wait_for(_is_open_or_full, seconds=600.0):
        visitor.seen.errors.append("a table was not built within ten minutes")
        return
    if not _is_own(visitor):
        with run.lock:
            run.n_refused += 1
        return
    with run.lock:
        run.n_built += 1
    if visitor.canary not in visitor.text():
        visitor.seen.wrong.append(f"{visitor.canary} does not see its own table")
    visitor.open("data")
    taken = visitor.download(visitor.first("download_button", "clustered_songs.csv"))
    if taken.count(visitor.canary.encode()) < OWN_SONGS:
        visitor.seen.wrong.append(f"{visitor.canary} did not get its own songs")


def _is_own(visitor: Visitor) -> bool:
    return any(each.button.label.startswith("Back to") for each in visitor.of_kind("button"))


def _is_open_or_full(visitor: Visitor) -> bool:
    return _is_own(visitor) or bool(visitor.boxes())


def _do_something(visitor: Visitor) -> None:
    """Go to another page, move something on this one, or download a file."""
    chance = visitor.chance
    movable = [each for kind in _MOVED for each in visitor.of_kind(kind) if _can_be_moved(each, kind)]
    files = [each for each in visitor.of_kind("download_button") if not each.download_button.disabled]
    if chance.random() < 0.4 or not movable:
        visitor.open(chance.choice(PAGES))
    elif files and chance.random() < 0.1:
        visitor.download(chance.choice(files))
    else:
        element = chance.choice(movable)
        visitor.set(element, _some_value(visitor, element))


def _can_be_moved(element: Any, kind: str) -> bool:
    widget = getattr(element, kind)
    if widget.disabled or widget.form_id or getattr(widget, "label", "").startswith(_LEFT_ALONE):
        return False
    return kind not in ("selectbox", "button_group") or len(widget.options) > 1


def _some_value(visitor: Visitor, element: Any) -> Any:
    """A value that a person can choose."""
    chance, kind = visitor.chance, element.WhichOneof("type")
    widget = getattr(element, kind)
    if kind == "slider" and widget.options:
        return [chance.choice(list(widget.options)) for _ in widget.default]
    if kind == "slider":
        n_steps = round((widget.max - widget.min) / widget.step)
        chosen = sorted(widget.min + widget.step * chance.randint(0, n_steps) for _ in widget.default)
        return [min(each, widget.max) for each in chosen]
    if kind == "number_input":
        least = widget.min if widget.has_min else 0.0
        most = min(widget.max if widget.has_max else 100.0, least + 100.0)
        return float(chance.randint(int(least), int(most)))
    if kind == "selectbox":
        return chance.choice(list(widget.options))
    if kind == "button_group":
        return [chance.choice([each.content for each in widget.options])]
    return chance.random() < 0.5 if kind == "checkbox" else chance.choice(_WORDS)


def hold(
    run: Run, process: subprocess.Popen[bytes], address: str, *, n: int, minutes: float, uploaders: float
) -> None:
    """Hold `n` visits for so long, and look at the memory meanwhile and after the last was closed."""
    begun, until = time.monotonic(), time.monotonic() + 60.0 * minutes
    think_s = 3.0
    people = []
    for number in range(n):
        uploads = uploaders > 0 and number % max(1, round(1 / uploaders)) == 0
        told = {"until": until, "uploads": uploads, "think_s": think_s}
        person = threading.Thread(target=live, args=(run, address, number), kwargs=told, daemon=True)
        person.start()
        people.append(person)
        time.sleep(min(0.3, 20.0 / n))
    next_word = 0.0
    while any(person.is_alive() for person in people):
        run.memory.append((time.monotonic() - begun, memory_of_tree(process.pid)))
        if run.memory[-1][0] >= next_word:
            _tell(run)
            next_word += 30.0
        time.sleep(1.0)
    time.sleep(SETTLED_S)
    run.settled_bytes = memory_of_tree(process.pid)


def _tell(run: Run) -> None:
    at, held = run.memory[-1]
    n_errors = sum(len(seen.errors) for seen in run.seen) + len(run.lost)
    n_wrong = sum(len(seen.wrong) for seen in run.seen)
    print(
        f"{at:4.0f} s: {held / 1e9:.2f} GB, {run.n_visits} visits, {run.n_actions} actions, "
        f"{run.n_built} tables built, {n_errors} errors, {n_wrong} wrong answers",
        file=sys.stderr,
    )


def told(run: Run) -> list[dict[str, Any]]:
    """Return what was measured."""
    errors = Counter([*run.lost, *(each for seen in run.seen for each in seen.errors)])
    wrong = [each for seen in run.seen for each in seen.wrong]
    seconds: dict[str, list[float]] = {}
    for seen in run.seen:
        for kind, taken in seen.seconds.items():
            seconds.setdefault(kind, []).extend(taken)
    return [
        {
            "visits": run.n_visits,
            "actions": run.n_actions,
            "tables_built": run.n_built,
            "tables_refused": run.n_refused,
            "messages": sum(seen.n_messages for seen in run.seen),
            "mb": round(sum(seen.n_bytes for seen in run.seen) / 1e6, 1),
            "errors": dict(errors.most_common(20)),
            "wrong_answers": wrong[:20],
            "peak_gb": round(max(held for _, held in run.memory) / 1e9, 3),
            "settled_gb": round(run.settled_bytes / 1e9, 3),
            "gb_by_minute": _by_minute(run.memory),
        },
        *({"kind": kind} | _percentiles(taken) for kind, taken in sorted(seconds.items())),
    ]


def _broken(log: str) -> list[str]:
    """What broke in the server, by the last line of each traceback in its log."""
    found = re.findall(r"^Traceback .*\n(?:[ \t].*\n|\n)*(\S.*)", log, re.MULTILINE)
    return [f"in the log of the server: {each[:200]}" for each in found]


def _by_minute(memory: Sequence[tuple[float, int]]) -> list[float]:
    """The most memory in each minute, in GB."""
    most: dict[int, int] = {}
    for at, held in memory:
        most[int(at // 60)] = max(held, most.get(int(at // 60), 0))
    return [round(most[minute] / 1e9, 3) for minute in sorted(most)]


def _percentiles(taken: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(taken, n=100, method="inclusive") if len(taken) > 1 else taken * 99
    return {
        "n": len(taken),
        "p50_s": round(cuts[49], 3),
        "p95_s": round(cuts[94], 3),
        "p99_s": round(cuts[98], 3),
        "most_s": round(max(taken), 3),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="8 visits for half a minute")
    parser.add_argument("--sessions", type=int, default=50, help="visits at once")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--songs", type=int, default=4_000, help="rows of the demo")
    parser.add_argument("--atlas", type=Path, help="folder of an atlas in place of the demo")
    parser.add_argument("--patience", type=float, default=300.0, help="seconds until a page counts as lost")
    parser.add_argument("--uploaders", type=float, default=0.2, help="share of visitors with a table")
    asked = parser.parse_args()
    visits.LONGEST_S = asked.patience
    n, minutes = (8, 0.5) if asked.quick else (asked.sessions, asked.minutes)
    run = Run()
    with tempfile.TemporaryDirectory(prefix="songatlas-") as folder:
        if asked.atlas is None:
            build_demo(asked.songs).save(Path(folder) / "atlas")
        port = free_port()
        launch = {"target": str(asked.atlas or Path(folder) / "atlas"), "port": port, "open_browser": False}
        command = [sys.executable, "-m", "songatlas.app", json.dumps(launch)]
        log = Path(folder) / "log"
        with log.open("wb") as written:
            running = subprocess.Popen(command, stdout=written, stderr=written)  # noqa: S603
            try:
                address = f"http://127.0.0.1:{port}"
                wait_for_server(address, running)
                hold(run, running, address, n=n, minutes=minutes, uploaders=asked.uploaders)
            finally:
                running.terminate()
                running.wait(timeout=60)
        run.lost += _broken(log.read_text(encoding="utf-8", errors="replace"))
    results = told(run)
    n_errors = sum(results[0]["errors"].values())
    print_answer("load", results=results, goals=goals(results[0], n_errors, n=n))


def goals(measured: dict[str, Any], n_errors: int, *, n: int) -> list[Goal]:
    """Return what was hoped for."""
    return [
        Goal(f"errors in {n} visits at once", n_errors, 0, 0, at_least=False),
        Goal("answers meant for another visit", len(measured["wrong_answers"]), 0, 0, at_least=False),
        Goal("peak GB of the server", measured["peak_gb"], 4.0, 2.0, at_least=False),
    ]


if __name__ == "__main__":
    main()
