"""The evidence for the number of clusters: inertia and its elbow, silhouettes by k and by song."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from songatlas.colours import colour_of
from songatlas.figures.sheet import WIDTH, Sheet, empty_sheet, name_width
from songatlas.figures.style import (
    ACCENT,
    INK,
    LINE,
    QUIET,
    cluster_names,
    count_of,
    drawing,
    magnitude_of,
)

_CHOSEN = "#b4490f"
_MOST_BANDS = 40
_TOP, _FOOT = 0.42, 0.62
_LEAST_BAND = 0.215
_STEPS = 90


def elbow(
    *,
    evidence: pl.DataFrame,
    k: int,
    elbow_k: int | None,
    history: Sequence[float] = (),
    n_run: int | None = None,
) -> Figure:
    """Draw the inertia by number of clusters, and how a plain run of k-means with the chosen k comes to rest.

    Parameters
    ----------
    evidence : DataFrame
        One row a k; columns k and inertia are used, rows without inertia left out.
    k : int
        The chosen number of clusters.
    elbow_k : int or None
        Where the curve bends, None = nowhere clearly.
    history : sequence of float
        Inertia after each iteration of one run of k-means with the chosen k.
    n_run : int or None
        Songs of that run, where it was a sample of them.

    Returns
    -------
    Figure
    """
    ks, values = _columns(evidence, "inertia")[:2]
    steps = np.array([step for step in history if step is not None and np.isfinite(step)], dtype=np.float64)
    title = "How tightly the songs sit in their clusters"
    with drawing():
        if not ks.size and not steps.size:
            return empty_sheet(title, "There is nothing to draw.", "No inertia is known for any k.")
        bend = f"Here it is at {elbow_k}." if elbow_k is not None else "Here there is no clear one."
        subtitle = (
            "Left: inertia always falls with more clusters; an elbow, where it stops falling fast, speaks "
            f"for that number. {bend} Right: how fast a plain run of k-means "
            f"{f'on a sample of {n_run:,} songs ' if n_run else ''}comes to rest."
        )
        sheet = Sheet(title, subtitle, height=_TOP + 3.5 + _FOOT)
        width, second = 3.75, WIDTH - 3.75
        sheet.heading(0, 0.14, "Inertia by number of clusters", width)
        _inertia_curve(sheet.panel(0.62, _TOP, width, 3.5), ks, values, k, elbow_k)
        sheet.heading(second - 0.82, 0.14, f"Convergence with {count_of(k, 'cluster', 'clusters')}", width)
        _convergence(sheet.panel(second, _TOP, width, 3.5), steps)
        return sheet.done()


def silhouette(
    *,
    evidence: pl.DataFrame,
    k: int,
    sample: pl.DataFrame,
    names: Sequence[str],
    mean: float | None,
    n_others: int | None = None,
    colours: Sequence[int] = (),
) -> Figure:
    """Draw the mean silhouette by number of clusters, and the silhouette of each song by cluster.

    Parameters
    ----------
    evidence : DataFrame
        One row a k; columns k, silhouette, silhouette_low and silhouette_high (95% interval) are used.
    k : int
        The chosen number of clusters.
    sample : DataFrame
        Columns cluster and silhouette (-1 to 1) of some songs of the chosen clustering.
    names : sequence of str
        Name of every cluster.
    mean : float or None
        Mean silhouette of the chosen clustering.
    n_others : int or None
        Songs that those of `sample` were compared with, where it was a sample of them.
    colours : sequence of int
        Number of the colour of every cluster; its own number where empty.

    Returns
    -------
    Figure

    References
    ----------
    Rousseeuw (1987), Silhouettes: a graphical aid to the interpretation and validation of cluster analysis.
    """
    ks, values, low, high = _columns(evidence, "silhouette", "silhouette_low", "silhouette_high")
    songs = _silhouettes(sample, max(len(names), k))
    title = "How much nearer the songs are to their own cluster than to the next"
    with drawing():
        if not ks.size and not any(own.size for own in songs):
            advice = "A silhouette needs at least two clusters and more songs than clusters."
            return empty_sheet(title, "No silhouette is known for these songs.", advice)
        shown = cluster_names(names, len(songs))[:_MOST_BANDS]
        note = f"The {_MOST_BANDS} largest of {len(songs)} clusters." if len(songs) > _MOST_BANDS else ""
        subtitle = (
            "1 = far nearer to its own cluster, 0 = on the border, below 0 = nearer to another one. "
            "Left: the mean by number of clusters, the band is its 95% interval. "
            "Right: each song a thin bar, sorted inside its cluster"
            f"{f', compared with a sample of {n_others:,} songs' if n_others else ''}."
        )
        height = max(3.5, (_LEAST_BAND + 0.015) * len(shown))
        sheet = Sheet(title, subtitle, height=_TOP + height + _FOOT, note=note, colours=colours)
        sheet.heading(0, 0.14, "Mean silhouette by number of clusters", 3.7)
        _mean_curve(sheet.panel(0.62, _TOP, 2.95, min(height, 4.2)), (ks, values, low, high), k)
        room = name_width(shown, size=8.5, most=2.1) + 0.1
        sheet.heading(3.95, 0.14, "Silhouette of the songs", WIDTH - 3.95)
        axes = sheet.panel(3.95 + room, _TOP, WIDTH - 3.95 - room - 0.1, height)
        middles = _bands(axes, songs[: len(shown)], mean, height, colours)
        for cluster, middle in enumerate(middles):
            sheet.named(3.95, _TOP + middle * height, cluster, shown[cluster], room - 0.06, size=8.5)
        return sheet.done()


def _columns(evidence: pl.DataFrame, *columns: str) -> tuple[np.ndarray, ...]:
    """Columns k and others as floats, by rising k, without rows whose first column is unknown."""
    if "k" not in evidence.columns or columns[0] not in evidence.columns:
        return tuple(np.empty(0) for _ in range(len(columns) + 1))
    wanted = [
        (pl.col(name) if name in evidence.columns else pl.lit(None)).cast(pl.Float64).alias(name)
        for name in ("k", *columns)
    ]
    table = evidence.select(wanted).sort("k").fill_null(float("nan")).to_numpy()
    known = table[np.isfinite(table[:, :2]).all(axis=1)]
    return tuple(known[:, column] for column in range(known.shape[1]))


def _headroom(axes: Axes, low: float, high: float, *, share: float = 0.24) -> None:
    """Limits around the values, with room on top for words."""
    span = (high - low) or abs(high) or 1.0
    axes.set_ylim(low - 0.07 * span, high + share * span)


def _mark(axes: Axes, k: float, ks: np.ndarray, words: str, line: int, colour: str) -> None:
    """A dotted line at k, with words beside its top."""
    axes.axvline(k, color=colour, linewidth=1.1, linestyle=(0, (2, 2.5)), zorder=1.5)
    ends = [min([*ks, k]), max([*ks, k])]
    right = k <= (ends[0] + ends[1]) / 2
    axes.annotate(
        words,
        (k, 1 - 0.075 * line),
        xycoords=("data", "axes fraction"),
        xytext=(5 if right else -5, -3),
        textcoords="offset points",
        ha="left" if right else "right",
        va="top",
        color=colour,
        fontsize=9,
        fontweight="bold",
    )


def _curve(axes: Axes, ks: np.ndarray, values: np.ndarray, k: int) -> None:
    axes.grid(visible=True, axis="y")
    axes.plot(
        ks, values, color=ACCENT, marker="o", markersize=4.5, markeredgecolor="white", mew=0.8, zorder=3
    )
    chosen = values[ks == k]
    if chosen.size:
        axes.plot([k], chosen[:1], "o", markersize=9, markerfacecolor="white", mec=_CHOSEN, mew=2, zorder=4)
    ends = min([*ks, k]), max([*ks, k])
    room = max(0.6 if ends[1] > ends[0] else 1.2, 0.04 * (ends[1] - ends[0]))
    axes.set_xlim(ends[0] - room, ends[1] + room)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.set_xlabel("number of clusters")


def _inertia_curve(axes: Axes, ks: np.ndarray, values: np.ndarray, k: int, elbow_k: int | None) -> None:
    if not ks.size:
        _blank(axes, "No inertia is known.")
        return
    divisor, word = magnitude_of(values)
    _curve(axes, ks, values / divisor, k)
    _headroom(axes, float(values.min() / divisor), float(values.max() / divisor))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.set_ylabel(f"inertia: squared distances to the centroids{f' ({word})' if word else ''}")
    if elbow_k == k:
        _mark(axes, k, ks, f"chosen, and the elbow: {k}", 0, _CHOSEN)
        return
    _mark(axes, k, ks, f"chosen: {k}", 0, _CHOSEN)
    if elbow_k is None:
        axes.text(0.98, 0.9, "no clear elbow", transform=axes.transAxes, ha="right", va="top", color=QUIET)
    else:
        _mark(axes, elbow_k, ks, f"elbow: {elbow_k}", 1, QUIET)


def _convergence(axes: Axes, steps: np.ndarray) -> None:
    """Inertia by iteration; what is left above the final one on a log scale where there is much of it."""
    if not steps.size:
        _blank(axes, "The iterations were not recorded.")
        return
    turns, final = np.arange(1, len(steps) + 1), float(steps[-1])
    axes.grid(visible=True, axis="y")
    axes.set_xlabel("iteration")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlim(0.4, len(steps) + max(0.6, 0.04 * len(steps)))
    above = 100 * (steps / final - 1) if final > 0 else np.zeros(len(steps))
    left = above[above > 1e-12]
    if len(left) >= 3 and left.max() > 30 * left.min():
        _log_convergence(axes, turns, above, left)
        return
    divisor, word = magnitude_of(steps)
    axes.plot(
        turns, steps / divisor, color=ACCENT, marker="o", markersize=4, markeredgecolor="white", mew=0.7
    )
    _headroom(axes, float(steps.min() / divisor), float(steps.max() / divisor))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.set_ylabel(f"inertia{f' ({word})' if word else ''}")
    _at_rest(axes, len(steps), above)


def _log_convergence(axes: Axes, turns: np.ndarray, above: np.ndarray, left: np.ndarray) -> None:
    moving = above > 1e-12
    low, high = np.log10(left.min()), np.log10(left.max())
    size = 4 if len(turns) <= 60 else 0
    axes.semilogy(
        turns[moving], above[moving], color=ACCENT, marker="o", markersize=size, mec="white", mew=0.7
    )
    axes.set_ylim(10 ** (low - 0.1 * (high - low)), 10 ** (high + 0.14 * (high - low)))
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _percent(value)))
    axes.set_ylabel("inertia above its final value (log scale)")
    _at_rest(axes, len(turns), above)


def _percent(percent: float) -> str:
    """A percentage without needless zeros and powers of ten."""
    return f"{percent:.10f}".rstrip("0").rstrip(".") + "%"


def _at_rest(axes: Axes, steps: int, above: np.ndarray) -> None:
    """Say how many iterations it took, and where the start was already as good as the end."""
    words = f"after {count_of(steps, 'iteration', 'iterations')}"
    if steps > 1 and above[0] < 0.01:
        words += "\nfrom a start that was already good"
    axes.text(0.98, 0.985, words, transform=axes.transAxes, ha="right", va="top", color=QUIET)


def _mean_curve(axes: Axes, columns: tuple[np.ndarray, ...], k: int) -> None:
    ks, values, low, high = columns
    if not ks.size:
        _blank(axes, "No mean is known.")
        return
    low, high = np.where(np.isfinite(low), low, values), np.where(np.isfinite(high), high, values)
    if len(ks) > 1:
        axes.fill_between(ks, low, high, color=ACCENT, alpha=0.2, linewidth=0)
    else:
        axes.plot(
            [ks[0]] * 2, [low[0], high[0]], color=ACCENT, alpha=0.35, linewidth=5, solid_capstyle="butt"
        )
    _curve(axes, ks, values, k)
    _headroom(axes, float(low.min()), float(high.max()), share=0.2)
    axes.set_ylabel("mean silhouette (−1 to 1)")
    _mark(axes, k, ks, f"chosen: {k}", 0, _CHOSEN)


def _silhouettes(sample: pl.DataFrame, k: int) -> list[np.ndarray]:
    """Sorted silhouettes of each cluster's songs, the greatest first."""
    if not {"cluster", "silhouette"} <= set(sample.columns):
        return [np.empty(0) for _ in range(k)]
    known = sample.select(
        pl.col("cluster").cast(pl.Int64), pl.col("silhouette").cast(pl.Float64).fill_nan(None)
    ).drop_nulls()
    clusters, values = known["cluster"].to_numpy(), known["silhouette"].to_numpy()
    k = max(k, int(clusters.max()) + 1) if clusters.size else k
    return [np.sort(values[clusters == cluster])[::-1] for cluster in range(k)]


def _bands(
    axes: Axes, songs: list[np.ndarray], mean: float | None, height: float, colours: Sequence[int]
) -> list[float]:
    """Draw one band a cluster, thicker where it holds more songs; its middle as a share of the height."""
    if not any(own.size for own in songs):
        _blank(axes, "No silhouette of a song is known.")
        return []
    sizes = np.array([own.size for own in songs], dtype=np.float64)
    least = min(_LEAST_BAND / height, 1 / len(songs))
    thick = least + (1 - least * len(songs)) * sizes / max(sizes.sum(), 1.0)
    edges = np.concatenate([[0.0], np.cumsum(thick / thick.sum())])
    lowest = min([-0.1, *(float(own.min()) for own in songs if own.size)])
    highest = max([0.3, *(float(own.max()) for own in songs if own.size)])
    axes.set(xlim=(max(lowest * 1.08, -1.02), min(highest * 1.08, 1.02)), ylim=(1, 0), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    axes.axvline(0, color=LINE, linewidth=1.2)
    for cluster, (own, (top, bottom)) in enumerate(zip(songs, pairwise(edges), strict=True)):
        gap = 0.08 * (bottom - top)
        shown = (
            own[np.linspace(0, own.size - 1, min(own.size, _STEPS)).round().astype(int)] if own.size else own
        )
        if shown.size:
            steps = np.repeat(np.linspace(top + gap, bottom - gap, shown.size + 1), 2)[1:-1]
            axes.fill_betweenx(steps, 0, np.repeat(shown, 2), color=colour_of(cluster, colours), linewidth=0)
    if mean is not None and np.isfinite(mean):
        axes.axvline(mean, color=INK, linewidth=1.1, linestyle=(0, (4, 3)))
        axes.annotate(
            f"mean {mean:.3f}",
            (mean, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
        )
    axes.set_xlabel("silhouette (−1 to 1)")
    return [float(top + bottom) / 2 for top, bottom in pairwise(edges)]


def _blank(axes: Axes, words: str) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=QUIET)
