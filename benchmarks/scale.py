"""What a large catalogue costs: all in memory, streamed in parts, on Spark with our kernel and with MLlib.

python -m benchmarks.scale [--quick] [--rows 100000,1000000,10000000] [--engines memory,stream,spark,mllib]
python -m benchmarks.scale --paper ANSWER.json [--into docs/scale.md]

Simulated songs in one Parquet file, written first, outside the timing; k = 20 given; no figures. Each run is
in a process of its own, started from nothing; CPU seconds and peak memory are those of that process and of
all that it starts (JVM, Python workers). One thread, and `local[2]` for Spark. An iteration of Lloyd is
measured apart, over the same points in the same session, after one to warm up. `--paper` reckons from an
answer what catalogues of other sizes cost on other machines; see docs/scale.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.answer import Goal, print_answer
from benchmarks.pipeline import ONE_THREAD, Stopwatch, peak_gb
from benchmarks.process_tree import run_measured
from benchmarks.scale_paper import into, paper
from benchmarks.simulated import simulated_parquet

GIVEN_K = 20
MASTER = "local[2]"
ENGINES = ("memory", "stream", "spark", "mllib")
ITERATION_ROWS = 1_000_000
ITERATIONS = 10
STREAM_BYTES = 1_500_000_000
FEATURES = (
    "danceability", "energy", "loudness", "speechiness", "acousticness", "instrumentalness",
    "liveness", "valence", "tempo", "duration_ms",
)  # fmt: skip
MIDDLES = {"loudness": (-8.0, 4.0), "tempo": (120.0, 28.0), "duration_ms": (220_000.0, 60_000.0)}
SPARK_CONF = {"spark.driver.memory": "2g"}


def build(engine: str, songs: Path, folder: Path) -> dict[str, Any]:
    """Build an atlas and write all outputs but the figures; return what was found and the stages."""
    from songatlas import build_atlas, build_large_atlas, write_outputs

    given = {"k": GIVEN_K, "k_min": GIVEN_K, "k_max": GIVEN_K, "threads": 1}
    watch = Stopwatch()
    if engine == "memory":
        atlas = build_atlas(songs, progress=lambda _, words: watch.begin(words.split(",")[0]), **given)
        stages = watch.measured()["stages"]
    elif engine == "stream":
        atlas = build_large_atlas(songs, folder, engine="stream", memory=STREAM_BYTES, **given)
        stages = dict(atlas.whole.seconds)
    else:
        kmeans = "mllib" if engine == "mllib" else "ours"
        atlas = build_large_atlas(
            songs, folder, engine="spark", master=MASTER, spark_kmeans=kmeans, spark_conf=SPARK_CONF, **given
        )
        stages = dict(atlas.whole.seconds)
    begun = time.perf_counter()
    write_outputs(atlas, folder, figures=False)
    stages["outputs"] = time.perf_counter() - begun
    found = {"n_clustered": atlas.n_clustered, "n_iter": atlas.clustering.n_iter}
    if atlas.whole is not None:
        found = {"n_clustered": atlas.whole.n_clustered, "n_iter": atlas.whole.n_iter}
    found["n_dimensions"] = len(atlas.space.dimensions)
    return {"stages_s": stages, "found": found, "own_peak_gb": peak_gb()}


def iterate(n_rows: int) -> dict[str, Any]:
    """Seconds of one iteration of Lloyd on Spark, ours and MLlib's, over the same points."""
    from songatlas import spark
    from songatlas.atlas.large.building import SimulateRows
    from songatlas.atlas.large.settling import Sums
    from songatlas.catalogue import ROWS
    from songatlas.progress import silent

    session = spark.open_session(MASTER, conf=SPARK_CONF)
    catalogue = spark.simulated_catalogue(session, SimulateRows(n_rows, 0), n_rows)
    nothing = np.empty((0, len(FEATURES)), dtype=np.float32)
    points = catalogue.keep_points(standardized, nothing, of=ROWS, tell=silent, columns=FEATURES)
    centroids = np.random.default_rng(0).normal(size=(GIVEN_K, len(FEATURES)))
    ours = []
    for _ in range(ITERATIONS + 1):
        begun = time.perf_counter()
        answer = points.summed(Sums(centroids))
        ours.append(time.perf_counter() - begun)
        sums, counts = answer[: centroids.size].reshape(centroids.shape), answer[-2 * GIVEN_K : -GIVEN_K]
        centroids = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1.0)[:, None], centroids)
    seconds = {}
    for turn, most in enumerate((1, 1, 1 + ITERATIONS)):
        begun = time.perf_counter()
        run = spark.mllib_kmeans(points, GIVEN_K, seed=0, max_iter=most, tolerance=0.0)
        seconds[turn] = (time.perf_counter() - begun, run.n_iter)
    session.stop()
    (short, few), (long, many) = seconds[1], seconds[2]
    return {
        "k": GIVEN_K,
        "n_dimensions": len(FEATURES),
        "ours_s": round(statistics.median(ours[1:]), 4),
        "mllib_s": round((long - short) / (many - few), 4),
    }


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
    return answer, cost | {"work_bytes": spent.most_on_disk}


def measure(engine: str, n_rows: int, songs: Path) -> dict[str, Any]:
    """Build by one engine, and weigh it."""
    print(f"{engine}: {n_rows:,} rows", file=sys.stderr)
    answer, cost = in_child("--child", engine, "--songs", str(songs))
    stages = {name: round(seconds, 3) for name, seconds in answer["stages_s"].items() if seconds >= 0.0005}
    size = songs.stat().st_size
    return {
        "engine": engine,
        "n_rows": n_rows,
        **cost,
        "found": answer["found"],
        "stages_s": stages,
        "bytes": size,
    }


def goals_of(results: Sequence[Mapping[str, Any]], iteration: Mapping[str, float] | None) -> list[Goal]:
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
    if iteration:
        ratio = round(iteration["mllib_s"] / iteration["ours_s"], 2)
        goals.append(Goal("seconds of an iteration of MLlib to ours", ratio, 5.0, 10.0))
    return goals


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="20,000 rows, in about a minute")
    parser.add_argument("--rows", default="100000,1000000,10000000", help="sizes, with commas")
    parser.add_argument("--engines", default=",".join(ENGINES), help="which, with commas")
    parser.add_argument("--iteration-rows", type=int, default=ITERATION_ROWS, help="0 leaves it out")
    parser.add_argument("--folder", type=Path, help="where simulated songs lie, to be used again")
    parser.add_argument("--paper", type=Path, metavar="ANSWER", help="reckon from this answer")
    parser.add_argument("--into", type=Path, metavar="PAGE", help="write the tables of --paper there")
    parser.add_argument("--child", choices=(*ENGINES, "iterate"), help=argparse.SUPPRESS)
    parser.add_argument("--songs", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.paper:
        tables = paper(json.loads(asked.paper.read_text(encoding="utf-8")))
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
    sizes = [20_000] if asked.quick else [int(part) for part in asked.rows.split(",")]
    n_iteration = min(asked.iteration_rows, 100_000) if asked.quick else asked.iteration_rows
    with tempfile.TemporaryDirectory(prefix="songatlas-") as folder:
        place = asked.folder or Path(folder)
        results = [
            measure(engine, n_rows, simulated_parquet(n_rows, place))
            for n_rows in sizes
            for engine in asked.engines.split(",")
        ]
    iteration = None
    if n_iteration and {"spark", "mllib"} <= set(asked.engines.split(",")):
        print(f"iterations over {n_iteration:,} rows", file=sys.stderr)
        iteration, _ = in_child("--child", "iterate", "--iteration-rows", str(n_iteration))
        results.append({"iteration_rows": n_iteration, **iteration})
    print_answer("scale", results=results, goals=goals_of(results[: -1 if iteration else None], iteration))


if __name__ == "__main__":
    main()
