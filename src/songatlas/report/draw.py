"""Which table of the atlas each figure is drawn from.

Figures of a large catalogue show a sample of its songs, drawn by the seed of the atlas; the songs are
sorted by `song_id`, so the order of the input never matters.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from songatlas.atlas.artist_view import artists_of_atlas, no_bars
from songatlas.atlas.evidence import SHOWN_SONGS
from songatlas.errors import MissingColumns
from songatlas.features import DETAILS, FEATURES
from songatlas.report.wording import estimated

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from songatlas.atlas import Atlas

DISTRIBUTION_SONGS = 20_000
"""Songs behind the drawn distributions."""

MOST_ARTISTS = 30
"""Artists that are drawn, those of most songs."""

_MS_PER_MINUTE = 60_000.0


def feature_label(column: str, *, unit: bool = False, estimates: Collection[str] = ()) -> str:
    """Return what a reader calls a feature: "Loudness", "Loudness (dB)", or "Energy (estimate)".

    Parameters
    ----------
    column : str
        Of the songs table.
    unit : bool
        Whether its unit is told.
    estimates : collection of str
        Columns that are estimates (`songatlas.report.wording.estimated`).

    Examples
    --------
    >>> feature_label("duration_ms", unit=True)
    'Duration (min)'
    """
    known = FEATURES.get(column)
    if known is None:
        return DETAILS[column].label if column in DETAILS else column.replace("_", " ").capitalize()
    shown = {"dB": "dB", "BPM": "BPM", "ms": "min"}.get(known.unit)
    if column in estimates:
        return f"{known.label} (estimate)"
    return f"{known.label} ({shown})" if unit and shown else known.label


def profile_features(atlas: Atlas) -> tuple[str, ...]:
    """Features that every profile of the atlas tells of, in their order."""
    return tuple(atlas.profiles[0].z_means)


def draw_figures(atlas: Atlas, *, progress: Callable[[float, str], None] | None = None) -> dict[str, Figure]:
    """Draw every figure of the atlas.

    Parameters
    ----------
    atlas : Atlas
        What was built.
    progress : callable, optional
        Called with the share that is done (0 to 1) and what is being drawn.

    Returns
    -------
    dict of str to Figure
        One for every name in `figures.FIGURES`, in that order. The caller closes them.
    """
    from songatlas.figures import FIGURES

    drawn = {}
    for place, name in enumerate(FIGURES):
        if progress is not None:
            progress(place / len(FIGURES), f"drawing {name.replace('_', ' ')}")
        drawn[name] = FIGURES[name].function(**TABLES[name](atlas))
    return drawn


def drawn_rows(atlas: Atlas, most: int) -> np.ndarray:
    """Return sorted rows of `atlas.songs`, at most `most` of them, drawn by the seed of the atlas."""
    n_songs = atlas.songs.height
    if n_songs <= most:
        return np.arange(n_songs)
    rng = np.random.default_rng(atlas.settings.seed)
    return np.sort(rng.permutation(n_songs)[:most])


def _clusters(atlas: Atlas) -> dict[str, Any]:
    """What every figure calls the clusters, and how it colours them."""
    return {"names": atlas.cluster_names(), "colours": atlas.colours}


def _map(atlas: Atlas) -> dict[str, Any]:
    return {
        "positions": atlas.positions,
        "labels": atlas.clustering.labels,
        **_clusters(atlas),
        "axis_words": atlas.layout.axis_words,
        "explained": atlas.layout.explained,
    }


def _by_profile(atlas: Atlas, what: str) -> dict[str, Any]:
    features = profile_features(atlas)
    estimates = estimated(atlas.columns)
    values = [[getattr(profile, what)[name] for name in features] for profile in atlas.profiles]
    return {
        what: np.array(values, dtype=float),
        "feature_labels": tuple(feature_label(name, estimates=estimates) for name in features),
        **_clusters(atlas),
    }


def _distributions(atlas: Atlas) -> dict[str, Any]:
    rows = drawn_rows(atlas, DISTRIBUTION_SONGS)
    songs = atlas.songs[rows]
    estimates = estimated(atlas.columns)
    columns = [
        in_shown_unit(name, estimates=estimates) for name in profile_features(atlas) if name in songs.columns
    ]
    return {
        "values": songs.select(columns),
        "labels": atlas.clustering.labels[rows],
        **_clusters(atlas),
    }


def in_shown_unit(column: str, *, estimates: Collection[str] = ()) -> pl.Expr:
    """Return a feature in the unit that people read it in, named as `feature_label` has it with its unit."""
    value = pl.col(column).cast(pl.Float64)
    if column in FEATURES and FEATURES[column].unit == "ms":
        value = value / _MS_PER_MINUTE
    return value.alias(feature_label(column, unit=True, estimates=estimates))


def _elbow(atlas: Atlas) -> dict[str, Any]:
    votes = {vote.rule: vote.k for vote in atlas.verdict.votes}
    return {
        "evidence": atlas.evidence,
        "k": atlas.clustering.k,
        "elbow_k": votes.get("elbow"),
        "history": atlas.plain_run,
        "n_run": _n_shown(atlas),
    }


def _n_shown(atlas: Atlas) -> int | None:
    """How many songs stand for all of them where something is only shown; None where all of them do."""
    return SHOWN_SONGS if atlas.songs.height > SHOWN_SONGS else None


def _silhouette(atlas: Atlas) -> dict[str, Any]:
    return {
        "evidence": atlas.evidence,
        "k": atlas.clustering.k,
        "sample": atlas.silhouette_sample,
        **_clusters(atlas),
        "mean": atlas.quality["silhouette"]["value"],
        "n_others": _n_shown(atlas),
    }


def _sizes(atlas: Atlas) -> dict[str, Any]:
    return {"sizes": [profile.size for profile in atlas.profiles], **_clusters(atlas)}


def _genres(atlas: Atlas) -> dict[str, Any]:
    return {"table": atlas.genre_counts, **_clusters(atlas)}


def _artists(atlas: Atlas) -> dict[str, Any]:
    """The artists of most songs; none where the table names nobody."""
    try:
        view = artists_of_atlas(atlas)
    except MissingColumns:
        return no_bars(atlas)
    return view.bars(range(min(MOST_ARTISTS, view.artists.height)))


TABLES: Mapping[str, Callable[[Atlas], dict[str, Any]]] = MappingProxyType(
    {
        "pca_map": _map,
        "profile_heatmap": lambda atlas: _by_profile(atlas, "z_means"),
        "feature_bars": lambda atlas: _by_profile(atlas, "percentiles"),
        "feature_distributions": _distributions,
        "elbow": _elbow,
        "silhouette": _silhouette,
        "cluster_sizes": _sizes,
        "genre_heatmap": _genres,
        "artists": _artists,
    }
)

FIGURE_NAMES: Sequence[str] = tuple(TABLES)
