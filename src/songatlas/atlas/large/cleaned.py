"""Cleaning a catalogue in parts: the policy that holds for all rows, its songs, and their space.

What is decided about the whole table is first taken from a look at some of its rows, then held against
exact tallies of all; where these ask for another policy, all parts are cleaned again with that one.
"""

from __future__ import annotations

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
    DrawSongs,
    FirstMoments,
    LastMoments,
    MergeSongs,
    PickMerged,
    PickVersions,
    clean_columns,
    count_versions,
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
    mark_versions,
    revised,
    rule_counts,
    version_candidates,
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
        A row of the stage `CLEAN` for each, by rising keys.
    tally : DataFrame
        What was counted of them.
    named : DataFrame
        Their names, as `version_candidates` gives them, with their key in `SONG`.
    drawn : DataFrame
        Those drawn, with `KEY`.
    """

    keys: NDArray[np.uint64]
    made: pl.DataFrame
    tally: pl.DataFrame
    named: pl.DataFrame
    drawn: pl.DataFrame

    def clustered(self) -> pl.DataFrame:
        """Return the numbers of those that are clustered."""
        return self.made.filter(pl.col(REASON) == 0)


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
            looked = clean_part(self.look, policy)
            draft = self._draft(looked.songs, policy)
            highest = _lowest(self.n_wanted, looked.songs.height / self.look.height * self.catalogue.n_rows)
            merged = self._merged(shared, policy, highest, f"merged {turn}", part(told, 0.0, 0.3))
            task = CleanRows(policy=policy, draft=draft, made=merged.made, highest=highest)
            told = saying(part(told, 0.3, 1.0), "cleaning the songs" + " again" * bool(turn))
            answers = self.catalogue.stage(CLEAN, task, of=SONGS, tell=told)
            tally = Tally.united(pl.concat([unpacked(answers, "tally"), merged.tally]))
            asked = revised(policy, tally)
            if asked == policy:
                break
            policy = asked
        else:
            raise _no_end("a policy of cleaning that holds for all of them")
        n_clustered = int(unpacked(answers, "kept")["n"].sum()) + merged.clustered().height
        drawn = pl.concat([unpacked(answers, "drawn"), merged.drawn])
        versions = self._versions(asked, merged, version_candidates(looked).clear(), part(tell, 0.8, 0.9))
        return Cleaned(
            policy=asked,
            tally=Tally.united(pl.concat([tally.to_frame(), versions])),
            merged=merged,
            space=self._space(draft, unpacked(answers, "moments"), merged, part(tell, 0.9, 1.0)),
            drawn=self._enough(drawn, n_clustered, asked, merged),
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
            answers = self.catalogue.gathered(pick, task, of=SONGS, name=name, tell=told)
        else:
            answers = task(self.look.head(0).with_columns(pl.lit(None, dtype=pl.UInt64).alias(KEY)))
        made = unpacked(answers, "made").sort(KEY).with_columns(pl.lit(True).alias(MERGED))
        if made[KEY].is_duplicated().any():
            raise SongAtlasError(
                f"two ids of songs have one key under the seed {self.settings.seed}, which hardly ever "
                "happens: build with another --seed"
            )
        rest = {name: unpacked(answers, name) for name in ("tally", "named", "drawn")}
        return Merged(keys=keys, made=made, **rest)

    def _versions(
        self, policy: CleaningPolicy, merged: Merged, nothing: pl.DataFrame, tell: Progress
    ) -> pl.DataFrame:
        """The tally of the versions of songs; nothing where they are not looked for."""
        if "versions" in policy.off:
            return Tally.of([]).to_frame()
        told = saying(tell, "looking for versions of one song")
        shared = self.catalogue.shared_keys(VERSION, of=CLEAN, tell=part(told, 0.0, 0.5))
        wanted = np.union1d(shared, merged.named[KEY].to_numpy())
        if not len(wanted):
            return mark_versions(nothing).to_frame()
        pick = PickVersions(policy=policy, shared=merged.keys, wanted=wanted, named=merged.named)
        told = part(told, 0.5, 1.0)
        return self.catalogue.gathered(pick, count_versions, of=SONGS, name="versions", tell=told)

    def _space(self, draft: Draft, moments: pl.DataFrame, merged: Merged, tell: Progress) -> SongSpace:
        """The space of all songs."""
        songs, tell = merged.clustered(), saying(tell, "measuring the features")
        columns = [name for name in songs.columns if name not in (KEY, VERSION)]
        for turn in range(MOST_ROUNDS):
            draft = with_moments(draft, pl.concat([moments, first_moments(songs, draft)]))
            if draft.is_ready:
                break
            moments = self.catalogue.collect(
                FirstMoments(draft=draft), of=CLEAN, name=f"medians {turn}", tell=tell, columns=columns
            )
        else:
            raise _no_end("the medians of their features")
        last = last_moments(songs, draft)
        if draft.has_outliers:
            task = LastMoments(draft=draft)
            more = self.catalogue.collect(task, of=CLEAN, name="spreads", tell=tell, columns=columns)
            last = pl.concat([last, more])
        return fitted_space(draft, last)

    def _enough(
        self, drawn: pl.DataFrame, n_clustered: int, policy: CleaningPolicy, merged: Merged
    ) -> pl.DataFrame:
        """The songs that were drawn, drawn anew where they are fewer than wanted."""
        wanted = min(self.n_wanted, n_clustered)
        highest = _lowest(wanted, n_clustered)
        while drawn.height < wanted:
            task = DrawSongs(policy=policy, shared=merged.keys, highest=highest)
            alone = self.catalogue.collect(task, of=SONGS, name=f"drawn {highest}", tell=silent)
            again = self._merged(merged.keys, policy, highest, f"drawn merged {highest}", silent)
            drawn, highest = pl.concat([alone, again.drawn]), min(2 * highest, _ALL_KEYS)
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


def _lowest(n_wanted: int, n_songs: float) -> int:
    """The key below which about `n_wanted` of `n_songs` songs have theirs, and some more."""
    return _ALL_KEYS if n_songs <= n_wanted * _SPARE else int(_ALL_KEYS * (n_wanted * _SPARE / n_songs))


def _no_end(what: str) -> SongAtlasError:
    """What to say where round after round changes the answer."""
    return SongAtlasError(
        f"the songs of this catalogue were gone over {MOST_ROUNDS} times without finding {what}: "
        "name the --features to use, or switch rules off with --keep"
    )
