"""Checks of the table: values that were rescaled or rounded before they came here.

Names, and every comparison with other tables, rest on units: beats a minute, dB, shares from 0 to 1. The
reader leaves alone what it knows to be rescaled; what it cannot know is found here by values that measured
songs do not have.
"""

from __future__ import annotations

import re
from typing import Any, Final

import polars as pl

from songatlas.features import FEATURES, is_feature, label_of
from songatlas.lint.facts import Facts, Finding, listed

NEVER_FULL: Final = ("danceability", "speechiness", "acousticness")
"""Shares that stay below 1 in every measured catalogue, however large."""

_ORIGINALS = "give the table with its values as they were measured: shares from 0 to 1, BPM, dB, milliseconds"
_LEFT_ALONE = re.compile(r"z-scores|runs from 0 to 1")
_OUTSIDE = re.compile(r"values (?:outside 0 to 1|below 0): ([\d,]+)")
_MOST_OUTSIDE = 0.05
_MANY, _FEW_LEVELS = 500, 21
_FEWEST_SHARES = 4
_ROUNDING = 1e-9


def find_rescaled(facts: Facts) -> tuple[Finding, ...]:
    """Find features that the reader left alone as rescaled, and those whose values look so."""
    return (*_left_alone(facts), *_outside(facts), *_impossible(facts), *_stretched(facts))


def _left_alone(facts: Facts) -> tuple[Finding, ...]:
    """Columns of features that the reader did not use because they were rescaled."""
    lost = {header: note for header, note in facts.unread.items() if is_feature(header)}
    rescaled = [header for header, note in lost.items() if _LEFT_ALONE.search(note)]
    if not rescaled:
        return ()
    z_scored = sum("z-scores" in lost[header] for header in rescaled)
    how = "are standardized" if z_scored == len(rescaled) else "run from 0 to 1"
    if 0 < z_scored < len(rescaled):
        how = "are standardized or run from 0 to 1"
    said = f"The values of {listed(rescaled)} {how}"
    return (_finding(
        {"columns": ", ".join(rescaled), "n_columns": len(rescaled)},
        f"{said}, so that their unit is lost and the clusters are made without them.",
    ),)  # fmt: skip


def _outside(facts: Facts) -> tuple[Finding, ...]:
    """Shares of which more values are impossible than strays and codes for "missing" explain."""
    findings = []
    for column, note in facts.notes.items():
        found = _OUTSIDE.search(note)
        share = int(found[1].replace(",", "")) / max(facts.n_rows, 1) if found else 0.0
        if share > _MOST_OUTSIDE:
            findings.append(_finding(
                {"feature": column, "share_outside": share},
                f"{share:.0%} of the values of {label_of(column)} lie outside 0 to 1 and count as missing; "
                "so many are no strays: the column seems to run from -1 to 1.",
            ))  # fmt: skip
    return tuple(findings)


def _impossible(facts: Facts) -> tuple[Finding, ...]:
    """Columns whose values, taken for their unit, no catalogue has: as where a unit was named wrongly."""
    findings = []
    for column in facts.features:
        if column not in FEATURES or FEATURES[column].unit not in ("share", "BPM", "dB", "ms"):
            continue
        values = _known(facts, column)
        if len(values) < 10:
            continue
        mean, spread = float(values.mean()), float(values.std())  # type: ignore[arg-type]
        low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]
        standardized = abs(mean) < 0.3 and 0.5 < spread < 1.6 and low < -1 and high > 1
        scaled = FEATURES[column].unit != "share" and low >= -1 and high <= 1
        if standardized or scaled:
            how = "standardized" if standardized else f"scaled to {low:.3g} to {high:.3g}"
            findings.append(_finding(
                {"feature": column, "mean": mean, "standard_deviation": spread, "low": low, "high": high},
                f"{label_of(column)} looks {how} (mean {mean:.2f}, standard deviation {spread:.2f}), but is "
                f"read in its unit ({FEATURES[column].unit}).",
            ))  # fmt: skip
    return tuple(findings)


def _stretched(facts: Facts) -> tuple[Finding, ...]:
    """Shares that all reach exactly 1, also those that never do: each was stretched to its own range."""
    shares = [name for name in facts.features if name in FEATURES and FEATURES[name].unit == "share"]
    tops: dict[str, Any] = {name: facts.songs[name].max() for name in shares}
    full = [name for name in shares if tops[name] is not None and abs(tops[name] - 1.0) < _ROUNDING]
    telling = [name for name in full if name in NEVER_FULL and not _is_rounded(facts, name)]
    if len(full) < _FEWEST_SHARES or len(full) < len(shares) or not telling:
        return ()
    return (_finding(
        {"features": ", ".join(full), "n_features": len(full), "high": 1.0},
        f"All {len(full)} shares reach exactly 1, also {listed([label_of(name) for name in telling])}, which "
        "measured songs never do: each column seems stretched to its own range, so that its values "
        "cannot be compared with other tables.",
    ),)  # fmt: skip


def find_rounded(facts: Facts) -> tuple[Finding, ...]:
    """Find features with so few different values that they seem to be rounded."""
    levels = {}
    for column in facts.features:
        if column in FEATURES and FEATURES[column].unit in ("share", "BPM", "dB", "ms"):
            values = _known(facts, column)
            if len(values) >= _MANY and 1 < values.n_unique() <= _FEW_LEVELS:
                levels[column] = values.n_unique()
    if not levels:
        return ()
    told = [f"{label_of(column)} ({n})" for column, n in levels.items()]
    return (
        Finding(
            check="rounded_features",
            severity="note",
            numbers={"features": ", ".join(levels), "fewest_values": min(levels.values())},
            sentence=f"So few different values are no measurement, but rounded: {listed(told, most=8)}.",
            next_step="give the table with unrounded values where there are any",
        ),
    )


def _is_rounded(facts: Facts, column: str) -> bool:
    """Whether a share has only the values that whole percentages, or coarser steps, have."""
    return _known(facts, column).n_unique() <= 101


def _known(facts: Facts, column: str) -> pl.Series:
    """Numbers of a column for a sample of the songs."""
    return facts.song_sample[column].cast(pl.Float64).drop_nulls().drop_nans()


def _finding(numbers: dict[str, float | str], sentence: str) -> Finding:
    """A warning of this kind."""
    return Finding(
        check="rescaled_features",
        severity="warning",
        numbers=numbers,
        sentence=sentence,
        next_step=_ORIGINALS,
    )
