from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from songatlas.app.pages.choose_k import clicked_k
from songatlas.atlas import Atlas, build_demo
from songatlas.report import write_outputs

OpenPage = Callable[..., AppTest]


def said(test: AppTest) -> str:
    return " ".join(each.value.replace("\\", "") for each in (*test.markdown, *test.caption, *test.info))


def drawn(test: AppTest) -> list[str]:
    return [each.proto.spec for each in test.get("plotly_chart")]


def test_the_verdict_comes_first(app: OpenPage, demo_folder: Path) -> None:
    verdict = Atlas.load(demo_folder).verdict
    test = app("choose_k")
    assert verdict.sentence in said(test)
    assert verdict.disagreement in said(test)
    table = next(each.proto.body for each in test.get("html") if "<table" in each.proto.body)
    assert table.count('<th scope="row">') == len(verdict.votes)
    assert "Nearer to their own than to the next" in table


def test_other_numbers_are_told_as_asked_for(app: OpenPage) -> None:
    test = app("choose_k", k="4")
    assert "4 clusters, as asked for" in said(test)
    assert "shown now" in drawn(test)[0]


def test_charts_are_chosen(app: OpenPage) -> None:
    test = app("choose_k")
    assert len(drawn(test)) == 3
    test.pills(key="kept:charts").set_value(["gap", "davies_bouldin"]).run()
    assert len(drawn(test)) == 2
    test.pills(key="kept:charts").set_value([]).run()
    assert not drawn(test)
    assert "No chart is chosen" in said(test)


def test_a_number_is_looked_at_on_the_map(app: OpenPage) -> None:
    test = app("choose_k")
    test.selectbox(key="kept:look").select(5).run()
    assert test.button(key="look_at").label == "Look at k = 5 on the map"
    test.button(key="look_at").click()
    test.run()
    assert test.session_state["kept:k"] == 5


@pytest.mark.parametrize(
    ("state", "k"),
    [
        ({"selection": {"points": [{"x": 7, "y": 0.2}]}}, 7),
        ({"selection": {"points": []}}, None),
        (None, None),
    ],
)
def test_a_clicked_point_is_a_number(state: object, k: int | None) -> None:
    assert clicked_k(state) == k


def test_weights_of_ones_own_have_no_evidence(app: OpenPage) -> None:
    assert "You changed what counts" in said(app("choose_k", **{"weight.era": "0.0"}))


def test_one_number_has_nothing_to_compare(app: OpenPage, tmp_path: Path) -> None:
    write_outputs(build_demo(120, k=2, k_min=2, k_max=2), tmp_path / "one", figures=False)
    test = app("choose_k", target=tmp_path / "one")
    assert "Only two clusters were tried" in said(test)
    assert not drawn(test)
