"""A search finds what a person means by the words they began to type."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import Atlas, build_atlas, build_demo
from songatlas.atlas.song_search import search_songs
from songatlas.errors import BadSettings

SONGS = [
    ("id01", "Halo", ["Beyoncé"], 80.0),
    ("id02", "Halo", ["Texas"], 40.0),
    ("id03", "Halo of Flies", ["Alice Cooper"], 30.0),
    ("id04", "Broken Halo", ["Nobody Known"], 95.0),
    ("id05", "Bohemian Rhapsody", ["Queen"], 90.0),
    ("id06", "Killer Queen", ["Queen"], 70.0),
    ("id07", "???", ["Signs"], None),
    ("id08", "愛をこめて花束を", ["Superfly"], 20.0),
    ("id09", "C'est la vie", ["Khaled", "Queen Ifrica"], None),
    ("id10", "Blackbird", ["The Beatles"], 77.0),
]


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    """Some songs of the demo under titles of our own; the others are called by numbers."""
    built = build_demo(120, k=3, k_max=3)
    n = built.songs.height
    names = [*SONGS, *((f"zz{row}", f"Number {row}", ["Counting"], 0.0) for row in range(len(SONGS), n))]
    columns = dict(zip(("song_id", "title", "artists", "popularity"), zip(*names, strict=True), strict=True))
    own = [pl.Series(name, values, dtype=built.songs[name].dtype) for name, values in columns.items()]
    return replace(built, songs=built.songs.with_columns(own))


def found(atlas: Atlas, text: str, n: int = 20) -> list[str]:
    return list(atlas.songs["song_id"].gather(search_songs(atlas, text, n=n)))


@pytest.mark.parametrize(
    ("text", "songs"),
    [
        (
            "halo",
            ["id01", "id02", "id03", "id04"],
        ),  # exact titles, then beginnings, then words; known ones first
        ("HALO beyonce", ["id01"]),
        ("bohe queen", ["id05"]),
        ("queen bohe", ["id05"]),
        ("queen", ["id05", "id06", "id09"]),
        ("cest la", ["id09"]),
        ("c'est", ["id09"]),
        ("???", ["id07"]),
        ("花束", ["id08"]),
        ("lackbir", ["id10"]),
        ("id05", ["id05"]),
        ("  Killer   Queen ", ["id06"]),
        ("halo queen", []),
        ("nothing of the kind", []),
        ("", []),
        ("   ", []),
        ("\udcff", []),
        (".*", []),
        ("halo" * 500, []),
    ],
)
def test_what_words_find(atlas: Atlas, text: str, songs: list[str]) -> None:
    assert found(atlas, text) == songs


def test_no_more_than_asked_for_the_best_first(atlas: Atlas) -> None:
    assert found(atlas, "halo", n=2) == ["id01", "id02"]
    assert len(found(atlas, "number", n=7)) == 7
    with pytest.raises(BadSettings, match="at least one song"):
        search_songs(atlas, "halo", n=0)


def test_rows_are_whole_numbers(atlas: Atlas) -> None:
    for text in ("halo", "", "zzz none"):
        assert search_songs(atlas, text).dtype == np.int64


def test_a_table_without_titles_is_searched_by_id(atlas: Atlas) -> None:
    bare = replace(atlas, songs=atlas.songs.drop("title", "artists", "popularity"))
    assert found(bare, "id07") == ["id07"]
    assert found(bare, "halo") == []
    assert found(bare, "???") == []


def test_real_songs_are_found_by_the_beginnings_of_words(shared_data: Path) -> None:
    table = pl.read_csv(shared_data / "spotify_songs.csv", n_rows=3000, infer_schema_length=None)
    atlas = build_atlas(table, k=3, k_max=3)
    row = int(search_songs(atlas, "maroon memo")[0])
    assert atlas.songs["title"][row].startswith("Memories")
    assert "Maroon 5" in atlas.songs["artists"][row]
