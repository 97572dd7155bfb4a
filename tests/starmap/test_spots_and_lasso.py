from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from songatlas.starmap import label_spots, songs_inside

CORNERS = st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=3, max_size=12)


def is_inside(x: float, y: float, corners: list[tuple[float, float]]) -> bool:
    inside = False
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
            inside = not inside
    return inside


@given(CORNERS)
def test_songs_inside_are_those_of_the_even_odd_rule(corners: list[tuple[float, float]]) -> None:
    positions = np.random.default_rng(5).uniform(-2, 2, size=(200, 2))
    expected = [row for row, (x, y) in enumerate(positions) if is_inside(x, y, corners)]
    assert songs_inside(positions, corners).tolist() == expected


def test_a_square_holds_what_lies_in_it() -> None:
    positions = np.array([[0.5, 0.5], [1.5, 0.5], [0.2, 0.9], [0.5, -0.1]], dtype=np.float32)
    square = [[0, 0], [1, 0], [1, 1], [0, 1]]
    assert songs_inside(positions, square).tolist() == [0, 2]
    assert songs_inside(positions, square).dtype == np.int64


@pytest.mark.parametrize("polygon", [[], [[0, 0]], [[0, 0], [1, 1]]])
def test_less_than_a_triangle_holds_nothing(polygon: list[list[float]]) -> None:
    assert songs_inside(np.zeros((3, 2)), polygon).tolist() == []


def test_spots_lie_where_a_cluster_is_dense() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 3], 400)
    centres = np.array([[0.0, 0.0], [5.0, 5.0], [9.0, 9.0], [-5.0, 4.0]])
    positions = centres[labels] + rng.normal(0, 0.3, size=(1200, 2))
    spots = label_spots(positions, labels, k=4)
    assert spots.dtype == np.float32
    assert np.abs(spots[[0, 1, 3]] - centres[[0, 1, 3]]).max() < 0.5
    assert np.isnan(spots[2]).all()


def test_a_spot_avoids_where_another_cluster_leads() -> None:
    rng = np.random.default_rng(0)
    wide = rng.uniform(-4, 4, size=(3000, 2))
    tight = rng.normal(0, 0.3, size=(3000, 2))
    spots = label_spots(np.vstack([wide, tight]), np.repeat([0, 1], 3000), k=2)
    assert np.hypot(*spots[0]) > 1
    assert np.hypot(*spots[1]) < 0.5


def test_songs_in_no_cluster_and_one_single_place() -> None:
    assert np.isnan(label_spots(np.zeros((2, 2)), np.array([-1, -1]), k=1)).all()
    assert label_spots(np.full((3, 2), 7.0), np.zeros(3, dtype=int), k=1)[0] == pytest.approx(
        [7.0, 7.0], abs=1
    )
