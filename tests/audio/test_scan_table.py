"""The songs table of a scan: a row of a file, the formats, names that are no text."""

from __future__ import annotations

import json
import os
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import polars as pl
import pytest

from songatlas.audio.analysis import Analysis
from songatlas.audio.scan.store import Store, StoredFile, StoredSound
from songatlas.audio.scan.table import COLUMNS, check_output, location, song_row, write_table
from songatlas.errors import BadSettings

MUSIC = Path("/music")


def a_file(path: str = "a/One song.mp3", **changes: Any) -> StoredFile:
    known = {
        "path": path,
        "size": 3,
        "mtime_ns": 5,
        "version": "1",
        "payload": "ab",
        "outcome": "ok",
        "reason": None,
        "retry_above_s": None,
        "file_tags": {"title": None, "artists": ["A"], "genres": ["Pop"], "year": 1999},
    }
    return StoredFile(**(known | changes))


def a_sound(**changes: Any) -> StoredSound:
    numbers = {"key": 9, "tempo_bpm": 120.5, "heard_tags": ["calm"], "audio_tags": [0.1234] * 50}
    known = {"payload": "ab", "version": "1", "outcome": "ok", "reason": None, "numbers": numbers}
    return StoredSound(**(known | changes))


def row(file: StoredFile, sound: StoredSound | None) -> dict[str, Any]:
    return dict(zip(COLUMNS, song_row(file, sound, MUSIC), strict=True))


def test_a_song_has_tags_numbers_and_who_measured_them() -> None:
    told = row(a_file(), a_sound())
    assert told["song_id"] == "audio:ab"
    assert told["title"] == "One song", "the name of the file where it has no title"
    assert (told["artists"], told["genre"], told["year"]) == (["A"], ["Pop"], 1999)
    assert (told["key"], told["tempo_bpm"], told["heard_tags"]) == (9, 120.5, ["calm"])
    assert told["path"] == "/music/a/One song.mp3"
    assert told["measured_by"] == "songatlas 0.1.0, audio 1"
    assert (told["outcome"], told["outcome_reason"]) == ("ok", None)
    assert told["liveness"] is None
    assert told["time_signature"] is None


def test_what_is_odd_of_file_and_sound_stands_in_one_cell() -> None:
    told = row(a_file(reason="a title in a wrong encoding"), a_sound(reason="2 bad packets"))
    assert told["outcome_reason"] == "2 bad packets; a title in a wrong encoding"


def test_a_silent_file_has_an_id_and_no_numbers() -> None:
    silent = a_sound(outcome="silent", reason="only zeros", numbers={"duration_ms": 10.0})
    told = row(a_file(outcome="silent"), silent)
    assert told["song_id"] == "audio:ab"
    assert told["outcome_reason"] == "only zeros"
    assert told["duration_ms"] is None
    assert told["measured_by"] is None


def test_a_file_that_cannot_be_opened_has_the_id_of_its_path() -> None:
    told = row(a_file(outcome="unreadable", reason="it cannot be opened"), a_sound())
    other = row(a_file("b.mp3", outcome="unreadable", payload=None), None)
    assert told["song_id"].startswith("file:")
    assert told["song_id"] != other["song_id"]
    assert told["key"] is None, "numbers of an earlier scan are not told of a file that is closed today"


def test_a_name_that_is_no_text_becomes_a_uri_that_opens_it() -> None:
    name = os.fsdecode(b"\xfcber #1.mp3")
    told = row(a_file(name), a_sound())
    assert told["title"] == "�ber #1"
    assert told["path"] == "file:///music/%FCber%20%231.mp3"
    assert unquote_to_bytes(told["path"].removeprefix("file://")) == b"/music/\xfcber #1.mp3"
    assert location(Path("/music/ночь.mp3")) == "/music/ночь.mp3"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("\x1b]0;pwned\x07\n\r[red]x[.mp3", "]0;pwned [red]x["),
        ("a/01\tNight\x9b song .mp3", "01 Night  song"),
        ("\n\x07.mp3", ".mp3"),
        ("a/.mp3", ".mp3"),
    ],
)
def test_a_title_made_of_a_name_is_as_clean_as_a_tag(name: str, title: str) -> None:
    assert row(a_file(name), a_sound())["title"] == title


@pytest.fixture
def filled(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    store.put(a_file(), a_sound())
    store.put(a_file("b.mp3", outcome="crashed", reason="signal 11", payload=None))
    store.put(a_file("gone.mp3"))
    return store


@pytest.mark.parametrize("name", ["songs.parquet", "songs.csv", "songs.JSONL"])
def test_every_format_holds_the_same(tmp_path: Path, filled: Store, name: str) -> None:
    with filled:
        write_table(filled, MUSIC, tmp_path / name, present={"a/One song.mp3", "b.mp3"})
    reading = {".parquet": pl.read_parquet, ".csv": pl.read_csv, ".jsonl": pl.read_ndjson}
    table = reading[Path(name).suffix.lower()](tmp_path / name)
    assert set(table.columns) == set(COLUMNS)
    assert table["outcome"].to_list() == ["ok", "crashed"]
    assert table["key"].to_list() == [9, None]
    cell = table["audio_tags"][0]
    numbers = json.loads(cell) if isinstance(cell, str) else list(cell)
    assert numbers == pytest.approx([0.1234] * 50)
    assert table["audio_tags"][1] is None


def test_parquet_has_the_types_of_the_columns(tmp_path: Path, filled: Store) -> None:
    with filled:
        write_table(filled, MUSIC, tmp_path / "songs.parquet", present={"a/One song.mp3"})
    assert pl.read_parquet_schema(tmp_path / "songs.parquet") == dict(COLUMNS)


def test_csv_writes_vectors_in_four_digits(tmp_path: Path, filled: Store) -> None:
    with filled:
        write_table(filled, MUSIC, tmp_path / "songs.csv", present={"a/One song.mp3"})
    assert '"[0.1234, 0.1234,' in (tmp_path / "songs.csv").read_text()


def test_a_table_of_unknown_form_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"\.parquet, \.csv, \.jsonl"):
        check_output(tmp_path / "songs.xlsx")
    with pytest.raises(BadSettings, match="is a folder"):
        check_output(tmp_path)


def test_every_number_of_an_analysis_has_its_column() -> None:
    numbers = {each.name for each in fields(Analysis)} - {"outcome", "reason", "problems", "file_tags"}
    assert numbers <= set(COLUMNS)
