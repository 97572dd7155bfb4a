"""Tags as they are written in files, cleaned."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
import soundfile as sf
from song_making import id3v1, id3v2

from songatlas.audio.file_tags import FileTags, read_file_tags
from songatlas.audio.tag_text import clean_text, mended, wrong_encoding

Make = Callable[..., Path]


def tagged(folder: Path, frames: dict[str, bytes | str], after: bytes = b"") -> FileTags:
    """Tags of a file with an ID3 tag and no sound."""
    path = folder / "song.mp3"
    path.write_bytes(id3v2(frames) + b"\xff\xfb\x90\x00" + b"\0" * 500 + after)
    return read_file_tags(path)


FULL = {
    "title": "A title",
    "artist": "One;Two",
    "album": "An album",
    "album_artist": "Various",
    "genre": "Rock",
    "date": "2003-05-01",
    "track": "7/12",
}


@pytest.mark.parametrize("ending", [".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wma"])
@pytest.mark.parametrize("name", ["song{}", "song.wav"])
def test_tags_are_read_in_every_format_whatever_the_ending(make_song: Make, ending: str, name: str) -> None:
    song = make_song(f"plain{ending}")
    copy = song.with_name(f"copy{ending}")
    with av.open(str(song)) as source, av.open(str(copy), "w") as target:
        stream: Any = target.add_stream_from_template(source.streams.audio[0])
        target.metadata.update(FULL)
        stream.metadata.update(FULL)
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    tags = read_file_tags(copy.rename(copy.with_name(name.format(ending))))
    assert tags.title == "A title"
    assert tags.artists == ("One", "Two")
    assert tags.album == "An album"
    assert tags.genres == ("Rock",)
    assert tags.year == (2003 if ending != ".wma" else tags.year)
    assert tags.problems == ()


def test_lists_of_wav_and_aiff_are_read(make_song: Make) -> None:
    for name in ("song.wav", "song.aiff"):
        song = make_song(name)
        with sf.SoundFile(song, "r+") as file:
            file.title, file.artist = "A title", "Somebody"
        tags = read_file_tags(song)
        assert (tags.title, tags.artists) == ("A title", ("Somebody",)), name


@pytest.mark.parametrize(
    ("written", "artists"),
    [
        ("AC/DC", ("AC/DC",)),
        ("One; Two;One", ("One", "Two")),
        ("One / Two", ("One", "Two")),
        ("One\0Two", ("One", "Two")),
        ("Simon & Garfunkel", ("Simon & Garfunkel",)),
        ("Earth, Wind & Fire", ("Earth, Wind & Fire",)),
        ("  ", ()),
    ],
)
def test_artists_are_divided_where_they_are_surely_several(
    tmp_path: Path, written: str, artists: tuple[str, ...]
) -> None:
    assert tagged(tmp_path, {"TPE1": written}).artists == artists


@pytest.mark.parametrize(
    ("written", "genres"),
    [
        ("(17)", ("Rock",)),
        ("17", ("Rock",)),
        ("(17)(999)", ("Rock",)),
        ("Rock/Pop", ("Rock", "Pop")),
        ("Hip-Hop; Jazz, Rock", ("Hip-Hop", "Jazz", "Rock")),
        ("Drum & Bass", ("Drum & Bass",)),
        ("(999)", ()),
        ("Other", ()),
    ],
)
def test_genres_are_words(tmp_path: Path, written: str, genres: tuple[str, ...]) -> None:
    assert tagged(tmp_path, {"TCON": written}).genres == genres


@pytest.mark.parametrize(
    ("written", "year"),
    [
        ("1999", 1999),
        ("2003-05-01", 2003),
        ("01.05.1987", 1987),
        ("19xx", None),
        ("0", None),
        ("99999", None),
    ],
)
def test_a_year_has_four_digits(tmp_path: Path, written: str, year: int | None) -> None:
    assert tagged(tmp_path, {"TYER": written}).year == year


@pytest.mark.parametrize(
    ("written", "number"), [("7", 7), ("7/12", 7), ("7/0", None), ("0", None), ("A1", None), ("123456", None)]
)
def test_a_place_on_the_album_is_a_number(tmp_path: Path, written: str, number: int | None) -> None:
    assert tagged(tmp_path, {"TRCK": written}).track_number == number


@pytest.mark.parametrize(
    ("written", "isrc"),
    [("GBAYE0601498", "GBAYE0601498"), ("gb-aye-06-01498", "GBAYE0601498"), ("none", None), ("GB06", None)],
)
def test_an_isrc_has_its_shape(tmp_path: Path, written: str, isrc: str | None) -> None:
    assert tagged(tmp_path, {"TSRC": written}).isrc == isrc


def test_an_old_tag_at_the_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(b"\0" * 700 + id3v1("Old title"))
    tags = read_file_tags(path)
    assert (tags.title, tags.artists, tags.year, tags.genres) == (
        "Old title",
        ("Old artist",),
        1999,
        ("Rock",),
    )


@pytest.mark.parametrize(
    ("bytes_", "title", "problem"),
    [
        ("Ночной поезд".encode("cp1251"), "Ночной поезд", "Cyrillic"),
        ("Café".encode(), "Café", "UTF-8"),
        ("さくらの花".encode("cp932"), "さくらの花", "Shift JIS"),
        (b"Don\x92t stop", "Don’t stop", "Windows-1252"),
        ("Motörhead".encode("latin-1"), "Motörhead", None),
        ("ÄÖÜ".encode("latin-1"), "ÄÖÜ", None),
    ],
)
def test_wrongly_declared_text_is_mended_and_told(
    tmp_path: Path, bytes_: bytes, title: str, problem: str | None
) -> None:
    tags = tagged(tmp_path, {"TIT2": b"\x00" + bytes_})
    assert tags.title == title
    assert [problem in text for text in tags.problems] == ([True] if problem else [])


def test_what_cannot_be_told_is_kept_and_told(tmp_path: Path) -> None:
    hebrew = "ציפורים".encode("cp1255").decode("latin-1")
    tags = tagged(tmp_path, {"TIT2": b"\x00" + hebrew.encode("latin-1")})
    assert tags.title == hebrew
    assert tags.problems == ("its tags are in an encoding that could not be told: kept as they are",)


@pytest.mark.parametrize(
    "text",
    ["Ålborg", "Señor Ñandú", "Übergrößenträger", "À bientôt", "Þórður", "Çà et là", "Ëë", "naïve façade"],
)
def test_languages_of_western_europe_are_left_alone(text: str) -> None:
    assert wrong_encoding([text]) is None


def test_only_the_wrong_fields_are_mended() -> None:
    assert mended("Björk", "cp1251") == "Björk"
    assert mended("Plain", "cp1251") == "Plain"
    assert mended("Привет", "cp1251") == "Привет"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\0b", "a"),
        ("line\nbreak\x07\x1b[31m", "line break [31m"),
        ("\ufeff", None),
        ("\u200b \u202e", None),
        ("\u202eevil\u202c שלום", "\u202eevil\u202c שלום"),
        ("?!", "?!"),
        ("\ud800x", "?x"),
    ],
)
def test_text_is_fit_for_a_cell(text: str, cleaned: str | None) -> None:
    assert clean_text(text) == cleaned


def test_garbage_is_no_title(tmp_path: Path) -> None:
    tags = tagged(tmp_path, {"TIT2": b"\x03" + b"\xff\xfe\xfd" * 20, "TPE1": "Somebody"})
    assert (tags.title, tags.artists) == (None, ("Somebody",))
    assert tags.problems == ("some characters of its tags could not be read",)


@pytest.mark.parametrize("content", [b"", b"ID3", b"\xff\xfb", b"RIFF\xff\xff\xff\xffWAVELIST\x10\0\0\0INFO"])
def test_no_bytes_make_reading_fail(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    assert read_file_tags(path).title is None
    assert read_file_tags(tmp_path / "missing.mp3") == FileTags()


def test_no_room_is_made_for_what_a_frame_claims(tmp_path: Path) -> None:
    path = tmp_path / "song.m4a"
    atom = b"".join(struct.pack(">I4s", 1 << 30, name) for name in (b"moov", b"udta"))
    ilst = struct.pack(">I4sI", 1 << 30, b"meta", 0) + struct.pack(">I4s", 1 << 30, b"ilst")
    name = struct.pack(">I4s", 1 << 30, b"\xa9nam") + struct.pack(">I4sII", 1 << 29, b"data", 1, 0)
    path.write_bytes(struct.pack(">I4s4sI", 16, b"ftyp", b"M4A ", 0) + atom + ilst + name + b"Title")
    assert read_file_tags(path).title == "Title"


def sized(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def frame(name: bytes, content: bytes, *, version: int, flags: int = 0) -> bytes:
    size = struct.pack(">I", len(content)) if version == 3 else sized(len(content))
    return name + size + bytes([0, flags]) + content


def with_tag(folder: Path, body: bytes, *, version: int, flags: int) -> FileTags:
    path = folder / "song.mp3"
    header = b"ID3" + bytes([version, 0, flags]) + sized(len(body))
    path.write_bytes(header + body + b"\xff\xfb\x90\x00" + b"\0" * 500)
    return read_file_tags(path)


UTF_16 = b"\1" + "Ünsync ÿþ Ā".encode("utf-16")


def test_unsynchronised_tags_are_read(tmp_path: Path) -> None:
    frames = frame(b"TIT2", UTF_16, version=3) + frame(b"TPE1", b"\0Next", version=3)
    tags = with_tag(tmp_path, frames.replace(b"\xff", b"\xff\0"), version=3, flags=0x80)
    assert (tags.title, tags.artists, tags.problems) == ("Ünsync ÿþ Ā", ("Next",), ())


@pytest.mark.parametrize(("tag_flags", "frame_flags"), [(0x80, 0x02), (0, 0x02), (0x80, 0)])
def test_unsynchronised_frames_are_read(tmp_path: Path, tag_flags: int, frame_flags: int) -> None:
    content = UTF_16.replace(b"\xff", b"\xff\0")
    frames = frame(b"TIT2", content, version=4, flags=frame_flags) + frame(b"TPE1", b"\3Next", version=4)
    tags = with_tag(tmp_path, frames, version=4, flags=tag_flags)
    assert (tags.title, tags.artists, tags.problems) == ("Ünsync ÿþ Ā", ("Next",), ())


@pytest.mark.parametrize(("version", "flags"), [(4, 0x09), (4, 0x04), (3, 0x80), (3, 0x40)])
def test_packed_and_encrypted_frames_are_no_title(tmp_path: Path, version: int, flags: int) -> None:
    packed = frame(b"TIT2", bytes(4) + zlib.compress(b"\3A title"), version=version, flags=flags)
    tags = with_tag(tmp_path, packed + frame(b"TPE1", b"\0Next", version=version), version=version, flags=0)
    assert (tags.title, tags.artists, tags.problems) == (None, ("Next",), ())


def test_a_frame_that_tells_its_own_length_is_read(tmp_path: Path) -> None:
    content = b"g" + sized(9) + b"\3A title"
    frames = frame(b"TIT2", content, version=4, flags=0x41)
    assert with_tag(tmp_path, frames, version=4, flags=0).title == "A title"
