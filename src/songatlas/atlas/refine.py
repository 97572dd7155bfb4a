"""`--refine`: weights of features that raise the agreement with genres, or the stability without genres.

Weights are searched greedily, one feature at a time, on a sample. Whether to trust them is asked of artists
that took no part: they are dealt into three parts, the weights proposed from two parts are judged by the
third, and only where the gain lies above chance are the weights applied that all songs propose, out of
the changes that at least two of the three proposals share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.artist_parts import (
    FEWEST_ARTISTS,
    FEWEST_SONGS,
    N_PARTS,
    artist_numbers,
    genre_numbers,
    interval,
    ks_around,
)
from songatlas.atlas.objectives import (
    Comparison,
    GenreAgreement,
    Objective,
    Stability,
    WeightedPoints,
    Weights,
)
from songatlas.atlas.settings import AtlasSettings
from songatlas.atlas.usual_space import with_space
from songatlas.errors import TooFewSongs
from songatlas.genres import artist_folds
from songatlas.kernels import map_in_order, one_blas_thread, thread_count
from songatlas.progress import Progress, part, silent
from songatlas.quality import sampled_rows
from songatlas.space import named_features

SAMPLE_SONGS = 8_000
"""Most songs that take part: as many of all songs, and as many of those with a genre."""

MOST_CHANGES = 5
"""Features whose weight is changed at most."""

_FEWEST_FEATURES = 3
_KEPT_CHANGES = 12  # best of the first look, which are tried again beside others
_SONGS_A_CLUSTER = 10  # in two parts, below which clusters of songs cannot be judged
_TRIED_FOR_RULES = 5

Change = tuple[str, float]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Weights proposed by two parts of the artists, judged by the third.

    Attributes
    ----------
    weights : mapping of str to float
        What was proposed, empty for nothing.
    before, after : float
        Value on the held-out artists with the weights as they were and as proposed.
    n_songs : int
        Songs held out.
    """

    weights: Mapping[str, float]
    before: float
    after: float
    n_songs: int


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """Weights of features that were proposed, and whether artists that took no part gain by them.

    Attributes
    ----------
    feature_weights : mapping of str to float
        Weights for the settings: those that a person gave and those proposed; only what is not 1.
    changed : mapping of str to float
        The proposed ones among them; empty where no change was worth it.
    objective : {"agreement with genres", "stability", "none"}
        What they were chosen by; none where nothing could be tried.
    ks : tuple of int
        Numbers of clusters that were tried; values are means over them.
    n_songs : int
        Songs that took part.
    chosen_before, chosen_after : float or None
        Value on the songs that the weights were chosen on.
    before, after : float or None
        Value on artists held out, the mean of the trials.
    gain, gain_low, gain_high : float or None
        What held-out artists gain, and the ends between which nine of ten redrawings lie.
    trials : tuple of Trial
        One for each part of the artists.
    applied : bool
        Whether the gain lies above chance, so that the weights are worth applying.
    sentence : str
        All this in plain words.
    """

    feature_weights: Mapping[str, float]
    changed: Mapping[str, float]
    objective: str
    ks: tuple[int, ...]
    n_songs: int
    chosen_before: float | None
    chosen_after: float | None
    before: float | None
    after: float | None
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    trials: tuple[Trial, ...]
    applied: bool
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return vars(self) | {
            "feature_weights": dict(self.feature_weights),
            "changed": dict(self.changed),
            "ks": list(self.ks),
            "trials": [vars(trial) | {"weights": dict(trial.weights)} for trial in self.trials],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Refinement:
        """Return the refinement that `to_dict` stored."""
        weights = {name: MappingProxyType(dict(stored[name])) for name in ("feature_weights", "changed")}
        trials = tuple(
            Trial(**trial | {"weights": MappingProxyType(dict(trial["weights"]))})
            for trial in stored["trials"]
        )
        return cls(**dict(stored) | weights | {"ks": tuple(stored["ks"]), "trials": trials})


def propose_weights(
    songs: pl.DataFrame,
    *,
    features: Sequence[str],
    settings: AtlasSettings,
    genres: pl.Series | None,
    artists: pl.Series | None,
    k: int,
    structureless: bool = False,
    seed: int = 0,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> Refinement:
    """Propose weights of features inside the sound, and ask held-out artists whether they gain.

    Parameters
    ----------
    songs : DataFrame
        Clean songs, sorted by `song_id`.
    features : sequence of str
        Columns of the sound.
    settings : AtlasSettings
        Space and weights to start from; features that it weighs stay as they are. Only sound and era take
        part: in a space of tags or genres the labels would be judged by themselves.
    genres : Series of String, or None
        Genre of each song, null where none is known.
    artists : Series of String or List(String), or None
        Artists of each song; songs without one count as an artist each.
    k : int
        Number of clusters, which is tried with its neighbours.
    structureless : bool
        Whether the songs cannot be told from a cloud without clusters. Only genres can judge then: steadier
        slices of a cloud are no gain.
    seed : int
    n_threads : int, optional
        Every core by default; the result does not depend on it.
    progress : callable, optional

    Returns
    -------
    Refinement
    """
    tell, settings = progress or silent, with_space(settings, songs)
    given = {named_features([name])[0]: weight for name, weight in settings.feature_weights.items()}
    free = [column for column in features if column not in given]
    rows, clustered, judged = _sample(songs.height, genres, seed)
    numbers = artist_numbers(None if artists is None else artists.gather(rows), len(rows))
    ks, parts = ks_around(k), artist_folds(numbers, n_folds=N_PARTS, seed=seed)
    obstacle = _nothing_to_weigh(settings, free) or _too_few(numbers, clustered, ks)
    if obstacle:
        return _none(given, obstacle)
    points = WeightedPoints.of(songs[rows], features=tuple(features), settings=settings)
    objective: Objective = Stability(points, ks, seed)
    if genres is not None and _can_judge(numbers, judged, parts):
        codes = genre_numbers(genres.gather(rows))
        objective = GenreAgreement(points, clustered, judged, codes, numbers, ks, seed)
    elif structureless:
        return _none(
            given,
            "There are no clusters here and too few genres to judge by, so the weights stay as they are.",
        )
    try:
        with one_blas_thread():
            return _refined(objective, free, parts, given=given, n_threads=thread_count(n_threads), tell=tell)
    except TooFewSongs:
        return _none(given, "Too few songs differ from one another for their features to be weighed.")


def _nothing_to_weigh(settings: AtlasSettings, free: Sequence[str]) -> str:
    """Why there are no features to weigh; empty where there are."""
    if "sound" not in settings.space or settings.weights.get("sound") == 0 or settings.genre_pull == 1:
        return "The sound has no part in the space, so there are no features to weigh."
    if len(free) < _FEWEST_FEATURES:
        return "Fewer than three features are free to be weighed, so their weights stay."
    return ""


def _sample(
    n_songs: int, genres: pl.Series | None, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Rows that take part, and of these those that are clustered and those that have a genre to judge by."""
    of_all = sampled_rows(n_songs, SAMPLE_SONGS, seed=seed)
    if genres is None:
        return of_all, np.ones(len(of_all), dtype=bool), np.zeros(len(of_all), dtype=bool)
    known = np.flatnonzero(genres.is_not_null().to_numpy())
    with_genre = known[sampled_rows(len(known), SAMPLE_SONGS, seed=seed)]
    rows = np.union1d(of_all, with_genre)
    return rows.astype(np.int64), np.isin(rows, of_all), np.isin(rows, with_genre)


def _too_few(artists: NDArray[np.int64], clustered: NDArray[Any], ks: tuple[int, ...]) -> str:
    """Why nothing can be held out; empty where it can."""
    n_songs, n_artists = int(clustered.sum()), len(np.unique(artists[clustered]))
    needed = max(FEWEST_SONGS, _SONGS_A_CLUSTER * ks[-1] * N_PARTS // (N_PARTS - 1))
    if n_songs < needed or n_artists < FEWEST_ARTISTS:
        return (
            f"{n_songs:,} songs of {n_artists:,} artists are too few to hold some of them out "
            f"({needed:,} songs of {FEWEST_ARTISTS} artists are needed), so the weights stay as they are."
        )
    return ""


def _can_judge(artists: NDArray[np.int64], judged: NDArray[Any], parts: NDArray[np.int64]) -> bool:
    """Whether every part of the artists has songs with a genre enough."""
    sizes = np.bincount(parts[judged], minlength=N_PARTS)
    n_artists = len(np.unique(artists[judged]))
    return bool(sizes.min() * N_PARTS * 2 >= FEWEST_SONGS and n_artists >= FEWEST_ARTISTS)


def _refined(
    objective: Objective,
    free: Sequence[str],
    parts: NDArray[np.int64],
    *,
    given: Weights,
    n_threads: int,
    tell: Progress,
) -> Refinement:
    """Propose from two parts and judge by the third, three times; then propose from all songs."""
    every = [(column, factor) for column in free for factor in objective.ladder]
    trials: list[Trial] = []
    compared: list[Comparison] = []
    for held_out in range(N_PARTS):
        learn = parts != held_out
        step = part(tell, held_out / (N_PARTS + 1), (held_out + 1) / (N_PARTS + 1))
        weights, _, _ = _climb(objective, every, learn, n_threads=n_threads, tell=step)
        found = objective.compare({}, weights, learn)
        trials.append(
            Trial(weights=weights, before=found.before, after=found.after, n_songs=int((~learn).sum()))
        )
        compared.append(found)
    all_songs = np.ones(len(parts), dtype=bool)
    once_more = part(tell, N_PARTS / (N_PARTS + 1), 1.0)
    weights, first, last = _climb(objective, _agreed(trials), all_songs, n_threads=n_threads, tell=once_more)
    return _told(objective, weights, (first, last), trials, compared, given=given, n_songs=len(parts))


def _agreed(trials: Sequence[Trial]) -> list[Change]:
    """Changes of features that two trials or more want to count for more, or for less."""
    wanted = sorted({change for trial in trials for change in trial.weights.items()})
    ways = Counter((column, factor > 1) for trial in trials for column, factor in trial.weights.items())
    return [(column, factor) for column, factor in wanted if ways[column, factor > 1] >= 2]


def _climb(
    objective: Objective,
    candidates: Collection[Change],
    learn: NDArray[np.bool_],
    *,
    n_threads: int,
    tell: Progress,
) -> tuple[dict[str, float], float, float]:
    """Take the best change, then the best beside it, as long as each adds enough.

    After the first look only its best changes are tried again: those that harmed alone seldom help later.
    """
    weights: dict[str, float] = {}
    first = best = objective.quick(weights, learn)
    tried = list(candidates)
    for step in range(MOST_CHANGES):
        tell(step / MOST_CHANGES, "weighing the features")
        tried = [(column, factor) for column, factor in tried if column not in weights]
        quick = partial(_value_with, objective, weights, learn)
        with closing(map_in_order(quick, tried, n_threads=n_threads)) as values:
            ranked = sorted(zip(values, tried, strict=True), key=lambda pair: (-pair[0], pair[1]))
        better = [pair for pair in ranked[:_TRIED_FOR_RULES] if pair[0] >= best + objective.least_step]
        allowed = (
            (value, change)
            for value, change in better
            if objective.allows({**weights, change[0]: change[1]}, learn)
        )
        best, taken = next(allowed, (best, None))
        if taken is None:
            break
        weights[taken[0]] = taken[1]
        tried = [change for _, change in ranked[:_KEPT_CHANGES]]
    tell(1.0, "weighing the features")
    return weights, first, best


def _value_with(objective: Objective, weights: Weights, learn: NDArray[np.bool_], change: Change) -> float:
    return objective.quick({**weights, change[0]: change[1]}, learn)


def _told(
    objective: Objective,
    weights: Weights,
    chosen: tuple[float, float],
    trials: Sequence[Trial],
    compared: Sequence[Comparison],
    *,
    given: Weights,
    n_songs: int,
) -> Refinement:
    """The refinement with its sentence."""
    low, high = interval(np.mean([found.gains for found in compared], axis=0))
    before = float(np.mean([found.before for found in compared]))
    after = float(np.mean([found.after for found in compared]))
    applied = bool(weights) and low > 0 and after - before >= objective.least_gain
    figures = (
        f"{objective.name} {before:.3f} before, {after:.3f} after; nine redrawings of ten gain {low:+.3f} to "
        f"{high:+.3f}"
    )
    return Refinement(
        feature_weights=MappingProxyType({**given, **weights}),
        changed=MappingProxyType(dict(weights)),
        objective=objective.name,
        ks=objective.ks,
        n_songs=n_songs,
        chosen_before=chosen[0],
        chosen_after=chosen[1],
        before=before,
        after=after,
        gain=after - before,
        gain_low=low,
        gain_high=high,
        trials=tuple(trials),
        applied=applied,
        sentence=_sentence(objective, weights, trials, figures, applied=applied),
    )


def _sentence(
    objective: Objective, weights: Weights, trials: Sequence[Trial], figures: str, *, applied: bool
) -> str:
    """What was found, in plain words."""
    if applied:
        return (
            f"Held-out artists gain by the weights {words_of(weights)} ({figures}). They are applied"
            f"{objective.caution}."
        )
    if weights:
        return (
            f"Held-out artists do not surely gain by the weights that look best, {words_of(weights)} "
            f"({figures}). The weights stay as they are."
        )
    if any(trial.weights for trial in trials):
        return f"Parts of the artists want different weights ({figures}). The weights stay as they are."
    return f"No other weights raise the {objective.name} enough ({figures}). The weights stay as they are."


def _none(given: Weights, sentence: str) -> Refinement:
    """The refinement where nothing could be tried."""
    figures = ("chosen_before", "chosen_after", "before", "after", "gain", "gain_low", "gain_high")
    return Refinement(
        feature_weights=MappingProxyType(dict(given)),
        changed=MappingProxyType({}),
        objective="none",
        ks=(),
        n_songs=0,
        **dict.fromkeys(figures),
        trials=(),
        applied=False,
        sentence=sentence,
    )


def words_of(weights: Weights) -> str:
    """Return weights as a list in a sentence.

    Examples
    --------
    >>> words_of({"energy": 2.0, "liveness": 0.0})
    'energy 2 and liveness 0'
    """
    said = [f"{column} {factor:g}" for column, factor in weights.items()]
    return " and ".join(filter(None, [", ".join(said[:-1]), *said[-1:]]))
