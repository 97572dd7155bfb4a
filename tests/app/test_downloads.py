"""Every output to take along: as it lies in the folder, or made of what is shown, once."""

from __future__ import annotations

import io
import json
import tomllib
import zipfile
from pathlib import Path

import polars as pl
import pytest
from matplotlib.figure import Figure

from songatlas.app.files import downloads
from songatlas.app.files.downloads import ROWS, Download, downloads_of, rows_csv
from songatlas.app.files.left_out import left_out_rows, search_rows
from songatlas.app.visit.opening import Catalogue
from songatlas.atlas import Atlas, AtlasSettings, build_demo
from songatlas.atlas.views import view_of
from songatlas.progress import Progress


@pytest.fixture(scope="module")
def loaded(demo_folder: Path) -> Catalogue:
    """The demo as it was opened from its folder."""
    return Catalogue(atlas=Atlas.load(demo_folder), key="demo", title="demo", folder=demo_folder)


@pytest.fixture(scope="module")
def fresh() -> Catalogue:
    """A demo as it was just built, in no folder."""
    return Catalogue(atlas=build_demo(300, k=4, k_max=6), key="fresh", title="fresh")


def by_name(opened: Catalogue, names: dict[int, str], *, k: int | None = None) -> dict[str, Download]:
    return {each.file: each for each in downloads_of(opened, view_of(opened.atlas, k=k), names)}


def test_what_lies_in_the_folder_is_handed_out_as_it_lies_there(loaded: Catalogue, demo_folder: Path) -> None:
    found = by_name(loaded, {})
    for file in (ROWS, "clusters.csv", "quality.json", "report.html"):
        assert found[file].make() == (demo_folder / file).read_bytes()
    assert tomllib.loads(found["names.toml"].make().decode())
    assert found[ROWS].words.startswith("Every row")


def test_names_of_this_visit_are_in_every_row(loaded: Catalogue, demo_folder: Path) -> None:
    rows = pl.read_csv(by_name(loaded, {0: 'My "own", name'})[ROWS].make())
    before = pl.read_csv(demo_folder / ROWS)
    assert rows.drop("cluster_name").equals(before.drop("cluster_name"))
    assert rows.filter(pl.col("cluster") == 0)["cluster_name"].unique().to_list() == ['My "own", name']
    others = (pl.col("cluster") != 0) | pl.col("cluster").is_null()
    assert rows.filter(others)["cluster_name"].equals(before.filter(others)["cluster_name"])


def test_another_k_of_a_loaded_atlas_gives_every_song(loaded: Catalogue) -> None:
    view = view_of(loaded.atlas, k=3)
    rows = pl.read_csv(by_name(loaded, {1: "Second"}, k=3)[ROWS].make())
    assert rows["song_id"].to_list() == loaded.atlas.songs["song_id"].to_list()
    assert rows["cluster"].to_list() == view.labels.tolist()
    assert set(rows.filter(pl.col("cluster") == 1)["cluster_name"]) == {"Second"}


def test_another_k_of_a_fresh_atlas_gives_every_row(fresh: Catalogue) -> None:
    found = by_name(fresh, {}, k=3)
    rows = pl.read_csv(found[ROWS].make())
    assert rows.height == fresh.atlas.n_rows
    assert rows["cluster"].max() == 2
    assert AtlasSettings(**tomllib.loads(found["settings.toml"].make().decode())).k == 3
    assert json.loads(found["quality.json"].make())["k"] == 3
    assert pl.read_csv(found["clusters.csv"].make()).height == 3


def test_the_atlas_of_a_view_can_be_opened(fresh: Catalogue, tmp_path: Path) -> None:
    packed = by_name(fresh, {0: "First"}, k=3)["atlas.zip"].make()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(tmp_path)
    opened = Atlas.load(tmp_path)
    assert opened.k == 3
    assert opened.cluster_names()[0] == "First"


def test_figures_are_drawn_once(fresh: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []

    def draw(atlas: Atlas, *, progress: Progress) -> dict[str, Figure]:
        drawn.append(atlas.k)
        return {"elbow": Figure(figsize=(2, 2), label="Elbow")}

    monkeypatch.setattr(downloads, "draw_figures", draw)
    packed = by_name(fresh, {})["figures.zip"].make()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == ["figures/elbow.png", "figures/elbow.svg"]
    assert by_name(fresh, {})["figures.zip"].make() is packed
    assert drawn == [4]


def test_a_loaded_atlas_without_rows_gives_its_songs(loaded: Catalogue) -> None:
    songs = pl.read_csv(rows_csv(loaded.atlas, None))
    assert songs.height == loaded.atlas.songs.height
    assert songs["cluster_name"].null_count() == 0


def test_rows_that_were_left_out_are_the_same_from_the_build_and_from_the_folder(demo_folder: Path) -> None:
    atlas = build_demo(800)
    built = left_out_rows(Catalogue(atlas=atlas, key="built", title=""))
    read = left_out_rows(Catalogue(atlas=Atlas.load(demo_folder), key="read", title="", folder=demo_folder))
    assert built is not None
    assert read is not None
    assert built.equals(read)
    assert built.height == sum(count.n_rows for count in atlas.counts if count.action == "excluded")
    title = built["title"].drop_nulls()[0]
    assert title in search_rows(built, title.upper(), None)["title"].to_list()
    assert search_rows(built, "no such song anywhere", None).is_empty()


def test_nobody_knows_the_rows_of_an_atlas_alone(loaded: Catalogue) -> None:
    assert left_out_rows(Catalogue(atlas=Atlas.load(loaded.folder or ""), key="", title="")) is None
