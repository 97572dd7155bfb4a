"""Why a song is in its cluster and not in the next one: what each feature says for it and against it.

The *margin* of a song is its squared distance to the runner-up's centroid less that to its own. Both are sums
over coordinates, so that the margin is, too: a feature contributes what its coordinates add to it. The
contributions of all features sum to the margin exactly; one is positive where the song lies nearer to its own
centroid than to the runner-up's in that feature, and speaks against the cluster where it is negative.

Conventions
-----------
Arithmetic is float64. A *group* is the feature (or the block of tags or genres) that a coordinate belongs to;
several coordinates of one group count as one. Shares compare with all that speaks for the cluster: those of
the features that speak for it sum to 1, and those that speak against it take back as much as they say.

The margin is linear in each coordinate, so that the *border* of a feature is known, too: the coordinate at
which the song would be as near to the runner-up, everything else left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from songatlas.features import label_of

MOST_FOR, MOST_AGAINST = 3, 2
"""Features told that speak for a cluster, and against it."""

_WORTH_TELLING: Final = 0.05
_MIDDLE: Final = 0.55  # a value that fewer songs lie below, and fewer above, is ordinary
_STEPPED: Final = ("mode", "time_signature", "explicit")  # nothing lies between their values
_ORDINARY: Final = ("higher", "lower")
_HIGHER_LOWER: Final = {
    "year": ("later", "earlier"),
    "duration_ms": ("longer", "shorter"),
    "tempo_bpm": ("faster", "slower"),
    "loudness_db": ("louder", "quieter"),
}
_KEYS: Final = ("C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B")
_Float: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What one feature says of a song's cluster.

    Attributes
    ----------
    feature : str
        Column of the songs table, or block of tags or genres.
    label : str
        What a sentence calls it.
    amount : float
        Its part of the margin, in squared distance; negative where it speaks for the runner-up.
    share : float
        The size of `amount` as a share of all that speaks for the cluster, 0 or more.
    toward : bool
        Whether it speaks for the cluster.
    border, change : float or None
        The coordinate at which the song would be as near to the runner-up, everything else left as it is,
        and how far that is; None for features of several coordinates, and where no change would do.
    """

    feature: str
    label: str
    amount: float
    share: float
    toward: bool
    border: float | None = None
    change: float | None = None


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a song is in its cluster.

    Attributes
    ----------
    row : int
        The song.
    cluster, runner_up : int
        Its cluster, and that of the next nearest centroid; the same where there is but one.
    margin : float
        Squared distance to the runner-up's centroid less that to its own: the sum of all amounts.
    contributions : tuple of Contribution
        One for each feature, the strongest for the cluster first, the strongest against it last.
    """

    row: int
    cluster: int
    runner_up: int
    margin: float
    contributions: tuple[Contribution, ...]


def reasons(
    points: NDArray[Any],
    centroids: NDArray[Any],
    labels: NDArray[np.integer[Any]],
    rows: ArrayLike,
    *,
    groups: Sequence[str],
) -> tuple[Reason, ...]:
    """Return why songs are in their clusters.

    Parameters
    ----------
    points : ndarray, shape (n_songs, n_dimensions)
        Finite.
    centroids : ndarray, shape (k, n_dimensions)
    labels : ndarray of int, shape (n_songs,)
        0 to k - 1.
    rows : array-like of int
        Songs that are asked for, in any order.
    groups : sequence of str, length n_dimensions
        Feature of each coordinate, or the name of its block where it has none of its own.

    Raises
    ------
    ValueError
        If shapes disagree, or a row does not exist.

    Examples
    --------
    >>> points, centroids = np.array([[1.0, 3.0]]), np.array([[0.0, 0.0], [5.0, 2.0]])
    >>> (why,) = reasons(points, centroids, np.array([0]), [0], groups=["energy", "valence"])
    >>> why.margin, [(each.label, each.amount, round(each.share, 2)) for each in why.contributions]
    (7.0, [('Energy', 15.0, 1.0), ('Valence', -8.0, 0.53)])
    """
    wanted = _checked_rows(points, centroids, labels, rows, groups)
    own = np.asarray(labels)[wanted].astype(np.int64)
    songs, centres = points[wanted].astype(np.float64), centroids.astype(np.float64)
    runner_up = _runners_up(songs, centres, own)
    parts = np.square(songs - centres[runner_up]) - np.square(songs - centres[own])
    apart = 2.0 * (centres[runner_up] - centres[own])
    changes = np.divide(parts.sum(axis=1)[:, None], apart, out=np.full_like(parts, np.nan), where=apart != 0)
    members = {name: [place for place, each in enumerate(groups) if each == name] for name in groups}
    return tuple(
        _reason(int(row), (int(own[at]), int(runner_up[at])), members, parts[at], songs[at], changes[at])
        for at, row in enumerate(wanted)
    )


def _checked_rows(
    points: NDArray[Any],
    centroids: NDArray[Any],
    labels: NDArray[np.integer[Any]],
    rows: ArrayLike,
    groups: Sequence[str],
) -> NDArray[np.int64]:
    """The rows that are asked for, after a check that everything fits."""
    wanted = np.asarray(rows, dtype=np.int64)
    shapes = (len(points), len(groups), len(groups))
    if (len(labels), points.shape[1], centroids.shape[1]) != shapes or not len(groups):
        raise ValueError(
            f"points {points.shape}, centroids {centroids.shape}, {len(labels)} labels and {len(groups)} "
            "groups do not belong together: there must be one label a song and one group a coordinate"
        )
    if wanted.ndim != 1 or (wanted.size and not 0 <= wanted.min() <= wanted.max() < len(points)):
        raise ValueError(f"rows must be a list of row numbers from 0 to {len(points) - 1}")
    return wanted


def _runners_up(songs: _Float, centres: _Float, own: NDArray[np.int64]) -> NDArray[np.int64]:
    """The nearest centroid of each song but its own; the own one where there is no other."""
    if len(centres) < 2:
        return own
    squares = np.stack([np.square(songs - centre).sum(axis=1) for centre in centres], axis=1)
    squares[np.arange(len(own)), own] = np.inf
    return np.asarray(squares.argmin(axis=1))


def _reason(
    row: int,
    clusters: tuple[int, int],
    members: Mapping[str, Sequence[int]],
    parts: _Float,
    song: _Float,
    changes: _Float,
) -> Reason:
    """The reason of one song, features in the order of what they say for its cluster."""
    amounts = {name: float(parts[list(places)].sum()) for name, places in members.items()}
    speaking_for = sum(amount for amount in amounts.values() if amount > 0)
    contributions = []
    for name in sorted(amounts, key=lambda name: -amounts[name]):
        place = members[name][0]
        movable = len(members[name]) == 1 and bool(np.isfinite(changes[place]))
        contributions.append(
            Contribution(
                feature=name,
                label=label_of(name),
                amount=amounts[name],
                share=abs(amounts[name]) / speaking_for if speaking_for > 0 else 0.0,
                toward=amounts[name] > 0,
                border=float(song[place] + changes[place]) if movable else None,
                change=float(changes[place]) if movable else None,
            )
        )
    return Reason(
        row=row,
        cluster=clusters[0],
        runner_up=clusters[1],
        margin=float(parts.sum()),
        contributions=tuple(contributions),
    )


def tell_reason(
    reason: Reason,
    *,
    values: Mapping[str, float | None],
    standings: Mapping[str, tuple[float, float]],
    cluster_means: Mapping[str, Sequence[float]],
    names: Sequence[str],
    amount: Callable[[str, float], str],
    value_at: Callable[[str, float], float | None] | None = None,
) -> tuple[str, ...]:
    """Return sentences that say why a song is in its cluster, and what speaks against it.

    Parameters
    ----------
    reason : Reason
    values : mapping of str to float or None
        Feature -> the song's value in its unit; None where it is unknown, absent for tags and genres.
    standings : mapping of str to (float, float)
        Feature -> shares of the catalogue's songs with lower and with higher values, 0 to 1.
    cluster_means : mapping of str to sequence of float
        Feature -> its mean in every cluster, in its unit.
    names : sequence of str
        Name of every cluster.
    amount : callable
        Feature and value -> the value as a person writes it, with its unit.
    value_at : callable, optional
        Feature and coordinate -> the value in its unit, None where no song can have it. With it a last
        sentence says which feature would have to change least to bring the song to the border.

    Returns
    -------
    tuple of str
        At most three sentences for the cluster and two against it, each with its share.

    Examples
    --------
    >>> points, centroids = np.array([[1.0, 3.0]]), np.array([[0.0, 0.0], [5.0, 2.0]])
    >>> (why,) = reasons(points, centroids, np.array([0]), [0], groups=["energy", "tags"])
    >>> for sentence in tell_reason(
    ...     why,
    ...     values={"energy": 0.31},
    ...     standings={},
    ...     cluster_means={"energy": [0.25, 0.80]},
    ...     names=["Ballads", "Party tracks"],
    ...     amount=lambda feature, value: f"{value:.2f}",
    ... ):
    ...     print(sentence)
    Energy 0.31 is nearer to Ballads (mean 0.25) than to Party tracks (0.80): 100% of what speaks for it.
    Against it: Tags are nearer to Party tracks than to Ballads, which takes back 53%.
    """
    if reason.cluster == reason.runner_up:
        return ("There is only one cluster.",)
    compare = partial(
        _comparison,
        reason=reason,
        values=values,
        standings=standings,
        cluster_means=cluster_means,
        names=names,
        amount=amount,
    )
    toward = [each for each in reason.contributions if each.toward]
    against = [each for each in reversed(reason.contributions) if each.amount < 0]
    told = [
        f"{compare(each)}: {each.share:.0%} of what speaks for it."
        for place, each in enumerate(toward[:MOST_FOR])
        if place == 0 or each.share >= _WORTH_TELLING
    ]
    told += [
        f"Against it: {compare(each)}, which takes back {each.share:.0%}."
        for each in against[:MOST_AGAINST]
        if each.share >= _WORTH_TELLING
    ]
    if value_at is not None and (border := _border_told(reason, values, value_at, amount)):
        told.append(f"{border}, everything else left as it is, it would lie on the border to "
                    f"{names[reason.runner_up]}.")  # fmt: skip
    return tuple(told)


def _comparison(
    said: Contribution,
    *,
    reason: Reason,
    values: Mapping[str, float | None],
    standings: Mapping[str, tuple[float, float]],
    cluster_means: Mapping[str, Sequence[float]],
    names: Sequence[str],
    amount: Callable[[str, float], str],
) -> str:
    """One feature of the song beside the two clusters."""
    near, far = reason.cluster, reason.runner_up
    if not said.toward:
        near, far = far, near
    feature, value = said.feature, values.get(said.feature)
    if feature not in values:
        verb = "are" if feature == "tags" else "is"
        return f"{said.label} {verb} nearer to {names[near]} than to {names[far]}"
    if value is None:
        return f"{said.label}, unknown and taken for the middle of the catalogue, is nearer to {names[near]}"
    if feature == "key":
        return f"Key {_KEYS[round(value) % 12]} is nearer to {names[near]} than to {names[far]}"
    words = f"{said.label} {amount(feature, value)}"
    if feature in standings:
        words += f", {_rank(feature, *standings[feature])},"
    means = cluster_means.get(feature)
    if means is None:
        return f"{words} is nearer to {names[near]} than to {names[far]}"
    beside = f"(mean {amount(feature, means[near])})", f"({amount(feature, means[far])})"
    if abs(value - means[near]) > abs(value - means[far]):  # a mean lies far from the middle of skewed values
        return f"{words} is more usual in {names[near]} {beside[0]} than in {names[far]} {beside[1]}"
    return f"{words} is nearer to {names[near]} {beside[0]} than to {names[far]} {beside[1]}"


def _rank(feature: str, below: float, above: float) -> str:
    """Where a value stands in the catalogue."""
    if max(below, above) < _MIDDLE:
        return "in the middle of the songs"
    higher, lower = _HIGHER_LOWER.get(feature, _ORDINARY)
    share = max(below, above)
    told = f"{share:.0%}" if share < 0.99 else f"{min(share, 0.999):.1%}"
    return f"{higher if below >= above else lower} than {told} of the songs"


def _border_told(
    reason: Reason,
    values: Mapping[str, float | None],
    value_at: Callable[[str, float], float | None],
    amount: Callable[[str, float], str],
) -> str:
    """The feature that would have to change least, from which value to which; empty where none can."""
    movable = [each for each in reason.contributions if each.feature not in _STEPPED]
    for each in sorted(movable, key=lambda each: abs(each.change or 0.0)):
        now = values.get(each.feature)
        then = None if each.border is None else value_at(each.feature, each.border)
        if now is None or then is None:
            continue
        told = amount(each.feature, then), amount(each.feature, now)
        if told[0] != told[1]:
            return f"With {each.label.lower()} {told[0]} instead of {told[1]}"
    return ""
