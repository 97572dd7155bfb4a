"""An analyser for tests: what it does stands in the file, and every analysis is written into a log.

A worker process imports it by name. The first word of a file: `song`, `silent`, `bad`, or one of the ways
to take the process with it. `SONGATLAS_STUB_LOG` names the log, `SONGATLAS_STUB_S` the seconds that it takes.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from songatlas.audio.file_tags import FileTags

EXTRACTOR_VERSION = os.environ.get("SONGATLAS_STUB_VERSION", "stub 1")


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Fields of `songatlas.audio.analysis.Analysis`, without what it imports to measure."""

    outcome: str
    reason: str | None = None
    problems: tuple[str, ...] = ()
    file_tags: FileTags = field(default_factory=FileTags)
    duration_ms: float | None = None
    sample_rate: int | None = None
    loudness_db: float | None = None
    tempo_bpm: float | None = None
    key: int | None = None
    mode: int | None = None
    energy_estimate: float | None = None
    danceability_estimate: float | None = None
    acousticness_estimate: float | None = None
    instrumentalness_estimate: float | None = None
    valence_estimate: float | None = None
    speechiness_estimate: float | None = None
    heard_tags: tuple[str, ...] | None = None
    audio_tags: tuple[float, ...] | None = None
    audio_embedding: tuple[float, ...] | None = None
    audio_statistics: tuple[float, ...] | None = None


def analyse(path: str) -> Analysis:
    _log(path)
    time.sleep(float(os.environ.get("SONGATLAS_STUB_S", "0")))
    word, _, rest = Path(path).read_text(errors="replace").strip().partition(" ")
    if removed := os.environ.get("SONGATLAS_STUB_REMOVES"):
        Path(removed).unlink(missing_ok=True)
    if word == "unplug":
        shutil.rmtree(Path(path).parent)
    if word in _DEATHS:
        _DEATHS[word]()
    if word == "once" and not Path(f"{path}.met").exists():
        Path(f"{path}.met").touch()
        os.abort()
    if word == "bad":
        return Analysis(outcome="unreadable", reason="it is no audio")
    if word == "silent" or Path(path).name == os.environ.get("SONGATLAS_STUB_SILENT"):
        return Analysis(outcome="silent", reason="it holds only zeros")
    if word == "modules":
        heavy = {"polars", "sklearn", "matplotlib", "rich", "typer"} & set(sys.modules)
        threads = {os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        return Analysis(outcome="ok", problems=(f"heavy {sorted(heavy)}", f"threads {sorted(threads)}"))
    if word == "prints":
        os.write(1, b"a decoder prints\n")
        os.write(2, b"a decoder complains\n")
    chance = random.Random(rest)  # noqa: S311 (no secret)
    return Analysis(
        outcome="ok",
        file_tags=FileTags(title=rest or None, artists=("Somebody",), genres=("Rock",), year=2020),
        duration_ms=1000.0 * len(rest),
        sample_rate=44100,
        loudness_db=-20.0 + 15.0 * chance.random(),
        tempo_bpm=60.0 + 120.0 * chance.random(),
        key=chance.randrange(12),
        mode=chance.randrange(2),
        energy_estimate=chance.random(),
        danceability_estimate=chance.random(),
        acousticness_estimate=chance.random(),
        instrumentalness_estimate=chance.random(),
        valence_estimate=chance.random(),
        speechiness_estimate=0.1 * chance.random(),
        heard_tags=("ambient",),
        audio_tags=tuple(round(chance.random(), 4) for _ in range(50)),
        audio_embedding=tuple(round(chance.gauss(0.0, 1.0), 3) for _ in range(200)),
        audio_statistics=tuple(round(chance.gauss(0.0, 1.0), 3) for _ in range(48)),
    )


def _log(path: str) -> None:
    if log := os.environ.get("SONGATLAS_STUB_LOG"):
        place = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(place, os.fsencode(path) + b"\n")
        os.close(place)


def _eat() -> None:
    """Ask for what a damaged header may promise."""
    bytearray(64 << 30)


def _raise() -> None:
    raise ValueError("a mistake of the analysis")


def _hold() -> None:
    """Stay in C with the interpreter held, as a decoder that hangs."""
    re.match(r"(a|a)*b", "a" * 60)


_DEATHS = {
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exit": lambda: os._exit(3),
    "sleep": lambda: time.sleep(1000),
    "hold": _hold,
    "eat": _eat,
    "raise": _raise,
}
