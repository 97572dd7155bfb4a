"""The audio block: directions of PCA, fixed shares, the same points to the last bit whoever is beside."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from scipy.spatial.distance import pdist

from scanned_songs import GENRES, scanned_songs
from songatlas.errors import MissingColumns
from songatlas.features import FEATURES
from songatlas.songs import read_songs
from songatlas.space import BLOCKS, AudioBlock, SongSpace, fit_layout, vectors_of
from songatlas.space.audio import EMBEDDING, RECIPES, STATISTICS

SOUND = tuple(name for name, each in FEATURES.items() if each.in_sound and name != "liveness")


@pytest.fixture(scope="module")
def songs() -> pl.DataFrame:
    return read_songs(scanned_songs(400, seed=2)).songs.sort("song_id")


def fitted(songs: pl.DataFrame, *, weight: float = 1.0) -> AudioBlock:
    block = AudioBlock.fit(songs, features=(), weight=weight)
    assert isinstance(block, AudioBlock)
    return block


def test_each_vector_has_its_share_and_all_together_one(songs: pl.DataFrame) -> None:
    block = fitted(songs, weight=2.0)
    ends = np.cumsum([part.n_coordinates for part in block.parts])
    of_each = np.split(block.points(songs), ends[:-1], axis=1)
    for part, points in zip(block.parts, of_each, strict=True):
        np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-9)
        assert points.var(axis=0).sum() == pytest.approx(4 * RECIPES[part.column].share)
    assert block.points(songs).shape == (400, len(block.dimensions))


def test_directions_are_those_of_scikit_learn(songs: pl.DataFrame) -> None:
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import normalize

    recipe = RECIPES[EMBEDDING]
    vectors = vectors_of(songs, EMBEDDING)[1].astype(np.float64)
    angles = normalize(vectors - vectors.mean(axis=0))
    part = next(part for part in fitted(songs).parts if part.column == EMBEDDING)
    wanted = PCA(recipe.n_directions, svd_solver="full").fit_transform(angles)
    wanted /= wanted.std(axis=0) ** recipe.power
    ratio = pdist(part.points(songs)) / pdist(wanted)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)


def test_a_point_depends_on_its_song_alone_to_the_last_bit(songs: pl.DataFrame) -> None:
    space = SongSpace.fit(songs, features=SOUND, blocks=("audio", "era"))
    together = space.points(songs)
    alone = np.vstack([space.points(songs[row : row + 1]) for row in range(0, 400, 7)])
    np.testing.assert_array_equal(alone, together[::7])
    turned = space.points(songs.reverse().head(131))
    np.testing.assert_array_equal(turned, together[::-1][:131])


def test_a_space_comes_back_bit_for_bit(songs: pl.DataFrame) -> None:
    space = SongSpace.fit(songs, features=SOUND, blocks=("sound", "audio", "era"), weights={"audio": 1.7})
    again = SongSpace.from_dict(json.loads(json.dumps(space.to_dict())))
    assert again.dimensions == space.dimensions
    np.testing.assert_array_equal(again.points(songs), space.points(songs))


def test_weighing_is_what_fitting_with_the_weight_gives(songs: pl.DataFrame) -> None:
    np.testing.assert_allclose(
        fitted(songs).scaled(0.3).points(songs), fitted(songs, weight=0.3).points(songs), rtol=1e-12
    )


def test_a_song_without_vectors_lies_in_the_middle(songs: pl.DataFrame) -> None:
    deaf = pl.int_range(pl.len()) % 5 == 0
    some = songs.with_columns(
        pl.when(~deaf).then(name).alias(name) for name in ("audio_embedding", "audio_statistics")
    )
    block = fitted(some)
    points = block.points(some)
    assert not points[::5].any()
    assert points.var(axis=0).sum() == pytest.approx(1)
    other_length = some.with_columns(audio_embedding=pl.col("audio_embedding").list.head(3))
    with pytest.raises(MissingColumns, match=r"audio_embedding has lists of 3 numbers"):
        block.points(other_length)


@pytest.mark.parametrize(
    ("n_known", "n_songs", "words"),
    [
        (0, 40, "Only 0% of the songs were heard by a scan"),
        (19, 40, "Only 48% of the songs"),
        (7, 12, "Only 7 songs were heard by a scan, and it takes 8"),
        (8, 16, ""),
        (30, 40, ""),
    ],
)
def test_few_songs_make_no_block_and_it_is_told(
    songs: pl.DataFrame, n_known: int, n_songs: int, words: str
) -> None:
    known = pl.int_range(pl.len()) < n_known
    few = songs.head(n_songs).with_columns(audio_embedding=pl.when(known).then("audio_embedding"))
    space = SongSpace.fit(few, features=SOUND, blocks=("audio", "era"))
    assert ("audio" in space.places()) == (words == "")
    assert words in " ".join(space.notes)
    assert np.isfinite(space.points(few)).all()


def test_an_ordinary_table_cannot_feed_it() -> None:
    bare = pl.DataFrame({"energy": [0.1, 0.9]})
    assert "No scan has heard" in str(AudioBlock.fit(bare, features=(), weight=1.0))


def test_songs_without_the_column_cannot_be_placed(songs: pl.DataFrame) -> None:
    with pytest.raises(MissingColumns, match=r"scan their files, or build the atlas with --space sound,era"):
        fitted(songs).points(songs.drop("audio_embedding"))


def test_songs_that_are_all_alike_and_numbers_that_never_vary_do_no_harm(songs: pl.DataFrame) -> None:
    same = songs.with_columns(pl.lit([[0.5] * 8]).list.first().cast(pl.List(pl.Float32)).alias(EMBEDDING))
    same = same.with_columns(pl.lit([[7.0] * 3]).list.first().cast(pl.List(pl.Float32)).alias(STATISTICS))
    assert "sound the same" in str(AudioBlock.fit(same, features=(), weight=1.0))
    half = songs.with_columns(same[STATISTICS])
    assert [part.column for part in fitted(half).parts] == [EMBEDDING]
    assert fitted(half).points(half).var(axis=0).sum() == pytest.approx(1)


def test_a_wild_value_cannot_own_the_block(songs: pl.DataFrame) -> None:
    first = pl.int_range(pl.len()) == 0
    wild = songs.with_columns(
        audio_statistics=pl.when(first).then(pl.col(STATISTICS) * 1e6).otherwise(STATISTICS)
    )
    points = fitted(wild).points(wild)
    assert np.isfinite(points).all()
    assert np.square(points[0]).sum() < 200


def test_ends_are_named_by_what_is_heard_else_by_features(songs: pl.DataFrame) -> None:
    told = " ".join(fitted(songs).dimensions)
    heard = {tag for each in GENRES.values() for tag in each[4]}
    assert sum(tag in told for tag in heard) >= 4
    by_features = " ".join(fitted(songs.drop("heard_tags")).dimensions)
    assert "energetic" in by_features or "loud" in by_features
    bare = fitted(songs.select("song_id", "audio_embedding"))
    assert bare.dimensions[0] == "Audio: direction 1"
    space = SongSpace.fit(songs, features=SOUND, blocks=("audio",))
    words = fit_layout(space.points(songs), space.dimensions).axis_words
    assert all(low and high and low != high for low, high in words)
    assert "Audio" not in str(words)


def test_no_word_stands_at_two_ends_of_the_map(songs: pl.DataFrame) -> None:
    space = SongSpace.fit(songs, features=SOUND, blocks=("audio", "era"))
    words = fit_layout(space.points(songs), space.dimensions).axis_words
    said = [word for ends in words for end in ends for word in end.split(", ")]
    assert len(set(said)) == len(said) >= 4


def test_a_word_heard_in_one_or_two_songs_names_no_direction(songs: pl.DataFrame) -> None:
    few = songs.head(40)
    outermost = np.argsort(fitted(few).points(few)[:, 0])[:2]
    rare = pl.int_range(pl.len()).is_in(outermost.tolist())
    heard = few.with_columns(heard_tags=pl.when(rare).then(pl.lit(["polka"])).otherwise("heard_tags"))
    assert not any("polka" in each for each in fitted(heard).dimensions)


def test_a_feature_that_hardly_differs_names_no_direction(songs: pl.DataFrame) -> None:
    energy = pl.col("energy")
    bare = songs.select("song_id", "audio_embedding", energy)
    assert "energetic" in " ".join(fitted(bare).dimensions)
    flat = bare.with_columns(energy=0.5 + energy * 0.01)
    assert "energetic" not in " ".join(fitted(flat).dimensions)
    low = bare.with_columns(energy=0.1 + energy * 0.3)
    assert "calm to more energetic" in " ".join(
        fitted(low).dimensions
    ) or "more energetic to calm" in " ".join(fitted(low).dimensions)


def test_neighbours_are_of_one_genre(songs: pl.DataFrame) -> None:
    points = fitted(songs).points(songs)
    genre = songs["location"].str.extract(r"/music/(\w+)/").to_numpy()
    squared = np.square(points).sum(axis=1)
    apart = squared[:, None] + squared[None, :] - 2 * points @ points.T
    np.fill_diagonal(apart, np.inf)
    assert (genre == genre[apart.argmin(axis=1)]).mean() > 0.9


def test_it_stands_after_the_sound() -> None:
    assert list(BLOCKS)[:3] == ["sound", "audio", "era"]


def test_beside_it_the_era_is_lighter(songs: pl.DataFrame) -> None:
    def era_of(*blocks: str, **weights: float) -> float:
        space = SongSpace.fit(songs, features=SOUND, blocks=blocks, weights=weights)
        return next(block.weight for block in space.blocks if block.name == "era")

    assert era_of("audio", "era") == era_of("audio", "era", "tags") == 0.3
    assert era_of("sound", "era") == era_of("sound", "audio", "era") == 0.5
    assert era_of("audio", "era", era=0.7) == 0.7
