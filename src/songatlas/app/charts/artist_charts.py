"""Charts of artists and of the market: an artist over clusters, and how clusters are received."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import plotly.graph_objects as go
import polars as pl

from songatlas.app.charts.charts import QUIET, cluster_label, styled

_ROW_HEIGHT: Final = 34
_RANGE_HOVER: Final = (
    "Middle %{x:,.0f}<br>half of them %{customdata[0]:,.0f} to %{customdata[1]:,.0f}<extra></extra>"
)


def artist_shares(artist: Mapping[str, Any], names: Sequence[str], colours: Sequence[str]) -> go.Figure:
    """Draw how many of an artist's songs lie in each cluster, the most first.

    Parameters
    ----------
    artist : mapping
        A row of `ArtistView.artists`.
    names, colours : sequence of str
        Of every cluster, in the order of their numbers.
    """
    clusters, shares = list(artist["clusters"]), [100 * share for share in artist["shares"]]
    places = list(range(len(clusters)))
    figure = go.Figure(
        go.Bar(
            x=shares,
            y=places,
            orientation="h",
            marker={"color": [colours[cluster] for cluster in clusters]},
            text=[f"{share:.0f}%" for share in shares],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{x:.0f}% of the songs<extra></extra>",
        )
    )
    styled(figure, height=30 + _ROW_HEIGHT * len(clusters))
    labels = [cluster_label(cluster, names[cluster], colours[cluster], width=24) for cluster in clusters]
    figure.update_yaxes(tickvals=places, ticktext=labels, autorange="reversed", showgrid=False)
    figure.update_xaxes(range=[0, max(shares) * 1.18], showticklabels=False, showgrid=False)
    return figure


def market_ranges(
    market: pl.DataFrame, column: str, *, label: str, colours: Sequence[str], log: bool = False
) -> go.Figure:
    """Draw the middle and the middle half of a value of each cluster.

    Parameters
    ----------
    market : DataFrame
        As `ArtistView.market` has it, with `{column}_low`, `_median` and `_high`.
    column : str
    label : str
        What the axis is called.
    colours : sequence of str
        Of every cluster.
    log : bool
        Whether the axis goes by powers of ten.
    """
    known = market.drop_nulls(f"{column}_median")
    places = list(range(known.height))
    low, middle, high = (known[f"{column}_{end}"].to_list() for end in ("low", "median", "high"))
    colour = [colours[cluster] for cluster in known["cluster"]]
    figure = _ranges(low, middle, high, colour)
    styled(figure, height=70 + _ROW_HEIGHT * known.height)
    labels = [
        cluster_label(cluster, name, each, width=24)
        for cluster, name, each in zip(known["cluster"], known["name"], colour, strict=True)
    ]
    figure.update_yaxes(tickvals=places, ticktext=labels, autorange="reversed")
    figure.update_xaxes(title_text=label, type="log" if log else "linear")
    if not log:
        edge = 0.03 * (max(high) - min(low) or 1.0)
        figure.update_xaxes(range=[min(low) - edge, max(high) + edge])
    return figure


def _ranges(
    low: Sequence[float], middle: Sequence[float], high: Sequence[float], colour: Sequence[str]
) -> go.Figure:
    """A line from low to high with a point in the middle, for each cluster."""
    places = list(range(len(middle)))
    figure = go.Figure()
    for place, start, stop in zip(places, low, high, strict=True):
        figure.add_trace(
            go.Scatter(
                x=[start, stop],
                y=[place, place],
                mode="lines",
                line={"color": QUIET, "width": 5},
                opacity=0.6,
                hoverinfo="skip",
                showlegend=False,
            )
        )
    figure.add_trace(
        go.Scatter(
            x=middle,
            y=places,
            mode="markers",
            marker={"color": colour, "size": 13, "line": {"color": QUIET, "width": 1}},
            customdata=list(zip(low, high, strict=True)),
            hovertemplate=_RANGE_HOVER,
            showlegend=False,
        )
    )
    return figure
