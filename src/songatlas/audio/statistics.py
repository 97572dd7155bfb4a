"""Numbers that describe the timbre and rhythm of a song, from one spectrogram.

Nearly all are read from a few sums over the bins of every frame (40 mel bands, 12 pitch classes, moments
of frequency), which are one matrix product. Levels are in dB and are cut 80 dB below the loudest
frame of the song, so that no statistic depends on how loud a song is, and none is infinite. "sd" is the
standard deviation over the frames. Silent frames (60 dB below the loudest) are left out of means and
deviations.

References
----------
Davis and Mermelstein, "Comparison of parametric representations for monosyllabic word recognition", IEEE
Transactions on Acoustics, Speech, and Signal Processing 28 (1980): MFCC.
Peeters, "A large set of audio features for sound description", CUIDADO report, Ircam (2004): spectral
moments, rolloff, flatness, flux.
Jiang et al., "Music type classification by spectral contrast feature", ICME 2002: contrast.
Tzanetakis and Cook, "Musical genre classification of audio signals", IEEE Transactions on Speech and Audio
Processing 10 (2002): beat histogram, share of low energy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from songatlas.audio.spectra import FRAMES_A_SECOND, HOP, SAMPLE_RATE, Spectra, bin_frequencies

Singles: TypeAlias = npt.NDArray[np.float32]
Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]

N_BANDS = 40
BAND_REACH = (40.0, 11_000.0)  # Hz
N_CEPSTRA = 13
PITCH_REACH = (110.0, 3_520.0)  # Hz: below, a semitone is narrower than a bin
OCTAVES = (0.0, 200.0, 400.0, 800.0, 1_600.0, 3_200.0, 11_025.0)  # Hz, edges of the bands of contrast
LOW_BELOW, HIGH_ABOVE = 200.0, 4_000.0  # Hz
FLOOR_DB = 80.0  # below the loudest band of the song
LEAST_POWER = 1e-24  # of the loudest bin; below lies nothing that was ever sound
SILENT_DB = 60.0  # below the loudest frame
ROLLOFF_SHARE = 0.85
PULSE_BANDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # Hz, edges
BEAT_SECONDS = (0.25, 1.5)  # 240 to 40 beats a minute
ONSET_DB = 2.0  # mean rise of the bands within a frame that counts as an onset


@dataclass(frozen=True)
class Statistic:
    """What one number of `sound_statistics` is.

    Attributes
    ----------
    definition : str
    unit : str
        "" for numbers without one.
    source : str
        "timbre", "harmony", "rhythm" or "dynamics".
    """

    definition: str
    unit: str
    source: str


def _registry() -> Mapping[str, Statistic]:
    """Describe every statistic, in the order of the numbers."""
    bands = f"the levels of {N_BANDS} mel bands from {BAND_REACH[0]:.0f} to {BAND_REACH[1]:.0f} Hz"
    numbers = range(1, N_CEPSTRA)
    told = {f"mfcc_{n}_mean": f"mean of cosine coefficient {n} of {bands}; dB; timbre" for n in numbers}
    told |= {f"mfcc_{n}_sd": f"sd of cosine coefficient {n} of {bands}; dB; timbre" for n in numbers}
    told |= _SHAPE
    for low, high in pairwise(OCTAVES):
        reach = f"from {low:.0f} to {high:.0f} Hz"
        told[f"contrast_{low:.0f}_mean"] = f"mean of the strongest bin over the mean bin {reach}; dB; timbre"
    told |= _BALANCE | _HARMONY | _RHYTHM
    for low, high in pairwise(PULSE_BANDS):
        told[f"pulse_{low:g}"] = f"share of the variation of the rise from {low:g} to {high:g} Hz; ; rhythm"
    told |= _DYNAMICS
    return MappingProxyType({name: Statistic(*words.split("; ")) for name, words in told.items()})


_SHAPE = {
    "centroid_mean": "mean of log2 of the mean frequency in Hz, by power; octaves; timbre",
    "centroid_sd": "sd of log2 of the mean frequency in Hz, by power; octaves; timbre",
    "bandwidth_mean": "mean of log2 of the sd of frequency in Hz, by power; octaves; timbre",
    "rolloff_mean": "mean share of the bands that hold the lowest 85% of the power; ; timbre",
    "rolloff_sd": "sd of the share of the bands that hold the lowest 85% of the power; ; timbre",
    "flatness_mean": "mean of the geometric over the arithmetic mean of the bands; dB; timbre",
    "flatness_sd": "sd of the geometric over the arithmetic mean of the bands; dB; timbre",
    "crossings_mean": "mean share of samples where the sound changes its sign; ; timbre",
    "crossings_sd": "sd over frames of the share of samples where the sound changes its sign; ; timbre",
}
_BALANCE = {
    "low_level": f"power below {LOW_BELOW:.0f} Hz over all power; dB; timbre",
    "high_level": f"power above {HIGH_ABOVE:.0f} Hz over all power; dB; timbre",
}
_HARMONY = {
    "chroma_spread": "entropy of the mean pitch classes over that of even ones; ; harmony",
    "chroma_peak": "mean share of the strongest pitch class in a frame; ; harmony",
    "chroma_fifths": "how the mean pitch classes gather on the circle of fifths, 0 to 1; ; harmony",
    "chroma_change": "mean distance of the pitch classes of one second from the next, 0 to 1; ; harmony",
}
_RHYTHM = {
    "flux_mean": "mean over frames of the rise: the mean rise of the levels of the bands; dB; rhythm",
    "flux_sd": "sd of the rise; dB; rhythm",
    "onset_density": f"peaks of the rise above {ONSET_DB:.0f} dB and above the second around; 1/s; rhythm",
    "beat_clarity": "greatest autocorrelation of the rise at 40 to 240 beats a minute, 0 to 1; ; rhythm",
    "beat_evenness": "mean over greatest absolute autocorrelation of the rise at those lags; ; rhythm",
}
_DYNAMICS = {
    "level_sd": "sd of the levels of the frames; dB; dynamics",
    "level_reach": "level that 5% of the frames pass above the one that 50% do; dB; dynamics",
    "soft_share": "share of frames with less than half the mean amplitude; ; dynamics",
    "crest": "highest sample over the root mean square; dB; dynamics",
}

STATISTICS: Mapping[str, Statistic] = _registry()
N_STATISTICS = len(STATISTICS)


@dataclass(frozen=True)
class _Frames:
    """Sums over the bins of every frame, and what is made of them."""

    bands: Singles  # power, (n_frames, 40)
    levels: Singles  # of the bands, dB, cut below
    chroma: Singles  # power, (n_frames, 12)
    low: Singles
    high: Singles
    octaves: Singles  # mean bin, (n_frames, 6)
    strongest: Singles  # bin, (n_frames, 6)
    total: Singles
    centre: Singles  # Hz
    width: Singles  # Hz
    sounding: Flags


def sound_statistics(spectra: Spectra) -> Singles:
    """Measure the timbre and rhythm of a song.

    Parameters
    ----------
    spectra : Spectra

    Returns
    -------
    ndarray of float32, shape (N_STATISTICS,)
        In the order of `STATISTICS`; finite whatever the sound, zeros where there is none.
    """
    loudest = float(spectra.power.max())
    if loudest < LEAST_POWER:
        return np.zeros(N_STATISTICS, dtype=np.float32)
    frames = _frames_of(spectra.power, loudest)
    rise = _rise(frames.levels, spectra.stretches)
    told = [
        *_cepstra(frames),
        *_shape(frames, spectra),
        *_contrast(frames),
        *_balance(frames),
        *_harmony(frames),
        *_rhythm(rise, spectra.stretches),
        *_dynamics(frames, spectra),
    ]
    return np.array(told, dtype=np.float32)


@cache
def _sums() -> Singles:
    """Return what every bin adds to every sum, shape ``(1025, 40 + 12 + 2 + 6 + 3)``."""
    hertz = bin_frequencies().astype(np.float64)
    share = hertz / hertz[-1]
    kept = hertz > 0  # what does not swing is no sound
    parts = [
        _mel_triangles(hertz),
        _pitch_classes(hertz),
        (hertz < LOW_BELOW)[:, None],
        (hertz > HIGH_ABOVE)[:, None],
        _octaves(),
        np.stack([np.ones_like(hertz), share, share**2], axis=1),
    ]
    return (np.concatenate(parts, axis=1) * kept[:, None]).astype(np.float32)


def _mel_triangles(hertz: Floats) -> Floats:
    """Return triangles of equal width on the mel scale (2595 log10(1 + f / 700)) that sum to 1 in between."""
    low, high = (2595 * np.log10(1 + edge / 700) for edge in BAND_REACH)
    corners = 700 * (10 ** (np.linspace(low, high, N_BANDS + 2) / 2595) - 1)
    places = np.interp(hertz, corners, np.arange(N_BANDS + 2.0), left=-1, right=N_BANDS + 2)
    triangles: Floats = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(1, N_BANDS + 1)))
    return triangles


def _pitch_classes(hertz: Floats) -> Floats:
    """Return which pitch class every bin belongs to (A first); bins between two are shared."""
    semitones = 12 * np.log2(np.maximum(hertz, 1) / 440)
    apart = (semitones[:, None] - np.arange(12) + 6) % 12 - 6
    heard = (hertz >= PITCH_REACH[0]) & (hertz <= PITCH_REACH[1])
    classes: Floats = np.maximum(0, 1 - np.abs(apart)) * heard[:, None]
    return classes


@cache
def _octave_edges() -> npt.NDArray[np.intp]:
    """Return the first bin of every octave, and the bin after the last."""
    edges = np.searchsorted(bin_frequencies(), OCTAVES)
    edges[0] = 1  # what does not swing is no sound
    return edges


def _octaves() -> Floats:
    """Return the share of every bin in the mean of its octave, shape ``(1025, 6)``."""
    edges = _octave_edges()
    places = np.arange(len(bin_frequencies()))[:, None]
    inside = (places >= edges[:-1]) & (places < edges[1:])
    means: Floats = inside / np.diff(edges)
    return means


@cache
def _cosines() -> Singles:
    """Return the cosine transform of the bands, without its mean, shape ``(40, 12)``."""
    places = (np.arange(N_BANDS) + 0.5) / N_BANDS
    waves = np.cos(np.pi * places[:, None] * np.arange(1, N_CEPSTRA)) * np.sqrt(2 / N_BANDS)
    cosines: Singles = waves.astype(np.float32)
    return cosines


def _frames_of(power: Singles, loudest: float) -> _Frames:
    """Make all sums in one product."""
    sums = (power @ _sums()) / np.float32(loudest)
    places = np.cumsum([N_BANDS, 12, 1, 1, len(OCTAVES) - 1])
    bands, chroma, low, high, octaves, moments = np.split(sums, places, axis=1)
    total = np.maximum(moments[:, 0], np.float32(1e-20))
    centre = moments[:, 1] / total
    spread = np.sqrt(np.maximum(moments[:, 2] / total - np.square(centre), np.float32(1e-8)))
    nyquist = np.float32(SAMPLE_RATE / 2)
    peak = max(float(bands.max()), 1e-20)
    return _Frames(
        bands=bands,
        levels=_decibels(bands / np.float32(peak), floor=FLOOR_DB),
        chroma=chroma,
        low=low[:, 0],
        high=high[:, 0],
        octaves=octaves,
        strongest=_strongest(power) / np.float32(loudest),
        total=total,
        centre=centre * nyquist,
        width=spread * nyquist,
        sounding=total >= total.max() * np.float32(10 ** (-SILENT_DB / 10)),
    )


def _decibels(ratio: Singles, *, floor: float) -> Singles:
    """Return powers in dB, at least `floor` below 1."""
    levels: Singles = np.float32(10) * np.log10(np.maximum(ratio, np.float32(10 ** (-floor / 10))))
    return levels


def _cepstra(frames: _Frames) -> list[float]:
    """Return means and deviations of the cosine coefficients."""
    cepstra = frames.levels[frames.sounding] @ _cosines()
    return [*cepstra.mean(axis=0).tolist(), *cepstra.std(axis=0).tolist()]


def _shape(frames: _Frames, spectra: Spectra) -> list[float]:
    """Return centroid, bandwidth, rolloff, flatness and sign changes."""
    kept = frames.sounding
    centre = np.log2(np.maximum(frames.centre[kept], np.float32(20)))
    width = np.log2(np.maximum(frames.width[kept], np.float32(20)))
    bands = np.maximum(frames.bands[kept], np.float32(1e-12))
    reached = np.cumsum(bands, axis=1)
    rolloff = (reached < np.float32(ROLLOFF_SHARE) * reached[:, -1:]).mean(axis=1)
    ratio = np.log10(bands).mean(axis=1) - np.log10(bands.mean(axis=1))
    crossings = np.concatenate([_crossings(samples) for samples in spectra.samples])
    return [
        float(centre.mean()),
        float(centre.std()),
        float(width.mean()),
        float(rolloff.mean()),
        float(rolloff.std()),
        float(10 * ratio.mean()),
        float(10 * ratio.std()),
        float(crossings.mean()),
        float(crossings.std()),
    ]


def _crossings(samples: Singles) -> Singles:
    """Return the share of sign changes in every 512 samples."""
    below = np.signbit(samples)
    changes = below[1:] != below[:-1]
    changes = changes[: len(changes) // HOP * HOP].reshape(-1, HOP)
    shares: Singles = np.count_nonzero(changes, axis=1).astype(np.float32) / np.float32(HOP)
    return shares


def _strongest(power: Singles) -> Singles:
    """Return the strongest bin of every octave, shape ``(n_frames, 6)``."""
    edges = _octave_edges()
    strongest: Singles = np.maximum.reduceat(power[:, : edges[-1]], edges[:-1], axis=1)
    return strongest


def _contrast(frames: _Frames) -> list[float]:
    """Return how far the strongest bin stands out in every octave."""
    kept = frames.sounding
    ratio = frames.strongest[kept] / np.maximum(frames.octaves[kept], np.float32(1e-30))
    levels = _decibels(np.maximum(ratio, np.float32(1)), floor=FLOOR_DB)
    return [float(level) for level in levels.mean(axis=0)]


def _balance(frames: _Frames) -> list[float]:
    """Return how much of the power is low and high."""
    total = max(float(frames.total.sum()), 1e-20)
    shares = np.array([frames.low.sum() / total, frames.high.sum() / total], dtype=np.float32)
    return [float(level) for level in _decibels(shares, floor=FLOOR_DB)]


def _harmony(frames: _Frames) -> list[float]:
    """Return how the power lies on the pitch classes, whatever the key."""
    chroma = np.sqrt(frames.chroma[frames.sounding])  # amplitudes, so that a few loud notes are not all
    sums = chroma.sum(axis=1, keepdims=True)
    if not sums.any():
        return [1.0, 0.0, 0.0, 0.0]
    chroma /= np.maximum(sums, np.float32(1e-12))
    mean = chroma.mean(axis=0)
    mean = mean / max(float(mean.sum()), 1e-12)
    entropy = -float((mean * np.log(np.maximum(mean, np.float32(1e-12)))).sum()) / np.log(12)
    fifths = float(np.abs((mean * np.exp(2j * np.pi * 7 * np.arange(12) / 12)).sum()))
    second = round(FRAMES_A_SECOND)
    n_seconds = len(chroma) // second
    if n_seconds < 2:
        return [entropy, float(chroma.max(axis=1).mean()), fifths, 0.0]
    by_second = chroma[: n_seconds * second].reshape(n_seconds, second, 12).mean(axis=1)
    change = float(np.abs(np.diff(by_second, axis=0)).sum(axis=1).mean()) / 2
    return [entropy, float(chroma.max(axis=1).mean()), fifths, change]


def _rise(levels: Singles, stretches: tuple[tuple[int, int], ...]) -> Singles:
    """Return the mean rise of the bands from the frame before, dB; 0 where a stretch begins."""
    rise = np.zeros(len(levels), dtype=np.float32)
    change = np.diff(levels, axis=0)
    np.maximum(change, 0, out=change)
    rise[1:] = change.mean(axis=1)
    rise[[first for first, _ in stretches]] = 0
    return rise


def _rhythm(rise: Singles, stretches: tuple[tuple[int, int], ...]) -> list[float]:
    """Return how much, how often and how regularly the bands rise."""
    around = min(round(FRAMES_A_SECOND), len(rise))
    usual = np.convolve(rise, np.full(around, 1 / around, dtype=np.float32), "same")
    peak = (rise[1:-1] > rise[:-2]) & (rise[1:-1] >= rise[2:])
    n_onsets = np.count_nonzero(peak & (rise[1:-1] > usual[1:-1] + ONSET_DB / 2) & (rise[1:-1] > ONSET_DB))
    seconds = max(len(rise) / FRAMES_A_SECOND, 1.0)
    return [
        float(rise.mean()),
        float(rise.std()),
        n_onsets / seconds,
        *_beats([rise[first:end] for first, end in stretches]),
    ]


def _beats(parts: list[Singles]) -> list[float]:
    """Return clarity and evenness of the beat, and where the variation lies by frequency."""
    n_points = 1 << max(2 * max(len(part) for part in parts) - 1, 2).bit_length()
    power = np.zeros(n_points // 2 + 1)
    for part in parts:
        power += np.square(np.abs(np.fft.rfft(part - part.mean(), n_points)))
    lags = np.fft.irfft(power)[: n_points // 2]
    if lags[0] <= 1e-9:
        return [0.0] * (1 + len(PULSE_BANDS))
    first, end = (round(seconds * FRAMES_A_SECOND) for seconds in BEAT_SECONDS)
    heard = lags[first : end + 1] / lags[0]
    strongest = float(np.abs(heard).max(initial=0.0))
    evenness = float(np.abs(heard).mean()) / strongest if strongest > 1e-6 else 1.0
    hertz = np.arange(len(power)) * FRAMES_A_SECOND / n_points
    places = np.searchsorted(hertz, PULSE_BANDS)
    whole = max(float(power[places[0] : places[-1]].sum()), 1e-12)
    shares = [float(power[low:high].sum()) / whole for low, high in pairwise(places)]
    return [float(heard.max(initial=0.0)), evenness, *shares]


def _dynamics(frames: _Frames, spectra: Spectra) -> list[float]:
    """Return how levels vary."""
    levels = _decibels(frames.total / frames.total.max(), floor=SILENT_DB)
    amplitudes = np.sqrt(frames.total)
    middle, high = np.percentile(levels, [50, 95])
    peak = max(float(np.abs(samples).max(initial=0.0)) for samples in spectra.samples)
    square = sum(float(np.dot(samples, samples)) for samples in spectra.samples)
    mean_square = square / sum(len(samples) for samples in spectra.samples)
    return [
        float(levels.std()),
        float(high - middle),
        float((amplitudes < amplitudes.mean() / 2).mean()),
        20 * float(np.log10(peak / np.sqrt(mean_square))) if mean_square > 0 else 0.0,
    ]
