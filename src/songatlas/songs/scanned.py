"""What only a table has that was made from files of music: where they are, what was heard in them, by whom.

`songatlas scan` writes such tables; any other table with paths of music files or with vectors under these
names is read in the same way.

Conventions
-----------
Vectors are List(Float32) of one length, null where a song has none. Values of two measurers are never mixed
in one feature without a word: where two columns hold the same feature one is taken, and where the rows of one
column come from two measurers it is told. Where no column says who measured, the marks that a scan leaves do:
its ids, what it heard, how it ended, where the files are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from songatlas.features import DETAILS, FEATURES, header_key, is_estimate
from songatlas.files import AUDIO_ENDING
from songatlas.songs.different import share_true
from songatlas.songs.table import ColumnReading, RawTable

VECTORS: Final = tuple(column for column, detail in DETAILS.items() if detail.kind == "vector")
"""Columns of a songs table that hold lists of numbers."""

UNHEARD: Final = ("liveness", "time_signature")
"""Features that a scan does not know."""

SCANNED: Final = "songatlas scan"
"""Who measured the songs that bear the marks of a scan, where no column says who did."""

_ID: Final = "audio:"  # how a scan begins the ids of files that it could hear
_OUTCOMES: Final = ("ok", "partial", "silent", "too short", "unreadable", "crashed")
_SAMPLE: Final = 2_000
_LEAST_LOCATIONS: Final = 0.5  # share of the cells that look like files of music
_LOCATION: Final = rf"(?:{AUDIO_ENDING}|(?i)^file:)"
_NUMBERS: Final = r"^\s*\[[-+0-9.eE,\s]*\]\s*$"
_NUMBER: Final = r"\s*-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?\s*"
_JSON: Final = rf"^\s*\[(?:{_NUMBER}(?:,{_NUMBER})*|\s*)\]\s*$"
_EXTRACTOR: Final = r"(?i)^songatlas\b.*?\b(audio \S+)\s*$"
_MOST_NAMED: Final = 4


def read_locations(cells: pl.Series) -> pl.Series | None:
    """Return paths and URIs of files of music as they stand; None where a column holds something else.

    Nothing is trimmed: the name of a file may begin with a blank.
    """
    if cells.dtype != pl.String:
        return None
    filled = cells.gather_every(max(1, len(cells) // _SAMPLE)).drop_nulls()
    filled = filled.filter(filled.str.strip_chars() != "")
    if share_true(filled.str.contains(_LOCATION)) < _LEAST_LOCATIONS:
        return None
    return locations_in(cells)


def locations_in(cells: pl.Series) -> pl.Series:
    """Paths and URIs as they stand, null where there is none."""
    return cells.to_frame("text").select(pl.when(pl.col("text") != "").then("text")).to_series()


def read_vectors(cells: pl.Series) -> tuple[pl.Series | None, str]:
    """Return lists of numbers of one length, and a note; None where a column holds none.

    Parameters
    ----------
    cells : polars.Series
        Lists, arrays, or JSON text of lists.

    Returns
    -------
    polars.Series of List(Float32) or None
        Null where a list is missing, has another length than most, or holds what is no finite number.
    str
        Of how many numbers the lists are and what was not taken, or why there are none.
    """
    lists = _as_lists(cells)
    n_filled = len(cells) - cells.null_count() if cells.dtype != pl.String else int((cells != "").sum())
    if lists is None or not n_filled:
        return None, "holds no lists of numbers" if n_filled else "empty"
    lengths = lists.list.len().fill_null(0).to_numpy()
    counts = np.bincount(lengths)
    counts[0] = 0
    if not counts.any():
        return None, "holds no lists of numbers"
    width = len(counts) - 1 - int(counts[::-1].argmax())
    taken = _of_width(lists, lengths, width)
    lost = n_filled - taken.count()
    said = f"lists of {width} numbers"
    return taken, f"{said}; cells that hold something else, taken as missing: {lost:,}" if lost else said


def vectors_of(cells: pl.Series, width: int) -> pl.Series:
    """Lists of so many numbers, List(Float32), null where there is none."""
    lists = _as_lists(cells)
    if lists is None or not width:
        return pl.repeat(None, len(cells), dtype=pl.List(pl.Float32), eager=True)
    return _of_width(lists, lists.list.len().fill_null(0).to_numpy(), width)


def _of_width(
    lists: pl.Series, lengths: np.ndarray[tuple[int], np.dtype[np.uint32]], width: int
) -> pl.Series:
    """Lists of so many finite numbers, null in the place of others."""
    fits = lengths == width
    fits[fits] = np.isfinite(matrix_of(lists.filter(pl.Series(fits)), width)).all(axis=1)
    return lists.to_frame("list").select(pl.when(pl.lit(pl.Series(fits))).then("list")).to_series()


def matrix_of(lists: pl.Series, width: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return lists of one length, none missing, as a matrix, float32 (n_lists, width); null becomes NaN."""
    if lists.is_empty():
        return np.zeros((0, width), dtype=np.float32)
    return np.asarray(lists.explode().to_numpy(), dtype=np.float32).reshape(len(lists), width)


def _as_lists(cells: pl.Series) -> pl.Series | None:
    """Cells as lists of numbers, null where they are none; None where they are of another kind."""
    if isinstance(cells.dtype, pl.Array):
        cells = cells.arr.to_list()
    if isinstance(cells.dtype, pl.List):
        inner = cells.dtype.inner
        return cells.cast(pl.List(pl.Float32), strict=False) if inner.is_numeric() else None
    if cells.dtype != pl.String:
        return None
    is_list = cells.str.contains(_NUMBERS).fill_null(value=False)
    if not is_list.any():
        return None
    text = cells.to_frame("text").select(pl.when(pl.lit(is_list)).then("text")).to_series()
    try:
        return text.str.json_decode(pl.List(pl.Float32))
    except pl.exceptions.ComputeError:  # a number that JSON does not know, such as .5
        is_json = text.str.contains(_JSON)
    number = pl.element().str.strip_chars().cast(pl.Float32, strict=False)
    known = text.to_frame("text").select(pl.when(pl.lit(is_json)).then("text")).to_series()
    split = text.str.strip_chars("[] \n").str.split(",").list.eval(number)
    return known.str.json_decode(pl.List(pl.Float32)).zip_with(is_json.fill_null(value=False), split)


def told_twice(
    raw: RawTable, candidates: Mapping[str, Sequence[int]], readings: Mapping[int, ColumnReading]
) -> list[str]:
    """Say of which features both a measured and an estimated column hold values, and which is taken."""
    used = {reading.column: place for place, reading in readings.items() if reading.column}
    twice = []
    for column in FEATURES:
        place = used.get(column)
        if place is None:
            continue
        is_other = is_estimate(raw.header[place])
        rest = [other for other in candidates.get(column, ()) if is_estimate(raw.header[other]) != is_other]
        if any(raw.frame.to_series(other).count() for other in rest):
            twice.append(raw.header[place].strip())
    if not twice:
        return []
    return [
        f"measured by others and estimated by songatlas scan, on two scales that are not mixed: "
        f"{_listed(twice)} {'is' if len(twice) == 1 else 'are'} taken, the other "
        f"{'column is' if len(twice) == 1 else 'columns are'} left alone"
    ]


@dataclass(frozen=True)
class ScanMarks:
    """By what the songs of a scan are known where no column says who measured.

    Attributes
    ----------
    columns : tuple of str
        Columns of the songs table whose values are such a mark.
    outcome : int or None
        Position of the column in which a scan says how each file ended.
    """

    columns: tuple[str, ...]
    outcome: int | None = None


def find_marks(
    songs: Mapping[str, pl.Series], raw: RawTable, readings: Mapping[int, ColumnReading]
) -> ScanMarks | None:
    """Return by what the songs of a scan are known, where no column says who measured.

    Parameters
    ----------
    songs : mapping of str to polars.Series
        Columns of a songs table.
    raw : RawTable
        The table as it was read.
    readings : mapping of int to ColumnReading
        What the features were read from.

    Returns
    -------
    ScanMarks or None
        None where a column says who measured, or no song has a mark.
    """
    if "measured_by" in songs and songs["measured_by"].count():
        return None
    outcome = _outcome_in(raw)
    estimates = [each.column for each in readings.values() if each.column and is_estimate(each.header)]
    columns = [name for name in (*VECTORS, "song_id", "heard_tags") if name in songs]
    if "location" in songs and (outcome is not None or estimates):
        columns.append("location")
    for marks in (ScanMarks(tuple(columns), outcome), ScanMarks(tuple(estimates))):
        outcomes = None if marks.outcome is None else raw.frame.to_series(marks.outcome)
        if _bear(songs, marks, outcomes).any():
            return marks
    return None


def measured_by_scan(
    songs: Mapping[str, pl.Series], marks: ScanMarks, outcomes: pl.Series | None
) -> pl.Series:
    """Return `SCANNED` for the songs that bear one of the marks, null for others.

    Parameters
    ----------
    songs : mapping of str to polars.Series
        Columns of a songs table.
    marks : ScanMarks
        What `find_marks` found.
    outcomes : polars.Series or None
        Cells of the column `marks.outcome`.
    """
    found = _bear(songs, marks, outcomes)
    by_scan = pl.when(pl.lit(found)).then(pl.lit(SCANNED)).alias("measured_by")
    return found.to_frame("found").select(by_scan).to_series()


def _bear(songs: Mapping[str, pl.Series], marks: ScanMarks, outcomes: pl.Series | None) -> pl.Series:
    """Say which songs bear a mark."""
    found = [] if outcomes is None else [outcomes.is_in(_OUTCOMES[:2])]
    for name in marks.columns:
        if name == "song_id":
            found.append(songs[name].str.starts_with(_ID))
        elif name == "heard_tags":
            found.append(songs[name].list.len() > 0)
        else:
            found.append(songs[name].is_not_null())
    columns = [mark.fill_null(value=False).alias(str(place)) for place, mark in enumerate(found)]
    if not columns:
        return pl.Series([], dtype=pl.Boolean)
    return pl.DataFrame(columns).select(pl.any_horizontal(pl.all())).to_series()


def _outcome_in(raw: RawTable) -> int | None:
    """The position of the column in which a scan says how each file ended; None where there is none."""
    for place, header in enumerate(raw.header):
        if header_key(header) == "outcome":
            cells = raw.frame.to_series(place)
            if cells.dtype == pl.String and cells.drop_nulls().is_in(_OUTCOMES).all():
                return place
    return None


def renamed_estimates(
    songs: Mapping[str, pl.Series], readings: Mapping[int, ColumnReading], header: Sequence[str]
) -> list[int]:
    """Return positions of features that only scans can have estimated, though their headers do not say so.

    Parameters
    ----------
    songs : mapping of str to polars.Series
        Columns of a songs table.
    readings : mapping of int to ColumnReading
        What each feature was read from.
    header : sequence of str
        All headers of the table: of a feature that has a column of estimates, the other one is none.
    """
    if "measured_by" not in songs or any(name in songs and songs[name].count() for name in UNHEARD):
        return []
    by = measurers_of(songs["measured_by"])
    by_others = ~(by.str.starts_with("audio ") | (by == SCANNED)).fill_null(value=False)
    said = {header_key(text) for text in header if is_estimate(text)}
    return [
        place
        for place, each in readings.items()
        if each.column is not None
        and each.column in songs
        and is_estimate(f"{each.column}_estimate")
        and header_key(f"{each.column}_estimate") not in said
        and not (songs[each.column].is_not_null() & by_others).any()
    ]


def two_measurers(songs: Mapping[str, pl.Series], *, guessed: bool = False) -> list[str]:
    """Say whether the songs of one table come from several measurers, whose values share features.

    Parameters
    ----------
    songs : mapping of str to polars.Series
        Columns of a songs table.
    guessed : bool
        Whether only the marks of a scan say who measured.
    """
    if "measured_by" not in songs:
        return []
    columns = [name for name in FEATURES if name in songs]
    by = measurers_of(songs["measured_by"])
    known = pl.DataFrame([songs[name].is_not_null().alias(name) for name in columns]).with_columns(by=by)
    told = known.filter(pl.any_horizontal(columns)).group_by("by").agg(pl.len(), pl.col(columns).any())
    told = told.sort("len", "by", descending=[True, False])
    shared = [name for name in columns if told[name].sum() > 1]
    if told.height < 2 or not shared:
        return []
    counted = [f"{n:,} songs {by_whom(name)}" for name, n in told.select("by", "len").iter_rows()]
    why = (
        "no column says who measured: songs with an id, a vector, a path or an outcome of songatlas scan "
        "count as scanned, the others as measured by others"
    )
    return [
        f"measured in {told.height} ways: {_listed(counted)}; they share {_listed(shared)}, whose "
        "values need not be on one scale, so that clusters may tell the measurers apart: build an atlas of "
        "each, or scan all files anew",
        *([why] if guessed else []),
    ]


def measurers_of(measured_by: pl.Series) -> pl.Series:
    """Return who measured each song: the part of a scan that decides its numbers, else the whole text.

    Examples
    --------
    >>> measurers_of(pl.Series(["songatlas 0.1.0, audio 1", "a lab", None])).to_list()
    ['audio 1', 'a lab', None]
    """
    frame = measured_by.to_frame("by")
    return frame.select(pl.coalesce(pl.col("by").str.extract(_EXTRACTOR), "by")).to_series()


def by_whom(measurer: str | None) -> str:
    """Return who measured, in words, after `measurers_of`.

    Examples
    --------
    >>> by_whom("audio 1"), by_whom(None)
    ('by songatlas scan (audio 1)', 'by others')
    """
    if not measurer:
        return "by others"
    return f"by songatlas scan ({measurer})" if measurer.startswith("audio ") else f"by {measurer}"


def _listed(names: Sequence[str]) -> str:
    """Some names as a list in a sentence."""
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
