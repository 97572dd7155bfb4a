"""Typical songs of a cluster: nearest to its centroid, of different artists, no versions."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

N_TYPICAL: Final = 5
"""Typical songs of each cluster."""


def typical_songs(
    songs: pl.DataFrame, labels: NDArray[np.integer], distances: NDArray[np.floating], *, k: int
) -> list[tuple[str, ...]]:
    """Return the ids of each cluster's typical songs, the nearest first.

    One song an artist; where a cluster has fewer than five artists its next nearest songs fill up.
    Versions of another song (`version_of`) are passed over as long as there are others.
    """
    version = songs["version_of"].is_not_null() if "version_of" in songs.columns else pl.lit(False)
    table = pl.DataFrame(
        {"cluster": labels, "distance": distances, "song_id": songs["song_id"], "artist": _artists(songs)}
    ).with_columns(is_version=version)
    nearest = table.sort("cluster", "is_version", "distance", "song_id").with_columns(
        repeated=pl.col("artist").is_not_null() & pl.col("artist").is_duplicated()
        & (pl.int_range(pl.len()).over("cluster", "artist") > 0)
    )  # fmt: skip
    chosen = (
        nearest.sort("cluster", "is_version", "repeated", "distance", "song_id")
        .group_by("cluster", maintain_order=True)
        .head(N_TYPICAL)
        .sort("cluster", "is_version", "repeated", "distance", "song_id")
        .group_by("cluster", maintain_order=True)
        .agg("song_id")
    )
    found = {cluster: tuple(ids) for cluster, ids in chosen.iter_rows()}
    return [found.get(cluster, ()) for cluster in range(k)]


def _artists(songs: pl.DataFrame) -> pl.Series:
    """The first artist of each song, compared without case; null where unknown."""
    if "artists" in songs.columns:
        first = songs["artists"].list.first()
    elif "artist" in songs.columns:
        first = songs["artist"]
    else:
        return pl.Series([None] * songs.height, dtype=pl.String)
    plain = first.str.strip_chars().str.to_lowercase()
    return plain.set(plain == "", None)
