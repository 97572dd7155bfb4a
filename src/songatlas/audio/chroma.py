"""How strongly each of the twelve pitch classes sounds, for reading the key.

The sound is taken down to 5,512 Hz and transformed in frames of 372 ms (bins of 2.7 Hz, which keep
semitones apart from 90 Hz up). Only spectral peaks count, placed between bins by a parabola, so that drums
and noise weigh little; a peak that stands alone in time weighs no more than what is beside it. The tuning is
the mean place of the peaks between semitones (a circular mean), so that recordings off 440 Hz keep their
key. A peak may be an overtone and speaks also, more faintly, for the notes it could be an overtone of
(Gómez 2006, "Tonal description of music audio signals"). Every frame counts the same, however loud.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from songatlas.audio.spectra import SAMPLE_RATE, Singles, hann

Doubles = npt.NDArray[np.float64]

DECIMATION = 4
N_POINTS = 2048
HOP = 1024
FILTER_TAPS = 33  # 50 dB down where 3.5 kHz would fold onto 2 kHz
BIN_HZ = SAMPLE_RATE / DECIMATION / N_POINTS
FILTER_BETA = 5.0  # of the Kaiser window over them
FILTER_BLOCK = 64  # samples that are filtered in one product
LOWEST_HZ = 55.0
HIGHEST_HZ = 1200.0  # above, overtones outweigh notes
LEAST_OF_LOUDEST = 0.02  # fainter peaks of a frame are left out
COMPRESSION = 0.2
N_OVERTONES = 4
OVERTONE_SHARE = 0.6
SEMITONES_C_TO_A = 9


@dataclass(frozen=True)
class Chroma:
    """The pitch classes of a song.

    Attributes
    ----------
    frames : ndarray of float64, shape (n_frames, 12)
        From C upwards; the strongest pitch class of a frame is 1, frames without any peak are 0.
    peak_share : float
        0..1, how much of the power from 55 to 1200 Hz lies in steady peaks: drums have 0.1, songs from 0.3.
    crowding : float
        Peaks for every bin: 0.27 in steady noise of any colour, up to 0.23 in songs.
    tuning : float
        Semitones above A = 440 Hz, -0.5 to 0.5.
    """

    frames: Doubles
    peak_share: float
    crowding: float
    tuning: float


@dataclass(frozen=True)
class _Peaks:
    """Spectral peaks: frame, pitch in semitones from A = 440 Hz and strength of each."""

    frame: npt.NDArray[np.intp]
    pitch: Doubles
    strength: Doubles


def chroma_of(samples: tuple[Singles, ...]) -> Chroma:
    """Measure the pitch classes of a song.

    Parameters
    ----------
    samples : tuple of ndarray of float32
        Stretches of finite samples at 22,050 Hz, each heard on its own.
    """
    magnitude = np.concatenate([_magnitudes(stretch) for stretch in samples])
    peaks, share = _peaks_of(magnitude)
    n_bins = magnitude.shape[1] - int(LOWEST_HZ / BIN_HZ)
    turn = np.sum(peaks.strength * np.exp(2j * np.pi * peaks.pitch))
    tuning = float(np.angle(turn) / (2 * np.pi))
    classes = np.zeros(len(magnitude) * 12)
    for overtone in range(1, N_OVERTONES + 1):
        pitch = peaks.pitch - tuning - 12 * np.log2(overtone) + SEMITONES_C_TO_A
        note = np.round(pitch)
        nearness = np.cos(np.pi * (pitch - note)) ** 2 * OVERTONE_SHARE ** (overtone - 1)
        places = peaks.frame * 12 + note.astype(np.intp) % 12
        classes += np.bincount(places, peaks.strength * nearness, minlength=len(classes))
    frames = classes.reshape(-1, 12)
    frames /= np.maximum(frames.max(axis=1, keepdims=True), np.finfo(float).tiny)
    return Chroma(frames, share, len(peaks.frame) / (len(magnitude) * n_bins), tuning)


def _magnitudes(samples: Singles) -> Singles:
    """Return the magnitude spectra of one stretch up to just above the highest peak, one row a frame."""
    from scipy import fft  # slow to import, which other commands need not wait for

    low = _decimated(samples)
    low = np.pad(low, (0, max(0, N_POINTS - len(low))))
    frames = np.lib.stride_tricks.sliding_window_view(low, N_POINTS)[::HOP]
    spectrum = fft.rfft(frames * hann(N_POINTS), axis=1)[:, : int(HIGHEST_HZ / BIN_HZ) + 2]
    magnitude: Singles = np.abs(spectrum)
    return magnitude


def _decimated(samples: Singles) -> Singles:
    """Return every fourth sample of the filtered sound, as matrix products: quicker than a filter."""
    n_samples = len(samples) + FILTER_TAPS - 1
    n_blocks = -(-n_samples // FILTER_BLOCK)
    blocks = np.zeros((1 + n_blocks, FILTER_BLOCK), dtype=np.float32)
    blocks.reshape(-1)[FILTER_BLOCK : FILTER_BLOCK + len(samples)] = samples
    of_before, of_block = _decimation()
    low = blocks[1:] @ of_block
    low += blocks[:-1] @ of_before
    return low.reshape(-1)[: -(-n_samples // DECIMATION)]


@cache
def _decimation() -> tuple[Singles, Singles]:
    """Return what every sample of the block before and of the block itself adds to its filtered samples."""
    from_middle = np.arange(FILTER_TAPS) - (FILTER_TAPS - 1) / 2
    taps = np.sinc(from_middle / DECIMATION) * np.kaiser(FILTER_TAPS, FILTER_BETA)
    taps /= taps.sum()
    delay = FILTER_BLOCK + np.arange(0, FILTER_BLOCK, DECIMATION) - np.arange(2 * FILTER_BLOCK)[:, None]
    reached = (delay >= 0) & (delay < FILTER_TAPS)
    weights = np.where(reached, taps[np.clip(delay, 0, FILTER_TAPS - 1)], 0).astype(np.float32)
    return weights[:FILTER_BLOCK], weights[FILTER_BLOCK:]


def _peaks_of(magnitude: Singles) -> tuple[_Peaks, float]:
    """Return the peaks of all frames, and the share of the power that lies in them."""
    lowest = int(LOWEST_HZ / BIN_HZ)
    inner = magnitude[:, lowest:-1]
    floor = LEAST_OF_LOUDEST * inner.max(axis=1, keepdims=True)
    is_peak = (
        (inner > magnitude[:, lowest - 1 : -2]) & (inner >= magnitude[:, lowest + 1 :]) & (inner > floor)
    )
    frame, place = np.nonzero(is_peak)
    place += lowest
    level = magnitude.mean(dtype=np.float64) if magnitude.size else 0.0
    tiny = np.finfo(np.float32).tiny
    left, middle, right = (np.log(magnitude[frame, place + step] + tiny) for step in (-1, 0, 1))
    bend = np.minimum(left - 2 * middle + right, -1e-6)
    exact = place + np.clip(0.5 * (left - right) / bend, -0.5, 0.5)
    before, after = np.maximum(frame - 1, 0), np.minimum(frame + 1, len(magnitude) - 1)
    beside = np.maximum(magnitude[before, place], magnitude[after, place])
    steady = np.minimum(magnitude[frame, place], beside).astype(np.float64)
    strength = np.log1p(COMPRESSION * steady / max(level, float(tiny)))
    power = float(np.vdot(inner, inner))
    share = 1.5 * float(np.vdot(steady, steady)) / power if power > 0 else 0.0  # a peak spreads over 3 bins
    return _Peaks(frame, 12 * np.log2(exact * BIN_HZ / 440), strength), min(1.0, share)
