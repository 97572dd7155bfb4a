"""Rows of one song: found whatever their ids look like, and made into one."""

from __future__ import annotations

import polars as pl
import pytest
from ordinary_songs import VOICE, a_song, assert_accounted, cleaned, count

from songatlas.songs.song_rows import group_rows


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


ID_LISTS = {
    "long ids with one beginning": [f"spotify:track:{number % 700:022d}" for number in range(3000)],
    "ids that differ after eight bytes": [f"abc-{number % 7:012d}" for number in range(100)],
    "ids that are the beginning of others": ["a", "", "a\0", "aa", "a\0\0", "", "a", "ab", "aaaaaaaaaaa"],
    "ids beyond ASCII": ["é", "e", "z", "日本", "日", "🎵", "é", "Ω"],
    "one id": ["x", "x", "x"],
    "different ids in order": ["a", "b", "c"],
    "none": [],
}


@pytest.mark.parametrize("kind", ID_LISTS)
def test_rows_are_grouped_as_a_sort_would(kind: str) -> None:
    ids = pl.Series("song_id", ID_LISTS[kind], dtype=pl.String)
    grouped = group_rows(ids)
    expected = sorted(range(len(ids)), key=lambda row: (ids[row].encode(), row))
    assert grouped.order.tolist() == expected
    names = sorted(set(ids), key=str.encode)
    assert [names[song] for song in grouped.song] == ids.to_list()
    assert grouped.n_rows_each.tolist() == [ids.to_list().count(name) for name in names]


def test_the_median_of_possible_values_is_not_mended_again() -> None:
    clean = cleaned(a_song("a", tempo_bpm=25.0, energy=7.0), *(a_song("b", tempo_bpm=t) for t in (0.0, 24.0)))
    assert clean.songs["energy"][0] is None
    assert clean.songs["tempo_bpm"].head(2).to_list() == [25.0, 12.0]
