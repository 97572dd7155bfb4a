"""The space of taste: what every block adds, what is filled in, what is refused."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from songatlas.atlas.taste import fit_song_taste
from songatlas.demo import simulate_catalogue
from songatlas.errors import BadSettings, UnknownName
from songatlas.features import FEATURES
from songatlas.songs import clean_songs, read_songs
from songatlas.taste import BLOCKS, Groups, fit_taste, log_density, pair_kernels, preference
from songatlas.taste.blocks import BONUSES, WIDTHS

HOSTILE = ["<script>", "[bold]", "two\nlines", "nul\x00nul", "\u202ertl", "a" * 10_000, "İstanbul", "ß"]


@pytest.fixture(scope="module")
def songs() -> pl.DataFrame:
    read = read_songs(simulate_catalogue(600, seed=3)).songs
    features = [each.column for each in FEATURES.values() if each.in_sound]
    heard = np.random.default_rng(0).normal(size=(read.height, 20))
    read = read.with_columns(audio_embedding=pl.Series(heard.tolist(), dtype=pl.List(pl.Float32)))
    return clean_songs(read, features=features, keep=["all"]).songs


def test_every_block_of_a_full_table_counts(songs: pl.DataFrame) -> None:
    fitted = fit_song_taste(songs)
    assert fitted.taste.blocks == BLOCKS
    assert fitted.ground.shape == (songs.height,)
    assert fitted.points.dtype == np.float32
    assert np.isfinite(fitted.points).all()
    np.testing.assert_allclose(fitted.taste.coordinates.mean(axis=0), 0, atol=1e-4)


@pytest.mark.parametrize(
    ("column", "block"),
    [
        ("audio_embedding", "audio"),
        ("year", "era"),
        ("popularity", "popularity"),
        ("tags", "tags"),
        ("artists", "artist"),
        ("album", "album"),
    ],
)
def test_a_column_that_is_absent_takes_only_its_block_along(
    songs: pl.DataFrame, column: str, block: str
) -> None:
    dropped = [column, "genre"] if column == "tags" else [column]
    fitted = fit_song_taste(songs.drop(dropped))
    assert fitted.taste.blocks == tuple(each for each in BLOCKS if each != block)
    scores = preference(fitted.taste, np.array([1, 2]), disliked=np.array([5]), ground=fitted.ground)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("block", BLOCKS)
def test_weight_0_leaves_a_block_out_and_another_weight_changes_distances(
    songs: pl.DataFrame, block: str
) -> None:
    given = np.array([3, 30])
    usual = fit_song_taste(songs).taste
    without = fit_song_taste(songs, weights={block: 0}).taste
    assert without.blocks == tuple(each for each in BLOCKS if each != block)
    more = fit_song_taste(songs, weights={block: 1.5}).taste
    assert not np.allclose(log_density(usual, given), log_density(without, given))
    assert not np.allclose(log_density(usual, given), log_density(more, given))


def test_widths_are_distances_at_which_a_song_counts_a_little_less() -> None:
    years = np.array([1980.0, 1980.0 + WIDTHS["era"], 1980.0])
    popularity = np.array([40.0, 40.0, 40.0 + 2 * WIDTHS["popularity"]])
    found = log_density(fit_taste(3, years=years, popularity=popularity), np.array([0]))
    np.testing.assert_allclose(found, [0, -0.5, -2], atol=1e-5)


def test_unknown_years_and_popularity_lie_in_the_middle() -> None:
    years = np.array([1970.0, np.nan, 1990.0, 1980.0, np.inf])
    taste = fit_taste(5, years=years, popularity=np.full(5, np.nan))
    assert taste.blocks == ("era",)
    assert taste.points()[1] == taste.points()[3] == taste.points()[4]


def test_a_constant_column_counts_for_nothing() -> None:
    taste = fit_taste(3, sound=np.eye(3), years=np.full(3, 1999.0))
    assert taste.blocks == ("sound",)
    assert taste.points().shape == (3, 3)


def test_nothing_left_to_count_is_told() -> None:
    with pytest.raises(BadSettings, match="nothing is left to recommend by"):
        fit_taste(3, sound=np.eye(3), weights={"sound": 0})
    with pytest.raises(BadSettings, match="nothing is left"):
        fit_taste(2, years=np.array([1990.0, 1990.0]))


def test_one_song_with_an_artist_is_a_catalogue() -> None:
    taste = fit_taste(1, sound=np.ones((1, 4)), artists=pl.Series([["Ann"]]))
    assert taste.blocks == ("artist",)
    assert log_density(taste, np.array([0])).tolist() == [BONUSES["artist"]]


def test_a_misspelt_weight_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"no block of taste is called 'tag'.*did you mean 'tags'"):
        fit_taste(2, sound=np.eye(2), weights={"tag": 1})


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf"), 1e20])
def test_a_weight_that_is_no_number_from_0_up_is_refused(weight: float) -> None:
    with pytest.raises(BadSettings, match=r"the weight of 'era'.*from 0 to 1000"):
        fit_taste(2, sound=np.eye(2), weights={"era": weight})


def test_points_tell_the_kernel_of_two_songs(songs: pl.DataFrame) -> None:
    taste = fit_song_taste(songs, weights={"artist": 0, "album": 0}).taste
    rows = np.arange(0, 600, 7)[:60]
    squares = np.square(taste.points(rows) - taste.points(np.array([11]))).sum(axis=1)
    np.testing.assert_allclose(log_density(taste, np.array([11]))[rows], -squares / 2, atol=2e-3)
    np.testing.assert_allclose(pair_kernels(taste, 11, rows), np.exp(-squares / 2), atol=1e-5)


def test_the_order_of_the_columns_and_threads_change_nothing(songs: pl.DataFrame) -> None:
    one = fit_song_taste(songs, n_threads=1)
    other = fit_song_taste(songs.select(reversed(songs.columns)), n_threads=2)
    np.testing.assert_array_equal(one.points, other.points)
    np.testing.assert_array_equal(one.ground, other.ground)


def test_groups_know_their_songs_whatever_the_spelling() -> None:
    groups = Groups.of(pl.Series([["Ann", " bo"], ["ANN "], None, ["", None, "Cy"], ["Bo", "ann"], []]))
    assert [groups.sharing(song).tolist() for song in range(6)] == [
        [0, 1, 4],
        [0, 1, 4],
        [],
        [3],
        [0, 1, 4],
        [],
    ]
    assert [len(groups.of_song(song)) for song in range(6)] == [2, 1, 0, 1, 2, 0]


def test_groups_of_plain_names_and_of_none() -> None:
    groups = Groups.of(pl.Series(["x", None, "X", "", "y"]))
    assert [groups.sharing(song).tolist() for song in range(5)] == [[0, 2], [], [0, 2], [], [4]]
    nobody = Groups.of(pl.Series([None, None], dtype=pl.String))
    assert nobody.sharing(1).tolist() == nobody.of_song(0).tolist() == []


def test_groups_take_hostile_names() -> None:
    groups = Groups.of(pl.Series([*HOSTILE, *HOSTILE]))
    n_names = len(HOSTILE)
    assert all(groups.sharing(song).tolist() == [song, song + n_names] for song in range(n_names))


def test_various_artists_are_nobody(songs: pl.DataFrame) -> None:
    named = songs.with_columns(artists=pl.lit(["Various Artists"], dtype=pl.List(pl.String)))
    fitted = fit_song_taste(named)
    assert all(not len(fitted.artists.of_song(song)) for song in range(20))


def test_songs_of_an_album_share_its_name_and_date(songs: pl.DataFrame) -> None:
    albums = pl.Series(["Greatest Hits"] * songs.height)
    dates = pl.Series([f"{2000 + row % 2}-01-01" for row in range(songs.height)])
    taste = fit_song_taste(songs.with_columns(album=albums, release_date=dates)).taste
    groups = dict(zip(("artist", "album"), taste.shared, strict=True))["album"][0]
    np.testing.assert_array_equal(groups.sharing(0), np.arange(0, songs.height, 2))
