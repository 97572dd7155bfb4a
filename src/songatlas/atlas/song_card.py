"""`SongCard`: one song of an atlas, where it stands in every feature, why it is here, and what is like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.recommending import recommend
from songatlas.atlas.why import Explanation, explain_rows
from songatlas.errors import BadSettings, UnknownName
from songatlas.features import FEATURES, amount, label_of
from songatlas.space import ends_of

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas

UNKNOWN: Final = "not known"

_PLACELESS: Final = frozenset({"key"})  # neither high nor low


@dataclass(frozen=True, kw_only=True)
class FeatureStanding:
    """Where a song stands in one feature.

    Attributes
    ----------
    column, label : str
        Column of the songs table, and what a person reads.
    value : float or None
        In the unit of the column; None where it is not known.
    value_text : str
        The value with its unit.
    percentile : float or None
        Share of all songs that have less of it, equal ones counting half, 0 to 100.
    cluster_percentile : float
        Mean percentile of the songs of its cluster, 0 to 100.
    low_word, high_word : str
        What songs with little and with much of it are like.
    """

    column: str
    label: str
    value: float | None
    value_text: str
    percentile: float | None
    cluster_percentile: float
    low_word: str
    high_word: str


@dataclass(frozen=True, kw_only=True)
class SongCard:
    """What is known of one song.

    Attributes
    ----------
    row : int
        Of `atlas.songs`.
    song_id, title, artist, album : str
        Empty where not known; several artists with commas.
    year : int or None
    cluster : int
    cluster_name : str
    role : str
        Core, borderline, bridge or outlier.
    genre : str
        Empty where none is known.
    features : tuple of FeatureStanding
        Those that the clusters are made of.
    explanation : Explanation
        Why it is in its cluster.
    similar : DataFrame
        Songs that go with it, as `similar_songs` gives them.
    heard : tuple of str
        Words that were heard in its sound, the strongest first; empty where it was not listened to.
    """

    row: int
    song_id: str
    title: str
    artist: str
    album: str
    year: int | None
    cluster: int
    cluster_name: str
    role: str
    genre: str
    features: tuple[FeatureStanding, ...]
    explanation: Explanation
    similar: pl.DataFrame
    heard: tuple[str, ...] = ()


def song_card(atlas: Atlas, row: int, *, n_similar: int = 8) -> SongCard:
    """Return the card of a song.

    Parameters
    ----------
    atlas : Atlas
        The complete atlas of a view too.
    row : int
        Row of `atlas.songs`.
    n_similar : int
        Songs like it, from 0; fewer where there are no more. They are what takes longest (see
        `similar_songs`).

    Raises
    ------
    UnknownName
        If there is no such row.
    BadSettings
        If `n_similar` is below 0.
    """
    if not 0 <= row < atlas.songs.height:
        raise UnknownName(f"there is no song in row {row}: rows go from 0 to {atlas.songs.height - 1}")
    row = int(row)  # `search_songs` gives NumPy's whole numbers, which Polars does not take everywhere
    song = atlas.songs.row(row, named=True)
    why = explain_rows(atlas, [row])[0]
    return SongCard(
        row=row,
        song_id=why.song_id,
        title=why.title,
        artist=why.artist,
        album=song.get("album") or "",
        year=None if song.get("year") is None else round(song["year"]),
        cluster=why.cluster,
        cluster_name=why.cluster_name,
        role=why.role,
        genre=atlas.genre_of_songs["genre"][row] or "",
        features=feature_standings(atlas, row),
        explanation=why,
        similar=similar_songs(atlas, row, n=n_similar),
        heard=tuple(song.get("heard_tags") or ()),
    )


def feature_standings(atlas: Atlas, row: int) -> tuple[FeatureStanding, ...]:
    """Return where a song stands in every feature that the clusters are made of."""
    profile = atlas.profiles[int(atlas.clustering.labels[row])]
    found = []
    for column in atlas.space.features:
        if column in _PLACELESS or column not in profile.percentiles:
            continue
        value, percentile = _standing(atlas, column, row)
        low_word, high_word = ends_of(label_of(column))
        found.append(
            FeatureStanding(
                column=column,
                label=label_of(column),
                value=value,
                value_text=UNKNOWN if value is None else value_text(column, value),
                percentile=percentile,
                cluster_percentile=profile.percentiles[column],
                low_word=low_word,
                high_word=high_word,
            )
        )
    return tuple(found)


def value_text(column: str, value: float) -> str:
    """Return a value of a column as a curator reads it: shares in percent, lengths in minutes.

    Examples
    --------
    >>> [value_text(*each) for each in (("energy", 0.731), ("duration_ms", 221_400.0), ("mode", 1.0))]
    ['73%', '3:41', 'major']
    """
    unit = FEATURES[column].unit if column in FEATURES else ""
    if unit == "share":
        return f"{value:.0%}"
    if unit == "mode":
        return "major" if value >= 0.5 else "minor"
    if unit == "beats a bar":
        return f"{value:.0f} beats a bar"
    if column == "explicit":
        return "yes" if value else "no"
    return amount(column, value) if column in FEATURES or column == "year" else f"{value:,.0f}"


def _standing(atlas: Atlas, column: str, row: int) -> tuple[float | None, float | None]:
    """The value of a song, and the share of songs below it, 0 to 100."""
    values = atlas.kept.get("sorted values", column, lambda: _sorted_values(atlas, column), most=32)
    value: Any = atlas.songs[column][row]
    if value is None or not np.isfinite(float(value)):
        return None, None
    below, up_to = (int(np.searchsorted(values, float(value), side=side)) for side in ("left", "right"))
    return float(value), 100.0 * (below + up_to) / 2 / max(len(values), 1)


def _sorted_values(atlas: Atlas, column: str) -> NDArray[np.float64]:
    """The known values of a column, rising."""
    values = atlas.songs[column].cast(pl.Float64).drop_nulls().drop_nans()
    found: NDArray[np.float64] = values.sort().to_numpy()
    return found


def similar_songs(atlas: Atlas, row: int, *, n: int = 8) -> pl.DataFrame:
    """Return songs that go with one, the best first, as `Recommendations.songs`; no columns for 0 songs.

    The first call for an atlas measures its songs in the space of taste, which takes a while for many.

    Raises
    ------
    BadSettings
        If `n` is below 0.
    """
    if n < 0:
        raise BadSettings(f"n is {n}: ask for 0 songs or more")
    return recommend(atlas, like=[atlas.songs["song_id"][row]], n=n).songs if n else pl.DataFrame()
