"""The sweep of k=2..20 against a loop of scikit-learn's KMeans(n_init=10): CPU seconds and inertia.

python -m benchmarks.sweep [--quick] [--rows N] [--seeds N] [SONGS]

SONGS is a table to take the points from; without one they are clouds in 13 dimensions, 100,000 of them
if `--rows` does not say otherwise. The gap of a k is how much higher our inertia is than scikit-learn's:
below 0 ours is better. scikit-learn gets float64, as StandardScaler makes it, and runs once; ours runs
once for every seed: seconds are the median, gaps those of all runs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.cluster import KMeans

from benchmarks.answer import Goal, interleaved, print_answer
from benchmarks.points import clouds, points_of_table
from songatlas import sweep

RATIOS = {100_000: (35, 60), 1_000_000: (150, 300)}
"""For so many songs: how many times faster at least, and the moonshot."""


def measure(points: np.ndarray, ks: range, *, n_seeds: int) -> dict[str, Any]:
    """Run scikit-learn once and ours with every seed, and compare."""
    seeds, exact = iter(range(n_seeds)), points.astype(np.float64)
    theirs = interleaved(
        {"scikit-learn": lambda: [KMeans(k, n_init=10, random_state=0).fit(exact).inertia_ for k in ks]},
        repeats=1,
    )["scikit-learn"]
    runs = []

    def run() -> None:
        runs.append([c.inertia for c in sweep(points, ks, seed=next(seeds), n_threads=1)])

    ours = interleaved({"songatlas": run}, repeats=n_seeds)["songatlas"]
    gaps = 100 * (np.array(runs) / np.array(theirs[1]) - 1)
    return {
        "n_songs": len(points),
        "n_dimensions": points.shape[1],
        "ks": [min(ks), max(ks)],
        "seeds": n_seeds,
        "scikit_learn_cpu_s": round(theirs[0], 3),
        "songatlas_cpu_s": round(ours[0], 3),
        "ratio": round(theirs[0] / ours[0], 2),
        "inertia_gap_percent": {
            "mean": round(float(gaps.mean()), 4),
            "worst": round(float(gaps.max()), 4),
            "by_k": {
                k: [round(float(gap), 4) for gap in column] for k, column in zip(ks, gaps.T, strict=True)
            },
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("songs", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="5,000 songs and k up to 8, in under a minute")
    asked = parser.parse_args()
    n_songs = 5_000 if asked.quick else asked.rows
    points = points_of_table(asked.songs) if asked.songs else clouds(n_songs, seed=n_songs)
    ks = range(2, 9 if asked.quick else 21)
    result = measure(points, ks, n_seeds=asked.seeds)
    gaps = result["inertia_gap_percent"]
    goals = [
        Goal("worst gap of the inertia at any k, percent", gaps["worst"], 0.1, 0.0, at_least=False),
        Goal("mean gap of the inertia, percent", gaps["mean"], 0.0, 0.0, at_least=False),
    ]
    if not asked.songs and n_songs in RATIOS and not asked.quick:
        goals.insert(0, Goal(f"sweep of k=2..20, {n_songs:,} songs", result["ratio"], *RATIOS[n_songs]))
    print_answer("sweep", results=[result], goals=goals)


if __name__ == "__main__":
    main()
