"""Which files of a folder are taken for songs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from songatlas.audio.listing import ENDINGS, UNREAD, list_audio
from songatlas.errors import SongAtlasError


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * len(name))


def paths(folder: Path) -> list[str]:
    return [file.path for file in list_audio(folder).files]


def test_songs_are_found_by_their_endings_in_all_folders(tmp_path: Path) -> None:
    write(tmp_path, "b.MP3", "a.flac", "cover.jpg", "list.m3u", "deep/er/c.m4a", "deep/notes.txt", "mp3")
    assert paths(tmp_path) == ["a.flac", "b.MP3", str(Path("deep/er/c.m4a"))]
    assert list_audio(tmp_path).skipped == ()


def test_size_and_time_of_a_file_are_noted(tmp_path: Path) -> None:
    write(tmp_path, "song.mp3")
    (file,) = list_audio(tmp_path).files
    state = (tmp_path / "song.mp3").stat()
    assert (file.size, file.mtime_ns) == (8, state.st_mtime_ns)


def test_order_is_that_of_the_bytes_of_names(tmp_path: Path) -> None:
    names = ["B.mp3", "a.mp3", "é.mp3", "Z/1.mp3", "Z.mp3", "🎵.mp3"]
    write(tmp_path, *names)
    assert paths(tmp_path) == sorted(names, key=os.fsencode)


def test_a_folder_named_like_a_song_is_entered(tmp_path: Path) -> None:
    write(tmp_path, "x.mp3/inside.mp3", "empty.flac/keep.txt")
    assert paths(tmp_path) == [str(Path("x.mp3/inside.mp3"))]


def test_hidden_files_and_folders_are_told(tmp_path: Path) -> None:
    write(tmp_path, ".hidden.mp3", "._notes.mp3", ".Trash/gone.mp3", ".DS_Store", "song.mp3")
    listing = list_audio(tmp_path)
    assert [file.path for file in listing.files] == ["song.mp3"]
    assert dict(listing.skipped) == {
        "._notes.mp3": "macOS notes beside a file, no sound",
        ".hidden.mp3": "a hidden file",
        ".Trash": "a hidden folder",
    }


def test_links_are_followed_but_never_in_circles(tmp_path: Path) -> None:
    music = tmp_path / "music"
    write(music, "song.mp3")
    write(tmp_path, "elsewhere/far.mp3")
    (music / "linked.mp3").symlink_to(tmp_path / "elsewhere" / "far.mp3")
    (music / "folder").symlink_to(tmp_path / "elsewhere")
    (music / "loop").symlink_to(music)
    (music / "dangling.mp3").symlink_to(tmp_path / "nowhere.mp3")
    (music / "self.mp3").symlink_to("self.mp3")
    listing = list_audio(music)
    assert [file.path for file in listing.files] == [
        str(Path("folder/far.mp3")),
        "linked.mp3",
        "song.mp3",
    ]
    skipped = dict(listing.skipped)
    assert skipped["dangling.mp3"] == "a link to a file that is not there"
    assert skipped["loop"] == "leads to the folder itself, read already"
    assert "symbolic links" in skipped["self.mp3"]


def test_folders_that_link_to_one_another_are_read_once(tmp_path: Path) -> None:
    names = [f"d{number}" for number in range(9)]
    for name in names:
        write(tmp_path, f"{name}/{name}.mp3")
        for other in names:
            if other != name:
                (tmp_path / name / f"to_{other}").symlink_to(tmp_path / other)
    listing = list_audio(tmp_path)
    assert [file.path for file in listing.files] == [str(Path(f"{name}/{name}.mp3")) for name in names]
    assert len(listing.skipped) == 72
    assert listing.skipped[0] == (str(Path("d0/to_d1")), "leads to 'd1', which is read already")


def test_a_folder_counts_where_it_is_not_where_links_lead_to_it(tmp_path: Path) -> None:
    music = tmp_path / "music"
    write(music, "z/song.mp3")
    write(tmp_path, "far/x.mp3")
    (music / "a").symlink_to(music / "z")
    (music / "c").symlink_to(tmp_path / "far")
    (music / "b").symlink_to(tmp_path / "far")
    listing = list_audio(music)
    assert [file.path for file in listing.files] == [str(Path("b/x.mp3")), str(Path("z/song.mp3"))]
    assert dict(listing.skipped) == {
        "a": "leads to 'z', which is read already",
        "c": "leads to 'b', which is read already",
    }


def test_music_that_is_not_read_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a.MID", "b.m4p", "c.avi", "d.shn", "e.jpg", ".f.mid", "g.webm", "h.cue")
    listing = list_audio(tmp_path)
    assert [file.path for file in listing.files] == ["g.webm"]
    skipped = dict(listing.skipped)
    assert skipped.pop(".f.mid") == "notes without sound"
    assert list(skipped) == ["a.MID", "b.m4p", "c.avi", "d.shn"]
    assert not UNREAD.keys() & ENDINGS


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_no_song(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    assert list_audio(tmp_path).skipped == (("pipe.mp3", "not a file but a pipe or a device"),)


def test_names_that_are_no_text_open_the_file_again(tmp_path: Path) -> None:
    name = b"caf\xe9.mp3"
    try:
        (tmp_path / os.fsdecode(name)).write_bytes(b"sound")
    except OSError:
        pytest.skip("this file system takes only names in UTF-8")
    (file,) = list_audio(tmp_path).files
    assert os.fsencode(file.path) == name
    assert (tmp_path / file.path).read_bytes() == b"sound"


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    write(tmp_path, "locked/song.mp3", "song.mp3")
    (tmp_path / "locked").chmod(0)
    listing = list_audio(tmp_path)
    (tmp_path / "locked").chmod(0o700)
    assert [file.path for file in listing.files] == ["song.mp3"]
    assert listing.skipped == (("locked", "this folder was not entered: permission denied"),)


@pytest.mark.parametrize("name", ["nothing", "song.mp3"])
def test_only_a_folder_can_be_listed(tmp_path: Path, name: str) -> None:
    write(tmp_path, "song.mp3")
    with pytest.raises(SongAtlasError, match="cannot read the folder"):
        list_audio(tmp_path / name)
