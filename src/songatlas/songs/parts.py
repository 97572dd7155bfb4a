"""Cleaning of a table of songs part by part, with the very rules of `clean_songs`.

What depends on the whole table is a `CleaningPolicy`. The first is taken from a look at some of the songs;
every part is cleaned with it (`clean_part`) and tells what was counted; `revised` says which policy the
whole table asks for. Where that is the one the parts were cleaned with, songs, reasons and counts are those
of `clean_songs`; otherwise all parts are cleaned again with the new one, until it holds.

Conventions
-----------
A part holds all rows of every song in it. Nothing depends on how songs are parted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.catalogue import KEY
from songatlas.errors import MissingColumns, SongAtlasError, UnknownName, did_you_mean
from songatlas.features import DETAILS, FEATURES
from songatlas.songs import triage
from songatlas.songs.duplicates import merge_rows
from songatlas.songs.mending import find_damage, is_mostly_damaged, mending_of
from songatlas.songs.merged_songs import most_popular
from songatlas.songs.policy import CleaningPolicy, Stage
from songatlas.songs.rules import N_EXAMPLES, RULES, Action, RuleCount, count_of, counted, kept_reasons
from songatlas.songs.tally import (
    Entries,
    RuleTally,
    TalliedTable,
    Tally,
    tally_of_cells,
    tally_of_rule,
    tally_of_rules,
    tally_of_stages,
    tally_of_table,
)
from songatlas.songs.verdicts import WholeTable, decide, examine
from songatlas.songs.versions import name_sums, version_of

_NAMED: Final[Mapping[str, Any]] = {
    "song_id": pl.String,
    "title": pl.String,
    "artist": pl.String,
    "artists": pl.List(pl.String),
    "popularity": pl.Float64,
    "year": pl.Float64,
}
_NOT_COUNTED = (
    "Versions of one song (remaster, live, edit, remix) are kept; how many there are was not counted, "
    "because the table was read in parts."
)


@dataclass(frozen=True)
class CleanPart:
    """Songs of a part that can be clustered, and what became of every row of it.

    Attributes
    ----------
    songs : polars.DataFrame
        The songs that are kept, one row each, sorted by `song_id`; the columns given, and `imputed`
        (List(String): features to fill in).
    row_to_song : numpy.ndarray, int64, shape (n_rows,)
        Index into `songs`; -1 for a row that is left out.
    reasons : numpy.ndarray, uint8, shape (n_rows,)
        Place in `verdicts.REASONS` of the reason that the row is left out for; 0 for one that is clustered.
    n_rows_each : numpy.ndarray, uint32, shape (n_kept,)
        Rows that each of `songs` stands in.
    tally : Tally
        What was counted.
    """

    songs: pl.DataFrame
    row_to_song: NDArray[np.int64]
    reasons: NDArray[np.uint8]
    n_rows_each: NDArray[np.uint32]
    tally: Tally


def first_policy(
    songs: pl.DataFrame, *, features: Sequence[str], keep: Collection[str] = (), heard: bool = False
) -> CleaningPolicy:
    """Decide on these songs as `clean_songs` would; too few or too similar songs are no error here.

    Parameters
    ----------
    songs, features, keep, heard
        As for `clean_songs`; `songs` may be some of the songs of a table, with all its columns.

    Raises
    ------
    UnknownName, BadSettings
        As `clean_songs`.
    MissingColumns
        If a feature or `song_id` is not in the table.
    """
    rows = checked_rows(songs, features, fixed=False)
    off = kept_reasons(keep)
    return settled(rows, features=features, off=off, heard=heard, unasked={"versions"}).policy


def clean_part(rows: pl.DataFrame, policy: CleaningPolicy) -> CleanPart:
    """Clean a part of a table with a policy; never refused for having too few songs.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows of a songs table, all rows of every song in it; features that are absent are added, all null.
    policy : CleaningPolicy
        What was decided for the whole table.
    """
    rows = checked_rows(rows, policy.asked, fixed=True)
    table = _examined(rows, find_damage(rows, policy.distrusted), policy, unasked={"versions"})
    counts = [*tally_of_cells(triage.cell_counts(rows)), *tally_of_stages(table, policy)]
    return applied(table, policy, counts)


def revised(policy: CleaningPolicy, tally: Tally) -> CleaningPolicy:
    """Return the policy that the whole table asks for, by the tally of all parts cleaned with `policy`.

    It is equal to `policy` where that holds; its `dropped` then tells why in numbers of the whole table.
    Otherwise all parts must be cleaned again: decisions follow from one another, and each round settles at
    least the first that was wrong, mostly all of them.

    Raises
    ------
    MissingColumns
        If fewer than two features differ between the songs.
    TooFewSongs
        If fewer than two songs are left.
    """
    distrusted = triage.distrusted_columns(tally.cells())
    _, n_damaged = tally.number("damaged")
    is_less_judged = set(distrusted) > set(policy.distrusted)
    mostly = is_mostly_damaged(n_damaged, tally.n_rows) and not is_less_judged
    is_exact = distrusted == policy.distrusted and mostly == policy.mostly_damaged
    census = TalliedTable(tally, policy, is_exact=is_exact)
    decided = decide(census, policy.asked)
    if decided.refusal is not None and census.is_exact:
        raise decided.refusal
    return replace(
        policy,
        distrusted=distrusted,
        mostly_damaged=mostly,
        stages=decided.stages,
        dropped=decided.dropped,
    )


def rule_counts(policy: CleaningPolicy, tally: Tally) -> tuple[RuleCount, ...]:
    """Return what every rule did, in the order of `RULES`, in the words of `clean_songs`.

    The tally is that of all parts; with it those of `mark_versions`, if versions were looked for.
    """
    counts = []
    for reason, rule in RULES.items():
        is_off = reason in policy.off or reason in policy.idle
        told = None if reason in policy.off else tally.rule(reason)
        is_uncounted = reason == "versions" and told is None and not is_off
        told = told or RuleTally(0, 0, ())
        action: Action = "switched off" if is_off or is_uncounted else rule.action
        found = count_of(
            rule,
            n_songs=told.n_songs,
            n_rows=told.n_rows,
            of=tally.n_songs,
            action=action,
            examples=told.examples,
            note=_note(policy, tally, reason),
        )
        counts.append(replace(found, sentence=_NOT_COUNTED) if is_uncounted else found)
    return tuple(counts)


def version_keys_of(songs: pl.DataFrame) -> pl.Series:
    """Return a number for each song (UInt64) that its versions share; null where names say too little.

    Other songs hardly ever share it. Only songs that share theirs need to be given to `mark_versions`.
    """
    sums = pl.Series(KEY, name_sums(songs))
    return sums.to_frame().select(pl.when(pl.col(KEY) != 0).then(KEY)).to_series()


def version_candidates(part: CleanPart) -> pl.DataFrame:
    """Return the songs of a part that may be versions of others, by `_key` (see `version_keys_of`).

    The columns are always the same: `_key`, `song_id`, `title`, `artist`, `artists`, `popularity`, `year`,
    `n_rows` (Int64: rows that the song stands in).
    """
    named = part.songs.select(
        version_keys_of(part.songs),
        *(
            (pl.col(name) if name in part.songs.columns else pl.lit(None)).cast(kind).alias(name)
            for name, kind in _NAMED.items()
        ),
        n_rows=pl.lit(pl.Series(part.n_rows_each.astype(np.int64))),
    )
    return named.drop_nulls(KEY)


def mark_versions(songs: pl.DataFrame) -> Tally:
    """Tell the versions among songs that were kept.

    Parameters
    ----------
    songs : polars.DataFrame
        Rows of `version_candidates`, one a song, all that have one of the keys in it; in any order. Without
        any rows it tells that versions were looked for.
    """
    ordered = songs.sort("song_id")
    marks = version_of(ordered, ordered[KEY].fill_null(0).to_numpy())
    return Tally.of(tally_of_versions(ordered, marks, ordered["n_rows"].to_numpy()))


def tally_of_versions(songs: pl.DataFrame, marks: pl.Series, n_rows_each: NDArray[np.integer]) -> Entries:
    """Return the entries of the songs, sorted by `song_id`, that are marked as versions."""
    return _tally_of_kept(songs, "versions", marks.is_not_null().to_numpy(), n_rows_each)


@dataclass(frozen=True)
class Settled:
    """What is decided for songs at hand: the policy, the songs, and why they cannot be used, if so."""

    policy: CleaningPolicy
    table: WholeTable
    refusal: SongAtlasError | None


def settled(
    rows: pl.DataFrame,
    *,
    features: Sequence[str],
    off: frozenset[str],
    heard: bool,
    fixed: bool = False,
    unasked: Collection[str] = (),
) -> Settled:
    """Decide about a table of which all rows are at hand; rules that are `unasked` decide nothing."""
    distrusted = triage.distrusted_columns(triage.cell_counts(rows))
    damage = find_damage(rows, distrusted)
    policy = CleaningPolicy(
        asked=tuple(features),
        off=tuple(sorted(off)),
        heard=heard,
        distrusted=distrusted,
        mostly_damaged=is_mostly_damaged(int(damage[0].sum()), rows.height),
        stages=(Stage(tuple(features)),),
        fixed=fixed,
    )
    table = _examined(rows, damage, policy, unasked=unasked)
    if fixed:
        return Settled(policy, table, None)
    decided = decide(table, policy.asked)
    policy = replace(policy, stages=decided.stages, dropped=decided.dropped)
    return Settled(policy, table, decided.refusal)


def _examined(
    rows: pl.DataFrame,
    damage: tuple[NDArray[np.bool_], int],
    policy: CleaningPolicy,
    *,
    unasked: Collection[str] = (),
) -> WholeTable:
    """Merge the rows of each song and ask the rules that look at a song alone."""
    songs = merge_rows(rows, mending_of(rows, damage, policy))
    return WholeTable(songs, examine(songs, policy.asked, policy.unasked.union(unasked)))


def applied(table: WholeTable, policy: CleaningPolicy, counts: Entries) -> CleanPart:
    """Apply a policy to songs, whose rows are used up; `counts` are entries to put into the tally."""
    songs, verdicts = table.songs, table.verdicts(policy.stages[-1])
    kept = verdicts.kept
    entries = [*counts, *tally_of_table(songs), *tally_of_rules(songs, verdicts, policy)]
    song, n_rows_each = songs.grouped.song, songs.n_rows_each[kept]
    row_to_song = np.where(kept, np.cumsum(kept) - 1, -1)[song]
    imputed = _lacking(table.findings.presence.filter(pl.Series(kept)), policy.features)
    taken = songs.use_up(kept)
    is_imputed = (imputed.list.len() > 0).to_numpy()
    entries += _tally_of_kept(taken, "imputed_features", is_imputed, n_rows_each)
    return CleanPart(
        songs=taken.with_columns(imputed.alias("imputed")),
        row_to_song=row_to_song,
        reasons=verdicts.reasons[song],
        n_rows_each=n_rows_each,
        tally=Tally.of(entries),
    )


def _tally_of_kept(
    kept: pl.DataFrame, reason: str, applies: NDArray[np.bool_], n_rows_each: NDArray[np.integer]
) -> Entries:
    """The entries of a rule that says something of songs that are kept."""
    songs = np.flatnonzero(applies).astype(np.uint32)
    best = most_popular(lambda names, places: kept.select(names)[places], kept.columns, songs, N_EXAMPLES)
    return tally_of_rule(reason, len(songs), int(n_rows_each[songs].sum()), best)


def checked_rows(songs: pl.DataFrame, features: Sequence[str], *, fixed: bool) -> pl.DataFrame:
    """Return the table with null for NaN, refused where it cannot be cleaned at all.

    Features that are absent are added, all null, where they are `fixed`.
    """
    if not features:
        raise MissingColumns("no feature to make clusters of: name at least 2 with --features")
    numbers = [*FEATURES, *(detail.column for detail in DETAILS.values() if detail.kind == "number"), "year"]
    for name in features:
        if name not in numbers:
            raise UnknownName(
                f"no feature is called {name!r}{did_you_mean(name, numbers)} (features: {', '.join(numbers)})"
            )
    absent = [name for name in features if name not in songs.columns]
    if absent and not fixed:
        raise MissingColumns(
            f"the table has no column for {', '.join(absent)}: leave it out of the features, "
            "or name its column with --column"
        )
    if "song_id" not in songs.columns or songs["song_id"].null_count():
        raise MissingColumns(
            "every row needs a song_id: read the table with read_songs, which gives one to each"
        )
    floats = [column for column in numbers if column in songs.columns]
    added = [pl.lit(None, dtype=pl.Float64).alias(column) for column in absent]
    songs = songs.with_columns(*(pl.col(column).cast(pl.Float64) for column in floats), *added)
    with_nan = [column for column in floats if songs[column].is_nan().any()]
    return songs.with_columns(pl.col(column).fill_nan(None) for column in with_nan)


def _lacking(presence: pl.DataFrame, features: Sequence[str]) -> pl.Series:
    """Names of the features that each song lacks."""
    lacks = presence.select(pl.any_horizontal(pl.col(features).is_null())).to_series()
    names = [pl.when(pl.col(column).is_null()).then(pl.lit(column)) for column in features]
    lists = presence.filter(lacks).select(pl.concat_list(names).list.drop_nulls()).to_series()
    nothing = pl.Series([[]], dtype=pl.List(pl.String))
    at = np.where(lacks.to_numpy(), np.cumsum(lacks.to_numpy()), 0)
    return pl.concat([nothing, lists], rechunk=True).gather(at)


def _note(policy: CleaningPolicy, tally: Tally, reason: str) -> str:
    """What there is to add to the sentence of a rule."""
    if reason == "impossible_values":
        return _note_on_damage(policy, tally)
    n_differing, _ = tally.number("differing")
    if reason == "same_id" and n_differing:
        return f"; in {n_differing:,} of them the features differed, and the median was taken"
    return ""


def _note_on_damage(policy: CleaningPolicy, tally: Tally) -> str:
    """What became of impossible values in songs that are not left out for them."""
    if policy.damage != "on":
        return " Values were taken as they stand." if policy.damage == "idle" else ""
    note = ""
    n_cells, _ = tally.number("damaged")
    if n_cells:
        note += f" {counted(n_cells, 'single impossible value')} counted as missing."
    if policy.distrusted:
        note += f" Not judged, because too many values are out of range: {', '.join(policy.distrusted)}."
    return note
