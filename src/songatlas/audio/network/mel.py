"""What the network looks at: the log-mel spectrogram of a song, and patches of it spread over the song.

Frames are 512 samples at 16 kHz (32 ms), one every 256 samples (16 ms), under a periodic Hann window; frame
t has its middle at sample 256 t, and there are zeros before and after the song. Each becomes 96 bands: the
power in triangles evenly spaced on Slaney's mel scale from 0 to 8000 Hz, as ``log10(1 + 10000 power)``. A
patch is 187 frames, three seconds: what the network was trained on. Of a song at another rate only the
stretches under its patches are resampled (soxr, HQ).

References
----------
M. Slaney (1998), "Auditory Toolbox, version 2", Interval Research Corporation, technical report 1998-010.
"""

from __future__ import annotations

from functools import cache
from math import gcd, log, log10

import numpy as np
import numpy.typing as npt

from songatlas.audio.spectra import Singles, hann

SAMPLE_RATE = 16_000
N_POINTS = 512
HOP = 256
N_BANDS = 96
PATCH_FRAMES = 187
N_PATCHES = 12
BLOCK_FRAMES = 187
COMPRESSION = 10_000.0
LOUDEST = 1e4
"""Samples are cut at this, 80 dB above full scale, so that power stays finite."""
RESAMPLING_EDGE = 640
"""Samples before and after a stretch that are resampled with it: 40 ms, longer than the filter."""
SILENT_PEAK = 2 / 32_768
"""Sound no louder than this is digital silence: what is left is at most the dither of 16 bits."""


def log_mel(mono_16k: Singles) -> Singles:
    """Make the log-mel spectrogram of a whole song.

    Parameters
    ----------
    mono_16k : ndarray of float32, shape (n_samples,)
        Finite samples at 16 kHz, full scale 1.

    Returns
    -------
    ndarray of float32, shape (1 + n_samples // 256, 96)
        0 in silence, about 2 to 6 in music.
    """
    return _frames(_sound_of(mono_16k, 0, 1 + len(mono_16k) // HOP, SAMPLE_RATE))


def patches_of(mono: Singles, n_patches: int = N_PATCHES, *, sample_rate: int = SAMPLE_RATE) -> Singles:
    """Make the log-mel of at most `n_patches` patches, spread evenly over what can be heard of a song.

    Digital silence is passed over: patches have their middles evenly spread over the frames that are not
    silent (over all where all are), and only as many are taken as fit in there without overlap, at least one.
    Only their sound is resampled and transformed. A song shorter than a patch is repeated until it fills one.

    Parameters
    ----------
    mono : ndarray of float32, shape (n_samples,)
        Finite samples, full scale 1.
    n_patches : int, default 12
        8 to 12 are enough for a song.
    sample_rate : int, default 16000
        Hz of `mono`.

    Returns
    -------
    ndarray of float32, shape (P, 187, 96)
        In the order of the song, 1 <= P <= `n_patches`.
    """
    n_frames = 1 + len(mono) * SAMPLE_RATE // sample_rate // HOP
    if n_frames < PATCH_FRAMES:
        frames = _frames(_sound_of(mono, 0, n_frames, sample_rate))
        return frames[np.arange(PATCH_FRAMES) % n_frames][None]
    starts = _patch_starts(_audible_frames(mono, n_frames, sample_rate), n_frames, n_patches)
    return np.stack([_frames(_sound_of(mono, first, PATCH_FRAMES, sample_rate)) for first in starts])


def _patch_starts(audible: npt.NDArray[np.int64], n_frames: int, n_patches: int) -> list[int]:
    """Return the first frame of every patch of a song of at least one patch."""
    n_fitting = max(1, min(n_patches, len(audible) // PATCH_FRAMES))
    middles = audible[((np.arange(n_fitting) + 0.5) / n_fitting * len(audible)).astype(int)]
    starts = np.clip(middles - PATCH_FRAMES // 2, 0, n_frames - PATCH_FRAMES)
    return [int(start) for start in starts]


def _audible_frames(mono: Singles, n_frames: int, sample_rate: int) -> npt.NDArray[np.int64]:
    """Return the frames whose 16 ms from their middle on are not digital silence; all where none is."""
    starts = np.arange(n_frames) * HOP * sample_rate // SAMPLE_RATE
    starts = starts[starts < len(mono)]
    peaks = np.maximum(np.maximum.reduceat(mono, starts), -np.minimum.reduceat(mono, starts))
    audible = np.flatnonzero(peaks > SILENT_PEAK)
    return audible if len(audible) else np.arange(n_frames)


def _sound_of(mono: Singles, first: int, n_frames: int, sample_rate: int) -> Singles:
    """Return the samples at 16 kHz under `n_frames` frames from frame `first` on, zeros around the song."""
    begin = first * HOP - N_POINTS // 2
    end = begin + (n_frames - 1) * HOP + N_POINTS
    if sample_rate == SAMPLE_RATE:
        offset, samples = max(begin, 0), mono[max(begin, 0) : end]
    else:
        offset, samples = _resampled(mono, max(begin, 0), end, sample_rate)
    samples = np.clip(samples[max(begin, 0) - offset : end - offset], -LOUDEST, LOUDEST)
    return np.pad(samples, (max(-begin, 0), end - max(begin, 0) - len(samples)))


def _resampled(mono: Singles, begin: int, end: int, sample_rate: int) -> tuple[int, Singles]:
    """Return at least the samples from `begin` to `end` at 16 kHz, and which is the first of them.

    The stretch begins where both rates have a sample; what the filter makes of its edges lies outside.
    """
    import soxr

    whole = gcd(sample_rate, SAMPLE_RATE)
    step, own_step = SAMPLE_RATE // whole, sample_rate // whole
    from_step, to_step = max(0, (begin - RESAMPLING_EDGE) // step), (end + RESAMPLING_EDGE) // step + 1
    stretch = mono[from_step * own_step : to_step * own_step]
    samples: Singles = soxr.resample(stretch, sample_rate, SAMPLE_RATE, quality="HQ")
    return from_step * step, samples


def _frames(sound: Singles) -> Singles:
    """Make the log-mel of all frames that lie in a sound at 16 kHz."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, N_POINTS)[::HOP]
    mel = np.empty((len(frames), N_BANDS), dtype=np.float32)
    for done in range(0, len(frames), BLOCK_FRAMES):
        part = slice(done, done + BLOCK_FRAMES)
        np.matmul(_power(frames[part]), mel_filters(), out=mel[part])
    mel *= np.float32(COMPRESSION)
    mel += np.float32(1.0)
    np.log(mel, out=mel)
    mel *= np.float32(1.0 / log(10.0))
    return mel


def _power(frames: Singles) -> Singles:
    """Return the power spectrum of frames, shape ``(n_frames, 257)``."""
    from scipy import fft  # takes a tenth of a second to import, which other commands need not wait for

    spectrum = fft.rfft(frames * hann(N_POINTS), axis=1)
    power: Singles = np.square(spectrum.real)
    power += np.square(spectrum.imag)
    return power


@cache
def mel_filters() -> Singles:
    """Return the weight of every bin in every band: float32, shape ``(257, 96)``."""
    top = _mel_of(SAMPLE_RATE / 2)
    edges = np.array([_hertz_of(mel) for mel in np.linspace(0.0, top, N_BANDS + 2)])
    bins = np.arange(N_POINTS // 2 + 1)[:, None] * (SAMPLE_RATE / N_POINTS)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rise, fall = (bins - low) / (middle - low), (high - bins) / (high - middle)
    triangles = np.maximum(0.0, np.minimum(rise, fall)) * (2.0 / (high - low))
    filters: Singles = triangles.astype(np.float32)
    return filters


def _mel_of(hertz: float) -> float:
    """Return Slaney's mel of a frequency: even below 1000 Hz, logarithmic above."""
    return 3 * hertz / 200 if hertz < 1000 else 15 + 27 * log10(hertz / 1000) / log10(6.4)


def _hertz_of(mel: float) -> float:
    """Return the frequency of one of Slaney's mels."""
    return float(200 * mel / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27))
