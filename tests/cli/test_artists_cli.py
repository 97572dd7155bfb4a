"""`songatlas artists`: what it prints, what it writes, and one line for every mistake."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl
import pytest

from songatlas.atlas import build_atlas
from songatlas.demo import simulate_catalogue
from songatlas.safe_cells import unguarded
from typed import songatlas

HOSTILE = (
    "[bold]Loud[/bold]",
    "<script>alert(1)</script>",
    "Two\nlines",
    "\u202ebackwards",
    "=cmd|' /C calc'!A0",
    "x" * 9_000,
)


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An atlas with hostile artists, of five songs each."""
    table = simulate_catalogue(300, seed=4)
    column = "track_artist"
    names = [HOSTILE[row // 5] if row < 5 * len(HOSTILE) else name for row, name in enumerate(table[column])]
    folder = tmp_path_factory.mktemp("artists") / "atlas"
    table = table.with_columns(pl.Series(column, names, dtype=pl.String))
    build_atlas(table, k=4, columns={"artists": column}).save(folder)
    return folder


def test_the_table_tells_artists_and_who_is_typical(atlas: Path) -> None:
    ran = songatlas("artists", atlas, "-n", 5)
    assert ran.returncode == 0, ran.stderr
    assert "5 of " in ran.stdout
    assert "Typical of" in ran.stdout
    assert ran.stderr == ""


def test_json_tells_the_same_as_the_library(atlas: Path) -> None:
    told = json.loads(songatlas("artists", atlas, "--json", "-n", 3).stdout)
    assert set(told) == {"n_artists", "artists", "clusters", "notes"}
    assert len(told["artists"]) == 3
    assert len(told["clusters"]) == 4
    first = told["artists"][0]
    assert sum(each["share"] for each in first["clusters"]) == pytest.approx(1)
    one = json.loads(songatlas("artists", atlas, "--artist", first["artist"], "--json", "-n", 4).stdout)
    assert one["artists"][0]["n_songs"] == first["n_songs"]
    assert len(one["artists"][0]["nearest"]) == 4
    assert all(near["why"] for near in one["artists"][0]["nearest"])
    market = json.loads(songatlas("artists", atlas, "--market", "--json").stdout)
    assert [row["cluster"] for row in market["market"]] == [0, 1, 2, 3]


def test_hostile_names_come_through_as_text(atlas: Path) -> None:
    asked = [part for name in HOSTILE for part in ("--artist", name)]
    ran = songatlas("artists", atlas, *asked, "-n", 1)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(songatlas("artists", atlas, *asked, "-n", 1, "--json").stdout)
    for name, artist in zip(HOSTILE, told["artists"], strict=True):
        assert artist["artist"] == " ".join(name.split())
        assert artist["artist"].replace("\u202e", "\ufffd") in ran.stdout
        assert artist["n_songs"] in {4, 5}, "five, one of which may be left out"


def test_all_artists_are_written_and_read_back(atlas: Path, tmp_path: Path) -> None:
    path, figure = tmp_path / "artists.csv", tmp_path / "artists.svg"
    ran = songatlas("artists", atlas, "-o", path, "--figure", figure, "--sort", "name", "--json")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["output"], told["figure"]) == (str(path), str(figure))
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == told["n_artists"]
    names = [unguarded(row["artist"]) for row in rows]
    assert names == sorted(names, key=str.lower)
    assert {"x" * 9_000, "Two lines", "[bold]Loud[/bold]"} <= set(names)
    assert all(row["clusters"].endswith("%") for row in rows)
    assert all(len(unguarded(row["nearest"]).split("; ")) == 3 for row in rows)
    assert figure.read_text(encoding="utf-8").startswith("<?xml")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["artists.csv", "artists.svg"]


def test_songs_of_nobody_are_no_matter_of_one_artist(tmp_path: Path) -> None:
    table = simulate_catalogue(300, seed=4)
    names = ["Various Artists" if row < 9 else name for row, name in enumerate(table["track_artist"])]
    table = table.with_columns(pl.Series("track_artist", names, dtype=pl.String))
    build_atlas(table, k=4, columns={"artists": "track_artist"}).save(tmp_path)
    every = songatlas("artists", tmp_path, "-n", 1)
    assert "'Various Artists'" in every.stdout
    name = json.loads(songatlas("artists", tmp_path, "-n", 1, "--json").stdout)["artists"][0]["artist"]
    assert "'Various Artists'" not in songatlas("artists", tmp_path, "--artist", name, "-n", 1).stdout


def test_typical_artists_are_explained_by_the_first_of_them(atlas: Path) -> None:
    ran = songatlas("artists", atlas, "--cluster", "0", "-n", 3)
    told = json.loads(songatlas("artists", atlas, "--cluster", "0", "-n", 3, "--json").stdout)
    first = told["clusters"][0]["typical"][0]
    assert f"{first['n_songs']} of {first['of_songs']}" in ran.stdout
    assert f"{first['lift']:.1f} times as many as of" in ran.stdout


def test_the_widest_come_first_where_asked(atlas: Path) -> None:
    told = json.loads(songatlas("artists", atlas, "--sort", "breadth", "--json", "-n", 8).stdout)
    breadths = [row["breadth"] for row in told["artists"]]
    assert None not in breadths
    assert breadths == sorted(breadths, reverse=True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--artist", "nobody at all"], "no artist is called"),
        (["--sort", "song"], "did you mean 'songs'"),
        (["--figure", "artists.pdf"], "end in .png or .svg"),
        (["-o", "nowhere/artists.csv"], "there is no folder"),
        (["-n", "0"], "-n"),
    ],
)
def test_a_mistake_ends_with_one_line_and_status_2(atlas: Path, arguments: list[str], words: str) -> None:
    ran = songatlas("artists", atlas, *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.count("\n") == 1
    assert words in ran.stderr
