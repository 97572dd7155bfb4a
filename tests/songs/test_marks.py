"""The marks of a CSV text, against a reader that goes byte by byte."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songatlas.songs import marks
from songatlas.songs.marks import Marks, find_marks

PIECES = st.sampled_from(['"', ",", "\n", "a", "\r", "\r\n", '","', '"\n"', '"a,b"', ',"', "b" * 30, "ü"])


def marks_one_by_one(text: str) -> Marks:
    """What `find_marks` must give."""
    inside = closed = False
    is_well_formed, n_lines, n_separators, n_breaks = True, 0, 0, 0
    for place, letter in enumerate(text):
        following = text[place + 1 : place + 3]
        if letter == '"' and not inside:
            is_well_formed &= place == 0 or closed or text[place - 1] in ",\n"
        elif letter == '"':
            is_well_formed &= following[:1] in ("", ",", "\n", '"') or following in ("\r", "\r\n")
        closed = letter == '"' and inside
        inside ^= letter == '"'
        n_separators += letter == "," and not inside
        n_lines += letter == "\n" and not inside
        n_breaks += letter == "\n" and inside
    n_lines += bool(text) and not text.endswith("\n")
    return Marks(is_well_formed and not inside, n_lines, n_separators, n_breaks)


@pytest.mark.parametrize("chunk", [64, 128, 1 << 18])
@given(text=st.lists(PIECES, max_size=80).map("".join))
@settings(max_examples=150, deadline=None)
def test_any_text(chunk: int, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marks, "_CHUNK", chunk)
        found, expected = find_marks(text.encode(), ","), marks_one_by_one(text)
    assert found.is_well_formed == expected.is_well_formed
    if expected.is_well_formed:
        assert found == expected


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@given(
    rows=st.lists(st.lists(st.text('ab,"\n ü', max_size=70), min_size=3, max_size=3), min_size=1, max_size=9)
)
@settings(max_examples=60, deadline=None)
def test_what_a_writer_writes_is_well_formed(end: str, rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows(rows)
    found = find_marks(text.getvalue().encode(), ",")
    assert found == Marks(
        True, len(rows), 2 * len(rows), sum(cell.count("\n") for row in rows for cell in row)
    )
