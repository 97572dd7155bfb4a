"""`songatlas scan`, and `build` of a folder of music, on the command line.

The files are texts that tell the analyser of tests/audio what they are.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import songatlas.cli
from songatlas.audio.scan import scanning

AUDIO_TESTS = Path(__file__).parents[1] / "audio"
Ran = tuple[int, str, str]


@pytest.fixture
def music(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with 60 songs, which the analyser of the tests measures; the current folder is above it."""
    monkeypatch.syspath_prepend(AUDIO_TESTS)
    stubbed = functools.partial(scanning.scan_folder, analyser="stub_analysis")
    monkeypatch.setattr(scanning, "scan_folder", stubbed)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "My.Music"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number:02}.mp3").write_text(f"song a song of the number {number}{'!' * 60}")
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run the command line in this process."""

    def ran(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["songatlas", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            songatlas.cli.main()
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out, told.err

    return ran


def test_scan_tells_what_became_of_the_files_and_what_is_next(music: Path, run: Callable[..., Ran]) -> None:
    (music / "[bold]x.mp3").write_text("bad file")
    (music / ".hidden.mp3").write_text("song that hides")
    status, out, err = run("scan", "My.Music", "--workers", 2)
    assert (status, err) == (0, "")
    assert f"61 files of {music}: 60 ok, 1 unreadable (" in out
    assert "[bold]x.mp3" in out, "a name is text and no markup"
    assert "it is no audio" in out
    assert "Left out: .hidden.mp3" in out
    assert "60 songs with features: songs.parquet" in out
    assert out.rstrip().endswith("Next: songatlas build songs.parquet")
    assert pl.read_parquet("songs.parquet").height == 61
    assert "61 files unchanged" in run("scan", "My.Music")[1]


def test_a_scan_without_o_replaces_no_table_of_a_person(music: Path, run: Callable[..., Ran]) -> None:
    mine = pl.DataFrame({"title": ["One"] * 300, "energy": [0.5] * 300})
    mine.write_parquet("songs.parquet")
    status, _, err = run("scan", "My.Music")
    assert status == 2
    assert "'songs.parquet' is not from songatlas and would be replaced" in err
    assert pl.read_parquet("songs.parquet").equals(mine)
    assert run("scan", "My.Music", "-o", "songs.parquet")[0] == 0, "the person has asked for it"
    assert run("scan", "My.Music")[0] == 0
    assert pl.read_parquet("songs.parquet").height == 60
    mine.write_parquet("songs.parquet")
    assert run("scan", "My.Music")[0] == 2, "the store of a scan beside it makes it no scan"
    assert pl.read_parquet("songs.parquet").equals(mine)


def test_scan_says_how_many_songs_a_build_will_leave_out(music: Path, run: Callable[..., Ran]) -> None:
    (music / "60.mp3").write_text("song of a jingle")
    for ending in ("parquet", "csv", "jsonl"):
        out = run("scan", "My.Music", "-o", f"songs.{ending}")[1]
        assert "1 of them is shorter than 30 seconds: 'songatlas build' leaves it out" in out
        assert "--keep too_short" in out
    for path in music.iterdir():
        path.write_text("song of a jingle")
    assert "shorter" not in run("scan", "My.Music")[1], "the rule switches itself off where all are short"


def test_scan_tells_moved_files_from_those_that_are_gone(music: Path, run: Callable[..., Ran]) -> None:
    run("scan", "My.Music")
    for number in range(2):
        (music / f"{number:02}.mp3").rename(music / f"moved {number}.mp3")
    (music / "02.mp3").unlink()
    out = run("scan", "My.Music")[1]
    assert "- 2 files known by the sound" in out
    assert "- 1 file no longer there, taken out" in out


def test_scan_tells_a_program_everything(music: Path, run: Callable[..., Ran]) -> None:
    for number in range(50):
        (music / f"bad {number}.mp3").write_text(f"bad file {number}")
    status, out, err = run("scan", "My.Music", "-o", "out.csv", "--json")
    told = json.loads(out)
    assert (status, err) == (0, "")
    assert told["outcomes"] == {"ok": 60, "unreadable": 50}
    assert len(told["not_ok"]) == 50
    out = run("scan", "My.Music", "-o", "out.csv")[1]
    assert "10 more are not ok" in out
    assert pl.read_csv("out.csv").height == 110


def test_a_folder_without_a_song_ends_with_one_line(music: Path, run: Callable[..., Ran]) -> None:
    (music.parent / "none").mkdir()
    (music.parent / "none" / "x.mp3").write_text("bad file")
    status, out, err = run("scan", "none", "-o", "none.parquet")
    assert (status, out) == (2, "")
    assert err.startswith("songatlas: none of the 1 files in 'none' gave features")
    assert "x.mp3 is unreadable: it is no audio" in err
    assert err.count("\n") == 1
    assert pl.read_parquet("none.parquet")["outcome"].to_list() == ["unreadable"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scan", "nowhere"], "cannot read the folder"),
        (["scan", "My.Music", "-o", "songs.txt"], "let the name end in .parquet, .csv, .jsonl"),
        (["scan", "My.Music", "-o", "no/such/songs.parquet"], "there is no folder"),
        (["scan", "My.Music", "--workers", "0"], "--workers"),
        (["scan", "My.Music/00.mp3"], "name the folder that it lies in"),
        (["tune", "My.Music"], "songatlas scan My.Music -o songs.parquet"),
        (["build", "My.Music", "--dry-run"], "songatlas scan My.Music -o songs.parquet"),
        (["assign", "nowhere", "My.Music"], "songatlas scan My.Music -o songs.parquet"),
        (["app", "My.Music"], "songatlas build My.Music"),
        (
            ["build", "My.Musik"],
            "no file or folder 'My.Musik': check the path; did you mean 'My.Music'",
        ),
    ],
)
def test_a_mistake_ends_with_one_line(
    music: Path, run: Callable[..., Ran], arguments: list[str], words: str
) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
    assert [path.name for path in music.parent.iterdir()] == ["My.Music"]


def test_ctrl_c_says_how_to_go_on(
    music: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scanning, "scan_folder", stopped)
    status, out, err = run("scan", "My.Music")
    assert (status, out) == (130, "")
    assert err == "songatlas: stopped; the same command goes on where it was\n"


def test_build_scans_a_folder_first(music: Path, run: Callable[..., Ran]) -> None:
    options = ("--k", 3, "--k-max", 4, "--no-figures", "--workers", 2)
    status, out, err = run("build", "My.Music", *options)
    assert (status, err) == (0, "")
    directory = music.parent / "My.Music_atlas"
    assert f"60 files of {music}: 60 ok" in out
    report = (directory / "report.html").read_text(encoding="utf-8")
    assert "<code>songatlas build My.Music " in report
    assert "from the folder that My.Music lies in" in report
    assert json.loads((directory / "atlas" / "manifest.json").read_text())["input"]["name"] == "My.Music"
    assert pl.read_parquet(directory / "songs.parquet").height == 60
    assert (directory / "report.html").is_file()
    assert len((directory / "clustered_songs.csv").read_text().splitlines()) == 61
    (music / "60.mp3").write_text("song that is new")
    status, out, err = run("build", "My.Music", *options)
    assert (status, err) == (0, "")
    assert "60 files unchanged" in out
    assert len((directory / "clustered_songs.csv").read_text().splitlines()) == 62


def test_build_tells_a_program_one_thing(music: Path, run: Callable[..., Ran]) -> None:
    status, out, _ = run("build", "My.Music", "-o", "atlas", "--k", 3, "--k-max", 4, "--no-figures", "--json")
    assert status == 0
    assert json.loads(out)["n_songs"] == 60
