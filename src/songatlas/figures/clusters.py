"""Clusters side by side: how large they are, and what sets each apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from songatlas.figures.lettering import printable, shortened
from songatlas.figures.sheet import WIDTH, Sheet, empty_sheet, name_width
from songatlas.figures.style import (
    FAINT,
    INK,
    LINE,
    QUIET,
    cluster_names,
    count_of,
    drawing,
    share_of,
)

_MOST_BARS = 60
_MOST_PANELS = 40


def cluster_sizes(
    *, sizes: Sequence[int] | np.ndarray, names: Sequence[str], colours: Sequence[int] = ()
) -> Figure:
    """Draw how many songs each cluster holds, the largest on top.

    Parameters
    ----------
    sizes : sequence of int, (k,)
        Number of songs of every cluster.
    names : sequence of str
        Name of every cluster.
    colours : sequence of int
        Number of the colour of every cluster; its own number where empty.

    Returns
    -------
    Figure
    """
    counts = np.nan_to_num(np.asarray(sizes, dtype=np.float64).ravel())
    total = float(counts.sum())
    with drawing():
        if not counts.size:
            return empty_sheet("How large the clusters are", "There is nothing to draw.", "No clusters.")
        shown = cluster_names(names, len(counts))
        order = np.argsort(-counts, kind="stable")[:_MOST_BARS]
        note = f"The {_MOST_BARS} largest of {len(counts)} clusters." if len(counts) > _MOST_BARS else ""
        row = 0.36 if len(order) <= 14 else 0.27 if len(order) <= 30 else 0.22
        left = name_width([shown[cluster] for cluster in order], size=9.5, most=3.4) + 0.12
        subtitle = (
            f"{count_of(total)} in {count_of(len(counts), 'cluster', 'clusters')}. "
            f"Dashed: the size that each would have if all were alike large."
        )
        sheet = Sheet(
            "How large the clusters are", subtitle, height=row * len(order) + 0.1, note=note, colours=colours
        )
        reach = (WIDTH - left - 1.55) / max(float(counts.max()), 1e-9)
        for place, cluster in enumerate(order):
            y = (place + 0.5) * row
            sheet.named(0, y, int(cluster), shown[cluster], left - 0.1, size=9.5)
            sheet.bar(left, y, counts[cluster] * reach, 0.66 * row, sheet.colour_of(int(cluster)))
            words = f"{count_of(counts[cluster])} · {share_of(counts[cluster] / total if total else 0)}"
            beyond = left + counts[cluster] * reach + 0.08
            written = sheet.text(beyond, y, words, va="center_baseline")
            written.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 2})
        sheet.rule(left, 0, row * len(order), color=LINE, linewidth=1.2)
        if len(counts) > 1:
            even, looks = left + total / len(counts) * reach, {"linestyle": (0, (3, 3)), "alpha": 0.6}
            sheet.rule(even, 0, row * len(order), color=INK, linewidth=1, **looks)
        return sheet.done()


def feature_bars(
    *,
    percentiles: np.ndarray,
    feature_labels: Sequence[str],
    names: Sequence[str],
    colours: Sequence[int] = (),
) -> Figure:
    """Draw what sets each cluster apart: a panel a cluster, its most contrasting features first.

    Parameters
    ----------
    percentiles : array (k, n_features)
        Mean percentile (0 to 100) of each cluster's songs among all songs; 50 = like the rest, not finite
        = unknown, left out.
    feature_labels, names : sequence of str
        What the features and the clusters are called.
    colours : sequence of int
        Number of the colour of every cluster; its own number where empty.

    Returns
    -------
    Figure
    """
    table = np.atleast_2d(np.asarray(percentiles, dtype=np.float64))
    title = "What sets each cluster apart"
    with drawing():
        if not np.isfinite(table).any():
            return empty_sheet(title, "There is nothing to draw.", "No feature of any cluster is known.")
        shown = cluster_names(names, len(table))
        drawn = min(len(table), _MOST_PANELS)
        columns = min(drawn, 3 if drawn <= 12 else 4)
        bars = min(table.shape[1], 8 if drawn <= 12 else 6)
        features = [printable(str(label)) for label in feature_labels]
        limit = float(np.clip(np.ceil(np.nanmax(np.abs(table - 50)) / 10) * 10, 20, 50))
        panel = 0.44 + bars * 0.21
        subtitle = (
            "Where a cluster's songs stand among all songs, in percentiles: 50 is like the rest, "
            "90 means higher than 90 of 100 songs."
        )
        if bars < table.shape[1]:
            subtitle += f" The {bars} strongest contrasts of each."
        note = f"The {drawn} largest of {len(table)} clusters." if drawn < len(table) else ""
        lines = -(-drawn // columns)
        sheet = Sheet(title, subtitle, height=lines * (panel + 0.28) - 0.28, note=note, colours=colours)
        width = (WIDTH - 0.28 * (columns - 1)) / columns if columns > 1 else WIDTH * 0.5
        for cluster in range(drawn):
            line, column = divmod(cluster, columns)
            place = (column * (width + 0.28), line * (panel + 0.28), width)
            sheet.named(place[0], place[1] + 0.16, cluster, shown[cluster], width, weight="bold", lines=2)
            _contrasts(sheet, place, cluster, table[cluster], features, bars, limit)
        return sheet.done()


def _contrasts(
    sheet: Sheet,
    place: tuple[float, float, float],
    cluster: int,
    values: np.ndarray,
    features: list[str],
    bars: int,
    limit: float,
) -> None:
    """Bars to both sides of 50, each feature's name on the side that its bar leaves free."""
    left, top, width = place
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(-np.abs(values[known] - 50), kind="stable")][:bars]
    middle, top = left + width / 2, top + 0.38
    size = 8.5 if width > 2.5 else 8.0
    reach = limit * 1.34  # room for the number at the end of the longest bar
    for row, feature in enumerate(order):
        off = float(values[feature] - 50)
        y, side = top + (row + 0.5) * 0.21, 1 if off >= 0 else -1
        name = shortened(features[feature], width / 2 - 0.06, size)
        sheet.bar(middle, y, off / reach * width / 2, 0.13, sheet.colour_of(cluster))
        sheet.text(middle - side * 0.06, y, name, size=size, ha="right" if side > 0 else "left")
        end = middle + off / reach * width / 2 + side * 0.04
        number = f"{values[feature]:.0f}"
        sheet.text(end, y, number, size=8, colour=QUIET, ha="left" if side > 0 else "right")
    sheet.rule(middle, top, top + bars * 0.21, color=FAINT, linewidth=0.9)
