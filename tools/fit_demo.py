"""Fit the statistics behind the simulated catalogue from tables of real tracks.

    python tools/fit_demo.py spotify_songs.csv real_tracks.parquet [-o demo_statistics.json]

The first table gives sound, year, popularity, key and mode by playlist subgenre; the second, which need
not have genres, gives time signatures by danceability and explicit lyrics by speechiness. Only aggregates
are written: shares, quantiles, rank correlations. No title, artist or row of a table leaves it.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

DEFAULT_OUTPUT = Path(__file__).resolve().parents[1] / "src" / "songatlas" / "demo_statistics.json"
VARIABLES = (
    "danceability",
    "energy",
    "loudness",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "liveness",
    "valence",
    "tempo",
    "duration_ms",
    "popularity",
    "year",
)
SCORES = np.round(np.linspace(-3.2, 3.2, 33), 1)
SPEECHINESS_EDGES = (0.035, 0.05, 0.08, 0.15, 0.25)
EXPLICIT_SINCE = 1990
BEATS = (1.0, 3.0, 4.0, 5.0)


def rounded(values: Any, digits: int) -> list[float]:
    """Round to that many significant digits, as JSON numbers."""
    return [float(f"{value:.{digits}g}") for value in np.asarray(values, dtype=float).ravel()]


def read_tracks(path: Path) -> pl.DataFrame:
    """Read the table with genres: one row an id and subgenre, silence left out."""
    date = pl.col("track_album_release_date")
    year_day = (date.str.to_date("%Y-%m-%d", strict=False).dt.ordinal_day().cast(pl.Float64) - 0.5) / 366
    spread = (pl.int_range(pl.len()) * 0.6180339887) % 1  # a date of which only the year is known
    return (
        pl.read_csv(path)
        .rename({"track_popularity": "popularity"})
        .unique(["track_id", "playlist_subgenre"], keep="first", maintain_order=True)
        .filter(pl.col("tempo") > 0)
        .with_columns(
            year=date.str.slice(0, 4).cast(pl.Float64) + pl.coalesce(year_day, spread),
            year_only=date.str.len_chars() == 4,
        )
    )


def group_shares(tracks: pl.DataFrame, group: str) -> np.ndarray:
    """Share of the variance of ranks within a subgenre that lies between groups (artists, albums)."""
    shares = []
    within = ["playlist_subgenre", group]
    for name in VARIABLES:
        rank = pl.col(name).rank() / pl.len()
        ranks = tracks.select(*within, (rank - rank.mean()).over("playlist_subgenre").alias("rank"))
        total = ranks.select(pl.col("rank").pow(2).mean()).item()
        several = ranks.filter(pl.len().over(within) > 1)
        deviation = pl.col("rank") - pl.col("rank").mean().over(within)
        squares = several.select(deviation.pow(2).sum()).item()
        shares.append(1 - squares / (several.height - several.select(within).n_unique()) / total)
    return np.clip(shares, 0.0, 1.0)


def subgenre_statistics(songs: pl.DataFrame, n_all: int) -> dict[str, Any]:
    """Share, marginal quantiles, rank correlations and keys of one subgenre."""
    levels = [0.5 * (1 + math.erf(score / math.sqrt(2))) for score in SCORES]
    ranks = songs.select(pl.col(VARIABLES).rank()).to_numpy()
    correlations = np.corrcoef(ranks, rowvar=False)
    keys = np.bincount(songs["key"].to_numpy() * 2 + songs["mode"].to_numpy(), minlength=24)
    return {
        "subgenre": songs["playlist_subgenre"][0],
        "genre": songs["playlist_genre"][0],
        "share": round(songs.height / n_all, 5),
        "quantiles": {
            name: rounded(np.quantile(songs[name].to_numpy(), levels), 6 if name == "year" else 4)
            for name in VARIABLES
        },
        "rank_correlations": [round(float(r), 3) for r in correlations[np.triu_indices(len(VARIABLES), 1)]],
        "key_mode_shares": rounded(keys / keys.sum(), 3),
    }


def year_only_shares(tracks: pl.DataFrame) -> dict[str, float]:
    """Share of dates that give the year alone, by decade from the 1960s on."""
    decade = ((pl.col("year") // 10) * 10).cast(pl.Int64).clip(lower_bound=1960).alias("decade")
    shares = tracks.group_by(decade).agg(pl.col("year_only").mean()).sort("decade")
    return {str(decade): round(share, 3) for decade, share in shares.iter_rows()}


def second_genre_shares(tracks: pl.DataFrame, genres: list[str]) -> list[list[float]]:
    """For songs of one genre that stand under another too: how often under which."""
    pairs = tracks.select("track_id", "playlist_genre").unique()
    both = pairs.join(pairs, on="track_id").filter(pl.col("playlist_genre") != pl.col("playlist_genre_right"))
    counts = {
        (a, b): n for a, b, n in both.group_by("playlist_genre", "playlist_genre_right").len().iter_rows()
    }
    table = np.array([[counts.get((a, b), 0) for b in genres] for a in genres], dtype=float)
    return [rounded(row / row.sum(), 3) for row in table]


def explicit_shares(tracks: pl.DataFrame) -> dict[str, Any]:
    """Share of explicit songs by speechiness, before and since the label was common."""
    known = tracks.filter(
        pl.col("explicit").is_not_null() & pl.col("speechiness").is_not_null()
    ).with_columns(year=pl.col("release_date").str.slice(0, 4).cast(pl.Int64, strict=False))
    step = np.searchsorted(SPEECHINESS_EDGES, known["speechiness"].to_numpy())
    known = known.with_columns(pl.Series("step", step), explicit=pl.col("explicit").cast(pl.Float64))
    shares = {}
    for name, when in (
        ("before", pl.col("year") < EXPLICIT_SINCE),
        ("since", pl.col("year") >= EXPLICIT_SINCE),
    ):
        by_step = known.filter(when).group_by("step").agg(pl.col("explicit").mean()).sort("step")
        shares[name] = rounded(by_step["explicit"].to_numpy(), 3)
    return {"speechiness_edges": list(SPEECHINESS_EDGES), "since_year": EXPLICIT_SINCE, **shares}


def time_signature_shares(tracks: pl.DataFrame) -> dict[str, Any]:
    """Shares of 1, 3, 4 and 5 beats a bar by tenth of danceability."""
    known = tracks.filter(pl.col("time_signature").is_in(BEATS) & pl.col("danceability").is_not_null())
    tenth = (known["danceability"].to_numpy() * 10).astype(int).clip(0, 9)
    beats = known["time_signature"].to_numpy()
    return {
        "beats": [int(beat) for beat in BEATS],
        "by_danceability_tenth": [
            rounded([np.mean(beats[tenth == step] == beat) for beat in BEATS], 3) for step in range(10)
        ],
    }


def fit(songs_path: Path, tracks_path: Path) -> dict[str, Any]:
    """Return everything the simulated catalogue needs to know of real tracks."""
    tracks = read_tracks(songs_path)
    others = pl.read_parquet(tracks_path)
    artist = group_shares(tracks, "track_artist")
    album = np.clip(group_shares(tracks, "track_album_id") - artist, 0.0, 1.0)
    genres = sorted(tracks["playlist_genre"].unique())
    parts = tracks.sort("playlist_genre", "playlist_subgenre", maintain_order=True).partition_by(
        "playlist_subgenre", maintain_order=True
    )
    return {
        "about": "Aggregates of real tracks by subgenre, written by tools/fit_demo.py; do not edit.",
        "variables": list(VARIABLES),
        "normal_scores": [float(score) for score in SCORES],
        "artist_shares": rounded(artist, 3),
        "album_shares": rounded(album, 3),
        "year_only_shares": year_only_shares(tracks),
        "explicit_shares": explicit_shares(others),
        "time_signature_shares": time_signature_shares(others),
        "genres": genres,
        "second_genre_shares": second_genre_shares(tracks, genres),
        "subgenres": [subgenre_statistics(part, tracks.height) for part in parts],
    }


def main() -> None:
    """Read the two tables and write the JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("songs", type=Path, help="CSV of tracks with playlist_genre and playlist_subgenre")
    parser.add_argument("tracks", type=Path, help="Parquet of tracks with time_signature and explicit")
    parser.add_argument("-o", "--output", type=Path, default=DEFAULT_OUTPUT)
    options = parser.parse_args()
    text = json.dumps(fit(options.songs, options.tracks), separators=(",", ":"))
    options.output.write_text(text.replace('{"subgenre":', '\n{"subgenre":') + "\n", encoding="utf-8")
    print(f"{options.output}: {options.output.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
