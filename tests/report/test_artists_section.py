"""The report's section on artists and market: what it tells, and when there is nothing to tell."""

from __future__ import annotations

from dataclasses import replace

from songatlas.atlas import Atlas
from songatlas.report import render_report
from songatlas.report.artists import MOST_TYPICAL, artists_and_market


def test_every_cluster_has_its_row(hostile_atlas: Atlas) -> None:
    told = artists_and_market(hostile_atlas)
    assert told is not None
    assert told["n_artists"] == 40
    assert [row["name"] for row in told["clusters"]] == list(hostile_atlas.cluster_names())
    assert any(row["typical"] for row in told["clusters"])
    assert all(len(row["typical"]) <= MOST_TYPICAL for row in told["clusters"])


def test_names_are_text_on_the_page(hostile_atlas: Atlas) -> None:
    page = render_report(hostile_atlas, figures=False)
    section = page[page.index('id="artists"') : page.index('id="genres"')]
    assert "Artist &amp; Söhne &lt;u&gt;" in section
    assert "<u>" not in section


def test_without_artists_and_market_there_is_no_section(hostile_atlas: Atlas) -> None:
    bare = replace(hostile_atlas, songs=hostile_atlas.songs.drop("artists", "artist", "year", "release_date"))
    assert artists_and_market(bare) is None
    without_artists = replace(hostile_atlas, songs=hostile_atlas.songs.drop("artists", "artist"))
    told = artists_and_market(without_artists)
    assert told is not None
    assert told["n_artists"] == 0
    assert all(row["market"].startswith("Mostly") for row in told["clusters"])
