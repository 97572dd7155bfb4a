"""Versions of one song: told from other songs, and one that stands for all."""

from __future__ import annotations

import re
import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ordinary_songs import SOUND, a_song, cleaned, count, table_of

from songatlas.songs.cleaning import clean_songs
from songatlas.songs.versions import (
    NORMAL,
    _in_small_letters,
    _without_signs,
    _without_version,
    name_sums,
)

VERSIONS_OF_YELLOW = (
    "Yellow - Remastered 2011",
    "Yellow (Live at the BBC)",
    "YELLOW",
    "Yellow (feat. Bob)",
    "Yellow feat. Bob",
    "Yellow - Radio Edit",
    "Yellow (2003 Remaster)",
    "Yellow - Ao Vivo",
    'Yellow - From "The Film"',
)


@pytest.mark.parametrize("title", VERSIONS_OF_YELLOW)
def test_versions_are_kept_and_marked(title: str) -> None:
    clean = cleaned(a_song("a", title=title), a_song("b", title="Yellow", popularity=80.0))
    assert clean.songs["version_of"].to_list()[:2] == ["b", None]
    assert count(clean, "versions").n_songs == 1
    assert count(clean, "versions").action == "marked"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Intro", "Intro"),
        ("Untitled", "Untitled"),
        ("Interlude 2", "Interlude 2"),
        (None, None),
        ("", ""),
        ("Kapitel 1 - Ferien", "Kapitel 2 - Ferien"),
        ("Suite (Part 1, Live)", "Suite (Part 2, Live)"),
        ("Live and Let Die", "Let Die"),
        ("Track 3", "Track 3"),
        ("Yellow", "Yellow Submarine"),
    ],
)
def test_false_friends_are_no_versions(one: str | None, other: str | None) -> None:
    clean = cleaned(a_song("a", title=one), a_song("b", title=other))
    assert clean.songs["version_of"].null_count() == clean.songs.height


def test_the_same_title_by_another_artist_is_no_version() -> None:
    clean = cleaned(a_song("a", title="Yellow"), a_song("b", title="Yellow", artists=["Bob"]))
    assert clean.songs["version_of"].null_count() == clean.songs.height
    for name in ("Various Artists", "Verschiedene Interpreten", "Různí interpreti", "群星"):
        nobody = {"title": "Yellow", "artists": [name]}
        clean = cleaned(a_song("a", **nobody), a_song("b", **nobody))
        assert clean.songs["version_of"].null_count() == clean.songs.height, name


def test_who_stands_for_all_versions() -> None:
    named = {"title": "Yellow"}
    table = table_of(
        a_song("a", **named, popularity=1.0, year=1990.0),
        a_song("b", **named, popularity=9.0, year=2010.0),
        a_song("c", **named, popularity=9.0, year=2000.0),
        a_song("d", **named, popularity=9.0, year=2000.0),
        a_song("e", **named, popularity=None, year=None),
    )
    clean = clean_songs(table, features=SOUND)
    assert clean.songs["version_of"].to_list()[:5] == ["c", "c", None, "c", "c"]
    unmarked = clean_songs(table, features=SOUND, keep=["versions"])
    assert unmarked.songs["version_of"].null_count() == unmarked.songs.height


PAIRS = (
    ("ﬁeld ½", "FIELD 1⁄2 (Live)"),
    ("ＦＵＬＬ", "full - 2011 Remaster"),
    ("İstanbul", "i̇stanbul"),
    ("Straße 7", "STRASSE 7"),
    ("E\u0301toile (Edit)", "étoile"),
    ("Ⅳ", "iv"),
    ("Kelvin \u212a", "kelvin k"),
    ("Yellow\u00a0-\u00a0Live", "yellow"),
    ("Yellow –\tLive", "YELLOW [feat. B]"),
    ("Yellow（Live）", "Yellow!"),
    ("日本 - Live", "日本"),
    ("a-b ft. X", "A b"),
    ("Rock & Roll", "Rock Roll"),
)


@given(
    st.lists(st.text(max_size=12) | st.sampled_from([title for pair in PAIRS for title in pair]), max_size=20)
)
def test_equal_names_have_equal_sums(titles: list[str]) -> None:
    table = pl.DataFrame(
        {"title": titles, "artist": titles[::-1]}, schema=dict.fromkeys(("title", "artist"), pl.String)
    )
    bare = table.select(
        _in_small_letters(pl.col("artist")).alias("artist"),
        _without_signs(_without_version(_in_small_letters(pl.col("title")))).alias("title"),
        sums=pl.lit(pl.Series(name_sums(table))),
    )
    assert bare.group_by("artist", "title").agg(pl.col("sums").n_unique())["sums"].to_list() == [
        1
    ] * bare.n_unique(["artist", "title"])


def test_normal_letters_stay_as_they_are() -> None:
    every = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    for letter in re.findall(f"[{''.join(NORMAL)}]", every):
        assert unicodedata.normalize("NFKC", f"e{letter}e") == f"e{letter}e"
        assert letter.isascii() or not any(small.isascii() for small in letter.lower())


def test_unknown_names_have_no_sum() -> None:
    table = pl.DataFrame({"title": ["A", None, "A"], "artists": [["B"], ["B"], []]})
    assert (name_sums(table) != 0).tolist() == [True, False, False]
    assert not name_sums(table.drop("artists")).any()
