"""The name of a sound stays when tags change, and changes with the sound."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile as sf
from song_making import chords, id3v1, id3v2

from songatlas.audio import payload
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


def page_starts(content: bytes) -> list[int]:
    starts, place = [], 0
    while content[place : place + 4] == b"OggS":
        starts.append(place)
        place += 27 + content[place + 26] + sum(content[place + 27 : place + 27 + content[place + 26]])
    return starts


@pytest.mark.parametrize("ending", [".ogg", ".opus"])
def test_two_songs_with_the_same_broken_page_keep_two_names(make_song: Make, ending: str) -> None:
    names: dict[str, set[str]] = {"flipped": set(), "junk": set(), "cut": set()}
    for seed in (1, 2):
        song = make_song(f"song{seed}{ending}", chords(seed=seed))
        content = song.read_bytes()
        third = page_starts(content)[2]
        flipped = bytearray(content)
        flipped[third] ^= 1
        names["flipped"].add(payload_hash(other(song, bytes(flipped))))
        names["junk"].add(payload_hash(other(song, content[:third] + bytes(8) + content[third:])))
        names["cut"].add(payload_hash(other(song, content[: third + 20] + content[third + 40 :])))
    assert {what: len(found) for what, found in names.items()} == {"flipped": 2, "junk": 2, "cut": 2}


def test_the_comments_of_a_second_stream_do_not_count(make_song: Make) -> None:
    first = make_song("first.ogg", chords(seed=1)).read_bytes()
    names = set()
    for title in ("One", "Another title"):
        second = retagged(make_song("second.ogg", chords(seed=2)), title=title)
        names.add(payload_hash(other(second, first + second.read_bytes())))
    assert len(names) == 1


@pytest.mark.parametrize(("ending", "mark"), [(".m4a", b"mdat"), (".wav", b"data"), (".aiff", b"SSND")])
@pytest.mark.parametrize("size", [0x18, 0x1001, 0x20202020])
def test_a_wrong_size_of_the_sound_hides_nothing(
    make_song: Make, ending: str, mark: bytes, size: int
) -> None:
    names = set()
    for seed in (1, 2):
        sound = chords(seed=seed)
        sound[:4000] = 0
        song = make_song(f"song{seed}{ending}", sound)
        content = bytearray(song.read_bytes())
        place = content.index(mark)
        packed = struct.pack("<I" if ending == ".wav" else ">I", size)
        at = place - 4 if ending == ".m4a" else place + 4
        content[at : at + 4] = packed
        names.add(payload_hash(other(song, bytes(content))))
    assert len(names) == 2


def test_a_lying_tag_at_the_end_hides_nothing(make_song: Make) -> None:
    names = set()
    for seed in (1, 2):
        song = make_song(f"song{seed}.mp3", chords(seed=seed))
        lie = b"APETAGEX" + struct.pack("<4I", 2000, 40_000, 1, 0xA0000000) + bytes(8)
        names.add(payload_hash(other(song, song.read_bytes() + lie)))
    assert len(names) == 2


def test_huge_sounds_are_told_apart_by_samples(make_song: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload, "MOST_BYTES", 100_000)
    monkeypatch.setattr(payload, "ENDS", 10_000)
    monkeypatch.setattr(payload, "BYTES_AT_ONCE", 2_000)
    sound = chords(seconds=3)
    changes = {"same": slice(0, 0), "start": slice(0, 100), "later": slice(60_000, 80_000)}
    names = {}
    for what, where in changes.items():
        changed = sound.copy()
        changed[where] *= 0.5
        names[what] = payload_hash(make_song(f"{what}.wav", changed))
    names["longer"] = payload_hash(make_song("longer.wav", np.vstack([sound, sound])))
    assert len({*names.values()}) == 4
    assert payload_hash(make_song("again.wav", sound)) == names["same"]
