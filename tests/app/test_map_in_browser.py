from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import polars as pl
import pytest

from songatlas.atlas import Atlas, build_atlas, preview
from songatlas.demo import simulate_catalogue
from songatlas.report import write_outputs

TITLES = (
    "<script>document.title='taken'</script>",
    "<img src=x onerror=\"document.title='taken'\">",
    "**bold** _it_ `code` [link](javascript:alert(1))",
    "$\\LaTeX^2$ and $x$",
    ":fire: :red[red] # heading",
)
ARGUMENTS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-quic",
    "--disable-component-update",
    "--disable-sync",
]
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
WAIT = 40_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outputs of songs with hostile titles and artists."""
    home = tmp_path_factory.mktemp("hostile")
    songs = preview(simulate_catalogue(600))[1].songs.select(
        pl.concat_str(
            pl.lit(list(TITLES)).list.get(pl.int_range(pl.len()) % len(TITLES)),
            pl.lit(" "),
            pl.int_range(pl.len()).cast(pl.String),
        ).alias("track_name"),
        (pl.lit("<b>By</b> & ") + pl.col("artists").list.first()).alias("track_artist"),
        pl.col("artists").list.first().alias("track_album_name"),
        pl.col("tags").list.join(", ").alias("playlist_genre"),
        pl.col("song_id").alias("track_id"),
        "year",
        "popularity",
        "danceability",
        "energy",
        pl.col("loudness_db").alias("loudness"),
        "speechiness",
        "acousticness",
        "instrumentalness",
        "valence",
        pl.col("tempo_bpm").alias("tempo"),
        "duration_ms",
        "key",
        "mode",
    )
    songs.write_csv(home / "songs.csv")
    write_outputs(
        build_atlas(home / "songs.csv", k=4, k_min=3, k_max=6), home / "atlas of <b>songs</b>", figures=False
    )
    return home / "atlas of <b>songs</b>"


@pytest.fixture(scope="module")
def atlas(folder: Path) -> Atlas:
    return Atlas.load(folder / "atlas")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = json.dumps({"target": str(folder), "port": port, "open_browser": False})
    run = subprocess.Popen([sys.executable, "-m", "songatlas.app", options], stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(200):
            try:
                urlopen(address, timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        run.terminate()
        run.wait(20)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield found
        found.close()


class Visit:
    """One page of a browser on the map, with everything that went wrong in it."""

    def __init__(self, browser: Any, server: str) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})
        self.page = self.context.new_page()
        self.server, self.wrong, self.addresses = server, [], []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda line: self.wrong.append(line.text) if line.type == "error" else None)
        self.page.on("request", lambda request: self.addresses.append(request.url))
        self.map = self.page.locator(".starmap")

    def open(self, query: str = "") -> None:
        self.page.goto(self.server + query)
        self.page.wait_for_selector(".starmap[data-ready]", timeout=WAIT)
        self.idle()

    def idle(self) -> None:
        self.page.wait_for_selector(IDLE, timeout=WAIT)

    def start_over(self) -> None:
        """Put the picked song away, and show all songs."""
        self.page.mouse.move(1, 1)
        close = self.page.locator(".st-key-close_card button")
        if close.count():
            close.click()
            close.wait_for(state="detached", timeout=WAIT)
            self.idle()
        self.page.locator("[data-act='all']").click()
        self.page.wait_for_selector(".starmap[data-zoom='1.000']", timeout=WAIT)

    def check(self) -> None:
        """See that nothing broke, nobody else was asked, and no text was taken for a script."""
        foreign = [each for each in self.addresses if not each.startswith((self.server, "blob:", "data:"))]
        assert self.wrong == []
        assert foreign == []
        assert "taken" not in self.page.title()

    def spot_of(self, place: int) -> tuple[float, float]:
        x, y = self.map.evaluate("(root, place) => root.starmap.screen_of(place)", place)
        return x, y

    def lasso(self) -> None:
        """Draw around everything."""
        box = self.map.locator(".starmap-stage").bounding_box()
        left, top = box["x"] + 4, box["y"] + 4
        right, bottom = left + box["width"] - 8, top + box["height"] - 8
        self.page.get_by_role("button", name="Lasso").click()
        self.page.mouse.move(left, top)
        self.page.mouse.down()
        for x, y in ((right, top), (right, bottom), (left, bottom), (left, top)):
            self.page.mouse.move(x, y, steps=4)
        self.page.mouse.up()


@pytest.fixture
def visit(browser: Any, server: str) -> Iterator[Visit]:
    """A visit of its own, for what changes more than the song that is picked."""
    found = Visit(browser, server)
    yield found
    found.check()
    found.context.close()


@pytest.fixture(scope="module")
def one_visit(browser: Any, server: str) -> Iterator[Visit]:
    found = Visit(browser, server)
    found.open()
    yield found
    found.context.close()


@pytest.fixture
def on_map(one_visit: Visit) -> Iterator[Visit]:
    """The visit that most tests share: no song is picked, and all are in sight."""
    one_visit.start_over()
    yield one_visit
    one_visit.check()


def test_the_slider_gives_new_colours(visit: Visit, atlas: Atlas) -> None:
    visit.open()
    entries = visit.page.locator(".starmap-legend li")
    assert entries.count() == atlas.k
    labels = [each for each in visit.addresses if "/songatlas/" in each]
    assert len(labels) == 2
    visit.page.locator(".stSlider input[type=range]").first.focus()
    visit.page.keyboard.press("ArrowRight")
    visit.page.wait_for_selector(f".starmap-legend li:nth-child({atlas.k + 1})", timeout=WAIT)
    visit.idle()
    assert f"k={atlas.k + 1}" in visit.page.url
    fetched = [each for each in visit.addresses if "/songatlas/" in each]
    assert len(fetched) == 3  # labels alone; the map itself stays


def test_a_hover_tells_the_song_as_plain_text(on_map: Visit) -> None:
    on_map.page.mouse.move(*on_map.spot_of(100))
    tip = on_map.page.locator(".starmap-tip", has_text="<b>By</b> & ")
    tip.wait_for(timeout=WAIT)
    title = tip.locator(".starmap-tip-title")
    assert any(each in title.inner_text() for each in TITLES)
    assert title.locator("*").count() == 0


def test_a_click_opens_the_card_and_stands_in_the_address(on_map: Visit, atlas: Atlas) -> None:
    on_map.page.mouse.click(*on_map.spot_of(100))
    on_map.page.wait_for_selector("text=Songs like it", timeout=WAIT)
    on_map.idle()
    title = on_map.page.locator(".st-key-map_card h3").inner_text()
    assert title in atlas.songs["title"].to_list()
    song_id = atlas.songs.row(by_predicate=pl.col("title") == title, named=True)["song_id"]
    assert f"song={song_id}" in on_map.page.url
    assert on_map.page.locator(".st-key-map_card img, .st-key-map_card script, .katex").count() == 0
    similar = on_map.page.locator(".st-key-similar_songs button")
    similar.nth(7).wait_for(timeout=WAIT)
    assert similar.count() == 8
    for label in similar.all_inner_texts():
        assert any(label.startswith(title[:12]) for title in TITLES), label
    named = similar.nth(2).inner_text()
    similar.nth(2).click()
    on_map.page.wait_for_function(
        "before => document.querySelector('.st-key-map_card h3').textContent !== before",
        arg=title,
        timeout=WAIT,
    )
    on_map.idle()
    assert named.startswith(on_map.page.locator(".st-key-map_card h3").inner_text()[:40])
    on_map.page.wait_for_selector(".starmap:not([data-zoom='1.000'])", timeout=WAIT)  # the map glides there
    assert float(on_map.map.get_attribute("data-zoom") or 0) > 1


def test_the_same_song_is_picked_again_after_another(on_map: Visit, atlas: Atlas) -> None:
    card = on_map.page.locator(".st-key-map_card h3")
    on_map.page.mouse.click(*on_map.spot_of(100))
    card.wait_for(timeout=WAIT)
    on_map.idle()
    first = card.inner_text()
    on_map.page.get_by_role("button", name="Close").click()
    card.wait_for(state="detached", timeout=WAIT)
    on_map.idle()
    on_map.page.mouse.click(*on_map.spot_of(100))
    card.wait_for(timeout=WAIT)
    assert card.inner_text() == first


def test_a_lasso_reaches_python_and_is_cleared(on_map: Visit, atlas: Atlas) -> None:
    on_map.lasso()
    on_map.page.wait_for_selector(f"text={atlas.songs.height} songs inside the lasso", timeout=WAIT)
    on_map.idle()
    with on_map.page.expect_download() as waited:
        on_map.page.get_by_role("button", name="Download as CSV").click()
    assert pl.read_csv(waited.value.path()).height == atlas.songs.height
    on_map.page.locator(".st-key-clear_lasso button").click()
    on_map.page.wait_for_selector("text=No song is picked", timeout=WAIT)
    on_map.idle()
    assert on_map.map.evaluate("root => root.starmap.lasso()") is None


def test_a_shared_address_shows_the_same(visit: Visit, atlas: Atlas) -> None:
    song = atlas.songs.row(5, named=True)
    visit.open(f"?k=3&colour=energy&song={song['song_id']}")
    visit.page.wait_for_selector("text=Songs like it", timeout=WAIT)
    visit.idle()
    assert visit.page.locator(".st-key-map_card h3").inner_text() == song["title"]
    assert visit.page.locator(".starmap-ramp").count() == 1
    assert visit.page.get_by_text("songs in 3 clusters").count() == 1


def test_a_search_and_the_table_show_titles_as_text(on_map: Visit) -> None:
    on_map.page.get_by_label("Find a song").fill("latex")
    on_map.page.keyboard.press("Enter")
    found = on_map.page.locator("[class*=st-key-find-] button, [class*='st-key-find:'] button")
    found.first.wait_for(timeout=WAIT)
    on_map.idle()
    assert all("$\\LaTeX^2$ and $x$" in label for label in found.all_inner_texts())
    on_map.page.get_by_text("The map as a table").click()
    table = on_map.page.locator(".st-key-map_side table")
    table.wait_for(timeout=WAIT)
    assert table.locator("tbody tr").count() == 4
    assert table.locator("img, script").count() == 0


def test_a_cluster_is_shown_alone(visit: Visit, atlas: Atlas) -> None:
    visit.open()
    visit.page.get_by_role("link", name="Clusters", exact=True).click()
    visit.page.locator(".st-key-map_1 button").click()
    visible = visit.page.locator(f".starmap[data-visible='{atlas.profiles[1].size}']")
    visible.wait_for(timeout=WAIT)
    visit.idle()
    assert visit.page.locator(".starmap-legend li.starmap-off").count() == atlas.k - 1
