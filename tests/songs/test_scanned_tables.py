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


def renamed(table: pl.DataFrame) -> pl.DataFrame:
    """A scanned table whose estimates lost their name."""
    return table.rename({f"{name}_estimate": name for name in ESTIMATES})


def of_a_service(n_songs: int = 10) -> pl.DataFrame:
    """Songs as a service measured them, under ids of its own."""
    kept = renamed(scanned_songs(n_songs, seed=9)).select(
        "song_id", "title", "artists", "tempo_bpm", *ESTIMATES
    )
    return kept.with_columns(song_id=pl.format("service{}", pl.int_range(pl.len())))


MARKS: dict[str, list[str]] = {
    "id": ["song_id"],
    "vectors": ["audio_embedding"],
    "words": ["heard_tags"],
    "outcome": ["outcome"],
}


@pytest.mark.parametrize("mark", MARKS)
def test_two_measurers_are_told_by_the_marks_of_a_scan_where_no_column_names_them(mark: str) -> None:
    kept = ["title", "artists", "tempo_bpm", *ESTIMATES, *MARKS[mark]]
    scanned = renamed(scanned_songs(20)).select(kept)
    table = read_songs(pl.concat([scanned, of_a_service().select(pl.col(kept[:9]))], how="diagonal"))
    told, why = [note for note in table.source.notes if "measured" in note]
    assert told.startswith(
        "measured in 2 ways: 20 songs by songatlas scan and 10 songs by others; they share "
    )
    assert why.startswith("no column says who measured: ")
    assert table.songs["measured_by"].to_list() == ["songatlas scan"] * 20 + [None] * 10
    assert not note_on(table, "energy")


def test_values_of_others_under_the_header_of_an_estimate_are_told_by_their_lack_of_files() -> None:
    scanned = scanned_songs(20).select(
        "title", "artists", "path", *(f"{name}_estimate" for name in ESTIMATES)
    )
    poured = of_a_service().rename({name: f"{name}_estimate" for name in ESTIMATES})
    both = pl.concat([scanned, poured.select(set(scanned.columns) & set(poured.columns))], how="diagonal")
    notes = read_songs(both).source.notes
    assert any("20 songs by songatlas scan and 10 songs by others" in note for note in notes)


@pytest.mark.parametrize("dropped", [[], ["measured_by"]])
def test_a_renamed_scan_keeps_its_mark(dropped: list[str]) -> None:
    table = read_songs(renamed(scanned_songs(20).drop(dropped)))
    assert table.source.notes == ()
    for name in ESTIMATES:
        assert note_on(table, name).startswith("estimated from the sound by songatlas scan")
    assert not note_on(table, "tempo_bpm")


def test_what_only_looks_like_a_mark_is_none() -> None:
    ordinary = of_a_service(30).with_columns(
        outcome=pl.lit("hit"), path=pl.when(pl.int_range(pl.len()) < 20).then(pl.lit("/music/a.mp3"))
    )
    table = read_songs(ordinary)
    assert table.source.notes == ()
    assert "measured_by" not in table.songs.columns
    assert not note_on(table, "energy")


def test_a_column_beside_its_estimate_and_one_with_liveness_is_not_taken_for_an_estimate() -> None:
    both = scanned_songs(20).with_columns(energy=0.5 * pl.col("energy_estimate"))
    assert not note_on(read_songs(both), "energy")
    served = renamed(scanned_songs(20)).with_columns(liveness=pl.col("energy"))
    assert not note_on(read_songs(served), "energy")


def test_songs_that_no_scan_heard_are_left_out_only_where_clusters_are_made_of_sound() -> None:
    table = scanned_songs(40).with_columns(pl.when(pl.int_range(pl.len()) >= 5).then("audio_embedding"))
    songs = read_songs(table).songs
    heard = clean_songs(songs, features=SOUND, heard=True)
    assert heard.row_reasons.to_list() == ["not_heard"] * 5 + [None] * 35
    assert clean_songs(songs, features=SOUND).songs.height == 40
    assert clean_songs(songs, features=SOUND, heard=True, keep=["not_heard"]).songs.height == 40
