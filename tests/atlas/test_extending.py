"""Tracks of playlist files among the songs of an atlas."""

from __future__ import annotations

import polars as pl
import pytest

from songatlas.atlas.extending import rows_of_tracks
from songatlas.playlists import Track

SONGS = pl.DataFrame(
    {
        "song_id": ["4XU3UbQRXTkBR8VastbrFK", "b", "c", "d", "e"],
        "title": ["Halo", "Halo", "Blinding Lights", "My Oh My (feat. DaBaby)", None],
        "artists": [["Beyoncé"], ["Beyoncé"], ["The Weeknd"], ["Camila Cabello", "DaBaby"], ["Beyoncé"]],
        "popularity": [10.0, 80.0, 90.0, 70.0, 99.0],
        "isrc": [None, None, "usug11904206", None, None],
    }
)


@pytest.mark.parametrize(
    ("track", "row"),
    [
        (Track(song_id="b"), 1),
        (Track(spotify_uri="spotify:track:4XU3UbQRXTkBR8VastbrFK"), 0),
        (Track(isrc="USUG11904206"), 2),
        (Track(title="halo", artists=("BEYONCE",)), 1),
        (Track(title="Blinding Lights", artists=("The Weeknd feat. X",)), 2),
        (Track(title="Blinding Lights (Official Video)", artists=("The Weeknd",)), 2),
        (Track(title="Blinding Lights - Remix", artists=("The Weeknd",)), 2),
        (Track(title="My Oh My", artists=("Camila Cabello, DaBaby",)), 3),
        (Track(title="Halo", artists=("Depeche Mode",)), None),
        (Track(title="Halo"), None),
        (Track(title="Olah", artists=("Beyoncé",)), None),
        (Track(title="H\ud800", artists=("Beyoncé",)), None),
        (Track(location="a.mp3"), None),
    ],
)
def test_a_track_is_found_however_it_is_written(track: Track, row: int | None) -> None:
    assert rows_of_tracks(SONGS, [track]) == [row]


def test_songs_without_names_are_found_by_id_alone() -> None:
    bare = SONGS.select("song_id")
    assert rows_of_tracks(bare, [Track(song_id="c"), Track(title="Halo", artists=("Beyoncé",))]) == [2, None]
