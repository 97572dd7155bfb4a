"""Charts of the genres: agreement between chance and ceiling, and which genres lie in which clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray

from songatlas.app.charts.charts import (
    ACCENT,
    CHOSEN,
    FAINT,
    MARK,
    colour_scale,
    plotly_text,
    styled,
    turning_labels,
    under_the_chart,
    wrapped_text,
)
from songatlas.app.charts.cluster_charts import MOST_ROWS, Shown
from songatlas.colours import NONE_TO_ALL
from songatlas.seriation import diagonal_orders

SHARES: Final[Mapping[str, str]] = {
    "cluster": "Share of the cluster",
    "genre": "Share of the genre",
    "songs": "Songs",
}
"""What the fields of `genre_chart` can tell, and what a reader calls it."""

MOST_GENRES: Final = 24
_MOST_NUMBERS = 14


def agreement_chart(figures: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Draw figures of agreement, each between its chance level and its ceiling.

    Parameters
    ----------
    figures : sequence of mapping
        `label`, `meaning`, `value`, and `chance` and `ceiling`, None where unknown; from 0 to 1.
    """
    figure = go.Figure()
    rows = list(range(len(figures)))
    figure.add_bar(
        x=[1.0] * len(rows), y=rows, orientation="h", marker={"color": FAINT}, width=0.34, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip
    figure.add_bar(
        x=[max(float(each["value"]), 0.0) for each in figures],
        y=rows,
        orientation="h",
        marker={"color": ACCENT},
        width=0.34,
        name="these clusters",
        customdata=[_told(each) for each in figures],
        hovertemplate="%{customdata}<extra></extra>",
    )
    _add_limits(figure, figures)
    figure = styled(figure, height=84 * len(rows) + 110)
    figure.update_layout(barmode="overlay", margin={"b": 70})
    figure.update_xaxes(range=[-0.015, 1.02], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    figure.update_yaxes(
        tickvals=rows,
        ticktext=[wrapped_text(each["label"], width=16) for each in figures],
        range=[len(rows) - 0.5, -0.5],
        showgrid=False,
    )
    return figure


def _add_limits(figure: go.Figure, figures: Sequence[Mapping[str, Any]]) -> None:
    """Mark the chance level and the ceiling of each figure where they are known."""
    for name, label, symbol, colour in (
        ("chance", "by chance", "line-ns", MARK),
        ("ceiling", "a classifier that was taught the genres", "diamond-tall", CHOSEN),
    ):
        known = [(row, each) for row, each in enumerate(figures) if each.get(name) is not None]
        if known:
            figure.add_scatter(
                x=[float(each[name]) for _, each in known],
                y=[row for row, _ in known],
                mode="markers",
                marker={
                    "symbol": symbol,
                    "size": 34 if name == "chance" else 16,
                    "color": colour,
                    "line": {"color": colour, "width": 3 if name == "chance" else 0},
                },
                name=label,
                customdata=[_told(each) for _, each in known],
                hovertemplate="%{customdata}<extra></extra>",
            )


def _told(figure: Mapping[str, Any]) -> str:
    """A figure between its chance level and its ceiling, when it is pointed at."""
    parts = [f"<b>{plotly_text(figure['label'])}</b>", f"these clusters {figure['value']:.2f}"]
    parts += [f"{name} {figure[name]:.2f}" for name in ("chance", "ceiling") if figure.get(name) is not None]
    return "<br>".join(parts)


def genre_chart(table: pl.DataFrame, shown: Shown, *, share: str) -> go.Figure:
    """Draw which genres lie in which clusters.

    Rows and columns are turned until the strong shares lie near the diagonal.

    Parameters
    ----------
    table : DataFrame
        `cluster`, `genre` and `n`, the songs of that genre in it.
    shown : Shown
    share : {"cluster", "genre", "songs"}
        What the fields tell: see `SHARES`.
    """
    counts, genres = counted(table, k=len(shown.names))
    in_cluster = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    in_genre = counts / np.maximum(counts.sum(axis=0, keepdims=True), 1.0)
    rows, columns = diagonal_orders(in_cluster)
    values = {"cluster": in_cluster, "genre": in_genre, "songs": counts}[share]
    most = float(values.max(initial=0.0)) or 1.0
    written = len(genres) <= _MOST_NUMBERS
    words = [[_field(values[row, column], share) for column in columns] for row in rows]
    told = [
        [
            f"<b>{plotly_text(shown.names[row])}</b> and <b>{plotly_text(genres[column])}</b><br>"
            f"{counts[row, column]:,.0f} songs<br>{in_cluster[row, column]:.1%} of the cluster's songs with "
            f"a genre<br>{in_genre[row, column]:.1%} of the genre's songs"
            for column in columns
        ]
        for row in rows
    ]
    figure = go.Figure(
        go.Heatmap(
            z=values[np.ix_(rows, columns)],
            text=words if written else None,
            texttemplate="%{text}" if written else None,
            textfont={"size": 12},
            customdata=told,
            hovertemplate="%{customdata}<extra></extra>",
            colorscale=colour_scale(NONE_TO_ALL),
            zmin=0.0,
            zmax=most,
            xgap=2,
            ygap=2,
            colorbar=under_the_chart({each: _field(each, share) for each in (0.0, most / 2, most)}),
        )
    )
    row_height = 38 if len(rows) <= 20 else 34
    figure = styled(figure, height=row_height * len(rows) + 210)
    turning_labels(figure, [plotly_text(genres[column], longest=22) for column in columns])
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[shown.label(int(row)) for row in rows],
        autorange="reversed",
        showgrid=False,
    )
    figure.update_layout(margin={"b": 70, "t": 0})
    return figure


def counted(table: pl.DataFrame, *, k: int) -> tuple[NDArray[np.float64], list[str]]:
    """Return songs by cluster (rows, at most `MOST_ROWS`) and genre (the largest), and the genres."""
    most = table.group_by("genre").agg(pl.col("n").sum()).sort("n", "genre", descending=[True, False])
    genres = most.filter(pl.col("n") > 0)["genre"].head(MOST_GENRES).to_list()
    places = {genre: place for place, genre in enumerate(genres)}
    counts = np.zeros((min(k, MOST_ROWS), len(genres)))
    for cluster, genre, n in table.select("cluster", "genre", "n").iter_rows():
        if 0 <= cluster < len(counts) and genre in places:
            counts[cluster, places[genre]] += n
    return counts, genres


def _field(value: float, share: str) -> str:
    """What a field says."""
    if share == "songs":
        return f"{value:,.0f}"
    return f"{value:.0%}" if value >= 0.005 or value == 0 else "<1%".replace("<", "&lt;")
