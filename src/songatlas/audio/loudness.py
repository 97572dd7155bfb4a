"""Loudness as broadcasters measure it: integrated loudness, loudness range and the highest sample.

Sound is weighted by the two filters of ITU-R BS.1770-4 ("K-weighting": a shelf that lifts what lies above
1.7 kHz by 4 dB, and a high pass at 38 Hz), derived for any sampling rate from the analog filters behind the
standard's table for 48 kHz. Powers are summed over tenths of a second, from which every gating block (0.4 s,
one each 0.1 s) and every short-term value (3 s) is put together; channels are added up by their weights.
Loudness is in LUFS (full scale is 0), differences are in LU, the highest sample in dB of full scale.

References
----------
ITU-R BS.1770-4, "Algorithms to measure audio programme loudness and true-peak audio level" (2015).
EBU Tech 3341, "Loudness metering" (2016), and 3342, "Loudness range" (2016).
De Man, "Evaluation of implementations of the EBU R128 loudness measurement", AES Convention 145 (2018): the
analog filters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10, pi, tan
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from songatlas import kernels
from songatlas.errors import BadSettings

Floats: TypeAlias = npt.NDArray[np.float64]
Singles: TypeAlias = npt.NDArray[np.float32]

OFFSET = -0.691  # LUFS of a weighted mean square of 1, which makes up for the gain of the filters at 997 Hz
ABSOLUTE_GATE = -70.0
RELATIVE_GATE = -10.0
RANGE_GATE = -20.0
RANGE_PERCENTILES = (10, 95)
GATING_TENTHS = 4
SHORT_TERM_TENTHS = 30
STANDARD_RATE = 48_000
LEAST_RATE, MOST_RATE = 4_000, 1_000_000  # Hz: below, the shelf lies above half the sampling rate
SURROUND = 1.41
WAV_SPEAKERS: dict[int, tuple[str, ...]] = {
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}
"""Order of channels in WAV and FLAC files; four are taken for quadraphonic, two of them behind."""


def channel_weights(speakers: Sequence[str]) -> tuple[float, ...]:
    """Return what each channel counts by where it is heard (BS.1770-4, table 4).

    Parameters
    ----------
    speakers : sequence of str
        FFmpeg's names. Low frequencies ("LFE") count nothing, the sides 1.41, the back the same where there
        are no sides (as in 5.1), all others 1.

    Examples
    --------
    >>> channel_weights(["FL", "FR", "LFE", "BL", "BR"])
    (1.0, 1.0, 0.0, 1.41, 1.41)
    """
    around = {"SL", "SR"} if "SL" in speakers else {"BL", "BR"}
    weights = {"LFE": 0.0, "LFE2": 0.0} | dict.fromkeys(around, SURROUND)
    return tuple(weights.get(name, 1.0) for name in speakers)


@dataclass(frozen=True)
class Loudness:
    """How loud a song is.

    Attributes
    ----------
    integrated_lufs : float or None
        Gated loudness of the whole, LUFS; None where the sound is shorter than 0.4 s or nowhere above -70.
    range_lu : float or None
        Loudness range, LU, 0 or more; None where the sound is shorter than 3 s or nowhere above -70.
    peak_db : float
        The highest absolute sample, dB of full scale (above 0 where samples exceed 1); -inf for silence.
    """

    integrated_lufs: float | None
    range_lu: float | None
    peak_db: float


class LoudnessMeter:
    """Adds up a song block by block; however it is cut, the result is the same to rounding.

    Parameters
    ----------
    sample_rate : int
        Hz, 4,000 to 1,000,000.
    n_channels : int
        1 or more.
    speakers : sequence of str, optional
        Where each channel is heard, as `channel_weights` takes it. Without it, 4 to 8 channels are taken for
        surround sound in the order of WAV files (`WAV_SPEAKERS`); any other number weigh the same each.

    Attributes
    ----------
    weights : ndarray of float64, shape (n_channels,)
        What each channel counts.

    Examples
    --------
    >>> times = np.arange(48_000) / 48_000
    >>> meter = LoudnessMeter(48_000, 1)
    >>> meter.add(np.sin(2 * np.pi * 997 * times, dtype=np.float32)[:, np.newaxis])
    >>> round(meter.result().integrated_lufs, 2)
    -3.01
    """

    def __init__(self, sample_rate: int, n_channels: int, *, speakers: Sequence[str] | None = None) -> None:
        if not LEAST_RATE <= sample_rate <= MOST_RATE or n_channels < 1:
            raise BadSettings(
                f"sound of {n_channels} channels at {sample_rate} Hz has no loudness: there must be a "
                f"channel, and {LEAST_RATE:,} to {MOST_RATE:,} samples a second. Convert the file first"
            )
        self._rate = int(sample_rate)
        self.weights = np.array(channel_weights(speakers or WAV_SPEAKERS.get(n_channels, ("",) * n_channels)))
        self._filters = k_weighting(sample_rate)
        self._states = np.zeros((n_channels, 4))
        self._n_frames = 0
        self._open = np.zeros(n_channels)  # sums of the tenth that has begun
        self._tenths: list[Floats] = []
        self._peak = 0.0

    def add(self, block: Singles) -> None:
        """Hear the next block.

        Parameters
        ----------
        block : ndarray of float32, shape (n_frames, n_channels)
            Finite samples; full scale is 1.

        Raises
        ------
        BadSettings
            The block has another number of channels than the meter.
        """
        if block.ndim != 2 or block.shape[1] != len(self.weights):
            raise BadSettings(
                f"a block of shape {block.shape} cannot be measured: it must be (frames, {len(self.weights)})"
            )
        end = self._n_frames + len(block)
        first, last = self._n_finished(self._n_frames), self._n_finished(end)
        edges = [self._edge(tenth) - self._n_frames for tenth in range(first + 1, last + 1)]
        cuts = np.array([0, *edges, len(block)], dtype=np.int64)
        squares, peak = kernels.weighted_squares(block, self._filters, self._states, cuts)
        squares[0] += self._open
        self._open = squares[-1]
        self._tenths.append(squares[:-1] @ self.weights)
        self._peak = max(self._peak, peak)
        self._n_frames = end

    def result(self) -> Loudness:
        """Return the loudness of everything heard so far."""
        lengths = np.diff([self._edge(tenth) for tenth in range(self._n_finished(self._n_frames) + 1)])
        squares = np.concatenate([np.empty(0), *self._tenths])
        return Loudness(
            integrated_lufs=_integrated(_moving_means(squares, lengths, GATING_TENTHS)),
            range_lu=_range(_moving_means(squares, lengths, SHORT_TERM_TENTHS)),
            peak_db=20 * log10(self._peak) if self._peak > 0 else -np.inf,
        )

    def _edge(self, tenth: int) -> int:
        """Return the frame where a tenth of a second begins, whole at every sampling rate."""
        return tenth * self._rate // 10

    def _n_finished(self, n_frames: int) -> int:
        """Return how many tenths have ended before a frame."""
        return ((n_frames + 1) * 10 - 1) // self._rate


def k_weighting(sample_rate: float) -> Floats:
    """Return the two filters of BS.1770 at a sampling rate.

    Returns
    -------
    ndarray of float64, shape (2, 5)
        b0, b1, b2, a1, a2 of the shelf and of the high pass.
    """
    warped = tan(pi * 1681.974450955533 / sample_rate)
    high = 10 ** (3.999843853973347 / 20)
    middle = high**0.4996667741545416
    damped = warped / 0.7071752369554196
    whole = 1 + damped + warped**2
    shelf = [
        high + middle * damped + warped**2,
        2 * (warped**2 - high),
        high - middle * damped + warped**2,
        2 * (warped**2 - 1),
        1 - damped + warped**2,
    ]
    low, low_whole, held = _high_pass_parts(sample_rate)
    gain = _high_pass_parts(STANDARD_RATE)[1] / low_whole  # the table's numerator is 1, -2, 1: keep its gain
    high_pass = [gain, -2 * gain, gain, 2 * (low**2 - 1) / low_whole, (1 - held + low**2) / low_whole]
    return np.array([[value / whole for value in shelf], high_pass])


def _high_pass_parts(sample_rate: float) -> tuple[float, float, float]:
    """Return the warped frequency of the high pass, what its coefficients are divided by, and its damping."""
    low = tan(pi * 38.13547087602444 / sample_rate)
    held = low / 0.5003270373238773
    return low, 1 + held + low**2, held


def _moving_means(squares: Floats, lengths: npt.NDArray[np.integer], n_tenths: int) -> Floats:
    """Return the mean power of every run of `n_tenths` tenths of a second."""
    if len(squares) < n_tenths:
        return np.empty(0)
    ones = np.ones(n_tenths)
    means: Floats = np.convolve(squares, ones, "valid") / np.convolve(lengths, ones, "valid")
    return means


def _gated(powers: Floats, gate: float) -> Floats:
    """Return the powers above a loudness."""
    return powers[powers > 10 ** ((gate - OFFSET) / 10)]


def _loudness(power: float) -> float:
    """Return the loudness of a weighted power above 0."""
    return OFFSET + 10 * log10(power)


def _integrated(powers: Floats) -> float | None:
    """Return the loudness of the blocks above the absolute and the relative gate."""
    audible = _gated(powers, ABSOLUTE_GATE)
    if not len(audible):
        return None
    return _loudness(float(_gated(audible, _loudness(float(audible.mean())) + RELATIVE_GATE).mean()))


def _range(powers: Floats) -> float | None:
    """Return how far the loud moments lie above the quiet ones, both gates passed."""
    audible = _gated(powers, ABSOLUTE_GATE)
    if not len(audible):
        return None
    kept = _gated(audible, _loudness(float(audible.mean())) + RANGE_GATE)
    quiet, loud = np.percentile(kept, RANGE_PERCENTILES, method="nearest").tolist()
    return _loudness(loud) - _loudness(quiet)
