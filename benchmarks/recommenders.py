"""Recommenders side by side: chance, fame, the usual recipe, the same artist, and ours with blocks left out.

The usual recipe is a StandardScaler on the ten audio features (or on all thirteen, with key, mode and time
signature), and the songs nearest to the mean of the given ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.preprocessing import StandardScaler

from benchmarks.playlist_halves import Recommender, Rows, Take
from songatlas.atlas.taste import SongTaste, fit_song_taste
from songatlas.features import FEATURES
from songatlas.playlists import PER_ARTIST
from songatlas.taste import HUB_CORRECTION, best_songs, preference

NOBODY = np.zeros(0, dtype=np.int64)
USUAL = ("usual recipe, 10 features", "usual recipe, 13 features")
OURS = "all blocks"
CAPPED = "all blocks, at most 3 songs an artist"
UNCORRECTED = "all blocks, no hub correction"
UNTAGGED = "all blocks but tags"
BARE = "sound and era alone"
VARIANTS: Mapping[str, Mapping[str, float]] = {
    OURS: {},
    "all blocks but artist and album": {"artist": 0, "album": 0},
    "sound, era and tags": {"artist": 0, "album": 0, "popularity": 0},
    UNTAGGED: {"tags": 0},
    BARE: {"tags": 0, "artist": 0, "album": 0, "popularity": 0},
    "all blocks but popularity": {"popularity": 0},
}

Floats = NDArray[np.float64]


def scaled_sound(songs: pl.DataFrame, *, all_features: bool = False) -> Floats:
    """The ten audio features as they stand, or all thirteen, standardized; the middle where unknown."""
    columns = [
        each.column
        for each in FEATURES.values()
        if (each.in_sound or all_features) and each.column in songs.columns
    ]
    known = songs.select(pl.col(columns).cast(pl.Float64).fill_nan(None))
    numbers = known.select(pl.all().fill_null(pl.all().median())).fill_null(0.0).to_numpy()
    return np.asarray(StandardScaler().fit_transform(numbers), dtype=np.float64)


def recommenders(songs: pl.DataFrame, full: SongTaste) -> Mapping[str, Recommender]:
    """Every recommender, fitted.

    Parameters
    ----------
    songs : DataFrame
        Clean songs, sorted by `song_id`.
    full : SongTaste
        All blocks of these songs.
    """
    fame = np.zeros(songs.height)
    if "popularity" in songs.columns:
        fame = songs["popularity"].cast(pl.Float64).fill_null(0.0).fill_nan(0.0).to_numpy()
    ten, thirteen = scaled_sound(songs), scaled_sound(songs, all_features=True)
    found: dict[str, Recommender] = {
        "random": by_scores(lambda given: np.random.default_rng(given).random(songs.height)),
        "most popular": by_scores(lambda given: fame),
        USUAL[0]: by_scores(lambda given: _near_the_mean(ten, given)),
        USUAL[1]: by_scores(lambda given: _near_the_mean(thirteen, given)),
        "usual recipe, 10 features, kernel density": by_scores(lambda given: _dense(ten, given)),
        "same artist": by_scores(lambda given: _shared(full, given, fame, {"artist": 1.0})),
        "same artist, same album first": by_scores(
            lambda given: _shared(full, given, fame, {"artist": 1.0, "album": 3.0})
        ),
        CAPPED: capped(full),
        UNCORRECTED: by_taste(full, hub_correction=0.0),
    }
    for name, weights in VARIANTS.items():
        found[name] = by_taste(fit_song_taste(songs, weights=weights) if weights else full)
    return found


def by_scores(scores: Callable[[Rows], NDArray[Any]]) -> Recommender:
    """The songs with the best scores."""

    def recommender(given: Rows) -> Take:
        own = scores(given)
        return lambda allowed, n: best_songs(own, allowed, n=n)

    return recommender


def by_taste(fitted: SongTaste, *, hub_correction: float = HUB_CORRECTION) -> Recommender:
    """Ours, the best songs whoever made them."""
    return by_scores(
        lambda given: preference(
            fitted.taste, given, disliked=NOBODY, ground=fitted.ground, hub_correction=hub_correction
        )
    )


def capped(fitted: SongTaste) -> Recommender:
    """Ours as the command recommends: few songs of one artist, one version of each, none of a given song."""

    def recommender(given: Rows) -> Take:
        own = preference(fitted.taste, given, disliked=NOBODY, ground=fitted.ground)
        other = ~np.isin(fitted.versions, fitted.versions[given])
        return lambda allowed, n: best_songs(
            own,
            allowed & other,
            n=n,
            artists=fitted.artists,
            per_artist=PER_ARTIST,
            versions=fitted.versions,
        )

    return recommender


def _near_the_mean(points: Floats, given: Rows) -> Floats:
    return -np.asarray(np.square(points - points[given].mean(axis=0)).sum(axis=1))


def _dense(points: Floats, given: Rows) -> Floats:
    """Log density of the given songs, kernels of one standard deviation."""
    squares = np.square(points).sum(axis=1)
    distances = squares[:, None] + squares[given] - 2 * points @ points[given].T
    return np.asarray(logsumexp(-distances / 2, axis=1))


def _shared(fitted: SongTaste, given: Rows, fame: Floats, worth: Mapping[str, float]) -> Floats:
    """How many given songs share an artist or album with each song; of equals the better known first."""
    names = [block for block in fitted.taste.blocks if block in ("artist", "album")]
    scores = fame / 1000
    for name, (groups, _) in zip(names, fitted.taste.shared, strict=True):
        for row in given.tolist() if name in worth else ():
            scores[groups.sharing(row)] += worth[name]
    return scores
