"""The rules that vote on k, each by one index of the sweep; a rule may answer "none".

Conventions
-----------
The evidence has one row a k and the columns `k`, `inertia`, `silhouette`, `silhouette_low`,
`silhouette_high`, `davies_bouldin`, `calinski_harabasz`, `stability`, `stability_low`, `gap`, `gap_low`,
`valley`, `valley_surety`, `ami`, `smallest_share`, `largest_share`; all but `k` may be missing or null,
others are left alone. The order of its rows does not matter. A rule takes the columns as float64 arrays in
rising order of k, NaN where nothing is known, and returns a k or None, and a sentence. A rule whose column
holds nothing is not asked.

References
----------
V. Satopää et al. (2011), "Finding a 'kneedle' in a haystack", ICDCS Workshops.
A. Ben-Hur, A. Elisseeff, I. Guyon (2002), "A stability based method for discovering structure in
clustered data", Pacific Symposium on Biocomputing.
R. Tibshirani, G. Walther, T. Hastie (2001), "Estimating the number of clusters in a data set via the gap
statistic", Journal of the Royal Statistical Society B 63.
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

REAL_GAP = 0.05
"""Gap above which songs lie tighter than in any cloud without clusters; the low end of the interval."""

SURE_VALLEY = 3.5
"""Standard errors from which songs do thin out between clusters, whichever k shows it."""

DEEP_VALLEY = 0.3
"""Thinning from which the songs between clusters are plainly fewer than in them."""

_SAME_GAP = 0.04  # differences of the gap that say nothing
_LITTLE_MORE = 0.05  # of the widest gap, the same
_SAME_VALLEY = 0.1  # differences of the thinning that say nothing
_SAME_AMI = 0.01  # differences of the agreement with genres that say nothing
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
    "gap",
    "gap_low",
    "valley",
    "valley_surety",
    "ami",
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
    known : bool
        Whether there was anything that the rule could go by.
    """

    rule: str
    k: int | None
    sentence: str
    known: bool = True


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One way to choose k: its `label` in sentences, the column it goes by, and the function that votes.

    `unknown` is what it says where that column holds nothing.
    """

    label: str
    column: str
    choose: Callable[[Columns], tuple[int | None, str]]
    unknown: str


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
    for bound in ("silhouette_low", "silhouette_high", "stability_low", "gap_low"):
        value = columns[bound.rsplit("_", 1)[0]]
        columns[bound] = np.where(np.isnan(columns[bound]), value, columns[bound])
    return columns


def all_votes(columns: Columns) -> tuple[Vote, ...]:
    """Return one vote of every rule, in the order of `RULES`."""
    return tuple(_vote(name, rule, columns) for name, rule in RULES.items())


def _vote(name: str, rule: Rule, columns: Columns) -> Vote:
    """What a rule says, or that it was not asked."""
    if np.isnan(columns[rule.column]).all():
        return Vote(name, None, rule.unknown, known=False)
    return Vote(name, *rule.choose(columns))


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
    best = int(np.nanargmax(values))
    row = int(np.flatnonzero(columns["silhouette_high"] >= columns["silhouette_low"][best]).max())
    k = int(columns["k"][row])
    tied = "" if row == best else f"; {int(columns['k'][best])} cannot be told from it, and is coarser"
    figure = f"silhouette {values[row]:.2f}{tied}"
    return k, f"With {k} clusters songs are most plainly nearer to their own than to the next ({figure})."


def _davies_bouldin(columns: Columns) -> tuple[int | None, str]:
    """The lowest Davies-Bouldin index."""
    values = columns["davies_bouldin"]
    row = int(np.nanargmin(values))
    k = int(columns["k"][row])
    return k, f"With {k} clusters the closest neighbours overlap least (Davies-Bouldin {values[row]:.2f})."


def _calinski_harabasz(columns: Columns) -> tuple[int | None, str]:
    """The highest Calinski-Harabasz index."""
    values = columns["calinski_harabasz"]
    row = int(np.nanargmax(values))
    k = int(columns["k"][row])
    figure = f"Calinski-Harabasz {values[row]:,.0f}"
    return k, f"With {k} clusters the groups lie farthest apart for their width ({figure})."


def _stability(columns: Columns) -> tuple[int | None, str]:
    """The largest k that is still stable."""
    lows = columns["stability_low"]
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


def _gap(columns: Columns) -> tuple[int | None, str]:
    """The smallest k whose gap to structureless clouds is as wide as any; none where no gap is sure."""
    gap = columns["gap"]
    widest = float(np.nanmax(gap))
    if not np.nanmax(columns["gap_low"]) > REAL_GAP:
        return None, (
            "However many clusters are made, they hold the songs hardly tighter than they would hold a cloud "
            f"of the same spread that has no clusters (gap {_signed(widest)} at best)."
        )
    row = int(np.flatnonzero(gap >= widest - max(_SAME_GAP, _LITTLE_MORE * widest)).min())
    k = int(columns["k"][row])
    return k, (
        f"{k} clusters hold the songs tighter than they would hold a cloud of the same spread that has "
        f"no clusters, and more clusters add little to that (gap {gap[row]:.2f})."
    )


def _valley(columns: Columns) -> tuple[int | None, str]:
    """The largest k between whose clusters songs thin out as much as for any."""
    valley = columns["valley"]
    deepest = float(np.nanmax(valley))
    if deepest < DEEP_VALLEY or not np.nanmax(columns["valley_surety"]) > SURE_VALLEY:
        return None, (
            "However many clusters are made, songs hardly thin out between one cluster and the next "
            f"(valleys {_signed(deepest)} at best)."
        )
    row = int(np.flatnonzero(valley >= deepest - _SAME_VALLEY).max())
    k = int(columns["k"][row])
    return k, (
        f"{k} is the largest number of clusters with few songs between one and the next "
        f"(valleys {valley[row]:.2f})."
    )


def _genres(columns: Columns) -> tuple[int | None, str]:
    """The highest agreement with the genres of the songs; of flat ties, which are told, the fewest."""
    ami, ks = columns["ami"], columns["k"].astype(int)
    row = int(np.flatnonzero(ami >= np.nanmax(ami) - _SAME_AMI).min())
    alike = [int(k) for k in ks[ami >= np.nanmax(ami) - _SAME_AMI] if k != ks[row]]
    spans = _spans(alike)
    listed = " and ".join(filter(None, [", ".join(spans[:-1]), *spans[-1:]]))
    tied = f"; {listed} {'are' if len(alike) > 1 else 'is'} as good" if alike else ""
    return int(ks[row]), f"{ks[row]} clusters agree best with the genres (AMI {ami[row]:.2f}{tied})."


def _spans(ks: list[int]) -> list[str]:
    """Rising numbers, three or more in a row as "7 to 9"."""
    rows: list[list[int]] = []
    for k in ks:
        if rows and rows[-1][-1] == k - 1:
            rows[-1].append(k)
        else:
            rows.append([k])
    return [word for row in rows for word in ([f"{row[0]} to {row[-1]}"] if len(row) > 2 else map(str, row))]


def _signed(figure: float) -> str:
    """Two decimals, and no minus before zero."""
    return f"{round(figure, 2) + 0.0:.2f}"


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "elbow": Rule(
            label="the elbow",
            column="inertia",
            choose=_elbow,
            unknown="None, as no inertia is known.",
        ),
        "silhouette": Rule(
            label="silhouette",
            column="silhouette",
            choose=_silhouette,
            unknown="None, as no silhouette is known.",
        ),
        "davies_bouldin": Rule(
            label="Davies-Bouldin",
            column="davies_bouldin",
            choose=_davies_bouldin,
            unknown="None, as no Davies-Bouldin index is known.",
        ),
        "calinski_harabasz": Rule(
            label="Calinski-Harabasz",
            column="calinski_harabasz",
            choose=_calinski_harabasz,
            unknown="None, as no Calinski-Harabasz index is known.",
        ),
        "stability": Rule(
            label="stability",
            column="stability",
            choose=_stability,
            unknown="None, as stability was not measured.",
        ),
        "gap": Rule(
            label="the gap statistic",
            column="gap",
            choose=_gap,
            unknown="None, as the songs were not compared with clouds that have no clusters.",
        ),
        "valley": Rule(
            label="the valleys",
            column="valley",
            choose=_valley,
            unknown="None, as nobody looked for valleys between the clusters.",
        ),
        "genres": Rule(
            label="the genres",
            column="ami",
            choose=_genres,
            unknown="None, as the songs have no genres to agree with.",
        ),
    }
)
