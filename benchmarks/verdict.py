"""The verdict on k where the truth is known: catalogues with 2 to 12 clusters, and clouds without any.

python -m benchmarks.verdict [--quick]

Half of the draws are points, which go sweep -> evidence -> verdict; the other half become tables of songs
with a feature for every coordinate and are built from the table on, with every default. A catalogue counts
as found where the verdict names its k and calls the evidence clear; a cloud where it says that there are
no clusters. How many songs are drawn from 200 to 20,000, in 2 to 13 dimensions (tables: 5 to 10).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.answer import Goal, print_answer
from benchmarks.catalogues import RANGES, clustered, songs_of, structureless
from songatlas import AtlasSettings, build_atlas
from songatlas.atlas.evidence import gather_evidence, ks_to_try
from songatlas.choose_k import Verdict, choose_k
from songatlas.kmeans import sweep

N_DRAWS = 100
FEWEST_FEATURES = 5
SETTINGS = AtlasSettings(threads=1)


def verdict_on(places: np.ndarray, *, number: int, as_songs: bool) -> Verdict:
    """The verdict on points, or on a table of songs that is made of them."""
    if as_songs:
        return build_atlas(songs_of(places, number=number), SETTINGS).verdict
    points = places.astype(np.float32)
    clusterings = sweep(points, ks_to_try(points, settings=SETTINGS), seed=0, n_threads=1)
    return choose_k(gather_evidence(points, clusterings, settings=SETTINGS, tell=lambda share, words: None))


def n_features(number: int) -> int:
    """How many coordinates the songs of a table get."""
    return FEWEST_FEATURES + number % (len(RANGES) - FEWEST_FEATURES + 1)


def measure_clustered(numbers: Sequence[int]) -> dict[str, Any]:
    """How often the true k is found, as points and as songs."""
    found, missed = {False: 0, True: 0}, []
    for number in numbers:
        as_songs = number % 4 >= 2
        drawn = clustered(number, n_dimensions=n_features(number) if as_songs else None)
        verdict = verdict_on(drawn.points, number=number, as_songs=as_songs)
        right = verdict.k == drawn.k and verdict.strength == "clear"
        found[as_songs] += right
        if not right:
            miss = {"draw": number, "as_songs": as_songs, "k": drawn.k, "said": verdict.k}
            missed.append(miss | {"strength": verdict.strength, "shape": drawn.points.shape})
        print(f"catalogue {number}: {drawn.k}, said {verdict.k}, {verdict.strength}", file=sys.stderr)
    return _told("catalogues of 2 to 12 clusters", numbers, found, missed)


def measure_structureless(numbers: Sequence[int]) -> dict[str, Any]:
    """How often it is said that there are no clusters, of points and of songs."""
    found, missed = {False: 0, True: 0}, []
    for number in numbers:
        as_songs = number % 16 >= 8
        places = structureless(number, n_dimensions=n_features(number) if as_songs else None)
        verdict = verdict_on(places, number=number, as_songs=as_songs)
        found[as_songs] += verdict.strength == "none"
        if verdict.strength != "none":
            miss = {"draw": number, "as_songs": as_songs, "said": verdict.k}
            missed.append(miss | {"strength": verdict.strength, "shape": places.shape})
        print(f"cloud {number}: {verdict.strength}", file=sys.stderr)
    return _told("clouds without clusters", numbers, found, missed)


def _told(
    kind: str, numbers: Sequence[int], found: dict[bool, int], missed: list[dict[str, Any]]
) -> dict[str, Any]:
    """One row of the answer."""
    return {
        "kind": kind,
        "n_draws": len(numbers),
        "right": sum(found.values()),
        "right_as_points": found[False],
        "right_as_songs": found[True],
        "missed": missed,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="every sixth draw, in under a minute")
    parser.add_argument("--first", type=int, default=0, help="number of the first draw")
    asked = parser.parse_args()
    numbers = range(asked.first, asked.first + N_DRAWS)
    if asked.quick:
        numbers = numbers[::7]
    start = time.process_time()
    results = [measure_clustered(numbers), measure_structureless(numbers)]
    results.append({"cpu_s": round(time.process_time() - start, 1)})
    goals = [
        Goal(f"{row['kind']}, share found", row["right"] / row["n_draws"], 0.95, 1.0) for row in results[:2]
    ]
    print_answer("verdict", results=results, goals=goals)


if __name__ == "__main__":
    main()
