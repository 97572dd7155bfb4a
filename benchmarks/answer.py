"""What every benchmark shares: CPU time of one thread, medians of interleaved runs, the JSON object."""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from threadpoolctl import threadpool_limits

from songatlas.kernels import engine_name


@dataclass(frozen=True)
class Goal:
    """What was hoped for, and what was measured: at least `goal`, or at most where `at_least` is False."""

    name: str
    measured: float
    goal: float
    moonshot: float
    at_least: bool = True

    @property
    def holds(self) -> bool:
        """Whether the goal is met."""
        return self.measured >= self.goal if self.at_least else self.measured <= self.goal


def interleaved(runs: Mapping[str, Callable[[], Any]], *, repeats: int) -> dict[str, tuple[float, Any]]:
    """Run each in turn, `repeats` times; return the median CPU seconds and the last answer of each."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    answers: dict[str, Any] = {}
    with threadpool_limits(limits=1):
        for turn in range(repeats):
            for name, run in runs.items():
                print(f"{name}, run {turn + 1} of {repeats}", file=sys.stderr)
                start = time.process_time()
                answers[name] = run()
                seconds[name].append(time.process_time() - start)
    return {name: (statistics.median(taken), answers[name]) for name, taken in seconds.items()}


def print_answer(
    benchmark: str,
    *,
    results: Sequence[Mapping[str, Any]],
    goals: Sequence[Goal] = (),
    versions: Mapping[str, str] | None = None,
) -> None:
    """Print the one JSON object of a benchmark on stdout; `versions` adds to those of every benchmark."""
    packages = ("songatlas", "numpy", "scikit-learn", "polars")
    answer = {
        "benchmark": benchmark,
        "command": f"python -m benchmarks.{benchmark} {' '.join(sys.argv[1:])}".strip(),
        "versions": {"python": platform.python_version(), "kernels": engine_name()}
        | {name: version(name) for name in packages}
        | dict(versions or {}),
        "results": list(results),
        "goals": [asdict(goal) | {"holds": bool(goal.holds)} for goal in goals],
    }
    print(json.dumps(answer, indent=1))
