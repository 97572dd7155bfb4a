"""The page *Artists*: finding one, its clusters and neighbours, all of them, and the market."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from songatlas.app.charts.artist_charts import artist_shares, market_ranges
from songatlas.app.pages import artists as page
from songatlas.atlas import Atlas, build_atlas
from songatlas.atlas.artist_lists import SORTS, flat_artists, sorted_artists
from songatlas.atlas.artist_view import ArtistView, artists_of_atlas
from songatlas.demo import simulate_catalogue
from songatlas.report import write_outputs


@pytest.fixture(scope="module")
def atlas(demo_folder: Any) -> Atlas:
    return Atlas.load(demo_folder)


@pytest.fixture(scope="module")
def view(atlas: Atlas) -> ArtistView:
    return artists_of_atlas(atlas)


def _texts(test: AppTest) -> list[str]:
    return [each.value for each in (*test.markdown, *test.caption, *test.header)]


def test_what_to_do_first(app: Any, view: ArtistView) -> None:
    test = app("artists")
    assert any("No artist is chosen" in text for text in _texts(test))
    examples = [each for each in test.button if str(each.key).startswith("example_artist:")]
    assert len(examples) == 3
    examples[1].click().run()
    assert test.session_state["kept:artist"] == view.artists["artist"][1]
    assert not test.exception


def test_an_artist_is_found_and_told(app: Any, view: ArtistView) -> None:
    name = view.artists["artist"][5]
    test = app("artists")
    test.text_input(key="kept:find.artist").set_value(name.upper()).run()
    next(each for each in test.button if each.key == "found_artist:5").click().run()
    assert test.session_state["kept:artist"] == name
    assert test.text_input(key="kept:find.artist").value == ""
    told = " ".join(_texts(test)).replace("\\", "")
    for sentence in view.sentences(5):
        assert sentence in told
    near = [each for each in test.button if str(each.key).startswith("near_artist:")]
    rows = view.nearest_rows([5], 10)[0][0]
    assert [each.key for each in near] == [f"near_artist:{row}" for row in rows]
    near[0].click().run()
    assert test.session_state["kept:artist"] == view.artists["artist"][int(rows[0])]


def test_nobody_of_that_name(app: Any) -> None:
    test = app("artists")
    test.text_input(key="kept:find.artist").set_value("xyzzy <b>").run()
    assert any("No artist is called" in text and "<b>" not in text for text in _texts(test))
    test = app("artists", artist="<script>nobody</script>")
    assert "<script>" not in test.error[0].value
    assert any("No artist is chosen" in text for text in _texts(test))


def test_words_in_any_order_find_artists(atlas: Atlas, view: ArtistView) -> None:
    name = next(each for each in view.artists["artist"] if len(each.split()) > 2 and each.isascii())
    row = view.find(name)
    words = name.lower().split()
    assert page.matching_artists(atlas, view, name)[0] == row
    assert row in page.matching_artists(atlas, view, f"{words[-1]} {words[0][:3]}")
    assert page.matching_artists(atlas, view, "  ...  ") == []


def test_all_artists(app: Any, view: ArtistView) -> None:
    test = app("artists", artists="all")
    assert test.dataframe[0].value.shape[0] == min(view.artists.height, 1000)
    for order in SORTS:
        test.selectbox(key="kept:artists_by").set_value(order).run()
        assert not test.exception
        assert test.dataframe[0].value["Artist"][0] == view.artists["artist"][sorted_artists(view, order)[0]]
    table = pl.read_csv(BytesIO(flat_artists(view, sorted_artists(view, "name")).write_csv().encode()))
    assert table.height == view.artists.height


def test_a_line_of_the_table_leads_to_its_artist(view: ArtistView, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = sorted_artists(view, "breadth")
    state: dict[str, Any] = {"table": SimpleNamespace(selection=SimpleNamespace(rows=[2]))}
    monkeypatch.setattr(st, "session_state", state)
    page.on_row(view, rows, "table")
    assert (state["kept:artist"], state["kept:artists"]) == (view.artists["artist"][rows[2]], "artist")


def test_typical_artists(app: Any, atlas: Atlas) -> None:
    test = app("artists", artists="typical")
    for cluster in (-1, 0, atlas.k - 1):
        test.selectbox(key="kept:typical_of").set_value(cluster).run()
        assert not test.exception


def test_how_clusters_are_received(app: Any, view: ArtistView) -> None:
    test = app("artists", artists="market")
    assert not test.exception
    assert "Popularity of the songs" in [each.value for each in test.subheader]
    told = " ".join(_texts(test)).replace("\\", "")
    assert "--" not in told
    assert view.market_notes[-1] in told


def test_buttons_of_a_song(monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    page.on_action("like", "a")
    assert state["kept:liked"] == ["a"]
    page.on_action("map", "a")
    assert (state["kept:song"], state["artists_go"]) == ("a", True)


def test_charts_hold_the_numbers(atlas: Atlas, view: ArtistView) -> None:
    artist = view.artists.row(0, named=True)
    colours = [atlas.colour_of(cluster) for cluster in range(atlas.k)]
    bars = artist_shares(artist, view.cluster_names, colours).data[0]
    assert sum(bars.x) == pytest.approx(100)
    assert list(bars.marker.color) == [colours[cluster] for cluster in artist["clusters"]]
    ranges = market_ranges(view.market, "popularity", label="Popularity", colours=colours)
    assert list(ranges.data[-1].x) == view.market["popularity_median"].to_list()


def test_songs_of_an_artist(atlas: Atlas, view: ArtistView) -> None:
    name = view.artists["artist"][0]
    rows = view.songs_of(0)
    assert len(rows) == view.artists["n_songs"][0]
    assert all(name in artists for artists in atlas.songs["artists"].gather(rows))


def test_no_artists_at_all(app: Any, tmp_path: Path) -> None:
    table = simulate_catalogue(400, seed=1)
    nameless = table.drop([name for name in table.columns if "artist" in name.lower()])
    write_outputs(build_atlas(nameless, k=3), tmp_path / "out", figures=False)
    test = app("artists", target=tmp_path / "out")
    assert any("No artists are known" in text for text in _texts(test))
    assert "How clusters are received" in [each.value for each in test.subheader]
    assert not any("--" in text for text in _texts(test))
