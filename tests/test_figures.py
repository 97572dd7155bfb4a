"""Figures: every row of the registry, hostile names, extremes, and files that are the same in every run."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.text import Text

from songatlas.colours import ink_on
from songatlas.errors import SongAtlasError
from songatlas.figures import CLUSTER_COLOURS, FIGURES, colour_of, save_figure, save_figures
from songatlas.figures.lettering import families_for, printable, shortened, text_width, wrapped
from songatlas.figures.style import magnitude_of, share_of
from songatlas.seriation import diagonal_orders, ordered_rows

FEATURES = ("Danceability", "Energy", "Loudness (dB)", "Tempo (BPM)", "Duration (min)", "Valence")
HOSTILE = (
    "$x_1$ \\frac{1}{2} {braces} %s",
    "_hidden",
    "<b>&amp;</b> \"quoted\" 'single'",
    "日本語の静かな歌",
    "\N{MUSICAL NOTE}\N{PARTY POPPER} emoji \ufe0f\u200d",
    "שיר שקט \u202eflip",
    "",
    "line\nbreak\ttab \x00\x1b[31m",
    "a" * 300,
    "Very many words " * 20,
    "\ud800 lone surrogate",
    "$$ unbalanced $",
)


def inputs_of(
    k: int, *, n: int = 400, names: tuple[str, ...] = (), features: tuple[str, ...] = FEATURES
) -> dict[str, dict[str, Any]]:
    """Arguments for every figure: k clusters of falling size with different means."""
    rng = np.random.default_rng(k)
    labels = np.sort((rng.random(n) ** 1.6 * k).astype(np.int32))
    centres = rng.normal(size=(k, len(features)))
    values = centres[labels] + rng.normal(size=(n, len(features)))
    names = names or tuple(f"Kind of song number {number}" for number in range(k))
    ks = np.arange(2, 12)
    means = 0.4 / np.sqrt(ks)
    evidence = pl.DataFrame(
        {
            "k": ks,
            "inertia": 9e5 / ks,
            "silhouette": means,
            "silhouette_low": means - 0.02,
            "silhouette_high": means + 0.02,
        }
    )
    genres = pl.Series([f"genre {number}" for number in (labels + rng.integers(0, 2, n)) % max(k, 3)])
    counts = pl.DataFrame({"cluster": labels, "genre": genres}).group_by("cluster", "genre").len("n")
    named = {"names": names}
    return {
        "pca_map": {
            "positions": rng.normal(size=(k, 2))[labels] + rng.normal(size=(n, 2)),
            "labels": labels,
            "axis_words": (("quiet", "loud"), ("calm, slow", "energetic, fast")),
            "explained": (0.4, 0.2),
            **named,
        },
        "profile_heatmap": {"z_means": centres, "feature_labels": features, **named},
        "feature_bars": {"percentiles": 50 + 20 * centres.clip(-2, 2), "feature_labels": features, **named},
        "feature_distributions": {"values": pl.DataFrame(values, schema=features), "labels": labels, **named},
        "elbow": {"evidence": evidence, "k": k, "elbow_k": None, "history": [9.0, 5.0, 4.2, 4.1, 4.1]},
        "silhouette": {
            "evidence": evidence,
            "k": k,
            "sample": pl.DataFrame({"cluster": labels, "silhouette": np.tanh(values[:, 0] / 3)}),
            "mean": 0.21,
            **named,
        },
        "cluster_sizes": {"sizes": np.bincount(labels, minlength=k), **named},
        "artists": {
            "artists": [*HOSTILE, *(f"Artist number {number}" for number in range(20))],
            "n_songs": np.arange(32, 0, -1) * 37,
            "shares": (shares := rng.dirichlet(np.full(k, 0.4), size=32)),
            "home": shares.argmax(axis=1),
            "breadth": np.where(np.arange(32) % 7 == 6, np.nan, np.linspace(0.1, 1.3, 32)),
            **named,
        },
        "genre_heatmap": {
            "table": counts.with_columns(share=pl.col("n") / pl.col("n").sum().over("cluster")),
            **named,
        },
    }


def draw(name: str, k: int = 4, **more: Any) -> Figure:
    changes = {key: more.pop(key) for key in list(more) if key not in {"n", "names", "features"}}
    return FIGURES[name].function(**{**inputs_of(k, **more)[name], **changes})


def texts_of(figure: Figure) -> list[Text]:
    """Every text that is drawn, in the order of drawing."""
    drawn: list[Text] = []
    draw_text = Text.draw

    def noted(self: Text, renderer: Any) -> None:
        drawn.append(self)
        draw_text(self, renderer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", noted)
        figure.canvas.draw()
    return [text for text in drawn if text.get_visible() and text.get_text().strip()]


def words_of(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in texts_of(figure))


def assert_tidy(figure: Figure) -> None:
    """No text leaves the canvas, and no two level texts cover each other."""
    width, height = figure.canvas.get_width_height()
    texts = texts_of(figure)
    boxes = np.array([text.get_window_extent().extents for text in texts])
    outside = (boxes < -1).any(axis=1) | (boxes > [width + 1, height + 1] * 2).any(axis=1)
    assert not outside.any(), [texts[place].get_text() for place in np.flatnonzero(outside)]
    level = np.flatnonzero([text.get_rotation() in {0, 90} for text in texts])
    low, high = boxes[level, None, :2], boxes[level, None, 2:]
    shared = np.minimum(high, high[:, 0]) - np.maximum(low, low[:, 0])
    pairs = np.argwhere(np.triu((shared > 2.5).all(axis=2), k=1))
    assert not len(pairs), [texts[level[place]].get_text() for place in pairs[0]]


@pytest.mark.parametrize("name", FIGURES)
def test_each_row_draws_a_figure_that_becomes_the_same_two_files_twice(name: str, tmp_path: Path) -> None:
    row = FIGURES[name]
    assert row.title
    assert re.fullmatch(r"[A-Z][^.]+\.", row.caption), "one sentence"
    first, second = draw(name), draw(name)
    assert isinstance(first, Figure)
    assert first.get_label(), "the title in words, for those who cannot see the picture"
    assert_tidy(first)
    paths = save_figures({name: first}, tmp_path / "one")
    again = save_figures({name: second}, tmp_path / "two")
    assert [path.name for path in paths] == [f"{name}.png", f"{name}.svg"]
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == sorted(path.name for path in paths)
    assert not first.axes, "closed"
    assert not first.texts
    assert paths[0].read_bytes().startswith(b"\x89PNG\r\n")
    svg = paths[1].read_text(encoding="utf-8")
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own file
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(svg) < 1_500_000
    assert "<!DOCTYPE" not in svg
    assert all(link.startswith(("#", "data:")) for link in re.findall(r'(?:href|src)="([^"]*)"', svg))
    assert all(link.startswith("#") for link in re.findall(r"url\(([^)]*)\)", svg))
    assert re.sub(r'xmlns(:\w+)?="[^"]*"', "", svg).count("http") == 0


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("k", [1, 12, 13, 200])
def test_any_number_of_clusters_fits_on_the_sheet(name: str, k: int) -> None:
    assert_tidy(draw(name, k, n=40 * k))


@pytest.mark.parametrize("name", FIGURES)
def test_names_are_never_markup_and_never_leave_their_place(name: str, tmp_path: Path) -> None:
    figure = draw(name, len(HOSTILE), names=HOSTILE, features=HOSTILE[:5])
    assert_tidy(figure)
    assert not any(text.get_parse_math() for text in texts_of(figure) if text.axes is None)
    if "names" in inputs_of(2)[name]:
        assert "$x_1$" in words_of(figure).replace("\n", " ")
        assert "_hidden" in words_of(figure)
        assert "Cluster 6" in words_of(figure), "an empty name"
    ElementTree.parse(save_figures({name: figure}, tmp_path)[1])  # noqa: S314 - our own file


@pytest.mark.parametrize("name", FIGURES)
def test_five_songs_are_enough(name: str) -> None:
    assert_tidy(draw(name, 2, n=5))


@pytest.mark.parametrize("name", ["profile_heatmap", "feature_bars", "feature_distributions"])
@pytest.mark.parametrize("count", [1, 20])
def test_one_feature_and_twenty_features_fit(name: str, count: int) -> None:
    assert_tidy(draw(name, 20, features=tuple(f"Feature number {number}" for number in range(count))))


def test_a_person_s_own_style_changes_nothing_and_stays(tmp_path: Path) -> None:
    plain = save_figures({"elbow": draw("elbow")}, tmp_path / "plain")
    with mpl.rc_context(
        {"font.size": 31, "axes.facecolor": "black", "text.parse_math": True, "lines.linewidth": 9}
    ):
        styled = save_figures({"elbow": draw("elbow")}, tmp_path / "styled")
        assert mpl.rcParams["font.size"] == 31
    assert [path.read_bytes() for path in plain] == [path.read_bytes() for path in styled]


def test_threads_draw_the_same_pictures(tmp_path: Path) -> None:
    names = ["elbow", "cluster_sizes", "profile_heatmap", "elbow"]
    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(
                lambda name, place: save_figures({name: draw(name)}, tmp_path / place), name, str(place)
            )
            for place, name in enumerate(names)
        ]
        drawn = [job.result() for job in jobs]
    assert [path.read_bytes() for path in drawn[0]] == [path.read_bytes() for path in drawn[3]]
    assert [path.read_bytes() for path in drawn[1]] == [
        path.read_bytes() for path in save_figures({"cluster_sizes": draw("cluster_sizes")}, tmp_path)
    ]


def test_the_package_is_light_and_figures_leave_pyplot_alone() -> None:
    script = (
        "import sys, songatlas; assert 'matplotlib' not in sys.modules;"
        "from songatlas.figures import FIGURES; FIGURES['cluster_sizes'].function(sizes=[3, 1], names=['a']);"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(OSError, match="file"):
        save_figures({"elbow": draw("elbow")}, tmp_path / "file")


def test_a_figure_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_figure(draw("elbow"), tmp_path / "old.svg")
    before = (tmp_path / "old.svg").read_bytes()

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SongAtlasError, match="no space left on device; free the place or name another"):
        save_figure(draw("cluster_sizes"), tmp_path / "old.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["old.svg"]
    assert (tmp_path / "old.svg").read_bytes() == before


def test_every_cluster_has_its_colour_and_ink_that_can_be_read_on_it() -> None:
    assert [colour_of(cluster) for cluster in range(20)] == list(CLUSTER_COLOURS)
    assert len({colour_of(cluster) for cluster in range(100)}) == 100
    assert colour_of(-1) not in CLUSTER_COLOURS
    for cluster in range(100):
        assert contrast(colour_of(cluster), ink_on(colour_of(cluster))) > 4.5, colour_of(cluster)
    badges = [text for text in texts_of(draw("cluster_sizes", k=20)) if text.get_weight() == "bold"]
    digits = {int(text.get_text()): text.get_color() for text in badges if text.get_text().isdigit()}
    assert digits == {cluster: ink_on(colour_of(cluster)) for cluster in range(20)}


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours after WCAG 2, 1 to 21."""

    def luminance(colour: str) -> float:
        parts = np.array(mpl.colors.to_rgb(colour))
        linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0%"), (1, "100%"), (0.1, "10%"), (0.0999, "10%"), (0.0423, "4.2%"), (1e-6, "<0.1%")],
)
def test_shares_in_words(share: float, words: str) -> None:
    assert share_of(share) == words


def test_axes_of_large_numbers_are_divided() -> None:
    assert magnitude_of(np.array([658_336.0, 2.0])) == (1e3, "thousands")
    assert magnitude_of(np.array([3.2e6])) == (1e6, "millions")
    assert magnitude_of(np.array([np.nan])) == (1.0, "")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=50), st.floats(0.4, 3.0), st.sampled_from([8.0, 9.5]))
def test_any_text_is_printable_and_fits(text: str, width: float, size: float) -> None:
    shown = printable(text)
    assert printable(shown) == shown
    assert "\n" not in shown
    assert text_width(shortened(shown, width, size), size) <= width
    lines = wrapped(shown, width, size, lines=2)
    assert len(lines) <= 2
    assert all(text_width(line, size) <= width for line in lines)
    assert families_for(shown)[0] == "DejaVu Sans"


def test_lines_break_between_words() -> None:
    assert wrapped("calm acoustic ballads", 1.1, 9) == ["calm acoustic", "ballads"]
    assert wrapped("calm", 1.1, 9) == ["calm"]
    assert "".join(wrapped("x" * 30, 1.2, 9, lines=5)) == "x" * 30


def test_map_draws_a_fair_shuffled_sample_and_is_still_small(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [150_000, 49_990, 10])
    figure = draw("pca_map", 3, positions=rng.normal(size=(200_000, 2)), labels=labels)
    (points,) = figure.axes[0].findobj(PathCollection)
    colours = [mpl.colors.to_hex(colour) for colour in points.get_facecolors()]
    assert 30_000 <= len(colours) <= 30_000 + 3 * 25
    assert colours.count(colour_of(2)) == 10, "a small cluster does not vanish"
    assert abs(colours.count(colour_of(0)) / len(colours) - 0.75) < 0.02
    half = colours[: len(colours) // 2]
    assert abs(half.count(colour_of(0)) / len(half) - 0.75) < 0.02, "no cluster lies on top"
    assert "of 200,000 songs are drawn" in words_of(figure)
    assert save_figures({"map": figure}, tmp_path)[1].stat().st_size < 1_000_000


def test_map_has_its_axes_in_words_and_leaves_out_what_has_no_place() -> None:
    positions = np.array([[0.0, 0.0], [1.0, 2.0], [np.nan, 1.0], [2.0, 1.0]])
    figure = draw("pca_map", 2, positions=positions, labels=np.array([0, 1, 0, -1]))
    assert figure.get_label() == (
        "How the songs lie: quiet on the left, loud on the right; "
        "calm and slow below, energetic and fast above"
    )
    assert len(figure.axes[0].findobj(PathCollection)[0].get_offsets()) == 2
    assert draw(
        "pca_map", 2, positions=positions, axis_words=(("", ""), ("", "")), labels=np.zeros(4)
    ).get_label()
    alike = draw("pca_map", 1, positions=np.zeros((5, 2)), labels=np.zeros(5))
    assert_tidy(alike)
    assert "nothing" in words_of(draw("pca_map", 1, positions=np.empty((0, 2)), labels=np.empty(0)))


def test_far_songs_do_not_shrink_the_map() -> None:
    positions = np.random.default_rng(0).normal(size=(2000, 2))
    positions[0] = 1e6
    figure = draw("pca_map", 1, positions=positions, labels=np.zeros(2000))
    low, high = figure.axes[0].get_xlim()
    assert high - low < 20
    assert re.search(r"\d songs? far off lies? outside the frame", words_of(figure))


def test_alike_rows_lie_side_by_side() -> None:
    groups = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2])
    rows = np.eye(3)[groups] + np.random.default_rng(0).normal(scale=0.01, size=(9, 3))
    order = groups[ordered_rows(rows)]
    assert (np.diff(order) != 0).sum() == 2
    assert sorted(ordered_rows(np.full((4, 2), np.nan))) == [0, 1, 2, 3]


def test_profile_colours_are_centred_and_unknown_cells_hatched() -> None:
    table = np.array([[1.0, -0.2], [np.nan, 0.4], [0.1, 7.0]])
    figure = draw("profile_heatmap", 3, z_means=table, feature_labels=["One", "Two"])
    mesh = figure.axes[0].findobj(QuadMesh)[0]
    assert mesh.norm.vmin == -mesh.norm.vmax
    assert sum(patch.get_hatch() is not None for patch in figure.axes[0].patches) == 1
    assert {"+1.0", "−0.2", "+0.4", "+7.0"} <= set(words_of(figure).split("\n"))
    assert "or more" in words_of(figure), "the scale ends before the largest value"
    assert_tidy(draw("profile_heatmap", 2, z_means=np.full((2, 2), np.nan), feature_labels=["One", "Two"]))


def test_bars_begin_with_the_strongest_contrast() -> None:
    figure = draw(
        "feature_bars", 1, percentiles=[[55, 12, np.nan, 71]], feature_labels=["a1", "b2", "c3", "d4"]
    )
    shown = [word for word in words_of(figure).split("\n") if word in {"a1", "b2", "c3", "d4"}]
    assert shown == ["b2", "d4", "a1"]
    assert {"12", "71", "55"} <= set(words_of(figure).split("\n"))
    assert "nothing" in words_of(draw("feature_bars", 1, percentiles=[[np.nan]], feature_labels=["a"]))


def test_the_mark_of_an_estimate_is_never_cut_off() -> None:
    labels = ["Instrumentalness (estimate)", "Danceability (estimate)", *(f"Feature {i}" for i in range(8))]
    for name, what in (("profile_heatmap", "z_means"), ("feature_bars", "percentiles")):
        figure = draw(name, 2, **{what: np.full((2, 10), 60.0)}, feature_labels=labels)
        assert_tidy(figure)
        assert set(labels[:2]) <= set(words_of(figure).split("\n"))
    values = pl.DataFrame({labels[0]: [0.2, 0.9] * 20})
    ridges = draw("feature_distributions", 2, values=values, labels=[0, 1] * 20)
    assert labels[0] in words_of(ridges)
    assert "vocal  ←  0 to 1  →  instrumental" in words_of(ridges)


def test_sizes_are_sorted_with_share_and_count() -> None:
    words = words_of(draw("cluster_sizes", 3, sizes=[10, 1_500, 0], names=("ten", "many", "none"))).split(
        "\n"
    )
    assert [word for word in words if word in {"ten", "many", "none"}] == ["many", "ten", "none"]
    assert {"1,500 songs · 99%", "10 songs · 0.7%", "0 songs · 0%"} <= set(words)
    assert_tidy(draw("cluster_sizes", 1, sizes=[0], names=("nobody",)))


def test_distributions_survive_constants_and_unknown_values() -> None:
    values = pl.DataFrame(
        {
            "Energy": [0.5] * 40,
            "Loudness (dB)": [None] * 40,
            "Valence": [0.1, float("nan")] * 20,
            "Tempo": [120, 0] * 20,
        },
        schema_overrides={"Loudness (dB)": pl.Float64},
    )
    figure = draw("feature_distributions", 2, values=values, labels=[0] * 39 + [1])
    assert_tidy(figure)
    assert len(figure.axes) == 4
    assert {"calm  ←  0 to 1  →  energetic", "quiet  ←  dB  →  loud"} <= set(words_of(figure).split("\n"))
    assert "nothing" in words_of(draw("feature_distributions", 1, values=pl.DataFrame(), labels=[]))


def test_durations_are_shown_in_minutes_whatever_their_unit() -> None:
    minutes = np.linspace(2, 6, 300)
    labels = np.zeros(300, dtype=int)
    one = draw("feature_distributions", 1, values=pl.DataFrame({"Duration (min)": minutes}), labels=labels)
    two = draw("feature_distributions", 1, values=pl.DataFrame({"Duration": minutes * 60_000}), labels=labels)
    assert np.allclose(one.axes[0].get_xlim(), two.axes[0].get_xlim())
    assert one.axes[0].get_xlim()[1] < 7


@pytest.mark.parametrize(
    ("elbow_k", "words"),
    [(None, "no clear elbow"), (4, "elbow: 4"), (6, "chosen, and the elbow: 6")],
)
def test_elbow_says_where_it_is_or_that_there_is_none(elbow_k: int | None, words: str) -> None:
    figure = draw("elbow", 6, elbow_k=elbow_k)
    assert words in words_of(figure)
    assert "after 5 iterations" in words_of(figure)


def test_evidence_may_have_holes_one_row_or_none() -> None:
    holes = pl.DataFrame(
        {
            "k": [2, 3, 4],
            "inertia": [9.0, None, float("nan")],
            "silhouette": [None, 0.3, float("nan")],
            "silhouette_low": [None, None, 0.1],
            "silhouette_high": [None, None, 0.1],
        },
        schema_overrides={"silhouette": pl.Float64},
    )
    nothing = pl.DataFrame(schema={"cluster": pl.Int32, "silhouette": pl.Float64})
    for evidence in (holes, holes.head(1), holes.head(0), pl.DataFrame()):
        for history in ((), (3.0,), (5.0, float("nan"), 5.0), (0.0, 0.0)):
            assert_tidy(draw("elbow", 3, evidence=evidence, history=history))
        for mean in (None, float("nan"), 0.2):
            assert_tidy(draw("silhouette", 3, evidence=evidence, sample=nothing, mean=mean))
    empty = draw("silhouette", 1, evidence=pl.DataFrame(), sample=nothing, mean=None)
    assert "at least two clusters" in words_of(empty)


def test_genres_lie_near_thediagonal_orders() -> None:
    rng = np.random.default_rng(3)
    rows, columns = rng.permutation(8), rng.permutation(8)
    shares = (0.7 * np.eye(8) + 0.3 * np.eye(8, k=1))[rows][:, columns]
    turned = shares[np.ix_(*diagonal_orders(shares))]
    places = np.arange(8)
    assert (
        np.abs(turned.argmax(axis=1) - places).max() <= 1
        or np.abs(turned.argmax(axis=1) - places[::-1]).max() <= 1
    )


def test_without_genres_the_figure_says_how_to_name_them() -> None:
    schema = {"cluster": pl.Int32, "genre": pl.String, "n": pl.Int64, "share": pl.Float64}
    figure = draw("genre_heatmap", 3, table=pl.DataFrame(schema=schema))
    assert "--genre COLUMN" in words_of(figure)
    assert_tidy(figure)
    one = pl.DataFrame({"cluster": [1], "genre": ["$rock_1$"], "n": [3], "share": [1.0]}, schema=schema)
    assert {"$rock_1$", "100%", "3 songs", "0 songs"} <= set(
        words_of(draw("genre_heatmap", 3, table=one)).split("\n")
    )


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in ("elbow", "artists")])
def test_clusters_wear_the_colours_of_their_atlas(name: str, tmp_path: Path) -> None:
    figure = draw(name, colours=(7, 0, 12, 5))
    (path,) = [each for each in save_figures({name: figure}, tmp_path) if each.suffix == ".svg"]
    svg = path.read_text(encoding="utf-8").lower()
    assert all(colour_of(colour) in svg for colour in (7, 0, 12, 5))
    assert not any(colour_of(colour) in svg for colour in (1, 2, 3))
