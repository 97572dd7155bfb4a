"""What people put next: which space tells best the song that follows another on real playlists.

For every step of a playlist between two artists, the song that follows is held against twenty songs of the
same playlist that are by neither. A space is as good as the log likelihood, in nats a step, that a choice by
distance alone gives to the song that people put next, ``exp(-scale * distance)`` with the scale that fits
best, above a choice by chance (a conditional logit). Its difference to the space of listening has the 95%
interval of a bootstrap over playlists.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from songatlas.atlas import Atlas
from songatlas.atlas.taste import taste_of
from songatlas.playlists.spacing import first_artists

N_OTHERS, N_RESAMPLES = 20, 2_000
_Rows = NDArray[np.int64]


def next_songs(atlas: Atlas, lists: list[_Rows]) -> list[dict[str, Any]]:
    """Return how well each space tells what people put next."""
    steps, owners = _steps(lists, first_artists(atlas.songs))
    spaces = {
        "listening": taste_of(atlas).listening,
        "taste (with popularity)": taste_of(atlas).points,
        "listening, era halved": taste_of(atlas, {"popularity": 0, "era": 0.5}).points,
        "listening, tags halved": taste_of(atlas, {"popularity": 0, "tags": 0.5}).points,
        "listening, era and tags halved": taste_of(atlas, {"popularity": 0, "era": 0.5, "tags": 0.5}).points,
        "sound and era (clusters)": atlas.points(),
        "sound alone": taste_of(atlas, {"popularity": 0, "era": 0, "tags": 0}).points,
    }
    gains = {name: _gains(points.astype(np.float64), steps) for name, points in spaces.items()}
    counts = np.bincount(owners, minlength=len(lists))
    drawn = np.random.default_rng(0).integers(0, len(lists), (N_RESAMPLES, len(lists)))
    told = []
    for name, gain in gains.items():
        sums = np.bincount(owners, gain - gains["listening"], minlength=len(lists))
        low, high = np.percentile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [2.5, 97.5])
        told.append(
            {
                "next_song_by": name,
                "steps": len(steps),
                "gain_nats": float(gain.mean()),
                "above_listening": float((gain - gains["listening"]).mean()),
                "low": float(low),
                "high": float(high),
            }
        )
    return told


def _steps(lists: list[_Rows], groups: _Rows) -> tuple[_Rows, _Rows]:
    """Rows of a song, of the next and of others (n_steps, 2 + N_OTHERS), and the playlist of each step."""
    random = np.random.default_rng(0)
    steps, owners = [], []
    for owner, rows in enumerate(lists):
        artists = groups[rows]
        for place in range(len(rows) - 1):
            if artists[place] < 0 or artists[place] == artists[place + 1]:
                continue
            apart = np.abs(np.arange(len(rows)) - place) > 1
            others = np.flatnonzero(apart & (artists != artists[place]) & (artists != artists[place + 1]))
            if len(others) >= 5:
                drawn = random.choice(others, N_OTHERS)
                steps.append(np.concatenate([rows[[place, place + 1]], rows[drawn]]))
                owners.append(owner)
    return np.array(steps), np.array(owners)


def _gains(points: NDArray[np.float64], steps: _Rows) -> NDArray[np.float64]:
    """Nats by which a choice by distance tells the next song better than chance, one a step."""
    distances = np.stack(
        [np.sqrt(np.square(points[other] - points[steps[:, 0]]).sum(axis=1)) for other in steps.T[1:]], axis=1
    )

    def gains(scale: float) -> NDArray[np.float64]:
        likely = -scale * distances
        top = likely.max(axis=1, keepdims=True)
        whole = top[:, 0] + np.log(np.exp(likely - top).sum(axis=1))
        return np.asarray(likely[:, 0] - whole + np.log(distances.shape[1]))

    best = minimize_scalar(lambda scale: -gains(scale).mean(), bounds=(0.0, 3.0), method="bounded")
    return gains(float(best.x))
