"""Keys, modes and time signatures of any spelling -> ours, or left alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from songatlas.songs import ColumnReading, SongsTable, read_songs
from songatlas.songs.pitch import key_of

N = 60
RNG = np.random.default_rng(5)
TRUE = {
    "danceability": RNG.beta(6, 4, N).round(3),
    "energy": RNG.beta(5, 3, N).round(3),
    "valence": RNG.beta(3, 3, N).round(3),
    "speechiness": RNG.beta(1, 12, N).round(4),
    "loudness": (-3 - RNG.gamma(2, 3, N)).round(3),
    "tempo": RNG.normal(120, 25, N).clip(60, 210).round(3),
    "duration_ms": RNG.normal(215_000, 40_000, N).clip(90_000).round(),
}


def table_of(**changed: Sequence[object]) -> pl.DataFrame:
    """The true table with some columns written otherwise, every cell as text; None drops a column."""
    columns = {**TRUE, **changed}
    return pl.DataFrame(
        {
            name: pl.Series([None if cell is None else str(cell) for cell in cells], dtype=pl.String)
            for name, cells in columns.items()
            if cells is not None and len(cells)
        }
    )


def reading_of(table: SongsTable, column: str) -> ColumnReading:
    """What was understood of the column that became `column`."""
    return next(reading for reading in table.columns if reading.column == column)


def left_alone(table: SongsTable, header: str) -> ColumnReading:
    """What was said of a column that was left alone."""
    found = next(reading for reading in table.columns if reading.header == header)
    assert found.column is None
    assert found.how_sure == "left alone"
    return found


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("C", (0, None)),
        ("C#", (1, None)),
        ("D♭", (1, None)),
        ("Bb", (10, None)),
        ("F Minor", (5, 0)),
        ("G#/A♭ Minor", (8, 0)),
        ("C♯/D♭ Major", (1, 1)),
        ("A minor", (9, 0)),
        ("F#m", (6, 0)),
        ("AM", (9, 1)),
        ("8A", (9, 0)),
        ("8B", (0, 1)),
        ("4A", (5, 0)),
        ("01A", (8, 0)),
        ("12B", (4, 1)),
        ("1d", (0, 1)),
        ("1m", (9, 0)),
        ("H", None),
        ("loud", None),
        ("13A", None),
        ("", None),
    ],
)
def test_key_words(word: str, key: tuple[int, int | None] | None) -> None:
    assert key_of(word) == key


def test_the_camelot_wheel_meets_every_key_once() -> None:
    wheel = [key_of(f"{number}{letter}") for number in range(1, 13) for letter in "AB"]
    assert len(set(wheel)) == 24


@pytest.mark.parametrize(
    ("cells", "keys", "unit"),
    [
        ([0, 11, -1, 5] * 15, [0, 11, None, 5], "pitch class"),
        (["5.0", "0.0", "", "7.0"] * 15, [5, 0, None, 7], "pitch class"),
        (["C#", "", "B", "E♭"] * 15, [1, None, 11, 3], "key name"),
        (["F Minor", "C Major", "A Minor", ""] * 15, [5, 0, 9, None], "key name"),
        (["8A", "8B", "11A", "unknown"] * 15, [9, 0, 6, None], "Camelot"),
    ],
)
def test_keys(cells: list[object], keys: list[int | None], unit: str) -> None:
    table = read_songs(table_of(key=cells))
    assert table.songs["key"][:4].to_list() == keys
    assert reading_of(table, "key").unit == unit
    assert ("mode" in table.songs.columns) == (unit == "Camelot" or "F Minor" in cells)


def test_a_mode_column_wins_over_the_mode_in_the_key() -> None:
    table = read_songs(table_of(key=["F Minor"] * N, mode=[1] * N))
    assert table.songs["mode"].to_list() == [1] * N


def test_key_mode_gives_the_mode_where_the_key_is_a_number() -> None:
    table = read_songs(table_of(key=[0, 9] * 30, key_mode=["C major", "A minor"] * 30))
    assert table.songs["mode"].to_list() == [1, 0] * 30
    assert reading_of(table, "mode").header == "key_mode"


def test_blanks_are_c_only_where_c_never_occurs_among_many() -> None:
    keys = ["", *range(1, 12)] * 40
    tall = {name: np.tile(values, 8) for name, values in TRUE.items()}
    table = read_songs(table_of(**tall, key=keys))
    assert table.songs["key"][0] == 0
    assert "blanks were taken for C" in reading_of(table, "key").note
    with_c = read_songs(table_of(**tall, key=["", *range(11)] * 40))
    assert with_c.songs["key"][0] is None


@pytest.mark.parametrize(
    "words", [("Major", "Minor"), ("major", "minor"), ("maj", "min"), ("1", "0"), ("1.0", "0.0")]
)
def test_modes(words: tuple[str, str]) -> None:
    assert read_songs(table_of(mode=[*words, ""] * 20)).songs["mode"][:3].to_list() == [1, 0, None]


@pytest.mark.parametrize(
    ("cells", "beats"),
    [
        (["4", "3", "5"], [4, 3, 5]),
        (["4.0", "3.0", ""], [4, 3, None]),
        (["4/4", "3/4", "5/4"], [4, 3, 5]),
        (["4-Apr", "4-Mar", "0/4"], [4, 3, 0]),
        (["4-Apr", "4-May", "4-Jan"], [4, 5, 1]),
        (["04-Apr", "03-Apr", "05-Apr"], [4, 3, 5]),
        (["Apr-04", "Mar-04", "May-04"], [4, 3, 5]),
        (["4-Apr", "4-Apr", "4-Apr"], [4, 4, 4]),
    ],
)
def test_time_signatures(cells: list[str], beats: list[int | None]) -> None:
    assert read_songs(table_of(time_signature=cells * 20)).songs["time_signature"][:3].to_list() == beats


def test_dates_for_time_signatures_that_cannot_be_told_are_left_alone() -> None:
    cells = ["4-Mar", "3-Apr", "5-May"] * 20
    assert "cannot be told" in left_alone(read_songs(table_of(time_signature=cells)), "time_signature").note
    named = read_songs(table_of(time_signature=cells), units={"time_signature": "day of a date"})
    assert named.songs["time_signature"][:3].to_list() == [4, 3, 5]
