from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest

from songatlas.app.charts.charts import CONFIG, cluster_label, plotly_text, styled, wrapped_text
from songatlas.app.charts.cluster_charts import (
    MOST_ROWS,
    Shown,
    differences,
    profile_chart,
    radar_chart,
    spread_chart,
    value_text,
)
from songatlas.app.charts.evidence_charts import index_chart, indices_of
from songatlas.app.charts.genre_charts import MOST_GENRES, SHARES, agreement_chart, counted, genre_chart
from songatlas.app.words.plain_tables import Cell, Heading, table_html
from songatlas.atlas import Atlas, build_demo
from songatlas.colours import colour_of
from songatlas.profiles import Profile

HOSTILE = "<script>alert(1)</script> & $x^2$ %{x}"


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return build_demo(400, k=4)


def shown_of(names: Sequence[str]) -> Shown:
    return Shown(names=names, colours=[colour_of(cluster) for cluster in range(len(names))])


def texts(figure: go.Figure) -> str:
    return json.dumps(figure.to_dict(), default=lambda value: value.tolist())


def profile(cluster: int, **values: float) -> Profile:
    z_means = MappingProxyType(values)
    return Profile(
        cluster=cluster,
        name=f"Cluster {cluster}",
        evidence="",
        size=10,
        share=0.1,
        means=z_means,
        percentiles=MappingProxyType({name: 50 + 10 * value for name, value in values.items()}),
        z_means=z_means,
        top_tags=(),
        year_low=None,
        year_median=None,
        year_high=None,
        typical=(),
    )


@pytest.mark.parametrize("text", [HOSTILE, "<b>bold</b><br>", "&lt;", "\x00\u202eflip\n", ""])
def test_texts_stay_texts_for_plotly(text: str) -> None:
    for made in (plotly_text(text), wrapped_text(text, width=9, lines=3).replace("<br>", "")):
        assert "<" not in made
        assert ">" not in made
        assert "\n" not in made


def test_mathematics_and_other_hosts_are_off() -> None:
    assert CONFIG["typesetMath"] is False
    assert CONFIG["displaylogo"] is False
    assert CONFIG["plotlyServerURL"] == ""
    assert cluster_label(3, "a <b> c", "#ff0000").endswith("3 a &lt;b&gt; c")


def test_the_looks_leave_text_to_the_theme() -> None:
    figure = styled(go.Figure(go.Scatter(x=[1], y=[2])), height=300)
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.font.color is None
    assert figure.layout.xaxis.fixedrange is True
    assert figure.layout.height == 300


def test_the_table_of_clusters_puts_alike_ones_side_by_side() -> None:
    profiles = [
        profile(0, energy=2.0, valence=0.1),
        profile(1, energy=-2.0, valence=0.0),
        profile(2, energy=1.9, valence=0.0),
        profile(3, energy=-1.9, valence=0.1),
    ]
    figure = profile_chart(profiles, shown_of([HOSTILE, "b", "c", "d"]))
    order = [int(label.split("</span> ")[1].split(" ")[0]) for label in figure.layout.yaxis.ticktext]
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}
    assert "<script>" not in texts(figure)
    assert figure.data[0].zmin == -figure.data[0].zmax


def test_many_clusters_and_one_feature_can_be_drawn() -> None:
    many = [profile(cluster, energy=float(cluster % 7)) for cluster in range(MOST_ROWS + 5)]
    shown = shown_of([f"Cluster {each.cluster}" for each in many])
    assert len(profile_chart(many, shown).data[0].z) == MOST_ROWS
    values = np.random.default_rng(0).normal(size=4000)
    labels = np.arange(4000) % len(many)
    assert len(spread_chart(values, labels, shown, feature="energy").layout.yaxis.ticktext) == MOST_ROWS
    assert len(radar_chart(many[0], many[1], shown).data) == 5


def test_two_clusters_are_compared_in_words() -> None:
    first = profile(0, energy=3.0, valence=0.0, tempo_bpm=-0.5, loudness_db=-0.4)
    second = profile(1, energy=0.0, valence=0.1, tempo_bpm=0.1, loudness_db=0.0)
    second = replace(second, means={**second.means, "tempo_bpm": 6.0})
    told = differences(first, second, estimates={"energy"})
    assert [each["feature"] for each in told] == ["Energy (estimate)", "Tempo", "Loudness", "Valence"]
    assert [each["words"] for each in told] == [
        "much more energetic",
        "a little slower",
        "about alike",  # less than a decibel, whatever its rank
        "about alike",
    ]
    assert told[1]["second"] == "6 BPM"


def test_ridges_tell_medians_in_units_of_people() -> None:
    values = np.array([3.0, 3.5, 4.0, np.nan, 2.0])
    figure = spread_chart(
        values, np.array([0, 0, 0, 1, 2]), shown_of([HOSTILE, "b", "c"]), feature="duration_ms"
    )
    labels = figure.layout.yaxis.ticktext
    assert "median 3:30" in labels[0]
    assert "median unknown" in labels[1]
    assert figure.layout.xaxis.title.text == "Duration (min)"
    assert "<script>" not in texts(figure)
    assert value_text("loudness_db", -6.0) == "−6.0 dB"


def test_values_that_are_all_alike_can_be_drawn() -> None:
    figure = spread_chart(np.full(100, 0.5), np.arange(100) % 2, shown_of(["a", "b"]), feature="energy")
    low, high = figure.layout.xaxis.range
    assert low < 0.5 < high
    assert all(np.isfinite(trace.y).all() for trace in figure.data)


def test_the_chosen_number_and_the_vote_are_marked() -> None:
    evidence = pl.DataFrame(
        {
            "k": [2, 3, 4],
            "silhouette": [0.2, 0.3, 0.1],
            "silhouette_low": [0.1, 0.2, 0.1],
            "silhouette_high": [0.3, 0.4, 0.1],
            "gap": [None, None, None],
        },
        schema_overrides={"gap": pl.Float64},
    )
    assert indices_of(evidence) == ("silhouette",)
    figure = index_chart(evidence, "silhouette", chosen=3, shown=4, says=3)
    marks = {note.x: note.text for note in figure.layout.annotations}
    assert marks == {3: "chosen<br>its vote", 4: "shown now"}
    line = figure.data[1]
    assert line.marker.symbol == ("circle", "diamond", "circle")
    assert "0.200 to 0.400" in line.customdata[1]
    assert "to" not in line.customdata[2].split("<br>")[-1]


def test_large_figures_have_short_axes() -> None:
    evidence = pl.DataFrame({"k": [2, 3], "inertia": [5_000_000.0, 4_000_000.0]})
    figure = index_chart(evidence, "inertia", chosen=2, shown=2, says=None)
    assert figure.layout.yaxis.title.text == "thousands"
    assert list(figure.data[0].y) == [5000.0, 4000.0]


def test_agreement_lies_between_chance_and_ceiling() -> None:
    figures = [
        {"label": "Agreement", "meaning": "", "value": 0.2, "chance": 0.01, "ceiling": 0.6},
        {"label": "Purity", "meaning": "", "value": 0.4, "chance": 0.2, "ceiling": None},
    ]
    figure = agreement_chart(figures)
    named = {trace.name: trace for trace in figure.data if trace.name}
    assert list(named["these clusters"].x) == [0.2, 0.4]
    assert list(named["by chance"].x) == [0.01, 0.2]
    assert list(named["a classifier that was taught the genres"].y) == [0]


@pytest.mark.parametrize("share", SHARES)
def test_shares_of_genres(share: str) -> None:
    table = pl.DataFrame(
        {"cluster": [0, 0, 1, 1], "genre": ["rock", HOSTILE, "rock", HOSTILE], "n": [3, 1, 0, 4]}
    )
    figure = genre_chart(table, shown_of(["a", "b"]), share=share)
    most = {"cluster": 1.0, "genre": 1.0, "songs": 4.0}[share]
    assert figure.data[0].zmax == most
    assert "<script>" not in texts(figure)


def test_the_largest_genres_are_drawn() -> None:
    names = [f"genre {place:03}" for place in range(40)]
    table = pl.DataFrame({"cluster": [0] * 40, "genre": names, "n": list(range(40))})
    counts, genres = counted(table, k=2)
    assert counts.shape == (2, MOST_GENRES)
    assert genres[0] == "genre 039"


def test_a_real_atlas_can_be_drawn(atlas: Atlas) -> None:
    shown = shown_of(atlas.cluster_names())
    assert len(profile_chart(atlas.profiles, shown).data[0].z) == 4
    renamed = replace(shown, names=[HOSTILE] * 4)
    assert "<script>" not in texts(radar_chart(atlas.profiles[0], atlas.profiles[1], renamed))


def test_tables_escape_every_text() -> None:
    cell = Cell(text=HOSTILE, beside=HOSTILE, number=2, colour="#112233", meaning=f'" onmouseover="{HOSTILE}')
    made = table_html(
        [Heading(text=HOSTILE, meaning=HOSTILE), Heading(text="b")], [[HOSTILE, cell]], marked=0
    )
    assert "<script>" not in made
    assert '" onmouseover="' not in made
    assert made.count("sa-marked") == 2  # the style and the row
