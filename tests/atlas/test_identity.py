"""What clusters keep from one build to the next: names, colours, and the names that a person gave."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from songatlas.atlas import Atlas, build_atlas
from songatlas.atlas.comparing import compare
from songatlas.atlas.identity import carry_names, check_names, keep_colours
from songatlas.atlas.names_file import NAMES
from songatlas.demo import simulate_catalogue
from songatlas.errors import BadAtlas, BadSettings, SongAtlasError
from songatlas.profiles import NO_LONGER_FITS
from songatlas.report import write_outputs
from songatlas.report.collect import collect


@pytest.fixture(scope="module")
def catalogue() -> pl.DataFrame:
    return simulate_catalogue(400, seed=2)


@pytest.fixture(scope="module")
def old(catalogue: pl.DataFrame) -> Atlas:
    return build_atlas(catalogue, k=4, k_max=5)


@pytest.fixture(scope="module")
def finer(catalogue: pl.DataFrame) -> Atlas:
    return build_atlas(catalogue, k=7, k_max=8, seed=3)


@pytest.fixture(scope="module")
def alike(catalogue: pl.DataFrame, old: Atlas) -> Atlas:
    return build_atlas(catalogue, k=7, k_max=8, seed=3, like=old)


def edit(folder: Path, own: str, name: str) -> None:
    text = (folder / NAMES).read_text(encoding="utf-8")
    line = f"{json.dumps(own)} = "
    assert line in text
    start = text.index(line)
    end = text.index("  #", start)
    (folder / NAMES).write_text(f"{text[:start]}{line}{json.dumps(name)}{text[end:]}", encoding="utf-8")


def pairs(one: Atlas, other: Atlas) -> dict[int, int]:
    return {
        each.change.old: each.change.new
        for each in compare(one, other).clusters
        if each.change.same and each.change.old is not None and each.change.new is not None
    }


def test_clusters_that_go_on_keep_name_and_colour(old: Atlas, alike: Atlas, finer: Atlas) -> None:
    assert (alike.clustering.labels == finer.clustering.labels).all(), "only names and colours differ"
    matched = pairs(old, alike)
    assert matched
    for before, after in matched.items():
        assert alike.cluster_names()[after] == old.cluster_names()[before]
        assert alike.colours[after] == old.colours[before]
        assert alike.colour_of(after) == old.colour_of(before)
    new = set(range(alike.k)) - set(matched.values())
    assert len(set(alike.colours)) == alike.k
    assert not {alike.colours[each] for each in new} & set(old.colours)
    assert not {alike.cluster_names()[each] for each in new} & set(old.cluster_names())
    assert len({name.casefold() for name in alike.cluster_names()}) == alike.k


def test_the_evidence_of_a_kept_name_says_where_it_no_longer_fits(alike: Atlas, finer: Atlas) -> None:
    for kept, anew in zip(alike.profiles, finer.profiles, strict=True):
        if kept.name == anew.name:
            assert NO_LONGER_FITS not in kept.evidence
        assert kept.z_means == anew.z_means
    assert all(anew.evidence == anew.evidence.replace(NO_LONGER_FITS, "") for anew in finer.profiles)


def test_an_atlas_like_itself_is_itself(catalogue: pl.DataFrame, old: Atlas) -> None:
    again = build_atlas(catalogue, k=4, k_max=5, like=old)
    assert again.cluster_names() == old.cluster_names()
    assert again.colours == old.colours == (0, 1, 2, 3)
    assert not any(NO_LONGER_FITS in profile.evidence for profile in again.profiles)
    assert again.likeness is not None
    assert again.likeness.kept == (0, 1, 2, 3)


def test_the_report_and_the_saved_atlas_tell_of_the_likeness(
    old: Atlas, alike: Atlas, tmp_path: Path
) -> None:
    told = collect(alike)
    assert told["headline"]["likeness"].startswith("Built like the atlas of polars DataFrame of ")
    assert alike.likeness is not None
    kept = pairs(old, alike)
    assert alike.likeness.gone == tuple(n for each, n in enumerate(old.cluster_names()) if each not in kept)
    assert [card["colour"] for card in told["clusters"]] == [alike.colour_of(each) for each in range(alike.k)]
    assert told["settings"]["command"].endswith("--like OLD_ATLAS")
    assert collect(old)["headline"]["likeness"] == ""
    alike.save(tmp_path)
    loaded = Atlas.load(tmp_path)
    assert loaded.likeness == alike.likeness
    assert loaded.colours == alike.colours
    assert loaded.cluster_names() == alike.cluster_names()


def test_an_atlas_that_is_none_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(BadAtlas, match="no such folder"):
        build_atlas(tmp_path / "no.csv", like=tmp_path / "nowhere")


def test_new_colours_are_free_ones() -> None:
    assert keep_colours({}, k=3) == (0, 1, 2)
    assert keep_colours({1: 0}, k=3, old=(0, 1, 2)) == (3, 0, 4)
    many = keep_colours({0: 25}, k=45, old=tuple(range(20)))
    assert many[0] == 25
    assert len(set(many)) == 45


def test_given_names_are_shown_everywhere_and_the_others_come_back(old: Atlas, tmp_path: Path) -> None:
    old.save(tmp_path)
    own = old.cluster_names()
    parts = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != NAMES}
    edit(tmp_path, own[1], "<b>Mine</b> [red]")
    loaded = Atlas.load(tmp_path)
    assert loaded.cluster_names() == (own[0], "<b>Mine</b> [red]", *own[2:])
    assert loaded.profiles[1].name == "<b>Mine</b> [red]"
    assert loaded.generated.names == own
    song = loaded.songs["song_id"].gather(int((loaded.clustering.labels == 1).argmax()))[0]
    assert loaded.why(song).cluster_name == "<b>Mine</b> [red]"
    loaded.save(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != NAMES} == parts
    assert Atlas.load(tmp_path).cluster_names() == loaded.cluster_names()
    edit(tmp_path, own[1], "")
    assert Atlas.load(tmp_path).cluster_names() == own


def test_a_rebuild_carries_given_names_and_nothing_else(
    catalogue: pl.DataFrame, old: Atlas, finer: Atlas, tmp_path: Path
) -> None:
    write_outputs(old, tmp_path / "out", figures=False)
    home = tmp_path / "out" / "atlas"
    for cluster, name in enumerate(old.cluster_names()):
        edit(home, name, f"Given {cluster}")
    (home / NAMES).write_text(f"# my remark\n{(home / NAMES).read_text()}")
    written = write_outputs(finer, tmp_path / "out", figures=False)
    matched = pairs(old, finer)
    names = [f"Given {next((a for a, b in matched.items() if b == each), '')}" for each in range(finer.k)]
    expected = tuple(
        name if each in matched.values() else finer.cluster_names()[each] for each, name in enumerate(names)
    )
    assert written.atlas.cluster_names() == expected
    assert written.atlas.colours == tuple(range(finer.k)), "no colours without --like"
    assert Atlas.load(tmp_path / "out").cluster_names() == expected
    assert pl.read_csv(tmp_path / "out" / "clusters.csv")["name"].to_list() == list(expected)
    rows = pl.read_csv(tmp_path / "out" / "clustered_songs.csv")
    assert set(rows["cluster_name"].drop_nulls()) == set(expected)
    assert "# my remark" in (home / NAMES).read_text()
    lost = [f"Given {each}" for each in range(old.k) if each not in matched]
    assert all(f'= "{name}"' in (home / NAMES).read_text().partition("[gone]")[2] for name in lost)
    text = (home / NAMES).read_text()
    write_outputs(finer, tmp_path / "out", figures=False)
    assert (home / NAMES).read_text() == text, "a build of the same clusters leaves the file alone"
    back = write_outputs(old, tmp_path / "out", figures=False)
    assert [back.atlas.cluster_names()[each] for each in matched] == [f"Given {each}" for each in matched]


def test_without_given_names_a_rebuild_is_as_new(old: Atlas, finer: Atlas, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        if folder == "two":
            old.save(tmp_path / folder)
        finer.save(tmp_path / folder)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_a_gone_name_comes_back_with_its_cluster(old: Atlas, tmp_path: Path) -> None:
    old.save(tmp_path)
    with (tmp_path / NAMES).open("a") as file:
        file.write(f'[gone]\n{json.dumps(old.cluster_names()[2])} = "Back"\n"Far away" = "Waiting"\n')
    carried = carry_names(old, tmp_path)
    assert carried.atlas.cluster_names()[2] == "Back"
    assert carried.text.count('"Back"') == 1
    assert '"Far away" = "Waiting"' in carried.text.partition("[gone]")[2]


def test_names_outlive_an_atlas_that_cannot_be_read(old: Atlas, tmp_path: Path) -> None:
    old.save(tmp_path)
    edit(tmp_path, old.cluster_names()[0], "First")
    (tmp_path / "manifest.json").write_text("{}")
    with (tmp_path / NAMES).open("a") as file:
        file.write('"Nobody knows" = "Kept"\n')
    carried = carry_names(old, tmp_path)
    assert carried.atlas.cluster_names()[0] == "First"
    assert '"Nobody knows" = "Kept"' in carried.text.partition("[gone]")[2]
    assert "cannot be read" in carried.notes[0]


def test_a_bad_file_stops_a_build_and_nothing_is_lost(old: Atlas, tmp_path: Path) -> None:
    write_outputs(old, tmp_path, figures=False)
    (tmp_path / "atlas" / NAMES).write_text('"Nobody" = "x"')
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for refused in (
        lambda: check_names(tmp_path / "atlas"),
        lambda: write_outputs(old, tmp_path, figures=False),
        lambda: old.save(tmp_path / "atlas"),
        lambda: Atlas.load(tmp_path),
    ):
        with pytest.raises(BadSettings, match="no cluster is called 'Nobody'"):
            refused()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_an_edit_while_the_outputs_are_written_is_not_lost(old: Atlas, tmp_path: Path) -> None:
    write_outputs(old, tmp_path, figures=False)

    def person(_share: float, words: str) -> None:
        if words == "saving the atlas":
            edit(tmp_path / "atlas", old.cluster_names()[0], "Just now")

    with pytest.raises(SongAtlasError, match="was edited while"):
        write_outputs(old, tmp_path, figures=False, progress=person)
    assert Atlas.load(tmp_path).cluster_names()[0] == "Just now"
    assert write_outputs(old, tmp_path, figures=False).atlas.cluster_names()[0] == "Just now"


def test_names_are_found_where_a_killed_run_had_set_the_folder_aside(old: Atlas, tmp_path: Path) -> None:
    write_outputs(old, tmp_path / "out", figures=False)
    edit(tmp_path / "out" / "atlas", old.cluster_names()[0], "Set aside")
    shutil.move(tmp_path / "out", tmp_path / ".out.songatlas-old")
    assert write_outputs(old, tmp_path / "out", figures=False).atlas.cluster_names()[0] == "Set aside"


def test_a_given_name_that_a_new_cluster_was_called_makes_that_one_give_way(
    old: Atlas, finer: Atlas, tmp_path: Path
) -> None:
    matched = pairs(old, finer)
    before, after = next(iter(matched.items()))
    other = next(
        each
        for each in range(finer.k)
        if each != after and finer.cluster_names()[each] not in old.cluster_names()
    )
    old.save(tmp_path)
    edit(tmp_path, old.cluster_names()[before], finer.cluster_names()[other])
    finer.save(tmp_path)
    names = Atlas.load(tmp_path).cluster_names()
    assert names[after] == finer.cluster_names()[other]
    assert names[other] == f"{finer.cluster_names()[other]} 2"
    assert len(set(names)) == finer.k


def test_given_names_of_the_old_atlas_come_along(catalogue: pl.DataFrame, old: Atlas, tmp_path: Path) -> None:
    named = old.with_names(["Dad's", *old.cluster_names()[1:]])
    again = build_atlas(catalogue, k=4, k_max=5, like=named)
    assert again.cluster_names()[0] == "Dad's"
    assert again.generated.names == old.cluster_names()
    assert again.rows is not None
    assert again.rows.names == again.cluster_names()
    again.save(tmp_path)
    assert f'{json.dumps(old.cluster_names()[0])} = "Dad\'s"' in (tmp_path / NAMES).read_text()
    assert replace(Atlas.load(tmp_path)).cluster_names()[0] == "Dad's"


def test_a_name_that_a_person_gave_is_never_called_wrong(
    catalogue: pl.DataFrame, old: Atlas, tmp_path: Path
) -> None:
    wrong = old.called(["Purple polka", *old.cluster_names()[1:]])
    named = wrong.with_names(["Oldies", *old.cluster_names()[1:]])
    kept = build_atlas(catalogue, k=4, k_max=5, like=wrong)
    assert NO_LONGER_FITS in kept.profiles[0].evidence
    given = build_atlas(catalogue, k=4, k_max=5, like=named)
    assert given.generated.names[0] == "Purple polka"
    assert given.profiles[0].evidence == kept.profiles[0].evidence.partition(NO_LONGER_FITS)[0]
    given.save(tmp_path)
    assert Atlas.load(tmp_path).profiles == given.profiles
    edit(tmp_path, "Purple polka", "")
    assert Atlas.load(tmp_path).profiles == kept.profiles, "what is said of the generated name is not lost"
