"""The card of each cluster: what it sounds like, the songs that show it, and how its songs lie in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from songatlas.atlas.why import Explanation, explain_rows
from songatlas.features import amount
from songatlas.report.draw import feature_label
from songatlas.report.record import subclusters_of
from songatlas.report.wording import brief, feature_word, ink_on, sentence
from songatlas.roles import ROLES, role_counts

if TYPE_CHECKING:
    from songatlas.atlas import Atlas

_CONTRASTS = 5
_SLIGHT = 3.0
_ROLES_IN_WORDS = {"core": "core", "borderline": "borderline", "bridge": "bridges", "outlier": "outliers"}


def cards(atlas: Atlas) -> list[dict[str, Any]]:
    """Return what the page tells of each cluster.

    Returns
    -------
    list of dict
        One a cluster: `number`, `name`, `colour`, `ink`, `size`, `share`, `evidence`, `contrasts`, `songs`
        (its exemplars, the most typical first), `why` the first of them is there, `roles`, `parts` (the
        playlist-sized clusters inside), `tags` and `era`.
    """
    songs = _songs(atlas, [song for exemplars in atlas.exemplars for song in exemplars])
    reasons = _first_reasons(atlas)
    roles = role_counts(atlas.roles, atlas.clustering.labels, atlas.k).to_dicts()
    return [
        {
            "number": profile.cluster,
            "name": brief(profile.name),
            "colour": atlas.colour_of(profile.cluster),
            "ink": ink_on(atlas.colour_of(profile.cluster)),
            "size": profile.size,
            "share": float(profile.share),
            "evidence": sentence(brief(profile.evidence, longest=400)),
            "contrasts": _contrasts(profile.percentiles, profile.means),
            "songs": [songs[song] for song in atlas.exemplars[profile.cluster] if song in songs],
            "why": reasons.get(profile.cluster),
            "roles": _roles(roles[profile.cluster]),
            "parts": subclusters_of(atlas, profile.cluster),
            "tags": [
                {"tag": brief(tag, longest=40), "share": float(share)} for tag, share in profile.top_tags
            ],
            "era": _era(profile),
        }
        for profile in atlas.profiles
    ]


def _first_reasons(atlas: Atlas) -> dict[int, dict[str, Any]]:
    """For each cluster why its first exemplar is in it."""
    if atlas.k < 2:
        return {}
    firsts = [exemplars[0] for exemplars in atlas.exemplars if exemplars]
    rows = np.flatnonzero(atlas.songs["song_id"].is_in(firsts).to_numpy())
    return {each.cluster: _reason(each) for each in explain_rows(atlas, rows.tolist())}


def _reason(explanation: Explanation) -> dict[str, Any]:
    """Why a song is in its cluster, as the card tells it."""
    return {
        "title": brief(explanation.title or explanation.song_id),
        "runner_up": brief(explanation.runner_up_name),
        "sentences": [brief(text, longest=400) for text in explanation.sentences],
    }


def _roles(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """How many songs play each part, from the inside out; parts that none plays are left out."""
    return [
        {
            "role": role,
            "word": _ROLES_IN_WORDS[role],
            "n": counts[role],
            "share": counts[role] / counts["n_songs"],
        }
        for role in ROLES
        if counts[role]
    ]


def _contrasts(percentiles: Mapping[str, float], means: Mapping[str, float]) -> list[dict[str, Any]]:
    """The features in which a cluster differs most from the catalogue, strongest first."""
    ranked = sorted(percentiles, key=lambda name: (-abs(percentiles[name] - 50), name))
    told = [name for name in ranked if abs(percentiles[name] - 50) >= _SLIGHT][:_CONTRASTS]
    return [
        {
            "label": feature_label(name),
            "percentile": float(percentiles[name]),
            "word": feature_word(name, high=percentiles[name] > 50),
            "mean": amount(name, means[name]) if name in means else "",
        }
        for name in told
    ]


def _era(profile: Any) -> dict[str, str] | None:
    """The years that most songs of a cluster came out in, and the one in their middle."""
    if profile.year_median is None:
        return None
    low, middle, high = profile.year_low, profile.year_median, profile.year_high
    if low is None or high is None or round(low) == round(high):
        return {"years": f"{middle:.0f}", "middle": f"{middle:.0f}"}
    return {"years": f"{low:.0f}–{high:.0f}", "middle": f"{middle:.0f}"}


def _songs(atlas: Atlas, song_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Title, artist and year of the songs asked for."""
    columns = [name for name in ("song_id", "title", "artist", "year") if name in atlas.songs.columns]
    wanted = atlas.songs.select(columns).filter(pl.col("song_id").is_in(list(song_ids)))
    return {
        row["song_id"]: {
            "title": brief(row.get("title") or row["song_id"]),
            "artist": brief(row.get("artist"), longest=80),
            "year": f"{row['year']:.0f}" if row.get("year") else "",
        }
        for row in wanted.iter_rows(named=True)
    }
