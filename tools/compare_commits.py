"""Says whether a commit made songatlas slower: two commits, the same benchmarks, taken in turn.

python tools/compare_commits.py OLD NEW [--benchmarks kmeans,sweep,road] [--repeats 3] [--slower 10] [--quick]

Both commits are laid out in a folder that is taken away afterwards, and installed there; the benchmarks are
those of the checkout, so that both are measured by the same rule. Prints JSON: for every line of every
benchmark the CPU seconds of both, medians of the repeats, and the ratio new to old. A line is slower where
the ratio is beyond --slower percent, and beyond what the repeats of one commit differ by. Exits with 1 where
a line is slower, with 2 where a commit cannot be built.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SECONDS = "songatlas_cpu_s"
SIZES = ("step", "n_songs", "n_dimensions", "k", "ks", "n_labelings")


def installed(commit: str, room: Path, place: str) -> Path:
    """Install a commit into a folder of its own; return the folder."""
    packed, tree, site = room / f"{place}.tar", room / f"{place}_tree", room / f"{place}_site"
    subprocess.run(["git", "archive", "--output", str(packed), commit], cwd=ROOT, check=True)
    with tarfile.open(packed) as archive:
        archive.extractall(tree, filter="data")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(tree)]
    subprocess.run(pip, check=True, stdout=sys.stderr)
    return site


def seconds_of(benchmark: str, site: Path, room: Path, *, quick: bool) -> dict[str, float]:
    """CPU seconds of songatlas in each line of a benchmark, by what the line is about."""
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", *(["--quick"] if quick else [])]
    # benchmarks stand at the root, whose src is not on the path: what is measured comes from `site`
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(room)]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=room, env=variables, check=True, stdout=subprocess.PIPE, text=True)
    return lines_of(json.loads(done.stdout)["results"])


def lines_of(results: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The seconds of each result, by its sizes."""
    named = {
        ", ".join(f"{name} {result[name]}" for name in SIZES if name in result): float(result[SECONDS])
        for result in results
        if SECONDS in result
    }
    if not named:
        raise ValueError(f"no result says {SECONDS}: compare kmeans, sweep, silhouette or road")
    return named


def compared(old: Sequence[float], new: Sequence[float], *, slower: float) -> dict[str, Any]:
    """The ratio of two series of seconds, and whether it is more than noise."""
    ratio = statistics.median(new) / statistics.median(old)
    noise = max(max(series) / min(series) for series in (old, new))
    limit = max(1 + slower / 100, noise)
    verdict = "slower" if ratio > limit else "faster" if ratio < 1 / limit else "the same"
    return {
        "old_cpu_s": round(statistics.median(old), 4),
        "new_cpu_s": round(statistics.median(new), 4),
        "ratio": round(ratio, 3),
        "noise": round(noise, 3),
        "verdict": verdict,
    }


def measured(
    benchmarks: Sequence[str], sites: Mapping[str, Path], room: Path, *, repeats: int, quick: bool
) -> dict[tuple[str, str], dict[str, list[float]]]:
    """Seconds of every line of every benchmark, old and new in turn."""
    series: dict[tuple[str, str], dict[str, list[float]]] = {}
    for benchmark in benchmarks:
        for turn in range(repeats):
            for place in sites if turn % 2 == 0 else reversed(list(sites)):
                print(f"{benchmark}, {place}, run {turn + 1} of {repeats}", file=sys.stderr)
                for line, seconds in seconds_of(benchmark, sites[place], room, quick=quick).items():
                    series.setdefault((benchmark, line), {"old": [], "new": []})[place].append(seconds)
    return series


def main(arguments: Sequence[str]) -> int:
    """Build, measure, compare, print."""
    parser = argparse.ArgumentParser(description="Compare the speed of two commits")
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--benchmarks", default="kmeans,sweep,road")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--slower", type=float, default=10.0, help="percent that count as slower")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args(arguments)
    if given.repeats < 2:
        parser.error(f"--repeats {given.repeats}: of one run nobody can tell noise; at least 2")
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        (room / "benchmarks").symlink_to(ROOT / "benchmarks")
        try:
            sites = {place: installed(getattr(given, place), room, place) for place in ("old", "new")}
        except subprocess.CalledProcessError as error:
            print(f"a commit cannot be built: {' '.join(map(str, error.cmd))}", file=sys.stderr)
            return 2
        names = given.benchmarks.split(",")
        series = measured(names, sites, room, repeats=given.repeats, quick=given.quick)
    results = [
        {"benchmark": benchmark, "of": line} | compared(both["old"], both["new"], slower=given.slower)
        for (benchmark, line), both in series.items()
        if both["old"] and both["new"]
    ]
    is_slower = any(result["verdict"] == "slower" for result in results)
    command = " ".join(["python tools/compare_commits.py", *arguments])
    print(json.dumps({"command": command, "results": results, "slower": is_slower}, indent=1))
    return 1 if is_slower else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
