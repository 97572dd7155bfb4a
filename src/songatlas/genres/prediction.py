"""What genre a song is believed to be of, by classifiers that never met its artist.

Boosted trees hear the sound and the year, naive Bayes reads the words of title, album and artist
(`songatlas.genres.words`); their log-probabilities are added. Then the songs of an artist lend each other
belief: most artists keep to a genre, and ten songs tell more than one. A song without a genre also learns
from the genres of its artist's other songs.

Songs are split into folds by artist. A fold is believed by a model that was taught the other folds, so no
song is judged by a model that saw its artist, and its own genre is never among what is lent to it. Songs of
artists of whom no genre is known are believed by the models of all folds together. One number makes the
beliefs as sure as they are right.

Conventions
-----------
Log-beliefs are float64 ``(n_songs, n_classes)``, in nats, each row summing to 1 after exp.

References
----------
J. H. Friedman (2001), "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29.
G. Hinton (2002), "Training products of experts by minimizing contrastive divergence", Neural Computation 14
(adding log-probabilities).
C. Guo, G. Pleiss, Y. Sun, K. Weinberger (2017), "On calibration of modern neural networks", ICML
(one temperature).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.features import FEATURES
from songatlas.genres.artists import artist_folds, artist_groups
from songatlas.genres.words import CountedWords, WordModel, texts_of
from songatlas.progress import Progress, silent
from songatlas.quality import sampled_rows

N_FOLDS = 3
MOST_TAUGHT = 30_000
"""Songs that a model learns from, at most; more would teach little and cost much."""

LENT = 0.7
"""Weight of what all songs of an artist say together, beside what the song says by itself. What it adds is in
the row "without what artists lend" of `python -m benchmarks.precision`."""

FEWEST_TAUGHT = 50
"""Songs with a genre below which nothing is learned."""

_STEPS = 80
_TREES_IN_ALL = 1_000  # there is one for every genre and step
_FEWEST_STEPS = 8
_LEARNING_RATE = 0.1
_STEPS_AT_THAT_RATE = 40  # fewer steps are larger ones
_LEAVES = 15
_LEAST_BELIEF = 1e-4
_SURE = 0.9  # how far a known genre of one song is believed of the artist's others
_ROWS_AT_ONCE = 65_536
_DETAILS_HEARD = ("year", "explicit")
_TEMPERATURES = np.concatenate([np.geomspace(0.05, 0.4, 25)[:-1], np.geomspace(0.4, 2.5, 22)])
_Logs = NDArray[np.float64]


@dataclass(frozen=True)
class Beliefs:
    """How far each genre is believed of some songs, cross-fitted by artist.

    Attributes
    ----------
    classes : tuple of str
        The genres, in the order of the alphabet.
    rows : ndarray of int64, shape (n_believed,)
        Rows of the songs table, rising.
    probabilities : ndarray of float32, shape (n_believed, n_classes)
        Rows sum to 1.
    sharpness : float
        What log-beliefs were multiplied by, so that they are as sure as they are right.
    accuracy : mapping
        `new_artists`: the share of songs with a genre that were named rightly, their artist's genres hidden;
        `n_new_artists`, how many songs that is of; `known_artists` and `n_known_artists`, the same for songs
        whose artist has other songs with a genre, only the song's own genre hidden. None where unknown.
    """

    classes: tuple[str, ...]
    rows: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    sharpness: float
    accuracy: Mapping[str, float | None]

    def best(self) -> pl.Series:
        """Return the genre that is believed most of each song, String (n_believed,)."""
        names = pl.Series("predicted_genre", self.classes, dtype=pl.String)
        return names.gather(self.probabilities.argmax(axis=1))

    def confidence(self) -> NDArray[np.float32]:
        """Return how far that genre is believed, 0 to 1, float32 (n_believed,)."""
        most: NDArray[np.float32] = self.probabilities.max(axis=1, initial=0.0)
        return most


@dataclass(frozen=True)
class GenreModel:
    """Boosted trees on sound and year, naive Bayes on words."""

    classes: tuple[str, ...]
    columns: tuple[str, ...]
    trees: Any
    word_model: WordModel | None
    counter: CountedWords | None

    @classmethod
    def fit(
        cls,
        songs: pl.DataFrame,
        codes: NDArray[np.int64],
        *,
        classes: tuple[str, ...],
        words: CountedWords | None,
    ) -> GenreModel:
        """Learn from songs whose genres are `codes`, int (n_songs,), places in `classes`.

        `words` are the counted texts of the same songs, None where they have none.
        """
        from sklearn.ensemble import HistGradientBoostingClassifier

        columns = _heard(songs)
        n_steps = int(np.clip(_TREES_IN_ALL // len(classes), _FEWEST_STEPS, _STEPS))
        trees = HistGradientBoostingClassifier(
            max_iter=n_steps,
            learning_rate=_LEARNING_RATE * max(1.0, _STEPS_AT_THAT_RATE / n_steps),
            max_leaf_nodes=_LEAVES,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=0,
        )
        with _openmp_threads(1):  # songs enough for one thread; more would mostly wait for each other
            trees.fit(_numbers(songs, columns), codes)
        taught = None if words is None else WordModel.fit(words, codes, n_classes=len(classes))
        return cls(classes, columns, trees, taught, words)

    def log_beliefs(
        self, songs: pl.DataFrame, *, words: CountedWords | None = None, n_threads: int | None = None
    ) -> _Logs:
        """Return what is believed of each song by itself; `words` where they are counted already."""
        logs = np.empty((songs.height, len(self.classes)))
        for start in range(0, songs.height, _ROWS_AT_ONCE):
            part = songs.slice(start, _ROWS_AT_ONCE)
            told = np.full((part.height, len(self.classes)), np.log(_LEAST_BELIEF))
            with _openmp_threads(n_threads):
                heard = self.trees.predict_proba(_numbers(part, self.columns))
            told[:, self.trees.classes_] = np.log(np.maximum(heard, _LEAST_BELIEF))
            if self.word_model is not None and self.counter is not None:
                if words is None:
                    counted = self.counter.count(texts_of(part))
                else:
                    counted = words.of_rows(np.arange(start, start + part.height))
                told += self.word_model.log_likelihoods(counted)
            logs[start : start + part.height] = told
        return _normalized(logs)


def cross_fit(
    songs: pl.DataFrame,
    genres: pl.Series,
    *,
    groups: NDArray[np.int64] | None = None,
    rows: NDArray[np.int64] | None = None,
    lesson: NDArray[np.int64] | None = None,
    seed: int = 0,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> Beliefs | None:
    """Return what genre each song is believed to be of, by models that never met its artist.

    Parameters
    ----------
    songs : DataFrame
        Songs table, sorted by `song_id`.
    genres : Series of String
        Genre of each song, null where none is known.
    groups : ndarray of int64, shape (n_songs,), optional
        The number of each song's artist, as `artist_groups` gives it; made here where None.
    rows : ndarray of int64, optional
        Songs to believe something of, rising; None takes all.
    lesson : ndarray of int64, optional
        Songs with a genre to learn from, rising; None takes all, or a sample of `MOST_TAUGHT`.
    seed : int
        Seed of the folds and of the sample of songs that are learned from.
    n_threads : int, optional
        Every core by default.
    progress : callable, optional
        Called with the share done, 0 to 1, and words for it.

    Returns
    -------
    Beliefs or None
        None where fewer than 50 songs have a genre, or fewer than two genres or three artists are known.
    """
    tell = progress or silent
    classes, codes = _coded(genres)
    if groups is None:
        groups = artist_groups(songs["artists"] if "artists" in songs.columns else None, songs.height)
    folds = artist_folds(groups, n_folds=N_FOLDS, seed=seed)
    wanted = np.arange(songs.height) if rows is None else np.asarray(rows, dtype=np.int64)
    taught = _sampled(codes, seed=seed) if lesson is None else np.asarray(lesson, dtype=np.int64)
    if not _enough(codes[taught], folds[taught], n_classes=len(classes)):
        return None
    words = CountedWords.of(texts_of(songs[taught]))
    strangers = _count(groups, among=codes >= 0)[wanted] == 0
    logs, n_models = np.zeros((len(wanted), len(classes))), np.where(strangers, N_FOLDS, 1)
    for fold in range(N_FOLDS):
        tell(fold / N_FOLDS, f"learning genres, part {fold + 1} of {N_FOLDS}")
        others = folds[taught] != fold
        learned = None if words is None else words.of_rows(np.flatnonzero(others))
        learned_from = taught[others]
        model = GenreModel.fit(songs[learned_from], codes[learned_from], classes=classes, words=learned)
        asked = (folds[wanted] == fold) | strangers
        logs[asked] += model.log_beliefs(
            songs[wanted[asked]], words=_counted(words, taught, wanted[asked]), n_threads=n_threads
        )
    logs = _normalized(logs / n_models[:, None])
    return _believed(logs, codes[wanted], groups[wanted], classes=classes, rows=wanted)


def believe(
    songs: pl.DataFrame,
    taught: pl.DataFrame,
    genres: pl.Series,
    *,
    sharpness: float,
    seed: int = 0,
    n_threads: int | None = None,
) -> NDArray[np.float32]:
    """Return what genre new songs are believed to be of, by a model that was taught all others.

    Parameters
    ----------
    songs : DataFrame
        New songs; those of one artist lend each other belief, and the taught songs of their artist too.
    taught : DataFrame
        The songs to learn from.
    genres : Series of String
        Their genres, null where none is known.
    sharpness : float
        As cross-fitting the taught songs found it.
    seed : int
        Draws the songs to learn from, where more are taught than a model needs.
    n_threads : int, optional
        Every core by default.

    Returns
    -------
    ndarray of float32, shape (n_songs, n_classes)
        In the order of the alphabet; rows sum to 1.
    """
    classes, codes = _coded(genres)
    labelled, lesson = np.flatnonzero(codes >= 0), _sampled(codes, seed=seed)
    words = CountedWords.of(texts_of(taught[lesson]))
    model = GenreModel.fit(taught[lesson], codes[lesson], classes=classes, words=words)
    logs = model.log_beliefs(songs, n_threads=n_threads)
    frames = [each.select("artists") for each in (songs, taught[labelled]) if "artists" in each.columns]
    groups = artist_groups(
        pl.concat(frames)["artists"] if len(frames) == 2 else None, songs.height + len(labelled)
    )
    every = np.concatenate([logs, _sure(codes[labelled], len(classes))])
    return _probabilities(_lent(every, groups)[: songs.height] * sharpness)


def _sampled(codes: NDArray[np.int64], *, seed: int) -> NDArray[np.int64]:
    """Songs with a genre that are learned from, rising."""
    labelled = np.flatnonzero(codes >= 0)
    return labelled[sampled_rows(len(labelled), MOST_TAUGHT, seed=seed)]


def _counted(
    words: CountedWords | None, taught: NDArray[np.int64], asked: NDArray[np.int64]
) -> CountedWords | None:
    """The words of the songs asked for, where those of all of them were counted for teaching."""
    if words is None or not np.isin(asked, taught).all():
        return None
    return words.of_rows(np.searchsorted(taught, asked))


def _believed(
    logs: _Logs,
    codes: NDArray[np.int64],
    groups: NDArray[np.int64],
    *,
    classes: tuple[str, ...],
    rows: NDArray[np.int64],
) -> Beliefs:
    """Lend, make as sure as right, and measure."""
    known = codes >= 0
    hidden = _lent(logs, groups)
    told = np.where(known[:, None], _sure(np.maximum(codes, 0), len(classes)), logs)
    informed = _lent(logs, groups, lenders=told)
    sharpness = _sharpness(hidden[known], codes[known])
    befriended = known & (_count(groups, among=known) > 1)
    accuracy = _right(hidden, codes, known, "new_artists") | _right(
        informed, codes, befriended, "known_artists"
    )
    final = np.where(known[:, None], hidden, informed)
    return Beliefs(classes, rows, _probabilities(final * sharpness), sharpness, accuracy)


def _lent(logs: _Logs, groups: NDArray[np.int64], *, lenders: _Logs | None = None) -> _Logs:
    """Log-beliefs after the songs of an artist have lent each other theirs; a song lends itself its own.

    Where `lenders` is given, it holds what each song lends to the others of its artist.
    """
    _, numbers = np.unique(groups, return_inverse=True)
    sizes = np.bincount(numbers)[numbers][:, None]
    lent = logs if lenders is None else lenders
    sums = np.zeros((int(numbers.max(initial=-1)) + 1, logs.shape[1]))
    for genre in range(logs.shape[1]):
        sums[:, genre] = np.bincount(numbers, weights=lent[:, genre], minlength=len(sums))
    together = (sums[numbers] - lent + logs) / np.maximum(sizes, 1)
    return _normalized((1 - LENT) * logs + LENT * together)


def _count(groups: NDArray[np.int64], *, among: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many songs of its artist, among those marked, each song has."""
    _, numbers = np.unique(groups, return_inverse=True)
    counted: NDArray[np.int64] = np.bincount(numbers, weights=among)[numbers].astype(np.int64)
    return counted


def _sure(codes: NDArray[np.int64], n_classes: int) -> _Logs:
    """What a song whose genre is known lends."""
    beliefs = np.full((len(codes), n_classes), (1 - _SURE) / max(n_classes - 1, 1))
    beliefs[np.arange(len(codes)), codes] = _SURE
    logs: _Logs = np.log(beliefs)
    return logs


def _right(logs: _Logs, codes: NDArray[np.int64], chosen: NDArray[np.bool_], name: str) -> dict[str, Any]:
    """The share of the chosen songs that are named rightly, and how many they are."""
    n_chosen = int(chosen.sum())
    share = float((logs[chosen].argmax(axis=1) == codes[chosen]).mean()) if n_chosen else None
    return {name: share, f"n_{name}": n_chosen}


def _sharpness(logs: _Logs, codes: NDArray[np.int64]) -> float:
    """The factor of the log-beliefs under which the known genres are likeliest; 1 where none is known."""
    if not len(codes):
        return 1.0
    chosen = sampled_rows(len(codes), MOST_TAUGHT, seed=0)
    some, rows, right = logs[chosen], np.arange(len(chosen)), codes[chosen]
    likely = [float(_normalized(some * each)[rows, right].mean()) for each in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmax(likely))])


def _normalized(logs: _Logs) -> _Logs:
    """Log-beliefs whose rows sum to 1 after exp."""
    highest = logs.max(axis=1, keepdims=True, initial=-np.inf)
    shifted = logs - highest
    normalized: _Logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return normalized


def _probabilities(logs: _Logs) -> NDArray[np.float32]:
    return np.exp(_normalized(logs)).astype(np.float32)


def _coded(genres: pl.Series) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The genres in the order of the alphabet, and the place of each song's in it, -1 where none is known."""
    different = genres.drop_nulls().cast(pl.String).unique().sort()
    codes = genres.cast(pl.Enum(different)).to_physical().cast(pl.Int64).fill_null(-1)
    return tuple(different), codes.to_numpy().astype(np.int64)


def _enough(codes: NDArray[np.int64], folds: NDArray[np.int64], *, n_classes: int) -> bool:
    """Whether there are songs in every fold, enough of them, and each leaves two genres to learn."""
    if n_classes < 2 or len(codes) < FEWEST_TAUGHT or len(np.unique(folds)) < N_FOLDS:
        return False
    return all(len(np.unique(codes[folds != fold])) > 1 for fold in range(N_FOLDS))


def _heard(songs: pl.DataFrame) -> tuple[str, ...]:
    """Columns that the trees learn from: all sound that there is, the year, explicit words."""
    present = [name for name in (*FEATURES, *_DETAILS_HEARD) if name in songs.columns]
    return tuple(name for name in present if songs[name].cast(pl.Float64).is_finite().any())


def _numbers(songs: pl.DataFrame, columns: tuple[str, ...]) -> NDArray[np.float64]:
    """The columns as float64, NaN for missing and absent ones; a column of zeros where none is asked for."""
    if not columns:
        return np.zeros((songs.height, 1))
    absent = [pl.lit(None, dtype=pl.Float64).alias(name) for name in columns if name not in songs.columns]
    numbers = (
        songs.with_columns(absent).select(pl.col(*columns).cast(pl.Float64)).to_numpy().astype(np.float64)
    )
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _openmp_threads(n_threads: int | None) -> Any:
    """Hold the trees to as many threads as a person allows."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=n_threads, user_api="openmp")
