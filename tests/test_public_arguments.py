"""What people call from Python refuses values of another kind in words, not deep inside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import songatlas
from songatlas.atlas.playlist import make_playlist
from songatlas.atlas.recommending import recommend
from songatlas.demo import simulate_catalogue
from songatlas.errors import BadSettings
from songatlas.songs.finding import named_song

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def songs() -> pl.DataFrame:
    return simulate_catalogue(120, seed=4)


@pytest.fixture(scope="module")
def atlas(songs: pl.DataFrame) -> songatlas.Atlas:
    return songatlas.build_atlas(songs, k=3)


@pytest.mark.parametrize("settings", [{"k": 3}, 3, "k=3", [], {}])
def test_settings_that_are_none_are_refused(songs: pl.DataFrame, tmp_path: Path, settings: object) -> None:
    builds: tuple[Call, ...] = (
        songatlas.build_atlas,
        songatlas.tune,
        lambda source, given: songatlas.build_large_atlas(tmp_path / "s.csv", tmp_path / "at", given),
    )
    for build in builds:
        with pytest.raises(BadSettings, match=r"settings is .*: give AtlasSettings\(k=8\)"):
            build(songs, settings)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"columns": ["energy"]},
            r"columns is \['energy'\]: it must be a mapping, such as {'energy': 'nrgy'}",
        ),
        ({"columns": None}, "columns is None: it must be a mapping"),
        ({"columns": {1: "energy"}}, "columns is {1: 'energy'}"),
        ({"columns": {"energy": None}}, "columns is {'energy': None}"),
        ({"units": "s"}, "units is 's': it must be a mapping, such as {'duration_ms': 's'}"),
        ({"units": {"duration_ms": 1.5}}, "units is"),
        ({"header": [1, "energy"]}, r"header is \[1, 'energy'\]: it must be a list of texts"),
        ({"header": 3}, "header is 3"),
        ({"genre": ["pop"]}, r"genre is \['pop'\]: it must be the header of one column"),
    ],
)
def test_what_a_reader_is_told_is_checked(
    songs: pl.DataFrame, atlas: songatlas.Atlas, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadSettings, match=words):
        songatlas.read_songs(songs, **given)
    if "genre" not in given and None not in given.values():
        with pytest.raises(BadSettings, match=words):
            atlas.assign(songs, **given)


@pytest.mark.parametrize("name", ["keep", "features"])
def test_only_the_header_may_be_none(name: str) -> None:
    with pytest.raises(BadSettings, match=f"{name} is None: it must be a list of names"):
        songatlas.AtlasSettings(**{name: None})


@pytest.mark.parametrize("listed", [5, [5], "Pocket", b"Pocket", [["Pocket"]], [None]])
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (recommend, "like"),
        (recommend, "unlike"),
        (recommend, "filters"),
        (make_playlist, "like"),
        (make_playlist, "unlike"),
        (make_playlist, "among"),
        (make_playlist, "filters"),
        (make_playlist, "path"),
    ],
)
def test_lists_of_texts_are_nothing_else(
    atlas: songatlas.Atlas, call: Call, name: str, listed: object
) -> None:
    given = (
        {"like": atlas.songs["song_id"][:1].to_list()} | {name: listed}
        if call is recommend
        else {name: listed}
    )
    with pytest.raises(BadSettings, match=f"^{name} is .*: it must be a list of texts, such as"):
        call(atlas, **given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"subcluster": 0.5}, "subcluster is 0.5: it must be a whole number"),
        ({"subcluster": True}, "subcluster is True"),
        ({"subcluster": "0"}, "subcluster is '0'"),
        ({"cluster": 0.5}, "cluster is 0.5"),
        ({"cluster": ["a"]}, "cluster is"),
        ({"cluster": 0, "artist_gap": 1.5}, "artist_gap is 1.5"),
        ({"cluster": 0, "per_artist": "3"}, "per_artist is '3'"),
        ({"cluster": 0, "n_songs": float("nan")}, "n_songs is nan"),
        ({"cluster": 0, "minutes": "60"}, "minutes is '60': it must be a number"),
        ({"cluster": 0, "seed": -1}, "seed is -1: it must be a whole number from 0"),
        ({"cluster": 0, "order": ["smooth"]}, "order is"),
        ({"cluster": 0, "key_strictness": 1}, "key_strictness is 1"),
        ({"cluster": 0, "name": 5}, "name is 5"),
        ({"path": ["a"]}, "it must be two songs, the first and the last"),
        ({"extend": 5}, "extend is 5: it must be a path, as text or Path"),
    ],
)
def test_playlists_are_asked_for_in_numbers_and_texts(
    atlas: songatlas.Atlas, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadSettings, match=words):
        make_playlist(atlas, **given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n": "20"}, "n is '20': it must be a whole number"),
        ({"n": 1.5}, "n is 1.5"),
        ({"per_artist": 1.5}, "per_artist is 1.5"),
        ({"seed": 0.5}, "seed is 0.5"),
        ({"diversity": "much"}, "diversity is 'much': it must be a number"),
        ({"weights": ["sound"]}, r"weights is \['sound'\]: it must be a mapping"),
        ({"weights": None}, "weights is None"),
        ({"weights": {"sound": "2"}}, "the weight of 'sound' is '2'"),
        ({"weights": {1: 2.0}}, "a block of taste is 1"),
    ],
)
def test_recommendations_are_asked_for_in_numbers(
    atlas: songatlas.Atlas, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadSettings, match=words):
        recommend(atlas, like=atlas.songs["song_id"][:1].to_list(), **given)


@pytest.mark.parametrize("place", [5, None, b"at", ["at"]])
def test_places_are_paths(atlas: songatlas.Atlas, place: Any) -> None:
    calls: tuple[Call, ...] = (
        songatlas.Atlas.load,
        songatlas.verify,
        atlas.save,
        songatlas.scan_folder,
        lambda path: songatlas.compare(path, atlas),
        lambda path: songatlas.build_atlas(atlas.songs, like=path or 0),
        lambda path: songatlas.write_outputs(atlas, path),
        lambda path: songatlas.build_large_atlas("songs.csv", path),
        lambda path: songatlas.build_large_atlas(path, "at"),
    )
    for call in calls:
        with pytest.raises(BadSettings, match="it must be a path, as text or Path"):
            call(place)
    with pytest.raises(BadSettings, match="song is"):
        atlas.why(place)


def test_numbers_and_lists_of_other_libraries_are_taken(atlas: songatlas.Atlas) -> None:
    first = atlas.songs["song_id"][:2]
    found = recommend(atlas, like=first, n=np.int64(3), diversity=np.float32(0.5), unlike=None)
    assert found.songs.height == 3
    assert found.liked["song"].to_list() == [named_song(atlas.songs, row) for row in (0, 1)]
    made = make_playlist(atlas, among=np.array(first.to_list()), n_songs=np.int64(2))
    assert set(made.songs["song_id"]) == set(first)
    part = make_playlist(atlas, subcluster=np.int32(0), n_songs=2)
    assert part.songs.height == 2
