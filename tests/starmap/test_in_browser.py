from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from shown_map import CENTRES, NAMES, SIZES, Shown, Songs

from songatlas.starmap import (
    cluster_colouring,
    in_page,
    named_by_address,
    named_colouring,
    pack_labels,
    pack_values,
    ramp_colouring,
    script,
    songs_inside,
)

Show = Callable[..., Shown]
NO_WEBGL = """
const given = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind === "webgl2" ? null : given.call(this, kind, ...more);
};"""


@pytest.fixture
def shown(one_map: Shown) -> Shown:
    """One map for all tests, as it was at first: nothing chosen, drawn or hidden, and all of it in sight."""
    one_map.start_over()
    return one_map


def data(shown: Shown, name: str) -> str | None:
    return shown.map.evaluate(f"root => root.dataset.{name} ?? null")


def drag(shown: Shown, corners: list[tuple[float, float]]) -> None:
    mouse = shown.page.mouse
    mouse.move(*corners[0])
    mouse.down()
    for x, y in corners[1:]:
        mouse.move(x, y, steps=3)
    mouse.up()


def middle(shown: Shown) -> tuple[float, float]:
    box = shown.map.locator(".starmap-stage").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def around(shown: Shown, half: float) -> list[tuple[float, float]]:
    x, y = middle(shown)
    square = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
    return [(x + across * half, y + down * half) for across, down in square]


def wait_for_zoom(shown: Shown, rule: str) -> None:
    shown.page.wait_for_function(f"(zoom => {rule})(Number(document.querySelector('.starmap').dataset.zoom))")


@pytest.mark.parametrize("kind", range(4))
def test_a_hover_tells_the_song_as_text(shown: Shown, songs: Songs, kind: int) -> None:
    titles = [title.rsplit(" ", 1)[0] for title in songs.titles]
    place = titles.index(sorted(set(titles))[kind])
    told = shown.point_at(place, songs.positions[place])
    assert told["place"] == place
    assert told["title"] == songs.titles[place]
    assert told["artist"] == songs.artists[place]
    assert told["group"] == NAMES[songs.labels[place]]
    tip = shown.page.locator(".starmap-tip")
    assert [text.strip() for text in tip.locator("div").all_inner_texts()] == [
        told["title"], told["artist"], told["group"],
    ]  # fmt: skip
    assert shown.page.evaluate("window.hurt") is None
    assert shown.page.locator(".starmap img, .starmap b, .starmap i, .starmap script").count() == 0
    assert shown.complaints == []


def test_nothing_is_fetched_and_nothing_complained(show: Show, songs: Songs) -> None:
    shown = show(songs.settings())
    assert data(shown, "n") == data(shown, "visible") == str(sum(SIZES))
    assert [url for url in shown.asked if not url.startswith(("file:", "data:"))] == []
    assert len(shown.asked) <= 2
    assert shown.complaints == []


def test_songs_stand_where_python_says(shown: Shown, songs: Songs) -> None:
    pixels = np.array([shown.spot(place) for place in (0, 100, 250, 499)])
    places = songs.positions[[0, 100, 250, 499]]
    scale = (pixels[1:, 0] - pixels[0, 0]) / (places[1:, 0] - places[0, 0])
    fall = (pixels[1:, 1] - pixels[0, 1]) / (places[1:, 1] - places[0, 1])
    assert scale == pytest.approx(scale[0], rel=2e-3)
    assert -fall == pytest.approx(scale, rel=2e-3)


def test_points_are_drawn_in_the_colours_of_their_clusters(shown: Shown) -> None:
    colours = shown.map.evaluate(
        """root => {
          const canvas = root.querySelector("canvas"), sheet = document.createElement("canvas");
          [sheet.width, sheet.height] = [canvas.width, canvas.height];
          const context = sheet.getContext("2d");
          context.drawImage(canvas, 0, 0);
          const seen = new Set(), all = context.getImageData(0, 0, sheet.width, sheet.height).data;
          for (let at = 0; at < all.length; at += 4)
            if (all[at + 3] > 200) seen.add([all[at] >> 5, all[at + 1] >> 5, all[at + 2] >> 5].join());
          return [...seen];
        }"""
    )
    assert {"7,5,0", "2,0,5", "4,0,0"} <= set(colours)


def test_a_click_chooses_a_song_and_escape_forgets_it(shown: Shown, songs: Songs) -> None:
    shown.map.evaluate(
        "root => { window.told = []; root.addEventListener('starmap-picked', e => told.push(e.detail)) }"
    )
    shown.point_at(42, songs.positions[42])
    shown.page.mouse.click(*shown.spot(42))
    assert shown.ask("picked()") == 42
    status = shown.page.locator(".starmap-status")
    assert songs.titles[42].strip("\u202e") in status.inner_text()
    shown.page.keyboard.press("Escape")
    assert shown.ask("picked()") is None
    assert shown.page.evaluate("told") == [42, None]


def test_keys_move_zoom_and_choose(shown: Shown) -> None:
    stage = shown.page.locator(".starmap-stage")
    stage.focus()
    shown.page.keyboard.press("ArrowRight")
    ring = stage.evaluate(
        "stage => getComputedStyle(stage).outlineStyle + getComputedStyle(stage).outlineWidth"
    )
    assert ring == "solid3px"
    assert "Arrow keys move" in stage.get_attribute("aria-label")
    moved = shown.ask("camera()")
    shown.page.keyboard.press("ArrowLeft")
    back = shown.ask("camera()")
    assert back["x"] < moved["x"]
    for _ in range(4):
        shown.page.keyboard.press("+")
    assert float(data(shown, "zoom") or 0) == pytest.approx(1.4**4, rel=1e-3)
    shown.page.keyboard.press("-")
    assert float(data(shown, "zoom") or 0) == pytest.approx(1.4**3, rel=1e-3)
    shown.ask("set_camera(given)", {"x": float(CENTRES[0][0]), "y": float(CENTRES[0][1]), "zoom": 4})
    shown.page.keyboard.press("Enter")
    assert shown.ask("picked()") is not None
    shown.page.keyboard.press("0")
    wait_for_zoom(shown, "zoom === 1")


def test_drag_pans_and_the_wheel_zooms_where_it_points(shown: Shown) -> None:
    before = shown.spot(10)
    x, y = middle(shown)
    drag(shown, [(x, y), (x + 60, y + 30)])
    after = shown.spot(10)
    assert (after[0] - before[0], after[1] - before[1]) == pytest.approx((60, 30), abs=0.5)
    assert shown.ask("picked()") is None
    shown.page.mouse.move(*after)
    shown.page.mouse.wheel(0, -200)
    wait_for_zoom(shown, "zoom > 1.2")
    assert shown.spot(10) == pytest.approx(after, abs=1.0)


def test_two_fingers_pinch(show: Show, songs: Songs) -> None:
    shown = show(songs.settings(), viewport={"width": 390, "height": 844}, has_touch=True)
    x, y = middle(shown)
    client = shown.page.context.new_cdp_session(shown.page)

    def touch(kind: str, *apart: float) -> None:
        points = [
            {"x": x + side * reach, "y": y, "id": at}
            for at, (side, reach) in enumerate(zip((-1, 1), apart, strict=False))
        ]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 30, 30)
    for reach in (45, 60, 75, 90):
        touch("touchMove", reach, reach)
    touch("touchEnd")
    wait_for_zoom(shown, "zoom > 2 && zoom < 4")
    assert shown.complaints == []


def test_the_legend_hides_and_isolates(shown: Shown, songs: Songs) -> None:
    row = shown.page.locator("[data-group='0']")
    toggle = row.locator(".starmap-toggle")
    assert shown.page.locator(".starmap-legend .starmap-name").all_inner_texts() == list(NAMES)
    assert shown.page.locator(".starmap-legend .starmap-count").all_inner_texts() == [
        str(size) for size in SIZES
    ]
    toggle.focus()
    shown.page.keyboard.press("Enter")
    assert (data(shown, "visible"), toggle.get_attribute("aria-pressed")) == ("200", "false")
    place = int(np.flatnonzero(songs.labels == 0)[0])
    x, y = songs.positions[place]
    shown.ask("set_camera(given)", {"x": float(x), "y": float(y), "zoom": 300})
    shown.page.mouse.move(*shown.spot(place))
    assert (shown.ask("hovered()") or {}).get("place") != place
    shown.page.locator("[data-group='2'] .starmap-only").click()
    assert data(shown, "visible") == "50"
    shown.page.get_by_text("Show all", exact=True).click()
    assert data(shown, "visible") == "500"
    toggle.dblclick()
    assert data(shown, "visible") == "300"
    toggle.click(modifiers=["Alt"])
    assert data(shown, "visible") == "500"


def test_a_lasso_answers_with_a_polygon_in_map_coordinates(shown: Shown, songs: Songs) -> None:
    shown.page.locator("[data-act='lasso']").click()
    drag(shown, around(shown, 130))
    polygon = shown.ask("lasso()")
    assert 4 <= len(polygon) <= 200
    inside = songs_inside(songs.positions, polygon)
    assert 0 < len(inside) < 500
    status = shown.page.locator(".starmap-status").inner_text()
    told = int(status.split()[0])
    assert told == pytest.approx(len(inside), abs=1)  # places are steps of a 65,535th
    x, y = middle(shown)
    before = shown.ask("camera()")
    drag(shown, [(x, y), (x + 40, y)])
    assert shown.ask("camera()")["x"] < before["x"]
    assert shown.ask("lasso()") == polygon
    shown.page.locator("[data-act='clear']").click()
    assert shown.ask("lasso()") is None


def test_shift_and_drag_is_a_lasso_too(shown: Shown) -> None:
    camera = shown.ask("camera()")
    shown.page.keyboard.down("Shift")
    drag(shown, around(shown, 90))
    shown.page.keyboard.up("Shift")
    assert shown.ask("lasso()")
    assert shown.ask("camera()") == camera


def test_the_search_flies_to_a_song(shown: Shown, songs: Songs) -> None:
    field = shown.page.get_by_label("Find a song or artist")
    field.fill("arviz plain song 103")
    shown.page.locator(".starmap-found [data-place]").first.wait_for()
    assert shown.page.locator(".starmap-found [data-place]").count() == 1
    field.press("Enter")
    wait_for_zoom(shown, "zoom > 2.4")
    place = songs.titles.index("Plain song 103")
    assert shown.ask("picked()") == place
    shown.until_in_the_middle(place)
    field.fill("<script>")
    shown.page.locator(".starmap-found [data-place]").nth(1).wait_for()
    assert shown.page.locator(".starmap-found script").count() == 0
    field.fill("no such song")
    shown.page.get_by_text("No song of that name").wait_for()
    assert shown.page.evaluate("window.hurt") is None


def test_labels_do_not_overlap_and_stand_on_the_map(shown: Shown) -> None:
    shown.page.wait_for_function("document.querySelector('.starmap').starmap.labels().length === 3")
    labels = shown.ask("labels()")
    assert {label["group"] for label in labels} == {0, 1, 2}
    boxes = [label["box"] for label in labels]
    ends = shown.ask("axis_boxes()")
    assert len(ends) == 4
    boxes += ends
    for at, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0
        assert top >= 0
        for other in boxes[at + 1 :]:
            assert right < other[0] or left > other[2] or bottom < other[1] or top > other[3]


def test_songs_are_coloured_by_named_values_or_along_a_ramp(show: Show, songs: Songs) -> None:
    eras = np.arange(500) % 5 - 1
    named = named_colouring(
        "Era", ["70s", "80s", "90s", "00s"], ["#efb50c", "#4d1cb8", "#820602", "#41c7f3"], [100] * 4
    )
    packed = in_page(pack_labels(eras, np.arange(500)))
    shown = show(songs.settings(colouring=named, colouring_part=packed))
    assert shown.page.locator(".starmap-legend .starmap-name").all_inner_texts() == [
        "70s",
        "80s",
        "90s",
        "00s",
    ]
    told = shown.point_at(1, songs.positions[1])
    assert told["value"] == "70s"
    assert "70s · " in shown.page.locator(".starmap-tip").inner_text()
    values = np.where(np.arange(500) < 20, np.nan, np.linspace(0, 1, 500))
    ramp = ramp_colouring("Energy", "calm", "energetic", 0, 100, "%", cut=(True, False))
    part = in_page(pack_values(values, np.arange(500), low=0, high=1))
    shown = show(songs.settings(colouring=ramp, colouring_part=part))
    legend = shown.page.locator(".starmap-legend").inner_text()
    assert all(
        word in legend for word in ("Energy", "calm", "energetic", "0% and less", "50%", "not known", "20")
    )
    assert shown.point_at(0, songs.positions[0])["value"] == "Energy not known"
    share = values[260]
    assert shown.point_at(260, songs.positions[260])["value"] == f"Energy {100 * share:.0f}%"
    assert shown.point_at(499, songs.positions[499])["value"] == "Energy 100%"
    assert shown.complaints == []


def test_without_webgl_a_picture_a_table_and_the_reason(show: Show, songs: Songs) -> None:
    shown = show(songs.settings(), before=NO_WEBGL)
    assert data(shown, "still") == "true"
    assert "no WebGL2" in shown.page.locator(".starmap-table p").inner_text()
    rows = shown.page.locator(".starmap-table tbody tr").all_inner_texts()
    assert [row.split()[-1] for row in rows] == [str(size) for size in SIZES]
    assert all(name in row for name, row in zip(NAMES, rows, strict=True))
    drawn = shown.page.locator(".starmap-stage canvas").nth(1)
    assert drawn.evaluate(
        "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
    )
    assert shown.point_at(3, songs.positions[3])["title"] == songs.titles[3]
    assert shown.complaints == []


def test_a_lost_context_comes_back(show: Show, songs: Songs) -> None:
    shown = show(songs.settings())
    shown.map.evaluate(
        """root => {
          window.gl = root.querySelector("canvas").getContext("webgl2").getExtension("WEBGL_lose_context");
          gl.loseContext();
        }"""
    )
    shown.page.wait_for_selector(".starmap[data-still]")
    assert "graphics card" in shown.page.locator(".starmap-table p").inner_text()
    shown.page.evaluate("gl.restoreContext()")
    shown.page.wait_for_selector(".starmap:not([data-still])")
    assert shown.page.locator(".starmap-table p").count() == 0
    assert shown.page.locator(".starmap-stage > canvas").count() == 2


def test_names_are_fetched_when_they_are_hovered(show: Show, songs: Songs) -> None:
    settings = songs.settings(names=named_by_address("http://songs.invalid/names/{chunk}"), search=False)
    shown = show(settings)
    assert shown.page.get_by_label("Find a song").count() == 0
    shown.page.route(
        "http://songs.invalid/**",
        lambda route: route.fulfill(body=songs.names[0], headers={"Access-Control-Allow-Origin": "*"}),
    )
    assert shown.point_at(7, songs.positions[7])["title"] == songs.titles[7]
    shown.point_at(8, songs.positions[8])
    assert [url for url in shown.asked if url.startswith("http")] == ["http://songs.invalid/names/0"]


def test_new_data_keeps_the_map_and_its_camera(show: Show, songs: Songs) -> None:
    shown = show(songs.settings())
    first = songs.settings()
    shown.page.evaluate(
        """async ([text, data]) => {
          const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
          const map = (await import(address)).default;
          window.home = document.createElement("div");
          document.body.prepend(home);
          window.told = [];
          const tell = (name, value) => told.push([name, value]);
          window.again = (data) => map({ data, parentElement: home, setTriggerValue: tell });
          window.end = again(data);
        }""",
        [script(), first],
    )
    shown.map = shown.page.locator(".starmap").first
    shown.page.wait_for_selector("div > .starmap[data-ready]")
    shown.ask("set_camera(given)", {"x": 1.0, "y": 0.5, "zoom": 3})
    shown.map.evaluate("root => { root.mine = true }")
    fewer = in_page(pack_labels(songs.labels % 2, np.arange(500)))
    other = songs.settings(
        labels=fewer,
        clusters=cluster_colouring(("a", "b"), ("#112233", "#445566"), (350, 150)),
        picked=5,
        marked=[1, 2],
        line=True,
    )
    shown.page.evaluate("data => { again(data) }", other)
    shown.page.wait_for_function("document.querySelector('.starmap .starmap-name').textContent === 'a'")
    assert shown.map.evaluate("root => root.mine")
    assert shown.ask("camera()") == {"x": 1.0, "y": 0.5, "zoom": 3}
    assert shown.ask("picked()") == 5
    assert shown.page.evaluate("told") == []
    shown.page.evaluate("data => { again(data) }", other | {"fly_to": {"place": 9, "n": 1}})
    shown.until_in_the_middle(9)
    shown.page.mouse.click(*shown.spot(9))
    assert shown.page.evaluate("told") == [["picked", 9]]
    corners = [[-1, -1], [1, -1], [1, 1]]
    shown.page.evaluate("data => { again(data) }", other | {"picked": None, "lasso": corners})
    shown.page.wait_for_function("document.querySelector('.starmap').starmap.lasso()")
    assert (shown.ask("lasso()"), shown.ask("picked()")) == (corners, None)
    shown.page.evaluate("end()")  # a call that a newer one overtook: the map is still on the page
    shown.page.evaluate("new Promise((done) => setTimeout(done))")  # the clean-up waits for one turn
    assert shown.page.evaluate("home.children.length") == 1
    shown.page.evaluate("home.remove() || end()")
    assert shown.complaints == []


def test_parts_that_do_not_arrive_are_told(show: Show, songs: Songs) -> None:
    shown = show(songs.settings())
    shown.page.evaluate(
        """async ([text, data]) => {
          const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
          window.home = document.createElement("div");
          document.body.prepend(home);
          (await import(address)).default({ data, parentElement: home });
        }""",
        [script(), songs.settings(places={"base64": "H4sIAAAA"})],
    )
    shown.page.wait_for_selector(".starmap[data-error]")
    assert "could not be loaded" in shown.page.locator(".starmap-status").first.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_the_window_in_day_and_night(show: Show, songs: Songs, scheme: str, width: int) -> None:
    shown = show(songs.settings(), viewport={"width": width, "height": 844}, color_scheme=scheme)
    paper = shown.map.evaluate("root => getComputedStyle(root).backgroundColor")
    assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 23, 27)")
    spare = shown.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert spare <= 0
    stage, legend = (
        shown.page.locator(name).bounding_box() for name in (".starmap-stage", ".starmap-legend")
    )
    if width == 390:
        assert legend["y"] > stage["y"] + stage["height"]
    else:
        assert legend["x"] > stage["x"] + stage["width"]


def test_the_picture_is_saved_as_png(shown: Shown) -> None:
    with shown.page.expect_download() as download:
        shown.page.locator("[data-act='picture']").click()
    assert download.value.suggested_filename == "map_of_songs.png"
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
