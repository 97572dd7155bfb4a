"""A saved atlas opens only when it is whole and untouched."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from songatlas.atlas import Atlas, build_demo
from songatlas.atlas.saved import _fingerprint
from songatlas.errors import BadAtlas, BadSettings, MissingColumns


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return build_demo(300, k=3, k_max=4)


@pytest.fixture
def saved(atlas: Atlas, tmp_path: Path) -> Path:
    atlas.save(tmp_path / "atlas")
    return tmp_path / "atlas"


def test_the_demo_says_that_it_is_simulated(atlas: Atlas) -> None:
    assert "simulated" in atlas.source.name
    assert any("simulated" in note for note in atlas.source.notes)


def test_two_saves_are_equal_to_the_byte(atlas: Atlas, saved: Path, tmp_path: Path) -> None:
    atlas.save(tmp_path / "again")
    for path in saved.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_saving_over_an_old_atlas_leaves_only_the_new_one(atlas: Atlas, saved: Path) -> None:
    atlas.save(saved)
    assert Atlas.load(saved).cluster_names() == atlas.cluster_names()
    assert [path.name for path in saved.parent.iterdir()] == ["atlas"]


@pytest.mark.parametrize(
    "name", ["atlas.json", "centroids.npy", "songs.parquet", "silhouette_sample.parquet"]
)
def test_a_changed_or_missing_part_is_refused(saved: Path, name: str) -> None:
    whole = (saved / name).read_bytes()
    (saved / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(BadAtlas, match=name):
        Atlas.load(saved)
    (saved / name).unlink()
    with pytest.raises(BadAtlas, match=name):
        Atlas.load(saved)


def rewrite_manifest(saved: Path, change: dict[str, object], *, signed: bool) -> None:
    manifest = json.loads((saved / "manifest.json").read_text(encoding="utf-8")) | change
    if signed:
        manifest["sha256"] = _fingerprint(manifest)
    (saved / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [({"format": "other"}, "not the manifest"), ({"format_version": 99}, "format version 99")],
)
def test_a_foreign_manifest_is_refused(saved: Path, change: dict[str, object], words: str) -> None:
    rewrite_manifest(saved, change, signed=True)
    with pytest.raises(BadAtlas, match=words):
        Atlas.load(saved)


def test_a_changed_manifest_is_refused(saved: Path) -> None:
    rewrite_manifest(saved, {"settings": {"seed": 99}}, signed=False)
    with pytest.raises(BadAtlas, match="changed or damaged"):
        Atlas.load(saved)


def test_a_broken_manifest_is_refused(saved: Path) -> None:
    (saved / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(BadAtlas, match="cannot be read"):
        Atlas.load(saved)


def test_a_folder_without_an_atlas_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadAtlas, match="no atlas in it"):
        Atlas.load(tmp_path)
    with pytest.raises(BadAtlas, match="no such folder"):
        Atlas.load(tmp_path / "none")


def test_a_file_in_the_way_is_named(atlas: Atlas, tmp_path: Path) -> None:
    (tmp_path / "atlas").write_text("mine", encoding="utf-8")
    with pytest.raises(BadSettings, match="is a file"):
        atlas.save(tmp_path / "atlas")
    assert (tmp_path / "atlas").read_text(encoding="utf-8") == "mine"


def test_assign_places_the_atlas_songs_where_they_are(atlas: Atlas, saved: Path) -> None:
    assert atlas.rows is not None
    again = Atlas.load(saved).assign(atlas.rows.table.raw)
    assert np.array_equal(again.cluster, atlas.rows.cluster)
    assert np.array_equal(again.distance, atlas.rows.distance, equal_nan=True)
    assert again.reasons.equals(atlas.rows.reasons)


def test_assign_names_the_columns_that_are_missing(atlas: Atlas) -> None:
    assert atlas.rows is not None
    with pytest.raises(MissingColumns, match="no column for valence"):
        atlas.assign(atlas.rows.table.raw.drop("valence"))
