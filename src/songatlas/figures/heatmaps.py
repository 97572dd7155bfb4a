"""Two tables as colours: what the clusters sound like, and which genres they hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from songatlas.colours import ink_on
from songatlas.figures.lettering import ESTIMATE, printable, shortened, text_width
from songatlas.figures.sheet import WIDTH, Sheet, empty_sheet, name_width
from songatlas.figures.style import (
    DIVERGING,
    QUIET,
    SEQUENTIAL,
    cluster_names,
    count_of,
    drawing,
)
from songatlas.seriation import diagonal_orders, ordered_rows

_MOST_ROWS = 60
_MOST_GENRES = 24
_NAMES, _WIDEST_CELL, _FOOT = 2.7, 1.15, 0.72


def profile_heatmap(
    *,
    z_means: np.ndarray,
    feature_labels: Sequence[str],
    names: Sequence[str],
    colours: Sequence[int] = (),
) -> Figure:
    """Draw how far each cluster's mean of each feature lies from the mean of all songs.

    Clusters and features that are alike lie side by side (`ordered_rows`).

    Parameters
    ----------
    z_means : array (k, n_features)
        Means of standardized features, in standard deviations; not finite = unknown, hatched.
    feature_labels, names : sequence of str
        What the columns and the rows are called.
    colours : sequence of int
        Number of the colour of every cluster; its own number where empty.

    Returns
    -------
    Figure
    """
    table = np.atleast_2d(np.asarray(z_means, dtype=np.float64))
    with drawing():
        if not table.size:
            return empty_sheet("What the clusters sound like", "There is nothing to draw.", "No features.")
        shown, note = _largest(cluster_names(names, len(table)))
        table = np.where(np.isfinite(table), table, np.nan)[: len(shown)]
        features = [printable(str(label)) for label in feature_labels]
        rows, columns = ordered_rows(table), ordered_rows(table.T)
        known = np.abs(table[np.isfinite(table)])
        limit = float(np.clip(known.max() if known.size else 1.0, 0.5, 2.5))
        sheet, foot = _grid(
            "What the clusters sound like",
            "Orange: more than the songs of the whole catalogue; blue: less. "
            "Alike clusters lie side by side.",
            table[np.ix_(rows, columns)],
            [(int(row), shown[row]) for row in rows],
            [features[column] for column in columns],
            note=note,
            shades=(DIVERGING, Normalize(-limit, limit)),
            colours=colours,
            form=_signed,
        )
        less = " or less" if (table < -limit).any() else ""
        more = " or more" if (table > limit).any() else ""
        ticks = {-limit: _signed(-limit) + less, 0.0: "0", limit: _signed(limit) + more}
        words = "standard deviations from the mean of all songs"
        _scale(sheet, foot, (DIVERGING, Normalize(-limit, limit)), ticks, words)
        return sheet.done()


def genre_heatmap(*, table: pl.DataFrame, names: Sequence[str], colours: Sequence[int] = ()) -> Figure:
    """Draw which share of each cluster's songs belongs to which genre.

    Rows and columns are turned until the strong shares lie near the diagonal. Without genres the figure
    says so, and how to name a genre column.

    Parameters
    ----------
    table : DataFrame
        Columns cluster, genre, n (songs) and share (of the cluster's songs that have a genre, 0 to 1).
    names : sequence of str
        Name of every cluster.
    colours : sequence of int
        Number of the colour of every cluster; its own number where empty.

    Returns
    -------
    Figure
    """
    title = "Which genres the clusters hold"
    with drawing():
        if not table["n"].sum():
            return empty_sheet(
                title,
                "No genres are known for these songs, so there is nothing to compare the clusters with.",
                "If a column of the table holds genres, name it: songatlas build SONGS --genre COLUMN",
            )
        shares, sizes, genres = _shares(table, len(names))
        shown, note = _largest(cluster_names(names, len(shares)))
        shares = shares[: len(shown)]
        rows, columns = diagonal_orders(shares)
        most = float(shares.max()) or 1.0
        shades = (SEQUENTIAL, Normalize(0, most))
        sheet, foot = _grid(
            title,
            "Each row is a cluster: the darker the field, the more of its songs belong to the genre. "
            "Right: how many of its songs have a genre.",
            shares[np.ix_(rows, columns)],
            [(int(row), shown[row]) for row in rows],
            [genres[column] for column in columns],
            note=note,
            shades=shades,
            colours=colours,
            form=lambda value: f"{100 * value:.0f}%" if value >= 0.0051 else "<1%" if value > 0 else "0%",
            beside=[count_of(sizes[row]) for row in rows],
        )
        ticks = {value: f"{100 * value:.0f}%" for value in np.linspace(0, most, 3)}
        _scale(sheet, foot, shades, ticks, "share of the cluster's songs that have a genre")
        return sheet.done()


def _signed(value: float) -> str:
    """A number with its sign and one digit."""
    return "0.0" if abs(value) < 0.05 else f"{value:+.1f}".replace("-", "−")


def _largest(names: list[str]) -> tuple[list[str], str]:
    """Names of the clusters that are drawn, and a note where they are not all."""
    if len(names) <= _MOST_ROWS:
        return names, ""
    return names[:_MOST_ROWS], f"The {_MOST_ROWS} largest of {len(names)} clusters."


def _shares(table: pl.DataFrame, k: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Shares (clusters x genres), songs with a genre a cluster, and the genres, the largest first."""
    whole = table.select(
        pl.col("cluster").cast(pl.Int64),
        pl.col("genre").cast(pl.String).fill_null("no genre"),
        pl.col("n").cast(pl.Float64).fill_null(0.0),
        pl.col("share").cast(pl.Float64).fill_nan(None).fill_null(0.0),
    ).filter(pl.col("cluster") >= 0)
    most = whole.group_by("genre").agg(pl.col("n").sum()).sort("n", "genre", descending=[True, False])
    genres = most["genre"].head(_MOST_GENRES).to_list()
    k = max(k, int(whole["cluster"].to_numpy().max()) + 1)
    sizes = np.bincount(whole["cluster"].to_numpy(), weights=whole["n"].to_numpy(), minlength=k)
    numbers = {genre: number for number, genre in enumerate(genres)}
    whole = whole.filter(pl.col("genre").is_in(genres))
    shares = np.zeros((k, len(genres)))
    columns = np.array([numbers[genre] for genre in whole["genre"]], dtype=np.intp)
    np.add.at(shares, (whole["cluster"].to_numpy(), columns), whole["share"].to_numpy())
    return shares, sizes, [printable(genre) or "unnamed" for genre in genres]


def _grid(
    title: str,
    subtitle: str,
    table: np.ndarray,
    rows: list[tuple[int, str]],
    columns: list[str],
    *,
    note: str,
    shades: tuple[Colormap, Normalize],
    colours: Sequence[int],
    form: Callable[[float], str],
    beside: Sequence[str] = (),
) -> tuple[Sheet, float]:
    """Sheet with a table of coloured fields, its rows and columns named; and where its foot begins."""
    row_height = 0.38 if len(rows) <= 14 else 0.28 if len(rows) <= 30 else 0.22
    left = name_width([name for _, name in rows], size=9, most=_NAMES) + 0.1
    columns = [shortened(column, 2.0 if column.endswith(ESTIMATE) else 1.5, 9) for column in columns]
    widest = max(text_width(column, 9) for column in columns)
    right = WIDTH - max((text_width(words, 8) + 0.1 for words in beside), default=0.0)
    cell = min((right - left) / len(columns), _WIDEST_CELL)
    turned = widest > cell - 0.1
    if turned:
        reach = [text_width(column, 9) * 0.77 + 0.1 for column in columns]
        cell = min(cell, *((WIDTH - left - over) / (place + 0.5) for place, over in enumerate(reach)))
    top = 0.3 + (0.64 * widest if turned else 0)
    foot = top + len(rows) * row_height
    sheet = Sheet(title, subtitle, height=foot + _FOOT, note=note, colours=colours)
    axes = sheet.panel(left, top, cell * len(columns), foot - top, bare=True)
    _fields(axes, table, shades)
    for number, (cluster, name) in enumerate(rows):
        sheet.named(0, top + (number + 0.5) * row_height, cluster, name, left - 0.08)
    for number, words in enumerate(beside):
        x, y = left + cell * len(columns) + 0.1, top + (number + 0.5) * row_height
        sheet.text(x, y, words, size=8, colour=QUIET, va="center_baseline")
    for number, column in enumerate(columns):
        x = left + (number + 0.5) * cell
        looks = {"rotation": 40, "rotation_mode": "anchor", "ha": "left"} if turned else {"ha": "center"}
        sheet.text(x, top - (0.07 if turned else 0.14), column, **looks)
    _values(sheet, table, shades, form, (left, top, cell, row_height))
    return sheet, foot


def _fields(axes: Axes, table: np.ndarray, colours: tuple[Colormap, Normalize]) -> None:
    rows, columns = table.shape
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    mesh = np.ma.masked_invalid(table)
    axes.pcolormesh(mesh, cmap=colours[0], norm=colours[1], edgecolors="white", linewidth=1.4)
    for row, column in np.argwhere(~np.isfinite(table)):
        blank = Rectangle((column, row), 1, 1, facecolor="#f4f4f4", edgecolor="#c9ccd2", hatch="////", lw=0)
        axes.add_patch(blank)


def _values(
    sheet: Sheet,
    table: np.ndarray,
    colours: tuple[Colormap, Normalize],
    form: Callable[[float], str],
    place: tuple[float, float, float, float],
) -> None:
    """Write the values into the fields, unless one of them is too wide for its field."""
    left, top, cell, height = place
    words = [[form(float(value)) if np.isfinite(value) else "" for value in row] for row in table]
    size = 8.0 if height > 0.25 else 7.0
    if _widest(words, size) > cell - 0.06:
        size, words = 7.0, [[word.rstrip("%") for word in row] for row in words]
    if _widest(words, size) > cell - 0.03:
        return
    for row, line in enumerate(words):
        for column, word in enumerate(line):
            if word:
                ink = ink_on(to_hex(colours[0](float(colours[1](table[row, column])))))
                x, y = left + (column + 0.5) * cell, top + (row + 0.5) * height
                sheet.text(x, y, word, size=size, colour=ink, ha="center", va="center_baseline")


def _widest(words: list[list[str]], size: float) -> float:
    return max(text_width(word, size) for row in words for word in row)


def _scale(
    sheet: Sheet, foot: float, colours: tuple[Colormap, Normalize], ticks: dict[float, str], words: str
) -> None:
    """Draw the scale of the colours under the table."""
    axes = sheet.panel(0.4, foot + 0.28, 2.4, 0.13)
    bar = sheet.figure.colorbar(ScalarMappable(colours[1], colours[0]), cax=axes, orientation="horizontal")
    bar.outline.set_visible(False)
    bar.set_ticks(list(ticks), labels=list(ticks.values()))
    axes.tick_params(length=0, labelsize=8)
    sheet.text(3.05, foot + 0.345, words, size=8.5, colour=QUIET)
