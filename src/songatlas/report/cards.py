"""The card of each cluster: what it sounds like, the songs that show it, and how its songs lie in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from songatlas.atlas.why import Explanation, explain_rows
from songatlas.colours import ink_on
from songatlas.features import amount
from songatlas.noticing import SPEECH_FROM, is_noticeable
from songatlas.profiles.evidence import ALL_DATED
from songatlas.profiles.words import COMPARATIVES
from songatlas.report.draw import feature_label
from songatlas.report.record import subclusters_of
from songatlas.report.sampled import sizes_in_sample
from songatlas.report.wording import brief, estimated, feature_word, sentence
from songatlas.roles import ROLES, role_counts

if TYPE_CHECKING:
    from songatlas.atlas import Atlas
    from songatlas.profiles import Profile

_CONTRASTS = 5
_SLIGHT = 3.0
_INSTRUMENTAL = 0.45  # mean from which songs are not sung
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
    estimates = estimated(atlas.columns)
    n_held = sizes_in_sample(atlas)
    return [
        card_of(
            profile,
            n_held=int(n_held[profile.cluster]),
            colour=atlas.colour_of(profile.cluster),
            songs=[songs[song] for song in atlas.exemplars[profile.cluster] if song in songs],
            roles=roles[profile.cluster],
            estimates=estimates,
        )
        | {"why": reasons.get(profile.cluster), "parts": subclusters_of(atlas, profile.cluster)}
        for profile in atlas.profiles
    ]


def card_of(
    profile: Profile,
    *,
    colour: str,
    songs: Sequence[Mapping[str, Any]],
    roles: Mapping[str, int],
    estimates: Collection[str] = (),
    n_held: int | None = None,
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
    estimates : collection of str
        Features that are estimates, which their labels say.
    n_held : int, optional
        Songs of the cluster that its figures are of, where that is a sample.
    """
    return {
        "number": profile.cluster,
        "name": brief(profile.name),
        "colour": colour,
        "ink": ink_on(colour),
        "size": profile.size,
        "share": float(profile.share),
        "evidence": sentence(brief(profile.evidence, longest=400)),
        "contrasts": _contrasts(profile, estimates),
        "songs": list(songs),
        "roles": _roles(roles),
        "tags": [{"tag": brief(tag, longest=40), "share": float(share)} for tag, share in profile.top_tags],
        "heard": [{"tag": brief(word, longest=40), "share": float(share)} for word, share in profile.heard],
        "era": _era(profile, profile.size if n_held is None else n_held),
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


def _contrasts(profile: Profile, estimates: Collection[str]) -> list[dict[str, Any]]:
    """The features in which a cluster differs most, and so that one notices it, strongest first."""
    percentiles, means, elsewhere = profile.percentiles, profile.means, profile.elsewhere
    ranked = sorted(percentiles, key=lambda name: (-abs(percentiles[name] - 50), name))
    told = [
        name
        for name in ranked
        if abs(percentiles[name] - 50) >= _SLIGHT
        and (name not in elsewhere or is_noticeable(name, means[name], elsewhere[name]))
    ]
    return [
        {
            "label": feature_label(name, estimates=estimates),
            "percentile": float(percentiles[name]),
            "word": _word(profile, name),
            "mean": amount(name, means[name]) if name in means else "",
        }
        for name in told[:_CONTRASTS]
    ]


def _word(profile: Profile, name: str) -> str:
    """What a cluster is in a feature; "sung" only beside speech, and never of what is instrumental."""
    is_high = profile.percentiles[name] > 50
    mean = profile.means.get(name)
    is_silent = profile.means.get("instrumentalness", 0.0) >= _INSTRUMENTAL or any(
        word.casefold() == "instrumental" for word, _ in profile.heard
    )
    if name == "speechiness" and not is_high and (is_silent or not _has_speech(profile)):
        return COMPARATIVES[name][False]
    if name == "instrumentalness" and not is_high and is_silent:
        return COMPARATIVES[name][False]
    return feature_word(name, high=is_high, mean=mean)


def _has_speech(profile: Profile) -> bool:
    """Whether the songs of the other clusters are spoken to a good part; unknown of an older atlas."""
    return profile.elsewhere.get("speechiness", SPEECH_FROM) >= SPEECH_FROM


def _era(profile: Profile, n_held: int) -> dict[str, str] | None:
    """The years that most songs of a cluster came out in, the one in their middle, and whose they are."""
    middle = profile.year_median
    if middle is None:
        return None
    low, high = profile.year_low, profile.year_high
    is_span = low is not None and high is not None and round(low) != round(high)
    years = f"{low:.0f}–{high:.0f}" if is_span else f"{middle:.0f}"
    n_dated = n_held if profile.n_dated is None else profile.n_dated
    known = "" if n_dated >= ALL_DATED * n_held else f"(the {n_dated:,} songs whose year is known)"
    return {"years": years, "middle": f"{middle:.0f}", "known": known}


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
