"""The sweep of every k against a loop of scikit-learn's KMeans(n_init=10): CPU seconds and inertia.

python -m benchmarks.sweep [--quick] [SONGS]

SONGS is a table to take the points from; the simulated catalogue of 100,000 songs where there is none.
The gap of a k is how much higher our inertia is than scikit-learn's: below 0 ours is better.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans

from benchmarks.answer import interleaved, print_answer
from songatlas import AtlasSettings, sweep
from songatlas.atlas import preview
from songatlas.demo import simulate_catalogue
from songatlas.space import SongSpace


def read_points(songs: Path | None, n_songs: int) -> np.ndarray:
    """Points of a table, or of the simulated catalogue; at most `n_songs` of them."""
    source = songs or simulate_catalogue(n_songs, seed=0)
    _, clean = preview(source, AtlasSettings())
    space = SongSpace.fit(clean.songs, features=clean.features)
    return space.points(clean.songs)[:n_songs]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("songs", nargs="?", type=Path)
    parser.add_argument("--quick", action="store_true", help="5,000 songs and k up to 8, in under a minute")
    asked = parser.parse_args()
    points = read_points(asked.songs, 5_000 if asked.quick else 100_000)
    ks = range(2, 9 if asked.quick else 21)
    measured = interleaved(
        {
            "scikit-learn": lambda: [KMeans(k, n_init=10, random_state=0).fit(points).inertia_ for k in ks],
            "songatlas": lambda: [c.inertia for c in sweep(points, ks, seed=0, n_threads=1)],
        },
        repeats=1,
    )
    (theirs, their_inertia), (ours, our_inertia) = measured["scikit-learn"], measured["songatlas"]
    gaps = 100 * (np.array(our_inertia) / np.array(their_inertia) - 1)
    result = {
        "n_songs": len(points),
        "n_dimensions": points.shape[1],
        "ks": [min(ks), max(ks)],
        "scikit_learn_cpu_s": round(theirs, 3),
        "songatlas_cpu_s": round(ours, 3),
        "ratio": round(theirs / ours, 2),
        "inertia_gap_percent": {
            "mean": round(float(gaps.mean()), 4),
            "worst": round(float(gaps.max()), 4),
            "by_k": {k: round(float(gap), 4) for k, gap in zip(ks, gaps, strict=True)},
        },
    }
    print_answer("sweep", results=[result])


if __name__ == "__main__":
    main()
