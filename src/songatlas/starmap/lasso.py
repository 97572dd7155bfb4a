"""The songs inside a polygon that a person drew around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def songs_inside(
    positions: NDArray[Any], polygon: Sequence[Sequence[float]] | NDArray[Any]
) -> NDArray[np.int64]:
    """Return the songs inside a polygon, by the even-odd rule.

    Parameters
    ----------
    positions : array (n, 2)
        Place of every song in map coordinates.
    polygon : sequence of (x, y)
        Corners in map coordinates; the last is joined to the first. It may cross itself: what it goes
        around twice is outside.

    Returns
    -------
    ndarray of int64
        Rows of `positions`, sorted; none where the polygon has fewer than three corners.
    """
    corners = np.asarray(polygon, dtype=np.float64).reshape(-1, 2)
    places = np.asarray(positions)
    if len(corners) < 3:
        return np.empty(0, dtype=np.int64)
    near = np.flatnonzero(((places >= corners.min(axis=0)) & (places <= corners.max(axis=0))).all(axis=1))
    rows = near[np.argsort(places[near, 1], kind="stable")]  # by height, so that an edge meets one slice
    x, y = places[rows].astype(np.float64).T
    inside = np.zeros(len(rows), dtype=bool)
    for (x_from, y_from), (x_to, y_to) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y_from == y_to:
            continue
        start, stop = np.searchsorted(y, sorted((y_from, y_to)))
        meets = x_from + (y[start:stop] - y_from) / (y_to - y_from) * (x_to - x_from)
        inside[start:stop] ^= x[start:stop] < meets
    return np.sort(rows[inside])
