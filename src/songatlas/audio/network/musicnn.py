"""The network itself, in NumPy: patches of log-mel in, tags and an embedding out.

It looks at a patch with 64 filters: 37 see seven frames and 38 or 67 of the 96 bands, 27 follow one band over
32 to 128 frames; each is taken at the bands where it answers most. Three convolutions over time and two
dense layers make 200 numbers of that (the embedding), and of those 50 tags. The stored weights hold what is
alive of the original network, constants and normalisations folded in (``tools/make_musicnn_weights.py``); its
answers are the original's within 1e-5 (tags) and 1e-4 (embedding).

All is float32. Windows are views wherever a matrix product takes them, and several neighbouring outputs come
out of each product. Results do not depend on how patches are batched, but for rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from songatlas.audio.network.mel import N_BANDS, PATCH_FRAMES, SAMPLE_RATE, patches_of
from songatlas.audio.spectra import Singles
from songatlas.kernels import one_blas_thread

MOST_PATCHES = 12
"""Patches that are computed at once: about 10 MB of memory."""
MIDDLE_TAPS = 7
BANDS_AT_ONCE = {38: 6, 67: 6}
FRAMES_AT_ONCE = {128: 16, 64: 8, 32: 4}
LONGEST = 128
STEEPEST = 80.0

TAG_NAMES = (
    "rock",
    "pop",
    "alternative",
    "indie",
    "electronic",
    "female vocalists",
    "dance",
    "00s",
    "alternative rock",
    "jazz",
    "beautiful",
    "metal",
    "chillout",
    "male vocalists",
    "classic rock",
    "soul",
    "indie rock",
    "Mellow",
    "electronica",
    "80s",
    "folk",
    "90s",
    "chill",
    "instrumental",
    "punk",
    "oldies",
    "blues",
    "hard rock",
    "ambient",
    "acoustic",
    "experimental",
    "female vocalist",
    "guitar",
    "Hip-Hop",
    "70s",
    "party",
    "country",
    "easy listening",
    "sexy",
    "catchy",
    "funk",
    "electro",
    "heavy metal",
    "Progressive rock",
    "60s",
    "rnb",
    "indie pop",
    "sad",
    "House",
    "happy",
)
"""What each of the 50 scores is called by those who made the network, in the order of the scores."""


@dataclass(frozen=True, eq=False)
class NetworkHearing:
    """What the network hears in a song.

    Attributes
    ----------
    tags : ndarray of float32, shape (50,)
        How much each of `TAG_NAMES` fits, 0 to 1, mean over the patches. Rare tags get small scores.
    embedding : ndarray of float32, shape (200,)
        The network's last features before the tags, mean over the patches: near for songs that sound alike.
    """

    tags: Singles
    embedding: Singles


def listen(mono: Singles, *, sample_rate: int = SAMPLE_RATE) -> NetworkHearing:
    """Run the network on patches spread over a song.

    Parameters
    ----------
    mono : ndarray of float32, shape (n_samples,)
        Finite samples, full scale 1; however short, loud or silent.
    sample_rate : int, default 16000
        Hz of `mono`.
    """
    tags, embedding = run_network(patches_of(mono, sample_rate=sample_rate))
    return NetworkHearing(tags.mean(axis=0), embedding.mean(axis=0))


def run_network(patches: Singles) -> tuple[Singles, Singles]:
    """Run the network on patches, at most 12 at once.

    Parameters
    ----------
    patches : ndarray of float32, shape (P, 187, 96)
        Log-mel, as `patches_of` makes it.

    Returns
    -------
    tags : ndarray of float32, shape (P, 50)
        0 to 1, in the order of `TAG_NAMES`.
    embedding : ndarray of float32, shape (P, 200)

    Raises
    ------
    ValueError
        When the patches have another shape.
    """
    if patches.ndim != 3 or patches.shape[1:] != (PATCH_FRAMES, N_BANDS):
        raise ValueError(f"patches have the shape {patches.shape}: it must be (P, {PATCH_FRAMES}, {N_BANDS})")
    n_patches = len(patches)
    tags = np.empty((n_patches, len(TAG_NAMES)), dtype=np.float32)
    embedding = np.empty((n_patches, len(_weights()["end_shift"])), dtype=np.float32)
    with one_blas_thread():
        for first in range(0, n_patches, MOST_PATCHES):
            part = slice(first, first + MOST_PATCHES)
            embedding[part] = _embed(patches[part])
            tags[part] = _name(embedding[part])
    return tags, embedding


@cache
def _weights() -> Mapping[str, Singles]:
    """Load the stored weights, and lay the filters out as the products take them."""
    with files("songatlas.audio.network").joinpath("musicnn_msd.npz").open("rb") as stored:
        archive = np.load(stored, allow_pickle=False)
        weights: dict[str, Singles] = {name: archive[name] for name in archive.files}
    for n_bands, at_once in BANDS_AT_ONCE.items():
        kernel = weights[f"bands{n_bands}"]
        by_band = kernel.reshape(MIDDLE_TAPS, -1, n_bands).transpose(1, 2, 0)
        weights[f"bands{n_bands}"] = _side_by_side(by_band, at_once)
    for n_frames, at_once in FRAMES_AT_ONCE.items():
        weights[f"frames{n_frames}"] = _side_by_side(weights[f"frames{n_frames}"][:, :, None], at_once)
    for number in range(3):
        weights[f"middle{number}"] = weights[f"middle{number}"].reshape(-1, weights["start"].shape[1])
    side = weights["front_side"]
    weights["front_low"] = np.where(side > 0, np.float32(0), np.float32(-np.inf))
    weights["front_high"] = np.where(side > 0, np.float32(np.inf), np.float32(0))
    return weights


def _side_by_side(kernel: Singles, at_once: int) -> Singles:
    """Repeat filters ``(n, rows, taps)``, each time one row further on, as the rows of one matrix."""
    n_filters, n_rows, n_taps = kernel.shape
    matrix = np.zeros((at_once, n_filters, n_rows + at_once - 1, n_taps), dtype=np.float32)
    for step in range(at_once):
        matrix[step, :, step : step + n_rows] = kernel
    return matrix.reshape(at_once * n_filters, -1)


def _embed(patches: Singles) -> Singles:
    """Return the embedding of at most 12 patches."""
    weights = _weights()
    sound = patches * weights["input"][0] + weights["input"][1]
    front = _front(sound)
    start = _over_time(front, weights["middle0"]) + weights["start"]
    layers = [front, _rectified(start, 0)]
    for number in (1, 2):
        summed = _over_time(layers[-1], weights[f"middle{number}"]) + weights["middle_bias"][number - 1]
        layers.append(_rectified(summed, number) + layers[-1])
    heard = np.concatenate(layers, axis=2)
    mean = heard.mean(axis=1, dtype=np.float64).astype(np.float32)
    dense = (
        heard.max(axis=1) @ weights["dense_maximum"] + mean @ weights["dense_mean"] + weights["dense_bias"]
    )
    embedding: Singles = np.maximum(dense, 0.0) * weights["end_factor"] + weights["end_shift"]
    return embedding


def _name(embedding: Singles) -> Singles:
    """Return the tags of embeddings: a logistic function of weighted sums."""
    summed = embedding @ _weights()["tags_kernel"] + _weights()["tags_bias"]
    tags: Singles = 1.0 / (1.0 + np.exp(-np.clip(summed, -STEEPEST, STEEPEST)))
    return tags


def _front(sound: Singles) -> Singles:
    """Return what the living filters answer, frame by frame: ``(P, 187, 64)``."""
    weights = _weights()
    n_patches = len(sound)
    rows, frames = _band_rows(sound), _frame_rows(sound)
    seen = [_strongest_band(rows, weights[f"bands{n}"], n, at_once) for n, at_once in BANDS_AT_ONCE.items()]
    front = [answer.reshape(-1, n_patches, PATCH_FRAMES).transpose(1, 2, 0) for answer in seen]
    for n_frames, at_once in FRAMES_AT_ONCE.items():
        followed = _followed_band(frames, weights[f"frames{n_frames}"], n_frames, at_once)
        front.append(followed.transpose(2, 0, 1))
    answers: Singles = np.concatenate(front, axis=2) + weights["front_bias"]
    return np.clip(answers, weights["front_low"], weights["front_high"], out=answers)


def _band_rows(sound: Singles) -> Singles:
    """Lay patches out by band, and for each band the seven frames around: ``(96 * 7, P * 187)``."""
    padded = _with_silence_around(sound)
    rows = np.empty((N_BANDS, MIDDLE_TAPS, len(sound), PATCH_FRAMES), dtype=np.float32)
    for tap in range(MIDDLE_TAPS):
        rows[:, tap] = padded[:, tap : tap + PATCH_FRAMES].transpose(2, 0, 1)
    return rows.reshape(N_BANDS * MIDDLE_TAPS, -1)


def _frame_rows(sound: Singles) -> Singles:
    """Lay patches out by frame, with zeros for half of the longest filter around: ``(187 + 127, P * 96)``."""
    rows = np.zeros((PATCH_FRAMES + LONGEST - 1, len(sound), N_BANDS), dtype=np.float32)
    begin = LONGEST // 2 - 1
    rows[begin : begin + PATCH_FRAMES] = sound.transpose(1, 0, 2)
    return rows.reshape(len(rows), -1)


def _with_silence_around(frames: Singles) -> Singles:
    """Put the three zero frames before and after every patch that a filter of seven frames needs."""
    around = MIDDLE_TAPS // 2
    padded = np.zeros((len(frames), PATCH_FRAMES + 2 * around, frames.shape[2]), dtype=np.float32)
    padded[:, around:-around] = frames
    return padded


def _strongest_band(rows: Singles, kernel: Singles, n_bands: int, at_once: int) -> Singles:
    """Slide filters of `n_bands` over the bands, keep the largest answer: ``(n_filters, P * 187)``."""
    product = np.empty((len(kernel), rows.shape[1]), dtype=np.float32)
    strongest = np.full((len(kernel) // at_once, rows.shape[1]), -np.inf, dtype=np.float32)
    for band in _groups(N_BANDS - n_bands + 1, at_once):
        first = band * MIDDLE_TAPS
        np.matmul(kernel, rows[first : first + kernel.shape[1]], out=product)
        for answer in product.reshape(at_once, len(strongest), -1):
            np.maximum(strongest, answer, out=strongest)
    return strongest


def _followed_band(rows: Singles, kernel: Singles, n_frames: int, at_once: int) -> Singles:
    """Slide filters of `n_frames` along time, keep the band that answers most: ``(187, n_filters, P)``."""
    n_filters, n_patches = len(kernel) // at_once, rows.shape[1] // N_BANDS
    product = np.empty((len(kernel), rows.shape[1]), dtype=np.float32)
    strongest = np.empty((PATCH_FRAMES, n_filters, n_patches), dtype=np.float32)
    for frame in _groups(PATCH_FRAMES, at_once):
        first = frame + (LONGEST - n_frames) // 2
        np.matmul(kernel, rows[first : first + kernel.shape[1]], out=product)
        answers = product.reshape(at_once, n_filters, n_patches, N_BANDS)
        answers.max(axis=3, out=strongest[frame : frame + at_once])
    return strongest


def _groups(n: int, at_once: int) -> list[int]:
    """Return where groups of `at_once` begin that cover `n` places; the last one may lie over the one before.

    Examples
    --------
    >>> _groups(10, 4)
    [0, 4, 6]
    """
    return [min(first, n - at_once) for first in range(0, n, at_once)]


def _over_time(frames: Singles, kernel: Singles) -> Singles:
    """Convolve seven frames of all channels, zeros around: ``(P, 187, n)`` -> ``(P, 187, 64)``."""
    padded = _with_silence_around(frames)
    windows = [padded[:, tap : tap + PATCH_FRAMES] for tap in range(MIDDLE_TAPS)]
    convolved: Singles = np.concatenate(windows, axis=2) @ kernel
    return convolved


def _rectified(summed: Singles, number: int) -> Singles:
    """Cut below zero, then apply the norm of one of the three convolutions."""
    weights = _weights()
    cut: Singles = (
        np.maximum(summed, 0.0) * weights["middle_factor"][number] + weights["middle_shift"][number]
    )
    return cut
