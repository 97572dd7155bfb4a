"""One fit from the same centroids against scikit-learn: CPU seconds of one thread, labels, inertia.

python -m benchmarks.kmeans [--quick]
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.cluster import KMeans as SklearnKMeans

from benchmarks.answer import Goal, interleaved, print_answer
from benchmarks.points import clouds
from songatlas import KMeans


def measure(n_songs: int, k: int, *, repeats: int) -> dict[str, float]:
    """Fit both from the same start, and compare."""
    points = clouds(n_songs, seed=n_songs)
    exact = points.astype(np.float64)
    start = exact[np.random.default_rng(k).choice(n_songs, k, replace=False)]
    measured = interleaved(
        {
            "scikit-learn": lambda: SklearnKMeans(k, init=start, n_init=1).fit(exact),
            "songatlas": lambda: KMeans(k, init=start, n_init=1, n_threads=1).fit(points),
        },
        repeats=repeats,
    )
    (theirs, other), (ours, mine) = measured["scikit-learn"], measured["songatlas"]
    return {
        "n_songs": n_songs,
        "n_dimensions": points.shape[1],
        "k": k,
        "scikit_learn_iterations": int(other.n_iter_),
        "songatlas_iterations": int(mine.n_iter_),
        "scikit_learn_cpu_s": round(theirs, 4),
        "songatlas_cpu_s": round(ours, 4),
        "ratio": round(theirs / ours, 2),
        "labels_that_differ": int((other.labels_ != mine.labels_).sum()),
        "inertia_relative_difference": float(abs(mine.inertia_ / other.inertia_ - 1)),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="20,000 songs, in under a minute")
    sizes = (20_000,) if parser.parse_args().quick else (100_000, 1_000_000)
    results = [measure(n_songs, k, repeats=5) for n_songs in sizes for k in (8, 20)]
    differ = max(result["labels_that_differ"] for result in results)
    goals = [Goal("labels that differ from scikit-learn's", differ, 0, 0, at_least=False)]
    if sizes[-1] == 1_000_000:
        goals.append(Goal("one fit, 1,000,000 songs, k=20", results[-1]["ratio"], 6, 12))
    print_answer("kmeans", results=results, goals=goals)


if __name__ == "__main__":
    main()
