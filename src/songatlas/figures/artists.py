"""Artists over clusters: where the songs of each artist are, and how widely it ranges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from songatlas.colours import ink_on
from songatlas.figures.lettering import printable, text_width, wrapped
from songatlas.figures.sheet import WIDTH, Sheet, empty_sheet, line_height
from songatlas.figures.style import ACCENT, LINE, QUIET, cluster_names, drawing

_TITLE = "The artists over the clusters"
_MOST_BARS = 60
_MOST_NAMED = 24
_NAME_SIZE, _MOST_NAME = 9.0, 2.7
_ROW, _LEGEND_ROW = 0.265, 0.25
_SONGS, _BREADTH, _GAP = 0.5, 1.35, 0.18
_FEWEST_INCHES = 0.2  # of a segment that bears its number


def artist_bars(
    *,
    artists: Sequence[str],
    n_songs: Sequence[int] | np.ndarray,
    shares: np.ndarray,
    home: Sequence[int] | np.ndarray,
    breadth: Sequence[float] | np.ndarray,
    names: Sequence[str],
    colours: Sequence[int] = (),
) -> Figure:
    """Draw a bar for each artist, cut by the clusters of its songs, its home first, and a mark of breadth.

    Parameters
    ----------
    artists : sequence of str, (n,)
        Names, in the order of drawing; the first 60 are drawn.
    n_songs : sequence of int, (n,)
        Songs of each.
    shares : array (n, k)
        Share of its songs in every cluster, 0 to 1.
    home : sequence of int, (n,)
        The cluster that comes first.
    breadth : sequence of float, (n,)
        How widely it ranges: 0 is one sound, 1 as wide as the catalogue; NaN = unknown, no mark.
    names : sequence of str, (k,)
        Name of every cluster.
    colours : sequence of int
        Number of the colour of every cluster; its own number where empty.

    Returns
    -------
    Figure
    """
    table = np.atleast_2d(np.asarray(shares, dtype=np.float64))[:_MOST_BARS]
    wide = np.asarray(breadth, dtype=np.float64)[:_MOST_BARS]
    with drawing():
        if not len(artists):
            advice = "Name the column of the artists: --column artists=HEADER."
            return empty_sheet(_TITLE, "There is nothing to draw.", advice)
        shown = cluster_names(names, table.shape[1])
        titles = [printable(str(name)) or "(no name)" for name in artists[: len(table)]]
        drawn = np.flatnonzero(table.sum(axis=0) > 0)
        named = drawn[np.argsort(-table.sum(axis=0)[drawn], kind="stable")][:_MOST_NAMED]
        columns = 3 if len(named) > 4 else 2
        legend = -(-len(named) // columns) * _LEGEND_ROW + 0.12
        sheet = Sheet(
            _TITLE,
            "A bar is an artist: how its songs are shared among the clusters, its home first. The dot says "
            "how widely it ranges: 0 is one sound, 1 is as wide as the whole catalogue.",
            height=legend + 0.3 + _ROW * len(titles) + 0.05,
            note=_note(len(artists), len(titles), len(drawn), len(named), wide),
            colours=colours,
        )
        for place, cluster in enumerate(sorted(named.tolist())):
            line, column = divmod(place, columns)
            x, y = column * WIDTH / columns, (line + 0.5) * _LEGEND_ROW
            sheet.named(x, y, cluster, shown[cluster], WIDTH / columns - 0.15, size=8.5)
        left = min(max(text_width(title, _NAME_SIZE) for title in titles) + 0.05, _MOST_NAME)
        _heads(sheet, left, legend + 0.12, _scale(wide))
        for place, title in enumerate(titles):
            y = legend + 0.3 + (place + 0.5) * _ROW
            _name(sheet, title, y, left)
            count = f"{int(n_songs[place]):,}"
            sheet.text(left + _SONGS, y, count, size=8.5, colour=QUIET, ha="right", va="center_baseline")
            _bar(sheet, left + _SONGS + _GAP, y, table[place], int(home[place]))
            _mark(sheet, y, wide[place], _scale(wide))
        return sheet.done()


def _note(n_given: int, n_drawn: int, n_clusters: int, n_named: int, wide: np.ndarray) -> str:
    """What the sheet leaves out."""
    parts = [f"The first {n_drawn} of {n_given:,} artists."] if n_drawn < n_given else []
    if n_named < n_clusters:
        parts.append(f"The {n_named} commonest of {n_clusters} clusters are named.")
    if not np.isfinite(wide).all():
        parts.append("No dot: too few songs to tell.")
    return " ".join(parts)


def _scale(wide: np.ndarray) -> float:
    """The end of the scale of breadth."""
    largest = float(np.nanmax(wide)) if np.isfinite(wide).any() else 0.0
    return max(1.0, largest) * 1.04


def _heads(sheet: Sheet, left: float, y: float, end: float) -> None:
    """What stands in each column, and the scale of breadth."""
    sheet.text(left + _SONGS, y, "Songs", size=8, colour=QUIET, ha="right")
    sheet.text(left + _SONGS + _GAP, y, "Share of its songs", size=8, colour=QUIET)
    start = WIDTH - _BREADTH
    for value, words, side in ((0.0, "Breadth 0", "center"), (1.0, "1", "center")):
        x = start + value / end * (_BREADTH - 0.08)
        if value == 0.0:
            x, side = start + 0.06, "right"
        sheet.text(x, y, words, size=8, colour=QUIET, ha=side)
        foot = sheet.body_height - 0.05
        looks = {"linestyle": (0, (3, 3))} if value else {}
        sheet.rule(start + value / end * (_BREADTH - 0.08), y + 0.1, foot, color=LINE, linewidth=1.0, **looks)


def _name(sheet: Sheet, title: str, y: float, width: float) -> None:
    """The name of an artist, in two small lines where one is too short."""
    if text_width(title, _NAME_SIZE) <= width:
        sheet.text(0, y, title, size=_NAME_SIZE, va="center_baseline")
        return
    size = 6.6
    broken = wrapped(title, width, size, lines=2)
    for number, words in enumerate(broken):
        offset = (number - (len(broken) - 1) / 2) * line_height(size) * 0.92
        sheet.text(0, y + offset, words, size=size, va="center_baseline")


def _bar(sheet: Sheet, left: float, y: float, shares: np.ndarray, home: int) -> None:
    """The clusters of an artist side by side, the home first, then the larger first; wide ones numbered."""
    reach = WIDTH - _BREADTH - 0.55 - left
    others = np.argsort(-shares, kind="stable")
    order = [home, *(int(cluster) for cluster in others if cluster != home)]
    x = left
    for cluster in (each for each in order if shares[each] > 0):
        width, colour = shares[cluster] * reach, sheet.colour_of(cluster)
        sheet.bar(x, y, max(width - 0.012, width * 0.6), 0.68 * _ROW, colour)
        if width >= _FEWEST_INCHES:
            weight = "bold" if cluster == home else "normal"
            sheet.text(
                x + width / 2, y, str(cluster), size=7.5, colour=ink_on(colour), ha="center",
                va="center_baseline", weight=weight,
            )  # fmt: skip
        x += width


def _mark(sheet: Sheet, y: float, breadth: float, end: float) -> None:
    """A dot on the scale of breadth, a line leading to it."""
    if not np.isfinite(breadth):
        return
    start = WIDTH - _BREADTH
    length = max(breadth, 0.0) / end * (_BREADTH - 0.08)
    sheet.bar(start, y, length, 0.02, LINE)
    sheet.dot(start + length, y, 0.045, ACCENT)
