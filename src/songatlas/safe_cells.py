r"""Cells of text that a spreadsheet would run as a formula: written so that it does not, and read back equal.

Conventions
-----------
A cell is *live* if, after any apostrophes and blanks, it begins with ``=``, ``+``, ``-``, ``@``, their
full-width and small forms, a tab or a break of line, and is no plain number: ``-5.3``, ``+4``, ``-1e-5`` and
``-7 dB`` stay as they are. Blanks are all signs that a program may drop or not show: spaces of every width,
control signs, NUL among them, and marks without a shape. A live cell is written behind one more apostrophe,
one that has some already too, so that taking one away gives every text back.

A program that splits at another sign than the file's, as spreadsheets do in other countries, begins cells in
the midst of ours. So where such a sign (comma, semicolon, tab, ``|`` or a break of line) stands before a
sign of formulas, an apostrophe goes right behind it; smileys and lists of numbers get none. That is so
whatever separates the cells of the file: it may be saved with another separator before it comes back.
Cells with such a sign are quoted, for programs that split at several signs.

Our own tables are known by columns of ours that follow each other. Where cells were written raw these stand
in another order (`raw_order`), so that nothing is taken from raw cells; tables of others stay as they are.

References
----------
OWASP, *CSV Injection*.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import IO, Final

import polars as pl

OUR_COLUMNS: Final = (
    ("cluster", "cluster_name", "cluster_distance", "excluded_because"),
    ("subcluster", "role", "cluster", "cluster_name", "cluster_distance"),
    ("measured_by", "outcome", "outcome_reason"),
    ("Track Name", "Artist Name(s)", "Album Name", "ISRC", "Track URI", "Duration (ms)", "Playlist Name"),
)
"""Columns that follow each other only in tables that songatlas wrote with guarded cells."""

_BREAKS: Final = "\r\n\v\f\x1c-\x1e\x85\u2028\u2029"
_SPLITTING: Final = f"[,;\t|{_BREAKS}]"
_BLANKS: Final = (  # no sign that splits: where one stands decides where the apostrophe goes
    "\x00-\x08\x0e-\x1b\x1f\x20\x7f-\x84\x86-\xa0\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u202a-\u202f\u205f-\u206f\u2800\u3000\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_SIGNS: Final = "=+\\-@＝＋－＠﹦﹢﹣﹫"
_LIVE: Final = rf"^['{_BLANKS}]*[{_SIGNS}\t\r\n]"
_UNITS: Final = "%|dB|dBFS|LU|LUFS|BPM|ms|s"
_PLAIN: Final = (
    rf"^[{_BLANKS}]*[+-][0-9.,]*[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?[{_BLANKS}]?(?:{_UNITS})?[{_BLANKS}]*$"
)
_NUMBER: Final = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)? *"
_NUMBERS: Final = rf"^[\[(]? *(?:{_NUMBER})?(?:[,;|\t] *(?:{_NUMBER})?)*[\])]?$"  # none ends in a sign
_MARKED: Final = f'{_SPLITTING[:-1]}"]'
_INNER: Final = f"['\"{_BLANKS}]*[{_SIGNS}]"
_BEFORE: Final = f"({_SPLITTING})({_INNER})"
_BEHIND: Final = f"({_SPLITTING})'({_INNER})"
_BEGUN: Final = f"{_SPLITTING}{_INNER}(?:[^)]|$)"
_NUMBERED: Final = re.compile(r"_[0-9]+$")

_ROWS_AT_ONCE: Final = 262_144


def is_live(text: str) -> bool:
    """Say whether a spreadsheet might run a cell as a formula.

    Examples
    --------
    >>> [is_live(text) for text in ("=1+1", "'=1+1", "-5.3", "-", "A=B")]
    [True, True, False, True, False]
    """
    return re.search(_LIVE, text) is not None and re.fullmatch(_PLAIN[1:-1], text) is None


def guarded(text: str) -> str:
    """Return a text as a cell that no spreadsheet runs; `unguarded` takes it back.

    Examples
    --------
    >>> guarded("=1+1"), guarded("Hey"), guarded("a;=1"), guarded("a ;-)")
    ("'=1+1", 'Hey', "a;'=1", 'a ;-)')
    """
    if _has_inner(text):
        text = re.sub(_BEFORE, r"\1'\2", text)
    return f"'{text}" if is_live(text) else text


def unguarded(text: str) -> str:
    """Return the text of a cell that `guarded` made, whatever separated it from others.

    Examples
    --------
    >>> unguarded(guarded("'@home")), unguarded("'t is")
    ("'@home", "'t is")
    """
    if "'" not in text:
        return text
    if text.startswith("'") and is_live(text):
        text = text[1:]
    return re.sub(_BEHIND, r"\1\2", text) if _has_inner(text) else text


def unguarded_cells(cells: pl.Series) -> pl.Series:
    """Return a column of texts, each as `unguarded` gives it; null stays null."""
    is_behind = cells.str.starts_with("'")
    if is_behind.any():
        cells = _changed(cells, is_behind & _live(cells), lambda some: some.str.slice(1))
    if not cells.str.contains(f"{_SPLITTING}'").any():
        return cells
    return _changed(cells, _inner(cells), lambda some: some.str.replace_all(_BEHIND, "${1}${2}"))


def unguarded_table(header: Sequence[str], rows: pl.DataFrame) -> tuple[tuple[str, ...], pl.DataFrame]:
    """Return header and rows of a table as they were before songatlas wrote it; those of others as they are.

    Parameters
    ----------
    header : sequence of str
        As it stands in the file.
    rows : DataFrame
        Its cells; columns that hold no texts stay as they are.
    """
    if not was_guarded(header):
        return tuple(header), rows
    texts = [cells for cells in rows if cells.dtype == pl.String]
    return unguarded_header(header), rows.with_columns(unguarded_cells(cells) for cells in texts)


def unguarded_header(header: Sequence[str]) -> tuple[str, ...]:
    """Return the header of a table that songatlas wrote as it was before; that of others as it is."""
    return tuple(unguarded(text) for text in header) if was_guarded(header) else tuple(header)


def was_guarded(header: Iterable[str]) -> bool:
    """Say whether songatlas wrote a table with these headers, its cells guarded; the last time counts.

    Examples
    --------
    >>> was_guarded(["title", "cluster", "cluster_name_2", "cluster_distance", "excluded_because"])
    True
    """
    plain = [_NUMBERED.sub("", text.strip()) for text in header]

    def last(columns: Sequence[str]) -> int:
        """Where columns follow each other for the last time; -1 if nowhere."""
        n = len(columns)
        return max(
            (at for at in range(len(plain) - n + 1) if tuple(plain[at : at + n]) == columns), default=-1
        )

    return max(map(last, OUR_COLUMNS)) > max(last(raw_order(columns)) for columns in OUR_COLUMNS)


def are_clustered(header: Sequence[str]) -> bool:
    """Say whether a header ends in the columns that join clustered songs, their cells guarded or raw.

    Examples
    --------
    >>> ours = ["cluster", "cluster_name", "cluster_distance", "excluded_because"]
    >>> are_clustered(["title", *ours]), are_clustered(["title", *ours, "my notes"])
    (True, False)
    """
    joined = OUR_COLUMNS[0]
    last = tuple(_NUMBERED.sub("", text.strip()) for text in header[-len(joined) :])
    return last in (joined, raw_order(joined))


def raw_order(names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that join a table whose cells are written raw: the last two change places.

    Examples
    --------
    >>> raw_order(["cluster", "cluster_name", "cluster_distance", "excluded_because"])
    ('cluster', 'cluster_name', 'excluded_because', 'cluster_distance')
    """
    return (*names[:-2], *reversed(names[-2:]))


def write_cells(
    table: pl.DataFrame,
    out: Path | IO[bytes],
    *,
    separator: str = ",",
    include_header: bool = True,
    raw: bool = False,
) -> None:
    r"""Write a table as CSV that is safe to open in a spreadsheet.

    Parameters
    ----------
    table : DataFrame
        Texts, numbers, dates; no lists.
    out : Path or binary file
        Where to.
    separator : str
        Between cells.
    include_header : bool
        Whether to write the names of the columns.
    raw : bool
        Whether cells are written as they stand, though a spreadsheet may run them.

    Examples
    --------
    >>> text_of_cells(pl.DataFrame({"title": ["=1+1", "Hey, you"], "energy": [-0.5, None]}))
    'title,energy\n\'=1+1,-0.5\n"Hey, you",\n'
    """
    if isinstance(out, Path):
        with out.open("wb") as file:
            write_cells(table, file, separator=separator, include_header=include_header, raw=raw)
    elif raw:
        table.write_csv(out, separator=separator, include_header=include_header)
    else:
        if include_header:
            names = pl.DataFrame([table.columns], orient="row", strict=False)
            _put(names, out, separator)
        for rows in table.iter_slices(_ROWS_AT_ONCE):
            _put(rows, out, separator)


def text_of_cells(table: pl.DataFrame, *, include_header: bool = True, raw: bool = False) -> str:
    """Return what `write_cells` writes, as text."""
    out = BytesIO()
    write_cells(table, out, include_header=include_header, raw=raw)
    return out.getvalue().decode()


def _put(rows: pl.DataFrame, out: IO[bytes], separator: str) -> None:
    """Write rows guarded, and quoted where any program might need it."""
    texts = (cells for cells in rows if cells.dtype in (pl.String, pl.Categorical, pl.Enum))
    safe = rows.with_columns(_as_written(cells.cast(pl.String)) for cells in texts)
    safe.write_csv(out, include_header=False, separator=separator, quote_style="never")


def _as_written(cells: pl.Series) -> pl.Series:
    """A column of texts as the file has them, quotes and all."""
    is_split = cells.str.contains(_MARKED)
    cells = _changed(cells, is_split, _guarded_inside)
    cells = _changed(cells, _live(cells), lambda some: "'" + some)
    return _changed(cells, is_split | (cells == ""), _quoted)


def _guarded_inside(cells: pl.Series) -> pl.Series:
    """A column of texts with an apostrophe before each sign of formulas at which a cell might begin."""
    return _changed(cells, _inner(cells), lambda some: some.str.replace_all(_BEFORE, "${1}'${2}"))


def _quoted(cells: pl.Series) -> pl.Series:
    """A column of texts in quotes."""
    return '"' + cells.str.replace_all('"', '""', literal=True) + '"'


def _live(cells: pl.Series) -> pl.Series:
    """Whether each cell is live."""
    live = cells.str.contains(_LIVE)
    return live & ~cells.str.contains(_PLAIN) if live.any() else live


def _inner(cells: pl.Series) -> pl.Series:
    """Whether in each cell a sign of formulas follows a sign at which some program splits."""
    inner = cells.str.contains(_BEGUN)
    return inner & ~cells.str.contains(_NUMBERS) if inner.any() else inner


def _has_inner(text: str) -> bool:
    """Whether `_inner` holds of one text."""
    return re.search(_BEGUN, text) is not None and re.fullmatch(_NUMBERS[1:-1], text) is None


def _changed(cells: pl.Series, is_meant: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """A column with some of its cells changed."""
    places = is_meant.fill_null(value=False).arg_true()
    return cells.clone().scatter(places, change(cells.gather(places))) if len(places) else cells
