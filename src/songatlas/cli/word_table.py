"""`WordTable`: a table that keeps words and numbers whole, however narrow the terminal is.

Texts go over several lines between words, and numbers stay on one. Where even the longest words of all
columns do not fit side by side, columns that were named as less important are left out, and a line below
says so; only where that does not help words are broken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.table import Table
from rich.text import Text

_LONGEST_WORD = 20  # longer ones, such as addresses and ids, may be broken
_FEWEST_SIGNS = 6  # of a broken word
_GAP, _EDGES = 2, 2


@dataclass(frozen=True)
class _Column:
    """A column with its cells, the head first, and how wide it has to be and would like to be."""

    name: str
    is_number: bool
    cells: tuple[Text, ...]

    @cached_property
    def least(self) -> int:
        """Width at which no word and no number is broken."""
        words = max((_word_width(word) for cell in self.cells for word in cell.plain.split()), default=1)
        return max(words, *(cell.cell_len for cell in self.cells[1:]), 1) if self.is_number else words

    @cached_property
    def most(self) -> int:
        """Width at which every line of text stays one line."""
        lines = (line for cell in self.cells for line in cell.plain.splitlines())
        return max(self.least, max(map(cell_len, lines), default=1))


def _word_width(word: str) -> int:
    """Width that a word has to have; scripts of wide signs break anywhere."""
    width = cell_len(word)
    return min(width, _LONGEST_WORD) if width <= len(word) else 2


class WordTable:
    """A table of texts and numbers, printed in the width there is.

    Parameters
    ----------
    names : sequence of str
        Heads of the columns.
    numbers : sequence of str
        Columns to the right whose cells stay on one line.
    optional : sequence of str
        Columns that a narrow terminal may do without, the least important first.
    """

    def __init__(
        self, names: Sequence[str], *, numbers: Sequence[str] = (), optional: Sequence[str] = ()
    ) -> None:
        self._names, self._numbers, self._optional = tuple(names), frozenset(numbers), tuple(optional)
        self._rows: list[tuple[tuple[str, ...], str | None]] = []

    def add_row(self, *cells: str, style: str | None = None) -> None:
        """Add a row of as many cells as there are columns, with markup of `rich`."""
        if len(cells) != len(self._names):
            raise ValueError(f"{len(cells)} cells for {len(self._names)} columns")
        self._rows.append((cells, style))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the columns out in the width of the terminal."""
        texts = [[cells[at] for cells, _ in self._rows] for at in range(len(self._names))]
        columns = [
            _Column(
                name,
                name in self._numbers,
                (Text(name), *(Text.from_markup(cell, emoji=False) for cell in cells)),
            )
            for name, cells in zip(self._names, texts, strict=True)
        ]
        left_out = []
        for name in self._optional:
            if sum(column.least for column in columns) <= _room(columns, options):
                break
            left_out += [column.name for column in columns if column.name == name]
            columns = [column for column in columns if column.name != name]
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, _GAP - 1, 0, 0))
        for column, width in zip(columns, _widths(columns, _room(columns, options)), strict=True):
            justify: JustifyMethod = "right" if column.is_number else "left"
            table.add_column(Text(column.name), overflow="fold", justify=justify, width=width)
        for at, (_, style) in enumerate(self._rows, start=1):
            table.add_row(*(column.cells[at] for column in columns), style=style)
        yield table
        if left_out:
            yield Text(f"A wider terminal shows {', '.join(reversed(left_out))}, too.")


def _room(columns: Sequence[_Column], options: ConsoleOptions) -> int:
    """What the gaps and edges leave of the terminal's width."""
    return options.max_width - _EDGES - _GAP * (len(columns) - 1)


def _widths(columns: Sequence[_Column], room: int) -> list[int]:
    """Widths of the columns: the same for all, but none below its least or above its most where that fits."""
    least, most = [column.least for column in columns], [column.most for column in columns]
    if sum(least) > room:  # words are broken before numbers are
        most = least
        least = [column.least if column.is_number else _FEWEST_SIGNS for column in columns]
    if sum(least) > room:
        least = [1] * len(columns)

    def at(level: int) -> list[int]:
        return [min(max(low, level), high) for low, high in zip(least, most, strict=True)]

    level = max((each for each in range(room + 1) if sum(at(each)) <= room), default=1)
    widths = at(level)
    for place, high in enumerate(most):  # what is left of the room, less than one sign a column
        if sum(widths) < room and widths[place] < high:
            widths[place] += 1
    return widths
