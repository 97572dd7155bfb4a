"""What the words of title, album and artist say of a genre.

Words and pieces of words ("remix", "feat", "mc ", "ción") are counted and weighed by naive Bayes. They say
little of one song, but they say it of songs whose sound is like that of several genres.

References
----------
J. Rennie, L. Shih, J. Teevan, D. Karger (2003), "Tackling the poor assumptions of naive Bayes text
classifiers", ICML (why counts are weighed by rarity and length).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

WEIGHT = 0.3
"""Weight of the log-likelihood of words, and of pieces of words, beside that of the sound. What words add to
accuracy and agreement, artists held out, is in the row "without words" of `python -m benchmarks.precision`.
"""

_SMOOTHING = 0.15
_FEWEST_SONGS = 2  # a word of one song teaches nothing
_PIECES = (3, 3)
_FEWEST_SONGS_OF_PIECES = 3
_MOST_WORDS = 100_000


@dataclass(frozen=True)
class CountedWords:
    """How often every word, and every piece of a word, stands in the texts of songs.

    Attributes
    ----------
    counts : tuple of sparse matrices
        Of words and of pieces of words, each float64 (n_songs, n_words), 1 + log of the count.
    counters : tuple
        What counted them, to count other songs alike.
    """

    counts: tuple[Any, ...]
    counters: tuple[Any, ...]

    @classmethod
    def of(cls, texts: list[str]) -> CountedWords | None:
        """Count the words of these songs; None where no word stands in two of them."""
        from sklearn.feature_extraction.text import CountVectorizer

        counters = (
            CountVectorizer(min_df=_FEWEST_SONGS, max_features=_MOST_WORDS),
            CountVectorizer(
                analyzer="char_wb",
                ngram_range=_PIECES,
                min_df=_FEWEST_SONGS_OF_PIECES,
                max_features=_MOST_WORDS,
            ),
        )
        if len(texts) < _FEWEST_SONGS_OF_PIECES:
            return None
        try:
            return cls(tuple(_dampened(each.fit_transform(texts)) for each in counters), counters)
        except ValueError:  # scikit-learn's word for "nothing is left to count"
            return None

    def count(self, texts: list[str]) -> CountedWords:
        """Count the same words in the texts of other songs."""
        return CountedWords(tuple(_dampened(each.transform(texts)) for each in self.counters), self.counters)

    def of_rows(self, rows: NDArray[np.int64]) -> CountedWords:
        """Return the counts of some of the songs."""
        return CountedWords(tuple(each[rows] for each in self.counts), self.counters)


@dataclass(frozen=True)
class WordModel:
    """What each word says of each genre: a weight by rarity, then naive Bayes."""

    weighers: tuple[Any, ...]
    models: tuple[Any, ...]
    n_classes: int

    @classmethod
    def fit(cls, words: CountedWords, codes: NDArray[np.int64], *, n_classes: int) -> WordModel:
        """Learn from songs whose genres are `codes`, int (n_songs,), 0 to `n_classes` - 1."""
        from sklearn.feature_extraction.text import TfidfTransformer
        from sklearn.naive_bayes import MultinomialNB

        weighers = tuple(TfidfTransformer().fit(counts) for counts in words.counts)
        models = tuple(
            MultinomialNB(alpha=_SMOOTHING).fit(weigher.transform(counts), codes)
            for weigher, counts in zip(weighers, words.counts, strict=True)
        )
        return cls(weighers, models, n_classes)

    def log_likelihoods(self, words: CountedWords) -> NDArray[np.float64]:
        """Return how well each genre explains the words of each song, float64 (n_songs, n_classes).

        In nats, times `WEIGHT`, up to a constant of each song. A genre that was not taught explains a song
        as badly as the worst of the others.
        """
        n_songs = words.counts[0].shape[0]
        told = np.zeros((n_songs, self.n_classes))
        for weigher, model, counts in zip(self.weighers, self.models, words.counts, strict=True):
            explained = WEIGHT * (weigher.transform(counts) @ model.feature_log_prob_.T)
            every = np.repeat(explained.min(axis=1, keepdims=True), self.n_classes, axis=1)
            every[:, model.classes_] = explained
            told += every
        return told


def texts_of(songs: pl.DataFrame) -> list[str]:
    """Return title, album and artist of each song as one text, empty where none is known."""
    columns = [pl.col(name).fill_null("") for name in ("title", "album", "artist") if name in songs.columns]
    if not columns:
        return [""] * songs.height
    return songs.select(pl.concat_str(columns, separator=" ").str.strip_chars()).to_series().to_list()


def _dampened(counts: Any) -> Any:
    """Counts after 1 + log, so that a word that is said ten times does not count ten times."""
    dampened = counts.astype(np.float64)
    np.log(dampened.data, out=dampened.data)
    dampened.data += 1.0
    return dampened
