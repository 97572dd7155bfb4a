"""`songatlas tune`: ways to make the points, and numbers of clusters, side by side on one table.

Every variant clusters the same sample of the songs. They are compared by the agreement with genres, and
where there are no genres by stability, which alone never leaves out what a scan heard. Silhouettes are
shown, but decide nothing: those of different spaces cannot be compared, because every dimension that is
left out raises them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from songatlas.atlas.artist_parts import artists_of, interval
from songatlas.atlas.bench import Bench, Judges, Tried, TuningRow, try_all
from songatlas.atlas.build import preview
from songatlas.atlas.evidence import ks_to_try
from songatlas.atlas.fitting import find_clusters, fitted
from songatlas.atlas.judging import find_genres, learn_genres, with_beliefs
from songatlas.atlas.refine import SAMPLE_SONGS, propose_weights
from songatlas.atlas.settings import AtlasSettings, asked_settings
from songatlas.atlas.usual_space import OF_FEATURES, usual_blocks, with_space
from songatlas.atlas.variants import VARIANTS, Facts
from songatlas.genres import Genres, genre_labels
from songatlas.progress import Progress, part, silent
from songatlas.quality import sampled_rows
from songatlas.space import named_features

USUAL_KS = 6, 10
"""Numbers of clusters that are tried beside that of the verdict."""

LEAST_AGREEMENT, LEAST_STABILITY = 0.005, 0.05
"""By how much a variant must be better to be taken over a simpler one."""

LEAST_AGREEMENT_OF_K = 0.01
"""By how much another number of clusters must agree better to be taken over the verdict's."""

NO_GENRES = "there are no genres to judge by"


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """Variants side by side, and the one to take.

    Attributes
    ----------
    rows : tuple of TuningRow
        Variants in the order of `VARIANTS`, each with every k.
    settings : AtlasSettings
        The settings to build with.
    sentence : str
        Which variant to take, and why.
    notes : tuple of str
        How to read the table, and what was not tried.
    source : str
        Name of the table.
    n_songs, n_sampled : int
        Clean songs, and how many of them took part.
    genre_column : str or None
        Where the genres came from.
    usual_space : tuple of str
        Blocks that the table gets where nobody names any.
    """

    rows: tuple[TuningRow, ...]
    settings: AtlasSettings
    sentence: str
    notes: tuple[str, ...]
    source: str
    n_songs: int
    n_sampled: int
    genre_column: str | None
    usual_space: tuple[str, ...] = OF_FEATURES

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "source": self.source,
            "n_songs": self.n_songs,
            "n_sampled": self.n_sampled,
            "genre_column": self.genre_column,
            "rows": [asdict(row) for row in self.rows],
            "settings": self.settings.to_dict(),
            "sentence": self.sentence,
            "notes": list(self.notes),
        }


def tune(
    source: Any, settings: AtlasSettings | None = None, *, progress: Progress | None = None, **changes: Any
) -> Tuning:
    """Try variants of the space and numbers of clusters on a table of songs, and say which to take.

    Parameters
    ----------
    source, settings, **changes
        As in `build_atlas`.
    progress : callable, optional

    Returns
    -------
    Tuning

    Raises
    ------
    SongAtlasError
        As in `build_atlas`.

    Examples
    --------
    >>> from songatlas.demo import simulate_catalogue
    >>> tuning = tune(simulate_catalogue(200, seed=1), k=4)
    >>> tuning.rows[0].variant, tuning.rows[0].k
    ('as_given', 4)
    """
    settings, tell = asked_settings(settings, changes), progress or silent
    weighed = {named_features([name])[0]: weight for name, weight in settings.feature_weights.items()}
    settings = settings.change(feature_weights=weighed)
    tell(0.0, "reading and cleaning the songs")
    table, clean = preview(source, settings, use_up=True)
    settings = with_space(settings, clean.songs)
    called = {read.column: read.header for read in reversed(table.columns) if read.column}
    found = find_genres(clean.songs, called=called, asked=settings.genre)
    rows = sampled_rows(clean.songs.height, SAMPLE_SONGS, seed=settings.seed)
    genres = found and replace(found, labels=found.labels.gather(rows))
    bench = _bench(clean.songs[rows], tuple(clean.features), settings, genres, tell=part(tell, 0.15, 0.6))
    tried, skipped = try_all(bench, tell=part(tell, 0.6, 1.0))
    unjudged = "" if genres else _unjudged(clean.songs, called=called)
    chosen, why = _chosen(tried, bench.judges, unjudged=unjudged)
    k, why_k = _chosen_k(chosen, bench)
    return Tuning(
        rows=tuple(replace(row, taken=each is chosen and row.k == k) for each in tried for row in each.rows),
        settings=chosen.settings if k == bench.ks[0] else chosen.settings.change(k=k),
        sentence=" ".join(filter(None, (why, why_k, _if_asked(tried, chosen)))),
        notes=(*_how_to_read(tried, bench, unjudged=unjudged), *skipped),
        source=table.source.name,
        n_songs=clean.songs.height,
        n_sampled=len(rows),
        genre_column=None if genres is None else genres.column,
        usual_space=usual_blocks(clean.songs),
    )


def _bench(
    songs: pl.DataFrame,
    features: tuple[str, ...],
    settings: AtlasSettings,
    genres: Genres | None,
    *,
    tell: Progress,
) -> Bench:
    """Learn the genres, find the ks and propose weights. The verdict's k comes first."""
    labels = None if genres is None else genres.labels
    if genres is not None and labels is not None:
        tell(0.0, "learning genres")
        known = learn_genres(songs, genres, settings=settings, tell=part(tell, 0.0, 0.35), of_all=True)
        songs = with_beliefs(songs, known)
    _, points = fitted(songs, features, settings)
    judging = None if "tags" in settings.space else labels
    found = find_clusters(points, settings=settings, tell=part(tell, 0.35, 0.6), genres=judging)
    k = found.verdict.k
    most = max(ks_to_try(points, settings=settings))
    usual = [each for each in USUAL_KS if each <= most] if settings.k == "auto" else []
    refinement = propose_weights(
        songs,
        features=features,
        settings=settings,
        genres=labels,
        artists=artists_of(songs),
        k=k,
        seed=settings.seed,
        n_threads=settings.threads,
        progress=part(tell, 0.6, 1.0),
    )
    facts = Facts(songs=songs, features=features, settings=settings, refinement=refinement)
    judges = None if labels is None else Judges.of(labels, songs, seed=settings.seed)
    return Bench(facts, tuple(dict.fromkeys([k, *usual])), judges)


def _unjudged(songs: pl.DataFrame, *, called: Mapping[str, str]) -> str:
    """Why the clusters of songs cannot be judged by genres."""
    found = genre_labels(songs, called=called)
    if found is not None:
        only = found.labels.drop_nulls()[0]
        return f"there are no genres to judge by (one word, {only!r}, is all that five songs or more share)"
    if any(name in songs.columns for name in ("genre", "tags")):
        return "there are no genres to judge by (no two that five songs or more have each)"
    return NO_GENRES


def _chosen(tried: Sequence[Tried], judges: Judges | None, *, unjudged: str = NO_GENRES) -> tuple[Tried, str]:
    """The variant to take, and why: the first of those that surely agree no worse than the best."""
    if judges is None:
        return _steadiest(tried, unjudged=unjudged)
    candidates = [each for each in tried if each is tried[0] or not VARIANTS[each.name].asked]
    best = max(candidates, key=lambda each: each.mean("agreement"))
    at_best = judges.redrawn(best.judged)
    for each in candidates:
        low, high = interval(at_best - judges.redrawn(each.judged))
        behind = best.mean("agreement") - each.mean("agreement")
        if each is best or low <= 0 or behind < LEAST_AGREEMENT:
            break
    label, figure = each.rows[0].label, f"{each.mean('agreement'):.3f}"
    if each is best:
        return (
            each,
            f"Take '{label}': it agrees best with the genres ({figure}, mean over its ks).",
        )
    return each, (
        f"Take '{label}', agreement with genres {figure}: '{best.rows[0].label}' agrees better here "
        f"({best.mean('agreement'):.3f}; means over the ks), but not surely (redrawing the artists moves the "
        f"difference from {low:+.3f} to {high:+.3f})."
    )


def _if_asked(tried: Sequence[Tried], chosen: Tried) -> str:
    """What genres and tags in the space would give, for those who want clusters made of them."""
    asked = [each for each in tried[1:] if VARIANTS[each.name].asked and each.rows[0].agreement is not None]
    best = max(asked, key=lambda each: each.mean("agreement"), default=chosen)
    if best is chosen or best.mean("agreement") < chosen.mean("agreement") + LEAST_AGREEMENT:
        return ""
    return (
        f"If clusters may be made of genres, not of sound alone: '{best.rows[0].label}' reaches "
        f"{best.mean('agreement'):.3f} on the mean ({best.rows[0].changes})."
    )


def _steadiest(tried: Sequence[Tried], *, unjudged: str = NO_GENRES) -> tuple[Tried, str]:
    """The first variant, unless another comes out far more alike when songs are left out.

    What a scan heard stays however steady others are: few numbers are steadier than many, and say less.
    """
    given = tried[0]
    steadier = [
        each
        for each in tried
        if not VARIANTS[each.name].asked
        and each.mean("stability") >= given.mean("stability") + LEAST_STABILITY
        and each.mean("stability_low") > given.mean("stability_high")
    ]
    if not steadier:
        return given, (
            f"Take '{given.rows[0].label}': {unjudged}, and no other variant is clearly steadier (stability "
            f"{given.mean('stability'):.2f})."
        )
    best = max(steadier, key=lambda each: each.mean("stability"))
    figures = f"stability {best.mean('stability'):.2f} against {given.mean('stability'):.2f}"
    if "audio" in given.settings.space:
        return given, (
            f"Take '{given.rows[0].label}' ({','.join(given.settings.space)}): {unjudged}, and that "
            f"'{best.rows[0].label}' is steadier ({figures}) is no reason to give up what was heard in the "
            "files: steady clusters need not be those that people hear."
        )
    return best, f"Take '{best.rows[0].label}': {unjudged}, and it is clearly steadier ({figures})."


def _chosen_k(chosen: Tried, bench: Bench) -> tuple[int, str]:
    """The number of clusters to take, and why: the verdict's unless genres speak for another."""
    k = bench.ks[0]
    if bench.facts.settings.k != "auto":
        return k, ""
    stays = f"The number of clusters stays with the evidence ({k} for this sample)."
    if bench.judges is None:
        return k, stays
    place = int(np.argmax([row.agreement or 0.0 for row in chosen.rows]))
    ahead = (chosen.rows[place].agreement or 0.0) - (chosen.rows[0].agreement or 0.0)
    redrawn = [bench.judges.redrawn([chosen.judged[each]]) for each in (place, 0)]
    low, high = interval(redrawn[0] - redrawn[1])
    if ahead < LEAST_AGREEMENT_OF_K or low <= 0:
        return k, stays
    return bench.ks[place], (
        f"With {bench.ks[place]} clusters it agrees better by {ahead:.3f} than with the {k} of the evidence "
        f"(nine redrawings of ten: {low:+.3f} to {high:+.3f})."
    )


def _how_to_read(tried: Sequence[Tried], bench: Bench, *, unjudged: str) -> list[str]:
    """What a reader of the table must know."""
    notes = [
        "Silhouettes of different variants cannot be compared: every feature or block left out raises "
        "them, however little the clusters then say. They decide nothing here."
    ]
    if bench.judges is None:
        return [
            *notes,
            f"{unjudged[:1].upper()}{unjudged[1:]}; steady clusters need not be those that people hear.",
        ]
    n_judged = sum(map(len, bench.judges.rows))
    shares = (
        "the mean over three parts of the artists" if bench.judges.can_hide else "too few to hold some out"
    )
    notes.append(
        "Agreement (AMI) is the adjusted mutual information with the genres: 0 by chance, 1 at best; of "
        f"{n_judged:,} songs with a genre, {shares}."
    )
    if any(row.hidden for each in tried for row in each.rows):
        notes.append(
            "* made with genres or tags: the agreement is of songs whose own were hidden from it, by artist."
        )
    return notes
