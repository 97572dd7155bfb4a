"""Takes the pictures of the app that docs/app.md shows: every page of the demo, in headless Chromium.

python -m tools.take_app_pictures
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.browser import IDLE, chromium, free_port, server, until_still
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from songatlas import Atlas, write_outputs
from songatlas.atlas import build_demo

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images" / "app"
MAP = ".starmap[data-ready]"
_STILL_MS = 1500


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture: the page by its address, what is done on it, and how it is looked at."""

    name: str
    address: str
    act: Callable[[Page], None] | None = None
    width: int = 1280
    height: int = 900
    dark: bool = False


def shots(atlas: Atlas) -> tuple[Shot, ...]:
    """Return what is to be photographed, with songs of the atlas that are picked and liked."""
    song_ids = [profile.typical[0] for profile in atlas.profiles]
    picked, liked = f"?song={song_ids[1]}", "&".join(f"liked={each}" for each in song_ids[:2])
    return (
        Shot(name="atlas", address=picked),
        Shot(name="atlas_dark", address=picked, dark=True),
        Shot(name="atlas_phone", address="", width=390, height=844),
        Shot(name="clusters", address="clusters"),
        Shot(name="choose_k", address="choose_k"),
        Shot(name="genres", address="genres"),
        Shot(name="discover", address=f"discover?{liked}"),
        Shot(name="playlist", address="playlist", act=_make_playlist),
        Shot(name="artists", address="artists", act=_pick_artist),
        Shot(name="data", address="data"),
    )


def _make_playlist(page: Page) -> None:
    page.get_by_role("button", name="Make the playlist").click()
    page.get_by_role("button", name="Put in order").wait_for()


def _pick_artist(page: Page) -> None:
    page.locator("[class*='st-key-example_artist'] button").first.click()


def take(browser: Browser, address: str, shot: Shot) -> bytes:
    """Return the picture, as PNG in 256 colours."""
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height}, color_scheme="dark" if shot.dark else "light"
    )
    page = context.new_page()
    page.goto(f"{address}/{shot.address}")
    page.locator(MAP if shot.name.startswith("atlas") else "h1").first.wait_for()
    page.locator(IDLE).wait_for()
    if shot.act is not None:
        shot.act(page)
        page.locator(IDLE).wait_for()
    expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0, timeout=60_000)
    until_still(page, "[data-testid=stMain]", every_ms=_STILL_MS)
    full, slim = Image.open(io.BytesIO(page.screenshot())), io.BytesIO()
    context.close()
    full.convert("RGB").quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        slim, "PNG", optimize=True
    )
    return slim.getvalue()


def main() -> None:
    """Photograph every page."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="songatlas-") as place, chromium() as browser:
        atlas, folder = build_demo(), Path(place) / "demo_atlas"
        write_outputs(atlas, folder, figures=False)
        port = free_port()
        launch = json.dumps({"target": str(folder), "port": port})
        with server([sys.executable, "-m", "songatlas.app", launch], port) as address:
            for shot in shots(atlas):
                (IMAGES / f"{shot.name}.png").write_bytes(take(browser, address, shot))
                print(f"wrote {IMAGES / shot.name}.png")


if __name__ == "__main__":
    main()
