"""The rules that vote on k, each by one index of the sweep; a rule may answer "none".

Conventions
-----------
The evidence has one row a k and the columns `k`, `inertia`, `silhouette`, `silhouette_low`,
`silhouette_high`, `davies_bouldin`, `calinski_harabasz`, `stability`, `stability_low`, `smallest_share`,
`largest_share`; all but `k` may be missing or null, others are left alone. The order of its rows does not
matter. A rule takes the columns as float64 arrays in rising order of k, NaN where nothing is known, and
returns a k or None, and a sentence.

References
----------
V. Satopää et al. (2011), "Finding a 'kneedle' in a haystack", ICDCS Workshops.
A. Ben-Hur, A. Elisseeff, I. Guyon (2002), "A stability based method for discovering structure in
clustered data", Pacific Symposium on Biocomputing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

Columns: TypeAlias = Mapping[str, NDArray[np.float64]]

STABLE = 0.8
"""Least agreement (adjusted Rand) that nineteen resamplings in twenty reach where k counts as stable."""

_KNEE_BEND = 2.0
_KNEE_DEPTH = 0.1
_FEWEST_FOR_A_BEND = 4

_NUMBERS = (
    "inertia",
    "silhouette",
    "silhouette_low",
    "silhouette_high",
    "davies_bouldin",
    "calinski_harabasz",
    "stability",
    "stability_low",
    "smallest_share",
    "largest_share",
)


@dataclass(frozen=True)
class Vote:
    """What one rule says.

    Attributes
    ----------
    rule : str
        Name in `RULES`.
    k : int or None
        The number of clusters it asks for; None where it finds none.
    sentence : str
        Why, in plain words.
    """

    rule: str
    k: int | None
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One way to choose k: its `label` in sentences and the function that votes."""

    label: str
    choose: Callable[[Columns], tuple[int | None, str]]


def columns_of(evidence: pl.DataFrame) -> Columns:
    """Return the evidence as the rules take it.

    Raises
    ------
    ValueError
        If there are no rows, no column `k`, or a k twice.
    """
    if "k" not in evidence.columns or evidence.height == 0:
        raise ValueError("the evidence needs a column 'k' and at least one row: run a sweep first")
    if evidence["k"].is_duplicated().any():
        raise ValueError("the evidence has a k twice: it must have one row a k")
    ordered = evidence.sort("k")
    columns = {name: np.full(ordered.height, np.nan) for name in _NUMBERS}
    for name in ("k", *_NUMBERS):
        if name in ordered.columns:
            columns[name] = ordered[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
    for bound in ("silhouette_low", "silhouette_high", "stability_low"):
        value = columns[bound.rsplit("_", 1)[0]]
        columns[bound] = np.where(np.isnan(columns[bound]), value, columns[bound])
    return columns


def all_votes(columns: Columns) -> tuple[Vote, ...]:
    """Return one vote of every rule, in the order of `RULES`."""
    return tuple(Vote(name, *rule.choose(columns)) for name, rule in RULES.items())


def _elbow(columns: Columns) -> tuple[int | None, str]:
    """The k after which further clusters bring at most half as much."""
    ks, inertia = columns["k"], columns["inertia"]
    if len(ks) < _FEWEST_FOR_A_BEND or not (inertia > 0).all():
        return None, "Too few numbers were tried to see where further clusters stop paying."
    bends = _bends(ks, inertia)
    row = int(bends.argmax())
    if bends[row] < _KNEE_BEND:
        return None, "No clear elbow: every further cluster brings a little, and none marks the end."
    k = int(ks[row])
    return k, f"Clusters beyond {k} bring much less than those before (the curve of inertia bends there)."


def _bends(ks: NDArray[np.float64], inertia: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much steeper inertia falls before each k than after it, by powers of k; 0 off the deep part."""
    bends = np.zeros(len(ks))
    if inertia[0] <= inertia[-1]:
        return bends
    lengths, heights = np.log(ks), np.log(inertia)
    line = (ks - ks[0]) / (ks[-1] - ks[0])
    depth = (inertia[0] - inertia) / (inertia[0] - inertia[-1]) - line
    for row in range(1, len(ks) - 1):
        first, last = max(0, row - 2), min(len(ks) - 1, row + 2)
        before = (heights[first] - heights[row]) / (lengths[row] - lengths[first])
        after = (heights[row] - heights[last]) / (lengths[last] - lengths[row])
        bends[row] = before / max(after, 0.01) if depth[row] >= _KNEE_DEPTH else 0.0
    return bends


def _silhouette(columns: Columns) -> tuple[int | None, str]:
    """The highest silhouette; of those whose intervals reach it the largest k, as it tells more."""
    values = columns["silhouette"]
    if np.isnan(values).all():
        return None, "No silhouette is known."
    best = int(np.nanargmax(values))
    row = int(np.flatnonzero(columns["silhouette_high"] >= columns["silhouette_low"][best]).max())
    k = int(columns["k"][row])
    tied = "" if row == best else f"; {int(columns['k'][best])} cannot be told from it, and is coarser"
    figure = f"silhouette {values[row]:.2f}{tied}"
    return k, f"With {k} clusters songs are most plainly nearer to their own than to the next ({figure})."


def _davies_bouldin(columns: Columns) -> tuple[int | None, str]:
    """The lowest Davies-Bouldin index."""
    values = columns["davies_bouldin"]
    if np.isnan(values).all():
        return None, "No Davies-Bouldin index is known."
    row = int(np.nanargmin(values))
    k = int(columns["k"][row])
    return k, f"With {k} clusters the closest neighbours overlap least (Davies-Bouldin {values[row]:.2f})."


def _calinski_harabasz(columns: Columns) -> tuple[int | None, str]:
    """The highest Calinski-Harabasz index."""
    values = columns["calinski_harabasz"]
    if np.isnan(values).all():
        return None, "No Calinski-Harabasz index is known."
    row = int(np.nanargmax(values))
    k = int(columns["k"][row])
    figure = f"Calinski-Harabasz {values[row]:,.0f}"
    return k, f"With {k} clusters the groups lie farthest apart for their width ({figure})."


def _stability(columns: Columns) -> tuple[int | None, str]:
    """The largest k that is still stable."""
    lows = columns["stability_low"]
    if np.isnan(lows).all():
        return None, "Stability was not measured."
    stable = np.flatnonzero(lows >= STABLE)
    if not len(stable):
        return None, "No number gives the same clusters each time songs are left out."
    row = int(stable.max())
    k = int(columns["k"][row])
    figure = f"stability {columns['stability'][row]:.2f}"
    return (
        k,
        f"{k} is the largest number of clusters that come out the same when songs are left out ({figure}).",
    )


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "elbow": Rule(label="the elbow", choose=_elbow),
        "silhouette": Rule(label="silhouette", choose=_silhouette),
        "davies_bouldin": Rule(label="Davies-Bouldin", choose=_davies_bouldin),
        "calinski_harabasz": Rule(label="Calinski-Harabasz", choose=_calinski_harabasz),
        "stability": Rule(label="stability", choose=_stability),
    }
)
