"""Songs found by the words a person types."""

from __future__ import annotations

import polars as pl
import pytest

from songatlas.errors import UnknownName
from songatlas.songs.finding import find_song, find_songs

SONGS = pl.DataFrame(
    {
        "song_id": ["4XU3UbQRXTkBR8VastbrFK", "b", "c", "d", "e", "f", "g", "h"],
        "title": [
            "Hello", "Hello", "Don't Stop Believin'", "Café del Mar", "月の図書館", "???",
            "Angie - Remastered 2009", None,
        ],
        "artists": [["Adele"], ["Lionel Richie", "X"], ["Journey"], ["Ólafur"], ["Sakura"], ["Q"],
                    ["The Stones"], ["Nobody"]],
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("4XU3UbQRXTkBR8VastbrFK", 0),
        ("spotify:track:4XU3UbQRXTkBR8VastbrFK", 0),
        ("https://open.spotify.com/track/4XU3UbQRXTkBR8VastbrFK?si=abc", 0),
        ("hello - ADELE", 0),
        ("Adele – Hello", 0),
        ("Hello - Lionel Richie", 1),
        ("Hello - Lionel Richie, X", 1),
        ("dont stop believin", 2),
        ("  Don’t Stop, Believin'! ", 2),
        ("cafe DEL mar", 3),
        ("月の図書館", 4),
        ("???", 5),
        ("angie", 6),
        ("Angie - stones", 6),
        ("h", 7),
    ],
)
def test_a_song_is_found_however_it_is_written(text: str, row: int) -> None:
    assert find_song(SONGS, text) == row


def test_several_songs_of_one_name_are_named() -> None:
    assert find_songs(SONGS, "hello").tolist() == [0, 1]
    with pytest.raises(
        UnknownName, match=r"2 songs are called 'hello': Hello - Adele \(4XU.*name the artist"
    ):
        find_song(SONGS, "hello")
    twice = pl.concat([SONGS, SONGS.with_columns(song_id=pl.col("song_id") + "2")])
    with pytest.raises(UnknownName, match="give the id in brackets") as caught:
        find_song(twice, "hello - adele")
    assert "name the artist" not in str(caught.value)


def test_many_songs_of_one_name_are_cut() -> None:
    many = pl.DataFrame({"song_id": [f"s{i}" for i in range(9)], "title": ["Intro"] * 9,
                         "artists": [[f"A{i}"] for i in range(9)]})  # fmt: skip
    with pytest.raises(UnknownName, match=r"9 songs .* and 4 more"):
        find_song(many, "intro")


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("Helo", "Hello"), ("Cafe del Mare - Olafur", "Café del Mar"), ("zzzz", None), ("", None), ("!", None)],
)
def test_what_is_not_there_is_refused_with_the_nearest(text: str, nearest: str | None) -> None:
    with pytest.raises(UnknownName, match="no song is called") as caught:
        find_songs(SONGS, text)
    assert ("did you mean" in str(caught.value)) == (nearest is not None)
    assert nearest is None or nearest in str(caught.value)


def test_songs_without_titles_are_known_by_their_id_alone() -> None:
    bare = pl.DataFrame({"song_id": ["a1", "b2"]})
    assert find_song(bare, "b2") == 1
    with pytest.raises(UnknownName, match="no song is called 'Hello'"):
        find_songs(bare, "Hello")
