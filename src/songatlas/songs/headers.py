"""Header rows: where they stand, what known names they hold, and what is said when there are none.

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
_SEARCHED = 12  # rows at the top among which the header is looked for
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


def split_header(
    cells: pl.DataFrame, *, named: Sequence[str] | None = None, by_position: bool = False
) -> tuple[tuple[str, ...], pl.DataFrame, tuple[str, ...]]:
    """Take the header row off a grid.

    Parameters
    ----------
    cells : polars.DataFrame
        Grid of String columns, header row included.
    named : sequence of str, optional
        Names given by the person; a header row without meaning is then replaced.
    by_position : bool
        Whether the person names the columns by their positions, so that no header is needed.

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
    if named is not None:
        header = _given_names(named, cells.width)
        if place is None or not top:
            return header, cells, ("the file has no header row; the names given were used",)
        note = f"row {place + 1} was taken for a header row and replaced by the names given"
        return header, cells.slice(place + 1), (note,)
    if place is None:
        if by_position:
            return ("",) * cells.width, cells, ("the file has no header row; columns were named by position",)
        raise MissingColumns(_no_header(top[0]))
    header = tuple(cell or "" for cell in top[place])
    if not by_position and all(_MEANINGLESS.fullmatch(cell.strip()) for cell in header):
        raise MissingColumns(_meaningless(header))
    notes = (f"rows above the header, passed over: {place}",) if place else ()
    return header, cells.slice(place + 1), notes


def _header_row(top: Sequence[Sequence[str | None]]) -> int | None:
    """Return which of the first rows is the header; None where the rows begin at once."""
    known = [known_headers(row) for row in top]
    if not top:
        return None
    first = next((place for place, row in enumerate(top) if any((cell or "").strip() for cell in row)), 0)
    if known[first] < 3 and max(known) >= 3:
        return known.index(max(known))
    numbers = sum(map(is_number, top[first]))
    below = max((sum(map(is_number, row)) for row in top[first + 1 :]), default=0)
    if known[first] >= 3 or numbers == 0 or (known[first] and numbers * 4 <= below):
        return first
    return None if numbers >= 2 or known[first] == 0 else first


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


def _no_header(first: Sequence[str | None]) -> str:
    """Say that the first row is no header."""
    start = ", ".join(repr((cell or "").strip()[:20]) for cell in first[:3])
    return (
        f"has no header row (it begins with {start}): name its {len(first)} columns in order with "
        "--header title,artist,danceability,... (in Python header=[...])"
    )


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
