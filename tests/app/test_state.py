"""What a person has chosen: over page changes, in the address, and when another catalogue is opened."""

from __future__ import annotations

import math
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from songatlas.app.visit.state import read_value


@pytest.mark.parametrize(
    ("texts", "default", "value"),
    [
        (["7"], 5, 7),
        (["7.5"], 5, None),
        (["x"], 5, None),
        (["9" * 400], 5, None),
        (["nan"], 1.0, None),
        (["inf"], 1.0, None),
        (["0.25"], 1.0, 0.25),
        (["1"], False, True),
        (["yes"], False, None),
        (["a", "b"], [], ["a", "b"]),
        (["a"], (), ("a",)),
        (["80", "120"], (40, 200), (80, 120)),
        (["80", "x"], (40, 200), None),
        (["<script>"], "", "<script>"),
        (["a" * 5000], "", None),
        ([], 5, None),
    ],
)
def test_values_of_an_address_are_of_the_kind_of_the_default(texts: Any, default: Any, value: Any) -> None:
    found = read_value(texts, default)
    assert found == value or (isinstance(found, float) and math.isnan(found))


def test_the_address_is_taken_over_and_kept_on_other_pages(app: Any) -> None:
    test = app("data", k="5")
    assert test.session_state["kept:k"] == 5
    assert "5 clusters" in test.markdown[0].value
    app.go_to(test, "open")
    app.go_to(test, "data")
    assert test.session_state["kept:k"] == 5
    assert test.session_state["address_written"][-1] == {"k": ["5"]}


@pytest.mark.parametrize(
    "address",
    [
        {"k": "999"},
        {"k": "-3"},
        {"k": "many"},
        {"pull": "7"},
        {"weight.sound": "nan"},
        {"weight.sound": "-1"},
        {"weight.nothing": "1"},
        {"k": "", "song": "no such song", "colour": "<b>"},
    ],
)
def test_an_address_without_sense_is_passed_over(app: Any, address: dict[str, str]) -> None:
    test = app("data", **address)
    assert not test.error
    assert not test.warning
    built = int(test.session_state["kept:k"])
    assert f"{built} clusters" in test.markdown[0].value
    assert test.session_state["kept:weight.sound"] == 1.0


def test_a_choice_that_makes_no_clusters_is_told_and_the_built_atlas_is_shown(app: Any) -> None:
    test = app("data", **{"weight.sound": "0", "weight.era": "0"})
    assert "Shown is the atlas as it was built" in test.warning[0].value
    assert test.warning[0].value[0].isupper()
    assert test.title[0].value == "Data"
    assert test.session_state["kept:weight.sound"] == 1.0
    assert "weight.sound" not in test.session_state["address_written"][-1]


def test_what_an_address_asks_for_in_vain_is_told_once_and_put_right(app: Any) -> None:
    test = app("data", k="999", song="no such song", pull="0.5")
    assert "k\\=999, song\\=no such song" in test.toast[0].value
    assert test.session_state["address_written"][-1] == {"pull": ["0.5"]}
    assert not test.session_state["kept:song"]
    test.run()
    assert not test.toast
    assert not app("data", k="5").toast


def test_the_address_has_what_is_on_the_page_and_what_holds_everywhere(app: Any) -> None:
    test = app("clusters", part="Spread", k="5")
    assert test.session_state["address_written"][-1] == {"k": ["5"], "part": ["Spread"]}
    test.query_params.clear()
    app.go_to(test, "data")
    assert test.session_state["address_written"] == [{"k": ["5"]}, {"k": ["5"]}]
    app.go_to(test, "clusters")
    assert test.session_state["address_written"][-1] == {"k": ["5"], "part": ["Spread"]}


def test_a_step_back_to_a_bare_address_loses_nothing(app: Any) -> None:
    test = app("data", k="5", pull="0.5")
    test.query_params.clear()
    app.go_to(test, "clusters")
    test.query_params.update({"part": "Spread"})
    app.go_to(test, "data")
    assert (test.session_state["kept:k"], test.session_state["kept:pull"]) == (5, 0.5)


def test_an_address_of_ours_that_comes_late_takes_nothing_back(app: Any) -> None:
    test = app("data", k="5")
    test.session_state["kept:k"] = 4
    test.run()
    test.query_params["k"] = "4"
    test.session_state["kept:k"] = 6
    test.run()
    assert test.session_state["kept:k"] == 6


def test_a_step_back_in_the_history_takes_over_what_its_address_says(app: Any) -> None:
    test = app("data", k="5")
    test.session_state["kept:k"] = 4
    test.run()
    test.query_params["k"] = "6"
    app.go_to(test, "clusters")
    assert test.session_state["kept:k"] == 6
    test.query_params.clear()
    app.go_to(test, "data")
    assert test.session_state["kept:k"] == 6


def test_put_sets_and_forget_forgets_all_but_looks() -> None:
    def script() -> None:
        import streamlit as st

        from songatlas.app.visit import state

        state.hold_on()
        st.slider("k", 2, 9, key=state.keep("k", 4, in_address=True))
        st.selectbox("Colour", ["cluster", "genre"], key=state.keep("colour", "cluster", in_address=True))
        st.button("put", on_click=lambda: state.put("k", 7))
        st.button("forget", on_click=state.forget)
        st.text(state.address())

    test = AppTest.from_function(script).run()
    assert test.text[0].value == ""
    test.selectbox[0].set_value("genre").run()
    test.button[0].click().run()
    assert test.slider[0].value == 7
    assert sorted(test.text[0].value.split("&")) == ["colour=genre", "k=7"]
    test.button[1].click().run()
    assert test.slider[0].value == 4
    assert test.selectbox[0].value == "genre"
    assert test.text[0].value == "colour=genre"
