"""Why a song is in its cluster: its role, its runner-up, and what each feature says, in words and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.recommending import song_meant
from songatlas.features import amount
from songatlas.reasons import Reason, reasons, tell_reason
from songatlas.space import belief_column

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why a song is where it is.

    Attributes
    ----------
    song_id, title, artist : str
        The song; title and artist are empty where they are not known.
    cluster, subcluster : int
        Its cluster, and the playlist-sized one inside.
    cluster_name : str
    role : str
        Core, borderline, bridge or outlier.
    distance_percentile : float
        Share of the cluster's songs that are nearer to its centroid, 0 to 100.
    silhouette, margin : float
        How much better it fits here than in the next cluster, from -1 to 1; and how much nearer its own
        centroid is, as a share of the distance to the runner-up's.
    runner_up : int
        Cluster of the next nearest centroid; the own one where there is no other.
    runner_up_name : str
    reason : Reason
        What each feature says.
    sentences : tuple of str
        The same in words.
    """

    song_id: str
    title: str
    artist: str
    cluster: int
    cluster_name: str
    subcluster: int
    role: str
    distance_percentile: float
    silhouette: float
    margin: float
    runner_up: int
    runner_up_name: str
    reason: Reason
    sentences: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        plain = asdict(self)
        contributions = plain.pop("reason")["contributions"]
        return plain | {"sentences": list(self.sentences), "contributions": list(contributions)}


def explain(atlas: Atlas, song: str) -> Explanation:
    """Return why a song is in its cluster.

    Parameters
    ----------
    atlas : Atlas
        Built or loaded.
    song : str
        Its id, a Spotify URI or link, "Title - Artist" or a title, written in any way.

    Raises
    ------
    UnknownName
        If no song of the atlas is meant, or several are; the message says which.
    """
    return explain_rows(atlas, [song_meant(atlas, song)])[0]


def explain_rows(atlas: Atlas, rows: Sequence[int]) -> tuple[Explanation, ...]:
    """Return why the songs of some rows of `atlas.songs` are in their clusters."""
    wanted = np.asarray(rows, dtype=np.int64)
    songs = atlas.songs[wanted]
    known = _columns_told(atlas)
    standings, means = _standings(atlas.songs, songs, known), _cluster_means(atlas, known)
    found = reasons(
        _points(atlas, songs, wanted),
        atlas.clustering.centroids,
        atlas.clustering.labels[wanted],
        np.arange(len(wanted)),
        groups=atlas.space.dimension_features,
    )
    return tuple(
        _explanation(
            atlas,
            songs.row(place, named=True),
            replace(reason, row=int(wanted[place])),
            known=known,
            standings=standings[place],
            means=means,
        )
        for place, reason in enumerate(found)
    )


def _points(atlas: Atlas, songs: pl.DataFrame, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """The points of some songs."""
    if "tags" in atlas.space.places():  # songs of an artist lend each other tags, so all have to be there
        return atlas.points()[rows]
    if atlas.beliefs is not None:
        songs = songs.with_columns(belief_column(atlas.beliefs[rows], atlas.genre_names))
    return atlas.space.points(songs)


def _columns_told(atlas: Atlas) -> tuple[str, ...]:
    """Columns of which a song has a value that went into its point."""
    made_of = {each.column for block in atlas.space.blocks for each in block.coordinates}
    return tuple(name for name in dict.fromkeys(atlas.space.dimension_features) if name in made_of)


def _standings(
    songs: pl.DataFrame, asked: pl.DataFrame, columns: Sequence[str]
) -> list[dict[str, tuple[float, float]]]:
    """For each song asked for, the shares of all songs with lower and with higher values."""
    told: list[dict[str, tuple[float, float]]] = [{} for _ in range(asked.height)]
    for column in columns:
        if column not in songs.columns:
            continue
        values = songs[column].drop_nulls().cast(pl.Float64).to_numpy()
        for place, value in enumerate(asked[column].cast(pl.Float64)):
            if value is not None:
                told[place][column] = (float((values < value).mean()), float((values > value).mean()))
    return told


def _cluster_means(atlas: Atlas, columns: Sequence[str]) -> dict[str, list[float]]:
    """The mean of each column in every cluster; only where every cluster has one."""
    present = [name for name in columns if name in atlas.songs.columns]
    if not present:
        return {}
    means = (
        atlas.songs.select(pl.col(name).cast(pl.Float64) for name in present)
        .with_columns(cluster=pl.Series(atlas.clustering.labels))
        .group_by("cluster")
        .mean()
        .sort("cluster")
    )
    return {name: means[name].to_list() for name in present if not means[name].null_count()}


def _explanation(
    atlas: Atlas,
    song: Mapping[str, Any],
    reason: Reason,
    *,
    known: Sequence[str],
    standings: Mapping[str, tuple[float, float]],
    means: Mapping[str, Sequence[float]],
) -> Explanation:
    """The explanation of one song."""
    names, roles, row = atlas.cluster_names(), atlas.roles, reason.row
    sentences = tell_reason(
        reason,
        values={name: None if song.get(name) is None else float(song[name]) for name in known},
        standings=standings,
        cluster_means=means,
        names=names,
        amount=amount,
        value_at=atlas.space.value_at,
    )
    return Explanation(
        song_id=str(song["song_id"]),
        title=song.get("title") or "",
        artist=", ".join(song.get("artists") or []),
        cluster=reason.cluster,
        cluster_name=names[reason.cluster],
        subcluster=int(atlas.division.labels[row]),
        role=str(roles.role[row]),
        distance_percentile=float(roles.distance_percentile[row]),
        silhouette=float(roles.silhouette[row]),
        margin=float(roles.margin[row]),
        runner_up=reason.runner_up,
        runner_up_name=names[reason.runner_up],
        reason=reason,
        sentences=sentences,
    )
