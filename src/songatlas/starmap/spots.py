"""Where the name of a cluster stands: at the place where it is dense and leads over the others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_CELLS = 56
_BLUR = 1.6
_INNER = (0.001, 0.999)


def label_spots(positions: NDArray[Any], labels: NDArray[Any], *, k: int) -> NDArray[np.float32]:
    """Return the densest place of every cluster.

    Parameters
    ----------
    positions : array (n, 2)
        Place of every song in map coordinates, finite.
    labels : int array (n,)
        Cluster of every song, 0 to k-1; others are left out.
    k : int
        Number of clusters.

    Returns
    -------
    ndarray of float32, shape (k, 2)
        In map coordinates; NaN for a cluster without songs.
    """
    spots = np.full((k, 2), np.nan, dtype=np.float32)
    places, numbers = np.asarray(positions, dtype=np.float64), np.asarray(labels)
    seen = (numbers >= 0) & (numbers < k)
    places, numbers = places[seen], numbers[seen].astype(np.int64)
    if not len(places):
        return spots
    low, high = np.quantile(places, _INNER, axis=0)
    span = np.where(high > low, high - low, 1.0)
    cells = np.clip(((places - low) / span * _CELLS).astype(np.int64), 0, _CELLS - 1)
    flat = (numbers * _CELLS + cells[:, 0]) * _CELLS + cells[:, 1]
    counts = np.bincount(flat, minlength=k * _CELLS**2).reshape(k, _CELLS, _CELLS)
    total = _blurred(counts.sum(axis=0)) + 1e-12
    for cluster in np.unique(numbers):
        dense = _blurred(counts[cluster])
        best = int((dense * dense / total).argmax())
        spots[cluster] = low + (np.array(divmod(best, _CELLS)) + 0.5) / _CELLS * span
    return spots


def _blurred(counts: NDArray[Any]) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter

    blurred: NDArray[np.float64] = gaussian_filter(counts.astype(np.float64), _BLUR, mode="constant")
    return blurred
