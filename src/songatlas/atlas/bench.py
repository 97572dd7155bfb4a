"""The bench on which `songatlas tune` tries variants: one sample of songs, and what they are judged by.

Agreement with genres is the mean over parts of the artists, and no variant is judged by what it has seen:
weights chosen by genres are judged by artists who took no part in choosing them, spaces with tags or genres
as `songatlas.atlas.judging` says.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.atlas.artist_parts import (
    FEWEST_ARTISTS,
    FEWEST_SONGS,
    N_PARTS,
    N_REPLICATES,
    artist_draws,
    artist_numbers,
    artists_of,
    genre_numbers,
    mutual_information,
)
from songatlas.atlas.fitting import fitted, measured
from songatlas.atlas.judging import judged_labels
from songatlas.atlas.objectives import GenreAgreement
from songatlas.atlas.settings import AtlasSettings
from songatlas.atlas.variants import VARIANTS, Facts, Variant, described
from songatlas.errors import TooFewSongs
from songatlas.genres import artist_folds
from songatlas.kmeans import Clustering, sweep
from songatlas.progress import Progress
from songatlas.space import SongSpace
from songatlas.space.audio import EMBEDDING

Labels = NDArray[np.int32]
_Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TuningRow:
    """One variant with one number of clusters.

    Attributes
    ----------
    variant, label : str
        Its name in `VARIANTS`, and what a table calls it.
    changes : str
        What it changes of the settings given, as options of the command line.
    k : int
    silhouette : float
        Of the songs of the sample; not comparable between variants.
    stability, stability_low, stability_high : float
    agreement : float or None
        Adjusted mutual information with the genres, the mean over parts of the artists.
    hidden : bool
        Whether genres or tags take part, and those of the judged songs were hidden.
    seconds : float
        To make the points, cluster and measure.
    taken : bool
        Whether this is the one to take.
    """

    variant: str
    label: str
    changes: str
    k: int
    silhouette: float
    stability: float
    stability_low: float
    stability_high: float
    agreement: float | None
    hidden: bool
    seconds: float
    taken: bool = False


@dataclass(frozen=True)
class Judges:
    """Songs with a genre, by parts of the artists.

    Attributes
    ----------
    codes : ndarray of int64, shape (n_songs,)
        Genre of each song as a number from 0, -1 for none.
    parts : ndarray of int64, shape (n_songs,)
        Part of each song; all 0 where there are too few songs or artists to hold some out.
    rows : tuple of ndarray of int64
        Songs with a genre in each part.
    draws : tuple of tuple of ndarray of int64
        For each part, the rows of each of `N_REPLICATES` redrawings of its artists.
    """

    codes: _Rows
    parts: _Rows
    rows: tuple[_Rows, ...]
    draws: tuple[tuple[_Rows, ...], ...]

    @classmethod
    def of(cls, genres: pl.Series, songs: pl.DataFrame, *, seed: int) -> Judges:
        """Deal the songs with a genre into parts."""
        codes = genre_numbers(genres)
        known = codes >= 0
        artists = artist_numbers(artists_of(songs), songs.height)
        parts = artist_folds(artists, n_folds=N_PARTS, seed=seed)
        if known.sum() < FEWEST_SONGS or len(np.unique(artists[known])) < FEWEST_ARTISTS:
            parts = np.zeros_like(parts)
        rows = tuple(np.flatnonzero(known & (parts == each)) for each in np.unique(parts))
        draws = tuple(tuple(each[drawn] for drawn in artist_draws(artists[each], seed=seed)) for each in rows)
        return cls(codes, parts, rows, draws)

    @property
    def can_hide(self) -> bool:
        """Whether genres of some artists can be hidden."""
        return len(self.rows) > 1

    def agreement(self, labels: Labels) -> float:
        """Return the agreement with the genres, the mean over the parts."""
        return float(np.mean([mutual_information(labels[rows], self.codes[rows]) for rows in self.rows]))

    def redrawn(self, labels: Sequence[Labels]) -> NDArray[np.float64]:
        """Return the agreement in each redrawing of the artists, which takes one of the labelings in turn."""
        found = np.zeros(N_REPLICATES)
        for draw in range(N_REPLICATES):
            taken = labels[draw % len(labels)]
            found[draw] = np.mean(
                [mutual_information(taken[rows[draw]], self.codes[rows[draw]]) for rows in self.draws]
            )
        return found


@dataclass(frozen=True)
class Bench:
    """What every variant is tried with.

    Attributes
    ----------
    facts : Facts
        The sample of songs, and the settings given.
    ks : tuple of int
        Numbers of clusters.
    judges : Judges or None
        None where there are no genres.
    """

    facts: Facts
    ks: tuple[int, ...]
    judges: Judges | None


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A variant that was tried.

    Attributes
    ----------
    name : str
        In `VARIANTS`.
    settings : AtlasSettings
        To build with.
    rows : tuple of TuningRow
        One for each k.
    judged : tuple of ndarray of int32
        For each k the labels that it is judged by.
    """

    name: str
    settings: AtlasSettings
    rows: tuple[TuningRow, ...]
    judged: tuple[Labels, ...] = field(repr=False)

    def mean(self, figure: str) -> float:
        """Return the mean of a figure over the ks."""
        return float(np.mean([getattr(row, figure) for row in self.rows]))


def try_all(bench: Bench, *, tell: Progress) -> tuple[list[Tried], list[str]]:
    """Try every variant; return what came of them, and sentences on what was not tried and why."""
    tried: list[Tried] = []
    skipped: dict[str, list[str]] = {}
    seen: dict[str, str] = {}
    is_scan = EMBEDDING in bench.facts.songs.columns
    for place, (name, variant) in enumerate(VARIANTS.items()):
        if variant.scanned and not is_scan:
            continue
        tell(place / len(VARIANTS), f"trying {variant.label}")
        found = _try(name, variant, bench, seen)
        if isinstance(found, str) and found:
            skipped.setdefault(found.rstrip("."), []).append(variant.label)
        elif isinstance(found, Tried):
            tried.append(found)
    tell(1.0, "comparing")
    return tried, [f"Not tried ({'; '.join(labels)}): {why}." for why, labels in skipped.items()]


def _try(name: str, variant: Variant, bench: Bench, seen: dict[str, str]) -> Tried | str:
    """Try one variant, or say why not (nothing, if it is what was given); `seen` knows earlier points."""
    facts, judges = bench.facts, bench.judges
    changes = variant.changes(facts, None)
    if isinstance(changes, str):
        return changes
    settings = facts.settings.change(**changes)
    if seen and settings == facts.settings:
        return ""
    start = time.perf_counter()
    space, points = fitted(facts.songs, facts.features, settings)
    before = seen.setdefault(sha256(points.tobytes()).hexdigest(), variant.label)
    if before != variant.label:
        return f"here it is the same as '{before}'"
    chosen_by_genres = variant.refined and facts.refinement.objective == GenreAgreement.name
    if chosen_by_genres and (judges is None or not judges.can_hide):
        return "there are too few songs and artists with a genre to hold some out"
    spent = time.perf_counter() - start
    try:
        found = [measured(points, k, settings) for k in bench.ks]
        if chosen_by_genres and judges is not None:
            judged = _labels_of_parts(variant, bench, judges)
        else:
            judged = _without_labels(facts, settings, space, points, [each for each, _ in found])
    except TooFewSongs:
        return "too few of its points differ from one another"
    rows = tuple(
        TuningRow(
            variant=name,
            label=variant.label,
            changes=described(settings, facts.settings),
            k=k,
            agreement=None if judges is None else judges.agreement(labels),
            hidden=chosen_by_genres or bool({"tags", "genre"} & set(space.places())),
            **figures | {"seconds": figures["seconds"] + spent},
        )
        for k, labels, (_, figures) in zip(bench.ks, judged, found, strict=True)
    )
    return Tried(name=name, settings=settings, rows=rows, judged=judged)


def _without_labels(
    facts: Facts,
    settings: AtlasSettings,
    space: SongSpace,
    points: NDArray[np.float32],
    clusterings: Sequence[Clustering],
) -> tuple[Labels, ...]:
    """For each k the labels as found without what songs are judged by."""
    return tuple(
        judged_labels(points, clustering, songs=facts.songs, space=space, settings=settings)
        for clustering in clusterings
    )


def _labels_of_parts(variant: Variant, bench: Bench, judges: Judges) -> tuple[Labels, ...]:
    """For each k the labels of every part, made with what the other parts have chosen."""
    facts = bench.facts
    labels = tuple(np.zeros(facts.songs.height, dtype=np.int32) for _ in bench.ks)
    for held_out in range(N_PARTS):
        changes = variant.changes(facts, held_out)
        settings = facts.settings if isinstance(changes, str) else facts.settings.change(**changes)
        space, points = fitted(facts.songs, facts.features, settings)
        clusterings = sweep(points, bench.ks, seed=settings.seed, n_threads=settings.threads)
        found = _without_labels(facts, settings, space, points, clusterings)
        for whole, own in zip(labels, found, strict=True):
            whole[judges.parts == held_out] = own[judges.parts == held_out]
    return labels
