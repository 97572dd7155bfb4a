"""Templates of locations and names of files: nothing that a song is called leads elsewhere."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songatlas.errors import BadSettings
from songatlas.playlists import Track, locate, safe_file_name

ID = "4XU3UbQRXTkBR8VastbrFK"
SONG = Track(title="Who?", artists=("AC/DC", "B"), album="..", song_id=ID, isrc="GBAYE0601498")
QUICK = settings(max_examples=200, deadline=None)
RESERVED = ("CON", "nul.txt", "Com1", "aux ", "lpt9.a.b")


@pytest.mark.parametrize(
    ("template", "location"),
    [
        ("{artist}/{album}/{title}.mp3", "AC_DC/_/Who_.mp3"),
        ("https://host/{artist}/{title}?a={artists}", "https://host/AC%2FDC/Who%3F?a=AC%2FDC%2C%20B"),
        ("https://host/{album}/x", "https://host/_/x"),
        ("spotify:track:{song_id}", f"spotify:track:{ID}"),
        ("{spotify_uri}", f"spotify:track:{ID}"),
        ("{spotify_id}.ogg", f"{ID}.ogg"),
        ("file:///music/{artist}/{title}.mp3", "/music/AC_DC/Who_.mp3"),
        ("../{{x}}/{isrc}.mp3", "../{x}/GBAYE0601498.mp3"),
    ],
)
def test_templates(template: str, location: str) -> None:
    assert locate(SONG, template=template) == location


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{titel}.mp3", "no field {titel}; did you mean 'title'.*song_id"),
        ("{title.__class__}", "no field {title.__class__}"),
        ("{title!r}", "nothing else in the braces"),
        ("{}", "no field {}"),
        ("{title", "braces that do not fit"),
        ("  ", "is empty"),
    ],
)
def test_templates_that_are_none_are_refused(template: str, said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        locate(SONG, template=template)


def test_songs_that_lack_a_field_have_no_location() -> None:
    assert locate(Track(title="x"), template="{artist}/{title}.mp3") is None
    assert locate(Track(title="x")) is None
    assert locate(Track(title="x", song_id="17")) is None
    assert locate(SONG) == f"spotify:track:{ID}"


@pytest.mark.parametrize(
    ("music", "playlists", "location"),
    [
        ("/home/me/Music", "/home/me/Music", "AC_DC.mp3"),
        ("/home/me/Music", "/home/me/Music/Lists", "../AC_DC.mp3"),
        ("/home/me/Music", "/home/me", "Music/AC_DC.mp3"),
        ("/mnt/music", "/home/me", "/mnt/music/AC_DC.mp3"),
        ("/home/me/Music", "/home/me/a/b/c/d", "/home/me/Music/AC_DC.mp3"),
        ("/home/me/Music", None, "/home/me/Music/AC_DC.mp3"),
        (None, "/home/me", "AC_DC.mp3"),
    ],
)
def test_paths_are_relative_to_the_playlist(music: str | None, playlists: str | None, location: str) -> None:
    folders = {"music": music and Path(music), "playlist_dir": playlists and Path(playlists)}
    assert locate(SONG, template="{artist}.mp3", **folders) == location


@QUICK
@given(title=st.text(min_size=1), artist=st.text(min_size=1))
def test_no_title_leads_elsewhere(title: str, artist: str) -> None:
    song = Track(title=title, artists=(artist,))
    path = locate(song, template="/music/{artist}/{title}.mp3")
    uri = locate(song, template="https://host/m/{artist}/{title}")
    if not (title.strip() and artist.strip()):
        assert path is None
        return
    assert len(PurePosixPath(str(path)).parts) == 4
    assert str(path).startswith("/music/")
    parts = urlsplit(str(uri))
    assert (parts.netloc, parts.path.count("/"), parts.query, parts.fragment) == ("host", 3, "", "")
    assert not {"..", "."} & set(parts.path.split("/"))


@QUICK
@given(names=st.lists(st.text() | st.sampled_from(RESERVED) | st.just("x" * 500), max_size=6))
def test_names_of_files_are_safe_and_unlike_each_other(names: list[str]) -> None:
    taken: set[str] = set()
    for name in names:
        made = safe_file_name(name, taken)
        assert made.casefold() not in {other.casefold() for other in taken}
        assert not set(made) & set('<>:"/\\|?*\n\0')
        assert made == made.strip(" .")
        assert len(made.encode()) <= 200
        assert made.split(".")[0].casefold().rstrip() not in {"con", "nul", "aux", "prn", "com1", "lpt9", ""}
        taken.add(made)


def test_an_unknown_field_does_not_steer_the_error() -> None:
    with pytest.raises(BadSettings, match="has no field") as caught:
        locate(SONG, template="{arti\x1b" + "x" * 5000 + "}")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600
