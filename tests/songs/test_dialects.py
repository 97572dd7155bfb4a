"""Real tables of every kind: right columns and right units, or one line that says what is wrong."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from songatlas.errors import MissingColumns, UnreadableTable
from songatlas.features import DETAILS, FEATURES
from songatlas.songs import SongsTable, read_songs

SHARES = {column for column, feature in FEATURES.items() if feature.unit == "share"}
EIGHT = SHARES | {"loudness_db", "tempo_bpm"}
KEYS = {"key", "mode"}

# file -> rows, features, units that are not the usual ones
READ: Mapping[str, tuple[int, set[str], Mapping[str, str]]] = {
    "api_dump.csv": (164, EIGHT | KEYS | {"duration_ms", "time_signature"}, {}),
    "bom.csv": (168, SHARES | KEYS | {"loudness_db"}, {}),
    "chosic.csv": (
        446,
        EIGHT | KEYS | {"duration_ms", "time_signature"},
        {**dict.fromkeys(SHARES, "percent"), "duration_ms": "m:ss", "key": "key name"},
    ),
    "dotted_headers.csv": (
        100,
        (EIGHT | {"duration_ms"}) - {"instrumentalness"},
        {**dict.fromkeys(SHARES, "percent"), "duration_ms": "s"},
    ),
    "duplicate_headers.csv": (195, EIGHT | {"key", "duration_ms"}, {}),
    "exportify_liked_songs.csv": (679, EIGHT | KEYS | {"duration_ms", "time_signature"}, {}),
    "genres_v2_numeric_only.csv": (
        2873,
        (EIGHT | KEYS | {"duration_ms"}) - {"loudness_db", "instrumentalness"},
        {},
    ),
    "lost_decimal_points.csv": (
        1312,
        {"energy", "loudness_db", "speechiness", "acousticness", "danceability", "duration_ms"},
        dict.fromkeys(SHARES | {"loudness_db"}, "lost decimals"),
    ),
    "million_song_bytes_repr.csv": (
        851,
        {"danceability", "tempo_bpm", "duration_ms", "key", "time_signature"},
        {"duration_ms": "s"},
    ),
    "million_song_corgis.csv": (
        513,
        KEYS | {"loudness_db", "tempo_bpm", "duration_ms", "time_signature"},
        {"duration_ms": "s"},
    ),
    "reccobeats.csv": (375, EIGHT | KEYS, {}),
    "soundstat.csv": (375, (EIGHT | KEYS) - {"loudness_db", "speechiness", "liveness"}, {}),
    "space_padded.csv": (174, EIGHT | KEYS | {"duration_ms", "time_signature"}, {}),
    "spotify_features_excel_damage.csv": (
        1118,
        EIGHT | KEYS | {"duration_ms", "time_signature"},
        {"key": "key name", "mode": "words", "time_signature": "month of a date"},
    ),
    "spotify_features_key_letters.csv": (
        1111,
        EIGHT | KEYS | {"duration_ms", "time_signature"},
        {"key": "key name", "mode": "words", "time_signature": "day of a date"},
    ),
    "tracks_1921_2020_reordered_dates.csv": (845, EIGHT | KEYS | {"duration_ms", "time_signature"}, {}),
    "two_id_columns.csv": (558, EIGHT | KEYS | {"duration_ms", "time_signature"}, {}),
}

REFUSED = {
    "exportify_watsonbox_no_features.csv": (MissingColumns, "only duration_ms can be used"),
    "git_lfs_pointer.csv": (UnreadableTable, "git-LFS pointer"),
    "headerless.csv": (MissingColumns, "has no header row"),
    "not_songs.csv": (MissingColumns, "no column says how a song sounds"),
    "semicolon.csv": (MissingColumns, "only duration_ms can be used"),
    "ten_bytes.csv": (UnreadableTable, "one line of text"),
}


def reading_of(table: SongsTable, column: str) -> str | None:
    """Unit in which a column stood in the file."""
    return next((reading.unit for reading in table.columns if reading.column == column), None)


def assert_right_units(table: SongsTable) -> None:
    """Every feature lies where songs lie."""
    songs = table.songs
    for column in SHARES & set(songs.columns):
        assert songs[column].drop_nulls().is_between(0, 1).all(), column
        assert songs[column].max() > 0.1 or songs[column].max() == 0, column
    if "loudness_db" in songs.columns:
        assert -40 < songs["loudness_db"].median() < -2
        assert songs["loudness_db"].drop_nulls().is_between(-70, 10).all()
    if "tempo_bpm" in songs.columns:
        assert 95 < songs["tempo_bpm"].median() < 150
    if "duration_ms" in songs.columns:
        assert 120_000 < songs["duration_ms"].median() < 300_000
    if "key" in songs.columns:
        assert set(songs["key"].drop_nulls().unique()) <= set(range(12))
        assert songs["key"].n_unique() >= 12
    if "mode" in songs.columns:
        assert 0.3 < songs["mode"].mean() < 0.9
    if "time_signature" in songs.columns:
        assert songs["time_signature"].median() == 4
        assert songs["time_signature"].drop_nulls().is_between(0, 7).all()
    if "year" in songs.columns:
        assert songs["year"].drop_nulls().is_between(1900, 2026).all()


def assert_rows_kept(table: SongsTable) -> None:
    """Every row and every column is there."""
    songs, raw = table.songs, table.raw
    assert songs.height == raw.height == table.source.n_rows
    assert [reading.position for reading in table.columns] == list(range(raw.width))
    assert tuple(reading.header for reading in table.columns) == table.header
    assert set(songs.columns) <= {*FEATURES, *DETAILS, "artist", "year", "genre"}
    assert songs["song_id"].null_count() == 0


def assert_whole(table: SongsTable) -> None:
    """What every songs table promises."""
    assert_rows_kept(table)
    songs = table.songs
    for column in songs.columns:
        if column in FEATURES:
            assert songs[column].dtype == pl.Float64
            assert songs[column].is_nan().sum() == 0
        assert songs[column].null_count() < songs.height, f"{column} is all null"
    for reading in table.columns:
        assert (reading.column is None) == (reading.how_sure == "left alone")


@pytest.mark.parametrize("name", READ)
def test_a_real_table_is_read_in_the_right_units(name: str, shared_data: Path) -> None:
    n_rows, features, units = READ[name]
    table = read_songs(shared_data / "dialects" / name)
    assert_whole(table)
    assert_right_units(table)
    assert table.songs.height == n_rows
    assert set(table.songs.columns) & set(FEATURES) == features
    for column in features & set(units):
        assert reading_of(table, column) == units[column]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_songs_table_gets_one_line(name: str, shared_data: Path) -> None:
    error, words = REFUSED[name]
    with pytest.raises(error, match=words) as caught:
        read_songs(shared_data / "dialects" / name)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_every_dialect_file_is_judged(shared_data: Path) -> None:
    assert {path.name for path in (shared_data / "dialects").iterdir()} == {*READ, *REFUSED}


def test_a_file_without_header_is_read_when_its_columns_are_named(shared_data: Path) -> None:
    names = [
        "title",
        "artist",
        "acousticness",
        "danceability",
        "duration",
        "energy",
        "instrumentalness",
        "key",
        "liveness",
        "loudness",
        "mode",
        "speechiness",
        "tempo",
        "time_signature",
        "valence",
    ]
    table = read_songs(shared_data / "dialects" / "headerless.csv", header=names)
    assert_whole(table)
    assert_right_units(table)
    assert table.songs.height == 999
    assert table.songs["title"][0] == "Sunset Lover"
    assert reading_of(table, "duration_ms") == "s"
    assert "no header row" in " ".join(table.source.notes)


def test_a_loudness_from_0_to_1_never_becomes_decibels(shared_data: Path) -> None:
    table = read_songs(shared_data / "dialects" / "soundstat.csv")
    assert "loudness_db" not in table.songs.columns
    loudness = next(reading for reading in table.columns if reading.header == "loudness")
    assert loudness.how_sure == "left alone"
    assert "cannot be turned into dB" in loudness.note


def test_lost_decimal_points_come_back_as_they_were(shared_data: Path) -> None:
    mended = read_songs(shared_data / "dialects" / "lost_decimal_points.csv").songs
    whole = read_songs(shared_data / "spotify_songs.csv").songs
    features = ["energy", "loudness_db", "speechiness", "acousticness", "danceability"]
    same = ["title", "artist", "album", "duration_ms"]
    both = mended.join(whole.unique(same, keep="first", maintain_order=True), on=same, suffix="_true")
    assert both.height > 1000
    for column in features:
        apart = (both[column] - both[f"{column}_true"]).abs().drop_nulls()
        assert (apart < 1e-9).mean() > 0.95, column


def test_details_of_an_exportify_file(shared_data: Path) -> None:
    songs = read_songs(shared_data / "dialects" / "exportify_liked_songs.csv").songs
    assert songs["song_id"][0] == "4XU3UbQRXTkBR8VastbrFK"
    assert songs["title"][0] == "White Wedding - Parts 1 And 2 - Shotgun Mix; 2001 Remastered Version"
    assert songs["artists"][-1].to_list() == ["Erik Satie", "Alena Cherny"]
    assert songs["tags"][-1].to_list() == ["muzyka klasyczna", "fortepian klasyczny"]
    assert songs["release_date"][-1] == "2013"
    assert songs["explicit"].sum() == 14
    assert "genre" not in songs.columns


def test_details_of_an_api_dump(shared_data: Path) -> None:
    songs = read_songs(shared_data / "dialects" / "api_dump.csv").songs
    assert songs["song_id"].n_unique() == 150
    assert songs["title"][0] == "I'd Rather Go Blind"
    assert songs["isrc"].n_unique() == 146
    assert songs["playlist"][0] == "Blues Classics"


def test_dates_with_the_day_first(shared_data: Path) -> None:
    songs = read_songs(shared_data / "dialects" / "tracks_1921_2020_reordered_dates.csv").songs
    assert songs["release_date"][0] == "1922-02-22"
    assert songs["release_date"][1] == "1922-06-01"
    assert songs["year"].null_count() == 0


@pytest.mark.parametrize(
    ("name", "n_rows"),
    [("amazon_sample.csv", 54), ("amazon_shaped_standin.csv", 95_837), ("spotify_songs.csv", 32_833)],
)
def test_the_big_tables(name: str, n_rows: int, shared_data: Path) -> None:
    table = read_songs(shared_data / name)
    assert_whole(table)
    assert_right_units(table)
    assert table.songs.height == n_rows
    assert EIGHT | KEYS | {"duration_ms"} <= set(table.songs.columns)
    assert table.source.notes == ()


def test_the_amazon_table_and_its_columns(shared_data: Path) -> None:
    table = read_songs(shared_data / "amazon_sample.csv")
    first = table.songs.row(0, named=True)
    assert first["song_id"] == "0IA0Hju8CAgYfV1hwhidBH"
    assert first["artists"] == ["Mistinguett"]
    assert first["artist_ids"] == ["4AxgXfD7ISvJSTObqm4aIE"]
    assert first["tags"] == ["vintage chanson"]
    assert (first["popularity"], first["artist_popularity"], first["followers"]) == (0, 22, 5078)
    assert all(reading.column for reading in table.columns)


def test_the_playlist_genre_is_the_genre_and_both_are_tags(shared_data: Path) -> None:
    songs = read_songs(shared_data / "spotify_songs.csv").songs
    assert songs["genre"].n_unique() == 6
    assert songs["tags"][0].to_list() == ["pop", "dance pop"]
    finer = read_songs(shared_data / "spotify_songs.csv", genre="playlist_subgenre").songs
    assert finer["genre"].n_unique() == 24


@pytest.mark.parametrize(
    ("name", "n_rows"), [("real_tracks.parquet", 191_769), ("playlists.parquet", 15_759)]
)
def test_the_parquet_tables(name: str, n_rows: int, shared_data: Path) -> None:
    table = read_songs(shared_data / name)
    assert_whole(table)
    assert_right_units(table)
    assert table.songs.height == n_rows
    assert table.source.format == "parquet"
    assert "genre" not in table.songs.columns  # its cells are lists
    assert table.songs["tags"].list.len().max() > 1


@pytest.mark.parametrize("name", sorted(set(READ) - {"api_dump.csv", "duplicate_headers.csv"}))
def test_the_order_of_rows_changes_nothing(name: str, shared_data: Path) -> None:
    table = read_songs(shared_data / "dialects" / name)
    order = table.raw.select(pl.int_range(pl.len()).shuffle(seed=3)).to_series()
    shuffled = read_songs(table.raw[order])
    assert shuffled.songs.equals(table.songs[order])


@pytest.mark.parametrize("end", range(700, 30_000, 1999))
def test_a_table_cut_anywhere_is_read_or_refused(end: int, shared_data: Path) -> None:
    content = (shared_data / "dialects" / "exportify_liked_songs.csv").read_bytes()
    table = read_songs(content[:end])
    assert_rows_kept(table)
    assert table.songs["song_id"][0] == "4XU3UbQRXTkBR8VastbrFK"


@pytest.mark.parametrize(
    "name", ["amazon_shaped_standin.csv", "spotify_songs.csv", *(f"dialects/{name}" for name in READ)]
)
def test_the_very_text_of_every_cell_is_kept(name: str, shared_data: Path) -> None:
    table = read_songs(shared_data / name)
    text = (shared_data / name).read_bytes().decode("utf-8-sig")
    separator = table.source.separator or ","
    is_padded = re.search(r', +"', text) is not None and name.startswith("dialects/")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=is_padded))
    assert len(rows) == table.raw.height + 1
    for header, cells in zip(table.header, table.raw, strict=True):
        place = table.raw.get_column_index(cells.name)
        expected = [row[place] for row in rows]
        read = [header, *cells.to_list()]
        if is_padded:
            read, expected = [cell.strip() for cell in read], [cell.strip() for cell in expected]
        assert read == expected
