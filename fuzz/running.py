"""One process that tries inputs of one target: guided by branches (atheris), or drawn blindly.

Blind mutations begin at the seeds and at what guided runs have kept: inputs that reached new branches.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from fuzz.harness import Target, Trial, drawn_inputs, target_named
from fuzz.ledger import Ledger

_HANG_SECONDS: Final = 120  # wall clock, on a machine that may be busy: above it the process is ended
_MOST_MEBIBYTES: Final = 4096
_MOST_REACHED: Final = 5000  # inputs of the corpus that blind mutations begin at


def run_here(name: str, *, folder: Path, runs: int, minutes: float, seed: int, plain: bool) -> int:
    """Try inputs of one target in this process; with atheris the process ends here.

    Parameters
    ----------
    name : str
        A name of `fuzz.TARGETS`.
    folder : Path
        Where corpus, findings and ledger lie.
    runs : int
        Inputs to try; 0 for as many as the time allows.
    minutes : float
        Wall clock.
    seed : int
        Draws the inputs.
    plain : bool
        Draw mutations blindly although atheris is there.

    Returns
    -------
    int
        0: findings are told by the ledger.
    """
    is_guided = not plain and importlib.util.find_spec("atheris") is not None
    target = _imported(name, is_guided=is_guided)
    trial = Trial(target, folder / "findings" / name)
    ledger = Ledger(folder / "ledger", name)
    until = time.time() + minutes * 60

    def is_enough() -> bool:
        ledger.note(trial)
        return bool(runs and trial.inputs >= runs) or time.time() >= until

    seeds = [bytes(content) for content in target.seeds()]
    for content in seeds:
        trial.try_one(content)
    if is_guided:
        _guide(trial, seeds, folder / "corpus" / name, seed=seed, ledger=ledger, is_enough=is_enough)
    reached = sorted((folder / "corpus" / name).glob("*"), key=lambda path: path.stat().st_size)[
        :_MOST_REACHED
    ]
    seeds += [path.read_bytes() for path in reached]
    for content in drawn_inputs(target, seeds, seed=seed):
        trial.try_one(content)
        if is_enough():
            break
    ledger.note(trial, is_last=True)
    return 0


def _imported(name: str, *, is_guided: bool) -> Target:
    """The target of that name, with our branches watched where they guide."""
    if not is_guided:
        return target_named(name)
    import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]

    with atheris.instrument_imports(include=["songatlas"]):
        return target_named(name)


def _guide(
    trial: Trial,
    seeds: Sequence[bytes],
    corpus: Path,
    *,
    seed: int,
    ledger: Ledger,
    is_enough: Callable[[], bool],
) -> None:
    """Let atheris draw inputs; ends the process when enough was tried."""
    import atheris

    target = trial.target
    corpus.mkdir(parents=True, exist_ok=True)
    trial.folder.mkdir(parents=True, exist_ok=True)
    for place, content in enumerate(seeds):
        (corpus / f"seed-{place:03d}").write_bytes(content)

    def try_one(content: bytes) -> None:
        trial.try_one(content)
        if is_enough():
            ledger.note(trial, is_last=True)
            sys.stdout.flush()
            os._exit(0)  # atheris never returns, and would write a corpus that nobody asked for

    def mutated(content: bytes, most_bytes: int, drawn: int) -> bytes:
        if target.mutate is not None and drawn % 2:
            return target.mutate(content, drawn)[:most_bytes]
        found: bytes = atheris.Mutate(content, most_bytes)
        return found

    options = [sys.argv[0], *options_of(trial, corpus, seed=seed)]
    atheris.Setup(options, try_one, **({"custom_mutator": mutated} if target.mutate is not None else {}))
    atheris.Fuzz()


def options_of(trial: Trial, corpus: Path, *, seed: int) -> list[str]:
    """Options of libFuzzer for a target, whose tokens are written beside its corpus."""
    options = [
        str(corpus),
        f"-max_len={trial.target.most_bytes}",
        f"-timeout={_HANG_SECONDS}",
        f"-rss_limit_mb={_MOST_MEBIBYTES}",
        f"-artifact_prefix={trial.folder}/ended-",
        f"-seed={max(seed, 1)}",
        "-verbosity=0",
        "-detect_leaks=0",
        "-reload=0",
    ]
    if not trial.target.tokens:  # libFuzzer ends where its dictionary is empty
        return options
    words = corpus.parent / f"{corpus.name}.dict"
    words.write_text("".join(f'"{_escaped(token)}"\n' for token in trial.target.tokens), encoding="ascii")
    return [*options, f"-dict={words}"]


def _escaped(token: bytes) -> str:
    """A token as a dictionary of libFuzzer holds it."""
    return "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}" for byte in token
    )
