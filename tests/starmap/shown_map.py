"""The songs that the tests of the map show, and the page that shows them."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from songatlas.starmap import (
    cluster_colouring,
    in_page,
    label_spots,
    map_frame,
    map_settings,
    name_chunks,
    named_by_parts,
    pack_labels,
    pack_order,
    pack_places,
)

HOSTILE = (
    "<script>window.hurt = 1</script>",
    "<img src=x onerror='window.hurt = 1'>",
    "\u202egnp.exe",
    "Plain song",
)
NAMES = ("Calm <b>folk</b>", "Loud metal", "Small & odd")
SIZES = (300, 150, 50)
CENTRES = np.array([[0.0, 0.0], [6.0, 1.0], [3.0, 6.0]])
SOFTWARE = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
QUIET = (
    "--no-sandbox", "--disable-background-networking", "--no-first-run", "--disable-quic",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


class Songs:
    """Songs of three clusters, in packed order: `positions`, `labels`, `titles` of their places."""

    def __init__(self) -> None:
        rng = np.random.default_rng(7)
        labels = np.repeat(np.arange(3), SIZES)
        positions = CENTRES[labels] + rng.normal(0, 0.8, size=(len(labels), 2))
        titles = [f"{HOSTILE[row % 4]} {row}" for row in range(len(labels))]
        artists = [f"Árvíz <i>{row % 9}</i>" for row in range(len(labels))]
        self.frame = map_frame(positions)
        order = pack_order(positions)
        self.packed = pack_places(positions, order)
        self.packed_labels = pack_labels(labels, order)
        self.spots = label_spots(positions, labels, k=3)
        self.names = list(name_chunks(pl.DataFrame({"title": titles, "artist": artists}), order))
        self.positions, self.labels = positions[order], labels[order]
        self.titles = [titles[row] for row in order]
        self.artists = [artists[row] for row in order]
        self.order = order

    def settings(self, **given: Any) -> dict[str, Any]:
        """What the map of them is told."""
        told: dict[str, Any] = {
            "n": len(self.labels),
            "frame": self.frame,
            "places": in_page(self.packed),
            "labels": in_page(self.packed_labels),
            "clusters": cluster_colouring(NAMES, ("#efb50c", "#4d1cb8", "#820602"), SIZES, self.spots),
            "names": named_by_parts([in_page(chunk) for chunk in self.names]),
            "axis_words": (("calm", "loud"), ("old", "new")),
            "search": True,
            "height": 480,
        }
        return map_settings(**(told | given))


class Shown:
    """A page with a map: what it asked for and complained of, and short ways to the map."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.asked, self.complaints = page, [], []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(address)
        page.wait_for_selector(".starmap[data-ready]", timeout=30_000)
        self.map = page.locator(".starmap")
        self.start = self.ask("camera()")

    def ask(self, call: str, given: Any = None) -> Any:
        """Answer of the map's handle, such as ``hovered()``."""
        return self.map.evaluate(f"(root, given) => root.starmap.{call}", given)

    def start_over(self) -> None:
        """Put everything away that was chosen, drawn or hidden, and show all songs."""
        self.page.mouse.move(1, 1)
        self.page.locator(".starmap-stage").focus()
        self.page.keyboard.press("Escape")
        everything = self.page.get_by_text("Show all", exact=True)
        if everything.is_visible():
            everything.click()
        self.page.locator("[data-act='all']").click()
        self.page.wait_for_function(
            """start => {
              const { x, y, zoom } = document.querySelector(".starmap").starmap.camera();
              return x === start.x && y === start.y && zoom === start.zoom;
            }""",
            arg=self.start,
        )
        self.complaints.clear()

    def until_in_the_middle(self, place: int) -> None:
        """Wait until the map has flown to a song, to within two pixels."""
        self.page.wait_for_function(
            """place => {
              const root = document.querySelector(".starmap");
              const stage = root.querySelector(".starmap-stage");
              const { left, top, width, height } = stage.getBoundingClientRect();
              const [x, y] = root.starmap.screen_of(place);
              return Math.hypot(x - left - width / 2, y - top - height / 2) < 2;
            }""",
            arg=place,
        )

    def spot(self, place: int) -> tuple[float, float]:
        """Where a song is in the window, in pixels."""
        x, y = self.ask(f"screen_of({place})")
        return x, y

    def point_at(self, place: int, position: np.ndarray) -> dict[str, Any]:
        """Look at a song from near by, hover it, and return what the map says of it."""
        self.ask("set_camera(given)", {"x": float(position[0]), "y": float(position[1]), "zoom": 60})
        self.page.mouse.move(*self.spot(place))
        self.page.wait_for_function("document.querySelector('.starmap').starmap.hovered()?.title")
        return dict(self.ask("hovered()"))
