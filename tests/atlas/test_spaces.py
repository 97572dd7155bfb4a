"""The table of other spaces: the same songs, the same k, the chosen one marked once."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from songatlas.atlas import AtlasSettings
from songatlas.atlas.build import preview
from songatlas.atlas.judging import SongGenres, find_genres, learn_genres
from songatlas.atlas.spaces import AS_CHOSEN, SCHEMA, SPACES, compare_spaces
from songatlas.demo import simulate_catalogue
from songatlas.progress import silent

SOUND = ("danceability", "energy", "valence", "acousticness")


@pytest.fixture(scope="module")
def songs() -> pl.DataFrame:
    return preview(simulate_catalogue(360, seed=2))[1].songs


@pytest.fixture(scope="module")
def known(songs: pl.DataFrame) -> SongGenres | None:
    genres = find_genres(songs, called={}, asked=None)
    return learn_genres(songs, genres, settings=AtlasSettings(threads=1), tell=silent)


def compared(songs: pl.DataFrame, known: SongGenres | None, **changes: Any) -> pl.DataFrame:
    settings = AtlasSettings(k=4, threads=1).change(**changes)
    return compare_spaces(songs, SOUND, known, k=4, settings=settings)


@pytest.mark.parametrize(
    ("changes", "chosen"),
    [
        ({}, "sound, era"),
        ({"genre_pull": 0}, "sound, era"),
        ({"genre_pull": 1}, "genre pull 1"),
        ({"space": ("era", "sound", "tags")}, "sound, era, tags"),
        ({"weights": {"era": 2.0}}, AS_CHOSEN),
        ({"space": ("sound", "genre")}, AS_CHOSEN),
    ],
)
def test_the_space_of_the_settings_is_marked(
    songs: pl.DataFrame, known: SongGenres | None, changes: dict[str, Any], chosen: str
) -> None:
    table = compared(songs, known, **changes)
    assert dict(table.schema) == SCHEMA
    assert table.filter("chosen")["space"].to_list() == [chosen]
    assert table["space"].to_list() == [*SPACES, *([AS_CHOSEN] if chosen == AS_CHOSEN else [])]
    assert table["n_songs"].n_unique() == 1
    assert table["purity"].is_between(0, 1).all()


def test_blocks_that_the_table_cannot_feed_make_no_row_of_their_own(
    songs: pl.DataFrame, known: SongGenres | None
) -> None:
    table = compared(songs.drop("year", "tags"), known)
    assert table["space"].to_list() == ["sound", "genre pull 0.5", "genre pull 1"]
    assert table.filter("chosen")["space"].to_list() == ["sound"]


def test_no_table_without_genres_or_for_the_plain_recipe(
    songs: pl.DataFrame, known: SongGenres | None
) -> None:
    assert compared(songs, None).is_empty()
    assert compared(songs, known, space=("plain",)).is_empty()


def test_threads_change_nothing(songs: pl.DataFrame, known: SongGenres | None) -> None:
    assert compared(songs, known).equals(compared(songs, known, threads=3))
