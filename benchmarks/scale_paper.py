"""What catalogues of other sizes would cost, reckoned from what `benchmarks.scale` measured.

What counts are CPU seconds, so that what else the machine did does not matter: those of a run, of JVM and
workers too, are given to its stages in proportion to their time. Each stage is taken for a part that does not
grow and a part in proportion to the rows: the straight line through the two largest sizes that were measured,
of which no part is below 0. The part that grows is divided among the cores, which is true while there are as
many tasks as cores and the disks keep up.

Sizes below the 200,000 songs of the sample are passed over where there are larger ones: from there on the
sample is swept and described alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SIZES = (10_000_000, 100_000_000, 1_000_000_000)
CLUSTERS = ((1, 2), (4, 8), (10, 16), (40, 16))  # nodes, cores of each
REPORTED = ("stream", "spark")
WIDTH_OF_SUM = 8
LEAST_ROWS = 250_000  # below that the sample, which is dear, still grows
MILLION = 1e6
BEGIN = "<!-- python -m benchmarks.scale --paper scale.json --into docs/scale.md -->"
END = "<!-- end of what was measured -->"


@dataclass(frozen=True)
class Line:
    """CPU seconds that a stage takes however few rows, and those for each row."""

    fixed_s: float
    core_s: float


def lines(results: Sequence[Mapping[str, Any]], engine: str) -> dict[str, Line]:
    """The stages of an engine, from the two largest sizes that were measured; none from one size."""
    of_engine = [each for each in results if each.get("engine") == engine]
    large_ones = [each for each in of_engine if each["n_rows"] >= LEAST_ROWS]
    runs = sorted(large_ones or of_engine, key=lambda run: run["n_rows"])
    if len(runs) < 2:
        return {}
    small, large = runs[-2:]
    found = {}
    for stage, seconds in _cpu_of_stages(large).items():
        rows = large["n_rows"]
        before = _cpu_of_stages(small).get(stage, 0.0)
        slope = min(max(0.0, (seconds - before) / (rows - small["n_rows"])), seconds / rows)
        found[stage] = Line(seconds - slope * rows, slope)
    return found


def _cpu_of_stages(run: Mapping[str, Any]) -> dict[str, float]:
    """CPU seconds of the stages of a run, and of what lies before and between them."""
    stages = {"starting": max(0.0, run["wall_s"] - sum(run["stages_s"].values())), **run["stages_s"]}
    share = run["cpu_s"] / run["wall_s"]
    return {stage: seconds * share for stage, seconds in stages.items()}


def paper(answer: Mapping[str, Any]) -> str:
    """Return the tables of docs/scale.md as Markdown."""
    results = answer["results"]
    told = ["Versions: " + ", ".join(f"{name} {value}" for name, value in answer["versions"].items()) + "."]
    for engine in REPORTED:
        found = lines(results, engine)
        if not found:
            continue
        run = max((each for each in results if each.get("engine") == engine), key=lambda one: one["n_rows"])
        told += [_rates(engine, found, run), _sizes(engine, found, run)]
    told += [_wire(each) for each in results if "iteration_rows" in each]
    return "\n\n".join([_side_by_side(results), *told]) + "\n"


def into(page: str, tables: str) -> str:
    """Return a page with the tables between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"the page has no place for the tables, between {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{tables}\n{END}{after}"


def _side_by_side(results: Sequence[Mapping[str, Any]]) -> str:
    """What was measured."""
    rows = ["| rows | engine | CPU s | wall s | peak, GB | iterations |\n|---|---|---|---|---|---|"]
    rows += [
        f"| {each['n_rows']:,} | {each['engine']} | {each['cpu_s']:.1f} | {each['wall_s']:.1f} | "
        f"{each['peak_gb']:.2f} | {each['found']['n_iter']} |"
        for each in results
        if "engine" in each
    ]
    return "\n".join(rows)


def _rates(engine: str, found: Mapping[str, Line], run: Mapping[str, Any]) -> str:
    """What a million rows cost, stage by stage."""
    rows = [
        f"### {engine}: rates, from {run['n_rows']:,} rows and the size before\n",
        "| stage | CPU seconds that do not grow | for a million rows |\n|---|---|---|",
    ]
    rows += [
        f"| {stage} | {line.fixed_s:.1f} | {line.core_s * MILLION:.2f} |" for stage, line in found.items()
    ]
    fixed = sum(line.fixed_s for line in found.values())
    return "\n".join([*rows, f"| all | {fixed:.1f} | {_core_s(found) * MILLION:.2f} |"])


def _sizes(engine: str, found: Mapping[str, Line], run: Mapping[str, Any]) -> str:
    """What catalogues of several sizes cost."""
    a_row = run["bytes"] / run["n_rows"]
    points = 4 * run["found"]["n_dimensions"]
    fixed = sum(line.fixed_s for line in found.values())
    clusters = ((1, 1),) if engine == "stream" else CLUSTERS
    heads = " | ".join(f"{nodes} x {cores} cores" for nodes, cores in clusters).replace(
        "1 x 1 cores", "1 core"
    )
    work = " stages and outputs on disk, GB |" if engine == "stream" else ""
    rows = [
        f"| rows | Parquet, GB | points, GB |{work} core hours | {heads} |",
        "|---" * (4 + bool(work) + len(clusters)) + "|",
    ]
    for n_rows in SIZES:
        core_s = n_rows * _core_s(found)
        times = " | ".join(_time(fixed + core_s / (nodes * cores)) for nodes, cores in clusters)
        kept = f" {n_rows * run['work_bytes'] / run['n_rows'] / 1e9:,.1f} |" if work else ""
        rows.append(
            f"| {n_rows:,} | {n_rows * a_row / 1e9:,.1f} | {n_rows * points / 1e9:,.1f} |{kept} "
            f"{(fixed + core_s) / 3600:,.1f} | {times} |"
        )
    return "\n".join(rows)


def _wire(each: Mapping[str, Any]) -> str:
    """What an iteration takes, and sends to the driver."""
    width = WIDTH_OF_SUM * each["k"] * (each["n_dimensions"] + 2)
    return (
        f"An iteration of Lloyd on `local[2]` over {each['iteration_rows']:,} points: ours "
        f"{each['ours_s']:.3f} s, MLlib {each['mllib_s']:.3f} s; each part answers with {width:,} bytes."
    )


def _core_s(found: Mapping[str, Line]) -> float:
    """Core seconds for each row, all stages together."""
    return sum(line.core_s for line in found.values())


def _time(seconds: float) -> str:
    """Seconds as a person reads them."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
