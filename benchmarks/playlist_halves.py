"""Playlists cut into two halves: one is given, the other is to be found among all songs of the file.

A file of playlists has a column `playlist_id` and one row a song in its place. All of its songs are kept,
whatever triage says of them. What the playlists are called is no part of what a song is: columns that begin
with `playlist` are left out before the songs are read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.features import FEATURES
from songatlas.songs import clean_songs, read_songs
from songatlas.taste import Groups

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"
DEFAULT = Path(os.environ.get("SONGATLAS_DATA", _BESIDE)) / "playlists.parquet"
FEWEST_SONGS, MOST_SONGS = 20, 300
N_LISTED = 100
N_SHOWN = 20
MEASURES = ("r_precision", "recall_100", "ndcg_100", "r_precision_unseen", "distance", "n_artists")
N_RESAMPLES = 2000

Rows: TypeAlias = NDArray[np.int64]
Take: TypeAlias = Callable[[NDArray[np.bool_], int], Rows]
"""Of the songs that are allowed, at most so many, the best first."""
Recommender: TypeAlias = Callable[[Rows], Take]
"""What rows of given songs make of the rest."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Playlists:
    """Songs sorted by id, and which of them each playlist holds: rows, rising, each once."""

    songs: pl.DataFrame
    rows: dict[str, Rows]


@dataclass(frozen=True, kw_only=True, eq=False)
class Half:
    """One playlist, cut in two by a seed."""

    playlist: str
    seed: int
    given: Rows
    sought: Rows


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What a recommender found.

    Attributes
    ----------
    playlists : tuple of str
    values : ndarray of float64, shape (n_playlists, len(MEASURES))
        Means over the seeds; NaN where a playlist has nothing to find.
    coverage : float
        Share of all songs that are among the 100 best for at least one playlist, mean over the seeds.
    """

    playlists: tuple[str, ...]
    values: NDArray[np.float64]
    coverage: float

    def of(self, measure: str, kept: NDArray[np.bool_] | slice = slice(None)) -> NDArray[np.float64]:
        """Return one measure of some playlists."""
        return self.values[kept, MEASURES.index(measure)]


def read_playlists(path: Path) -> Playlists:
    """Read a file of playlists, Parquet or CSV."""
    if not path.is_file():
        raise SystemExit(f"{path} is no file: name a table with a column 'playlist_id', one row a song")
    table = (
        pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema_length=None)
    )
    if "playlist_id" not in table.columns:
        raise SystemExit(f"{path} has no column 'playlist_id': one row a song in its place is wanted")
    songs = read_songs(table.drop(name for name in table.columns if name.startswith("playlist"))).songs
    features = [each.column for each in FEATURES.values() if each.in_sound and each.column in songs.columns]
    clean = clean_songs(songs, features=features, keep=["all"])
    places = pl.DataFrame({"playlist": table["playlist_id"].cast(pl.String), "row": clean.row_to_song})
    places = places.filter(pl.col("row") >= 0).unique().sort("playlist", "row")
    rows = {
        str(name): each["row"].to_numpy().astype(np.int64)
        for (name,), each in places.group_by("playlist", maintain_order=True)
        if FEWEST_SONGS <= each.height <= MOST_SONGS
    }
    if not rows:
        raise SystemExit(f"{path} has no playlist of {FEWEST_SONGS} to {MOST_SONGS} different songs")
    return Playlists(songs=clean.songs, rows=rows)


def for_choosing(playlist: str) -> bool:
    """Whether a playlist may be used to choose widths; what is reported is of the others."""
    return _number(playlist) % 2 == 0


def halves(playlists: Playlists, n_seeds: int) -> list[Half]:
    """Every playlist cut in two, `n_seeds` times."""
    return [
        _cut(playlist, rows, seed) for seed in range(n_seeds) for playlist, rows in playlists.rows.items()
    ]


def measured(
    recommender: Recommender, cut: Sequence[Half], *, artists: Groups, sound: NDArray[np.float64]
) -> Found:
    """What a recommender finds of the other halves.

    Parameters
    ----------
    recommender : Recommender
    cut : sequence of Half
    artists : Groups
        Credited artists of the songs.
    sound : ndarray of float64, shape (n_songs, n_features)
        Scaled sound, which says how far songs that are recommended together lie apart.
    """
    names = tuple(dict.fromkeys(half.playlist for half in cut))
    seeds = sorted({half.seed for half in cut})
    listed = np.zeros((len(seeds), len(sound)), dtype=np.bool_)
    values: dict[str, list[list[float]]] = {name: [] for name in names}
    for half in cut:
        take = recommender(half.given)
        allowed = np.ones(len(sound), dtype=np.bool_)
        allowed[half.given] = False
        best = take(allowed, max(N_LISTED, len(half.sought)))
        listed[seeds.index(half.seed), best[:N_LISTED]] = True
        unseen = _unseen(take, half, allowed, artists)
        shown = best[:N_SHOWN]
        values[half.playlist].append(
            [*_hits(best, half.sought), unseen, apart(sound[shown]), _n_artists(shown, artists)]
        )
    means = np.array([mean_known(np.array(values[name])) for name in names])
    return Found(playlists=names, values=means, coverage=float(listed.mean()))


def mean_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the first axis of what is not NaN; NaN where all of it is."""
    known = np.isfinite(values)
    counts = known.sum(axis=0)
    sums = np.where(known, values, 0.0).sum(axis=0)
    return np.asarray(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))


def apart(points: NDArray[np.float64]) -> float:
    """Mean distance of two of some points; NaN of fewer than two."""
    if len(points) < 2:
        return float("nan")
    distances = np.sqrt(np.square(points[:, None] - points[None]).sum(axis=2))
    return float(distances.sum() / (len(points) * (len(points) - 1)))


def ratio(
    ours: NDArray[np.float64], others: NDArray[np.float64], *, seed: int = 0
) -> tuple[float, float, float]:
    """Ratio of two means over the same playlists, with the 95% interval of a bootstrap over playlists.

    Playlists that have nothing to find, which are NaN, are left out. NaN where the others find nothing.
    """
    known = np.isfinite(ours) & np.isfinite(others)
    pairs = np.column_stack([ours[known], others[known]])
    drawn = np.random.default_rng(seed).integers(max(len(pairs), 1), size=(N_RESAMPLES, len(pairs)))
    sums = np.vstack([pairs.sum(axis=0), pairs[drawn].sum(axis=1)])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = sums[:, 0] / sums[:, 1]
    if not np.isfinite(ratios[0]):
        return float("nan"), float("nan"), float("nan")
    low, high = np.quantile(ratios[1:][np.isfinite(ratios[1:])], (0.025, 0.975))
    return float(ratios[0]), float(low), float(high)


def _number(text: str) -> int:
    """A number that a text always has."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def _cut(playlist: str, rows: Rows, seed: int) -> Half:
    mixed = np.random.default_rng([seed, _number(playlist)]).permutation(rows)
    n_given = len(mixed) // 2
    return Half(playlist=playlist, seed=seed, given=np.sort(mixed[:n_given]), sought=mixed[n_given:])


def _hits(best: Rows, sought: Rows) -> Iterator[float]:
    """R-precision; recall of the 100 best, of what 100 can hold; the same with ranks discounted (NDCG)."""
    hits = np.isin(best, sought)
    most = min(N_LISTED, len(sought))
    yield float(hits[: len(sought)].sum() / len(sought))
    yield float(hits[:N_LISTED].sum() / most)
    gains = 1 / np.log2(np.arange(2, N_LISTED + 2))
    first = hits[:N_LISTED]
    yield float(gains[: len(first)][first].sum() / gains[:most].sum())


def _unseen(take: Take, half: Half, allowed: NDArray[np.bool_], artists: Groups) -> float:
    """R-precision among songs that share no credited artist with the given ones."""
    new = allowed.copy()
    for row in half.given.tolist():
        new[artists.sharing(row)] = False
    sought = half.sought[new[half.sought]]
    if not len(sought):
        return float("nan")
    return float(np.isin(take(new, len(sought)), sought).sum() / len(sought))


def _n_artists(shown: Rows, artists: Groups) -> float:
    """How many different first artists songs have."""
    return float(len({int(number) for row in shown.tolist() for number in artists.of_song(row)[:1]}))
