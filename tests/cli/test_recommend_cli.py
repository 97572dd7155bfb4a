from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from songatlas.atlas import Atlas, build_demo
from songatlas.cli import main
from songatlas.playlists import read_playlist


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("recommend") / "atlas"
    build_demo(500, k=3, k_max=4, seed=2).save(place)
    return place


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> None:
    monkeypatch.setattr(sys, "argv", ["songatlas", "recommend", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0


def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object) -> str:
    monkeypatch.setattr(sys, "argv", ["songatlas", "recommend", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert ended.value.code == 2
    assert told.out == ""
    assert told.err.count("\n") == 1
    return told.err


def test_songs_are_printed_with_reasons(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    songs = Atlas.load(folder).songs
    run(monkeypatch, folder, "--like", songs["song_id"][4], "-n", 6)
    told = capsys.readouterr().out
    assert f"Songs like {songs['title'][4]} - " in told
    assert "same " in told
    assert "Compared by sound, era, tags" in told


def test_json_holds_scores_reasons_and_what_was_liked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    songs = Atlas.load(folder).songs
    run(monkeypatch, folder, "--like", songs["song_id"][4], "--unlike", songs["song_id"][9], "-n", 6,
        "--year", "1950..", "--diversity", 0.4, "--weights", "popularity=0", "--json")  # fmt: skip
    told = json.loads(capsys.readouterr().out)
    assert len(told["songs"]) == 6
    assert {"rank", "song_id", "title", "artists", "score", "reason", "because_of"} <= set(told["songs"][0])
    assert told["liked"][0]["song_id"] == songs["song_id"][4]
    assert told["disliked"][0]["song_id"] == songs["song_id"][9]
    assert "popularity" not in told["blocks"]


def test_a_playlist_is_written_and_can_be_liked_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "more.m3u8"
    run(
        monkeypatch, folder, "--like", Atlas.load(folder).songs["song_id"][4], "-n", 5, "-o", target, "--json"
    )
    told = json.loads(capsys.readouterr().out)
    written = read_playlist(target).tracks
    assert [track.song_id for track in written] == [song["song_id"] for song in told["songs"]]
    run(monkeypatch, folder, "--like", target, "--songs", 3, "--json")
    again = json.loads(capsys.readouterr().out)
    assert [song["song_id"] for song in again["liked"]] == [song["song_id"] for song in told["songs"]]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--like", "no such song at all"], "no song is called 'no such song at all'"),
        (["--like", "x", "-n", "0"], "at least one song"),
        (["--diversity", "2"], "diversity is 2"),
        (["--where", "energy>lots"], "needs a number"),
        (["--weights", "tags=much"], "--weights is 'tags=much'"),
        (["-o", "/nowhere/list.m3u8"], "there is no folder"),
        (["-o", "list.doc"], ".doc"),
    ],
)
def test_mistakes_end_with_one_line(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    told: str,
) -> None:
    liked = [] if "--like" in words else ["--like", Atlas.load(folder).songs["song_id"][4]]
    assert told in refused(monkeypatch, capsys, folder, *liked, *words)
