"""Genres: one label a song, from a column of words or made of messy tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from songatlas.errors import UnknownName, did_you_mean
from songatlas.genres.families import FEWEST_SONGS, Families, seed_words, tag_families

FEW_CLASSES = 30
"""Different words of a column up to which, one a song, they are taken as they are."""

_NEARLY_ALL = 0.95  # share of the songs with a word that so many words must cover
_AT_LEAST = 0.5  # of the songs that have a family, or could have a word, so many must be in one of the seeds


@dataclass(frozen=True)
class Genres:
    """One genre a song, and where it came from.

    Attributes
    ----------
    column : str
        Column that they were read from, as the table calls it.
    labels : Series of String
        Genre of each song, null where none is known; named as `column`.
    coverage : float
        Share of songs with a genre, 0 to 1.
    n_genres : int
        Number of different genres.
    families : mapping of str to tuple of str
        Of genres made of tags, the tags that songs carry most, genre by genre; empty where the words of the
        column were taken as they are.
    sentence : str
        All this in plain words.
    """

    column: str
    labels: pl.Series
    coverage: float
    n_genres: int
    sentence: str
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def genre_labels(
    songs: pl.DataFrame, *, column: str | None = None, called: Mapping[str, str] | None = None
) -> Genres | None:
    """Return one genre a song, or None where the table has no genres.

    A column with one word a song and few different ones gives its own words, spellings that differ in case
    counted as one. Lists of tags, and words of which there are too many, are put into families (see
    `songatlas.genres.families`), whose commonest tags are told. Genres of fewer than five songs are dropped.

    Parameters
    ----------
    songs : DataFrame
        Songs table.
    column : str or None
        Column to read; None takes `genre` where it is there, else `tags`.
    called : mapping of str to str, optional
        What the person's table calls its columns; the answer speaks of them by those names.

    Raises
    ------
    UnknownName
        If `column` is not in the table.

    Examples
    --------
    >>> songs = pl.DataFrame({"tags": [["rock", "irish"]] * 5 + [["rock"]] * 5 + [["jazz"]] * 5})
    >>> sorted(genre_labels(songs).labels.unique())
    ['jazz', 'rock']
    """
    if column is None:
        column = next((name for name in ("genre", "tags") if name in songs.columns), None)
        if column is None:
            return None
    elif column not in songs.columns:
        raise UnknownName(
            f"no column is called {column!r}{did_you_mean(column, songs.columns)} "
            f"(columns: {', '.join(songs.columns)})"
        )
    asked = (called or {}).get(column, column)
    words, artists = songs[column], _artists(songs)
    single = _one_word(words) if isinstance(words.dtype, pl.List) else _one_spelling(words)
    if single is not None and _are_few(single):
        return _genres(asked, single)
    families = tag_families(_as_lists(words), artists)
    if single is not None and not _are_better(families, single):
        return _genres(asked, single)
    return None if families is None else _genres(asked, families.labels, families)


def _genres(column: str, found: pl.Series, families: Families | None = None) -> Genres | None:
    """Genres with what is told of them; None where no song has one."""
    labels = _without_rare(found).alias(column)
    n_genres = labels.drop_nulls().n_unique()
    if n_genres == 0:
        return None
    kept = set(labels.drop_nulls().unique())
    members = families.members if families is not None else {}
    return Genres(
        column=column,
        labels=labels,
        coverage=_n_known(labels) / labels.len(),
        n_genres=n_genres,
        sentence=_coverage_sentence(labels, n_genres, families),
        families={name: tags for name, tags in members.items() if name in kept},
    )


def _n_known(labels: pl.Series) -> int:
    """Songs with a label."""
    return labels.len() - labels.null_count()


def _artists(songs: pl.DataFrame) -> pl.Series | None:
    """The artists of the songs, where the table has them."""
    return next((songs[name] for name in ("artists", "artist") if name in songs.columns), None)


def _one_word(lists: pl.Series) -> pl.Series | None:
    """The only word of each song; None where a song has several."""
    text = lists.cast(pl.List(pl.String))
    return None if (text.list.len() > 1).any() else _one_spelling(text.list.first())


def _are_few(words: pl.Series) -> bool:
    """Say whether few different words cover nearly all songs that have one, or few and most of them usual."""
    sizes = words.drop_nulls().alias("word").value_counts(sort=True)["count"]
    usual = sizes.filter(sizes >= FEWEST_SONGS)
    covered = int(usual.head(FEW_CLASSES).sum())
    return covered >= _NEARLY_ALL * int(sizes.sum()) or 2 * usual.len() >= sizes.len() <= FEW_CLASSES


def _are_better(families: Families | None, words: pl.Series) -> bool:
    """Say whether families say more than the words of a column that may be no genres at all."""
    if families is None:
        return False
    found = families.labels.drop_nulls()
    n_named = int(found.is_in(pl.Series(list(seed_words())).implode()).sum())
    return n_named > _AT_LEAST * max(found.len(), _n_known(_without_rare(words)))


def _as_lists(words: pl.Series) -> pl.Series:
    """Words as lists of tags."""
    if isinstance(words.dtype, pl.List):
        return words
    return words.cast(pl.String).alias("word").to_frame().select(pl.concat_list("word")).to_series()


def _one_spelling(column: pl.Series) -> pl.Series:
    """The words of a text column, trimmed, each in its commonest spelling; empty ones null."""
    given, word = column.cast(pl.String), pl.col("word")
    spellings = (
        given.drop_nulls()
        .alias("given")
        .value_counts(name="n")
        .with_columns(pl.col("given").str.strip_chars().alias("word"))
        .with_columns(word.str.to_lowercase().alias("key"), pl.col("n").sum().over("word"))
        .sort("n", "word", descending=[True, False])
        .with_columns(pl.when(word != "").then(word.first().over("key")).alias("best"))
    )
    changed = spellings.filter(pl.col("given").ne_missing(pl.col("best")))
    return given if changed.is_empty() else given.replace(changed["given"], changed["best"])


def _without_rare(labels: pl.Series) -> pl.Series:
    """The labels with those of fewer than `FEWEST_SONGS` songs null."""
    sizes = labels.drop_nulls().alias("label").value_counts(name="n")
    rare = sizes.filter(pl.col("n") < FEWEST_SONGS)["label"]
    return labels if rare.is_empty() else labels.set(labels.is_in(rare.implode()), None)


def _coverage_sentence(labels: pl.Series, n_genres: int, families: Families | None) -> str:
    """Where the genres came from and how many songs have one."""
    genres = f"{n_genres:,} genre{'s' * (n_genres != 1)}"
    n_labelled = _n_known(labels)
    share = f"{n_labelled:,} of {labels.len():,} songs ({n_labelled / labels.len():.0%})"
    if families is None:
        return f"{genres} from the column '{labels.name}' for {share}."
    tags = f"{families.n_tags:,} different tag{'s' * (families.n_tags != 1)}"
    return (
        f"{genres} made of the {tags} of the column '{labels.name}' for {share}: tags that share words or "
        "songs are one family, and a song counts under the family that its tags keep to most."
    )
