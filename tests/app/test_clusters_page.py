from __future__ import annotations

import html
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from songatlas.app.songs.cluster_cards import PLAYLIST_CLUSTER, card_html
from songatlas.atlas import Atlas
from songatlas.atlas.names_file import read_names

OpenPage = Callable[..., AppTest]


def cards(test: AppTest) -> list[str]:
    return [each.proto.body for each in test.get("html") if "sa-card" in each.proto.body]


def names(test: AppTest) -> list[str]:
    headings = [card.split("<h3>")[1].split("<span>")[1].split("</span>")[0] for card in cards(test)]
    return [html.unescape(heading) for heading in headings]


def charts(test: AppTest) -> list[str]:
    return [each.proto.spec for each in test.get("plotly_chart")]


def rename(test: AppTest, cluster: int, name: str) -> AppTest:
    test.button(key=f"rename_{cluster}").click().run()
    test.text_input(key=f"new_name_{cluster}").input(name)
    return test.button(key=f"use_name_{cluster}").click().run()


def test_every_cluster_has_a_card(app: OpenPage, demo_folder: Path) -> None:
    atlas = Atlas.load(demo_folder)
    test = app("clusters")
    assert names(test) == list(atlas.cluster_names())
    first = cards(test)[0]
    assert f"{atlas.profiles[0].size:,} songs" in first
    for part in ("Sounds", "Years", "Tags", "Typical songs", "How its songs lie", atlas.colour_of(0)):
        assert part in first


def test_it_is_said_what_clusters_go_by(app: OpenPage, demo_folder: Path) -> None:
    test = app("clusters")
    blocks = [block.name for block in Atlas.load(demo_folder).space.blocks if block.weight > 0]
    told = " ".join(each.value for each in test.markdown)
    assert blocks == ["sound", "era"]
    assert "nearest to it, going by how songs sound and when they came out." in told


def test_another_number_of_clusters_has_other_cards(app: OpenPage) -> None:
    assert len(cards(app("clusters", k="3"))) == 3


def test_cards_are_sorted(app: OpenPage, demo_folder: Path) -> None:
    test = app("clusters")
    by_name = test.selectbox(key="kept:sort").select("name").run()
    assert names(by_name) == sorted(names(test), key=str.casefold)
    by_energy = test.selectbox(key="kept:sort").select("energy").run()
    profiles = Atlas.load(demo_folder).profiles
    wanted = sorted(profiles, key=lambda each: -each.means["energy"])
    assert names(by_energy) == [each.name for each in wanted]


def test_many_cards_are_filtered(app: OpenPage) -> None:
    test = app("clusters", k="12")
    every = names(test)
    test.text_input(key="kept:only").input(every[3].upper()).run()
    assert every[3] in names(test)
    assert len(names(test)) < len(every)
    test.text_input(key="kept:only").input("zzzz").run()
    assert not cards(test)
    assert any("No cluster is called so" in each.value for each in test.markdown)


def test_few_cards_have_no_filter(app: OpenPage) -> None:
    assert not app("clusters", k="3").text_input


def test_a_name_holds_everywhere_in_the_visit(app: OpenPage) -> None:
    test = rename(app("clusters"), 0, "  Sunday kitchen ")
    assert names(test)[0] == "Sunday kitchen"
    assert "named by you" in cards(test)[0]
    assert not test.text_input
    test.segmented_control(key="kept:part").set_value("Sound").run()
    assert "Sunday kitchen" in charts(test)[0]


def test_a_name_can_be_taken_back(app: OpenPage) -> None:
    test = app("clusters")
    before = names(test)
    rename(test, 1, "Mine")
    test.button(key="rename_1").click().run()
    test.button(key="own_name_1").click().run()
    assert names(test) == before


def test_the_field_can_be_closed(app: OpenPage) -> None:
    test = app("clusters")
    test.button(key="rename_0").click().run()
    assert test.text_input(key="new_name_0").value == names(test)[0]
    assert not [each for each in test.button if each.key == "rename_0"]
    test.button(key="no_name_0").click().run()
    assert not test.text_input
    assert test.button(key="rename_0").label == "Rename"


def test_the_field_opens_in_the_card_of_its_cluster_in_any_order(app: OpenPage) -> None:
    test = app("clusters", k="5", sort="name")
    test.button(key="rename_3").click().run()
    assert test.text_input(key="new_name_3").value in names(test)
    test.button(key="rename_1").click().run()
    assert [each.key for each in test.text_input] == ["new_name_1"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("   ", "at least one letter"), ("12", "number of a cluster"), ("a\u202eb", "cannot be seen")],
)
def test_names_that_cannot_be(app: OpenPage, name: str, said: str) -> None:
    test = app("clusters")
    before = names(test)
    rename(test, 0, name)
    assert said in test.error[0].value.replace("\\", "")
    assert names(test) == before


def test_two_clusters_cannot_have_one_name(app: OpenPage) -> None:
    test = app("clusters")
    taken = names(test)[1]
    rename(test, 0, taken.upper())
    assert "every cluster needs a name of its own" in test.error[0].value


def test_hostile_names_stay_text(app: OpenPage) -> None:
    test = rename(app("clusters"), 0, "<script>alert(1)</script>")
    assert "&lt;script&gt;" in cards(test)[0]
    assert "<script>" not in cards(test)[0]
    for part in ("Sound", "Compare", "Spread"):
        test.segmented_control(key="kept:part").set_value(part).run()
        assert "<script>" not in "".join(charts(test))
        assert "<script>" not in "".join(each.proto.body for each in test.get("html"))


def test_names_are_kept_in_the_folder(app: OpenPage, demo_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(demo_folder, folder)
    own = Atlas.load(folder).generated.names
    file = folder / "atlas" / "names.toml"
    file.write_text(f'# mine\n"{own[1]}" = "Given before"\n[gone]\n"Another" = "Waiting"\n', encoding="utf-8")
    test = rename(app("clusters", target=folder), 0, "Sunday kitchen")
    test.button(key="keep_names").click().run()
    assert not test.exception
    written = read_names(folder / "atlas")
    assert written is not None
    assert (written.given[own[0]], written.given[own[1]]) == ("Sunday kitchen", "Given before")
    assert dict(written.gone) == {"Another": "Waiting"}
    assert "# mine" in written.text
    assert Atlas.load(folder).cluster_names()[:2] == ("Sunday kitchen", "Given before")


def test_names_of_another_number_are_downloaded(app: OpenPage) -> None:
    test = rename(app("clusters", k="3"), 0, "Sunday kitchen")
    assert "keep_names" not in [each.key for each in test.button]
    assert [each.proto.label for each in test.get("download_button")] == ["Download names.toml"]


def test_a_folder_that_was_built_anew_is_left_alone(app: OpenPage, demo_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(demo_folder, folder)
    test = rename(app("clusters", target=folder), 0, "Sunday kitchen")
    (folder / "atlas" / "manifest.json").unlink()
    test.button(key="keep_names").click().run()
    assert "no atlas in it" in test.error[0].value


def test_clusters_lead_to_map_and_playlist(app: OpenPage) -> None:
    test = app("clusters")
    test.button(key="map_2").click()
    test.run()
    assert test.session_state["cluster_alone"]["group"] == 2
    assert test.session_state["kept:colour"] == "cluster"
    test = app("clusters")
    test.button(key="playlist_1").click()
    test.run()
    assert test.session_state[f"kept:{PLAYLIST_CLUSTER}"] in (1, None)


def test_two_clusters_are_compared(app: OpenPage) -> None:
    test = app("clusters", part="Compare")
    assert len(charts(test)) == 1
    test.selectbox(key="kept:second").select(2).run()
    assert any("Compared with" in each.proto.body for each in test.get("html"))
    test.selectbox(key="kept:second").select(0).run()
    assert not charts(test)
    assert any("like itself" in each.value for each in test.markdown)


def test_a_feature_spreads(app: OpenPage) -> None:
    test = app("clusters", part="Spread", feature="duration_ms")
    assert "Duration (min)" in charts(test)[0]
    test.selectbox(key="kept:feature").select("tempo_bpm").run()
    assert "Tempo (BPM)" in charts(test)[0]


def test_a_card_without_years_tags_and_titles() -> None:
    card = {
        "number": 0,
        "name": "<b>",
        "colour": "#112233",
        "size": 1,
        "share": 1.0,
        "evidence": "",
        "contrasts": [],
        "songs": [],
        "roles": [{"role": "core", "word": "core", "n": 1, "share": 1.0}],
        "tags": [],
        "heard": [],
        "era": None,
    }
    made = card_html(card, own="<b>")
    assert "&lt;b&gt;" in made
    assert "1 song ·" in made
    assert "Years" not in made
    assert "Typical" not in made
