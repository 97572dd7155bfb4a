"""Clustering all points of a catalogue: our Lloyd, which goes on where a killed run was, or Spark's MLlib."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from songatlas.catalogue import Points
from songatlas.kmeans import Checkpoint, Settled, block_sums, settle
from songatlas.kmeans.clustering import canonical_order
from songatlas.kmeans.every_k import MAX_ITER
from songatlas.progress import Progress

_FILE = "clustering.npz"


@dataclass(frozen=True, kw_only=True)
class OurSettling:
    """Lloyd's iteration over all points.

    Attributes
    ----------
    work : Path or None
        Folder in which it keeps where it stands; None keeps nothing.
    told : str
        What the points are of: a run goes on only where one of the same stood.
    """

    work: Path | None = None
    told: str = ""

    def __call__(self, points: Points, start: NDArray[np.float64], tell: Progress) -> Settled:
        """Return where the centroids end."""
        of = f"{self.told} {points.n_points}".encode()
        run = hashlib.sha256(np.ascontiguousarray(start).tobytes() + of).hexdigest()
        return settle(
            points.summed,
            points.stacked,
            start,
            n_points=points.n_points,
            n_dimensions=start.shape[1],
            tell=tell,
            at=self._kept(run),
            keep=None if self.work is None else lambda checkpoint: self._keep(run, checkpoint),
        )

    def _keep(self, run: str, checkpoint: Checkpoint) -> None:
        """Write where the iteration stands, whole or not at all."""
        if self.work is None:
            return
        beside = self.work / f"{_FILE}.new"
        with beside.open("wb") as file:
            np.savez(
                file,
                run=run,
                centroids=checkpoint.centroids,
                n_iter=checkpoint.n_iter,
                history=np.array(checkpoint.history),
            )
        beside.replace(self.work / _FILE)

    def _kept(self, run: str) -> Checkpoint | None:
        """Where a killed run of the same points from the same start stood."""
        if self.work is None or not (self.work / _FILE).is_file():
            return None
        with np.load(self.work / _FILE, allow_pickle=False) as kept:
            if str(kept["run"]) != run:
                return None
            history = tuple(kept["history"].tolist())
            return Checkpoint(kept["centroids"], int(kept["n_iter"]), history)


@dataclass(frozen=True, kw_only=True)
class MllibSettling:
    """Spark's own k-means, from starts of its own.

    Attributes
    ----------
    seed : int
    cluster : callable
        `songatlas.spark.mllib_kmeans`.
    """

    seed: int
    cluster: Callable[..., Any]

    def __call__(self, points: Points, start: NDArray[np.float64], tell: Progress) -> Settled:
        """Return where the centroids end, numbered by falling size."""
        tell(0.0, "clustering all songs with MLlib")
        found = self.cluster(points, len(start), seed=self.seed, max_iter=MAX_ITER)
        order = np.arange(len(found.centroids))
        for _ in range(2):  # sizes, then what they are under the new numbers: a tie may move a song
            centroids = np.ascontiguousarray(found.centroids[order])
            sizes, spreads = _counted(points, centroids)
            order = order[canonical_order(centroids, sizes)]
        return Settled(
            centroids=centroids,
            sizes=sizes,
            inertia=float(spreads.sum()),
            n_iter=found.n_iter,
            history=(found.cost,),
            converged=found.n_iter < MAX_ITER,
        )


def _counted(points: Points, centroids: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Songs nearest to each centroid, and their squared distances, summed."""
    answer = points.summed(Sums(centroids))
    k = len(centroids)
    return answer[-2 * k : -k].astype(np.int64), answer[-k:]


@dataclass(frozen=True, eq=False)
class Sums:
    """`block_sums` about some centroids, as a task that can be sent."""

    centroids: NDArray[np.float64]

    def __call__(self, block: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return sums, counts and squared distances."""
        return block_sums(block, self.centroids)
