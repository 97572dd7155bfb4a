"""A real player finds the songs of a folder of music in a playlist that was written beside them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import polars as pl
import pytest

from songatlas.atlas import build_atlas
from songatlas.atlas.playlist import make_playlist, playlist_tracks
from songatlas.playlists import write_playlist
from typed import songatlas

soundfile = pytest.importorskip("soundfile")
N_SONGS = 24


def made_music(root: Path) -> list[Path]:
    """Songs of silence in three formats, each of another length, under names that players may misread."""
    paths = []
    for place in range(N_SONGS):
        ending = ("wav", "ogg", "mp3")[place % 3]
        path = root / f"Zoë {place % 4}" / "A & B" / f"{place:02d} söng (100% [live]).{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.zeros(1600 + 80 * place), 8000)
        paths.append(path)
    return paths


def table_of(paths: list[Path]) -> pl.DataFrame:
    """A songs table as a scan writes it."""
    random = np.random.default_rng(0)
    names = ("energy", "danceability", "acousticness", "valence")
    return pl.DataFrame(
        {
            "song_id": [f"audio:{place:032x}" for place in range(N_SONGS)],
            "title": [f"Song {place}" for place in range(N_SONGS)],
            "artists": [[f"Artist {place % 8}"] for place in range(N_SONGS)],
            "path": [str(path) for path in paths],
            "loudness_db": random.uniform(-20, -5, N_SONGS),
            **{f"{name}_estimate": random.random(N_SONGS) for name in names},
        }
    )


@pytest.mark.parametrize("name", ["m3u8", "xspf"])
def test_vlc_finds_every_file_where_it_lies_and_where_all_was_moved(
    name: str, vlc: str, tmp_path: Path
) -> None:
    music = tmp_path / "Music"
    atlas = build_atlas(table_of(made_music(music)), k=2)
    tracks = playlist_tracks(atlas, make_playlist(atlas, cluster=0, n_songs=6, per_artist=None))
    wanted = [Path(str(track.location)).relative_to(music) for track in tracks.tracks]
    assert len(wanted) == 6
    (music / "Lists").mkdir()
    write_playlist(music / "Lists" / f"calm.{name}", tracks)
    assert _opened(music / "Lists" / f"calm.{name}") == [music / path for path in wanted]
    music.rename(tmp_path / "Moved")
    assert _opened(tmp_path / "Moved" / "Lists" / f"calm.{name}") == [
        tmp_path / "Moved" / path for path in wanted
    ]


def test_playlists_of_all_clusters_have_relative_paths(tmp_path: Path) -> None:
    atlas = build_atlas(table_of(made_music(tmp_path / "Music")), k=2)
    atlas.save(tmp_path / "atlas")
    answer = songatlas("playlist", tmp_path / "atlas", "--all-clusters", "-o", tmp_path / "Lists" / "all")
    assert answer.returncode == 0, answer.stderr
    for written in (tmp_path / "Lists" / "all").glob("*.m3u8"):
        paths = [line for line in written.read_text().splitlines() if not line.startswith("#")]
        assert paths
        assert all(path.startswith("../../Music/") for path in paths)
        assert all((written.parent / path).is_file() for path in paths)


def _opened(path: Path) -> list[Path]:
    """Files that VLC played to their end."""
    script = Path(__file__).with_name("vlc_opens.py")
    run = subprocess.run(
        [sys.executable, str(script), str(path)], capture_output=True, timeout=120, check=True
    )
    played = json.loads(run.stdout)
    assert all(song[1] and song[4] >= 190 for song in played)
    return [Path(unquote(str(song[0]).removeprefix("file://"))).resolve() for song in played]
