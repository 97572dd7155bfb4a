"""Tables as `songatlas scan` writes them, of songs that never sounded: genres are clouds of vectors."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl

GENRES = {  # loudness, tempo, duration in s, energy, what is heard
    "ambient": (-22.0, 84.0, 320.0, 0.15, ("ambient", "instrumental")),
    "metal": (-7.0, 132.0, 250.0, 0.92, ("metal", "guitar")),
    "folk": (-15.0, 104.0, 200.0, 0.35, ("folk", "acoustic")),
    "techno": (-9.0, 128.0, 380.0, 0.85, ("electronic", "dance")),
    "jazz": (-17.0, 118.0, 300.0, 0.4, ("jazz", "saxophone")),
}
N_EMBEDDING, N_STATISTICS = 200, 48
ESTIMATES = ("energy", "danceability", "acousticness", "instrumentalness", "valence", "speechiness")
MEASURED_BY = "songatlas 0.1.0, audio 1"


def scanned_songs(n_songs: int = 300, *, seed: int = 0, failed: int = 0) -> pl.DataFrame:
    """Return a scanned table of `n_songs` rows, the last `failed` of which could not be read."""
    rng = np.random.default_rng(seed)
    names = list(GENRES)
    genre = rng.integers(0, len(names), n_songs)
    centres = rng.normal(size=(len(names), N_EMBEDDING)) * (rng.random(N_EMBEDDING) < 0.3)
    clouds = rng.normal(size=(len(names), N_STATISTICS))
    embedding = np.maximum(centres[genre] + rng.normal(scale=0.7, size=(n_songs, N_EMBEDDING)), -0.5)
    statistics = (clouds[genre] + rng.normal(size=(n_songs, N_STATISTICS))) * np.logspace(-3, 3, N_STATISTICS)
    facts = np.array([GENRES[name][:4] for name in names], dtype=float)[genre]
    facts += rng.normal(scale=(2.0, 9.0, 40.0, 0.06), size=facts.shape)
    estimates = {
        f"{name}_estimate": np.clip(facts[:, 3] + rng.normal(scale=0.1, size=n_songs), 0.01, 0.99).round(4)
        for name in ESTIMATES
    }
    estimates["speechiness_estimate"] = rng.uniform(0.02, 0.2, n_songs).round(4)
    artists = rng.integers(0, max(2, n_songs // 8), n_songs)
    table = pl.DataFrame(
        {
            "song_id": [f"audio:{seed:08x}{row:024x}" for row in range(n_songs)],
            "title": [f"Song {row}" for row in range(n_songs)],
            "artists": [[f"Artist {number}"] for number in artists],
            "album": [f"Album {number}" for number in artists],
            "album_artist": [f"Artist {number}" for number in artists],
            "genre": [[names[each].title()] if each % 2 else [] for each in genre],
            "year": rng.integers(1965, 2024, n_songs),
            "track_number": rng.integers(1, 15, n_songs),
            "isrc": pl.Series([None] * n_songs, dtype=pl.String),
            "path": [f"/music/{names[each]}/{row} song.mp3" for row, each in enumerate(genre)],
            "duration_ms": np.maximum(facts[:, 2], 40.0).round(3) * 1000,
            "loudness_db": facts[:, 0].round(2),
            "tempo_bpm": np.maximum(facts[:, 1], 50.0).round(1),
            "key": rng.integers(0, 12, n_songs),
            "mode": rng.integers(0, 2, n_songs),
            **estimates,
            "liveness": pl.Series([None] * n_songs, dtype=pl.Float64),
            "time_signature": pl.Series([None] * n_songs, dtype=pl.Int64),
            "heard_tags": [list(GENRES[names[each]][4]) for each in genre],
            "audio_tags": pl.Series(_rounded(rng.random((n_songs, 50))), dtype=pl.List(pl.Float32)),
            "audio_embedding": pl.Series(_rounded(embedding), dtype=pl.List(pl.Float32)),
            "audio_statistics": pl.Series(_rounded(statistics), dtype=pl.List(pl.Float32)),
            "tempo_confidence": rng.random(n_songs).round(3),
            "key_confidence": rng.random(n_songs).round(3),
            "loudness_range": rng.uniform(2, 15, n_songs).round(2),
            "sample_rate": [44_100] * n_songs,
            "measured_by": [MEASURED_BY] * n_songs,
            "outcome": ["ok"] * n_songs,
            "outcome_reason": pl.Series([None] * n_songs, dtype=pl.String),
        }
    )
    return _with_failures(table, failed)


def _with_failures(table: pl.DataFrame, failed: int) -> pl.DataFrame:
    """The table, its last rows as those of files that could not be read."""
    heard = pl.int_range(pl.len()) < table.height - failed
    kept = ("song_id", "title", "path", "outcome", "outcome_reason")
    return table.with_columns(
        *(pl.when(heard).then(name).alias(name) for name in table.columns if name not in kept),
        pl.when(~heard).then(pl.lit("unreadable")).otherwise("outcome").alias("outcome"),
        pl.when(~heard).then(pl.lit("the file ends after 12 bytes")).alias("outcome_reason"),
    )


def as_json_text(table: pl.DataFrame) -> pl.DataFrame:
    """Return a scanned table as it stands in a CSV file: lists as JSON text."""
    return table.with_columns(
        pl.Series(name, [_json(cell) for cell in table[name].to_list()], dtype=pl.String)
        for name, dtype in table.schema.items()
        if isinstance(dtype, pl.List)
    )


def _json(cell: list[Any] | None) -> str | None:
    if cell is None:
        return None
    parts = [float(f"{part:.4g}") if isinstance(part, float) else part for part in cell]
    return json.dumps(parts, separators=(",", ":"))


def _rounded(matrix: np.ndarray) -> list[list[float]]:
    """Rows of numbers with four significant digits."""
    return [[float(f"{value:.4g}") for value in row] for row in matrix]
