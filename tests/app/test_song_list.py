"""What Python makes of what a person does in the list of songs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from songatlas.app.songs import song_list
from songatlas.app.songs.playing import player_and, script_part
from songatlas.app.songs.song_list import Action, ListedSong, button_list, listed, movable_list, new_order


class _Component:
    """Stands in for the component: keeps what it was mounted with."""

    def __init__(self) -> None:
        self.mounted: dict[str, Any] = {}

    def __call__(self, **mounted: Any) -> None:
        self.mounted = mounted


@pytest.fixture
def component(monkeypatch: pytest.MonkeyPatch) -> _Component:
    found = _Component()
    monkeypatch.setattr(song_list, "_component", lambda: found)
    monkeypatch.setattr(st, "session_state", {})
    return found


SONGS = [ListedSong(id=name, name=name.upper()) for name in "abc"]


def test_an_order_is_taken_as_it_is() -> None:
    assert new_order(["a", "b", "c"], ["c", "a", "b"], []) == ["c", "a", "b"]
    assert new_order(["a", "b", "c"], ["c", "a"], ["b"]) == ["c", "a"]
    assert new_order(["a"], [], ["a"]) == []


def test_a_list_that_changed_meanwhile_loses_nothing() -> None:
    assert new_order(["a", "new", "b"], ["b", "a"], []) == ["b", "a", "new"]
    assert new_order(["new", "a", "b"], ["b", "a"], []) == ["new", "b", "a"]
    assert new_order(["a", "b"], ["b", "b", "strange", "a"], ["gone"]) == ["b", "a"]


def test_what_the_page_says_of_an_order_reaches_python(component: _Component) -> None:
    heard: list[tuple[list[str], list[str]]] = []
    movable_list(SONGS, key="songs", label="Songs", on_order=lambda *told: heard.append(told))
    assert [song["name"] for song in component.mounted["data"]["songs"]] == ["A", "B", "C"]
    assert component.mounted["data"]["movable"]
    said = {"order": ["c", "a", 7], "removed": ["b"], "n": 1}
    st.session_state["songs"] = SimpleNamespace(edit=said)  # type: ignore[index]
    component.mounted["on_edit_change"]()
    assert heard == [(["c", "a"], ["b"])]
    movable_list(SONGS, key="songs", label="Songs", on_order=lambda *told: heard.append(told))
    assert component.mounted["data"]["heard"] == 1
    for strange in (None, "c a b", 3, [1]):
        st.session_state["songs"] = SimpleNamespace(edit=strange)  # type: ignore[index]
        component.mounted["on_edit_change"]()
    assert len(heard) == 1
    st.session_state["songs"] = SimpleNamespace(edit={"order": "cab", "removed": None})  # type: ignore[index]
    component.mounted["on_edit_change"]()
    assert heard[1] == ([], [])


def test_only_buttons_that_are_there_do_something(component: _Component) -> None:
    heard: list[tuple[str, str]] = []
    actions = [Action(name="like", icon="heart", help="Like")]
    button_list(SONGS, actions, key="songs", label="Songs", on_action=lambda *told: heard.append(told))
    for said in (
        {"action": "like", "id": "b"},
        {"action": "like", "id": "z"},
        {"action": "x", "id": "b"},
        {},
    ):
        st.session_state["songs"] = SimpleNamespace(act=said)  # type: ignore[index]
        component.mounted["on_act_change"]()
    assert heard == [("like", "b")]


def test_a_song_is_called_by_what_is_known() -> None:
    song = {"song_id": "a", "title": "<script>\n alert(1)</script>", "artists": ["Zoë", None, "Bo"]}
    line = listed(song, lines=("2001",))
    assert (line.id, line.name, line.by, line.lines) == (
        "a",
        "<script> alert(1)</script>",
        "Zoë, Bo",
        ("2001",),
    )
    assert listed({"song_id": "a"}).name == "a"
    assert len(listed({"song_id": "a", "title": "la " * 500}).name) < 125


def test_the_script_makes_no_markup_of_texts() -> None:
    script = player_and("song_list.js") + script_part("play_button.js")
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "fetch(",
        "http://www.w3",
    ):
        found = way in script.replace('"http://www.w3.org/2000/svg"', "")
        assert not found, way
