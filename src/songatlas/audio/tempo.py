"""The tempo of a song in beats a minute, from how its onsets repeat.

Two pictures of the onset strength (`onsets`) are averaged over windows of 10 s: its autocorrelation, with
peaks at the beat and at multiples of it, and its Fourier transform, with peaks at the beat and at fractions
of it. Only the beat itself, its halves and its doubles are strong in both, so every tempo from 40 to 250 is
scored by the product of the two (Peeters 2007, "Template-based estimation of time-varying tempo"), each
summed over a few multiples. The magnitudes are compressed before the autocorrelation (Tolonen and
Karjalainen 2000; Percival and Tzanetakis 2014, "Streamlined tempo estimation"). A broad preference for
middling tempi decides between a tempo and its double, where music itself is ambiguous. At last the tempo is
refined on the autocorrelation at many multiples of the beat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from songatlas.audio.onsets import Doubles, onset_envelopes
from songatlas.audio.spectra import FRAMES_A_SECOND, Singles, Spectra

SLOWEST_BPM = 40.0
FASTEST_BPM = 250.0
LEAST_S = 2.5  # two beats at 60 BPM, and a little
WINDOW_S = 10.0
HOP_S = 2.5
FINENESS = 4  # values of the autocorrelation a frame, by interpolation
LAG_WEIGHTS = (1.0, 1.0, 0.5, 1.0)  # of the autocorrelation at 1, 2, 3 and 4 beats
RATE_WEIGHTS = (1.0, 1.0, 0.0, 0.5)  # of the Fourier transform at 1, 2, 3 and 4 times the tempo
LIKELY_BPM = 115.0
LIKELY_OCTAVES = 0.9  # standard deviation of the preference
NO_ONSETS = 0.02  # mean onset strength of a drone
CHANCE = 1.8  # autocorrelation that steady noise reaches, times the root of the number of frames
SURE_BEAT = 0.40
STEADY_NOISE = 5.0  # mean square of the onsets by their squared mean: noise up to 4.5, music from 5.8

_TEMPI = SLOWEST_BPM * 2 ** np.arange(0, np.log2(FASTEST_BPM / SLOWEST_BPM), 0.01)


@dataclass(frozen=True)
class Tempo:
    """How fast a song goes.

    Attributes
    ----------
    bpm : float
        Beats a minute, 40 to 250. Half or double of what some people would tap is no rarity.
    confidence : float
        0 (hardly anything repeats) to 1 (a machine's beat): how well the onsets repeat, for songs of at
        least 10 s.
    """

    bpm: float
    confidence: float


def estimate_tempo(mono: Singles, *, spectra: Spectra | None = None) -> Tempo | None:
    """Estimate the tempo of a song.

    Parameters
    ----------
    mono : ndarray of float32, shape (n_samples,)
        Finite samples at 22,050 Hz.
    spectra
        The spectrogram of the same samples where it is there already; made otherwise.

    Returns
    -------
    Tempo or None
        None where there is no beat at all: silence, a drone, steady noise, less than 2.5 s.
    """
    envelopes = onset_envelopes(Spectra.of(mono) if spectra is None else spectra)
    strength = np.concatenate(envelopes)
    if len(strength) < LEAST_S * FRAMES_A_SECOND or strength.mean() < NO_ONSETS:
        return None
    windows = np.concatenate([_windows_of(envelope) for envelope in envelopes])
    repeats = _autocorrelation(windows)
    scores = _lag_scores(repeats) * _rate_scores(windows) * _preference()
    bpm = _refined(float(_TEMPI[np.argmax(scores)]), repeats)
    beat_lag = 60 / bpm * FRAMES_A_SECOND * FINENESS
    salience = np.interp([beat_lag, 2 * beat_lag], np.arange(len(repeats)), repeats).max()
    chance = CHANCE / np.sqrt(len(strength))
    if salience < chance and np.mean(strength**2) < STEADY_NOISE * strength.mean() ** 2:
        return None
    sureness = np.clip((salience - chance) / (SURE_BEAT - chance), 0, 1)
    return Tempo(round(bpm, 3), round(float(sureness), 3))


def _windows_of(envelope: Doubles) -> Doubles:
    """Return the windows of one stretch without their means, shape (n_windows, n_frames)."""
    n_frames = int(WINDOW_S * FRAMES_A_SECOND)
    padded = np.pad(envelope, (0, max(0, n_frames - len(envelope))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, n_frames)[:: int(HOP_S * FRAMES_A_SECOND)]
    centred: Doubles = windows - windows.mean(axis=1, keepdims=True)
    return centred


def _autocorrelation(windows: Doubles) -> Doubles:
    """Return the mean compressed autocorrelation, 1 at lag 0, `FINENESS` values a frame."""
    from scipy import fft

    n_points = 2 * fft.next_fast_len(windows.shape[1], real=True)
    magnitude = np.abs(fft.rfft(windows, n_points, axis=1))
    total = magnitude.sum(axis=1, keepdims=True)
    mean = (magnitude / np.maximum(total, np.finfo(float).tiny)).mean(axis=0)
    fine = fft.irfft(mean, n_points * FINENESS)[: windows.shape[1] * FINENESS]
    repeats: Doubles = fine / max(fine[0], np.finfo(float).tiny)
    return repeats


def _lag_scores(repeats: Doubles) -> Doubles:
    """Return the weighted autocorrelation at multiples of the beat, of every tempo."""
    lags = 60 / _TEMPI * FRAMES_A_SECOND * FINENESS
    places = np.arange(len(repeats))
    found = sum(
        weight * np.interp(times * lags, places, repeats, right=0)
        for times, weight in enumerate(LAG_WEIGHTS, start=1)
    )
    return np.maximum(found, 0)


def _rate_scores(windows: Doubles) -> Doubles:
    """Return the weighted Fourier magnitude at multiples of the tempo, of every tempo."""
    from scipy import fft

    n_points = 4 * fft.next_fast_len(windows.shape[1], real=True)
    magnitude = np.abs(fft.rfft(windows * np.hanning(windows.shape[1]), n_points, axis=1))
    level = np.sqrt(np.mean(magnitude**2, axis=1, keepdims=True))
    mean = (magnitude / np.maximum(level, np.finfo(float).tiny)).mean(axis=0)
    rates = np.arange(len(mean)) * FRAMES_A_SECOND / n_points
    scores: Doubles = sum(
        weight * np.interp(times * _TEMPI / 60, rates, mean, right=0)
        for times, weight in enumerate(RATE_WEIGHTS, start=1)
    )
    return scores


def _preference() -> Doubles:
    """Return how likely every tempo is before anything is heard: log-normal."""
    octaves = np.log2(_TEMPI / LIKELY_BPM)
    likely: Doubles = np.exp(-0.5 * (octaves / LIKELY_OCTAVES) ** 2)
    return likely


def _refined(bpm: float, repeats: Doubles) -> float:
    """Return the tempo within 2% at which the autocorrelation at all multiples of the beat is highest."""
    near = bpm * np.linspace(0.98, 1.02, 161)
    lags = 60 / near * FRAMES_A_SECOND * FINENESS
    multiples = np.arange(1, max(2, int(len(repeats) * 0.8 / lags.max()) + 1))
    found = np.interp(np.multiply.outer(multiples, lags), np.arange(len(repeats)), repeats).sum(axis=0)
    best = int(np.clip(np.argmax(found), 1, len(near) - 2))
    left, middle, right = found[best - 1 : best + 2]
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float(near[best] + np.clip(shift, -0.5, 0.5) * (near[1] - near[0]))
