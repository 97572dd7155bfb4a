"""Playlist files of any program, whole or damaged.

The first byte of an input chooses what the file is called, the rest is the file. What must hold besides the
promises of every target: what was read can be written in every format and reads back equal (`uris` holds ids
alone), and nothing in it is looked for outside the folder of the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fuzz.harness import Target
from songatlas.errors import SongAtlasError
from songatlas.playlists import (
    FORMATS,
    Track,
    TrackList,
    left_out,
    normal,
    playlist_of_bytes,
    playlist_text,
    spotify_uri_of,
)

_NAMES: Final = (
    "calm.m3u8", "calm.m3u", "calm.xspf", "calm.jspf", "calm.json", "calm.csv", "calm.txt", "calm.uris",
    "calm", "calm.pls", ".m3u8", "calm.tsv", "\u202ecalm\x1b[31m.xml", "C:\\calm.m3u",
)  # fmt: skip

_ID: Final = "4XU3UbQRXTkBR8VastbrFK"

_SONGS: Final = TrackList(
    name="Calm",
    tracks=(
        Track(
            title="Hey", artists=("Zoë", "Ana; Bo"), album="A", duration_ms=181_500, location="Zoë/hey.mp3",
            song_id=_ID, spotify_uri=f"spotify:track:{_ID}", isrc="GBAYE0601498",
        ),
        Track(title="Two\nlines = \ud800", duration_ms=1, location="https://example.org/a%20b.mp3?x=1#y"),
        Track(title="#1, \"hit\"", location="../#1 hit.wav", song_id="s2"),
        Track(location="C:\\Music\\a - b.mp3"),
    ),
)  # fmt: skip

_OF_OTHERS: Final = (
    (1, b"#EXTM3U\r\n#PLAYLIST:Calm\r\n#EXTALB:A\n#EXTART:Z\n"
        b'#EXTINF:181 tvg-id="x",Zo\xeb - Hey\r\nMusic\\01 - Zo\xeb - Hey.mp3\r\n'),
    (8, "01 - Zoë - Hey.mp3\n02 - Ana - Ho.flac\nfile:///music/%C3%A9.mp3\n".encode("utf-16")),
    (1, b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9.0,\nsegment0.ts\n"),
    (12, b'<?xml version="1.0" encoding="iso-8859-1"?><!-- x --><playlist version="1" '
         b'xmlns="http://xspf.org/ns/0/"><title>C</title><trackList><track><location>file:///a.mp3</location>'
         b"<title>&lt;Hey&#x45;</title><creator>Z</creator><duration>181000</duration>"
         b'<identifier>isrc:GBAYE0601498</identifier><meta rel="x">y</meta></track></trackList></playlist>'),
    (12, b'<!DOCTYPE a [<!ENTITY b "c">]><playlist>&b;</playlist>'),
    (4, b'{"playlist":{"title":"C","track":[{"title":"Hey","creator":"Z","duration":181000,'
        b'"location":["a.mp3"],"identifier":"spotify:track:4XU3UbQRXTkBR8VastbrFK","extension":{},"meta":[{"x":"y"}]}]}}'),
    (5, b"Track URI,Track Name,Artist Name(s),Artist URI(s),Album Name,Track Duration (ms),ISRC\n"
        b'spotify:track:4XU3UbQRXTkBR8VastbrFK,Hey,"Zo\xc3\xab, Ana","a, b",A,181000,GBAYE0601498\n'),
    (5, b"sep=;\nTitle;Artist;Album;Time;Playlist name\nHey;Ana;A;3:01;Calm\nHo;Ana;B;1:02:03;Other\n"),
    (11, b'title\tartist\tduration\n"a\tb"\tc\t3.5\n'),
    (6, b"https://open.spotify.com/intl-de/track/4XU3UbQRXTkBR8VastbrFK?si=1\n"
        b"spotify:local:Zo%C3%AB:A:Hey:181\n4XU3UbQRXTkBR8VastbrFK\n# x\n"),
    (9, b"[playlist]\nFile1=a.mp3\nNumberOfEntries=1\n"),
)  # fmt: skip

_TOKENS: Final = (
    b"#EXTM3U", b"#EXTINF:", b"#EXTALB:", b"#EXTART:", b"#PLAYLIST:", b"#SONGATLAS:", b"#SONGATLAS-SONG:",
    b"#EXT-X-", b"<playlist", b"<trackList>", b"<track>", b"</track>", b"<location>", b"<title>",
    b"<meta rel=\"", b"<identifier>", b"<duration>", b"<!DOCTYPE", b"<![CDATA[", b"]]>", b"<?", b"&#x0;",
    b"&#55296;", b"xmlns=\"http://xspf.org/ns/0/\"", b" encoding=\"utf-16\"", b'"playlist"', b'"track"',
    b'"location"', b'"duration"', b'"extension"', b"{}", b"[]", b"null", b"true", b"[[", b"}}", b"\\ud800",
    b"\\u0000", b"file:///", b"file://host/", b"http://", b"spotify:track:", b"spotify:local:", b"C:\\",
    b"\\\\host\\", b"../", b"/./", b"%00", b"%2F", b"%zz", b"songatlas", b"sep=;", b"\t", b";", b"\"\"",
    b"\r", b"\r\n", b"\x00", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", "\u2028".encode(),
    "\u202e".encode(), "\x85".encode(), b"\x1b[31m", b":::", b"99:99:99", b"isrc:", b"{\"title\":",
)  # fmt: skip


def seeds() -> Sequence[bytes]:
    """Return our own files of every format, and those that other programs write."""
    ours = [
        bytes([_NAMES.index(f"calm{row.suffixes[0]}")]) + playlist_text(_SONGS, name).encode()
        for name, row in FORMATS.items()
    ]
    return [*ours, *(bytes([place]) + content for place, content in _OF_OTHERS), b"", b"\x05"]


def run(content: bytes) -> None:
    """Read one file; write what was read in every format, and read that again."""
    name = _NAMES[content[0] % len(_NAMES)] if content else _NAMES[0]
    found = playlist_of_bytes(content[1:], name)
    assert found.name, "a playlist without a name"
    for note in found.notes:
        assert note.isprintable(), f"a note that cannot be shown: {note!r}"
    wanted = normal(found)
    if not wanted.tracks:
        return
    written_as = tuple(FORMATS)[sum(content) % len(FORMATS)]
    left_out(found, written_as)
    try:
        text = playlist_text(found, written_as)
    except SongAtlasError:
        assert written_as == "uris", "refused although the format holds everything"
        return
    again = playlist_of_bytes(text.encode(), f"calm{FORMATS[written_as].suffixes[0]}")
    if written_as == "uris":
        uris = [uri for track in wanted.tracks if (uri := spotify_uri_of(track.spotify_uri))]
        assert [track.spotify_uri for track in again.tracks] == uris, f"{written_as} lost an id"
        assert len(uris) == len(wanted.tracks) or left_out(found, written_as), "a song is left out unsaid"
    else:
        assert again.tracks == wanted.tracks, f"{written_as} lost something"
        assert again.name == wanted.name, f"{written_as} lost the name"


TARGET: Final = Target(
    about="playlist files of any program: read, written again in every format, read back equal",
    seeds=seeds,
    run=run,
    tokens=_TOKENS,
    most_bytes=2048,
    most_seconds=1.0,
)
