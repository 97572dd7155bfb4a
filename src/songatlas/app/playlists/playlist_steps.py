"""What happens between each song of a playlist and the next, in words, and which steps are the roughest.

Distances say little to a person. They are told beside those of pairs of songs that chance draws from the
catalogue: a step is far where it is as long as the usual one of these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from songatlas.atlas import Atlas
from songatlas.atlas.playlist import Playlist
from songatlas.atlas.taste import taste_of

ALIKE: Final = ((0.35, "very alike"), (0.65, "alike"), (1.0, "rather different"))
"""Shares of the usual distance up to which two songs are called so; beyond, "very different"."""

TEMPO_JUMP, ENERGY_JUMP = 25.0, 0.35
"""Change of tempo in percent, and step of energy from 0 to 1, that anybody hears."""

_FLAGGED: Final = 4  # one step of so many is flagged at most
_N_PAIRS: Final = 4000
_ORDERS: Final = {
    "smooth": "each near the one before",
    "energy-up": "with rising energy",
    "energy-down": "with falling energy",
    "energy-arc": "with energy that rises and falls",
    "tempo": "from slow to fast",
    "key": "ordered by key",
    "path": "in even steps from the first to the last",
}
_AT: Final = {"double time": 2.0, "half time": 0.5}
_TEMPO: Final = "jump of tempo"
_SEVERAL: Final = 3  # flagged steps from which a remedy is told


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step: a line of words, what is much about it, and how rough it is beside the others (1 is much)."""

    words: str
    flag: str
    roughness: float


def usual_distance(atlas: Atlas) -> float:
    """Return the median distance of two songs of an atlas in the space of listening; kept with the atlas."""

    def measured() -> float:
        points = taste_of(atlas).listening
        first, second = np.random.default_rng(0).integers(len(points), size=(2, _N_PAIRS))
        apart = np.square(points[first].astype(np.float64) - points[second]).sum(axis=1)
        return float(np.sqrt(np.median(apart[first != second]))) if (first != second).any() else 0.0

    return atlas.kept.get("usual distance", None, measured)


def told_steps(playlist: Playlist, *, usual: float) -> tuple[Step, ...]:
    """Return the steps of a playlist in words, the roughest flagged.

    Parameters
    ----------
    playlist : Playlist
    usual : float
        What `usual_distance` gives.

    Returns
    -------
    tuple of Step, n - 1
        A quarter of the steps is flagged at most, and none that is not much in anything.
    """
    energies = playlist.songs["energy"].to_list() if "energy" in playlist.songs.columns else None
    steps, by_key = [], playlist.summary["order"] == "key"
    for place, row in enumerate(playlist.transitions.iter_rows(named=True)):
        energy = None if energies is None else (energies[place], energies[place + 1])
        far = _ratio(row["distance"], usual)
        words = [_tempo(row), _keys(row, by_key=by_key), _energy(energy), likeness_word(far)]
        much, roughness = _much(row, far, by_key=by_key)
        steps.append(Step(words=" · ".join(filter(None, words)), flag=much, roughness=roughness))
    limit = _most_flagged(steps)
    return tuple(
        Step(words=each.words, flag=each.flag if each.roughness >= limit else "", roughness=each.roughness)
        for each in steps
    )


def told_summary(playlist: Playlist, *, usual: float) -> str:
    """Return length, order and steps of a playlist in two sentences of Markdown."""
    summary = playlist.summary
    n, minutes = summary["n_songs"], round(summary["minutes"])
    added = f", {summary['n_added']} of them added" if not playlist.songs["added"].all() else ""
    order = _ORDERS.get(summary["order"], "in your own order")
    whole = f"{n} song{'s' * (n != 1)}{added}, {minutes} minute{'s' * (minutes != 1)}, {order}."
    said = []
    if summary["median_tempo_change_percent"] is not None:
        middle, most = summary["median_tempo_change_percent"], summary["largest_tempo_change_percent"]
        said.append(f"tempo changes by {middle:.0f}% (at most {most:.0f}%)")
    if summary["mean_energy_step"] is not None:
        mean, most = 100 * summary["mean_energy_step"], 100 * summary["largest_energy_step"]
        said.append(f"energy by {mean:.0f} points of 100 (at most {most:.0f})")
    if summary["n_known_keys"] and summary["order"] == "key":
        fits = round(summary["harmonic_share"] * summary["n_known_keys"])
        said.append(f"keys fit in {fits} of {summary['n_known_keys']} steps")
    if summary["mean_distance"] is not None:
        said.append(f"neighbours are mostly {likeness_word(_ratio(summary['mean_distance'], usual))}")
    return f"{whole} From song to song {'; '.join(said)}." if said and n > 1 else whole


def told_remedy(playlist: Playlist, steps: Sequence[Step]) -> str:
    """Return what would help a smooth playlist whose tempo jumps in several steps; empty where in few."""
    n_jumps = sum(_TEMPO in each.flag for each in steps)
    if n_jumps < _SEVERAL or playlist.summary["order"] != "smooth":
        return ""
    return (
        f"The tempo jumps in {n_jumps} steps. What would help: more songs to choose from, a narrower tempo "
        "under “Only some songs”, or the order “slow to fast”."
    )


def likeness_word(far: float | None) -> str:
    """Return how alike two songs are, by their distance as a share of the usual one.

    Examples
    --------
    >>> likeness_word(0.2), likeness_word(1.4), likeness_word(None)
    ('very alike', 'very different', '')
    """
    if far is None:
        return ""
    return next((word for most, word in ALIKE if far < most), "very different")


def step_table(playlist: Playlist, steps: Sequence[Step]) -> pl.DataFrame:
    """Return all steps as a table for people: columns in words, numbers in their units."""
    names = [name or song_id for name, song_id in zip(*_names(playlist), strict=True)]
    table = playlist.transitions
    return pl.DataFrame(
        {
            "Step": [f"{place} → {place + 1}" for place in table["place"]],
            "From": names[:-1],
            "To": names[1:],
            "Much": [each.flag for each in steps],
            "Tempo (BPM)": [_pair(row, "tempo_from", "tempo_to", "{:.0f}") for row in table.to_dicts()],
            "Tempo change (%)": table["tempo_change_percent"].round(0),
            "Keys": [_pair(row, "key_from", "key_to", "{}") for row in table.to_dicts()],
            "Keys fit": [{True: "yes", False: "no"}.get(each, "") for each in table["harmonic"]],
            "Energy change (points)": (table["energy_step"] * 100).round(0),
            "Distance": table["distance"].round(2),
        },
        schema_overrides={"From": pl.String, "To": pl.String, "Much": pl.String},
        strict=False,
    )


def _names(playlist: Playlist) -> tuple[list[str | None], list[str]]:
    songs = playlist.songs
    titles = songs["title"].to_list() if "title" in songs.columns else [None] * songs.height
    return titles, [str(each) for each in songs["song_id"]]


def _pair(row: Mapping[str, Any], first: str, second: str, form: str) -> str:
    """Two values with an arrow between them; empty where one is not known."""
    if row[first] is None or row[second] is None:
        return ""
    return f"{form.format(row[first])} → {form.format(row[second])}"


def _ratio(distance: float | None, usual: float) -> float | None:
    return None if distance is None or not np.isfinite(distance) or usual <= 0 else distance / usual


def _tempo(row: Mapping[str, Any]) -> str:
    pair = _pair(row, "tempo_from", "tempo_to", "{:.0f}")
    if not pair or row["tempo_change_percent"] is None:
        return ""
    percent = round(row["tempo_change_percent"])
    change = f"{percent:+d}%" if percent else "same tempo"
    if row["tempo_at"] in _AT:
        felt = f"{row['tempo_from'] * _AT[row['tempo_at']]:.0f} → {row['tempo_to']:.0f}"
        return f"{pair} BPM (felt at {row['tempo_at']}: {felt}, {change})"
    return f"{pair} BPM ({change})"


def _keys(row: Mapping[str, Any], *, by_key: bool) -> str:
    """Both keys; that they clash is told only where the order is to avoid it."""
    pair = _pair(row, "key_from", "key_to", "{}")
    verdict = " (keys fit)" if row["harmonic"] else " (keys clash)" if by_key else ""
    return f"{pair}{verdict}" if pair else ""


def _energy(pair: tuple[float | None, float | None] | None) -> str:
    if pair is None or pair[0] is None or pair[1] is None:
        return ""
    return f"energy {100 * pair[0]:.0f}% → {100 * pair[1]:.0f}%"


def _much(row: Mapping[str, Any], far: float | None, *, by_key: bool) -> tuple[str, float]:
    """What is much about a step, and how rough it is: 1 is much of one thing."""
    sizes = {
        "very different songs": far or 0.0,
        _TEMPO: abs(row["tempo_change_percent"] or 0.0) / TEMPO_JUMP,
        "jump of energy": abs(row["energy_step"] or 0.0) / ENERGY_JUMP,
        "keys clash": 1.0 if by_key and row["harmonic"] is False else 0.0,
    }
    much = [words for words, size in sizes.items() if size >= 1]
    return ", ".join(much), max(sizes.values())


def _most_flagged(steps: Sequence[Step]) -> float:
    """Roughness from which a step is flagged."""
    rough = sorted((each.roughness for each in steps if each.flag), reverse=True)
    most = max(1, len(steps) // _FLAGGED)
    return rough[min(most, len(rough)) - 1] if rough else np.inf
