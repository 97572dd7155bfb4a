"""Charts of the clusters: what they sound like, two of them compared, and how a feature spreads in each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from songatlas.app.charts.charts import (
    FAINT,
    QUIET,
    cluster_label,
    colour_scale,
    plotly_text,
    styled,
    turning_labels,
    under_the_chart,
)
from songatlas.app.words.wording import amount_text
from songatlas.colours import LESS_TO_MORE
from songatlas.features import FEATURES
from songatlas.noticing import is_noticeable
from songatlas.profiles import Profile
from songatlas.profiles.evidence import comparison
from songatlas.profiles.words import COMPARATIVES, UNNAMED
from songatlas.report.draw import feature_label
from songatlas.seriation import ordered_rows

MOST_ROWS: Final = 60
_MOST_NUMBERS = 16
_CELLS = 72
_FEW = 25
_ALIKE, _LITTLE, _MUCH = 3.0, 10.0, 25.0  # percentile points
_Float = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What charts call the clusters: one name and one colour (``#rrggbb``) each, by number.

    `estimates` are the features that are estimates, which their labels say.
    """

    names: Sequence[str]
    colours: Sequence[str]
    estimates: frozenset[str] = frozenset()

    def feature(self, name: str, *, unit: bool = False) -> str:
        """Return what a chart calls a feature."""
        return feature_label(name, unit=unit, estimates=self.estimates)

    def label(self, cluster: int, *, width: int = 17) -> str:
        """Return what an axis calls a cluster."""
        return cluster_label(cluster, self.names[cluster], self.colours[cluster], width=width)


def profile_chart(profiles: Sequence[Profile], shown: Shown) -> go.Figure:
    """Draw how far each cluster's mean of each feature lies from the mean of all songs.

    Clusters and features that are alike lie side by side; at most `MOST_ROWS` clusters, the largest.

    Parameters
    ----------
    profiles : sequence of Profile
        By falling size.
    shown : Shown
    """
    profiles = profiles[:MOST_ROWS]
    features = list(profiles[0].z_means)
    table = np.array([[profile.z_means[name] for name in features] for profile in profiles])
    rows, columns = ordered_rows(table), ordered_rows(table.T)
    told = [[_cell(profiles[row], features[column], shown) for column in columns] for row in rows]
    limit = float(np.clip(np.abs(table).max(initial=0.0), 0.5, 2.5))
    numbers = [[_signed(table[row, column]) for column in columns] for row in rows]
    written = len(features) <= _MOST_NUMBERS
    figure = go.Figure(
        go.Heatmap(
            z=table[np.ix_(rows, columns)],
            text=numbers if written else None,
            texttemplate="%{text}" if written else None,
            textfont={"size": 12},
            customdata=told,
            hovertemplate="%{customdata}<extra></extra>",
            colorscale=colour_scale(LESS_TO_MORE),
            zmin=-limit,
            zmax=limit,
            xgap=2,
            ygap=2,
            colorbar=under_the_chart(
                {-limit: f"{_signed(-limit)} less", 0.0: "as usual", limit: f"{_signed(limit)} more"}
            ),
        )
    )
    names = [plotly_text(shown.feature(features[column])) for column in columns]
    row = 38 if len(profiles) <= 20 else 34
    figure = styled(figure, height=row * len(profiles) + 210)
    turning_labels(figure, names)
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[shown.label(profiles[each].cluster) for each in rows],
        autorange="reversed",
        showgrid=False,
    )
    figure.update_layout(margin={"b": 70, "t": 0})
    return figure


def _cell(profile: Profile, feature: str, shown: Shown) -> str:
    """What a field of the table says when it is pointed at."""
    return (
        f"<b>{plotly_text(shown.names[profile.cluster])}</b><br>"
        f"{plotly_text(shown.feature(feature))}: {plotly_text(amount_text(feature, profile.means[feature]))} "
        f"on average<br>{_standing(profile, feature)}"
    )


def _standing(profile: Profile, feature: str) -> str:
    """Where a cluster stands in a feature, in words."""
    percentile, mean = profile.percentiles[feature], profile.means[feature]
    is_heard = is_noticeable(feature, mean, profile.elsewhere.get(feature, float("inf")))
    if feature in UNNAMED or abs(percentile - 50) < _ALIKE or not is_heard:
        return "as in the whole catalogue"
    return plotly_text(comparison(feature, percentile, first=True))


def _signed(value: float) -> str:
    """A number with its sign and one digit."""
    return "0" if abs(value) < 0.05 else f"{value:+.1f}".replace("-", "−")


def radar_chart(first: Profile, second: Profile, shown: Shown) -> go.Figure:
    """Draw where two clusters stand in every feature, in percentiles of the catalogue.

    Parameters
    ----------
    first, second : Profile
    shown : Shown
    """
    features = list(first.percentiles)
    around = [*range(len(features)), 0]
    angles = [360 * place / max(len(features), 1) for place in around]
    figure = go.Figure(
        go.Scatterpolar(
            r=[50] * 73,
            theta=list(range(0, 361, 5)),
            mode="lines",
            line={"color": QUIET, "dash": "dot", "width": 1.5},
            hoverinfo="skip",
            name="like the whole catalogue (50)",
        )
    )
    for profile, dash, symbol in ((first, "solid", "circle"), (second, "dash", "diamond")):
        values = [profile.percentiles[features[place]] for place in around]
        words = [_cell(profile, features[place], shown) for place in around]
        colour = shown.colours[profile.cluster]
        figure.add_scatterpolar(  # a halo, so that dark colours are seen on a dark page
            r=values,
            theta=angles,
            mode="lines",
            line={"color": FAINT, "width": 7},
            hoverinfo="skip",
            showlegend=False,
        )
        figure.add_scatterpolar(
            r=values,
            theta=angles,
            mode="lines+markers",
            name=f"{profile.cluster} {plotly_text(shown.names[profile.cluster], longest=34)}",
            line={"color": colour, "width": 3, "dash": dash},
            marker={"size": 9, "symbol": symbol, "color": colour, "line": {"color": QUIET, "width": 1}},
            customdata=words,
            hovertemplate="%{customdata}<extra></extra>",
        )
    figure = styled(figure, height=460)
    figure.update_layout(
        polar=_polar(angles[:-1], [shown.feature(name) for name in features]),
        margin={"l": 70, "r": 70, "t": 36, "b": 90},
    )
    return figure


def _polar(angles: Sequence[float], names: Sequence[str]) -> dict[str, Any]:
    """The axes of a radar: percentiles outward, features around."""
    return {
        "bgcolor": "rgba(0,0,0,0)",
        "radialaxis": {
            "range": [0, 100],
            "tickvals": [25, 50, 75, 100],
            "gridcolor": FAINT,
            "linecolor": FAINT,
            "tickfont": {"size": 10},
            "angle": 90,
            "tickangle": 90,
        },
        "angularaxis": {
            "tickvals": list(angles),
            "ticktext": [plotly_text(name) for name in names],
            "gridcolor": FAINT,
            "linecolor": FAINT,
            "direction": "clockwise",
            "rotation": 90,
            "tickfont": {"size": 11},
        },
    }


def differences(first: Profile, second: Profile, *, estimates: Collection[str] = ()) -> list[dict[str, Any]]:
    """Return how two clusters differ, the plainest difference first.

    Parameters
    ----------
    first, second : Profile
    estimates : collection of str
        Features that are estimates, which their labels say.

    Returns
    -------
    list of dict
        `feature` as readers call it, the mean of the `first` and the `second` cluster with their units, and
        what the first is compared with the second in `words`.
    """
    ranked = sorted(
        first.percentiles, key=lambda name: (-abs(first.percentiles[name] - second.percentiles[name]), name)
    )
    return [
        {
            "feature": feature_label(name, estimates=estimates),
            "first": amount_text(name, first.means[name]),
            "second": amount_text(name, second.means[name]),
            "words": _difference(first, second, name),
        }
        for name in ranked
    ]


def _difference(one: Profile, other: Profile, feature: str) -> str:
    """What the first cluster is, compared with the second, in words."""
    first, second = one.percentiles[feature], other.percentiles[feature]
    apart = abs(first - second)
    if apart < _ALIKE or not is_noticeable(feature, one.means[feature], other.means[feature]):
        return "about alike"
    if feature in UNNAMED:
        return "in other keys"
    much = "a little" if apart < _LITTLE else "clearly" if apart < _MUCH else "much"
    return f"{much} {COMPARATIVES.get(feature, ('lower', 'higher'))[first > second]}"


def spread_chart(
    values: _Float, labels: NDArray[np.integer[Any]], shown: Shown, *, feature: str
) -> go.Figure:
    """Draw how one feature spreads in every cluster: a ridge each, the middle half and the median.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Of a sample of songs, in the unit that people read; NaN where unknown.
    labels : ndarray of int, shape (n,)
    shown : Shown
    feature : str
        Its column.
    """
    k = min(len(shown.names), MOST_ROWS)
    known = np.isfinite(values)
    values, labels = values[known], labels[known]
    low, high = _ends(values, feature)
    edges = np.linspace(low, high, _CELLS + 1)
    figure = go.Figure()
    for cluster in range(k):
        own = values[labels == cluster]
        if own.size:
            _add_ridge(figure, own, edges, cluster, shown)
            _add_middle(figure, own, cluster, shown, feature)
    figure = styled(figure, height=54 * k + 70)
    figure.update_layout(showlegend=False)
    figure.update_xaxes(range=[low, high], title=plotly_text(shown.feature(feature, unit=True)), nticks=6)
    if feature in FEATURES and FEATURES[feature].unit == "share":
        figure.update_xaxes(tickformat=".0%")
    figure.update_yaxes(
        tickvals=[cluster + 0.4 for cluster in range(k)],
        ticktext=[
            f"{shown.label(cluster, width=20)}{_median_told(values[labels == cluster], feature)}"
            for cluster in range(k)
        ],
        range=[k + 0.05, -0.05],
        showgrid=False,
    )
    return figure


def _median_told(own: _Float, feature: str) -> str:
    """The median of a cluster, as a small line under its name."""
    told = value_text(feature, float(np.median(own))) if own.size else "unknown"
    return f'<br><span style="font-size:10px">median {told}</span>'


def _ends(values: _Float, feature: str) -> tuple[float, float]:
    """Ends of the axis: all but the outermost half percent, inside what is possible."""
    if not values.size:
        return 0.0, 1.0
    low, high = (float(end) for end in np.quantile(values, [0.005, 0.995]))
    room = 0.03 * (high - low) or max(abs(high), 1.0) * 0.5
    least, most = (value / scale_of(feature) for value in limits_of(feature))
    return max(low - room, least - room / 4), min(high + room, most + room / 4)


def _add_ridge(figure: go.Figure, own: _Float, edges: _Float, cluster: int, shown: Shown) -> None:
    """The smoothed histogram of one cluster; of few songs each one as a dot."""
    colour = shown.colours[cluster]
    border = {"color": QUIET, "width": 1}
    if own.size <= _FEW:
        figure.add_scatter(
            x=own,
            y=np.full(own.size, cluster + 0.5),
            mode="markers",
            marker={"color": colour, "size": 8, "line": border},
            hoverinfo="skip",
        )
        return
    high = _density(own, edges)
    middles = (edges[:-1] + edges[1:]) / 2
    figure.add_scatter(
        x=[middles[0], *middles, middles[-1]],
        y=[cluster + 0.72, *(cluster + 0.72 - 0.64 * high), cluster + 0.72],
        mode="lines",
        fill="toself",
        fillcolor=colour,
        line=border,
        hoverinfo="skip",
    )


def _density(own: _Float, edges: _Float) -> _Float:
    """Smoothed share of the songs in every cell, the highest 1."""
    counts = np.histogram(own, edges)[0].astype(np.float64)
    spread = float(own.std()) / max(float(edges[1] - edges[0]), 1e-300)
    width = float(np.clip(0.9 * spread * own.size**-0.2, 0.9, 8.0))
    reach = int(np.ceil(3 * width))
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    mirrored = np.pad(counts, reach, mode="symmetric")
    smooth = np.convolve(mirrored, bell / bell.sum(), mode="valid")
    return np.asarray(smooth / max(float(smooth.max()), 1e-300))


def _add_middle(figure: go.Figure, own: _Float, cluster: int, shown: Shown, feature: str) -> None:
    """A line over the middle half of the songs, a dot at their median, and the median in words."""
    lower, median, upper = np.quantile(own, [0.25, 0.5, 0.75])
    told = [value_text(feature, float(each)) for each in (lower, median, upper)]
    words = (
        f"<b>{plotly_text(shown.names[cluster])}</b><br>median {told[1]}<br>"
        f"half of the songs: {told[0]} to {told[2]}"
    )
    figure.add_scatter(
        x=[lower, upper],
        y=[cluster + 0.84] * 2,
        mode="lines",
        line={"color": QUIET, "width": 3},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[median],
        y=[cluster + 0.84],
        mode="markers",
        marker={"size": 9, "color": "#ffffff", "line": {"color": "#565d68", "width": 2}},
        customdata=[words],
        hovertemplate="%{customdata}<extra></extra>",
        cliponaxis=False,
    )


def value_text(feature: str, value: float) -> str:
    """Return a value in the unit that people read it in, as a person writes it.

    Examples
    --------
    >>> value_text("duration_ms", 3.5), value_text("tempo_bpm", 120.4)
    ('3:30', '120 BPM')
    """
    return plotly_text(amount_text(feature, value * scale_of(feature)))


def scale_of(feature: str) -> float:
    """Return how many of a feature's own units one of people's is: 60,000 ms a minute."""
    return 60_000.0 if feature in FEATURES and FEATURES[feature].unit == "ms" else 1.0


def limits_of(feature: str) -> tuple[float, float]:
    """Return the least and the most that is possible, in the feature's own unit."""
    known = FEATURES.get(feature)
    return (known.low, known.high) if known else (-np.inf, np.inf)
