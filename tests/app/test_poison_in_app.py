"""Every page of the app with a poisonous table: texts stay texts, and nothing runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from poison import poisoned_catalogue
from songatlas.app.visit.menu import OPEN, TITLES
from songatlas.atlas import build_atlas
from songatlas.report import write_outputs

from .served import launched, serving

PAGES = tuple(name for name in TITLES if name != OPEN)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server shows the poisonous table."""
    folder: Path = tmp_path_factory.mktemp("poison") / "out"
    write_outputs(build_atlas(poisoned_catalogue(), k=4), folder, figures=False)
    with serving(folder) as found:
        yield found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with launched(chromium, ("--no-sandbox", "--disable-background-networking")) as found:
        yield found


def test_no_page_runs_what_a_title_says(browser: Any, address: str) -> None:
    wrong: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("dialog", lambda dialog: wrong.append(dialog.message) or dialog.dismiss())
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: _note_foreign(asked.url, address, wrong))
    for name in PAGES:
        page.goto(f"{address}/{name}")
        page.wait_for_timeout(200)
        page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=60_000)
        assert page.locator("[data-testid=stMarkdown], [data-testid=stHtml]").count(), name
        assert not page.locator("[data-testid=stException]").count(), name
        assert page.evaluate("window.poisoned") is None, name
        links = page.eval_on_selector_all("a[href]", "all => all.map(each => each.href)")
        assert not [link for link in links if link.startswith("javascript:")], name
        assert not page.locator("[data-testid=stMarkdown] img[src*='example.org']").count(), name
    assert wrong == []


def _note_foreign(url: str, address: str, wrong: list[str]) -> None:
    own = (address, address.replace("http", "ws", 1), "data:", "blob:")
    if not url.startswith(own):
        wrong.append(url)
