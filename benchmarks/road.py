"""CPU seconds of every step from a table to playlists, for comparing two commits of songatlas.

python -m benchmarks.road [--quick] [--rows N] [--songs FILE]

There is nothing to compare with here: `tools/compare_commits.py` sets seconds of two commits side by side.
All steps run in one process on one thread, each on what the one before it made. The seconds of the first step
hold the imports that it needs, as they do for a person.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.answer import print_answer


def steps_of(songs: Path, folder: Path) -> dict[str, Callable[[dict[str, Any]], Any]]:
    """Return what is timed, in its order; each takes what those before it returned, by their names."""
    import songatlas
    from songatlas.demo import simulate_catalogue

    saved = folder / "atlas"
    return {
        "read": lambda made: songatlas.read_songs(songs),
        "build": lambda made: songatlas.build_atlas(songs, threads=1),
        "write all": lambda made: songatlas.write_outputs(made["build"], folder / "outputs"),
        "save": lambda made: made["build"].save(saved),
        "load": lambda made: songatlas.Atlas.load(saved),
        "simulate": lambda made: simulate_catalogue(1_000, seed=9),
        "assign": lambda made: made["load"].assign(made["simulate"]),
        "artists": lambda made: songatlas.artists_of_atlas(made["load"]),
        "recommend": lambda made: songatlas.recommend(
            made["load"], like=made["load"].songs["song_id"][:3].to_list()
        ),
        "playlist": lambda made: songatlas.make_playlist(made["load"], cluster=0, n_songs=40),
        "verify": lambda made: songatlas.verify(folder / "outputs"),
    }


def measure(songs: Path, folder: Path, *, n_songs: int) -> list[dict[str, Any]]:
    """Take every step once and return its seconds."""
    made: dict[str, Any] = {}
    results = []
    for name, step in steps_of(songs, folder).items():
        since = time.process_time()
        made[name] = step(made)
        seconds = time.process_time() - since
        results.append({"n_songs": n_songs, "step": name, "songatlas_cpu_s": round(seconds, 4)})
    return results


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="2,000 songs")
    parser.add_argument("--rows", type=int, default=30_000, help="songs of the simulated table")
    parser.add_argument("--songs", type=Path, help="a table in its place")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        songs, n_songs = asked.songs, 0
        if songs is None:
            from songatlas.demo import simulate_catalogue

            songs, n_songs = Path(name, "songs.csv"), 2_000 if asked.quick else asked.rows
            simulate_catalogue(n_songs, seed=0).write_csv(songs)
        results = measure(songs, Path(name), n_songs=n_songs)
    print_answer("road", results=results, goals=[])


if __name__ == "__main__":
    main()
