"""One genre a song: the words of a column, or families where the words are too many."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songatlas.errors import UnknownName
from songatlas.genres import FEWEST_SONGS, genre_labels


def test_a_genre_column_is_taken_before_tags() -> None:
    songs = pl.DataFrame({"genre": ["Rock"] * 6 + ["Jazz"] * 5, "tags": [["noise"]] * 11})
    found = genre_labels(songs)
    assert found is not None
    assert (found.column, found.n_genres, found.coverage) == ("genre", 2, 1.0)
    assert found.labels.to_list() == ["Rock"] * 6 + ["Jazz"] * 5
    assert found.sentence == "2 genres from the column 'genre' for 11 of 11 songs (100%)."


def test_spellings_that_differ_in_case_and_padding_are_one_genre() -> None:
    songs = pl.DataFrame({"genre": ["rock", "Rock ", "Rock", " ROCK", "Rock", "", "  ", None, "Polka"]})
    found = genre_labels(songs)
    assert found is not None
    assert found.labels.to_list() == ["Rock"] * 5 + [None] * 4
    assert found.coverage == pytest.approx(5 / 9)


def test_tags_are_put_into_families() -> None:
    tags = [["irish folk", "folk"]] * 5 + [["folk", "rock"]] * 6 + [["hard rock"]] * 7 + [[]] * 2 + [None]
    found = genre_labels(pl.DataFrame({"tags": tags}))
    assert found is not None
    assert found.column == "tags"
    assert found.labels.to_list()[:5] == ["folk"] * 5
    assert found.labels.to_list()[11:] == ["rock"] * 7 + [None] * 3
    assert dict(found.families) == {"folk": ("folk", "irish folk"), "rock": ("hard rock", "rock")}
    assert "made of the 4 different tags of the column 'tags' for 18 of 21 songs (86%)" in found.sentence


def test_equally_common_tags_that_name_nothing_go_by_the_alphabet() -> None:
    songs = pl.DataFrame({"tags": [["b", "a", "b"]] * 5 + [["c", None, ""]] * 5})
    found = genre_labels(songs)
    assert found is not None
    assert found.labels.to_list() == ["a"] * 5 + ["c"] * 5


def test_rare_tags_that_name_nothing_are_no_genres() -> None:
    tags = [["pop"]] * 990 + [["microtonal"]] * 9 + [["pop", "seapunk"]]
    found = genre_labels(pl.DataFrame({"tags": tags}))
    assert found is not None
    assert found.labels.unique().drop_nulls().to_list() == ["pop"]
    assert found.labels.null_count() == 9


def test_a_few_words_one_a_song_stay_as_they_are() -> None:
    words = ["Hard Rock", "Soft Rock", "Deep House"]
    column = genre_labels(pl.DataFrame({"genre": words * 5}))
    lists = genre_labels(pl.DataFrame({"genre": [[word] for word in words * 5]}))
    for found in (column, lists):
        assert found is not None
        assert found.labels.to_list() == words * 5
        assert found.families == {}


def test_many_words_one_a_song_become_families() -> None:
    places = [f"town {number}" for number in range(20)]
    words = [f"{place} {kind}" for place in places for kind in ("house", "punk")]
    found = genre_labels(pl.DataFrame({"genre": words * 5}))
    assert found is not None
    assert found.labels.to_list() == ["electronic", "punk"] * 100
    assert (found.coverage, set(found.families)) == (1.0, {"electronic", "punk"})


def test_a_named_column_of_many_words_that_are_no_genres_keeps_them() -> None:
    lists = [f"list {number}" for number in range(50)]
    found = genre_labels(pl.DataFrame({"playlist": lists * 5}), column="playlist")
    assert found is not None
    assert found.n_genres == 50
    assert found.families == {}


def test_genres_of_fewer_than_five_songs_are_dropped() -> None:
    found = genre_labels(pl.DataFrame({"genre": ["a"] * 5 + ["b"] * 4}))
    assert found is not None
    assert found.labels.to_list() == ["a"] * 5 + [None] * 4
    assert genre_labels(pl.DataFrame({"genre": list("abcd")})) is None


def test_a_table_without_genres_has_none() -> None:
    assert genre_labels(pl.DataFrame({"title": ["x"] * 9})) is None
    assert genre_labels(pl.DataFrame({"tags": [[]] * 9}, schema={"tags": pl.List(pl.String)})) is None
    assert genre_labels(pl.DataFrame({"genre": [None] * 9}, schema={"genre": pl.String})) is None


def test_a_named_column_is_used_whatever_its_kind() -> None:
    songs = pl.DataFrame({"genre": ["x"] * 6, "playlist": ["gym"] * 6, "decade": [1980] * 6})
    assert genre_labels(songs, column="playlist").labels.to_list() == ["gym"] * 6  # type: ignore[union-attr]
    assert genre_labels(songs, column="decade").labels.to_list() == ["1980"] * 6  # type: ignore[union-attr]
    with pytest.raises(UnknownName, match=r"'playlists'; did you mean 'playlist'\?"):
        genre_labels(songs, column="playlists")


@settings(max_examples=60, deadline=None)
@given(tags=st.lists(st.one_of(st.none(), st.lists(st.sampled_from("abcdef"), max_size=4)), max_size=60))
def test_a_song_gets_the_family_of_one_of_its_tags_or_none(tags: list[list[str] | None]) -> None:
    found = genre_labels(pl.DataFrame({"tags": tags}, schema={"tags": pl.List(pl.String)}))
    if found is None:
        return
    assert found.labels.len() == len(tags)
    for own, label in zip(tags, found.labels, strict=True):
        assert label is None or label in (own or []) or set(own or []) & set(found.families[label])
    assert found.labels.drop_nulls().value_counts()["count"].min() >= FEWEST_SONGS
