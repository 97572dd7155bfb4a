"""The rows of a Parquet file that stay there."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from songatlas.errors import BadSettings, UnreadableTable
from songatlas.songs import read_songs
from songatlas.songs.stored import StoredFrame

SONGS = pl.DataFrame(
    {
        "title": ["One", " Two ", "", None, "Five"],
        "note": [1, 2, 3, 4, 5],
        "danceability": [0.1, 0.2, 0.3, None, 0.5],
        "energy": [0.5, 0.4, 0.3, 0.2, 0.15],
        "tempo": [120.0, 90.5, 100.0, 133.0, 87.0],
        "tags": [["pop"], [], None, ["folk", "rock"], ["jazz"]],
    }
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    SONGS.write_parquet(tmp_path / "songs[1].parquet", row_group_size=2)
    return tmp_path / "songs[1].parquet"


def test_columns_and_rows_are_those_of_the_file(path: Path) -> None:
    stored = StoredFrame.of(path)
    assert (stored.height, stored.width, list(stored.columns)) == (5, 6, SONGS.columns)
    for place, column in enumerate(SONGS):
        read = stored.to_series(place)
        assert read.name == column.name
        assert read.equals(column, check_dtypes=True, null_equal=True)
        assert read.n_chunks() == 1
    for start in range(6):
        assert stored.slice(start, 2).equals(SONGS.slice(start, 2), null_equal=True)


def test_a_name_that_looks_like_a_pattern_is_a_name(tmp_path: Path) -> None:
    SONGS.rename({"note": "^energy$"}).write_parquet(tmp_path / "songs.parquet")
    stored = StoredFrame.of(tmp_path / "songs.parquet")
    assert stored.to_series(1).to_list() == [1, 2, 3, 4, 5]
    assert stored.columns[1] == "^energy$"


def test_columns_go_by_the_names_that_a_person_gave(path: Path) -> None:
    header = ["name", "place", "danceability", "energy", "tempo", "energy"]
    raw = read_songs(path, header=header).raw
    assert raw.columns[0] == "name"
    assert len(set(raw.columns)) == 6
    assert raw.slice(0, 5)["name"].to_list() == SONGS["title"].to_list()
    with pytest.raises(BadSettings, match="2 header names were given for 6 columns"):
        read_songs(path, header=["a", "b"])


def test_a_file_that_changed_is_refused(path: Path) -> None:
    raw = read_songs(path).raw
    os.utime(path, (1, 1))
    with pytest.raises(UnreadableTable, match="changed while it was read"):
        raw.to_series(0)
    path.unlink()
    with pytest.raises(UnreadableTable, match="songs"):
        raw.slice(0, 1)


def test_damage_in_the_middle_of_a_file_is_told(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4:200] = bytes(196)
    path.write_bytes(content)
    with pytest.raises(UnreadableTable, match=r"songs\[1\].parquet' is a damaged Parquet file"):
        read_songs(path)
