"""The sheet that every figure is drawn on: a title in words, panels at measured places, number badges.

Conventions: all places and sizes are in inches, counted from the left and from the top of the sheet's
body, below title and subtitle. A layout that is computed and not guessed keeps every word on the canvas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from songatlas.colours import colour_of, ink_on
from songatlas.figures.lettering import families_for, printable, shortened, text_width, wrapped
from songatlas.figures.style import FAINT, INK, PAPER, QUIET

MARGIN = 0.35
WIDTH = 9.5
BADGE = 0.105
_TITLE, _SUBTITLE, _NOTE = 14.0, 9.5, 8.0


def line_height(size: float) -> float:
    """Height of one line of text in inches, with the space below it."""
    return 1.32 * size / 72


class Sheet:
    """A figure with its title, subtitle and note written, and room for panels between them.

    Parameters
    ----------
    title, subtitle : str
        What is to be seen, and how to read it; wrapped to the width of the sheet.
    height : float
        Height of the body, in inches.
    note : str
        Small print under the body, may be empty.
    colours : sequence of int
        Number of the colour of every cluster; its own number where empty.
    """

    def __init__(
        self, title: str, subtitle: str, *, height: float, note: str = "", colours: Sequence[int] = ()
    ) -> None:
        self.colours = colours
        titles = wrapped(printable(title), WIDTH, _TITLE, lines=3, bold=True)
        subtitles = wrapped(printable(subtitle), WIDTH, _SUBTITLE, lines=4)
        notes = wrapped(printable(note), WIDTH, _NOTE, lines=3) if note else []
        self.head = (
            MARGIN + len(titles) * line_height(_TITLE) + len(subtitles) * line_height(_SUBTITLE) + 0.14
        )
        self.height = self.head + height + len(notes) * line_height(_NOTE) + (0.1 if notes else 0) + MARGIN
        self.body_height = height
        self.figure = Figure(figsize=(WIDTH + 2 * MARGIN, self.height), facecolor=PAPER)
        self.figure.set_label(" ".join(titles))
        FigureCanvasAgg(self.figure)
        y = MARGIN - self.head
        for words in titles:
            self.text(0, y, words, size=_TITLE, weight="bold", va="top")
            y += line_height(_TITLE)
        for words in subtitles:
            self.text(0, y + 0.03, words, size=_SUBTITLE, colour=QUIET, va="top")
            y += line_height(_SUBTITLE)
        for number, words in enumerate(notes):
            self.text(
                0, height + 0.1 + number * line_height(_NOTE), words, size=_NOTE, colour=QUIET, va="top"
            )

    def _spot(self, x: float, y: float) -> tuple[float, float]:
        """Place on the body -> inches from the lower left corner of the figure."""
        return MARGIN + x, self.height - self.head - y

    def colour_of(self, cluster: int) -> str:
        """Return the colour of a cluster on this sheet."""
        return colour_of(cluster, self.colours)

    def panel(self, left: float, top: float, width: float, height: float, *, bare: bool = False) -> Axes:
        """Add axes at a place of the body; `bare` ones have neither frame nor ticks."""
        x, y = self._spot(left, top + height)
        page = WIDTH + 2 * MARGIN
        axes = self.figure.add_axes((x / page, y / self.height, width / page, height / self.height))
        if bare:
            axes.set_axis_off()
        return axes

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 9.0,
        colour: str = INK,
        halo: bool = False,
        ha: str = "left",
        va: str = "center",
        **looks: Any,
    ) -> Text:
        """Write `words` at a place of the body, as they stand."""
        across, up = self._spot(x, y)
        written = Text(
            across, up, words, fontsize=size, color=colour, ha=ha, va=va, parse_math=False,
            family=families_for(words), transform=self.figure.dpi_scale_trans, **looks,
        )  # fmt: skip
        if halo:
            written.set_path_effects([withStroke(linewidth=2.6, foreground=PAPER, alpha=0.92)])
        self.figure.add_artist(written)
        return written

    def badge(self, x: float, y: float, cluster: int, *, radius: float = BADGE) -> None:
        """Draw the number of a cluster in a disc of its colour, centred at a place of the body."""
        colour = self.colour_of(cluster)
        self.figure.add_artist(
            Circle(
                self._spot(x, y), radius, facecolor=colour, edgecolor=PAPER, linewidth=0.8, zorder=2.5,
                transform=self.figure.dpi_scale_trans,
            )
        )  # fmt: skip
        digits = str(cluster)
        size = 72 * radius * (1.08 if len(digits) < 3 else 0.82)
        self.text(
            x, y, digits, size=size, colour=ink_on(colour), ha="center", va="center_baseline",
            weight="bold", zorder=3.5,
        )  # fmt: skip

    def bar(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Draw a bar from `x` on, to the left where `width` is below 0, its middle line at `y`."""
        corner = self._spot(min(x, x + width), y + height / 2)
        inches = self.figure.dpi_scale_trans
        looks: dict[str, Any] = {"facecolor": colour, "edgecolor": "none", "transform": inches}
        self.figure.add_artist(Rectangle(corner, abs(width), height, **looks))

    def dot(self, x: float, y: float, radius: float, colour: str) -> None:
        """Draw a disc centred at a place of the body."""
        inches = self.figure.dpi_scale_trans
        spot = self._spot(x, y)
        self.figure.add_artist(Circle(spot, radius, facecolor=colour, edgecolor="none", transform=inches))

    def rule(self, x: float, top: float, bottom: float, **looks: Any) -> None:
        """Draw an upright line."""
        (across, high), (_, low) = self._spot(x, top), self._spot(x, bottom)
        self.figure.add_artist(
            Line2D([across, across], [low, high], transform=self.figure.dpi_scale_trans, **looks)
        )

    def named(self, x: float, y: float, cluster: int, name: str, width: float, **looks: Any) -> None:
        """Write badge and name of a cluster from `x` on, the name in at most `width` - badge inches.

        Looks may say `size`, `lines` (1 or 2), `weight` and `radius`.
        """
        radius, size = looks.get("radius", BADGE), looks.get("size", 9.0)
        bold = looks.get("weight", "normal") == "bold"
        self.badge(x + radius, y, cluster, radius=radius)
        broken = wrapped(name, width - 2 * radius - 0.08, size, lines=looks.get("lines", 1), bold=bold)
        top = y - (len(broken) - 1) * line_height(size) / 2
        for number, words in enumerate(broken):
            self.text(
                x + 2 * radius + 0.08, top + number * line_height(size), words, size=size,
                weight="bold" if bold else "normal", va="center_baseline",
            )  # fmt: skip

    def heading(self, x: float, y: float, words: str, width: float) -> None:
        """Write the heading of a panel."""
        self.text(x, y, shortened(words, width, 10.5, bold=True), size=10.5, weight="bold")

    def done(self) -> Figure:
        """Return the figure with every tick and label made, so that later settings cannot touch them."""
        for axes in self.figure.axes:
            if axes.axison:
                axes.get_xticklabels()
                axes.get_yticklabels()
        return self.figure


def name_width(names: list[str], *, size: float, most: float, radius: float = BADGE) -> float:
    """Width in inches that badge and longest name take, at most `most`."""
    longest = max((text_width(name, size) for name in names), default=0.0)
    return min(longest + 2 * radius + 0.1, most)


def empty_sheet(title: str, words: str, advice: str) -> Figure:
    """Return a calm sheet that says why there is nothing to be seen, and what to do about it."""
    sheet = Sheet(title, words, height=1.9)
    frame = sheet.panel(0, 0.05, WIDTH, 1.8)
    frame.set(xticks=[], yticks=[])
    for side in frame.spines.values():
        side.set(visible=True, color=FAINT, linestyle=(0, (4, 4)))
    broken = wrapped(printable(advice), WIDTH - 1.6, 10.5, lines=3)
    for number, line in enumerate(broken):
        y = 0.95 + (number - (len(broken) - 1) / 2) * line_height(10.5)
        sheet.text(WIDTH / 2, y, line, size=10.5, colour=QUIET, ha="center")
    return sheet.done()
