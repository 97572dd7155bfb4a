"""Clustering all points: ours takes up where it stood, MLlib's centroids are numbered by size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from frames import FramePoints

from songatlas.atlas.large.settling import MllibSettling, OurSettling
from songatlas.kmeans import nearest_centroids
from songatlas.kmeans.every_k import MAX_ITER
from songatlas.progress import silent

POINTS = (np.round(np.random.default_rng(4).normal(size=(900, 3)) * 64) / 64).astype(np.float32)
POINTS[600:] += 4


def blocks(*cuts: int) -> FramePoints:
    return FramePoints(np.split(POINTS, cuts))


def test_blocks_do_not_matter_and_a_stopped_iteration_goes_on(tmp_path: Path) -> None:
    start = POINTS[:4].astype(np.float64)
    whole = OurSettling()(blocks(), start, silent)
    passes = []

    class Stopping(OurSettling):
        def _keep(self, run: str, checkpoint: Any) -> None:
            super()._keep(run, checkpoint)
            if checkpoint.n_iter == 3:
                raise InterruptedError

    with pytest.raises(InterruptedError):
        Stopping(work=tmp_path)(blocks(100), start, silent)
    again = OurSettling(work=tmp_path)(blocks(10, 500), start, lambda share, words: passes.append(words))
    assert np.array_equal(again.centroids, whole.centroids)
    assert np.array_equal(again.sizes, whole.sizes)
    assert (again.inertia, again.n_iter, again.history) == (whole.inertia, whole.n_iter, whole.history)
    assert not any(words.startswith("iteration 2,") for words in passes)
    other = OurSettling(work=tmp_path)(blocks(), start[:2], silent)
    assert len(other.centroids) == 2


@dataclass(frozen=True)
class Found:
    """What MLlib answers."""

    centroids: np.ndarray
    n_iter: int
    cost: float = 7.0


@pytest.mark.parametrize(("n_iter", "converged"), [(5, True), (MAX_ITER, False)])
def test_clusters_of_mllib_are_numbered_by_size(n_iter: int, converged: bool) -> None:
    centroids = np.array([[9.0, 9.0, 9.0], [4.0, 4.0, 4.0], [0.0, 0.0, 0.0]])
    settling = MllibSettling(
        seed=1, cluster=lambda points, k, *, seed, max_iter: Found(centroids[:k], n_iter)
    )
    found = settling(blocks(300), np.zeros((3, 3)), silent)
    labels, distances = nearest_centroids(POINTS, found.centroids)
    assert found.sizes.tolist() == np.bincount(labels, minlength=3).tolist()
    assert found.sizes.tolist() == sorted(found.sizes.tolist(), reverse=True)
    assert found.inertia == pytest.approx(np.square(distances).sum())
    assert found.centroids[0].tolist() == [0.0, 0.0, 0.0]
    assert (found.n_iter, found.converged) == (n_iter, converged)
