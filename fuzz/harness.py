"""What all targets share: one input is tried, what must not be is kept as a finding, and all is counted.

A target is a `Target`, named in `fuzz.TARGETS`. Its `run` takes the bytes of one input and may do three
things: return, raise a child of `SongAtlasError` in words for a person (the input is refused), or break a
promise: raise anything else, take too long, take too much memory. Broken promises are findings. They are kept
as files (the input, and the trace beside it), one for each place in the code, and the run goes on.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import re
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Final

from fuzz import TARGETS
from fuzz.mutating import mutations

_MOST_WORDS: Final = 4000
_STEERING: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PER_MEBIBYTE: Final = 1024 if sys.platform != "darwin" else 1 << 20


@dataclass(frozen=True, kw_only=True)
class Target:
    """One thing that takes hostile input.

    Attributes
    ----------
    about : str
        What is tried, and what must hold, in a sentence.
    seeds : callable
        Returns inputs that are understood, small ones, made by code.
    run : callable
        Takes one input; see the module's docstring.
    tokens : tuple of bytes, optional
        Words of the format, which the fuzzer puts in as they are.
    most_bytes : int, optional
        Longest input.
    most_seconds : float, optional
        CPU time that one input may take.
    most_mebibytes : float, optional
        Memory that one input may add to the largest that the process has ever held.
    mutate : callable, optional
        Takes an input and a seed, returns another input: for what is lost where bytes change (a checksum).
    """

    about: str
    seeds: Callable[[], Sequence[bytes]]
    run: Callable[[bytes], None]
    tokens: tuple[bytes, ...] = ()
    most_bytes: int = 4096
    most_seconds: float = 2.0
    most_mebibytes: float = 256.0
    mutate: Callable[[bytes, int], bytes] | None = None


class BadlyTold(AssertionError):
    """An error of ours that cannot be shown to a person as it is."""


@dataclass
class Trial:
    """Tries inputs of one target, one after the other, and counts them.

    Attributes
    ----------
    target : Target
    folder : Path
        Where findings are kept.
    inputs, refused, findings : int
        Inputs tried, of them refused in words, and findings met (each as often as it was met).
    slowest_seconds : float
        Most CPU time of one input.
    """

    target: Target
    folder: Path
    inputs: int = 0
    refused: int = 0
    findings: int = 0
    slowest_seconds: float = 0.0
    kept: dict[str, int] = field(default_factory=dict)
    _peak: int = 0

    def try_one(self, content: bytes) -> None:
        """Try one input; a broken promise becomes a finding, never an exception."""
        from songatlas.errors import SongAtlasError

        if not self._peak:
            self._peak = _largest_memory()
        began = time.thread_time()
        try:
            self.target.run(content)
        except SongAtlasError as error:
            self.refused += 1
            if said := _badly_told(error):
                self._keep(content, BadlyTold(said).with_traceback(error.__traceback__))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - this is what is looked for, panics of Rust too
            self._keep(content, error)
        self._watch(content, time.thread_time() - began)

    def _watch(self, content: bytes, seconds: float) -> None:
        """Count one input, and look at the time and the memory that it took."""
        self.inputs += 1
        self.slowest_seconds = max(self.slowest_seconds, seconds)
        if seconds > self.target.most_seconds:
            self._keep(content, TimeoutError(f"{seconds:.1f} s of CPU for {len(content):,} bytes"))
        peak = _largest_memory()
        if peak > self._peak:
            grown = (peak - self._peak) / _PER_MEBIBYTE
            self._peak = peak
            if grown > self.target.most_mebibytes:
                self._keep(content, MemoryError(f"{grown:.0f} MiB more for {len(content):,} bytes"))

    def _keep(self, content: bytes, error: BaseException) -> None:
        """Keep a finding, the shortest input for each place in the code."""
        self.findings += 1
        name = _name_of(error)
        if len(content) >= self.kept.get(name, sys.maxsize):
            return
        self.kept[name] = len(content)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{name}.input").write_bytes(content)
        said = "".join(traceback.format_exception(error))
        (self.folder / f"{name}.txt").write_text(said, encoding="utf-8", errors="backslashreplace")


def target_named(name: str) -> Target:
    """Return the target of that name, of `fuzz.TARGETS`."""
    module, _, attribute = TARGETS[name].partition(":")
    found: Target = getattr(importlib.import_module(module), attribute)
    return found


def try_plainly(target: Target, folder: Path, *, runs: int, seed: int = 0) -> Trial:
    """Try the seeds of a target, and mutations of them that need no fuzzer.

    Parameters
    ----------
    target : Target
    folder : Path
        Where findings are kept; made only where there are any.
    runs : int
        How many mutations are tried after the seeds.
    seed : int, optional
        Draws the mutations.

    Returns
    -------
    Trial
        With the counts. `kept` names the findings.
    """
    trial = Trial(target, folder)
    seeds = [bytes(content) for content in target.seeds()]
    for content in seeds:
        trial.try_one(content)
    for content in islice(drawn_inputs(target, seeds, seed=seed), runs):
        trial.try_one(content)
    return trial


def drawn_inputs(target: Target, seeds: Sequence[bytes], *, seed: int) -> Iterator[bytes]:
    """Yield mutations of inputs for ever, every second one by the target's own way where it has one."""
    drawn = mutations(seeds, target.tokens, most_bytes=target.most_bytes, seed=seed)
    for place, content in enumerate(drawn):
        if target.mutate is not None and place % 2:
            yield target.mutate(seeds[(place // 2) % len(seeds)], seed + place)
        else:
            yield content


def _largest_memory() -> int:
    """Most memory that this process ever held, in the unit of the system."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _badly_told(error: BaseException) -> str:
    """What keeps a person from reading an error of ours; empty where nothing does."""
    words = str(error)
    if not words.strip():
        return "the error says nothing"
    if found := _STEERING.search(words):
        return f"the error holds {found[0]!r}: {words[:300]!r}"
    if len(words) > _MOST_WORDS:
        return f"the error has {len(words):,} signs: {words[:300]!r}"
    return ""


def _name_of(error: BaseException) -> str:
    """The name of a finding: the kind of error, and the last place in our code that it passed."""
    frames = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    ours = [where for where in frames if "songatlas" in where[0].f_code.co_filename]
    place = _place(*(ours or frames)[-1]) if frames else "as-a-whole"
    kind = type(error).__name__
    return f"{kind}-{place}-{hashlib.sha256(place.encode()).hexdigest()[:6]}"


def _place(frame: FrameType, line: int) -> str:
    """A place in the code, as part of a file name."""
    return f"{Path(frame.f_code.co_filename).stem}-{frame.f_code.co_name.strip('<>')}-{line}"
