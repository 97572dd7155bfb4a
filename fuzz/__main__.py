"""`python -m fuzz NAME --runs N`, `python -m fuzz --all --minutes M`, `python -m fuzz --ledger`.

Prints one JSON object on stdout, as the benchmarks do; progress goes to stderr. With atheris (the extra
`fuzz`) the branches of our code guide the inputs; without it, or with `--plain`, mutations are drawn blindly,
which is faster for each input. All that is kept lies in `build/fuzz`: `corpus` (inputs that reached new
branches), `findings`, and `ledger` (counts of all runs). A finding is tried again with `--input FILE`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from pathlib import Path
from typing import Any, Final

from fuzz import TARGETS
from fuzz.harness import target_named
from fuzz.ledger import pages, totals
from fuzz.running import run_here

_FOLDER: Final = Path("build/fuzz")
_ONE_THREAD: Final = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}  # inputs are small: more would wait


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 1 where a finding was met."""
    wanted = _asked(arguments)
    if wanted.child:
        return run_here(
            wanted.name,
            folder=wanted.folder,
            runs=wanted.runs,
            minutes=wanted.minutes,
            seed=wanted.seed,
            plain=wanted.plain,
        )
    if wanted.input:
        return _again(wanted)
    if wanted.ledger:
        return _tell(wanted, totals(pages(wanted.folder / "ledger")))
    names = list(TARGETS) if wanted.all else [wanted.name]
    began = time.time()
    for name in names:
        _parent(name, wanted, share=len(names))
    return _tell(wanted, totals(pages(wanted.folder / "ledger", since=began)))


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("name", nargs="?", choices=TARGETS, help="the target")
    parser.add_argument("--all", action="store_true", help="all targets, one after the other")
    parser.add_argument("--ledger", action="store_true", help="only tell what all runs have tried so far")
    parser.add_argument(
        "--runs", type=int, default=0, help="inputs for each target (0: until the time is up)"
    )
    parser.add_argument("--minutes", type=float, default=0.0, help="time for all targets together")
    parser.add_argument("--seed", type=int, default=0, help="draws the inputs; 0: another one every time")
    parser.add_argument("--plain", action="store_true", help="draw mutations blindly, without atheris")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="where all that is kept lies")
    parser.add_argument("--input", type=Path, help="try this one input, and show what happens")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    wanted = parser.parse_args(arguments)
    if not (wanted.name or wanted.all or wanted.ledger):
        parser.error(f"name a target ({', '.join(TARGETS)}), or --all")
    if not (wanted.runs or wanted.minutes or wanted.ledger or wanted.input):
        parser.error("say how much to try: --runs 100000 or --minutes 5")
    return wanted


def _again(wanted: argparse.Namespace) -> int:
    """Try one input once, letting everything through."""
    target = target_named(wanted.name)
    began = time.process_time()
    target.run(wanted.input.read_bytes())
    sys.stderr.write(f"nothing was raised, in {time.process_time() - began:.3f} s of CPU\n")
    return 0


def _parent(name: str, wanted: argparse.Namespace, *, share: int) -> None:
    """Run one target in processes of its own, a new one where one was ended, until enough was tried."""
    began = time.time()
    until = began + wanted.minutes * 60 / share if wanted.minutes else float("inf")
    ledger = wanted.folder / "ledger"
    before = -1
    for turn in count():
        done = sum(row["inputs"] for row in totals(pages(ledger, since=began)) if row["target"] == name)
        if done == before:
            raise SystemExit(f"{name}: the process ends before it has tried anything, see above")
        before = done
        if time.time() >= until or (wanted.runs and done >= wanted.runs):
            return
        command = [sys.executable, "-m", "fuzz", name, "--child", "--folder", str(wanted.folder)]
        command += ["--runs", str(wanted.runs - done if wanted.runs else 0)]
        command += ["--minutes", str((until - time.time()) / 60 if wanted.minutes else 1e9)]
        command += ["--seed", str(wanted.seed + turn if wanted.seed else time.time_ns() % (1 << 31))]
        command += ["--plain"] if wanted.plain else []
        ended = subprocess.run(command, env=_ONE_THREAD | os.environ, check=False)  # noqa: S603
        if ended.returncode:
            sys.stderr.write(f"{name}: the process ended with {ended.returncode} and is begun anew\n")


def _tell(wanted: argparse.Namespace, rows: list[dict[str, Any]]) -> int:
    """Print the JSON object."""
    kept = sorted(path.name for path in (wanted.folder / "findings").glob("*/*.input"))
    found = sum(row["findings"] for row in rows)
    answer = {
        "benchmark": "fuzz",
        "command": f"python -m fuzz {' '.join(sys.argv[1:])}".strip(),
        "versions": {"python": platform.python_version()}
        | {name: _version(name) for name in ("songatlas", "polars", "atheris")},
        "results": rows,
        "inputs": sum(row["inputs"] for row in rows),
        "findings": found,
        "findings_kept": kept,
    }
    sys.stdout.write(json.dumps(answer, indent=1) + "\n")
    return 1 if found and not wanted.ledger else 0


def _version(name: str) -> str:
    """The version of a package, or that it is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    sys.exit(main())
