"""Charts of the evidence for the number of clusters: one index by k, with its interval and its marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import plotly.graph_objects as go
import polars as pl

from songatlas.app.charts.charts import ACCENT, CHOSEN, QUIET, styled
from songatlas.quality import INDICES

_LINE: Final = 14
_NEAR: Final = 0.25  # of the axis: marks nearer than this would overlap on a phone
_BAND: Final = "rgba(51, 145, 138, 0.22)"
_SHORT: Final = ((1e9, "billion"), (1e6, "million"), (1e3, "thousand"))


def indices_of(evidence: pl.DataFrame) -> tuple[str, ...]:
    """Return the names of the indices of which the evidence knows anything, in the order of `INDICES`."""
    return tuple(name for name in INDICES if name in evidence.columns and evidence[name].is_not_null().any())


def index_chart(
    evidence: pl.DataFrame, index: str, *, chosen: int, shown: int, says: int | None
) -> go.Figure:
    """Draw one index by number of clusters.

    Parameters
    ----------
    evidence : DataFrame
        One row a k: `k`, the index, and where they are known its 95% interval as ``_low`` and ``_high``.
    index : str
        A name of `INDICES`.
    chosen : int
        The number of clusters that the atlas was built with.
    shown : int
        The one that is looked at now.
    says : int or None
        The one that the rule of this index asks for.
    """
    table = evidence.filter(pl.col(index).is_not_null()).sort("k")
    ks = table["k"].to_list()
    values = table[index].cast(pl.Float64).to_numpy()
    divisor, unit = _unit_of(values)
    figure = go.Figure()
    spans = _add_band(figure, table, index, divisor)
    figure.add_scatter(
        x=ks,
        y=values / divisor,
        mode="lines+markers",
        line={"color": ACCENT, "width": 2},
        marker={
            "size": [15 if k == chosen else 9 for k in ks],
            "symbol": ["diamond" if k == chosen else "circle" for k in ks],
            "color": [CHOSEN if k == chosen else ACCENT for k in ks],
            "opacity": 1,
        },
        customdata=[
            f"{k} clusters{_marks(k, chosen=chosen, shown=shown, says=says, sep=', ')}<br>"
            f"{INDICES[index].label} {_number(value)}{span}"
            for k, value, span in zip(ks, values, spans, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
        # what is picked keeps its looks: the page says it in words
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )
    words = {
        k: _marks(k, chosen=chosen, shown=shown, says=says, sep="<br>").removeprefix("<br>")
        for k in sorted({k for k in (chosen, shown, says) if k is not None and k in ks})
    }
    lines = _add_marks(figure, words, ks, chosen=chosen)
    figure = styled(figure, height=286 + _LINE * lines)
    figure.update_layout(showlegend=False, margin={"t": 10 + _LINE * lines, "r": 12})
    figure.update_xaxes(
        title="number of clusters", tickmode="linear", dtick=1 if len(ks) <= 10 else 2, tick0=2
    )
    figure.update_yaxes(nticks=6, title=unit or None)
    return figure


def _add_band(figure: go.Figure, table: pl.DataFrame, index: str, divisor: float) -> list[str]:
    """Draw the 95% interval where there is one; return what is said of it for every k."""
    low, high = f"{index}_low", f"{index}_high"
    if not {low, high} <= set(table.columns):
        return [""] * table.height
    middle = table[index].cast(pl.Float64).to_numpy()
    ends = [
        np.where(np.isfinite(end), end, middle)
        for end in (table[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in (low, high))
    ]
    ks = table["k"].to_list()
    figure.add_scatter(
        x=[*ks, *reversed(ks)],
        y=[*(ends[1] / divisor), *reversed(ends[0] / divisor)],
        mode="lines",
        fill="toself",
        fillcolor=_BAND,
        line={"width": 0},
        hoverinfo="skip",
    )
    return [
        f"<br>{_number(a)} to {_number(b)}" if a != b else "" for a, b in zip(ends[0], ends[1], strict=True)
    ]


def _marks(k: int, *, chosen: int, shown: int, says: int | None, sep: str) -> str:
    """What a number of clusters is, in words; with `sep` before each."""
    found: Mapping[str, bool] = {
        "chosen": k == chosen,
        "shown now": k == shown != chosen,
        "its vote": k == says,
    }
    return "".join(f"{sep}{word}" for word, holds in found.items() if holds)


def _add_marks(figure: go.Figure, words: Mapping[int, str], ks: Sequence[int], *, chosen: int) -> int:
    """Lines at numbers of clusters with words above, none over another; return how many lines they take."""
    lifted, most, before = 0, 0, None
    for k, said in words.items():
        near = before is not None and k - before < _NEAR * (max(ks) - min(ks))
        lifted = lifted if near else 0
        side = "left" if k <= min(ks) else "right" if k >= max(ks) else "center"
        figure.add_vline(x=k, line={"color": CHOSEN if k == chosen else QUIET, "width": 1.5, "dash": "dot"})
        figure.add_annotation(
            x=k,
            y=1,
            yref="paper",
            yanchor="bottom",
            yshift=_LINE * lifted,
            xanchor=side,
            text=said,
            showarrow=False,
            font={"size": 11},
            align=side,
        )
        lifted += said.count("<br>") + 1
        most, before = max(most, lifted), k
    return most


def _unit_of(values: np.ndarray) -> tuple[float, str]:
    """A divisor and its word, so that an axis needs no long numbers."""
    largest = float(np.abs(values).max(initial=0.0))
    for divisor, word in _SHORT:
        if largest >= 10 * divisor:
            return divisor, f"{word}s"
    return 1.0, ""


def _number(value: float) -> str:
    """A figure with as many digits as say something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{round(value, 3) + 0.0:.3f}".replace("-", "−")
