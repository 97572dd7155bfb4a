"""Does a test fail when the code is wrong? Mutants by cosmic-ray: python tools/mutate.py [PACKAGE ...].

A mutant is a module with one place changed: `<` made `<=`, a number made one larger, a loop never walked.
A test that then fails kills it; one that no test kills is a survivor: a test is missing, or the change
changes nothing that can be seen. The tree is copied, and only the copy is ever changed.

Tests of a package are run once under coverage, which tells what tests run each line and how long they
take. A mutant meets the tests that run its line, quickest first, in a fork of a process that has imported
everything but songatlas; so it costs a second rather than the whole run of tests. Of the replacements of
one operator at one place (`+` by `-`, `*`, `/`, ...) one is drawn, and of all places `--mutants` are, by
`--seed`. Annotations are left alone. Linux and macOS (it forks).

JSON on stdout, with the command; each survivor is told on stderr as it is found.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
EVERYWHERE = "tests/test_frozen_results.py"
SUBJECTS = {
    "choose_k": (
        *("tests/test_choose_k.py", "tests/test_weighing_evidence.py"),
        *("--deselect", "tests/test_choose_k.py::test_the_true_k_of_well_separated_catalogues_is_found"),
    ),
    "quality": ("tests/test_quality.py", "tests/test_silhouette.py", "tests/test_gap.py"),
    "kmeans": (
        *("tests/test_kmeans.py", "tests/test_sweep.py", "tests/test_nested.py", "tests/test_gap.py"),
        *("tests/test_settling_sums.py", "tests/large/test_settling.py"),
        "tests/numerics/test_extreme_scales.py",
    ),
    "playlists": ("tests/playlists", "--ignore-glob=*/test_players_*"),  # which start players
}
COPIED = ("src", "tests", "pyproject.toml")
IMPORTED_BEFORE = (
    "pytest",
    "hypothesis",
    "numpy",
    "polars",
    "scipy.stats",
    "sklearn.cluster",
    "sklearn.metrics",
)
LONGEST_S = 60.0  # of tests that a mutant meets, by what they took without it
PATIENCE = (10.0, 20.0)  # a mutant may take so many times as long, and so many seconds more


@dataclass(frozen=True)
class Mutant:
    """One change at one place: the module, the operator of cosmic-ray, which of its places."""

    module: str
    operator: str
    occurrence: int
    line: int
    column: int

    @property
    def family(self) -> str:
        """The operator without what it puts in the place: these are drawn one of."""
        return re.sub(r"_[A-Za-z]+$", "", self.operator) if "Replace" in self.operator else self.operator


@dataclass(frozen=True)
class Fate:
    """What became of a mutant: killed, timed out, survived, or "no test" where none runs its line."""

    mutant: Mutant
    fate: str
    change: str
    n_tests: int
    seconds: float


def copy_of_tree(folder: Path) -> Path:
    """Copy what tests need; songatlas is imported from there."""
    for name in COPIED:
        source, copy = ROOT / name, folder / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".hypothesis")
            shutil.copytree(source, copy, ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy2(source, copy)
    return folder


def environment(folder: Path) -> dict[str, str]:
    """Variables under which tests run on the copy, on one thread."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "POLARS")}
    threads["POLARS_MAX_THREADS"] = "1"
    tables = {"SONGATLAS_DATA": str(ROOT.parent / "shared" / "data")}
    return tables | dict(os.environ) | threads | {"PYTHONPATH": str(folder / "src")}


# -- what tests run each line ----------------------------------------------------------------------


def tests_by_line(
    folder: Path, package: str, tests: Sequence[str]
) -> tuple[dict[str, dict[int, set[str]]], dict[str, float]]:
    """Run the tests of a package; return module -> line -> tests that run it, and seconds of each test."""
    data, log = folder / f"{package}.coverage", folder / f"{package}.times"
    command = [
        *(sys.executable, "-m", "pytest", *tests, EVERYWHERE, "-q", "-p", "no:cacheprovider"),
        *(f"--cov=src/songatlas/{package}", "--cov-context=test", "--cov-report="),
        f"--cov-config={os.devnull}",  # the project's own asks for branches, in another table
        *("--durations=0", "--durations-min=0"),
    ]
    ran = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder) | {"COVERAGE_FILE": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )
    log.write_text(ran.stdout, encoding="utf-8")
    seconds = _seconds(ran.stdout)
    if not seconds:
        sys.exit(f"the tests of {package} cannot be run: {ran.stdout[-3000:]}")
    for test in re.findall(r"^FAILED (.+?)(?: - .*)?$", ran.stdout, flags=re.MULTILINE):
        seconds.pop(test, None)
        print(f"left out, as it fails without any mutant: {test}", file=sys.stderr)
    for compiled in (folder / "src" / "songatlas" / package).rglob("__pycache__"):
        shutil.rmtree(compiled)  # of a mutant of the same size and second, it would be taken for it
    return _lines(data, folder), seconds


def _lines(data: Path, folder: Path) -> dict[str, dict[int, set[str]]]:
    from coverage.numbits import numbits_to_nums

    found: dict[str, dict[int, set[str]]] = {}
    asked = (
        "select file.path, context.context, line_bits.numbits from line_bits"
        " join file on file.id = line_bits.file_id join context on context.id = line_bits.context_id"
    )
    with contextlib.closing(sqlite3.connect(data)) as database:
        for path, context, bits in database.execute(asked):
            lines = found.setdefault(str(Path(path).relative_to(folder)), {})
            for line in numbits_to_nums(bits):
                if test := context.split("|")[0]:
                    lines.setdefault(line, set()).add(test)
    return found


def _seconds(log: str) -> dict[str, float]:
    """Seconds of each test with what was set up for it, as pytest told them."""
    seconds: dict[str, float] = {}
    for taken, test in re.findall(r"^([\d.]+)s (?:call|setup|teardown) +(.+)$", log, flags=re.MULTILINE):
        seconds[test] = seconds.get(test, 0.0) + float(taken)
    return seconds


# -- mutants ---------------------------------------------------------------------------------------


def mutants_of(module: Path, folder: Path) -> list[Mutant]:
    """Return all places of a module that cosmic-ray would change, without annotations."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    source = module.read_text(encoding="utf-8")
    nodes, told = list(ast_nodes(get_ast(source))), annotations(source)
    found = []
    for name in operator_names():
        kind = get_operator(name)
        if kind.arguments():
            continue
        places = [place for node in nodes for place in kind().mutation_positions(node)]
        for occurrence, ((line, column), _) in enumerate(places):
            if not any(start <= (line, column) < end for start, end in told):
                found.append(Mutant(str(module.relative_to(folder)), name, occurrence, line, column))
    return found


def annotations(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return where a source tells types only, which nothing evaluates: begin and end of each place."""
    told: list[ast.expr | ast.stmt] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.returns:
            told.append(node.returns)
        elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            told.append(node.annotation)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            told += [node]
    return [((n.lineno, n.col_offset), (n.end_lineno or 0, n.end_col_offset or 0)) for n in told]


def drawn(mutants: Sequence[Mutant], n_mutants: int, seed: int) -> list[Mutant]:
    """Draw one replacement of each operator at each place, and `n_mutants` of these places."""
    # Nothing here is secret: a draw that can be repeated is what is wanted.
    rng = random.Random(seed)  # noqa: S311
    places: dict[tuple[str, str, int, int], list[Mutant]] = {}
    for mutant in mutants:
        places.setdefault((mutant.module, mutant.family, mutant.line, mutant.column), []).append(mutant)
    one_each = [rng.choice(alike) for alike in places.values()]
    return rng.sample(one_each, min(n_mutants, len(one_each)))


def mutated(source: str, mutant: Mutant) -> str | None:
    """Return a source with one place changed."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    changed = mutate_code(source, get_operator(mutant.operator)(), mutant.occurrence)
    return None if changed is None else str(changed)


def is_within_a_function(source: str, line: int) -> bool:
    """Whether a line is run when a function is called, rather than when its module is imported."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    return any(node.body[0].lineno <= line <= (node.end_lineno or 0) for node in functions)


# -- one mutant ------------------------------------------------------------------------------------


def tests_for(
    mutant: Mutant, source: str, lines: dict[int, set[str]], seconds: dict[str, float]
) -> list[str]:
    """Tests that run the line of a mutant, quickest first, then others of their files, up to LONGEST_S.

    What a fixture of a file made counts for the first test that asked for it; others use it, too.
    """
    within = is_within_a_function(source, mutant.line)
    found = lines.get(mutant.line, set()) if within else set().union(*lines.values())
    found = found & set(seconds)
    files = {test.partition("::")[0] for test in found}
    beside = {test for test in seconds if test.partition("::")[0] in files}
    chosen: list[str] = []
    spent = 0.0
    for test in sorted(beside, key=lambda test: (test not in found, seconds[test], test)):
        spent += seconds[test]
        if chosen and spent > LONGEST_S:
            break
        chosen.append(test)
    return chosen


def run_in_a_fork(folder: Path, tests: Sequence[str], patience_s: float) -> str:
    """Run tests in a fork of this process: "killed" where one fails, "survived" where none does."""
    child = os.fork()
    if child == 0:
        os.setsid()
        _run_tests(folder, tests)
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "survived" if os.waitstatus_to_exitcode(status) == 0 else "killed"
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timed out"


def _run_tests(folder: Path, tests: Sequence[str]) -> None:
    """Run tests and end this process, which is a fork, with the status of pytest."""
    import pytest

    status = 1
    try:
        os.chdir(folder)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        rules = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:cov")
        imported = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # before, which is the point
        status = int(pytest.main([*tests, *rules, *imported]))
    finally:
        os._exit(status)


def fate_of(
    mutant: Mutant, folder: Path, lines: dict[int, set[str]], seconds: dict[str, float]
) -> Fate | None:
    """Write a mutant into the copy, run its tests, and put the module back."""
    module = folder / mutant.module
    source = module.read_text(encoding="utf-8")
    changed = mutated(source, mutant)
    if changed is None:
        return None
    tests = tests_for(mutant, source, lines, seconds)
    told = told_change(source, changed)
    if not tests:
        return Fate(mutant, "no test", told, 0, 0.0)
    start = time.monotonic()
    factor, more = PATIENCE
    try:
        module.write_text(changed, encoding="utf-8")
        fate = run_in_a_fork(folder, tests, more + factor * sum(map(seconds.__getitem__, tests)))
    finally:
        module.write_text(source, encoding="utf-8")
    return Fate(mutant, fate, told, len(tests), round(time.monotonic() - start, 2))


def told_change(before: str, after: str) -> str:
    """Return the first line that was changed: as it was, and as it is."""
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    return next((f"{old.strip()}  ->  {new.strip()}" for old, new in pairs if old != new), "a line less")


# -- all of them -----------------------------------------------------------------------------------


def fates(asked: argparse.Namespace, package: str, folder: Path) -> Iterator[Fate]:
    """Try mutants of a package until all are tried, or the time is over."""
    end = time.monotonic() + 60 * asked.minutes
    lines, seconds = tests_by_line(folder, package, asked.tests or SUBJECTS[package])
    modules = sorted((folder / "src" / "songatlas" / package).glob("*.py"))
    taken = [module for module in modules if not asked.modules or module.stem in asked.modules]
    found = [mutant for module in taken for mutant in mutants_of(module, folder)]
    print(f"{package}: {len(found):,} mutants, {len(seconds)} tests", file=sys.stderr, flush=True)
    quickest = sorted(seconds, key=seconds.__getitem__)[:20]
    if run_in_a_fork(folder, quickest, 300) != "survived":
        sys.exit(f"tests of {package} fail in a fork, without any mutant")
    for mutant in drawn(found, 5 if asked.quick else asked.mutants, asked.seed):
        if time.monotonic() > end:
            return
        fate = fate_of(mutant, folder, lines.get(mutant.module, {}), seconds)
        if fate is not None:
            where = f"{mutant.module}:{mutant.line}"
            print(f"{fate.fate:9} {fate.seconds:6.1f}s {where} {fate.change}", file=sys.stderr, flush=True)
            yield fate


def counted(found: Sequence[Fate]) -> dict[str, Any]:
    """Count what became of mutants, by module, and list those that no test killed."""
    modules: dict[str, dict[str, int]] = {}
    for fate in found:
        counts = modules.setdefault(fate.mutant.module, {"tried": 0, "killed": 0, "alive": 0})
        counts["tried"] += 1
        counts["killed" if fate.fate in ("killed", "timed out") else "alive"] += 1
    alive = [fate for fate in found if fate.fate not in ("killed", "timed out")]
    return {
        "tried": len(found),
        "killed": len(found) - len(alive),
        "of_these_timed_out": sum(fate.fate == "timed out" for fate in found),
        "alive": len(alive),
        "modules": dict(sorted(modules.items())),
        "survivors": [{**asdict(fate.mutant), "fate": fate.fate, "change": fate.change} for fate in alive],
    }


def asked_for() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help=f"of {', '.join(SUBJECTS)}; all")
    parser.add_argument("--mutants", type=int, default=100, help="of each package")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60.0, help="when to stop, for each package")
    parser.add_argument("--quick", action="store_true", help="five mutants of each package")
    parser.add_argument("--modules", nargs="+", metavar="MODULE", help="of the package, without .py")
    parser.add_argument("--tests", nargs="+", metavar="FILE", help="in place of those of the package")
    asked = parser.parse_args()
    if unknown := set(asked.packages) - set(SUBJECTS):
        parser.error(f"no tests are named for {', '.join(sorted(unknown))}: one of {', '.join(SUBJECTS)}")
    return asked


def main() -> None:
    """Try mutants of the packages that are named, and print what became of them."""
    asked = asked_for()
    command = " ".join(["python", "tools/mutate.py", *sys.argv[1:]])
    answer: dict[str, Any] = {"command": command, "seed": asked.seed}
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = copy_of_tree(Path(name))
        get_ready(folder)
        for package in asked.packages or list(SUBJECTS):
            answer[package] = counted(list(fates(asked, package, folder)))
    print(json.dumps(answer, indent=1, ensure_ascii=False))


def get_ready(folder: Path) -> None:
    """Import what every fork needs, and see to it that songatlas is imported from the copy."""
    os.environ.update(environment(folder))
    sys.dont_write_bytecode = True  # of a mutant, which the next one would be taken for
    sys.path.insert(0, str(folder / "src"))
    for name in IMPORTED_BEFORE:
        importlib.import_module(name)


if __name__ == "__main__":
    main()
