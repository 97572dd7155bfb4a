"""From a file to mono sound and its loudness, or to the reason why not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from song_making import RATE, Sound, chords

from songatlas.audio import hearing
from songatlas.audio.hearing import hear, mono_of
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
