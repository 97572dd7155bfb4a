"""How far songs lie from their centroids, and how far all lie from their mean: sums of squared distances."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from songatlas import kernels

Floats: TypeAlias = npt.NDArray[np.float64]
Points: TypeAlias = npt.NDArray[np.floating[Any]]

BLOCK_ROWS = 1 << 16


def scatter(rows: kernels.Rows, weights: Floats | None = None) -> float:
    """Return the (weighted) sum of the squared distances of all rows to `rows.shift`."""
    centre = rows.shift[None, :]
    return summed_squares(rows.points, centre, np.zeros(len(rows.points), dtype=np.int32), weights)


def summed_squares(
    points: Points, centroids: Floats, labels: npt.NDArray[np.integer[Any]], weights: Floats | None = None
) -> float:
    """Return the inertia: the (weighted) sum of squared distances of the rows to their own centroids."""
    total = 0.0
    for start in range(0, len(points), BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        squares = kernels.squared_distances(points[block], centroids, labels[block])
        total += float((squares if weights is None else squares * weights[block]).sum())
    return total
