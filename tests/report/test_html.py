from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from markupsafe import escape

from songatlas.atlas import Atlas, build_atlas
from songatlas.report import render_report, write_outputs
from songatlas.report.collect import collect
from songatlas.report.html import LARGEST_SVG, picture_of

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Outline(HTMLParser):
    """Headings, ids, tags and attributes of a page; fails on tags that do not close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        self.ids += [given["id"]] if given.get("id") else []
        self.headings += [int(tag[1])] if re.fullmatch("h[1-6]", tag) else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        self.text += text


@pytest.fixture(scope="module")
def page(hostile_atlas: Atlas) -> str:
    return render_report(hostile_atlas, figures=False)


@pytest.fixture(scope="module")
def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    assert not parser.open
    return parser


def test_hostile_titles_are_text_and_nothing_else(page: str, outline: Outline, hostile_atlas: Atlas) -> None:
    titles = [song["title"] for cluster in collect(hostile_atlas)["clusters"] for song in cluster["songs"]]
    assert any(re.search(r"[<>{}]", title) for title in titles)
    assert all(f"<bdi>{escape(title)}</bdi>" in page for title in titles)
    assert not {tag for tag, _ in outline.tags} & {"img", "iframe", "object", "u"}
    scripts = [given for tag, given in outline.tags if tag == "script"]
    assert [given["type"] for given in scripts] == ["application/json", "module"]
    assert not any("src" in given for given in scripts)
    assert not any(name.startswith("on") for _, given in outline.tags for name in given)
    assert page.count("<script") == page.count("</script") == 2
    assert "<b>left alone" not in page
    assert "my &lt;songs&gt; &amp; more.csv" in page


def test_templates_in_titles_are_not_run(hostile_atlas: Atlas) -> None:
    named = replace(hostile_atlas, source=replace(hostile_atlas.source, name="{{7*7}}\u202egnp.csv"))
    page = render_report(named, figures=False)
    assert "<bdi>{{7*7}}\u202egnp.csv</bdi>" in page
    assert "<title>The atlas of {{7*7}}gnp.csv</title>" in page


def test_the_policy_allows_the_script_of_the_map_alone(page: str) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    text = re.search(r'<script type="module">(.*?)</script>', page, flags=re.DOTALL)
    assert policy
    assert text
    digest = base64.b64encode(hashlib.sha256(text[1].encode()).digest()).decode()
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules["default-src"] == rules["connect-src"] == "'none'"
    assert rules["script-src"] == f"'sha256-{digest}'"


def test_nothing_is_fetched(page: str, outline: Outline) -> None:
    assert "default-src 'none'" in page
    for _, given in outline.tags:
        for name in ("src", "href", "srcset", "action", "poster"):
            assert (given.get(name) or "#").startswith(("#", "data:"))
    assert not re.search(r"@import|url\(|https?:", page)


def test_headings_descend_in_order_and_ids_are_unique(outline: Outline) -> None:
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert all(
        after <= before + 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False)
    )
    assert len(outline.ids) == len(set(outline.ids))
    links = [given["href"][1:] for tag, given in outline.tags if tag == "a" and given["href"]]
    assert set(links) <= set(outline.ids)


def test_table_headers_have_a_scope(outline: Outline) -> None:
    headers = [given for tag, given in outline.tags if tag == "th"]
    assert headers
    assert all(given.get("scope") in ("col", "row") for given in headers)


def test_every_cluster_and_rule_is_told(page: str, outline: Outline, hostile_atlas: Atlas) -> None:
    for profile in hostile_atlas.profiles:
        assert profile.name in outline.text
        assert f'id="cluster-{profile.cluster}"' in page
    for count in hostile_atlas.counts:
        assert count.title.lower() in outline.text.lower()
    assert hostile_atlas.verdict.sentence in outline.text
    assert hostile_atlas.source.sha256 in outline.text
    assert "Simulated songs" not in outline.text


def test_the_time_stamp_stands_in_one_element(page: str, hostile_atlas: Atlas) -> None:
    later = render_report(replace(hostile_atlas, created="2031-01-02T03:04:05+00:00"), figures=False)
    assert later != page
    stamp = r'<time id="created".*?</time>'
    assert re.sub(stamp, "", later) == re.sub(stamp, "", page)
    assert "2031-01-02 03:04 UTC" in later


def test_simulated_songs_are_announced(hostile_atlas: Atlas) -> None:
    demo = replace(hostile_atlas, source=replace(hostile_atlas.source, name="simulated songs"))
    assert '<p class="simulated" role="note"><strong>Simulated songs.</strong>' in render_report(
        demo, figures=False
    )


def test_without_genres_the_page_says_how_to_name_them(hostile_atlas: Atlas) -> None:
    page = render_report(replace(hostile_atlas, genre=None), figures=False)
    assert "--genre COLUMN" in page


def test_songs_known_by_nothing_but_their_sound(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    table = pl.DataFrame(
        {name: rng.random(40) for name in ("danceability", "energy", "valence", "acousticness")}
    )
    atlas = build_atlas(table, k_max=3)
    page = render_report(atlas)
    assert page.count("<article") == atlas.k
    assert re.search(
        r"40 songs, \w+ regions of one cloud</h1>", page
    )  # drawn evenly, so there are none to find
    assert "cut by how songs sound." in page
    assert "A table in memory</bdi>: 40 rows, 4 columns." in page
    assert "songatlas build SONGS" in page
    assert write_outputs(atlas, tmp_path / "out", figures=False).entries[0] == "atlas"
    assert pl.read_csv(tmp_path / "out" / "clusters.csv")["top_tags"].null_count() == atlas.k


def test_a_heavy_figure_is_shown_by_its_png(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"png")
    (tmp_path / "a.svg").write_bytes(b"<svg/>")
    light = picture_of(tmp_path / "a.svg", tmp_path / "a.png", title="t", caption="c")
    assert light.uri.startswith("data:image/svg+xml;base64,")
    (tmp_path / "a.svg").write_bytes(b" " * (LARGEST_SVG + 1))
    heavy = picture_of(tmp_path / "a.svg", tmp_path / "a.png", title="t", caption="c")
    assert heavy.uri == "data:image/png;base64,cG5n"


def test_the_page_stays_light_whatever_the_number_of_songs(hostile_atlas: Atlas) -> None:
    times = 1500
    labels, random = np.tile(hostile_atlas.clustering.labels, times), np.random.default_rng(0)
    positions = np.tile(hostile_atlas.positions, (times, 1))
    songs = pl.concat([hostile_atlas.songs] * times)
    roles, division = hostile_atlas.roles, hostile_atlas.division
    figures = ("distance_percentile", "silhouette", "runner_up", "margin")
    many = replace(
        hostile_atlas,
        songs=songs.with_columns(song_id=pl.Series([f"s{place}" for place in range(songs.height)])),
        exemplars=tuple(("s0",) if cluster == labels[0] else () for cluster in range(hostile_atlas.k)),
        roles=replace(
            roles,
            role=pl.concat([roles.role] * times),
            **{name: np.tile(getattr(roles, name), times) for name in figures},
        ),
        division=replace(division, labels=np.tile(division.labels, times)),
        clustering=replace(hostile_atlas.clustering, labels=labels),
        positions=positions + random.normal(0, 0.1, positions.shape).astype(np.float32),
    )
    assert many.songs.height > 200_000
    assert len(render_report(many).encode()) < 5_000_000


def test_a_page_without_figures_needs_no_matplotlib() -> None:
    code = "import sys, songatlas.atlas, songatlas.report; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
