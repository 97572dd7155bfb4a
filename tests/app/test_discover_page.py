"""The page *Discover*: every control, and what it makes of songs that are liked."""

from __future__ import annotations

from io import BytesIO
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from songatlas.app.pages import discover
from songatlas.app.songs.liked_songs import MOST_IN_ADDRESS
from songatlas.app.visit.state import address
from songatlas.atlas import Atlas
from songatlas.atlas.extending import track_of_row
from songatlas.playlists import Track, TrackList, playlist_text


@pytest.fixture(scope="module")
def atlas(demo_folder: Any) -> Atlas:
    return Atlas.load(demo_folder)


@pytest.fixture
def ids(atlas: Atlas) -> list[str]:
    return [str(song_id) for song_id in atlas.songs["song_id"].head(40)]


def _found(test: AppTest) -> pl.DataFrame:
    found: pl.DataFrame = test.session_state[discover._RESULT][1].songs
    return found


def _pressed(test: AppTest, label: str) -> AppTest:
    button = next(each for each in test.button if each.label == label)
    return button.click().run()


def test_what_to_do_first(app: Any) -> None:
    test = app("discover")
    assert any("No song is liked yet" in each.value for each in test.markdown)
    examples = [each for each in test.button if str(each.key).startswith("example:")]
    assert len(examples) == 3
    examples[0].click().run()
    assert test.session_state["kept:liked"] == [examples[0].key.removeprefix("example:")]
    assert _found(test).height == 20
    assert any(each.label == "Make a playlist of these" for each in test.button)


def test_likes_come_by_the_address_and_by_search(app: Any, atlas: Atlas, ids: list[str]) -> None:
    test = app("discover", liked=ids[3])
    assert test.session_state["kept:liked"] == [ids[3]]
    test.text_input(key="kept:find.like").set_value(atlas.songs["title"][7]).run()
    button = next(each for each in test.button if each.key == "find.like:7")
    assert button.label.startswith("Like: ")
    button.click().run()
    assert test.session_state["kept:liked"] == [ids[3], ids[7]]
    assert test.text_input(key="kept:find.like").value == ""
    test.text_input(key="kept:find.like").set_value("xyzzy nothing").run()
    assert any("No song is called" in each.value for each in test.caption)
    _pressed(test, "Take all out")
    assert test.session_state["kept:liked"] == []


def test_disliked_songs_are_kept_away_from(app: Any, atlas: Atlas, ids: list[str]) -> None:
    test = app("discover", liked=ids[3])
    first = _found(test)["song_id"][0]
    row = int(_found(test)["row"][0])
    test.text_input(key="kept:find.dislike").set_value(atlas.songs["title"][row]).run()
    next(each for each in test.button if each.key == f"find.dislike:{row}").click().run()
    assert test.session_state["kept:disliked"] == [first]
    assert first not in _found(test)["song_id"].to_list()


def test_what_is_looked_for(app: Any, atlas: Atlas, ids: list[str]) -> None:
    test = app("discover", liked=ids[3])
    usual = _found(test)
    test.slider(key="kept:n").set_value(30).run()
    assert _found(test).height == 30
    test.slider(key="kept:variety").set_value(0.8).run()
    varied = _found(test)
    assert varied["song_id"].to_list()[:20] != usual["song_id"].to_list()
    test.slider(key="kept:variety").set_value(0.0).run()
    test.toggle(key="kept:new").set_value(True).run()
    own = set(atlas.songs["artists"][3])
    assert all(own.isdisjoint(artists) for artists in _found(test)["artists"])
    test.slider(key="kept:surprise").set_value(1.0).run()
    drawn = _found(test)["song_id"].to_list()
    _pressed(test, "Other songs")
    assert _found(test)["song_id"].to_list() != drawn


def test_what_counts(app: Any, ids: list[str]) -> None:
    test = app("discover", liked=ids[3])
    test.number_input(key="kept:discover.most").set_value(1).run()
    artists = [artists[0] for artists in _found(test)["artists"]]
    assert len(set(artists)) == len(artists)
    test.number_input(key="kept:discover.most").set_value(0).run()
    before = _found(test)["song_id"].to_list()
    for block in ("artist", "album", "tags", "popularity", "era"):
        test.slider(key=f"kept:discover.weight.{block}").set_value(0.0)
    test.run()
    assert test.session_state[discover._RESULT][1].blocks == ("sound",)
    assert _found(test)["song_id"].to_list() != before
    test.slider(key="kept:discover.hubs").set_value(0.0).run()
    assert not test.exception


def test_only_some_songs(app: Any, atlas: Atlas, ids: list[str]) -> None:
    test = app("discover", liked=ids[3])
    test.slider(key="kept:discover.only.years").set_value((2000, 2009)).run()
    assert _found(test)["year"].is_between(2000, 2009).all()
    test.slider(key="kept:discover.only.tempo").set_value((100, 140)).run()
    assert _found(test)["tempo_bpm"].is_between(100, 140).all()
    _pressed(test, "Clear the filters")
    test.multiselect(key="kept:discover.only.sound").set_value(["energy"]).run()
    test.slider(key="kept:discover.only.sound.energy").set_value((80, 100)).run()
    assert _found(test)["energy"].min() >= atlas.songs["energy"].quantile(0.79)
    _pressed(test, "Clear the filters")
    test.multiselect(key="kept:discover.only.clusters").set_value(["1"]).run()
    assert set(_found(test)["cluster"]) == {atlas.cluster_names()[1]}
    genre = atlas.songs["genre"].drop_nulls()[0]
    test.multiselect(key="kept:discover.only.clusters").set_value([])
    test.multiselect(key="kept:discover.only.genres").set_value([genre]).run()
    assert set(atlas.songs["genre"].gather(_found(test)["row"])) == {genre}
    test.segmented_control(key="kept:discover.only.explicit").set_value("no").run()
    assert not atlas.songs["explicit"].gather(_found(test)["row"]).any()


def test_filters_in_words_and_errors_beside_them(app: Any, atlas: Atlas, ids: list[str]) -> None:
    test = app("discover", liked=ids[3])
    artist = atlas.songs["artists"][20][0]
    test.text_input(key="kept:discover.only.artist").set_value(artist).run()
    assert all(artist in artists for artists in _found(test)["artists"])
    test.text_input(key="kept:discover.only.artist").set_value("nobody at all xyz").run()
    assert "loosen a filter" in test.error[0].value
    _pressed(test, "Clear the filters")
    test.text_area(key="kept:discover.only.more").set_value("year=1990s\nkey=8A").run()
    assert not test.error
    heard = atlas.songs.select("year", "key", "mode")[_found(test)["row"].to_list()]
    assert heard.height
    assert heard["year"].is_between(1990, 1999).all()
    assert (set(heard["key"]), set(heard["mode"])) == ({9}, {0})  # A minor
    test.text_area(key="kept:discover.only.more").set_value("<b>nonsense</b>").run()
    assert "<b>" not in test.error[0].value.replace("\\<b\\>", "")


def test_choices_survive_page_changes(app: Any, ids: list[str]) -> None:
    test = app("discover", liked=ids[3])
    test.slider(key="kept:n").set_value(10).run()
    test.slider(key="kept:discover.only.years").set_value((2000, 2009)).run()
    app.go_to(test, "artists")
    app.go_to(test, "discover")
    assert test.slider(key="kept:n").value == 10
    assert test.slider(key="kept:discover.only.years").value == (2000, 2009)
    assert _found(test)["year"].is_between(2000, 2009).all()


def test_few_likes_stand_in_the_address_and_many_do_not(
    app: Any, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    test = app("discover", liked=ids[3])
    assert "liked" in test.session_state["in_address"]
    test.session_state["kept:liked"] = ids[: MOST_IN_ADDRESS + 1]
    test.run()
    assert "liked" not in test.session_state["in_address"]
    monkeypatch.setattr(st, "session_state", test.session_state)
    assert "liked" not in address()


def test_playlist_files_are_liked(
    app: Any, atlas: Atlas, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tracks = (track_of_row(atlas.songs, 5), Track(title="Not <b>here</b>"), track_of_row(atlas.songs, 6))
    text = playlist_text(TrackList(name="Mine", tracks=tracks), "xspf")
    file = SimpleNamespace(name="mine.xspf", getvalue=BytesIO(text.encode()).getvalue)
    bad = SimpleNamespace(name="bad.m3u8", getvalue=lambda: b"\0\1\2")
    state: dict[str, Any] = {"files": [file, bad], "kept:disliked": [ids[5]]}
    monkeypatch.setattr(st, "session_state", state)
    discover.on_upload(atlas, "files")
    assert state["kept:liked"] == [ids[5], ids[6]]
    assert state["kept:disliked"] == []
    assert state[discover._NOTES][:2] == (
        "mine.xspf: 2 songs added.",
        "mine.xspf: 1 song is not in this library: Not <b>here</b>.",
    )
    assert "bad.m3u8" in state[discover._NOTES][-1]
    discover.on_upload(atlas, "files", are_liked=False)
    assert (state["kept:liked"], state["kept:disliked"]) == ([], [ids[5], ids[6]])


def test_buttons_of_a_song(monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, Any] = {"kept:liked": ["a"], "kept:disliked": ["b"]}
    monkeypatch.setattr(st, "session_state", state)
    discover.on_action("like", "b")
    assert (state["kept:liked"], state["kept:disliked"]) == (["a", "b"], [])
    discover.on_action("dislike", "a")
    assert (state["kept:liked"], state["kept:disliked"]) == (["b"], ["a"])
    discover.on_action("forget", "a")
    assert state["kept:disliked"] == []
    discover.on_action("map", "b")
    assert (state["kept:song"], state["discover_goes"]) == ("b", "atlas")


def test_what_was_found_as_a_table(app: Any, ids: list[str]) -> None:
    test = app("discover", liked=ids[3])
    found = test.session_state[discover._RESULT][1]
    table = pl.read_csv(BytesIO(discover.found_csv(found).encode()))
    assert table["song_id"].to_list() == found.songs["song_id"].to_list()
    assert {"rank", "title", "artists", "reason", "because_of"} <= set(table.columns)
    assert discover.name_of(found) == f"Songs like {found.liked['song'][0]}"


def test_a_playlist_of_what_was_found(app: Any, ids: list[str]) -> None:
    test = app("discover", liked=ids[3])
    songs = set(_found(test)["song_id"])
    test.session_state["kept:lasso_songs"] = list(_found(test)["song_id"])
    test.session_state["kept:playlist_title"] = "Mine"
    app.go_to(test, "playlist")
    draft = test.session_state["draft"]
    assert (set(draft.keys), draft.name) == (songs, "Mine")
    assert test.session_state["kept:lasso_songs"] == []


def test_a_song_of_another_catalogue_is_passed_over(app: Any, ids: list[str]) -> None:
    test = app("discover", liked="nobody has this")
    assert any("No song is liked yet" in each.value for each in test.markdown)
