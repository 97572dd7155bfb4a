"""One browser for all tests of the map, and pages with the map of a few hundred songs, some hostile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from shown_map import QUIET, SOFTWARE, Shown, Songs

from songatlas.starmap import map_page_part, script, styles


@pytest.fixture(scope="session")
def songs() -> Songs:
    return Songs()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """Chromium that draws WebGL2 in software."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*QUIET, *SOFTWARE])
        yield browser
        browser.close()


def open_map(browser: Any, file: Path, settings: dict[str, Any], *, before: str = "", **window: Any) -> Shown:
    """Show a map on a page of its own, written to a file and read from there."""
    text = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">'
        f"<title>map</title><style>{styles()}</style>"
        f'<main>{map_page_part(settings)}</main><script type="module">{script()}</script>'
    )
    file.write_text(text, encoding="utf-8")
    page = browser.new_page(**({"viewport": {"width": 1100, "height": 700}} | window))
    if before:
        page.add_init_script(before)
    return Shown(page, file.as_uri())


@pytest.fixture(scope="module")
def one_map(browser: Any, songs: Songs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """The map that most tests look at, one after the other."""
    shown = open_map(browser, tmp_path_factory.mktemp("map") / "map.html", songs.settings())
    yield shown
    shown.page.close()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Shown]]:
    """Return a function that shows a map with given settings on a page of its own."""
    opened: list[Shown] = []

    def shown(settings: dict[str, Any], **given: Any) -> Shown:
        opened.append(open_map(browser, tmp_path / f"map{len(opened)}.html", settings, **given))
        return opened[-1]

    yield shown
    for each in opened:
        each.page.close()
