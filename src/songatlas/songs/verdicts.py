"""Which songs are left out and why, and which features can be used for the others.

What is decided about all songs is told apart from what follows for each: `decide` asks a `Census` for a few
numbers about all songs, be they counted here (`WholeTable`) or added up from parts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import MissingColumns, TooFewSongs
from songatlas.songs import triage
from songatlas.songs.mending import MOST
from songatlas.songs.merged_songs import MergedSongs
from songatlas.songs.policy import Stage
from songatlas.songs.rules import RULES, counted
from songatlas.songs.versions import name_sums

EMPTY_SHARE = 0.5
"""A feature that more of the songs lack is not used."""

REASONS = (None, *RULES)
"""What a number in `Verdicts.reasons` stands for."""

FACTS: Final = ("blank_row", "impossible_values", "no_sound", "missing_features")
"""Rules that leave a song out whatever the others are like, the first first."""
CHOICES: Final = tuple(
    reason for reason, rule in RULES.items() if rule.action == "excluded" and reason not in FACTS
)
"""Rules after them, which switch themselves off where they would leave out more than half of the rest."""
N_COMBINATIONS: Final = 2 ** len(CHOICES)


@dataclass(frozen=True)
class Findings:
    """What the rules found in every song, whatever the features.

    Attributes
    ----------
    is_blank, is_silent : ndarray of bool, shape (n_songs,)
        Songs that the rules blank_row and no_sound apply to.
    choices : ndarray of uint8, shape (n_songs,)
        Bit i is set where rule i of CHOICES applies.
    presence : DataFrame, n_songs rows
        One Boolean column for every feature that was asked for: true where the song has it, else null.
    name_sums : ndarray of uint64, shape (n_songs,)
        As `versions.name_sums` gives them; 0 for all where versions are not to be marked.
    """

    is_blank: NDArray[np.bool_]
    is_silent: NDArray[np.bool_]
    choices: NDArray[np.uint8]
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
        For rules of CHOICES that switched themselves off, the songs they would have left out.
    """

    reasons: NDArray[np.uint8]
    idle: Mapping[str, NDArray[np.bool_]]

    @property
    def kept(self) -> NDArray[np.bool_]:
        """True for songs that are kept."""
        return np.equal(self.reasons, 0)


@dataclass(frozen=True)
class LeftOut:
    """How many songs the rules apply to.

    Attributes
    ----------
    by_fact : ndarray of int64, shape (len(FACTS),)
        Songs that each of FACTS leaves out.
    by_choice : ndarray of int64, shape (N_COMBINATIONS,)
        All other songs, by the rules of CHOICES that apply to them, bit by bit.
    """

    by_fact: NDArray[np.int64]
    by_choice: NDArray[np.int64]


class Seen(Protocol):
    """Some of the songs, as far as it matters for the features."""

    @property
    def n_songs(self) -> int:
        """Number of these songs."""
        ...

    def n_lacking(self, column: str) -> int:
        """Return how many of them lack a feature."""
        ...

    def differs(self, column: str) -> bool:
        """Return whether two of them differ in a feature."""
        ...


class Census(Protocol):
    """What must be known of all songs to decide about them."""

    def known(self) -> Seen:
        """Return the songs of which any feature is known."""
        ...

    def left_out(self, features: tuple[str, ...]) -> LeftOut:
        """Return how many songs are left out with these features in use."""
        ...

    def kept(self, stage: Stage) -> Seen:
        """Return the songs that are kept at a stage."""
        ...


@dataclass(frozen=True)
class Decided:
    """What is decided for all songs.

    Attributes
    ----------
    stages : tuple of Stage
        As in `CleaningPolicy`.
    dropped : mapping of str to str
        Features that cannot be used, and why.
    refusal : MissingColumns or TooFewSongs or None
        Why the table cannot be used at all.
    """

    stages: tuple[Stage, ...]
    dropped: Mapping[str, str]
    refusal: MissingColumns | TooFewSongs | None = None


def examine(songs: MergedSongs, features: Sequence[str], off: Collection[str]) -> Findings:
    """Ask the rules that look at a song alone about all songs, a part of them at a time."""
    has = [pl.when(pl.col(name).is_not_null()).then(True).alias(name) for name in dict.fromkeys(features)]
    is_blank, is_silent, choices, present, sums = [], [], [], [], []
    for part in songs.parts():
        complete = triage.completed(part, distrusted=songs.mending.distrusted)
        is_blank.append(triage.blank_row(part, features).to_numpy())
        is_silent.append(triage.no_sound(part, features).to_numpy())
        choices.append(_choices(complete, features, off))
        present.append(part.select(has))
        sums.append(np.zeros(part.height, dtype=np.uint64) if "versions" in off else name_sums(part))
    return Findings(
        is_blank=np.concatenate(is_blank)[songs.places],
        is_silent=np.concatenate(is_silent)[songs.places],
        choices=np.concatenate(choices)[songs.places],
        presence=pl.concat(present, rechunk=True)[songs.places],
        name_sums=np.concatenate(sums)[songs.places],
    )


def _choices(complete: pl.DataFrame, features: Sequence[str], off: Collection[str]) -> NDArray[np.uint8]:
    """Which rules of CHOICES, but for those that are off, apply to each row, bit by bit."""
    choices = np.zeros(complete.height, dtype=np.uint8)
    for bit, reason in enumerate(CHOICES):
        if reason not in off:
            applies = RULES[reason].function(complete, features).to_numpy()
            choices |= applies.astype(np.uint8) << np.uint8(bit)
    return choices


def decide(census: Census, asked: tuple[str, ...]) -> Decided:
    """Decide which features to use, and which rules to switch off.

    What is left out depends on the features, and which features differ on what is left.
    """
    stages: list[Stage] = []
    used, dropped, refusal = _useful(census.known(), asked, {})
    while refusal is None:
        left_out = census.left_out(used)
        stages.append(Stage(used, idle_rules(left_out)))
        too_few = _too_few(left_out, stages[-1])
        if too_few is not None:
            return Decided(tuple(stages), dropped, too_few)
        still, dropped, refusal = _useful(census.kept(stages[-1]), used, dropped)
        if still == used:
            break
        used = still
    return Decided(tuple(stages) or (Stage(asked),), dropped, refusal)


def idle_rules(left_out: LeftOut) -> tuple[str, ...]:
    """Return the rules of CHOICES that would leave out more than half of what the facts leave."""
    most = MOST * left_out.by_choice.sum()
    combinations = np.arange(N_COMBINATIONS)
    left = np.ones(N_COMBINATIONS, dtype=np.bool_)
    idle = []
    for bit, reason in enumerate(CHOICES):
        applies = left & (combinations >> bit & 1 > 0)
        if left_out.by_choice[applies].sum() > most:
            idle.append(reason)
        else:
            left &= ~applies
    return tuple(idle)


def _judged(facts: NDArray[np.uint8], choices: NDArray[np.uint8], idle: Collection[str]) -> Verdicts:
    """What becomes of every song, by its `_reasons_of_fact` and the rules of CHOICES that apply to it."""
    passed = facts == 0
    reasons = np.where(passed, _reasons_of_choice(idle)[choices], facts)
    would: dict[str, NDArray[np.bool_]] = {}
    for bit, reason in enumerate(CHOICES):
        if reason in idle:
            earlier = (reasons > 0) & (reasons < REASONS.index(reason))
            would[reason] = passed & ~earlier & (choices >> np.uint8(bit) & 1 > 0)
    return Verdicts(reasons, would)


def _reasons_of_fact(songs: MergedSongs, findings: Findings, features: tuple[str, ...]) -> NDArray[np.uint8]:
    """For every song the place in REASONS of the fact that leaves it out; 0 if there is none."""
    damaged = songs.damaged()
    applies = (
        findings.is_blank & ~damaged,
        damaged,
        findings.is_silent,
        triage.missing_features(findings.presence, features).to_numpy(),
    )
    reasons = np.zeros(songs.n_songs, dtype=np.uint8)
    for reason, found in zip(FACTS, applies, strict=True):
        reasons[found & (reasons == 0)] = REASONS.index(reason)
    return reasons


def _reasons_of_choice(idle: Collection[str]) -> NDArray[np.uint8]:
    """For each combination of CHOICES the place in REASONS of the first rule that is not idle, or 0."""
    combinations = np.arange(N_COMBINATIONS)
    reasons = np.zeros(N_COMBINATIONS, dtype=np.uint8)
    for bit, reason in enumerate(CHOICES):
        if reason not in idle:
            reasons[(combinations >> bit & 1 > 0) & (reasons == 0)] = REASONS.index(reason)
    return reasons


class WholeTable:
    """The census of songs that are at hand.

    Parameters
    ----------
    songs : MergedSongs
        The songs.
    findings : Findings
        What was found of them.
    """

    def __init__(self, songs: MergedSongs, findings: Findings) -> None:
        self.songs, self.findings = songs, findings
        self._facts: tuple[tuple[str, ...], NDArray[np.uint8]] | None = None
        self._verdicts: tuple[Stage, Verdicts] | None = None

    def known(self) -> SeenHere:
        """Return the songs of which any feature is known."""
        any_known = self.findings.presence.select(pl.any_horizontal(pl.all()).fill_null(value=False))
        return self._seen(any_known.to_series().to_numpy())

    def left_out(self, features: tuple[str, ...]) -> LeftOut:
        """Return how many songs are left out with these features in use."""
        facts = self._reasons_of_fact(features)
        by_reason = np.bincount(facts, minlength=len(REASONS))
        return LeftOut(
            by_fact=by_reason[[REASONS.index(reason) for reason in FACTS]],
            by_choice=np.bincount(self.findings.choices[facts == 0], minlength=N_COMBINATIONS),
        )

    def kept(self, stage: Stage) -> SeenHere:
        """Return the songs that are kept at a stage."""
        return self._seen(self.verdicts(stage).kept)

    def verdicts(self, stage: Stage) -> Verdicts:
        """Return what the rules say of every song at a stage."""
        if self._verdicts is None or self._verdicts[0] != stage:
            facts = self._reasons_of_fact(stage.features)
            self._verdicts = (stage, _judged(facts, self.findings.choices, stage.idle))
        return self._verdicts[1]

    def _reasons_of_fact(self, features: tuple[str, ...]) -> NDArray[np.uint8]:
        if self._facts is None or self._facts[0] != features:
            self._facts = (features, _reasons_of_fact(self.songs, self.findings, features))
        return self._facts[1]

    def _seen(self, counted_in: NDArray[np.bool_]) -> SeenHere:
        return SeenHere(self.songs, self.findings.presence, counted_in)


class SeenHere:
    """Some of the songs at hand.

    Parameters
    ----------
    songs : MergedSongs
        All of them.
    presence : DataFrame
        As in `Findings`.
    counted_in : ndarray of bool, shape (n_songs,)
        Those that are seen.
    """

    def __init__(self, songs: MergedSongs, presence: pl.DataFrame, counted_in: NDArray[np.bool_]) -> None:
        self._songs = songs
        self._present = presence.filter(pl.Series(counted_in))
        self._seen = songs.seen(counted_in)

    @property
    def n_songs(self) -> int:
        """Number of these songs."""
        return self._present.height

    def n_lacking(self, column: str) -> int:
        """Return how many of them lack a feature."""
        return self._present[column].null_count()

    def differs(self, column: str) -> bool:
        """Return whether two of them differ in a feature."""
        low, high = np.inf, -np.inf
        for part in self._parts([column]):
            values = part[column].drop_nulls()
            if len(values):
                low, high = min(low, float(values.min())), max(high, float(values.max()))  # type: ignore[arg-type]
            if low < high:
                return True
        return False

    def extremes(self, columns: Sequence[str]) -> pl.DataFrame:
        """Return the lowest and the highest value of each `column`, as `low` and `high`; null for none."""
        found = [
            part.select(pl.col(columns).min()).vstack(part.select(pl.col(columns).max()))
            for part in self._parts(columns)
        ]
        every = pl.concat(found)
        ends = every.select(pl.col(columns).min()), every.select(pl.col(columns).max())
        schema = {"column": pl.String, "low": pl.Float64, "high": pl.Float64}
        return pl.DataFrame([list(columns), *(end.row(0) for end in ends)], schema=schema, strict=False)

    def _parts(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Some of these songs at a time, mended."""
        start = 0
        for part in self._songs.parts(columns):
            yield part.filter(pl.Series(self._seen[start : start + part.height]))
            start += part.height


def _useful(
    seen: Seen, features: tuple[str, ...], dropped: Mapping[str, str]
) -> tuple[tuple[str, ...], dict[str, str], MissingColumns | None]:
    """Drop features that are empty in most songs or alike in all, of those that are seen."""
    why = dict(dropped)
    if seen.n_songs < 2:
        return features, why, None
    for column in features:
        lacking = seen.n_lacking(column) / seen.n_songs
        if lacking > EMPTY_SHARE:
            why[column] = f"empty in {_percent(lacking)} of the songs"
        elif not seen.differs(column):
            why[column] = "the same in every song"
    used = tuple(column for column in features if column not in why)
    if len(used) >= 2:
        return used, why, None
    reasons = "; ".join(f"{column}: {reason}" for column, reason in why.items())
    refusal = MissingColumns(
        f"{counted(len(used), 'feature')} can be used, and clusters need at least 2 that differ "
        f"between songs ({reasons or 'no more were asked for'}): name more with --features"
    )
    return used, why, refusal


def _percent(share: float) -> str:
    """A share that does not round to all or nothing."""
    return "100%" if share == 1 else f"{min(max(share, 0.001), 0.999):.1%}".replace(".0%", "%")


def _too_few(left_out: LeftOut, stage: Stage) -> TooFewSongs | None:
    """Refuse a table that leaves nothing to compare."""
    each = np.zeros(len(REASONS), dtype=np.int64)
    each[[REASONS.index(reason) for reason in FACTS]] = left_out.by_fact
    np.add.at(each, _reasons_of_choice(stage.idle), left_out.by_choice)
    n_kept, *n_out = each.tolist()
    if n_kept >= 2:
        return None
    counts = sorted(zip(RULES, n_out, strict=True), key=lambda reason: -reason[1])
    why = ", ".join(f"{count:,} {reason}" for reason, count in counts if count)
    return TooFewSongs(
        f"{counted(n_kept, 'song')} left to cluster, and at least 2 are needed"
        + (f" (left out: {why}; rules can be switched off with --keep)" if why else "")
    )
