"""A card says of a song what its table says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import Atlas, build_demo
from songatlas.atlas.recommending import recommend
from songatlas.atlas.song_card import UNKNOWN, feature_standings, similar_songs, song_card, value_text
from songatlas.atlas.views import view_of
from songatlas.errors import BadSettings, UnknownName


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return build_demo(300, k=4, k_max=5)


def test_a_card_holds_the_song_its_cluster_and_the_reasons(atlas: Atlas) -> None:
    card = song_card(atlas, 7)
    song = atlas.songs.row(7, named=True)
    assert (card.row, card.song_id, card.title) == (7, song["song_id"], song["title"])
    assert card.artist == ", ".join(song["artists"])
    assert card.cluster == atlas.clustering.labels[7]
    assert card.cluster_name == atlas.cluster_names()[card.cluster]
    assert card.role == atlas.roles.role[7]
    assert card.explanation == atlas.why(song["song_id"])
    assert card.year == round(song["year"])
    assert card.genre == (atlas.genre_of_songs["genre"][7] or "")


def test_percentiles_are_those_of_all_songs(atlas: Atlas) -> None:
    for row in (0, 41, 199):
        standings = feature_standings(atlas, row)
        assert [each.column for each in standings] == list(atlas.space.features)
        for each in standings:
            values = atlas.songs[each.column].drop_nulls().to_numpy()
            value = atlas.songs[each.column][row]
            if value is None:
                assert (each.value, each.percentile, each.value_text) == (None, None, UNKNOWN)
                continue
            expected = 100 * ((values < value).mean() + (values == value).mean() / 2)
            assert each.percentile == pytest.approx(expected)
            profile = atlas.profiles[int(atlas.clustering.labels[row])]
            assert each.cluster_percentile == profile.percentiles[each.column]
            assert each.low_word
            assert each.high_word


def test_values_are_told_in_the_units_of_people() -> None:
    told = {
        ("energy", 0.5): "50%",
        ("duration_ms", 65_000.0): "1:05",
        ("tempo_bpm", 119.6): "120 BPM",
        ("loudness_db", -7.25): "−7.2 dB",
        ("mode", 0.0): "minor",
        ("time_signature", 4.0): "4 beats a bar",
        ("popularity", 61.0): "61",
        ("followers", 12_345.0): "12,345",
        ("explicit", 1.0): "yes",
        ("year", 1994.0): "1994",
    }
    assert {each: value_text(*each) for each in told} == told


def test_similar_songs_are_those_that_are_recommended(atlas: Atlas) -> None:
    song_id = atlas.songs["song_id"][3]
    card = song_card(atlas, 3, n_similar=5)
    assert card.similar.equals(recommend(atlas, like=[song_id], n=5).songs)
    assert song_id not in card.similar["song_id"].to_list()
    assert similar_songs(atlas, 3, n=0).is_empty()
    assert song_card(atlas, 3, n_similar=0).similar.is_empty()


def test_a_card_of_a_view_speaks_of_its_clusters(atlas: Atlas) -> None:
    view = view_of(atlas, k=5)
    card = song_card(view.atlas, 11, n_similar=2)
    assert card.cluster == view.labels[11]
    assert card.cluster_name == view.names[card.cluster]
    assert card.similar["cluster"].is_in(list(view.names)).all()
    assert card.similar["song_id"].to_list() == song_card(atlas, 11, n_similar=2).similar["song_id"].to_list()


@pytest.mark.parametrize("row", [-1, 10_000])
def test_a_row_that_is_not_there_is_named(atlas: Atlas, row: int) -> None:
    with pytest.raises(UnknownName, match=f"no song in row {row}"):
        song_card(atlas, row)


def test_fewer_than_no_songs_are_refused(atlas: Atlas) -> None:
    with pytest.raises(BadSettings, match="n is -1"):
        song_card(atlas, 0, n_similar=-1)


def test_missing_values_are_said_to_be_unknown(atlas: Atlas) -> None:
    songs = atlas.songs.with_columns(pl.when(pl.int_range(pl.len()) > 0).then("tempo_bpm").alias("tempo_bpm"))
    without = replace(atlas, songs=songs)
    tempo = next(each for each in feature_standings(without, 0) if each.column == "tempo_bpm")
    assert (tempo.value, tempo.percentile, tempo.value_text) == (None, None, UNKNOWN)
    assert np.isfinite(tempo.cluster_percentile)
