from __future__ import annotations

import gzip
import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from songatlas.errors import BadSettings
from songatlas.starmap import (
    CHUNK,
    MapFrame,
    map_frame,
    name_chunk,
    name_chunks,
    pack_labels,
    pack_order,
    pack_places,
    pack_values,
)

PLACES = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 60), st.just(2)),
    elements=st.floats(-1e4, 1e4, width=32, allow_subnormal=False),
)


def even_bits(code: int) -> int:
    return sum(((code >> (2 * bit)) & 1) << bit for bit in range(16))


def unpacked_places(packed: bytes, frame: MapFrame) -> np.ndarray:
    """What the browser makes of the packed places, written anew from the description of the format."""
    planes = gzip.decompress(packed)
    n = len(planes) // 4
    places, code = [], 0
    for at in range(n):
        code += int.from_bytes(bytes(planes[plane * n + at] for plane in range(4)), "big")
        places.append((even_bits(code), even_bits(code >> 1)))
    left, bottom, right, top = frame.bounds
    shares = np.array(places, dtype=float).reshape(-1, 2) / 65535
    return np.array([left, bottom]) + shares * np.array([right - left, top - bottom])


@given(PLACES)
def test_places_come_back_within_half_a_step(positions: np.ndarray) -> None:
    order, frame = pack_order(positions), map_frame(positions)
    assert sorted(order) == list(range(len(positions)))
    back = unpacked_places(pack_places(positions, order), frame)
    left, bottom, right, top = frame.bounds
    half_a_step = np.array([right - left, top - bottom]) / 65535 * 0.5001 + 1e-9
    assert (np.abs(back - positions[order]) <= half_a_step).all()


def test_songs_of_one_place_keep_the_order_of_their_rows() -> None:
    positions = np.array([[1.0, 1.0], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    assert pack_order(positions).tolist() == [1, 3, 0, 2]


def test_one_song_and_no_song_have_a_map() -> None:
    frame = map_frame(np.array([[3.0, -2.0]]))
    left, bottom, right, top = frame.bounds
    assert left < 3.0 < right
    assert bottom < -2.0 < top
    assert frame.home[0] < left
    assert frame.home[3] > top
    nothing = np.empty((0, 2))
    assert gzip.decompress(pack_places(nothing, pack_order(nothing))) == b""
    assert map_frame(nothing).bounds == (0.0, 0.0, 1.0, 1.0)


def test_the_first_view_leaves_out_a_few_songs_far_off() -> None:
    rng = np.random.default_rng(0)
    positions = np.vstack([rng.normal(size=(5000, 2)), [[400.0, 0.0]]])
    frame = map_frame(positions)
    assert frame.bounds[2] == pytest.approx(400.0)
    assert frame.home[2] < 10
    near = map_frame(positions[:-1])
    assert near.home[0] < near.bounds[0]
    assert near.home[3] > near.bounds[3]


@pytest.mark.parametrize(("largest", "size"), [(254, 1), (255, 2), (600, 2)])
def test_labels_come_back(largest: int, size: int) -> None:
    labels = np.array([0, largest, -1, 7])
    order = np.array([2, 0, 3, 1])
    raw = gzip.decompress(pack_labels(labels, order))
    assert len(raw) == 4 * size
    numbers = np.frombuffer(raw, dtype="<u2" if size == 2 else "u1")
    assert numbers.tolist() == [65535 if size == 2 else 255, 0, 7, largest]


def test_too_many_clusters_are_refused() -> None:
    with pytest.raises(BadSettings, match="at most 65,535"):
        pack_labels(np.array([70_000]), np.array([0]))


def test_values_run_from_low_to_high() -> None:
    values = np.array([60.0, 120.0, 180.0, 500.0, np.nan, -5.0])
    raw = gzip.decompress(pack_values(values, np.arange(6), low=60, high=180))
    assert np.frombuffer(raw, dtype="<u2").tolist() == [0, 32_767, 65_534, 65_534, 65_535, 0]
    assert gzip.decompress(pack_values(values[:1], np.arange(1), low=60, high=60)) == bytes(2)
    with pytest.raises(BadSettings, match="the lower end first"):
        pack_values(values, np.arange(6), low=2, high=1)


def test_names_come_by_chunks_in_packed_order() -> None:
    n = CHUNK + 10
    songs = pl.DataFrame(
        {
            "title": [f"<b>{row}</b>" for row in range(n - 1)] + ["x" * 500],
            "artist": [None, *(f"Søn {row}" for row in range(1, n))],
        }
    )
    order = np.arange(n)[::-1].copy()
    first, last = (json.loads(gzip.decompress(chunk)) for chunk in name_chunks(songs, order))
    assert (len(first), len(last)) == (CHUNK, 10)
    assert first[0] == ["x" * 120, f"Søn {n - 1}"]
    assert last[-1] == ["<b>0</b>", ""]
    assert json.loads(gzip.decompress(name_chunk(songs, order, 1))) == last
    with pytest.raises(BadSettings, match="there are 2"):
        name_chunk(songs, order, 2)


def test_songs_without_names_have_empty_ones() -> None:
    songs = pl.DataFrame({"song_id": ["a", "b"]})
    assert json.loads(gzip.decompress(name_chunk(songs, np.arange(2), 0))) == [["", ""], ["", ""]]


def test_the_same_songs_give_the_same_bytes() -> None:
    positions = np.random.default_rng(3).normal(size=(500, 2))
    order = pack_order(positions)
    assert pack_places(positions, order) == pack_places(positions.copy(), order)


def test_a_hundred_thousand_songs_are_small() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 12, 100_000)
    positions = rng.normal(size=(100_000, 2)) + labels[:, None]
    order = pack_order(positions)
    assert len(pack_places(positions, order)) + len(pack_labels(labels, order)) < 300_000


@pytest.mark.parametrize("positions", [np.zeros(4), np.zeros((4, 3))])
def test_places_of_another_shape_are_refused(positions: np.ndarray) -> None:
    with pytest.raises(BadSettings, match=r"takes \(n, 2\)"):
        pack_order(positions)


def test_places_that_are_not_finite_are_refused() -> None:
    with pytest.raises(BadSettings, match="1 songs have no finite place"):
        map_frame(np.array([[0.0, np.nan], [1.0, 1.0]]))
