"""The rows of a table that were left out, each with the reason, to be looked through."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from songatlas.app.files.listed_files import output_place
from songatlas.app.files.opened_folder import places_of_ours, taken
from songatlas.app.visit.opening import Catalogue
from songatlas.atlas import Atlas, ClusteredRows
from songatlas.report.sampled import ROWS
from songatlas.safe_cells import unguarded_cells, was_guarded
from songatlas.songs import RULES

MOST_ROWS: Final = 200_000
"""Rows that are held to be looked through; tables of more left-out rows show the first of them."""

_SHOWN: Final = ("title", "artists", "album", "song_id")


def left_out_rows(opened: Catalogue) -> pl.DataFrame | None:
    """Return the rows that were left out; None where nobody knows them any more.

    Parameters
    ----------
    opened : Catalogue

    Returns
    -------
    DataFrame or None
        `row` (Int64, counted from 1 below the header), those of `title`, `artists`, `album` and `song_id`
        that the table has, as they stand in it (String), and `reason` (String, in words).
    """
    return opened.atlas.kept.get("left-out rows", None, lambda: _left_out(opened))


def search_rows(rows: pl.DataFrame, text: str, reason: str | None) -> pl.DataFrame:
    """Return the rows with a text in one of their cells, in any case, that were left out for a reason.

    Examples
    --------
    >>> rows = pl.DataFrame({"row": [1, 2], "title": ["Aria", "Blues"], "reason": ["Blank", "Short"]})
    >>> search_rows(rows, "aR", None)["row"].to_list(), search_rows(rows, "", "Short")["row"].to_list()
    ([1], [2])
    """
    if reason is not None:
        rows = rows.filter(pl.col("reason") == reason)
    words = text.casefold().split()
    texts = [name for name, kind in rows.schema.items() if kind == pl.String]
    told = pl.concat_str([pl.col(name).fill_null("") for name in texts], separator=" ").str.to_lowercase()
    for word in words:
        rows = rows.filter(told.str.contains(word, literal=True))
    return rows


def _left_out(opened: Catalogue) -> pl.DataFrame | None:
    places = _places(opened.atlas)
    if opened.atlas.rows is not None:
        return _of_rows(opened.atlas.rows, places)
    return taken(opened, lambda folder: _of_file(output_place(folder, ROWS), opened.atlas, places))


def _places(atlas: Atlas) -> dict[str, int]:
    """Where in the table the columns stand by which a person knows a song."""
    found = {read.column: read.position for read in reversed(atlas.columns) if read.column}
    return {column: found[column] for column in _SHOWN if column in found}


def _of_rows(rows: ClusteredRows, places: Mapping[str, int]) -> pl.DataFrame:
    """Out of the rows of a build."""
    left = np.flatnonzero(rows.song < 0)[:MOST_ROWS]
    reasons = rows.reasons.cast(pl.String).gather(left)
    columns = {name: rows.table.raw.to_series(place).gather(left) for name, place in places.items()}
    told = {name: column.cast(pl.String, strict=False) for name, column in columns.items()}
    return _told(pl.DataFrame({"row": left + 1, **told, "reason": reasons}))


def _of_file(path: Path, atlas: Atlas, places: Mapping[str, int]) -> pl.DataFrame:
    """Out of the file that a build wrote, texts as they stood in the table."""
    rows = pl.scan_csv(path, has_header=False, infer_schema=False)
    header = rows.head(1).collect().row(0)
    wanted = {**places, "reason": places_of_ours(atlas, header)["excluded_because"]}
    names = rows.collect_schema().names()
    row = pl.int_range(pl.len(), dtype=pl.Int64).alias("row")  # the header is row 0
    told = rows.select(row, *(pl.col(names[place]).alias(name) for name, place in wanted.items()))
    kept = told.filter(pl.col("row") > 0, pl.col("reason").is_not_null()).head(MOST_ROWS).collect()
    if was_guarded([text or "" for text in header]):
        kept = kept.with_columns(unguarded_cells(kept[name]) for name in places)
    return _told(kept)


def _told(rows: pl.DataFrame) -> pl.DataFrame:
    """The reasons in words."""
    titles = {name: rule.title for name, rule in RULES.items()}
    return rows.with_columns(pl.col("reason").replace(titles))
