"""Cells that a spreadsheet would run: none is written as one, and every text comes back."""

from __future__ import annotations

import csv
import io
import sys
import unicodedata

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from songatlas.atlas.rows import APPENDED, column_names
from songatlas.audio.scan.table import COLUMNS
from songatlas.safe_cells import (
    OUR_COLUMNS,
    guarded,
    is_live,
    raw_order,
    text_of_cells,
    unguarded,
    unguarded_cells,
    unguarded_table,
    was_guarded,
    write_cells,
)
from spreadsheets import SEPARATORS, SHAPELESS, formulas_in, is_formula

LIVE = (
    *("=1+1", "+A1", "-A1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "－x", "＋1", "＠x"),
    *("'=1", "''=1", " =1", "-", "-cmd|' /C calc'!A0", "-5+cmd|' /C calc'!A0"),
    *("\0=1+1", "\0\x01'\u200e@A1", "\u3000+A1", "\ufe0f=1", "﹦1", "﹣A1"),
)
QUIET = ("", "Hey", "-5.3", "+4", "-1e-5", "-5,3", "-7 dB", "A=B", "'t is", "1-2", "(=)", "–5")
texts = (
    st.text(st.sampled_from("=+-@'\"\t\r\n;,| ＝－1.)aé\u00a0\ufeff\0\v\x85\u200e\u2028"), max_size=12)
    | st.text(st.sampled_from("=-@'\";,\t|\0A"), max_size=8)
    | st.text(max_size=8)
)


def _written(cells: list[str | None]) -> list[str]:
    """What stands in a file for these cells."""
    text = text_of_cells(pl.DataFrame({"cell": cells, "n": 0}), include_header=False)
    return [cell for cell, _ in csv.reader(io.StringIO(text, newline=""))]


@pytest.mark.parametrize("text", LIVE)
def test_formulas_are_live(text: str) -> None:
    assert is_live(text)
    assert guarded(text).startswith("'")


@pytest.mark.parametrize("text", QUIET)
def test_numbers_and_words_are_written_as_they_are(text: str) -> None:
    assert not is_live(text)
    assert guarded(text) == unguarded(text) == text


@pytest.mark.parametrize("text", ["a;-)", "[-1.5,-2]", "1;-2;-3", "C++; C#", "a; b-c"])
def test_smileys_and_lists_of_numbers_get_no_apostrophe(text: str) -> None:
    assert guarded(text) == text


@pytest.mark.parametrize("before", ["", "a;", "a,", "a\t", "a|", "a\n"])
def test_whatever_has_no_shape_hides_no_sign(before: str) -> None:
    signs = [sign for sign in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(sign) in SHAPELESS]
    cells = [f"{before}{sign}=1+{number}" for number, sign in enumerate(signs)]
    written = _written(cells)
    assert written == [guarded(cell) for cell in cells]
    assert not [cell for cell in written if is_formula(cell.removeprefix(before))]
    assert [unguarded(cell) for cell in written] == cells


@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=texts)
@example(text=";\t=")
@example(text="1;'-2")
@example(text="-1\n")
@example(text="b,'=c")
@example(text="a;\0=1")
def test_every_text_comes_back(text: str) -> None:
    cell = guarded(text)
    assert unguarded(cell) == text
    assert _written(["plain", text, None]) == ["plain", cell, ""]
    assert unguarded_cells(pl.Series([cell, None])).to_list() == [text, None]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=4))
def test_no_cell_is_live_by_whatever_sign_a_program_splits(rows: list[tuple[str, str, str]]) -> None:
    table = pl.DataFrame(rows, schema=["=a", "b", "@c"], orient="row")
    text = text_of_cells(table)
    for separator in SEPARATORS:
        assert formulas_in(io.StringIO(text, newline=""), separator) == []


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(texts, texts), min_size=1, max_size=4), raw=st.booleans())
def test_a_table_is_read_back_equal(rows: list[tuple[str, str]], raw: bool) -> None:
    kinds = raw_order(APPENDED) if raw else APPENDED
    table = pl.DataFrame(rows, schema=["=a", "b"], orient="row").with_columns(
        pl.lit("x").alias(name) for name in kinds
    )
    header, *cells = csv.reader(io.StringIO(text_of_cells(table, raw=raw), newline=""))
    read = pl.DataFrame(cells, schema=[f"c{n}" for n in range(len(header))], orient="row")
    names, plain = unguarded_table(header, read)
    assert names == ("=a", "b", *kinds)
    assert plain.select("c0", "c1").rows() == rows


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    rows=st.lists(st.tuples(texts, texts), min_size=1, max_size=4),
    separators=st.tuples(st.sampled_from(SEPARATORS), st.sampled_from(SEPARATORS)),
)
@example(rows=[("a;=1", "b,'=c")], separators=(",", ";"))
@example(rows=[("a\t'=1", "b|'=c")], separators=(";", "\t"))
def test_a_table_that_was_saved_with_another_separator_is_read_back_equal(
    rows: list[tuple[str, str]], separators: tuple[str, str]
) -> None:
    table = pl.DataFrame(rows, schema=["=a", "b;'=c"], orient="row").with_columns(
        pl.lit("x").alias(name) for name in APPENDED
    )
    written, saved = io.BytesIO(), io.StringIO(newline="")
    write_cells(table, written, separator=separators[0])
    text = written.getvalue().decode()
    csv.writer(saved, delimiter=separators[1]).writerows(
        csv.reader(io.StringIO(text, newline=""), delimiter=separators[0])
    )
    header, *cells = csv.reader(io.StringIO(saved.getvalue(), newline=""), delimiter=separators[1])
    read = pl.DataFrame(cells, schema=[f"c{n}" for n in range(len(header))], orient="row")
    names, plain = unguarded_table(header, read)
    assert names == ("=a", "b;'=c", *APPENDED)
    assert plain.select("c0", "c1").rows() == rows


def test_cells_with_any_separator_are_quoted_and_others_are_not() -> None:
    table = pl.DataFrame({"a": ["x;y", "x|y", "x\ty", 'x"y', "x y", ""], "n": [1, None, 2, 3, 4, 5]})
    assert text_of_cells(table) == 'a,n\n"x;y",1\n"x|y",\n"x\ty",2\n"x""y",3\nx y,4\n"",5\n'


def test_only_tables_of_ours_are_known_by_their_columns() -> None:
    ours = column_names(predicted=True)
    assert was_guarded(["title", *ours])
    assert was_guarded(["title", *(f"{name}_2" for name in ours), "my own column"])
    assert was_guarded(list(COLUMNS))
    assert not was_guarded(["title", *raw_order(ours)])
    assert not was_guarded(list(raw_order(list(COLUMNS))))
    assert not was_guarded(["title", "cluster", "cluster_name", "excluded_because"])
    assert all(not was_guarded(raw_order(columns)) for columns in OUR_COLUMNS)


def test_the_last_writing_says_how_cells_stand() -> None:
    guarded_first = ["title", *APPENDED, *(f"{name}_2" for name in raw_order(APPENDED))]
    raw_first = ["title", *raw_order(APPENDED), *(f"{name}_2" for name in APPENDED)]
    assert not was_guarded(guarded_first)
    assert was_guarded(raw_first)


def test_cells_of_other_tables_stay_as_they_are() -> None:
    rows = pl.DataFrame({"c0": ["'=1", "''x"]})
    assert unguarded_table(["title"], rows)[1] is rows
