"""The map: every song a point, alike songs near each other, axes with words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from songatlas.colours import colour_of
from songatlas.figures.lettering import printable, shortened, text_width, wrapped
from songatlas.figures.sheet import BADGE, WIDTH, Sheet, empty_sheet, line_height
from songatlas.figures.style import INK, QUIET, cluster_names, count_of, drawing, share_of

_MOST_POINTS = 30_000
_LEAST_OF_A_CLUSTER = 25
_MOST_NAMED_ON_MAP = 12
_MOST_BESIDE = 24
_MOST_IN_LEGEND = 90
_ROW = 0.225
_FEW = 300
_LEFT, _BOTTOM = 0.3, 0.34
_CELLS = 56
_LABEL_SIZE, _LEGEND_SIZE = 9.5, 8.5
_SUBTITLE = "Every point is a song; songs near each other sound alike. Colour and number tell the cluster."


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
    colours: Sequence[int] = (),
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
    colours : sequence of int
        Number of the colour of every cluster; its own number where empty.

    Returns
    -------
    Figure
    """
    places = np.asarray(positions, dtype=np.float64).reshape(-1, 2)
    numbers = np.asarray(labels, dtype=np.int64).ravel()
    seen = np.isfinite(places).all(axis=1) & (numbers >= 0)
    places, numbers = places[seen], numbers[seen]
    words = [[" and ".join(printable(word).rsplit(", ", 1)) for word in pair] for pair in axis_words]
    with drawing():
        if not len(places):
            return empty_sheet("The map of the songs", "There is nothing to draw.", "No song has a place.")
        shown = cluster_names(names, max(len(names), int(numbers.max()) + 1))
        named = len(shown) <= _MOST_NAMED_ON_MAP
        beside = not named and len(shown) <= _MOST_BESIDE
        width = 6.5 if beside else WIDTH - _LEFT
        limits, height = _frame(places, width)
        rows = _sample(numbers)
        tall = height + _BOTTOM
        if beside:
            tall = max(tall, len(shown) * _ROW + 0.1)
        elif not named:
            tall += 0.25 + _legend_lines(len(shown), 3) * _ROW
        note = _note(places, rows, limits)
        sheet = Sheet(_title(words), _SUBTITLE, height=tall, note=note, colours=colours)
        axes = sheet.panel(_LEFT, 0, width, height)
        _points(axes, places[rows], numbers[rows], limits, colours)
        _axis_words(sheet, words, explained, width, height)
        spots = _spots(places, numbers, limits)
        size = (width, height)
        points = _in_inches(places[:0] if len(places) > _FEW else places, limits, size)
        _place(sheet, _labels(spots, shown, limits, size, named), size, points)
        if not named:
            sizes = np.bincount(numbers, minlength=len(shown))
            corner = (_LEFT + width + 0.25, 0.12) if beside else (0.0, height + _BOTTOM + 0.3)
            _legend(sheet, shown, sizes, corner, columns=1 if beside else 3)
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
    for start, stop in pairwise(starts):
        kept[by_cluster[start : min(stop, start + _LEAST_OF_A_CLUSTER)]] = True
    return order[kept[order]]


def _frame(places: np.ndarray, width: float) -> tuple[np.ndarray, float]:
    """Limits ((low, low), (high, high)) with one scale for both directions, and the height in inches."""
    low, high = places.min(axis=0), places.max(axis=0)
    inner_low, inner_high = np.quantile(places, [0.002, 0.998], axis=0)
    inner = np.maximum(inner_high - inner_low, 1e-12)
    far = (high - low) > 1.3 * inner
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


def _points(
    axes: Axes, places: np.ndarray, numbers: np.ndarray, limits: np.ndarray, colours: Sequence[int]
) -> None:
    axes.set(xlim=limits[:, 0], ylim=limits[:, 1], xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set(visible=True, color="#e3e5e9")
    size = float(np.clip(46 * (60 / len(places)) ** 0.4, 4.5, 46))
    palette = np.array([colour_of(cluster, colours) for cluster in range(int(numbers.max()) + 1)])
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
        text = shortened(word, 0.38 * width, 9.5)
        sheet.text(_LEFT + place * width, height + 0.19, text, size=9.5, ha=anchor)
    for place, anchor, word in ((1.0, "left", low and f"← {low}"), (0.0, "right", high and f"{high} →")):
        text = shortened(word, 0.35 * height, 9.5)
        _upright(sheet, 0.12, place * height, text, anchor, colour=INK, size=9.5)
    if np.isfinite(explained[0]):
        text = f"{share_of(explained[0])} of all differences"
        sheet.text(_LEFT + width / 2, height + 0.19, text, size=8, colour=QUIET, ha="center")
    if np.isfinite(explained[1]):
        text = f"{share_of(explained[1])} of all differences"
        _upright(sheet, 0.12, height / 2, text, "center", colour=QUIET, size=8)


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


def _in_inches(places: np.ndarray, limits: np.ndarray, size: tuple[float, float]) -> np.ndarray:
    """Places on the map in inches from its upper left corner."""
    shares = (places - limits[0]) / (limits[1] - limits[0])
    return np.stack([shares[..., 0] * size[0], (1 - shares[..., 1]) * size[1]], axis=-1)


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
        across, down = _in_inches(spot, limits, size)
        words = tuple(wrapped(names[cluster], 1.75, _LABEL_SIZE, bold=True)) if named else ()
        wide = max((text_width(word, _LABEL_SIZE, bold=True) for word in words), default=-0.06)
        tall = max(2 * BADGE, len(words) * line_height(_LABEL_SIZE))
        labels.append(
            _Label(
                cluster,
                words,
                2 * BADGE + 0.06 + wide + 0.06,
                tall + 0.05,
                (float(across), float(down)),
            )
        )
    return labels


def _place(sheet: Sheet, labels: list[_Label], size: tuple[float, float], points: np.ndarray) -> None:
    """Write labels without overlap: each takes the nearest free place that hides few of the `points`."""
    taken = np.empty((0, 4))
    dear = np.clip(2400 / max(len(points), 1), 6, 60)
    dots = np.hstack([points - 0.06, points + 0.06])
    turns = np.arange(28) * (2 * np.pi / 28)
    radii = np.concatenate([[0.0], np.arange(0.07, max(size), 0.07)])
    rings = radii[:, None, None] * np.stack([np.cos(turns), 0.75 * np.sin(turns)], axis=1)
    rounds = np.array_split(rings, 1 if len(points) else 14)  # the near rings mostly do
    for label in labels:
        room = np.array([label.width, label.height])
        for steps in rounds:
            corners = np.array(label.spot) - room / 2 + steps.reshape(-1, 2)
            corners = corners.clip(0.05, np.maximum(0.05, np.array(size) - room - 0.05))
            covered = _overlap(corners, room, taken).round(6)
            if not covered.all():
                break
        away = np.hypot(*(corners + room / 2 - label.spot).T) + dear * _overlap(corners, room, dots)
        corner = corners[np.lexsort((away, covered))[0]]
        taken = np.vstack([taken, [*corner, *(corner + room)]])
        _write(sheet, label, corner)


def _overlap(corners: np.ndarray, room: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Area that a box of that room shares with `boxes` (left, top, right, bottom), for each corner."""
    low = np.maximum(corners[:, None], boxes[None, :, :2])
    high = np.minimum((corners + room)[:, None], boxes[None, :, 2:])
    shared: np.ndarray = (high - low).clip(0).prod(axis=2).sum(axis=1)
    return shared


def _write(sheet: Sheet, label: _Label, corner: np.ndarray) -> None:
    x, y = _LEFT + corner[0] + 0.02, corner[1] + label.height / 2
    sheet.badge(x + BADGE, y, label.cluster)
    top = y - (len(label.words) - 1) * line_height(_LABEL_SIZE) / 2
    for number, words in enumerate(label.words):
        line = top + number * line_height(_LABEL_SIZE)
        left = x + 2 * BADGE + 0.06
        sheet.text(left, line, words, size=_LABEL_SIZE, weight="bold", va="center_baseline", halo=True)


def _legend_lines(k: int, columns: int) -> int:
    return -(-min(k, _MOST_IN_LEGEND + 1) // columns)


def _legend(
    sheet: Sheet, names: list[str], sizes: np.ndarray, corner: tuple[float, float], *, columns: int
) -> None:
    """List the clusters with their share of the songs, at most 90 of them, down the columns."""
    total, gap = max(int(sizes.sum()), 1), 0.3
    width = (WIDTH - corner[0] - gap * (columns - 1)) / columns
    listed = min(len(names), _MOST_IN_LEGEND)
    lines = _legend_lines(len(names), columns)
    for cluster in range(listed):
        column, line = divmod(cluster, lines)
        x, y = corner[0] + column * (width + gap), corner[1] + line * _ROW
        sheet.named(x, y, cluster, names[cluster], width - 0.42, size=_LEGEND_SIZE, radius=0.095)
        share = share_of(sizes[cluster] / total)
        sheet.text(x + width, y, share, size=8, colour=QUIET, ha="right", va="center_baseline")
    if len(names) > listed:
        column, line = divmod(listed, lines)
        words = f"and {count_of(len(names) - listed, 'cluster', 'clusters')} more"
        x, y = corner[0] + column * (width + gap), corner[1] + line * _ROW
        sheet.text(x, y, words, size=_LEGEND_SIZE, colour=QUIET, va="center_baseline")
