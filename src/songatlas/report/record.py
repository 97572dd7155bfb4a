"""`quality.json`: how good the clusters are and what was done to the rows, for programs to read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from songatlas.atlas import Atlas


def quality_record(atlas: Atlas) -> dict[str, Any]:
    """Return everything that `quality.json` holds, ready for JSON.

    Parameters
    ----------
    atlas : Atlas
        What was built.

    Returns
    -------
    dict
        Keys in a fixed order; no time stamp and no NaN, so that two runs give the same text. Counts of
        songs are of different songs after merging; `excluded` and `excluded_rows` say the same of
        songs and of rows.
    """
    excluded = [count for count in atlas.counts if count.action == "excluded"]
    record: dict[str, Any] = {
        "n_rows": atlas.n_rows,
        "n_songs": atlas.n_songs,
        "n_clustered": atlas.songs.height,
        "n_excluded": atlas.n_songs - atlas.songs.height,
        "excluded": {count.reason: count.n_songs for count in excluded},
        "excluded_rows": {count.reason: count.n_rows for count in excluded},
        "k": atlas.clustering.k,
        "k_chosen_by": "songatlas" if atlas.settings.k == "auto" else "a person",
        "verdict": atlas.verdict.to_dict(),
        **{name: atlas.quality.get(name) for name in _INDICES},
        "n_iterations": atlas.clustering.n_iter,
        "sweep": atlas.evidence.to_dicts(),
    }
    if atlas.genre is not None:
        record["genre"] = dict(atlas.genre)
    record |= {
        "clusters": [
            {"cluster": p.cluster, "name": p.name, "size": p.size, "share": p.share} for p in atlas.profiles
        ],
        "space": _space(atlas),
        "dropped_features": dict(atlas.dropped_features),
        "n_imputed": sum(count.n_songs for count in atlas.counts if count.action == "imputed"),
        "n_merged_rows": sum(count.n_rows for count in atlas.counts if count.action == "merged"),
        "rules": [_rule(count) for count in atlas.counts],
        "source": _source(atlas),
        "settings": atlas.settings.to_dict(),
        "version": atlas.version,
    }
    return {name: plain(value) for name, value in record.items()}


def plain(value: Any) -> Any:
    """Return `value` as JSON knows it: NumPy numbers as numbers, NaN and infinities as null.

    Examples
    --------
    >>> plain({"k": np.int32(3), "silhouette": float("nan"), "ks": (2, 3)})
    {'k': 3, 'silhouette': None, 'ks': [2, 3]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray | tuple | list | set | frozenset):
        return [plain(part) for part in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _space(atlas: Atlas) -> dict[str, Any]:
    return {
        "blocks": [block.name for block in atlas.space.blocks],
        "weights": {block.name: block.weight for block in atlas.space.blocks},
        "features": list(atlas.space.features),
        "dimensions": list(atlas.space.dimensions),
        "notes": list(atlas.space.notes),
    }


def _rule(count: Any) -> dict[str, Any]:
    return {
        "reason": count.reason,
        "action": count.action,
        "n_songs": count.n_songs,
        "n_rows": count.n_rows,
        "sentence": count.sentence,
    }


def _source(atlas: Atlas) -> dict[str, Any]:
    source = atlas.source
    return {
        "name": source.name,
        "sha256": source.sha256,
        "format": source.format,
        "notes": list(source.notes),
    }


_INDICES = (
    "silhouette",
    "davies_bouldin",
    "calinski_harabasz",
    "inertia",
    "stability",
    "stability_interval",
)
