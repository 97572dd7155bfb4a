"""A playlist in a real browser: made, dragged, cut, saved in three formats, and read back the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from songatlas.atlas import Atlas, build_atlas
from songatlas.demo import simulate_catalogue
from songatlas.playlists import read_playlist
from songatlas.report import write_outputs

from .served import launched, serving

HOSTILE = "<img src=x onerror=alert(1)> $x$ **b**"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-quic",
    "--disable-component-update",
    "--disable-sync",
)
SONGS = "ol.songs.movable li.song"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outputs of a catalogue of which every title is hostile."""
    table = simulate_catalogue(600, seed=3)
    title = next(name for name in table.columns if name.lower() in ("track_name", "title", "name"))
    hostile = table.with_columns((table[title].fill_null("") + f" {HOSTILE}").alias(title))
    found = tmp_path_factory.mktemp("browser") / "hostile"
    write_outputs(build_atlas(hostile, k=4), found, figures=False)
    return found


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Where a server shows them."""
    with serving(folder) as found:
        yield found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with launched(chromium, ARGUMENTS) as found:
        yield found


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Page]:
    """The page *Playlist* with a playlist; nothing may ask another host, alert or fail."""
    context = browser.new_context(viewport={"width": 1280, "height": 1800}, accept_downloads=True)
    found: Page = context.new_page()
    wrong: list[str] = []
    found.on("dialog", lambda dialog: wrong.append(dialog.message) or dialog.dismiss())
    found.on("pageerror", lambda error: wrong.append(str(error)))
    found.on("request", lambda request: _note_foreign(request.url, address, wrong))
    found.goto(f"{address}/playlist")
    found.get_by_role("button", name="Make the playlist").click(timeout=60_000)
    found.wait_for_selector(SONGS, timeout=60_000)
    _settle(found)
    yield found
    context.close()
    assert wrong == []


def _note_foreign(url: str, address: str, wrong: list[str]) -> None:
    own = (address, address.replace("http", "ws", 1), "data:", "blob:")
    if not url.startswith(own):
        wrong.append(url)


def _settle(page: Page) -> None:
    """Wait until Python has nothing more to do."""
    page.wait_for_timeout(250)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=60_000)


def _ids(page: Page) -> list[str]:
    found: list[str] = page.locator(SONGS).evaluate_all("rows => rows.map(row => row.dataset.id)")
    return found


def _drag(page: Page, place: int, onto: int) -> None:
    """Drag the song of a place by its handle onto the song of another."""
    rows = page.locator(SONGS)
    handle, target = rows.nth(place).locator(".handle").bounding_box(), rows.nth(onto).bounding_box()
    assert handle is not None
    assert target is not None
    page.mouse.move(handle["x"] + 8, handle["y"] + 8)
    page.mouse.down()
    down = onto > place
    page.mouse.move(handle["x"] + 8, target["y"] + (target["height"] - 6 if down else 6), steps=8)
    page.mouse.up()
    _settle(page)


def _saved(page: Page, label: str, folder: Path) -> Path:
    page.get_by_role("radio", name=label, exact=True).click()
    _settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Save {label} file").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_dragged_cut_saved_and_read_back(page: Page, folder: Path, tmp_path: Path) -> None:
    before = _ids(page)
    _drag(page, 0, 2)
    dragged = [before[1], before[2], before[0], *before[3:]]
    assert _ids(page) == dragged
    page.locator(SONGS).nth(1).locator(".remove").click()
    _settle(page)
    left = [dragged[0], *dragged[2:]]
    assert _ids(page) == left
    page.get_by_text("Save as a file", exact=True).click()
    for label in ("M3U8", "XSPF", "CSV"):
        file = _saved(page, label, tmp_path)
        back = read_playlist(file)
        assert [track.song_id for track in back.tracks] == left
    songs = Atlas.load(folder).songs
    titles = dict(zip(songs["song_id"], songs["title"], strict=True))
    assert [track.title for track in back.tracks] == [titles[song_id] for song_id in left]
    assert HOSTILE in str(back.tracks[0].title)


def test_upward_keys_and_undo(page: Page) -> None:
    before = _ids(page)
    _drag(page, 3, 1)
    assert _ids(page) == [before[0], before[3], before[1], before[2], *before[4:]]
    page.get_by_role("button", name="Undo").click()
    _settle(page)
    assert _ids(page) == before
    page.locator(SONGS).nth(0).locator(".handle").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    _settle(page)
    assert _ids(page) == [before[1], before[0], *before[2:]]
    focused = page.evaluate(
        "() => { let at = document.activeElement; while (at.shadowRoot) at = at.shadowRoot.activeElement;"
        " return at.closest('li').dataset.id; }"
    )
    assert focused == before[0]
    page.keyboard.press("Delete")
    _settle(page)
    assert _ids(page) == before[1:]


def test_several_changes_faster_than_python(page: Page) -> None:
    before = _ids(page)
    for _ in range(4):
        page.locator(SONGS).nth(0).locator(".remove").evaluate("button => button.click()")
    page.locator(SONGS).nth(0).locator(".down").evaluate("button => button.click()")
    _settle(page)
    page.wait_for_timeout(500)
    _settle(page)
    assert _ids(page) == [before[5], before[4], *before[6:]]
    assert page.get_by_text(f"{len(before) - 4} songs, ").count() == 1


def test_a_finger_drags_by_the_handle(browser: Any, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{address}/playlist")
    page.get_by_role("button", name="Make the playlist").tap(timeout=60_000)
    page.wait_for_selector(SONGS, timeout=60_000)
    _settle(page)
    before = _ids(page)
    page.locator(SONGS).nth(0).scroll_into_view_if_needed()
    rows = page.locator(SONGS)
    handle, target = rows.nth(0).locator(".handle").bounding_box(), rows.nth(1).bounding_box()
    x, start, end = handle["x"] + 8, handle["y"] + 8, target["y"] + target["height"] - 8
    touch = context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": start}]})
    for step in range(1, 9):
        point = {"x": x, "y": start + (end - start) * step / 8}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        page.wait_for_timeout(30)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    _settle(page)
    assert _ids(page) == [before[1], before[0], *before[2:]]
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 390
    context.close()


def test_hostile_titles_stay_text(page: Page) -> None:
    first = page.locator(SONGS).nth(0).locator(".name").inner_text()
    assert HOSTILE.split(" $")[0] in first
    assert page.locator("img[src='x']").count() == 0
    page.get_by_text("Add a song", exact=True).click()
    field = page.get_by_label("Song", exact=True)
    field.fill("onerror")
    field.press("Enter")
    _settle(page)
    page.get_by_role("button", name="Add: ").first.wait_for()
    assert page.locator("img[src='x']").count() == 0
    assert page.locator(".katex").count() == 0
    assert HOSTILE in page.get_by_role("button", name="Add: ").first.inner_text()
