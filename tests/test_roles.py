from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songatlas.kmeans import fit_clusters, nearest_centroids
from songatlas.quality import silhouette_values
from songatlas.roles import N_EXEMPLARS, ROLES, Roles, exemplars, role_counts, song_roles

Fit = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def fitted(points: np.ndarray, k: int) -> Fit:
    points = points.astype(np.float32)
    centroids = fit_clusters(points, k, seed=0).centroids
    labels, distances = nearest_centroids(points, centroids)
    return points, centroids, labels, distances


def blobs(n: int = 600, *, apart: float = 3.0, k: int = 3, d: int = 4, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    middles = np.eye(max(k, d))[:k, :d] * apart * np.sqrt(2)
    return np.asarray(middles[random.integers(0, k, n)] + random.normal(size=(n, d)))


def roles_of(fit: Fit, **options: int) -> Roles:
    points, centroids, labels, distances = fit
    return song_roles(points, centroids, labels, distances, **options)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 60), k=st.integers(1, 6), seed=st.integers(0, 10**6), grid=st.booleans())
def test_every_song_has_one_role_whatever_the_points(n: int, k: int, seed: int, grid: bool) -> None:
    random = np.random.default_rng(seed)
    points = random.normal(size=(n, 3)).astype(np.float32)
    points = points.round() if grid else points
    centroids = random.normal(size=(k, 3))
    labels, distances = nearest_centroids(points, centroids)
    roles = song_roles(points, centroids, labels, distances)
    counts = role_counts(roles, labels, k)
    assert roles.role.dtype == pl.Enum(ROLES)
    assert roles.role.null_count() == 0
    assert counts["n_songs"].to_list() == np.bincount(labels, minlength=k).tolist()
    assert counts.select(pl.sum_horizontal(ROLES)).to_series().to_list() == counts["n_songs"].to_list()
    assert (np.abs(roles.silhouette) <= 1).all()
    assert ((roles.distance_percentile > 0) & (roles.distance_percentile < 100)).all()
    assert ((roles.runner_up != labels) | (k == 1)).all()
    shown = exemplars(points, labels, roles, k=k)
    assert len(shown) == k
    for cluster, rows in enumerate(shown):
        assert (labels[rows] == cluster).all()
        assert len(set(rows.tolist())) == len(rows) <= N_EXEMPLARS


def test_the_made_parts_are_found() -> None:
    random = np.random.default_rng(1)
    across = random.normal(scale=0.4, size=(200, 2))
    left, right = across - np.array([3.0, 0.0]), across + np.array([3.0, 0.0])
    far = [[-3.0, 9.0]]
    between = [[-0.05, 0.0]]
    points = np.concatenate([left, right, far, between]).astype(np.float32)
    centroids = np.array([[-3.0, 0.0], [3.0, 0.0]])
    labels, distances = nearest_centroids(points, centroids)
    roles = song_roles(points, centroids, labels, distances)
    assert roles.role[400] == "outlier"
    assert roles.role[401] == "outlier"  # far from both, for clusters as tight as these
    assert roles.role[:400].value_counts().filter(role="core")["count"][0] > 380
    assert not roles.role.is_in(["bridge", "borderline"]).any()
    wide = np.concatenate([left * [1, 9], right * [1, 9], random.normal(scale=0.05, size=(8, 2))])
    labels, distances = nearest_centroids(wide, centroids)
    parts = song_roles(wide, centroids, labels, distances).role
    assert set(parts[400:]) == {"bridge"}  # as near to both as most songs are to their own


def test_figures_are_what_they_say() -> None:
    fit = fitted(blobs(apart=1.5), 3)
    points, centroids, labels, distances = fit
    roles = roles_of(fit)
    assert roles.exact
    np.testing.assert_allclose(roles.silhouette, silhouette_values(points, labels), atol=1e-6)
    squares = np.square(points[:, None, :].astype(float) - centroids).sum(axis=2)
    np.testing.assert_array_equal(roles.runner_up, np.argsort(squares, axis=1)[:, 1])
    np.testing.assert_allclose(
        roles.margin, 1 - distances / np.sqrt(np.sort(squares, axis=1)[:, 1]), atol=1e-6
    )
    for cluster in range(3):
        mine = labels == cluster
        nearer = np.array([(distances[mine] < distance).mean() for distance in distances[mine]])
        np.testing.assert_allclose(
            roles.distance_percentile[mine], 100 * (nearer + 0.5 / mine.sum()), rtol=1e-5
        )
    below = roles.silhouette <= 0
    assert not (roles.role.to_numpy()[below] == "core").any()
    spread = [distances[labels == cluster] for cluster in range(3)]
    fences = [
        np.quantile(each, 0.75) + 1.5 * np.subtract(*np.quantile(each, [0.75, 0.25])) for each in spread
    ]
    np.testing.assert_array_equal((roles.role == "outlier").to_numpy(), distances > np.array(fences)[labels])


def test_well_apart_clusters_have_no_borders() -> None:
    fit = fitted(blobs(apart=8.0), 3)
    roles = roles_of(fit)
    assert set(roles.role) <= {"core", "outlier"}
    assert (roles.role == "outlier").mean() < 0.03


def test_silhouettes_of_many_songs_are_close_to_exact_ones() -> None:
    fit = fitted(blobs(4000, apart=1.5, k=5, d=6), 5)
    exact, close = roles_of(fit), roles_of(fit, exact_limit=100)
    assert exact.exact
    assert not close.exact
    assert np.abs(exact.silhouette - close.silhouette).max() < 0.05
    assert np.sqrt(np.square(exact.silhouette - close.silhouette).mean()) < 0.005
    assert (exact.role == close.role).mean() > 0.995


@pytest.mark.parametrize("exact_limit", [20_000, 100])
def test_threads_and_order_do_not_matter(exact_limit: int) -> None:
    points, centroids, labels, distances = fit = fitted(blobs(3000, apart=1.0), 4)
    one, four = (roles_of(fit, exact_limit=exact_limit, n_threads=n) for n in (1, 4))
    assert one.role.equals(four.role)
    for name in ("distance_percentile", "silhouette", "runner_up", "margin"):
        assert getattr(one, name).tobytes() == getattr(four, name).tobytes()
    order = np.random.default_rng(0).permutation(len(points))
    moved = song_roles(points[order], centroids, labels[order], distances[order], n_threads=2)
    if exact_limit >= len(points):
        assert moved.role.equals(one.role.gather(order))
        np.testing.assert_array_equal(moved.distance_percentile, one.distance_percentile[order])
        shown = exemplars(points, labels, one, k=4)
        again = exemplars(points[order], labels[order], moved, k=4)
        for mine, theirs in zip(shown, again, strict=True):
            assert mine.tolist() == order[theirs].tolist()


def test_exemplars_are_core_songs_of_different_artists_that_stand_for_their_cluster() -> None:
    points, centroids, labels, _ = fit = fitted(blobs(3000, apart=1.5), 3)
    roles = roles_of(fit)
    artists = np.random.default_rng(0).integers(-1, 40, len(points))
    for cluster, rows in enumerate(exemplars(points, labels, roles, k=3, groups=artists)):
        assert len(rows) == N_EXEMPLARS
        assert (roles.role.gather(rows) == "core").all()
        known = artists[rows][artists[rows] >= 0]
        assert len(set(known.tolist())) == len(known)
        core = np.flatnonzero((labels == cluster) & (roles.role == "core").to_numpy())
        to_centroid = np.linalg.norm(points[core] - centroids[cluster], axis=1)
        assert rows[0] == core[to_centroid.argmin()]
        members = points[labels == cluster].astype(float)
        drawn = np.random.default_rng(1).choice(core, (20, N_EXEMPLARS))
        left = [
            np.linalg.norm(members[:, None] - points[some], axis=2).min(axis=1).sum()
            for some in (rows, *drawn)
        ]
        assert left[0] < np.median(left[1:])
    (few,) = exemplars(
        points[:6], np.zeros(6, int), roles_of(fitted(points[:6], 1)), k=1, groups=np.zeros(6, int)
    )
    assert len(few) == 1


def test_songs_alone_and_wrong_shapes() -> None:
    points = np.array([[0.0], [0.1], [9.0]], dtype=np.float32)
    roles = song_roles(points, np.array([[0.05], [9.0]]), np.array([0, 0, 1]), [0.05, 0.05, 0.0])
    assert roles.role.to_list() == ["core"] * 3
    assert roles.silhouette[2] == 0
    assert [rows.tolist() for rows in exemplars(points, np.array([0, 0, 1]), roles, k=3)][1:] == [[2], []]
    with pytest.raises(ValueError, match="one label and one distance a song"):
        song_roles(points, np.array([[0.0]]), np.array([0, 0]), [0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="there are 1 centroids"):
        song_roles(points, np.array([[0.0]]), np.array([0, 0, 1]), [0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="at least one song"):
        exemplars(points, np.array([0, 0, 1]), roles, k=2, n=0)
