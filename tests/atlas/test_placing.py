"""Songs of an atlas are where they were put; new ones go where their own kind is."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import Atlas, build_atlas
from songatlas.atlas.placing import own_rows, place_songs, placed_songs
from songatlas.demo import simulate_catalogue

SPACES: dict[str, dict[str, Any]] = {
    "default": {},
    "tags": {"space": ("sound", "era", "tags")},
    "pull": {"genre_pull": 0.5},
}
TOLD = ["subcluster", "role", "cluster", "cluster_name", "cluster_distance", "excluded_because"]


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    songs = pl.DataFrame(simulate_catalogue(420, seed=3))
    hidden = pl.Series(np.arange(songs.height) % 9 == 0)
    none = pl.lit(None, dtype=pl.String)
    return songs.with_columns(
        pl.when(hidden).then(none).otherwise(pl.col(name)).alias(name)
        for name in ("playlist_genre", "genres")
    )


@pytest.fixture(scope="module", params=list(SPACES))
def atlas(request: pytest.FixtureRequest, table: pl.DataFrame) -> Atlas:
    return build_atlas(table, k=4, threads=1, **SPACES[request.param])


def test_own_songs_get_the_very_columns_of_the_build(atlas: Atlas, table: pl.DataFrame) -> None:
    assert atlas.rows is not None
    again = atlas.assign(table)
    assert again.columns().equals(atlas.rows.columns())
    assert atlas.rows.columns().columns[:2] == TOLD[:2]
    assert again.columns()["predicted_genre"].count() > 10


def test_a_subset_of_own_songs_gets_the_same(atlas: Atlas, table: pl.DataFrame) -> None:
    assert atlas.rows is not None
    shuffled = np.random.default_rng(0).permutation(table.height)[:90]
    kept = [row for row in shuffled.tolist() if atlas.rows.song[row] >= 0]
    told = atlas.assign(table[kept]).columns()
    assert told.select(TOLD).equals(atlas.rows.columns()[kept].select(TOLD))


def test_points_are_those_that_were_clustered(atlas: Atlas) -> None:
    from songatlas.kmeans import nearest_centroids

    labels, distances = nearest_centroids(atlas.points(), atlas.clustering.centroids)
    assert np.array_equal(labels, atlas.clustering.labels)
    assert distances.tobytes() == atlas.distances.tobytes()


def test_a_song_of_other_features_is_new_even_under_an_old_id(atlas: Atlas) -> None:
    songs = atlas.songs.with_row_index("row").with_columns(
        energy=pl.when(pl.col("row") == 7).then(1.0 - pl.col("energy")).otherwise(pl.col("energy"))
    )
    own = own_rows(atlas, songs.drop("row"))
    assert own[7] == -1
    assert np.array_equal(np.delete(own, 7), np.delete(np.arange(len(own)), 7))
    placed = place_songs(atlas, songs.drop("row"))
    assert placed["role"].null_count() == 1
    assert placed["role"][7] is None
    others = pl.Series(np.delete(np.arange(len(own)), 7))
    assert placed[others].equals(placed_songs(atlas)[others])


def renamed(songs: pl.DataFrame, *, artist: str | None = None) -> pl.DataFrame:
    """The same songs under new ids, by their artist or by another."""
    new = songs.with_columns(song_id="new-" + pl.col("song_id"))
    if artist is not None:
        new = new.with_columns(artists=pl.lit([artist]), artist=pl.lit(artist))
    return new.sort("song_id")


def test_new_songs_have_no_role_and_do_not_depend_on_own_songs_beside_them(atlas: Atlas) -> None:
    new = renamed(atlas.songs[100:110])
    alone = place_songs(atlas, new)
    assert alone["role"].null_count() == 10
    assert alone["cluster"].is_between(0, atlas.k - 1).all()
    parents = atlas.division.parents[alone["subcluster"].to_numpy()]
    assert np.array_equal(parents, alone["cluster"].to_numpy())
    beside = place_songs(atlas, pl.concat([new, atlas.songs]).sort("song_id"))
    mine = pl.concat([new, atlas.songs]).sort("song_id")["song_id"].str.starts_with("new-")
    assert beside.filter(mine).equals(alone)
    assert beside.filter(~mine).equals(placed_songs(atlas))


def test_a_genre_is_predicted_for_new_songs_that_have_none(atlas: Atlas) -> None:
    no_genre = pl.lit(None, dtype=pl.String).alias("genre")
    no_tags = pl.lit(None, dtype=pl.List(pl.String)).alias("tags")
    known = atlas.songs.filter(pl.col("genre").is_not_null())[:40]
    assert place_songs(atlas, renamed(known))["predicted_genre"].count() == 0
    by_artist = place_songs(atlas, renamed(known).with_columns(no_genre, no_tags))
    stranger = place_songs(atlas, renamed(known, artist="Nobody Yet").with_columns(no_genre, no_tags))
    assert by_artist["predicted_genre"].count() == stranger["predicted_genre"].count() == 40
    assert by_artist["genre_confidence"].is_between(0, 1).all()
    truth = renamed(known)["genre"]
    assert (by_artist["predicted_genre"] == truth).mean() > 0.9


def test_columns_that_songs_need_not_have(atlas: Atlas) -> None:
    bare = renamed(atlas.songs[:8]).drop("artists", "artist", "genre", "tags", "title", "year")
    placed = place_songs(atlas, bare)
    assert placed["cluster"].null_count() == 0
    assert placed["predicted_genre"].count() == 8


def test_a_new_song_without_tags_takes_those_of_its_artist_in_the_atlas(table: pl.DataFrame) -> None:
    atlas = build_atlas(table, k=4, threads=1, space=("tags",), genre=None)
    several = atlas.songs.filter(pl.col("tags").list.len() > 0)[:20]
    bare = renamed(several).with_columns(tags=pl.lit(None, dtype=pl.List(pl.String)))
    labels = {
        song: int(label) for song, label in zip(atlas.songs["song_id"], atlas.clustering.labels, strict=True)
    }
    theirs = [labels[song.removeprefix("new-")] for song in bare["song_id"]]
    assert float((place_songs(atlas, bare)["cluster"] == pl.Series(theirs)).mean()) > 0.8


def test_a_named_genre_may_lack_in_new_songs(table: pl.DataFrame) -> None:
    named = table.rename({"playlist_genre": "my words"}).drop("genres")
    atlas = build_atlas(named, k=3, threads=1, genre="my words")
    assert atlas.rows is not None
    assert atlas.assign(named).columns().equals(atlas.rows.columns())
    assert (
        atlas.assign(named.drop("my words")).columns().select(TOLD).equals(atlas.rows.columns().select(TOLD))
    )


def test_nothing_is_predicted_where_nothing_was_learned(table: pl.DataFrame) -> None:
    atlas = build_atlas(table.with_columns(track_artist=pl.lit("Ann")), k=3, threads=1)
    assert atlas.genre is not None
    assert atlas.genre["prediction"] is None
    new = place_songs(atlas, renamed(atlas.songs[:5]).drop("genre", "tags"))
    assert new["predicted_genre"].null_count() == 5


def test_a_song_is_explained_by_the_point_that_it_was_clustered_by(atlas: Atlas) -> None:
    from songatlas.atlas.why import _points

    rows = np.arange(0, len(atlas.distances), 11)
    assert _points(atlas, atlas.songs[rows], rows).tobytes() == atlas.points()[rows].tobytes()
