"""Cleaning: every row accounted for, nothing dependent on the order of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ordinary_songs import SOUND, VOICE, a_song, assert_accounted, cleaned, table_of
from polars.testing import assert_frame_equal

from songatlas.errors import BadSettings, MissingColumns, TooFewSongs, UnknownName
from songatlas.songs.cleaning import RULES, CleanSongs, clean_songs


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


def test_songs_that_are_used_up_are_cleaned_alike() -> None:
    twice = [a_song("a", energy=0.2), a_song("a", energy=0.4, tags=["jazz"])]
    table = table_of(*twice, a_song("b", duration_ms=1.0))
    clean, given = clean_songs(table, features=SOUND), table.clone()
    again = clean_songs(given, features=SOUND, use_up=True)
    assert again.songs.equals(clean.songs)
    assert again.counts == clean.counts
    assert given.width == 0
    assert table.width > 10
