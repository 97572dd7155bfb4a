"""Clusters and neighbours against genres, on artists never seen: the usual recipe and ours side by side.

python -m benchmarks.precision SONGS [--genre COLUMN] [--fine COLUMN] [--seeds N] [--quick]

For each of three seeds, 30% of the artists are held out. What is told is of their songs alone. The usual
recipe, StandardScaler on every feature and scikit-learn's K-means, and our spaces without genres are fitted
on the others. Where genres pull, the genres of the held-out artists are hidden before anything is learned.
`k` is the number of genres. `neighbours` is the share of the ten nearest held-out songs by other artists
that are of the same genre. `--fine` is a second column of finer genres.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from benchmarks.answer import Goal, print_answer
from songatlas import sweep
from songatlas.atlas import AtlasSettings, preview
from songatlas.features import FEATURES
from songatlas.genres import artist_groups, cross_fit, genre_labels, prediction, words
from songatlas.kmeans import nearest_centroids
from songatlas.quality import CrossTable
from songatlas.space import FEATURE_SHARES, SongSpace, belief_column

HELD_OUT = 0.3
N_NEIGHBOURS = 10
_ENOUGH = 400  # nearest songs among which ten by other artists are sought
QUICK_SONGS = 6_000
DEFAULT = "sound, era (the default)"

Points = NDArray[np.float32]
Score = dict[str, float]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("songs", type=Path)
    parser.add_argument("--genre", help="column of the genres; the table's own by default")
    parser.add_argument("--fine", help="column of finer genres")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SONGS:,} songs and one seed")
    asked = parser.parse_args()
    results = []
    for column in (asked.genre, asked.fine) if asked.fine else (asked.genre,):
        results += measured(asked.songs, column, asked)
    print_answer("precision", results=results, goals=_goals(results))


def measured(path: Path, column: str | None, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Every space on one column of genres: means over the seeds."""
    _, clean = preview(path, AtlasSettings(genre=column))
    genres = genre_labels(clean.songs)
    if genres is None:
        raise SystemExit(f"{path} has no genres: name a column with --genre")
    songs = clean.songs.with_columns(genres.labels.alias("genre")).drop_nulls("genre")
    if asked.quick:
        songs = songs.sample(min(QUICK_SONGS, songs.height), seed=0).sort("song_id")
    runs: dict[str, list[Score]] = {}
    for seed in range(1 if asked.quick else asked.seeds):
        for name, score in _of_seed(songs, clean.features, seed=seed):
            runs.setdefault(name, []).append(score)
    return [
        {
            "genres": column or genres.column,
            "k": songs["genre"].n_unique(),
            "n_songs": songs.height,
            "space": name,
        }
        | {each: round(float(np.mean([score[each] for score in scores])), 4) for each in scores[0]}
        for name, scores in runs.items()
    ]


def _of_seed(songs: pl.DataFrame, features: tuple[str, ...], *, seed: int) -> Iterator[tuple[str, Score]]:
    """The scores of every space, with the artists that this seed holds out."""
    artists = artist_groups(songs["artists"], songs.height)
    different = np.unique(artists)
    drawn = np.random.default_rng(seed).permutation(different)[: int(HELD_OUT * len(different))]
    held_out = np.isin(artists, drawn)
    codes = songs["genre"].rank("dense").to_numpy().astype(np.int64) - 1
    judge = _judge(codes, artists, held_out)
    yield "usual recipe", judge(_usual(songs, held_out), recipe=True)
    for name, changes in SPACES.items():
        space = SongSpace.fit(songs.filter(~pl.Series(held_out)), features=features, **changes)
        yield name, judge(space.points(songs))
    hidden = songs["genre"].set(pl.Series(held_out), None)
    for name, ablated in ABLATIONS.items():
        with ablated(songs) as seen:
            started = time.process_time()
            beliefs = cross_fit(seen, hidden, seed=seed, n_threads=1)
            seconds = time.process_time() - started
        if beliefs is None:
            continue
        believed = songs.with_columns(belief_column(beliefs.probabilities, beliefs.classes))
        accuracy = float((beliefs.best() == songs["genre"]).to_numpy()[held_out].mean())
        for pull in PULLS if name == "" else (1.0,):
            space = SongSpace.fit(believed, features=features, genre_pull=pull)
            score = judge(space.points(believed), everyone=True)
            yield f"genre pull {pull:g}{name}", score | {"accuracy": accuracy, "belief_cpu_s": seconds}


def _usual(songs: pl.DataFrame, held_out: NDArray[np.bool_]) -> Points:
    """Every feature as it stands, standardized by the songs that are not held out."""
    columns = [name for name in FEATURES if name in songs.columns]
    numbers = songs.select(pl.col(columns).cast(pl.Float64).fill_null(strategy="mean")).to_numpy()
    points: Points = StandardScaler().fit(numbers[~held_out]).transform(numbers).astype(np.float32)
    return points


def _judge(
    codes: NDArray[np.int64], artists: NDArray[np.int64], held_out: NDArray[np.bool_]
) -> Callable[..., Score]:
    """What scores points against the genres of the held-out songs."""
    k = int(codes.max()) + 1

    def judge(points: Points, *, recipe: bool = False, everyone: bool = False) -> Score:
        fitted = points if everyone else points[~held_out]
        if recipe:
            labels = KMeans(k, n_init=10, random_state=0).fit(fitted).predict(points[held_out])
        else:
            centroids = sweep(fitted, [k], seed=0)[0].centroids
            labels = nearest_centroids(points[held_out], centroids)[0]
        table = CrossTable.of(labels.astype(np.int64), codes[held_out])
        same = _same_genre(points[held_out], codes[held_out], artists[held_out])
        agreement = table.agreement()
        return {"ami": agreement.ami, "ari": agreement.ari, "purity": agreement.purity, "neighbours": same}

    return judge


def _same_genre(points: Points, codes: NDArray[np.int64], artists: NDArray[np.int64]) -> float:
    """Share of the nearest songs by other artists that are of the same genre."""
    n_sought = min(_ENOUGH, len(points))
    near = (
        NearestNeighbors(n_neighbors=n_sought, algorithm="brute")
        .fit(points)
        .kneighbors(points, return_distance=False)
    )
    others = artists[near] != artists[:, None]
    kept = others & (np.cumsum(others, axis=1) <= N_NEIGHBOURS)
    return float(((codes[near] == codes[:, None]) & kept).sum() / kept.sum())


@contextmanager
def _whole(songs: pl.DataFrame) -> Iterator[pl.DataFrame]:
    yield songs


@contextmanager
def _without_words(songs: pl.DataFrame) -> Iterator[pl.DataFrame]:
    with patch.object(words, "WEIGHT", 0.0):
        yield songs


@contextmanager
def _without_lending(songs: pl.DataFrame) -> Iterator[pl.DataFrame]:
    with patch.object(prediction, "LENT", 0.0):
        yield songs


@contextmanager
def _without_both(songs: pl.DataFrame) -> Iterator[pl.DataFrame]:
    with patch.object(words, "WEIGHT", 0.0), patch.object(prediction, "LENT", 0.0):
        yield songs


@contextmanager
def _without_year(songs: pl.DataFrame) -> Iterator[pl.DataFrame]:
    yield songs.drop("year", strict=False)


ALIKE = {column: 1 / share for column, share in FEATURE_SHARES.items()}
SPACES: Mapping[str, Mapping[str, Any]] = {
    "sound": {"blocks": ("sound",)},
    DEFAULT: {"blocks": ("sound", "era")},
    "sound, era, every feature alike": {"blocks": ("sound", "era"), "feature_weights": ALIKE},
    "sound, era at weight 0.3": {"blocks": ("sound", "era"), "weights": {"era": 0.3}},
    "sound, era at weight 1": {"blocks": ("sound", "era"), "weights": {"era": 1.0}},
}
PULLS = (0.25, 0.5, 0.75, 1.0)
ABLATIONS: Mapping[str, Callable[[pl.DataFrame], Any]] = {
    "": _whole,
    ", without words": _without_words,
    ", without what artists lend": _without_lending,
    ", without both": _without_both,
    ", without the year": _without_year,
}


def _goals(results: list[dict[str, Any]]) -> list[Goal]:
    """The goals set for the six genres and 24 subgenres of spotify_songs.csv; none for other tables."""
    found = {(each["k"], each["space"]): each for each in results}
    default, full = found.get((6, DEFAULT)), found.get((6, "genre pull 1"))
    fine = found.get((24, "genre pull 1"))
    if default is None or full is None:
        return []
    goals = [
        Goal("AMI, 6 genres, by default", default["ami"], 0.165, 0.22),
        Goal("AMI, 6 genres, full genre pull", full["ami"], 0.38, 0.44),
        Goal("purity, 6 genres, full genre pull", full["purity"], 0.64, 0.70),
        Goal("same genre among 10 neighbours by other artists", full["neighbours"], 0.45, 0.50),
        Goal("genre prediction, 6 genres", full["accuracy"], 0.65, 0.70),
    ]
    return goals + ([Goal("AMI, 24 subgenres, full genre pull", fine["ami"], 0.33, 0.40)] if fine else [])


if __name__ == "__main__":
    main()
