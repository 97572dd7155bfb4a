"""Outputs replace what songatlas wrote, and nothing that a person made."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from songatlas.atlas import Atlas
from songatlas.errors import BadSettings
from songatlas.report import write_outputs
from songatlas.report.outputs import require_outputs_place


@pytest.mark.parametrize(
    "name", ["clusters.csv", "report.html", "outputs.json", "figures/elbow.png", "atlas/songs.parquet"]
)
def test_files_of_a_person_are_not_replaced(hostile_atlas: Atlas, tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(BadSettings, match=f"{name}' is not from songatlas and would be replaced: name"):
        write_outputs(hostile_atlas, tmp_path, figures=False)
    assert [path.read_text() for path in tmp_path.rglob("*") if path.is_file()] == ["mine"]


def test_a_figure_of_a_person_beside_outputs_without_figures_stays(out: Path) -> None:
    (out / "figures").mkdir()
    (out / "figures" / "elbow.png").write_text("mine")
    with pytest.raises(BadSettings, match=r"elbow\.png' is not from songatlas"):
        require_outputs_place(out)


def test_a_folder_of_rows_of_a_person_stays(out: Path) -> None:
    (out / "clustered_songs").mkdir()
    require_outputs_place(out)
    with pytest.raises(BadSettings, match="clustered_songs' is not from songatlas"):
        require_outputs_place(out, has_folder_of_rows=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda out: None,
        lambda out: (out / "outputs.json").unlink(),
        lambda out: (out / "outputs.json").write_text("[]"),
        lambda out: (out / "clusters.csv").write_text("changed by hand"),
        lambda out: (out / "atlas" / "manifest.json").unlink(),
        lambda out: shutil.rmtree(out / "atlas"),
        lambda out: shutil.rmtree(out),
        lambda out: (out / "atlas" / "atlas.json").write_text("damaged"),
        lambda out: (out / "notes.txt").write_text("mine"),
    ],
)
def test_outputs_are_built_again_whatever_became_of_them(out: Path, change: Callable[[Path], object]) -> None:
    change(out)
    require_outputs_place(out)


def test_names_may_wait_for_an_atlas(tmp_path: Path) -> None:
    (tmp_path / "atlas").mkdir()
    (tmp_path / "atlas" / "names.toml").write_text("")
    require_outputs_place(tmp_path)


def test_the_table_that_is_read_is_never_replaced(out: Path, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(out / "clustered_songs.csv")
    for source in (out / "clustered_songs.csv", tmp_path / "link.csv"):
        with pytest.raises(BadSettings, match="would be replaced by what is written into"):
            require_outputs_place(out, source=source)
    require_outputs_place(out, source="hdfs://name/songs")
    require_outputs_place(out, source=tmp_path / "songs.csv")


def test_no_atlas_goes_into_an_atlas(out: Path) -> None:
    with pytest.raises(BadSettings, match="is a saved atlas, and outputs hold an atlas of their own"):
        require_outputs_place(out / "atlas")
