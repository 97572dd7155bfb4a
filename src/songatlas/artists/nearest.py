"""Artists that are alike, and why: where their songs lie on average, the tags they share, how they differ.

An artist lies at the middle of its own songs (see `credits`). The middle of few songs strays, and among very
many artists some stray to where they look near, so that nearness has to be earned by songs: to the squared
distance the expected square of that error is added, which is the usual spread of an artist's songs over how
many there are. Artists who are nowhere first have no songs of their own and are nobody's neighbour; their
nearest artists can be asked for.

Sound is compared in standard deviations of the catalogue's songs, after the logarithm where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.artists.credits import Credits, Ints
from songatlas.features import FEATURES

SHARED_TAG: Final = 0.3
"""Share of the own songs of both artists that must bear a tag for it to be shared."""

ALIKE: Final = 0.5
"""Standard deviations from the catalogue's middle, to one side, from which two artists are both so."""

APART: Final = 0.4
"""Standard deviations between two artists from which a difference is told."""

YEARS_APART: Final = 3.0
"""Years between the medians of two artists from which a difference is told."""

_MOST_TOLD = 2
_CELLS_AT_ONCE = 20_000_000
_SPARE = 16  # looked at beyond those asked for, as the first look is in single precision
_Float = NDArray[np.float64]


@dataclass(frozen=True)
class Sound:
    """How features are compared: the middle and the spread of each in the catalogue.

    Attributes
    ----------
    features : tuple of str
    middles, spreads : ndarray of float64, shape (n_features,)
        Mean and standard deviation of all songs, after the logarithm where a feature has one.
    weights : ndarray of float64, shape (n_features,)
        What a standard deviation counts when the most telling features are chosen.
    """

    features: tuple[str, ...]
    middles: _Float
    spreads: _Float
    weights: _Float

    def scores(self, songs: pl.DataFrame) -> _Float:
        """Return the mean standard score of some songs in each feature, NaN where nothing is known."""
        return np.array(
            [
                (_mean(_shaped(songs[name])) - middle) / spread if spread > 0 else np.nan
                for name, middle, spread in zip(self.features, self.middles, self.spreads, strict=True)
            ]
        )


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """What two artists share, and where the second differs.

    Attributes
    ----------
    shared_tags : tuple of str
        Tags of both, the most telling first.
    both : tuple of str
        Adjectives that hold of both, such as "calm".
    differences : tuple of str
        What the second is beside the first, such as "more danceable".
    years_later : float or None
        Median year of the second less that of the first.
    together : int
        Songs that both are credited with.
    """

    shared_tags: tuple[str, ...]
    both: tuple[str, ...]
    differences: tuple[str, ...]
    years_later: float | None
    together: int

    @property
    def sentence(self) -> str:
        """The same in words: "same dream pop tags, both calm; happier, 5 years later"."""
        shared = [f"same {_listed(self.shared_tags)} tags"] if self.shared_tags else []
        shared += [f"both {_listed(self.both)}"] if self.both else []
        shared += [f"{self.together} song{'s' * (self.together != 1)} together"] if self.together else []
        apart = list(self.differences)
        if self.years_later is not None and abs(self.years_later) >= YEARS_APART:
            apart.append(
                f"{abs(self.years_later):.0f} years {'later' if self.years_later > 0 else 'earlier'}"
            )
        told = [", ".join(part) for part in (shared, apart) if part]
        return "; ".join(told) or "near the middle of the catalogue, both of them"


def sound_of(songs: pl.DataFrame, *, weights: Mapping[str, float]) -> Sound:
    """Return how the features of a songs table are compared.

    Parameters
    ----------
    songs : DataFrame
        Songs table.
    weights : mapping of str to float
        How much of the sound a feature counts, 1 where it is not there. Less is told of features that count
        little, such as the noise of an audience.
    """
    features = tuple(name for name, each in FEATURES.items() if each.in_sound and name in songs.columns)
    shaped = [_shaped(songs[name]) for name in features]
    return Sound(
        features,
        np.array([_mean(values) for values in shaped]),
        np.array([float(np.nanstd(values)) if np.isfinite(values).any() else 0.0 for values in shaped]),
        np.sqrt([weights.get(name, 1.0) for name in features]),
    )


def artist_centres(points: NDArray[np.floating], credits: Credits) -> NDArray[np.float32]:
    """Return the middle of each artist's own songs, float32 (n_artists, n_dimensions).

    Parameters
    ----------
    points : ndarray, shape (n_songs, n_dimensions)
    credits : Credits
    """
    artist, song = credits.artist[credits.own], credits.song[credits.own]
    n = np.bincount(artist, minlength=credits.n_artists)
    centres = np.empty((credits.n_artists, points.shape[1]), dtype=np.float32)
    for place, column in enumerate(points.T):
        centres[:, place] = np.bincount(artist, weights=column[song], minlength=credits.n_artists) / n
    return centres


def centre_errors(points: NDArray[np.floating], centres: NDArray[np.float32], credits: Credits) -> _Float:
    """Return the expected squared error of each artist's middle, float64 (n_artists,).

    Parameters
    ----------
    points : ndarray, shape (n_songs, n_dimensions)
    centres : ndarray of float32, shape (n_artists, n_dimensions)
        Of `artist_centres`.
    credits : Credits
    """
    artist, song = credits.artist[credits.own], credits.song[credits.own]
    n = np.bincount(artist, minlength=credits.n_artists)
    inside = sum(float(np.square(column[song].astype(np.float64)).sum()) for column in points.T)
    inside -= float((n * np.square(centres.astype(np.float64)).sum(axis=1)).sum())
    return np.asarray(max(inside, 0.0) / max(len(song) - len(n), 1) / n)


def nearest_artists(
    centres: NDArray[np.float32],
    asked: Sequence[int] | Ints,
    *,
    errors: _Float,
    candidates: NDArray[np.bool_],
    n: int,
) -> tuple[Ints, _Float]:
    """Return the nearest artists of some artists, and their distances.

    Parameters
    ----------
    centres : ndarray of float32, shape (n_artists, n_dimensions)
    asked : sequence of int
        Artists whose neighbours are sought.
    errors : ndarray of float64, shape (n_artists,)
        What is added to the squared distance of each artist when they are ranked; see `centre_errors`.
    candidates : ndarray of bool, shape (n_artists,)
        Who may be a neighbour; nobody is its own.
    n : int
        Neighbours of each, at most.

    Returns
    -------
    rows, distances : ndarrays, shape (n_asked, n_found)
        int64 and float64, the nearest first, of equals the smaller number; row -1 where there is no other.
        Distances are of the middles, errors included.

    Examples
    --------
    >>> centres = np.array([[0.0], [1.0], [1.5]], dtype=np.float32)
    >>> able, errors = np.ones(3, dtype=bool), np.array([0.0, 2.0, 0.1])
    >>> nearest_artists(centres, [0], errors=errors, candidates=able, n=2)[0].tolist()
    [[2, 1]]
    """
    wanted, able = np.asarray(asked, dtype=np.int64), np.flatnonzero(candidates)
    n_found = min(n, len(able))
    rows = np.full((len(wanted), n_found), -1, dtype=np.int64)
    distances = np.full((len(wanted), n_found), np.nan)
    others = centres[able]
    lengths = np.square(others).sum(axis=1) + errors[able].astype(np.float32)
    looked = min(n_found + _SPARE, len(able))
    step = max(1, _CELLS_AT_ONCE // max(len(able), 1))
    for start in range(0, len(wanted) if n_found else 0, step):
        part = wanted[start : start + step]
        squares = lengths - 2.0 * (centres[part] @ others.T)
        squares[part[:, None] == able[None, :]] = np.inf
        near = np.argpartition(squares, looked - 1, axis=1)[:, :looked]
        for place, artist in enumerate(part.tolist()):
            found = near[place][np.isfinite(squares[place, near[place]])]
            apart = others[found].astype(np.float64) - centres[artist]
            ranked = (np.square(apart).sum(axis=1) + errors[able[found]]).round(9)  # for ties
            order = np.lexsort((able[found], ranked))[:n_found]
            rows[start + place, : len(order)] = able[found][order]
            distances[start + place, : len(order)] = np.sqrt(ranked[order])
    return rows, distances


def compare_artists(
    first: int,
    second: int,
    songs: pl.DataFrame,
    credits: Credits,
    *,
    sound: Sound,
    tags: pl.DataFrame,
    comparatives: Mapping[str, tuple[str, str]],
) -> Likeness:
    """Return what two artists share, and how the second differs from the first.

    Parameters
    ----------
    first, second : int
        Numbers of the artists.
    songs : DataFrame
        Songs table.
    credits : Credits
    sound : Sound
        Of all songs.
    tags : DataFrame
        Of `artist_tags`.
    comparatives : mapping of str to (str, str)
        Feature -> what an artist with less and with more of it is called: ("calmer", "more energetic").
    """
    one, other = (songs[credits.songs_of(artist, own=True)] for artist in (first, second))
    before, after = sound.scores(one), sound.scores(other)
    later = None
    if "year" in songs.columns and one["year"].count() and other["year"].count():
        later = _median(other["year"]) - _median(one["year"])
    return Likeness(
        shared_tags=_shared_tags(tags, first, second),
        both=_both(sound.features, sound.weights * before, sound.weights * after),
        differences=_differences(sound.features, sound.weights * (after - before), comparatives),
        years_later=later,
        together=len(np.intersect1d(credits.songs_of(first), credits.songs_of(second))),
    )


def _shared_tags(tags: pl.DataFrame, first: int, second: int) -> tuple[str, ...]:
    """Tags of both, the rarest and most borne first; none that ends one already told."""
    one, other = (
        tags.filter((pl.col("artist") == each) & (pl.col("share") >= SHARED_TAG)) for each in (first, second)
    )
    both = one.join(other.select("tag", borne="share"), on="tag")
    telling = (pl.min_horizontal("share", "borne") * (1 - pl.col("usual"))).round(9)
    told: list[str] = []
    for tag in both.sort(telling, "tag", descending=[True, False])["tag"]:
        if len(told) < _MOST_TOLD and not any(each.endswith(f" {tag}") for each in told):
            told.append(tag)
    return tuple(told)


def _both(features: Sequence[str], before: _Float, after: _Float) -> tuple[str, ...]:
    """Adjectives of features in which both lie to one side; few words are not told, for most have few."""
    least = np.where(before * after > 0, np.minimum(np.abs(before), np.abs(after)), 0.0)
    least[[name == "speechiness" and score < 0 for name, score in zip(features, after, strict=True)]] = 0.0
    found = [place for place in np.argsort(-least, kind="stable")[:_MOST_TOLD] if least[place] >= ALIKE]
    rows = [(FEATURES[features[place]], after[place] > 0) for place in found]
    return tuple(row.high_word if high else row.low_word for row, high in rows)


def _differences(
    features: Sequence[str], apart: _Float, comparatives: Mapping[str, tuple[str, str]]
) -> tuple[str, ...]:
    """The widest differences, in words."""
    order = np.argsort(-np.nan_to_num(np.abs(apart)), kind="stable")[:_MOST_TOLD]
    return tuple(
        comparatives.get(features[place], (f"lower {features[place]}", f"higher {features[place]}"))[
            bool(apart[place] > 0)
        ]
        for place in order
        if abs(apart[place]) >= APART
    )


def _listed(words: Sequence[str]) -> str:
    return " and ".join(words)


def _shaped(column: pl.Series) -> _Float:
    """Values of a feature, after the logarithm where it has one; NaN where unknown."""
    values = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    feature = FEATURES[column.name]
    return np.log(np.maximum(values + feature.log_offset, 1e-9)) if feature.transform == "log" else values


def _mean(values: _Float) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _median(years: pl.Series) -> float:
    return float(np.median(years.drop_nulls().to_numpy()))
