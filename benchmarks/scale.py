"""What a large catalogue costs: all in memory, streamed in parts, on Spark with our kernel and with MLlib.

python -m benchmarks.scale [--quick] [--rows 100000,1000000,10000000] [--engines memory,stream,spark,mllib]
python -m benchmarks.scale --paper ANSWER.json [MORE.json] [--into docs/scale.md]

Simulated songs in one Parquet file, written first, outside the timing; k = 20 given; no figures. Each run is
in a process of its own, started from nothing; CPU seconds and peak memory are those of that process and of
all that it starts (JVM, Python workers). One thread, and `local[2]` for Spark. CPU seconds of a step are
those that all these processes used between its beginning and its end. An iteration of Lloyd is measured
apart, over the same points in one warm session: ours from passes about the same centroids, MLlib's from fits
of 20 and of 2 iterations (`--rows '' --engines spark` measures that alone). `--paper` reckons from answers
what catalogues of other sizes cost on other machines; see docs/scale.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.answer import Goal, print_answer
from benchmarks.pipeline import ONE_THREAD, peak_gb
from benchmarks.process_tree import cpu_of_tree, cpu_until, run_measured
from benchmarks.scale_paper import STARTING, into, joined, paper
from benchmarks.simulated import simulated_parquet

GIVEN_K = 20
MASTER = "local[2]"
ENGINES = ("memory", "stream", "spark", "mllib")
ITERATION_ROWS = 1_000_000
FEW_ITERATIONS, MOST_ITERATIONS = 2, 20
WARM_PASSES = 5
ROUNDS = 3
STREAM_BYTES = 1_500_000_000
FEATURES = (
    "danceability", "energy", "loudness", "speechiness", "acousticness", "instrumentalness",
    "liveness", "valence", "tempo", "duration_ms",
)  # fmt: skip
MIDDLES = {"loudness": (-8.0, 4.0), "tempo": (120.0, 28.0), "duration_ms": (220_000.0, 60_000.0)}
SPARK_CONF = {"spark.driver.memory": "2g"}


@dataclass
class Marks:
    """When steps begin: names, and times of `time.monotonic`, which the process that watches has, too."""

    steps: list[tuple[str, float]] = field(default_factory=list)

    def begin(self, name: str) -> None:
        """End the step that runs and begin another; a name may come again."""
        self.steps.append((name, time.monotonic()))

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Take the place of `Watch.step`."""
        self.begin(name)
        yield
        self.begin(STARTING)


def build(engine: str, songs: Path, folder: Path) -> dict[str, Any]:
    """Build an atlas and write all outputs but the figures; return what was found, and when steps began."""
    from songatlas import build_atlas, build_large_atlas, write_outputs
    from songatlas.atlas.large.road import Watch

    given = {"k": GIVEN_K, "k_min": GIVEN_K, "k_max": GIVEN_K, "threads": 1}
    marks = Marks()
    measured_step = Watch.step

    @contextmanager
    def marked_step(watch: Watch, name: str) -> Iterator[None]:
        with marks.step(name), measured_step(watch, name):
            yield

    Watch.step = marked_step  # type: ignore[method-assign]
    if engine == "memory":
        atlas = build_atlas(songs, progress=lambda _, words: marks.begin(words.split(",")[0]), **given)
    elif engine == "stream":
        atlas = build_large_atlas(songs, folder, engine="stream", memory=STREAM_BYTES, **given)
    else:
        kmeans = "mllib" if engine == "mllib" else "ours"
        atlas = build_large_atlas(
            songs, folder, engine="spark", master=MASTER, spark_kmeans=kmeans, spark_conf=SPARK_CONF, **given
        )
    marks.begin("outputs")
    write_outputs(atlas, folder, figures=False)
    marks.begin(STARTING)
    found = {"n_clustered": atlas.n_clustered, "n_iter": atlas.clustering.n_iter}
    if atlas.whole is not None:
        found = {"n_clustered": atlas.whole.n_clustered, "n_iter": atlas.whole.n_iter}
    found["n_dimensions"] = len(atlas.space.dimensions)
    return {"marks": marks.steps, "found": found, "own_peak_gb": peak_gb()}


def iterate(n_rows: int) -> dict[str, Any]:
    """What an iteration of Lloyd costs on Spark, ours and MLlib's, over the same points in one session.

    CPU seconds are those of this process, the JVM and all workers.
    """
    from songatlas import spark
    from songatlas.atlas.large.building import SimulateRows
    from songatlas.atlas.large.settling import Sums
    from songatlas.catalogue import ROWS
    from songatlas.progress import silent

    session = spark.open_session(MASTER, conf=SPARK_CONF)
    catalogue = spark.simulated_catalogue(session, SimulateRows(n_rows, 0), n_rows)
    nothing = np.empty((0, len(FEATURES)), dtype=np.float32)
    points = catalogue.keep_points(standardized, nothing, of=ROWS, tell=silent, columns=FEATURES)
    task = Sums(np.random.default_rng(0).normal(size=(GIVEN_K, len(FEATURES))))

    def ours(passes: int) -> int:
        for _ in range(passes):
            points.summed(task)
        return passes

    def mllib(most: int) -> int:
        return spark.mllib_kmeans(points, GIVEN_K, seed=0, max_iter=most, tolerance=0.0).n_iter

    ours(WARM_PASSES)
    mllib(MOST_ITERATIONS)
    taken: dict[str, list[tuple[float, float]]] = {"ours": [], "mllib": []}
    for _ in range(ROUNDS):
        cpu, wall, done = timed(ours, MOST_ITERATIONS)
        taken["ours"].append((cpu / done, wall / done))
        few_cpu, few_wall, few = timed(mllib, FEW_ITERATIONS)
        cpu, wall, done = timed(mllib, MOST_ITERATIONS)
        if done > few:
            taken["mllib"].append(((cpu - few_cpu) / (done - few), (wall - few_wall) / (done - few)))
    session.stop()
    answer: dict[str, Any] = {"k": GIVEN_K, "n_dimensions": len(FEATURES), "rounds": taken}
    for name, pairs in taken.items():
        for place, unit in enumerate(("cpu_s", "wall_s")):
            middle = statistics.median(pair[place] for pair in pairs) if pairs else None
            answer[f"{name}_{unit}"] = None if middle is None else round(middle, 4)
    return answer


def timed(run: Callable[[int], int], most: int) -> tuple[float, float, int]:
    """CPU and wall seconds of a run, JVM and workers counted, and the iterations that it did."""
    cpu, begun = cpu_of_tree(os.getpid()), time.perf_counter()
    done = run(most)
    return cpu_of_tree(os.getpid()) - cpu, time.perf_counter() - begun, done


def standardized(songs: pl.DataFrame) -> NDArray[np.float32]:
    """Points of songs: features about their middle, in steps of 2**-24 as all our points."""
    columns = []
    for name in FEATURES:
        middle, width = MIDDLES.get(name, (0.5, 0.25))
        columns.append((songs[name].cast(pl.Float64).fill_null(middle) - middle) / width)
    steps = np.round(np.column_stack([column.to_numpy() for column in columns]) * 2.0**24) * 2.0**-24
    return np.clip(steps, -16.0, 16.0).astype(np.float32)


def in_child(*arguments: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run a part of this benchmark in a process of its own; return its answer, and what it cost."""
    command = [sys.executable, "-m", "benchmarks.scale", *arguments]
    environment = os.environ | dict.fromkeys(ONE_THREAD, "1")
    with tempfile.TemporaryDirectory(prefix="songatlas-") as folder:
        spent = run_measured([*command, "--work", folder], environment=environment, folder=Path(folder))
    answer: dict[str, Any] = json.loads(spent.stdout.strip().splitlines()[-1])
    peak = max(spent.peak_bytes / 1e9, answer.pop("own_peak_gb", 0.0))
    cost = {"cpu_s": round(spent.cpu_s, 2), "wall_s": round(spent.wall_s, 2), "peak_gb": round(peak, 2)}
    steps = [(STARTING, spent.course[0][0]), *answer.pop("marks", ()), ("", spent.course[-1][0])]
    stages: dict[str, float] = {}
    for (name, begun), (_, ended) in pairwise(steps):
        used = cpu_until(spent.course, ended) - cpu_until(spent.course, begun)
        stages[name] = round(stages.get(name, 0.0) + used, 2)
    return answer, cost | {"work_bytes": spent.most_on_disk, "stages_cpu_s": stages}


def measure(engine: str, n_rows: int, songs: Path) -> dict[str, Any]:
    """Build by one engine, and weigh it."""
    print(f"{engine}: {n_rows:,} rows", file=sys.stderr)
    answer, cost = in_child("--child", engine, "--songs", str(songs))
    size = songs.stat().st_size
    return {"engine": engine, "n_rows": n_rows, **cost, "found": answer["found"], "bytes": size}


def versions_of_spark() -> dict[str, str]:
    """The versions of Spark and Java, as far as they are here."""
    found = {}
    for name in ("pyspark", "pyarrow"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    java = Path(os.environ["JAVA_HOME"], "bin", "java") if "JAVA_HOME" in os.environ else Path("java")
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return found
    return found | {"java": told.stderr.split('"')[1]}


def goals_of(results: Sequence[Mapping[str, Any]], iteration: Mapping[str, Any] | None) -> list[Goal]:
    """The goals of issue and docs, as far as they were measured."""
    cpu = {(each["engine"], each["n_rows"]): each["cpu_s"] for each in results}
    peak = {(each["engine"], each["n_rows"]): each["peak_gb"] for each in results}
    large, middle = 10_000_000, 1_000_000
    goals = []
    if ("stream", large) in cpu and ("memory", large) in cpu:
        ratio = round(cpu["stream", large] / cpu["memory", large], 3)
        goals.append(Goal("CPU seconds of streaming to in memory, 10M", ratio, 1.5, 1.0, at_least=False))
    if ("stream", large) in peak:
        goals.append(Goal("peak of streaming in GB, 10M", peak["stream", large], 2.0, 1.0, at_least=False))
    for engine in ("memory", "stream"):
        if (engine, large) in cpu and (engine, middle) in cpu:
            growth = (cpu[engine, large] / large) / (cpu[engine, middle] / middle)
            name = f"CPU seconds a row at 10M to those at 1M, {engine}"
            goals.append(Goal(name, round(growth, 3), 1.2, 1.0, at_least=False))
    if iteration and iteration["mllib_cpu_s"] and iteration["ours_cpu_s"]:
        ratio = round(iteration["mllib_cpu_s"] / iteration["ours_cpu_s"], 2)
        goals.append(Goal("CPU seconds of an iteration of MLlib to ours", ratio, 5.0, 10.0))
    return goals


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="20,000 rows, in about a minute")
    parser.add_argument("--rows", default="100000,1000000,10000000", help="sizes, with commas")
    parser.add_argument("--engines", default=",".join(ENGINES), help="which, with commas")
    parser.add_argument("--iteration-rows", type=int, default=ITERATION_ROWS, help="0 leaves it out")
    parser.add_argument("--folder", type=Path, help="where simulated songs lie, to be used again")
    parser.add_argument("--paper", type=Path, nargs="+", metavar="ANSWER", help="reckon from answers")
    parser.add_argument("--into", type=Path, metavar="PAGE", help="write the tables of --paper there")
    parser.add_argument("--child", choices=(*ENGINES, "iterate"), help=argparse.SUPPRESS)
    parser.add_argument("--songs", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.paper:
        tables = paper(joined([json.loads(each.read_text(encoding="utf-8")) for each in asked.paper]))
        if asked.into:
            page = into(asked.into.read_text(encoding="utf-8"), tables)
            asked.into.write_text(page, encoding="utf-8")
        else:
            print(tables)
        return
    if asked.child == "iterate":
        print(json.dumps(iterate(asked.iteration_rows)))
        return
    if asked.child:
        print(json.dumps(build(asked.child, asked.songs, asked.work / "atlas")))
        return
    sizes = [20_000] if asked.quick else [int(part) for part in asked.rows.split(",") if part]
    n_iteration = min(asked.iteration_rows, 100_000) if asked.quick else asked.iteration_rows
    with tempfile.TemporaryDirectory(prefix="songatlas-") as folder:
        place = asked.folder or Path(folder)
        results = [
            measure(engine, n_rows, simulated_parquet(n_rows, place))
            for n_rows in sizes
            for engine in asked.engines.split(",")
        ]
    iteration = None
    if n_iteration and "spark" in asked.engines:
        print(f"iterations over {n_iteration:,} rows", file=sys.stderr)
        iteration, _ = in_child("--child", "iterate", "--iteration-rows", str(n_iteration))
        results.append({"iteration_rows": n_iteration, **iteration})
    goals = goals_of(results[: -1 if iteration else None], iteration)
    print_answer("scale", results=results, goals=goals, versions=versions_of_spark())


if __name__ == "__main__":
    main()
