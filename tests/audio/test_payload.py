"""The name of a sound stays when tags change, and changes with the sound."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import av
import pytest
import soundfile as sf
from song_making import chords, id3v1, id3v2

from songatlas.audio.payload import payload_hash

Make = Callable[..., Path]

ONE = id3v2({"TIT2": "Name"})


def other(path: Path, content: bytes) -> Path:
    """The same file with other bytes, beside it."""
    changed = path.with_name(f"changed{path.suffix}")
    changed.write_bytes(content)
    return changed


def retagged(path: Path, **tags: str) -> Path:
    """The same packets under other tags, copied by FFmpeg without decoding."""
    copy = path.with_name(f"retagged{path.suffix}")
    with av.open(str(path)) as source, av.open(str(copy), "w") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        target.metadata.update(tags)
        stream.metadata.update(tags)
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return copy


def ape(**tags: str) -> bytes:
    """An APEv2 tag with header and footer."""
    items = b"".join(
        struct.pack("<II", len(value), 0) + name.encode() + b"\0" + value.encode()
        for name, value in tags.items()
    )
    ends = [
        b"APETAGEX" + struct.pack("<4I", 2000, len(items) + 32, len(tags), flags) + b"\0" * 8
        for flags in (0xA0000000, 0x80000000)
    ]
    return ends[0] + items + ends[1]


def test_the_name_is_32_hexadecimal_digits(make_song: Make) -> None:
    name = payload_hash(make_song("song.wav"))
    assert len(name) == 32
    assert set(name) <= set("0123456789abcdef")


@pytest.mark.parametrize("ending", [".mp3", ".aac"])
@pytest.mark.parametrize(
    "before", [b"", id3v2({"TIT2": "Name"}), id3v2({"TIT2": "A"}) + id3v2({"TIT2": "B"})]
)
@pytest.mark.parametrize(
    "after",
    [b"", id3v1("Name"), ape(Title="Name"), ape(Title="Name") + id3v1("Name")],
    ids=["none", "old", "ape", "both"],
)
def test_tags_around_the_frames_do_not_count(
    make_song: Make, ending: str, before: bytes, after: bytes
) -> None:
    song = make_song(f"song{ending}")
    assert payload_hash(other(song, before + song.read_bytes() + after)) == payload_hash(song)


@pytest.mark.parametrize("ending", [".flac", ".ogg", ".opus", ".m4a", ".wma", ".mp3", ".wav", ".aiff"])
def test_a_retagged_song_keeps_its_name(make_song: Make, ending: str) -> None:
    song = retagged(make_song(f"song{ending}"), title="One")
    before = payload_hash(song)
    tagged = song.rename(song.with_name(f"first{ending}"))
    changed = retagged(tagged, title="Another title", artist="Somebody " * 2000, album="An album")
    assert changed.read_bytes() != tagged.read_bytes()
    assert payload_hash(changed) == before


def test_padding_and_pictures_of_flac_do_not_count(make_song: Make) -> None:
    song = make_song("song.flac")
    content = song.read_bytes()
    end_of_info = 8 + int.from_bytes(content[5:8], "big")
    picture = b"\x06" + (5000).to_bytes(3, "big") + b"p" * 5000
    assert payload_hash(other(song, content[:end_of_info] + picture + content[end_of_info:])) == payload_hash(
        song
    )


def test_lists_around_the_samples_of_wav_do_not_count(make_song: Make) -> None:
    song = make_song("song.wav")
    content = song.read_bytes()
    info = b"LIST" + struct.pack("<I", 16) + b"INFOINAM" + struct.pack("<I", 4) + b"abc\0"
    assert payload_hash(other(song, content + info)) == payload_hash(song)
    assert payload_hash(other(song, content[:12] + info + content[12:])) == payload_hash(song)


@pytest.mark.parametrize("ending", [".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wma", ".wav", ".aiff"])
def test_another_sound_has_another_name(make_song: Make, ending: str) -> None:
    one = payload_hash(make_song(f"one{ending}", chords(seed=1)))
    assert payload_hash(make_song(f"two{ending}", chords(seed=2))) != one


def test_the_same_samples_at_another_rate_are_another_sound(make_song: Make) -> None:
    sound = chords()
    slow = make_song("slow.wav", sound, rate=22_050)
    assert payload_hash(slow) != payload_hash(make_song("quick.wav", sound, rate=44_100))


def test_a_file_cut_off_is_another_sound_than_a_whole_one(make_song: Make) -> None:
    sound = chords()
    whole = make_song("whole.wav", sound[:44_100])
    longer = make_song("longer.wav", sound)
    cut = other(longer, longer.read_bytes()[: whole.stat().st_size])
    assert sf.info(cut).frames == sf.info(whole).frames
    assert payload_hash(cut) != payload_hash(whole)


def test_files_without_sound_are_told_apart_by_all_their_bytes(tmp_path: Path) -> None:
    contents = [b"", b"a text", id3v2({"TIT2": "One"}), id3v2({"TIT2": "Two"}), b"OggS", b"RIFF\0\0\0\0WAVE"]
    names = set()
    for number, content in enumerate(contents):
        path = tmp_path / f"{number}.mp3"
        path.write_bytes(content)
        names.add(payload_hash(path))
    assert len(names) == len(contents)


def test_a_size_beyond_the_end_is_no_reason_to_fail(make_song: Make) -> None:
    song = make_song("song.mp3")
    lying = b"ID3\x03\x00\x00\x5f\x7f\x7f\x7f" + song.read_bytes()
    assert len(payload_hash(other(song, lying))) == 32


def test_identical_sound_among_the_odd_files_has_one_name(broken: Path) -> None:
    alike = [path for path in sorted(broken.glob("*.mp3")) if path.is_file() and path.stat().st_size > 60_000]
    names = {path.name: payload_hash(path) for path in alike}
    assert names["ok_reference.mp3"] == names["same_bytes_as_ok_reference.mp3"]
    assert len({name for file, name in names.items() if file.startswith(("id3_l", "id3_u", "title_"))}) == 1
