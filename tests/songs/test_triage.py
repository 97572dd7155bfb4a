"""Triage: speech, noise and damage told from music, and a table never emptied by a rule."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from ordinary_songs import RAP, SOUND, VOICE, a_song, assert_accounted, cleaned, count, reason_of, table_of
from polars.testing import assert_frame_equal

from songatlas.songs.cleaning import RULES, clean_songs
from songatlas.songs.words import any_of


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


@pytest.mark.parametrize("reason", sorted(RULES))
def test_every_rule_answers_for_every_row(reason: str) -> None:
    from songatlas.songs.triage import completed

    table = completed(table_of(a_song("a", **VOICE), a_song("b", energy=None)))
    applies = RULES[reason].function(table, SOUND)
    assert (applies.dtype, applies.len(), applies.null_count()) == (pl.Boolean, table.height, 0)
    assert RULES[reason].reason == reason


def test_patterns_take_the_longest_word() -> None:
    assert any_of(["a", "a.b"]) == r"(?:a\.b|a)"


def test_a_rule_that_switched_itself_off_says_which_and_of_how_many() -> None:
    short = [a_song(f"s{number:02d}", duration_ms=20_000.0 + number) for number in range(20)]
    assert count(cleaned(*short), "too_short").sentence == (
        "The rule too_short (too short) switched itself off, and no song is left out by it: it applies to 20 "
        "of 32 songs, and a rule that applies to more than half of a table does not fit it."
    )
    assert count(cleaned(keep=["too_short"]), "too_short").sentence == (
        "The rule too_short (too short) was switched off on request."
    )
