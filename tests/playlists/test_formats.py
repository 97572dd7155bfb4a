"""Whatever a playlist holds comes back equal from every format; XSPF and JSPF are valid by their schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from lxml import etree

from songatlas.errors import BadSettings
from songatlas.playlists import (
    FORMATS,
    Track,
    TrackList,
    held_in_place,
    left_out,
    normal,
    playlist_of_bytes,
    playlist_text,
    read_playlist,
    spotify_uri_of,
    write_playlist,
)

HERE = Path(__file__).parent
XSPF = etree.RelaxNG(etree.parse(str(HERE / "xspf.rng")))
JSPF = Draft202012Validator(json.loads((HERE / "jspf.schema.json").read_text(encoding="utf-8")))
QUICK = settings(max_examples=40, deadline=None)
WHOLE = ("m3u8", "m3u", "xspf", "jspf", "csv")
FOLDER = Path("/home/me/Music/Lists")
HOSTILE = (
    *(
        "<script>alert(1)</script>",
        "[bold]x[/bold]",
        "a\nb",
        "a\r\nb\rc",
        "nul\x00",
        "\ud800 half",
        "\ud83d\ude00",
    ),
    *(
        "\u202egnirts",
        "#EXTINF:1,x - y",
        "#SONGATLAS:{}",
        "\u2028sep",
        "\x85",
        "a - b - c",
        " - ",
        "a;b",
        "a, b",
    ),
    *(
        '"',
        "\\,",
        "['x', 'y']",
        "]]>",
        "&amp;",
        "=1+1",
        "\ufeff",
        " padded ",
        "\ufffe",
        "NA",
        "x" * 10_000,
        "%41%zz",
    ),
)
TEXTS = st.text() | st.sampled_from(HOSTILE) | st.lists(st.sampled_from(HOSTILE), max_size=3).map(" ".join)
SPOTIFY_IDS = st.from_regex(r"[0-9A-Za-z]{22}", fullmatch=True)
FOLDERS = ("", "./", "../", "/", "/home/me/Music/", f"{FOLDER}/", "file:///a/", "C:\\", "https://h/")
NAMES = ("#1.mp3", "what?.mp3", "a%20b.mp3", "b\udce9.mp3", "re:x.mp3", "http://x", "~/a", "..")
PATHS = st.tuples(st.sampled_from(FOLDERS), TEXTS | st.sampled_from(NAMES)).map("".join)
TRACKS = st.builds(
    Track,
    title=st.none() | TEXTS,
    artists=st.lists(TEXTS, max_size=3).map(tuple),
    album=st.none() | TEXTS,
    duration_ms=st.none() | st.integers(-1, 10**11),
    location=st.none() | PATHS | SPOTIFY_IDS.map("spotify:track:{}".format),
    song_id=st.none() | TEXTS | SPOTIFY_IDS,
    spotify_uri=st.none() | SPOTIFY_IDS.map("spotify:track:{}".format) | TEXTS,
    isrc=st.none() | st.just("GBAYE0601498") | TEXTS,
)
PLAYLISTS = st.builds(TrackList, name=TEXTS, tracks=st.lists(TRACKS, max_size=4).map(tuple))


def read_back(tracks: TrackList, name: str, directory: Path | None = None) -> TrackList:
    """What a format's own reader makes of the text that is written."""
    text = playlist_text(tracks, name, directory=directory).encode().decode()
    return FORMATS[name].read(text, "another name", None if directory is None else str(directory))


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("directory", [None, FOLDER], ids=["nowhere", "in a folder"])
@QUICK
@given(tracks=PLAYLISTS)
def test_every_text_is_read_back_equal(name: str, directory: Path | None, tracks: TrackList) -> None:
    expected = normal(tracks, directory=None if directory is None else str(directory))
    assert read_back(tracks, name, directory) == expected


@QUICK
@given(tracks=PLAYLISTS)
def test_the_normal_form_keeps_what_is_known(tracks: TrackList) -> None:
    found = normal(tracks)
    assert normal(found) == found
    joined = [
        track.title.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        for track in tracks.tracks
        if track.title
    ]
    assert [track.title for track in found.tracks if track.title] == joined


@pytest.mark.parametrize("name", WHOLE)
@QUICK
@given(tracks=PLAYLISTS)
def test_the_format_is_found_by_content(name: str, tracks: TrackList) -> None:
    found = playlist_of_bytes(playlist_text(tracks, name).encode(), f"list{FORMATS[name].suffixes[0]}")
    assert found == normal(tracks)


@QUICK
@given(ids=st.lists(SPOTIFY_IDS, min_size=1, max_size=5))
def test_lists_of_uris_are_read_back_equal(ids: list[str]) -> None:
    songs = tuple(Track(song_id=one, spotify_uri=f"spotify:track:{one}") for one in ids)
    tracks = TrackList(name="another name", tracks=songs)
    assert read_back(tracks, "uris") == normal(tracks)


@QUICK
@given(tracks=PLAYLISTS)
def test_xspf_is_valid_and_without_extensions(tracks: TrackList) -> None:
    document = etree.fromstring(playlist_text(tracks, "xspf").encode(), etree.XMLParser(huge_tree=True))
    XSPF.assertValid(document)
    assert not document.findall(".//{http://xspf.org/ns/0/}extension")


@QUICK
@given(tracks=PLAYLISTS)
def test_jspf_is_valid(tracks: TrackList) -> None:
    JSPF.validate(json.loads(playlist_text(tracks, "jspf")))


@pytest.mark.parametrize(
    "wrong",
    [
        '<playlist version="2" xmlns="http://xspf.org/ns/0/"><trackList/></playlist>',
        '<playlist version="1" xmlns="http://xspf.org/ns/0/"/>',
        '<playlist version="1"><trackList/></playlist>',
        '<playlist version="1" xmlns="http://xspf.org/ns/0/"><trackList><track><duration>1.5</duration></track>'
        "</trackList></playlist>",
    ],
)
def test_the_schema_refuses_what_is_wrong(wrong: str) -> None:
    assert not XSPF.validate(etree.fromstring(wrong))


def test_arrays_of_jspf() -> None:
    uri = "spotify:track:4XU3UbQRXTkBR8VastbrFK"
    song = Track(title="Hey", location="/m/a b.mp3", spotify_uri=uri, isrc="GBAYE0601498")
    (track,) = json.loads(playlist_text(TrackList(name="x", tracks=(song,)), "jspf"))["playlist"]["track"]
    assert track["location"] == ["file:///m/a%20b.mp3"]
    assert track["identifier"] == [uri, "urn:isrc:GBAYE0601498"]


@pytest.mark.parametrize("name", FORMATS)
def test_files_are_read_back_equal(name: str, tmp_path: Path) -> None:
    uri = "spotify:track:4XU3UbQRXTkBR8VastbrFK"
    songs = [Track(title=text, artists=(text, "B"), spotify_uri=uri, song_id=uri[-22:]) for text in HOSTILE]
    songs += [Track(title="here", location="Mu sic/#1.mp3", spotify_uri=uri)]
    tracks = TrackList(name="<b>Calm</b>", tracks=tuple(songs))
    path = tmp_path / f"file{FORMATS[name].suffixes[0]}"
    write_playlist(path, tracks)
    found = read_playlist(path)
    if name == "uris":
        assert [track.spotify_uri for track in found.tracks] == [uri] * len(songs)
        assert found.name == "file"
    else:
        assert found == normal(tracks, directory=str(tmp_path))
        assert found.tracks[-1].location == str(tmp_path / "Mu sic/#1.mp3")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_playlist_is_a_file_too(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"Nothing{FORMATS[name].suffixes[0]}"
    write_playlist(path, TrackList(name="Nothing"))
    assert read_playlist(path) == TrackList(name="Nothing")


def test_songs_without_spotify_ids_are_told() -> None:
    with_id = Track(title="A", song_id="4XU3UbQRXTkBR8VastbrFK")
    tracks = TrackList(name="x", tracks=(with_id, Track(title="B", artists=("Zoë",))))
    assert playlist_text(tracks, "uris") == f"{spotify_uri_of(with_id.song_id)}\n"
    (told,) = left_out(tracks, "uris")
    assert told.startswith("1 of 2 songs has no Spotify id")
    assert "Zoë - B" in told
    with pytest.raises(BadSettings, match="none of the 1 songs"):
        playlist_text(TrackList(name="x", tracks=tracks.tracks[1:]), "uris")


def test_songs_without_a_location_do_not_mislead_players() -> None:
    tracks = TrackList(name="x", tracks=(Track(title="lost"), Track(title="found", location="found.mp3")))
    lines = playlist_text(tracks, "m3u8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["found.mp3"]
    assert lines[-2:] == ["#EXTINF:-1,found", "found.mp3"]
    assert "1 of 2 songs has no location" in left_out(tracks, "m3u8")[0]
    assert left_out(TrackList(name="x", tracks=tracks.tracks[1:]), "m3u8") == ()


def test_plain_songs_are_written_plainly() -> None:
    song = Track(title="Hey", artists=("Zoë",), album="Début", duration_ms=181_000, location="Zoë/hey.mp3")
    tracks = TrackList(name="Calm", tracks=(song,))
    assert playlist_text(tracks, "m3u8") == (
        "#EXTM3U\n#PLAYLIST:Calm\n#EXTINF:181,Zoë - Hey\n#EXTALB:Début\nZoë/hey.mp3\n"
    )
    assert "<meta" not in playlist_text(tracks, "xspf")
    assert "meta" not in playlist_text(tracks, "jspf")
    assert "{" not in playlist_text(tracks, "csv")


@pytest.mark.parametrize(
    ("name", "said"),
    [("list.mp3", "'.mp3'.*m3u8"), ("list", "no suffix.*m3u8"), ("list.xpsf", "did you mean '.xspf'")],
)
def test_unknown_suffixes_are_refused_with_the_formats(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=said):
        write_playlist(tmp_path / name, TrackList(name="x"))
    write_playlist(tmp_path / name, TrackList(name="x"), format="xspf")
    assert read_playlist(tmp_path / name).name == "x"


def test_places_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    tracks = TrackList(name="x", tracks=(Track(title="a"),))
    with pytest.raises(BadSettings, match="is a folder: name a file"):
        write_playlist(tmp_path, tracks, format="m3u8")
    with pytest.raises(BadSettings, match="there is no folder"):
        write_playlist(tmp_path / "no" / "x.m3u8", tracks)
    with pytest.raises(BadSettings, match=r"did you mean 'xspf'.*m3u8, m3u"):
        playlist_text(tracks, "xpsf")
    old = tmp_path / "old.txt"
    old.write_text("as it was", encoding="utf-8")
    with pytest.raises(BadSettings, match="none of the 1 songs"):
        write_playlist(old, tracks)
    assert [old.read_text(encoding="utf-8"), list(tmp_path.iterdir())] == ["as it was", [old]]


def test_songs_that_m3u8_holds_in_place_are_counted(tmp_path: Path) -> None:
    names = ("#1 hit", "what?", "100%20 pure", "plain", "100% pure")
    tracks = tuple(Track(title=name, location=str(tmp_path / f"{name}.mp3")) for name in names)
    listed = TrackList(name="", tracks=(*tracks, Track(title="far", location="/far/away/#.mp3")))
    (told,) = held_in_place(listed, tmp_path / "list.m3u8")
    assert told.startswith("3 songs have #, ?, % or the like in their paths")
    text = playlist_text(listed, "m3u8", directory=tmp_path)
    assert text.count(f"\nfile://{tmp_path}") == 3
    assert held_in_place(listed, tmp_path / "list.xspf") == ()
    assert held_in_place(TrackList(name="", tracks=tracks[3:]), tmp_path / "list.m3u8") == ()
