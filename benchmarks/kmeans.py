"""One fit from the same centroids against scikit-learn: CPU seconds of one thread, labels, inertia.

python -m benchmarks.kmeans [--quick]
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.cluster import KMeans as SklearnKMeans

from benchmarks.answer import interleaved, print_answer
from songatlas import KMeans

N_DIMENSIONS = 13


def blobs(n_songs: int, *, seed: int) -> np.ndarray:
    """Overlapping normal clouds, as standardized features of songs overlap; float32-exact values."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(30, N_DIMENSIONS))
    points = centres[random.integers(30, size=n_songs)] + random.normal(size=(n_songs, N_DIMENSIONS))
    return points.astype(np.float32)


def measure(n_songs: int, k: int, *, repeats: int) -> dict[str, object]:
    """Fit both from the same start, and compare."""
    points = blobs(n_songs, seed=n_songs)
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
        "k": k,
        "iterations": [int(other.n_iter_), int(mine.n_iter_)],
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
    results = [measure(n_songs, k, repeats=3) for n_songs in sizes for k in (8, 20)]
    print_answer("kmeans", results=results)


if __name__ == "__main__":
    main()
