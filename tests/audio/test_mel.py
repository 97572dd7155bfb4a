"""Log-mel against the original's; patches are cut out of the very spectrogram of the whole song."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from songatlas.audio.network.mel import PATCH_FRAMES, log_mel, mel_filters, patches_of

RATE = 16_000


def noise(seconds: float, *, seed: int = 0) -> np.ndarray:
    """Noise that swells, so that no two patches are alike."""
    n_samples = int(seconds * RATE)
    swell = np.linspace(0.01, 0.3, max(n_samples, 1))[:n_samples]
    return (np.random.default_rng(seed).normal(size=n_samples) * swell).astype(np.float32)


def starts_in(whole: np.ndarray, patches: np.ndarray) -> list[int]:
    """First frame of every patch in the log-mel of the whole song."""
    return [int(np.abs(whole - patch[0]).max(axis=1).argmin()) for patch in patches]


@pytest.mark.parametrize("name", ["noise", "chirp", "song_soft", "song_loud", "silence"])
def test_log_mel_is_the_original_s(shared_data: Path, name: str) -> None:
    with np.load(shared_data / "audio" / "golden_musicnn.npz") as golden:
        mono, expected = golden[f"{name}/audio"].astype(np.float32) / 32768, golden[f"{name}/mel"]
    assert_allclose(log_mel(mono), expected, rtol=0, atol=1e-5)


def test_the_filters_are_the_original_s(shared_data: Path) -> None:
    with np.load(shared_data / "audio" / "golden_musicnn.npz") as golden:
        assert_allclose(mel_filters().T, golden["mel_filters"], rtol=1e-5, atol=1e-8)


def test_a_tone_is_loudest_in_its_band_and_silence_is_zero() -> None:
    tone = 0.1 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    bands = log_mel(tone)[20:40].mean(axis=0)
    assert int(bands.argmax()) == int(mel_filters()[1000 * 512 // RATE].argmax())
    assert_array_equal(log_mel(np.zeros(RATE, np.float32)), 0.0)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.5, 1.0, 2.98])
def test_a_song_shorter_than_a_patch_is_repeated(seconds: float) -> None:
    mono = noise(seconds)
    frames = log_mel(mono)
    (patch,) = patches_of(mono)
    assert len(frames) == 1 + len(mono) // 256
    assert_array_equal(patch, np.resize(frames, (PATCH_FRAMES, 96)))


@pytest.mark.parametrize(
    ("seconds", "expected"), [(3.0, 1), (5.9, 1), (6.0, 2), (20.0, 6), (40.0, 12), (90.0, 12)]
)
def test_as_many_patches_as_fit_spread_evenly(seconds: float, expected: int) -> None:
    mono = noise(seconds)
    patches, whole = patches_of(mono), log_mel(mono)
    assert patches.shape == (expected, PATCH_FRAMES, 96)
    starts = starts_in(whole, patches)
    cut = np.stack([whole[start : start + PATCH_FRAMES] for start in starts])
    assert_allclose(patches, cut, rtol=0, atol=1e-5)
    middles = (np.array(starts) + PATCH_FRAMES / 2) / len(whole)
    assert_allclose(middles, (np.arange(expected) + 0.5) / expected, atol=2 / len(whole))
    assert np.all(np.diff(starts) >= PATCH_FRAMES - 1)


def test_fewer_patches_on_request() -> None:
    assert len(patches_of(noise(90.0), 8)) == 8
    assert len(patches_of(noise(7.0), 8)) == 2


def test_silence_is_passed_over_where_there_is_sound() -> None:
    sound, silence = noise(20.0), np.zeros(200 * RATE, np.float32)
    patches = patches_of(np.concatenate([silence, sound, silence]))
    assert len(patches) == 6
    share_heard = (patches > 0).any(axis=2).mean(axis=1)
    assert share_heard.min() > 0.98
    dither = (np.random.default_rng(1).integers(-1, 2, 200 * RATE) / 32768).astype(np.float32)
    assert len(patches_of(np.concatenate([dither, sound]))) == 6


def test_a_short_sound_in_long_silence_is_in_the_one_patch() -> None:
    mono = np.zeros(60 * RATE, np.float32)
    mono[-RATE:] = noise(1.0)
    (patch,) = patches_of(mono)
    assert patch[-60:].min() > 0


def test_silence_alone_is_taken_evenly() -> None:
    assert_array_equal(patches_of(np.zeros(60 * RATE, np.float32)), np.zeros((12, PATCH_FRAMES, 96)))


def test_a_pause_of_a_bar_is_kept_as_it_is() -> None:
    mono = noise(3.2)
    mono[RATE : RATE + RATE // 2] = 0
    (patch,) = patches_of(mono)
    assert (patch == 0).all(axis=1).sum() > 20


@pytest.mark.parametrize("peak", [1e-30, 1.0, 1e20, 3e38])
def test_finite_at_any_level(peak: float) -> None:
    mono = noise(4.0)
    assert np.isfinite(patches_of(mono / np.abs(mono).max() * np.float32(peak))).all()


def test_patches_of_another_rate_are_those_of_the_whole_song_resampled() -> None:
    soxr = pytest.importorskip("soxr")
    mono = np.random.default_rng(2).normal(0, 0.1, 60 * 44_100).astype(np.float32)
    mono[20 * 44_100 : 30 * 44_100] = 0
    patches = patches_of(soxr.resample(mono, 44_100, 22_050), sample_rate=22_050)
    expected = patches_of(soxr.resample(mono, 44_100, RATE))
    assert patches.shape == expected.shape == (12, PATCH_FRAMES, 96)
    assert_allclose(patches, expected, rtol=0, atol=2e-3)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.5, 2.98, 3.0])
def test_a_short_song_of_another_rate_is_repeated_too(seconds: float) -> None:
    mono = noise(seconds)
    (patch,) = patches_of(mono, sample_rate=22_050)
    n_frames = 1 + int(len(mono) / 22_050 * RATE) // 256
    assert_array_equal(patch, np.resize(patch[:n_frames], (PATCH_FRAMES, 96)))
