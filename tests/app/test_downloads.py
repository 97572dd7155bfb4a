"""Every output to take along: as it lies in the folder, or made of what is shown, once."""

from __future__ import annotations

import io
import json
import os
import shutil
import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from matplotlib.figure import Figure

from songatlas.app.files.downloads import DOWNLOADS, Download, downloads_of, must_be_drawn
from songatlas.app.files.left_out import left_out_rows, search_rows
from songatlas.app.files.making import rows_csv
from songatlas.app.visit.opening import Catalogue
from songatlas.atlas import Atlas, AtlasSettings, build_demo
from songatlas.atlas.names_keeping import keep_names
from songatlas.atlas.views import view_of
from songatlas.progress import Progress
from songatlas.report import outputs, write_outputs
from songatlas.report.outputs_record import write_record
from songatlas.report.sampled import ROWS


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


def test_figures_are_drawn_once_for_all(fresh: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []

    def draw(atlas: Atlas, *, progress: Progress) -> dict[str, Figure]:
        drawn.append(atlas.k)
        return {"elbow": Figure(figsize=(2, 2), label="Elbow")}

    monkeypatch.setattr(outputs, "draw_figures", draw)
    packed = by_name(fresh, {})["figures.zip"].make()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == ["figures/elbow.png", "figures/elbow.svg"]
    assert by_name(fresh, {})["figures.zip"].make() is packed
    assert b"data:image/svg+xml;base64" in by_name(fresh, {})["report.html"].make()
    assert drawn == [4]


def test_a_loaded_atlas_without_rows_gives_its_songs(loaded: Catalogue) -> None:
    songs = pl.read_csv(rows_csv(loaded.atlas, None))
    assert songs.height == loaded.atlas.songs.height
    assert songs["cluster_name"].null_count() == 0


def test_rows_that_were_left_out_are_the_same_from_the_build_and_from_the_folder(
    demo: Atlas, demo_folder: Path
) -> None:
    built = left_out_rows(Catalogue(atlas=demo, key="built", title=""))
    read = left_out_rows(Catalogue(atlas=Atlas.load(demo_folder), key="read", title="", folder=demo_folder))
    assert built is not None
    assert read is not None
    assert built.equals(read)
    assert built.height == sum(count.n_rows for count in demo.counts if count.action == "excluded")
    title = built["title"].drop_nulls()[0]
    assert title in search_rows(built, title.upper(), None)["title"].to_list()
    assert search_rows(built, "no such song anywhere", None).is_empty()


def test_nobody_knows_the_rows_of_an_atlas_alone(loaded: Catalogue) -> None:
    assert left_out_rows(Catalogue(atlas=Atlas.load(loaded.folder or ""), key="", title="")) is None


NEW = "ZZNEWNAME"


@pytest.fixture
def copied(demo_folder: Path, tmp_path: Path) -> Path:
    """The folder of outputs, to be changed, with a figure."""
    folder = Path(shutil.copytree(demo_folder, tmp_path / "outputs"))
    (folder / "figures").mkdir()
    (folder / "figures" / "elbow.svg").write_text("<svg/>", encoding="utf-8")
    write_record(folder)
    return folder


def opened_from(folder: Path) -> Catalogue:
    return Catalogue(atlas=Atlas.load(folder), key="copy", title="copy", folder=folder)


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take seconds, and here nobody looks at them."""
    monkeypatch.setattr(outputs, "draw_figures", lambda atlas, *, progress: {})


def inside(packed: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return archive.read(name)


@pytest.mark.usefixtures("no_figures")
def test_names_that_were_kept_are_in_every_file(copied: Path) -> None:
    before = opened_from(copied)
    keep_names(copied, before.atlas, {0: NEW})
    comment = "# by me\n"
    names = copied / "atlas" / "names.toml"
    names.write_text(comment + names.read_text(encoding="utf-8"), encoding="utf-8")
    for opened, given in ((opened_from(copied), {}), (before, {0: NEW})):
        found = by_name(opened, given)
        for file in (ROWS, "clusters.csv", "report.html", "names.toml"):
            assert NEW in found[file].make().decode(), file
        assert found["names.toml"].make() == names.read_bytes()
        assert inside(found["atlas.zip"].make(), "atlas/names.toml") == names.read_bytes()
        assert found["figures.zip"].make() != by_name(before, {})["figures.zip"].make()
        assert must_be_drawn(opened, view_of(opened.atlas), given)
    assert not must_be_drawn(before, view_of(before.atlas), {})
    assert comment in by_name(before, {1: "Another"})["names.toml"].make().decode()


@pytest.mark.usefixtures("no_figures")
def test_a_folder_that_was_built_anew_gives_nothing_of_another_atlas(copied: Path) -> None:
    opened = opened_from(copied)
    built = {file: each.make() for file, each in by_name(opened, {}).items()}
    opened = opened_from(copied)
    write_outputs(build_demo(300, k=3, k_max=4), copied, figures=False)
    found = by_name(opened, {})
    assert found[ROWS].words == "Every song with its cluster"
    songs = pl.read_csv(found[ROWS].make())
    assert songs["cluster"].to_list() == opened.atlas.clustering.labels.tolist()
    assert pl.read_csv(by_name(opened, {0: NEW})[ROWS].make()).height == opened.atlas.songs.height
    for file in ("clusters.csv", "quality.json"):
        assert found[file].make() == built[file]
    assert inside(found["atlas.zip"].make(), "atlas/songs.parquet") == inside(
        built["atlas.zip"], "atlas/songs.parquet"
    )
    assert tomllib.loads(found["names.toml"].make().decode()) == tomllib.loads(built["names.toml"].decode())
    assert left_out_rows(opened) is None
    assert must_be_drawn(opened, view_of(opened.atlas), {})


SECRET = b"cluster,name,size\n0,a secret of somebody,1\n"


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
@pytest.mark.parametrize("by_folder", [False, True])
@pytest.mark.usefixtures("no_figures")
def test_nothing_behind_a_link_is_handed_out(copied: Path, tmp_path: Path, *, by_folder: bool) -> None:
    opened = opened_from(copied)
    outside = tmp_path / "outside"
    if by_folder:
        for name in ("figures", "atlas"):
            (copied / name).rename(tmp_path / name)
            (copied / name).symlink_to(tmp_path / name)
        (tmp_path / "figures" / "elbow.svg").write_bytes(SECRET)
    else:
        outside.write_bytes(SECRET)
        for name in (ROWS, "clusters.csv", "report.html", "quality.json", "figures/elbow.svg"):
            (copied / name).unlink()
            (copied / name).symlink_to(outside)
        outside.with_suffix(".toml").write_bytes(b"# a secret of somebody\n")
        (copied / "atlas" / "names.toml").unlink()
        (copied / "atlas" / "names.toml").symlink_to(outside.with_suffix(".toml"))
        write_record(copied)  # which whoever made the links writes, too
    (copied / "atlas" / "beliefs.npy").symlink_to(outside)
    assert must_be_drawn(opened, view_of(opened.atlas), {})
    for each in by_name(opened, {}).values():
        assert b"secret" not in unpacked(each.make()), each.file
    if not by_folder:
        assert left_out_rows(opened) is None


def unpacked(content: bytes) -> bytes:
    """A file, or all that is in an archive."""
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


@pytest.mark.usefixtures("no_figures")
def test_only_what_a_build_lists_is_handed_out(copied: Path) -> None:
    opened = opened_from(copied)
    (copied / "report.html").write_bytes(SECRET)
    (copied / "figures" / "secret.svg").write_bytes(SECRET)
    (copied / "atlas" / "beliefs.npy").write_bytes(SECRET)
    for each in by_name(opened, {}).values():
        assert b"secret" not in unpacked(each.make()), each.file
    (copied / "outputs.json").unlink()
    found = by_name(opened, {})
    assert found[ROWS].words == "Every song with its cluster"
    assert pl.read_csv(found[ROWS].make()).height == opened.atlas.songs.height


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_the_folder_itself_may_be_reached_by_a_link(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(copied)
    opened = opened_from(tmp_path / "link")
    assert not must_be_drawn(opened, view_of(opened.atlas), {})
    found = by_name(opened, {})
    assert found["figures.zip"].make() == by_name(opened_from(copied), {})["figures.zip"].make()
    assert found["report.html"].make() == (copied / "report.html").read_bytes()


@pytest.mark.parametrize("raw_cells", [False, True])
def test_rows_that_were_left_out_read_as_in_the_table(
    fresh: Catalogue, tmp_path: Path, *, raw_cells: bool
) -> None:
    rows = fresh.atlas.rows
    assert rows is not None
    where = next(read.position for read in fresh.atlas.columns if read.column == "title")
    title = pl.lit('=1+1, "or two"').alias(rows.table.raw.columns[where])
    told = replace(
        fresh.atlas, rows=replace(rows, table=replace(rows.table, raw=rows.table.raw.with_columns(title)))
    )
    write_outputs(told, tmp_path / "out", figures=False, raw_cells=raw_cells)
    built = left_out_rows(Catalogue(atlas=told, key="built", title=""))
    read = left_out_rows(opened_from(tmp_path / "out"))
    assert built is not None
    assert read is not None
    assert set(read["title"]) == {'=1+1, "or two"'}
    assert read.equals(built)


@pytest.mark.usefixtures("no_figures")
def test_a_folder_that_is_gone_leaves_every_file_to_be_made(copied: Path) -> None:
    opened = opened_from(copied)
    shutil.rmtree(copied)
    found = by_name(opened, {})
    assert list(found) == list(DOWNLOADS)
    assert all(each.make() for each in found.values())
    assert tuple(tomllib.loads(found["names.toml"].make().decode())) == opened.atlas.generated.names
    assert b'"format"' in inside(found["atlas.zip"].make(), "atlas/manifest.json")
    assert left_out_rows(opened) is None
