"""Who measured the songs of two tables, and what to say where it was not the same one.

Values of two measurers need not be on one scale: a difference between their songs may tell of the measurers
rather than of the songs.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final

import polars as pl

from songatlas.features import label_of
from songatlas.matching import listed
from songatlas.songs.scanned import SCANNED, by_whom, measurers_of

OTHERS: Final = ""
"""Stands for measurers that no table names."""


def measurers_in(songs: pl.DataFrame) -> frozenset[str]:
    """Return who measured songs; `OTHERS` stands for those that are not named.

    Examples
    --------
    >>> sorted(measurers_in(pl.DataFrame({"measured_by": ["songatlas 0.1.0, audio 1", None]})))
    ['', 'audio 1']
    """
    if "measured_by" not in songs.columns:
        return frozenset({OTHERS} if songs.height else ())
    return frozenset(measurers_of(songs["measured_by"]).fill_null(OTHERS).unique())


def strangers(measurers: Set[str], known: Set[str]) -> frozenset[str]:
    """Return measurers that are not among those known; a scan of unknown version may be any scan.

    Examples
    --------
    >>> sorted(strangers({"audio 2", ""}, {"audio 1"})), sorted(strangers({"audio 2"}, {"songatlas scan"}))
    (['', 'audio 2'], [])
    """
    unknown = {each for each in measurers if _is_scan(each)} if SCANNED in known else set()
    spared = {SCANNED} if any(_is_scan(each) for each in known) else set()
    return frozenset(measurers) - known - unknown - spared


def measured_by(measurers: Set[str]) -> str:
    """Return who measured, in words.

    Examples
    --------
    >>> measured_by({"", "audio 1"})
    'by songatlas scan (audio 1) and by others'
    """
    ordered = sorted(measurers, key=lambda each: (each == OTHERS, not _is_scan(each), each))
    return " and ".join(by_whom(each or None) for each in ordered)


def unlike_measurers(old: pl.DataFrame, new: pl.DataFrame, *, features: Set[str] = frozenset()) -> str:
    """Say whether the songs of two atlases were measured by different ones; empty where not.

    Parameters
    ----------
    old, new : DataFrame
        Songs of both.
    features : set of str
        Features that count in either; only those that both tables have can differ.
    """
    before, after = measurers_in(old), measurers_in(new)
    shared = sorted(name for name in features if name in old.columns and name in new.columns)
    if not shared or not (strangers(before, after) or strangers(after, before)):
        return ""
    return (
        f"The songs of the old atlas were measured {measured_by(before)}, those of the new one "
        f"{measured_by(after)}: {_named(shared)} need not be on one scale, so clusters may differ for that "
        "alone, and a cluster that goes on may sound otherwise than its name says."
    )


def _is_scan(measurer: str) -> bool:
    return measurer == SCANNED or measurer.startswith("audio ")


def _named(features: list[str]) -> str:
    """Features in words, the first few of many."""
    labels = [label_of(name).lower() for name in features]
    return listed(labels) if len(labels) <= 4 else f"{', '.join(labels[:4])} and {len(labels) - 4} more"
