"""The page *Playlist*: every control, the playlist as it is edited, and the file it becomes."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile

import polars as pl
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from songatlas.app.charts.playlist_charts import energy_and_tempo
from songatlas.app.pages import playlist as page
from songatlas.app.playlists.draft import Draft, drafted
from songatlas.app.playlists.playlist_file import cluster_playlists, file_tracks, playlist_file
from songatlas.app.playlists.playlist_steps import (
    Step,
    step_table,
    told_remedy,
    told_steps,
    told_summary,
    usual_distance,
)
from songatlas.app.playlists.playlist_wishes import ORDER_WORDS, SOURCES, STRICTNESS_WORDS
from songatlas.atlas import Atlas
from songatlas.atlas.playlist import make_playlist, playlist_of_rows
from songatlas.errors import BadSettings
from songatlas.playlists import FORMATS, ORDERS, STRICTNESS, Track, TrackList, normal, playlist_of_bytes


@pytest.fixture(scope="module")
def atlas(demo_folder: Any) -> Atlas:
    return Atlas.load(demo_folder)


@pytest.fixture(scope="module")
def ids(atlas: Atlas) -> list[str]:
    return [str(song_id) for song_id in atlas.songs["song_id"].head(40)]


def _pressed(test: AppTest, label: str) -> AppTest:
    return next(each for each in test.button if each.label == label).click().run()


def _draft(test: AppTest) -> Draft:
    found: Draft = test.session_state["draft"]
    return found


def _rows(draft: Draft) -> list[int]:
    return [draft.rows[key] for key in draft.keys]


def test_words_for_everything_there_is() -> None:
    assert set(ORDER_WORDS) == set(ORDERS)
    assert set(STRICTNESS_WORDS) == set(STRICTNESS)
    assert len({row.title for row in FORMATS.values()}) == len(FORMATS)


def test_a_playlist_of_a_cluster_in_two_clicks(app: Any, atlas: Atlas) -> None:
    test = app("playlist")
    assert any("No playlist yet" in each.value for each in test.markdown)
    assert test.selectbox(key="kept:made_of").options == [
        words for name, words in SOURCES.items() if name not in ("chosen", "found")
    ]
    _pressed(test, "Make the playlist")
    made = make_playlist(atlas, cluster="0", minutes=60)
    assert _rows(_draft(test)) == made.rows.tolist()
    assert test.text_input(key="kept:playlist.name").value == atlas.cluster_names()[0]
    first = _draft(test).keys
    _pressed(test, "Another one")
    assert _draft(test).keys != first
    _pressed(test, "↶ Undo")
    assert _draft(test).keys == first


def test_length_and_order(app: Any, atlas: Atlas) -> None:
    test = app("playlist")
    test.segmented_control(key="kept:length_in").set_value("songs").run()
    test.number_input(key="kept:songs").set_value(12)
    test.selectbox(key="kept:order").set_value("energy-up").run()
    test.selectbox(key="kept:playlist.cluster").set_value(2).run()
    _pressed(test, "Make the playlist")
    rows = _rows(_draft(test))
    assert len(rows) == 12
    assert (atlas.clustering.labels[rows] == 2).all()
    test.segmented_control(key="kept:length_in").set_value("minutes").run()
    test.number_input(key="kept:minutes").set_value(30).run()
    test.number_input(key="kept:artist_gap").set_value(0)
    test.number_input(key="kept:playlist.most").set_value(1)
    test.selectbox(key="kept:keys_fit").set_value("strict")
    test.selectbox(key="kept:order").set_value("key").run()
    _pressed(test, "Make the playlist")
    artists = [artists[0] for artists in atlas.songs["artists"].gather(_rows(_draft(test)))]
    assert len(set(artists)) == len(artists)
    assert (_draft(test).key_strictness, _draft(test).order) == ("strict", "key")


def test_liked_songs(app: Any, ids: list[str]) -> None:
    test = app("playlist", made_of="liked")
    _pressed(test, "Make the playlist")
    assert "say what the playlist is made of" in test.error[0].value.lower()
    test.session_state["kept:liked"] = [ids[3], "nobody"]
    test.session_state["kept:disliked"] = [ids[9]]
    test.run()
    _pressed(test, "Make the playlist")
    assert ids[3] not in _draft(test).keys
    assert ids[9] not in _draft(test).keys
    test.toggle(key="kept:playlist.with_liked").set_value(True).run()
    _pressed(test, "Make the playlist")
    assert ids[3] in _draft(test).keys


def test_from_song_to_song(app: Any, atlas: Atlas, ids: list[str]) -> None:
    test = app("playlist", made_of="path")
    test.text_input(key="kept:playlist.from.find").set_value(ids[3]).run()
    next(each for each in test.button if each.key == "playlist.from.find:3").click().run()
    test.text_input(key="kept:playlist.to.find").set_value(ids[20]).run()
    next(each for each in test.button if each.key == "playlist.to.find:20").click().run()
    _pressed(test, "Make the playlist")
    assert (_draft(test).keys[0], _draft(test).keys[-1]) == (ids[3], ids[20])
    next(each for each in test.button if each.key == "playlist.from.change").click().run()
    assert test.session_state["kept:playlist.from"] == ""


def test_one_song_and_filters(app: Any, atlas: Atlas, ids: list[str]) -> None:
    test = app("playlist", made_of="seed")
    test.text_input(key="kept:playlist.seed_song.find").set_value(ids[3]).run()
    next(each for each in test.button if each.key == "playlist.seed_song.find:3").click().run()
    _pressed(test, "Make the playlist")
    assert ids[3] in _draft(test).keys
    test.selectbox(key="kept:made_of").set_value("filters").run()
    test.slider(key="kept:playlist.only.years").set_value((2000, 2009)).run()
    _pressed(test, "Make the playlist")
    assert atlas.songs["year"].gather(_rows(_draft(test))).is_between(2000, 2009).all()


def test_what_other_pages_ask_for(app: Any, atlas: Atlas, ids: list[str]) -> None:
    test = app("discover")
    test.session_state["kept:lasso_songs"] = ids[:9]
    app.go_to(test, "playlist")
    assert set(_draft(test).keys) == set(ids[:9])
    assert test.selectbox(key="kept:made_of").value == "chosen"
    _pressed(test, "Make the playlist")
    assert set(_draft(test).keys) <= set(ids[:9])
    test.session_state["kept:playlist_seeds"] = [ids[12]]
    test.run()
    assert ids[12] in _draft(test).keys
    test.session_state["kept:playlist_cluster"] = 1
    test.run()
    assert (atlas.clustering.labels[_rows(_draft(test))] == 1).all()
    kept = _draft(test)
    test.run()
    assert _draft(test) == kept


def test_a_playlist_file_is_extended(app: Any, atlas: Atlas, ids: list[str]) -> None:
    test = app("playlist", made_of="file")
    own = Track(title="Mine alone", artists=("Nobody",), location="music/mine.mp3")
    known = make_playlist(atlas, cluster="0", n_songs=4)
    file = playlist_file(atlas, known, "m3u8")
    tracks = playlist_of_bytes(file.text.encode(), file.name)
    tracks = TrackList(name="Old one", tracks=(tracks.tracks[0], own, *tracks.tracks[1:]))
    test.session_state["playlist_read"] = ("file", tracks)
    test.run()
    _pressed(test, "Make the playlist")
    draft = _draft(test)
    assert draft.name == "Old one"
    assert list(draft.strangers.values()) == [own]
    assert draft.entries()[:5] == [
        known.rows[0],
        own,
        *known.rows[1:].tolist(),
    ]
    assert len(draft.keys) > 5
    written = file_tracks(atlas, draft.playlist(atlas), "m3u8", template="/music/{title}.mp3").tracks
    assert written[1] == own
    assert written[-1].location == f"/music/{written[-1].title}.mp3"


def test_songs_are_moved_removed_and_added(app: Any, atlas: Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    test = app("playlist")
    _pressed(test, "Make the playlist")
    before = _draft(test)
    monkeypatch.setattr(st, "session_state", test.session_state)
    page.on_order([*before.keys[2::-1], *before.keys[4:]], [before.keys[3]])
    monkeypatch.undo()
    test.run()
    assert _draft(test).keys == (*before.keys[2::-1], *before.keys[4:])
    assert _draft(test).order == "given"
    new = next(row for row in range(atlas.songs.height) if atlas.songs["song_id"][row] not in before.keys)
    test.number_input(key="kept:playlist.place").set_value(2).run()
    test.text_input(key="kept:find.playlist").set_value(atlas.songs["song_id"][new]).run()
    next(each for each in test.button if each.key == f"find.playlist:{new}").click().run()
    assert _draft(test).keys[1] == atlas.songs["song_id"][new]
    _pressed(test, "↶ Undo")
    assert atlas.songs["song_id"][new] not in _draft(test).keys
    _pressed(test, "↷ Redo")
    assert _draft(test).keys[1] == atlas.songs["song_id"][new]
    test.selectbox(key="kept:playlist.reorder_to").set_value("tempo").run()
    _pressed(test, "Put in order")
    tempos = atlas.songs["tempo_bpm"].gather(_rows(_draft(test))).to_list()
    assert all(after > before - 2 for before, after in pairwise(tempos))


def test_every_song_may_be_removed(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    test = app("playlist")
    _pressed(test, "Make the playlist")
    monkeypatch.setattr(st, "session_state", test.session_state)
    page.on_order([], list(_draft(test).keys))
    monkeypatch.undo()
    test.run()
    assert not test.exception
    assert any("Every song was removed" in each.value for each in test.markdown)


def test_the_playlist_survives_page_changes_and_other_ks(app: Any) -> None:
    test = app("playlist")
    _pressed(test, "Make the playlist")
    keys = _draft(test).keys
    app.go_to(test, "artists")
    app.go_to(test, "playlist")
    assert _draft(test).keys == keys
    test.session_state["kept:k"] = 3
    test.run()
    assert _draft(test).keys == keys
    assert not test.exception


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_back_what_was_made(atlas: Atlas, form: str) -> None:
    made = make_playlist(atlas, cluster="0", n_songs=12)
    song_ids = made.songs["song_id"].to_list()
    file = playlist_file(atlas, made, form, name="Mine / *all*")
    assert file.name.startswith("Mine _ _all_")
    assert file.name.endswith(FORMATS[form].suffixes[0])
    back = playlist_of_bytes(file.text.encode(), file.name)
    if form == "uris":
        assert [track.spotify_uri for track in back.tracks] == [f"spotify:track:{each}" for each in song_ids]
        return
    assert back.tracks == normal(file_tracks(atlas, made, form, name="Mine / *all*")).tracks
    assert [track.song_id for track in back.tracks] == song_ids


def test_every_format_can_be_chosen(app: Any) -> None:
    test = app("playlist")
    _pressed(test, "Make the playlist")
    for form in FORMATS:
        test.segmented_control(key="kept:format").set_value(form).run()
        assert not test.exception
        assert not test.error
        assert FORMATS[form].description in [each.value for each in test.caption]
    test.text_input(key="kept:playlist.name").set_value("").run()
    assert not test.exception


def test_half_time_is_told_so_that_it_can_be_followed(atlas: Atlas) -> None:
    songs = atlas.songs.with_columns(
        tempo_bpm=pl.Series([138.0, 96.0, 97.0] * atlas.songs.height)[: atlas.songs.height]
    )
    playlist = playlist_of_rows(replace(atlas, songs=songs), [0, 1, 2], name="Three")
    first, second = (step.words.split(" · ")[0] for step in told_steps(playlist, usual=1.0))
    assert first == "138 → 96 BPM (felt at half time: 69 → 96, +39%)"
    assert second == "96 → 97 BPM (+1%)"
    assert " %" not in told_summary(playlist, usual=1.0)


@pytest.mark.parametrize(
    ("order", "n_jumps", "told"), [("smooth", 3, True), ("smooth", 2, False), ("key", 3, False)]
)
def test_what_would_help_is_told_where_tempo_jumps_in_several_steps(
    order: str, n_jumps: int, told: bool
) -> None:
    steps = [Step(words="", flag="jump of tempo", roughness=2.0)] * n_jumps
    said = told_remedy(SimpleNamespace(summary={"order": order}), steps)
    assert ("narrower tempo" in said) is told


def test_the_settings_stand_in_the_address_and_make_the_same_again(app: Any) -> None:
    settings = {"minutes": "30", "playlist.cluster": "1", "playlist.only.clusters": "1", "order": "tempo"}
    test = app("playlist", **settings, **{"playlist.seed": "3"})
    made = _draft(_pressed(test, "Make the playlist"))
    written = test.session_state["address_written"][-1]
    assert {name: values[0] for name, values in written.items()} == settings | {"playlist.seed": "3"}
    again = app("playlist", **{name: values[0] for name, values in written.items()})
    assert _draft(_pressed(again, "Make the playlist")).keys == made.keys


def test_cleared_filters_do_not_come_back_from_the_address(app: Any) -> None:
    test = app("playlist", **{"playlist.only.clusters": "1"})
    assert test.multiselect(key="kept:playlist.only.clusters").value == ["1"]
    _pressed(test, "Clear the filters")
    assert test.multiselect(key="kept:playlist.only.clusters").value == []


def test_a_part_of_a_cluster(app: Any, atlas: Atlas) -> None:
    test = app("playlist")
    part = test.selectbox(key="kept:playlist.part")
    chosen = int((atlas.division.parents == 0).nonzero()[0][1])
    part.set_value(chosen).run()
    _pressed(test, "Make the playlist")
    assert (atlas.division.labels[_rows(_draft(test))] == chosen).all()


def test_one_playlist_for_each_cluster(atlas: Atlas) -> None:
    packed = cluster_playlists(atlas, "xspf", {"n_songs": 5, "order": "tempo"}, template="/m/{title}.mp3")
    with ZipFile(BytesIO(packed)) as archive:
        names = archive.namelist()
        index = pl.read_csv(archive.read("playlists.csv"))
        assert names == [*index["file"], "playlists.csv"]
        assert index["name"].to_list() == list(atlas.cluster_names())
        for name in names[:-1]:
            back = playlist_of_bytes(archive.read(name), name)
            assert len(back.tracks) == 5
            assert all(str(track.location).startswith("/m/") for track in back.tracks)


def test_where_files_are(app: Any, atlas: Atlas) -> None:
    made = make_playlist(atlas, cluster="0", n_songs=3)
    file = playlist_file(atlas, made, "m3u8", template="/music/{artist}/{title}.mp3")
    assert all(line.startswith(("/music/", "file:")) for line in file.text.splitlines() if line[:1] != "#")
    assert not any("found under" in note for note in file.notes)
    with pytest.raises(BadSettings, match="nonsense"):
        playlist_file(atlas, made, "m3u8", template="{nonsense}.mp3")
    test = app("playlist")
    _pressed(test, "Make the playlist")
    test.text_input(key="kept:playlist.template").set_value("{nonsense}").run()
    assert "nonsense" in test.error[0].value
    assert not any("--location" in each.value for each in (*test.caption, *test.error))


def test_steps_in_words_and_the_roughest_of_them(atlas: Atlas) -> None:
    made = make_playlist(atlas, filters=["year>=1950"], n_songs=20, order="given")
    usual = usual_distance(atlas)
    steps = told_steps(made, usual=usual)
    assert len(steps) == 19
    assert usual > 0
    flagged = [step for step in steps if step.flag]
    assert 0 < len(flagged) <= 5
    assert min(step.roughness for step in flagged) >= max(
        [step.roughness for step in steps if not step.flag and step.roughness >= 1], default=0
    )
    first = made.transitions.row(0, named=True)
    assert f"{first['tempo_from']:.0f} → {first['tempo_to']:.0f} BPM" in steps[0].words
    assert f"{first['key_from']} → {first['key_to']}" in steps[0].words
    table = step_table(made, steps)
    assert table.height == 19
    assert table["Step"][0] == "1 → 2"
    assert "20 songs" in told_summary(made, usual=usual)
    by_key = make_playlist(atlas, cluster="0", n_songs=10, order="key")
    assert "keys fit in" in told_summary(by_key, usual=usual)


def test_one_song_has_no_steps(atlas: Atlas) -> None:
    made = make_playlist(atlas, cluster="0", n_songs=1)
    assert told_steps(made, usual=usual_distance(atlas)) == ()
    assert told_summary(made, usual=1.0).startswith("1 song, ")
    assert step_table(made, ()).height == 0


def test_the_curve_has_every_song(atlas: Atlas) -> None:
    made = make_playlist(atlas, cluster="0", n_songs=9)
    figure = energy_and_tempo(made)
    assert figure is not None
    energy, tempo = figure.data
    assert list(energy.y) == pytest.approx([100 * each for each in made.songs["energy"]])
    assert list(tempo.y) == pytest.approx(made.songs["tempo_bpm"].to_list())


def test_a_draft_of_another_catalogue_is_nobodys(monkeypatch: pytest.MonkeyPatch, atlas: Atlas) -> None:
    monkeypatch.setattr("songatlas.app.playlists.draft.catalogue", lambda: SimpleNamespace(key="one"))
    made = drafted(atlas, make_playlist(atlas, cluster="0", n_songs=3))
    monkeypatch.setattr(st, "session_state", {"draft": made})
    from songatlas.app.playlists.draft import draft

    assert draft() == made
    monkeypatch.setattr("songatlas.app.playlists.draft.catalogue", lambda: SimpleNamespace(key="other"))
    assert draft() is None


def test_undo_goes_back_to_the_playlist_before() -> None:
    first = Draft(catalogue="one", name="First", keys=("a", "b"), rows={"a": 0, "b": 1})
    second = Draft(catalogue="one", name="Second", keys=("c",), rows={"c": 2}).after_draft(first)
    assert second.with_keys([]).undone().keys == ("c",)
    assert second.undone() == first
    assert first.undone() == first
    assert first.redone() == first
    assert first.with_keys(("a", "b")) is first
    assert not first.can_undo
    moved = first.with_song("b", 1, place=1)
    assert moved.keys == ("b", "a")
    assert moved.undone().redone().keys == ("b", "a")


def test_an_address_that_makes_no_sense_is_passed_over(app: Any) -> None:
    test = app(
        "playlist", length_in="hours", songs="0", minutes="-3", made_of="magic", order="loud", format="mp3"
    )
    assert test.number_input(key="kept:minutes").value == 60
    assert test.selectbox(key="kept:made_of").value == "cluster"
    _pressed(test, "Make the playlist")
    assert _draft(test).order == "smooth"
