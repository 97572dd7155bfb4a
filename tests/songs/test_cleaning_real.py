"""Cleaning of real tables."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from ordinary_songs import SOUND, assert_accounted, count

from songatlas.songs.cleaning import clean_songs


def _canonical(table: pl.DataFrame) -> pl.DataFrame:
    """A real table under our column names, read by hand."""
    names = {"loudness": "loudness_db", "tempo": "tempo_bpm", "track_id": "song_id", "track_name": "title"}
    names |= {"id_songs": "song_id", "name_song": "title", "name_artists": "artist", "track_artist": "artist"}
    names |= {"id": "song_id", "name": "title", "popularity_songs": "popularity", "playlist_genre": "genre"}
    found = table.rename({old: new for old, new in names.items() if old in table.columns})
    return found.select(
        "song_id",
        "title",
        "artist",
        *(["genre"] if "genre" in found.columns else []),
        pl.col(SOUND).cast(pl.Float64),
    )


def test_the_real_spotify_table(shared_data: Path) -> None:
    table = _canonical(pl.read_csv(shared_data / "spotify_songs.csv", infer_schema_length=None))
    clean = clean_songs(table, features=SOUND)
    assert_accounted(clean, 32_833)
    assert clean.n_songs == 28_356
    assert count(clean, "spoken_word").n_songs <= 10
    assert 28_356 - clean.songs.height <= 30
    assert 3_000 <= count(clean, "versions").n_songs <= 4_000


def test_the_real_audiobooks_go_and_the_music_stays(shared_data: Path) -> None:
    table = _canonical(pl.read_csv(shared_data / "amazon_shaped_standin.csv", infer_schema_length=None))
    clean = clean_songs(table, features=SOUND)
    assert_accounted(clean, 95_837)
    chapter = pl.col("title").str.contains(r"^(?:Chapter|Kapitel|Capítulo|Глава|Rozdział) \d")
    books = table.filter(chapter & (pl.col("speechiness") > 0.8))["song_id"]
    assert books.len() > 1_000
    left = clean.songs["song_id"].is_in(books.implode()).sum()
    assert left <= 0.01 * books.len()
    others = count(clean, "spoken_word").n_songs - (books.len() - left)
    assert others <= 0.003 * (table.height - books.len())


def test_the_amazon_sample(shared_data: Path) -> None:
    table = _canonical(pl.read_csv(shared_data / "amazon_sample.csv"))
    clean = clean_songs(table, features=SOUND)
    out = table.filter(clean.row_reasons.is_not_null())["title"].to_list()
    assert out == ["Brown Noise"]
    assert count(clean, "versions").n_songs == 3
