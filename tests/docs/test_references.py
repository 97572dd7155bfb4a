"""The generated references say what a real build writes, and are fresh."""

from __future__ import annotations

import csv
import json
from dataclasses import fields
from pathlib import Path

import pytest

import docs_outputs
import docs_pages
import generate_docs
from songatlas import AtlasSettings, write_outputs
from songatlas.atlas import build_demo
from songatlas.atlas.rows import TOLD, column_names
from songatlas.atlas.saved import BELIEFS
from songatlas.features import FEATURES
from songatlas.roles import ROLES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a build, with a genre pull so that every part is there, like an older one."""
    place = tmp_path_factory.mktemp("references") / "atlas"
    old = build_demo(240, k=3, k_max=4)
    built = build_demo(260, k=3, k_max=4, genre_pull=0.5, weights={"era": 0.4}, like=old)
    write_outputs(built, place, figures=False)
    return place


def test_every_page_is_fresh() -> None:
    assert not generate_docs.stale_pages(), "run make docs"
    assert not generate_docs.tour_is_stale(), "run make docs"


def test_every_file_of_a_build_is_told(folder: Path) -> None:
    told = {name.rstrip("/") for name in docs_outputs.FILES}
    assert {entry.name for entry in folder.iterdir()} <= told
    assert {entry.name for entry in (folder / "atlas").iterdir()} == set(docs_outputs.ATLAS_PARTS)
    assert BELIEFS in docs_outputs.ATLAS_PARTS


def test_every_column_of_the_tables_is_told(folder: Path) -> None:
    assert list(docs_outputs.ROW_COLUMNS) == list(TOLD) == list(column_names(predicted=True))
    with (folder / "clusters.csv").open(encoding="utf-8") as file:
        header = next(csv.reader(file))
    told = {*docs_outputs.CLUSTER_COLUMNS, *FEATURES, *(f"n_{role}" for role in ROLES)}
    assert set(header) <= told
    assert set(docs_outputs.CLUSTER_COLUMNS) - set(header) == {"n_sample", "heard"}


def test_every_key_of_the_record_is_told_and_every_told_key_is_there(folder: Path) -> None:
    record = json.loads((folder / "quality.json").read_text(encoding="utf-8"))
    paths = list(docs_outputs.paths_in(record))
    assert [path for path in paths if docs_outputs.described(path) is None] == []
    seen = {docs_outputs.described(path) for path in paths}
    missing = [path for path in docs_outputs.QUALITY if path not in seen]
    assert [path for path in missing if not path.startswith(docs_outputs.ONLY_SOMETIMES)] == []


def test_a_key_that_nobody_described_is_noticed() -> None:
    assert docs_outputs.described("excluded.too_short") == "excluded.{reason}"
    assert docs_outputs.described("settings.weights.era") == "settings.{setting}"
    assert docs_outputs.described("lint[]") == "lint[].check"
    assert docs_outputs.described("no_such_key") is None
    assert docs_outputs.described("verdict.mood") is None


def test_settings_have_their_option_default_and_meaning() -> None:
    lines = docs_pages.settings_page().splitlines()
    rows = {line.split("`")[1]: line for line in lines if line.startswith("| `")}
    assert list(rows) == [field.name for field in fields(AtlasSettings)]
    assert "`--genre-pull`" in rows["genre_pull"]
    assert "`--column`" in rows["columns"]
    assert "| `20` |" in rows["k_max"]
    assert "| none |" in rows["weights"]


def test_the_library_page_tells_every_public_name() -> None:
    import songatlas

    page = docs_pages.library_page()
    for name in songatlas.__all__:
        if not name.startswith("_"):
            assert f"\n## {name}\n" in page
    assert "recommend(\n    atlas,\n    *,\n    like," in page
    assert "| `k_min`, `k_max` | int |" in page
