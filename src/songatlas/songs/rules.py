"""The rules of cleaning: what each looks for, the word it leaves in the output, and what it says it did.

`RULES` stands at the foot. A new rule is one function (in `triage`, `duplicates` or `versions`) and one row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import polars as pl

from songatlas.errors import BadSettings, UnknownName, did_you_mean
from songatlas.songs import duplicates, triage, versions

N_EXAMPLES = 5

Action = Literal["excluded", "merged", "marked", "imputed", "switched off"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing that cleaning looks for.

    Attributes
    ----------
    reason : str
        The word that stands in the output for it.
    title : str
        What a report calls it.
    action : {"excluded", "merged", "marked", "imputed"}
        What happens to the songs (or, for "merged", to the rows) it applies to.
    function : callable
        Takes a table and the features in use, returns a Boolean Series, one value a row.
    sentence : str
        What the rule did, in the past tense, after "5 songs (7 rows)" or "No song".
    can_be_kept : bool
        Whether `keep` may switch it off.
    """

    reason: str
    title: str
    action: Action
    function: Callable[[pl.DataFrame, Sequence[str]], pl.Series]
    sentence: str
    can_be_kept: bool = False


@dataclass(frozen=True)
class RuleCount:
    """What one rule did.

    Attributes
    ----------
    reason, title, action : str
        As in the rule; `action` is "switched off" where it did nothing on purpose.
    n_songs, n_rows : int
        Songs it applied to, and the input rows they stand in; for "merged" the rows that joined another.
        For a rule that switched itself off: what it would have applied to.
    sentence : str
        The same in words.
    examples : tuple of str
        At most five "Title - Artist", the most popular first.
    """

    reason: str
    title: str
    action: Action
    n_songs: int
    n_rows: int
    sentence: str
    examples: tuple[str, ...]


def kept_reasons(keep: Collection[str]) -> frozenset[str]:
    """Return the reasons that a person switched off; "all" stands for all that can be.

    Raises
    ------
    UnknownName
        If no rule has that reason.
    BadSettings
        If that rule cannot be switched off.
    """
    names = [name.strip() for name in (keep.split(",") if isinstance(keep, str) else keep)]
    can_be = [reason for reason, rule in RULES.items() if rule.can_be_kept]
    choice = f"rules that can be switched off: {', '.join(can_be)}, or all"
    for name in names:
        if name not in RULES and name != "all":
            raise UnknownName(
                f"no rule has the reason {name!r}{did_you_mean(name, [*RULES, 'all'])} ({choice})"
            )
        if name != "all" and name not in can_be:
            raise BadSettings(
                f"the rule {name!r} cannot be switched off: rows without their features cannot be clustered, "
                f"and a song is clustered once, however many rows it stands in ({choice})"
            )
    return frozenset(can_be) if "all" in names else frozenset(names)


def count_of(
    rule: Rule,
    *,
    n_songs: int,
    n_rows: int,
    of: int,
    action: Action,
    examples: tuple[str, ...],
    note: str = "",
) -> RuleCount:
    """Return what `rule` did to so many songs (`of` all) and rows."""
    return RuleCount(
        reason=rule.reason,
        title=rule.title,
        action=action,
        n_songs=n_songs,
        n_rows=n_rows,
        sentence=_sentence(rule, n_songs, n_rows, action, note, of=of),
        examples=examples,
    )


def example_texts(songs: pl.DataFrame) -> pl.Series:
    """Return a "Title - Artist" for each song; the id where there is no title."""
    title = pl.coalesce("title", "song_id") if "title" in songs.columns else pl.col("song_id")
    names = [title, *([pl.col("artist")] if "artist" in songs.columns else [])]
    return songs.select(pl.concat_str(names, separator=" - ", ignore_nulls=True).alias("text")).to_series()


def counted(n: int, noun: str) -> str:
    """Return "No song", "1 song" or "8,027 songs"."""
    return f"No {noun}" if n == 0 else f"{n:,} {noun}{'' if n == 1 else 's'}"


def _sentence(rule: Rule, n_songs: int, n_rows: int, action: Action, note: str, *, of: int) -> str:
    """What the rule did, or why it did nothing."""
    if rule.action == "merged":
        return (
            f"{counted(n_rows, 'row')} {rule.sentence.format(songs=counted(n_songs, 'song').lower())}{note}."
        )
    subject = counted(n_songs, "song") + (f" ({counted(n_rows, 'row')})" if n_rows > n_songs else "")
    if action != "switched off":
        return f"{subject} {rule.sentence}.{note}"
    if n_songs == 0:
        return f"The rule {rule.reason} ({rule.title.lower()}) was switched off on request.{note}"
    many = f"all {of:,} songs" if n_songs == of else f"{n_songs:,} of {of:,} songs"
    return (
        f"The rule {rule.reason} ({rule.title.lower()}) switched itself off, and no song is left out by it: "
        f"it applies to {many}, and a rule that applies to more than half of a table does not fit it.{note}"
    )


_RULES = (
    Rule(
        reason="duplicate_row",
        title="Rows that stand twice",
        action="merged",
        function=duplicates.duplicate_row,
        sentence="repeated another row in every column and counted once ({songs})",
    ),
    Rule(
        reason="same_id",
        title="Songs in several rows",
        action="merged",
        function=duplicates.same_id,
        sentence="joined another row with the same song id, their tags united ({songs})",
    ),
    Rule(
        reason="blank_row",
        title="Blank rows",
        action="excluded",
        function=triage.blank_row,
        sentence="left out as blank: nothing was known of them",
    ),
    Rule(
        reason="impossible_values",
        title="Impossible values",
        action="excluded",
        function=triage.impossible_values,
        sentence="left out with several values that no song can have, as in a shifted row",
        can_be_kept=True,
    ),
    Rule(
        reason="no_sound",
        title="Files without sound",
        action="excluded",
        function=triage.no_sound,
        sentence=(
            "left out as files of which no sound is known: they could not be read, are silent or too short, "
            "or were not scanned"
        ),
    ),
    Rule(
        reason="missing_features",
        title="Missing features",
        action="excluded",
        function=triage.missing_features,
        sentence="left out because more than a quarter of the features were missing",
    ),
    Rule(
        reason="not_heard",
        title="Not heard by a scan",
        action="excluded",
        function=triage.not_heard,
        sentence=(
            "left out because no scan has heard them, and the clusters are made of how songs sound: nothing "
            "but their year could place them"
        ),
        can_be_kept=True,
    ),
    Rule(
        reason="spoken_word",
        title="Spoken word",
        action="excluded",
        function=triage.spoken_word,
        sentence=(
            "left out as spoken word (audio plays, audiobooks, speeches, comedy): speechiness above 0.66 and "
            "nothing that sounds like music, tagged so, or titled as a chapter"
        ),
        can_be_kept=True,
    ),
    Rule(
        reason="silence_or_noise",
        title="Silence and noise",
        action="excluded",
        function=triage.silence_or_noise,
        sentence="left out as silence or noise: no tempo at all, or rain, waves and white noise by name",
        can_be_kept=True,
    ),
    Rule(
        reason="too_short",
        title="Too short",
        action="excluded",
        function=triage.too_short,
        sentence="left out as shorter than 30 seconds",
        can_be_kept=True,
    ),
    Rule(
        reason="too_long",
        title="Too long",
        action="excluded",
        function=triage.too_long,
        sentence="left out as longer than 30 minutes",
        can_be_kept=True,
    ),
    Rule(
        reason="imputed_features",
        title="Features filled in",
        action="imputed",
        function=triage.imputed_features,
        sentence="kept with a missing feature, filled in with the middle value of the other songs",
    ),
    Rule(
        reason="versions",
        title="Versions of one song",
        action="marked",
        function=versions.versions,
        sentence="marked as a version (remaster, live, edit, remix) of another song, and kept",
        can_be_kept=True,
    ),
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.reason: rule for rule in _RULES})
