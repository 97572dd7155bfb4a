"""A table of songs becomes an atlas: clusters with names, and the evidence for them.

Examples
--------
>>> import songatlas
>>> callable(songatlas.read_songs)
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from songatlas.atlas import Atlas, AtlasSettings, build_atlas
    from songatlas.atlas.artist_view import artists_of_atlas
    from songatlas.atlas.comparing import compare
    from songatlas.atlas.large import build_large_atlas
    from songatlas.atlas.playlist import make_playlist
    from songatlas.atlas.recommending import recommend
    from songatlas.atlas.tune import tune
    from songatlas.audio import scan_folder
    from songatlas.errors import SongAtlasError
    from songatlas.kmeans import KMeans, sweep
    from songatlas.quality import silhouette
    from songatlas.report import write_outputs
    from songatlas.report.verifying import verify
    from songatlas.songs import read_songs

__version__ = "0.1.0"

_HOMES = {
    "Atlas": "songatlas.atlas",
    "AtlasSettings": "songatlas.atlas",
    "KMeans": "songatlas.kmeans",
    "SongAtlasError": "songatlas.errors",
    "artists_of_atlas": "songatlas.atlas.artist_view",
    "build_atlas": "songatlas.atlas",
    "build_large_atlas": "songatlas.atlas.large",
    "compare": "songatlas.atlas.comparing",
    "make_playlist": "songatlas.atlas.playlist",
    "read_songs": "songatlas.songs",
    "recommend": "songatlas.atlas.recommending",
    "scan_folder": "songatlas.audio",
    "silhouette": "songatlas.quality",
    "sweep": "songatlas.kmeans",
    "tune": "songatlas.atlas.tune",
    "verify": "songatlas.report.verifying",
    "write_outputs": "songatlas.report",
}

__all__ = [
    "Atlas",
    "AtlasSettings",
    "KMeans",
    "SongAtlasError",
    "__version__",
    "artists_of_atlas",
    "build_atlas",
    "build_large_atlas",
    "compare",
    "make_playlist",
    "read_songs",
    "recommend",
    "scan_folder",
    "silhouette",
    "sweep",
    "tune",
    "verify",
    "write_outputs",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `songatlas --help` stays quick."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'songatlas' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
