"""Typical songs of a cluster: nearest to its centroid, of different artists, no versions."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.artist_names import first_artist_keys

N_TYPICAL: Final = 5
"""Typical songs of each cluster."""

_CANDIDATES: Final = 200


def typical_songs(
    songs: pl.DataFrame, labels: NDArray[np.integer], distances: NDArray[np.floating], *, k: int
) -> list[tuple[str, ...]]:
    """Return the ids of each cluster's typical songs, the nearest first.

    One song an artist; where a cluster has fewer than five artists its next nearest songs fill up.
    Versions of another song (`version_of`) are passed over as long as there are others.
    """
    found = _nearest_first(songs, np.flatnonzero(_near(labels, distances, k)), labels, distances)
    sizes = np.bincount(labels, minlength=k)
    lacking = [
        cluster for cluster in range(k) if found.get(cluster, ((), 0))[1] < min(N_TYPICAL, sizes[cluster])
    ]
    if lacking:  # too many of the nearest are versions or of one artist: look at the whole cluster
        found |= _nearest_first(songs, np.flatnonzero(np.isin(labels, lacking)), labels, distances)
    return [found.get(cluster, ((), 0))[0] for cluster in range(k)]


def _near(labels: NDArray[np.integer], distances: NDArray[np.floating], k: int) -> NDArray[np.bool_]:
    """Which songs are among the nearest of their cluster, all equally near ones with them."""
    table = pl.DataFrame({"cluster": labels, "distance": distances})
    reach = table.group_by("cluster").agg(pl.col("distance").bottom_k(_CANDIDATES).max())
    reaches = np.zeros(k)
    reaches[reach["cluster"].to_numpy()] = reach["distance"].to_numpy()
    return np.asarray(distances <= reaches[labels])


def _nearest_first(
    songs: pl.DataFrame,
    rows: NDArray[np.int64],
    labels: NDArray[np.integer],
    distances: NDArray[np.floating],
) -> dict[int, tuple[tuple[str, ...], int]]:
    """Typical songs of each cluster among some rows, and how many first songs of an artist there are."""
    columns = [name for name in ("song_id", "artists", "artist", "version_of") if name in songs.columns]
    near = songs.select(columns)[rows]
    version = near["version_of"].is_not_null() if "version_of" in columns else pl.lit(False)
    table = pl.DataFrame(
        {
            "cluster": labels[rows],
            "distance": distances[rows],
            "song_id": near["song_id"],
            "artist": _artists(near),
        }
    ).with_columns(is_version=version)
    nearest = table.sort("cluster", "is_version", "distance", "song_id").with_columns(
        repeated=pl.col("artist").is_not_null() & pl.col("artist").is_duplicated()
        & (pl.int_range(pl.len()).over("cluster", "artist") > 0)
    )  # fmt: skip
    chosen = (
        nearest.sort("cluster", "is_version", "repeated", "distance", "song_id")
        .group_by("cluster", maintain_order=True)
        .agg(
            pl.col("song_id").head(N_TYPICAL),
            fresh=(~(pl.col("is_version") | pl.col("repeated"))).sum(),
        )
    )
    return {cluster: (tuple(ids), fresh) for cluster, ids, fresh in chosen.iter_rows()}


def _artists(songs: pl.DataFrame) -> pl.Series:
    """The first artist of each song as names are compared; null where it is nobody's."""
    if "artists" in songs.columns:
        return first_artist_keys(songs["artists"])
    if "artist" in songs.columns:
        return first_artist_keys(songs["artist"])
    return pl.Series([None] * songs.height, dtype=pl.String)
