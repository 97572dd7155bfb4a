"""Hubs: songs that are near to everybody, and anti-hubs, which are recommended to nobody.

Every song of a catalogue is given alone, and its 20 best songs are listed. How often a song is listed is its
k-occurrence: 20 on average, and evenly so where there are no hubs.

References
----------
M. Radovanović, A. Nanopoulos, M. Ivanović (2010), "Hubs in space: popular nearest neighbors in
high-dimensional data", Journal of Machine Learning Research 11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import skew
from sklearn.neighbors import NearestNeighbors

from benchmarks.playlist_halves import Rows
from benchmarks.recommenders import CAPPED, OURS, UNCORRECTED, USUAL, scaled_sound
from songatlas.atlas.taste import SongTaste, fit_song_taste
from songatlas.kernels import map_in_order, thread_count
from songatlas.playlists import PER_ARTIST
from songatlas.taste import HUB_CORRECTION, best_songs, log_density

N_NEIGHBOURS = 20
MOST_SONGS = 30_000
_SONGS_AT_ONCE = 100


def hubness(songs: pl.DataFrame, fitted: SongTaste, *, most: int = MOST_SONGS) -> list[dict[str, Any]]:
    """Hubs of the usual recipe and of ours, one row each; among a sample where there are more than `most`."""
    if songs.height > most:
        drawn = np.sort(np.random.default_rng(0).choice(songs.height, most, replace=False))
        songs = songs[drawn]
        fitted = fit_song_taste(songs)
    found = []
    for name, points in zip(
        USUAL, (scaled_sound(songs), scaled_sound(songs, all_features=True)), strict=True
    ):
        near = NearestNeighbors(n_neighbors=N_NEIGHBOURS, algorithm="brute").fit(points)
        found.append({"hubs_of": name} | _told(near.kneighbors(return_distance=False), songs.height))
    for name, listed in _listed(fitted).items():
        found.append({"hubs_of": name} | _told(listed, songs.height))
    return found


def _listed(fitted: SongTaste) -> dict[str, NDArray[np.int64]]:
    """The lists of all songs, by every way of choosing."""
    n_songs = fitted.taste.n_songs
    blocks = [np.arange(at, min(at + _SONGS_AT_ONCE, n_songs)) for at in range(0, n_songs, _SONGS_AT_ONCE)]
    lists: dict[str, list[Rows]] = {name: [] for name in WAYS}
    for block in map_in_order(lambda rows: list(_of_songs(fitted, rows)), blocks, n_threads=thread_count()):
        for of_song in block:
            for name, rows in of_song.items():
                lists[name].append(rows)
    return {
        name: np.array(list(chain.from_iterable(each.tolist() for each in rows)))
        for name, rows in lists.items()
    }


def _of_songs(fitted: SongTaste, rows: Rows) -> Iterator[dict[str, Rows]]:
    """The lists of some songs."""
    for row in rows.tolist():
        density = log_density(fitted.taste, np.array([row]), n_threads=1)
        yield {name: way(fitted, density, row) for name, way in WAYS.items()}


def _told(listed: NDArray[np.int64], n_songs: int) -> dict[str, Any]:
    """What the k-occurrences say."""
    counts = np.bincount(np.ravel(listed), minlength=n_songs)
    return {
        "n_songs": n_songs,
        "anti_hubs": round(float((counts == 0).mean()), 5),
        "skewness": round(float(skew(counts)), 2),
        "largest": int(counts.max()),
    }


def _best(fitted: SongTaste, density: NDArray[np.float32], row: int, *, hub_correction: float) -> Rows:
    allowed = np.ones(len(density), dtype=np.bool_)
    allowed[row] = False
    return best_songs(density - np.float32(hub_correction) * fitted.ground, allowed, n=N_NEIGHBOURS)


def _as_the_command(fitted: SongTaste, density: NDArray[np.float32], row: int) -> Rows:
    return best_songs(
        density - np.float32(HUB_CORRECTION) * fitted.ground,
        fitted.versions != fitted.versions[row],
        n=N_NEIGHBOURS,
        artists=fitted.artists,
        per_artist=PER_ARTIST,
        versions=fitted.versions,
    )


WAYS: dict[str, Callable[[SongTaste, NDArray[np.float32], int], Rows]] = {
    OURS: lambda fitted, density, row: _best(fitted, density, row, hub_correction=HUB_CORRECTION),
    UNCORRECTED: lambda fitted, density, row: _best(fitted, density, row, hub_correction=0.0),
    CAPPED: _as_the_command,
}
