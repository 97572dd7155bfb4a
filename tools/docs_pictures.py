"""The pictures of docs/concepts/ and of the gallery, drawn by songatlas and Matplotlib from simulated songs.

Every picture is the same in every run, and small: at most 1,100 pixels wide, in 64 colours.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from songatlas.colours import CLUSTER_COLOURS
from songatlas.figures.style import drawing
from songatlas.kmeans import KMeans
from songatlas.quality import silhouette_values

_WIDEST, _COLOURS, _DPI = 1100, 64, 130
_GREY, _INK = "#9a9aa2", "#333338"
Points = NDArray[np.float64]


def draw_all(folder: Path) -> list[str]:
    """Draw every picture into `folder`, and return their names."""
    written = []
    for name, draw in CONCEPTS.items():
        with drawing():
            content = io.BytesIO()
            draw().savefig(content, format="png", dpi=_DPI, metadata={"Software": None})
        written.append(_write(folder / "concepts" / f"{name}.png", content.getvalue()))
    with tempfile.TemporaryDirectory() as drawn:
        _draw_figures(Path(drawn))
        for path in sorted(Path(drawn).glob("*.png")):
            written.append(_write(folder / "figures" / path.name, path.read_bytes()))
    return [str(path.relative_to(folder)) for path in written]


def _draw_figures(folder: Path) -> None:
    """Every figure of the atlas of the demo."""
    from songatlas.atlas import build_demo
    from songatlas.figures import save_figures
    from songatlas.report.draw import draw_figures

    save_figures(draw_figures(build_demo(4000)), folder)


def _write(path: Path, content: bytes) -> Path:
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    if picture.width > _WIDEST:
        height = round(picture.height * _WIDEST / picture.width)
        picture = picture.resize((_WIDEST, height), Image.Resampling.LANCZOS)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        path, "PNG", optimize=True
    )
    return path


def _crowds(*, apart: float, seed: int = 1) -> Points:
    """Three crowds of songs in a plane, their middles so many standard deviations apart."""
    middles = apart * np.array([[0.0, 0.0], [1.0, 0.15], [0.45, 0.9]])
    draws = np.random.default_rng(seed)
    return np.concatenate([middle + draws.normal(size=(110, 2)) for middle in middles])


def _cut(points: Points, k: int) -> tuple[NDArray[np.int32], Points]:
    """Labels and centroids of k clusters."""
    fitted = KMeans(n_clusters=k, random_state=0).fit(points)
    return fitted.labels_, fitted.cluster_centers_


def _panes(number: int, *, height: float = 3.1, each: float = 3.6) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(each * number, height), layout="constrained")
    panes = [figure.add_subplot(1, number, place + 1) for place in range(number)]
    for pane in panes:
        pane.set_xticks([])
        pane.set_yticks([])
    return figure, panes


def _scatter(pane: Axes, points: Points, labels: NDArray[np.int32] | None = None) -> None:
    colours = _GREY if labels is None else [CLUSTER_COLOURS[label] for label in labels]
    pane.scatter(points[:, 0], points[:, 1], s=9, c=colours, linewidths=0)
    pane.set_aspect("equal", adjustable="datalim")


def _clusters() -> Figure:
    figure, panes = _panes(3)
    points = _crowds(apart=5.0)
    start = points[[4, 9, 15]]
    for pane, title, centroids in zip(
        panes,
        ("1. Somewhere to begin", "2. Each song to the nearest", "3. Again, until nothing moves"),
        (start, start, _cut(points, 3)[1]),
        strict=True,
    ):
        nearest = np.argmin(((points[:, None] - centroids[None]) ** 2).sum(axis=2), axis=1).astype(np.int32)
        _scatter(pane, points, None if title[0] == "1" else nearest)
        pane.scatter(centroids[:, 0], centroids[:, 1], s=110, c=_INK, marker="X", edgecolors="white")
        pane.set_title(title)
    return figure


def _standardizing() -> Figure:
    figure = Figure(figsize=(8.4, 3.2), layout="constrained")
    draws = np.random.default_rng(3)
    tempo, energy = draws.normal(120, 24, 240), np.clip(draws.normal(0.6, 0.18, 240), 0, 1)
    left, right = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2)
    left.scatter(tempo, energy, s=9, c=_GREY, linewidths=0)
    left.set(title="As measured: tempo alone decides", xlabel="tempo, BPM", ylabel="energy", ylim=(-60, 60))
    right.scatter(
        (tempo - tempo.mean()) / tempo.std(),
        (energy - energy.mean()) / energy.std(),
        s=9,
        c=CLUSTER_COLOURS[0],
        linewidths=0,
    )
    right.set(title="Standardized: both have a say", xlabel="tempo", ylabel="energy", aspect="equal")
    return figure


def _k() -> Figure:
    figure, panes = _panes(4, each=2.7, height=2.9)
    clear, cloud = _crowds(apart=6.5), np.random.default_rng(5).normal(size=(330, 2)) * (1.6, 1.0)
    titles = ("Three crowds, k = 3", "The same, k = 5", "One cloud, k = 3", "The same, k = 5")
    for pane, title, points, k in zip(panes, titles, (clear, clear, cloud, cloud), (3, 5, 3, 5), strict=True):
        _scatter(pane, points, _cut(points, k)[0])
        pane.set_title(title)
    return figure


def _silhouette() -> Figure:
    figure, panes = _panes(2)
    points = _crowds(apart=4.2)
    labels, centroids = _cut(points, 3)
    values = silhouette_values(points.astype(np.float32), labels)
    own = int(labels[0])
    song = int(np.flatnonzero(labels == own)[np.argsort(values[labels == own])[60]])
    other = int(np.argsort(((points[song] - centroids) ** 2).sum(axis=1))[1])
    _scatter(panes[0], points, labels)
    for cluster, word in ((own, "a"), (other, "b")):
        members = points[labels == cluster][::9]
        for member in members:
            panes[0].plot(
                *np.stack([points[song], member]).T, color=CLUSTER_COLOURS[cluster], alpha=0.6, lw=0.8
            )
        panes[0].annotate(word, centroids[cluster], fontsize=15, fontweight="bold", color=_INK)
    panes[0].scatter(*points[song], s=70, c=_INK)
    panes[0].set_title("a: how far its own cluster is; b: the next one")
    order = np.lexsort((-values, labels))
    panes[1].bar(
        range(len(order)), values[order], width=1.0, color=[CLUSTER_COLOURS[each] for each in labels[order]]
    )
    panes[1].axhline(values.mean(), color=_INK, lw=1, ls="--")
    panes[1].set(title=f"Every song's silhouette; mean {values.mean():.2f}", yticks=(-0.2, 0, 0.5, 1))
    return figure


def _valley() -> Figure:
    figure = Figure(figsize=(8.4, 2.9), layout="constrained")
    for place, (apart, title) in enumerate(
        ((5.0, "A valley: two crowds"), (2.0, "No valley: one cloud, cut"))
    ):
        draws = np.random.default_rng(7)
        values = np.concatenate([draws.normal(-apart / 2, 1, 3000), draws.normal(apart / 2, 1, 3000)])
        pane = figure.add_subplot(1, 2, place + 1)
        edges = np.linspace(-5.5, 5.5, 57)
        for side, colour in ((values < 0, CLUSTER_COLOURS[0]), (values >= 0, CLUSTER_COLOURS[1])):
            pane.hist(values[side], edges, color=colour)
        pane.axvline(0, color=_INK, lw=1, ls="--")
        pane.set(
            title=title,
            yticks=[],
            xticks=[-apart / 2, apart / 2],
            xlabel="on the line from one centroid to the other",
        )
        pane.set_xticklabels(["centroid", "centroid"])
    return figure


def _percentile() -> Figure:
    figure = Figure(figsize=(7.2, 2.7), layout="constrained")
    pane = figure.add_subplot()
    draws = np.random.default_rng(11)
    everyone, cluster = draws.beta(2.2, 2.2, 20000), draws.beta(4.2, 2.2, 20000)
    edges = np.linspace(0, 1, 61)
    pane.hist(everyone, edges, density=True, color="#c9c9cf", label="the whole catalogue")
    pane.hist(
        cluster, edges, density=True, histtype="step", lw=2, color=CLUSTER_COLOURS[1], label="the cluster"
    )
    share = float(np.mean(everyone[:, None][::20] < cluster[None, ::20]))
    pane.axvline(cluster.mean(), color=CLUSTER_COLOURS[1], ls="--", lw=1)
    pane.set(title=f"“happier than {share:.0%} of the catalogue”", xlabel="valence", yticks=[])
    pane.legend(frameon=False, loc="upper left")
    return figure


def _hubs() -> Figure:
    figure = Figure(figsize=(8.4, 2.8), layout="constrained")
    for place, n_dimensions in enumerate((2, 12)):
        points = np.random.default_rng(13).normal(size=(1500, n_dimensions))
        squares = (points**2).sum(axis=1)
        distances = squares[:, None] + squares[None] - 2 * points @ points.T
        np.fill_diagonal(distances, np.inf)
        lists = np.bincount(np.argpartition(distances, 10, axis=1)[:, :10].ravel(), minlength=1500)
        pane = figure.add_subplot(1, 2, place + 1)
        pane.hist(lists, np.arange(-0.5, 81), color=CLUSTER_COLOURS[place])
        pane.set(
            title=f"{n_dimensions} dimensions: {np.mean(lists == 0):.0%} in no list, one in {lists.max()}",
            xlabel="lists of ten neighbours that a song stands in",
            ylabel="songs",
        )
    return figure


def _scale() -> Figure:
    figure = Figure(figsize=(7.2, 1.7), layout="constrained")
    pane = figure.add_subplot()
    pane.plot([0, 1], [0, 0], color="#d5d5da", lw=10, solid_capstyle="round")
    pane.plot([0.22, 0.92], [0, 0], color=_GREY, lw=10, solid_capstyle="butt")
    for value, word, colour in (
        (0.22, "chance", _INK),
        (0.45, "found", CLUSTER_COLOURS[1]),
        (0.92, "ceiling", _INK),
    ):
        pane.scatter([value], [0], s=150, color=colour, zorder=3)
        pane.annotate(f"{word}\n{value:.2f}", (value, 0), (0, 11), textcoords="offset points", ha="center")
    pane.set(xlim=(-0.03, 1.03), ylim=(-0.5, 1.2), title="Purity, from 0 to 1")
    pane.set_axis_off()
    return figure


CONCEPTS: Mapping[str, Callable[[], Figure]] = {
    "clusters": _clusters,
    "standardizing": _standardizing,
    "k": _k,
    "silhouette": _silhouette,
    "valley": _valley,
    "percentile": _percentile,
    "hubs": _hubs,
    "scale": _scale,
}
"""Pictures of docs/images/concepts/, by their names."""
