"""How the evidence is weighed: which k is plainly there, and which serves best where none is.

Every k gets its merits: how stable its clusters are (twice), how far apart they lie by silhouette, and
by Davies-Bouldin (half). A k that is *really there* also stands out against the next one: one cluster
more must cut through a group, so stability and silhouette fall and inertia gains little. Where the k that
stands out is stable and well separated, the evidence is clear. Valleys between the clusters and the gap to
clouds without any count towards standing out, where they were measured.

Where neither is there for any k, the songs are as good as drawn without clusters: nothing is clear then.

Elsewhere nothing stands out but noise, so merits alone count, for the numbers in `MOODS`, with a lean to
finer groupings: a strong one among numbers whose clusters all come out again, since more of them tell more,
a slight one where none does. A giant cluster with crumbs is passed over.

Conventions
-----------
Columns are those of `songatlas.choose_k.rules`; a row is a k. The weights and levels were set on synthetic
catalogues of 2 to 12 round clusters of unequal sizes, 4 to 12 standard deviations apart in 4 to 11
dimensions, and on real song tables.

References
----------
L. Kaufman, P. J. Rousseeuw (1990), *Finding Groups in Data* (silhouettes and how to read them).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from songatlas.choose_k.rules import DEEP_VALLEY, REAL_GAP, STABLE, SURE_VALLEY, Columns

MOODS = (4, 12)
"""Least and most clusters that are taken where the evidence is weak: as many as a person can name."""

_CLEAR_SILHOUETTE = 0.5
_CLEAR_STABILITY = 0.9
_FAR_STABILITY = 0.7  # enough where silhouette and Davies-Bouldin are sure: a small group is easily missed
_BACKED_SILHOUETTE = 0.2  # enough for several clusters where all indices of distance ask for the same k
_LONE_SILHOUETTE = 0.3  # enough else; for two clusters only with Davies-Bouldin, as any cloud has two halves
_NO_SILHOUETTE = 0.01  # below this, differences are noise and are not blown up
_NO_VALLEY = 0.1
_NO_GAP = REAL_GAP
_CLEAR_VALLEY = 0.6  # four songs in the cores of clusters for each one between them
_GIANT_SHARE = 0.6
_CRUMB_SHARE = 0.01
_FINER = 0.12  # merit of twice as many clusters, where all else is equal
_FINER_WHILE_STABLE = 0.6  # the same among numbers that all come out again: more clusters then tell more


def is_lopsided(columns: Columns) -> NDArray[np.bool_]:
    """Return for every k whether it is one giant cluster and crumbs."""
    giant = columns["largest_share"] > _GIANT_SHARE
    crumbs = columns["smallest_share"] < _CRUMB_SHARE
    return (giant & crumbs) | (columns["largest_share"] > 1 - 2 * _CRUMB_SHARE)


def is_structureless(columns: Columns) -> bool:
    """Return whether the songs cannot be told from a cloud without clusters, though that was tried."""
    gap, surety = columns["gap_low"], columns["valley_surety"]
    if np.isnan(gap).all() and np.isnan(surety).all():
        return False
    return not ((gap > REAL_GAP).any() or (surety > SURE_VALLEY).any())


def clear_row(columns: Columns) -> int | None:
    """Return the row of the k that is stable and plainly separated, None where none is."""
    sound = ~is_lopsided(columns)
    if not sound.any() or is_structureless(columns):
        return None
    standing = _merits(columns) + _edges(columns) + _structure(columns)
    row = int(np.where(sound, standing, -np.inf).argmax())
    k, silhouette, stability = (columns[name][row] for name in ("k", "silhouette", "stability"))
    if columns["valley"][row] >= _CLEAR_VALLEY and columns["valley_surety"][row] > SURE_VALLEY:
        return row
    backed = row in _extremes(columns["davies_bouldin"], np.nanargmin)
    highest = row in _extremes(columns["silhouette"], np.nanargmax)
    far = silhouette >= _CLEAR_SILHOUETTE
    if stability < (_FAR_STABILITY if far and backed else _CLEAR_STABILITY):
        return None
    if k >= MOODS[0] and backed and highest:
        enough = silhouette >= _BACKED_SILHOUETTE
    else:
        enough = silhouette >= _LONE_SILHOUETTE and (k > 2 or backed)
    return row if enough or far else None


def best_row(columns: Columns) -> int:
    """Return the row of the k that serves best; each wish gives way where no k fulfils it."""
    ks = columns["k"]
    sound = ~is_lopsided(columns)
    moods = (ks >= MOODS[0]) & (ks <= MOODS[1])
    even = ~(columns["largest_share"] > _GIANT_SHARE)
    whole = ~(columns["smallest_share"] < _CRUMB_SHARE)
    stable = (columns["stability_low"] >= STABLE) & ~np.isnan(columns["stability"])
    wishes = (moods & even & whole & stable, moods & even & whole, moods & even, moods & sound, sound)
    allowed = next((wish for wish in wishes if wish.any()), np.ones(len(ks), dtype=bool))
    finer = _FINER_WHILE_STABLE if stable[allowed].all() else _FINER
    return int(np.where(allowed, _merits(columns) + finer * np.log2(ks), -np.inf).argmax())


def _extremes(
    values: NDArray[np.float64], where: Callable[[NDArray[np.float64]], np.intp]
) -> tuple[int, ...]:
    """The row of the best value; none where no value is known."""
    return () if np.isnan(values).all() else (int(where(values)),)


def _merits(columns: Columns) -> NDArray[np.float64]:
    """Stable and apart, by itself."""
    return (
        2.0 * _known(columns["stability"]) + _relative_silhouette(columns) + 0.5 * _relative_overlap(columns)
    )


def _edges(columns: Columns) -> NDArray[np.float64]:
    """Better than with one cluster more."""
    stability, silhouette = _known(columns["stability"]), _relative_silhouette(columns)
    falls = 0.5 * (stability - _next(stability)) + (silhouette - _next(silhouette))
    return falls + 0.2 * _log_bends(columns["inertia"])


def _structure(columns: Columns) -> NDArray[np.float64]:
    """Deep valleys, deeper than with one cluster more, and a wide gap to clouds without clusters."""
    gap = _shares(columns["gap"], _NO_GAP)
    if not (
        _known(columns["valley"]).max() >= DEEP_VALLEY
        and _known(columns["valley_surety"]).max() > SURE_VALLEY
    ):
        return gap  # shallow valleys are noise and are not blown up
    valley = _shares(columns["valley"], _NO_VALLEY)
    return valley + 0.5 * (valley - _next(valley)) + gap


def _relative_silhouette(columns: Columns) -> NDArray[np.float64]:
    """Silhouettes as shares of the highest, from -1 to 1."""
    return _shares(columns["silhouette"], _NO_SILHOUETTE)


def _shares(values: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Values as shares of the highest, or of `least` where that is more, from -1 to 1."""
    known = _known(values)
    shares: NDArray[np.float64] = np.clip(known / max(known.max(), least), -1.0, 1.0)
    return shares


def _relative_overlap(columns: Columns) -> NDArray[np.float64]:
    """The lowest Davies-Bouldin index as a share of each."""
    overlap = _known(columns["davies_bouldin"], worst=np.nanmax)
    return overlap.min() / overlap if overlap.min() > 0 else np.zeros(len(overlap))


def _known(
    values: NDArray[np.float64], *, worst: Callable[[NDArray[np.float64]], float] = np.nanmin
) -> NDArray[np.float64]:
    """The values with unknown ones as bad as the worst known; zeros where none is known."""
    if np.isnan(values).all():
        return np.zeros(len(values))
    return np.where(np.isnan(values), worst(values), values)


def _next(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The value of the next larger k; the last k is its own next."""
    return np.append(values[1:], values[-1])


def _log_bends(inertia: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log of what the last cluster brought over what the next one brings, within sane bounds."""
    bends = np.zeros(len(inertia))
    if len(inertia) < 3 or not (inertia > 0).all():
        return bends
    gains = np.maximum(-np.diff(np.log(inertia)), 1e-6)
    bends[1:-1] = np.log(np.clip(gains[:-1] / gains[1:], 0.2, 10.0))
    return bends
