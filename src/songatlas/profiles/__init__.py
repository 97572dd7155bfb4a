"""Profiles: what each cluster sounds like, its name, and the evidence for the name.

`profile_clusters` measures contrasts (`contrasts`), reads tags, heard words and years (`labels`), picks
typical songs (`typical`), puts names together from the vocabulary (`words`, `pieces`, `naming`) and tells the
evidence (`evidence`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.profiles.contrasts import Contrasts, measure_contrasts
from songatlas.profiles.evidence import tell_evidence
from songatlas.profiles.labels import eras, heard_shares, tag_shares
from songatlas.profiles.naming import NONE_KEPT, Name, believed_words, name_clusters
from songatlas.profiles.typical import typical_songs
from songatlas.profiles.words import UNNAMED, VOCABULARY, Word

__all__ = ["NO_LONGER_FITS", "VOCABULARY", "Profile", "Word", "profile_clusters"]

NO_LONGER_FITS = "; the name is kept from an earlier atlas and no longer fits in every word"
"""What the evidence says of a name that was kept and is no longer true."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What one cluster sounds like.

    Attributes
    ----------
    cluster : int
        Number of the cluster.
    name : str
        Unique in its atlas, at most three words or so.
    evidence : str
        One line of facts that the name rests on.
    size : int
        Number of songs.
    share : float
        Of all songs, 0 to 1.
    means : mapping of str to float
        Mean of each feature, in its unit.
    percentiles : mapping of str to float
        Mean percentile rank of the songs in the catalogue, 0 to 100; 50 is like the rest.
    z_means : mapping of str to float
        Mean in standard deviations from the catalogue's mean.
    top_tags : tuple of (str, float)
        Most telling tags with their share of the cluster.
    year_low, year_median, year_high : float or None
        Years below which 10, 50 and 90% of the songs came out.
    typical : tuple of str
        Up to five song ids nearest to the centroid.
    heard : tuple of (str, float)
        Most telling words that were heard in the songs, with their share of the songs that were listened to;
        empty where the songs were not. They are counted apart from tags.
    elsewhere : mapping of str to float
        Mean of each feature over the songs of the other clusters; of an older atlas nothing is known of it.
    n_dated : int or None
        Songs of a known year; None in an older atlas.
    """

    cluster: int
    name: str
    evidence: str
    size: int
    share: float
    means: Mapping[str, float]
    percentiles: Mapping[str, float]
    z_means: Mapping[str, float]
    top_tags: tuple[tuple[str, float], ...]
    year_low: float | None
    year_median: float | None
    year_high: float | None
    typical: tuple[str, ...]
    heard: tuple[tuple[str, float], ...] = ()
    elsewhere: Mapping[str, float] = field(default_factory=dict)
    n_dated: int | None = None


def profile_clusters(
    songs: pl.DataFrame,
    labels: NDArray[np.integer],
    distances: NDArray[np.floating],
    *,
    features: Sequence[str],
    k: int,
    kept: Mapping[int, str] = NONE_KEPT,
    reserved: Collection[str] = (),
) -> tuple[Profile, ...]:
    """Return the profile of every cluster, in the order of their numbers.

    Parameters
    ----------
    songs : polars.DataFrame
        The clustered songs; tags, heard words, years, artists and titles may be absent.
    labels : ndarray, int (n_songs,)
        Cluster of each song, 0 to `k` - 1.
    distances : ndarray, float (n_songs,)
        Distance of each song to its own centroid.
    features : sequence of str
        Numeric columns that the clusters were made of.
    k : int
        Number of clusters.
    kept : mapping of int to str
        Clusters that keep a name they had; the evidence says so where its words no longer hold.
    reserved : collection of str
        Names that no other cluster may get.
    """
    contrasts = measure_contrasts(songs, labels, features=features, k=k)
    tags = tag_shares(songs, labels, k=k)
    years = eras(songs, labels, k=k)
    heard = heard_shares(songs, labels, k=k)
    told = contrasts.noticeable()
    believed = believed_words(told, heard)
    names = name_clusters(told, tags, years, heard=believed, kept=kept, reserved=reserved)
    typical = typical_songs(songs, labels, distances, k=k)
    profiles = []
    for cluster, name in enumerate(names):
        percentiles = _row(told, told.percentiles, cluster)
        evidence = tell_evidence(
            name,
            percentiles={each: value for each, value in percentiles.items() if each not in UNNAMED},
            tags=tags[cluster],
            era=years[cluster],
            speech=(float(contrasts.speechiness[cluster]), contrasts.spoken_from),
            heard=believed[cluster],
            size=int(contrasts.sizes[cluster]),
            is_all=bool(contrasts.sizes[cluster] == len(labels)),
        )
        profiles.append(
            Profile(
                cluster=cluster,
                name=name.text,
                evidence=f"{evidence}{_kept_though(name)}" if contrasts.sizes[cluster] else "no song",
                size=int(contrasts.sizes[cluster]),
                share=float(contrasts.sizes[cluster]) / max(len(labels), 1),
                means=_row(contrasts, contrasts.means, cluster),
                percentiles=_row(contrasts, contrasts.percentiles, cluster),
                z_means=_row(contrasts, contrasts.z_means, cluster),
                top_tags=tuple((tag.tag, tag.share) for tag in tags[cluster][:5]),
                year_low=years[cluster].low,
                year_median=years[cluster].median,
                year_high=years[cluster].high,
                typical=typical[cluster],
                heard=tuple((word.tag, word.share) for word in heard[cluster][:5]),
                elsewhere=_row(contrasts, contrasts.elsewhere, cluster),
                n_dated=years[cluster].n_dated,
            )
        )
    return tuple(profiles)


def _kept_though(name: Name) -> str:
    """What to say of a name that was kept though it no longer holds; nothing of any other."""
    if name.holds:
        return ""
    return f"{NO_LONGER_FITS}, rather “{name.rather}”" if name.rather else NO_LONGER_FITS


def _row(contrasts: Contrasts, table: NDArray[np.float64], cluster: int) -> dict[str, float]:
    return {feature: float(value) for feature, value in zip(contrasts.features, table[cluster], strict=True)}
