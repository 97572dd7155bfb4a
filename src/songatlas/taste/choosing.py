"""Which songs to recommend, out of how well every song goes with the taste.

The best songs first, at most so many of an artist and one version of each. With diversity, songs are taken
one by one: each by its score less its likeness to what was taken before (maximal marginal relevance).

References
----------
J. Carbonell, J. Goldstein (1998), "The use of MMR, diversity-based reranking for reordering documents and
producing summaries", SIGIR.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from songatlas.taste.blocks import Groups, Taste
from songatlas.taste.density import pair_kernels

_SPARE: Final = 10  # candidates for each song that is wanted, where diversity may choose
_LEAST: Final = 200
_MORE: Final = 8


def best_songs(
    scores: NDArray[np.floating[Any]],
    allowed: NDArray[np.bool_],
    *,
    n: int,
    artists: Groups | None = None,
    per_artist: int | None = None,
    versions: NDArray[np.integer[Any]] | None = None,
) -> NDArray[np.int64]:
    """Return the rows of the best songs, the best first.

    Parameters
    ----------
    scores : ndarray, shape (n_songs,)
        Higher is better; ties go to the earlier song.
    allowed : ndarray of bool, shape (n_songs,)
        Songs that may be taken.
    n : int
        Songs that are wanted; fewer are given where no more are left.
    artists : Groups, optional
        Artists of the songs.
    per_artist : int, optional
        Songs of one artist at most; any number where None.
    versions : ndarray of int, shape (n_songs,), optional
        The same number for versions of one song, of which one is taken.

    Examples
    --------
    >>> import polars as pl
    >>> artists = Groups.of(pl.Series(["Ann", "Ann", "Bo"]))
    >>> scores, allowed = np.array([0.9, 0.8, 0.1]), np.ones(3, dtype=bool)
    >>> best_songs(scores, allowed, n=2, artists=artists, per_artist=1).tolist()
    [0, 2]
    """
    own = np.where(allowed, scores, -np.inf)
    n_allowed = int(np.count_nonzero(allowed))
    size = max(_SPARE * n, _LEAST)
    while True:
        ranked = _ranked(own, min(size, n_allowed))
        taken = _capped(ranked, n, artists, per_artist, versions)
        if len(taken) >= n or size >= n_allowed:
            return np.array(taken, dtype=np.int64)
        size *= _MORE


def diverse_songs(
    taste: Taste,
    scores: NDArray[np.floating[Any]],
    ranked: NDArray[np.int64],
    *,
    n: int,
    diversity: float,
) -> NDArray[np.int64]:
    """Return `n` of some good songs that are also unlike each other.

    Parameters
    ----------
    taste : Taste
    scores : ndarray, shape (n_songs,)
    ranked : ndarray of int64
        Rows to choose from, the best first.
    n : int
    diversity : float
        From 0, the best songs, to 1, songs as unlike each other as can be found among them.

    Returns
    -------
    ndarray of int64
        In the order in which they were taken, the best song first.
    """
    if not len(ranked) or diversity == 0:
        return ranked[:n]
    own = scores[ranked].astype(np.float64)
    span = own[0] - own[-1]
    worth = (1 - diversity) * ((own - own[-1]) / span if span > 0 else np.ones(len(own)))
    likest = np.zeros(len(ranked))
    left = np.ones(len(ranked), dtype=np.bool_)
    taken: list[int] = []
    while len(taken) < min(n, len(ranked)):
        at = int(np.where(left, worth - diversity * likest, -np.inf).argmax()) if taken else 0
        taken.append(at)
        left[at] = False
        likest = np.maximum(likest, pair_kernels(taste, int(ranked[at]), ranked) ** 0.25)
    return ranked[taken]


def n_candidates(n: int, diversity: float) -> int:
    """Return among how many of the best songs diversity may choose."""
    return n if diversity == 0 else max(_SPARE * n, _LEAST)


def _ranked(scores: NDArray[np.floating[Any]], size: int) -> NDArray[np.int64]:
    """Rows of the best scores, ties in the order of the rows; more than `size` where the last ones tie."""
    if size == 0:
        return np.zeros(0, dtype=np.int64)
    rows = _above(scores, size)
    lost = -scores[rows]
    border = np.partition(lost, size - 1)[size - 1]
    rows, lost = rows[lost <= border], lost[lost <= border]
    found: NDArray[np.int64] = rows[np.argsort(lost, kind="stable")]
    return found


def _above(scores: NDArray[np.floating[Any]], size: int) -> NDArray[np.int64]:
    """Rows among which the best scores are: those above a border that some of them suggest, else all."""
    step = len(scores) // (size * 64)
    if step > 1:
        some = -scores[::step]
        place = min(2 * size // step + 8, len(some) - 1)
        rows = np.flatnonzero(scores >= -np.partition(some, place)[place])
        if len(rows) >= size:
            return rows
    return np.arange(len(scores))


def _capped(
    ranked: NDArray[np.int64],
    n: int,
    artists: Groups | None,
    per_artist: int | None,
    versions: NDArray[np.integer[Any]] | None,
) -> list[int]:
    """The first `n` that keep to the caps."""
    counts: Counter[int] = Counter()
    seen: set[int] = set()
    taken: list[int] = []
    for row in ranked.tolist():
        names = [] if artists is None else artists.of_song(row).tolist()
        if per_artist is not None and any(counts[name] >= per_artist for name in names):
            continue
        if versions is not None:
            if int(versions[row]) in seen:
                continue
            seen.add(int(versions[row]))
        counts.update(names)
        taken.append(row)
        if len(taken) == n:
            break
    return taken
