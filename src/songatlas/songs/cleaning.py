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

from songatlas.songs.parts import applied, checked_rows, rule_counts, settled, tally_of_versions
from songatlas.songs.rules import RULES, Rule, RuleCount, kept_reasons
from songatlas.songs.tally import Tally
from songatlas.songs.verdicts import REASONS
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
    rows = checked_rows(songs, features, fixed=fixed_features)
    for name in songs.columns if use_up else ():
        songs.drop_in_place(name)
    found = settled(rows, features=features, off=off, heard=heard, fixed=fixed_features)
    if found.refusal is not None:
        raise found.refusal
    policy = found.policy
    sums = found.table.findings.name_sums[found.table.verdicts(policy.stages[-1]).kept]
    clean = applied(found.table, policy, [])
    del rows, found  # of many rows they are large
    marks = version_of(clean.songs, sums)
    versions = Tally.of(tally_of_versions(clean.songs, marks, clean.n_rows_each))
    tally = Tally.united(pl.concat([clean.tally.to_frame(), versions.to_frame()]))
    words = pl.Series("excluded_because", REASONS, dtype=pl.Enum(list(RULES)))
    return CleanSongs(
        songs=clean.songs.insert_column(-1, marks.alias("version_of")),
        row_to_song=clean.row_to_song,
        row_reasons=words.gather(clean.reasons),
        counts=rule_counts(policy, tally),
        features=policy.features,
        dropped_features=MappingProxyType(dict(policy.dropped)),
        n_songs=tally.n_songs,
    )
