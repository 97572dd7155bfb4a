"""Tables that scans wrote, and others with paths and vectors: read whole, failed files told, scales apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from scanned_songs import ESTIMATES, MEASURED_BY, as_json_text, scanned_songs
from songatlas.features import FEATURES
from songatlas.songs import CleanSongs, SongsTable, clean_songs, read_songs
from songatlas.songs.scanned import VECTORS, matrix_of, read_locations, read_vectors

SOUND = [name for name, each in FEATURES.items() if each.in_sound and name != "liveness"]
WRITERS: dict[str, Callable[[pl.DataFrame, Path], object]] = {
    "parquet": lambda table, path: table.write_parquet(path),
    "csv": lambda table, path: as_json_text(table).write_csv(path),
    "jsonl": lambda table, path: table.write_ndjson(path),
}


def cleaned(table: SongsTable) -> CleanSongs:
    return clean_songs(table.songs, features=SOUND)


def read_as(table: SongsTable, header: str) -> str | None:
    return next(reading.column for reading in table.columns if reading.header == header)


def note_on(table: SongsTable, header: str) -> str:
    return next(reading.note for reading in table.columns if reading.header == header)


@pytest.mark.parametrize("form", WRITERS)
def test_a_scanned_table_is_read_the_same_from_every_form(form: str, tmp_path: Path) -> None:
    scanned = scanned_songs(60, failed=3)
    WRITERS[form](scanned, tmp_path / f"songs.{form}")
    table = read_songs(tmp_path / f"songs.{form}")
    assert table.source.notes == ()
    assert table.songs["location"].to_list() == scanned["path"].to_list()
    assert table.songs["heard_tags"].fill_null([]).to_list()[:57] == scanned["heard_tags"].to_list()[:57]
    assert table.songs["album_artist"].to_list() == scanned["album_artist"].to_list()
    assert table.songs["key"].to_list() == scanned["key"].to_list()
    tags = [[tag.lower() for tag in tags or []] for tags in scanned["genre"].to_list()]
    assert table.songs["tags"].to_list() == tags
    for column in VECTORS:
        assert table.songs.schema[column] == pl.List(pl.Float32)
        assert table.songs[column].null_count() == 3
        width = len(scanned[column][0])
        np.testing.assert_allclose(
            matrix_of(table.songs[column].drop_nulls(), width),
            matrix_of(scanned[column].drop_nulls(), width),
            rtol=1e-3,
        )
    for name in ESTIMATES:
        assert read_as(table, f"{name}_estimate") == name
        assert note_on(table, f"{name}_estimate").startswith("estimated from the sound by songatlas scan")
        np.testing.assert_array_equal(table.songs[name], scanned[f"{name}_estimate"])
    for name in ("liveness", "time_signature"):
        assert (read_as(table, name), note_on(table, name)) == (None, "empty")


def test_files_that_could_not_be_heard_are_left_out_and_told_so() -> None:
    clean = cleaned(read_songs(scanned_songs(40, failed=3)))
    assert clean.row_reasons.to_list() == [None] * 37 + ["no_sound"] * 3
    (told,) = [count for count in clean.counts if count.reason == "no_sound"]
    assert told.sentence.startswith("3 songs left out as files of which no sound is known: they could not be")
    assert clean.songs["energy"].null_count() == 0


def test_a_file_with_its_length_alone_has_no_sound_and_a_song_without_a_file_lacks_features() -> None:
    table = scanned_songs(40, failed=2)
    last = pl.int_range(pl.len()) == 39
    table = table.with_columns(
        pl.when(last).then(60_000.0).otherwise("duration_ms").alias("duration_ms"),
        pl.when(pl.int_range(pl.len()) == 38).then(None).otherwise("path").alias("path"),
    )
    assert cleaned(read_songs(table)).row_reasons.to_list()[38:] == ["missing_features", "no_sound"]


def test_ordinary_values_of_a_scan_are_believed() -> None:
    clean = cleaned(read_songs(scanned_songs(400)))
    assert {count.reason: count.n_songs for count in clean.counts if count.n_songs} == {}
    assert clean.dropped_features == {}


def test_one_sound_in_two_files_is_one_song_whatever_the_order() -> None:
    table = scanned_songs(30)
    copy = table.head(4).with_columns(
        path=pl.col("path").str.replace("/music", "/backup"), audio_statistics=pl.col("audio_statistics") * 2
    )
    one = cleaned(read_songs(pl.concat([table, copy])))
    other = cleaned(read_songs(pl.concat([copy, table.reverse()])))
    assert one.songs.height == 30
    assert one.songs.equals(other.songs)
    assert one.songs["location"][0].startswith("/backup/")


def test_vectors_of_another_length_or_without_a_number_are_missing_and_told() -> None:
    lists = [[1.0, 2.0], [3.0, float("nan")], [1.0], None, [], [5.0, None], [7.0, 8.0]]
    values, note = read_vectors(pl.Series(lists, dtype=pl.List(pl.Float64)))
    assert values is not None
    assert values.to_list() == [[1.0, 2.0], None, None, None, None, None, [7.0, 8.0]]
    assert note == "lists of 2 numbers; cells that hold something else, taken as missing: 4"


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (pl.Series(["a", "b"]), "holds no lists of numbers"),
        (pl.Series([None, None], dtype=pl.String), "empty"),
        (pl.Series(["", ""]), "empty"),
        (pl.Series([["a"], ["b"]]), "holds no lists of numbers"),
        (pl.Series([[], []], dtype=pl.List(pl.Float32)), "holds no lists of numbers"),
        (pl.Series([1.0, 2.0]), "holds no lists of numbers"),
    ],
)
def test_what_is_no_vector_is_left_alone(cells: pl.Series, told: str) -> None:
    assert read_vectors(cells) == (None, told)


def test_text_of_lists_is_read_in_many_spellings() -> None:
    text = ["[1, -2.5e-3]", " [ .5 , +2 ]", "[1,,2]", "[1;2]", "nothing", None, "", "[null, 1]"]
    values, note = read_vectors(pl.Series(text))
    assert values is not None
    np.testing.assert_allclose(values[0].to_numpy(), [1, -0.0025], rtol=1e-6)
    np.testing.assert_allclose(values[1].to_numpy(), [0.5, 2.0])
    assert values[2:].null_count() == 6
    assert note.endswith("taken as missing: 4")


def test_arrays_are_vectors_too() -> None:
    values, _ = read_vectors(pl.Series(np.eye(3, 4)))
    assert values is not None
    assert values.to_list() == np.eye(3, 4).tolist()


@pytest.mark.parametrize(
    ("cells", "is_location"),
    [
        (["/a/b.mp3", "C:\\x\\y.FLAC", " odd name.ogg"], True),
        (["file:///a/%FF.bin", "file:///b"], True),
        (["London", "Paris", "one.mp3"], False),
        (["https://open.spotify.com/track/1", "spotify:track:2"], False),
        (["", ""], False),
    ],
)
def test_only_paths_of_music_are_locations(cells: list[str], is_location: bool) -> None:
    found = read_locations(pl.Series(cells))
    assert (found is not None) == is_location
    if found is not None:
        assert found.to_list() == cells


def test_a_column_of_places_is_no_location() -> None:
    table = read_songs(scanned_songs(30).drop("path").with_columns(location=pl.lit("Berlin")))
    assert "location" not in table.songs.columns
    assert note_on(table, "location") == "holds no paths of music files"


def test_two_columns_of_one_feature_are_never_mixed() -> None:
    both = scanned_songs(30).with_columns(
        energy=0.5 + 0.4 * pl.col("energy_estimate"), valence=pl.lit(None, dtype=pl.Float64)
    )
    table = read_songs(both)
    np.testing.assert_array_equal(table.songs["energy"], both["energy"])
    (note,) = table.source.notes
    assert note == (
        "measured by others and estimated by songatlas scan, on two scales that are not mixed: energy is "
        "taken, the other column is left alone"
    )
    assert read_as(table, "valence_estimate") == "valence"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (None, "20 songs by songatlas scan (audio 1) and 10 songs by others"),
        ("songatlas 0.3.0, audio 2", "10 songs by songatlas scan (audio 2)"),
        ("a laboratory", "10 songs by a laboratory"),
    ],
)
def test_two_measurers_in_one_table_are_told(other: str | None, words: str) -> None:
    table = scanned_songs(30).with_columns(
        measured_by=pl.when(pl.int_range(pl.len()) < 20).then(pl.lit(MEASURED_BY)).otherwise(pl.lit(other))
    )
    (note,) = read_songs(table).source.notes
    assert note.startswith("measured in 2 ways: ")
    assert words in note
    assert "energy" in note


def test_another_version_that_measures_the_same_is_no_other_measurer() -> None:
    table = scanned_songs(30, failed=2).with_columns(
        measured_by=pl.when(pl.int_range(pl.len()) < 20)
        .then(pl.lit("songatlas 0.2.0, audio 1"))
        .otherwise("measured_by")
    )
    assert read_songs(table).source.notes == ()
