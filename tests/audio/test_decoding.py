"""Blocks of samples by either decoder, whatever the header says."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from song_making import RATE, Sound, chords, id3v2

from songatlas.audio import decoding
from songatlas.audio.decoding import DecoderName, clean, open_sound
from songatlas.audio.loudness import WAV_SPEAKERS
from songatlas.audio.outcomes import AudioFailure

Make = Callable[..., Path]
BOTH: tuple[DecoderName, ...] = ("soundfile", "pyav")


def decoded(path: Path, decoder: DecoderName = "soundfile") -> Sound:
    with closing(open_sound(path, decoder=decoder)) as sound:
        return np.concatenate([block.copy() for block in sound])


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("n_channels", [1, 2, 6])
def test_both_decoders_give_the_same_samples(make_song: Make, subtype: str, n_channels: int) -> None:
    song = make_song("song.wav", chords(seconds=1.5, n_channels=n_channels), subtype=subtype)
    one, other = (decoded(song, decoder) for decoder in BOTH)
    assert one.shape == other.shape == (RATE * 3 // 2, n_channels)
    assert one.dtype == other.dtype == np.float32
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("decoder", BOTH)
def test_lossless_sound_comes_back(make_song: Make, decoder: DecoderName) -> None:
    sound = chords(seconds=2)
    np.testing.assert_allclose(decoded(make_song("song.flac", sound), decoder), sound, atol=2**-15)


@pytest.mark.parametrize(("ending", "rate"), [(".mp3", 44_100), (".ogg", 44_100), (".opus", 48_000)])
def test_blocks_are_what_reading_at_once_gives(make_song: Make, ending: str, rate: int) -> None:
    song = make_song(f"song{ending}", rate=rate)
    np.testing.assert_array_equal(decoded(song), sf.read(song, dtype="float32")[0])


@pytest.mark.parametrize("ending", [".m4a", ".aac", ".wma", ".mp4"])
def test_what_soundfile_cannot_read_pyav_can(make_song: Make, ending: str) -> None:
    song = make_song(f"song{ending}", chords(seconds=3))
    with pytest.raises(AudioFailure):
        open_sound(song)
    samples = decoded(song, "pyav")
    assert samples.shape[1] == 2
    assert samples.shape[0] / RATE == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("decoder", BOTH)
def test_blocks_are_small_however_many_channels(make_song: Make, decoder: DecoderName) -> None:
    song = make_song("song.wav", np.zeros((30_000, 16), dtype=np.float32))
    with closing(open_sound(song, decoder=decoder)) as sound:
        sizes = [block.size for block in sound]
    assert sum(sizes) == 30_000 * 16
    assert max(sizes) <= decoding.VALUES_AT_ONCE + 16 * 8192


@pytest.mark.parametrize("decoder", BOTH)
def test_the_header_promises(make_song: Make, decoder: DecoderName) -> None:
    for name in ("song.wav", "song.flac", "song.ogg", "song.mp3"):
        with closing(open_sound(make_song(name), decoder=decoder)) as sound:
            assert sound.promised_s == pytest.approx(3.0, abs=0.1), name


def test_the_order_of_channels_is_known(make_song: Make) -> None:
    sound = np.zeros((RATE, 6), dtype=np.float32)
    for channel in range(6):
        sound[:, channel] = np.sin(np.arange(RATE) * 2 * np.pi * 15 * (1 + channel) / RATE) / 4
    strongest = {}
    ways: list[tuple[str, DecoderName]] = [("song.ogg", who) for who in BOTH]
    for name, decoder in (*ways, ("song.flac", BOTH[0])):
        song = make_song(name, sound)
        with closing(open_sound(song, decoder=decoder)) as opened:
            speakers = opened.speakers or WAV_SPEAKERS[6]
        power = np.abs(np.fft.rfft(decoded(song, decoder)[:RATE], axis=0))
        hertz = np.argmax(power, axis=0) * RATE / (2 * (len(power) - 1))
        strongest[name, decoder] = {
            who.replace("S", "B"): round(f) for who, f in zip(speakers, hertz, strict=True)
        }
    vorbis = {"FL": 15, "FC": 30, "FR": 45, "BL": 60, "BR": 75, "LFE": 90}
    assert strongest["song.ogg", "soundfile"] == strongest["song.ogg", "pyav"] == vorbis
    assert strongest["song.flac", "soundfile"]["LFE"] == 60


def test_a_guess_from_the_bit_rate_is_no_promise(make_song: Make) -> None:
    with closing(open_sound(make_song("song.aac"), decoder="pyav")) as sound:
        assert sound.promised_s is None
        assert sound.guessed_s is not None


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_frames_are_counted_where_no_header_did(make_song: Make, mode: str) -> None:
    sound = chords(seconds=8)
    sound[: 2 * RATE] *= 0.001
    song = make_song("song.mp3", sound, bitrate_mode=mode)
    content = song.read_bytes()
    song.write_bytes(content[content.index(b"\xff\xfb", 300) :])
    with closing(open_sound(song)) as opened:
        assert opened.promised_s == pytest.approx(8.0, abs=0.1)


@pytest.mark.parametrize("junk", ["picture", "frames of nothing"])
def test_bytes_that_look_like_frames_are_not_counted(make_song: Make, junk: str) -> None:
    song = make_song("song.mp3")
    frame = b"\xff\xfb\x90\x64"
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, 300_000, dtype=np.uint8).tobytes()
    lone = b"".join(frame + bytes(1000) for _ in range(300))
    song.write_bytes(song.read_bytes() + (noise if junk == "picture" else lone))
    with closing(open_sound(song)) as opened:
        assert opened.promised_s == pytest.approx(3.0, abs=0.15)


@pytest.mark.parametrize("claimed", [0x7FFF_FF00, 0xFFFF_FFFF, 0])
def test_no_room_is_made_for_what_a_header_claims(make_song: Make, claimed: int) -> None:
    song = make_song("song.wav")
    content = bytearray(song.read_bytes())
    struct.pack_into("<I", content, content.index(b"data") + 4, claimed)
    song.write_bytes(content)
    with closing(open_sound(song, decoder="pyav")) as sound:
        assert sum(len(block) for block in sound) == 3 * RATE
        promised = claimed / (RATE * 4) if claimed == 0x7FFF_FF00 else 3.0
        assert sound.promised_s == pytest.approx(promised)


@pytest.mark.parametrize("decoder", BOTH)
def test_samples_that_are_no_numbers_become_silence(make_song: Make, decoder: DecoderName) -> None:
    sound = chords(seconds=2)
    bad = sound.copy()
    bad[100, 0], bad[200], bad[300, 1], bad[-1] = np.nan, np.inf, -np.inf, 1e30
    song = make_song("song.wav", bad, subtype="FLOAT")
    with closing(open_sound(song, decoder=decoder)) as opened:
        samples = np.concatenate([block.copy() for block in opened])
        assert opened.n_bad_samples == 6
    expected = np.where(np.abs(bad) < 100, bad, 0.0)
    np.testing.assert_array_equal(samples, expected)


def test_loud_sound_is_no_damage() -> None:
    block = np.full((1 << 16, 2), 900.0, dtype=np.float32)
    assert clean(block) == 0
    assert block.min() == 900.0


def test_damaged_packets_are_skipped_and_counted(make_song: Make) -> None:
    song = make_song("song.m4a", chords(seconds=10))
    content = bytearray(song.read_bytes())
    middle = content.index(b"mdat") + 40_000
    content[middle : middle + 4000] = b"\xff" * 4000
    song.write_bytes(content)
    with closing(open_sound(song, decoder="pyav")) as sound:
        n_frames = sum(len(block) for block in sound)
        assert sound.n_bad_packets > 0
    assert 9 * RATE < n_frames < 10 * RATE


@pytest.mark.parametrize("content", [b"", b"no sound at all" * 100, b"#EXTM3U\nhttp://127.0.0.1:9/a.mp3\n"])
@pytest.mark.parametrize("decoder", BOTH)
def test_what_is_no_audio_is_refused(tmp_path: Path, decoder: DecoderName, content: bytes) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    with pytest.raises(AudioFailure) as failure:
        open_sound(path, decoder=decoder)
    assert failure.value.outcome == "unreadable"


@pytest.mark.parametrize("decoder", BOTH)
def test_text_that_is_no_utf8_in_tags_is_no_reason_to_fail(make_song: Make, decoder: DecoderName) -> None:
    song = make_song("song.mp3")
    tagged = song.with_name("tagged.mp3")
    tagged.write_bytes(id3v2({"TIT2": b"\x03Bad \xff\xfe\xfd"}) + song.read_bytes())
    assert len(decoded(tagged, decoder)) == pytest.approx(3 * RATE, abs=2400)


@pytest.mark.parametrize("rate", [1, 2_000_000])
def test_rates_of_no_music_are_refused(make_song: Make, rate: int) -> None:
    song = make_song("song.wav", chords(seconds=0.1), rate=rate)
    with pytest.raises(AudioFailure, match="damaged"):
        open_sound(song)


def n_open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this system does not list open files")
def test_files_are_let_go(make_song: Make, tmp_path: Path) -> None:
    good, text = make_song("song.flac"), tmp_path / "text.mp3"
    text.write_text("no sound")
    before = n_open_files()
    for decoder in BOTH:
        for _ in range(3):
            decoded(good, decoder)
            with pytest.raises(AudioFailure):
                open_sound(text, decoder=decoder)
    assert n_open_files() == before
