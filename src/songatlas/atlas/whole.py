"""`Whole`: what is known of all songs of a large catalogue, of which the atlas holds a sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

Engine: TypeAlias = Literal["stream", "spark"]
SparkKMeans: TypeAlias = Literal["ours", "mllib"]


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A catalogue that was clustered in parts.

    Attributes
    ----------
    n_clustered : int
        Songs in a cluster, all of them.
    sizes : tuple of int, length k
        Songs of each cluster.
    inertia : float
        Sum of the squared distances of all songs to the centroids of their clusters.
    n_iter : int
        Iterations over all songs.
    engine : {"stream", "spark"}
        What kept the parts.
    kmeans : {"ours", "mllib"}
        Whose k-means clustered all songs; on Spark it can be MLlib's, which does its own seeding.
    files : tuple of str
        Names of the files with the clustered songs, below ``clustered_songs/`` or `rows_to`.
    rows_to : str or None
        Address of the folder of these files, where it is not ``clustered_songs/`` beside the atlas.
    columns : mapping of str to str
        Our columns -> what they are called in these files.
    seconds : mapping of str to float
        Wall time of each step, in the order of the road; "clustering" is k-means over all songs.
    """

    n_clustered: int
    sizes: tuple[int, ...]
    inertia: float
    n_iter: int
    engine: Engine
    kmeans: SparkKMeans = "ours"
    files: tuple[str, ...] = ()
    rows_to: str | None = None
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    seconds: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, seconds: Mapping[str, float]) -> Whole:
        """Make it out of plain values."""
        return cls(
            **{
                **values,
                "sizes": tuple(values["sizes"]),
                "files": tuple(values["files"]),
                "columns": MappingProxyType(dict(values["columns"])),
                "seconds": MappingProxyType(dict(seconds)),
            }
        )
