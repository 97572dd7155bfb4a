"""Silhouettes of 19 labelings of the same songs against scikit-learn's silhouette_score: CPU seconds, errors.

python -m benchmarks.silhouette [--quick]

Exact: scikit-learn is called once for every labeling, in float64. Estimated: scikit-learn takes a sample
of 10,000 songs (3,000 with --quick); ours compares fewer songs with all songs, and says an interval. How
far estimates are from the truth, and how often the interval holds it, is measured where the exact values
can still be had, over many seeds.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.metrics import silhouette_score

from benchmarks.answer import Goal, interleaved, print_answer
from benchmarks.points import clouds
from songatlas import sweep
from songatlas.quality import silhouettes

KS = range(2, 21)
RUNS = 5

Points = npt.NDArray[np.float32]
Labels = Sequence[npt.NDArray[np.int32]]


def labelled(n_songs: int) -> tuple[Points, Labels]:
    """Points and their clusterings for every k."""
    points = clouds(n_songs, seed=n_songs)
    return points, [clustering.labels for clustering in sweep(points, KS, seed=0, n_threads=1)]


def measure_exact(n_songs: int) -> dict[str, float]:
    """Every song against every song."""
    points, labels = labelled(n_songs)
    wide = points.astype(np.float64)
    theirs, their_values = interleaved(
        {"scikit-learn": lambda: [silhouette_score(wide, mine) for mine in labels]}, repeats=1
    )["scikit-learn"]
    ours, estimates = interleaved(
        {"songatlas": lambda: silhouettes(points, labels, exact=True, n_threads=1)}, repeats=RUNS
    )["songatlas"]
    differences = np.array([estimate.value for estimate in estimates]) - their_values
    return {
        "n_songs": n_songs,
        "n_labelings": len(labels),
        "scikit_learn_cpu_s": round(theirs, 3),
        "songatlas_cpu_s": round(ours, 4),
        "ratio": round(theirs / ours, 1),
        "largest_difference_of_means": float(np.abs(differences).max()),
    }


def measure_estimates(n_songs: int, *, sample: int) -> dict[str, float]:
    """A sample of songs, at a size where all would take too long."""
    points, labels = labelled(n_songs)
    theirs, _ = interleaved(
        {
            "scikit-learn": lambda: [
                silhouette_score(points, mine, sample_size=sample, random_state=0) for mine in labels
            ]
        },
        repeats=1,
    )["scikit-learn"]
    ours, estimates = interleaved(
        {"songatlas": lambda: silhouettes(points, labels, exact=False, n_threads=1)}, repeats=RUNS
    )["songatlas"]
    return {
        "n_songs": n_songs,
        "n_labelings": len(labels),
        "scikit_learn_cpu_s": round(theirs, 3),
        "songatlas_cpu_s": round(ours, 3),
        "ratio": round(theirs / ours, 1),
        "largest_half_width": max((estimate.high - estimate.low) / 2 for estimate in estimates),
    }


def measure_errors(n_songs: int, *, n_seeds: int, sample: int) -> dict[str, float]:
    """Estimates against the truth."""
    points, labels = labelled(n_songs)
    exact = np.array([estimate.value for estimate in silhouettes(points, labels, exact=True, n_threads=1)])
    draws = [silhouettes(points, labels, exact=False, seed=seed, n_threads=1) for seed in range(n_seeds)]
    values, lows, highs = (
        np.array([[getattr(estimate, name) for estimate in draw] for draw in draws])
        for name in ("value", "low", "high")
    )
    theirs = [silhouette_score(points, mine, sample_size=sample, random_state=0) for mine in labels]
    return {
        "n_songs": n_songs,
        "n_seeds": n_seeds,
        "root_mean_square_error": float(np.sqrt(np.square(values - exact).mean())),
        "largest_error": float(np.abs(values - exact).max()),
        "bias": float((values - exact).mean()),
        "share_of_intervals_that_hold_the_truth": round(
            float(((lows <= exact) & (exact <= highs)).mean()), 4
        ),
        "scikit_learn_root_mean_square_error": float(np.sqrt(np.square(theirs - exact).mean())),
        "scikit_learn_bias": float((theirs - exact).mean()),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="at most 50,000 songs, in under a minute")
    if parser.parse_args().quick:
        results = [
            measure_exact(5_000),
            measure_estimates(50_000, sample=3_000),
            measure_errors(12_000, n_seeds=10, sample=3_000),
        ]
        print_answer("silhouette", results=results)
        return
    exact, estimates = measure_exact(20_000), measure_estimates(1_000_000, sample=10_000)
    errors = measure_errors(100_000, n_seeds=50, sample=10_000)
    width, seconds = estimates["largest_half_width"], estimates["songatlas_cpu_s"]
    goals = [
        Goal("exact silhouettes of 19 labelings, 20,000 songs", exact["ratio"], 300, 500),
        Goal("half-width of 19 intervals, 1,000,000 songs", width, 4e-4, 1e-4, at_least=False),
        Goal("CPU seconds of these 19 estimates", seconds, 2, 2, at_least=False),
    ]
    print_answer("silhouette", results=[exact, estimates, errors], goals=goals)


if __name__ == "__main__":
    main()
