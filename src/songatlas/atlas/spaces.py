"""What other spaces would give: the small table that lets a person choose blocks and the pull of genres.

Every space clusters the same songs into the same number of clusters. None is judged by labels that went into
it (`songatlas.atlas.judging`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from types import MappingProxyType
from typing import Any

import polars as pl

from songatlas.atlas.fitting import fitted, measured
from songatlas.atlas.judging import SongGenres, judged_labels, songs_with_beliefs
from songatlas.atlas.settings import AtlasSettings
from songatlas.atlas.usual_space import with_space
from songatlas.errors import BadSettings, TooFewSongs
from songatlas.genres import score_genres
from songatlas.space import SongSpace

SPACES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "sound": {"space": ("sound",)},
        "sound, era": {"space": ("sound", "era")},
        "sound, era, tags": {"space": ("sound", "era", "tags")},
        "genre pull 0.5": {"space": ("sound", "era"), "genre_pull": 0.5},
        "genre pull 1": {"space": ("sound", "era"), "genre_pull": 1.0},
    }
)
"""What the table calls a space -> the settings that make it."""

SPACES_OF_SCANS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "sound, era": {"space": ("sound", "era")},
        "audio": {"space": ("audio",)},
        "audio, era": {"space": ("audio", "era")},
        "audio, era, tags": {"space": ("audio", "era", "tags")},
        "genre pull 0.5": {"space": ("audio", "era"), "genre_pull": 0.5},
        "genre pull 1": {"space": ("audio", "era"), "genre_pull": 1.0},
    }
)
"""The same where a scan has heard the songs."""

AS_CHOSEN = "as chosen"
"""What it calls the space of the settings, where that is none of these."""

SCHEMA = {
    "space": pl.String,
    "ami": pl.Float64,
    "purity": pl.Float64,
    "stability": pl.Float64,
    "silhouette": pl.Float64,
    "n_songs": pl.Int64,
    "chosen": pl.Boolean,
}


def compare_spaces(
    songs: pl.DataFrame,
    features: Sequence[str],
    known: SongGenres | None,
    *,
    k: int,
    settings: AtlasSettings,
) -> pl.DataFrame:
    """Return what other spaces would give.

    Parameters
    ----------
    songs : DataFrame
        Clean songs.
    features : sequence of str
        Columns of the sound.
    known : SongGenres or None
        Their genres, and what is believed of some of them.
    k : int
        Number of clusters.
    settings : AtlasSettings

    Returns
    -------
    DataFrame
        `space`, `ami` and `purity` against the genres (of songs whose own labels took no part), `stability`,
        `silhouette`, `n_songs` that took part, and whether it is the space that was `chosen`. No rows where
        the table has no genres to judge by, or the space is the plain recipe.
    """
    if known is None or known.beliefs is None or "plain" in settings.space:
        return pl.DataFrame(schema=SCHEMA)
    sample, genres = songs_with_beliefs(songs, known)
    settings = with_space(settings, songs)
    blocks = ("sound", "audio", "era", "tags")
    fed = {*SongSpace.fit(sample, features=features, blocks=blocks).places(), "genre"}
    spaces = {
        name: settings.change(**_changes(settings, changes))
        for name, changes in (SPACES_OF_SCANS if "audio" in fed else SPACES).items()
    }
    chosen, rows = _made_of(settings, fed), dict[Any, dict[str, Any]]()
    for name, tried in (*spaces.items(), (AS_CHOSEN, settings)):
        key = _made_of(tried, fed)
        if key not in rows and (figures := _measured(sample, features, genres, k, tried)) is not None:
            rows[key] = {"space": name, **figures, "chosen": key == chosen}
    return pl.DataFrame(list(rows.values()), schema=SCHEMA)


def _changes(settings: AtlasSettings, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What a space of the table changes of the settings; features are weighed only inside the sound."""
    weighed = settings.feature_weights if "sound" in changes["space"] else {}
    return {"weights": {}, "feature_weights": weighed, "genre_pull": None, **changes}


def _measured(
    songs: pl.DataFrame, features: Sequence[str], genres: pl.Series, k: int, settings: AtlasSettings
) -> dict[str, Any] | None:
    """The figures of one space; None where there are too few songs."""
    try:
        space, points = fitted(songs, features, settings)
        clustering, figures = measured(points, k, settings)
    except (BadSettings, TooFewSongs):
        return None
    labels = judged_labels(points, clustering, songs=songs, space=space, settings=settings)
    score = score_genres(labels, genres, seed=settings.seed)
    return {
        "ami": score["ami"],
        "purity": score["purity"],
        "stability": figures["stability"],
        "silhouette": figures["silhouette"],
        "n_songs": songs.height,
    }


def _made_of(settings: AtlasSettings, fed: Set[str]) -> tuple[frozenset[str], float, frozenset[Any]]:
    """What makes a space: its blocks that the table can feed, the pull of the genres, and the weights."""
    blocks = {*settings.space, "genre"} if settings.takes_genres else {*settings.space} - {"genre"}
    return frozenset(blocks & fed), settings.genre_pull or 0.0, frozenset(settings.weights.items())
