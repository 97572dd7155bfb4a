"""From the collected dictionary to one self-contained HTML page.

Every text is escaped (Jinja2 with autoescape on). Style sheet and pictures are part of the page, and so is
its one script, which draws the map: the content policy allows that very text and forbids every request.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from songatlas.report.song_map import SongMap

LARGEST_SVG = 500_000
"""Bytes above which a figure is shown by its PNG, so that the page stays light."""

_WORDS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure on the page: its ``data:`` address, what it shows, and how to read it."""

    uri: str
    title: str
    caption: str


def render(collected: Mapping[str, Any], *, pictures: Mapping[str, Picture], song_map: SongMap) -> str:
    """Render the report.

    Parameters
    ----------
    collected : mapping
        What `collect` gives.
    pictures : mapping of str to Picture
        Name of a figure -> the figure, as `picture_of` makes it; those that are missing are left out.
    song_map : SongMap
        The map for the reader's browser.

    Returns
    -------
    str
        The page. The time stamp stands in one element only, ``<time id="created">``.
    """
    page = _environment().get_template("report.html.j2")
    return page.render(**collected, pictures=pictures, song_map=song_map) + "\n"


def picture_of(svg: Path, png: Path, *, title: str, caption: str) -> Picture:
    """Return a figure as the page shows it: its SVG, or its PNG where the SVG is heavy."""
    content = svg.read_bytes()
    if len(content) <= LARGEST_SVG:
        uri = f"data:image/svg+xml;base64,{base64.b64encode(content).decode('ascii')}"
    else:
        uri = f"data:image/png;base64,{base64.b64encode(png.read_bytes()).decode('ascii')}"
    return Picture(uri=uri, title=title, caption=caption)


def thousands(number: float) -> str:
    """Return a count with commas.

    Examples
    --------
    >>> thousands(28356)
    '28,356'
    """
    return f"{number:,.0f}"


def percent(share: float) -> str:
    """Return a share as a percentage, never rounding something to nothing.

    Examples
    --------
    >>> percent(0.123), percent(0.004), percent(0.0)
    ('12%', '0.4%', '0%')
    """
    if 0 < share < 0.0005:
        return "under 0.1%"
    return f"{share:.1%}" if 0 < share < 0.01 else f"{share:.0%}"


def index_value(value: float | None) -> str:
    """Return the value of an index: three decimals where it is small, commas where it is large.

    Examples
    --------
    >>> index_value(0.24238), index_value(658336.2), index_value(None), index_value(-0.1), index_value(-1e-9)
    ('0.242', '658,336', '–', '−0.100', '0.000')
    """
    if value is None:
        return "–"
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 100 else f"{value:.3f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("-")


def number_word(number: int) -> str:
    """Return a small number as a word, a larger one in digits.

    Examples
    --------
    >>> number_word(9), number_word(1402)
    ('nine', '1,402')
    """
    return _WORDS[number] if 0 <= number < len(_WORDS) else thousands(number)


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "song"), counted(2000, "song")
    ('1 song', '2,000 songs')
    """
    return f"{thousands(number)} {one if number == 1 else many or one + 's'}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("songatlas.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    return environment


FILTERS = {
    "thousands": thousands,
    "percent": percent,
    "index_value": index_value,
    "number_word": number_word,
    "counted": counted,
}
