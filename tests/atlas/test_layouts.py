"""Maps of an atlas say what they are."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from songatlas.atlas import Atlas, build_demo
from songatlas.atlas.layouts import neighbour_map, pca_map
from songatlas.atlas.views import view_of
from songatlas.errors import SongAtlasError


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return build_demo(300, k=3, k_max=4)


def test_the_usual_map_is_that_of_the_build(atlas: Atlas) -> None:
    found = pca_map(atlas)
    assert found.kind == "pca"
    assert found.positions is atlas.positions
    assert found.axis_words == atlas.layout.axis_words
    assert f"{sum(atlas.layout.explained):.0%}" in found.note


def test_the_map_of_neighbours_is_made_once(atlas: Atlas) -> None:
    pytest.importorskip("pacmap", exc_type=ImportError)
    found = neighbour_map(atlas)
    assert found.kind == "neighbours"
    assert found.positions.shape == (atlas.songs.height, 2)
    assert not np.array_equal(found.positions, atlas.positions)
    assert "close together" in found.note
    assert neighbour_map(atlas) is found
    assert neighbour_map(atlas.with_names(["A", "B", "C"])) is found
    assert neighbour_map(view_of(atlas, k=4).atlas) is found


def test_few_songs_keep_the_usual_map() -> None:
    few = build_demo(29, k=2, k_max=2)
    found = neighbour_map(few)
    assert found.kind == "pca"
    assert found.positions is few.positions
    assert "too few" in found.note


def test_a_missing_extra_is_told_each_time(atlas: Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pacmap", None)
    other = view_of(atlas, weights={"era": 0.9}).atlas
    for _ in range(2):
        with pytest.raises(SongAtlasError, match="PaCMAP, which is not installed"):
            neighbour_map(other)
