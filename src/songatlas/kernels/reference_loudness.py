"""Filtered sound and its sums of squares, in SciPy: what a loudness meter adds up."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Singles: TypeAlias = npt.NDArray[np.float32]
Indices: TypeAlias = npt.NDArray[np.int64]


def weighted_squares(
    frames: Singles, filters: Floats, states: Floats, edges: Indices
) -> tuple[Floats, float]:
    """Filter sound by two sections and sum its squares between `edges`; return also its greatest sample.

    Parameters
    ----------
    frames : ndarray of float32, shape (n_frames, n_channels)
        Interleaved samples, finite.
    filters : ndarray of float64, shape (2, 5)
        b0, b1, b2, a1, a2 of each section, a0 being 1.
    states : ndarray of float64, shape (n_channels, 4)
        What the sections remember (two numbers each, transposed direct form); zeros at the beginning.
        Written over, so that the next call goes on where this one ended.
    edges : ndarray of int64, shape (n_stretches + 1,)
        Rising, from 0 to n_frames.

    Returns
    -------
    squares : ndarray of float64, shape (n_stretches, n_channels)
        Sum of the squared filtered samples between each two edges.
    peak : float
        The greatest absolute sample before filtering; 0 where there is none.
    """
    from scipy.signal import sosfilt  # half a second to import, and needed only where there is no C engine

    if not len(frames):
        return np.zeros((len(edges) - 1, frames.shape[1])), 0.0
    sections = np.insert(filters, 3, 1.0, axis=1)
    memory = states.reshape(-1, 2, 2).swapaxes(0, 1)
    heard, memory = sosfilt(sections, frames.T.astype(np.float64), axis=1, zi=memory)
    states[...] = memory.swapaxes(0, 1).reshape(states.shape)
    totals = np.zeros((len(edges) - 1, frames.shape[1]))
    for row, (first, end) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        totals[row] = np.square(heard[:, first:end]).sum(axis=1)
    return totals, float(np.abs(frames).max())
