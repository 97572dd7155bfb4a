"""The key of chord progressions that are made here, in all 24 keys."""

import numpy as np
import pytest
from scipy import signal

from songatlas.audio.chroma import chroma_of
from songatlas.audio.key import MAJOR, MINOR, estimate_key
from songatlas.audio.spectra import SAMPLE_RATE, Spectra

MAJOR_SONG = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14), (0, 4, 7))
MINOR_SONG = ((0, 3, 7), (8, 12, 15), (5, 8, 12), (0, 3, 7), (10, 14, 17), (3, 7, 10), (7, 10, 14), (0, 3, 7))
SONGS = {MAJOR: MAJOR_SONG, MINOR: MINOR_SONG}


def note(midi, seconds):
    """One note with five overtones, fading."""
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    frequency = 440 * 2 ** ((midi - 69) / 12)
    wave = sum(np.sin(2 * np.pi * frequency * k * times) / k for k in range(1, 6))
    return wave * np.exp(-times) * np.minimum(1, times * 100)


def song(tonic, mode, *, semitones=0.0, chord_s=1.0, times=1):
    """Chords over their bass notes; `semitones` puts all of it off pitch."""
    chords = []
    for chord in SONGS[mode]:
        voices = [48 + tonic + step for step in chord] + [36 + tonic + chord[0] % 12]
        chords.append(sum(note(voice + semitones, chord_s) for voice in voices))
    return (0.05 * np.tile(np.concatenate(chords), times)).astype(np.float32)


@pytest.mark.parametrize("mode", [MAJOR, MINOR])
@pytest.mark.parametrize("tonic", range(12))
def test_all_keys(tonic, mode):
    found = estimate_key(song(tonic, mode))
    assert (found.pitch_class, found.mode) == (tonic, mode)
    assert 0 < found.confidence <= 1


@pytest.mark.parametrize("semitones", [-0.4, -0.2, 0.15, 0.3, 0.45])
@pytest.mark.parametrize("mode", [MAJOR, MINOR])
def test_off_concert_pitch(mode, semitones):
    sound = song(4, mode, semitones=semitones)
    found = estimate_key(sound)
    assert (found.pitch_class, found.mode) == (4, mode)
    assert chroma_of((sound,)).tuning == pytest.approx(semitones, abs=0.05)


@pytest.mark.parametrize("semitones", [1, 5, -3])
def test_a_shift_in_pitch_shifts_the_key(semitones):
    low, high = estimate_key(song(2, MINOR)), estimate_key(song(2, MINOR, semitones=semitones))
    assert (high.pitch_class - low.pitch_class) % 12 == semitones % 12
    assert high.mode == low.mode


def test_noise_and_drums_do_not_hide_the_key():
    sound = song(7, MAJOR)
    rng = np.random.default_rng(3)
    noise = rng.normal(size=len(sound))
    drums = rng.normal(size=len(sound)) * np.exp(-((np.arange(len(sound)) / SAMPLE_RATE) % 0.5) * 25)
    loud = sound + 0.3 * sound.std() * noise + 2 * sound.std() * drums
    found = estimate_key(loud.astype(np.float32))
    assert (found.pitch_class, found.mode) == (7, MAJOR)


def test_low_pass_and_loudness_do_not_matter():
    sound = song(10, MAJOR)
    dull = signal.lfilter(*signal.butter(3, 800, fs=SAMPLE_RATE), sound) * 1e-3
    found = estimate_key(dull.astype(np.float32))
    assert (found.pitch_class, found.mode) == (10, MAJOR)


def test_a_long_song_and_a_given_spectrogram():
    sound = song(9, MINOR, times=20)
    found = estimate_key(sound, spectra=Spectra.of(sound))
    assert found == estimate_key(sound)
    assert (found.pitch_class, found.mode) == (9, MINOR)


def test_two_keys_are_less_sure_than_one():
    one = song(0, MAJOR, times=2)
    two = np.concatenate([song(0, MAJOR), song(6, MAJOR)])
    assert estimate_key(two).confidence < estimate_key(one).confidence


def test_one_note_is_a_tonic():
    found = estimate_key((0.1 * note(69, 10.0)).astype(np.float32))
    assert found.pitch_class == 9
    assert found.confidence < 0.5


def pitchless():
    rng = np.random.default_rng(4)
    noise = rng.normal(size=20 * SAMPLE_RATE)
    since_hit = (np.arange(len(noise)) / SAMPLE_RATE) % 0.5
    return {
        "silence": np.zeros(len(noise)),
        "nothing": np.zeros(0),
        "a moment": rng.normal(size=100),
        "white noise": 0.1 * noise,
        "brown noise": 0.01 * signal.lfilter([1], [1, -0.99], noise),
        "snares": noise * np.exp(-since_hit * 25),
        "clicks": (since_hit == 0).astype(float),
    }


@pytest.mark.parametrize("name", list(pitchless()))
def test_no_pitch_no_key(name):
    assert estimate_key(pitchless()[name].astype(np.float32)) is None
