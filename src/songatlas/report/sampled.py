"""What a page says of an atlas that holds a sample of its songs, and where the clustered songs lie.

A large catalogue is clustered as a whole; map, evidence, typical songs and feature means are of a sample.
Sizes and shares of clusters, and what was read and left out, are always of all songs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from songatlas.songs.folder_files import CLUSTERED

if TYPE_CHECKING:
    from songatlas.atlas import Atlas

ENGINES: Final = {"stream": "in parts, from files", "spark": "on Spark"}
"""Engine of a large build -> how it clustered, in words."""

OF_SAMPLE: Final = (
    "verdict",
    "lint",
    "silhouette",
    "davies_bouldin",
    "calinski_harabasz",
    "stability",
    "stability_interval",
    "sweep",
    "genre",
    "playlists_k",
    "roles",
    "spaces",
)
"""Keys of quality.json that tell of the sample, where the atlas holds one."""

ROWS: Final = f"{CLUSTERED}.csv"
"""The clustered songs, beside the report; those of a large catalogue are files in the folder `CLUSTERED`."""


def sample_told(atlas: Atlas) -> str:
    """Say that what is shown is a sample; nothing where the atlas holds all songs."""
    if not atlas.is_sample:
        return ""
    return (
        f"{atlas.n_clustered:,} songs were clustered; what you see below (map, evidence, typical songs, "
        f"feature means) is a sample of {atlas.songs.height:,} of them, drawn evenly."
    )


def sample_line(atlas: Atlas) -> str:
    """Return one line that says so above pages on which a person walks; nothing where it holds all songs."""
    if not atlas.is_sample:
        return ""
    return (
        f"A sample of {atlas.songs.height:,} of the {atlas.n_clustered:,} songs that were clustered, drawn "
        "evenly: what is counted here is of the sample"
    )


def sample_in_words(atlas: Atlas) -> str:
    """Say what of a printed result is of a sample; nothing where the atlas holds all songs."""
    if not atlas.is_sample:
        return ""
    return (
        f"Names, evidence and figures come from a sample of {atlas.songs.height:,} of them, drawn evenly; "
        "the sizes of the clusters are of all."
    )


def sampled(atlas: Atlas) -> dict[str, Any] | None:
    """Return what the report says of the sample; None where the atlas holds all songs.

    Returns
    -------
    dict or None
        `sentence`, `n_songs` of the sample, and `what`, a word to set beside a number that is of it.
    """
    if not atlas.is_sample:
        return None
    return {
        "sentence": sample_told(atlas),
        "n_songs": atlas.songs.height,
        "what": f"of the sample of {atlas.songs.height:,} songs",
    }


def sizes_in_sample(atlas: Atlas) -> NDArray[np.int64]:
    """Return how many songs of each cluster the atlas holds."""
    return np.bincount(atlas.clustering.labels, minlength=atlas.k).astype(np.int64)


def rows_place(atlas: Atlas) -> str:
    """Return the name of the file, or of the folder of files, that has every row with its cluster."""
    if atlas.whole is None:
        return ROWS
    return atlas.whole.rows_to or f"{CLUSTERED}/"


def has_column(atlas: Atlas, column: str) -> bool:
    """Say whether one of our columns stands in the clustered songs: those of a sample have four."""
    return atlas.whole is None or column in atlas.whole.columns


def whole_told(atlas: Atlas) -> str:
    """Say where and how a large catalogue was clustered; nothing of one that was held in memory."""
    if atlas.whole is None:
        return ""
    n_files = len(atlas.whole.files)
    files = f" ({n_files:,} files)" if n_files > 1 else ""
    seconds = sum(atlas.whole.seconds.values())
    by = " by MLlib, from its own seeding" if atlas.whole.kmeans == "mllib" else ""
    took = f" ({_took(seconds)} in all)" if seconds else ""
    return (
        f"{atlas.n_clustered:,} songs were clustered {ENGINES[atlas.whole.engine]}{by}{took}; every row with "
        f"its cluster is in {rows_place(atlas)}{files}."
    )


def _took(seconds: float) -> str:
    """How long something took, as a person says it."""
    if seconds < 90:
        return "1 second" if round(seconds) == 1 else f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
