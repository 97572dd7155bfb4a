from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from songatlas.errors import BadAtlas, BadSettings, MissingColumns, UnknownName
from songatlas.space import (
    BLOCKS,
    CLIP,
    FEATURE_SHARES,
    Layout,
    SongSpace,
    belief_column,
    fit_layout,
    named_features,
)

SOUND = ["danceability", "energy", "loudness_db", "speechiness", "acousticness", "tempo_bpm", "duration_ms"]


def make_songs(n: int = 300, *, seed: int = 0, missing: float = 0.0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    columns = {
        "danceability": random.beta(4, 3, n),
        "energy": random.beta(3, 2, n),
        "loudness_db": -60 * random.beta(2, 8, n),
        "speechiness": random.beta(1, 12, n),
        "acousticness": random.beta(0.5, 1, n),
        "tempo_bpm": random.normal(120, 25, n).clip(40, 220),
        "duration_ms": np.exp(random.normal(12.2, 0.4, n)),
        "key": random.integers(0, 12, n).astype(float),
        "mode": random.integers(0, 2, n).astype(float),
        "year": random.integers(1960, 2025, n).astype(float),
        "popularity": random.integers(0, 100, n).astype(float),
        "followers": np.exp(random.normal(9, 3, n)),
    }
    songs = pl.DataFrame(columns)
    if missing:
        holes = {c: pl.Series(random.random(n) < missing) for c in songs.columns}
        songs = songs.with_columns(pl.when(~hole).then(pl.col(c)).alias(c) for c, hole in holes.items())
    return songs.with_columns(explicit=pl.Series(random.random(n) < 0.2))


def test_plain_is_the_standard_scaler() -> None:
    songs = make_songs()
    features = [*SOUND, "popularity", "followers", "key", "explicit"]
    points = SongSpace.fit(songs, features=features, blocks=("plain",)).points(songs)
    wanted = StandardScaler().fit_transform(songs.select(pl.col(features).cast(pl.Float64)).to_numpy())
    np.testing.assert_allclose(points, wanted.astype(np.float32), rtol=3e-7, atol=1e-7)


def test_blocks_have_unit_share_times_weight() -> None:
    songs = make_songs()
    space = SongSpace.fit(songs, features=SOUND, weights={"sound": 2.0, "era": 0.5})
    points = space.points(songs).astype(np.float64)
    assert [block.name for block in space.blocks] == ["sound", "era"]
    assert points[:, :-1].var(axis=0).sum() == pytest.approx(4.0, rel=1e-5)
    assert points[:, -1].var() == pytest.approx(0.25, rel=1e-5)


def test_feature_weights_multiply_shares_and_the_sound_keeps_its_own() -> None:
    songs = make_songs()
    before = SongSpace.fit(songs, features=SOUND).points(songs).astype(np.float64)
    space = SongSpace.fit(songs, features=SOUND, feature_weights={"Tempo": 2, "energy": 0, "valence": 1})
    points = space.points(songs).astype(np.float64)
    spread, old = points.std(axis=0), before.std(axis=0)
    tempo, energy = SOUND.index("tempo_bpm"), SOUND.index("energy")
    assert (points[:, energy] == 0).all()
    assert spread[tempo] / spread[0] == pytest.approx(2 * old[tempo] / old[0], rel=1e-5)
    assert (spread[:-1] ** 2).sum() == pytest.approx(1.0, rel=1e-5)
    assert spread[-1] == pytest.approx(old[-1])
    assert "valence" in space.notes[0]
    assert SongSpace.from_dict(json.loads(json.dumps(space.to_dict()))) == space


def test_feature_weights_of_1_change_no_bit() -> None:
    songs = make_songs(missing=0.1)
    features = [*SOUND, "key"]
    weighted = SongSpace.fit(songs, features=features, feature_weights=dict.fromkeys(features, 1))
    assert weighted == SongSpace.fit(songs, features=features)


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf"), "2", True])
def test_a_feature_weight_is_a_number_from_0_up(weight: float) -> None:
    with pytest.raises(BadSettings, match="weight of 'energy'"):
        SongSpace.fit(make_songs(20), features=SOUND, feature_weights={"energy": weight})


@pytest.mark.parametrize(
    ("blocks", "weights", "words"),
    [
        (("plain",), {"energy": 1.0}, "'plain' has none"),
        (("era",), {"energy": 1.0}, "'era' has none"),
        (("sound",), {"tempo": 1.0, "tempo_bpm": 2.0}, "two weights"),
        (("sound",), dict.fromkeys(SOUND, 0.0), "weights of all features are 0"),
    ],
)
def test_feature_weights_that_mean_nothing_are_refused(
    blocks: tuple[str, ...], weights: dict[str, float], words: str
) -> None:
    with pytest.raises(BadSettings, match=words):
        SongSpace.fit(make_songs(20), features=SOUND, blocks=blocks, feature_weights=weights)


def test_an_unknown_weighted_feature_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="energy"):
        SongSpace.fit(make_songs(20), features=SOUND, feature_weights={"enrgy": 1})


def test_order_of_blocks_does_not_matter() -> None:
    songs = make_songs()
    one = SongSpace.fit(songs, features=SOUND, blocks=("sound", "era")).points(songs)
    other = SongSpace.fit(songs, features=SOUND, blocks=("era", "sound")).points(songs)
    assert one.tobytes() == other.tobytes()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 40), plain=st.booleans())
def test_a_point_never_depends_on_the_songs_beside_it(seed: int, n: int, plain: bool) -> None:
    songs = make_songs(n, seed=seed, missing=0.2)
    space = SongSpace.fit(songs, features=[*SOUND, "key"], blocks=("plain",) if plain else ("sound",))
    points = space.points(songs)
    order = np.random.default_rng(seed).permutation(n)
    assert space.points(songs[order]).tobytes() == points[order].tobytes()
    for row in range(0, n, 7):
        assert space.points(songs[row : row + 1]).tobytes() == points[row : row + 1].tobytes()
    again = SongSpace.from_dict(json.loads(json.dumps(space.to_dict())))
    assert again.points(songs).tobytes() == points.tobytes()
    assert again == space
    assert np.isfinite(points).all()
    assert points.dtype == np.float32
    assert points.flags.c_contiguous


def test_missing_values_take_the_median() -> None:
    songs = pl.DataFrame({"energy": [0.1, 0.2, 0.9, None], "acousticness": [0.0, 0.5, 1.0, None]})
    space = SongSpace.fit(songs, features=["energy", "acousticness"], blocks=("sound",))
    middle = pl.DataFrame({"energy": [0.2], "acousticness": [0.5]})
    np.testing.assert_allclose(space.points(songs)[3], space.points(middle)[0], atol=1e-6)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e300])
def test_wild_values_never_leave(value: float) -> None:
    songs = make_songs(50)
    wild = songs.with_columns(pl.lit(value).alias(column) for column in [*SOUND, "year"])
    for blocks in (("plain",), ("sound", "era")):
        points = SongSpace.fit(songs, features=SOUND, blocks=blocks).points(wild)
        assert np.isfinite(points).all()
        fitted = SongSpace.fit(wild, features=SOUND, blocks=blocks[:1])
        assert np.isfinite(fitted.points(songs)).all()


def test_extreme_songs_stop_at_the_clip() -> None:
    songs = make_songs(400)
    space = SongSpace.fit(songs, features=["energy", "loudness_db"], blocks=("sound",))
    far = pl.DataFrame({"energy": [0.5, 0.5], "loudness_db": [-1000.0, -2000.0]})
    points = space.points(far)
    assert points[0, 1] == points[1, 1]
    energy, loudness = FEATURE_SHARES["energy"], FEATURE_SHARES["loudness_db"]
    assert abs(points[0, 1]) == pytest.approx(CLIP * loudness / np.hypot(energy, loudness), rel=0.05)


def test_constant_features_count_nothing() -> None:
    songs = make_songs(60).with_columns(energy=pl.lit(0.1), tempo_bpm=pl.lit(120.0))
    for blocks in (("plain",), ("sound",)):
        space = SongSpace.fit(songs, features=SOUND, blocks=blocks)
        points = space.points(songs.with_columns(energy=pl.lit(0.9)))
        assert (points[:, 1] == 0).all()
        assert (points[:, SOUND.index("tempo_bpm")] == 0).all()
    alike = SongSpace.fit(songs, features=["energy", "tempo_bpm"], blocks=("sound",)).points(songs)
    assert alike.shape == (60, 2)
    assert (alike == 0).all()


def test_key_lies_on_the_circle_of_fifths() -> None:
    songs = pl.DataFrame({"key": [float(key) for key in range(12)], "energy": np.linspace(0, 1, 12)})
    points = SongSpace.fit(songs, features=["key"], blocks=("sound",)).points(songs).astype(float)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1.0, atol=1e-6)
    to_c = np.linalg.norm(points - points[0], axis=1)
    assert set(np.argsort(to_c)[1:3]) == {5, 7}
    assert np.argmax(to_c) == 6


def test_details_are_never_in_the_sound_unless_named() -> None:
    songs = make_songs()
    other = songs.with_columns(popularity=pl.lit(1.0), followers=pl.lit(5.0))
    one = SongSpace.fit(songs, features=SOUND).points(songs)
    assert one.tobytes() == SongSpace.fit(other, features=SOUND).points(other).tobytes()
    space = SongSpace.fit(
        songs, features=["popularity_songs", "followers", "Explicit", "year"], blocks=("sound",)
    )
    assert space.features == ("popularity", "followers", "explicit", "year")
    assert space.points(songs).shape == (300, 4)


@pytest.mark.parametrize(
    ("years", "said"),
    [(None, "no release years"), ([2001.0] * 60, "one year"), ([1990.0] + [None] * 59, "Only 2%")],
)
def test_no_era_block_where_the_years_cannot_feed_it(years: list[float | None] | None, said: str) -> None:
    songs = make_songs(60).drop("year")
    if years is not None:
        songs = songs.with_columns(year=pl.Series(years, dtype=pl.Float64))
    space = SongSpace.fit(songs, features=SOUND)
    assert [block.name for block in space.blocks] == ["sound"]
    assert said in " ".join(space.notes)
    with pytest.raises(BadSettings, match="no era block"):
        SongSpace.fit(songs, features=SOUND, blocks=("era",))


def test_names_are_found_or_refused_with_the_nearest() -> None:
    assert named_features(["BPM", "Tempo", "Release Date", "track popularity"]) == (
        "tempo_bpm",
        "year",
        "popularity",
    )
    with pytest.raises(UnknownName, match="did you mean 'energy'"):
        named_features(["enrgy"])
    with pytest.raises(UnknownName, match="no feature is called 'title'"):
        named_features(["title"])
    songs = make_songs(10)
    with pytest.raises(
        UnknownName, match=r"no block is called 'mood'.*sound, audio, era, tags, genre, plain"
    ):
        SongSpace.fit(songs, features=SOUND, blocks=("sound", "mood"))
    with pytest.raises(MissingColumns, match="valence"):
        SongSpace.fit(songs, features=["valence"])
    space = SongSpace.fit(songs, features=SOUND)
    with pytest.raises(MissingColumns, match="energy"):
        space.points(songs.drop("energy"))
    assert np.isfinite(space.points(songs.drop("year"))).all()


@pytest.mark.parametrize(
    ("blocks", "weights"),
    [
        (("sound", "era"), {"era": -1.0}),
        (("sound", "era"), {"sound": float("nan")}),
        (("sound", "era"), {"sound": float("inf")}),
        (("sound", "era"), {"tags": 1.0}),
        (("sound", "era"), {"sound": True}),
        (("sound", "era"), {"sound": 0, "era": 0}),
        (("sound",), {"era": 1.0}),
        (("plain",), {"plain": 2.0}),
        (("plain", "era"), {}),
        ((), {}),
    ],
)
def test_bad_settings_are_refused(blocks: tuple[str, ...], weights: dict[str, float]) -> None:
    with pytest.raises(BadSettings):
        SongSpace.fit(make_songs(20), features=SOUND, blocks=blocks, weights=weights)


def test_every_block_says_what_it_is_and_fits() -> None:
    random = np.random.default_rng(0)
    tags = [["rock", "indie rock"], ["house"], ["house", "techno"]] * 10
    songs = make_songs(30).with_columns(
        belief_column(random.dirichlet([1, 1, 1], 30).astype(np.float32), ["folk", "house", "rock"]),
        tags=pl.Series(tags),
        audio_embedding=pl.Series(random.normal(size=(30, 8)).tolist(), dtype=pl.List(pl.Float32)),
    )
    for name, block in BLOCKS.items():
        assert block.name == name
        assert block.default_weight > 0
        assert block.sentence
        fitted = block.fit(songs, features=SOUND, weight=1.0)
        assert not isinstance(fitted, str)
        assert fitted.points(songs).shape == (30, len(fitted.dimensions))


def test_a_damaged_saved_space_is_refused() -> None:
    state = SongSpace.fit(make_songs(10), features=SOUND).to_dict()
    for damage in ({"blocks": [{"name": "nothing"}]}, {"features": None}):
        with pytest.raises(BadAtlas, match="saved space"):
            SongSpace.from_dict(state | damage)
    with pytest.raises(BadAtlas, match="saved layout"):
        Layout.from_dict({"mean": [0.0]})


def test_layout_finds_the_widest_directions_and_words() -> None:
    random = np.random.default_rng(0)
    force = random.normal(size=500)
    songs = pl.DataFrame(
        {
            "energy": (0.5 + 0.15 * force).clip(0, 1),
            "loudness_db": -10 + 3 * force + 0.1 * random.normal(size=500),
            "tempo_bpm": 120 + 20 * random.normal(size=500),
        }
    )
    space = SongSpace.fit(songs, features=songs.columns, blocks=("sound",))
    points = space.points(songs)
    layout = fit_layout(points, space.dimensions)
    assert set(layout.axis_words[0][1].split(", ")) == {"energetic", "loud"}
    assert set(layout.axis_words[0][0].split(", ")) == {"calm", "quiet"}
    assert layout.axis_words[1] == ("slow", "fast")
    values = np.linalg.eigvalsh(np.cov(points.T.astype(float)))
    np.testing.assert_allclose(layout.explained, (values[::-1] / values.sum())[:2], rtol=1e-6)
    positions = layout.positions(points)
    assert positions.dtype == np.float32
    np.testing.assert_allclose(positions.var(axis=0, ddof=1), values[::-1][:2], rtol=1e-4)
    assert layout.positions(points[5:6]).tobytes() == positions[5:6].tobytes()
    again = Layout.from_dict(json.loads(json.dumps(layout.to_dict())))
    assert again.positions(points).tobytes() == positions.tobytes()
    assert (again.axis_words, again.explained) == (layout.axis_words, layout.explained)


@pytest.mark.parametrize(("n", "d"), [(1, 1), (1, 5), (2, 3), (40, 1), (3, 2)])
def test_layout_of_little(n: int, d: int) -> None:
    points = np.random.default_rng(n).normal(size=(n, d)).astype(np.float32)
    layout = fit_layout(points, [f"d{i}" for i in range(d)])
    positions = layout.positions(points)
    assert positions.shape == (n, 2)
    assert np.isfinite(positions).all()
    if d == 1 or n <= 2:
        assert (positions[:, 1] == 0).all()
        assert layout.axis_words[1] == ("", "")
    if n == 1:
        assert layout.explained == (0.0, 0.0)


def test_genres_agree_as_measured(shared_data) -> None:
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_mutual_info_score

    table = pl.read_csv(shared_data / "spotify_songs.csv", infer_schema_length=None).unique(
        "track_id", keep="first", maintain_order=True
    )
    songs = table.rename({"loudness": "loudness_db", "tempo": "tempo_bpm"}).with_columns(
        year=pl.col("track_album_release_date").str.slice(0, 4).cast(pl.Float64)
    )
    features = [*SOUND, "instrumentalness", "liveness", "valence"]

    def agreement(points: np.ndarray) -> float:
        labels = KMeans(6, n_init=2, random_state=0).fit_predict(points)
        return float(adjusted_mutual_info_score(table["playlist_genre"], labels))

    plain = agreement(SongSpace.fit(songs, features=features, blocks=("plain",)).points(songs))
    default = agreement(SongSpace.fit(songs, features=features).points(songs))
    assert default >= 0.15
    assert default > plain + 0.03


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**4), column=st.sampled_from([*SOUND, "year", "followers"]))
def test_a_value_comes_back_from_its_coordinate(seed: int, column: str) -> None:
    songs = make_songs(60, seed=seed)
    space = SongSpace.fit(songs, features=[*SOUND, "followers"])
    place = next(place for place, name in enumerate(space.dimension_features) if name == column)
    points = space.points(songs).astype(float)
    coordinate = next(each for block in space.blocks for each in block.coordinates if each.column == column)
    for row in range(0, 60, 13):
        value = space.value_at(column, points[row, place])
        if abs(points[row, place]) < coordinate.limit * 0.999:
            scale = max(abs(float(songs[column][row])), 0.02)
            assert value == pytest.approx(float(songs[column][row]), abs=2e-4 * scale + 1e-6)


def test_no_value_where_no_song_can_have_one() -> None:
    songs = make_songs(60).with_columns(energy=pl.lit(0.4))
    space = SongSpace.fit(songs, features=["energy", "danceability", "speechiness", "key", "explicit"])
    assert space.value_at("energy", 0.0) is None
    assert space.value_at("key", 0.1) is None
    assert space.value_at("tags", 0.1) is None
    for column in ("danceability", "speechiness", "explicit"):
        coordinate = next(one for block in space.blocks for one in block.coordinates if one.column == column)
        assert coordinate.value_at(coordinate.limit) is None
        assert coordinate.value_at(-coordinate.limit * 0.999) is None
        assert coordinate.value_at(0.0) is not None
    year = space.value_at("year", 0.0)
    assert year == pytest.approx(songs["year"].mean())


def test_weights_too_small_for_the_grid_are_refused():
    values = np.linspace(0.0, 1.0, 50)
    songs = pl.DataFrame({"energy": values, "valence": np.sqrt(values)})
    asked = {"features": ["energy", "valence"], "blocks": ["sound"]}
    with pytest.raises(BadSettings, match=r"is 0\.0005, and it must be at least 0\.001"):
        SongSpace.fit(songs, **asked, weights={"sound": 5e-4})
    space, usual = SongSpace.fit(songs, **asked, weights={"sound": 1e-3}), SongSpace.fit(songs, **asked)
    assert np.abs(1e3 * space.points(songs) - usual.points(songs)).max() < 1e-3
