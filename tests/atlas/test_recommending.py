from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import Atlas, build_atlas
from songatlas.atlas.recommending import given_songs, recommend
from songatlas.atlas.taste import filterable, taste_of
from songatlas.demo import simulate_catalogue
from songatlas.errors import BadSettings, UnknownName
from songatlas.songs.finding import named_song


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return build_atlas(simulate_catalogue(900, seed=4), k=4, k_max=5)


def ids(atlas: Atlas, *rows: int) -> list[str]:
    return [atlas.songs["song_id"][row] for row in rows]


def test_songs_come_best_first_with_score_reason_and_model(atlas: Atlas) -> None:
    liked = ids(atlas, 3, 40, 77)
    found = recommend(atlas, like=liked, n=15)
    songs = found.songs
    assert songs["rank"].to_list() == list(range(1, 16))
    assert (songs["score"].diff().drop_nulls() <= 0).all()
    assert songs["reason"].str.len_chars().min() > 5
    assert set(songs["because_of"]) <= {named_song(atlas.songs, row) for row in (3, 40, 77)}
    assert not set(songs["song_id"]) & set(liked)
    assert songs["song_id"].to_list() == atlas.songs["song_id"].gather(songs["row"]).to_list()
    assert set(songs["cluster"]) <= set(atlas.cluster_names())
    assert found.liked["row"].to_list() == [3, 40, 77]


def test_the_same_again_whatever_the_order_of_the_liked_songs_and_of_the_rows(atlas: Atlas) -> None:
    liked = ids(atlas, 3, 40, 77)
    first = recommend(atlas, like=liked)
    again = recommend(atlas, like=liked[::-1])
    assert first.songs["song_id"].to_list() == again.songs["song_id"].to_list()
    shuffled = simulate_catalogue(900, seed=4).sample(fraction=1.0, shuffle=True, seed=9)
    other = recommend(build_atlas(shuffled, k=4, k_max=5), like=liked)
    assert first.songs.drop("row").equals(other.songs.drop("row"))


def test_a_title_an_artist_an_id_a_link_and_a_file_name_the_same_song(atlas: Atlas, tmp_path: Path) -> None:
    songs = atlas.songs
    row = next(row for row in range(songs.height) if songs["title"].str.to_lowercase().to_list().count(
        songs["title"][row].lower()) == 1)  # fmt: skip
    title, artist, song_id = songs["title"][row], songs["artists"][row][0], songs["song_id"][row]
    table = tmp_path / "liked.csv"
    pl.DataFrame(
        {
            "Track Name": [title, f"{title} (Live)", "Nowhere to be found"],
            "Artist Name(s)": [artist, artist, "Nobody at all"],
        }
    ).write_csv(table)
    lists = tmp_path / "liked.m3u8"
    lists.write_text(f"#EXTM3U\n#EXTINF:200,{artist} - {title}\nmusic/song.mp3\n", encoding="utf-8")
    for text in (
        title,
        title.upper(),
        f"{title} - {artist}",
        f"{artist} - {title}",
        song_id,
        str(table),
        str(lists),
    ):
        assert given_songs(atlas, [text]).rows.tolist() == [row], text
    (told,) = given_songs(atlas, [str(table)]).missing
    assert told == "1 song is in liked.csv but not in the atlas: Nobody at all - Nowhere to be found."


def test_disliked_songs_are_kept_away_from(atlas: Atlas) -> None:
    before = recommend(atlas, like=ids(atlas, 3), n=30, per_artist=None)
    first = before.songs["song_id"][0]
    after = recommend(atlas, like=ids(atlas, 3), unlike=[first], n=30, per_artist=None)
    assert first not in after.songs["song_id"]
    distances = taste_of(atlas).points
    unliked = distances[before.songs["row"][0]]

    def near(found: pl.DataFrame) -> float:
        return float(np.linalg.norm(distances[found["row"].to_numpy()] - unliked, axis=1).mean())

    assert near(after.songs) > near(before.songs)


def test_caps_and_new_artists(atlas: Atlas) -> None:
    liked = ids(atlas, 3, 40)
    artists = {name for row in (3, 40) for name in atlas.songs["artists"][row]}
    one_each = recommend(atlas, like=liked, n=40, per_artist=1).songs
    assert one_each["artists"].list.first().is_unique().all()
    strangers = recommend(atlas, like=liked, n=40, new_artists=True).songs
    assert not artists & set(strangers["artists"].explode())
    free = recommend(atlas, like=liked, n=40, per_artist=None).songs
    assert free["artists"].list.first().value_counts()["count"].max() > 3


def test_versions_of_liked_songs_are_left_out_and_one_of_each_is_given() -> None:
    catalogue = simulate_catalogue(400, seed=5)
    live = catalogue.head(60).with_columns(
        pl.col("track_name") + " - Live", track_id=pl.lit("live") + pl.col("track_id").str.slice(4)
    )
    atlas = build_atlas(pl.concat([catalogue, live]), k=3, k_max=4)
    versions = taste_of(atlas).versions
    row = next(row for row in range(atlas.songs.height) if (versions == versions[row]).sum() == 2)
    found = recommend(atlas, like=ids(atlas, row), n=100, per_artist=None).songs["row"].to_numpy()
    assert versions[row] not in versions[found]
    assert len(np.unique(versions[found])) == len(found) == 100


def test_filters_leave_only_what_fits(atlas: Atlas) -> None:
    name = atlas.cluster_names()[1]
    found = recommend(atlas, like=ids(atlas, 3), n=10, filters=[f"cluster={name}", "energy>=50%"]).songs
    assert set(found["cluster"]) == {name}
    assert found["energy"].min() >= atlas.songs["energy"].median()
    assert {"cluster", "subcluster", "role", "genre"} <= set(filterable(atlas).columns)


def test_diversity_spreads_and_surprise_follows_the_seed(atlas: Atlas) -> None:
    points, liked = taste_of(atlas).points, ids(atlas, 3, 9)

    def spread(**asked: float) -> float:
        rows = recommend(atlas, like=liked, n=20, **asked).songs["row"].to_numpy()
        apart = points[rows][:, None] - points[rows][None]
        return float(np.sqrt(np.square(apart).sum(axis=2)).mean())

    assert spread(diversity=1.0) > spread(diversity=0.5) > spread()
    plain = recommend(atlas, like=liked).songs["song_id"].to_list()
    mixed = [
        recommend(atlas, like=liked, surprise=0.5, seed=seed).songs["song_id"].to_list() for seed in (1, 1, 2)
    ]
    assert mixed[0] == mixed[1] != mixed[2]
    assert mixed[0] != plain == recommend(atlas, like=liked, seed=8).songs["song_id"].to_list()


def test_weights_leave_blocks_out(atlas: Atlas) -> None:
    found = recommend(atlas, like=ids(atlas, 3), weights={"artist": 0, "popularity": 0, "album": 0})
    assert found.blocks == ("sound", "era", "tags")
    with pytest.raises(UnknownName, match="did you mean 'sound'"):
        recommend(atlas, like=ids(atlas, 3), weights={"suond": 1})
    with pytest.raises(BadSettings, match="nothing is left"):
        recommend(
            atlas,
            like=ids(atlas, 3),
            weights=dict.fromkeys(("sound", "era", "tags", "popularity", "artist", "album"), 0),
        )


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"like": []}, BadSettings, "no song is liked"),
        ({"like": ["zzzzqq"]}, UnknownName, "no song is called 'zzzzqq'"),
        ({"like": ["nowhere.m3u8"]}, UnknownName, "there is no file 'nowhere.m3u8'"),
        ({"n": 0}, BadSettings, "at least one song"),
        ({"per_artist": 0}, BadSettings, "at least one song of an artist"),
        ({"diversity": 1.5}, BadSettings, "diversity is 1.5"),
        ({"diversity": float("nan")}, BadSettings, "diversity is nan"),
        ({"surprise": -1}, BadSettings, "surprise is -1"),
        ({"hub_correction": 2}, BadSettings, "hub_correction is 2"),
        ({"filters": ["year>=2999"]}, BadSettings, "no song is left by 'year>=2999'"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    atlas: Atlas, asked: dict, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        recommend(atlas, **{"like": ids(atlas, 3)} | asked)


def test_a_song_cannot_be_liked_and_disliked(atlas: Atlas) -> None:
    with pytest.raises(BadSettings, match="liked and disliked"):
        recommend(atlas, like=ids(atlas, 3), unlike=ids(atlas, 3))


def test_all_songs_named_leaves_none_and_says_so(atlas: Atlas) -> None:
    found = recommend(atlas, like=atlas.songs["song_id"].to_list(), n=5)
    assert found.songs.height == 0
    assert found.notes == ("No song is left to recommend: every song of the atlas was named.",)


def test_a_loaded_atlas_recommends_the_same(atlas: Atlas, tmp_path: Path) -> None:
    atlas.save(tmp_path / "atlas")
    loaded = Atlas.load(tmp_path / "atlas")
    liked = ids(atlas, 3, 40)
    assert recommend(loaded, like=liked).songs.equals(recommend(atlas, like=liked).songs)


def test_a_table_of_bare_sound_is_enough(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    bare = pl.DataFrame({"id": [f"s{row:03}" for row in range(80)]} | {
        name: random.uniform(size=80) for name in ("energy", "valence", "danceability", "acousticness")
    })  # fmt: skip
    atlas = build_atlas(bare, k=3)
    found = recommend(atlas, like=["s007"], n=5)
    assert found.blocks == ("sound",)
    assert found.songs.height == 5
