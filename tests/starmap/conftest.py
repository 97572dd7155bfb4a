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


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Shown]]:
    """Return a function that shows a map with given settings on a page of its own, read from disk."""
    pages = []

    def shown(settings: dict[str, Any], *, before: str = "", **window: Any) -> Shown:
        text = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">'
            f"<title>map</title><style>{styles()}</style>"
            f'<main>{map_page_part(settings)}</main><script type="module">{script()}</script>'
        )
        file = tmp_path / f"map{len(pages)}.html"
        file.write_text(text, encoding="utf-8")
        page = browser.new_page(**({"viewport": {"width": 1100, "height": 700}} | window))
        pages.append(page)
        if before:
            page.add_init_script(before)
        return Shown(page, file.as_uri())

    yield shown
    for page in pages:
        page.close()
