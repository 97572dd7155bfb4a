"""The map: every song a point, alike songs near each other, axes with words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from songatlas.figures.lettering import printable, shortened, text_width, wrapped
from songatlas.figures.sheet import BADGE, WIDTH, Sheet, empty_sheet, line_height
from songatlas.figures.style import FAINT, QUIET, cluster_names, colour_of, count_of, drawing, share_of

_MOST_POINTS = 30_000
_LEAST_OF_A_CLUSTER = 25
_MOST_NAMED_ON_MAP = 12
_MOST_IN_LEGEND = 60
_LEFT, _BOTTOM = 0.3, 0.34
_CELLS = 56
_LABEL_SIZE, _LEGEND_SIZE = 9.5, 8.5


@dataclass(frozen=True)
class _Label:
    """Words for one cluster and the room they take, in inches; `spot` is where the cluster is densest."""

    cluster: int
    words: tuple[str, ...]
    width: float
    height: float
    spot: tuple[float, float]


def pca_map(
    *,
    positions: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    axis_words: tuple[tuple[str, str], tuple[str, str]] = (("", ""), ("", "")),
    explained: tuple[float, float] = (float("nan"), float("nan")),
) -> Figure:
    """Draw every song as a point, in its cluster's colour, with the clusters' names at their densest spots.

    Of more than 30,000 songs a fair sample is drawn, in shuffled order, so that no cluster hides another.

    Parameters
    ----------
    positions : array (n, 2)
        Place of every song; rows that are not finite are left out.
    labels : int array (n,)
        Cluster of every song; those below 0 are left out.
    names : sequence of str
        Name of every cluster.
    axis_words : ((low, high), (low, high))
        What songs at the left and right end, at the lower and the upper end are like.
    explained : (float, float)
        Share (0 to 1) of the differences between songs that each direction holds.

    Returns
    -------
    Figure
    """
    places = np.asarray(positions, dtype=np.float64).reshape(-1, 2)
    numbers = np.asarray(labels, dtype=np.int64).ravel()
    seen = np.isfinite(places).all(axis=1) & (numbers >= 0)
    places, numbers = places[seen], numbers[seen]
    words = [[printable(word) for word in pair] for pair in axis_words]
    title = _title(words)
    with drawing():
        if not len(places):
            return empty_sheet("The map of the songs", "There is nothing to draw.", "No song has a place.")
        shown = cluster_names(names, max(len(names), int(numbers.max()) + 1))
        named = len(shown) <= _MOST_NAMED_ON_MAP
        width = WIDTH - _LEFT if named else 6.5
        limits, height = _frame(places, width)
        rows = _sample(numbers)
        subtitle = "Every point is a song; songs near each other sound alike. Colours and numbers are clusters."
        legend = 0 if named else _legend_height(len(shown))
        sheet = Sheet(
            title, subtitle, height=max(height + _BOTTOM, legend), note=_note(places, rows, limits)
        )
        axes = sheet.panel(_LEFT, 0, width, height)
        _points(axes, places[rows], numbers[rows], limits)
        _axis_words(sheet, words, explained, width, height)
        spots = _spots(places, numbers, limits)
        _place(sheet, _labels(spots, shown, limits, (width, height), named), width, height)
        if not named:
            _legend(sheet, shown, np.bincount(numbers, minlength=len(shown)), _LEFT + width + 0.25)
        return sheet.done()


def _title(words: list[list[str]]) -> str:
    (left, right), (low, high) = words
    if not (left and right):
        return "How the songs lie"
    title = f"How the songs lie: {left} on the left, {right} on the right"
    return f"{title}; {low} below, {high} above" if low and high else title


def _sample(numbers: np.ndarray) -> np.ndarray:
    """Rows to draw, shuffled: a fair sample, but a few songs of every cluster."""
    order = np.random.default_rng(0).permutation(len(numbers))
    if len(numbers) <= _MOST_POINTS:
        return order
    kept = np.zeros(len(numbers), dtype=bool)
    kept[order[:_MOST_POINTS]] = True
    by_cluster = order[np.argsort(numbers[order], kind="stable")]
    starts = np.searchsorted(numbers[by_cluster], np.arange(int(numbers.max()) + 2))
    for start, stop in zip(starts[:-1], starts[1:], strict=True):
        kept[by_cluster[start : min(stop, start + _LEAST_OF_A_CLUSTER)]] = True
    return order[kept[order]]


def _frame(places: np.ndarray, width: float) -> tuple[np.ndarray, float]:
    """Limits ((low, low), (high, high)) with one scale for both directions, and the height in inches."""
    low, high = places.min(axis=0), places.max(axis=0)
    inner_low, inner_high = np.quantile(places, [0.001, 0.999], axis=0)
    inner = np.maximum(inner_high - inner_low, 1e-12)
    far = (high - low) > 1.5 * inner
    low, high = np.where(far, inner_low - 0.1 * inner, low), np.where(far, inner_high + 0.1 * inner, high)
    span = (high - low) * 1.08
    largest = float(span.max())
    span = np.maximum(span, 0.05 * largest if largest > 0 else 1.0)
    height = width * float(np.clip(span[1] / span[0], 0.55, 0.82))
    scale = max(span[0] / width, span[1] / height)
    middle, half = (low + high) / 2, scale * np.array([width, height]) / 2
    return np.stack([middle - half, middle + half]), height


def _note(places: np.ndarray, rows: np.ndarray, limits: np.ndarray) -> str:
    parts = []
    if len(rows) < len(places):
        parts.append(f"{len(rows):,} of {len(places):,} songs are drawn, in shuffled order.")
    outside = int(((places < limits[0]) | (places > limits[1])).any(axis=1).sum())
    if outside:
        parts.append(f"{count_of(outside)} far off {'lies' if outside == 1 else 'lie'} outside the frame.")
    return " ".join(parts)


def _points(axes: Axes, places: np.ndarray, numbers: np.ndarray, limits: np.ndarray) -> None:
    axes.set(xlim=limits[:, 0], ylim=limits[:, 1], xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set(visible=True, color="#e3e5e9")
    size = float(np.clip(1.2e5 / len(places), 4.5, 46))
    palette = np.array([colour_of(cluster) for cluster in range(int(numbers.max()) + 1)])
    axes.scatter(
        places[:, 0],
        places[:, 1],
        s=size,
        c=palette[numbers].tolist(),
        alpha=0.62 if len(places) > 3000 else 0.85,
        linewidths=0.4 if len(places) <= 500 else 0,
        edgecolors="white" if len(places) <= 500 else "none",
        rasterized=True,
    )


def _axis_words(
    sheet: Sheet, words: list[list[str]], explained: tuple[float, float], width: float, height: float
) -> None:
    """Words at the ends of both axes, the share of the differences in the middle."""
    (left, right), (low, high) = words
    for place, anchor, word in ((0.0, "left", left and f"← {left}"), (1.0, "right", right and f"{right} →")):
        text = shortened(word, 0.36 * width, 9.5)
        sheet.text(_LEFT + place * width, height + 0.19, text, size=9.5, ha=anchor)
    for place, anchor, word in ((1.0, "left", low and f"← {low}"), (0.0, "right", high and f"{high} →")):
        text = shortened(word, 0.36 * height, 9.5)
        _upright(sheet, 0.12, place * height, text, anchor, colour="#23262d", size=9.5)
    if np.isfinite(explained[0]):
        text = f"holds {share_of(explained[0])} of the differences"
        sheet.text(_LEFT + width / 2, height + 0.19, text, size=8, colour=FAINT, ha="center")
    if np.isfinite(explained[1]):
        _upright(sheet, 0.12, height / 2, f"holds {share_of(explained[1])}", "center", colour=FAINT, size=8)


def _upright(sheet: Sheet, x: float, y: float, words: str, anchor: str, *, colour: str, size: float) -> None:
    across = {"left": "bottom", "right": "top", "center": "center"}[anchor]
    sheet.text(x, y, words, size=size, colour=colour, rotation=90, ha="center", va=across)


def _spots(places: np.ndarray, numbers: np.ndarray, limits: np.ndarray) -> dict[int, np.ndarray]:
    """For every cluster the place where it is dense and leads over the others."""
    from scipy.ndimage import gaussian_filter

    cells = ((places - limits[0]) / (limits[1] - limits[0]) * _CELLS).astype(np.int64).clip(0, _CELLS - 1)
    k = int(numbers.max()) + 1
    flat = (numbers * _CELLS + cells[:, 0]) * _CELLS + cells[:, 1]
    counts = np.bincount(flat, minlength=k * _CELLS**2).reshape(k, _CELLS, _CELLS).astype(np.float64)
    dense = np.stack([gaussian_filter(count, 1.6, mode="constant") for count in counts])
    total = dense.sum(axis=0) + 1e-12
    spots = {}
    for cluster in np.unique(numbers):
        score = dense[cluster] * (dense[cluster] / total)
        cell = np.array(np.unravel_index(int(score.argmax()), score.shape))
        spots[int(cluster)] = limits[0] + (cell + 0.5) / _CELLS * (limits[1] - limits[0])
    return spots


def _labels(
    spots: dict[int, np.ndarray],
    names: list[str],
    limits: np.ndarray,
    size: tuple[float, float],
    named: bool,
) -> list[_Label]:
    """Labels, largest cluster first, at their spots in inches from the map's upper left corner."""
    labels = []
    for cluster, spot in spots.items():
        across, up = (spot - limits[0]) / (limits[1] - limits[0])
        words = tuple(wrapped(names[cluster], 1.75, _LABEL_SIZE, bold=True)) if named else ()
        wide = max((text_width(word, _LABEL_SIZE, bold=True) for word in words), default=-0.06)
        tall = max(2 * BADGE, len(words) * line_height(_LABEL_SIZE))
        labels.append(
            _Label(
                cluster,
                words,
                2 * BADGE + 0.06 + wide + 0.06,
                tall + 0.05,
                (float(across) * size[0], float(1 - up) * size[1]),
            )
        )
    return labels


def _place(sheet: Sheet, labels: list[_Label], width: float, height: float) -> None:
    """Write labels near their spots without overlap: each takes the nearest free place on a spiral."""
    taken = np.empty((0, 4))
    turns = np.arange(28) * (2 * np.pi / 28)
    radii = np.concatenate([[0.0], np.arange(0.07, max(width, height), 0.07)])
    steps = (radii[:, None, None] * np.stack([np.cos(turns), 0.75 * np.sin(turns)], axis=1)).reshape(-1, 2)
    for label in labels:
        room = np.array([label.width, label.height])
        corners = np.array(label.spot) - room / 2 + steps
        corners = corners.clip([0.05, 0.05], np.maximum([0.05, 0.05], [width, height] - room - 0.05))
        over = np.minimum((corners + room)[:, None], taken[None, :, 2:]) - np.maximum(
            corners[:, None], taken[None, :, :2]
        )
        overlap = over.clip(0).prod(axis=2).sum(axis=1)
        away = np.hypot(*(corners + room / 2 - label.spot).T)
        corner = corners[np.lexsort((away, overlap.round(6)))[0]]
        taken = np.vstack([taken, [*corner, *(corner + room)]])
        _write(sheet, label, corner)


def _write(sheet: Sheet, label: _Label, corner: np.ndarray) -> None:
    x, y = _LEFT + corner[0] + 0.02, corner[1] + label.height / 2
    sheet.badge(x + BADGE, y, label.cluster)
    top = y - (len(label.words) - 1) * line_height(_LABEL_SIZE) / 2
    for number, words in enumerate(label.words):
        line = top + number * line_height(_LABEL_SIZE)
        left = x + 2 * BADGE + 0.06
        sheet.text(left, line, words, size=_LABEL_SIZE, weight="bold", va="center_baseline", halo=True)


def _legend_height(k: int) -> float:
    return 0.1 + min(k, _MOST_IN_LEGEND + 1) * 0.225


def _legend(sheet: Sheet, names: list[str], sizes: np.ndarray, left: float) -> None:
    """List the clusters with their share, at most 60 of them."""
    width, total = WIDTH - left, max(int(sizes.sum()), 1)
    for row, name in enumerate(names[:_MOST_IN_LEGEND]):
        y = 0.12 + row * 0.225
        sheet.named(left, y, row, name, width - 0.42, size=_LEGEND_SIZE, radius=0.095)
        share = share_of(sizes[row] / total)
        sheet.text(left + width, y, share, size=8, colour=QUIET, ha="right", va="center_baseline")
    if len(names) > _MOST_IN_LEGEND:
        words = f"and {count_of(len(names) - _MOST_IN_LEGEND, 'cluster', 'clusters')} more"
        sheet.text(left, 0.12 + _MOST_IN_LEGEND * 0.225, words, size=_LEGEND_SIZE, colour=QUIET)
