"""How much sound several streams in one Ogg file hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from song_making import RATE, chords

from songatlas.audio.ogg import following_seconds

Make = Callable[..., Path]


def seconds_of(content: bytes, folder: Path) -> float | None:
    path = folder / "joined.ogg"
    path.write_bytes(content)
    with path.open("rb") as file:
        return following_seconds(file)


@pytest.mark.parametrize("ending", [".ogg", ".opus", ".oga"])
def test_streams_are_added_up(make_song: Make, tmp_path: Path, ending: str) -> None:
    rate = 48_000 if ending == ".opus" else RATE
    songs = [make_song(f"song{n}{ending}", chords(seconds=n, rate=rate), rate=rate) for n in (2, 3)]
    one, two = (song.read_bytes() for song in songs)
    assert seconds_of(one, tmp_path) is None
    assert seconds_of(one + two, tmp_path) == pytest.approx(5.0, abs=0.1)
    assert seconds_of(one + two + one, tmp_path) == pytest.approx(7.0, abs=0.1)


def test_rates_may_differ(make_song: Make, tmp_path: Path) -> None:
    quick = make_song("quick.ogg", chords(seconds=2)).read_bytes()
    slow = make_song("slow.ogg", chords(seconds=2, rate=22_050), rate=22_050).read_bytes()
    assert seconds_of(quick + slow, tmp_path) == pytest.approx(4.0, abs=0.1)


def test_a_stream_cut_out_of_another_counts_from_its_first_page(make_song: Make, tmp_path: Path) -> None:
    one = make_song("one.ogg", chords(seconds=3)).read_bytes()
    late, place = bytearray(one), 0
    while place < len(late):
        samples = int.from_bytes(late[place + 6 : place + 14], "little")
        if samples:
            late[place + 6 : place + 14] = (samples + 10**9).to_bytes(8, "little")
        place += 27 + late[place + 26] + sum(late[place + 27 : place + 27 + late[place + 26]])
    found = seconds_of(one + bytes(late), tmp_path)
    assert found is not None
    assert 3.0 <= found <= 6.0


@pytest.mark.parametrize("content", [b"", b"OggS", b"no pages", b"OggS" + bytes(23), b"OggS" + b"\xff" * 60])
def test_bytes_that_are_no_pages_do_not_fail(tmp_path: Path, content: bytes) -> None:
    assert seconds_of(content, tmp_path) is None
