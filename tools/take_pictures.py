"""Takes the README's picture: the first screen of the demo's report, in headless Chromium.

python tools/take_pictures.py
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from songatlas import write_outputs
from songatlas.atlas import build_demo

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"


def main() -> None:
    """Build the demo in a folder of its own and photograph its report."""
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        write_outputs(build_demo(), Path(folder) / "demo")
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1500})
        page.goto((Path(folder) / "demo" / "report.html").as_uri())
        IMAGES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=IMAGES / "report.png")
        browser.close()
    print(f"wrote {IMAGES / 'report.png'}")


if __name__ == "__main__":
    main()
