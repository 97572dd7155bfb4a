"""Checks of what the points are made of: features that dominate, repeat one another, or are no sound.

References
----------
C. Spearman (1904), "The proof and measurement of association between two things", American Journal of
Psychology 15 (rank correlation).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from songatlas.features import label_of
from songatlas.lint.facts import Facts, Finding, listed

POPULARITY: Final = ("popularity", "artist_popularity", "followers", "streams")
"""Columns that say how many people hear a song, not how it sounds."""

_FEWEST_FEATURES = 3  # of two features one always carries half or more
_TIMES_EVEN = 2.0
_BETWEEN_WARNING, _BETWEEN_NOTE, _SPREAD_WARNING = 0.6, 0.4, 0.5
_SAME, _NEARLY_SAME = 0.9, 0.8
_FEWEST_SONGS = 20
_MOST_PAIRS = 5
_ASKED_BLOCKS = ("audio", "tags", "genre")  # clusters are meant to follow them


def find_dominant(facts: Facts) -> tuple[Finding, ...]:
    """Find the feature that carries most of what sets the clusters apart, or most of the spread."""
    names = tuple(facts.between)
    if len(names) < _FEWEST_FEATURES:
        return ()
    feature = max(names, key=lambda name: (max(facts.between[name], facts.spread[name]), name))
    between, spread = facts.between[feature], facts.spread[feature]
    least = _TIMES_EVEN / len(names)  # of three features one always carries a third
    strong = between >= max(_BETWEEN_WARNING, least) or spread >= max(_SPREAD_WARNING, least)
    if not strong and between < max(_BETWEEN_NOTE, least):
        return ()
    block = facts.dimension_blocks[list(facts.dimension_features).index(feature)]
    if block in _ASKED_BLOCKS:
        return ()
    return (
        Finding(
            check="dominant_feature",
            severity="warning" if strong else "note",
            numbers={"feature": feature, "share_between_clusters": between, "share_of_spread": spread,
                     "even_share": 1 / len(names)},
            sentence=f"{label_of(feature)} carries {between:.0%} of what sets the clusters apart "
            f"and {spread:.0%} of the spread of the songs; an even share would be {1 / len(names):.0%}.",
            next_step=_lighter(feature, block),
        ),
    )  # fmt: skip


def _lighter(feature: str, block: str) -> str:
    """How a feature is made to count less."""
    if block == "era":
        return f"if that is not meant, give it less weight, as in --weights {block}=0.2"
    return f"give it less weight, or leave {feature} out: name the features to use with --features"


def find_duplicates(facts: Facts) -> tuple[Finding, ...]:
    """Find features whose rank correlation is so high that they count twice."""
    names = list(facts.dimension_features)
    single = [
        place for place, name in enumerate(names)
        if names.count(name) == 1 and np.ptp(facts.sample[:, place]) > 0
    ]  # fmt: skip
    if len(facts.sample) < _FEWEST_SONGS or len(single) < 2:
        return ()
    ranks = [pl.Series(facts.sample[:, place]).rank("average").to_numpy() for place in single]
    table = np.corrcoef(np.stack(ranks))
    rows, columns = np.nonzero(np.triu(np.abs(table) >= _NEARLY_SAME, k=1))
    strongest = sorted(zip(rows.tolist(), columns.tolist(), strict=True), key=lambda at: -abs(table[at]))
    return tuple(
        _duplicate(names[single[one]], names[single[other]], float(table[one, other]), facts)
        for one, other in strongest[:_MOST_PAIRS]
    )


def _duplicate(one: str, other: str, correlation: float, facts: Facts) -> Finding:
    """The finding of one pair of features."""
    same = abs(correlation) >= _SAME
    relation = "the same" if correlation > 0 else "the same, turned round"
    both = facts.between[one] + facts.between[other]
    return Finding(
        check="duplicate_features",
        severity="warning" if same else "note",
        numbers={"feature": one, "other": other, "rank_correlation": correlation,
                 "share_between_clusters": both},
        sentence=f"{label_of(one)} and {label_of(other)} say {'nearly' if same else 'much of'} {relation}: "
        f"their rank correlation is {correlation:.2f}, so that it counts twice "
        f"({both:.0%} of what sets the clusters apart).",
        next_step=f"leave {one} or {other} out (name the features to use with --features), or give both less "
        "weight",
    )  # fmt: skip


def find_popularity(facts: Facts) -> tuple[Finding, ...]:
    """Find columns of popularity among the features of the sound."""
    used = [name for name in facts.features if name in POPULARITY]
    if not used:
        return ()
    share = sum(facts.between.get(name, 0.0) for name in used)
    as_if = "is used as if it" if len(used) == 1 else "are used as if they"
    words = [label_of(used[0]), *(label_of(name).lower() for name in used[1:])]
    return (
        Finding(
            check="popularity_as_sound",
            severity="warning",
            numbers={"features": ", ".join(used), "share_between_clusters": share},
            sentence=f"{listed(words)} {as_if} were sound: {share:.0%} of what sets the clusters "
            "apart is how well known songs are.",
            next_step=f"leave {' and '.join(used)} out of --features",
        ),
    )
