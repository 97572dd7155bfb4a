"""Playlist files made to break a reader: refused in one line, within bounds of memory and time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from songatlas.errors import UnreadableTable
from songatlas.playlists import playlist_of_bytes, read_playlist


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.xspf", b'<!DOCTYPE a [<!ENTITY b "c">]><playlist>&b;</playlist>', "DOCTYPE"),
        ("a.xspf", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><playlist/>', "DOCTYPE"),
        ("a.xspf", b"<playlist>" + b"<a>" * 200 + b"</a>" * 200 + b"</playlist>", "more than 100 elements"),
        ("a.xspf", b"<playlist>" + b"<track/>" * 4_000_000 + b"</playlist>", "more than 4,000,000 tags"),
        ("a.xspf", b"<playlist" + b' a="" b = ""' * 500_001 + b"/>", "more than 1,000,000 attributes"),
        ("a.xspf", b"<playlist>" + b"\xc4\x80\n" * 2_000_001 + b"</playlist>", "more than 2,000,000 lines"),
        ("a.xspf", b"<playlist>" + b"&#256;" * 2_000_001 + b"</playlist>", "more than 2,000,000 signs"),
        (
            "a.xspf",
            b"<playlist>" + b"".join(b"<a%d/>" % number for number in range(1_001)) + b"</playlist>",
            "more than 1,000 kinds of elements",
        ),
        ("a.jspf", b'{"playlist":' + b"[" * 100_000, "JSON is damaged"),
        ("a.jspf", b'{"playlist":{"track":[' + b"{}," * 2_000_001 + b"{}]}}", "more than 2,000,000 values"),
        ("a.m3u", b"#EXTM3U\n" + b"a.mp3\n" * 1_000_001, "more than 1,000,000 lines"),
        ("a.csv", b"Title,Artist\n" + b"," * 4_000_001, "more than 4,000,000 cells"),
    ],
)
def test_refuses_what_would_fill_the_memory(name: str, content: bytes, words: str) -> None:
    with pytest.raises(UnreadableTable, match=words) as caught:
        playlist_of_bytes(content, name)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "encoding",
    ["undefined", "punycode", "idna", "utf-7", "unicode_escape", "zlib", "hex", "mbcs", "none", "."],
)
def test_xml_in_an_encoding_of_no_playlist_is_refused_before_it_is_decoded(encoding: str) -> None:
    content = f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + b"a" * 300_000 + b"-" + b"A" * 300_000
    with pytest.raises(UnreadableTable, match=f"says it is in '{encoding}', which is no encoding"):
        playlist_of_bytes(content, "a.xspf")


def test_signs_of_equality_in_addresses_are_no_attributes() -> None:
    text = b"<playlist><title>" + b"a=b&amp;" * 1_000_001 + b"</title></playlist>"
    assert len(playlist_of_bytes(text, "a.xspf").name) == 4 * 1_000_001


def test_a_list_of_many_songs_is_read() -> None:
    found = playlist_of_bytes(b"#EXTM3U\n" + b"a.mp3\n" * 20_000, "a.m3u")
    assert len(found.tracks) == 20_000


def test_a_name_that_no_file_can_have_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTable, match="NUL in its name"):
        read_playlist(tmp_path / "a\0.m3u8")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "list.m3u"
    os.mkfifo(pipe)
    with pytest.raises(UnreadableTable, match="it is a pipe, no file; save what it holds as a file"):
        read_playlist(pipe)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="the system has no endless file")
def test_an_endless_file_is_refused() -> None:
    with pytest.raises(UnreadableTable, match="it is a device, no file"):
        read_playlist("/dev/zero")


def test_an_overlong_name_is_shortened() -> None:
    with pytest.raises(UnreadableTable) as caught:
        playlist_of_bytes(b"<a/>", "n" * 5000 + ".xspf")
    assert len(str(caught.value)) < 400
