"""`Tally`: what must be counted over all rows of a table that is cleaned in parts.

Tallies of parts add up to the tally of the whole, in any order, to the last song: counts are whole numbers,
all else are extremes and the most popular songs. From it follow the decisions that hold for the whole table
(`TalliedTable`) and what every rule did.

Conventions
-----------
A tally is a small table of entries under what they are about (`what`), whom (`of`: a column or a reason) and
at which stage of the policy:

===========  =======  ==========================================================================
what         of       numbers
===========  =======  ==========================================================================
all                   `n` songs, `n_rows` rows
cells        feature  `n` impossible cells of `n_rows` known ones
damaged               `n_rows` rows with several impossible values, `n` such values in all others
differing             `n` songs whose rows differ in a feature
seen                  `n` songs that are looked at to choose features; stage 0 are those of which
                      anything is known, stage i + 1 those that stage i of the policy keeps
lacking      feature  `n` of them lack it; `low` and `high` are its extremes
fact         reason   `n` songs that one of FACTS leaves out at that stage
choice       number   `n` songs that no fact leaves out, by the bits of the CHOICES that apply
rule         reason   `n` songs and `n_rows` rows that a rule applies to, with the whole policy
example      reason   one of the most popular of them: `popularity`, `song_id`, `text`
===========  =======  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.songs.merged_songs import MergedSongs
from songatlas.songs.policy import CleaningPolicy, Stage
from songatlas.songs.rules import N_EXAMPLES, example_texts
from songatlas.songs.verdicts import (
    CHOICES,
    FACTS,
    N_COMBINATIONS,
    REASONS,
    LeftOut,
    SeenHere,
    Verdicts,
    WholeTable,
)

SCHEMA: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "what": pl.String,
        "of": pl.String,
        "stage": pl.Int64,
        "n": pl.Int64,
        "n_rows": pl.Int64,
        "low": pl.Float64,
        "high": pl.Float64,
        "popularity": pl.Float64,
        "song_id": pl.String,
        "text": pl.String,
    }
)
"""Columns of every tally."""

Entries: TypeAlias = list[dict[str, Any]]
"""Entries by the names of their columns."""

_KEYS = ("what", "of", "stage")


@dataclass(frozen=True)
class RuleTally:
    """What one rule applied to: songs, and the rows they stand in (or, where rows are merged, those)."""

    n_songs: int
    n_rows: int
    examples: tuple[str, ...]


class Tally:
    """What was counted over some of the rows of a table, or over all.

    Parameters
    ----------
    frame : polars.DataFrame
        Entries under the columns of SCHEMA, be they of one tally or of several.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = _added_up(frame.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items()))

    @classmethod
    def of(cls, entries: Entries) -> Tally:
        """Make a tally of entries; what they do not give is "", 0 or null."""
        frame = pl.DataFrame(entries, schema=dict(SCHEMA))
        blank = [pl.col("of").fill_null(""), pl.col("stage", "n", "n_rows").fill_null(0)]
        return cls(frame.with_columns(blank))

    @classmethod
    def united(cls, frame: pl.DataFrame) -> Tally:
        """Add up the tallies whose frames stand in `frame`, one below the other, in any order."""
        return cls(frame)

    def to_frame(self) -> pl.DataFrame:
        """Return the entries: a few hundred rows at most, sorted, under the columns of SCHEMA."""
        return self._frame

    def __eq__(self, other: object) -> bool:
        """Whether both count the same."""
        return isinstance(other, Tally) and self._frame.equals(other._frame)

    def __hash__(self) -> int:
        """Equal tallies have equal hashes."""
        return hash(tuple(self._frame.get_column("n")))

    @property
    def n_songs(self) -> int:
        """Different songs, kept or not."""
        return self.number("all")[0]

    @property
    def n_rows(self) -> int:
        """Rows of the table."""
        return self.number("all")[1]

    def number(self, what: str, of: str = "", *, stage: int = 0) -> tuple[int, int]:
        """Return `n` and `n_rows` of an entry; 0 where there is none."""
        entry = self.entries.get((what, of, stage))
        return (0, 0) if entry is None else (entry[0], entry[1])

    @cached_property
    def entries(self) -> Mapping[tuple[str, str, int], tuple[int, int, float | None, float | None]]:
        """`n`, `n_rows`, `low` and `high` of every entry that is no example, under its keys."""
        counted = self._frame.filter(pl.col("what") != "example")
        rows = counted.select(*_KEYS, "n", "n_rows", "low", "high").iter_rows()
        return {(what, of, stage): tuple(numbers) for what, of, stage, *numbers in rows}

    def rule(self, reason: str) -> RuleTally | None:
        """Return what a rule applied to; None where it was not asked."""
        if ("rule", reason, 0) not in self.entries:
            return None
        told = self._frame.filter((pl.col("what") == "example") & (pl.col("of") == reason))["text"]
        return RuleTally(*self.number("rule", reason), tuple(told))

    def cells(self) -> pl.DataFrame:
        """Return known and impossible cells of every feature, as `triage.cell_counts` does."""
        return self._frame.filter(pl.col("what") == "cells").select(
            column="of", known="n_rows", impossible="n"
        )


def _added_up(frame: pl.DataFrame) -> pl.DataFrame:
    """One entry for all that stand under the same keys, and the most popular examples of all."""
    is_example = pl.col("what") == "example"
    numbers = (
        frame.filter(~is_example)
        .group_by(*_KEYS)
        .agg(
            pl.col("n", "n_rows").sum(),
            pl.col("low").min(),
            pl.col("high").max(),
            pl.col("popularity", "song_id", "text").first(),
        )
    )
    falling = [pl.col("what"), pl.col("of"), -pl.col("popularity"), pl.col("song_id")]
    examples = frame.filter(is_example).sort(falling, nulls_last=True)
    best = examples.group_by("of", maintain_order=True).head(N_EXAMPLES).select(frame.columns)
    return pl.concat([numbers.sort(*_KEYS), best])


def tally_of_rule(reason: str, n_songs: int, n_rows: int, best: pl.DataFrame | None) -> Entries:
    """Return the entries of what a rule applied to, told by the `best` known of the songs, if any."""
    entry = {"what": "rule", "of": reason, "n": n_songs, "n_rows": n_rows}
    if best is None:
        return [entry]
    told = best.select(
        pl.lit("example").alias("what"),
        pl.lit(reason).alias("of"),
        pl.col("popularity") if "popularity" in best.columns else pl.lit(None).alias("popularity"),
        "song_id",
        example_texts(best),
    )
    return [entry, *told.to_dicts()]


def tally_of_table(songs: MergedSongs) -> Entries:
    """Return the entries that hold whatever the features."""
    return [
        {"what": "all", "n": songs.n_songs, "n_rows": songs.rows.height},
        {"what": "damaged", "n": songs.mending.n_cells, "n_rows": int(songs.mending.found.sum())},
        {"what": "differing", "n": songs.n_differing},
    ]


def tally_of_cells(cells: pl.DataFrame) -> Entries:
    """Return the entries of known and impossible cells, as `triage.cell_counts` gives them."""
    return cells.select(pl.lit("cells").alias("what"), of="column", n="impossible", n_rows="known").to_dicts()


def tally_of_rules(songs: MergedSongs, verdicts: Verdicts, policy: CleaningPolicy) -> Entries:
    """Return the entries of every rule that merges rows or leaves songs out."""
    entries: Entries = []
    for reason, rows in (("duplicate_row", songs.repeated), ("same_id", songs.joined)):
        entries += _tally_of_songs(songs, reason, _songs_of(songs, rows), n_rows=len(rows))
    sizes = songs.n_rows_each
    for reason in (*FACTS, *CHOICES):
        if reason == "impossible_values" and policy.damage == "idle":
            applies = _songs_of(songs, songs.mending.found)
        else:
            applies = verdicts.idle.get(reason, verdicts.reasons == REASONS.index(reason))
        entries += _tally_of_songs(songs, reason, applies, n_rows=int(sizes[applies].sum()))
    return entries


def _tally_of_songs(songs: MergedSongs, reason: str, applies: NDArray[np.bool_], *, n_rows: int) -> Entries:
    """The entries of a rule by the songs that it applies to."""
    n_songs = int(applies.sum())
    best = songs.most_popular(applies, N_EXAMPLES) if n_songs else None
    return tally_of_rule(reason, n_songs, n_rows, best)


def _songs_of(songs: MergedSongs, rows: NDArray[Any]) -> NDArray[np.bool_]:
    """The songs that some of the rows stand for."""
    applies = np.zeros(songs.n_songs, dtype=np.bool_)
    applies[songs.grouped.song[rows]] = True
    return applies


def tally_of_stages(table: WholeTable, policy: CleaningPolicy) -> Entries:
    """Return the entries by which the stages of a policy can be decided anew."""
    entries = _tally_of_seen(table.known(), policy.asked, 0)
    for place, stage in enumerate(policy.stages, start=1):
        entries += _tally_of_seen(table.kept(stage), stage.features, place)
        left_out = table.left_out(stage.features)
        entries += [
            {"what": "fact", "of": reason, "stage": place, "n": n}
            for reason, n in zip(FACTS, left_out.by_fact.tolist(), strict=True)
        ]
        entries += [
            {"what": "choice", "of": str(bits), "stage": place, "n": n}
            for bits, n in enumerate(left_out.by_choice.tolist())
            if n
        ]
    return entries


def _tally_of_seen(seen: SeenHere, features: tuple[str, ...], stage: int) -> Entries:
    """How many songs lack each feature, and how far it reaches in the others."""
    columns = list(dict.fromkeys(features))
    ends = seen.extremes(columns)
    lacking = ends.select(
        pl.lit("lacking").alias("what"),
        pl.col("column").alias("of"),
        pl.lit(stage).alias("stage"),
        pl.Series("n", [seen.n_lacking(column) for column in columns], dtype=pl.Int64),
        "low",
        "high",
    )
    return [{"what": "seen", "stage": stage, "n": seen.n_songs}, *lacking.to_dicts()]


@dataclass(frozen=True)
class SeenTally:
    """Songs seen in parts, at the first of some stages; by the next where a feature is new to it."""

    tally: Tally
    stages: tuple[int, ...]

    @property
    def n_songs(self) -> int:
        """Number of these songs."""
        return self.tally.number("seen", stage=self.stages[0])[0]

    def n_lacking(self, column: str) -> int:
        """Return how many of them lack a feature."""
        return self._entry(column)[0]

    def differs(self, column: str) -> bool:
        """Return whether two of them differ in a feature."""
        _, _, low, high = self._entry(column)
        return low is not None and high is not None and low < high

    def _entry(self, column: str) -> tuple[int, int, float | None, float | None]:
        found = (self.tally.entries.get(("lacking", column, stage)) for stage in self.stages)
        return next((entry for entry in found if entry is not None), (0, 0, None, None))


class TalliedTable:
    """The census of songs that were counted in parts, with a policy.

    Parameters
    ----------
    tally : Tally
        Of all parts.
    policy : CleaningPolicy
        With which they were counted.
    is_exact : bool
        Whether the policy holds for the whole table up to its stages.

    Attributes
    ----------
    is_exact : bool
        Whether all that was asked so far was counted; otherwise some of it is a guess by what was.
    """

    def __init__(self, tally: Tally, policy: CleaningPolicy, *, is_exact: bool) -> None:
        self.is_exact = is_exact
        self._tally, self._stages = tally, policy.stages

    def known(self) -> SeenTally:
        """Return the songs of which any feature is known."""
        return SeenTally(self._tally, (0,))

    def left_out(self, features: tuple[str, ...]) -> LeftOut:
        """Return how many songs are left out with these features in use."""
        place = self._place(features) + 1
        by_choice = [
            self._tally.number("choice", str(bits), stage=place)[0] for bits in range(N_COMBINATIONS)
        ]
        by_fact = [self._tally.number("fact", reason, stage=place)[0] for reason in FACTS]
        return LeftOut(np.array(by_fact, dtype=np.int64), np.array(by_choice, dtype=np.int64))

    def kept(self, stage: Stage) -> SeenTally:
        """Return the songs that are kept at a stage."""
        place = self._place(stage.features)
        self.is_exact &= self._stages[place] == stage
        return SeenTally(self._tally, (place + 1, 0))

    def _place(self, features: tuple[str, ...]) -> int:
        """The stage with these features, or the last, which then is a guess."""
        for place, stage in enumerate(self._stages):
            if stage.features == features:
                return place
        self.is_exact = False
        return len(self._stages) - 1
