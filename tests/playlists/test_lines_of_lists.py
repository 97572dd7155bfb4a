"""Words of a list in one line, and the name that a file carries for it."""

from __future__ import annotations

import pytest

from songatlas.playlists.carried import carried_name, restored_name
from songatlas.playlists.tracks import brief_line


@pytest.mark.parametrize(
    ("longest", "line"),
    [
        (11, "Songs of …"),
        (12, "Songs of the …"),
        (16, "Songs of the …"),
        (17, "Songs of the road"),
        (3, "Son …"),
    ],
)
def test_a_line_is_cut_between_words_and_never_longer_than_asked(longest: int, line: str) -> None:
    assert brief_line("Songs  of the\nroad", longest=longest) == line


@pytest.mark.parametrize("text", ["", "{}", '{"name": 5}', '{"name": ""}', '{"name": ["a"]}', "[1]", "{"])
def test_a_name_that_was_not_carried_is_the_plain_one(text: str) -> None:
    assert restored_name("Calm", text) == "Calm"


def test_a_name_is_carried_where_its_plain_reading_differs() -> None:
    assert carried_name("Calm", "Calm") == ""
    assert restored_name("a b", carried_name("a\nb", "a b")) == "a\nb"
