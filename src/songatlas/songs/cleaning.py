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

from songatlas.errors import MissingColumns, TooFewSongs, UnknownName, did_you_mean
from songatlas.features import DETAILS, FEATURES
from songatlas.songs import duplicates, triage, versions
from songatlas.songs.rules import RULES, Action, Rule, RuleCount, count_of, counted, kept_reasons

__all__ = ["RULES", "CleanSongs", "Rule", "RuleCount", "clean_songs"]

MOST = 0.5
"""A rule that would leave out more of the songs than this switches itself off."""
EMPTY_SHARE = 0.5
"""A feature that more of the songs lack is not used."""


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
    row_reasons : polars.Series, String, length n_rows
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


@dataclass(frozen=True)
class _Mended:
    """Rows without impossible values, and what was found on the way."""

    rows: pl.DataFrame  # with a Boolean `_damaged`, all features of such a row null
    distrusted: tuple[str, ...]  # features whose values cannot be taken at their word
    idle: pl.Series | None  # rows that the rule would have left out, had it not switched itself off
    note: str


@dataclass(frozen=True)
class _Verdicts:
    """What the rules say of every song."""

    reasons: pl.Series  # String, null = kept
    idle: Mapping[str, pl.Series]  # for rules that switched themselves off: songs they would have left out


@dataclass(frozen=True)
class _Ledger:
    """All that the counts are made of."""

    rows: pl.DataFrame
    merged: pl.DataFrame
    kept: pl.DataFrame
    mended: _Mended
    verdicts: _Verdicts
    off: frozenset[str]


def clean_songs(
    songs: pl.DataFrame,
    *,
    features: Sequence[str],
    keep: Collection[str] = (),
    fixed_features: bool = False,
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
    fixed_features : bool
        For songs that join a saved atlas: use `features` as they are given (absent ones are added, all
        null), drop none, and let no rule switch itself off, so that a song's fate does not depend on its
        company. Name in `keep` the rules that were switched off when the atlas was built.

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
    rows = _checked(songs, features, fixed_features=fixed_features)
    mended = _mended(rows, off, strict=fixed_features)
    merged = duplicates.merge_rows(mended.rows)
    verdicts, used, dropped = _settled(merged, mended, features, off, fixed=fixed_features)
    kept = merged.filter(verdicts.reasons.is_null()).drop("_damaged")
    marks = versions.version_of(kept.head(0) if "versions" in off else kept)
    marks = marks.extend_constant(None, kept.height - marks.len())
    kept = kept.with_columns(marks.alias("version_of"), _lacking(used).alias("imputed"))
    row_to_song, row_reasons = _fates(rows, merged, verdicts.reasons)
    return CleanSongs(
        songs=kept,
        row_to_song=row_to_song,
        row_reasons=row_reasons,
        counts=_counts(_Ledger(rows, merged, kept, mended, verdicts, off)),
        features=used,
        dropped_features=MappingProxyType(dropped),
        n_songs=merged.height,
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
    return songs.with_columns(*(pl.col(column).cast(pl.Float64).fill_nan(None) for column in floats), *added)


def _mended(rows: pl.DataFrame, off: frozenset[str], *, strict: bool) -> _Mended:
    """Null for impossible values, and for everything in a row that has several of them."""
    known = [column for column in FEATURES if column in rows.columns]
    rows = rows.with_columns(triage.without_placeholders(column) for column in known)
    distrusted = triage.distrusted_columns(rows)
    trusted = [column for column in known if column not in distrusted]
    damaged = triage.impossible_values(rows, trusted)
    nothing = pl.Series("_damaged", np.zeros(rows.height, dtype=np.bool_))
    mostly = damaged.sum() > MOST * rows.height
    if "impossible_values" in off:
        return _Mended(rows.with_columns(nothing), tuple(known) if mostly else distrusted, None, "")
    if mostly and not strict:
        return _Mended(rows.with_columns(nothing), tuple(known), damaged, " Values were taken as they stand.")
    cells = rows.filter(~damaged).select(triage.impossible_cells(column).sum() for column in trusted)
    n_cells = sum(cells.row(0)) if trusted and rows.height else 0
    rows = rows.with_columns(damaged.alias("_damaged")).with_columns(
        pl.when(~pl.col("_damaged")).then(triage.possible(column)).alias(column) for column in trusted
    )
    rows = rows.with_columns(pl.when(~pl.col("_damaged")).then(column).alias(column) for column in distrusted)
    note = f" {counted(n_cells, 'single impossible value')} counted as missing." if n_cells else ""
    if distrusted:
        note += f" Not judged, because too many values are out of range: {', '.join(distrusted)}."
    return _Mended(rows, distrusted, None, note)


def _settled(
    merged: pl.DataFrame, mended: _Mended, features: Sequence[str], off: frozenset[str], *, fixed: bool
) -> tuple[_Verdicts, tuple[str, ...], dict[str, str]]:
    """The verdicts, the features to use and those dropped.

    What is left out depends on the features, and which features differ on what is left.
    """
    if fixed:
        return _verdicts(merged, mended, features, off, strict=True), tuple(features), {}
    used, dropped = _useful(_measured(merged, features), tuple(features), {})
    while True:
        verdicts = _verdicts(merged, mended, used, off, strict=False)
        kept = merged.select("song_id", *used).filter(verdicts.reasons.is_null())
        _check_enough(kept, verdicts.reasons)
        still, dropped = _useful(kept, used, dropped)
        if still == used:
            return verdicts, used, dropped
        used = still


def _measured(merged: pl.DataFrame, features: Sequence[str]) -> pl.DataFrame:
    """The songs of which any feature is known."""
    return merged.filter(pl.any_horizontal(pl.col(column).is_not_null() for column in features))


def _useful(
    songs: pl.DataFrame, features: tuple[str, ...], dropped: Mapping[str, str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Drop features that are empty in most songs or alike in all."""
    why = dict(dropped)
    if songs.height < 2:
        return features, why
    for column in features:
        lacking = songs[column].null_count() / songs.height
        if lacking > EMPTY_SHARE:
            why[column] = f"empty in {_percent(lacking)} of the songs"
        elif songs[column].drop_nulls().n_unique() < 2:
            why[column] = "the same in every song"
    used = tuple(column for column in features if column not in why)
    if len(used) < 2:
        reasons = "; ".join(f"{column}: {reason}" for column, reason in why.items())
        raise MissingColumns(
            f"{counted(len(used), 'feature')} can be used, and clusters need at least 2 that differ "
            f"between songs ({reasons or 'no more were asked for'}): name more with --features"
        )
    return used, why


def _percent(share: float) -> str:
    """A share that does not round to all or nothing."""
    return "100%" if share == 1 else f"{min(max(share, 0.001), 0.999):.1%}".replace(".0%", "%")


def _verdicts(
    merged: pl.DataFrame, mended: _Mended, features: Sequence[str], off: frozenset[str], *, strict: bool
) -> _Verdicts:
    """The first rule that leaves a song out."""
    facts = {
        "blank_row": RULES["blank_row"].function(merged, features) & ~merged["_damaged"],
        "impossible_values": merged["_damaged"],
        "missing_features": RULES["missing_features"].function(merged, features),
    }
    reasons = pl.Series("reason", [None], dtype=pl.String).new_from_index(0, merged.height)
    for reason, applies in facts.items():
        reasons = _named(reasons, applies, reason)
    most = MOST * reasons.null_count()
    table = triage.completed(merged, distrusted=mended.distrusted)
    idle: dict[str, pl.Series] = {}
    for reason, rule in RULES.items():
        if rule.action != "excluded" or reason in facts or reason in off:
            continue
        applies = rule.function(table, features) & reasons.is_null()
        if applies.sum() > most and not strict:
            idle[reason] = applies
        else:
            reasons = _named(reasons, applies, reason)
    return _Verdicts(reasons, idle)


def _named(reasons: pl.Series, applies: pl.Series, reason: str) -> pl.Series:
    """Write the reason where none stands yet."""
    return reasons.zip_with(reasons.is_not_null() | ~applies, pl.Series([reason], dtype=pl.String))


def _check_enough(kept: pl.DataFrame, reasons: pl.Series) -> None:
    """Refuse a table that leaves nothing to compare."""
    if kept.height >= 2:
        return
    counts = reasons.drop_nulls().value_counts(sort=True)
    why = ", ".join(f"{count:,} {reason}" for reason, count in counts.iter_rows())
    raise TooFewSongs(
        f"{counted(kept.height, 'song')} left to cluster, and at least 2 are needed"
        + (f" (left out: {why}; rules can be switched off with --keep)" if why else "")
    )


def _lacking(features: Sequence[str]) -> pl.Expr:
    """Names of the features that a song lacks."""
    names = [pl.when(pl.col(column).is_null()).then(pl.lit(column)) for column in features]
    return pl.concat_list(names).list.drop_nulls()


def _fates(
    rows: pl.DataFrame, merged: pl.DataFrame, reasons: pl.Series
) -> tuple[NDArray[np.int64], pl.Series]:
    """For every row the place of its song among those kept, or -1 and a reason."""
    kept = reasons.is_null()
    place = (kept.cast(pl.Int64).cum_sum() - 1).to_numpy()
    fate = merged.select(
        "song_id", _place=pl.Series(np.where(kept.to_numpy(), place, -1), dtype=pl.Int64), _reason=reasons
    )
    joined = rows.select("song_id").join(fate, on="song_id", how="left", maintain_order="left")
    return joined["_place"].to_numpy(), joined["_reason"].alias("excluded_because")


def _counts(ledger: _Ledger) -> tuple[RuleCount, ...]:
    """One count for every rule."""
    per_song = ledger.rows.group_by("song_id").agg(_n=pl.len())
    sizes = ledger.merged.select("song_id").join(per_song, on="song_id", how="left", maintain_order="left")[
        "_n"
    ]
    counts = []
    for reason, rule in RULES.items():
        surplus = rule.function(ledger.rows, ()) if rule.action == "merged" else None
        applies, action = _affected(ledger, rule, surplus)
        counts.append(
            count_of(
                rule,
                songs=ledger.merged,
                applies=applies,
                n_rows=int(sizes.filter(applies).sum() if surplus is None else surplus.sum()),
                action=action,
                note=_note(ledger, reason),
            )
        )
    return tuple(counts)


def _note(ledger: _Ledger, reason: str) -> str:
    """What there is to add to the sentence of a rule."""
    if reason == "impossible_values":
        return ledger.mended.note
    n_differing = duplicates.differing_songs(ledger.mended.rows) if reason == "same_id" else 0
    if n_differing:
        return f"; in {n_differing:,} of them the features differed, and the median was taken"
    return ""


def _affected(ledger: _Ledger, rule: Rule, surplus: pl.Series | None) -> tuple[pl.Series, Action]:
    """Which of the merged songs a rule applied to, and what it did to them."""
    rows, kept, mended, verdicts = ledger.rows, ledger.kept, ledger.mended, ledger.verdicts
    switched_off: Action = "switched off"
    if rule.reason == "impossible_values" and mended.idle is not None:
        return _among(ledger, rows["song_id"].filter(mended.idle)), switched_off
    if rule.reason in verdicts.idle:
        return verdicts.idle[rule.reason], switched_off
    action = switched_off if rule.reason in ledger.off else rule.action
    if surplus is not None:
        return _among(ledger, rows["song_id"].filter(surplus)), action
    if rule.action == "marked":
        return _among(ledger, kept["song_id"].filter(kept["version_of"].is_not_null())), action
    if rule.action == "imputed":
        return _among(ledger, kept["song_id"].filter(kept["imputed"].list.len() > 0)), action
    return (verdicts.reasons == rule.reason).fill_null(value=False), action


def _among(ledger: _Ledger, song_ids: pl.Series) -> pl.Series:
    """True for the merged songs with one of these ids."""
    return ledger.merged["song_id"].is_in(song_ids.implode())
