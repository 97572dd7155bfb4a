"""Whether the parts of an atlas that was read belong together: sizes, numbers of clusters, ids of songs.

Each part may be well made and still lie: a label that no cluster has, a centroid of another space, a k that
is not the number of centroids. What is refused here would else end as a crash or, worse, as a wrong answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from songatlas.atlas.conforming import conforms, misfit
from songatlas.features import DETAILS, FEATURES
from songatlas.space.audio import AudioBlock
from songatlas.space.belief import GenreBlock
from songatlas.space.tags import TagsBlock

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas

_Number = float | None

QUALITY: Final[Mapping[str, Any]] = {
    "silhouette": Mapping[str, bool | float],
    "davies_bouldin": _Number,
    "calinski_harabasz": _Number,
    "inertia": _Number,
    "stability": _Number,
    "stability_interval": Mapping[str, float] | None,
}
GENRE: Final[Mapping[str, Any]] = {
    "column": str | None,
    "coverage": float,
    "sentence": str,
    "families": Mapping[str, list[str]],
    "labels_hidden": str,
    "prediction": Mapping[str, bool | float | str | None] | None,
    "n_songs": int | None,
    "n_genres": int | None,
    "per_genre": list[Mapping[str, str | float | None]],
    "by_artist": bool,
    "sentences": list[str],
}
"""Types of what is known of the chosen clustering and of the genres; other keys are numbers."""

_KINDS: Final[Mapping[str, Any]] = {
    "id": pl.String(),
    "text": pl.String(),
    "date": pl.String(),
    "location": pl.String(),
    "names": pl.List(pl.String()),
    "tags": pl.List(pl.String()),
    "flag": pl.Boolean(),
    "number": pl.Float64(),
    "vector": pl.List(pl.Float32()),
}
_OWN: Final[Mapping[str, Any]] = {
    "song_id": pl.String(),
    "artist": pl.String(),
    "genre": pl.String(),
    "version_of": pl.String(),
    "year": pl.Float64(),
    "imputed": pl.List(pl.String()),
}
"""Types of columns that cleaning adds to the songs."""

_MOST_COLOURS: Final = 200_000  # a build may have 65,535 clusters, and keeps no colour of an old atlas twice
_NEAR: Final = 1e-4


def check_atlas(atlas: Atlas) -> None:
    """Refuse an atlas whose parts do not belong together.

    Raises
    ------
    ValueError
        With what does not fit, in a few words.
    """
    for name, holds in _facts(atlas):
        if not holds(atlas):
            raise ValueError(name)


def _facts(atlas: Atlas) -> Iterator[tuple[str, Callable[[Atlas], bool]]]:
    """What must hold, the plain facts first that others rest on."""
    way = misfit(atlas, skip=("settings", "space", "layout", "quality", "genre", "evidence", "positions"))
    yield f"{way} is not of its type", lambda _: not way
    yield from _FACTS.items()


def _songs_are_typed(atlas: Atlas) -> bool:
    known = {name: _KINDS[detail.kind] for name, detail in DETAILS.items()} | dict(_OWN)
    known |= dict.fromkeys(FEATURES, pl.Float64())
    return all(kind == known.get(name, kind) for name, kind in atlas.songs.schema.items())


def _ids_are_in_order(atlas: Atlas) -> bool:
    ids = atlas.songs["song_id"]
    return bool(len(ids) and not ids.null_count() and ids.is_sorted() and ids.n_unique() == len(ids))


def _counts_grow(atlas: Atlas) -> bool:
    return atlas.songs.height <= atlas.n_clustered <= atlas.n_songs <= atlas.n_rows == atlas.source.n_rows


def _space_fits(atlas: Atlas) -> bool:
    space = atlas.space
    lacking = [name for name in space.features if name not in atlas.songs.columns]
    return not lacking and all(_block_fits(block) for block in space.blocks) and space.n_dimensions > 0


def _block_fits(block: Any) -> bool:
    """Whether the numbers of a block have the sizes that its labels say."""
    if misfit(block, skip=("parts",)):
        return False
    n = len(block.dimensions)
    if isinstance(block, GenreBlock):
        return block.mean.shape == (n,) and _are_finite(block.mean)
    if isinstance(block, TagsBlock):
        sizes = block.vectors.shape == (len(block.tags), n) and block.mean.shape == (n,)
        return sizes and _are_finite(block.vectors, block.mean)
    if isinstance(block, AudioBlock):
        return bool(block.parts) and all(_audio_fits(part) for part in block.parts)
    return True


def _audio_fits(part: Any) -> bool:
    if misfit(part, skip=("limit",)) or not part.limit > 0:
        return False
    width = len(part.mean)
    turned = width if part.directions is None else part.directions.shape[1]
    arrays = [each for each in (part.mean, part.scale, part.centre, part.directions) if each is not None]
    return (
        part.mean.ndim == 1
        and part.scale.shape == (width,)
        and part.centre.shape == (turned,)
        and (_are_finite(*arrays))
    )


def _layout_fits(atlas: Atlas) -> bool:
    """Whether the map is well made; that of a view under other weights is the map of its base."""
    layout = atlas.layout
    words = conforms(layout.axis_words, tuple[tuple[str, str], tuple[str, str]])
    fits = layout.mean.ndim == 1 and layout.components.shape == (2, len(layout.mean))
    numbers = fits and _are_finite(layout.components, layout.mean)
    return words and numbers and conforms(layout.explained, tuple[float, float])


def _clusters_fit(atlas: Atlas) -> bool:
    clustering, n = atlas.clustering, atlas.songs.height
    if clustering.centroids.shape != (atlas.k, atlas.space.n_dimensions) or atlas.k < 1:
        return False
    return len(clustering.labels) == n and _are_below(clustering.labels, atlas.k)


def _profiles_fit(atlas: Atlas) -> bool:
    profiles, names = atlas.profiles, {profile.name for profile in atlas.profiles}
    sizes = [profile.size for profile in profiles]
    told = np.bincount(atlas.clustering.labels, minlength=atlas.k).tolist()
    whole = list(atlas.whole.sizes) if atlas.whole else told
    numbered = [profile.cluster for profile in profiles] == list(range(atlas.k))
    return numbered and len(names) == atlas.k and sizes == whole and sum(sizes) == atlas.n_clustered


def _per_cluster(atlas: Atlas) -> bool:
    lengths = {len(atlas.colours), len(atlas.exemplars), len(atlas.profiles)}
    coloured = all(0 <= colour < _MOST_COLOURS for colour in atlas.colours)
    kept = atlas.likeness is None or all(0 <= each < atlas.k for each in atlas.likeness.kept)
    return lengths == {atlas.k} and coloured and kept


def _known_songs(atlas: Atlas) -> bool:
    named = [song for songs in atlas.exemplars for song in songs]
    named += [song for profile in atlas.profiles for song in profile.typical]
    return bool(pl.Series(named, dtype=pl.String).is_in(atlas.songs["song_id"].implode()).all())


def _division_fits(atlas: Atlas) -> bool:
    division, n = atlas.division, atlas.songs.height
    if division.centroids.shape != (division.k, atlas.space.n_dimensions) or len(division.labels) != n:
        return False
    if not (_are_below(division.labels, division.k) and _are_below(division.parents, atlas.k)):
        return False
    return bool((division.parents[division.labels] == atlas.clustering.labels).all())


def _places_fit(atlas: Atlas) -> bool:
    far = atlas.distances
    return _are_finite(atlas.positions, far) and bool((far >= 0).all())


def _roles_fit(atlas: Atlas) -> bool:
    roles = atlas.roles
    shares, apart = roles.distance_percentile, roles.silhouette
    return bool(
        not roles.role.null_count()
        and _are_below(roles.runner_up, atlas.k)
        and _are_finite(shares, apart, roles.margin)
        and ((shares >= -_NEAR) & (shares <= 100 + _NEAR)).all()
        and (np.abs(apart) <= 1 + _NEAR).all()
    )


def _sweep_fits(atlas: Atlas) -> bool:
    ks = [each.k for each in atlas.sweep]
    n = atlas.space.n_dimensions
    return ks == sorted(set(ks)) and all(each.centroids.shape == (each.k, n) for each in atlas.sweep)


def _evidence_fits(atlas: Atlas) -> bool:
    columns = dict(atlas.evidence.schema)
    numbers = all(kind.is_numeric() for kind in columns.values())
    ks = atlas.evidence["k"] if columns.get("k") == pl.Int64() else pl.Series([None])
    return (
        numbers
        and bool(len(ks))
        and not ks.null_count()
        and ks.n_unique() == len(ks)
        and bool((ks > 0).all())
    )


def _sample_fits(atlas: Atlas) -> bool:
    sample = atlas.silhouette_sample
    if sample["cluster"].null_count() or sample["silhouette"].null_count():
        return False
    return _are_below(sample["cluster"].to_numpy(), atlas.k) and _are_finite(sample["silhouette"].to_numpy())


def _mappings_fit(atlas: Atlas) -> bool:
    value = conforms(dict(atlas.quality).get("silhouette"), Mapping[str, bool | float | None])
    return (
        value
        and "value" in atlas.quality["silhouette"]
        and _all_conform(atlas.quality, QUALITY)
        and (atlas.genre is None or ("prediction" in atlas.genre and _all_conform(atlas.genre, GENRE)))
    )


def _genres_fit(atlas: Atlas) -> bool:
    counts = atlas.genre_counts
    if not conforms(atlas.genre_sharpness, float) or (counts.height and not counts.columns):
        return False
    if counts.height and not _are_below(counts["cluster"].to_numpy(), atlas.k):
        return False
    beliefs = atlas.beliefs
    if beliefs is None:
        return not any(isinstance(block, GenreBlock) for block in atlas.space.blocks)
    names = next(
        (block.genres for block in atlas.space.blocks if isinstance(block, GenreBlock)), atlas.genre_names
    )
    return (
        beliefs.shape == (atlas.songs.height, len(atlas.genre_names))
        and tuple(names) == atlas.genre_names
        and (bool((beliefs >= 0).all()))
    )


def _all_conform(found: Mapping[str, Any], kinds: Mapping[str, Any]) -> bool:
    return all(conforms(value, kinds.get(name, _Number)) for name, value in found.items())


def _are_below(numbers: np.ndarray, n: int) -> bool:
    """Whether numbers count from 0 to `n` - 1."""
    return bool(((numbers >= 0) & (numbers < n)).all())


def _are_finite(*arrays: np.ndarray) -> bool:
    return all(bool(np.isfinite(each).all()) for each in arrays)


_FACTS: Final[Mapping[str, Callable[[Atlas], bool]]] = {
    "the columns of the songs are not of their types": _songs_are_typed,
    "the ids of the songs are not in order, or stand twice": _ids_are_in_order,
    "the numbers of songs and rows contradict each other": _counts_grow,
    "the space is not well made": _space_fits,
    "the map is not well made": _layout_fits,
    "the clusters do not fit the songs and the space": _clusters_fit,
    "the profiles are not those of the clusters": _profiles_fit,
    "colours, exemplars or profiles are not one for each cluster": _per_cluster,
    "songs are named that the atlas does not have": _known_songs,
    "the playlist-sized clusters do not fit the clusters": _division_fits,
    "places or distances are no numbers": _places_fit,
    "the roles do not fit the songs": _roles_fit,
    "the sweep does not fit the space": _sweep_fits,
    "the evidence is not well made": _evidence_fits,
    "the sample of silhouettes does not fit the clusters": _sample_fits,
    "quality or genre are not well made": _mappings_fit,
    "genres and beliefs do not fit the songs": _genres_fit,
}
"""What must hold, with the words for where it does not; each rests on those before."""
