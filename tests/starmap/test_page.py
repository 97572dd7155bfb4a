from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from songatlas.errors import BadSettings
from songatlas.starmap import (
    Colouring,
    cluster_colouring,
    in_page,
    map_frame,
    map_page_part,
    map_settings,
    named_by_address,
    named_colouring,
    ramp_colouring,
    script,
    styles,
)
from songatlas.starmap.page import script_json

POSITIONS = np.array([[0.0, 0.0], [1.0, 2.0]])


def clusters(names: tuple[str, ...] = ("one", "two")) -> Colouring:
    spots = np.array([[0.5, 0.5], [np.nan, np.nan]], dtype=np.float32)
    return cluster_colouring(names, ["#efb50c", "#4d1cb8"], [1, 1], spots)


def settings(**given: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "n": 2,
        "frame": map_frame(POSITIONS),
        "places": {"src": "/p"},
        "labels": {"src": "/l"},
        "clusters": clusters(),
    }
    return map_settings(**(told | given))


def test_settings_are_json() -> None:
    told = settings(
        picked=np.int64(1),
        marked=np.array([0, 1]),
        names=named_by_address("/names/{chunk}"),
        axis_words=(("calm", "loud"), ("old", "new")),
        note="Made of sound",
    )
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["bounds"] == [0.0, 0.0, 1.0, 2.0]
    assert told["clusters"][0] == {
        "name": "one", "colour": "#efb50c", "shape": 0, "size": 1, "spot": [0.5, 0.5],
    }  # fmt: skip
    assert told["clusters"][1]["spot"] is None
    assert told["colouring"] == {"kind": "clusters", "title": "Clusters"}
    assert told["names"] == {"chunk": 4096, "src": "/names/{chunk}"}
    assert told["axes"] == {
        "left": "calm",
        "right": "loud",
        "bottom": "old",
        "top": "new",
        "note": "Made of sound",
    }
    assert (told["picked"], told["marked"]) == (1, [0, 1])


def test_another_colouring_needs_its_part() -> None:
    ramp = ramp_colouring("Energy", "calm", "energetic", 0, 100, "%")
    told = settings(colouring=ramp, colouring_part=in_page(b"x"))["colouring"]
    assert told["part"] == {"base64": "eA=="}
    assert (told["low"], told["high"], told["ticks"]) == ("calm", "energetic", ["0%", "50%", "100%"])
    with pytest.raises(BadSettings, match="Energy has no packed part"):
        settings(colouring=ramp)


@pytest.mark.parametrize(
    ("low", "high", "unit", "ticks"),
    [
        (1960, 2020, "", ("1960", "1990", "2020")),
        (-60, -5, "dB", ("−60 dB", "−32 dB", "−5 dB")),
        (0.0, 0.9, "", ("0.0", "0.5", "0.9")),
        (3, 3, "min", ("3:00 min",)),
        (2.5, 6, "min", ("2:30 min", "4:15 min", "6:00 min")),
        (-0.001, 0.1, "", ("0.00", "0.05", "0.10")),
    ],
)
def test_ticks_are_read_by_people(low: float, high: float, unit: str, ticks: tuple[str, ...]) -> None:
    assert ramp_colouring("Value", "less", "more", low, high, unit).ticks == ticks


def test_a_cut_scale_says_so_at_its_ends() -> None:
    ramp = ramp_colouring("Energy", "calm", "energetic", 28, 97, "%", cut=(True, True))
    assert ramp.ticks == ("28% and less", "62%", "97% and more")


def test_the_shape_follows_the_number_of_the_colour() -> None:
    found = cluster_colouring(["a", "b"], ["#efb50c", "#4d1cb8"], [1, 1], numbers=(9, 0))
    assert [group.shape for group in found.groups] == [1, 0]


def test_too_many_named_values_are_refused() -> None:
    many = [str(place) for place in range(256)]
    with pytest.raises(BadSettings, match="256 values of Genre"):
        named_colouring("Genre", many, ["#000000"] * 256, [1] * 256)


def test_hostile_names_cannot_leave_their_element() -> None:
    hostile = ("</script><script>alert(1)</script>", "<!-- \u2028 &amp; ]]>")
    part = map_page_part(settings(clusters=clusters(hostile)), identity='map" onload="x')
    assert part.count("<script") == part.count("</script>") == 1
    assert "<!--" not in part
    assert '" onload="' not in part
    text = re.search(r"<script[^>]*>(.*)</script>", part)
    assert text
    assert [group["name"] for group in json.loads(text[1])["clusters"]] == list(hostile)


def test_json_in_a_script_has_no_numbers_that_are_none() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        script_json({"x": float("nan")})


def test_a_fallback_stands_for_readers_without_scripts() -> None:
    assert "<noscript><p>still</p></noscript>" in map_page_part(settings(), fallback="<p>still</p>")
    assert "noscript" not in map_page_part(settings())


def test_the_script_can_stand_in_a_page_and_asks_nobody_by_itself() -> None:
    assert "</script" not in script()
    assert "<!--" not in script()
    assert not re.search(r"https?:|innerHTML|insertAdjacentHTML|document\.write|eval\(|import[ (]", script())
    assert not re.search(r"@import|url\(", styles())
