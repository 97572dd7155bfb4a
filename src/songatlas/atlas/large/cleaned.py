"""Cleaning a catalogue in parts: the policy that holds for all rows, its songs, and their space.

What is decided about the whole table is first taken from a look at some of its rows, then held against
exact tallies of all; where these ask for another policy, all parts are cleaned again with that one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.large.answers import unpacked
from songatlas.atlas.large.tasks import (
    CLEAN,
    MERGED,
    REASON,
    SONGS,
    VERSION,
    CleanRows,
    CountVersions,
    DrawMerged,
    DrawSongs,
    FirstMoments,
    LastMoments,
    MeetVersions,
    MergeSongs,
    PickMerged,
    PickVersions,
    clean_columns,
)
from songatlas.atlas.large.telling import saying
from songatlas.atlas.settings import AtlasSettings
from songatlas.catalogue import KEY, Catalogue
from songatlas.errors import SongAtlasError
from songatlas.keys import lowest_rows
from songatlas.progress import Progress, part, silent
from songatlas.songs import (
    CleaningPolicy,
    RuleCount,
    Tally,
    clean_part,
    revised,
    rule_counts,
)
from songatlas.space import SongSpace
from songatlas.space.moments import (
    Draft,
    draft_space,
    first_moments,
    fitted_space,
    last_moments,
    with_moments,
)

MOST_ROUNDS = 8
"""Policies, or brackets of medians, that are tried; one or two are enough but for tables made to mislead."""

_ALL_KEYS = 2**64 - 1
_AT_ONCE = 100_000
"""United songs that are measured at once."""

_SPARE = 1.05
"""So many more songs are drawn at first than are wanted, as how many there are is only known afterwards."""


@dataclass(frozen=True, kw_only=True)
class Merged:
    """The songs that stand in several rows.

    Attributes
    ----------
    keys : ndarray of uint64
        Of their `song_id`, rising.
    made : DataFrame
        What became of each, by rising keys: `KEY`, `REASON` and its numbers.
    versions : Series of UInt64
        Of each, the number that versions of one song share; null where names say too little.
    tally : DataFrame
        What was counted of them.
    drawn : DataFrame
        Those drawn, with `KEY`.
    """

    keys: NDArray[np.uint64]
    made: pl.DataFrame
    versions: pl.Series
    tally: pl.DataFrame
    drawn: pl.DataFrame

    @property
    def n_clustered(self) -> int:
        """How many are clustered."""
        return int((self.made[REASON] == 0).sum())

    def clustered(self) -> Iterator[pl.DataFrame]:
        """Yield those that are clustered, some at a time, at least once."""
        for start in range(0, max(self.made.height, 1), _AT_ONCE):
            yield self.made[start : start + _AT_ONCE].filter(pl.col(REASON) == 0)


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """A catalogue that is cleaned.

    Attributes
    ----------
    policy : CleaningPolicy
    tally : Tally
        Of all parts, versions among them.
    merged : Merged
    space : SongSpace
    drawn : DataFrame
        Songs with the lowest keys, at least as many as were wanted where there are so many, with `KEY`.
    n_clustered : int
        Songs that are clustered.
    """

    policy: CleaningPolicy
    tally: Tally
    merged: Merged
    space: SongSpace
    drawn: pl.DataFrame
    n_clustered: int

    @property
    def counts(self) -> tuple[RuleCount, ...]:
        """What each rule of cleaning did."""
        return rule_counts(self.policy, self.tally)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the stage `CLEAN` that points are made of."""
        return (REASON, MERGED, *clean_columns(self.policy, self.drawn.schema))


@dataclass(frozen=True, kw_only=True)
class _Round:
    """All parts cleaned with a policy that holds: the draft of the space, the tally, what parts answered."""

    policy: CleaningPolicy
    draft: Draft
    merged: Merged
    tally: Tally
    answers: Mapping[str, pl.DataFrame]


class Cleaning:
    """Asks a catalogue, whose stage `SONGS` is made, what it takes to clean it.

    Parameters
    ----------
    catalogue : Catalogue
    look : DataFrame
        Songs of some rows.
    settings : AtlasSettings
        Whose space names its blocks.
    n_wanted : int
        Songs to draw.
    """

    def __init__(
        self, catalogue: Catalogue, look: pl.DataFrame, *, settings: AtlasSettings, n_wanted: int
    ) -> None:
        self.catalogue, self.look, self.settings, self.n_wanted = catalogue, look, settings, n_wanted

    def clean(self, policy: CleaningPolicy, tell: Progress) -> Cleaned:
        """Clean with a policy, or with those that the tallies ask for, until one holds.

        Raises
        ------
        MissingColumns, TooFewSongs
            As `clean_songs`.
        """
        told = saying(part(tell, 0.0, 0.1), "looking for songs in several rows")
        shared = self.catalogue.shared_keys(KEY, of=SONGS, tell=told)
        for turn in range(MOST_ROUNDS):
            told = part(tell, 0.1 + 0.2 * min(turn, 2), 0.5 + 0.1 * min(turn, 2))
            found = self._round(shared, policy, turn, told)
            if isinstance(found, _Round):
                return self._cleaned(found, tell)
            policy = found
        raise _no_end("a policy of cleaning that holds for all of them")

    def _round(
        self, shared: NDArray[np.uint64], policy: CleaningPolicy, turn: int, tell: Progress
    ) -> _Round | CleaningPolicy:
        """Clean all parts with a policy; return the one to go on with where the tallies ask for another."""
        looked = clean_part(self.look, policy).songs
        draft = self._draft(looked, policy)
        highest = _lowest(self.n_wanted, looked.height / self.look.height * self.catalogue.n_rows)
        merged = self._merged(shared, policy, highest, f"merged {turn}", part(tell, 0.0, 0.3))
        task = CleanRows(policy=policy, draft=draft, made=merged.made, highest=highest)
        told = saying(part(tell, 0.3, 1.0), "cleaning the songs" + " again" * bool(turn))
        answers = unpacked(self.catalogue.stage(CLEAN, task, of=SONGS, tell=told))
        tally = Tally.united(pl.concat([answers["tally"], merged.tally]))
        asked = revised(policy, tally)
        if asked != policy:
            return asked
        return _Round(policy=asked, draft=draft, merged=merged, tally=tally, answers=answers)

    def _cleaned(self, found: _Round, tell: Progress) -> Cleaned:
        """What is cleaned once a policy holds."""
        merged, answers = found.merged, found.answers
        n_clustered = int(answers["kept"]["n"].sum()) + merged.n_clustered
        drawn = pl.concat([answers["drawn"], merged.drawn])
        versions = self._versions(found.policy, merged, part(tell, 0.8, 0.9))
        return Cleaned(
            policy=found.policy,
            tally=Tally.united(pl.concat([found.tally.to_frame(), versions])),
            merged=merged,
            space=self._space(found.draft, answers["moments"], merged, part(tell, 0.9, 1.0)),
            drawn=self._enough(drawn, n_clustered, found.policy, merged),
            n_clustered=n_clustered,
        )

    def _draft(self, songs: pl.DataFrame, policy: CleaningPolicy) -> Draft:
        """The draft of the space."""
        settings = self.settings
        return draft_space(
            songs,
            features=policy.features,
            blocks=settings.space,
            weights=settings.weights,
            feature_weights=settings.feature_weights,
        )

    def _merged(
        self, keys: NDArray[np.uint64], policy: CleaningPolicy, highest: int, name: str, tell: Progress
    ) -> Merged:
        """Make the songs that stand in several rows."""
        task = MergeSongs(policy=policy, seed=self.settings.seed, highest=highest)
        if len(keys):
            pick, told = PickMerged(shared=keys), saying(tell, "uniting the rows of each song")
            found = unpacked(self.catalogue.gathered(pick, task, of=SONGS, name=name, tell=told))
        else:
            found = unpacked(task(self._nothing()))
        made = _by_key(found.pop("made"))
        united = made[KEY].to_numpy()
        if (united[1:] == united[:-1]).any():
            raise SongAtlasError(
                f"two ids of songs have one key under the seed {self.settings.seed}, which hardly ever "
                "happens: build with another --seed"
            )
        return Merged(keys=keys, made=made, versions=made.drop_in_place(VERSION), **found)

    def _versions(self, policy: CleaningPolicy, merged: Merged, tell: Progress) -> pl.DataFrame:
        """The tally of the versions of songs; nothing where they are not looked for."""
        if "versions" in policy.off:
            return Tally.of([]).to_frame()
        told, count = saying(tell, "looking for versions of one song"), CountVersions(policy=policy)
        alone = self.catalogue.shared_keys(VERSION, of=CLEAN, tell=part(told, 0.0, 0.4))
        wanted = np.union1d(alone, self._names_of_several(merged, part(told, 0.4, 0.5)))
        if not len(wanted):
            return count(self._nothing())
        of_some = merged.versions.is_in(pl.Series(wanted).implode()).fill_null(value=False)
        some = pl.DataFrame({KEY: merged.made[KEY].filter(of_some), VERSION: merged.versions.filter(of_some)})
        pick = PickVersions(shared=merged.keys, wanted=wanted, merged=some)
        told = part(told, 0.5, 1.0)
        return self.catalogue.gathered(pick, count, of=SONGS, name="versions", tell=told)

    def _names_of_several(self, merged: Merged, tell: Progress) -> NDArray[np.uint64]:
        """Numbers of the names of merged songs that others have, merged ones or not."""
        told = merged.versions.drop_nulls().sort()
        if not len(told):
            return told.to_numpy()
        sought = told.to_numpy()
        task = MeetVersions(sought=sought)
        met = self.catalogue.collect(task, of=CLEAN, name="names", tell=tell, columns=[VERSION])
        return np.union1d(met[VERSION].to_numpy(), sought[1:][sought[1:] == sought[:-1]])

    def _nothing(self) -> pl.DataFrame:
        """No rows of the stage `SONGS`."""
        return self.look.head(0).with_columns(pl.lit(None, dtype=pl.UInt64).alias(KEY))

    def _space(self, draft: Draft, moments: pl.DataFrame, merged: Merged, tell: Progress) -> SongSpace:
        """The space of all songs."""
        tell = saying(tell, "measuring the features")
        columns = [MERGED, *(name for name in merged.made.columns if name != KEY)]
        for turn in range(MOST_ROUNDS):
            more = [first_moments(songs, draft) for songs in merged.clustered()]
            draft = with_moments(draft, pl.concat([moments, *more]))
            if draft.is_ready:
                break
            moments = self.catalogue.collect(
                FirstMoments(draft=draft), of=CLEAN, name=f"medians {turn}", tell=tell, columns=columns
            )
        else:
            raise _no_end("the medians of their features")
        last = [last_moments(songs, draft) for songs in merged.clustered()]
        if draft.has_outliers:
            task = LastMoments(draft=draft)
            last.append(self.catalogue.collect(task, of=CLEAN, name="spreads", tell=tell, columns=columns))
        return fitted_space(draft, pl.concat(last))

    def _enough(
        self, drawn: pl.DataFrame, n_clustered: int, policy: CleaningPolicy, merged: Merged
    ) -> pl.DataFrame:
        """The songs that were drawn, drawn anew where they are fewer than wanted."""
        wanted = min(self.n_wanted, n_clustered)
        highest = _lowest(wanted, n_clustered)
        while drawn.height < wanted:
            task = DrawSongs(policy=policy, shared=merged.keys, highest=highest)
            drawn = self.catalogue.collect(task, of=SONGS, name=f"drawn {highest}", tell=silent)
            low = merged.keys[merged.keys <= np.uint64(highest)]
            if len(low):
                pick = PickMerged(shared=low)
                draw = DrawMerged(policy=policy, seed=self.settings.seed, highest=highest)
                name = f"drawn merged {highest}"
                again = self.catalogue.gathered(pick, draw, of=SONGS, name=name, tell=silent)
                drawn = pl.concat([drawn, again])
            highest = min(2 * highest, _ALL_KEYS)
        return drawn


def lowest_songs(drawn: pl.DataFrame, n_songs: int) -> pl.DataFrame:
    """Return the songs with the lowest keys, sorted by `song_id`, without their keys.

    Parameters
    ----------
    drawn : DataFrame
        Clean songs with `KEY`.
    n_songs : int
        How many to return, of all where they are fewer.
    """
    songs = drawn.sort("song_id")
    return songs[lowest_rows(songs[KEY].to_numpy(), n_songs)].drop(KEY)


def _by_key(made: pl.DataFrame) -> pl.DataFrame:
    """Rows by rising keys, moved column by column, so that there are never two copies of all."""
    order = made[KEY].arg_sort()
    return pl.DataFrame([made.drop_in_place(name).gather(order) for name in made.columns])


def _lowest(n_wanted: int, n_songs: float) -> int:
    """The key below which about `n_wanted` of `n_songs` songs have theirs, and some more."""
    return _ALL_KEYS if n_songs <= n_wanted * _SPARE else int(_ALL_KEYS * (n_wanted * _SPARE / n_songs))


def _no_end(what: str) -> SongAtlasError:
    """What to say where round after round changes the answer."""
    return SongAtlasError(
        f"the songs of this catalogue were gone over {MOST_ROUNDS} times without finding {what}: "
        "name the --features to use, or switch rules off with --keep"
    )
