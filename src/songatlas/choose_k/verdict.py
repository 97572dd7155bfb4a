"""The verdict in words a person can check: the k, why, how sure, and who disagrees.

Where a k is plainly there the evidence is *clear*. Songs seldom are like that: sounds shade into each
other, the silhouette then falls from k = 2 on and says nothing about music. The evidence is then *weak*,
and the verdict says so. Where the songs cannot be told from a cloud without clusters there is *none*.
Nothing here is random.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from songatlas.choose_k.rules import RULES, Columns, Vote, all_votes, columns_of
from songatlas.choose_k.weighing import MOODS, best_row, clear_row, is_lopsided, is_structureless
from songatlas.kmeans import FEWEST_SONGS, MOST_SONGS

Strength: TypeAlias = Literal["clear", "weak", "none"]

_NO_CLUSTERS = "these songs cannot be told from one structureless cloud of the same spread"
_TELLING_AMI = 0.05  # agreement with genres from which slices say something
_SHAKY = 0.5  # stability below which not even half of the grouping comes out again


@dataclass(frozen=True, kw_only=True)
class Playlists:
    """The fine clusters inside the broad ones, for playlists.

    Attributes
    ----------
    k : int
        How many.
    smallest, median, largest : int
        Songs in the smallest, the middle one and the largest.
    n_outside : int
        How many are smaller or larger than a playlist should be.
    sentence : str
        All of that in words.
    """

    k: int
    smallest: int
    median: int
    largest: int
    n_outside: int
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """The number of clusters, and the reasons.

    Attributes
    ----------
    k : int
        How many clusters: the few and broad ones, for moods.
    sentence : str
        Why, in plain words with the figures in brackets.
    votes : tuple of Vote
        One of every rule, in the order of `RULES`.
    disagreement : str
        Which rules ask for another k, and for which; empty where none does.
    strength : {"clear", "weak", "none"}
        Whether the songs fall into groups that lie apart, shade into each other, or cannot be told from a
        cloud without clusters.
    playlists : Playlists or None
        The many fine clusters inside the broad ones, where they were made.
    """

    k: int
    sentence: str
    votes: tuple[Vote, ...]
    disagreement: str
    strength: Strength
    playlists: Playlists | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"votes": [asdict(vote) for vote in self.votes]}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Verdict:
        """Return the verdict that `to_dict` stored."""
        playlists = stored.get("playlists")
        parts = {
            "votes": tuple(Vote(**vote) for vote in stored["votes"]),
            "playlists": None if playlists is None else Playlists(**playlists),
        }
        return cls(**(dict(stored) | parts))


def choose_k(evidence: pl.DataFrame) -> Verdict:
    """Weigh the evidence of a sweep and return how many clusters to make.

    Parameters
    ----------
    evidence : DataFrame
        One row a k, with the columns that `songatlas.choose_k.rules` lists; one row is enough.

    Raises
    ------
    ValueError
        If there are no rows, no column `k`, or a k twice.

    Examples
    --------
    >>> evidence = pl.DataFrame({"k": [2, 3, 4], "silhouette": [0.5, 0.8, 0.6]})
    >>> choose_k(evidence).k
    3
    """
    columns = columns_of(evidence)
    votes = all_votes(columns)
    clear = clear_row(columns)
    row = best_row(columns) if clear is None else clear
    k = int(columns["k"][row])
    structureless = is_structureless(columns)
    if structureless:
        reason = _no_reason(columns, row)
    elif len(columns["k"]) == 1:
        reason = f"{k} clusters, the only number that was tried{_figures(columns, row)}."
    elif clear is None:
        reason = _weak_reason(columns, row)
    else:
        again = "" if np.isnan(columns["stability"][row]) else " that also comes out the same each time"
        reason = f"{k} clusters: the clearest grouping{again}{_figures(columns, row)}."
    return Verdict(
        k=k,
        sentence=reason + ("" if structureless else _passed_over(columns, votes, k)),
        votes=votes,
        disagreement=_disagreement(votes, k),
        strength="none" if structureless else "weak" if clear is None else "clear",
    )


def verdict_for(k: int, evidence: pl.DataFrame) -> Verdict:
    """Return the verdict where a person chose `k`: its figures, and what the evidence would have said.

    Raises
    ------
    ValueError
        As for `choose_k`.
    """
    ours = choose_k(evidence)
    columns = columns_of(evidence)
    rows = np.flatnonzero(columns["k"] == k)
    sentence = f"{k} clusters, as asked for{_figures(columns, int(rows[0])) if len(rows) else ''}."
    if ours.strength == "none":
        sentence += f" They are only slices: {_NO_CLUSTERS}{_structure_figures(columns)}."
    elif len(columns["k"]) > 1:
        led = "leads to the same number." if ours.k == k else f"would have led to {ours.sentence}"
        sentence += f" The evidence {led}"
    return Verdict(k, sentence, ours.votes, _disagreement(ours.votes, k), ours.strength)


def with_playlists(
    verdict: Verdict, sizes: npt.ArrayLike, *, smallest: int = FEWEST_SONGS, largest: int = MOST_SONGS
) -> Verdict:
    """Return the verdict with the fine clusters for playlists told beside the broad ones.

    Parameters
    ----------
    verdict : Verdict
    sizes : array-like of int, shape (k_fine,)
        Songs of every fine cluster.
    smallest, largest : int
        Fewest and most songs of a playlist.

    Examples
    --------
    >>> verdict = choose_k(pl.DataFrame({"k": [2], "silhouette": [0.5]}))
    >>> with_playlists(verdict, [30, 40, 60]).playlists.sentence
    'For playlists: 3 fine clusters inside the 2, of 30 to 60 songs.'
    """
    counts = np.asarray(sizes, dtype=np.int64)
    low, high = int(counts.min()), int(counts.max())
    n_outside = int(((counts < smallest) | (counts > largest)).sum())
    clusters = "1 fine cluster" if len(counts) == 1 else f"{len(counts):,} fine clusters"
    span = f"{low:,} to {high:,} songs" if high > low else f"{low:,} song{'s' * (low != 1)} each"
    inside = "the clusters themselves" if len(counts) == verdict.k else f"{clusters} inside the {verdict.k}"
    sentence = f"For playlists: {inside}, of {span}."
    if n_outside and len(counts) == verdict.k:
        sentence += f" They are too few songs to be divided into playlists of {smallest} to {largest}."
    elif n_outside:
        are = "is" if n_outside == 1 else "are"
        sentence += f" {n_outside:,} of them {are} not of {smallest} to {largest} songs."
    return replace(
        verdict,
        playlists=Playlists(
            k=len(counts),
            smallest=low,
            median=int(np.median(counts)),
            largest=high,
            n_outside=n_outside,
            sentence=sentence,
        ),
    )


def _no_reason(columns: Columns, row: int) -> str:
    """That there are no clusters, by which figures, and what the slices are."""
    slices = f"The {int(columns['k'][row])} clusters are only slices of that cloud{_figures(columns, row)}."
    ami = columns["ami"][row]
    if ami >= _TELLING_AMI:
        slices += f" They follow the genres all the same (AMI {ami:.2f}, by chance 0): read them as regions."
    return f"There are no clusters here: {_NO_CLUSTERS}{_structure_figures(columns)}. {slices}"


def _structure_figures(columns: Columns) -> str:
    """The best that was found against there being no clusters, in brackets after a space."""
    figures = []
    for name, words in (("gap", "gap"), ("valley", "valleys")):
        if not np.isnan(columns[name]).all():
            figures.append(f"{words} {round(float(np.nanmax(columns[name])), 2) + 0.0:.2f}")
    return f" ({', '.join(figures)} at best, no more than such clouds show by chance)" if figures else ""


def _weak_reason(columns: Columns, row: int) -> str:
    """Why a k was taken though songs shade into each other, and how weak the evidence is."""
    k, stability = int(columns["k"][row]), columns["stability"]
    among = (columns["k"] >= MOODS[0]) & (columns["k"] <= MOODS[1])
    few = f"of {MOODS[0]} to {MOODS[1]} (enough to tell moods apart, few enough to keep in mind)"
    of = few if among[row] else "of those tried"
    rivals = stability[among] if among[row] else stability
    if stability[row] < _SHAKY:
        return (
            f"{k} clusters, for want of a plain reason for any number: they come out differently each time "
            f"songs are left out{_figures(columns, row)}. Take them as slices of one cloud, not as groups "
            "of their own."
        )
    if np.isnan(stability[row]):
        quality = "that holds together best"
    elif stability[row] >= np.nanmax(rivals):
        quality = "that stays most alike when some songs are left out"
    else:
        quality = "that best balances detail and staying alike when some songs are left out"
    return (
        f"{k} clusters: {of}, the number {quality}{_figures(columns, row)}. The evidence is weak: these "
        "songs shade into each other, and other numbers are nearly as good."
    )


def _figures(columns: Columns, row: int) -> str:
    """The figures of a k in brackets after a space, or nothing."""
    known = [name for name in ("silhouette", "stability") if not np.isnan(columns[name][row])]
    figures = ", ".join(f"{name} {columns[name][row]:.2f}" for name in known)
    return f" ({figures})" if figures else ""


def _passed_over(columns: Columns, votes: Sequence[Vote], k: int) -> str:
    """A sentence on a k that rules asked for but that is one giant cluster and crumbs."""
    lopsided = is_lopsided(columns)
    wanted = {vote.k for vote in votes} - {k}
    rows = [row for row in np.flatnonzero(lopsided) if int(columns["k"][row]) in wanted]
    if not rows or lopsided[columns["k"] == k].any():
        return ""
    giant, crumb = columns["largest_share"][rows[0]], columns["smallest_share"][rows[0]]
    shares = f"{giant:.1%} and {crumb:.1%} of the songs" if crumb >= 0.0005 else f"{giant:.1%} of the songs"
    return f" {int(columns['k'][rows[0]])} is passed over: one giant cluster and crumbs ({shares})."


def _disagreement(votes: Sequence[Vote], k: int) -> str:
    """Which rules ask for which other k; empty where none does."""
    asked = sorted({vote.k for vote in votes if vote.k is not None} - {k})
    if not asked:
        return ""
    parts = [f"{_rules_for(votes, other)} for {other}" for other in asked]
    if any(vote.k == k for vote in votes):
        parts.append(f"{_rules_for(votes, k)} for {k}")
    silent = _rules_for([vote for vote in votes if vote.known], None)
    return f"The rules disagree: {', '.join(parts)}{f'; {silent} for none' if silent else ''}."


def _rules_for(votes: Sequence[Vote], k: int | None) -> str:
    """The labels of the rules with that vote, as a list in a sentence."""
    labels = [RULES[vote.rule].label for vote in votes if vote.k == k]
    return " and ".join(filter(None, [", ".join(labels[:-1]), *labels[-1:]]))
