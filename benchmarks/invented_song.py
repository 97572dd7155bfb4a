"""An invented song as a stereo mp3 file: chords, bass, melody and drums that change as songs do.

Nobody's music is needed to time how fast files are read. What is measured on it says nothing of quality.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 44_100
_CHORDS = ((0, 4, 7), (9, 0, 4), (5, 9, 0), (7, 11, 2))  # pitch classes of C, A minor, F, G


def write_song(path: Path, *, seconds: float, bpm: float = 112.0, seed: int = 0) -> None:
    """Write a song of `seconds` to `path`; its ending says the format (mp3, flac, wav, ogg)."""
    import soundfile

    soundfile.write(path, song(seconds, bpm=bpm, seed=seed), SAMPLE_RATE)


def song(seconds: float, *, bpm: float, seed: int) -> NDArray[np.float32]:
    """Return stereo samples, float32 (n, 2), of a song in C major that goes around four chords."""
    rng = np.random.default_rng(seed)
    beat = round(60 / bpm * SAMPLE_RATE)
    n_beats = int(seconds * SAMPLE_RATE / beat) + 1
    sound = np.concatenate([_beat(place, beat, rng) for place in range(n_beats)])
    sound = sound[: round(seconds * SAMPLE_RATE)]
    return np.asarray(0.7 * sound / np.abs(sound).max(), dtype=np.float32)


def _beat(place: int, length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """One beat: its chord, a bass note, a note of the melody, and drums once the song has begun."""
    times = np.arange(length) / SAMPLE_RATE
    chord = _CHORDS[place // 4 % len(_CHORDS)]
    left, right = np.zeros(length), np.zeros(length)
    for at, pitch in enumerate(chord):
        voice = _note(60 + pitch, times) * 0.12
        left += voice * (0.6 + 0.2 * at)
        right += voice * (1.0 - 0.2 * at)
    melody = _note(72 + chord[int(rng.integers(3))], times) * np.exp(-2 * times) * 0.2
    both = _note(36 + chord[0], times) * np.exp(-3 * times) * 0.3 + melody
    if place >= 16:
        kick = np.sin(2 * np.pi * 60 * times) * np.exp(-25 * times) * (place % 2 == 0)
        snare = rng.standard_normal(length) * np.exp(-30 * times) * 0.3 * (place % 2 == 1)
        both = both + kick + snare
    return np.stack([left + both, right + both], axis=1)


def _note(pitch: int, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """A note with five harmonics; `pitch` as MIDI counts (60 is middle C)."""
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    waves = [np.sin(2 * np.pi * frequency * n * times) / n**1.5 for n in range(1, 6)]
    return np.asarray(np.sum(waves, axis=0))
