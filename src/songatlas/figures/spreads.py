"""How the features spread inside the clusters: ridges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from songatlas.features import FEATURES, Feature, header_key
from songatlas.figures.lettering import ESTIMATE, printable
from songatlas.figures.sheet import WIDTH, Sheet, empty_sheet, name_width
from songatlas.figures.style import INK, QUIET, cluster_names, drawing

_MOST_RIDGES = 30
_CELLS = 60
_FEW = 25
_BASE = 0.8
_MS_PER_MINUTE = 60_000.0
_UNITS = {
    "share": "0 to 1",
    "dB": "dB",
    "BPM": "beats a minute",
    "ms": "minutes",
    "pitch class": "0 = C, 11 = B",
    "mode": "0 to 1",
    "beats a bar": "beats a bar",
}


def feature_distributions(
    *,
    values: pl.DataFrame,
    labels: np.ndarray | pl.Series,
    names: Sequence[str],
    colours: Sequence[int] = (),
) -> Figure:
    """Draw how each feature spreads inside each cluster: a panel a feature, a ridge a cluster.

    Parameters
    ----------
    values : DataFrame (n, n_features)
        One column a feature, named as it shall be called, in the unit of the songs table or in the one that
        the name gives in brackets, "Duration (min)"; null = unknown.
    labels : int array (n,)
        Cluster of every song; those below 0 are left out.
    names : sequence of str
        Name of every cluster.
    colours : sequence of int
        Number of the colour of every cluster; its own number where empty.

    Returns
    -------
    Figure
    """
    title = "How the features spread inside the clusters"
    numbers = np.asarray(labels, dtype=np.int64).ravel()
    with drawing():
        if not values.width or not (numbers >= 0).any():
            return empty_sheet(title, "There is nothing to draw.", "No feature of any song is known.")
        shown = cluster_names(names, max(len(names), int(numbers.max()) + 1))
        drawn = min(len(shown), _MOST_RIDGES)
        columns = min(values.width, 3 if drawn <= 20 else 2)
        names_room = name_width(shown[:drawn], size=8.5, most=2.2, radius=0.085) + 0.12
        width = min((WIDTH - names_room - 0.3 * (columns - 1) - 0.15) / columns, 4.2)
        row = 0.3 if drawn <= 8 else 0.24 if drawn <= 14 else 0.2
        height, lines = drawn * row + 0.1, -(-values.width // columns)
        subtitle = (
            "Each ridge is a cluster's songs: high where many songs lie. "
            "The line below it spans the middle half of them, the dot is the median."
        )
        if np.bincount(numbers[numbers >= 0], minlength=drawn)[:drawn].min() <= _FEW:
            subtitle += f" Of {_FEW} songs or fewer, each one is a dot."
        note = f"The {drawn} largest of {len(shown)} clusters." if drawn < len(shown) else ""
        step = height + 0.98
        sheet = Sheet(title, subtitle, height=lines * step - 0.12, note=note, colours=colours)
        for place, column in enumerate(values.columns):
            line, across = divmod(place, columns)
            left, top = names_room + across * (width + 0.3), line * step
            cells = values[column].cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
            _ridges(sheet, (left, top, width, height), column, cells, numbers, drawn)
            if across == 0:
                for cluster in range(drawn):
                    y = top + 0.28 + 0.1 + (cluster + 0.6) * row
                    sheet.named(0, y, cluster, shown[cluster], names_room - 0.1, size=8.5, radius=0.085)
        return sheet.done()


def _feature_called(label: str) -> Feature | None:
    """The feature with that label (a unit may follow in brackets) or column, so that its ends have words."""
    label = label.partition(" (")[0]
    for feature in FEATURES.values():
        if header_key(label) in {header_key(feature.label), header_key(feature.column)}:
            return feature
    return None


def _ridges(
    sheet: Sheet,
    place: tuple[float, float, float, float],
    label: str,
    cells: np.ndarray,
    numbers: np.ndarray,
    drawn: int,
) -> None:
    """One panel: a ridge for each of the first `drawn` clusters."""
    left, top, width, height = place
    feature = _feature_called(label)
    in_minutes = feature is not None and feature.unit == "ms"
    scale = _MS_PER_MINUTE if in_minutes and "(" not in label else 1.0
    kept = np.isfinite(cells) & (numbers >= 0)
    cells, numbers = cells[kept] / scale, numbers[kept]
    low, high = _limits(cells, feature)
    mark = ESTIMATE if label.endswith(ESTIMATE) else ""
    sheet.heading(left, top + 0.1, printable(f"{feature.label}{mark}" if feature else label), width)
    axes = sheet.panel(left, top + 0.28, width, height)
    axes.set(xlim=(low, high), ylim=(drawn + 0.15, -0.35), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    axes.tick_params(length=0)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    by_cluster = {cluster: cells[numbers == cluster] for cluster in range(drawn)}
    for cluster, own in by_cluster.items():
        _ridge(axes, np.linspace(low, high, _CELLS + 1), own, cluster, sheet.colour_of(cluster))
    _quartiles(axes, by_cluster)
    if feature:
        words = f"{feature.low_word}  ←  {_UNITS[feature.unit]}  →  {feature.high_word}"
        sheet.text(left + width / 2, top + 0.28 + height + 0.32, words, size=8, colour=QUIET, ha="center")


def _limits(cells: np.ndarray, feature: Feature | None) -> tuple[float, float]:
    """Ends of the axis: all but the outermost half percent, inside what is possible."""
    if not cells.size:
        return 0.0, 1.0
    low, high = (float(end) for end in np.quantile(cells, [0.005, 0.995]))
    room = 0.04 * (high - low) or max(abs(high), 1.0) * 0.5
    ends = [low - room, high + room]
    if feature:
        scale = _MS_PER_MINUTE if feature.unit == "ms" else 1.0
        if low >= feature.low / scale:
            ends[0] = max(ends[0], feature.low / scale - room / 4)
        if high <= feature.high / scale:
            ends[1] = min(ends[1], feature.high / scale + room / 4)
    return ends[0], ends[1]


def _ridge(axes: Axes, edges: np.ndarray, own: np.ndarray, cluster: int, colour: str) -> None:
    """Smoothed histogram of one cluster; of few songs each one as a dot."""
    from scipy.ndimage import gaussian_filter1d

    shade = tuple(0.62 * part for part in to_rgb(colour))
    looks: dict[str, Any] = {"facecolor": (*to_rgb(colour), 0.85), "edgecolor": shade, "linewidth": 0.7}
    if own.size <= _FEW:
        axes.scatter(own, np.full(own.size, cluster + 0.5), s=17, zorder=2 + cluster, **looks)
        return
    cell = edges[1] - edges[0]
    lower, upper = np.quantile(own, [0.25, 0.75])
    spread = min(float(own.std()), (upper - lower) / 1.34) or float(own.std())
    bandwidth = float(np.clip(0.9 * spread * own.size**-0.2 / cell, 0.9, 8.0))
    dense = gaussian_filter1d(np.histogram(own, edges)[0].astype(np.float64), bandwidth, mode="reflect")
    if dense.max() <= 0:
        return
    high = dense / dense.max()
    seen = np.flatnonzero(high > 0.003)
    middles = ((edges[:-1] + edges[1:]) / 2)[seen[0] : seen[-1] + 1]
    top = cluster + _BASE - 0.86 * high[seen[0] : seen[-1] + 1]
    ends = np.array([cluster + _BASE])
    outline = np.concatenate([middles[:1], middles, middles[-1:]]), np.concatenate([ends, top, ends])
    axes.fill(*outline, zorder=2 + cluster, **looks)


def _quartiles(axes: Axes, by_cluster: Mapping[int, np.ndarray]) -> None:
    """Under each ridge a line over the middle half of the songs and a dot at their median."""
    known = {cluster: own for cluster, own in by_cluster.items() if own.size}
    if not known:
        return
    lower, median, upper = np.array([np.quantile(own, [0.25, 0.5, 0.75]) for own in known.values()]).T
    lines = np.array(list(known)) + _BASE + 0.1
    axes.hlines(lines, lower, upper, color=INK, linewidth=1.5, zorder=60)
    axes.plot(median, lines, "o", color=INK, markersize=3.6, markeredgecolor="white", mew=0.6, zorder=61)
