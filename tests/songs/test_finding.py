"""Songs found by the words a person types."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from songatlas.errors import UnknownName
from songatlas.songs.finding import find_songs, several_meant

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
    assert find_songs(SONGS, text).tolist() == [row]


def test_several_songs_of_one_name_are_named() -> None:
    assert find_songs(SONGS, "hello").tolist() == [0, 1]
    told = several_meant(SONGS, np.array([0, 1]), "hello")
    assert told.startswith("2 songs are called 'hello': Hello - Adele (4XU")
    assert "name the artist" in told
    twice = pl.concat([SONGS, SONGS.with_columns(song_id=pl.col("song_id") + "2")])
    rows = find_songs(twice, "hello - adele")
    assert len(rows) == 2
    told = several_meant(twice, rows, "hello - adele")
    assert "give the id in brackets" in told
    assert "name the artist" not in told


def test_many_songs_of_one_name_are_cut() -> None:
    many = pl.DataFrame({"song_id": [f"s{i}" for i in range(9)], "title": ["Intro"] * 9,
                         "artists": [[f"A{i}"] for i in range(9)]})  # fmt: skip
    rows = find_songs(many, "intro")
    assert len(rows) == 9
    told = several_meant(many, rows, "intro")
    assert told.startswith("9 songs")
    assert "and 4 more" in told


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("Helo", "Hello"),
        ("Cafe del Mare - Olafur", "Café del Mar"),
        ("Olafr - Cafe del Mar", "Café del Mar"),
        ("zzzz", None),
        ("", None),
        ("!", None),
    ],
)
def test_what_is_not_there_is_refused_with_the_nearest(text: str, nearest: str | None) -> None:
    with pytest.raises(UnknownName, match="no song is called") as caught:
        find_songs(SONGS, text)
    assert ("did you mean" in str(caught.value)) == (nearest is not None)
    assert nearest is None or nearest in str(caught.value)


def test_songs_without_titles_are_known_by_their_id_alone() -> None:
    bare = pl.DataFrame({"song_id": ["a1", "b2"]})
    assert find_songs(bare, "b2").tolist() == [1]
    with pytest.raises(UnknownName, match="no song is called 'Hello'"):
        find_songs(bare, "Hello")


def test_an_artist_is_told_to_be_one() -> None:
    with pytest.raises(UnknownName, match="'adele': that is an artist of 1 song; name one"):
        find_songs(SONGS, "adele")


def test_endless_words_are_refused_at_once() -> None:
    with pytest.raises(UnknownName, match="at most 10,000 letters") as caught:
        find_songs(SONGS, "a " * 50_000)
    assert len(str(caught.value)) < 300
    with pytest.raises(UnknownName) as caught:
        find_songs(SONGS, "a " * 4_000)
    assert len(str(caught.value)) < 400
