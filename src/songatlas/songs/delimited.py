"""Text tables: bytes of a CSV or TSV file in any encoding, with any separator -> a grid of cells.

The fast road is the Polars reader, which refuses what is not well formed. What it refuses or would read
differently from what the writer meant (quotes after blanks, stray quotes, ragged rows, files cut inside a
quoted cell) goes down the tolerant road: `split_rows`, a reader of our own that never refuses.

Conventions
-----------
A *grid* is a Polars DataFrame of String columns that still has its header row. A cell is null only where
its row was too short to have one; an empty cell is "". Padding is kept. A line with no cells at all is no
row; a line of separators alone is a row.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from inspect import signature
from typing import Any, NamedTuple

import polars as pl

from songatlas.errors import UnreadableTable
from songatlas.songs.headers import known_headers, may_lack_a_header
from songatlas.songs.limits import require_columns, require_dense
from songatlas.songs.marks import find_marks
from songatlas.songs.row_form import RowForm, form_of_text, hides_rows

SEPARATORS = (",", ";", "\t", "|")
_HEAD = 65_536  # characters that are looked at to find the separator
_LONG_LINE = 100_000  # characters; the standard reader has a limit for a cell
_LISTED = 5  # rows that a note names
LACKS_HEADER = "the header has one cell less than the rows: the first column has no header"
CUT_LETTER = "the file ends in the middle of a letter"
ENDS_INSIDE = "the file ends inside a quoted cell, which holds the rest of the file"
EMPTY_STAYS: dict[str, Any] = (  # an empty cell is "", never null; Polars 1 has another name for it
    {"empty_string_is_null": False}
    if "empty_string_is_null" in signature(pl.read_csv).parameters
    else {"missing_utf8_is_empty_string": True}
)
MOST_EXTRA = 100  # cells beyond the header that get a column each; the rest stays joined in the last


@dataclass(frozen=True)
class Grid:
    """Cells of a text table, header row included, and the dirt that was met."""

    cells: pl.DataFrame
    encoding: str
    separator: str
    notes: tuple[str, ...]


def read_grid(content: bytes) -> Grid:
    """Return the cells of a text table.

    Parameters
    ----------
    content : bytes
        The whole file.

    Raises
    ------
    UnreadableTable
        If the text has fewer than two columns or rows.
    """
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff")) or 0 in content[:4096]
    if not is_wide and (grid := _read_utf8(content.removeprefix(codecs.BOM_UTF8))) is not None:
        return grid
    text, encoding, notes = decode(content)
    if "\n" not in text and "\r" in text:
        text = text.replace("\r", "\n")
    if encoding != "utf-8" and (grid := _read_utf8(text.encode())) is not None:
        return replace(grid, encoding=encoding, notes=(*notes, *grid.notes))
    separator, start = separator_of(text[:_HEAD], is_whole=len(text) <= _HEAD)
    cells, dirt = _read_tolerant(text[start:], separator)
    return Grid(cells=cells, encoding=encoding, separator=separator, notes=(*notes, *dirt))


def _read_utf8(content: bytes) -> Grid | None:
    """Take the fast road; None where the text is no UTF-8 or not well formed."""
    head = content[:_HEAD].decode("utf-8", errors="replace")
    if "\n" not in head:
        return None
    separator, start = separator_of(head, is_whole=len(content) <= _HEAD)
    body = _without_blank_ends(content, len(head[:start].encode()))
    require_columns(body.count(separator.encode(), 0, body.find(b"\n") + 1) + 1)
    fast = read_fast(body, separator)
    if fast is None:
        return None
    return Grid(cells=fast[0], encoding="utf-8", separator=separator, notes=fast[1])


def _without_blank_ends(content: bytes, start: int) -> bytes:
    """The text from `start` on without blank lines around it; the very same bytes where it has none."""
    end = content[-3:]
    if start == 0 and end[len(end.rstrip(b"\r\n")) :] in (b"", b"\n", b"\r\n"):
        return content
    return content[start:].strip(b"\r\n")


def decode(content: bytes) -> tuple[str, str, tuple[str, ...]]:
    """Return the text of a file, the name of its encoding, and notes on what was doubtful."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if content.startswith(mark):
            return _decode_as(content[len(mark) :], encoding)
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if is_every_other_byte_zero(content[:4096], start):
            return _decode_as(content, encoding)
    return _decode_narrow(content)


def decode_json(content: bytes) -> tuple[str, str, tuple[str, ...]]:
    """Return what `decode` does of JSON, which is UTF-8 but for what other programs make of it."""
    if content.startswith(codecs.BOM_UTF8):
        return _decode_as(content.removeprefix(codecs.BOM_UTF8), "utf-8")
    text, encoding, notes = _decode_narrow(content)
    return text, encoding, (*notes, no_utf8(encoding)) if encoding != "utf-8" else notes


def no_utf8(encoding: str) -> str:
    """Note on JSON in a code page."""
    return f"read as {encoding}, as it is no UTF-8, which JSON should be: see whether letters are right"


def _decode_narrow(content: bytes) -> tuple[str, str, tuple[str, ...]]:
    """Decode text without a byte order mark whose ASCII bytes mean ASCII."""
    try:
        return content.decode("utf-8"), "utf-8", ()
    except UnicodeDecodeError as error:
        return _decode_damaged(content, error)


def is_every_other_byte_zero(head: bytes, start: int) -> bool:
    """Say whether the head looks like UTF-16 without a mark."""
    half, other = head[start::2], head[1 - start :: 2]
    return len(half) > 8 and half.count(0) > 0.7 * len(half) and other.count(0) < 0.1 * len(other)


def _decode_as(content: bytes, encoding: str) -> tuple[str, str, tuple[str, ...]]:
    """Decode by a byte order mark, bytes that do not fit replaced and counted."""
    text = content.decode(encoding, errors="replace")
    lost = text.count("\ufffd") if encoding == "utf-8" else 0
    if lost:
        return text, encoding, (f"bytes that are no {encoding.upper()} text, replaced by \ufffd: {lost:,}",)
    return text, encoding, ()


def _decode_damaged(content: bytes, error: UnicodeDecodeError) -> tuple[str, str, tuple[str, ...]]:
    """Decode what is not UTF-8: a cut last letter, UTF-8 with few bad bytes, or a Windows code page."""
    if is_cut_letter(content[error.start :], is_first=content[: error.start].isascii()):
        return content[: error.start].decode("utf-8"), "utf-8", (CUT_LETTER,)
    text = content.decode("utf-8", errors="replace")
    lost = text.count("\ufffd")
    letters = sum(1 for byte in content[:1_000_000] if byte >= 0xC2)
    if letters > 20 * lost:
        return text, "utf-8", (f"bytes that are no UTF-8 text, replaced by \ufffd: {lost:,}",)
    try:
        return content.decode("cp1252"), "cp1252", ()
    except UnicodeDecodeError:
        return content.decode("latin-1"), "latin-1", ()


def is_cut_letter(end: bytes, *, is_first: bool) -> bool:
    r"""Say whether the end of a file is the beginning of a letter of UTF-8, which the file was cut in.

    A single byte at the end of a file that has no other such letter is one of a Windows code page, unless it
    begins the letters of Western languages in UTF-8.

    Parameters
    ----------
    end : bytes
        From the first byte on that is no UTF-8.
    is_first : bool
        Whether all before it is ASCII.

    Examples
    --------
    >>> is_cut_letter(b"\xe6\xbc", is_first=True), is_cut_letter(b"\xe9,7", is_first=True)
    (True, False)
    """
    if is_first and len(end) == 1 and end not in (b"\xc2", b"\xc3"):
        return False
    try:
        end[:4].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return False


def separator_of(head: str, *, is_whole: bool) -> tuple[str, int]:
    """Return the separator, and where the table starts after a first line such as ``sep=;``."""
    if found := re.match(r'\s*"?sep=([,;\t|])"?[ ]*\r?\n', head):
        return found.group(1), found.end()
    start = len(head) - len(head.lstrip("\r\n"))
    if not is_whole:
        head = head[: head.rfind("\n") + 1] or head
    return find_separator(head), start


def find_separator(head: str) -> str:
    """Return the character that separates the cells: the one that makes the best header and even rows.

    Parameters
    ----------
    head : str
        The first lines of the text.

    Raises
    ------
    UnreadableTable
        If no separator gives at least two columns.
    """
    best: tuple[tuple[float, ...], str] | None = None
    for separator in SEPARATORS:
        rows = [row for row in split_rows(head, separator)[0] if len(row) > 1 or row[0].strip()]
        widths = Counter(len(row) for row in rows[:200])
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        if width < 2:
            continue
        require_columns(width)
        score = (max(known_headers(row) for row in rows[:12]), count / widths.total(), width)
        if best is None or score > best[0]:
            best = (score, separator)
    if best is None:
        raise UnreadableTable(_not_a_table(head))
    return best[1]


def _not_a_table(text: str) -> str:
    """Say what a text without columns is."""
    lines = [line for line in text.splitlines() if line.strip()]
    start = lines[0].strip()[:40] if lines else ""
    kind = "one line of text" if len(lines) == 1 else "one column of text"
    return (
        f"holds {kind} ({start!r}), not a table: open it and save the table itself as CSV, with a header row"
    )


def read_fast(body: bytes, separator: str) -> tuple[pl.DataFrame, tuple[str, ...]] | None:
    """Read with Polars; None where the tolerant road must decide."""
    marks = find_marks(body, separator)
    if not marks.is_well_formed or b"\r" + separator.encode() in body:  # Polars would drop such a return
        return None
    try:
        cells = pl.read_csv(
            body, has_header=False, infer_schema=False, separator=separator, quote_char='"', **EMPTY_STAYS
        )
    except pl.exceptions.PolarsError:
        return None
    cells.columns = [f"c{position}" for position in range(cells.width)]
    if cells.height != marks.n_lines or (marks.n_breaks and hides_rows(cells, separator)):
        return None
    n_absent = cells.height * (cells.width - 1) - marks.n_separators
    return _settle_short_rows(cells, body, separator, n_absent) if n_absent else (cells, ())


def _settle_short_rows(
    cells: pl.DataFrame, body: bytes, separator: str, n_absent: int
) -> tuple[pl.DataFrame, tuple[str, ...]] | None:
    """Tell empty cells from absent ones, which the Polars reader does not."""
    blank = pl.all_horizontal(pl.all() == "")
    n_blank = cells.select(blank.sum()).item()
    if n_absent == n_blank * (cells.width - 1) and not _has_empty_rows(body, separator):
        return cells.filter(~blank), (blank_lines(n_blank),)
    end = body[body.rfind(b"\n", 0, len(body) - 1) + 1 :].decode().rstrip("\r\n")
    if end and '"' not in end and n_absent == cells.width - 1 - end.count(separator):
        width = end.count(separator) + 1
        kept = [pl.all().exclude(cells.columns[width:])]
        short = [
            pl.when(pl.int_range(pl.len()) < cells.height - 1).then(pl.col(name)).alias(name)
            for name in cells.columns[width:]
        ]
        return cells.select(*kept, *short), (cut_row(width, cells.width),)
    return None


def _has_empty_rows(body: bytes, separator: str) -> bool:
    """Say whether a line may be a row of empty cells: it has separators or quotes, and nothing else."""
    return re.search(rb'(?:\A|\n)["%b]+\r?(?:\n|\Z)' % re.escape(separator).encode(), body) is not None


def blank_lines(count: int) -> str:
    """Note on lines without cells."""
    return f"blank lines passed over: {count:,}"


def cut_row(width: int, whole: int) -> str:
    """Note on a last row that is not whole."""
    return f"the file ends in the middle of a row; the last row has {width} of {whole} cells"


def split_rows(text: str, separator: str) -> tuple[list[list[str]], tuple[str, ...]]:
    r"""Split any text into rows of cells, tolerantly.

    A quote opens a quoted cell only at the cell's start, blanks before it allowed; what follows the closing
    quote is kept. A quote whose cell would hold whole rows of the table, or that never closes though whole
    rows follow it, is a plain character; else a cell that never closes runs to the end of the text.

    Parameters
    ----------
    text : str
        Text with line ends of any kind but a lone carriage return.
    separator : str
        One character.

    Returns
    -------
    rows : list of list of str
        Lines without any cell are ``[""]``.
    notes : tuple of str
        Say which rows hold a quote that opens nothing, and whether the text ends inside a quoted cell.

    Examples
    --------
    >>> split_rows('title,artist\nHello, "a ""b"", c" ', ",")[0]
    [['title', 'artist'], ['Hello', 'a "b", c ']]
    """

    @cache
    def form() -> RowForm | None:
        return form_of_text(text, separator)

    rows: list[list[str]] = []
    stray: list[int] = []
    is_open = False
    for row in each_row(text, separator, form):
        rows.append(row.cells)
        is_open = row.is_open
        if row.has_stray:
            stray.append(len(rows))
    notes = [stray_quotes(stray)] if stray else []
    if is_open:
        notes.append(ENDS_INSIDE)
    return rows, tuple(notes)


class Row(NamedTuple):
    """A row that was split tolerantly.

    Attributes
    ----------
    cells : list of str
    end : int
        Where the next row begins.
    is_open : bool
        Whether its last quote is never closed.
    has_stray : bool
        Whether a quote in it opens nothing.
    ran_out : bool
        Whether a quote in it is not closed in the text, so that more text might have another answer.
    """

    cells: list[str]
    end: int
    is_open: bool = False
    has_stray: bool = False
    ran_out: bool = False


def each_row(
    text: str, separator: str, form: Callable[[], RowForm | None], position: int = 0
) -> Iterator[Row]:
    """Yield the rows of a text from a position on, as `split_rows` splits them."""
    stop, blanks = re.escape(separator), "[ ]" if separator == "\t" else "[ \t]"
    cell = re.compile(
        rf'{blanks}*"([^"]*(?:""[^"]*)*)(?:"([^{stop}\r\n]*)|\Z)|([^{stop}\r\n]*(?:\r(?!\n)[^{stop}\r\n]*)*)'
    )
    while position < len(text):
        line_end = _find(text, "\n", position)
        if text.find('"', position, line_end) < 0:
            row = Row(text[position:line_end].removesuffix("\r").split(separator), line_end)
        elif (plain := _split_plain_line(text[position:line_end].removesuffix("\r"), separator)) is not None:
            row = Row(plain, line_end)
        else:
            row = _split_quoted_row(text, position, separator, cell, form)
        position = row.end + (2 if text.startswith("\r\n", row.end) else 1)
        yield row._replace(end=position)


def stray_quotes(rows: list[int]) -> str:
    """Note on quotes that were read as plain characters."""
    listed = ", ".join(f"{row:,}" for row in rows[:_LISTED])
    more = f" and {len(rows) - _LISTED:,} more" if len(rows) > _LISTED else ""
    named = f"row{'s' if len(rows) > 1 else ''} {listed}{more} (the header is row 1)"
    return f"a quote that would swallow the rows after it, kept as a plain character: {named}"


def _split_plain_line(line: str, separator: str) -> list[str] | None:
    """Split a line that holds one well-formed row; None where there is any doubt."""
    is_padded = ' "' in line or (separator != "\t" and '\t"' in line)
    if is_padded or len(line) > _LONG_LINE:
        return None
    try:
        return next(csv.reader((line,), delimiter=separator, strict=True))
    except csv.Error:
        return None


def _split_quoted_row(
    text: str, position: int, separator: str, cell: re.Pattern[str], form: Callable[[], RowForm | None]
) -> Row:
    """Read the row that begins here."""
    row: list[str] = []
    is_open = has_stray = ran_out = False
    while True:
        found = cell.match(text, position)
        assert found is not None  # noqa: S101 - the last branch of the pattern matches anywhere
        quoted, tail, plain = found.groups()
        end = found.end()
        ran_out = ran_out or (quoted is not None and tail is None)
        if quoted is not None and _is_stray(text, found, separator, len(row), form):
            has_stray = True
            end = min(_find(text, separator, position), _find(text, "\n", position))
            row.append(text[position:end].removesuffix("\r"))
        elif quoted is not None:
            is_open = tail is None
            row.append(quoted.replace('""', '"') + (tail or ""))
        else:
            row.append(plain)
        if end >= len(text) or text[end] != separator:
            return Row(row, end, is_open, has_stray, ran_out)
        position = end + 1


def _is_stray(
    text: str, found: re.Match[str], separator: str, place: int, form: Callable[[], RowForm | None]
) -> bool:
    """Say whether the quote that opens this cell is a plain character."""
    quoted, tail, _ = found.groups()
    if tail is None and _whole_row_follows(text, found.start(), separator):
        return True
    is_malformed = tail is None or bool(tail.strip())
    spans_lines = "\n" in quoted
    if not (spans_lines or (is_malformed and separator in quoted)) or (shape := form()) is None:
        return False
    line_end = _find(text, "\n", found.start())
    following = text[line_end + 1 : _find(text, "\n", line_end + 1)] if spans_lines else None
    return shape.is_stray(place, text[found.start(1) : line_end], following, is_malformed=is_malformed)


def _find(text: str, sought: str, position: int) -> int:
    """Return where `sought` stands next, or the end of the text."""
    found = text.find(sought, position)
    return len(text) if found < 0 else found


def _whole_row_follows(text: str, position: int, separator: str) -> bool:
    """Say whether the lines after an unclosed quote are as wide as its own line."""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    after = text.find("\n", end + 1)
    if end < 0:
        return False
    own = text.count(separator, start, end)
    return own > 0 and text.count(separator, end, after if after >= 0 else len(text)) >= own


def _read_tolerant(text: str, separator: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Read with `split_rows`, whatever the state of the text."""
    rows, quote_notes = split_rows(text.strip("\r\n"), separator)
    filled = [row for row in rows if row != [""]]
    notes = [blank_lines(len(rows) - len(filled))] if len(filled) < len(rows) else []
    if not filled:
        raise UnreadableTable(_not_a_table(text[:_HEAD]))
    usual = Counter(map(len, filled)).most_common(1)[0][0]
    first = len(filled[0])
    if first == usual - 1 and may_lack_a_header(filled[0]) and any(row[-1].strip() for row in filled[1:]):
        filled[0] = ["", *filled[0]]
        notes.append(LACKS_HEADER)
    width = max(map(len, filled))
    whole = max(len(filled[0]), usual)
    require_columns(whole)
    require_dense(len(filled), min(width, whole + MOST_EXTRA), len(text))
    if width > whole + MOST_EXTRA:
        width = whole + MOST_EXTRA
        filled = [
            row if len(row) <= width else [*row[: width - 1], separator.join(row[width - 1 :])]
            for row in filled
        ]
    notes += [*ragged_rows(Counter(map(len, filled)), len(filled[-1]), whole), *quote_notes]
    padded = (row + [None] * (width - len(row)) for row in filled)
    columns = zip(*padded, strict=True)
    return pl.DataFrame(
        {f"c{place}": pl.Series(values, dtype=pl.String) for place, values in enumerate(columns)}
    ), tuple(notes)


def ragged_rows(widths: Counter[int], last: int, whole: int) -> list[str]:
    """Notes on rows that are too long or too short.

    Parameters
    ----------
    widths : Counter
        How many rows have so many cells.
    last, whole : int
        Cells of the last row, and of a whole one.
    """
    notes = []
    n_long = sum(count for width, count in widths.items() if width > whole)
    n_short = sum(count for width, count in widths.items() if width < whole) - (last < whole)
    if n_long:
        notes.append(
            f"rows with more than {whole} cells: {n_long:,}; what is too much stands in extra columns"
        )
    if n_short:
        notes.append(f"rows with fewer than {whole} cells: {n_short:,}")
    if last < whole:
        notes.append(cut_row(last, whole))
    return notes
