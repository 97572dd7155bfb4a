"""Small tables that are read, not sorted: texts wrap, on a phone too, and jargon is explained on hover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from songatlas.app.words import markup
from songatlas.colours import ink_on

WORDS_STYLE: Final = """
.sa-term {text-decoration: underline dotted rgba(128, 128, 140, 0.9); text-underline-offset: 0.2em;
  cursor: help;}
.sa-disc {display: inline-grid; place-items: center; min-width: 1.6em; height: 1.6em; border-radius: 0.8em;
  padding: 0 0.3em; box-sizing: border-box; font-size: 0.8rem; font-weight: 700; line-height: 1;
  box-shadow: inset 0 0 0 1px rgba(128, 128, 140, 0.6);}
"""
"""How terms with a meaning and the numbers of clusters look."""

_LONGEST: Final = 600
_STYLE: Final = (
    """<style>
.sa-table {border-collapse: collapse; width: 100%; font-size: 0.9rem; line-height: 1.4;}
.sa-table th, .sa-table td {padding: 6px 14px 6px 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid rgba(128, 128, 140, 0.28); overflow-wrap: anywhere; min-width: 2.6em;}
.sa-table thead th {font-size: 0.84rem; opacity: 0.8;}
.sa-table tbody th {font-weight: 600;}
.sa-table .sa-number {text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap;}
.sa-table small {opacity: 0.7;}
.sa-table .sa-marked {background: rgba(128, 128, 140, 0.12);}
@media (max-width: 640px) {
  .sa-table.sa-stack thead {display: none;}
  .sa-table.sa-stack tr, .sa-table.sa-stack th {display: block;}
  .sa-table.sa-stack td {display: inline-block; border: 0; padding: 0 14px 2px 0;}
  .sa-table.sa-stack td.sa-long {display: block;}
  .sa-table.sa-stack tbody th {border: 0; padding: 8px 0 0;}
  .sa-table.sa-stack tr {border-bottom: 1px solid rgba(128, 128, 140, 0.28); padding-bottom: 6px;}
  .sa-table.sa-stack td[data-label]::before {content: attr(data-label) ": "; opacity: 0.7;}
}
"""
    + WORDS_STYLE
    + "</style>"
)


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What stands above a column.

    Attributes
    ----------
    text : str
    meaning : str
        Explained on hover; nothing where empty.
    number : bool
        Whether the column holds numbers, to be read from the right.
    long : bool
        Whether it holds sentences, which have a line of their own on a phone.
    label : str
        What stands before each cell on a phone; `text` where empty.
    """

    text: str
    meaning: str = ""
    number: bool = False
    long: bool = False
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What stands in one place of a table.

    Attributes
    ----------
    text : str
        Any text: it is shown letter by letter.
    beside : str
        Shown small behind it.
    number : int or None
        Number of a cluster, shown in its `colour` before the text.
    colour : str
    meaning : str
        Explained on hover.
    """

    text: str
    beside: str = ""
    number: int | None = None
    colour: str = ""
    meaning: str = ""


def show_table(
    headings: Sequence[Heading], rows: Sequence[Sequence[str | Cell]], *, marked: int | None = None
) -> None:
    """Draw a table; its first column says what a row is about.

    Parameters
    ----------
    headings : sequence of Heading
    rows : sequence of sequence of str or Cell
    marked : int, optional
        The row to point out.
    """
    st.html(table_html(headings, rows, marked=marked))


def table_html(
    headings: Sequence[Heading], rows: Sequence[Sequence[str | Cell]], *, marked: int | None = None
) -> str:
    """Return a table as HTML in which every text is escaped."""
    top = "".join(f'<th scope="col"{_kind(each)}>{term(each.text, each.meaning)}</th>' for each in headings)
    lines = [
        f'<tr class="sa-marked">{_row(headings, row)}</tr>'
        if place == marked
        else f"<tr>{_row(headings, row)}</tr>"
        for place, row in enumerate(rows)
    ]
    body = "".join(lines)
    return (
        f'{_STYLE}<table class="sa-table sa-stack"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
    )


def term(text: str, meaning: str) -> str:
    """Return a text with its meaning on hover, as HTML."""
    words = _escaped(text)
    return f'<span class="sa-term" title="{_escaped(meaning)}">{words}</span>' if meaning else words


def disc(cluster: int, colour: str) -> str:
    """Return the number of a cluster on its colour, as HTML."""
    return f'<span class="sa-disc" style="background:{colour};color:{ink_on(colour)}">{cluster}</span>'


def _escaped(text: str) -> str:
    return markup.text(text, longest=_LONGEST)


def _row(headings: Sequence[Heading], row: Sequence[str | Cell]) -> str:
    first, *others = (_inside(cell) for cell in row)
    cells = [
        f"<td{_label(heading)}{_kind(heading)}>{inside}</td>"
        for heading, inside in zip(headings[1:], others, strict=True)
    ]
    return f'<th scope="row">{first}</th>{"".join(cells)}'


def _inside(cell: str | Cell) -> str:
    if isinstance(cell, str):
        return _escaped(cell)
    before = "" if cell.number is None else f"{disc(cell.number, cell.colour)} "
    behind = f" <small>{_escaped(cell.beside)}</small>" if cell.beside else ""
    return f"{before}{term(cell.text, cell.meaning)}{behind}"


def _label(heading: Heading) -> str:
    """What stands before a cell on a phone; sentences need nothing."""
    return "" if heading.long else f' data-label="{_escaped(heading.label or heading.text)}"'


def _kind(heading: Heading) -> str:
    kinds = [name for name, holds in (("sa-number", heading.number), ("sa-long", heading.long)) if holds]
    return f' class="{" ".join(kinds)}"' if kinds else ""
