"""What became of every cluster: kept, moved, split, merged, new or gone, with the numbers behind it.

A pair of clusters is the same cluster (`pairs`). Where two or more new clusters consist mostly of songs of
one old cluster, each with a tenth of them or more, it has split; where two or more old clusters went mostly
into one new cluster, each making a tenth of it or more, they have merged. Songs count only if both atlases
hold them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from songatlas.matching.pairs import (
    HALF,
    LEAST_PART,
    STAYED,
    STILL,
    centre_gaps,
    count_shared,
    links_of,
    pair_by_centres,
    pair_by_songs,
    shares_of,
)

Kind = Literal["kept", "moved", "split", "merged", "new", "gone"]

ENOUGH_SHARED: Final = 0.1
"""Share of the songs of the smaller atlas that must be in both for songs to match clusters."""

LEAST_SHARED: Final = 10
"""Songs that must be in both, or all of the smaller atlas, for songs to match clusters."""

_MOST_PARTS = 3


@dataclass(frozen=True)
class Part:
    """Songs that a cluster shares with one of the other atlas.

    Attributes
    ----------
    cluster : int
        Number in the other atlas.
    n_songs : int
        Songs in both clusters.
    share : float
        Of the songs of the one cluster that are in both atlases, 0 to 1.
    """

    cluster: int
    n_songs: int
    share: float


@dataclass(frozen=True, kw_only=True)
class Change:
    """What became of a cluster.

    Attributes
    ----------
    kind : {"kept", "moved", "split", "merged", "new", "gone"}
    old, new : int or None
        Its number before and now: None where there is none. For the smaller parts of a split `old` is the
        cluster that split; for the others of a merger `new` is the cluster that they are in.
    same : bool
        Whether `new` goes on for `old`: a build like the old atlas gives it the name and the colour.
    n_kept : int
        Songs in both clusters.
    share_old, share_new, overlap : float
        `n_kept` against the songs of the old cluster, of the new one and of either, 0 to 1, counting only
        songs that both atlases hold.
    shift : float or None
        Standard deviations between the two centres; None where they have no feature in common.
    parts : tuple of Part
        For a split the new clusters that it went into, with their shares of it; for a merger and a new
        cluster the old ones that it came from, for one that is gone where its songs are now; none for the
        others of a merger.
    """

    kind: Kind
    old: int | None
    new: int | None
    same: bool = False
    n_kept: int = 0
    share_old: float = 0.0
    share_new: float = 0.0
    overlap: float = 0.0
    shift: float | None = None
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Matching:
    """Clusters of two atlases, matched.

    Attributes
    ----------
    by : {"songs", "centres"}
        What matched them.
    pairs : mapping of int to int
        Old cluster -> the new one that goes on for it, where there is one.
    changes : tuple of Change
        One for each new cluster, in the order of their numbers, a merger followed by the other old clusters
        that are in it; then one for each that is gone.
    shared : ndarray of int64, shape (k_old, k_new)
        Songs of both atlases by old and new cluster.
    """

    by: Literal["songs", "centres"]
    pairs: Mapping[int, int]
    changes: tuple[Change, ...]
    shared: NDArray[np.int64]

    def counterparts(self) -> NDArray[np.int32]:
        """Return for each old cluster the new one that goes on for it, -1 where there is none."""
        found = np.full(len(self.shared), -1, dtype=np.int32)
        for old, new in self.pairs.items():
            found[old] = new
        return found


def match_clusters(
    old_labels: NDArray[np.integer[Any]],
    new_labels: NDArray[np.integer[Any]],
    old_centres: NDArray[np.float64],
    new_centres: NDArray[np.float64],
    *,
    n_songs: tuple[int, int],
) -> Matching:
    """Match the clusters of two atlases by the songs that are in both, else by their centres.

    Parameters
    ----------
    old_labels, new_labels : ndarray of int, shape (n_shared,)
        Old and new cluster of each song that both atlases hold.
    old_centres, new_centres : ndarray of float64, shape (k_old, n_features), (k_new, n_features)
        Means of features that both have, in standard deviations of the old atlas's songs; NaN = unknown.
    n_songs : (int, int)
        Songs of the old and of the new atlas.

    Returns
    -------
    Matching

    Examples
    --------
    >>> old, new = np.array([0] * 10 + [1] * 10), np.array([1] * 10 + [0] * 6 + [2] * 4)
    >>> found = match_clusters(old, new, np.zeros((2, 0)), np.zeros((3, 0)), n_songs=(20, 20))
    >>> dict(found.pairs), [change.kind for change in found.changes]
    ({0: 1, 1: 0}, ['split', 'kept', 'split'])
    """
    shared = count_shared(old_labels, new_labels, (len(old_centres), len(new_centres)))
    gaps = centre_gaps(old_centres, new_centres)
    smaller = min(n_songs)
    enough = len(old_labels) >= max(ENOUGH_SHARED * smaller, min(LEAST_SHARED, smaller), 1)
    pairs = pair_by_songs(shared) if enough else pair_by_centres(gaps)
    told = _Told(shared=shared, gaps=gaps, pairs=pairs, by_songs=enough)
    return Matching(
        by="songs" if enough else "centres",
        pairs=MappingProxyType(dict(sorted(pairs.items()))),
        changes=told.changes(),
        shared=shared,
    )


class _Told:
    """The counts of a matching, and what they say of every cluster."""

    def __init__(
        self,
        *,
        shared: NDArray[np.int64],
        gaps: NDArray[np.float64],
        pairs: Mapping[int, int],
        by_songs: bool,
    ) -> None:
        self.shared, self.gaps, self.pairs, self.by_songs = shared, gaps, pairs, by_songs
        self.of_old, self.of_new, self.overlap = shares_of(shared)
        links = links_of(shared) & by_songs
        self.into = _several(links & (self.of_new >= HALF))
        self.out_of = _several((links & (self.of_old >= HALF)).T)
        self.pair_of = {new: old for old, new in pairs.items()}

    def changes(self) -> tuple[Change, ...]:
        """Every new cluster with the old ones that merged into it, then those that are gone."""
        new_ones = [self._new(new) for new in range(self.shared.shape[1])]
        told = {each.old for each in new_ones}
        found = []
        for each in new_ones:
            others = [
                part.cluster for part in each.parts if each.kind == "merged" and part.cluster not in told
            ]
            found += [each, *(self._change("merged", old, new_ones.index(each)) for old in others)]
            told.update(others)
        gone = [self._gone(old) for old in range(self.shared.shape[0]) if old not in told]
        return (*found, *gone)

    def _new(self, new: int) -> Change:
        old = self.pair_of.get(new)
        sources = self.out_of.get(new, ())
        if sources:
            parts = self._parts(self.shared.T[new], self.of_old[:, new], only=sources)
            return self._change("merged", parts[0].cluster if old is None else old, new, parts=parts)
        split = next((each for each, parts in self.into.items() if new in parts), None)
        if split is not None and old in (None, split):
            parts = self._parts(self.shared[split], self.of_old[split], only=self.into[split])
            return self._change("split", split, new, parts=parts)
        if old is not None:
            return self._change("kept" if self._stayed(old, new) else "moved", old, new)
        parts = self._parts(self.shared.T[new], self.of_new[:, new])
        return Change(kind="new", old=None, new=new, parts=parts)

    def _gone(self, old: int) -> Change:
        return Change(kind="gone", old=old, new=None, parts=self._parts(self.shared[old], self.of_old[old]))

    def _stayed(self, old: int, new: int) -> bool:
        """Whether a pair kept most of its songs, and its centre its place."""
        still = not self.gaps[old, new] > STILL
        return bool(still and (not self.by_songs or self.overlap[old, new] >= STAYED))

    def _change(self, kind: Kind, old: int, new: int, *, parts: tuple[Part, ...] = ()) -> Change:
        shift = float(self.gaps[old, new])
        return Change(
            kind=kind,
            old=old,
            new=new,
            same=self.pairs.get(old) == new,
            n_kept=int(self.shared[old, new]),
            share_old=float(self.of_old[old, new]),
            share_new=float(self.of_new[old, new]),
            overlap=float(self.overlap[old, new]),
            shift=shift if np.isfinite(shift) else None,
            parts=parts,
        )

    def _parts(
        self, counts: NDArray[np.int64], shares: NDArray[np.float64], *, only: tuple[int, ...] = ()
    ) -> tuple[Part, ...]:
        """Other clusters with their songs, most first: those asked for, or the few largest parts."""
        places = sorted(only or np.flatnonzero(counts).tolist(), key=lambda each: (-counts[each], each))
        parts = [Part(each, int(counts[each]), float(shares[each])) for each in places]
        return tuple(parts if only else [part for part in parts if part.share >= LEAST_PART][:_MOST_PARTS])


def _several(links: NDArray[np.bool_]) -> dict[int, tuple[int, ...]]:
    """Rows with two or more links, and their columns."""
    return {
        row: tuple(np.flatnonzero(links[row]).tolist())
        for row in np.flatnonzero(links.sum(axis=1) > 1).tolist()
    }


KINDS: Mapping[Kind, str] = MappingProxyType(
    {
        "kept": "three quarters or more of its songs stayed together, and its centre is where it was",
        "moved": "the same cluster, but songs or centre changed notably",
        "split": "its songs went into several new clusters that consist mostly of them",
        "merged": "several old clusters went mostly into one",
        "new": "no old cluster went on in it",
        "gone": "it went on in no new cluster",
    }
)
"""Kind of change -> what it means."""
