"""The app in a browser: how soon a visit sees the map, how soon k changes, how it pans, how heavy it is.

python -m benchmarks.app [--quick] [--rows 100000,1000000] [--repeats 3]

Simulated catalogues, opened in headless Chromium that draws in software, beside a plain Streamlit page with
a Plotly scattergl of the same songs; visits take turns. Servers are warm: each was visited once before. Wall
seconds, medians; a page stands still when Streamlit is idle and two pictures of the screen a tenth of a
second apart are the same. Bytes are those beside the front end of Streamlit, which both load and browsers
keep.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.answer import Goal, print_answer
from benchmarks.browser import chromium, frames_while_dragging, free_port, server, until_still, visit
from songatlas.atlas import build_demo

PAGES = ("Atlas", "Clusters", "Choose k", "Genres", "Discover", "Playlist", "Artists", "Data")
PAGE_ROWS = 4_000
_SLIDER = ".stSlider input[type=range]"


@dataclass(frozen=True)
class Contestant:
    """A page with a map: what is there once it is drawn, and one entry of its legend for each cluster."""

    name: str
    map: str
    legend: str


OURS = Contestant("songatlas app", ".starmap[data-ready]", ".starmap-legend li")
PLOTLY = Contestant(
    "Streamlit and Plotly scattergl", ".js-plotly-plot .gl-canvas", ".js-plotly-plot .legend .traces"
)


def command(contestant: Contestant, folder: Path, port: int) -> list[str]:
    """Return the command that serves the atlas in a folder."""
    if contestant is OURS:
        launch = {"target": str(folder), "port": port, "open_browser": False}
        return [sys.executable, "-m", "songatlas.app", json.dumps(launch)]
    script = Path(__file__).with_name("scattergl_page.py")
    options = ["--server.headless", "true", "--browser.gatherUsageStats", "false"]
    bound = ["--server.address", "127.0.0.1", "--server.port", str(port)]
    return [sys.executable, "-m", "streamlit", "run", *options, *bound, str(script), str(folder)]


def one_visit(browser: Browser, contestant: Contestant, address: str) -> dict[str, float]:
    """Open the map, move k by one, drag the map; return what each took."""
    with visit(browser) as (page, traffic):
        start = time.perf_counter()
        page.goto(address)
        page.locator(contestant.map).first.wait_for(state="attached")
        drawn = time.perf_counter() - start
        until_still(page, contestant.map)
        seen, first_mb = time.perf_counter() - start, traffic.ours / 1e6
        start = time.perf_counter()
        changed = change_k(page, contestant)
        until_still(page, contestant.map)
        settled = time.perf_counter() - start
        frames = frames_while_dragging(page, contestant.map)
        return {
            "map_drawn_s": drawn,
            "screen_still_s": seen,
            "mb": first_mb,
            "front_end_mb": traffic.front_end / 1e6,
            "k_change_s": changed,
            "k_change_still_s": settled,
            "pictures_a_second_while_dragging": frames,
        }


def change_k(page: Page, contestant: Contestant) -> float:
    """Move the slider of k up by one; return the seconds until the map has the new clusters."""
    legend = page.locator(contestant.legend)
    k = legend.count()
    page.locator(_SLIDER).first.focus()
    start = time.perf_counter()
    page.keyboard.press("ArrowRight")
    legend.nth(k).wait_for(state="attached")
    return time.perf_counter() - start


def compare(browser: Browser, n_rows: int, *, repeats: int, workplace: Path) -> list[dict[str, Any]]:
    """Visit both pages of one catalogue in turn."""
    print(f"simulating and building {n_rows:,} rows", file=sys.stderr)
    folder = workplace / f"atlas-{n_rows}"
    atlas = build_demo(n_rows)
    atlas.save(folder)
    found: dict[str, list[dict[str, float]]] = {OURS.name: [], PLOTLY.name: []}
    with ExitStack() as running:
        addresses = {}
        for contestant in (OURS, PLOTLY):
            port = free_port()
            addresses[contestant.name] = running.enter_context(
                server(command(contestant, folder, port), port)
            )
            one_visit(browser, contestant, addresses[contestant.name])
        for turn in range(repeats):
            for contestant in (OURS, PLOTLY):
                print(f"{contestant.name}, {n_rows:,} rows, {turn + 1} of {repeats}", file=sys.stderr)
                found[contestant.name].append(one_visit(browser, contestant, addresses[contestant.name]))
    return [
        {"page": name, "rows": n_rows, "songs": atlas.songs.height} | medians(visits)
        for name, visits in found.items()
    ]


def medians(visits: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure over some visits."""
    return {name: round(statistics.median(each[name] for each in visits), 3) for name in visits[0]}


def every_page(browser: Browser, *, repeats: int, workplace: Path) -> list[dict[str, Any]]:
    """Go through all pages of the demo; return how long each took to stand still."""
    folder = workplace / "atlas-pages"
    build_demo(PAGE_ROWS).save(folder)
    port = free_port()
    taken: dict[str, list[float]] = {name: [] for name in PAGES}
    with server(command(OURS, folder, port), port) as address:
        for turn in range(repeats + 1):
            print(f"all pages of {PAGE_ROWS:,} rows, {turn} of {repeats}", file=sys.stderr)
            for name in PAGES:
                seconds = _page_seconds(browser, address, name)
                if turn:
                    taken[name].append(seconds)
    return [
        {"page": name, "rows": PAGE_ROWS, "seconds": round(statistics.median(seconds), 3)}
        for name, seconds in taken.items()
    ]


def _page_seconds(browser: Browser, address: str, name: str) -> float:
    """Seconds from asking for another page in a visit that is under way until it stands still."""
    with visit(browser) as (page, _):
        page.goto(f"{address}/clusters" if name == "Atlas" else address)
        until_still(page, "h1" if name == "Atlas" else OURS.map)
        start = time.perf_counter()
        page.get_by_role("link", name=name, exact=True).first.click()
        page.locator(OURS.map if name == "Atlas" else f"h1:has-text('{name}')").first.wait_for(
            state="attached"
        )
        until_still(page, "[data-testid=stMain]")
        return time.perf_counter() - start


def goals(results: list[Mapping[str, Any]], pages: list[Mapping[str, Any]]) -> list[Goal]:
    """Return what the app was to reach, held against what was measured."""
    ours = {each["rows"]: each for each in results if each["page"] == OURS.name}
    wanted = []
    if 100_000 in ours:
        here = ours[100_000]
        wanted += [
            Goal("seconds to the first useful screen, 100k", here["map_drawn_s"], 3.0, 3.0, at_least=False),
            Goal("megabytes of the first screen, 100k", here["mb"], 2.0, 2.0, at_least=False),
            Goal("seconds to the colours of another k, 100k", here["k_change_s"], 1.0, 1.0, at_least=False),
        ]
    if 1_000_000 in ours:
        seconds = ours[1_000_000]["k_change_s"]
        wanted.append(
            Goal("seconds to the colours of another k, a million", seconds, 3.0, 3.0, at_least=False)
        )
    slowest = max(each["seconds"] for each in pages)
    wanted.append(Goal("seconds of the slowest page of the demo", slowest, 2.0, 2.0, at_least=False))
    return wanted


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="4,000 rows, one visit each")
    parser.add_argument("--rows", default="100000,1000000", help="sizes, with commas")
    parser.add_argument("--repeats", type=int, default=3, help="visits to each page")
    asked = parser.parse_args()
    sizes = [PAGE_ROWS] if asked.quick else [int(part) for part in asked.rows.split(",")]
    repeats = 1 if asked.quick else asked.repeats
    with tempfile.TemporaryDirectory(prefix="songatlas-") as folder, chromium() as browser:
        workplace = Path(folder)
        pages = every_page(browser, repeats=repeats, workplace=workplace)
        results = [
            each
            for n_rows in sizes
            for each in compare(browser, n_rows, repeats=repeats, workplace=workplace)
        ]
    print_answer("app", results=[*results, *pages], goals=goals([*results], [*pages]))


if __name__ == "__main__":
    main()
