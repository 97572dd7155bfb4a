from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from songatlas.atlas import Atlas, build_demo
from songatlas.atlas.names_file import NAMES, read_names, require_name
from songatlas.atlas.names_keeping import keep_names, still_holds, text_of_names
from songatlas.errors import BadAtlas, BadSettings


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("names") / "atlas"
    build_demo(200, k=3, k_max=4).save(folder)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "atlas"))


def test_names_are_written_and_read_back(folder: Path) -> None:
    atlas = Atlas.load(folder)
    assert keep_names(folder, atlas, {1: "Sunday kitchen"}) == folder / NAMES
    after = Atlas.load(folder)
    assert after.cluster_names() == (atlas.cluster_names()[0], "Sunday kitchen", atlas.cluster_names()[2])
    keep_names(folder, atlas, {1: atlas.generated.names[1]})
    assert Atlas.load(folder).cluster_names() == atlas.generated.names


def test_what_a_person_wrote_meanwhile_stays(folder: Path) -> None:
    atlas = Atlas.load(folder)
    own = atlas.generated.names
    text = f'# mine\n"{own[0]}" = "Written by hand"\n[gone]\n"Elsewhere" = "Waiting"\n"{own[0]}" = "Older"\n'
    (folder / NAMES).write_text(text, encoding="utf-8")
    keep_names(folder, atlas, {2: "Sunday kitchen"})
    file = read_names(folder)
    assert file is not None
    assert file.shown_names(own) == ("Written by hand", own[1], "Sunday kitchen")
    assert dict(file.gone) == {"Elsewhere": "Waiting", own[0]: "Older"}
    assert file.comments() == ("# mine",)


def test_a_name_that_waited_can_be_taken_back(folder: Path) -> None:
    atlas = Atlas.load(folder)
    own = atlas.generated.names
    (folder / NAMES).write_text(f'[gone]\n"{own[0]}" = "Waited"\n', encoding="utf-8")
    assert Atlas.load(folder).cluster_names()[0] == "Waited"
    keep_names(folder, atlas, {0: own[0]})
    assert Atlas.load(folder).cluster_names() == own


def test_an_atlas_that_was_built_anew_is_left_alone(folder: Path) -> None:
    before = (folder / NAMES).read_bytes()
    atlas = replace(Atlas.load(folder), created="2020-01-01T00:00:00+00:00")
    with pytest.raises(BadAtlas, match="built anew"):
        keep_names(folder, atlas, {0: "Sunday kitchen"})
    assert (folder / NAMES).read_bytes() == before


def _by_hand(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("change", [_by_hand("not toml"), _by_hand('"No such cluster" = "x"\n')])
def test_a_bad_file_is_left_alone(folder: Path, change: Callable[[Path], object]) -> None:
    atlas = Atlas.load(folder)
    change(folder / NAMES)
    before = (folder / NAMES).read_bytes()
    with pytest.raises(BadSettings):
        keep_names(folder, atlas, {0: "Sunday kitchen"})
    assert (folder / NAMES).read_bytes() == before


def test_two_clusters_cannot_be_written_under_one_name() -> None:
    with pytest.raises(BadSettings, match="two clusters"):
        text_of_names(("a", "b"), ("c", "C "), (1, 2))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "at least one letter"),
        (" \t", "at least one letter"),
        ("x" * 81, "80 at most"),
        ("7", "number of a cluster"),
        ("a\nb", "cannot be seen"),
        ("LOUD  rock", "every cluster needs a name of its own"),
    ],
)
def test_names_that_cannot_be(text: str, rule: str) -> None:
    with pytest.raises(BadSettings, match=rule):
        require_name(0, text, names=("Calm songs", "Loud rock"), own="Calm songs")


def test_a_cluster_may_keep_its_name() -> None:
    assert require_name(0, "calm songs ", names=("Calm songs", "Loud rock"), own="Calm songs") == "calm songs"


def test_a_folder_holds_the_atlas_until_it_is_built_anew_or_gone(folder: Path) -> None:
    atlas = Atlas.load(folder)
    assert still_holds(folder, atlas)
    keep_names(folder, atlas, {0: "Sunday kitchen"})
    assert still_holds(folder, Atlas.load(folder))
    assert still_holds(folder, atlas)
    for other in (
        replace(atlas, created="2001-01-01T00:00:00+00:00"),
        replace(atlas, settings=atlas.settings.change(seed=5)),
    ):
        assert not still_holds(folder, other)
    (folder / "manifest.json").write_text("[]", encoding="utf-8")
    assert not still_holds(folder, atlas)
    shutil.rmtree(folder)
    assert not still_holds(folder, atlas)
