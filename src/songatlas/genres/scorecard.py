"""The scorecard: how well clusters match genres, each figure between its chance level and its ceiling.

A score against genres means little by itself, so it stands between two others: what shuffled genres give
(chance), and what a classifier reaches that was taught the genres and is tested on artists it never met
(ceiling). Genres judge the clusters here; whether they took part in making them is for the caller to say.

Conventions
-----------
Labels are `(n_songs,)` int, 0 to k - 1, in the order of the songs; a genre is a String, null where none is
known. Songs without a genre are left out of every score. Nothing is ever NaN: what cannot be told is None.

References
----------
N. X. Vinh, J. Epps, J. Bailey (2010), "Information theoretic measures for clusterings comparison",
Journal of Machine Learning Research 11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.quality import CrossTable

INDICES_OF_AGREEMENT = ("ami", "ari", "nmi", "v_measure", "purity")
"""Figures of the scorecard; each has its `chance_` and its `ceiling_`."""

MOST_GENRES = 40
"""Genres that the scorecard goes through one by one, the largest."""

OTHER = "other"
"""What `genre_table` calls the genres that are not among the largest."""

_MET = "artists it never met"
_HELD_OUT = "songs held out (the table names no artists, so this is too much where artists repeat)"
_SHUFFLES = 10
_SHUFFLED_SONGS = 2_000_000  # in all: of many songs one shuffle is as good as ten


@dataclass(frozen=True)
class Predicted:
    """Genres that a classifier named for songs of artists it never met.

    Attributes
    ----------
    rows : ndarray of int64, shape (n_tested,)
        Songs that were tested, each once.
    genres : Series of String, length n_tested
        The genre named for each.
    """

    rows: NDArray[np.int64]
    genres: pl.Series


def score_genres(
    labels: NDArray[np.integer[Any]],
    genres: pl.Series,
    *,
    predicted: Predicted | None = None,
    artists: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Return how well clusters match genres, between chance and ceiling.

    Parameters
    ----------
    labels : array of int, shape (n_songs,)
        Cluster of each song.
    genres : Series of String
        Genre of each song, null where none is known.
    predicted : Predicted, optional
        What a classifier named for songs of artists it never met: the ceiling.
    artists : ndarray of int64, shape (n_songs,), optional
        The number of each song's artist. Genres are then shuffled among the artists, so that chance holds
        what clusters gain by keeping the songs of an artist together; else among the songs.
    seed : int
        Seed of the shuffles.

    Returns
    -------
    dict
        `ami`, `ari`, `nmi`, `v_measure`, `purity`; each as `chance_...` too, the mean over shuffled genres,
        and as `ceiling_...`, the genres predicted taken as a grouping; `ceiling_accuracy` and
        `ceiling_n_songs`, tested songs whose genre is known; `n_songs` and `n_genres` that took part;
        `by_artist`, False where `artists` shows that no two songs share one; `per_genre`, see below;
        `sentences`, a list of plain words. What was not tried or cannot be told is
        None. All of it can be written as JSON.

        `per_genre` is a list of dict, the largest genre first, at most `MOST_GENRES`: `genre`, `n`, `share`
        (of the songs with a genre), `cluster` that matches it best by F1, `precision` (share of that
        cluster's songs with a genre that are of it), `recall` (share of its songs that lie there), `f1`,
        `chance_precision` and `chance_recall` of a cluster of that size filled blindly, and
        `ceiling_precision` and `ceiling_recall` of the genre as predicted.

    Raises
    ------
    ValueError
        If lengths differ, a cluster is below 0, or a predicted row is no song or comes twice.
    """
    labels = np.asarray(labels)
    _check(labels, genres, predicted)
    known = genres.is_not_null().to_numpy()
    codes, different = _codes(genres.drop_nulls().cast(pl.String))
    names = [f"{kind}{index}" for index in INDICES_OF_AGREEMENT for kind in ("", "chance_", "ceiling_")]
    score: dict[str, Any] = dict.fromkeys((*names, "ceiling_accuracy", "ceiling_n_songs"))
    score |= {"n_songs": len(codes), "n_genres": different.len(), "per_genre": []}
    score["by_artist"] = artists is None or len(np.unique(artists)) < len(labels)
    if len(codes):
        clusters = labels[known].astype(np.int64)
        table = CrossTable.of(clusters, codes)
        owners = None if artists is None else np.asarray(artists)[known]
        score |= asdict(table.agreement()) | _chance(clusters, codes, owners, seed)
        tested = _tested(genres, different, predicted)
        score |= _ceiling(*tested)
        score["per_genre"] = _per_genre(table, different, tested)
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


def _check(labels: NDArray[Any], genres: pl.Series, predicted: Predicted | None) -> None:
    """Refuse what cannot be scored."""
    if labels.ndim != 1 or len(labels) != genres.len():
        raise ValueError(f"{len(labels)} labels and {genres.len()} genres: one a song each")
    if len(labels) and (not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0):
        raise ValueError("labels must be whole numbers from 0, one cluster a song")
    if predicted is None:
        return
    rows = np.asarray(predicted.rows)
    if rows.ndim != 1 or len(rows) != predicted.genres.len():
        raise ValueError(f"{len(rows)} tested rows and {predicted.genres.len()} predicted genres: one each")
    if len(rows) and (rows.min() < 0 or rows.max() >= len(labels) or len(np.unique(rows)) < len(rows)):
        raise ValueError(f"predicted rows must be different songs from 0 to {len(labels) - 1}")


def _codes(genres: pl.Series) -> tuple[NDArray[np.int64], pl.Series]:
    """The genres as numbers from 0, and which genres those are, in the order of the alphabet."""
    different = genres.unique().sort()
    return genres.cast(pl.Enum(different)).to_physical().to_numpy().astype(np.int64), different


def _chance(
    clusters: NDArray[np.int64], codes: NDArray[np.int64], artists: NDArray[np.int64] | None, seed: int
) -> dict[str, float]:
    """Mean scores of shuffled genres."""
    random = np.random.default_rng([seed, 0])
    n_shuffles = min(_SHUFFLES, max(1, _SHUFFLED_SONGS // len(codes)))
    shuffled = (
        random.permutation(codes) if artists is None else _among_artists(codes, artists, random)
        for _ in range(n_shuffles)
    )
    found = [asdict(CrossTable.of(clusters, each).agreement()) for each in shuffled]
    return {f"chance_{name}": float(np.mean([each[name] for each in found])) for name in found[0]}


def _among_artists(
    codes: NDArray[np.int64], artists: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.int64]:
    """Genres with those of each artist exchanged for another's, song by song and again from the first."""
    order = np.argsort(artists, kind="stable")
    _, starts, sizes = np.unique(artists[order], return_index=True, return_counts=True)
    others = random.permutation(len(sizes))
    place = np.arange(len(codes)) - np.repeat(starts, sizes)
    source = np.repeat(starts[others], sizes) + place % np.repeat(sizes[others], sizes)
    exchanged = np.empty_like(codes)
    exchanged[order] = codes[order][source]
    return exchanged


def _tested(
    genres: pl.Series, different: pl.Series, predicted: Predicted | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Codes of the genres predicted and of the true ones, of tested songs whose genre is known.

    Codes follow `different`; genres that were predicted and that no song has come after them.
    """
    if predicted is None:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    pairs = pl.DataFrame(
        {
            "predicted": predicted.genres.cast(pl.String),
            "truth": genres.cast(pl.String).gather(np.asarray(predicted.rows, dtype=np.int64)),
        }
    ).drop_nulls()
    unknown = pairs["predicted"].filter(~pairs["predicted"].is_in(different.implode())).unique().sort()
    kinds = pl.Enum(pl.concat([different, unknown]))
    found, truth = (
        pairs[name].cast(kinds).to_physical().to_numpy().astype(np.int64) for name in pairs.columns
    )
    return found, truth


def _ceiling(found: NDArray[np.int64], truth: NDArray[np.int64]) -> dict[str, float | None]:
    """Scores of the genres as predicted; None where nothing was tested."""
    if not len(found):
        return {}
    reached = asdict(CrossTable.of(found, truth).agreement())
    return {
        **{f"ceiling_{name}": value for name, value in reached.items()},
        "ceiling_accuracy": float((found == truth).mean()),
        "ceiling_n_songs": len(found),
    }


def _per_genre(
    table: CrossTable, different: pl.Series, tested: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> list[dict[str, Any]]:
    """The cluster that matches each genre best, the largest genre first."""
    in_cluster = np.bincount(table.rows, weights=table.counts)
    in_genre = np.bincount(table.columns, weights=table.counts, minlength=different.len())
    f1 = 2 * table.counts / (in_cluster[table.rows] + in_genre[table.columns])
    best_first = np.lexsort((table.rows, -f1, table.columns))
    best = best_first[np.searchsorted(table.columns[best_first], np.arange(different.len()))]
    shared, cluster = table.counts[best], table.rows[best]
    ceiling = _ceiling_of_each(*tested, n_genres=different.len())
    largest = np.lexsort((np.arange(different.len()), -in_genre))[:MOST_GENRES]
    return [
        {
            "genre": different[code],
            "n": int(in_genre[code]),
            "share": float(in_genre[code] / table.n_songs),
            "cluster": int(cluster[code]),
            "precision": float(shared[code] / in_cluster[cluster[code]]),
            "recall": float(shared[code] / in_genre[code]),
            "f1": float(f1[best[code]]),
            "chance_precision": float(in_genre[code] / table.n_songs),
            "chance_recall": float(in_cluster[cluster[code]] / table.n_songs),
            **ceiling[code],
        }
        for code in largest.tolist()
    ]


def _ceiling_of_each(
    found: NDArray[np.int64], truth: NDArray[np.int64], *, n_genres: int
) -> list[dict[str, float | None]]:
    """Precision and recall of each genre as predicted; None where it was never named, or never tested."""
    right = np.bincount(truth[found == truth], minlength=n_genres).tolist()
    named, tested = (np.bincount(side, minlength=n_genres).tolist() for side in (found, truth))
    return [
        {
            "ceiling_precision": right[code] / named[code] if named[code] else None,
            "ceiling_recall": right[code] / tested[code] if tested[code] else None,
        }
        for code in range(n_genres)
    ]


def _sentences(score: Mapping[str, Any]) -> list[str]:
    """The score in plain words."""
    if score["ami"] is None:
        return ["No song has a genre, so the clusters cannot be compared with genres."]
    if score["n_genres"] < 2:
        return ["All songs with a genre have the same one, so there is nothing to compare."]
    ours, chance = (f"{round(score[name], 2) + 0.0:.2f}" for name in ("ami", "chance_ami"))
    said = [
        f"Clusters and genres share {ours} of their information (AMI; shuffled genres share {chance}, equal "
        "groupings 1).",
        f"In a cluster, {score['purity']:.0%} of the songs are of its commonest genre; "
        f"with shuffled genres it would be {score['chance_purity']:.0%}.",
        _best_found(score["per_genre"]),
    ]
    if score["ceiling_ami"] is None:
        return [*said, "No classifier was tried on these genres, so how much would be possible is unknown."]
    return [
        *said,
        f"A classifier that was taught these genres reaches {round(score['ceiling_ami'], 2) + 0.0:.2f} for "
        f"{_MET if score['by_artist'] else _HELD_OUT}, naming {score['ceiling_accuracy']:.0%} of their songs "
        f"rightly{_tried_on(score)}.",
    ]


def _best_found(per_genre: list[dict[str, Any]]) -> str:
    """The genre that one cluster matches best, in words."""
    best = max(per_genre, key=lambda each: (each["f1"], each["n"]))
    return (
        f"Best found is {best['genre']}: one cluster holds {best['recall']:.0%} of its songs, and "
        f"{best['precision']:.0%} of that cluster's songs are of it (by chance "
        f"{best['chance_recall']:.0%} and {best['chance_precision']:.0%})."
    )


def _tried_on(score: Mapping[str, Any]) -> str:
    """How many songs the classifier was tried on, where it was not all of them."""
    if score["ceiling_n_songs"] == score["n_songs"]:
        return ""
    return f" (tried on {score['ceiling_n_songs']:,} of the {score['n_songs']:,} songs)"
