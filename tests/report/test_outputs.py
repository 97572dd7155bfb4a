from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import Atlas
from songatlas.errors import BadSettings, SongAtlasError
from songatlas.figures import FIGURES
from songatlas.report import WrittenOutputs, render_report, write_outputs
from songatlas.report.draw import FIGURE_NAMES, draw_figures, drawn_rows
from songatlas.report.outputs import OURS
from songatlas.roles import ROLES
from songatlas.safe_cells import unguarded

SOFTWARE = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
NAMES = (
    "pca_map", "profile_heatmap", "feature_bars", "feature_distributions", "elbow", "silhouette",
    "cluster_sizes", "genre_heatmap", "artists",
)  # fmt: skip


@pytest.fixture(scope="module")
def written(hostile_atlas: Atlas, tmp_path_factory: pytest.TempPathFactory) -> WrittenOutputs:
    return write_outputs(hostile_atlas, tmp_path_factory.mktemp("outputs") / "atlas of songs")


def entries(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def read(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_the_folder_holds_what_is_promised(written: WrittenOutputs) -> None:
    found = {entry for entry in entries(written.directory) if not entry.startswith("atlas/")}
    figures = {f"figures/{name}.{ending}" for name in NAMES for ending in ("png", "svg")}
    tables = {"clustered_songs.csv", "clusters.csv", "outputs.json", "quality.json", "report.html"}
    assert found == tables | figures
    assert (written.directory / "atlas").is_dir()
    assert set(FIGURE_NAMES) == set(NAMES) == set(FIGURES)
    assert found <= set(OURS)


def test_rows_in_are_rows_out(written: WrittenOutputs, hostile_csv: Path, hostile_atlas: Atlas) -> None:
    before, after = read(hostile_csv), read(written.directory / "clustered_songs.csv")
    assert [[unguarded(cell) for cell in row[:-6]] for row in after] == before
    assert after[0][-6:-4] == ["subcluster", "role"]
    assert {row[-5] for row in after[1:-1]} <= set(ROLES)
    assert after[0][-4:] == ["cluster_2", "cluster_name", "cluster_distance", "excluded_because"]
    assert written.appended["cluster"] == "cluster_2"
    names = hostile_atlas.cluster_names()
    for row in after[1:-1]:
        assert row[-3] == names[int(row[-4])]
        assert float(row[-2]) >= 0
        assert row[-1] == ""
    assert after[-1][-4:-1] == ["", "", ""]
    assert after[-1][-1] in {"missing_features", "blank_row"}
    polars = pl.read_csv(written.directory / "clustered_songs.csv", infer_schema=False)
    assert [list(row) for row in polars.fill_null("").rows()] == after[1:]


def test_the_record_is_json_with_the_same_clusters(written: WrittenOutputs, hostile_atlas: Atlas) -> None:
    record = json.loads((written.directory / "quality.json").read_text(encoding="utf-8"))
    assert record["k"] == hostile_atlas.k == len(read(written.directory / "clusters.csv")) - 1
    assert record["n_rows"] == 150


def test_the_atlas_is_saved_and_tells_the_same_report(written: WrittenOutputs) -> None:
    loaded = Atlas.load(written.directory / "atlas")
    page = (written.directory / "report.html").read_text(encoding="utf-8")
    bare = re.sub(r'<figure class="plate".*?</figure>\n', "", page, flags=re.DOTALL)
    assert page.count('<figure class="plate"') == len(NAMES)
    assert render_report(loaded, figures=False).count("<article") == bare.count("<article")
    with pytest.raises(SongAtlasError, match="has no input rows"):
        write_outputs(loaded, written.directory)


def test_two_runs_differ_in_the_time_stamp_alone(
    written: WrittenOutputs, hostile_atlas_again: Atlas, tmp_path: Path
) -> None:
    def without_stamp(path: Path) -> bytes:
        stamp = rb'<time id="created".*?</time>|"created": "[^"]*"'
        return (
            re.sub(stamp, b"", path.read_bytes()) if path.suffix in {".html", ".json"} else path.read_bytes()
        )

    told: list[tuple[float, str]] = []
    again = write_outputs(
        hostile_atlas_again, tmp_path / "again", progress=lambda share, words: told.append((share, words))
    )
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert entries(again.directory) == entries(written.directory)
    for entry in entries(again.directory) - {"outputs.json"}:  # the hash of the report, with its time
        assert without_stamp(again.directory / entry) == without_stamp(written.directory / entry), entry


def test_without_figures_old_ones_go_and_strangers_stay(
    hostile_atlas: Atlas, written: WrittenOutputs, tmp_path: Path
) -> None:
    shutil.copytree(written.directory, tmp_path, dirs_exist_ok=True)
    for name in ("figures/mine.svg", "notes.txt"):
        (tmp_path / name).write_text("before")
    outputs = write_outputs(hostile_atlas, tmp_path, figures=False)
    assert "figures" not in outputs.entries
    left = {entry for entry in entries(tmp_path) if not entry.startswith("atlas/")}
    assert left == {
        "clustered_songs.csv", "clusters.csv", "outputs.json", "quality.json", "report.html",
        "figures/mine.svg", "notes.txt",
    }  # fmt: skip
    assert "<figure" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_file_in_the_place_is_refused(hostile_atlas: Atlas, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(BadSettings, match="is a file: name a folder"):
        write_outputs(hostile_atlas, tmp_path / "out", figures=False)


def test_figures_can_be_drawn_without_genres_and_years(hostile_atlas: Atlas) -> None:
    bare = replace(hostile_atlas, genre=None, genre_counts=hostile_atlas.genre_counts.clear())
    assert set(draw_figures(bare)) == set(NAMES)


def test_samples_are_sorted_rows_drawn_by_the_seed(hostile_atlas: Atlas) -> None:
    rows = drawn_rows(hostile_atlas, 50)
    assert len(set(rows.tolist())) == 50
    assert (np.diff(rows) > 0).all()
    assert (rows == drawn_rows(hostile_atlas, 50)).all()
    assert (drawn_rows(hostile_atlas, 10**6) == np.arange(hostile_atlas.songs.height)).all()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it_whole_and_fetches_nothing(
    written: WrittenOutputs, chromium: str, width: int, scheme: str
) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    address = (written.directory / "report.html").as_uri()
    asked: list[str] = []
    complaints: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-background-networking", "--no-first-run", *SOFTWARE],
        )
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address, wait_until="load")
        widths = page.evaluate("[...document.images].map(image => image.naturalWidth)")
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        page.wait_for_selector(".starmap[data-ready]")
        told = page.evaluate("document.querySelector('.starmap').dataset.n")
        page.get_by_label("Find a song or artist").fill("alert")
        page.locator(".starmap-found [data-place]").first.wait_for()
        still = page.locator("#figure-pca_map").is_visible()
        page.emulate_media(media="print")
        printed = page.locator("#figure-pca_map").is_visible(), page.locator(".starmap").is_visible()
        unnamed = page.evaluate("[...document.images].filter(image => image.alt.length < 10).length")
        browser.close()
    assert [url for url in asked if not url.startswith("data:")] == [address]
    assert complaints == []
    assert len(widths) == len(NAMES)
    assert all(natural > 0 for natural in widths)
    assert (overflow, unnamed) == (0, 0)
    assert told == "149"
    assert (still, printed) == (False, (True, False))
