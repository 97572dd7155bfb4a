"""Which songs are left out and why, and which features can be used for the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import MissingColumns, TooFewSongs
from songatlas.songs import triage
from songatlas.songs.mending import MOST
from songatlas.songs.merged_songs import MergedSongs
from songatlas.songs.rules import RULES, counted
from songatlas.songs.versions import name_sums

EMPTY_SHARE = 0.5
"""A feature that more of the songs lack is not used."""

REASONS = (None, *RULES)
"""What a number in `Verdicts.reasons` stands for."""


_FROM_FEATURES = ("impossible_values", "missing_features")
_OF_ALL_COLUMNS = ("blank_row", "no_sound")  # which ask whether a row tells anything, be it distrusted


@dataclass(frozen=True)
class Findings:
    """What the rules found in every song, whatever the features.

    Attributes
    ----------
    applies : mapping of str to ndarray of bool, shape (n_songs,)
        For each rule that leaves songs out and looks at a song alone, those it would leave out.
    presence : DataFrame, n_songs rows
        One Boolean column for every feature that was asked for: true where the song has it, else null.
    name_sums : ndarray of uint64, shape (n_songs,)
        As `versions.name_sums` gives them; 0 for all where versions are not to be marked.
    """

    applies: Mapping[str, NDArray[np.bool_]]
    presence: pl.DataFrame
    name_sums: NDArray[np.uint64]


@dataclass(frozen=True)
class Verdicts:
    """What the rules say of every song.

    Attributes
    ----------
    reasons : ndarray of uint8, shape (n_songs,)
        Place in REASONS of the reason a song is left out for; 0 for a song that is kept.
    idle : mapping of str to ndarray of bool
        For rules that switched themselves off, the songs they would have left out.
    features : tuple of str
        Features that can be used.
    dropped : mapping of str to str
        Features that cannot, and why.
    """

    reasons: NDArray[np.uint8]
    idle: Mapping[str, NDArray[np.bool_]]
    features: tuple[str, ...]
    dropped: Mapping[str, str]

    @property
    def kept(self) -> NDArray[np.bool_]:
        """True for songs that are kept."""
        return np.equal(self.reasons, 0)


def examine(songs: MergedSongs, features: Sequence[str], off: Collection[str]) -> Findings:
    """Ask the rules that look at a song alone about all songs, a part of them at a time."""
    asked = {
        reason: rule
        for reason, rule in RULES.items()
        if rule.action == "excluded" and reason not in (*_FROM_FEATURES, *off)
    }
    has = [pl.when(pl.col(name).is_not_null()).then(True).alias(name) for name in dict.fromkeys(features)]
    found: dict[str, list[pl.Series]] = {reason: [] for reason in asked}
    present, sums = [], []
    for part in songs.parts():
        complete = triage.completed(part, distrusted=songs.mending.distrusted)
        for reason, rule in asked.items():
            found[reason].append(rule.function(part if reason in _OF_ALL_COLUMNS else complete, features))
        present.append(part.select(has))
        sums.append(np.zeros(part.height, dtype=np.uint64) if "versions" in off else name_sums(part))
    return Findings(
        applies={reason: pl.concat(answers).to_numpy()[songs.places] for reason, answers in found.items()},
        presence=pl.concat(present, rechunk=True)[songs.places],
        name_sums=np.concatenate(sums)[songs.places],
    )


def settle(
    songs: MergedSongs, findings: Findings, features: Sequence[str], off: Collection[str], *, fixed: bool
) -> Verdicts:
    """Decide on every song, and on the features to use.

    What is left out depends on the features, and which features differ on what is left.

    Parameters
    ----------
    songs, findings : MergedSongs, Findings
        The songs, and what was found of them.
    features : sequence of str
        Features that were asked for.
    off : collection of str
        Reasons of the rules that a person switched off.
    fixed : bool
        Whether the features are used as they are given, and no rule switches itself off.

    Raises
    ------
    MissingColumns
        If fewer than two features differ between the songs.
    TooFewSongs
        If fewer than two songs are left.
    """
    if fixed:
        reasons, idle = _reasons(songs, findings, features, off, strict=True)
        return Verdicts(reasons, idle, tuple(features), {})
    of_all = findings.presence.select(pl.any_horizontal(pl.all()).fill_null(value=False))
    used, dropped = _useful(songs, findings, of_all.to_series().to_numpy(), tuple(features), {})
    while True:
        reasons, idle = _reasons(songs, findings, used, off, strict=False)
        _check_enough(reasons)
        still, dropped = _useful(songs, findings, reasons == 0, used, dropped)
        if still == used:
            return Verdicts(reasons, idle, used, dropped)
        used = still


def _useful(
    songs: MergedSongs,
    findings: Findings,
    counted_in: NDArray[np.bool_],
    features: tuple[str, ...],
    dropped: Mapping[str, str],
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Drop features that are empty in most songs or alike in all, of those that are counted in."""
    why = dict(dropped)
    n_songs = int(counted_in.sum())
    if n_songs < 2:
        return features, why
    present = findings.presence.filter(pl.Series(counted_in))
    seen = songs.seen(counted_in)
    for column in features:
        lacking = present[column].null_count() / n_songs
        if lacking > EMPTY_SHARE:
            why[column] = f"empty in {_percent(lacking)} of the songs"
        elif not _differs(songs, column, seen):
            why[column] = "the same in every song"
    used = tuple(column for column in features if column not in why)
    if len(used) < 2:
        reasons = "; ".join(f"{column}: {reason}" for column, reason in why.items())
        raise MissingColumns(
            f"{counted(len(used), 'feature')} can be used, and clusters need at least 2 that differ "
            f"between songs ({reasons or 'no more were asked for'}): name more with --features"
        )
    return used, why


def _differs(songs: MergedSongs, column: str, seen: NDArray[np.bool_]) -> bool:
    """Whether the column has two values among the rows that are seen."""
    low, high, start = np.inf, -np.inf, 0
    for part in songs.parts([column]):
        values = part[column].filter(pl.Series(seen[start : start + part.height])).drop_nulls()
        start += part.height
        if len(values):
            low, high = min(low, float(values.min())), max(high, float(values.max()))  # type: ignore[arg-type]
        if low < high:
            return True
    return False


def _percent(share: float) -> str:
    """A share that does not round to all or nothing."""
    return "100%" if share == 1 else f"{min(max(share, 0.001), 0.999):.1%}".replace(".0%", "%")


def _reasons(
    songs: MergedSongs, findings: Findings, features: Sequence[str], off: Collection[str], *, strict: bool
) -> tuple[NDArray[np.uint8], dict[str, NDArray[np.bool_]]]:
    """The first rule that leaves each song out, and what the rules that switched themselves off would do."""
    damaged = songs.damaged()
    facts = {
        "blank_row": findings.applies["blank_row"] & ~damaged,
        "impossible_values": damaged,
        "no_sound": findings.applies["no_sound"],
        "missing_features": RULES["missing_features"].function(findings.presence, features).to_numpy(),
    }
    reasons = np.zeros(songs.n_songs, dtype=np.uint8)
    for reason, applies in facts.items():
        reasons[applies & (reasons == 0)] = REASONS.index(reason)
    most = MOST * (reasons == 0).sum()
    idle: dict[str, NDArray[np.bool_]] = {}
    for reason, found in findings.applies.items():
        if reason in facts:
            continue
        applies = found & (reasons == 0)
        if applies.sum() > most and not strict:
            idle[reason] = applies
        else:
            reasons[applies] = REASONS.index(reason)
    return reasons, idle


def _check_enough(reasons: NDArray[np.uint8]) -> None:
    """Refuse a table that leaves nothing to compare."""
    n_kept, *n_out = np.bincount(reasons, minlength=len(REASONS)).tolist()
    if n_kept >= 2:
        return
    counts = sorted(zip(RULES, n_out, strict=True), key=lambda reason: -reason[1])
    why = ", ".join(f"{count:,} {reason}" for reason, count in counts if count)
    raise TooFewSongs(
        f"{counted(n_kept, 'song')} left to cluster, and at least 2 are needed"
        + (f" (left out: {why}; rules can be switched off with --keep)" if why else "")
    )
