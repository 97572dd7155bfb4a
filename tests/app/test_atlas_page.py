from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from songatlas.app.map import map_layouts
from songatlas.app.map.controls import k_figures, k_words
from songatlas.app.map.firmness import firmness, heading, plain_k
from songatlas.app.map.lasso_panel import MOST_IN_PLAYLIST, spread_rows
from songatlas.app.map.map_layouts import seconds_needed
from songatlas.app.pages.atlas_page import first_line
from songatlas.atlas import Atlas, build_atlas, build_demo, preview
from songatlas.atlas.views import ks_of, view_of
from songatlas.demo import simulate_catalogue
from songatlas.errors import SongAtlasError
from songatlas.report import write_outputs

OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="module")
def atlas(demo_folder: Path) -> Atlas:
    return Atlas.load(demo_folder / "atlas")


def said(test: AppTest) -> str:
    shown = (*test.markdown, *test.caption, *test.info, *test.warning)
    return " ".join([each.value.replace("\\", "") for each in shown] + [html(test)])


def html(test: AppTest) -> str:
    return " ".join(each.proto.body for each in test.get("html"))


def told(test: AppTest) -> list[str]:
    return [button.label.replace("\\", "") for button in test.button]


def test_the_first_line_says_what_there_is(app: OpenPage, atlas: Atlas) -> None:
    test = app()
    assert test.markdown[1].value.startswith(f"**{atlas.songs.height:,} songs in {atlas.k} clusters**")
    assert "No song is picked" in said(test)


def test_no_other_k_looks_sounder_than_the_built_one(atlas: Atlas) -> None:
    assert atlas.verdict.strength in ("weak", "none")
    said = firmness(view_of(atlas))
    for k in (2, 9, 20):
        shown = view_of(atlas, k=k)
        assert firmness(shown) == said
        assert said in first_line(shown)
        assert said in k_words(shown)


def test_of_clusters_that_are_plainly_there_another_k_joins_or_cuts_some(atlas: Atlas) -> None:
    clear = replace(atlas, verdict=replace(atlas.verdict, strength="clear"))
    plain = plain_k(clear)
    assert firmness(view_of(clear, k=plain)) == "they are plainly there"
    assert "joined" in firmness(view_of(clear, k=plain - 1))
    assert "cut up" in firmness(view_of(clear, k=plain + 1))


def test_regions_are_headed_as_regions(atlas: Atlas) -> None:
    none = replace(atlas, verdict=replace(atlas.verdict, strength="none"))
    shown = view_of(none, k=6)
    assert heading(shown) == "6 regions of one cloud, no separate clusters"
    assert "regions of one cloud, no separate clusters" in first_line(shown)


def test_the_slider_has_the_ks_of_the_sweep_and_marks_the_built_one(app: OpenPage, atlas: Atlas) -> None:
    slider = app().select_slider(key="kept:k")
    assert slider.value == atlas.k
    assert slider.options == [f"{k} (as built)" if k == atlas.k else str(k) for k in ks_of(atlas)]


def test_another_k_and_back(app: OpenPage, atlas: Atlas) -> None:
    test = app()
    test.select_slider(key="kept:k").set_value(9).run()
    assert "9 clusters" in test.markdown[1].value
    assert f"Back to {atlas.k} clusters" in told(test)
    test.button(key="back_to_k").click().run()
    assert test.session_state["kept:k"] == atlas.k
    assert f"Back to {atlas.k} clusters" not in told(test)


def test_k_is_told_in_words_and_figures_stand_behind_them(atlas: Atlas) -> None:
    row = atlas.evidence.row(by_predicate=pl.col("k") == 3, named=True)
    assert k_words(view_of(atlas, k=3)).startswith("3 clusters: ")
    assert f"Silhouette {row['silhouette']:.2f}" in str(k_figures(atlas, 3))
    assert f"Stability {row['stability']:.2f}" in str(k_figures(atlas, 3))
    assert k_figures(atlas, 999) is None
    assert "weights of your own" in k_words(view_of(atlas, k=3, weights={"era": 2.0}))


def test_one_k_alone_has_no_slider(app: OpenPage, tmp_path: Path) -> None:
    write_outputs(build_demo(300, k=3, k_min=3, k_max=3), tmp_path / "one", figures=False)
    test = app(target=tmp_path / "one")
    assert not test.select_slider
    assert "These songs allow 3 clusters only" in said(test)


def test_weights_cluster_anew_and_back(app: OpenPage, atlas: Atlas) -> None:
    test = app()
    test.slider(key="kept:weight.era").set_value(2.0).run()
    assert "weights of your own" in said(test)
    test.button(key="back_to_weights").click().run()
    assert test.session_state["kept:weight.era"] == 0.5
    assert "weights of your own" not in said(test)


def test_something_has_to_count(app: OpenPage) -> None:
    test = app()
    test.slider(key="kept:weight.era").set_value(0.0).run()
    test.slider(key="kept:weight.sound").set_value(0.0).run()
    assert test.session_state["kept:weight.sound"] == 0.1
    assert not test.warning


def test_genres_can_pull(app: OpenPage) -> None:
    test = app()
    test.slider(key="kept:pull").set_value(0.8).run()
    assert not test.exception
    assert "weights of your own" in said(test)


def test_blocks_that_cannot_count_say_why(app: OpenPage, tmp_path: Path) -> None:
    table = tmp_path / "plain.csv"
    songs = preview(simulate_catalogue(300))[1].songs
    songs.drop("tags", "genre", "artists", "artist", "version_of", "imputed").write_csv(table)
    write_outputs(build_atlas(table, k=3), tmp_path / "plain", figures=False)
    test = app(target=tmp_path / "plain")
    assert "Tags cannot count here" in said(test)
    assert "kept:weight.tags" not in [slider.key for slider in test.slider]
    assert "genre" not in test.selectbox(key="kept:colour").options


def test_a_search_finds_picks_and_flies(app: OpenPage, atlas: Atlas) -> None:
    test = app()
    title, song_id = atlas.songs["title"][5], atlas.songs["song_id"][5]
    test.text_input(key="kept:find").set_value(title).run()
    row = next(button for button in test.button if button.key == "find:5")
    assert atlas.cluster_names()[atlas.clustering.labels[5]] in row.label.replace("\\", "")
    row.click().run()
    assert test.session_state["kept:song"] == song_id
    assert test.session_state["flights"] == 1
    assert "Songs like it" in said(test)


def test_a_search_without_result_says_what_to_try(app: OpenPage) -> None:
    test = app()
    test.text_input(key="kept:find").set_value("qqqqzzzz").run()
    assert "Try fewer words" in said(test)


def test_a_song_in_the_address_opens_its_card(app: OpenPage, atlas: Atlas) -> None:
    test = app(song=str(atlas.songs["song_id"][11]))
    assert f"<h3>{atlas.songs['title'][11]}</h3>".replace("'", "&#x27;") in html(test)
    for sentence in atlas.why(str(atlas.songs["song_id"][11])).sentences:
        assert sentence.replace("'", "&#x27;").replace("&", "&amp;")[:40] in html(test)


def test_a_song_that_is_not_there_is_no_song(app: OpenPage) -> None:
    test = app(song="of another catalogue")
    assert "No song is picked" in said(test)
    assert not test.exception


def test_the_buttons_of_a_card(app: OpenPage, atlas: Atlas) -> None:
    song_id = str(atlas.songs["song_id"][11])
    test = app(song=song_id)
    test.button(key="like").click().run()
    assert test.session_state["kept:liked"] == [song_id]
    test.button(key="dislike").click().run()
    assert test.session_state["kept:liked"] == []
    assert test.session_state["kept:disliked"] == [song_id]
    test.button(key="dislike").click().run()
    assert test.session_state["kept:disliked"] == []
    test.button(key="close_card").click().run()
    assert "No song is picked" in said(test)


def test_a_similar_song_can_be_picked(app: OpenPage, atlas: Atlas) -> None:
    test = app(song=str(atlas.songs["song_id"][11]))
    similar = [button for button in test.button if str(button.key).startswith("similar:")]
    assert len(similar) == 8
    similar[0].click().run()
    assert test.session_state["kept:song"] == str(similar[0].key).removeprefix("similar:")


def test_the_card_follows_k(app: OpenPage, atlas: Atlas) -> None:
    test = app(song=str(atlas.songs["song_id"][11]), k="12")
    view = view_of(atlas, k=12)
    assert view.names[view.labels[11]] in html(test)


def lassoed(app: OpenPage, atlas: Atlas, polygon: list[list[float]]) -> AppTest:
    test = app()
    test.session_state["kept:lasso"] = polygon
    return test.run()


def around(atlas: Atlas) -> list[list[float]]:
    left, bottom = (atlas.positions.min(axis=0) - 1).tolist()
    right, top = (atlas.positions.max(axis=0) + 1).tolist()
    return [[left, bottom], [right, bottom], [right, top], [left, top]]


def test_a_lasso_is_told_and_cleared(app: OpenPage, atlas: Atlas) -> None:
    test = lassoed(app, atlas, around(atlas))
    assert f"{atlas.songs.height} songs inside the lasso" in html(test)
    test.button(key="clear_lasso").click().run()
    assert test.session_state["kept:lasso"] == []
    assert "inside the lasso" not in html(test)


def test_an_empty_lasso_says_so(app: OpenPage, atlas: Atlas) -> None:
    test = lassoed(app, atlas, [[900.0, 900.0], [901.0, 900.0], [901.0, 901.0]])
    assert "No songs inside the lasso" in said(test)


def test_a_playlist_of_a_lasso_leads_to_the_page_playlist(app: OpenPage, atlas: Atlas) -> None:
    test = lassoed(app, atlas, around(atlas))
    test.button(key="playlist_of").click().run()
    assert not test.exception
    assert test.title[0].value == "Playlist"


def test_of_too_many_songs_some_from_everywhere_are_taken() -> None:
    assert spread_rows(np.arange(7)).tolist() == list(range(7))
    some = spread_rows(np.arange(5_000))
    assert len(np.unique(some)) == MOST_IN_PLAYLIST
    assert (some[0], some[-1]) == (0, 4_999)


class AtOnce:
    """A job that is done before anybody looks."""

    def __init__(self, make: Callable[[object], object], **given: object) -> None:
        self.state, self.error = "done", ""
        try:
            self.made = make(None)
        except SongAtlasError as error:
            self.state, self.error = "failed", str(error)

    def outcome(self) -> object:
        return self.made


@pytest.fixture
def other_folder(demo_folder: Path, tmp_path: Path) -> Path:
    """The same outputs elsewhere: what is worked out for them is their own."""
    return Path(shutil.copytree(demo_folder, tmp_path / "other"))


def test_the_layout_by_neighbours_is_worked_out_on_demand(
    app: OpenPage, other_folder: Path, atlas: Atlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned = map_layouts.MapLayout(
        kind="neighbours",
        positions=np.ascontiguousarray(atlas.positions[:, ::-1]),
        axis_words=(("", ""),) * 2,
        note="Turned.",
    )
    monkeypatch.setattr(map_layouts, "Job", AtOnce)
    asked: list[Atlas] = []
    monkeypatch.setattr(map_layouts, "neighbour_map", lambda atlas, progress: asked.append(atlas) or turned)
    test = app(target=other_folder, layout="neighbours")
    assert "in about 30 seconds" in said(test)
    test.session_state["kept:lasso"] = around(atlas)
    test.selectbox(key="kept:layout").set_value("sound").run()
    assert not asked
    test.selectbox(key="kept:layout").set_value("neighbours").run()
    assert len(asked) == 1  # one choice, and no button to press
    assert "Work it out" not in told(test)
    assert test.session_state["kept:lasso"] == []


def test_a_layout_that_cannot_be_made_says_why(
    app: OpenPage, other_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(atlas: Atlas, progress: object) -> None:
        raise SongAtlasError("PaCMAP is missing: install songatlas[layout]")

    monkeypatch.setattr(map_layouts, "Job", AtOnce)
    monkeypatch.setattr(map_layouts, "neighbour_map", fails)
    test = app(target=other_folder, layout="neighbours")
    test.button(key="start_neighbours").click().run()
    assert "install songatlas[layout]" in said(test)
    test.button(key="leave_neighbours").click().run()
    assert test.session_state["kept:layout"] == "sound"


def test_time_is_told_in_tens_of_seconds() -> None:
    assert seconds_needed(800) == 30
    assert seconds_needed(1_000_000) == 250


def test_every_colour_can_be_chosen(app: OpenPage) -> None:
    test = app()
    for name in ("genre", "era", "tempo_bpm"):
        test.selectbox(key="kept:colour").set_value(name).run()
        assert not test.exception
    assert app(colour="nonsense").session_state["kept:colour"] == "cluster"
