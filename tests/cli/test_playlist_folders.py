"""`songatlas playlist --all-clusters` beside files of other people."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import polars as pl
import pytest

from songatlas import cli
from songatlas.atlas import build_demo


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "atlas"
    build_demo(400, k=3, k_max=4).save(path)
    return path


def _run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["songatlas", "playlist", *map(str, words)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return int(left.value.code or 0)


def test_an_index_of_somebody_else_is_no_list_of_our_files(
    atlas: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    (tmp_path / "mine.m3u8").write_text("keep")
    (tmp_path / "playlists.csv").write_text("file,name\nmine.m3u8,y\n")
    assert _run(monkeypatch, atlas, "--all-clusters", "--songs", 2, "-o", tmp_path) == 2
    assert "playlists.csv' is a file of yours" in capsys.readouterr().err
    assert (tmp_path / "mine.m3u8").read_text() == "keep"
    assert (tmp_path / "playlists.csv").read_text().startswith("file,name\n")


def test_files_of_the_same_name_are_not_replaced(atlas: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    first = tmp_path / "first"
    assert _run(monkeypatch, atlas, "--all-clusters", "--songs", 2, "-o", first) == 0
    name = next(path.name for path in first.glob("*.m3u8"))
    second = tmp_path / "second"
    second.mkdir()
    (second / name).write_text("keep")
    assert _run(monkeypatch, atlas, "--all-clusters", "--songs", 2, "-o", second) == 2
    assert "is a file of yours" in capsys.readouterr().err
    assert [path.name for path in second.iterdir()] == [name]
    assert (second / name).read_text() == "keep"


def test_only_playlist_files_of_an_index_are_removed(atlas: Path, tmp_path: Path, monkeypatch) -> None:
    assert _run(monkeypatch, atlas, "--all-clusters", "--songs", 2, "-o", tmp_path) == 0
    index = tmp_path / "playlists.csv"
    (tmp_path / "notes.doc").write_text("keep")
    index.write_text(index.read_text() + "notes.doc,x,1,1,smooth\n")
    assert _run(monkeypatch, atlas, "--all-clusters", "--songs", 2, "-o", tmp_path) == 0
    assert (tmp_path / "notes.doc").read_text() == "keep"


@pytest.mark.parametrize(("called", "file"), [("playlists", "playlists (2)"), ("PlayLists", "PlayLists (2)")])
def test_a_cluster_called_like_the_index_has_its_file(
    atlas: Path, tmp_path: Path, monkeypatch, called: str, file: str
) -> None:
    shutil.copytree(atlas, tmp_path / "atlas")
    names = tmp_path / "atlas" / "names.toml"
    names.write_text(names.read_text(encoding="utf-8").replace(' = ""', f' = "{called}"', 1), "utf-8")
    for form, stem in (("csv", file), ("m3u8", called)):
        out, words = tmp_path / form, ("--all-clusters", "--songs", 2, "--format", form)
        assert _run(monkeypatch, tmp_path / "atlas", *words, "-o", out) == 0
        listed = pl.read_csv(out / "playlists.csv")["file"].to_list()
        assert f"{stem}.{form}" in listed
        assert {path.name for path in out.iterdir()} == {*listed, "playlists.csv"}
        assert len(listed) == 3


def test_one_file_for_two_outputs_is_refused(atlas: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    both = tmp_path / "z.m3u8"
    assert _run(monkeypatch, atlas, "--cluster", 0, "--songs", 2, "-o", both, "--report", both) == 2
    assert "is named for two outputs" in capsys.readouterr().err
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.m3u8").symlink_to(both)
    for name in ("sub/../z.m3u8", "link.m3u8"):
        words = ("--cluster", 0, "--songs", 2, "-o", both, "--report", tmp_path / name)
        assert _run(monkeypatch, atlas, *words) == 2
        assert "is named for two outputs" in capsys.readouterr().err
    assert not both.exists()


@pytest.mark.parametrize("words", [("--minutes", "1e308"), ("--seed", "-1"), ("--minutes", "nan")])
def test_lengths_and_seeds_have_limits(atlas: Path, words: tuple[str, str], monkeypatch, capsys) -> None:
    assert _run(monkeypatch, atlas, "--cluster", 0, *words) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
