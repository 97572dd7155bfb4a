"""The key of a song: which of the 24 major and minor keys its pitch classes fit best.

The mean strengths of the twelve pitch classes (`chroma`) are correlated with the profile of every key
(Krumhansl 1990, "Cognitive foundations of musical pitch"). The profile is the mean of two, each taken to mean
0 and deviation 1: one counted in classical pieces (Albrecht and Shanahan 2013, "The use of large corpora to
train a new type of key-finding algorithm") and one made for electronic dance music, which knows of no
leading note in minor (Faraldo et al. 2016, "Key estimation in electronic dance music", profile "bgate").
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from songatlas.audio.chroma import Chroma, Doubles, chroma_of
from songatlas.audio.spectra import SAMPLE_RATE, Singles, Spectra

MINOR, MAJOR = 0, 1
CLASSICAL = {
    MAJOR: (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
    MINOR: (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
}
ELECTRONIC = {
    MAJOR: (1.00, 0.00, 0.42, 0.00, 0.53, 0.37, 0.00, 0.77, 0.00, 0.38, 0.21, 0.30),
    MINOR: (1.00, 0.00, 0.36, 0.39, 0.00, 0.38, 0.00, 0.74, 0.27, 0.00, 0.42, 0.23),
}
LEAST_S = 1.0
LEAST_PEAK_SHARE = 0.15  # drums and clicks have less power in steady peaks
NOISE_CROWDING = 0.26  # peaks for every bin, of steady noise
NOISE_CONTRAST = 0.20  # deviation of the pitch classes by their mean: noise up to 0.2
SURE_LEAD = 0.25  # of the correlation before that of the second best key
N_PARTS = 4


@dataclass(frozen=True)
class Key:
    """The key of a song.

    Attributes
    ----------
    pitch_class : int
        Of the tonic, 0 (C) to 11 (B).
    mode : int
        1 major, 0 minor.
    confidence : float
        0 (another key fits as well) to 1: how far the key leads before the second best, and in how many of
        four parts of the song it leads at all.
    """

    pitch_class: int
    mode: int
    confidence: float


def estimate_key(mono: Singles, *, spectra: Spectra | None = None) -> Key | None:
    """Estimate the key of a song.

    Parameters
    ----------
    mono : ndarray of float32, shape (n_samples,)
        Finite samples at 22,050 Hz.
    spectra
        The spectrogram of the same samples where it is there already: says which stretches are heard.

    Returns
    -------
    Key or None
        None where there are no pitches: silence, noise, drums alone, less than a second.
    """
    stretches = Spectra.of(mono).samples if spectra is None else spectra.samples
    chroma = chroma_of(stretches)
    if len(mono) < LEAST_S * SAMPLE_RATE or chroma.peak_share < LEAST_PEAK_SHARE:
        return None
    strength = chroma.frames.mean(axis=0)
    if chroma.crowding > NOISE_CROWDING and strength.std() < NOISE_CONTRAST * strength.mean():
        return None
    fits = _fits(chroma.frames)
    second, first = np.sort(fits)[-2:]
    best = int(np.argmax(fits))
    mode, pitch_class = divmod(best, 12)
    lead = min(1.0, (first - second) / SURE_LEAD)
    return Key(pitch_class, mode, round(float(np.sqrt(lead * _agreement(chroma, best))), 3))


@cache
def _profiles() -> Doubles:
    """Return the profile of every key, shape (24, 12): twelve minor from C, then twelve major."""
    rows = []
    for mode in (MINOR, MAJOR):
        profile = _standardized(np.array(CLASSICAL[mode])) + _standardized(np.array(ELECTRONIC[mode]))
        rows += [np.roll(_standardized(profile), tonic) for tonic in range(12)]
    return np.array(rows)


def _standardized(values: Doubles) -> Doubles:
    """Return the values with mean 0 and deviation 1; zeros where all are equal."""
    deviation = values.std()
    standardized: Doubles = (values - values.mean()) / deviation if deviation > 0 else np.zeros_like(values)
    return standardized


def _fits(frames: Doubles) -> Doubles:
    """Return the correlation of the mean pitch classes with every key, shape (24,)."""
    fits: Doubles = _profiles() @ _standardized(frames.mean(axis=0)) / 12
    return fits


def _agreement(chroma: Chroma, best: int) -> float:
    """Return the share of parts of the song in which the best key fits nearly as well as any."""
    parts = [part for part in np.array_split(chroma.frames, N_PARTS) if len(part)]
    return float(np.mean([_fits(part)[best] >= _fits(part).max() - 0.05 for part in parts]))
