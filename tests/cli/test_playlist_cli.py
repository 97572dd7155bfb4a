"""`songatlas playlist` as a person types it."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from songatlas import cli
from songatlas.atlas import build_demo
from songatlas.playlists import read_playlist

playlist_command = importlib.import_module("songatlas.cli.playlist")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "atlas"
    build_demo(400).save(path)
    return path


def _run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["songatlas", "playlist", *map(str, words)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return int(left.value.code or 0)


def test_prints_songs_and_transitions(folder: Path, monkeypatch, capsys) -> None:
    assert _run(monkeypatch, folder, "--cluster", "0", "--songs", "6", "--order", "key") == 0
    out = capsys.readouterr().out
    assert "6 songs" in out
    assert "5 transitions" in out


def test_writes_a_playlist_and_a_report(folder: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    file, report = tmp_path / "a.m3u8", tmp_path / "r.csv"
    words = ("--where", "tempo>100", "--songs", "5", "-o", file, "--report", report, "--json")
    assert _run(monkeypatch, folder, *words, "--location", "{artist}/{title}.mp3") == 0
    told = json.loads(capsys.readouterr().out)
    assert [track.title for track in read_playlist(file).tracks] == [song["title"] for song in told["songs"]]
    assert len(report.read_text().splitlines()) == 5
    assert all(track.location.endswith(".mp3") for track in read_playlist(file).tracks)


def test_a_file_is_extended_onto_itself(folder: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    title, artist = json.loads(_first_song(folder, monkeypatch, capsys))
    file = tmp_path / "mine.m3u8"
    file.write_text(
        f"#EXTM3U\n#EXTINF:100,{artist} - {title}\nmine/song.flac\n#EXTINF:9,A - No\nmine/no.ogg\n"
    )
    words = ("--extend", file, "--songs", "2", "-o", file, "--location", "{artist}/{title}.mp3")
    assert _run(monkeypatch, folder, *words, "--music", tmp_path) == 0
    out = capsys.readouterr().out
    assert "(not in the atlas)" in out
    assert "4 songs, 2 of them added" in out
    assert "0 of 2 files found under" in out
    locations = [track.location for track in read_playlist(file).tracks]
    assert locations[:2] == [str(tmp_path / "mine/song.flac"), str(tmp_path / "mine/no.ogg")]
    assert all(location.endswith(".mp3") for location in locations[2:])


def test_a_table_that_is_a_playlist_is_extended_onto_itself(
    folder: Path, tmp_path: Path, monkeypatch
) -> None:
    file = tmp_path / "mine.csv"
    assert _run(monkeypatch, folder, "--cluster", "0", "--songs", "3", "-o", file) == 0
    assert _run(monkeypatch, folder, "--extend", file, "--songs", "2", "-o", file) == 0
    assert len(read_playlist(file).tracks) == 5


def _first_song(folder: Path, monkeypatch, capsys) -> str:
    """Title and artist of a song, as JSON."""
    assert _run(monkeypatch, folder, "--cluster", "0", "--songs", "1", "--json") == 0
    song = json.loads(capsys.readouterr().out)["songs"][0]
    return json.dumps([song["title"], song["artists"][0]])


def test_one_song_is_one_song(folder: Path, monkeypatch, capsys) -> None:
    assert _run(monkeypatch, folder, "--cluster", "0", "--songs", "1", "--per-artist", "0") == 0
    assert "1 song, " in capsys.readouterr().out


def test_a_narrow_terminal_has_fewer_columns_and_whole_lines(folder: Path, monkeypatch, capsys) -> None:
    assert _run(monkeypatch, folder, "--cluster", "0", "--songs", "3") == 0
    assert "Distance →" in capsys.readouterr().out
    monkeypatch.setattr(playlist_command, "stdout", lambda: Console(width=80, highlight=False))
    assert _run(monkeypatch, folder, "--cluster", "0", "--songs", "3", "--order", "key") == 0
    out = capsys.readouterr().out
    assert "Distance →" not in out
    assert "Keys →" in out


def test_signs_of_steps() -> None:
    steps = [(-0.001, 2, "{}"), (0.25, 2, "{}"), (-30.4, 0, "{}%"), (0.2, 0, "×2 {}%"), (None, 2, "{}")]
    assert [playlist_command._step(*step) for step in steps] == ["0.00", "+0.25", "-30%", "×2 0%", ""]


def test_all_clusters_replaces_only_its_own_files(folder: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    out = tmp_path / "lists"
    assert _run(monkeypatch, folder, "--all-clusters", "--songs", "4", "-o", out) == 0
    first = {path.name for path in out.iterdir()}
    (out / "mine.txt").write_text("stays")
    assert _run(monkeypatch, folder, "--all-clusters", "--songs", "4", "-o", out, "--format", "xspf") == 0
    second = {path.name for path in out.iterdir()}
    assert "mine.txt" in second
    assert {Path(name).stem for name in first} == {Path(name).stem for name in second} - {"mine"}
    assert not any(name.endswith(".m3u8") for name in second)
    assert len(read_playlist(next(out.glob("*.xspf"))).tracks) == 4


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "say what the playlist is made of"),
        (("--from", "a"), "give --from SONG and --to SONG"),
        (("--all-clusters",), "name it with -o DIR"),
        (("--cluster", "zzz"), "no cluster is called"),
        (("--cluster", "0", "--location", "{title}.mp3"), "name the file with -o FILE"),
        (
            ("--cluster", "0", "-o", "a.m3u8", "--location", "{title}", "--music", "/nowhere"),
            "there is no folder",
        ),
        (("--cluster", "0", "-o", "/nowhere/at/all.m3u8"), "there is no folder"),
    ],
)
def test_mistakes_are_one_line(folder: Path, words: tuple[str, ...], told: str, monkeypatch, capsys) -> None:
    assert _run(monkeypatch, folder, *words) == 2
    error = capsys.readouterr().err
    assert told in error
    assert len(error.splitlines()) == 1
