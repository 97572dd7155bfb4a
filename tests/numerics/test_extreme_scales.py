"""Clustering at the edges of float64, and tables whose numbers no song has."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.cluster import KMeans as TheirKMeans

from songatlas import KMeans, SongAtlasError, build_atlas, read_songs, silhouette, sweep
from songatlas.errors import TooFewSongs
from songatlas.kernels import reference
from songatlas.kmeans import fit_clusters, nearest_centroids
from songatlas.quality import INDICES

native = pytest.importorskip("songatlas.kernels.native", reason="the C kernels were not built")

N = 60


def three_clouds(*, scale=1.0, offset=0.0):
    random = np.random.default_rng(3)
    return offset + scale * (random.normal(size=(N, 3)) + 8 * (np.arange(N) % 3)[:, None])


@pytest.mark.parametrize("scale", [1e-149, 1e-140, 1e-45, 1e-8, 1e8, 1e45, 1e140])
def test_a_clustering_does_not_depend_on_the_scale(scale):
    wanted = fit_clusters(three_clouds(), 3, n_threads=1)
    found = fit_clusters(three_clouds() * scale, 3, n_threads=1)
    np.testing.assert_array_equal(found.labels, wanted.labels)
    np.testing.assert_allclose(found.centroids, wanted.centroids * scale, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_the_estimator_ends_where_scikit_learns_does(scale, offset):
    points = scale * three_clouds(offset=offset)
    start = points[:3]
    ours = KMeans(3, init=start, n_init=1, tol=0, n_threads=1).fit(points)
    theirs = TheirKMeans(3, init=start, n_init=1, tol=0).fit(points)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-6)


HALVES = np.arange(N) % 2


@pytest.mark.parametrize("wrong", [1e151, -1e300, 1.7e308])
@pytest.mark.parametrize(
    "ask",
    [
        lambda points: sweep(points, [2, 3]),
        lambda points: KMeans(2).fit(points),
        lambda points: nearest_centroids(points, points[:2]),
        lambda points: silhouette(points, HALVES),
        lambda points: INDICES["inertia"].measure(points, HALVES),
        lambda points: INDICES["davies_bouldin"].measure(points, HALVES),
        lambda points: INDICES["calinski_harabasz"].measure(points, HALVES),
    ],
)
def test_numbers_without_a_square_are_refused_in_words(ask, wrong):
    points = three_clouds()
    points[7, 1] = wrong
    with pytest.raises(ValueError, match=r"squares of .* cannot be summed; divide"):
        ask(points)


@pytest.mark.parametrize("ask", [lambda points: sweep(points, [2]), lambda points: KMeans(2).fit(points)])
@pytest.mark.parametrize("scale", [1e-300, 1e-200, 5e-324])
def test_differences_without_a_square_are_refused_in_words(ask, scale):
    with pytest.raises(ValueError, match=r"differ by no more than .*multiply"):
        ask(three_clouds() * scale)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("ask", [lambda points: sweep(points, [2]), lambda points: KMeans(2).fit(points)])
def test_what_is_not_finite_is_refused(ask, wrong):
    points = three_clouds()
    points[2, 0] = wrong
    with pytest.raises(ValueError, match=r"missing or infinite|NaN|infinity"):
        ask(points)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e-150, 1e-30, 1e140])
def test_both_engines_obey_the_law_where_squares_vanish(scale):
    """Each told points apart in its own way where the law, whose squares vanish, calls them equally near."""
    points = three_clouds() * scale
    centroids = points[:4].copy()
    plain = reference.nearest(reference.Rows.of(points), centroids)
    np.testing.assert_array_equal(native.nearest(native.Rows.of(points), centroids), plain)
    own = np.stack([reference.squared_distances(points, centroids, np.full(N, k)) for k in range(4)])
    np.testing.assert_array_equal(plain, own.argmin(axis=0))


def test_a_denormal_or_constant_coordinate_changes_nothing():
    points = three_clouds()
    wanted = fit_clusters(points, 3, n_threads=1).labels
    for column in (np.full(N, 7.0), np.random.default_rng(0).random(N) * 1e-310):
        np.testing.assert_array_equal(fit_clusters(np.column_stack([points, column]), 3).labels, wanted)


def test_as_many_clusters_as_songs_leave_no_inertia():
    found = fit_clusters(three_clouds(offset=1e9), N, n_threads=1)
    assert sorted(found.labels) == list(range(N))
    assert found.inertia == 0.0


def test_one_song_and_equal_songs():
    assert fit_clusters([[4.0, 2.0]], 1).centroids.tolist() == [[4.0, 2.0]]
    with pytest.raises(TooFewSongs, match="1 differ"):
        fit_clusters(np.full((30, 2), 1e9), 2)


def songs(**other):
    random = np.random.default_rng(5)
    columns = {
        "title": [f"title {number}" for number in range(N)],
        "artist": [f"artist {number % 9}" for number in range(N)],
        "energy": random.random(N),
        "valence": random.random(N),
        "danceability": random.random(N),
        "tempo": random.uniform(60, 180, N),
        "duration_ms": random.uniform(1e5, 4e5, N),
        "loudness": random.uniform(-30, 0, N),
    }
    return pl.DataFrame(columns | other)


@pytest.mark.parametrize("column", ["energy", "valence", "tempo", "duration_ms", "loudness"])
@pytest.mark.parametrize("pair", [(1e308, -1e308), (1e300, 1e-300), (5e-324, 1e12)])
def test_absurd_columns_are_read_or_refused(column, pair):
    """Means of huge numbers of both signs overflowed while the unit was looked for."""
    table = songs(**{column: list(pair) * (N // 2)})
    try:
        table_read = read_songs(table)
    except SongAtlasError as refused:
        assert column in str(refused)  # noqa: PT017, either outcome is right
    else:
        assert table_read.songs.height == N


def test_an_absurd_song_among_others_is_left_out_and_moves_no_cluster():
    plain = songs()
    values = plain["duration_ms"].to_list()
    values[4] = 1e12
    atlas = build_atlas(plain.with_columns(duration_ms=pl.Series(values)), k=3, threads=1)
    durations = atlas.songs["duration_ms"].drop_nulls()
    assert durations.max() < 1e8


def test_a_constant_and_a_repeated_feature_do_no_harm():
    energy = songs()["energy"]
    atlas = build_atlas(songs(valence=energy, danceability=[0.5] * N), k=3)
    assert np.isfinite(atlas.clustering.centroids).all()
    assert sorted(set(atlas.clustering.labels)) == [0, 1, 2]
