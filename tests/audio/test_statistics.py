"""Statistics of sounds whose timbre and rhythm are known, and of sounds that are hardly any."""

from __future__ import annotations

import numpy as np
import pytest

from songatlas.audio.spectra import SAMPLE_RATE, Spectra
from songatlas.audio.statistics import N_STATISTICS, STATISTICS, sound_statistics

SECONDS = 12.0


def told(sound: np.ndarray) -> dict[str, float]:
    found = sound_statistics(Spectra.of(np.asarray(sound, dtype=np.float32)))
    assert found.shape == (N_STATISTICS,)
    assert found.dtype == np.float32
    return dict(zip(STATISTICS, found.tolist(), strict=True))


def times(seconds: float = SECONDS) -> np.ndarray:
    return np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def tone(hertz: float, seconds: float = SECONDS) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * hertz * times(seconds))


def noise(seconds: float = SECONDS, seed: int = 0) -> np.ndarray:
    return 0.2 * np.random.default_rng(seed).standard_normal(int(seconds * SAMPLE_RATE))


def clicks(a_minute: float, seconds: float = SECONDS) -> np.ndarray:
    decay = np.exp(-((times(seconds) * a_minute / 60) % 1) * 60 / a_minute * 40)
    return noise(seconds) * decay


def music() -> np.ndarray:
    chords = sum(tone(hertz) for hertz in (220, 277.2, 329.6)) * (0.6 + 0.4 * np.sin(2 * np.pi * times() / 4))
    return chords + clicks(120) + 0.01 * noise(seed=1)


def test_every_number_is_told():
    assert 45 <= N_STATISTICS <= 60
    for name, statistic in STATISTICS.items():
        assert len(statistic.definition) > 10, name
        assert statistic.unit in {"", "dB", "octaves", "1/s"}
        assert statistic.source in {"timbre", "harmony", "rhythm", "dynamics"}


def test_a_tone_lies_where_it_is():
    for hertz in (300.0, 2_000.0, 6_000.0):
        found = told(tone(hertz))
        assert found["centroid_mean"] == pytest.approx(np.log2(hertz), abs=0.02)
        assert found["crossings_mean"] == pytest.approx(2 * hertz / SAMPLE_RATE, rel=0.01)
        assert found["centroid_sd"] < 0.01
    assert told(tone(100))["low_level"] > -0.1
    assert told(tone(100))["high_level"] < -40
    assert told(tone(6_000))["high_level"] > -0.1


def test_noise_is_flat_wide_and_without_pitch():
    high, pitched = told(noise()), told(tone(440))
    assert high["flatness_mean"] > pitched["flatness_mean"] + 20
    assert high["bandwidth_mean"] > 11
    assert pitched["bandwidth_mean"] < 7
    assert high["rolloff_mean"] > 0.55 > pitched["rolloff_mean"]
    assert high["contrast_400_mean"] < pitched["contrast_400_mean"]
    assert high["chroma_spread"] > 0.99
    assert pitched["chroma_peak"] > 0.5
    assert pitched["chroma_fifths"] > 0.2 > 0.1 > high["chroma_fifths"]


def test_chroma_statistics_do_not_depend_on_the_key():
    chord = [220.0, 277.18, 329.63, 440.0]
    one = told(sum(tone(hertz) for hertz in chord))
    for semitones in (3, 8):
        other = told(sum(tone(hertz * 2 ** (semitones / 12)) for hertz in chord))
        for name in ("chroma_spread", "chroma_peak", "chroma_fifths"):
            assert other[name] == pytest.approx(one[name], abs=0.1), name


def test_changing_chords_change():
    still = told(sum(tone(hertz) for hertz in (220, 330)))
    turn = (times() % 2 < 1)[:, None] * [1, 0] + (times() % 2 >= 1)[:, None] * [0, 1]
    changing = told(tone(220) * turn[:, 0] + tone(311.1) * turn[:, 1])
    assert changing["chroma_change"] > still["chroma_change"] + 0.3


@pytest.mark.parametrize("a_minute", [60, 120, 180])
def test_clicks_are_counted(a_minute: int):
    found = told(clicks(a_minute))
    assert found["onset_density"] == pytest.approx(a_minute / 60, rel=0.15)
    assert found["beat_clarity"] > 0.5
    steady = told(noise())
    assert steady["beat_clarity"] < 0.3
    assert found["flux_sd"] > steady["flux_sd"]
    assert found["soft_share"] > steady["soft_share"]
    assert found["crest"] > steady["crest"] + 3


def test_slow_pulses_are_slow():
    swelling = told(noise() * (1 + np.sin(2 * np.pi * 0.7 * times())) ** 4)
    assert swelling["pulse_0.5"] > told(noise())["pulse_0.5"] + 0.1
    assert swelling["level_sd"] > told(noise())["level_sd"] + 3


@pytest.mark.parametrize("gain", [1e-6, 0.01, 100.0])
def test_gain_changes_nothing(gain: float):
    loud, soft = told(music()), told(music() * gain)
    for name in STATISTICS:
        assert soft[name] == pytest.approx(loud[name], rel=2e-3, abs=2e-3), name


def test_a_song_is_near_itself_elsewhere():
    sound = music()
    halves = [told(part) for part in np.array_split(sound, 2)]
    other = told(noise())
    for name in ("mfcc_1_mean", "mfcc_2_mean", "centroid_mean", "chroma_fifths", "flux_mean"):
        assert abs(halves[0][name] - halves[1][name]) < abs(halves[0][name] - other[name]), name


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(0),
        np.zeros(SAMPLE_RATE),
        np.ones(SAMPLE_RATE),
        np.full(100, 0.5),
        np.eye(1, 5_000)[0],
        np.full(SAMPLE_RATE, 1e-30),
        1e30 * noise(2),
        noise(0.05),
        noise(0.15),
        np.sign(tone(11_000, 3)),
        np.tile([1.0, -1.0], SAMPLE_RATE),
        np.r_[np.zeros(3 * SAMPLE_RATE), noise(0.1), np.zeros(SAMPLE_RATE)],
    ],
    ids=lambda sound: f"{len(sound)} samples",
)
def test_finite_whatever_the_sound(sound: np.ndarray):
    assert np.isfinite(list(told(sound).values())).all()


def test_silence_is_all_zeros():
    assert not any(told(np.zeros(SAMPLE_RATE)).values())
