from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from songatlas.atlas import Atlas, build_atlas
from songatlas.demo import simulate_catalogue
from songatlas.report import write_outputs
from songatlas.report.against_genres import against_genres

OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="module")
def half_known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outputs of songs of which a third have no genre."""
    folder = tmp_path_factory.mktemp("genres") / "half"
    known = pl.when(pl.int_range(pl.len()) % 3 > 0).then("playlist_genre").alias("playlist_genre")
    songs = simulate_catalogue(600).with_columns(known).drop("genres")
    write_outputs(build_atlas(songs, k_max=6), folder, figures=False)
    return folder


def said(test: AppTest) -> str:
    parts = (*test.markdown, *test.caption, *test.subheader)
    return " ".join(each.value.replace("\\", "") for each in parts)


def tables(test: AppTest) -> list[str]:
    return [each.proto.body for each in test.get("html") if "<table" in each.proto.body]


def test_the_scorecard_is_told(app: OpenPage, demo_folder: Path) -> None:
    score = against_genres(Atlas.load(demo_folder))
    assert score is not None
    test = app("genres")
    assert score["summary"] in said(test)
    assert all(text in said(test) for text in score["sentences"])
    assert len(test.get("plotly_chart")) == 2
    each = next(table for table in tables(test) if "Of the genre" in table)
    assert each.count('<th scope="row">') == len(score["genres"])
    assert not any("--" in table.split("</style>")[1] for table in tables(test))


def test_fields_tell_shares_or_songs(app: OpenPage) -> None:
    test = app("genres")
    before = test.get("plotly_chart")[1].proto.spec
    test.segmented_control(key="kept:share").set_value("songs").run()
    assert test.get("plotly_chart")[1].proto.spec != before


def test_other_views_are_scored(app: OpenPage) -> None:
    test = app("genres", k="3")
    assert len(test.get("plotly_chart")) == 2
    assert not test.exception


def test_genres_are_believed_of_songs_without(app: OpenPage, half_known: Path) -> None:
    test = app("genres", target=half_known)
    assert "Songs without a genre" in said(test)
    shown = test.dataframe[0].value
    genre = shown["predicted_genre"][0]
    test.selectbox(key="kept:believed").select(genre).run()
    assert set(test.dataframe[0].value["predicted_genre"]) == {genre}


def test_songs_without_genres_say_what_to_do(app: OpenPage, tmp_path: Path) -> None:
    table = simulate_catalogue(150).drop("genres", "playlist_genre")
    write_outputs(build_atlas(table, k=3, k_max=4), tmp_path / "none", figures=False)
    test = app("genres", target=tmp_path / "none")
    assert "No genre of these songs is known" in said(test)
    assert "which column holds the genres" in said(test)
    assert not test.get("plotly_chart")
