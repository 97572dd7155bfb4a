"""Orders of real playlists: how short the steps of `smooth` are, and how near to the best tour known.

The songs of every playlist of 20 to 300 songs are put in order in the space of taste and in that of sound and
era. Steps are told as shares of the mean step of a random order, which is the mean distance of two of its
songs. Greedy goes from each song to the nearest that is left, mean of ten starts. The best tour known is the
shortest of a search of many rounds from several seeds and, where the package `elkai` (LKH) is installed, of
its tour. Needs the table of playlists in SONGATLAS_DATA or ../shared/data.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.answer import Goal, print_answer
from songatlas.atlas import Atlas, build_atlas
from songatlas.atlas.taste import taste_of
from songatlas.playlists.keys import harmonic, wheel_places_of
from songatlas.playlists.orders import ARTIST_GAP, order_songs
from songatlas.playlists.paths import evenness, path_between
from songatlas.playlists.spacing import artist_groups, largest_gap, too_close
from songatlas.playlists.tours import distances_between, shortest_tour, tour_length

FEWEST, MOST = 20, 300
N_PATHS, PATH_SONGS = 40, 15
_Points = NDArray[np.float64]


def main() -> None:
    """Run on all playlists, or on a dozen with --quick."""
    folder = Path(os.environ.get("SONGATLAS_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not (folder / "playlists.parquet").is_file():
        sys.exit(f"no playlists.parquet in {folder}: set SONGATLAS_DATA to its folder")
    quick = "--quick" in sys.argv
    atlas = build_atlas(folder / "playlists.parquet")
    lists = _playlists(atlas, folder / "playlists.parquet")
    lists = lists[:: max(1, len(lists) // 12)] if quick else lists
    spaces = {"taste": taste_of(atlas).points, "sound and era": atlas.points()}
    results: list[dict[str, Any]] = []
    for space, points in spaces.items():
        rows = [
            _measured(atlas.songs[rows], points[rows].astype(np.float64), quick=quick, place=place)
            for place, rows in enumerate(lists)
        ]
        results.append({"space": space, "playlists": len(lists), **pl.DataFrame(rows).mean().to_dicts()[0]})
    results.append(_keys(atlas, lists, spaces["taste"]))
    results.append(_paths(spaces["taste"], atlas, n_paths=N_PATHS // 4 if quick else N_PATHS))
    taste = results[0]
    goals = [
        Goal("mean step of smooth against random, taste", taste["smooth"], 0.5, 0.35, at_least=False),
        Goal("tour above the best known, taste", taste["above_best_known"], 0.05, 0.01, at_least=False),
        Goal("artist spacing kept where possible, taste", taste["spacing_kept"], 1.0, 1.0),
    ]
    print_answer("sequencing", results=results, goals=goals)


def _playlists(atlas: Atlas, path: Path) -> list[NDArray[np.int64]]:
    """Rows of the songs of each playlist, each song once, in its order."""
    row_of = {song_id: row for row, song_id in enumerate(atlas.songs["song_id"])}
    table = pl.read_parquet(path).sort("playlist_id", "pos")
    lists = []
    for _, songs in table.group_by("playlist_id", maintain_order=True):
        ids = [text.rsplit(":", 1)[-1] for text in songs["id"]]
        rows = list(dict.fromkeys(row_of[song_id] for song_id in ids if song_id in row_of))
        if FEWEST <= len(rows) <= MOST:
            lists.append(np.array(rows, dtype=np.int64))
    return lists


def _measured(songs: pl.DataFrame, points: _Points, *, quick: bool, place: int) -> dict[str, float]:
    """One playlist: steps against random order, the gap to the best tour known, spacing and time."""
    print(f"playlist {place + 1}: {len(points)} songs", file=sys.stderr)
    n = len(points)
    costs = distances_between(points)
    random = float(costs.sum()) / n  # mean length of a random tour
    started = time.process_time()
    free = tour_length(points, shortest_tour(points))
    seconds = time.process_time() - started
    best = min([free, *_best_known(points, costs, quick=quick)])
    groups = artist_groups(songs)
    spaced = order_songs(songs, points).rows
    possible = largest_gap(groups) >= ARTIST_GAP
    return {
        "smooth": free / random,
        "smooth_with_artists_apart": tour_length(points, spaced) / random,
        "greedy": float(np.mean([_greedy(costs, first) for first in range(min(n, 10))])) / random,
        "as_given": tour_length(points, np.arange(n)) / random,
        "best_known": best / random,
        "above_best_known": free / best - 1.0,
        "spacing_kept": float(not possible or too_close(groups[spaced], ARTIST_GAP) == 0),
        "spacing_possible": float(possible),
        "seconds": seconds,
    }


def _best_known(points: _Points, costs: _Points, *, quick: bool) -> list[float]:
    """Lengths of tours of a long search, and of LKH where it is installed."""
    found = [tour_length(points, shortest_tour(points, seed=11, rounds=1_000 if quick else 3_000))]
    try:
        elkai = importlib.import_module("elkai")
    except ImportError:
        return found
    n = len(points)
    whole = np.zeros((n + 1, n + 1), dtype=np.int64)  # a stop at no distance makes the round trip open
    whole[:n, :n] = np.round(costs / costs.max() * 1e6)
    trip = elkai.DistanceMatrix(whole.tolist()).solve_tsp(runs=5)[:-1]
    cut = trip.index(n)
    return [*found, tour_length(points, np.array(trip[cut + 1 :] + trip[:cut]))]


def _greedy(costs: _Points, first: int) -> float:
    """Length of the tour that goes to the nearest song left."""
    left, row, length = np.ones(len(costs), dtype=bool), first, 0.0
    for _ in range(len(costs) - 1):
        left[row] = False
        row, before = int(np.where(left, costs[row], np.inf).argmin()), row
        length += float(costs[before, row])
    return length


def _keys(atlas: Atlas, lists: list[NDArray[np.int64]], points: NDArray[np.float32]) -> dict[str, Any]:
    """Share of harmonic transitions of the order by key and of a random one."""
    random = np.random.default_rng(0)
    ours, others = [], []
    for rows in lists:
        songs = atlas.songs[rows]
        keys = wheel_places_of(songs)
        line = keys[order_songs(songs, points[rows], order="key", artist_gap=0).rows]
        ours.append(float(harmonic(line[:-1], line[1:]).mean()))
        mixed = keys[random.permutation(len(rows))]
        others.append(float(harmonic(mixed[:-1], mixed[1:]).mean()))
    return {"order": "key", "harmonic": float(np.mean(ours)), "harmonic_random": float(np.mean(others))}


def _paths(points: NDArray[np.float32], atlas: Atlas, *, n_paths: int) -> dict[str, Any]:
    """Evenness and longest step of paths, and of the songs nearest to even places on the line."""
    random = np.random.default_rng(0)
    groups = artist_groups(atlas.songs)
    ours, others = [], []
    for _ in range(n_paths):
        start, end = (int(row) for row in random.choice(len(points), 2, replace=False))
        free = np.ones(len(points), dtype=np.bool_)
        rows = path_between(points, start, end, n=PATH_SONGS, allowed=free, artists=groups, gap=ARTIST_GAP)
        plain = _on_the_line(points, start, end)
        ours.append((evenness(points, rows), _longest(points, rows)))
        others.append((evenness(points, plain), _longest(points, plain)))
    (even, longest), (even_line, longest_line) = np.mean(ours, axis=0), np.mean(others, axis=0)
    return {
        "path": f"{PATH_SONGS} songs between two",
        "longest_by_mean_step": float(even),
        "longest_by_mean_step_line": float(even_line),
        "longest_step": float(longest),
        "longest_step_line": float(longest_line),
    }


def _on_the_line(points: NDArray[np.float32], start: int, end: int) -> NDArray[np.int64]:
    """The unused songs nearest to even places on the straight line."""
    rows = [start]
    for share in np.linspace(0, 1, PATH_SONGS)[1:-1]:
        distances = np.square(points - (points[start] * (1 - share) + points[end] * share)).sum(axis=1)
        distances[[*rows, end]] = np.inf
        rows.append(int(distances.argmin()))
    return np.array([*rows, end])


def _longest(points: NDArray[np.float32], rows: NDArray[np.int64]) -> float:
    return float(np.sqrt(np.square(np.diff(points[rows], axis=0)).sum(axis=1)).max())


if __name__ == "__main__":
    main()
