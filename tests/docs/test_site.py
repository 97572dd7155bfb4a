"""The site is built without a warning, holds every page, and asks nobody else for anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import html
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    ended = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return folder


def test_every_page_is_on_the_site(site: Path) -> None:
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    assert len(pages) > 25
    for page in (*pages, Path("tour.md"), Path("CONTRIBUTING.md"), Path("CHANGELOG.md")):
        assert (site / page).with_suffix(".html").is_file()
    assert (site / "tour.ipynb").is_file()
    assert not (site / "tour.py").exists()


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        tree = html.fromstring(page.read_bytes())
        loaded = tree.xpath("//script/@src | //img/@src | //link[@rel != 'canonical']/@href | //iframe/@src")
        assert [each for each in loaded if each.startswith(("http:", "https:", "//"))] == [], page.name
    for style in site.rglob("*.css"):
        assert "url(http" not in style.read_text(encoding="utf-8").replace('"', "")


def test_a_browser_opens_it_from_disk_and_asks_nobody(site: Path, chromium: str) -> None:
    asked: list[str] = []
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium)
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.on("request", lambda request: asked.append(request.url))
        for name in ("index", "tour", "concepts/silhouette", "reference/outputs"):
            page.goto((site / f"{name}.html").as_uri())
            assert page.locator("h1").first.is_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            broken = "[...document.images].filter(each => each.complete && !each.naturalWidth).length"
            assert page.evaluate(broken) == 0
        browser.close()
    assert asked
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
