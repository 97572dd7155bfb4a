"""Playlists of other programs: what they write, in the encodings and with the slips that are out there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from songatlas.errors import UnreadableTable
from songatlas.playlists import Track, TrackList, playlist_of_bytes, read_playlist, write_playlist
from songatlas.playlists.reading import columns_lost

URI = "spotify:track:4XU3UbQRXTkBR8VastbrFK"


def tracks_of(
    content: str | bytes, name: str = "list.m3u8", directory: Path | None = None
) -> tuple[Track, ...]:
    """The songs of a file's content."""
    whole = content.encode() if isinstance(content, str) else content
    return playlist_of_bytes(whole, name, directory=directory).tracks


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("breaks", ["\n", "\r\n", "\r"])
def test_m3u_in_every_encoding_and_with_every_line_end(encoding: str, breaks: str) -> None:
    lines = ["#EXTM3U", "#EXTINF:181, Zoë - Ça va – ok", "Musik\\Zoë.mp3", "", "#EXTINF:-1,x", "http://h/s"]
    first, second = tracks_of(breaks.join(lines).encode(encoding), "list.m3u")
    assert (first.title, first.artists, first.duration_ms) == ("Ça va – ok", ("Zoë",), 181_000)
    assert (second.title, second.duration_ms, second.location) == ("x", None, "http://h/s")


def test_a_guessed_encoding_is_told() -> None:
    notes = playlist_of_bytes("#EXTM3U\nZoë.mp3".encode("cp1252"), "list.m3u").notes
    assert "Windows-1252" in notes[0]


def test_m3u_without_header_or_remarks() -> None:
    first, second = tracks_of("Music/01 - Zoë - Hey.mp3\nC:\\Music\\02. Angie.flac\n", "list")
    assert (first.artists, first.title) == (("Zoë",), "Hey")
    assert (second.title, second.location) == ("Angie", "C:\\Music\\02. Angie.flac")


def test_paths_of_m3u_are_those_of_the_files_that_are_there(tmp_path: Path) -> None:
    for name in ("a b.mp3", "c%20d.mp3", "sub/e.mp3"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    path = tmp_path / "list.m3u8"
    path.write_text("#EXTM3U\na%20b.mp3\nc%20d.mp3\nsub\\e.mp3\n../gone%20.mp3\n", encoding="utf-8")
    found = [str(track.location) for track in read_playlist(path).tracks]
    assert [os.path.relpath(one, tmp_path) for one in found] == [
        *("a b.mp3", "c%20d.mp3", "sub/e.mp3", "../gone%20.mp3")
    ]


def test_attributes_albums_and_artists_of_m3u() -> None:
    (track,) = tracks_of(
        '#EXTM3U x="1"\n#EXTART:A - B\n#EXTALB:C\n#EXTINF:12.5 id="a,b",A - B - D\nfile:///m/%C3%A9.mp3'
    )
    assert (track.title, track.artists, track.album) == ("D", ("A - B",), "C")
    assert (track.duration_ms, track.location) == (12_500, "/m/é.mp3")


def test_xspf_of_other_players() -> None:
    text = """<?xml version="1.0" encoding="UTF-8"?>
    <playlist xmlns="http://xspf.org/ns/0/" xmlns:v="http://www.videolan.org/vlc/playlist/ns/0/" version="1">
      <title>List &amp; more</title><trackList>
        <track><location>file:///m/a%20b%23.mp3</location><title> Hey </title><creator>Zoë</creator>
          <duration>181000</duration><extension application="x"><v:id>0</v:id></extension></track>
        <track><location>sub/%C3%A9.mp3</location><duration>soon</duration></track>
        <track><identifier>https://open.spotify.com/track/4XU3UbQRXTkBR8VastbrFK</identifier></track>
      </trackList></playlist>"""
    found = playlist_of_bytes(text.encode(), "x.xspf", directory=Path("/lists"))
    assert found.name == "List & more"
    assert found.tracks[0] == Track(
        title="Hey", artists=("Zoë",), duration_ms=181_000, location="/m/a b#.mp3"
    )
    assert found.tracks[1] == Track(location="/lists/sub/é.mp3")
    assert found.tracks[2].spotify_uri == URI


@pytest.mark.parametrize(
    ("declared", "written", "title"),
    [
        ("ISO-8859-1", "latin-1", "Zoë"),
        ("iso-8859-15", "iso-8859-15", "Œuvre €"),
        ("windows-1252", "cp1252", "Zoë’s €"),
        ("WINDOWS-1251", "cp1251", "Группа"),
        ("koi8-r", "koi8-r", "Группа"),
        ("Shift_JIS", "shift_jis", "さくら"),
        ("Windows-31J", "cp932", "さくら①"),
        ("x-sjis", "shift_jis", "さくら"),
        ("EUC-JP", "euc-jp", "さくら"),
        ("gb18030", "gb18030", "月亮"),
        ("Big5", "big5", "月亮"),
        ("euc-kr", "euc-kr", "봄날"),
        ("windows-874", "cp874", "เพลง"),
        ("utf-16", "utf-8", "Zoë"),  # as programs write it that keep the text as UTF-16
        ("us-ascii", "utf-8", "Zoë"),
    ],
)
def test_xml_is_read_in_the_encoding_that_it_says(declared: str, written: str, title: str) -> None:
    text = f'<?xml version="1.0" encoding = "{declared}"?><playlist><title>{title}</title></playlist>'
    found = playlist_of_bytes(text.encode(written), "x.xspf")
    assert (found.name, found.notes) == (title, ())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_with_a_doctype_is_refused(encoding: str) -> None:
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
        '<playlist version="1" xmlns="http://xspf.org/ns/0/"><title>&a;&b;</title><trackList/></playlist>'
    )
    with pytest.raises(UnreadableTable, match="DOCTYPE"):
        playlist_of_bytes(bomb.encode(encoding), "x.xspf")


def test_jspf_with_texts_in_place_of_arrays() -> None:
    track_of_text = '{"location": "a%20b.mp3", "identifier": ["isrc:GBAYE0601498"]}'
    text = f'{{"playlist": {{"title": "x", "track": [{track_of_text}, 3]}}}}'
    (track,) = tracks_of(text, "x.jspf")
    assert (track.location, track.isrc) == ("a b.mp3", "GBAYE0601498")


@pytest.mark.parametrize(
    ("table", "lost"),
    [
        ("Title,Artist,Energy,Notes\nHey,Zoë,0.5,\n", ["Energy"]),
        ("Title,Artist,Track Name\nHey,Zoë,Ho\n", ["Title"]),
        ("Title,Artist\nHey,Zoë,more\n", ["column 3"]),
        (f"Title,Track URI,Song ID\nHey,{URI},{URI[-22:]}\nHo,,7\n", []),
        (f"Title,Track URI,Song ID\nHey,{URI},7\n", []),
        ("Title,Song ID,Track ID\nHey,7,8\n", ["Song ID"]),
        ("Title,Artist,Playlist Name\nHey,Zoë,One\nHo,Zoë,One\n", []),
        ("Title,Artist,Playlist Name\nHey,Zoë,One\nHo,Zoë,Two\n", ["Playlist Name"]),
        ("#EXTM3U\n#EXTINF:1,Zoë - Hey, Energy\nhey.mp3\n", []),
    ],
)
def test_columns_that_a_playlist_does_not_keep_are_known(tmp_path: Path, table: str, lost: list[str]) -> None:
    path = tmp_path / "songs.csv"
    path.write_text(table, encoding="utf-8")
    assert list(columns_lost(path)) == lost


def test_a_playlist_of_ours_loses_no_column(tmp_path: Path) -> None:
    path = tmp_path / "songs.csv"
    songs = (
        Track(title="=Hey", artists=("A", "B, C"), album="D", duration_ms=1_000, isrc="GBAYE0601498"),
        Track(title="Ho\n", location="/music/ho.mp3", song_id="7"),
        Track(title="He", spotify_uri=URI),
    )
    write_playlist(path, TrackList(name="Mine", tracks=songs))
    assert columns_lost(path) == ()


def test_tables_of_exportify() -> None:
    text = (
        "\ufeffTrack URI,Track Name,Album Name,Artist Name(s),Release Date,Duration (ms)\r\n"
        f'{URI},"Hey, you",Début,"Tyler, The Creator;Zoë",2001,181000\r\n'
        "spotify:local:Zo%C3%AB::Own:12,Own,,Zoë,,12000\r\n,,,,,\r\n"
    )
    found = playlist_of_bytes(text.encode(), "my_list.csv")
    assert found.name == "my_list"
    assert found.tracks[0] == Track(
        title="Hey, you",
        artists=("Tyler, The Creator", "Zoë"),
        album="Début",
        duration_ms=181_000,
        location=URI,
        song_id=URI[-22:],
        spotify_uri=URI,
    )
    assert (found.tracks[1].title, found.tracks[1].spotify_uri, len(found.tracks)) == ("Own", None, 2)


def test_tables_of_other_services() -> None:
    header = '"Track URI","Track Name","Artist URI(s)","Artist Name(s)","Track Duration (ms)","ISRC"'
    row = f'"{URI}","x","spotify:artist:a,spotify:artist:b","Tyler\\, The Creator, Zoë","1000","GBAYE0601498"'
    assert tracks_of(f"{header}\n{row}\n", "x.csv")[0].artists == ("Tyler, The Creator", "Zoë")
    assert tracks_of("sep=;\nTitel;Künstler;Dauer\nHey;Zoë;3:01\n", "x.csv")[0].duration_ms == 181_000
    assert tracks_of("title,artists,dur\nHey,\"['Zoë', 'B']\",217\n", "x.csv")[0] == Track(
        title="Hey", artists=("Zoë", "B"), duration_ms=217_000
    )
    found = playlist_of_bytes(b"Track name,Artist name,Playlist name\na,b,One\nc,d,Two\n", "x.csv")
    assert (found.name, len(found.tracks)) == ("x", 2)
    assert "2 playlists" in found.notes[0]
    apple = "Name\tArtist\tTime\tLocation\rHey\tZoë\t181\tMacintosh HD:a.mp3\r".encode("utf-16")
    assert tracks_of(apple, "x.txt")[0].duration_ms == 181_000


def test_lists_of_spotify_links() -> None:
    text = f"{URI}\r\nhttps://open.spotify.com/intl-de/track/{URI[-22:]}?si=x\n\n{URI[-22:]}\nspotify:episode:x\n"
    found = playlist_of_bytes(text.encode(), "links.txt")
    assert [track.spotify_uri for track in found.tracks] == [URI] * 3
    assert found.notes == (
        "1 line is no address of a song on Spotify and left out, such as 'spotify:episode:x'",
    )


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "x.pdf", "it is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "x.png", "no text.*give an M3U8"),
        (b"Dear diary,\ntoday was fine.\n", "x.txt", "no playlist that songatlas knows: give an M3U8"),
        (b"Dear diary,\ntoday was fine.\n", "x.m3u8", "no playlist that songatlas knows: give an M3U8"),
        (b"age,gender\n1,2\n", "x.csv", "no column.*'age'.*Track Name"),
        (b"<html><body>", "x.xspf", "XML is damaged"),
        (b"<rss></rss>", "x.xspf", "root is <rss>"),
        (b'{"songs": []}', "x.jspf", "JSON is no playlist"),
        (b"[" * 100_000, "x.json", "JSON is damaged"),
        (b"[playlist]\nFile1=a.mp3\n", "x.pls", "PLS file: open it"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\na.ts\n", "x.m3u8", "pieces of one stream"),
    ],
)
def test_what_is_no_playlist_is_refused_with_the_next_step(content: bytes, name: str, said: str) -> None:
    with pytest.raises(UnreadableTable, match=said):
        playlist_of_bytes(content, name)


def test_files_that_are_not_there_or_too_large(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTable, match="No such file"):
        read_playlist(tmp_path / "no.m3u8")
    with pytest.raises(UnreadableTable, match="directory"):
        read_playlist(tmp_path)
    with (tmp_path / "huge.csv").open("wb") as huge:
        huge.truncate((1 << 26) + 1)
    with pytest.raises(UnreadableTable, match="larger than 64 MiB"):
        read_playlist(tmp_path / "huge.csv")


def test_damaged_lines_of_ours_are_passed_over() -> None:
    text = '#EXTM3U\n#SONGATLAS:{"title": 3, "artists": "x", "duration_ms": true}\n#EXTINF:5,A - B\na.mp3\n'
    assert tracks_of(text)[0] == Track(title="B", artists=("A",), location="a.mp3")
    assert tracks_of("#EXTM3U\n#SONGATLAS:{oh\n#EXTINF:5,A - B\na.mp3\n")[0].duration_ms == 5_000


@pytest.mark.parametrize("name", ["exportify_liked_songs", "exportify_watsonbox_no_features", "chosic"])
def test_real_exports(name: str, shared_data: Path) -> None:
    found = read_playlist(shared_data / "dialects" / f"{name}.csv")
    assert len(found.tracks) > 5
    assert all(track.title for track in found.tracks)
    assert sum(track.spotify_uri is not None for track in found.tracks) > 0.9 * len(found.tracks)
