"""From rows to songs that can be clustered, with a reason for every row that cannot.

Rows with one id become one song; then each rule of `RULES`, in that order, may leave a song out, and the
first that applies names the reason. Versions of one song and songs with a filled-in feature are kept and
marked. Every rule says in one sentence what it did, also where it did nothing.

Conventions
-----------
Nothing here depends on the order of the rows: songs come sorted by `song_id`. A rule that would leave out
more than half of the songs has met a table it is not made for (audio plays only, scaled values): it
switches itself off and says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.errors import MissingColumns, UnknownName, did_you_mean
from songatlas.features import DETAILS, FEATURES
from songatlas.songs import duplicates
from songatlas.songs.mending import Mending, find_damage
from songatlas.songs.merged_songs import MergedSongs, most_popular
from songatlas.songs.rules import N_EXAMPLES, RULES, Action, Rule, RuleCount, count_of, counted, kept_reasons
from songatlas.songs.verdicts import REASONS, Verdicts, examine, settle
from songatlas.songs.versions import version_of

__all__ = ["RULES", "CleanSongs", "Rule", "RuleCount", "clean_songs"]


@dataclass(frozen=True)
class CleanSongs:
    """Songs that can be clustered, and what became of every row.

    Attributes
    ----------
    songs : polars.DataFrame
        One row a song, sorted by `song_id`; the columns given, `version_of` (String: `song_id` of the
        version that stands for all, null otherwise) and `imputed` (List(String): features to fill in).
    row_to_song : numpy.ndarray, int64, shape (n_rows,)
        Index into `songs`; -1 for a row that is left out.
    row_reasons : polars.Series, Enum, length n_rows
        Reason word of the rule that left the row out; null for a row that is clustered.
    counts : tuple of RuleCount
        One for every rule of `RULES`, in its order.
    features : tuple of str
        Features that can be used.
    dropped_features : mapping of str to str
        Features that cannot, and why.
    n_songs : int
        Different songs in the table, kept or not.
    """

    songs: pl.DataFrame
    row_to_song: NDArray[np.int64]
    row_reasons: pl.Series
    counts: tuple[RuleCount, ...]
    features: tuple[str, ...]
    dropped_features: Mapping[str, str]
    n_songs: int


def clean_songs(
    songs: pl.DataFrame,
    *,
    features: Sequence[str],
    keep: Collection[str] = (),
    heard: bool = False,
    fixed_features: bool = False,
    use_up: bool = False,
) -> CleanSongs:
    """Merge rows of one song, leave out what cannot be clustered, and account for every row.

    Parameters
    ----------
    songs : polars.DataFrame
        Songs table, one row an input row. Only `song_id` and the features must be there.
    features : sequence of str
        Columns of FEATURES, or numbers of DETAILS, that clusters will be made of.
    keep : collection of str
        Reason words of rules to switch off; "all" stands for all that can be.
    heard : bool
        Whether clusters will be made of what a scan heard, so that songs which none heard are left out.
    fixed_features : bool
        For songs that join a saved atlas: use `features` as they are given (absent ones are added, all
        null), drop none, and let no rule switch itself off, so that a song's fate does not depend on its
        company. Name in `keep` the rules that were switched off when the atlas was built.
    use_up : bool
        Take the columns out of `songs`, which is left without any: a large table is then never held twice.

    Returns
    -------
    CleanSongs

    Raises
    ------
    UnknownName
        If `keep` names no rule, or `features` no feature.
    BadSettings
        If `keep` names a rule that cannot be switched off.
    MissingColumns
        If a feature is not in the table, or fewer than two features differ between the songs.
    TooFewSongs
        If fewer than two songs are left (never with `fixed_features`).

    Examples
    --------
    >>> import polars as pl
    >>> table = pl.DataFrame({
    ...     "song_id": ["a", "b", "c", "c"],
    ...     "energy": [0.1, 0.9, 0.5, 0.5],
    ...     "tempo_bpm": [90.0, 120.0, 0.0, 0.0],
    ... })
    >>> clean = clean_songs(table, features=["energy", "tempo_bpm"])
    >>> clean.row_to_song.tolist(), clean.row_reasons.to_list()
    ([0, 1, -1, -1], [None, None, 'silence_or_noise', 'silence_or_noise'])
    """
    off = kept_reasons(keep)
    unasked = off if heard else off | {"not_heard"}
    rows = _checked(songs, features, fixed_features=fixed_features)
    for name in songs.columns if use_up else ():
        songs.drop_in_place(name)
    merged = duplicates.merge_rows(rows, find_damage(rows, off, strict=fixed_features))
    findings = examine(merged, features, unasked)
    verdicts = settle(merged, findings, features, unasked, fixed=fixed_features)
    counts = _counts(merged, verdicts, off)
    row_to_song, row_reasons = _fates(merged, verdicts)
    n_songs, n_rows_each = merged.n_songs, merged.n_rows_each[verdicts.kept]
    imputed = _lacking(findings.presence.filter(pl.Series(verdicts.kept)), verdicts.features)
    sums = findings.name_sums[verdicts.kept]
    kept = merged.use_up(verdicts.kept)
    del merged, findings  # of many rows they are large
    marks = version_of(kept, sums)
    for reason, applies in (("versions", marks.is_not_null()), ("imputed_features", imputed.list.len() > 0)):
        counts[reason] = _count_of_kept(
            kept, RULES[reason], off, applies=applies.to_numpy(), n_rows_each=n_rows_each
        )
    return CleanSongs(
        songs=kept.with_columns(marks.alias("version_of"), imputed.alias("imputed")),
        row_to_song=row_to_song,
        row_reasons=row_reasons,
        counts=tuple(counts[reason] for reason in RULES),
        features=verdicts.features,
        dropped_features=MappingProxyType(dict(verdicts.dropped)),
        n_songs=n_songs,
    )


def _checked(songs: pl.DataFrame, features: Sequence[str], *, fixed_features: bool) -> pl.DataFrame:
    """The table with null for NaN, refused where it cannot be cleaned at all."""
    if not features:
        raise MissingColumns("no feature to make clusters of: name at least 2 with --features")
    numbers = [*FEATURES, *(detail.column for detail in DETAILS.values() if detail.kind == "number"), "year"]
    for name in features:
        if name not in numbers:
            raise UnknownName(
                f"no feature is called {name!r}{did_you_mean(name, numbers)} (features: {', '.join(numbers)})"
            )
    absent = [name for name in features if name not in songs.columns]
    if absent and not fixed_features:
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


def _fates(merged: MergedSongs, verdicts: Verdicts) -> tuple[NDArray[np.int64], pl.Series]:
    """For every row the place of its song among those kept, or -1 and a reason."""
    kept = verdicts.kept
    place = np.where(kept, np.cumsum(kept) - 1, -1)
    song = merged.grouped.song
    words = pl.Series("excluded_because", REASONS, dtype=pl.Enum(list(RULES)))
    return place[song], words.gather(verdicts.reasons[song])


def _counts(merged: MergedSongs, verdicts: Verdicts, off: frozenset[str]) -> dict[str, RuleCount]:
    """The count of every rule that merges rows or leaves songs out."""
    surplus = {"duplicate_row": merged.repeated, "same_id": merged.joined}
    sizes = merged.n_rows_each
    counts = {}
    for reason, rule in RULES.items():
        if rule.action not in ("merged", "excluded"):
            continue
        action: Action = "switched off" if reason in off else rule.action
        applies = np.zeros(merged.n_songs, dtype=np.bool_)
        if reason in surplus:
            applies[merged.grouped.song[surplus[reason]]] = True
        elif (idle := _idle(merged, verdicts, reason)) is not None:
            applies, action = idle, "switched off"
        else:
            applies = verdicts.reasons == REASONS.index(reason)
        counts[reason] = count_of(
            rule,
            n_songs=int(applies.sum()),
            n_rows=len(surplus[reason]) if reason in surplus else int(sizes[applies].sum()),
            of=merged.n_songs,
            action=action,
            best=merged.most_popular(applies, N_EXAMPLES),
            note=_note(merged, reason),
        )
    return counts


def _count_of_kept(
    kept: pl.DataFrame,
    rule: Rule,
    off: frozenset[str],
    *,
    applies: NDArray[np.bool_],
    n_rows_each: NDArray[np.uint32],
) -> RuleCount:
    """The count of a rule that says something of songs that are kept."""
    songs = np.flatnonzero(applies).astype(np.uint32)
    return count_of(
        rule,
        n_songs=len(songs),
        n_rows=int(n_rows_each[songs].sum()),
        of=kept.height,
        action="switched off" if rule.reason in off else rule.action,
        best=most_popular(lambda names, places: kept.select(names)[places], kept.columns, songs, N_EXAMPLES),
    )


def _idle(merged: MergedSongs, verdicts: Verdicts, reason: str) -> NDArray[np.bool_] | None:
    """The songs that a rule would have left out, had it not switched itself off; None where it did not."""
    if reason == "impossible_values" and merged.mending.idle is not None:
        applies = np.zeros(merged.n_songs, dtype=np.bool_)
        applies[merged.grouped.song[merged.mending.idle]] = True
        return applies
    return verdicts.idle.get(reason)


def _note(merged: MergedSongs, reason: str) -> str:
    """What there is to add to the sentence of a rule."""
    if reason == "impossible_values":
        return _note_on_damage(merged.mending)
    if reason == "same_id" and merged.n_differing:
        return f"; in {merged.n_differing:,} of them the features differed, and the median was taken"
    return ""


def _note_on_damage(mending: Mending) -> str:
    """What became of impossible values in songs that are not left out for them."""
    if mending.idle is not None:
        return " Values were taken as they stand."
    note = ""
    if mending.n_cells:
        note += f" {counted(mending.n_cells, 'single impossible value')} counted as missing."
    if mending.is_on and mending.distrusted:
        note += f" Not judged, because too many values are out of range: {', '.join(mending.distrusted)}."
    return note
