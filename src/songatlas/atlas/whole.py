"""`Whole`: what is known of all songs of a large catalogue, of which the atlas holds a sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

Engine: TypeAlias = Literal["stream", "spark"]


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
        Iterations of Lloyd over all songs.
    engine : {"stream", "spark"}
        What kept the parts.
    files : tuple of str
        Names of the files with the clustered songs, below ``clustered_songs/``.
    columns : mapping of str to str
        Our columns -> what they are called in these files.
    seconds : mapping of str to float
        Wall time of each step, in the order of the road; "clustering" is Lloyd over all songs.
    """

    n_clustered: int
    sizes: tuple[int, ...]
    inertia: float
    n_iter: int
    engine: Engine
    files: tuple[str, ...] = ()
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
