"""Playlists that people made, put in order in the space of listening."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from songatlas.atlas.taste import SongTaste, fit_song_taste
from songatlas.playlists.keys import harmonic, wheel_places_of
from songatlas.playlists.orders import order_songs
from songatlas.playlists.spacing import first_artists, largest_gap, too_close
from songatlas.playlists.tours import distances_between, shortest_tour, tour_length
from songatlas.songs import read_songs


@pytest.fixture(scope="module")
def real(shared_data: Path) -> tuple[pl.DataFrame, SongTaste, list[np.ndarray]]:
    songs = read_songs(shared_data / "playlists.parquet").songs
    row_of = {song_id: row for row, song_id in enumerate(songs["song_id"])}
    table = pl.read_parquet(shared_data / "playlists.parquet").sort("playlist_id", "pos")
    lists = []
    for _, of_list in table.group_by("playlist_id", maintain_order=True):
        ids = [text.rsplit(":", 1)[-1] for text in of_list["id"]]
        rows = list(dict.fromkeys(row_of[song_id] for song_id in ids if song_id in row_of))
        if 40 <= len(rows) <= 60:
            lists.append(np.array(rows))
    assert len(lists) >= 8
    return songs, fit_song_taste(songs), lists[:8]


def test_smooth_is_less_than_half_of_random_and_keeps_artists_apart(real) -> None:
    songs, taste, lists = real
    shares = []
    for rows in lists:
        points = taste.listening[rows].astype(np.float64)
        random = distances_between(points).sum() / len(rows)
        shares.append(tour_length(points, shortest_tour(points)) / random)
        groups = first_artists(songs[rows])
        if largest_gap(groups) >= 2:
            assert too_close(groups[order_songs(songs[rows], points).rows], 2) == 0
    assert np.mean(shares) < 0.6


def test_keys_clash_seldom(real) -> None:
    songs, taste, lists = real
    for rows in lists:
        keys = wheel_places_of(songs[rows])
        line = keys[order_songs(songs[rows], taste.listening[rows], order="key", artist_gap=0).rows]
        assert harmonic(line[:-1], line[1:]).mean() > 0.8


def test_how_well_known_songs_are_is_not_heard(real) -> None:
    songs, taste, _ = real
    others = fit_song_taste(songs.with_columns(popularity=100 - pl.col("popularity")))
    assert np.array_equal(taste.listening, others.listening)
    assert not np.array_equal(taste.points, others.points)
    assert taste.listening.shape[1] == taste.points.shape[1] - 1
