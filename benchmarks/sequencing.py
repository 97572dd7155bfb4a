"""Orders of real playlists: how short the steps of `smooth` are, and how near to the best tour known.

The songs of every playlist of 20 to 300 songs are put in order in the space of listening (`taste_of(atlas)
.listening`), with the default artist gap, with a gap of 1 and with none. Steps are told as shares of the mean
step of a random order, which is the mean distance of two of the songs; random orders keep no gap. Greedy goes
from each song to the nearest that is left, mean of ten starts. The best tour known is the shortest of ours
and of a longer search from another seed under the same rule and, without a gap and where the package `elkai`
(LKH; `pip install elkai`) is installed, of its tour. What the default gap costs even the best tour known is
the bound that `smooth` cannot pass.

Told besides: playlists of every cluster as `songatlas playlist` makes them, orders by key, paths, which space
tells best what people put next (`benchmarks.next_songs`) and time, these two not with --quick. Needs the
table of playlists in SONGATLAS_DATA or ../shared/data.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.answer import Goal, print_answer
from benchmarks.next_songs import next_songs
from songatlas.atlas import Atlas, build_atlas
from songatlas.atlas.playlist import all_cluster_playlists
from songatlas.atlas.taste import taste_of
from songatlas.playlists.keys import harmonic, wheel_places_of
from songatlas.playlists.orders import ARTIST_GAP, order_songs
from songatlas.playlists.paths import evenness, path_between
from songatlas.playlists.spacing import first_artists, largest_gap, too_close
from songatlas.playlists.tours import distances_between, shortest_tour, tour_length

FEWEST, MOST = 20, 300
N_PATHS, PATH_SONGS = 40, 15
LONG_ROUNDS, LONG_SEED = 1_500, 11
_Points = NDArray[np.float64]


def main() -> None:
    """Run on all playlists, or on nine with --quick."""
    folder = Path(os.environ.get("SONGATLAS_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not (folder / "playlists.parquet").is_file():
        sys.exit(f"no playlists.parquet in {folder}: set SONGATLAS_DATA to its folder")
    quick = "--quick" in sys.argv
    atlas = build_atlas(folder / "playlists.parquet")
    every = _playlists(atlas, folder / "playlists.parquet")
    lists = every[:: len(every) // 8] if quick else every
    listening = taste_of(atlas).listening
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        rounds = LONG_ROUNDS // 5 if quick else LONG_ROUNDS
        tasks = [
            _Task(songs=atlas.songs[rows], points=listening[rows].astype(np.float64), long_rounds=rounds)
            for rows in lists
        ]
        measured = pl.DataFrame(list(pool.map(_measured, tasks)))
    possible = measured.filter(pl.col("spacing_possible") == 1)
    results: list[dict[str, Any]] = [
        {"space": "listening", "playlists": len(lists), **measured.mean().to_dicts()[0]},
        {"space": "listening, spacing possible", "playlists": len(possible), **possible.mean().to_dicts()[0]},
        {"space": "sound and era", "playlists": len(lists), **_plain(atlas, lists)},
        _generated(atlas, n_seeds=1 if quick else 5),
        _keys(atlas, lists, listening),
        _paths(listening, atlas, n_paths=N_PATHS // 4 if quick else N_PATHS),
        *([] if quick else [_speed(), *next_songs(atlas, every)]),
    ]
    whole, bound = results[0], results[0]["best_known_default"]
    goals = [
        Goal("mean step of smooth against random, any artists", whole["smooth"], 0.5, 0.35, at_least=False),
        Goal("the same with default settings", whole["smooth_default"], 0.5, 0.35, at_least=False),
        Goal("of the best tour known with default settings", bound, 0.5, 0.35, at_least=False),
        Goal("tour above the best known, any artists", whole["above"], 0.05, 0.01, at_least=False),
        Goal("the same with default settings", whole["above_default"], 0.05, 0.01, at_least=False),
        Goal("artist spacing kept where possible", whole["spacing_kept"], 1.0, 1.0),
    ]
    print_answer("sequencing", results=results, goals=goals)


@dataclass(frozen=True, kw_only=True)
class _Task:
    """The songs of one playlist."""

    songs: pl.DataFrame
    points: _Points
    long_rounds: int


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


def _measured(task: _Task) -> dict[str, float]:
    """One playlist: steps against random order, the gap to the best tours known, spacing and time."""
    points, groups, n = task.points, first_artists(task.songs), len(task.points)
    print(f"{n} songs", file=sys.stderr)
    costs = distances_between(points)
    random = float(costs.sum()) / n  # mean length of a random tour
    started = time.process_time()
    spaced = order_songs(task.songs, points).rows
    seconds = time.process_time() - started
    free = tour_length(points, shortest_tour(points))
    close, length = too_close(groups[spaced], ARTIST_GAP), tour_length(points, spaced)
    best = min([free, _long(task, groups, 0)[1], *_lkh(points, costs)])
    best_spaced = min((close, length), _long(task, groups, ARTIST_GAP))[1]
    possible = largest_gap(groups) >= ARTIST_GAP
    one_apart = order_songs(task.songs, points, artist_gap=1).rows
    return {
        "n_songs": n,
        "smooth": free / random,
        "best_known": best / random,
        "above": free / best - 1.0,
        "smooth_gap_1": tour_length(points, one_apart) / random,
        "smooth_default": length / random,
        "best_known_default": best_spaced / random,
        "above_default": length / best_spaced - 1.0,
        "greedy": float(np.mean([_greedy(costs, first) for first in range(min(n, 10))])) / random,
        "as_given": tour_length(points, np.arange(n)) / random,
        "there_and_back_gap_1": _there_and_back(groups[one_apart]),
        "there_and_back_default": _there_and_back(groups[spaced]),
        "spacing_kept": float(not possible or close == 0),
        "spacing_possible": float(possible),
        "seconds_default": seconds,
    }


def _long(task: _Task, groups: NDArray[np.int64], gap: int) -> tuple[int, float]:
    """Closeness of artists and length of the tour of a longer search from another seed."""
    tour = shortest_tour(task.points, seed=LONG_SEED, groups=groups, gap=gap, rounds=task.long_rounds)
    return too_close(groups[tour], gap), tour_length(task.points, tour)


def _lkh(points: _Points, costs: _Points) -> list[float]:
    """Length of LKH's tour, where it is installed."""
    try:
        elkai = importlib.import_module("elkai")
    except ImportError:
        print("elkai is not installed: the best tour known is of our own longer searches", file=sys.stderr)
        return []
    n = len(points)
    whole = np.zeros((n + 1, n + 1), dtype=np.int64)  # a stop at no distance makes the round trip open
    whole[:n, :n] = np.round(costs / costs.max() * 1e6)
    trip = elkai.DistanceMatrix(whole.tolist()).solve_tsp(runs=5)[:-1]
    cut = trip.index(n)
    return [tour_length(points, np.array(trip[cut + 1 :] + trip[:cut]))]


def _greedy(costs: _Points, first: int) -> float:
    """Length of the tour that goes to the nearest song left."""
    left, row, length = np.ones(len(costs), dtype=bool), first, 0.0
    for _ in range(len(costs) - 1):
        left[row] = False
        row, before = int(np.where(left, costs[row], np.inf).argmin()), row
        length += float(costs[before, row])
    return length


def _there_and_back(line: NDArray[np.int64]) -> float:
    """Share of places after which an artist comes back with one other between."""
    back = (line[2:] == line[:-2]) & (line[2:] >= 0) & (line[1:-1] != line[2:])
    return float(back.mean())


def _plain(atlas: Atlas, lists: list[NDArray[np.int64]]) -> dict[str, float]:
    """Steps in the space of the clusters."""
    found = []
    for rows in lists:
        points = atlas.points()[rows].astype(np.float64)
        random = float(distances_between(points).sum()) / len(rows)
        orders = {
            "smooth": shortest_tour(points),
            "smooth_default": order_songs(atlas.songs[rows], points).rows,
            "as_given": np.arange(len(rows)),
        }
        found.append({name: tour_length(points, order) / random for name, order in orders.items()})
    means: dict[str, float] = pl.DataFrame(found).mean().to_dicts()[0]
    return means


def _generated(atlas: Atlas, *, n_seeds: int) -> dict[str, Any]:
    """Steps of an hour of every cluster, all settings as they come."""
    points, shares, songs = taste_of(atlas).listening, [], []
    for seed in range(n_seeds):
        for made in all_cluster_playlists(atlas, seed=seed):
            line = points[made.rows].astype(np.float64)
            random = float(distances_between(line).sum()) / len(line)
            shares.append(tour_length(line, np.arange(len(line))) / random)
            songs.append(len(line))
    return {
        "made": f"an hour of each cluster, seeds {n_seeds}",
        "playlists": len(shares),
        "n_songs": float(np.mean(songs)),
        "smooth_default": float(np.mean(shares)),
    }


def _speed() -> dict[str, Any]:
    """CPU seconds of the hardest playlist of 300 songs, and of 5,000 songs."""
    random = np.random.default_rng(0)
    told: dict[str, Any] = {"cpu": "seconds"}
    for words, n, order in (
        ("300_songs_half_of_one_artist", 300, "smooth"),
        ("5000_songs", 5_000, "smooth"),
        ("5000_songs_key", 5_000, "key"),
    ):
        artists = random.integers(0, n // 10, n)
        if n == 300:
            artists[: n // 2] = n
        points = random.normal(size=(n + 1, 8))[artists] + random.normal(size=(n, 8)) / 2
        songs = pl.DataFrame(
            {
                "song_id": [f"{row:05d}" for row in range(n)],
                "artists": [[str(artist)] for artist in artists],
                "key": random.integers(0, 12, n),
                "mode": random.integers(0, 2, n),
            }
        )
        started = time.process_time()
        order_songs(songs, points, order=order)
        told[words] = time.process_time() - started
    return told


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
    groups = first_artists(atlas.songs)
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
