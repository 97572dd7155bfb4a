"""A table full of texts that do harm goes through every output; a real parser opens each of them."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import polars as pl
import pytest
from lxml import etree, html

from poison import HEADER, POISON, poisoned_catalogue
from songatlas import read_songs
from songatlas.atlas import Atlas
from songatlas.playlists import FORMATS, TrackList, playlist_text, read_playlist, safe_file_name
from songatlas.playlists.tracks import Track, normal
from spreadsheets import SEPARATORS, formulas_in, is_formula
from typed import songatlas

STEERING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The poisonous table, as somebody else's CSV."""
    path = tmp_path_factory.mktemp("poison") / "songs.csv"
    poisoned_catalogue().write_csv(path)
    return path


@pytest.fixture(scope="module")
def written(source: Path) -> Path:
    """All outputs of it."""
    ended = songatlas("build", source, "-o", source.parent / "out", "--k", 4)
    assert ended.returncode == 0, ended.stderr
    assert not STEERING.search(ended.stdout)
    return source.parent / "out"


@pytest.fixture(scope="module")
def atlas(written: Path) -> Atlas:
    return Atlas.load(written)


@pytest.mark.parametrize("name", ["clustered_songs.csv", "clusters.csv"])
@pytest.mark.parametrize("separator", SEPARATORS)
def test_no_cell_of_a_table_is_a_formula_wherever_a_program_splits(
    written: Path, name: str, separator: str
) -> None:
    assert _formulas(written / name, separator) == []


def _formulas(path: Path, separator: str) -> list[str]:
    """Cells that a spreadsheet would run, if it splits at some sign."""
    with path.open(newline="", encoding="utf-8") as file:
        return formulas_in(file, separator)


def test_clustered_songs_are_read_back_with_the_texts_of_the_source(source: Path, written: Path) -> None:
    before, after = read_songs(source), read_songs(written / "clustered_songs.csv")
    width = before.raw.width
    assert after.header[:width] == before.header
    assert HEADER in after.header
    assert [column.to_list() for column in after.raw.select(after.raw.columns[:width])] == [
        column.to_list() for column in before.raw.select(before.raw.columns)
    ]
    assert after.songs.select("title", "artists").equals(before.songs.select("title", "artists"))


def test_raw_cells_are_written_as_they_stand_and_read_back(
    source: Path, written: Path, tmp_path: Path
) -> None:
    out = tmp_path / "raw.csv"
    ended = songatlas("assign", written, source, "-o", out, "--raw-cells")
    assert ended.returncode == 0, ended.stderr
    with out.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header[-2:] == ["excluded_because", "cluster_distance"]
    assert any(row[1].startswith("=cmd") for row in rows)
    before, after = read_songs(source), read_songs(out)
    assert after.raw[after.raw.columns[1]].to_list() == before.raw[before.raw.columns[1]].to_list()


def test_streamed_text_is_guarded_and_read_back(source: Path, tmp_path: Path) -> None:
    semicolons = tmp_path / "semicolons.csv"
    pl.read_csv(source, infer_schema=False).write_csv(semicolons, separator=";")
    for options, is_raw in (((), False), (("--raw-cells",), True)):
        out = tmp_path / f"out {is_raw}"
        ended = songatlas(
            "build", semicolons, "-o", out, "--engine", "stream", "--k", 3, "--no-figures", *options
        )
        assert ended.returncode == 0, ended.stderr
        path = out / "clustered_songs" / "semicolons.csv"
        assert any(_formulas(path, separator) for separator in SEPARATORS) == is_raw
        before, after = read_songs(semicolons), read_songs(path)
        assert after.raw[after.raw.columns[1]].to_list() == before.raw[before.raw.columns[1]].to_list()


def test_json_is_json(written: Path) -> None:
    for path in [written / "quality.json", *(written / "atlas").glob("*.json")]:
        json.loads(path.read_text(encoding="utf-8"))


def test_names_file_is_toml(written: Path) -> None:
    tomllib.loads((written / "atlas" / "names.toml").read_text(encoding="utf-8"))


def test_the_report_holds_no_element_of_a_title(written: Path) -> None:
    page = html.fromstring((written / "report.html").read_text(encoding="utf-8"))
    kinds = [(element.get("type"), element.get("src")) for element in page.iter("script")]
    assert sorted(kind for kind, _ in kinds) == ["application/json", "module"]
    assert all(address is None for _, address in kinds)
    for element in page.iter():
        for name, value in element.attrib.items():
            assert not name.startswith("on"), element
            assert not str(value).strip().lower().startswith("javascript:"), element
    assert all(str(image.get("src")).startswith("data:image/") for image in page.iter("img"))
    (settings,) = page.xpath('//script[@type="application/json"]')
    json.loads(settings.text)


def test_the_report_runs_nothing_in_a_browser(written: Path, chromium: str) -> None:
    from playwright.sync_api import sync_playwright

    wrong: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("dialog", lambda dialog: wrong.append(dialog.message) or dialog.dismiss())
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        page.on("request", lambda asked: asked.url.startswith("http") and wrong.append(asked.url))
        page.goto((written / "report.html").as_uri())
        page.wait_for_timeout(300)
        assert page.evaluate("window.poisoned") is None
        assert page.title()
        browser.close()
    assert wrong == []


def test_figures_are_pictures_of_letters(written: Path) -> None:
    files = sorted((written / "figures").glob("*.svg"))
    assert files
    for path in files:
        root = etree.fromstring(path.read_bytes(), etree.XMLParser(resolve_entities=False, no_network=True))
        assert not [
            element for element in root.iter() if str(element.tag).endswith(("script", "foreignObject"))
        ]
        names = {str(name) for element in root.iter() for name in element.attrib}
        assert not [name for name in names if name.lower().startswith("on")]


@pytest.mark.parametrize("form", [name for name in FORMATS if name != "uris"])
def test_playlists_are_read_back_and_hold_no_lines_of_titles(form: str, tmp_path: Path) -> None:
    tracks = tuple(
        Track(
            title=text, artists=(text, "B"), album=text, duration_ms=200_000, location=f"/music/{number}.mp3"
        )
        for number, text in enumerate(POISON)
    )
    listed = TrackList(name=POISON[0], tracks=tracks)
    for raw in (False, True):
        path = tmp_path / f"list{raw}{FORMATS[form].suffixes[0]}"
        path.write_text(playlist_text(listed, form, directory=tmp_path, raw_cells=raw), encoding="utf-8")
        assert read_playlist(path).tracks == normal(listed, directory=str(tmp_path)).tracks
        _check_playlist(path, form, len(tracks), is_raw=raw)


def _check_playlist(path: Path, form: str, n_tracks: int, *, is_raw: bool) -> None:
    """Open a playlist as a program that never heard of songatlas would."""
    text = path.read_text(encoding="utf-8")
    if form in ("m3u", "m3u8"):
        lines = text.split("\n")
        assert sum(line.startswith("#EXTM3U") for line in lines) == 1
        assert sum(line.startswith("#EXTINF:") for line in lines) == n_tracks
        assert sum(bool(line) and not line.startswith("#") for line in lines) == n_tracks
        assert not STEERING.search(text.replace("\n", "").replace("\u202e", "").replace("\u2066", ""))
    elif form == "xspf":
        root = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
        assert len(root.findall(".//{*}track")) == n_tracks
        assert root.getroottree().docinfo.internalDTD is None
        ET.fromstring(text)  # noqa: S314 (our own text)
    elif form == "jspf":
        assert len(json.loads(text)["playlist"]["track"]) == n_tracks
    else:
        cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
        assert any(map(is_formula, cells)) == is_raw


@pytest.mark.parametrize(
    "arguments",
    [
        ("playlist", "--cluster", "0", "--minutes", "30"),
        ("recommend", "--like", "song"),
        ("artists", "-n", "12"),
        ("artists", "--market"),
        ("why", "song"),
        ("why", "song", "--json"),
        ("playlist", "--cluster", "0", "--minutes", "30", "--json"),
        ("compare", "itself"),
    ],
)
def test_a_terminal_is_not_steered(written: Path, atlas: Atlas, arguments: tuple[str, ...]) -> None:
    steering = [row for row in atlas.songs.iter_rows(named=True) if "\x1b" in (row["title"] or "")]
    places = {"song": str(steering[0]["song_id"]), "itself": str(written)}
    command, *rest = (places.get(each, each) for each in arguments)
    ended = songatlas(command, written, *rest)
    assert ended.returncode == 0, ended.stderr
    assert not STEERING.search(ended.stdout + ended.stderr)
    if "--json" in arguments:
        json.loads(ended.stdout)


def test_an_error_does_not_steer_the_terminal(written: Path) -> None:
    ended = songatlas("why", written, "\x1b[31m\u202e\x9bno such song")
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert not STEERING.search(ended.stderr)


def test_names_of_files_are_safe_on_every_system() -> None:
    taken: set[str] = set()
    for text in (*POISON, "Calm", "calm", "CALM.", "Cafe\u0301", "Café", "aux.mp3", "a" * 400, "💿" * 100):
        name = safe_file_name(text, taken)
        assert not re.search(r'[\x00-\x1f<>:"/\\|?*]', name), text
        assert not STEERING.search(name), text
        assert not RESERVED.fullmatch(name), text
        assert name == name.strip(" ").rstrip("."), text
        assert 0 < len(f"{name}.m3u8".encode()) <= 200, text
        assert name.casefold() not in {other.casefold() for other in taken}
        taken.add(name)


def test_all_playlists_of_clusters_have_an_index_that_is_safe(written: Path, tmp_path: Path) -> None:
    ended = songatlas("playlist", written, "--all-clusters", "-o", tmp_path / "lists", "--format", "csv")
    assert ended.returncode == 0, ended.stderr
    files = sorted((tmp_path / "lists").glob("*.csv"))
    assert len(files) == 5
    for path in files:
        with path.open(newline="", encoding="utf-8") as file:
            assert formulas_in(file, ",") == []
