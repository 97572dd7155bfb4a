"""How points are laid out for the C loops: where arrays begin, and what coordinates are divided by.

An array that begins where a cache line begins has no vector of 64 bytes that lies across two.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LINE_BYTES = 64
LEAST_SCALE = 2.0**-1000  # one over anything smaller is infinite
LARGEST = 2.0**500  # coordinates below this have squares, and sums of billions of them, that are numbers
SMALLEST = 2.0**-500  # differences below this have squares that lose figures, or vanish


def aligned(shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return an uninitialised float32 array that begins where a cache line begins."""
    n_bytes = int(np.prod(shape)) * 4
    room = np.empty(n_bytes + LINE_BYTES, dtype=np.uint8)
    start = -room.ctypes.data % LINE_BYTES
    return room[start : start + n_bytes].view(np.float32).reshape(shape)


def power_of_two(reach: float) -> float:
    """Return the power of two that brings coordinates up to `reach` below 2: it rounds nothing."""
    return max(float(2.0 ** np.floor(np.log2(reach))), LEAST_SCALE) if reach > 0 else 1.0
