"""A CSV file to all outputs but figures, against the usual recipe of pandas and scikit-learn.

python -m benchmarks.pipeline [--quick] [--rows N] [--recipe-ks 2,8,20] [--songs FILE]

Each side runs in a process of its own, started from nothing, so that its peak memory and the time of its
imports are its own; CPU seconds of one thread. The simulated table is written first, outside the timing.
The recipe tries k=2..20 with ten restarts each, which takes about nine minutes for a million rows; with
`--recipe-ks` it tries a few of them, and the seconds of each other k are read off the straight line
between its neighbours. The answer says which were measured.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answer import Goal, print_answer

KS = range(2, 21)
GOAL_ROWS = 1_000_000
FEATURES = (
    "danceability", "energy", "loudness", "speechiness", "acousticness", "instrumentalness",
    "liveness", "valence", "tempo", "duration_ms", "key", "mode", "time_signature",
)  # fmt: skip
_OF_CLUSTERING = ("looking for good starts", "clustered all songs")
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


class Stopwatch:
    """CPU seconds and peak memory of this process, stage after stage.

    `seconds` holds what each stage took, `peaks` the peak in GB since the start of the process at its end.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peaks: dict[str, float] = {}
        self._name, self._since = "starting", 0.0

    def begin(self, name: str) -> None:
        """End the stage that runs and begin another; a name may come again."""
        now = time.process_time()
        self.seconds[self._name] = self.seconds.get(self._name, 0.0) + now - self._since
        self.peaks[self._name] = peak_gb()
        self._name, self._since = name, now

    def measured(self) -> dict[str, Any]:
        """End the last stage and return all of them."""
        self.begin("")
        return {"stages": self.seconds, "peaks": self.peaks}


def peak_gb() -> float:
    """Peak memory of this process so far, in GB of 10**9 bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def run_ours(songs: Path, folder: Path, ks: Sequence[int]) -> dict[str, Any]:
    """Build the atlas and write all outputs but the figures; one k alone is taken as given."""
    watch = Stopwatch()
    watch.begin("imports")
    from songatlas import build_atlas, write_outputs

    def tell(_: float, words: str) -> None:
        watch.begin("clustering" if words.startswith(_OF_CLUSTERING) else words)

    given = {"k": ks[0], "k_min": ks[0], "k_max": ks[0]} if len(ks) == 1 else {}
    atlas = build_atlas(songs, threads=1, progress=tell, **given)
    write_outputs(atlas, folder / "atlas", figures=False, progress=tell)
    found = {"k": atlas.k, "silhouette": dict(atlas.quality["silhouette"])}
    return watch.measured() | {"found": found}


def run_recipe(songs: Path, folder: Path, ks: Sequence[int]) -> dict[str, Any]:
    """Do what notebooks do: scale, try every k, take the best silhouette, project, average, write."""
    watch = Stopwatch()
    watch.begin("imports")
    import pandas as pd
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.metrics import silhouette_score
    from sklearn.preprocessing import StandardScaler

    watch.begin("reading and scaling")
    table = pd.read_csv(songs).dropna().drop_duplicates()
    features = [name for name in FEATURES if name in table.columns]
    points = StandardScaler().fit_transform(table[features])
    best: tuple[float, int, Any] = (-1.0, 0, None)
    for k in ks:
        print(f"recipe: k={k}", file=sys.stderr)
        watch.begin(f"k={k}")
        labels = KMeans(k, n_init=10, random_state=0).fit_predict(points)
        score = silhouette_score(points, labels, sample_size=10_000, random_state=0)
        best = max(best, (float(score), k, labels), key=lambda each: each[0])
    watch.begin("projecting, averaging and writing")
    table[["x", "y"]] = PCA(2).fit_transform(points)
    table["cluster"] = best[2]
    table.groupby("cluster")[features].mean().to_csv(folder / "clusters.csv")
    table.to_csv(folder / "clustered_songs.csv", index=False)
    return watch.measured() | {"found": {"k": best[1], "silhouette": best[0]}}


SIDES = {"songatlas": run_ours, "recipe": run_recipe}


def in_child(side: str, songs: Path, ks: Sequence[int]) -> dict[str, Any]:
    """Run one side in a process of its own on one thread; return what it measured."""
    print(f"{side}: {songs.name}", file=sys.stderr)
    command = [sys.executable, "-m", "benchmarks.pipeline", "--child", side, "--songs", str(songs)]
    command += ["--recipe-ks", ",".join(map(str, ks))]
    environment = os.environ | dict.fromkeys(ONE_THREAD, "1")
    done = subprocess.run(  # noqa: S603 - this very file
        command, env=environment, stdout=subprocess.PIPE, check=True, text=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def measure_here(side: str, songs: Path, ks: Sequence[int]) -> None:
    """Run one side in this process and print what it cost."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="songatlas-") as folder:
        answer = SIDES[side](songs, Path(folder), ks)
    answer |= {
        "cpu_s": time.process_time(),
        "wall_s": time.perf_counter() - start,
        "peak_gb": peak_gb(),
    }
    print(json.dumps(answer))


def whole_recipe(answer: Mapping[str, Any], ks: Sequence[int]) -> float:
    """CPU seconds of the recipe for every k, those that were not tried read off a straight line."""
    tried = [answer["stages"][f"k={k}"] for k in ks]
    outside = answer["cpu_s"] - sum(tried)
    return float(outside + np.interp(KS, ks, tried).sum())


def write_simulated(n_rows: int, path: Path) -> None:
    """Write the simulated catalogue as CSV."""
    from songatlas.demo import simulate_catalogue

    print(f"simulating {n_rows:,} rows", file=sys.stderr)
    simulate_catalogue(n_rows, seed=0).write_csv(path)


def compare(songs: Path, n_rows: int, ks: Sequence[int]) -> tuple[dict[str, Any], list[Goal]]:
    """Run both sides, ours first, and weigh them."""
    ours, recipe = in_child("songatlas", songs, ks), in_child("recipe", songs, ks)
    seconds = whole_recipe(recipe, ks)
    ratio = seconds / ours["cpu_s"]
    result = {
        "n_rows": n_rows,
        "ratio": round(ratio, 1),
        "songatlas": rounded(ours),
        "recipe": rounded(recipe) | {"cpu_s": round(seconds, 2)},
        "recipe_ks_measured": list(ks),
        "recipe_is_scaled": list(ks) != list(KS),
    }
    if result["recipe_is_scaled"]:
        result["recipe_scaling"] = "seconds of a k that was not tried: linear between those that were"
    if n_rows < GOAL_ROWS:
        return result, []
    goals = [
        Goal("CPU seconds of the recipe to ours", round(ratio, 1), 50.0, 100.0),
        Goal("our peak memory in GB", round(ours["peak_gb"], 2), 2.0, 2.0, at_least=False),
    ]
    return result, goals


def rounded(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What one side measured, to two decimals."""
    numbers = {name: round(answer[name], 2) for name in ("cpu_s", "wall_s", "peak_gb")}
    stages, peaks = (
        {stage: round(value, 2) for stage, value in answer[name].items()} for name in ("stages", "peaks")
    )
    return numbers | {"stages_cpu_s": stages, "peak_gb_after_stage": peaks, "found": answer["found"]}


def _ks(text: str) -> tuple[int, ...]:
    """Numbers of clusters, with commas; both ends of `KS` among them, or one alone."""
    ks = tuple(sorted({int(part) for part in text.split(",")}))
    if len(ks) > 1 and ((ks[0], ks[-1]) != (KS[0], KS[-1]) or not set(ks) <= set(KS)):
        raise argparse.ArgumentTypeError(
            f"{text}: give numbers from {KS[0]} to {KS[-1]}, both ends among them"
        )
    return ks


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="10,000 rows, in under a minute")
    parser.add_argument("--rows", type=int, default=GOAL_ROWS, help="rows to simulate")
    parser.add_argument("--recipe-ks", type=_ks, default=tuple(KS), help="try only these, scale to all")
    parser.add_argument("--songs", type=Path, help="a CSV file to use instead of simulated songs")
    parser.add_argument("--child", choices=SIDES, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        measure_here(asked.child, asked.songs, asked.recipe_ks)
        return
    n_rows, ks = (10_000, (2, 11, 20)) if asked.quick else (asked.rows, asked.recipe_ks)
    with tempfile.TemporaryDirectory(prefix="songatlas-") as folder:
        songs = asked.songs
        if songs is None:
            songs = Path(folder) / "simulated.csv"
            write_simulated(n_rows, songs)
        else:
            with songs.open("rb") as file:
                n_rows = sum(1 for _ in file) - 1
        result, goals = compare(songs, n_rows, ks)
    print_answer("pipeline", results=[result], goals=goals)


if __name__ == "__main__":
    main()
