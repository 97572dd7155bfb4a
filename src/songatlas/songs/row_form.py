"""What a row of a text table looks like, and which quotes therefore cannot have opened a cell.

A quote that opens a cell and a quote that stands there by mistake are told apart by what follows: a mistaken
one makes a cell of whole rows. A line is a whole row where it has as many cells as the table has columns and
numbers where the table has numbers, which no line of a title or of lyrics has.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from songatlas.songs.headers import is_number, known_headers

_SAMPLE = 200  # rows that show the form
_SEARCHED = 2_000  # lines among which they are looked for
_FEWEST = 3
_TOP = 12  # lines among which the header is looked for
_PROOF = 3  # numbers, or known headers, behind a quote that prove the rest of its line to be cells
_MOSTLY = 0.8


@dataclass(frozen=True)
class RowForm:
    """Number of cells of a row, and the places that hold numbers."""

    width: int
    separator: str
    numbers: tuple[int, ...]

    def fits(self, line: str) -> bool:
        """Say whether a line is a whole row."""
        return any(
            len(cells) == self.width and 2 * _count_numbers(cells, self.numbers) >= len(self.numbers)
            for cells in self._readings(line)
        )

    def is_stray(self, place: int, rest: str, following: str | None, *, is_malformed: bool) -> bool:
        """Say whether a quote is a plain character.

        Parameters
        ----------
        place : int
            Cells before it in its row.
        rest : str
            What stands behind it in its line.
        following : str, optional
            The next line of the text, if the quote's cell goes on there.
        is_malformed : bool
            Whether its cell ends otherwise than by a quote and a separator.
        """
        behind = tuple(number - place for number in self.numbers if number > place)
        for cells in self._readings("x" + rest):
            if place + len(cells) != self.width:
                continue
            n_numbers = _count_numbers(cells, behind)
            if known_headers(cells) >= _PROOF or n_numbers >= max(_PROOF, len(behind) / 2):
                return True
            if n_numbers and is_malformed and 2 * n_numbers >= len(behind):
                return True
            is_likely = 2 * n_numbers >= len(behind) and (bool(self.numbers) or is_malformed)
            if is_likely and following is not None and self.fits(following):
                return True
        return False

    def _readings(self, line: str) -> Iterator[list[str]]:
        """Cells of a line, with quotes and without."""
        line = line.rstrip("\r\n")
        if '"' in line and (cells := _quoted_cells(line, self.separator)) is not None:
            yield cells
        yield line.split(self.separator)


def _count_numbers(cells: Sequence[str], places: Iterable[int]) -> int:
    """How many of the places hold a number, quotes around it passed over."""
    return sum(is_number(cells[place].strip().strip('"')) for place in places)


def _quoted_cells(line: str, separator: str) -> list[str] | None:
    """Cells of one line by the standard reader."""
    try:
        return next(csv.reader((line,), delimiter=separator, skipinitialspace=True), None)
    except csv.Error:
        return None


def form_of_rows(rows: Sequence[Sequence[str | None]], separator: str) -> RowForm | None:
    """Return the form of rows of one width; None where they are too few."""
    if len(rows) < _FEWEST or len(rows[0]) < 2:
        return None
    numbers = []
    for place in range(len(rows[0])):
        filled = [cell for row in rows if (cell := (row[place] or "").strip())]
        if filled and sum(map(is_number, filled)) >= _MOSTLY * len(filled):
            numbers.append(place)
    return RowForm(len(rows[0]), separator, tuple(numbers))


def form_of_text(text: str, separator: str) -> RowForm | None:
    """Return the form of the rows at the top of a text: as wide as its header, or with numbers."""
    rows = list(_well_formed_lines(text, separator))
    header = next((row for row in rows[:_TOP] if known_headers(row) >= _PROOF), None)
    widths = Counter(map(len, rows))
    if header is None:
        width = max(widths, key=lambda width: (widths[width] * width, width), default=0)
    else:
        # Row names make rows one cell wider than their header.
        width = max((len(header), len(header) + 1), key=lambda width: widths[width])
    form = form_of_rows([row for row in rows if len(row) == width and row is not header], separator)
    return form if form is not None and (header is not None or form.numbers) else None


def _well_formed_lines(text: str, separator: str) -> Iterator[list[str]]:
    """Yield the cells of lines at the top of a text whose quotes are paired."""
    position, n_found = 0, 0
    for _ in range(_SEARCHED):
        if position >= len(text) or n_found == _SAMPLE:
            return
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        line = text[position:end].rstrip("\r")
        position = end + 1
        if line.count('"') % 2 == 0:
            cells = _quoted_cells(line, separator) if '"' in line else line.split(separator)
            if cells is not None and len(cells) > 1:
                n_found += 1
                yield cells


def hides_rows(cells: pl.DataFrame, separator: str) -> bool:
    """Say whether a cell with line breaks may hold whole rows of the table."""
    step = max(1, cells.height // _SAMPLE)
    form = form_of_rows(cells.slice(1).gather_every(step).rows(), separator)
    header = "\n".join(cell for cell in cells.row(0) if cell and "\n" in cell)
    if header.count(separator) >= cells.width - 1:
        return True
    for place, column in enumerate(cells):
        broken = column.filter(column.str.contains("\n", literal=True))
        if form is not None and len(broken) and _holds_rows(broken, place, form):
            return True
    return False


def _holds_rows(broken: pl.Series, place: int, form: RowForm) -> bool:
    """Say whether any of these cells of one column holds whole rows."""
    lines = broken.str.extract_groups(r"^([^\n]*)\n([^\n]*)").struct.unnest()
    lines.columns = ["first", "second"]
    # The last line of a cell goes on in the cells behind it.
    goes_on = broken.str.count_matches("\n", literal=True) == 1
    behind = form.width - 1 - place
    suspects = lines.select(
        "first",
        pl.col("second") + pl.when(goes_on).then(pl.lit(form.separator * behind)).otherwise(pl.lit("")),
    ).filter(
        pl.col("first").str.count_matches(form.separator, literal=True) >= behind,
        # A row has numbers behind the quote, or the next line is one.
        pl.col("first").str.contains(r"\d")
        if any(number > place for number in form.numbers)
        else pl.col("second").str.count_matches(form.separator, literal=True) >= form.width - 1,
    )
    bare = RowForm(form.width, form.separator, ())
    return any(
        form.is_stray(place, first, None, is_malformed=False)
        or (form.is_stray(place, first, "", is_malformed=True) and place < form.width - 1)
        or (bare.fits(second) and bare.is_stray(place, first, second, is_malformed=True))
        for first, second in suspects.iter_rows()
    )
