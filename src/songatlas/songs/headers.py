"""Header rows: where they stand, what known names they hold, and what is said when there are none.

Only lines that are no songs are passed over: above the header those with fewer cells than it has, such as a
heading or a date; and where a person names the columns, the first row only if it is a header for certain.
A header is compared by its key (see `header_key`). A *known* header is an alias of a column in FEATURES or
DETAILS, or such an alias behind a prefix such as ``track.`` or ``audio_features.``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from songatlas.errors import BadSettings, MissingColumns
from songatlas.features import DETAILS, FEATURES, header_key

_PREFIXES = (
    "audiofeatures",
    "audiofeature",
    "audiosummary",
    "features",
    "feature",
    "track",
    "song",
    "spotify",
    "audio",
)
_NUMBER = re.compile(r"[-+\u2212]?\d*[.,]?\d+(?:[eE][-+]?\d+)?%?")
_MEANINGLESS = re.compile(
    r"(?:ag-?cell|column|col|field|var|feature|unnamed|v|x|f)?[ _.:-]*\(?\d*\)?", re.IGNORECASE
)
_FIGURE = re.compile(r"[-+\u2212]?[.,]?\d")  # what a number, a percentage, a time or a date begins with
_NOTHING = frozenset(("", "-", "--", "?", "na", "n/a", "nan", "nil", "none", "null", "unknown", "undefined"))
_SEARCHED = 12  # rows at the top among which the header is looked for
_FEWEST = 3  # known headers by which a row is taken for the header
DATE_PARTS = {"releasedmonth": "month", "releasemonth": "month", "releasedday": "day", "releaseday": "day"}


def _aliases() -> Iterator[tuple[str, str, int]]:
    """Yield header key, column and rank (0 = the best alias) of everything that is recognised."""
    aliases = {column: spec.aliases for column, spec in FEATURES.items()}
    aliases |= {column: detail.aliases for column, detail in DETAILS.items()}
    for column, names in aliases.items():
        for rank, alias in enumerate(dict.fromkeys((header_key(column), *names))):
            yield alias, column, rank


def _alias_table() -> dict[str, tuple[tuple[str, int], ...]]:
    """Columns and ranks under each header key."""
    table: dict[str, tuple[tuple[str, int], ...]] = {}
    for alias, column, rank in _aliases():
        table[alias] = (*table.get(alias, ()), (column, rank))
    return table


def columns_of(header: str) -> tuple[tuple[str, int], ...]:
    """Return the columns that a header may mean, each with its rank (lower is better).

    Examples
    --------
    >>> columns_of("Track.Name")
    (('title', 1),)
    """
    key = header_key(header)
    if key in ALIASES:
        return ALIASES[key]
    for prefix in _PREFIXES:
        rest = key.removeprefix(prefix)
        if rest != key and rest in ALIASES:
            may_be_detail = prefix == "spotify"
            return tuple(
                (column, rank + 100) for column, rank in ALIASES[rest] if may_be_detail or column in FEATURES
            )
    return ()


def known_headers(cells: Sequence[str | None]) -> int:
    """Return how many of the cells are known headers."""
    return sum(bool(cell) and bool(columns_of(cell or "")) for cell in cells)


def is_number(cell: str | None) -> bool:
    """Say whether a cell of the first rows is written like a number."""
    return bool(cell) and _NUMBER.fullmatch((cell or "").strip()) is not None


def may_lack_a_header(cells: Sequence[str | None]) -> bool:
    """Say whether a first row that is a cell short may be a header: it is filled, and not with numbers."""
    return sum(map(is_number, cells)) < 2 and 2 * _n_filled(cells) > len(cells)


def split_header(
    cells: pl.DataFrame, *, named: Sequence[str] | None = None, by_position: bool = False
) -> tuple[tuple[str, ...], pl.DataFrame, tuple[str, ...]]:
    """Take the header row off a grid.

    Parameters
    ----------
    cells : polars.DataFrame
        Grid of String columns, header row included.
    named : sequence of str, optional
        Names given by the person; a row that is a header for certain is then replaced.
    by_position : bool
        Whether the person names the columns by their positions, so that no header is needed; a row is
        then one only if it is one for certain.

    Returns
    -------
    header : tuple of str
        One for each column, as it stands ("" where there is none).
    rows : polars.DataFrame
        The rows below it.
    notes : tuple of str
        What was done.

    Raises
    ------
    MissingColumns
        If there is no header row, or one without meaning, and no names were given.
    BadSettings
        If the names given are not as many as the columns.
    """
    top = [list(row) for row in cells.head(_SEARCHED).rows()]
    place = _header_row(top)
    is_needed = named is None and not by_position
    if place is not None and not is_needed and not _is_certain(top, place, named or ()):
        place = None
    passed_over = (f"rows above the header, passed over: {place}",) if place else ()
    if named is not None:
        header = _given_names(named, cells.width)
        if place is None:
            return header, cells, ("the file has no header row; the names given were used",)
        row = f"row {place + 1} ({_begin(top[place])}, ...)"
        note = f"{row} was taken for a header row and replaced by the names given"
        return header, cells.slice(place + 1), (*passed_over, note)
    if place is None:
        if by_position:
            return ("",) * cells.width, cells, ("the file has no header row; columns were named by position",)
        raise MissingColumns(_no_header(top))
    header = tuple(cell or "" for cell in top[place])
    if is_needed and all(_MEANINGLESS.fullmatch(cell.strip()) for cell in header):
        raise MissingColumns(_meaningless(header))
    return header, cells.slice(place + 1), passed_over


def _header_row(top: Sequence[Sequence[str | None]]) -> int | None:
    """Return which of the first rows is the header; None where the rows begin at once."""
    if not top:
        return None
    known = [known_headers(row) for row in top]
    first = next((place for place, row in enumerate(top) if _n_filled(row)), 0)
    if known[first] < _FEWEST:
        below = (place for place in _likely_headers(top) if place > first)
        if (found := next((place for place in below if _is_below_headings(top, place)), None)) is not None:
            return found
    numbers = sum(map(is_number, top[first]))
    if known[first] >= _FEWEST or numbers == 0 or (known[first] and _has_few_numbers(top, first)):
        return first
    return None if numbers >= 2 or known[first] == 0 else first


def _likely_headers(top: Sequence[Sequence[str | None]]) -> list[int]:
    """Rows of known headers, few of them numbers, those with the most first."""
    known = {place: known_headers(row) for place, row in enumerate(top)}
    found = (place for place in known if known[place] >= _FEWEST and _has_few_numbers(top, place))
    return sorted(found, key=lambda place: -known[place])


def _has_few_numbers(top: Sequence[Sequence[str | None]], place: int) -> bool:
    """Say whether a row has at most a quarter of the numbers of the row below it that has the most."""
    return sum(map(is_number, top[place])) * 4 <= _most_numbers(top[place + 1 :])


def _is_below_headings(top: Sequence[Sequence[str | None]], place: int) -> bool:
    """Say whether all rows above a header are headings of the table, and none of them a song."""
    n_headers, most = _n_filled(top[place]), _most_numbers(top[place + 1 :])
    for row in top[:place]:
        numbers, words = sum(map(is_number, row)), {cell for cell in row if _n_filled((cell,))}
        is_repeated = numbers == 0 and 2 * len(words) <= _n_filled(row)  # merged cells, unmerged
        if not is_repeated and (_n_filled(row) >= n_headers or 2 * numbers > max(most, 2)):
            return False
    return True


def _is_certain(top: Sequence[Sequence[str | None]], place: int, named: Sequence[str]) -> bool:
    """Say whether a row cannot be a song: it has the names given, or words where songs have figures."""
    row, below = [(cell or "").strip() for cell in top[place]], top[place + 1 :]
    n_filled = sum(map(bool, row))
    if 2 * sum(_is_same(*pair) for pair in zip(row, named, strict=False)) > n_filled:
        return True
    if all(_MEANINGLESS.fullmatch(cell) for cell in row):
        return 2 * sum(not is_number(cell) for cell in row if cell) > n_filled
    figures = [at for at in range(len(row)) if _holds_figures([each[at] for each in below])]
    words = {word for at in figures if (word := row[at].lower()) not in _NOTHING and not _FIGURE.match(word)}
    if len(figures) < 2:
        return all(row) and len(words) == 1 if figures else 2 * known_headers(row) > len(row)
    return len(words) >= 2 and 3 * len(words) >= 2 * len(figures)


def _is_same(cell: str, name: str) -> bool:
    """Say whether a cell is the name that was given to its column."""
    return bool(cell) and header_key(cell) == header_key(name)


def _holds_figures(cells: Sequence[str | None]) -> bool:
    """Say whether nearly all cells of a column that hold anything begin as a number does."""
    filled = [text for cell in cells if (text := (cell or "").strip()).lower() not in _NOTHING]
    return bool(filled) and 5 * sum(_FIGURE.match(text) is not None for text in filled) >= 4 * len(filled)


def _n_filled(row: Sequence[str | None]) -> int:
    """How many cells hold anything but words for nothing."""
    return sum((cell or "").strip().lower() not in _NOTHING for cell in row)


def _most_numbers(rows: Sequence[Sequence[str | None]]) -> int:
    """Numbers in that of the rows that has the most."""
    return max((sum(map(is_number, row)) for row in rows), default=0)


def _given_names(named: Sequence[str], width: int) -> tuple[str, ...]:
    """Check the names given against the number of columns."""
    if len(named) > width:
        raise BadSettings(
            f"{len(named)} header names were given for {width} columns: give one name a column, in order"
        )
    if len(named) < width:
        raise BadSettings(
            f"{len(named)} header names were given for {width} columns: give one name a column, in order "
            "(any word, such as 'skip', for a column that is not needed)"
        )
    return tuple(named)


def _no_header(top: Sequence[Sequence[str | None]]) -> str:
    """Say that the first row is no header."""
    likely = _likely_headers(top)
    there = f"; row {likely[0] + 1} looks like one, but songs stand above it" if likely else ""
    return (
        f"has no header row (it begins with {_begin(top[0])}{there}): name its {len(top[0])} columns in "
        "order with --header title,artist,danceability,... (in Python header=[...])"
    )


def _begin(row: Sequence[str | None]) -> str:
    """The first cells of a row as they are told."""
    return ", ".join(repr((cell or "").strip()[:20]) for cell in row[:3])


def _meaningless(header: Sequence[str]) -> str:
    """Say that the headers mean nothing."""
    start = ", ".join(repr(cell.strip()) for cell in header[:3])
    return (
        f"has headers without meaning ({start}, ...): name its {len(header)} columns in order with "
        "--header title,artist,danceability,... (in Python header=[...]), or single ones by their position "
        "with --column danceability=3"
    )


def unique_names(header: Sequence[str]) -> list[str]:
    """Return a unique name for each header, fit for Polars; the first of several equal ones keeps it.

    Examples
    --------
    >>> unique_names(["energy", "energy", ""])
    ['energy', 'energy (column 2)', 'column 3']
    """
    names: list[str] = []
    for position, text in enumerate(header, start=1):
        name = text or f"column {position}"
        # Polars takes a name from ^ to $ for a pattern
        while name in names or (name.startswith("^") and name.endswith("$")):
            name = f"{name} (column {position})"
        names.append(name)
    return names


ALIASES: Mapping[str, tuple[tuple[str, int], ...]] = _alias_table()
