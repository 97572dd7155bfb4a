"""Ordinary songs to put a strange one among, and what must hold of every table that is cleaned."""

from __future__ import annotations

from typing import Any

import polars as pl

from songatlas.features import FEATURES
from songatlas.songs.cleaning import RULES, CleanSongs, RuleCount, clean_songs

SOUND = tuple(column for column, feature in FEATURES.items() if feature.in_sound)


def a_song(song_id: str, **values: Any) -> dict[str, Any]:
    """An ordinary song, a little different for every id."""
    shade = (sum(song_id.encode()) * 37 % 100) / 400
    return {
        "song_id": song_id,
        "title": f"Song {song_id}",
        "artist": "Ann",
        "artists": ["Ann"],
        "tags": ["folk"],
        "popularity": 10.0,
        "danceability": 0.5 + shade,
        "energy": 0.6 + shade,
        "loudness_db": -7.0 - shade,
        "speechiness": 0.05 + shade / 10,
        "acousticness": 0.2 + shade,
        "instrumentalness": 0.0 + shade / 100,
        "liveness": 0.1 + shade,
        "valence": 0.5 + shade,
        "tempo_bpm": 120.0 + shade,
        "duration_ms": 200_000.0 + 1000 * shade,
    } | values


def table_of(*songs: dict[str, Any], others: int = 12) -> pl.DataFrame:
    """These songs among others that are in order."""
    schema = {"artists": pl.List(pl.String), "tags": pl.List(pl.String)}
    rows = [*songs, *(a_song(f"z{number:03d}") for number in range(others))]
    return pl.DataFrame(rows, schema_overrides=schema, infer_schema_length=None)


def cleaned(*songs: dict[str, Any], **options: Any) -> CleanSongs:
    return clean_songs(table_of(*songs), features=options.pop("features", SOUND), **options)


def count(clean: CleanSongs, reason: str) -> RuleCount:
    return next(entry for entry in clean.counts if entry.reason == reason)


def reason_of(*song: dict[str, Any], **options: Any) -> str | None:
    reason = cleaned(*song, **options).row_reasons[0]
    assert reason is None or isinstance(reason, str)
    return reason


VOICE = {
    "speechiness": 0.94,
    "energy": 0.2,
    "loudness_db": -20.0,
    "instrumentalness": 0.0,
    "danceability": 0.6,
}
RAP = {"speechiness": 0.85, "energy": 0.7, "loudness_db": -5.0, "instrumentalness": 0.0, "danceability": 0.7}


def assert_accounted(clean: CleanSongs, n_rows: int) -> None:
    """Every row is clustered or has a reason, never both, and the counts add up."""
    kept = clean.row_to_song >= 0
    assert len(clean.row_to_song) == len(clean.row_reasons) == n_rows
    assert (kept == clean.row_reasons.is_null().to_numpy()).all()
    assert set(clean.row_to_song[kept].tolist()) == set(range(clean.songs.height))
    assert clean.songs["song_id"].is_sorted()
    assert clean.songs["song_id"].is_unique().all()
    excluded = [entry for entry in clean.counts if entry.action == "excluded"]
    assert sum(entry.n_songs for entry in excluded) == clean.n_songs - clean.songs.height
    assert sum(entry.n_rows for entry in excluded) == int((~kept).sum())
    merged = [entry for entry in clean.counts if entry.action == "merged"]
    assert sum(entry.n_rows for entry in merged) == n_rows - clean.n_songs
    assert [entry.reason for entry in clean.counts] == list(RULES)
    assert all(entry.sentence.endswith(".") and len(entry.examples) <= 5 for entry in clean.counts)
