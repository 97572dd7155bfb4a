"""`compare`: what became of the clusters of an atlas, and which songs changed theirs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.counterparts import Shared, match_atlas, opened
from songatlas.atlas.measurers import unlike_measurers
from songatlas.atlas.saved import plain
from songatlas.matching import KINDS, Change, Matching, listed, quoted, share_words, tell_change
from songatlas.quality import agreement

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas

_SETTINGS = ("k", "seed", "space", "weights", "feature_weights", "genre_pull", "features", "refine")
_CHANGED = ("song_id", "title", "artists", "old_cluster", "new_cluster")


@dataclass(frozen=True, kw_only=True)
class ClusterChange:
    """What became of one cluster, with names and sizes.

    Attributes
    ----------
    change : Change
        Kind and numbers, as `matching` found them.
    old_name, new_name : str or None
        What it was and is called.
    old_size, new_size : int or None
        Songs that it had and has.
    n_joined, n_left : int
        Songs of the new cluster that the old atlas does not hold, and songs of the old cluster that the new
        atlas does not hold; 0 where there is no such cluster, and where another change counts them: of the
        smaller parts of a split, and the others of a merger.
    sentence : str
        The same in words.
    """

    change: Change
    old_name: str | None
    new_name: str | None
    old_size: int | None
    new_size: int | None
    n_joined: int
    n_left: int
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two atlases side by side.

    Attributes
    ----------
    old, new : str
        What the songs of each came from.
    matched_by : {"songs", "centres"}
        What matched their clusters.
    clusters : tuple of ClusterChange
        One for each new cluster, in the order of their numbers, a merger followed by the other old clusters
        that are in it; then one for each that is gone.
    n_shared, n_joined, n_left : int
        Songs of both atlases, of the new one alone, of the old one alone.
    ari, ami : float or None
        How far the two groupings of the songs of both agree: 1 is the same, 0 is chance; None where too few
        songs are in both to match clusters by them.
    songs : DataFrame
        Songs of both that changed their cluster: song_id, title, artists (with commas), old_cluster and
        new_cluster (names), by old and new cluster.
    joined, left : DataFrame
        Songs of the new and of the old atlas alone: song_id, title, artists, cluster (name).
    settings : mapping of str to pair
        Settings that differ, old and new.
    summary : str
        All in a few sentences.
    notes : tuple of str
        What a person should know about the matching.
    """

    old: str
    new: str
    matched_by: str
    clusters: tuple[ClusterChange, ...]
    n_shared: int
    n_joined: int
    n_left: int
    ari: float | None
    ami: float | None
    songs: pl.DataFrame
    joined: pl.DataFrame
    left: pl.DataFrame
    settings: dict[str, tuple[Any, Any]]
    summary: str
    notes: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether both hold the same songs in the same clusters under the same names."""
        stayed = all(each.change.kind == "kept" and each.old_name == each.new_name for each in self.clusters)
        return stayed and not (self.songs.height or self.n_joined or self.n_left)

    def counts(self) -> dict[str, int]:
        """Return how many changes there are of every kind; a split counts once, and so does a merger."""
        changes = [each.change for each in self.clusters]
        kinds = [change.kind for change in changes]
        once = {
            "split": len({change.old for change in changes if change.kind == "split"}),
            "merged": len({change.new for change in changes if change.kind == "merged"}),
        }
        return {kind: once.get(kind, kinds.count(kind)) for kind in KINDS}

    def to_dict(self, *, rows: int | None = None) -> dict[str, Any]:
        """Return it ready for JSON, with at most `rows` of the songs that changed; all where None."""
        changed = self.songs if rows is None else self.songs.head(rows)
        clusters = [
            {
                **asdict(each.change),
                **{name: getattr(each, name) for name in ("old_name", "new_name", "old_size", "new_size")},
                "n_joined": each.n_joined,
                "n_left": each.n_left,
                "sentence": each.sentence,
            }
            for each in self.clusters
        ]
        found: dict[str, Any] = plain(
            {
                "old": self.old,
                "new": self.new,
                "same": self.is_same,
                "summary": self.summary,
                "matched_by": self.matched_by,
                "n_shared": self.n_shared,
                "n_changed": self.songs.height,
                "n_joined": self.n_joined,
                "n_left": self.n_left,
                "ari": self.ari,
                "ami": self.ami,
                "counts": self.counts(),
                "clusters": clusters,
                "settings": {name: list(pair) for name, pair in self.settings.items()},
                "notes": self.notes,
                "songs": changed.to_dicts(),
            }
        )
        return found


def compare(old: Atlas | str | Path, new: Atlas | str | Path) -> Comparison:
    """Say what became of the clusters of an atlas in another one, and which songs changed theirs.

    The atlases may be built of other songs, features, spaces and numbers of clusters. Clusters are matched by
    the songs that both hold, by optimal assignment; where these are too few, by the means of features.

    Parameters
    ----------
    old, new : Atlas or path
        An atlas, or its folder.

    Returns
    -------
    Comparison

    Raises
    ------
    BadAtlas
        If a folder holds no atlas that can be read.

    Examples
    --------
    >>> from songatlas.atlas import build_atlas
    >>> from songatlas.demo import simulate_catalogue
    >>> atlas = build_atlas(simulate_catalogue(300, seed=1), k=4)
    >>> compare(atlas, atlas).is_same
    True
    """
    old, new = opened(old), opened(new)
    found = match_atlas(old, new.songs, new.clustering.labels, k=new.k, features=new.space.features)
    before, after = (
        old.clustering.labels[found.old_rows].astype(np.intp),
        new.clustering.labels[found.new_rows].astype(np.intp),
    )
    agreed = agreement(before, after) if found.matching.by == "songs" else None
    moved = np.flatnonzero(found.matching.counterparts()[before] != after)
    joined = _others(new, found.new_rows)
    left = _others(old, found.old_rows)
    clusters = _changes(old, new, found.matching, joined, left)
    settings = _differing(old, new)
    measurers = unlike_measurers(old.songs, new.songs, features={*old.space.features, *new.space.features})
    told = Comparison(
        old=old.source.name,
        new=new.source.name,
        matched_by=found.matching.by,
        clusters=clusters,
        n_shared=len(before),
        n_joined=len(joined),
        n_left=len(left),
        ari=agreed.ari if agreed else None,
        ami=agreed.ami if agreed else None,
        songs=_changed_songs(old, new, found, moved),
        joined=_songs_of(new, joined, "cluster").sort("cluster", "song_id"),
        left=_songs_of(old, left, "cluster").sort("cluster", "song_id"),
        settings=settings,
        summary="",
        notes=(*found.notes, *_settings_told(settings), *filter(None, [measurers])),
    )
    return Comparison(**{**vars(told), "summary": _summary(told)})


def _others(atlas: Atlas, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of an atlas's songs that are not among `rows`."""
    others = np.ones(atlas.songs.height, dtype=bool)
    others[rows] = False
    return np.flatnonzero(others)


def _changes(
    old: Atlas,
    new: Atlas,
    matching: Matching,
    joined: NDArray[np.int64],
    left: NDArray[np.int64],
) -> tuple[ClusterChange, ...]:
    """Every change with names, sizes and a sentence."""
    names = {"old_names": old.cluster_names(), "new_names": new.cluster_names()}
    n_joined = np.bincount(new.clustering.labels[joined], minlength=new.k)
    n_left = np.bincount(old.clustering.labels[left], minlength=old.k)
    told = []
    for each in matching.changes:
        whole = each.same or each.kind != "split"
        joins = each.new is not None and (each.kind != "merged" or bool(each.parts))
        told.append(
            ClusterChange(
                change=each,
                old_name=None if each.old is None else names["old_names"][each.old],
                new_name=None if each.new is None else names["new_names"][each.new],
                old_size=None if each.old is None else old.profiles[each.old].size,
                new_size=None if each.new is None else new.profiles[each.new].size,
                n_joined=int(n_joined[each.new]) if joins else 0,
                n_left=int(n_left[each.old]) if whole and each.old is not None else 0,
                sentence=tell_change(each, **names, by_songs=matching.by == "songs"),
            )
        )
    return tuple(told)


def _songs_of(atlas: Atlas, rows: NDArray[np.int64], cluster: str) -> pl.DataFrame:
    """Id, title and artists of songs, and the name of their cluster."""
    songs = atlas.songs.select(
        name for name in ("song_id", "title", "artists", "artist") if name in atlas.songs.columns
    )[rows]
    artists = pl.col("artists").list.join(", ") if "artists" in songs.columns else pl.lit(None, pl.String)
    if "artists" not in songs.columns and "artist" in songs.columns:
        artists = pl.col("artist")
    title = pl.col("title") if "title" in songs.columns else pl.lit(None, pl.String)
    names = pl.Series(atlas.cluster_names(), dtype=pl.String)
    return songs.select("song_id", title.alias("title"), artists.alias("artists")).with_columns(
        names.gather(atlas.clustering.labels[rows].astype(np.int64)).alias(cluster)
    )


def _changed_songs(old: Atlas, new: Atlas, found: Shared, moved: NDArray[np.intp]) -> pl.DataFrame:
    """Songs of both atlases that changed their cluster, by old and new cluster."""
    before = _songs_of(old, found.old_rows[moved], "old_cluster")["old_cluster"]
    table = _songs_of(new, found.new_rows[moved], "new_cluster").with_columns(before)
    numbers = [
        pl.Series("old", old.clustering.labels[found.old_rows[moved]]),
        pl.Series("new", new.clustering.labels[found.new_rows[moved]]),
    ]
    return table.with_columns(numbers).sort("old", "new", "song_id").select(_CHANGED)


def _differing(old: Atlas, new: Atlas) -> dict[str, tuple[Any, Any]]:
    """Settings of the clusters that differ, and their values."""
    before, after = old.settings.to_dict(), new.settings.to_dict()
    before["k"], after["k"] = old.k, new.k
    return {name: (before[name], after[name]) for name in _SETTINGS if before[name] != after[name]}


def _settings_told(settings: dict[str, tuple[Any, Any]]) -> tuple[str, ...]:
    if not settings:
        return ()
    told = [f"{name} was {_said(before)} and is {_said(after)}" for name, (before, after) in settings.items()]
    return (f"They were built differently: {'; '.join(told)}.",)


def _said(value: Any) -> str:
    """A setting in words."""
    if isinstance(value, dict):
        return ", ".join(f"{name}={part:g}" for name, part in value.items()) or "not set"
    if isinstance(value, list):
        return ",".join(map(str, value)) or "not set"
    return "not set" if value is None else str(value)


def _summary(told: Comparison) -> str:
    """The comparison in a few sentences."""
    if told.is_same:
        return (
            f"Nothing changed: the same {told.n_shared:,} songs lie in the same {len(told.clusters)} "
            "clusters under the same names."
        )
    counts = told.counts()
    n_of = {kind: sum(each.change.kind == kind for each in told.clusters) for kind in ("split", "merged")}
    said = {"split": f"split into {n_of['split']}", "merged": f"merged out of {n_of['merged']}"}
    clusters = listed([f"{count} {said.get(kind, kind)}" for kind, count in counts.items() if count])
    parts = [f"Clusters: {clusters}."]
    if told.ari is None:
        few = f"only {told.n_shared:,} in both" if told.n_shared else "none in both"
        parts = [
            f"The two atlases hardly share songs ({few}): their clusters were compared by sound.",
            *parts,
        ]
    else:
        stayed = told.n_shared - told.songs.height
        parts.append(
            f"Of {told.n_shared:,} songs in both atlases {stayed:,} ({share_words(stayed / told.n_shared)}) "
            f"stayed in their cluster and {told.songs.height:,} changed it; the two groupings agree to "
            f"{_two_digits(told.ari)} (adjusted Rand index; adjusted mutual information "
            f"{_two_digits(told.ami)}; 1 is the same, 0 is chance)."
        )
    if told.n_joined or told.n_left:
        parts.append(f"{told.n_joined:,} songs joined, {told.n_left:,} left.")
    renamed = [
        f"{quoted(each.old_name)} is called {quoted(each.new_name)} now"
        for each in told.clusters
        if each.change.same and each.old_name and each.new_name and each.old_name != each.new_name
    ]
    if renamed and told.ari is not None and not told.songs.height:
        parts.append(f"{listed(renamed)}.")
    return " ".join(parts)


def _two_digits(figure: float | None) -> str:
    """Two decimals, no minus before zero, and 1.00 only for 1."""
    value = 0.0 if figure is None else figure
    return "over 0.99" if 0.995 <= value < 1 - 1e-12 else f"{round(value, 2) + 0.0:.2f}"
