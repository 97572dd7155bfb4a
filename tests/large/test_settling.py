"""Clustering all points: ours takes up where it stood, MLlib's centroids are numbered by size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from frames import FramePoints
from sklearn.cluster import KMeans as SklearnKMeans

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


@pytest.mark.parametrize("k", [2, 5, 9])
def test_a_large_catalogue_ends_at_the_iteration_of_scikit_learn(
    monkeypatch: pytest.MonkeyPatch, k: int
) -> None:
    monkeypatch.setattr("songatlas.kmeans.settling.SETTLED_SONGS", 100)
    start, told = POINTS[:k].astype(np.float64), []
    found = OurSettling()(blocks(300), start, lambda share, words: told.append((share, words)))
    wanted = SklearnKMeans(k, init=start, n_init=1, tol=1e-4).fit(POINTS.astype(np.float64))
    assert found.n_iter == wanted.n_iter_
    assert found.converged
    assert found.inertia == pytest.approx(wanted.inertia_)
    moved = POINTS[np.newaxis, :, :] - start[:, np.newaxis, :]
    labels = np.square(moved).sum(axis=2).argmin(axis=0)
    means = np.array([POINTS[labels == cluster].mean(axis=0, dtype=np.float64) for cluster in range(k)])
    squares = np.bincount(labels, minlength=k) @ np.square(means - start).sum(axis=1)
    share = 100 * np.sqrt(squares / np.square(POINTS - POINTS.mean(axis=0, dtype=np.float64)).sum())
    first = next(words for _, words in told if words.startswith("iteration 1,"))
    assert first == f"iteration 1, centroids still move by {share:.2g}% of the spread"
    shares = [each for each, _ in told]
    assert shares == sorted(shares)


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
