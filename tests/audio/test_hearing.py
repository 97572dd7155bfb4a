"""From a file to mono sound and its loudness, or to the reason why not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from song_making import RATE, Sound, chords, write_by_av

from songatlas.audio import hearing
from songatlas.audio.hearing import hear, mono_of
from songatlas.audio.listing import ENDINGS
from songatlas.audio.outcomes import AudioFailure

Make = Callable[..., Path]


def tone(frequency: float, *, seconds: float = 3.0, rate: int = RATE) -> Sound:
    t = np.arange(int(seconds * rate)) / rate
    return np.sin(2 * np.pi * frequency * t)[:, None].astype(np.float32) / 4


def strongest(mono: np.ndarray, rate: int) -> float:
    """Frequency of the strongest sine, in Hz."""
    power = np.abs(np.fft.rfft(mono * np.hanning(len(mono))))
    return float(np.argmax(power)) * rate / len(mono)


def failure_of(path: Path) -> AudioFailure:
    with pytest.raises(AudioFailure) as failure:
        hear(path)
    return failure.value


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_a_tone_keeps_pitch_length_and_strength(make_song: Make, rate: int) -> None:
    heard = hear(make_song("tone.wav", tone(1000, rate=rate), rate=rate, subtype="FLOAT"))
    assert (heard.sample_rate, heard.n_channels, heard.outcome) == (rate, 1, "ok")
    assert heard.duration_s == heard.decoded_s == pytest.approx(3.0)
    mono = heard.mono_22k
    assert mono.dtype == np.float32
    assert len(mono) == pytest.approx(3 * 22_050, abs=2)
    assert strongest(mono, 22_050) == pytest.approx(1000, abs=1)
    assert np.sqrt(np.mean(mono**2)) == pytest.approx(0.25 / np.sqrt(2), rel=0.01)


@pytest.mark.parametrize(("frequency", "expected"), [(9_500, 9_500), (12_000, 440)])
def test_tones_that_the_rate_cannot_hold_are_gone_not_folded(
    make_song: Make, frequency: float, expected: float
) -> None:
    heard = hear(make_song("tone.wav", tone(frequency) + tone(440) / 100))
    assert strongest(heard.mono_22k, 22_050) == pytest.approx(expected, abs=1)


def test_loudness_is_that_of_the_file_at_its_own_rate(make_song: Make) -> None:
    quiet = hear(make_song("quiet.wav", chords() / 10, subtype="FLOAT")).loudness
    loud = hear(make_song("loud.wav", chords(), subtype="FLOAT")).loudness
    assert quiet.integrated_lufs is not None
    assert loud.integrated_lufs == pytest.approx(quiet.integrated_lufs + 20, abs=0.01)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 6])
def test_mono_is_the_mean_of_channels(n_channels: int) -> None:
    block = np.random.default_rng(n_channels).normal(size=(50, n_channels)).astype(np.float32)
    np.testing.assert_allclose(mono_of(block), block.mean(axis=1), atol=1e-6)


def test_opposite_phase_is_heard_through_the_loudest_channel(make_song: Make) -> None:
    left = chords(n_channels=1)
    alone = hear(make_song("left.wav", left, subtype="FLOAT"))
    both = hear(make_song("both.wav", np.hstack([left * 0.9, -left]), subtype="FLOAT"))
    np.testing.assert_allclose(both.mono_22k, -alone.mono_22k, atol=1e-6)
    assert both.problems == ("its channels cancel each other: the loudest one was measured",)


def test_one_empty_channel_is_no_problem(make_song: Make) -> None:
    left = chords(n_channels=1)
    heard = hear(make_song("left.wav", np.hstack([left, 0 * left])))
    assert heard.problems == ()
    assert np.sqrt(np.mean(heard.mono_22k**2)) > 0.01


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_a_channel_at_rest_is_silent(make_song: Make, value: float) -> None:
    sound = np.full((3 * RATE, 2), value, dtype=np.float32)
    failure = failure_of(make_song("still.wav", sound))
    assert failure.outcome == "silent"
    assert failure.reason == "no sound in 3.0 s: one value all along"


def test_what_nobody_hears_is_silent(make_song: Make) -> None:
    failure = failure_of(make_song("hiss.wav", chords() / 10_000, subtype="FLOAT"))
    assert (failure.outcome, failure.reason) == (
        "silent",
        "no sound in 3.0 s: nothing in it is louder than -70 dB",
    )


@pytest.mark.parametrize(
    ("seconds", "reason"), [(0.3, "0.30 s of sound"), (0.97, "0.97 s of sound"), (0.0, "no sound in it: 0 s")]
)
def test_less_than_a_second_is_too_short(make_song: Make, seconds: float, reason: str) -> None:
    failure = failure_of(make_song("short.wav", chords(seconds=seconds)))
    assert (failure.outcome, failure.reason) == ("too short", reason)


def test_a_second_is_enough(make_song: Make) -> None:
    assert hear(make_song("short.wav", chords(seconds=1.0))).decoded_s == pytest.approx(1.0)


def test_a_file_cut_off_is_partial_with_its_true_length(make_song: Make) -> None:
    song = make_song("song.wav", chords(seconds=4))
    song.write_bytes(song.read_bytes()[: 44 + RATE * 4 * 2])
    heard = hear(song)
    assert heard.outcome == "partial"
    assert heard.duration_s == pytest.approx(2.0)
    assert heard.problems == ("2.0 of 4.0 s could be decoded",)


def test_the_decoder_that_gives_more_is_taken(make_song: Make) -> None:
    sound = chords(seconds=8)
    sound[: 2 * RATE] *= 0.001
    song = make_song("song.mp3", sound, bitrate_mode="VARIABLE")
    content = song.read_bytes()
    song.write_bytes(content[content.index(b"\xff\xfb", 300) :])
    assert hear(song).duration_s == pytest.approx(8.0, abs=0.1)


def test_long_files_are_cut_and_keep_their_length(make_song: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "MOST_SECONDS", 2.0)
    for name in ("song.wav", "song.mp3", "song.m4a"):
        heard = hear(make_song(name, chords(seconds=5)))
        assert heard.duration_s == pytest.approx(5.0, abs=0.1), name
        assert heard.decoded_s == 2.0
        assert len(heard.mono_22k) == pytest.approx(44_100, abs=2)
        assert heard.outcome == "ok"
        assert len(heard.problems) == 1
        assert heard.problems[0].startswith("long: only the first")


def test_a_folder_or_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    assert failure_of(tmp_path / "nothing.mp3").reason == "the file is gone"
    assert failure_of(tmp_path).reason == "it cannot be read: not a file but a pipe, a folder or a device"
    (tmp_path / "empty.mp3").touch()
    assert failure_of(tmp_path / "empty.mp3").reason == "the file is empty"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    assert failure_of(tmp_path / "pipe.mp3").outcome == "unreadable"


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(make_song: Make) -> None:
    song = make_song("song.mp3")
    song.chmod(0)
    assert failure_of(song).reason == "no permission to read it"


def joined(first: Path, second: Path) -> Path:
    both = first.with_name(f"both{first.suffix}")
    both.write_bytes(first.read_bytes() + second.read_bytes())
    return both


@pytest.mark.parametrize("ending", [".mp3", ".ogg", ".opus"])
def test_two_songs_in_one_file_are_heard_both(make_song: Make, ending: str) -> None:
    parts = [make_song(f"song{seed}{ending}", chords(seconds=4, seed=seed)) for seed in (1, 2)]
    heard = hear(joined(*parts))
    assert heard.duration_s == pytest.approx(8.0 if ending != ".opus" else 8 * RATE / 48_000, abs=0.15)
    assert heard.outcome == "ok"


@pytest.mark.parametrize(("ending", "rate"), [(".mp3", 22_050), (".ogg", 22_050)])
def test_a_second_song_that_cannot_be_heard_is_told(make_song: Make, ending: str, rate: int) -> None:
    first = make_song(f"first{ending}", chords(seconds=4))
    second = make_song(f"second{ending}", chords(seconds=4, rate=rate, n_channels=1), rate=rate)
    heard = hear(joined(first, second))
    assert heard.outcome == "partial"
    assert heard.problems[0].endswith("could be decoded")
    assert heard.duration_s == pytest.approx(4.0, abs=0.1)


def test_a_header_that_promises_too_little_is_not_believed(make_song: Make) -> None:
    song = make_song("song.mp3", chords(seconds=8))
    content = bytearray(song.read_bytes())
    at = max(content.find(b"Xing"), content.find(b"Info")) + 8
    content[at : at + 4] = (int.from_bytes(content[at : at + 4], "big") // 2).to_bytes(4, "big")
    song.write_bytes(content)
    heard = hear(song)
    assert (heard.outcome, heard.duration_s) == ("ok", pytest.approx(8.0, abs=0.1))


def test_a_song_of_which_much_cannot_be_decoded_is_partial(make_song: Make) -> None:
    first = make_song("first.aac", chords(seconds=4))
    second = make_song("second.aac", chords(seconds=4, rate=22_050, n_channels=1), rate=22_050)
    heard = hear(joined(first, second))
    assert heard.outcome == "partial"
    assert heard.problems == ("damaged: 34% of it could not be decoded",)


def with_bass(at: int) -> Sound:
    """Six channels: music in the first two, loud bass in one."""
    sound = np.zeros((4 * RATE, 6), dtype=np.float32)
    sound[:, :2] = chords(seconds=4) / 4
    sound[:, at] = 3.6 * tone(60, seconds=4)[:, 0]
    return sound


@pytest.mark.parametrize(("ending", "rate"), [(".ogg", RATE), (".opus", 48_000)])
def test_low_frequencies_count_nothing_in_any_order_of_channels(
    make_song: Make, ending: str, rate: int
) -> None:
    in_wav = hear(make_song("song.wav", with_bass(3), rate=rate)).loudness.integrated_lufs
    in_vorbis = hear(make_song(f"song{ending}", with_bass(5), rate=rate)).loudness.integrated_lufs
    assert in_vorbis == pytest.approx(in_wav, abs=1.0)
    in_front = hear(make_song(f"front{ending}", with_bass(2), rate=rate)).loudness.integrated_lufs
    assert in_front is not None
    assert in_front > in_wav + 10


def test_nothing_but_low_frequencies_is_silent(make_song: Make) -> None:
    sound = with_bass(3)
    sound[:, :2] = 0
    failure = failure_of(make_song("bass.wav", sound))
    assert failure.outcome == "silent"
    assert "channel of low frequencies" in failure.reason


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("song.webm", "libopus", 48_000),
        ("song.mka", "flac", RATE),
        ("song.mkv", "aac", RATE),
        ("song.tta", "tta", RATE),
        ("song.ac3", "ac3", 48_000),
        ("song.au", "pcm_s16be", RATE),
    ],
)
def test_rarer_kinds_are_heard(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    heard = hear(write_by_av(tmp_path / name, chords(seconds=2, rate=rate), rate=rate, codec=codec))
    assert (heard.outcome, heard.problems) == ("ok", ())
    assert heard.duration_s == pytest.approx(2.0, abs=0.05)
    assert Path(name).suffix in ENDINGS
