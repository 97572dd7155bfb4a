"""How long a recommendation takes from ten liked songs, and whether an index would be worth it.

The catalogue is simulated. Songs liked are drawn anew for every run; the space of taste is fitted already.
The index is `voyager` (HNSW), where it is installed. It can only know the points, so what it is asked for is
the ranking by kernel density without shared artists and albums: of every liked song it gives the nearest,
which are then ranked exactly.

References
----------
Y. Malkov, D. Yashunin (2020), "Efficient and robust approximate nearest neighbor search using hierarchical
navigable small world graphs", IEEE Transactions on Pattern Analysis and Machine Intelligence 42.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import logsumexp

from benchmarks.playlist_halves import N_SHOWN, Rows
from benchmarks.recommenders import NOBODY
from songatlas.atlas.taste import SongTaste, fit_song_taste
from songatlas.demo import simulate_catalogue
from songatlas.features import FEATURES
from songatlas.kernels import thread_count
from songatlas.playlists import PER_ARTIST
from songatlas.songs import clean_songs, read_songs
from songatlas.taste import best_songs, log_density, preference

N_LIKED = 10
N_RUNS = 15
_DOUBLES = 1.06  # rows of the simulated catalogue for each song: some come twice
RECALL = 0.99
SETTINGS = ((100, 100), (200, 200), (400, 400), (1000, 1000), (2000, 2000), (4000, 4000), (8000, 8000))
"""Neighbours asked for of each liked song, and how many the index looks at (`ef`)."""


def simulated(n_songs: int) -> pl.DataFrame:
    """Exactly so many simulated songs, clean and sorted."""
    songs = read_songs(simulate_catalogue(int(n_songs * _DOUBLES), seed=0)).songs
    features = [each.column for each in FEATURES.values() if each.in_sound]
    return clean_songs(songs, features=features, keep=["all"], use_up=True).songs.head(n_songs)


def measure_latency(n_songs: int, *, with_index: bool) -> list[dict[str, Any]]:
    """Milliseconds of a recommendation, and of the index beside it."""
    print(f"latency, {n_songs:,} songs", file=sys.stderr)
    songs = simulated(n_songs)
    started = time.perf_counter()
    fitted = fit_song_taste(songs)
    ground = fitted.ground
    fit_s = time.perf_counter() - started
    liked = _likes(n_songs)
    everything = np.ones(n_songs, dtype=np.bool_)

    def recommended(given: Rows) -> Rows:
        scores = preference(fitted.taste, given, disliked=NOBODY, ground=ground)
        allowed = everything.copy()
        allowed[given] = False
        return best_songs(
            scores,
            allowed,
            n=N_SHOWN,
            artists=fitted.artists,
            per_artist=PER_ARTIST,
            versions=fitted.versions,
        )

    wall, cpu = _median_ms(recommended, liked)
    row = {
        "latency": "all songs, exactly",
        "n_songs": n_songs,
        "n_liked": N_LIKED,
        "wall_ms": wall,
        "cpu_ms": cpu,
    }
    found: list[dict[str, Any]] = [row | {"fit_s": round(fit_s, 1), "n_threads": thread_count()}]
    return found + measure_index(songs) if with_index else found


def measure_index(songs: pl.DataFrame) -> list[dict[str, Any]]:
    """What an index takes for the same ranking, at the quickest settings that find 99% of it."""
    try:
        import voyager
    except ImportError:
        return [{"latency": "index", "n_songs": songs.height, "note": "voyager is not installed"}]
    fitted = fit_song_taste(songs, weights={"artist": 0.0, "album": 0.0})
    points = fitted.points
    liked = _likes(songs.height)
    truth = [_exactly(fitted, given) for given in liked]
    wall, cpu = _median_ms(lambda given: _exactly(fitted, given), liked)
    print(f"building an index of {songs.height:,} songs", file=sys.stderr)
    started = time.perf_counter()
    index = voyager.Index(voyager.Space.Euclidean, num_dimensions=points.shape[1], random_seed=0)
    index.add_items(points, num_threads=thread_count())
    build_s = time.perf_counter() - started
    known = {"n_songs": songs.height, "n_liked": N_LIKED, "build_s": round(build_s, 1)}
    found: list[dict[str, Any]] = [
        {
            "latency": "density alone, all songs, exactly",
            "wall_ms": wall,
            "cpu_ms": cpu,
            "n_songs": songs.height,
        }
    ]
    for n_near, looked_at in SETTINGS:
        ask = _through(index, points, n_near, looked_at)
        recall = np.mean([np.isin(ask(given), true).mean() for given, true in zip(liked, truth, strict=True)])
        wall, cpu = _median_ms(ask, liked)
        row = {"latency": "density alone, voyager", "neighbours": n_near, "ef": looked_at, "wall_ms": wall}
        found.append(row | {"cpu_ms": cpu, "recall_20": round(float(recall), 4)} | known)
        if recall >= RECALL:
            break
    return found


def _likes(n_songs: int) -> list[Rows]:
    """Songs that are liked, different ones for every run."""
    random = np.random.default_rng(0)
    return [np.sort(random.choice(n_songs, N_LIKED, replace=False)) for _ in range(N_RUNS)]


def _median_ms(run: Callable[[Rows], Any], liked: list[Rows]) -> tuple[float, float]:
    """Median wall and CPU milliseconds, after one run that is not counted."""
    run(liked[0])
    walls, cpus = [], []
    for given in liked:
        wall, cpu = time.perf_counter(), time.process_time()
        run(given)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return round(1000 * statistics.median(walls), 2), round(1000 * statistics.median(cpus), 2)


def _exactly(fitted: SongTaste, given: Rows) -> Rows:
    """The songs at which the density of the liked ones is highest."""
    allowed = np.ones(fitted.taste.n_songs, dtype=np.bool_)
    allowed[given] = False
    return best_songs(log_density(fitted.taste, given), allowed, n=N_SHOWN)


def _through(index: Any, points: NDArray[np.float32], n_near: int, looked_at: int) -> Callable[[Rows], Rows]:
    """The same ranking among the songs that the index finds near to a liked one."""

    def ask(given: Rows) -> Rows:
        near, _ = index.query(points[given], k=n_near, num_threads=thread_count(), query_ef=looked_at)
        candidates = np.setdiff1d(near.astype(np.int64), given)
        here, there = points[candidates], points[given]
        squares = np.square(here).sum(axis=1)[:, None] + np.square(there).sum(axis=1) - 2 * here @ there.T
        order = np.argsort(-logsumexp(-squares / 2, axis=1), kind="stable")
        return candidates[order[:N_SHOWN]]

    return ask
