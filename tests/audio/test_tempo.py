"""The tempo of sounds whose tempo is known because they are made here."""

import numpy as np
import pytest
from scipy import signal

from songatlas.audio.spectra import SAMPLE_RATE, Spectra
from songatlas.audio.tempo import FASTEST_BPM, SLOWEST_BPM, Tempo, estimate_tempo

OCTAVES = (1, 2, 3, 1 / 2, 1 / 3)


def clicks(bpm, seconds=20.0):
    sound = np.zeros(int(seconds * SAMPLE_RATE), dtype=np.float32)
    sound[(np.arange(0, seconds - 0.01, 60 / bpm) * SAMPLE_RATE).astype(int)] = 0.8
    return sound


def struck(times, seconds, *, tone, decay, level):
    """Sum one decaying sound at each of the times."""
    sound = np.zeros(int(seconds * SAMPLE_RATE))
    age = np.arange(int(0.4 * SAMPLE_RATE)) / SAMPLE_RATE
    rng = np.random.default_rng(5)
    wave = np.sin(2 * np.pi * tone * age) if tone else rng.normal(size=len(age)) * 0.3
    hit = wave * np.exp(-age * decay) * level
    for start in (np.asarray(times) * SAMPLE_RATE).astype(int):
        if start < len(sound):
            sound[start : start + len(hit)] += hit[: len(sound) - start]
    return sound


def rock_drums(bpm, seconds=24.0, *, human_s=0.0, swing=0.5, seed=0):
    """Kick on 1 and 3 and before 3, snare on 2 and 4, hi-hat on every eighth."""
    rng = np.random.default_rng(seed)
    beat = 60 / bpm
    bars = np.arange(0, seconds, 4 * beat)
    late = lambda beats: (bars[:, None] + np.array(beats) * beat).ravel()  # noqa: E731
    human = lambda times: np.abs(times + rng.normal(size=len(times)) * human_s)  # noqa: E731
    hats = late([0, swing, 1, 1 + swing, 2, 2 + swing, 3, 3 + swing])
    return (
        struck(human(late([0, 1 + swing, 2])), seconds, tone=60, decay=15, level=0.6)
        + struck(human(late([1, 3])), seconds, tone=0, decay=20, level=0.4)
        + struck(human(hats), seconds, tone=0, decay=80, level=0.1)
    ).astype(np.float32)


def is_octave_of(bpm, truth, *, within=0.04):
    return any(abs(bpm / (truth * octave) - 1) <= within for octave in OCTAVES)


@pytest.mark.parametrize("bpm", [66.6, 75, 88.2, 97.7, 120, 137, 163.2, 199])
def test_steady_clicks_to_a_thousandth(bpm):
    found = estimate_tempo(clicks(bpm))
    assert is_octave_of(found.bpm, bpm, within=0.001)
    assert found.confidence > 0.9


@pytest.mark.parametrize("bpm", [90, 104.5, 120, 133])
def test_clicks_of_a_middling_tempo_are_not_halved_or_doubled(bpm):
    assert estimate_tempo(clicks(bpm)).bpm == pytest.approx(bpm, rel=0.001)


@pytest.mark.parametrize("bpm", [72, 84.5, 96, 110, 126, 140, 158, 176])
def test_a_drum_pattern(bpm):
    assert is_octave_of(estimate_tempo(rock_drums(bpm)).bpm, bpm, within=0.005)


@pytest.mark.parametrize(("bpm", "swing", "human_s"), [(92, 0.66, 0.0), (118, 0.5, 0.015), (131, 0.62, 0.01)])
def test_swing_and_unsteady_hands(bpm, swing, human_s):
    found = estimate_tempo(rock_drums(bpm, swing=swing, human_s=human_s))
    assert is_octave_of(found.bpm, bpm)


def test_drums_in_noise_as_loud_as_they_are():
    drums = rock_drums(112)
    noise = np.random.default_rng(1).normal(size=len(drums)) * drums.std()
    assert is_octave_of(estimate_tempo((drums + noise).astype(np.float32)).bpm, 112)


def test_a_long_song_is_heard_in_stretches():
    found = estimate_tempo(np.tile(rock_drums(100, 24.0), 7))
    assert is_octave_of(found.bpm, 100, within=0.005)


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_a_stretch_in_time_scales_the_tempo(factor):
    sound = rock_drums(112)
    n_samples = int(len(sound) * factor)
    places = np.arange(n_samples) / factor
    slower = np.interp(places, np.arange(len(sound)), sound).astype(np.float32)
    ratio = estimate_tempo(sound).bpm / estimate_tempo(slower).bpm
    assert is_octave_of(ratio, factor, within=0.005)


@pytest.mark.parametrize("gain", [1e-4, 1e3])
def test_loudness_does_not_matter(gain):
    sound = rock_drums(104)
    assert estimate_tempo(sound * np.float32(gain)).bpm == pytest.approx(estimate_tempo(sound).bpm, rel=1e-3)


def test_a_given_spectrogram_says_the_same():
    sound = rock_drums(97, 12.0)
    assert estimate_tempo(sound, spectra=Spectra.of(sound)) == estimate_tempo(sound)


def test_a_machine_is_surer_than_a_shaky_hand():
    assert (
        estimate_tempo(rock_drums(110)).confidence > estimate_tempo(rock_drums(110, human_s=0.04)).confidence
    )


def beatless():
    times = np.arange(20 * SAMPLE_RATE) / SAMPLE_RATE
    rng = np.random.default_rng(2)
    return {
        "silence": np.zeros(20 * SAMPLE_RATE),
        "nothing": np.zeros(0),
        "a moment": rng.normal(size=100),
        "1.5 s": clicks(120, 1.5),
        "drone": 0.3 * np.sin(2 * np.pi * 220 * times),
        "white noise": rng.normal(size=len(times)) * 0.1,
        "brown noise": signal.lfilter([1], [1, -0.99], rng.normal(size=len(times))) * 0.01,
    }


@pytest.mark.parametrize("name", list(beatless()))
def test_no_beat_no_tempo(name):
    assert estimate_tempo(beatless()[name].astype(np.float32)) is None


@pytest.mark.parametrize("seed", range(6))
def test_whatever_sounds_gets_a_finite_answer_or_none(seed):
    rng = np.random.default_rng(seed)
    sound = rng.normal(size=int(rng.uniform(1, 6) * SAMPLE_RATE)) * rng.choice([1e-6, 0.1, 10])
    sound[rng.random(len(sound)) < 0.5] = 0
    sound *= np.repeat(rng.random(len(sound) // 4000 + 1), 4000)[: len(sound)]
    found = estimate_tempo(sound.astype(np.float32)) or Tempo(SLOWEST_BPM, 0.0)
    assert SLOWEST_BPM * 0.97 <= found.bpm <= FASTEST_BPM * 1.03
    assert 0 <= found.confidence <= 1
