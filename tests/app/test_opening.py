"""Opening: a folder, a table, the demo; each once for all visits, and errors in words."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from songatlas.app.server.serving import Launch
from songatlas.app.visit import opening
from songatlas.demo import simulate_catalogue


def until_open(test: AppTest) -> AppTest:
    """Run the page until the job behind it has ended."""
    for _ in range(200):
        if test.title or test.error:
            return test
        time.sleep(0.1)
        test.run()
    raise AssertionError("the catalogue was not opened")


def test_a_folder_is_opened_once_for_all_visits(app: Any) -> None:
    first, second = app("data"), app("data")
    assert first.markdown[0].value.startswith("**demo of 800**")
    assert first.markdown[0].value == second.markdown[0].value
    assert not any(first.session_state["address_written"])
    assert "catalogue" not in first.session_state


def test_a_table_is_built_with_progress_on_the_page(app: Any, tmp_path: Path) -> None:
    path = tmp_path / "my [songs].csv"
    simulate_catalogue(300, seed=4).write_csv(path)
    test = app("data", target=path)
    told = [heading.value for heading in test.subheader]
    assert test.title or told == ["Building the atlas of my \\[songs\\]"]
    until_open(test)
    assert test.markdown[0].value.startswith("**my \\[songs\\]**")
    assert app("data", target=path).title[0].value == "Data"


def test_a_bad_table_fails_in_words_and_can_be_tried_again(app: Any, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("age,gender\n3,f\n", encoding="utf-8")
    test = until_open(app("data", target=path))
    assert "no column says how a song sounds" in test.error[0].value
    simulate_catalogue(300, seed=4).write_csv(path)
    test.button(key="start_again").click().run()
    assert until_open(test).title[0].value == "Data"


def test_a_bad_atlas_is_told_on_every_page(app: Any, tmp_path: Path) -> None:
    for page in ("", "data"):
        test = app(page, target=tmp_path)
        assert "no atlas in it" in test.error[0].value


def test_a_stopped_build_can_be_begun_again(app: Any, tmp_path: Path) -> None:
    path = tmp_path / "songs.csv"
    simulate_catalogue(2000, seed=4).write_csv(path)
    test = app("data", target=path)
    test.button(key="stop_job").click().run()
    for _ in range(200):
        if test.info:
            break
        time.sleep(0.1)
        test.run()
    assert test.info[0].value.startswith("Stopped")
    assert test.button(key="start_again").label == "Start again"


@pytest.mark.parametrize(
    ("target", "title"), [(None, "Demo catalogue"), ("a/My songs.csv", "My songs"), ("/", "")]
)
def test_titles(target: str | None, title: str) -> None:
    assert opening.launched_title(Launch(target=target)) == title
