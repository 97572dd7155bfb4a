"""The variants that `songatlas tune` tries: scalings, blocks, sets and weights of features.

A variant is a row of `VARIANTS`: what it is called, and a function that says which settings it changes for
a table, or why it cannot be tried there. Rows stand from the simplest to the most elaborate: of variants
that do equally well the first is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from songatlas.atlas.objectives import WeightedPoints
from songatlas.atlas.refine import Refinement
from songatlas.atlas.settings import AtlasSettings
from songatlas.atlas.usual_space import usual_blocks, with_space
from songatlas.space import BELIEF, FEATURE_SHARES, QUIET_FEATURES, why_not_heard

SAME_FEATURE = 0.7
"""Correlation, in the space, from which one feature says mostly what another does."""

Changes: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a variant may look at.

    Attributes
    ----------
    songs : DataFrame
        The sample, with what is believed of genres where that can be learned.
    features : tuple of str
        Columns of the sound.
    settings : AtlasSettings
        As a person gave them.
    refinement : Refinement
        Weights of features that were proposed, each part of the artists being held out once.
    """

    songs: pl.DataFrame
    features: tuple[str, ...]
    settings: AtlasSettings
    refinement: Refinement

    @property
    def space(self) -> tuple[str, ...]:
        """Blocks of the settings, those among them that nobody chose."""
        return with_space(self.settings, self.songs).space


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to make the points.

    Attributes
    ----------
    label : str
        What the table calls it.
    changes : callable
        `changes(facts, held_out)` gives the settings to change, or a sentence that says why it cannot be
        tried. `held_out` is the part of the artists that judges, whose genres
        nothing may have seen; None asks for the settings that a person would be given.
    refined : bool
        Whether it follows the refinement, so that each part of the artists is judged by what the other
        parts proposed.
    scanned : bool
        Whether it is only for tables that `songatlas scan` made; elsewhere nobody misses it.
    asked : bool
        Whether it is only for those who ask for it: clusters are then made of what people call songs, no
        longer of how they sound, and of course agree better with genres.
    """

    label: str
    changes: Callable[[Facts, int | None], Changes | str]
    refined: bool = False
    scanned: bool = False
    asked: bool = False


def _as_given(facts: Facts, held_out: int | None) -> Changes | str:
    return {}


def _plain(facts: Facts, held_out: int | None) -> Changes | str:
    return {"space": ("plain",), "weights": {}, "feature_weights": {}, "genre_pull": None}


def _sound(facts: Facts, held_out: int | None) -> Changes | str:
    return _blocks(facts, "sound")


def _sound_era(facts: Facts, held_out: int | None) -> Changes | str:
    return _blocks(facts, "sound", "era")


def _audio_era(facts: Facts, held_out: int | None) -> Changes | str:
    return why_not_heard(facts.songs) or _blocks(facts, "audio", "era")


def _sound_audio_era(facts: Facts, held_out: int | None) -> Changes | str:
    return why_not_heard(facts.songs) or _blocks(facts, "sound", "audio", "era")


def _tags(facts: Facts, held_out: int | None) -> Changes | str:
    if "tags" not in facts.songs.columns:
        return "the table has no tags"
    return _blocks(facts, *usual_blocks(facts.songs), "tags")


def _half_pull(facts: Facts, held_out: int | None) -> Changes | str:
    return _pulled(facts, 0.5)


def _full_pull(facts: Facts, held_out: int | None) -> Changes | str:
    return _pulled(facts, 1.0)


def _without_quiet(facts: Facts, held_out: int | None) -> Changes | str:
    quiet = [column for column in facts.features if column in QUIET_FEATURES]
    if not quiet:
        return "the table has none of the features that count half"
    return _weighted(facts, dict.fromkeys(quiet, 0.0))


def _all_alike(facts: Facts, held_out: int | None) -> Changes | str:
    alike = {column: 1 / FEATURE_SHARES[column] for column in facts.features if column in FEATURE_SHARES}
    return _weighted(facts, alike) if alike else "all features count alike already"


def _without_doubles(facts: Facts, held_out: int | None) -> Changes | str:
    if "sound" not in facts.space:
        return _weighted(facts, {})
    doubles = doubled_features(facts.songs, facts.features, facts.settings)
    if not doubles:
        return f"no two features are correlated by {SAME_FEATURE} or more"
    return _weighted(facts, dict.fromkeys(doubles, 0.0))


def _refined(facts: Facts, held_out: int | None) -> Changes | str:
    found = facts.refinement
    if "sound" not in facts.space:
        return _weighted(facts, {})
    if not found.changed:
        return f"{found.sentence[:1].lower()}{found.sentence[1:]}"
    weights = found.changed if held_out is None else found.trials[held_out].weights
    return _weighted(facts, weights)


def _blocks(facts: Facts, *blocks: str) -> Changes:
    """The settings with these blocks, and what was said of their weights."""
    given = facts.settings
    weights = {name: weight for name, weight in given.weights.items() if name in blocks}
    changes: dict[str, Any] = {"space": blocks, "weights": weights, "genre_pull": None}
    keeps_sound = "sound" in facts.space and "sound" in blocks
    return changes if keeps_sound else changes | {"feature_weights": {}}


def _pulled(facts: Facts, pull: float) -> Changes | str:
    """The settings with a pull of the genres."""
    if BELIEF not in facts.songs.columns:
        return "too few songs have a genre to learn from"
    if "plain" in facts.space:
        return dict(_blocks(facts, *usual_blocks(facts.songs))) | {"genre_pull": pull}
    return {"genre_pull": pull}


def _weighted(facts: Facts, weights: Mapping[str, float]) -> Changes | str:
    """The settings with these weights of features beside those given."""
    if "sound" not in facts.space:
        return "the space has no sound block, so there are no features to weigh"
    merged = {**facts.settings.feature_weights, **weights}
    if not any(merged.get(column, 1.0) for column in facts.features):
        return "no feature would be left"
    return {"feature_weights": merged}


def doubled_features(
    songs: pl.DataFrame, features: tuple[str, ...], settings: AtlasSettings
) -> tuple[str, ...]:
    """Return features that say mostly what another one does: of two, the one more like all the rest.

    Parameters
    ----------
    songs : DataFrame
    features : tuple of str
        Columns of the sound.
    settings : AtlasSettings
        Of a space with a sound block.
    """
    weighted = WeightedPoints.of(songs, features=features, settings=settings)
    once = [
        place
        for place, column in enumerate(weighted.columns)
        if column and weighted.columns.count(column) == 1 and weighted.variances[place] > 0
    ]
    if len(once) < 2:
        return ()
    alike = np.abs(np.corrcoef(weighted.points[:, once].astype(np.float64).T))
    likeness, dropped = alike.sum(axis=0), set[int]()
    pairs = combinations(range(len(once)), 2)
    for one, other in sorted(pairs, key=lambda pair: -alike[pair]):
        if alike[one, other] >= SAME_FEATURE and not {one, other} & dropped:
            dropped.add(one if likeness[one] > likeness[other] else other)
    return tuple(weighted.columns[once[place]] for place in sorted(dropped))


def described(settings: AtlasSettings, given: AtlasSettings) -> str:
    """Return what settings change of those given, as options of the command line; empty where nothing."""
    said = []
    if settings.space != given.space:
        said.append(f"--space {','.join(settings.space)}")
    if settings.genre_pull != given.genre_pull:
        said.append(f"--genre-pull {settings.genre_pull or 0:g}")
    if settings.feature_weights != given.feature_weights and settings.feature_weights:
        pairs = (f"{column}={factor:g}" for column, factor in settings.feature_weights.items())
        said.append(f"--feature-weights {','.join(pairs)}")
    return " ".join(said)


VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {
        "as_given": Variant(label="as given", changes=_as_given),
        "plain": Variant(label="plain: standardized as they stand", changes=_plain),
        "sound": Variant(label="sound alone", changes=_sound),
        "sound_era": Variant(label="sound and era", changes=_sound_era),
        "audio_era": Variant(label="the sound itself and era", changes=_audio_era, scanned=True),
        "sound_audio_era": Variant(
            label="features, the sound itself and era", changes=_sound_audio_era, scanned=True
        ),
        "without_quiet": Variant(label="without length, liveness, tempo", changes=_without_quiet),
        "all_alike": Variant(label="all features alike", changes=_all_alike),
        "without_doubles": Variant(label="without doubled features", changes=_without_doubles),
        "refined": Variant(label="refined weights", changes=_refined, refined=True),
        "tags": Variant(label="sound, era and tags", changes=_tags, asked=True),
        "half_pull": Variant(label="genres pull half", changes=_half_pull, asked=True),
        "full_pull": Variant(label="genres pull fully", changes=_full_pull, asked=True),
    }
)
"""Name -> variant, from the simplest to the most elaborate."""
