from __future__ import annotations

import gzip
import json

import numpy as np
import polars as pl
import pytest

from songatlas.app.map import picking
from songatlas.app.map.map_colours import CLUSTER, colour_choices, colours_of
from songatlas.app.map.map_table import cluster_places
from songatlas.app.map.picking import cluster_alone, on_show_cluster
from songatlas.app.map.song_map import PlacedSongs, corners_of, map_told, placed_songs, row_at
from songatlas.app.server import parts
from songatlas.app.visit.opening import Catalogue
from songatlas.atlas import Atlas, build_demo
from songatlas.atlas.layouts import pca_map
from songatlas.atlas.views import ks_of, view_of


@pytest.fixture(scope="module")
def atlas(demo_of_four: Atlas) -> Atlas:
    return demo_of_four


@pytest.fixture(scope="module")
def opened(atlas: Atlas) -> Catalogue:
    return Catalogue(atlas=atlas, key="map-test", title="Test")


@pytest.fixture(scope="module")
def placed(opened: Catalogue, atlas: Atlas) -> PlacedSongs:
    return placed_songs(opened, "sound", pca_map(atlas))


def fetched(address: str, part: int = 0) -> bytes:
    """What the browser gets from an address."""
    return gzip.decompress(parts.bytes_of(address.split("/")[2], part))


def told_of(opened: Catalogue, placed: PlacedSongs, colour: str = CLUSTER, k: int | None = None) -> dict:
    view = view_of(opened.atlas, k=k)
    return map_told(opened, placed, view, names=view.names, colour=colour)


def test_the_message_holds_addresses_and_no_songs(opened: Catalogue, placed: PlacedSongs) -> None:
    told = told_of(opened, placed)
    assert len(json.dumps(told)) < 4_000
    assert told["n"] == opened.atlas.songs.height
    assert set(told["places"]) == set(told["labels"]) == {"src"}
    assert [group["name"] for group in told["clusters"]] == list(opened.atlas.cluster_names())


def test_the_browser_fetches_the_clusters_in_the_order_of_the_map(
    opened: Catalogue, placed: PlacedSongs
) -> None:
    labels = np.frombuffer(fetched(told_of(opened, placed)["labels"]["src"]), dtype=np.uint8)
    np.testing.assert_array_equal(labels, opened.atlas.clustering.labels[placed.order])


def test_another_k_has_other_labels_at_another_address_and_the_same_places(
    opened: Catalogue, placed: PlacedSongs
) -> None:
    before, after = told_of(opened, placed), told_of(opened, placed, k=7)
    assert after["places"] == before["places"]
    assert after["names"] == before["names"]
    assert after["labels"] != before["labels"]
    labels = np.frombuffer(fetched(after["labels"]["src"]), dtype=np.uint8)
    assert set(labels) == set(range(7))
    assert told_of(opened, placed)["labels"] == before["labels"]


def test_names_are_fetched_in_chunks_and_beyond_the_last_there_is_nothing(
    opened: Catalogue, placed: PlacedSongs
) -> None:
    source = told_of(opened, placed)["names"]["src"]
    assert source.endswith("/{chunk}")
    names = json.loads(fetched(source))
    songs = opened.atlas.songs
    assert [name[0] for name in names] == songs["title"].gather(placed.order).to_list()
    with pytest.raises(IndexError):
        fetched(source, 1)


def test_a_place_of_the_map_is_a_song_and_anything_else_is_none(placed: PlacedSongs) -> None:
    assert row_at(placed, 3) == placed.order[3]
    assert placed.place_of[placed.order[3]] == 3
    for nonsense in (None, -1, len(placed.order), "3", float("nan"), [3]):
        assert row_at(placed, nonsense) is None


@pytest.mark.parametrize(
    "polygon",
    [
        None,
        [],
        [[0, 0], [1, 1]],
        [[0, 0], [1, 1], [2, float("inf")]],
        [[0, 0], [1, 1], [2, 10**400]],
        "abc",
        {},
    ],
)
def test_what_is_no_polygon_has_no_corners(polygon: object) -> None:
    assert corners_of(polygon) == []


def test_every_colouring_is_packed_for_every_song(opened: Catalogue, placed: PlacedSongs) -> None:
    choices = colour_choices(opened.atlas)
    assert {"cluster", "genre", "era", "energy", "tempo_bpm", "popularity", "key"} <= set(choices)
    for name in set(choices) - {CLUSTER}:
        told = told_of(opened, placed, colour=name)
        bytes_a_song = 2 if told["colouring"]["kind"] == "ramp" else 1
        assert len(fetched(told["colouring"]["part"]["src"])) == bytes_a_song * told["n"], name


def test_genres_and_decades_count_their_songs(atlas: Atlas) -> None:
    genres = {group.name: group.size for group in colours_of(atlas, "genre").colouring.groups}
    counted = atlas.genre_of_songs["genre"].drop_nulls().value_counts()
    assert genres == dict(counted.iter_rows())
    decades = colours_of(atlas, "era").colouring.groups
    assert [group.name for group in decades] == sorted(group.name for group in decades)
    assert sum(group.size for group in decades) == atlas.songs["year"].count()
    assert len({group.colour for group in decades}) == len(decades)


def test_rare_genres_are_joined_and_unknown_ones_have_no_colour() -> None:
    atlas = build_demo(300, k=3)
    many = [None, *(f"genre {number // 3}" for number in range(1, atlas.songs.height))]
    genres = atlas.genre_of_songs.with_columns(pl.Series("genre", many, dtype=pl.String))
    object.__setattr__(atlas, "genre_of_songs", genres)
    found = colours_of(atlas, "genre")
    assert found.colouring.groups[-1].name == "other genres"
    assert sum(group.size for group in found.colouring.groups) == atlas.songs.height - 1
    packed = np.frombuffer(gzip.decompress(found.pack(np.arange(atlas.songs.height))), dtype=np.uint8)
    assert packed[0] == 255


def test_ramps_are_labelled_in_the_units_of_people(atlas: Atlas) -> None:
    tempo, length = (colours_of(atlas, name).colouring for name in ("tempo_bpm", "duration_ms"))
    assert (tempo.low, tempo.high) == ("slow", "fast")
    assert all(" BPM" in tick for tick in tempo.ticks)
    assert all(" min" in tick for tick in length.ticks)
    assert (tempo.ticks[0].endswith("and less"), tempo.ticks[-1].endswith("and more")) == (True, True)


def test_a_cluster_keeps_its_shape_with_its_colour(opened: Catalogue, placed: PlacedSongs) -> None:
    shapes = {}
    for k in ks_of(opened.atlas):
        for group in told_of(opened, placed, k=k)["clusters"]:
            assert shapes.setdefault(group["colour"], group["shape"]) == group["shape"]
    moved = [k for k in ks_of(opened.atlas) if view_of(opened.atlas, k=k).colours != tuple(range(k))]
    assert moved  # where colours are not simply in the order of the legend, shapes go with them


def test_a_cluster_stays_alone_while_its_choice_and_its_page_are_shown(
    opened: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    session: dict[str, object] = {}
    monkeypatch.setattr(picking.st, "session_state", session)
    here, other = view_of(opened.atlas).choice, view_of(opened.atlas, k=7).choice
    assert cluster_alone(here) is None
    on_show_cluster(2, here)
    session["page_moves"] = 1  # the map is shown next
    assert cluster_alone(here) == cluster_alone(here) == {"group": 2, "n": 1}
    assert cluster_alone(other) is None
    assert cluster_alone(here) is None  # back at the same k the wish is past
    on_show_cluster(2, here)
    assert cluster_alone(here) == {"group": 2, "n": 2}
    session["page_moves"] = 3  # to another page, and back
    assert cluster_alone(here) is None


def test_clusters_lie_where_their_songs_are() -> None:
    positions = np.array([[-2.0, 1.0], [-2.0, 1.0], [2.0, -1.0], [2.0, -1.0], [0.0, 0.0]])
    labels = np.array([0, 0, 1, 1, 2])
    words = (("calm", "loud"), ("old", ""))
    assert cluster_places(positions, labels, 3, words) == [
        "top, left (calm)",
        "bottom (old), right (loud)",
        "the middle",
    ]
