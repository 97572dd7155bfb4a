"""Songs of a local atlas are heard in a real browser; those of a table that is dropped in never are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import numpy as np
import polars as pl
import pytest
from playwright.sync_api import Page

from songatlas.atlas import build_atlas
from songatlas.report import write_outputs

from .served import launched, serving

soundfile = pytest.importorskip("soundfile")
av = pytest.importorskip("av")

ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
)
PLAYED = ("wav", "ogg", "mp3", "flac", "opus", "m4a")
RATE = 24_000
N_SONGS = 24
N_NEAR = 15  # songs of the larger cluster
SONGS = "ol.songs.movable li.song"
SECONDS = 20
PLAYER = "window.songatlasPlayer"


def record(path: Path, hertz: float) -> None:
    """Write a short sine in the format that the ending says."""
    wave = 0.2 * np.sin(2 * np.pi * hertz * np.arange(SECONDS * RATE) / RATE)
    if path.suffix in (".wav", ".ogg", ".mp3", ".flac"):
        soundfile.write(path, wave, RATE)
        return
    codec = {".opus": "libopus", ".m4a": "aac", ".wma": "wmav2"}[path.suffix]
    form = {".opus": "ogg", ".m4a": "mp4", ".wma": "asf"}[path.suffix]
    with av.open(str(path), "w", format=form) as file:
        stream = file.add_stream(codec, rate=RATE, layout="mono")
        stream.bit_rate = 64_000
        samples = wave.astype(np.float32)[None]
        for start in range(0, samples.shape[1], 960):
            piece = np.ascontiguousarray(samples[:, start : start + 960])
            frame = av.AudioFrame.from_ndarray(piece, format="flt", layout="mono")
            frame.sample_rate = RATE
            frame.pts = start
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def table_of(paths: list[str], *, seed: int) -> pl.DataFrame:
    """A songs table as a scan writes it."""
    random = np.random.default_rng(seed)
    near = np.arange(len(paths)) < N_NEAR
    names = ("energy", "danceability", "acousticness", "instrumentalness", "valence")
    return pl.DataFrame(
        {
            "song_id": [f"audio:{seed}{place:031x}" for place in range(len(paths))],
            "title": [f"{'Row' if seed else 'Song'} {place:02d}" for place in range(len(paths))],
            "artists": [[f"Artist {place}"] for place in range(len(paths))],
            "path": paths,
            "duration_ms": [1000.0 * SECONDS] * len(paths),
            "loudness_db": random.uniform(-20, -5, len(paths)),
            "tempo_bpm": random.uniform(80, 160, len(paths)),
            **{
                f"{name}_estimate": np.where(near, 0.7, 0.1) + 0.2 * random.random(len(paths))
                for name in names
            },
            "heard_tags": [["ambient"]] * len(paths),
        }
    )


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Files of each format that browsers play, one that they do not, one that is gone, and no music."""
    folder = tmp_path_factory.mktemp("playing") / "Müsic & more #1"
    folder.mkdir()
    paths = [folder / f"{place:02d} söng.{PLAYED[place % len(PLAYED)]}" for place in range(12)]
    paths += [folder / "12 odd.wma", folder / "13 gone.mp3", Path("/etc/hostname")]
    paths += [folder / f"{place:02d} more.wav" for place in range(15, N_SONGS)]
    for place, path in enumerate(paths):
        if place not in (13, 14):
            record(path, 220 + 20 * place)
    return paths


@pytest.fixture(scope="module")
def folder(music: list[Path]) -> Path:
    """Outputs of an atlas of these files."""
    found = music[0].parent.parent / "atlas"
    write_outputs(build_atlas(table_of([str(path) for path in music], seed=0), k=2), found, figures=False)
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
    """A page in which nothing may ask another host, alert or fail."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found: Page = context.new_page()
    wrong: list[str] = []
    found.on("dialog", lambda dialog: wrong.append(dialog.message) or dialog.dismiss())
    found.on("pageerror", lambda error: wrong.append(str(error)))
    found.on("console", lambda message: _note_error(message.text, message.type, wrong))
    found.on("request", lambda request: _note_foreign(request.url, address, wrong))
    yield found
    context.close()
    assert wrong == []


def _note_error(text: str, kind: str, wrong: list[str]) -> None:
    if kind == "error" and "404" not in text:
        wrong.append(text)


def _note_foreign(url: str, address: str, wrong: list[str]) -> None:
    if not url.startswith((address, address.replace("http", "ws", 1), "data:", "blob:")):
        wrong.append(url)


def _settle(page: Page) -> None:
    """Wait until Python has nothing more to do."""
    page.wait_for_timeout(250)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=60_000)


def _show_playlist(page: Page, address: str) -> None:
    """The page *Playlist* with all songs of one playlist."""
    page.goto(f"{address}/playlist?per_artist=0")
    page.get_by_role("button", name="Make the playlist").click(timeout=60_000)
    page.wait_for_selector(SONGS, timeout=60_000)
    _settle(page)


def _heard(page: Page) -> tuple[str, float]:
    """Which song is heard, once it is, and from where."""
    page.wait_for_function(
        f"() => {PLAYER} && {PLAYER}.song && {PLAYER}.audio.currentTime > 0.2", timeout=20_000
    )
    name, at = page.evaluate(f"() => [{PLAYER}.song.name, {PLAYER}.audio.currentTime]")
    return name, at


def _pick(page: Page, address: str, row: int) -> None:
    """The card of a song."""
    page.goto(f"{address}/?song=audio%3A0{row:031x}")
    page.get_by_role("button", name="Like it", exact=True).wait_for(timeout=60_000)
    _settle(page)


def test_a_song_of_the_list_is_heard_paused_and_heard_on(page: Page, address: str) -> None:
    _show_playlist(page, address)
    assert page.evaluate(f"() => !{PLAYER} || {PLAYER}.song === null")  # nothing plays by itself
    button = page.locator(f"{SONGS} button.play").first
    label = str(button.get_attribute("aria-label"))
    button.focus()
    page.keyboard.press("Space")
    name, at = _heard(page)
    assert label == f"Play {name}"
    assert button.get_attribute("aria-label") == f"Pause {name}"
    page.wait_for_function(f"() => {PLAYER}.audio.currentTime > {at + 0.3}")
    page.keyboard.press("Space")
    page.wait_for_function(f"() => {PLAYER}.audio.paused")
    assert button.get_attribute("aria-label") == label
    page.get_by_role("region", name="Player").get_by_role("button", name="Stop and close the player").click()
    assert page.locator("#songatlas-player").count() == 0


def test_a_jump_goes_to_any_place_and_another_song_stops_the_first(page: Page, address: str) -> None:
    _show_playlist(page, address)
    buttons = page.locator(f"{SONGS} button.play")
    buttons.nth(0).click()
    first, _ = _heard(page)
    page.evaluate(f"() => {{ {PLAYER}.audio.currentTime = 12; }}")
    page.wait_for_function(f"() => !{PLAYER}.audio.seeking && {PLAYER}.audio.currentTime >= 12")
    buttons.nth(1).click()
    page.wait_for_function(f"() => {PLAYER}.song.name !== {json.dumps(first)}")
    second, at = _heard(page)
    assert second != first
    assert at < 10
    assert page.locator("audio").count() == 1
    assert page.get_by_role("button", name=re.compile("^Pause ")).count() == 1


def test_all_songs_of_a_playlist_follow_each_other(page: Page, address: str) -> None:
    _show_playlist(page, address)
    playable = page.locator(f"{SONGS}:has(button.play) .name").all_inner_texts()
    page.get_by_role("button", name="Play all").click()
    assert _heard(page)[0] == playable[0]
    page.evaluate(f"() => {{ {PLAYER}.audio.currentTime = {SECONDS - 0.4}; }}")
    page.wait_for_function(f"() => {PLAYER}.song.name === {json.dumps(playable[1])}", timeout=10_000)
    page.get_by_role("button", name="Next song").click()
    page.wait_for_function(f"() => {PLAYER}.song.name === {json.dumps(playable[2])}")
    page.get_by_role("link", name="Clusters").first.click()  # music goes on while a person looks around
    _settle(page)
    page.get_by_role("region", name="Player").wait_for()
    assert page.evaluate(f"() => {PLAYER}.song.name") == playable[2]


def test_every_format_that_browsers_play_is_heard(page: Page, address: str, music: list[Path]) -> None:
    _show_playlist(page, address)
    for place, ending in enumerate(PLAYED):
        page.get_by_role("button", name=f"Play Song {place:02d}").click()
        page.wait_for_function(f"() => {PLAYER}.song.name === 'Song {place:02d}'")
        assert _heard(page)[0] == f"Song {place:02d}", ending
        duration = page.evaluate(f"() => {PLAYER}.audio.duration")
        assert duration == pytest.approx(SECONDS, abs=0.2), ending


def test_what_a_browser_cannot_play_is_said_with_its_place(
    page: Page, address: str, music: list[Path]
) -> None:
    _pick(page, address, 12)
    page.get_by_role("button", name="Play Song 12").click()
    note = page.get_by_role("region", name="Player").get_by_role("status")
    note.filter(has_text="cannot play .wma files").wait_for(timeout=20_000)
    assert str(music[12]) in note.inner_text()


def test_files_that_are_gone_or_no_music_have_no_button(page: Page, address: str) -> None:
    _show_playlist(page, address)
    assert page.locator(SONGS).count() == N_NEAR
    silent = page.locator(f"{SONGS}:not(:has(button.play)) .name").all_inner_texts()
    assert sorted(silent) == ["Song 13", "Song 14"]
    _pick(page, address, 13)
    assert page.get_by_role("button", name=re.compile("^Play Song")).count() == 0


def test_parts_of_a_file_are_answered_with_206_and_guesses_with_404(
    page: Page, address: str, music: list[Path]
) -> None:
    _pick(page, address, 0)
    with page.expect_response(re.compile("/songatlas/sound/")) as answered:
        page.get_by_role("button", name="Play Song 00").click()
    url = answered.value.url
    content = music[0].read_bytes()
    with urlopen(Request(url, headers={"Range": "bytes=1000-1999"})) as answer:  # noqa: S310 (our own server)
        assert answer.status == 206
        assert answer.headers["Content-Range"] == f"bytes 1000-1999/{len(content)}"
        assert answer.headers["Content-Type"] == "audio/wav"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.read() == content[1000:2000]
    base = url.rsplit("/", 1)[0]
    for guess in ("0" * 64, "0", "..%2f..%2fetc%2fhostname", quote(str(music[0]), safe="")):
        assert not _is_music_at(f"{base}/{guess}")
    with pytest.raises(HTTPError, match="403"):
        urlopen(Request(url, headers={"Host": "evil.example"}))  # noqa: S310


def _is_music_at(url: str) -> bool:
    """Whether an address gives a file of music; Streamlit answers addresses of nobody with its front page."""
    try:
        with urlopen(url) as answer:  # noqa: S310 (our own server)
            return not str(answer.headers["Content-Type"]).startswith("text/html")
    except HTTPError as error:
        return error.code not in (400, 404)


def test_a_table_that_is_dropped_in_plays_nothing(
    page: Page, address: str, music: list[Path], tmp_path: Path
) -> None:
    paths = [str(music[place % 12]) for place in range(N_SONGS)]
    paths[3] = "/etc/hostname"
    table = tmp_path / "dropped.parquet"
    table_of(paths, seed=1).write_parquet(table)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/sound/" in request.url else None)
    page.goto(f"{address}/open")
    page.locator('input[type="file"]').first.set_input_files(table)
    page.get_by_role("button", name="Build the atlas").click(timeout=60_000)
    page.get_by_text("dropped · 24 songs").wait_for(timeout=60_000)
    _settle(page)
    page.get_by_role("link", name="Playlist").first.click()
    page.get_by_role("button", name="Make the playlist").click(timeout=60_000)
    page.wait_for_selector(SONGS, timeout=60_000)
    _settle(page)
    assert page.locator(f"{SONGS} .name").first.inner_text().startswith("Row ")
    assert page.get_by_role("button", name=re.compile("^Play (all|Row)")).count() == 0
    assert asked == []


def test_the_player_reads_on_a_phone(browser: Any, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    _show_playlist(page, address)
    page.get_by_role("button", name="Play all").tap()
    _heard(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    box = page.get_by_role("region", name="Player").bounding_box()
    assert box is not None
    assert box["height"] < 140
    context.close()
