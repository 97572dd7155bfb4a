"""The complete atlas of a view: roles, playlists, quality, verdict and scorecard, as of a build."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

import songatlas
from songatlas.atlas.artist_parts import artist_numbers, artists_of
from songatlas.atlas.choices import built_choice, settings_of
from songatlas.atlas.evidence import (
    gather_evidence,
    measure,
    sample_silhouettes,
    shown_run,
    with_exact_silhouette,
)
from songatlas.atlas.judging import (
    HIDDEN_TAGS,
    NO_PART,
    all_beliefs,
    genre_columns,
    judge_by_genre,
    judged_labels,
)
from songatlas.atlas.names_file import Generated
from songatlas.atlas.placing import placed_songs
from songatlas.atlas.settings import AtlasSettings
from songatlas.atlas.swept import Swept
from songatlas.atlas.view_blocks import learned_genres
from songatlas.choose_k import verdict_for, with_playlists
from songatlas.genres import genre_table, score_genres
from songatlas.kmeans import divide_clusters, nearest_centroids
from songatlas.progress import silent
from songatlas.quality import EXACT_LIMIT
from songatlas.roles import Roles, exemplars, song_roles

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas
    from songatlas.atlas.views import View


def complete(view: View) -> Atlas:
    """Return the complete atlas of a view.

    Its settings build the same clusters from the same table, up to k-means' own search. Places on the map,
    layout and what was read of the table are those of the atlas it is a view of.

    Parameters
    ----------
    view : View
        One in which something is changed.
    """
    base, points, names = view.base, view.points(), view.names
    settings = settings_of(base, view.choice)
    found = replace(
        base,
        settings=settings,
        version=songatlas.__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        space=view.space,
        clustering=view.clustering,
        sweep=base.sweep if _only_k(view) else (Swept.of(view.clustering),),
        findings=(),
        refinement=None,
        spaces=base.spaces.clear(),
        profiles=view.profiles,
        generated=Generated(names, (), tuple(profile.evidence for profile in view.profiles)),
        colours=view.colours,
        likeness=None,
        whole=None,
        **_measured_parts(view, points, settings),
        **_genre_parts(view, points, settings),
    )
    rows = base.rows and replace(base.rows, placed=placed_songs(found), names=names)
    found = replace(found, rows=rows)
    found.kept.share(base.kept, points=_only_k(view))
    found.kept.get("points", None, lambda: points)
    return found


def _only_k(view: View) -> bool:
    """Whether the space is that of the base."""
    return view.choice.space_key == built_choice(view.base).space_key


def _measured_parts(view: View, points: NDArray[np.float32], settings: AtlasSettings) -> dict[str, Any]:
    """The parts of the atlas that are measured on the points."""
    clustering, threads = view.clustering, settings.threads
    evidence = _evidence(view, points, settings)
    quality = measure(points, clustering, evidence, settings=settings, exact_songs=EXACT_LIMIT)
    evidence = with_exact_silhouette(evidence, clustering.k, quality)
    division = divide_clusters(points, clustering, seed=settings.seed, n_threads=threads)
    _, distances = nearest_centroids(points, clustering.centroids, n_threads=threads)
    roles = song_roles(points, clustering.centroids, clustering.labels, distances, n_threads=threads)
    return {
        "plain_run": shown_run(points, clustering.k, settings=settings),
        "distances": distances,
        "evidence": evidence,
        "quality": quality,
        "verdict": with_playlists(verdict_for(clustering.k, evidence), division.sizes),
        "division": division,
        "roles": roles,
        "exemplars": _exemplars(view, points, roles),
        "silhouette_sample": sample_silhouettes(points, clustering, settings=settings),
    }


def _evidence(view: View, points: NDArray[np.float32], settings: AtlasSettings) -> pl.DataFrame:
    """The evidence of the build, with its row for this k; of this k alone where the space is another."""
    if _only_k(view) and view.k in view.base.evidence["k"]:
        return view.base.evidence
    genres = None if "tags" in view.choice.weights else view.base.genre_of_songs["genre"]
    own = gather_evidence(points, [view.clustering], settings=settings, tell=silent, genres=genres)
    if not _only_k(view):
        return own
    return pl.concat([view.base.evidence, own.cast(view.base.evidence.schema)]).sort("k")


def _exemplars(view: View, points: NDArray[np.float32], roles: Roles) -> tuple[tuple[str, ...], ...]:
    """Songs that show each cluster, at most one of an artist."""
    songs = view.base.songs
    artists = artist_numbers(artists_of(songs), songs.height)
    shown = exemplars(points, view.labels, roles, k=view.k, groups=artists)
    return tuple(tuple(songs["song_id"].gather(rows)) for rows in shown)


def _genre_parts(view: View, points: NDArray[np.float32], settings: AtlasSettings) -> dict[str, Any]:
    """The parts of the atlas that tell of genres."""
    base, told = view.base, view.base.genre_of_songs
    if not settings.takes_genres:
        genre = None if base.genre is None else _scored(view, points, settings)
        counts = genre_table(view.labels, told["genre"])
        return {"genre": genre, "genre_counts": counts, "beliefs": None}
    known = learned_genres(base)
    judged = judge_by_genre(known, base.songs, points, view.clustering, space=view.space, settings=settings)
    if not _only_k(view):
        told = genre_columns(known, base.songs.height)
    return {
        "genre": judged,
        "genre_counts": genre_table(view.labels, told["genre"]),
        "genre_of_songs": told,
        "genre_sharpness": 1.0 if known.beliefs is None else known.beliefs.sharpness,
        "beliefs": all_beliefs(known),
    }


def _scored(view: View, points: NDArray[np.float32], settings: AtlasSettings) -> dict[str, Any]:
    """The scorecard of clusters without genres in them; the ceiling, which no clusters enter, is kept."""
    base = view.base
    before = dict(base.genre or {})
    labels = judged_labels(points, view.clustering, songs=base.songs, space=view.space, settings=settings)
    artists = artist_numbers(artists_of(base.songs), base.songs.height)
    score = score_genres(labels, base.genre_of_songs["genre"], artists=artists, seed=settings.seed)
    kept = {name: value for name, value in before.items() if name.startswith("ceiling_")}
    ceilings = {each["genre"]: each for each in before["per_genre"]}
    for each in score["per_genre"]:
        each |= {
            name: value for name, value in ceilings[each["genre"]].items() if name.startswith("ceiling_")
        }
    if before["ceiling_ami"] is not None:
        score["sentences"] = [*score["sentences"][:-1], before["sentences"][-1]]
    hidden = HIDDEN_TAGS if "tags" in view.choice.weights else NO_PART
    return {**before, **score, **kept, "labels_hidden": hidden}
