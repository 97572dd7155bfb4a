"""What catalogues of other sizes would cost, reckoned from what `benchmarks.scale` measured.

What counts are CPU seconds of JVM and workers too, so that what else the machine did matters little. What
works on the sample (`OF_SAMPLE`) does not grow. Lloyd takes CPU seconds for each row and iteration, making
the points among them. Every other step is the straight line through the two largest sizes above the sample,
of which no part is below 0; one that did not grow is not reckoned on. Where one size alone was measured, all
of such a step is taken to grow: that is the most it can cost. What grows is divided among the cores, which
is true while there are as many tasks as cores and disks and network keep up; the rest runs on one core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SIZES = (10_000_000, 100_000_000, 1_000_000_000)
CLUSTERS = ((4, 8), (16, 8), (64, 8))  # nodes, cores of each
REPORTED = ("stream", "spark")
STARTING = "start and end"
CLUSTERING = "clustering"
OF_SAMPLE = (STARTING, "choosing k", "describing", "outputs")
ITERATIONS = 20
LEAST_ROWS = 250_000  # below that the sample, which is dear, still grows
MILLION = 1e6
PART_BYTES = 32 * 2**20  # what Spark makes a task of
NUMBER = 8
KEY_ROW = 28  # of the shuffle: key, count, nulls and length, before lz4
KEY_SHUFFLES = 2  # rows of one song, versions of one song
CORES_MEASURED = {"memory": 1, "stream": 1, "spark": 2, "mllib": 2}
BEGIN = "<!-- python -m benchmarks.scale --paper scale.json --into docs/scale.md -->"
END = "<!-- end of what was measured -->"


@dataclass(frozen=True)
class Line:
    """CPU seconds that a step takes however few rows, and those for each row; None where it did not grow."""

    fixed_s: float
    core_s: float | None


def joined(answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return several answers as one; of what was measured twice counts the last."""
    results = {
        (each.get("engine"), each.get("n_rows", each.get("iteration_rows"))): each
        for answer in answers
        for each in answer["results"]
    }
    versions = {name: value for answer in answers for name, value in answer["versions"].items()}
    return {"versions": versions, "results": list(results.values())}


def usable(results: Sequence[Mapping[str, Any]], engine: str) -> list[Mapping[str, Any]]:
    """The runs of an engine whose sample was as large as it gets, the smallest first; by step, if any is."""
    runs = [each for each in results if each.get("engine") == engine and each["n_rows"] >= LEAST_ROWS]
    told = [run for run in runs if "stages_cpu_s" in run]
    return sorted(told or runs, key=lambda run: run["n_rows"])


def lines(runs: Sequence[Mapping[str, Any]]) -> dict[str, Line]:
    """The steps of an engine, from its one or two largest runs."""
    large = runs[-1]
    found = {}
    for stage, seconds in _steps(large).items():
        rows = large["n_rows"]
        if stage in OF_SAMPLE:
            found[stage] = Line(seconds, 0.0)
        elif stage == CLUSTERING:
            found[stage] = Line(0.0, ITERATIONS * seconds / (rows * large["found"]["n_iter"]))
        elif len(runs) == 1:
            found[stage] = Line(0.0, seconds / rows)
        else:
            small = runs[-2]
            slope = (seconds - _steps(small).get(stage, 0.0)) / (rows - small["n_rows"])
            slope = min(slope, seconds / rows)
            found[stage] = Line(seconds - slope * rows, slope) if slope > 0 else Line(seconds, None)
    return found


def _steps(run: Mapping[str, Any]) -> Mapping[str, float]:
    """CPU seconds of the steps of a run; of the run as a whole where they were not told."""
    return run.get("stages_cpu_s") or {"all steps together": run["cpu_s"]}


def paper(answer: Mapping[str, Any]) -> str:
    """Return the tables of docs/scale.md as Markdown."""
    results = answer["results"]
    told = ["Versions: " + ", ".join(f"{name} {value}" for name, value in answer["versions"].items()) + "."]
    told += [_wire(each) for each in results if "iteration_rows" in each]
    for engine in REPORTED:
        runs = usable(results, engine)
        if not runs:
            told.append(f"### {engine}\n\nNot reckoned: no size of {LEAST_ROWS:,} rows or more was measured.")
            continue
        found = lines(runs)
        told.append(_rates(engine, found, runs))
        still = [stage for stage, line in found.items() if line.core_s is None]
        if still:
            told.append(
                f"Not reckoned for other sizes: {', '.join(still)} did not grow from the smaller run to the "
                "larger. Measure sizes that lie farther apart."
            )
        else:
            told.append(_sizes(engine, found, runs[-1]))
    return "\n\n".join([_side_by_side(results), *told]) + "\n"


def into(page: str, tables: str) -> str:
    """Return a page with the tables between its two marks; engines that were there have to be there again."""
    before, _, rest = page.partition(BEGIN)
    old, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"the page has no place for the tables, between {BEGIN} and {END}")
    lost = _engines(old) - _engines(tables)
    if lost:
        raise SystemExit(
            f"the page tells of {', '.join(sorted(lost))}, which was not measured in these answers: name the "
            "older answer, too (--paper OLD.json NEW.json), or remove those rows from the page by hand"
        )
    return f"{before}{BEGIN}\n\n{tables}\n{END}{after}"


def _engines(tables: str) -> set[str]:
    """Engines of the table of runs, and whether iterations were measured."""
    cells = [[cell.strip() for cell in line.split("|")] for line in tables.splitlines()]
    found = {row[2] for row in cells if len(row) > 2 and row[2] in CORES_MEASURED}
    return found | ({"an iteration of Lloyd"} if "An iteration of Lloyd" in tables else set())


def _side_by_side(results: Sequence[Mapping[str, Any]]) -> str:
    """What was measured."""
    rows = [
        "| rows | engine | cores it may use | CPU s | for a million rows | wall s | peak, GB | iterations |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {each['n_rows']:,} | {each['engine']} | {CORES_MEASURED[each['engine']]} | {each['cpu_s']:.1f} | "
        f"{each['cpu_s'] / each['n_rows'] * MILLION:.1f} | {each['wall_s']:.0f} | {each['peak_gb']:.2f} | "
        f"{each['found']['n_iter']} |"
        for each in sorted((one for one in results if "engine" in one), key=lambda one: one["n_rows"])
    ]
    return "\n".join(rows)


def _rates(engine: str, found: Mapping[str, Line], runs: Sequence[Mapping[str, Any]]) -> str:
    """What a million rows cost, step by step."""
    sizes = " and ".join(f"{run['n_rows']:,}" for run in runs[-2:])
    one_size = ", of which all but the steps on the sample is taken to grow: the most it can cost"
    whole = "" if len(runs) > 1 else one_size
    rows = [
        f"### {engine}: rates, from {sizes} rows{whole}\n",
        "| step | CPU seconds that do not grow | for a million rows |\n|---|---|---|",
    ]
    for stage, line in found.items():
        name = f"{stage}, {ITERATIONS} iterations" if stage == CLUSTERING else stage
        grows = "did not grow" if line.core_s is None else f"{line.core_s * MILLION:.2f}"
        rows.append(f"| {name} | {line.fixed_s:.1f} | {grows} |")
    fixed = sum(line.fixed_s for line in found.values())
    return "\n".join([*rows, f"| all | {fixed:.1f} | {_core_s(found) * MILLION:.2f} |"])


def _sizes(engine: str, found: Mapping[str, Line], run: Mapping[str, Any]) -> str:
    """What catalogues of several sizes cost."""
    return _sizes_here(found, run) if engine == "stream" else _sizes_there(found, run)


def _sizes_here(found: Mapping[str, Line], run: Mapping[str, Any]) -> str:
    """Those on one core of this machine."""
    rows = [
        "| rows | Parquet, GB | points, GB | most on disk, GB | time on one core |\n|---|---|---|---|---|",
    ]
    for n_rows in SIZES:
        scale = n_rows / run["n_rows"] / 1e9
        rows.append(
            f"| {n_rows:,} | {run['bytes'] * scale:,.1f} | {_points_gb(run, n_rows):,.1f} | "
            f"{run['work_bytes'] * scale:,.1f} | {_time(_fixed(found) + n_rows * _core_s(found))} |"
        )
    return "\n".join(rows)


def _sizes_there(found: Mapping[str, Line], run: Mapping[str, Any]) -> str:
    """Those on clusters, and what is read and sent."""
    heads = " | ".join(f"{nodes} x {cores}" for nodes, cores in CLUSTERS)
    rows = [
        "| rows | Parquet, GB | source read, GB | points read, GB | shuffle of keys, GB | "
        f"to and from the driver, GB | core hours | {heads} |",
        "|---" * (7 + len(CLUSTERS)) + "|",
    ]
    fixed = _fixed(found)
    for n_rows in SIZES:
        parquet = run["bytes"] * n_rows / run["n_rows"]
        core_s = n_rows * _core_s(found)
        times = " | ".join(
            _time(fixed + core_s / (nodes * cores)) if fixed else "not known" for nodes, cores in CLUSTERS
        )
        wire = ITERATIONS * max(1.0, parquet / PART_BYTES) * 2 * _answer_bytes(run)
        rows.append(
            f"| {n_rows:,} | {parquet / 1e9:,.1f} | {2 * parquet / 1e9:,.1f} | "
            f"{ITERATIONS * _points_gb(run, n_rows):,.0f} | {KEY_SHUFFLES * KEY_ROW * n_rows / 1e9:,.1f} | "
            f"{wire / 1e9:,.3f} | {(fixed + core_s) / 3600:,.1f} | {times} |"
        )
    alone = f"{fixed:.0f} CPU seconds on one core of the driver, the rest divided evenly"
    unknown = "core hours are the most it can cost; the part that one core does alone is not known"
    told = (
        f"Reckoned for nodes x cores, with {ITERATIONS} iterations: {alone if fixed else unknown}. The "
        "source is read twice (reading, writing), points once an iteration from disks or memory; "
        f"the shuffle carries at most {KEY_ROW} bytes a row {KEY_SHUFFLES} times, before compression; in "
        f"each iteration centroids go to, and sums come from, each part of {PART_BYTES // 2**20} MB."
    )
    return told + "\n\n" + "\n".join(rows)


def _points_gb(run: Mapping[str, Any], n_rows: int) -> float:
    """GB of the points of so many rows."""
    return float(4 * run["found"]["n_dimensions"] * n_rows / 1e9)


def _answer_bytes(run: Mapping[str, Any]) -> int:
    """Bytes that a part answers in an iteration, with k = 20."""
    return NUMBER * 20 * (int(run["found"]["n_dimensions"]) + 2)


def _wire(each: Mapping[str, Any]) -> str:
    """What an iteration takes, and sends to the driver."""
    width = NUMBER * each["k"] * (each["n_dimensions"] + 2)
    told = (
        f"An iteration of Lloyd on `local[2]` over {each['iteration_rows']:,} points in "
        f"{each['n_dimensions']} dimensions, k = {each['k']}"
    )
    if not each.get("mllib_cpu_s") or not each.get("ours_cpu_s"):
        return f"{told}: not measured, as MLlib ended before its last iteration."
    cpu, wall = (each[f"mllib_{unit}"] / each[f"ours_{unit}"] for unit in ("cpu_s", "wall_s"))
    return (
        f"{told}, all processes counted, JVM warm: ours {each['ours_cpu_s']:.3f} CPU s (wall "
        f"{each['ours_wall_s']:.3f} s), MLlib {each['mllib_cpu_s']:.3f} CPU s (wall "
        f"{each['mllib_wall_s']:.3f} s). MLlib takes {cpu:.1f} times the CPU seconds and {wall:.1f} times "
        f"the wall time. Each part answers with {width:,} bytes."
    )


def _fixed(found: Mapping[str, Line]) -> float:
    """CPU seconds that do not grow, all steps together."""
    return sum(line.fixed_s for line in found.values())


def _core_s(found: Mapping[str, Line]) -> float:
    """CPU seconds for each row, all steps together."""
    return sum(line.core_s or 0.0 for line in found.values())


def _time(seconds: float) -> str:
    """Seconds as a person reads them."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
