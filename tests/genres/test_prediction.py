"""What genre songs are believed to be of: never by a model that met the artist, and as sure as right."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from songatlas.genres import artist_folds, artist_groups, believe, cross_fit, genre_labels
from songatlas.genres.words import CountedWords, WordModel, texts_of

WORDS = {
    "folk": ["meadow", "lantern", "river", "harvest", "fiddle", "cottage"],
    "house": ["club", "remix", "floor", "midnight", "bass", "strobe"],
    "rock": ["fire", "road", "thunder", "engine", "leather", "riot"],
}
GENRES = sorted(WORDS)

pytestmark = pytest.mark.usefixtures("genres_in_full")


def catalogue(n_artists: int = 60, *, each: int = 6, seed: int = 0) -> tuple[pl.DataFrame, pl.Series]:
    """Songs whose sound and titles tell their genre about as often as not, one genre an artist."""
    random = np.random.default_rng(seed)
    artists = np.repeat(np.arange(n_artists), each)
    genre = random.integers(0, 3, n_artists)[artists]
    plain = ["love", "night", "you"]
    words = [WORDS[GENRES[g]] if random.random() < 0.5 else plain for g in genre]
    titles = [" ".join(random.choice(each, 2)) for each in words]
    songs = pl.DataFrame(
        {
            "song_id": [f"s{row:05}" for row in range(len(artists))],
            "title": titles,
            "artists": [[f"Artist {artist}"] for artist in artists],
            "energy": genre * 0.3 + random.normal(0, 0.25, len(artists)),
            "valence": random.normal(0.5, 0.2, len(artists)),
            "year": random.integers(1960, 2020, len(artists)).astype(float),
        }
    )
    return songs, pl.Series("genre", [GENRES[g] for g in genre])


def test_beliefs_are_probabilities_of_all_songs_and_mostly_right() -> None:
    songs, genres = catalogue()
    found = cross_fit(songs, genres)
    assert found is not None
    assert found.classes == tuple(GENRES)
    assert found.rows.tolist() == list(range(songs.height))
    assert found.probabilities.dtype == np.float32
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1.0, rtol=1e-5)
    share = float((found.best() == genres).mean())
    assert share == pytest.approx(found.accuracy["new_artists"])
    assert share > 0.6
    assert found.accuracy["n_new_artists"] == songs.height
    assert found.accuracy["known_artists"] >= share


def test_noise_by_artist_is_not_learned_though_artists_repeat() -> None:
    """A model that met the artist would be right for nearly all songs; chance is one in three."""
    songs, _ = catalogue(90)
    random = np.random.default_rng(5)
    voice = np.repeat(random.normal(size=90), 6)
    songs = songs.with_columns(valence=pl.Series(voice), energy=pl.Series(voice**2), title=pl.lit("same"))
    genres = pl.Series([GENRES[g] for g in np.repeat(random.integers(0, 3, 90), 6)])
    found = cross_fit(songs, genres)
    assert found is not None
    assert found.accuracy["new_artists"] < 0.45
    assert float(found.confidence().mean()) < 0.45


def test_the_own_genre_of_a_song_never_moves_what_is_believed_of_it_or_its_artist() -> None:
    songs, genres = catalogue()
    before = cross_fit(songs, genres)
    artist = np.flatnonzero(np.arange(songs.height) // 6 == 7)
    other = next(genre for genre in GENRES if genre != genres[int(artist[0])])
    after = cross_fit(songs, genres.scatter(artist, other))
    assert before is not None
    assert after is not None
    one = np.log(before.probabilities[artist]) / before.sharpness
    two = np.log(after.probabilities[artist]) / after.sharpness
    np.testing.assert_allclose(one - one.mean(axis=1)[:, None], two - two.mean(axis=1)[:, None], atol=2e-3)


def test_a_genre_of_one_artist_is_not_seen_everywhere() -> None:
    """The part of the artists that holds it is judged by models that were never taught this genre."""
    songs, genres = catalogue(90)
    random = np.random.default_rng(2)
    wide = [" ".join(random.choice([f"word{i}" for i in range(60)], 12)) for _ in range(songs.height)]
    songs = songs.with_columns(title=pl.Series(wide))
    alone = genres.scatter(np.arange(12), "zydeco")
    found, usual = cross_fit(songs, alone), cross_fit(songs, genres)
    assert found is not None
    assert usual is not None
    assert (found.best()[12:] == "zydeco").mean() < 0.05
    assert found.accuracy["new_artists"] > usual.accuracy["new_artists"] - 0.1


def test_words_of_a_genre_that_was_not_taught_count_as_the_worst_of_the_others() -> None:
    texts = ["club remix", "club floor", "river harvest", "river fiddle", "club river", "remix fiddle"]
    words = CountedWords.of(texts)
    assert words is not None
    told = WordModel.fit(words, np.array([0, 0, 2, 2, 0, 2]), n_classes=3).log_likelihoods(words)
    np.testing.assert_array_equal(told[:, 1], told[:, [0, 2]].min(axis=1))


def test_songs_without_a_genre_learn_from_their_artist() -> None:
    songs, genres = catalogue()
    hidden = np.arange(songs.height) % 6 == 0
    found = cross_fit(songs, genres.set(pl.Series(hidden), None))
    assert found is not None
    right = (found.best() == genres).to_numpy()
    assert right[hidden].mean() > found.accuracy["new_artists"]
    assert right[hidden].mean() > 0.85


@pytest.mark.parametrize("threads", [2, 4])
def test_threads_change_no_bit(threads: int) -> None:
    songs, genres = catalogue()
    one, many = (cross_fit(songs, genres, n_threads=n) for n in (1, threads))
    assert one is not None
    assert many is not None
    assert one.probabilities.tobytes() == many.probabilities.tobytes()
    new = songs.head(40)
    first, second = (
        believe(new, songs, genres, sharpness=one.sharpness, n_threads=n).tobytes() for n in (1, threads)
    )
    assert first == second


def test_some_rows_and_a_lesson_can_be_asked_for() -> None:
    songs, genres = catalogue()
    rows = np.flatnonzero(np.arange(songs.height) // 6 % 2 == 0)
    found = cross_fit(songs, genres, rows=rows, lesson=rows)
    assert found is not None
    assert np.array_equal(found.rows, rows)
    assert len(found.best()) == len(found.confidence()) == len(rows)
    assert found.accuracy["n_new_artists"] == len(rows)


def _without_words(songs: pl.DataFrame) -> pl.DataFrame:
    return songs.with_columns(title=pl.lit(None, dtype=pl.String))


@pytest.mark.parametrize(
    "change",
    [
        _without_words,
        lambda songs: songs.drop("title"),
        lambda songs: songs.drop("artists"),
        lambda songs: songs.with_columns(artists=pl.lit(None, dtype=pl.List(pl.String))),
        lambda songs: songs.with_columns(artists=pl.Series([[]] * songs.height, dtype=pl.List(pl.String))),
        lambda songs: songs.with_columns(valence=pl.lit(None, dtype=pl.Float64)),
        lambda songs: songs.drop("energy", "valence", "year"),
        lambda songs: songs.with_columns(energy=pl.Series([np.inf, -np.inf] * (songs.height // 2))),
        lambda songs: songs.with_columns(title=pl.Series([f"{row}" for row in range(songs.height)])),
    ],
)
def test_tables_that_lack_something_are_learned_from_all_the_same(change) -> None:
    songs, genres = catalogue()
    changed = change(songs)
    found = cross_fit(changed, genres)
    assert found is not None
    assert np.isfinite(found.probabilities).all()
    new = believe(songs.head(5), changed, genres, sharpness=found.sharpness)
    np.testing.assert_allclose(new.sum(axis=1), 1.0, rtol=1e-5)


def test_too_little_teaches_nothing() -> None:
    songs, genres = catalogue()
    assert cross_fit(songs.head(49), genres.head(49)) is None
    assert cross_fit(songs, pl.Series([None] * songs.height, dtype=pl.String)) is None
    assert cross_fit(songs, pl.Series(["rock"] * songs.height)) is None
    assert cross_fit(songs.with_columns(artists=pl.Series([["Ann"]] * songs.height)), genres) is None
    names = pl.Series([["Ann"], ["Bob"]] * 180)
    assert cross_fit(songs.with_columns(artists=names), genres) is None


@pytest.mark.parametrize("odd", ["", "other", "energy", "song_id", "é🎵", "genre_belief"])
def test_genres_may_have_any_name(odd: str) -> None:
    songs, genres = catalogue()
    found = cross_fit(songs, genres.replace("rock", odd))
    assert found is not None
    assert odd in found.classes
    assert odd in set(found.best())


def test_texts_hold_title_album_and_artist() -> None:
    songs = pl.DataFrame({"title": ["One", None], "album": ["Two", None], "artist": ["Ann", None]})
    assert texts_of(songs) == ["One Two Ann", ""]
    assert texts_of(songs.select(pl.lit(1).alias("n"))) == [""]
    assert CountedWords.of(["", "", ""]) is None


def test_folds_are_even_and_whole_artists() -> None:
    groups = artist_groups(pl.Series([f"a{row % 40}" for row in range(400)]), 400)
    folds = artist_folds(groups, n_folds=3, seed=1)
    assert all(len(set(folds[groups == group])) == 1 for group in set(groups.tolist()))
    sizes = np.bincount(folds)
    assert sizes.max() - sizes.min() <= 10
    order = np.random.default_rng(0).permutation(400)
    assert not np.array_equal(folds, artist_folds(groups, n_folds=3, seed=2))
    assert np.array_equal(artist_folds(groups[order], n_folds=3, seed=1), folds[order])


def test_confidence_is_as_high_as_it_is_right_on_real_songs(shared_data) -> None:
    from songatlas.atlas import AtlasSettings
    from songatlas.atlas.build import preview

    _, clean = preview(shared_data / "spotify_songs.csv", AtlasSettings())
    songs = clean.songs.sample(6000, seed=1).sort("song_id")
    genres = genre_labels(songs)
    assert genres is not None
    found = cross_fit(songs, genres.labels)
    assert found is not None
    accuracy = found.accuracy["new_artists"]
    assert accuracy > 0.58
    assert float(found.confidence().mean()) == pytest.approx(accuracy, abs=0.05)
    sure = found.confidence() > 0.8
    assert float((found.best() == genres.labels).to_numpy()[sure].mean()) > 0.8
