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
    from songatlas.profiles import Profile

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
        playlist-sized clusters inside), `tags`, `heard` and `era`.
    """
    songs = songs_told(atlas.songs, [song for exemplars in atlas.exemplars for song in exemplars])
    reasons = _first_reasons(atlas)
    roles = role_counts(atlas.roles, atlas.clustering.labels, atlas.k).to_dicts()
    return [
        card_of(
            profile,
            colour=atlas.colour_of(profile.cluster),
            songs=[songs[song] for song in atlas.exemplars[profile.cluster] if song in songs],
            roles=roles[profile.cluster],
        )
        | {"why": reasons.get(profile.cluster), "parts": subclusters_of(atlas, profile.cluster)}
        for profile in atlas.profiles
    ]


def card_of(
    profile: Profile, *, colour: str, songs: Sequence[Mapping[str, Any]], roles: Mapping[str, int]
) -> dict[str, Any]:
    """Return the card of one cluster, but for why its songs are there and for the parts inside.

    Parameters
    ----------
    profile : Profile
    colour : str
        As ``#rrggbb``.
    songs : sequence of mapping
        Songs that show the cluster, as `songs_told` gives them.
    roles : mapping of str to int
        How many songs of it play each part, and `n_songs` in all.
    """
    return {
        "number": profile.cluster,
        "name": brief(profile.name),
        "colour": colour,
        "ink": ink_on(colour),
        "size": profile.size,
        "share": float(profile.share),
        "evidence": sentence(brief(profile.evidence, longest=400)),
        "contrasts": _contrasts(profile.percentiles, profile.means),
        "songs": list(songs),
        "roles": _roles(roles),
        "tags": [{"tag": brief(tag, longest=40), "share": float(share)} for tag, share in profile.top_tags],
        "heard": [{"tag": brief(word, longest=40), "share": float(share)} for word, share in profile.heard],
        "era": _era(profile),
    }


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


def _era(profile: Profile) -> dict[str, str] | None:
    """The years that most songs of a cluster came out in, and the one in their middle."""
    if profile.year_median is None:
        return None
    low, middle, high = profile.year_low, profile.year_median, profile.year_high
    if low is None or high is None or round(low) == round(high):
        return {"years": f"{middle:.0f}", "middle": f"{middle:.0f}"}
    return {"years": f"{low:.0f}–{high:.0f}", "middle": f"{middle:.0f}"}


def songs_told(songs: pl.DataFrame, song_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return title, artist and year of the songs asked for, by their ids."""
    columns = [name for name in ("song_id", "title", "artist", "year") if name in songs.columns]
    wanted = songs.select(columns).filter(pl.col("song_id").is_in(list(song_ids)))
    return {
        row["song_id"]: {
            "title": brief(row.get("title") or row["song_id"]),
            "artist": brief(row.get("artist"), longest=80),
            "year": f"{row['year']:.0f}" if row.get("year") else "",
        }
        for row in wanted.iter_rows(named=True)
    }
