"""How firm the clusters of a view are, in the words of every page: one judgement, that of the verdict.

Whether songs lie apart is a fact of the table and not of one k: where the evidence is weak, or there is none,
no other k is sounder than the one that was built.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import polars as pl

from songatlas.atlas import Atlas
from songatlas.atlas.views import View, built_choice
from songatlas.choose_k import choose_k
from songatlas.choose_k.rules import STABLE

NOT_MEASURED: Final = "by weights of your own; how firm they are was measured for those of the build alone"

_WEAK: Final = "they shade into each other, so read them as regions"
_NONE: Final = "regions of one cloud, no separate clusters"
_SHAKY: Final = 0.5  # stability below which not even half of the grouping comes out again
_WORDS: Final[Mapping[str, str]] = MappingProxyType({"weak": _WEAK, "none": _NONE})


def firmness(shown: View) -> str:
    """Return what the clusters of a view are: "they shade into each other, so read them as regions".

    The phrase goes on behind "6 clusters: ".
    """
    atlas = shown.base
    if not has_built_space(shown):
        return NOT_MEASURED
    if words := _WORDS.get(atlas.verdict.strength):
        return words
    plain = plain_k(atlas)
    if shown.k == plain:
        return "they are plainly there"
    done = "joined" if shown.k < plain else "cut up"
    return f"{plain} are plainly there, and some of those are {done} here"


def heading(shown: View) -> str:
    """Return the heading of what is said of the clusters: "6 regions of one cloud, no separate clusters"."""
    if shown.base.verdict.strength == "none":
        return f"{shown.k} {_NONE}"
    return f"Why {shown.k} clusters" if shown.is_base else f"{shown.k} clusters"


def steadiness(shown: View) -> str:
    """Return whether the clusters come out again when songs are left out; empty where it was not measured."""
    stability = evidence_of(shown.base, shown.k).get("stability")
    if stability is None or not has_built_space(shown):
        return ""
    if stability >= STABLE:
        return "come out almost the same when songs are left out"
    if stability >= _SHAKY:
        return "mostly come out again when songs are left out"
    return "come out differently when songs are left out: one way of many to cut"


def plain_k(atlas: Atlas) -> int:
    """Return the number of clusters that the evidence asks for, whichever was asked for in the build."""
    return choose_k(atlas.evidence).k


def has_built_space(shown: View) -> bool:
    """Return whether a view has the weights of the build, which alone the evidence was gathered for."""
    return shown.choice.space_key == built_choice(shown.base).space_key


def evidence_of(atlas: Atlas, k: int) -> Mapping[str, Any]:
    """Return what was measured of some k; nothing where it was not tried."""
    rows = atlas.evidence.filter(pl.col("k") == k).to_dicts()
    return rows[0] if rows else {}
