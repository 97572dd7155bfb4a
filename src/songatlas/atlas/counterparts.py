"""Clusters of an atlas and clusters of other songs, matched by the songs of both or by their sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.saved import load_atlas
from songatlas.features import FEATURES
from songatlas.files import path_of
from songatlas.matching import Matching, match_clusters

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas

SAME_TITLES: Final = 0.5
"""Share of songs of one id that must have one title, for the ids of two tables to mean the same songs."""


@dataclass(frozen=True, kw_only=True)
class Shared:
    """The songs of two atlases by the atlas they are in, and the clusters matched by them.

    Attributes
    ----------
    matching : Matching
    old_rows, new_rows : ndarray of int64
        Rows of the songs that both hold, in the songs of each.
    notes : tuple of str
    """

    matching: Matching
    old_rows: NDArray[np.int64]
    new_rows: NDArray[np.int64]
    notes: tuple[str, ...]


def opened(atlas: Atlas | str | Path) -> Atlas:
    """Return an atlas: itself, or read from its folder; `BadSettings` where it is neither."""
    from songatlas.atlas.atlas import Atlas

    return atlas if isinstance(atlas, Atlas) else load_atlas(path_of("the atlas", atlas))


def match_atlas(
    old: Atlas, songs: pl.DataFrame, labels: NDArray[np.integer[Any]], *, k: int, features: Sequence[str]
) -> Shared:
    """Match the clusters of an atlas with clusters of other songs.

    Parameters
    ----------
    old : Atlas
    songs : DataFrame, n_songs rows
        Songs with `song_id`, and what is known of them.
    labels : ndarray of int, shape (n_songs,)
        Their clusters, 0 to `k` - 1.
    k : int
        Number of new clusters.
    features : sequence of str
        Columns that the new clusters are made of.
    """
    ids = [each["song_id"].to_frame().with_row_index("row") for each in (old.songs, songs)]
    both = ids[0].join(ids[1], on="song_id", how="inner", maintain_order="left")
    old_rows, new_rows = (both[name].to_numpy().astype(np.int64) for name in ("row", "row_right"))
    notes: tuple[str, ...] = ()
    if not _is_one_song(old.songs, songs, old_rows, new_rows):
        notes = (
            "The song ids of the two tables mean different songs (their titles differ), so no song counts as "
            "one of both.",
        )
        old_rows, new_rows = old_rows[:0], new_rows[:0]
    wanted = {name for name in FEATURES if FEATURES[name].in_sound} | {*old.space.features, *features}
    both_have = [name for name in sorted(wanted) if name in old.songs.columns and name in songs.columns]
    spreads = [_mean_and_spread(old.songs[name]) for name in both_have]
    matching = match_clusters(
        old.clustering.labels[old_rows],
        labels[new_rows],
        _centres(old.songs, old.clustering.labels, old.k, both_have, spreads),
        _centres(songs, labels, k, both_have, spreads),
        n_songs=(old.songs.height, songs.height),
    )
    if matching.by == "centres":
        notes += (
            f"Too few songs are in both ({len(old_rows):,}), so clusters were matched by the means of "
            f"{len(both_have)} features; what split or merged cannot be told that way.",
        )
    return Shared(matching=matching, old_rows=old_rows, new_rows=new_rows, notes=notes)


def _is_one_song(
    old: pl.DataFrame, new: pl.DataFrame, old_rows: NDArray[np.int64], new_rows: NDArray[np.int64]
) -> bool:
    """Whether songs of one id mostly have one title, where titles are known."""
    if "title" not in old.columns or "title" not in new.columns or not len(old_rows):
        return True
    titles = [
        frame["title"].gather(rows).str.to_lowercase().str.strip_chars()
        for frame, rows in ((old, old_rows), (new, new_rows))
    ]
    same = (titles[0] == titles[1]).drop_nulls().to_numpy()
    return not len(same) or bool(same.mean() >= SAME_TITLES)


def _mean_and_spread(column: pl.Series) -> tuple[float, float]:
    """Mean and standard deviation of what is known of a column; no spread where there is none."""
    values = column.cast(pl.Float64).drop_nulls().to_numpy()
    if not len(values):
        return 0.0, 0.0
    mean, spread = float(values.mean()), float(values.std())
    return mean, spread if spread > 1e-12 * max(abs(mean), 1e-300) else 0.0


def _centres(
    songs: pl.DataFrame,
    labels: NDArray[np.integer[Any]],
    k: int,
    features: Sequence[str],
    spreads: Sequence[tuple[float, float]],
) -> NDArray[np.float64]:
    """Means of each cluster in standard deviations of the old atlas's songs; NaN = unknown."""
    centres = np.full((k, len(features)), np.nan)
    for place, (name, (mean, spread)) in enumerate(zip(features, spreads, strict=True)):
        values = songs[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        known = np.isfinite(values)
        clusters = labels[known].astype(np.intp)
        n_known = np.bincount(clusters, minlength=k)
        sums = np.bincount(clusters, weights=values[known], minlength=k)
        if spread > 0:
            np.divide(sums - mean * n_known, spread * n_known, out=centres[:, place], where=n_known > 0)
    return centres
