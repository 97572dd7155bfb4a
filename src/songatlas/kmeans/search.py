"""Good starts for every k at once, found on a sample of the songs.

Restarts alone rarely meet the best clustering when k is large. So the clusterings of all k help each
other: from that of k - 1 a cluster is added where the points lie far from their centroids, in that of
k + 1 the two clusters whose union costs least are united, and in k's own one cluster is moved in this
way. Every round proposes for each k what these starts have not proposed yet. A proposal that falls too
slowly to become the best is given up early.

References
----------
Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
Ward, "Hierarchical grouping to optimize an objective function", JASA 58 (1963) (the cost of a union).
Fränti, "Efficiency of random swap clustering", Journal of Big Data 5 (2018).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from songatlas import kernels
from songatlas.kmeans.clustering import Floats, Labels, Points
from songatlas.kmeans.inertia import scatter, summed_squares

ITERATIONS = 40
TOLERANCE = 1e-4  # of the mean variance, scikit-learn's default
FAR_ROWS = 5_000  # rows among which a new centroid is looked for
STRETCH = 1.5  # of Lloyd's steps; the clusterings found need not be exact
CANCELLED = 1e-6  # of the scatter: an inertia below this is summed anew
N_TRIALS = 6  # points that may become a new centroid
SAME = 2e-4  # relative difference of inertia below which two starts count as one


@dataclass(frozen=True, eq=False)
class Start:
    """Centroids worth polishing on all rows, with their labels and inertia on the sample."""

    centroids: Floats
    labels: Labels
    inertia: float

    @property
    def sizes(self) -> Floats:
        """Songs of the sample in each cluster."""
        return np.bincount(self.labels, minlength=len(self.centroids)).astype(np.float64)


Starts: TypeAlias = Mapping[int, Sequence[Start]]
Key: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Proposal:
    """A way to make initial centroids for `k` clusters."""

    k: int
    make: Callable[[], Floats]


class Search:
    """The best different starts for each k on one sample, better after every step.

    Parameters
    ----------
    points : ndarray, shape (n_rows, n_dimensions)
        The sample, checked.
    ks : sequence of int
        Different from one another.
    n_kept : int
        Starts kept for each k.
    seed : int
        Same points, ks, steps and seed find the same starts on any number of threads.
    n_threads : int
    tick : callable, optional
        Called after each step.
    stop : Stop, optional
        Ends the search soon after it is set.

    Attributes
    ----------
    found : dict of int to list of Start
        The best first.
    """

    def __init__(
        self,
        points: Points,
        ks: Sequence[int],
        *,
        n_kept: int,
        seed: int,
        n_threads: int = 1,
        tick: Callable[[], None] | None = None,
        stop: kernels.Stop | None = None,
    ) -> None:
        self.points = points
        self.found: dict[int, list[Start]] = {k: [] for k in ks}
        self.n_steps = 0
        self._asked: dict[tuple[int, str], tuple[Start, int]] = {}
        self._n_kept, self._seed, self._n_threads = n_kept, seed, n_threads
        self._tick, self._stop = tick, stop
        self._rows = kernels.Rows.of(points)
        self._total = scatter(self._rows)

    def try_given(self, starts: Starts, *, n_ranks: int) -> None:
        """Try the best starts of another sample, the very best first."""
        for rank in range(n_ranks):
            self._advance(
                [
                    Proposal(k, partial(np.copy, mine[rank].centroids))
                    for k, mine in starts.items()
                    if rank < len(mine)
                ]
            )

    def seed_anew(self) -> None:
        """Begin anew by greedy k-means++; the seeds of the largest k begin with those of the others."""
        random = np.random.default_rng((self._seed, self.n_steps))
        rows = kernels.seed_rows(self.points, max(self.found), random=random)
        seeds = self.points[rows].astype(np.float64)
        self._advance([Proposal(k, partial(seeds.__getitem__, slice(k))) for k in self.found])

    def learn_from_neighbours(self) -> None:
        """Try for each k what the best starts of k + 1, k - 1 and k itself have not suggested yet."""
        proposals = []
        for k in self.found:
            for kind, (step, n_turns, make) in PROPOSALS.items():
                if k + step not in self.found or (kind == "moved" and k == 1):
                    continue
                start = self.found[k + step][0]
                asked, turn = self._asked.get((k, kind), (None, 0))
                turn = turn if asked is start else 0
                self._asked[k, kind] = start, turn + 1
                if turn < n_turns:
                    key = (self._seed, self.n_steps, k)
                    proposals.append(Proposal(k, partial(make, self.points, start, turn, key)))
        self._advance(proposals)

    def _advance(self, proposals: Sequence[Proposal]) -> None:
        """Settle the proposals, one a thread, and keep the best different starts."""
        bars = {k: starts[0].inertia if starts else np.inf for k, starts in self.found.items()}

        def settle(proposal: Proposal) -> Start:
            return self._settle(proposal.make(), bars[proposal.k])

        with closing(
            kernels.map_in_order(settle, proposals, n_threads=self._n_threads, stop=self._stop)
        ) as starts:
            for proposal, start in zip(proposals, starts, strict=True):
                kept = [*self.found[proposal.k], start]
                self.found[proposal.k] = _best_different(kept, self._n_kept)
        self.n_steps += 1
        if self._tick is not None:
            self._tick()

    def _settle(self, centroids: Floats, bar: float) -> Start:
        """Run Lloyd's iteration on the sample, as long as there is hope to come below the bar."""
        tolerance = TOLERANCE * self._total / self.points.size
        rules = kernels.Rules(self._total, ITERATIONS, tolerance, bar, STRETCH)
        run = kernels.lloyd(self._rows, centroids, rules, stop=self._stop)
        inertia = run.history[-1]
        if inertia < CANCELLED * self._total:  # a difference of large numbers, of which little is left
            inertia = summed_squares(self.points, run.centroids, run.labels)
        return Start(run.centroids, run.labels, inertia)


def _best_different(starts: Sequence[Start], n_kept: int) -> list[Start]:
    """Sort starts by inertia and drop those that tell the same story."""
    kept: list[Start] = []
    for start in sorted(starts, key=lambda start: start.inertia):
        if not kept or start.inertia - kept[-1].inertia > SAME * start.inertia:
            kept.append(start)
    return kept[:n_kept]


def _shrunk(points: Points, start: Start, turn: int, key: Key) -> Floats:
    """Unite two clusters: those whose union costs least, in later turns the next cheapest."""
    sizes, centroids = np.maximum(start.sizes, 1e-9), start.centroids
    first, second = np.triu_indices(len(sizes), k=1)
    gaps = np.square(centroids[first] - centroids[second]).sum(axis=1)
    costs = gaps * sizes[first] * sizes[second] / (sizes[first] + sizes[second])
    pair = np.argsort(costs, kind="stable")[turn % len(costs)]
    one, other = int(first[pair]), int(second[pair])
    united = sizes[[one, other]] @ centroids[[one, other]] / sizes[[one, other]].sum()
    return np.concatenate([np.delete(centroids, [one, other], axis=0), united[None]])


def _grown(points: Points, start: Start, turn: int, key: Key) -> Floats:
    """Add one centroid: a point that lies far from the others, the best of several drawn."""
    few = slice(None, None, max(1, len(points) // FAR_ROWS))
    closest = kernels.squared_distances(points[few], start.centroids, start.labels[few])
    random = np.random.default_rng(key)
    row = kernels.seed_rows(points[few], 1, random=random, closest=closest, n_trials=N_TRIALS)
    return np.concatenate([start.centroids, points[few][row].astype(np.float64)])


def _moved(points: Points, start: Start, turn: int, key: Key) -> Floats:
    """Unite two clusters and add one elsewhere."""
    grown = _grown(points, start, turn, key)
    return np.concatenate([_shrunk(points, start, turn, key), grown[-1:]])


PROPOSALS: dict[str, tuple[int, int, Callable[[Points, Start, int, Key], Floats]]] = {
    "shrunk": (1, 3, _shrunk),  # from k + 1 clusters, up to three times from the same start
    "grown": (-1, 2, _grown),
    "moved": (0, 2, _moved),
}
