"""Fine clusters inside broad ones: bounds, nesting, the same songs again, and new ones."""

from __future__ import annotations

import numpy as np
import pytest

from songatlas.errors import BadSettings
from songatlas.kmeans import Clustering, Division, divide_clusters, fit_clusters


def songs(n_songs: int, *, seed: int = 0, n_dimensions: int = 6) -> np.ndarray:
    """Overlapping clouds, some dense and some thin."""
    random = np.random.default_rng(seed)
    middles = random.normal(size=(8, n_dimensions)) * 1.5
    members = random.choice(8, size=n_songs, p=np.arange(1, 9) / 36)
    widths = random.uniform(0.3, 1.5, size=8)[members, None]
    return (middles[members] + widths * random.normal(size=(n_songs, n_dimensions))).astype(np.float32)


@pytest.fixture(scope="module")
def divided() -> tuple[np.ndarray, Clustering, Division]:
    points = songs(9000)
    clustering = fit_clusters(points, 5, n_threads=1)
    return points, clustering, divide_clusters(points, clustering, n_threads=1)


def test_every_fine_cluster_is_a_playlist_inside_one_broad_cluster(
    divided: tuple[np.ndarray, Clustering, Division],
) -> None:
    points, clustering, division = divided
    assert division.labels.dtype == np.int32
    assert division.parents.dtype == np.int32
    assert division.centroids.shape == (division.k, points.shape[1])
    assert division.sizes.sum() == len(points)
    assert division.sizes.min() >= 20
    assert division.sizes.max() <= 200
    assert np.array_equal(division.parents[division.labels], clustering.labels)


def test_fine_clusters_are_numbered_by_parent_and_falling_size(
    divided: tuple[np.ndarray, Clustering, Division],
) -> None:
    division = divided[2]
    assert (np.diff(division.parents) >= 0).all()
    for parent in range(5):
        own = division.sizes[division.parents == parent]
        assert (np.diff(own) <= 0).all()


def test_a_song_belongs_to_the_nearest_fine_centroid_of_its_cluster(
    divided: tuple[np.ndarray, Clustering, Division],
) -> None:
    points, clustering, division = divided
    assert np.array_equal(division.nearest(points, clustering.labels), division.labels)
    few = np.random.default_rng(1).permutation(len(points))[:300]
    assert np.array_equal(division.nearest(points[few], clustering.labels[few]), division.labels[few])
    distances = np.linalg.norm(points[few, None] - division.centroids[None], axis=2)
    distances[division.parents[None] != clustering.labels[few, None]] = np.inf
    assert np.array_equal(distances.argmin(axis=1), division.labels[few])


def test_the_same_on_any_number_of_threads(divided: tuple[np.ndarray, Clustering, Division]) -> None:
    points, clustering, division = divided
    again = divide_clusters(points, clustering, n_threads=4)
    assert np.array_equal(again.labels, division.labels)
    assert np.array_equal(again.centroids, division.centroids)
    assert not np.array_equal(divide_clusters(points, clustering, seed=1).labels, division.labels)


@pytest.mark.parametrize("n_songs", [5, 50, 130, 700])
def test_few_songs_stay_whole_where_they_must(n_songs: int) -> None:
    points = songs(n_songs)
    clustering = fit_clusters(points, 3)
    division = divide_clusters(points, clustering)
    for parent, size in enumerate(np.bincount(clustering.labels)):
        own = division.sizes[division.parents == parent]
        if size < 40:
            assert own.tolist() == [size]
        else:
            assert own.min() >= 20
            assert own.max() <= 200


def test_copies_of_one_song_cannot_be_divided_and_the_sizes_say_so() -> None:
    points = np.concatenate([np.zeros((5000, 2)), songs(600, n_dimensions=2) + 9]).astype(np.float32)
    clustering = fit_clusters(points, 2)
    division = divide_clusters(points, clustering)
    assert division.sizes[division.parents == 0].tolist() == [5000]
    assert division.sizes[division.parents == 1].max() <= 200


def test_other_bounds_are_kept() -> None:
    points = songs(3000, seed=4)
    division = divide_clusters(points, fit_clusters(points, 4), smallest=5, largest=30)
    assert division.sizes.min() >= 5
    assert division.sizes.max() <= 30


def test_progress_ends_at_one() -> None:
    points, told = songs(800), []
    divide_clusters(points, fit_clusters(points, 3), progress=lambda share, words: told.append(share))
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_what_cannot_be_is_refused(divided: tuple[np.ndarray, Clustering, Division]) -> None:
    points, clustering, division = divided
    with pytest.raises(BadSettings, match="3 times the fewest"):
        divide_clusters(points, clustering, smallest=20, largest=40)
    with pytest.raises(ValueError, match="as many"):
        divide_clusters(points[:10], clustering)
    with pytest.raises(ValueError, match="no broad cluster 9"):
        division.nearest(points[:1], [9])
    with pytest.raises(ValueError, match="one label a point"):
        division.nearest(points[:2], [0])
