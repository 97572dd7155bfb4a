"""The page *Data*."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars as pl

from songatlas.atlas import build_atlas
from songatlas.demo import simulate_catalogue
from songatlas.report import write_outputs
from songatlas.report.outputs_record import write_record


def test_it_tells_what_was_read_and_offers_every_output(app: Any) -> None:
    test = app("data")
    assert [button.label for button in test.get("download_button")] == [
        "clustered_songs.csv",
        "clusters.csv",
        "report.html",
        "figures.zip",
        "quality.json",
        "atlas.zip",
        "settings.toml",
        "names.toml",
    ]
    assert "simulated catalogue of 800 rows" in test.markdown[1].value
    assert test.code[0].value.startswith("songatlas demo --songs 800")
    assert any("--k 3" in code.value for code in app("data", k="3").code)


def test_it_says_when_figures_have_to_be_drawn(app: Any, demo_folder: Path, tmp_path: Path) -> None:
    def is_told(folder: Path) -> bool:
        return any("drawn when you ask" in caption.value for caption in app("data", target=folder).caption)

    with_figures = Path(shutil.copytree(demo_folder, tmp_path / "with figures"))
    (with_figures / "figures").mkdir()
    (with_figures / "figures" / "elbow.svg").write_text("<svg/>", encoding="utf-8")
    assert is_told(with_figures)  # no build lists it
    write_record(with_figures)
    assert not is_told(with_figures)
    assert is_told(demo_folder)


def test_rows_that_were_left_out_can_be_looked_through(app: Any) -> None:
    test = app("data")
    test.session_state["left_out_rows"] = True
    test.run()
    table = test.dataframe[0].value
    assert set(table["Why"]) > {"Spoken word"}
    test.selectbox(key="kept:left_reason").set_value("Spoken word").run()
    assert set(test.dataframe[0].value["Why"]) == {"Spoken word"}
    test.text_input(key="kept:left_text").set_value("no such song anywhere").run()
    assert test.dataframe[0].value.empty


def test_texts_of_the_table_stay_texts(app: Any, tmp_path: Path) -> None:
    songs = simulate_catalogue(300, seed=6).rename({"track_id": "track_id", "genres": "**genres** <b>"})
    songs = songs.with_columns(
        pl.lit("<img src=x onerror=alert(1)> [a](http://b)").alias("<script>x</script>")
    )
    path = tmp_path / "a *bold* <i>name.csv"
    songs.write_csv(path)
    folder = tmp_path / "atlas *of* <b>"
    write_outputs(build_atlas(path, k=4, k_max=5), folder, figures=False)
    test = app("data", target=folder)
    for told in (*test.markdown, *test.caption):
        bare = told.value.replace("\\<", "").replace("\\*", "")
        assert "<" not in bare
        assert "*bold*" not in bare
    assert not any("<script>" in str(html.proto.body) for html in test.get("html"))


def test_the_command_says_where_to_run_it(app: Any, tmp_path: Path) -> None:
    path = tmp_path / "my songs.csv"
    simulate_catalogue(120, seed=6).write_csv(path)
    write_outputs(build_atlas(path, k=3, k_max=4), tmp_path / "atlas", figures=False)
    test = app("data", target=tmp_path / "atlas")
    assert test.code[0].value.startswith("songatlas build 'my songs.csv'")
    assert any(
        "from the folder that **my songs.csv** lies in" in told.value.replace("\\", "")
        for told in test.markdown
    )
