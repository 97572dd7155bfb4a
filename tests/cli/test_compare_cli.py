"""`compare`, `build --like` and names.toml on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from songatlas.demo import simulate_catalogue
from typed import songatlas


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table and two atlases of it: `old`, and `new` like it with a name given by hand."""
    path = tmp_path_factory.mktemp("songs")
    simulate_catalogue(300, seed=4).write_csv(path / "songs.csv")
    ran = songatlas("build", "songs.csv", "-o", "old", "--k", 4, "--k-max", 5, "--no-figures", cwd=path)
    assert ran.returncode == 0, ran.stderr
    names = path / "old" / "atlas" / "names.toml"
    names.write_text(names.read_text().replace('= ""', '= "[bold]Ours[/] <b>"', 1))
    ran = songatlas(
        "build", "songs.csv", "-o", "new", "--k", 6, "--k-max", 7, "--no-figures", "--like", "old", cwd=path
    )
    assert ran.returncode == 0, ran.stderr
    assert "Built like the atlas of songs.csv" in ran.stdout
    return path


def test_the_same_atlas_has_not_changed(folder: Path) -> None:
    ran = songatlas("compare", "old", "old/atlas", cwd=folder)
    assert ran.returncode == 0
    assert ran.stdout.startswith("Nothing changed")
    assert len(ran.stdout.splitlines()) == 1


def test_changes_are_told_and_written(folder: Path) -> None:
    ran = songatlas("compare", "old", "new", "-o", "changed.csv", "-n", 2, cwd=folder)
    assert ran.returncode == 0, ran.stderr
    assert "k was 4 and is 6" in ran.stdout
    assert "[bold]Ours[/] <b>" in ran.stdout, "a name is text and no markup"
    changed = pl.read_csv(folder / "changed.csv")
    assert changed.columns == ["song_id", "title", "artists", "old_cluster", "new_cluster"]
    assert f"(2 of {changed.height:,})" in ran.stdout
    assert songatlas("compare", "old", "new", "-n", 0, cwd=folder).stdout.count("Songs that changed") == 0


def test_json_is_one_object(folder: Path) -> None:
    ran = songatlas("compare", "old", "new", "--json", "-n", 1, cwd=folder)
    told = json.loads(ran.stdout)
    assert told["same"] is False
    assert len(told["songs"]) == 1
    assert len([each for each in told["clusters"] if each["new"] is not None]) == 6
    assert json.loads((folder / "new" / "quality.json").read_text())["like"]["k"] == 4


def test_the_report_shows_given_names_as_text(folder: Path) -> None:
    page = (folder / "new" / "report.html").read_text(encoding="utf-8")
    assert "[bold]Ours[/] &lt;b&gt;" in page
    assert "[bold]Ours[/] <b>" not in page
    assert "Built like the atlas of" in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["compare", "old"], "Missing argument"),
        (["compare", "old", "nowhere"], "no such folder"),
        (["compare", "old", "new", "-o", "no/x.csv"], "there is no folder"),
        (["compare", "old", "new", "-n", "-1"], "greater than or equal to 0"),
        (["build", "songs.csv", "--like", "nowhere", "-o", "x"], "no such folder"),
        (["demo", "--like", "songs.csv", "-o", "x"], "songs.csv"),
    ],
)
def test_a_mistake_ends_with_one_line_and_status_2(folder: Path, arguments: list[str], words: str) -> None:
    ran = songatlas(*arguments, cwd=folder)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.startswith("songatlas: ")
    assert ran.stderr.count("\n") == 1
    assert words in ran.stderr
    assert not (folder / "x").exists()


def test_a_bad_file_of_names_is_told_before_the_build(folder: Path) -> None:
    home = folder / "bad" / "atlas"
    home.mkdir(parents=True)
    (home / "names.toml").write_text("Calm songs = mine\n")
    ran = songatlas("build", "songs.csv", "-o", "bad", cwd=folder)
    assert ran.returncode == 2
    assert ran.stderr.count("\n") == 1
    assert "names.toml" in ran.stderr
    assert "line 1" in ran.stderr
    assert (home / "names.toml").read_text() == "Calm songs = mine\n"
