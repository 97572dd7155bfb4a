"""Opening a table of one's own: what is understood, corrections, the build, and that it stays private."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from songatlas.app.files.dropped_table import LEAVE_OUT
from songatlas.demo import simulate_catalogue


def drop(test: AppTest, name: str, content: bytes) -> AppTest:
    """Drop a file, and let the page read it."""
    test.file_uploader[0].set_value((name, content, "application/octet-stream")).run()
    assert not test.exception
    return test


@pytest.fixture(scope="module")
def songs() -> bytes:
    """CSV of 400 songs."""
    return simulate_catalogue(400, seed=3).write_csv().encode()


def test_every_dialect_is_understood_or_refused_in_words(app: Any, shared_data: Path) -> None:
    test = app("open")
    n_understood = 0
    for path in sorted((shared_data / "dialects").iterdir()):
        drop(test, path.name, path.read_bytes())
        understood = any(heading.value == "What was understood" for heading in test.subheader)
        assert understood != bool(test.error), path.name
        assert not understood or any(button.key == "build" for button in test.button), path.name
        assert not any("--" in box.value.replace("\\-", "-") for box in test.error), path.name
        n_understood += understood
    assert n_understood == 17


def built(test: AppTest) -> AppTest:
    """Press the button, and wait until the atlas is open."""
    test.button(key="build").click().run()
    for _ in range(300):
        if "catalogue" in test.session_state or test.error:
            break
        time.sleep(0.1)
        test.run()
    assert not test.error
    return test


def test_a_table_is_built_for_its_visit_alone(app: Any, songs: bytes) -> None:
    mine, yours, theirs = app("open"), app("open"), app("data")
    built(drop(mine, "mine.csv", songs))
    drop(yours, "yours.csv", songs).toggle(key="own_auto").set_value(False).run()
    yours.number_input(key="own_k").set_value(5).run()
    built(yours)
    for test, title in ((mine, "**mine**"), (yours, "**yours**"), (theirs, "**demo of 800**")):
        assert app.go_to(test, "data").markdown[0].value.startswith(title)
    own, other = mine.session_state["catalogue"], yours.session_state["catalogue"]
    assert own.key != other.key
    assert (other.atlas.k, yours.session_state["kept:k"]) == (5, 5)
    assert own.atlas is not other.atlas
    mine.button(key="close_own").click().run()
    assert mine.markdown[0].value.startswith("**demo of 800**")
    assert "catalogue" not in mine.session_state


def test_corrections_are_tried_at_once(app: Any, songs: bytes) -> None:
    test = drop(app("open"), "songs.csv", songs)
    token = test.session_state["own_reading"].token
    header = test.session_state["own_reading"].first.header
    energy, valence = header.index("energy"), header.index("valence")
    test.selectbox(key=f"fix:{token}:place:energy").set_value(valence).run()
    assert test.session_state["own_reading"].reading.found["energy"] == valence
    test.selectbox(key=f"fix:{token}:place:valence").set_value(energy).run()
    found = test.session_state["own_reading"].reading.found
    assert (found["energy"], found["valence"]) == (valence, energy)
    test.selectbox(key=f"fix:{token}:place:valence").set_value(valence).run()
    assert "name it for one" in test.error[0].value
    test.selectbox(key=f"fix:{token}:place:valence").set_value(LEAVE_OUT).run()
    assert not test.error
    assert "valence" not in test.session_state["own_reading"].reading.found
    test.selectbox(key=f"fix:{token}:place:tempo_bpm").set_value(LEAVE_OUT).run()
    settings = test.session_state["own_reading"].corrections.settings(header)
    assert dict(settings.columns) == {"energy": "valence"}
    assert dict(settings.units) == {"tempo_bpm": "left alone"}


def test_a_unit_that_cannot_be_found_is_asked_for(app: Any) -> None:
    table = simulate_catalogue(200, seed=5).with_columns(pl.col("loudness").abs())
    test = drop(app("open"), "songs.csv", table.write_csv().encode())
    assert "choose its unit for Loudness below" in test.error[0].value
    token = test.session_state["own_reading"].token
    test.selectbox(key=f"fix:{token}:unit:loudness_db").set_value("dB without its sign").run()
    assert not test.error
    assert test.session_state["own_reading"].reading.table.songs["loudness_db"].max() <= 0


def test_columns_of_a_file_without_headers_are_named_by_what_they_hold(app: Any) -> None:
    table = simulate_catalogue(200, seed=5).select("track_name", "energy", "valence", "tempo")
    test = drop(app("open"), "songs.csv", table.write_csv(include_header=False).encode())
    assert "say below what its 4 columns are" in test.error[0].value
    token = test.session_state["own_reading"].token
    for column, place in (("energy", 1), ("valence", 2), ("tempo_bpm", 3), ("title", 0)):
        test.selectbox(key=f"fix:{token}:place:{column}").set_value(place).run()
    assert not test.error
    assert test.session_state["own_reading"].reading.table.source.n_rows == 200


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
        ("<b>broken</b>.parquet", b"PAR1 and nothing else"),
        ("page.csv", b"<!DOCTYPE html><html><script>alert(1)</script></html>"),
        ("cut.csv.gz", b"\x1f\x8b\x08\x00half"),
    ],
)
def test_a_bad_file_is_one_box_and_the_next_can_be_dropped(
    app: Any, songs: bytes, name: str, content: bytes
) -> None:
    test = drop(app("open"), name, content)
    assert len(test.error) == 1
    assert "<" not in test.error[0].value.replace("\\<", "")
    drop(test, "songs.csv", songs)
    assert not test.error
    assert test.button(key="build").label == "Build the atlas"
