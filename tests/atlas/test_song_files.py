"""Songs are found by their files, playlists hold these, and files that are gone are told."""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from pathlib import Path, PureWindowsPath

import numpy as np
import polars as pl
import pytest

from songatlas.app.server.sounds import Sounds
from songatlas.atlas import Atlas, build_atlas
from songatlas.atlas.extending import rows_of_tracks
from songatlas.atlas.playlist import make_playlist, playlist_tracks
from songatlas.atlas.recommending import given_songs, recommend
from songatlas.atlas.song_files import file_of, row_of_file, rows_of_locations, told_gone
from songatlas.cli import main
from songatlas.errors import UnknownName
from songatlas.playlists import Track, TrackList, read_playlist, write_playlist
from songatlas.playlists.locations import is_on_share, uri_of_path

N_SONGS = 24


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of music: files of no content, of which all but the last are there."""
    root = tmp_path_factory.mktemp("home") / "Music"
    for place in range(N_SONGS):
        path = path_of(root, place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    path_of(root, N_SONGS - 1).unlink()
    return root


def path_of(root: Path, place: int) -> Path:
    return root / f"Zoë {place % 4}" / "A & B" / f"{place:02d} söng.mp3"


@pytest.fixture(scope="module")
def atlas(music: Path) -> Atlas:
    random = np.random.default_rng(0)
    paths = [str(path_of(music, place)) for place in range(N_SONGS)]
    paths[5] = uri_of_path(paths[5])
    names = ("energy", "danceability", "acousticness", "valence")
    table = pl.DataFrame(
        {
            "song_id": [f"audio:{place:032x}" for place in range(N_SONGS)],
            "title": [f"Song {place:02d}" for place in range(N_SONGS)],
            "artists": [[f"Artist {place % 6}"] for place in range(N_SONGS)],
            "path": paths,
            "duration_ms": [180_000.0] * N_SONGS,
            "loudness_db": random.uniform(-20, -5, N_SONGS),
            "tempo_bpm": random.uniform(80, 160, N_SONGS),
            **{f"{name}_estimate": random.random(N_SONGS) for name in names},
        }
    )
    return build_atlas(table, k=2)


def test_what_is_a_file_on_this_computer() -> None:
    assert file_of("/music/a b.mp3") == Path("/music/a b.mp3")
    assert file_of("file:///music/a%20b.mp3") == Path("/music/a b.mp3")
    nothing = (None, "", "a.mp3", "spotify:track:x", "https://a.b/c.mp3", "/a\0.mp3")
    assert [file_of(location) for location in nothing] == [None] * len(nothing)


def test_a_song_is_found_by_its_file_however_that_is_written(
    atlas: Atlas, music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = path_of(music, 3)
    linked = tmp_path / "linked"
    linked.symlink_to(music)
    monkeypatch.chdir(path.parent)
    written = [
        str(path), path.name, f"../A & B/{path.name}", uri_of_path(str(path)),
        str(linked / path.relative_to(music)), str(path).replace("ë", "e\u0308").replace("ö", "o\u0308"),
    ]  # fmt: skip
    assert [row_of_file(atlas.songs, text) for text in written] == [3] * len(written)
    assert row_of_file(atlas.songs, str(path_of(music, 5))) == 5  # which the table has as a URI
    assert row_of_file(atlas.songs, "Song 03") is None
    assert row_of_file(atlas.songs, str(music / "another.mp3")) is None
    strange = [str(linked / path.relative_to(music)), None, str(path)]
    assert rows_of_locations(atlas.songs, strange) == [None, None, 3]  # links are not followed for strangers
    assert rows_of_locations(atlas.songs.drop("location"), [str(path)]) == [None]


def test_liked_songs_and_playlists_may_be_files(atlas: Atlas, music: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.m3u8"
    file.write_text("".join(f"{path_of(music, place)}\n" for place in (7, 2)) + "/nowhere/else.mp3\n")
    assert given_songs(atlas, [str(path_of(music, 1)), str(file)]).rows.tolist() == [1, 7, 2]
    found = recommend(atlas, like=[str(path_of(music, 1))], n=3)
    assert found.liked["song"].to_list() == ["Song 01 - Artist 1"]
    stranger = tmp_path / "stranger.mp3"
    stranger.touch()
    with pytest.raises(UnknownName, match="is no song of this atlas"):
        given_songs(atlas, [str(stranger)])


def test_why_takes_the_file_of_a_song(atlas: Atlas, music: Path, tmp_path: Path) -> None:
    assert atlas.why(str(path_of(music, 1))).title == "Song 01"
    with pytest.raises(UnknownName, match=r"there is no file '/nowhere.mp3'.* by the path of its file"):
        atlas.why("/nowhere.mp3")
    stranger = tmp_path / "stranger.mp3"
    stranger.touch()
    with pytest.raises(UnknownName, match="is no song of this atlas"):
        atlas.why(str(stranger))


def test_an_id_says_more_than_a_file_and_a_file_more_than_a_title(atlas: Atlas, music: Path) -> None:
    tracks = [
        Track(song_id=f"audio:{4:032x}", location=str(path_of(music, 9)), title="Song 01"),
        Track(location=str(path_of(music, 9)), title="Song 01", artists=("Artist 1",)),
        Track(location="/nowhere.mp3", title="Song 01", artists=("Artist 1",)),
    ]
    assert rows_of_tracks(atlas.songs, tracks) == [4, 9, 1]


def test_a_playlist_holds_files_near_it_as_relative_paths(atlas: Atlas, music: Path) -> None:
    tracks = playlist_tracks(atlas, make_playlist(atlas, cluster=0, n_songs=6))
    for folder, start in ((music, ""), (music / "Lists", "../"), (music.parent / "lists", "../Music/")):
        folder.mkdir(exist_ok=True)
        write_playlist(folder / "calm.m3u8", tracks)
        lines = [line for line in (folder / "calm.m3u8").read_text().splitlines() if line[:1] != "#"]
        assert lines == [f"{start}{Path(_path(track)).relative_to(music)}" for track in tracks.tracks]
        assert [Path(folder / line).resolve() for line in lines] == [
            Path(_path(each)) for each in tracks.tracks
        ]
    deep = music.parent / "a" / "b" / "c"
    deep.mkdir(parents=True)
    for name in ("calm.m3u8", "calm.xspf", "calm.jspf"):
        write_playlist(deep / name, tracks)
        assert [track.location for track in read_playlist(deep / name).tracks] == list(
            map(_path, tracks.tracks)
        )
    assert str(music) in (deep / "calm.m3u8").read_text()


def _path(track: Track) -> str:
    return str(file_of(track.location))


def test_a_list_without_places_gets_our_files_and_keeps_its_own(atlas: Atlas, music: Path) -> None:
    given = (
        Track(title="Song 02", artists=("Artist 2",)),
        Track(title="Song 03", artists=("Artist 3",), location="/theirs/3.mp3"),
    )
    made = make_playlist(atlas, extend=TrackList(name="Mine", tracks=given), n_songs=2)
    tracks = playlist_tracks(atlas, made).tracks
    assert [track.location for track in tracks[:2]] == [str(path_of(music, 2)), "/theirs/3.mp3"]
    assert all(track.location for track in tracks)


def test_no_other_computer_is_asked_for_a_file(
    atlas: Atlas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def look(path: object, *_: object, **__: object) -> bool:
        asked.append(str(path))
        return True

    windows = partial(is_on_share, system="nt")
    for module in ("songatlas.atlas.song_files", "songatlas.playlists.reading"):
        monkeypatch.setattr(f"{module}.is_on_share", windows)
    for module, name in ((os.path, "isfile"), (os.path, "samefile"), (Path, "exists"), (Path, "resolve")):
        monkeypatch.setattr(module, name, look)
    shares = ("//host/a/x.mp3", "\\\\host\\a\\x.mp3", "/\\host/a/x.mp3", "file://host/a/x.mp3")
    songs = atlas.songs.with_columns(pl.lit(shares[0]).alias("location"))
    assert told_gone([Track(location=share) for share in shares]) == ()
    assert Sounds(shares).sound_of(0) is None
    assert rows_of_locations(songs, ["//other/x.mp3", "/mine/x.mp3"], look_for_files=True) == [None, None]
    coded = "%5C%5Chost%5Ca%5Cx.mp3"
    (tmp_path / "list.m3u8").write_text("\n".join(["#EXTM3U", *shares, coded]), encoding="utf-8")
    assert len(read_playlist(tmp_path / "list.m3u8").tracks) == 5
    assert [path for path in asked if "host" in path and windows(path)] == []


@pytest.mark.parametrize(
    "path", ["//h/s/a", "\\\\h\\s\\a", "/\\h/s/a", "\\\\?\\UNC\\h\\s\\a", "\\\\.\\pipe\\a", "C:/a", "/a", "a"]
)
def test_shares_are_what_windows_takes_for_them(path: str) -> None:
    assert is_on_share(path, system="nt") == PureWindowsPath(path).drive.startswith("\\\\")
    assert not is_on_share(path, system="posix")


def test_files_that_are_gone_are_counted(music: Path) -> None:
    there, gone = (Track(location=str(path_of(music, place))) for place in (0, N_SONGS - 1))
    assert told_gone([there, Track(title="x"), Track(location="https://a.b/c.mp3")]) == ()
    (told,) = told_gone([there, gone])
    assert told.startswith("1 of 2 files is gone, such as ")
    assert str(path_of(music, N_SONGS - 1)) in told


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["songatlas", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0


def test_the_command_line_writes_lists_that_play_and_says_what_is_gone(
    atlas: Atlas,
    music: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    atlas.save(tmp_path / "atlas")
    gone = path_of(music, N_SONGS - 1)
    place = atlas.songs["song_id"].to_list().index(f"audio:{N_SONGS - 1:032x}")
    cluster = str(int(atlas.clustering.labels[place]))
    out = music / "all.m3u8"
    options = ["--cluster", cluster, "--songs", str(N_SONGS), "--per-artist", "0", "-o", str(out)]
    run(monkeypatch, "playlist", str(tmp_path / "atlas"), *options)
    said = " ".join(capsys.readouterr().out.split())
    assert "1 of" in said
    assert "files is gone" in said
    assert str(gone.relative_to(music)) in out.read_text()
    found = music / "found.m3u8"
    like = str(path_of(music, 0))
    words = ("--like", like, "-n", "5", "-o", str(found), "--json")
    run(monkeypatch, "recommend", str(tmp_path / "atlas"), *words)
    told = json.loads(capsys.readouterr().out)
    locations = [track.location for track in read_playlist(found).tracks]
    assert [row_of_file(atlas.songs, str(each)) is not None for each in locations] == [True] * 5
    assert any("gone" in note for note in told["notes"]) == (str(gone) in locations)
    assert "/" not in found.read_text().splitlines()[-1].split("Zo")[0]
