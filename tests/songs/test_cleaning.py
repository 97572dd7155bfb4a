"""Cleaning: every row accounted for, nothing dependent on the order of rows, music kept and speech told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from songatlas.errors import BadSettings, MissingColumns, TooFewSongs, UnknownName
from songatlas.features import FEATURES
from songatlas.songs.cleaning import RULES, CleanSongs, RuleCount, clean_songs
from songatlas.songs.words import any_of

SOUND = tuple(column for column, feature in FEATURES.items() if feature.in_sound)


def a_song(song_id: str, **values: Any) -> dict[str, Any]:
    """An ordinary song, a little different for every id."""
    shade = (sum(song_id.encode()) * 37 % 100) / 400
    return {
        "song_id": song_id,
        "title": f"Song {song_id}",
        "artist": "Ann",
        "artists": ["Ann"],
        "tags": ["folk"],
        "popularity": 10.0,
        "danceability": 0.5 + shade,
        "energy": 0.6 + shade,
        "loudness_db": -7.0 - shade,
        "speechiness": 0.05 + shade / 10,
        "acousticness": 0.2 + shade,
        "instrumentalness": 0.0 + shade / 100,
        "liveness": 0.1 + shade,
        "valence": 0.5 + shade,
        "tempo_bpm": 120.0 + shade,
        "duration_ms": 200_000.0 + 1000 * shade,
    } | values


def table_of(*songs: dict[str, Any], others: int = 12) -> pl.DataFrame:
    """These songs among others that are in order."""
    schema = {"artists": pl.List(pl.String), "tags": pl.List(pl.String)}
    rows = [*songs, *(a_song(f"z{number:03d}") for number in range(others))]
    return pl.DataFrame(rows, schema_overrides=schema, infer_schema_length=None)


def cleaned(*songs: dict[str, Any], **options: Any) -> CleanSongs:
    return clean_songs(table_of(*songs), features=options.pop("features", SOUND), **options)


def count(clean: CleanSongs, reason: str) -> RuleCount:
    return next(entry for entry in clean.counts if entry.reason == reason)


def reason_of(*song: dict[str, Any], **options: Any) -> str | None:
    reason = cleaned(*song, **options).row_reasons[0]
    assert reason is None or isinstance(reason, str)
    return reason


VOICE = {
    "speechiness": 0.94,
    "energy": 0.2,
    "loudness_db": -20.0,
    "instrumentalness": 0.0,
    "danceability": 0.6,
}
RAP = {"speechiness": 0.85, "energy": 0.7, "loudness_db": -5.0, "instrumentalness": 0.0, "danceability": 0.7}


def assert_accounted(clean: CleanSongs, n_rows: int) -> None:
    """Every row is clustered or has a reason, never both, and the counts add up."""
    kept = clean.row_to_song >= 0
    assert len(clean.row_to_song) == len(clean.row_reasons) == n_rows
    assert (kept == clean.row_reasons.is_null().to_numpy()).all()
    assert set(clean.row_to_song[kept].tolist()) == set(range(clean.songs.height))
    assert clean.songs["song_id"].is_sorted()
    assert clean.songs["song_id"].is_unique().all()
    excluded = [entry for entry in clean.counts if entry.action == "excluded"]
    assert sum(entry.n_songs for entry in excluded) == clean.n_songs - clean.songs.height
    assert sum(entry.n_rows for entry in excluded) == int((~kept).sum())
    merged = [entry for entry in clean.counts if entry.action == "merged"]
    assert sum(entry.n_rows for entry in merged) == n_rows - clean.n_songs
    assert [entry.reason for entry in clean.counts] == list(RULES)
    assert all(entry.sentence.endswith(".") and len(entry.examples) <= 5 for entry in clean.counts)


def test_a_clean_table_is_kept_whole() -> None:
    table = table_of()
    clean = clean_songs(table, features=SOUND)
    assert_accounted(clean, table.height)
    assert clean.songs.height == table.height
    assert clean.features == SOUND
    assert clean.dropped_features == {}
    assert clean.songs.columns == [*table.columns, "version_of", "imputed"]
    assert clean.songs.schema["version_of"] == pl.String
    assert clean.songs.schema["imputed"] == pl.List(pl.String)
    assert_frame_equal(clean.songs.select(table.columns), table.sort("song_id"))
    assert not sum(entry.n_songs for entry in clean.counts)


@pytest.mark.parametrize(
    ("reason", "values"),
    [
        ("spoken_word", VOICE),
        ("spoken_word", {"tags": ["kleine hoerspiel"], "speechiness": 0.08}),
        ("spoken_word", {"tags": ["Hörbuch"], "title": None}),
        ("spoken_word", {"tags": ["spoken word"], "speechiness": 0.5, "loudness_db": -18.0}),
        ("spoken_word", {"title": "Kapitel 12 - Der Page", "speechiness": 0.5, "loudness_db": -18.0}),
        ("spoken_word", {"title": "Capítulo 2.16 - Banquero", "speechiness": 0.4, "loudness_db": -20.0}),
        ("spoken_word", {"title": "Folge 107 (Teil 3)", "speechiness": 0.4, "loudness_db": -15.0}),
        ("spoken_word", VOICE | {"energy": 0.9, "liveness": 0.9, "loudness_db": -9.0}),
        ("silence_or_noise", {"tempo_bpm": 0.0}),
        ("silence_or_noise", {"tempo_bpm": 0.0, "danceability": 0.0, "valence": 0.0, "speechiness": 0.0}),
        (
            "silence_or_noise",
            {"title": "Soft Rain Sounds", "valence": 0.01, "danceability": 0.1, "loudness_db": -20.0},
        ),
        ("too_short", {"duration_ms": 29_000.0}),
        ("too_long", {"duration_ms": 4_800_118.0}),
        ("impossible_values", {"danceability": -3.0, "valence": 120.0, "tempo_bpm": 223_440.0}),
        ("missing_features", {"danceability": None, "valence": None, "tempo_bpm": None}),
    ],
)
def test_what_is_left_out_and_why(reason: str, values: dict[str, Any]) -> None:
    clean = cleaned(a_song("a", **values))
    assert clean.row_reasons[0] == reason
    assert_accounted(clean, 13)
    entry = count(clean, reason)
    assert (entry.n_songs, entry.n_rows, entry.action) == (1, 1, "excluded")
    assert entry.sentence.startswith("1 song left out")
    assert len(entry.examples) == 1


@pytest.mark.parametrize(
    "values",
    [
        RAP,
        RAP | {"tags": ["drill"], "energy": 0.4, "loudness_db": -12.0},
        {"speechiness": 0.9, "instrumentalness": 0.9, "energy": 0.1, "loudness_db": -25.0},
        {"title": "Bibi Blocksberg Lied", "tags": ["hoerspiel"], "speechiness": 0.04},
        {"title": "The Heart Part 5", "speechiness": 0.3},
        {"title": "Please Don't Stop (Chapter 2)", "loudness_db": -17.0},
        {"tags": ["comedy"], "speechiness": 0.04},
        {"tags": ["reading indie"], "speechiness": 0.5, "loudness_db": -15.0},
        {"title": "White Noise", "valence": 0.4},
        {"title": "Rain", "valence": 0.05, "danceability": 0.2},
        {"duration_ms": 1_450_000.0},
        {"valence": 0.0},
        {"energy": 1.0000001, "danceability": -1e-9},
        {"tags": None, "title": None, "artist": None, "artists": None},
        {"tags": [], "artists": []},
    ],
)
def test_music_is_kept(values: dict[str, Any]) -> None:
    assert reason_of(a_song("a", **values)) is None


def test_rounding_is_put_on_the_bound() -> None:
    clean = cleaned(a_song("a", energy=1.0000001, danceability=-1e-9))
    assert clean.songs.row(0, named=True)["energy"] == 1.0
    assert clean.songs.row(0, named=True)["danceability"] == 0.0
    assert clean.songs["imputed"].list.len().sum() == 0


def test_a_single_impossible_value_counts_as_missing() -> None:
    clean = cleaned(a_song("a", valence=7.0), a_song("b", duration_ms=0.0), a_song("c", energy=float("nan")))
    assert clean.songs["valence"][0] is None
    assert clean.songs.head(3)["imputed"].to_list() == [["valence"], ["duration_ms"], ["energy"]]
    assert "2 single impossible values" in count(clean, "impossible_values").sentence
    assert count(clean, "imputed_features").n_songs == 3
    assert clean.songs.select(pl.col(SOUND).is_nan().any()).row(0) == (False,) * len(SOUND)


def test_keeping_impossible_values_keeps_them_as_they_stand() -> None:
    song = a_song("a", danceability=-3.0, valence=120.0)
    clean = cleaned(song, keep=["impossible_values"])
    assert clean.row_reasons[0] is None
    assert clean.songs["valence"][0] == 120.0
    assert count(clean, "impossible_values").action == "switched off"


def test_placeholders_are_missing_not_impossible() -> None:
    song = a_song("a", key=-1.0, time_signature=0.0)
    others = [a_song(f"b{number}", key=float(number), time_signature=3.0 + number % 2) for number in range(9)]
    clean = clean_songs(table_of(song, *others, others=0), features=[*SOUND, "key", "time_signature"])
    assert clean.songs["imputed"][0].to_list() == ["key", "time_signature"]
    assert "impossible value" not in count(clean, "impossible_values").sentence


def test_useless_features_are_dropped_with_the_reason() -> None:
    table = table_of().with_columns(
        energy=pl.when(pl.int_range(pl.len()) == 0).then(pl.col("energy")),
        liveness=pl.lit(0.3),
        valence=pl.lit(float("nan")),
    )
    clean = clean_songs(table, features=SOUND)
    assert clean.dropped_features == {
        "energy": "empty in 91.7% of the songs",
        "liveness": "the same in every song",
        "valence": "empty in 100% of the songs",
    }
    assert clean.features == tuple(column for column in SOUND if column not in clean.dropped_features)
    assert clean.songs["imputed"].list.len().sum() == 0


def test_a_feature_that_differs_only_in_songs_left_out_is_dropped() -> None:
    table = table_of(a_song("a", tempo_bpm=0.0, liveness=0.9)).with_columns(
        liveness=pl.when(pl.col("song_id") == "a").then(0.9).otherwise(0.3)
    )
    clean = clean_songs(table, features=SOUND)
    assert clean.dropped_features == {"liveness": "the same in every song"}


def test_joining_songs_fare_as_they_did_in_the_build() -> None:
    lacking = dict.fromkeys(("energy", "valence", "danceability"))
    table = table_of(
        a_song("a", tempo_bpm=0.0, liveness=0.9, key=1.0, mode=1.0),
        *(a_song(f"b{number}", key=number % 5, mode=number % 2, **lacking) for number in range(3)),
        *(a_song(f"c{number}", key=number % 5, mode=number % 2) for number in range(9)),
        others=0,
    ).with_columns(liveness=pl.when(pl.col("song_id") == "a").then(0.9).otherwise(0.3))
    built = clean_songs(table, features=[*SOUND, "key", "mode"])
    assert built.dropped_features == {"liveness": "the same in every song"}
    joined = clean_songs(table, features=built.features, fixed_features=True)
    assert joined.row_reasons.to_list() == built.row_reasons.to_list()
    assert_frame_equal(joined.songs, built.songs)


def test_songs_all_alike_are_refused_in_words() -> None:
    row = a_song("a")
    table = pl.DataFrame([row | {"song_id": str(number)} for number in range(5)])
    with pytest.raises(MissingColumns, match="the same in every song"):
        clean_songs(table, features=SOUND)


def test_too_few_songs_are_refused_with_the_reasons() -> None:
    with pytest.raises(TooFewSongs, match="1 missing_features"):
        clean_songs(table_of(a_song("a", **dict.fromkeys(SOUND)), a_song("b"), others=0), features=SOUND)
    with pytest.raises(TooFewSongs, match="No song left"):
        clean_songs(table_of().clear(), features=SOUND)


def test_a_quarter_of_the_features_may_lack() -> None:
    lacking = {"danceability": None, "valence": None}
    assert cleaned(a_song("a", **lacking)).songs["imputed"][0].to_list() == ["danceability", "valence"]
    few = ("danceability", "valence", "energy")
    assert reason_of(a_song("a", **lacking), features=few) == "missing_features"
    assert reason_of(a_song("a", danceability=None), features=few) is None


def test_blank_rows() -> None:
    blank = dict.fromkeys(a_song("x")) | {"song_id": "made-up"}
    clean = cleaned(blank, blank, a_song("a"))
    assert clean.row_reasons.to_list()[:3] == ["blank_row", "blank_row", None]
    assert (count(clean, "blank_row").n_songs, count(clean, "blank_row").n_rows) == (1, 2)
    assert_accounted(clean, 15)


def test_rows_of_one_song_are_merged() -> None:
    rows = [
        a_song("a", tags=["pop", "dance"], popularity=5.0, energy=0.2, genre="pop", title="B"),
        a_song("a", tags=["rock"], popularity=50.0, energy=0.4, genre="rock", title="A"),
        a_song("a", tags=None, popularity=None, energy=0.9, genre="rock", title=None),
        a_song("b", genre="rap"),
        a_song("b", genre="rap"),
    ]
    clean = cleaned(*rows)
    song = clean.songs.row(0, named=True)
    assert song["tags"] == ["pop", "rock", "dance"]
    assert (song["popularity"], song["energy"], song["genre"], song["title"]) == (50.0, 0.4, "rock", "A")
    assert clean.row_to_song[:5].tolist() == [0, 0, 0, 1, 1]
    assert (count(clean, "same_id").n_rows, count(clean, "same_id").n_songs) == (2, 1)
    assert (count(clean, "duplicate_row").n_rows, count(clean, "duplicate_row").n_songs) == (1, 1)
    assert_accounted(clean, 17)


def test_rows_of_one_song_that_disagree_are_told() -> None:
    rows = [
        a_song("a", energy=0.2, genre="x"),
        a_song("a", energy=0.9, genre="y"),
        a_song("b", tempo_bpm=100.0),
        a_song("b", tempo_bpm=200.0),
        a_song("c", energy=0.734, tempo_bpm=120.4, duration_ms=200_400.0, loudness_db=-7.04),
        a_song("c", energy=0.73, tempo_bpm=120.0, duration_ms=200_000.0, loudness_db=-7.0),
        a_song("d", energy=None),
        a_song("d", energy=0.5),
    ]
    told = "united (4 songs); in 2 of them the features differed, and the median was taken."
    for order in (rows, rows[::-1], rows[1::2] + rows[::2]):
        clean = cleaned(*order)
        assert count(clean, "same_id").sentence.endswith(told)
        assert clean.songs["energy"][0] == pytest.approx(0.55)
    alike = cleaned(*rows[4:])
    assert count(alike, "same_id").sentence.endswith("united (2 songs).")


def test_a_damaged_row_is_no_disagreement() -> None:
    shifted = a_song("a", valence=120.0, tempo_bpm=200_000.0, energy=0.0001)
    assert "differed" not in count(cleaned(shifted, a_song("a", energy=0.5)), "same_id").sentence


def test_merged_rows_share_the_fate_of_their_song() -> None:
    clean = cleaned(a_song("a", **VOICE, genre="x"), a_song("a", **VOICE, genre="y"))
    assert clean.row_reasons.to_list()[:2] == ["spoken_word", "spoken_word"]
    assert (count(clean, "spoken_word").n_songs, count(clean, "spoken_word").n_rows) == (1, 2)
    assert "(2 rows)" in count(clean, "spoken_word").sentence


def test_a_damaged_row_does_not_spoil_its_song() -> None:
    shifted = a_song("a", valence=120.0, tempo_bpm=200_000.0, energy=0.0001, genre="x")
    clean = cleaned(shifted, a_song("a", energy=0.5, genre="y"))
    assert clean.row_reasons[0] is None
    assert clean.songs["energy"][0] == 0.5


VERSIONS_OF_YELLOW = (
    "Yellow - Remastered 2011",
    "Yellow (Live at the BBC)",
    "YELLOW",
    "Yellow (feat. Bob)",
    "Yellow feat. Bob",
    "Yellow - Radio Edit",
    "Yellow (2003 Remaster)",
    "Yellow - Ao Vivo",
    'Yellow - From "The Film"',
)


@pytest.mark.parametrize("title", VERSIONS_OF_YELLOW)
def test_versions_are_kept_and_marked(title: str) -> None:
    clean = cleaned(a_song("a", title=title), a_song("b", title="Yellow", popularity=80.0))
    assert clean.songs["version_of"].to_list()[:2] == ["b", None]
    assert count(clean, "versions").n_songs == 1
    assert count(clean, "versions").action == "marked"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Intro", "Intro"),
        ("Untitled", "Untitled"),
        ("Interlude 2", "Interlude 2"),
        (None, None),
        ("", ""),
        ("Kapitel 1 - Ferien", "Kapitel 2 - Ferien"),
        ("Suite (Part 1, Live)", "Suite (Part 2, Live)"),
        ("Live and Let Die", "Let Die"),
        ("Track 3", "Track 3"),
        ("Yellow", "Yellow Submarine"),
    ],
)
def test_false_friends_are_no_versions(one: str | None, other: str | None) -> None:
    clean = cleaned(a_song("a", title=one), a_song("b", title=other))
    assert clean.songs["version_of"].null_count() == clean.songs.height


def test_the_same_title_by_another_artist_is_no_version() -> None:
    clean = cleaned(a_song("a", title="Yellow"), a_song("b", title="Yellow", artists=["Bob"]))
    assert clean.songs["version_of"].null_count() == clean.songs.height
    nobody = {"title": "Yellow", "artists": ["Various Artists"]}
    clean = cleaned(a_song("a", **nobody), a_song("b", **nobody))
    assert clean.songs["version_of"].null_count() == clean.songs.height


def test_who_stands_for_all_versions() -> None:
    named = {"title": "Yellow"}
    table = table_of(
        a_song("a", **named, popularity=1.0, year=1990.0),
        a_song("b", **named, popularity=9.0, year=2010.0),
        a_song("c", **named, popularity=9.0, year=2000.0),
        a_song("d", **named, popularity=9.0, year=2000.0),
        a_song("e", **named, popularity=None, year=None),
    )
    clean = clean_songs(table, features=SOUND)
    assert clean.songs["version_of"].to_list()[:5] == ["c", "c", None, "c", "c"]
    unmarked = clean_songs(table, features=SOUND, keep=["versions"])
    assert unmarked.songs["version_of"].null_count() == unmarked.songs.height


def test_rules_can_be_switched_off() -> None:
    songs = (a_song("a", **VOICE), a_song("b", tempo_bpm=0.0), a_song("c", duration_ms=1000.0))
    assert cleaned(*songs, keep=["spoken_word"]).row_reasons.to_list()[:3] == [
        None,
        "silence_or_noise",
        "too_short",
    ]
    everything = cleaned(*songs, keep="all")
    assert everything.row_reasons.null_count() == 15
    assert {entry.reason for entry in everything.counts if entry.action == "switched off"} == {
        reason for reason, rule in RULES.items() if rule.can_be_kept
    }
    assert cleaned(*songs, keep="spoken_word, too_short").row_reasons.null_count() == 14


def test_unknown_and_fixed_rules_are_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean 'spoken_word'"):
        cleaned(keep=["spoken_words"])
    with pytest.raises(BadSettings, match="'missing_features' cannot be switched off"):
        cleaned(keep=["missing_features"])
    with pytest.raises(BadSettings, match="'blank_row' cannot"):
        cleaned(keep=("all", "blank_row"))
    with pytest.raises(UnknownName, match="did you mean 'energy'"):
        cleaned(features=["enrgy", "valence"])
    with pytest.raises(MissingColumns, match="no column for key"):
        cleaned(features=["energy", "key"])
    with pytest.raises(MissingColumns, match="song_id"):
        clean_songs(table_of().drop("song_id"), features=SOUND)


def test_a_table_of_audio_plays_is_not_emptied() -> None:
    plays = [a_song(f"a{number:02d}", **VOICE, liveness=number / 100) for number in range(20)]
    clean = cleaned(*plays)
    assert clean.songs.height == 32
    entry = count(clean, "spoken_word")
    assert (entry.action, entry.n_songs) == ("switched off", 20)
    assert "switched itself off" in entry.sentence
    strict = cleaned(*plays, fixed_features=True)
    assert strict.songs.height == 12
    joined = cleaned(*plays, fixed_features=True, keep=["spoken_word"])
    assert joined.songs.height == 32


@pytest.mark.parametrize(("n_songs", "action"), [(60, "excluded"), (15, "switched off")])
def test_scaled_values_are_taken_as_they_are(n_songs: int, action: str) -> None:
    table = table_of(others=n_songs)
    scaled = table.with_columns((pl.col(SOUND) - pl.col(SOUND).mean()) / pl.col(SOUND).std() * 3)
    clean = clean_songs(scaled, features=SOUND)
    assert clean.songs.height == n_songs
    assert count(clean, "impossible_values").action == action
    assert_frame_equal(clean.songs.select(SOUND), scaled.sort("song_id").select(SOUND))
    switched_off = [entry.reason for entry in clean.counts if entry.action == "switched off"]
    again = clean_songs(scaled, features=SOUND, keep=switched_off, fixed_features=True)
    assert_frame_equal(again.songs, clean.songs)


def test_one_scaled_column_is_not_judged() -> None:
    table = table_of(others=60).with_columns(tempo_bpm=(pl.col("tempo_bpm") - 100) / 100)
    clean = clean_songs(table, features=SOUND)
    assert clean.features == SOUND
    assert "out of range: tempo_bpm" in count(clean, "impossible_values").sentence
    assert clean.songs["tempo_bpm"].null_count() == 0


def test_fixed_features_are_used_as_given() -> None:
    table = table_of(others=3).with_columns(liveness=pl.lit(0.3)).drop("valence")
    clean = clean_songs(table, features=SOUND, fixed_features=True)
    assert clean.features == SOUND
    assert clean.songs["valence"].null_count() == 3
    assert clean.songs["imputed"].to_list() == [["valence"]] * 3
    alone = clean_songs(table_of(a_song("a", **VOICE), others=0), features=SOUND, fixed_features=True)
    assert alone.songs.height == 0
    assert alone.row_reasons.to_list() == ["spoken_word"]
    none = clean_songs(table_of().clear(), features=SOUND, fixed_features=True)
    assert (none.songs.height, none.n_songs, len(none.row_to_song)) == (0, 0, 0)


@settings(max_examples=40, deadline=None)
@given(st.sets(st.sampled_from([c for c in a_song("x", year=1.0, genre="g") if c != "song_id"])))
def test_any_columns_may_be_absent(absent: set[str]) -> None:
    rows = [a_song(f"s{n}", year=2000.0, genre="g") for n in (1, 1, 2, 3, 4)]
    table = table_of(*rows, others=0).drop(absent)
    features = [column for column in SOUND if column not in absent]
    if len(features) < 2:
        with pytest.raises(MissingColumns):
            clean_songs(table, features=features)
        return
    clean = clean_songs(table, features=features)
    assert_accounted(clean, 5)
    assert clean.songs.height == 4
    assert not absent & set(clean.songs.columns)


_cell = st.one_of(
    st.none(), st.sampled_from([0.0, 0.3, 0.5, 0.94, 1.0, 7.0, -1.0, -20.0, 120.0, 10_000.0, 2e5, 3e6])
)
_FEW = ("energy", "valence", "loudness_db", "speechiness", "tempo_bpm", "duration_ms")
_row = st.fixed_dictionaries(
    {
        "song_id": st.sampled_from([f"s{number}" for number in range(9)]),
        "title": st.sampled_from(["Yellow", "Yellow - Live", "Kapitel 3", "Rain Sounds", None]),
        "artists": st.sampled_from([["Ann"], ["Bob", "Ann"], [], None]),
        "tags": st.sampled_from([["pop", "rock"], ["rock"], ["hoerspiel"], [], None]),
        "genre": st.sampled_from(["pop", "rock", None]),
        "popularity": st.sampled_from([0.0, 50.0, None]),
        "explicit": st.sampled_from([True, False, None]),
        **dict.fromkeys(_FEW, _cell),
    }
)


@settings(max_examples=100, deadline=None)
@given(st.lists(_row, min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(rows: list[dict[str, Any]], random: Any) -> None:
    table = pl.DataFrame(
        rows,
        schema={
            "song_id": pl.String,
            "title": pl.String,
            "artists": pl.List(pl.String),
            "tags": pl.List(pl.String),
            "genre": pl.String,
            "popularity": pl.Float64,
            "explicit": pl.Boolean,
            **dict.fromkeys(_FEW, pl.Float64),
        },
    )
    order = list(range(len(rows)))
    random.shuffle(order)
    for fixed in (False, True):
        clean, refused = _outcome(table, fixed_features=fixed)
        shuffled, refused_again = _outcome(table[order], fixed_features=fixed)
        assert refused == refused_again
        if clean is None or shuffled is None:
            continue
        assert_accounted(clean, len(rows))
        assert_frame_equal(shuffled.songs, clean.songs)
        assert shuffled.counts == clean.counts
        assert shuffled.row_reasons.to_list() == clean.row_reasons.gather(order).to_list()
        np.testing.assert_array_equal(shuffled.row_to_song, clean.row_to_song[order])
        assert (shuffled.features, shuffled.dropped_features) == (clean.features, clean.dropped_features)


def _outcome(table: pl.DataFrame, *, fixed_features: bool) -> tuple[CleanSongs | None, str]:
    """What cleaning gives, or the words in which it refuses."""
    try:
        return clean_songs(table, features=_FEW, fixed_features=fixed_features), ""
    except (TooFewSongs, MissingColumns) as error:
        return None, str(error)


@pytest.mark.parametrize("reason", sorted(RULES))
def test_every_rule_answers_for_every_row(reason: str) -> None:
    from songatlas.songs.triage import completed

    table = completed(table_of(a_song("a", **VOICE), a_song("b", energy=None)))
    applies = RULES[reason].function(table, SOUND)
    assert (applies.dtype, applies.len(), applies.null_count()) == (pl.Boolean, table.height, 0)
    assert RULES[reason].reason == reason


def test_patterns_take_the_longest_word() -> None:
    assert any_of(["a", "a.b"]) == r"(?:a\.b|a)"


def _canonical(table: pl.DataFrame) -> pl.DataFrame:
    """A real table under our column names, read by hand."""
    names = {"loudness": "loudness_db", "tempo": "tempo_bpm", "track_id": "song_id", "track_name": "title"}
    names |= {"id_songs": "song_id", "name_song": "title", "name_artists": "artist", "track_artist": "artist"}
    names |= {"id": "song_id", "name": "title", "popularity_songs": "popularity", "playlist_genre": "genre"}
    found = table.rename({old: new for old, new in names.items() if old in table.columns})
    return found.select(
        "song_id",
        "title",
        "artist",
        *(["genre"] if "genre" in found.columns else []),
        pl.col(SOUND).cast(pl.Float64),
    )


def test_the_real_spotify_table(shared_data: Path) -> None:
    table = _canonical(pl.read_csv(shared_data / "spotify_songs.csv", infer_schema_length=None))
    clean = clean_songs(table, features=SOUND)
    assert_accounted(clean, 32_833)
    assert clean.n_songs == 28_356
    assert count(clean, "spoken_word").n_songs <= 10
    assert 28_356 - clean.songs.height <= 30
    assert 3_000 <= count(clean, "versions").n_songs <= 4_000


def test_the_real_audiobooks_go_and_the_music_stays(shared_data: Path) -> None:
    table = _canonical(pl.read_csv(shared_data / "amazon_shaped_standin.csv", infer_schema_length=None))
    clean = clean_songs(table, features=SOUND)
    assert_accounted(clean, 95_837)
    chapter = pl.col("title").str.contains(r"^(?:Chapter|Kapitel|Capítulo|Глава|Rozdział) \d")
    books = table.filter(chapter & (pl.col("speechiness") > 0.8))["song_id"]
    assert books.len() > 1_000
    left = clean.songs["song_id"].is_in(books.implode()).sum()
    assert left <= 0.01 * books.len()
    others = count(clean, "spoken_word").n_songs - (books.len() - left)
    assert others <= 0.003 * (table.height - books.len())


def test_the_amazon_sample(shared_data: Path) -> None:
    table = _canonical(pl.read_csv(shared_data / "amazon_sample.csv"))
    clean = clean_songs(table, features=SOUND)
    out = table.filter(clean.row_reasons.is_not_null())["title"].to_list()
    assert out == ["Brown Noise"]
    assert count(clean, "versions").n_songs == 3
