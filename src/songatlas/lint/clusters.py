"""Checks of the clusters: their sizes, whether they last, and whether chance would do as well.

References
----------
C. Hennig (2007), "Cluster-wise assessment of cluster stability", Computational Statistics and Data
Analysis 52: the mean Jaccard similarity of a cluster with its best match in clusterings of resampled songs;
below 0.6 a cluster is not to be trusted, from 0.75 on it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from songatlas.kmeans import nearest_centroids
from songatlas.lint.facts import Facts, Finding, LabelPair, listed
from songatlas.quality import sampled_rows, silhouettes, stability

LASTING, DOUBTFUL = 0.75, 0.6
"""Mean Jaccard similarity from which on a cluster is stable, and below which it is not to be trusted."""

STEADY, UNSTEADY = 0.8, 0.6
"""The same for the mean adjusted Rand index of whole clusterings."""

N_DRAWS: Final = 20
"""Partitions drawn at random."""

_CHANCE_SONGS = 2_000
_N_SHUFFLES = 3
_MOST_SHARE = 0.6
_MOST_OF_TWO = 0.8
_FEW_SONGS = 10
_FEW_SHARE = 0.01
_FEW_OF_EVEN = 0.2  # of many clusters most hold less than a hundredth
_SPARSE, _THIN = 10, 20
_FEWEST_JUDGED = 5


def find_large(facts: Facts) -> tuple[Finding, ...]:
    """Find a cluster of most songs."""
    largest = int(facts.sizes.argmax())
    share = float(facts.sizes[largest] / max(facts.sizes.sum(), 1))
    if share <= _MOST_SHARE or facts.k < 2:
        return ()
    return (
        Finding(
            check="large_cluster",
            severity="note" if facts.k == 2 and share < _MOST_OF_TWO else "warning",
            numbers={"cluster": largest, "n_songs": int(facts.sizes[largest]), "share": share},
            sentence=f"{_capital(facts.called(largest))} holds {share:.0%} of the songs "
            f"({facts.sizes[largest]:,} of {facts.sizes.sum():,}): it says what is common rather than what "
            "sets songs apart.",
            next_step=f"ask for more clusters, as in --k {2 * facts.k}",
        ),
    )


def find_small(facts: Facts) -> tuple[Finding, ...]:
    """Find clusters of few songs."""
    total = int(facts.sizes.sum())
    shares = facts.sizes / max(total, 1)
    bound = min(_FEW_SHARE, _FEW_OF_EVEN / max(facts.k, 1))
    stray = (facts.sizes < _FEW_SONGS) & (total >= _THIN * facts.k)  # else all are small: see `find_sparse`
    small = np.flatnonzero(stray | (shares < bound))
    if not len(small):
        return ()
    least = small[facts.sizes[small].argmin()]
    told = [f"{facts.called(int(each))} ({_songs(facts.sizes[each])})" for each in small]
    are = "cluster is" if len(small) == 1 else "clusters are"
    return (
        Finding(
            check="small_cluster",
            severity="warning" if stray[least] else "note",
            numbers={"clusters": _numbers(small), "n_songs": int(facts.sizes[least]),
                     "share": float(shares[least])},
            sentence=f"{len(small)} {are} very small: {listed(told)}; the smallest holds {shares[least]:.2%} "
            f"of {total:,} songs.",
            next_step=f"ask for fewer clusters, as in --k {max(2, facts.k - len(small))}, or look whether "
            "these songs belong in the table",
        ),
    )  # fmt: skip


def find_sparse(facts: Facts) -> tuple[Finding, ...]:
    """Find that there are few songs for so many clusters."""
    each = float(facts.sizes.sum() / max(facts.k, 1))
    if each >= _THIN:
        return ()
    return (
        Finding(
            check="few_songs",
            severity="warning" if each < _SPARSE else "note",
            numbers={"n_songs": int(facts.sizes.sum()), "k": facts.k, "songs_a_cluster": each},
            sentence=f"{facts.sizes.sum():,} songs in {facts.k} clusters are {each:.0f} a cluster: a few "
            "other songs could change them.",
            next_step="give more songs, or ask for fewer clusters with --k",
        ),
    )


def cluster_jaccard(pairs: Sequence[LabelPair], k: int) -> NDArray[np.float64]:
    """Return the mean Jaccard similarity of each cluster with its best match in other clusterings.

    Parameters
    ----------
    pairs : sequence of (labels, labels)
        The first by a clustering of other songs, the second by the clustering that is judged, of the same
        songs.
    k : int
        Number of clusters of the second.

    Returns
    -------
    ndarray of float64, shape (k,)
        0 to 1; NaN for a cluster of fewer than five of the songs.

    Examples
    --------
    >>> cluster_jaccard([([0] * 6 + [1] * 6, [1] * 5 + [0] * 7)], 2).round(2).tolist()
    [0.86, 0.83]
    """
    found = []
    for other, own in pairs:
        first, second = np.asarray(other, dtype=np.int64), np.asarray(own, dtype=np.int64)
        n_other = int(first.max(initial=0)) + 1
        common = np.bincount(second * n_other + first, minlength=k * n_other).reshape(k, n_other)
        sizes = common.sum(axis=1)
        either = sizes[:, None] + common.sum(axis=0) - common
        best = (common / np.maximum(either, 1)).max(axis=1)
        found.append(np.where(sizes >= _FEWEST_JUDGED, best, np.nan))
    return np.mean(found, axis=0) if found else np.full(k, np.nan)


def find_unstable(facts: Facts) -> tuple[Finding, ...]:
    """Find clusters that do not come back when other songs are drawn; else judge them together."""
    jaccard = cluster_jaccard(facts.pairs, facts.k)
    if np.isnan(jaccard).all():
        return _unstable_together(facts)
    weak = np.flatnonzero(jaccard < LASTING)
    if not len(weak):
        return ()
    worst = weak[jaccard[weak].argsort(kind="stable")]
    told = [f"{facts.called(int(each))} ({np.floor(100 * jaccard[each]) / 100:.2f})" for each in worst]
    do = "does" if len(weak) == 1 else "do"
    numbers: dict[str, float | str] = {"clusters": _numbers(worst), "least_jaccard": float(jaccard[worst[0]])}
    return (
        Finding(
            check="unstable_clusters",
            severity="warning" if jaccard[worst[0]] < DOUBTFUL else "note",
            numbers=numbers if facts.stability is None else numbers | {"stability": facts.stability},
            sentence=f"{len(weak)} of {facts.k} clusters {do} not come back whole when other songs are "
            f"drawn: {listed(told)} (Jaccard similarity with the best match; {LASTING} is stable, below "
            f"{DOUBTFUL} is not to be trusted).",
            next_step="take these clusters as a matter of degree, or look for a k of higher stability in the "
            "sweep",
        ),
    )


def _unstable_together(facts: Facts) -> tuple[Finding, ...]:
    """Judge the clustering as a whole."""
    if facts.stability is None or facts.stability >= STEADY:
        return ()
    return (
        Finding(
            check="unstable_clusters",
            severity="warning" if facts.stability < UNSTEADY else "note",
            numbers={"stability": facts.stability},
            sentence=f"Other songs drawn from the same catalogue give other clusters: stability "
            f"{facts.stability:.2f} (1 is the same, 0 is chance; {STEADY} is stable).",
            next_step="look for a k of higher stability in the sweep, or ask for it with --k",
        ),
    )


def find_chance(facts: Facts) -> tuple[Finding, ...]:
    """Find that partitions drawn at random have the same silhouette.

    Two kinds are drawn, for a sample of the songs. *Shuffled* labels keep the sizes of the clusters and
    nothing else: they score about 0, or below. *Random centres* give each song to the nearest of k songs
    drawn at random: regions of the same space that nobody searched for. Where some of these reach the
    silhouette with *other* clusters, the boundaries found are one choice of many. Draws that give the same
    clusters again (adjusted Rand index of `STEADY` or more) do not count: they are common where clusters lie
    far apart.
    """
    rows = sampled_rows(len(facts.points), _CHANCE_SONGS, seed=facts.seed)
    points, own = facts.points[rows], np.asarray(facts.labels)[rows]
    drawn = [_random_regions(facts, points, draw) for draw in range(N_DRAWS)]
    usable = [each for each in drawn if _can_be_judged(each) and stability([(each, own)]).value < STEADY]
    if not _can_be_judged(own) or not usable:
        return ()
    shuffles = [own[_shuffled(len(own), facts.seed + draw)] for draw in range(_N_SHUFFLES)]
    values = [
        each.value
        for each in silhouettes(points, [own, *shuffles, *usable], exact=True, n_threads=facts.n_threads)
    ]
    mine, random = values[0], values[1 + _N_SHUFFLES :]
    shuffled = float(np.mean(values[1 : 1 + _N_SHUFFLES]))
    reached = sum(value >= mine for value in random)
    if not reached and mine > shuffled:
        return ()
    clear = mine <= shuffled or reached > 1
    return (
        Finding(
            check="silhouette_by_chance",
            severity="warning" if clear else "note",
            numbers={"silhouette": mine, "random_centres": float(np.mean(random)),
                     "best_random_centres": max(random), "n_reached": reached, "n_draws": len(random),
                     "shuffled": shuffled, "n_songs": len(rows)},
            sentence=f"A random partition also reaches this silhouette: {mine:.2f} here, up to "
            f"{max(random):.2f} (mean {np.mean(random):.2f}) where songs go to the nearest of {facts.k} "
            f"songs drawn at random, with other clusters ({reached} of {len(random)} draws reach it); "
            f"{_plain(shuffled)} for shuffled labels.",
            next_step="take the clusters as regions of one cloud, not as kinds of music, or try another --k "
            "or other --features",
        ),
    )  # fmt: skip


def _random_regions(facts: Facts, points: NDArray[Any], draw: int) -> NDArray[np.int32]:
    """Labels by the nearest of k songs drawn at random."""
    centres = facts.sample[sampled_rows(len(facts.sample), facts.k, seed=_seed(facts.seed, draw))]
    return nearest_centroids(points, centres, n_threads=facts.n_threads)[0]


def _seed(seed: int, draw: int) -> int:
    """A seed for each draw, apart from those of the samples."""
    return seed + (draw + 1) * 1_000_003


def _shuffled(n: int, seed: int) -> NDArray[np.int64]:
    """An order of n rows drawn by the seed."""
    return np.random.default_rng(seed).permutation(n)


def _can_be_judged(labels: NDArray[np.integer[Any]]) -> bool:
    """Whether a silhouette is defined for these labels."""
    return 2 <= len(np.unique(labels)) < len(labels)


def _numbers(clusters: NDArray[np.integer[Any]]) -> str:
    """Numbers of clusters as text."""
    return ", ".join(str(int(each)) for each in clusters)


def _songs(n: int) -> str:
    """A number of songs."""
    return "1 song" if n == 1 else f"{n:,} songs"


def _plain(value: float) -> str:
    """A number of two digits, without a sign where it is 0."""
    return f"{value:.2f}".replace("-0.00", "0.00")


def _capital(text: str) -> str:
    """Text with a capital at its start."""
    return text[:1].upper() + text[1:]
