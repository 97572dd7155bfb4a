"""Finding artists by what a person types."""

from __future__ import annotations

import polars as pl
import pytest

from songatlas.artists import credits_of, find_artist
from songatlas.errors import UnknownName
from songatlas.songs.finding import folded_texts

NAMES = (
    "The Beatles", "Beyoncé", "AC/DC", "!!!", "Sigur Rós", "Ann Lee", "Bob Lee", "Bach", "Bach",
    "Johann Bach", "Beyonce", "<script>", "[bold]x", "月の図書館", "a" * 10_000,
)  # fmt: skip


@pytest.fixture(scope="module")
def credits() -> object:
    return credits_of(pl.Series(NAMES))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("the beatles", "The Beatles"),
        ("Beatles", "The Beatles"),
        ("beyoncé ", "Beyoncé"),
        ("BEYONCE", "Beyonce"),
        ("acdc", "AC/DC"),
        ("ac dc", "AC/DC"),
        ("!!!", "!!!"),
        ("sigur ros", "Sigur Rós"),
        ("bach", "Bach"),
        ("johann", "Johann Bach"),
        ("<SCRIPT>", "<script>"),
        ("[bold]x", "[bold]x"),
        ("月の図書館", "月の図書館"),
        ("A" * 10_000, "a" * 10_000),
    ],
)
def test_names_are_found(credits: object, text: str, name: str) -> None:
    assert credits.names[find_artist(credits, text, folded=folded_texts)] == name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Lee", r"2 artists may be meant by 'Lee': 'Ann Lee' \(1 song\); 'Bob Lee' \(1 song\); write one"),
        ("béyonce", "2 artists may be meant"),
        ("The Beetles", "did you mean 'The Beatles'"),
        ("zzzzzz", "no artist is called 'zzzzzz' \\("),
        ("", "no artist is called ''"),
        ("?", "no artist is called"),
        ("(", "no artist is called"),
    ],
)
def test_others_are_not_and_the_message_says_the_next_step(credits: object, text: str, words: str) -> None:
    with pytest.raises(UnknownName, match=words):
        find_artist(credits, text, folded=folded_texts)
