"""A real player opens what was written: exactly these files, in this order, to their end."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from songatlas.playlists import Track, TrackList, write_playlist


def opened_by_vlc(path: Path) -> list[list[object]]:
    """What VLC played."""
    script = Path(__file__).with_name("vlc_opens.py")
    run = subprocess.run(
        [sys.executable, str(script), str(path)], capture_output=True, timeout=120, check=True
    )
    return json.loads(run.stdout)


@pytest.mark.parametrize("name", ["m3u8", "m3u", "xspf"])
def test_vlc_plays_exactly_these_files(
    name: str, vlc: str, recorded: tuple[Track, ...], tmp_path: Path
) -> None:
    path = tmp_path / "Music" / f"list.{name}"
    write_playlist(path, TrackList(name="Odd names", tracks=recorded))
    played = opened_by_vlc(path)
    opened = [unquote(str(song[0]).removeprefix("file://")) for song in played]
    assert opened == [track.location for track in recorded]
    assert [song[4] for song in played] == [track.duration_ms for track in recorded]
    assert [song[2:4] for song in played[:1]] == [["plain.wav", "Zoë"]]


@pytest.mark.parametrize("name", ["m3u8", "xspf"])
def test_a_folder_of_music_and_its_playlist_can_be_moved(
    name: str, vlc: str, recorded: tuple[Track, ...], tmp_path: Path
) -> None:
    plain = tuple(
        track for track in recorded if track.location and not set("#%?\t\n") & set(Path(track.location).name)
    )
    assert len(plain) >= 8
    (tmp_path / "Music" / "Lists").mkdir()
    write_playlist(tmp_path / "Music" / "Lists" / f"list.{name}", TrackList(name="x", tracks=plain))
    (tmp_path / "Music").rename(tmp_path / "Moved")
    played = opened_by_vlc(tmp_path / "Moved" / "Lists" / f"list.{name}")
    assert [song[4] for song in played] == [track.duration_ms for track in plain]
    assert str(tmp_path / "Moved") in unquote(str(played[0][0]))


def test_mpv_plays_exactly_these_files(recorded: tuple[Track, ...], tmp_path: Path) -> None:
    mpv = shutil.which("mpv")
    if mpv is None:
        pytest.skip("no mpv on this machine: VLC is asked instead")
    path = tmp_path / "Music" / "list.m3u8"
    recorded = tuple(track for track in recorded if "\n" not in str(track.location))  # the log has lines
    write_playlist(path, TrackList(name="Odd names", tracks=recorded))
    quiet = (
        "--no-config",
        "--ao=null",
        "--vo=null",
        "--msg-level=all=warn,cplayer=info",
        "--load-scripts=no",
    )
    run = subprocess.run([mpv, *quiet, str(path)], capture_output=True, timeout=120, check=False)
    lines = run.stdout.decode().splitlines()
    opened = [line.removeprefix("Playing: ") for line in lines if line.startswith("Playing: ")]
    found = [unquote(one.removeprefix("file://")) if one.startswith("file:") else one for one in opened]
    assert [Path(one).resolve() for one in found] == [Path(str(track.location)) for track in recorded]
    assert run.returncode == 0
    assert sum("Audio" in line and "(+)" in line for line in lines) == len(recorded)
