"""How Spark's executors read text files: by the very reader of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from songatlas.songs.reading import read_raw

if TYPE_CHECKING:
    from songatlas.spark import TextForm


def names_by_position(columns: Mapping[str, str]) -> bool:
    """Say whether all columns that a person named are numbers of columns.

    Examples
    --------
    >>> names_by_position({"energy": "3"}), names_by_position({"energy": "nrgy"}), names_by_position({})
    (True, False, False)
    """
    return bool(columns) and all(place.strip().isdigit() for place in columns.values())


@dataclass(frozen=True)
class ParseText:
    """The cells of a text file, as a task that can be sent.

    Attributes
    ----------
    header : tuple of str or None
        Names of the columns, where the file has no header row.
    by_position : bool
        Whether columns are named by position, so that a header is not needed.
    """

    header: tuple[str, ...] | None = None
    by_position: bool = False

    def __call__(self, content: bytes) -> pl.DataFrame:
        """Return the cells of the whole file, under unique headers."""
        raw, _, _ = read_raw(content, header=self.header, by_position=self.by_position)
        return raw.frame.slice(0, raw.frame.height)


def text_form(name: str, head: bytes, *, header: tuple[str, ...] | None, by_position: bool) -> TextForm:
    """Return how text files are read of which one, of some name, begins with `head`."""
    from songatlas.spark import TextForm

    whole_lines = head[: head.rfind(b"\n") + 1] or head
    raw, _, _ = read_raw(whole_lines, header=header, by_position=by_position)
    return TextForm(
        parse=ParseText(header, by_position),
        encoding=raw.encoding,
        separator=raw.separator,
        header=raw.header,
        notes=raw.notes,
    )
