from __future__ import annotations

import numpy as np
import pytest

from songatlas.audio.spectra import (
    ANALYSED_SECONDS,
    FRAMES_A_SECOND,
    HOP,
    N_POINTS,
    SAMPLE_RATE,
    Spectra,
    bin_frequencies,
)


def tone(hertz: float, seconds: float, *, amplitude: float = 0.5) -> np.ndarray:
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (amplitude * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def test_power_is_the_squared_magnitude_of_hann_windowed_frames():
    sound = np.random.default_rng(0).standard_normal(70 * HOP + N_POINTS + 100).astype(np.float32)
    spectra = Spectra.of(sound)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_POINTS) / N_POINTS)
    assert spectra.power.shape == (71, 1025)
    assert spectra.power.dtype == np.float32
    assert spectra.stretches == ((0, 71),)
    for frame in (0, 1, 63, 64, 70):
        part = sound[frame * HOP : frame * HOP + N_POINTS].astype(np.float64)
        expected = np.abs(np.fft.rfft(part * window)) ** 2
        np.testing.assert_allclose(spectra.power[frame], expected, rtol=1e-3, atol=1e-6 * expected.max())


def test_a_tone_is_found_at_its_frequency():
    spectra = Spectra.of(tone(1000, 2))
    loudest = bin_frequencies()[spectra.power.argmax(axis=1)]
    assert np.abs(loudest - 1000).max() < SAMPLE_RATE / N_POINTS


@pytest.mark.parametrize("n_samples", [0, 1, 100, N_POINTS - 1, N_POINTS])
def test_short_sounds_are_one_frame(n_samples: int):
    spectra = Spectra.of(np.ones(n_samples, dtype=np.float32))
    assert spectra.power.shape == (1, 1025)
    assert np.isfinite(spectra.power).all()
    assert (spectra.power.max() > 0) == (n_samples > 1)


def test_long_songs_are_heard_in_stretches_from_beginning_to_end():
    seconds = 300
    parts = [tone(200 + 10 * second, 1) for second in range(seconds)]
    spectra = Spectra.of(np.concatenate(parts))
    heard = (bin_frequencies()[spectra.power.argmax(axis=1)] - 200) / 10
    assert len(spectra.stretches) == 4
    assert abs(len(spectra.power) / FRAMES_A_SECOND - ANALYSED_SECONDS) < 1
    assert heard[0] < 2
    assert heard[-1] > seconds - 3
    starts = [heard[first] for first, _ in spectra.stretches]
    assert np.allclose(np.diff(starts), 90, atol=2)
    for first, end in spectra.stretches:
        assert np.diff(heard[first:end]).min() > -1.2  # time runs forward inside a stretch
        assert np.diff(heard[first:end]).max() < 2.5
    np.testing.assert_array_equal(spectra.samples[0][:100], parts[0][:100])
