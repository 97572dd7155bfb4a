"""How every Plotly chart of the app looks, in light and dark, on a desk and on a phone.

Conventions
-----------
Text colours and hover labels come from the theme that the browser shows; everything else is chosen to be read
on both. A cluster keeps its colour, and its number or name always stands beside it. Axes with names are
numbered, and the names are written on them: so names may be alike, and none is taken for a date.
Plotly reads a part of HTML in every text: texts from songs and names of clusters go through `plotly_text`.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import plotly.graph_objects as go
import streamlit as st

from songatlas.report.wording import brief

ACCENT: Final = "#33918a"
"""Lines and bands that belong to no cluster; read on light and on dark."""

CHOSEN: Final = "#d9803f"
"""What marks the chosen number of clusters."""

QUIET: Final = "rgba(128, 128, 140, 0.75)"
"""Marks in the background."""

MARK: Final = "#80808c"
"""Marks that have to be seen on a bar and beside it."""

FAINT: Final = "rgba(128, 128, 140, 0.28)"
"""Grid lines and empty parts."""

_STYLE: Final = """<style>
.stPlotlyChart :is(.xtick, .ytick, .angularaxistick, .radialaxis, .legend, .infolayer) text {
  fill: currentColor !important;}
@media (max-width: 640px) {.stPlotlyChart .heatmap-label {display: none;}}
</style>"""

CONFIG: Final[dict[str, Any]] = {
    "displaylogo": False,
    "displayModeBar": False,
    "showTips": False,
    "typesetMath": False,
    "scrollZoom": False,
    "doubleClick": False,
    "plotlyServerURL": "",
}


def plotly_text(text: str | None, *, longest: int = 140) -> str:
    """Return a text as Plotly shows it letter by letter: one line, cut if long, no HTML in it.

    Examples
    --------
    >>> plotly_text("<b>Rock</b> & roll"), plotly_text("A very long name", longest=8)
    ('&lt;b&gt;Rock&lt;/b&gt; &amp; roll', 'A very…')
    """
    return html.escape(brief(text, longest=longest), quote=False)


def wrapped_text(text: str | None, *, width: int, lines: int = 2) -> str:
    """Return a text in a few short lines for Plotly, the last one cut where it is longer.

    Examples
    --------
    >>> wrapped_text("Energetic EDM instrumentals", width=14)
    'Energetic EDM<br>instrumentals'
    >>> wrapped_text("Donaudampfschifffahrt and more words than fit", width=12)
    'Donaudampfsc<br>hifffahrt…'
    """
    parts = textwrap.wrap(brief(text), width=width, max_lines=lines, placeholder="…") or [""]
    return "<br>".join(html.escape(part, quote=False) for part in parts)


def cluster_label(cluster: int, name: str, colour: str, *, width: int = 17) -> str:
    """Return what an axis calls a cluster: a square of its colour, its number and its name."""
    return f'<span style="color:{colour}">■</span> {cluster} {wrapped_text(name, width=width)}'


def styled(figure: go.Figure, *, height: int) -> go.Figure:
    """Give a figure the looks of the app.

    Parameters
    ----------
    figure : Figure
        Changed in place.
    height : int
        In pixels; the width is that of the page.

    Returns
    -------
    Figure
        The same.
    """
    figure.update_layout(
        height=height,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 8, "r": 8, "t": 8, "b": 8, "pad": 4},
        dragmode=False,
        hovermode="closest",
        hoverlabel={"align": "left", "namelength": -1},
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0, "title": None},
    )
    figure.update_xaxes(fixedrange=True, gridcolor=FAINT, zeroline=False, automargin=True, title_standoff=8)
    figure.update_yaxes(fixedrange=True, gridcolor=FAINT, zeroline=False, automargin=True, title_standoff=8)
    return figure


def show_chart(
    figure: go.Figure,
    *,
    key: str,
    caption: str,
    alt: str = "",
    on_select: Callable[[], None] | None = None,
) -> None:
    """Draw a figure with a caption that says how to read it.

    Parameters
    ----------
    figure : Figure
        As `styled` gives it.
    key : str
        Different for every chart of a page.
    caption : str
        Markdown; texts from songs in it go through `wording.plain_text`.
    alt : str
        What somebody hears who does not see the chart; the caption where empty.
    on_select : callable, optional
        Called when a point was clicked; `st.session_state[key]` says which.
    """
    st.html(_STYLE)
    st.plotly_chart(
        figure,
        key=key,
        theme="streamlit",
        config=CONFIG,
        alt=alt or caption,
        on_select=on_select or "ignore",
        selection_mode="points",
    )
    st.caption(caption)


def colour_scale(colours: Sequence[str]) -> list[list[Any]]:
    """Return colours as a scale of Plotly, evenly spaced.

    Examples
    --------
    >>> colour_scale(("#000000", "#ffffff"))
    [[0.0, '#000000'], [1.0, '#ffffff']]
    """
    return [[place / (len(colours) - 1), colour] for place, colour in enumerate(colours)]


def under_the_chart(ticks: Mapping[float, str]) -> dict[str, Any]:
    """Return a scale of colours below the chart, as Plotly takes it: value -> what is written there."""
    return {
        "orientation": "h",
        "y": 0,
        "yref": "container",
        "yanchor": "bottom",
        "x": 0,
        "xref": "container",
        "xanchor": "left",
        "len": 240,
        "lenmode": "pixels",
        "thickness": 10,
        "outlinewidth": 0,
        "tickmode": "array",
        "tickvals": list(ticks),
        "ticktext": list(ticks.values()),
        "tickfont": {"size": 11},
        "ticklabeloverflow": "allow",
        "xpad": 30,
        "ypad": 4,
    }


def turning_labels(figure: go.Figure, labels: Sequence[str]) -> None:
    """Write labels above the columns of a table of fields, turned only where there is no room for them."""
    figure.update_xaxes(
        tickvals=list(range(len(labels))),
        ticktext=list(labels),
        side="top",
        autotickangles=[0, -90],
        showgrid=False,
        ticks="",
    )
