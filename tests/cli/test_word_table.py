"""Tables in narrow terminals: whole words, whole numbers, and nothing lost without a word."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from songatlas.cli.terminal import empty_table
from songatlas.cli.word_table import WordTable

HEADS = ("Artist", "Songs", "Home", "Share", "Years", "Popularity", "Tags")
NUMBERS, OPTIONAL = ("Songs", "Share", "Popularity"), ("Tags", "Popularity", "Years")
ROWS = (
    (
        "Dimitri Vegas & Like Mike",
        "1,068",
        "Energetic EDM instrumentals",
        "49%",
        "2013–2019",
        "40",
        "edm, pop",
    ),
    ("Queen", "130", "Half-spoken feel-good songs", "95%", "1974–1982", "38", "rock, progressive house"),
)


def table(rows: tuple[tuple[str, ...], ...] = ROWS) -> WordTable:
    made = empty_table(*HEADS, numbers=NUMBERS, optional=OPTIONAL)
    for row in rows:
        made.add_row(*row)
    return made


def printed(what: WordTable, width: int) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width, soft_wrap=True, highlight=False).print(what)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 50, 60, 70, 80, 100, 140])
def test_no_word_and_no_number_is_broken(width: int) -> None:
    lines = printed(table(), width)
    assert all(cell_len(line) <= width for line in lines if not line.startswith("A wider"))
    whole = {word for row in (HEADS, *ROWS) for cell in row for word in cell.split()}
    told = {word for line in lines if not line.startswith("A wider") for word in line.split()}
    assert {word for word in told if not set(word) <= {"─"}} <= whole
    assert {"Artist", "Songs", "1,068", "49%", "instrumentals", "Half-spoken"} <= told


def test_what_is_left_out_is_said_and_the_least_important_goes_first() -> None:
    assert not any("A wider terminal" in line for line in printed(table(), 140))
    assert printed(table(), 70)[-1] == "A wider terminal shows Tags, too."
    assert printed(table(), 50)[-1] == "A wider terminal shows Popularity, Tags, too."
    assert printed(table(), 40)[-1] == "A wider terminal shows Years, Popularity, Tags, too."
    assert "Tags" not in "".join(printed(table(), 70)[:-1])


def test_texts_that_fit_stay_on_one_line() -> None:
    lines = printed(table(), 200)
    assert len([line for line in lines if line.strip()]) == 2 + len(ROWS)


@pytest.mark.parametrize("width", [10, 12, 20])
def test_too_narrow_for_anything_still_prints_all_signs(width: int) -> None:
    made = empty_table("Name", "Songs", numbers=("Songs",))
    made.add_row("x" * 300, "1,234")
    text = "".join("".join(line.split()) for line in printed(made, width))
    assert text.count("x") == 300
    assert all(text.count(digit) == 1 for digit in "1234")


def test_hostile_texts_are_texts() -> None:
    made = empty_table("[bold]Head", "Other")
    made.add_row(r"\[red]<script>", "two\nlines")
    text = "\n".join(printed(made, 60))
    assert "[bold]Head" in text
    assert "[red]<script>" in text
    assert "\x00" not in text


def test_signs_of_double_width_may_be_broken_and_fit() -> None:
    made = table((("オメガトライブ" * 6, "1", "Home", "1%", "1999", "1", "tags"),))
    assert all(cell_len(line) <= 80 for line in printed(made, 80))
    assert "Tags" in "".join(printed(made, 80)), "no column has to go for a name that may be broken"


def test_a_row_has_as_many_cells_as_there_are_columns() -> None:
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        empty_table("One", "Two").add_row("only")
