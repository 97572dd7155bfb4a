"""How strongly new sound sets in, frame by frame: what beats are looked for in.

The power of a frame is summed into bands of a fifth of an octave, compressed by a logarithm, and where a
band grows from one frame to the next, the growth counts (spectral flux; Bello et al. 2005, "A tutorial on
onset detection in music signals"). The mean over about a second is taken off, so that an onset counts by how
far it stands out; what is left below zero is dropped.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from songatlas.audio.spectra import FRAMES_A_SECOND, N_POINTS, SAMPLE_RATE, Singles, Spectra

Doubles = npt.NDArray[np.float64]

LOWEST_HZ = 40.0
HIGHEST_HZ = 10_000.0
BANDS_AN_OCTAVE = 5
COMPRESSION = 10.0  # a band as loud as the song's mean band becomes log(1 + 10)
LOCAL_MEAN_S = 0.8


def onset_envelopes(spectra: Spectra) -> list[Doubles]:
    """Measure the strength of onsets in every frame.

    Parameters
    ----------
    spectra
        The spectrogram of a song.

    Returns
    -------
    list of ndarray of float64, one a stretch, shape (n_frames,)
        0 where nothing sets in; a loud drum adds about 10 to 100. `FRAMES_A_SECOND` values a second. All
        zero in silence.
    """
    loudness = _loudness_by_band(spectra.power)
    return [_flux(loudness[first:end]) for first, end in spectra.stretches]


@cache
def _band_edges() -> npt.NDArray[np.intp]:
    """Return the first bin of every band and the bin after the last, rising."""
    octaves = np.log2(HIGHEST_HZ / LOWEST_HZ)
    steps = np.arange(int(octaves * BANDS_AN_OCTAVE) + 1) / BANDS_AN_OCTAVE
    return np.unique(np.round(LOWEST_HZ * 2**steps * N_POINTS / SAMPLE_RATE)).astype(np.intp)


def _loudness_by_band(power: Singles) -> Singles:
    """Return the compressed magnitude of every frame and band, shape (n_frames, n_bands)."""
    edges = _band_edges()
    magnitude = np.sqrt(np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1))
    mean = magnitude.mean()
    if mean <= 0:
        return np.zeros_like(magnitude)
    return np.log1p(magnitude * np.float32(COMPRESSION / mean))


def _flux(loudness: Singles) -> Doubles:
    """Return the summed growth of all bands of one stretch, less its local mean."""
    from scipy import ndimage  # slow to import, which other commands need not wait for

    growth = np.zeros(len(loudness))
    growth[1:] = np.maximum(np.diff(loudness, axis=0), 0).sum(axis=1)
    around = ndimage.uniform_filter1d(growth, int(LOCAL_MEAN_S * FRAMES_A_SECOND) | 1)
    envelope: Doubles = np.maximum(growth - around, 0)
    return envelope
