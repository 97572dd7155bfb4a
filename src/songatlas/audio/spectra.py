"""The power spectrogram that timbre, rhythm and key are read from, made once a song.

Frames are 2048 samples at 22,050 Hz (93 ms, bins of 10.8 Hz), one every 512 samples (23 ms), under a
periodic Hann window. Songs longer than `ANALYSED_SECONDS` are heard in a few long stretches spread
evenly from beginning to end; no frame lies across two stretches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Singles: TypeAlias = npt.NDArray[np.float32]

SAMPLE_RATE = 22_050
N_POINTS = 2048
HOP = 512
N_BINS = N_POINTS // 2 + 1
FRAMES_A_SECOND = SAMPLE_RATE / HOP
ANALYSED_SECONDS = 120
N_STRETCHES = 4
LOUDEST = np.float32(1e6)  # damaged files hold more than can be squared
BLOCK_FRAMES = 64  # half a megabyte, which stays in the cache while it is windowed and transformed


@dataclass(frozen=True)
class Spectra:
    """The spectrogram of the analysed stretches of a song, one after another.

    Attributes
    ----------
    power : ndarray of float32, shape (n_frames, 1025)
        Squared magnitude of the windowed frames; bin b is at ``b * 22050 / 2048`` Hz. At least one frame.
    stretches : tuple of (int, int)
        First frame and the frame after the last of each stretch that was contiguous in the song.
    samples : tuple of ndarray of float32, one a stretch, shape (n_samples,)
        The sound of each stretch.
    """

    power: Singles
    stretches: tuple[tuple[int, int], ...]
    samples: tuple[Singles, ...]

    @classmethod
    def of(cls, mono: Singles) -> Spectra:
        """Transform a song.

        Parameters
        ----------
        mono : ndarray of float32, shape (n_samples,)
            Finite samples at 22,050 Hz. Sounds shorter than a frame are filled up with zeros.
        """
        mono = np.ascontiguousarray(mono, dtype=np.float32)
        samples = tuple(np.clip(stretch, -LOUDEST, LOUDEST) for stretch in _stretches_of(mono))
        n_frames = [1 + (len(stretch) - N_POINTS) // HOP for stretch in samples]
        edges = np.cumsum([0, *n_frames]).tolist()
        stretches = tuple(pairwise(edges))
        power = np.empty((edges[-1], N_BINS), dtype=np.float32)
        for stretch, (first, end) in zip(samples, stretches, strict=True):
            _write_power(stretch, power[first:end])
        return cls(power, stretches, samples)


def bin_frequencies() -> Singles:
    """Return the frequency of every bin in Hz, float32, shape ``(1025,)``."""
    return np.arange(N_BINS, dtype=np.float32) * np.float32(SAMPLE_RATE / N_POINTS)


def _stretches_of(mono: Singles) -> Iterator[Singles]:
    """Yield the stretches of samples to analyse, each at least a frame long."""
    if len(mono) <= ANALYSED_SECONDS * SAMPLE_RATE:
        yield np.pad(mono, (0, N_POINTS - len(mono))) if len(mono) < N_POINTS else mono
        return
    length = ANALYSED_SECONDS * SAMPLE_RATE // N_STRETCHES
    for start in np.linspace(0, len(mono) - length, N_STRETCHES).astype(int).tolist():
        yield mono[start : start + length]


@cache
def hann(n_points: int) -> Singles:
    """Return the periodic Hann window of so many points, float32."""
    turn = 2 * np.pi * np.arange(n_points) / n_points
    return (0.5 - 0.5 * np.cos(turn)).astype(np.float32)


def _write_power(samples: Singles, power: Singles) -> None:
    """Write the squared magnitudes of all frames of one stretch."""
    from scipy import fft  # takes a tenth of a second to import, which other commands need not wait for

    frames = np.lib.stride_tricks.sliding_window_view(samples, N_POINTS)[::HOP]
    windowed = np.empty((BLOCK_FRAMES, N_POINTS), dtype=np.float32)
    for first in range(0, len(power), BLOCK_FRAMES):
        block = frames[first : first + BLOCK_FRAMES]
        np.multiply(block, hann(N_POINTS), out=windowed[: len(block)])
        spectrum = fft.rfft(windowed[: len(block)], axis=1)
        found = power[first : first + len(block)]
        np.square(spectrum.real, out=found)
        found += np.square(spectrum.imag)
