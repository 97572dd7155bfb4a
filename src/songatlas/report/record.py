"""`quality.json`: how good the clusters are and what was done to the rows, for programs to read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from songatlas.kmeans import FEWEST_SONGS, MOST_SONGS
from songatlas.report.sampled import OF_SAMPLE
from songatlas.roles import ROLES, role_counts

if TYPE_CHECKING:
    from songatlas.atlas import Atlas


def quality_text(atlas: Atlas) -> str:
    """Return the text of `quality.json`."""
    return json.dumps(quality_record(atlas), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


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
        songs and of rows. A catalogue that was clustered in parts has `engine`, `spark_kmeans` (on Spark),
        `n_sample`, `of_sample` (keys that tell of the sample alone), `sizes` and `stage_seconds`, which do
        differ between runs.
    """
    excluded = [count for count in atlas.counts if count.action == "excluded"]
    record: dict[str, Any] = {
        "n_rows": atlas.n_rows,
        "n_songs": atlas.n_songs,
        "n_clustered": atlas.n_clustered,
        "n_excluded": atlas.n_songs - atlas.n_clustered,
        "excluded": {count.reason: count.n_songs for count in excluded},
        "excluded_rows": {count.reason: count.n_rows for count in excluded},
        "k": atlas.clustering.k,
        "k_chosen_by": "songatlas" if atlas.settings.k == "auto" else "a person",
        "moods_k": atlas.clustering.k,
        "playlists_k": atlas.division.k,
        "verdict": atlas.verdict.to_dict(),
        "lint": [vars(finding) for finding in atlas.findings],
        **{name: atlas.quality.get(name) for name in _INDICES},
        "n_iterations": atlas.clustering.n_iter,
        "sweep": atlas.evidence.to_dicts(),
    }
    record |= _whole(atlas)
    if atlas.genre is not None:
        record["genre"] = dict(atlas.genre)
    record |= {
        "roles": _roles(atlas),
        "spaces": atlas.spaces.to_dicts(),
        "refinement": None if atlas.refinement is None else atlas.refinement.to_dict(),
        "clusters": _clusters(atlas),
        "like": _like(atlas),
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


def _whole(atlas: Atlas) -> dict[str, Any]:
    """What is told of all songs where the catalogue was clustered in parts."""
    whole = atlas.whole
    if whole is None:
        return {}
    return {
        "engine": whole.engine,
        **({"spark_kmeans": whole.kmeans} if whole.engine == "spark" else {}),
        "n_sample": atlas.songs.height,
        "of_sample": list(OF_SAMPLE) if atlas.is_sample else [],
        "sizes": list(whole.sizes),
        "inertia": whole.inertia,
        "n_iterations": whole.n_iter,
        "files": [f"{whole.rows_to}/{name}" if whole.rows_to else name for name in whole.files],
        "stage_seconds": {stage: round(seconds, 3) for stage, seconds in whole.seconds.items()},
    }


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


def _roles(atlas: Atlas) -> dict[str, Any]:
    """How many songs are core, borderline, bridges and outliers, in all and in each cluster."""
    counts = role_counts(atlas.roles, atlas.clustering.labels, atlas.k)
    return {
        "exact": atlas.roles.exact,
        "counts": {role: int(counts[role].sum()) for role in ROLES},
        "clusters": counts.select("cluster", *ROLES).to_dicts(),
    }


def _clusters(atlas: Atlas) -> list[dict[str, Any]]:
    """Each cluster with its exemplars and the playlist-sized parts inside."""
    return [
        {
            "cluster": profile.cluster,
            "name": profile.name,
            "size": profile.size,
            "share": profile.share,
            "exemplars": list(exemplars),
            "subclusters": subclusters_of(atlas, profile.cluster),
        }
        for profile, exemplars in zip(atlas.profiles, atlas.exemplars, strict=True)
    ]


def subclusters_of(atlas: Atlas, cluster: int) -> dict[str, Any]:
    """Return how many playlist-sized parts a cluster has, and of how many songs they are.

    Returns
    -------
    dict
        `k`, `smallest`, `median` and `largest` number of songs, and `n_outside`, how many parts are not of
        20 to 200 songs.
    """
    sizes = atlas.division.sizes[atlas.division.parents == cluster]
    return {
        "k": len(sizes),
        "smallest": int(sizes.min()),
        "median": int(np.median(sizes)),
        "largest": int(sizes.max()),
        "n_outside": int(((sizes < FEWEST_SONGS) | (sizes > MOST_SONGS)).sum()),
    }


def _like(atlas: Atlas) -> dict[str, Any] | None:
    """The older atlas that it was built like, and the clusters that keep name and colour of that one's."""
    if atlas.likeness is None:
        return None
    likeness = atlas.likeness
    return {"source": likeness.source, "k": likeness.k, "kept": list(likeness.kept), "by": likeness.by}


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
