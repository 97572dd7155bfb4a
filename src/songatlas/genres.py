"""Genres: one label a song from a column or from messy tags, and the score of clusters against them.

A score against genres means little by itself, so it stands between two others: what shuffled genres give
(chance), and what a classifier reaches that was taught the genres, sees the same points and is tested on
artists it never met (ceiling). Genres judge the clusters and are no part of them.

Conventions
-----------
Songs tables have the columns of `songatlas.features`; labels are `(n_songs,)` int, 0 to k - 1, in the
order of the songs; a genre is a String, null where none is known. Songs without a genre are left out of
every score. Clusters and genres are compared over all songs; the ceiling is tried on a sample of them,
whose size is told.

References
----------
N. X. Vinh, J. Epps, J. Bailey (2010), "Information theoretic measures for clusterings comparison",
Journal of Machine Learning Research 11.
P. Geurts, D. Ernst, L. Wehenkel (2006), "Extremely randomized trees", Machine Learning 63.
A. Flexer, D. Schnitzer (2010), "Effects of album and artist filters in audio similarity computed for very
large music databases", Computer Music Journal 34 (why songs are split by artist).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import UnknownName, did_you_mean
from songatlas.quality import CrossTable, sampled_rows

FEWEST_SONGS = 5
"""Genres of fewer songs are no genre here."""

TAG_SHARE = 0.01
"""Share of songs that must carry a tag for it to be a genre."""

OTHER = "other"
"""What `genre_table` calls the genres that are not among the largest."""

_SHUFFLES = 10
_SHUFFLED_SONGS = 2_000_000  # in all: of many songs one shuffle is as good as ten
_MANY_SONGS = 50_000
_CEILING_SONGS = 10_000
_CEILING_SONGS_OF_MANY = 20_000  # a third to learn from, the rest to be tested on
_FEWEST_FOR_CEILING = 50
_FOLDS = 3
_TREES = 100
_TREES_FOR_MANY = 50  # of the accuracy of twice as many they keep all but 0.003, less than the seed changes
_SONGS_A_LEAF = 3


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
    sentence : str
        All this in plain words.
    """

    column: str
    labels: pl.Series
    coverage: float
    n_genres: int
    sentence: str


def genre_labels(
    songs: pl.DataFrame, *, column: str | None = None, called: Mapping[str, str] | None = None
) -> Genres | None:
    """Return one genre a song, or None where the table has no genres.

    A column of text gives its own words, spellings that differ in case counted as one. A column of tags
    gives each song the one of its tags that most songs of the catalogue carry, among the tags of at least
    1% of the songs; of equally common ones the first in the alphabet. Genres of fewer than five songs are
    dropped.

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
    from_tags = isinstance(songs[column].dtype, pl.List)
    found = _commonest_tag(songs[column]) if from_tags else _one_spelling(songs[column])
    labels = _without_rare(found).alias((called or {}).get(column, column))
    n_labelled = labels.len() - labels.null_count()
    if n_labelled == 0:
        return None
    coverage, n_genres = n_labelled / labels.len(), labels.drop_nulls().n_unique()
    return Genres(labels.name, labels, coverage, n_genres, _coverage_sentence(labels, n_genres, from_tags))


def score_genres(
    labels: NDArray[np.integer[Any]],
    genres: pl.Series,
    artists: pl.Series | None,
    *,
    points: NDArray[Any],
    seed: int = 0,
) -> dict[str, Any]:
    """Return how well clusters match genres, between chance and ceiling.

    Parameters
    ----------
    labels : array of int, shape (n_songs,)
        Cluster of each song.
    genres : Series of String
        Genre of each song, null where none is known.
    artists : Series of String or of List(String), or None
        Artist of each song, of a list the first; songs without one count as an artist each.
    points : array of shape (n_songs, n_dimensions)
        What the clusters were made of; the ceiling sees the same.
    seed : int
        Seed of the shuffles, the sample and the classifier.

    Returns
    -------
    dict
        `ami`, `ari`, `nmi`, `v_measure`, `purity`; `chance_ami` and `chance_purity`, means over shuffled
        genres; `ceiling_ami` and `ceiling_accuracy` of genres predicted for artists never seen, None where
        that cannot be tried, and `ceiling_n_songs`, how many songs it was tried with; `n_songs` and
        `n_genres` that took part; `sentences`, a list of plain words. All figures are None where no song
        has a genre.

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    if not len(labels) == genres.len() == len(points) or (
        artists is not None and artists.len() != len(labels)
    ):
        raise ValueError(
            f"{len(labels)} labels, {genres.len()} genres and {len(points)} points: one a song each"
        )
    rows = np.flatnonzero(genres.is_not_null().to_numpy())
    codes, different = _codes(genres.drop_nulls().cast(pl.String))
    score: dict[str, Any] = dict.fromkeys(("ami", "ari", "nmi", "v_measure", "purity"))
    score |= dict.fromkeys(
        ("chance_ami", "chance_purity", "ceiling_ami", "ceiling_accuracy", "ceiling_n_songs")
    )
    score |= {"n_songs": len(rows), "n_genres": different.len()}
    if len(rows):
        clusters = np.asarray(labels)[rows]
        table = CrossTable.of(clusters, codes)
        score |= asdict(table.agreement()) | _chance(table, clusters, codes, seed)
        score |= _ceiling(points, rows, codes, artists, seed)
    return score | {"sentences": _sentences(score)}


def genre_table(labels: NDArray[np.integer[Any]], genres: pl.Series, *, most: int = 20) -> pl.DataFrame:
    """Return how many songs of each genre lie in each cluster, as a long table.

    Parameters
    ----------
    labels : array of int, shape (n_songs,)
        Cluster of each song.
    genres : Series of String
        Genre of each song, null where none is known.
    most : int
        Genres shown by name, the largest; the rest is one row called "other".

    Returns
    -------
    DataFrame
        `cluster` (Int32), `genre` (String), `n` (Int64), `share` (Float64, of the songs of the cluster that
        have a genre). Every cluster with every genre, largest genre first and "other" last; no rows where
        no song has a genre.
    """
    clusters = pl.DataFrame({"cluster": np.flatnonzero(np.bincount(labels)).astype(np.int32)})
    found = _counted(labels, genres)
    sizes = found.group_by("genre").agg(pl.col("n").sum()).sort("n", "genre", descending=[True, False])
    named = sizes.filter(pl.col("genre") != OTHER).head(most)["genre"]
    genre = pl.when(pl.col("genre").is_in(named.implode())).then("genre").otherwise(pl.lit(OTHER))
    counts = found.with_columns(genre).group_by("cluster", "genre").agg(pl.col("n").sum())
    has_other = sizes.height > named.len()
    order = pl.DataFrame({"genre": [*named, OTHER] if has_other else named}, schema={"genre": pl.String})
    grid = clusters.join(order.with_row_index("place"), how="cross")
    whole = grid.join(counts, on=["cluster", "genre"], how="left").sort("cluster", "place")
    n = pl.col("n").fill_null(0)
    share = (n / n.sum().over("cluster")).fill_nan(0.0)
    return whole.select("cluster", "genre", n, share.alias("share"))


def _counted(labels: NDArray[np.integer[Any]], genres: pl.Series) -> pl.DataFrame:
    """Songs of each cluster and genre that share some: `cluster`, `genre`, `n`."""
    known = genres.is_not_null().to_numpy()
    codes, different = _codes(genres.drop_nulls().cast(pl.String))
    if not len(codes):
        return pl.DataFrame(schema={"cluster": pl.Int32, "genre": pl.String, "n": pl.Int64})
    table = CrossTable.of(np.asarray(labels)[known], codes)
    return pl.DataFrame(
        {"cluster": table.rows.astype(np.int32), "genre": different.gather(table.columns), "n": table.counts}
    )


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


def _commonest_tag(column: pl.Series) -> pl.Series:
    """Of each song's tags the one that most songs carry, among tags of enough songs."""
    tags = pl.DataFrame({"tag": column.cast(pl.List(pl.String))}).with_row_index("row")
    exploded = tags.explode("tag").drop_nulls("tag").filter(pl.col("tag") != "").unique(["row", "tag"])
    sizes = exploded.group_by("tag").len().filter(pl.col("len") >= TAG_SHARE * column.len())
    ranked = sizes.sort("len", "tag", descending=[True, False]).with_row_index("place").select("tag", "place")
    best = exploded.join(ranked, on="tag").group_by("row").agg(pl.col("tag").sort_by("place").first())
    return tags.select("row").join(best, on="row", how="left", maintain_order="left")["tag"]


def _without_rare(labels: pl.Series) -> pl.Series:
    """The labels with those of fewer than `FEWEST_SONGS` songs null."""
    sizes = labels.drop_nulls().alias("label").value_counts(name="n")
    rare = sizes.filter(pl.col("n") < FEWEST_SONGS)["label"]
    return labels if rare.is_empty() else labels.set(labels.is_in(rare.implode()), None)


def _coverage_sentence(labels: pl.Series, n_genres: int, from_tags: bool) -> str:
    """Where the genres came from and how many songs have one."""
    n_labelled = labels.len() - labels.null_count()
    genres = f"{n_genres:,} genre{'s' * (n_genres != 1)}"
    share = f"{n_labelled:,} of {labels.len():,} songs ({n_labelled / labels.len():.0%})"
    if from_tags:
        rule = "each song counts under the one of its tags that most songs carry, rare tags left out"
        return f"{genres} made of the column '{labels.name}' for {share}: {rule}."
    return f"{genres} from the column '{labels.name}' for {share}."


def _codes(genres: pl.Series) -> tuple[NDArray[np.int64], pl.Series]:
    """The genres as numbers from 0, and which genres those are, in the order of the alphabet."""
    different = genres.unique().sort()
    return genres.cast(pl.Enum(different)).to_physical().to_numpy().astype(np.int64), different


def _chance(
    table: CrossTable, clusters: NDArray[Any], codes: NDArray[np.int64], seed: int
) -> dict[str, float]:
    """Mean scores of shuffled genres."""
    random = np.random.default_rng([seed, 0])
    n_shuffles = min(_SHUFFLES, max(1, _SHUFFLED_SONGS // len(codes)))
    expected = table.expected_information
    shuffled = [CrossTable.of(clusters, random.permutation(codes)) for _ in range(n_shuffles)]
    return {
        "chance_ami": float(
            np.mean([each.adjusted_mutual_information(expected=expected) for each in shuffled])
        ),
        "chance_purity": float(np.mean([each.purity() for each in shuffled])),
    }


def _artist_groups(artists: pl.Series | None, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """A number for the artist of each of the rows; songs without one get a number of their own."""
    alone = np.arange(len(rows), dtype=np.int64)
    if artists is None:
        return alone
    artists = artists.gather(rows)
    if isinstance(artists.dtype, pl.List):
        artists = artists.list.first()
    names = artists.cast(pl.String).str.strip_chars().str.to_lowercase()
    known = (names.is_not_null() & (names != "")).fill_null(value=False).to_numpy()
    ranks = names.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    return np.where(known, ranks + len(rows), alone)


def _ceiling(
    points: NDArray[Any],
    rows: NDArray[np.int64],
    codes: NDArray[np.int64],
    artists: pl.Series | None,
    seed: int,
) -> dict[str, float | None]:
    """Scores of a classifier on artists it never saw; None where there is too little to learn from."""
    many = len(rows) > _MANY_SONGS
    taken = sampled_rows(len(rows), _CEILING_SONGS_OF_MANY if many else _CEILING_SONGS, seed=seed)
    truth, groups = codes[taken], _artist_groups(artists, rows[taken])
    n_folds = min(_FOLDS, len(np.unique(groups)))
    if len(taken) < _FEWEST_FOR_CEILING or len(np.unique(truth)) < 2 or n_folds < 2:
        return {"ceiling_ami": None, "ceiling_accuracy": None, "ceiling_n_songs": None}
    tested, predicted = _predicted(np.asarray(points)[rows[taken]], truth, groups, n_folds, many, seed)
    return {
        "ceiling_ami": CrossTable.of(predicted, truth[tested]).adjusted_mutual_information(),
        "ceiling_accuracy": float((truth[tested] == predicted).mean()),
        "ceiling_n_songs": len(taken),
    }


def _predicted(
    seen: NDArray[Any],
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    n_folds: int,
    many: bool,
    seed: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Songs that were tested and the genres predicted for them, each by trees that never met its artist.

    Of few songs each is tested in its turn; of many, one part teaches and all others are tested.
    """
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.model_selection import GroupKFold

    folds = GroupKFold(n_splits=n_folds).split(seen, truth, groups)
    turns = [next(folds)[::-1]] if many else list(folds)
    n_trees = _TREES_FOR_MANY if many else _TREES
    predicted = np.empty_like(truth)
    for learn, test in turns:
        forest = ExtraTreesClassifier(n_trees, min_samples_leaf=_SONGS_A_LEAF, random_state=seed % 2**32)
        predicted[test] = forest.fit(seen[learn], truth[learn]).predict(seen[test])
    tested = np.sort(np.concatenate([test for _, test in turns]))
    return tested, predicted[tested]


def _sentences(score: Mapping[str, Any]) -> list[str]:
    """The score in plain words."""
    if score["ami"] is None:
        return ["No song has a genre, so the clusters cannot be compared with genres."]
    if score["n_genres"] < 2:
        return ["All songs with a genre have the same one, so there is nothing to compare."]
    said = [
        f"Clusters and genres share {score['ami']:.2f} of their information (AMI; shuffled genres share "
        f"{abs(score['chance_ami']):.2f}, equal groupings 1).",
        f"In a cluster, {score['purity']:.0%} of the songs are of its commonest genre; "
        f"with shuffled genres it would be {score['chance_purity']:.0%}.",
    ]
    if score["ceiling_ami"] is None:
        return [*said, "There are too few songs or artists with a genre to say how much would be possible."]
    return [
        *said,
        "A classifier that was taught these genres, and hears the same of each song, reaches "
        f"{score['ceiling_ami']:.2f} for artists it never met, naming {score['ceiling_accuracy']:.0%} "
        f"of their songs rightly{_tried_on(score)}.",
    ]


def _tried_on(score: Mapping[str, Any]) -> str:
    """How many songs the classifier was tried on, where it was not all of them."""
    if score["ceiling_n_songs"] == score["n_songs"]:
        return ""
    return f" (tried on {score['ceiling_n_songs']:,} of the {score['n_songs']:,} songs)"
