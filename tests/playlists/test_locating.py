"""A template for a whole playlist: what gets a place, what keeps its own, and what is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from songatlas.errors import BadSettings
from songatlas.playlists import Track, TrackList, left_out, locate_all

ID = "4XU3UbQRXTkBR8VastbrFK"
MINE = Track(title="Mine", artists=("A",), location="/mine/one.mp3")
NEW = Track(title="New", artists=("B",), album="Some", song_id=ID, spotify_uri=f"spotify:track:{ID}")
BARE = Track(title="Bare", artists=("C",), song_id="17")


def test_own_songs_keep_their_place() -> None:
    found = locate_all(TrackList(name="x", tracks=(MINE, NEW)), template="{artist}/{title}.mp3", added=[1])
    assert found.tracks.tracks[0] == MINE
    assert found.tracks.tracks[1].location == "B/New.mp3"


def test_own_songs_without_any_place_get_one() -> None:
    found = locate_all(TrackList(name="x", tracks=(BARE, NEW)), template="{artist}/{title}.mp3", added=[1])
    assert found.tracks.tracks[0].location == "C/Bare.mp3"


def test_a_field_that_no_song_has_is_refused() -> None:
    with pytest.raises(BadSettings, match=r"no song has {album}: leave it out of --location"):
        locate_all(TrackList(name="x", tracks=(MINE, BARE)), template="{album}/{title}.mp3")


def test_a_field_that_some_songs_lack_is_told() -> None:
    found = locate_all(TrackList(name="x", tracks=(BARE, NEW)), template="https://h/{album}/{title}")
    assert found.notes == ("1 of 2 songs has no {album}, so --location gives it no place.",)
    assert found.tracks.tracks[0] == BARE


def test_files_that_are_there_are_counted(tmp_path: Path) -> None:
    (tmp_path / "B").mkdir()
    (tmp_path / "B" / "New.mp3").touch()
    tracks = TrackList(name="x", tracks=(BARE, NEW))
    options = {"template": "{artist}/{title}.mp3", "music": tmp_path, "playlist_dir": tmp_path / "lists"}
    assert locate_all(tracks, **options).notes == (f"1 of 2 files found under {str(tmp_path)!r}.",)


def test_a_folder_of_music_has_to_be_there(tmp_path: Path) -> None:
    tracks = TrackList(name="x", tracks=(NEW,))
    with pytest.raises(BadSettings, match="there is no folder"):
        locate_all(tracks, template="{title}.mp3", music=tmp_path / "none")
    with pytest.raises(BadSettings, match="give --location too"):
        locate_all(tracks, template=None, music=tmp_path)


def test_only_added_songs_count_as_spotify_alone() -> None:
    tracks = TrackList(name="x", tracks=(NEW, MINE, NEW))
    assert left_out(tracks, "m3u8")[0].startswith("2 of 3 songs have only a Spotify URI")
    assert left_out(tracks, "m3u8", added=[2])[0].startswith("1 of 1 added song has only a Spotify URI")
    assert left_out(tracks, "m3u8", added=[1]) == ()
    assert "--location" in left_out(tracks, "m3u8")[0]


def test_names_in_notes_are_cut_between_words() -> None:
    long = Track(title=" ".join(["word"] * 60), song_id=ID)
    assert "word …" in left_out(TrackList(name="x", tracks=(long,)), "m3u8")[0]
