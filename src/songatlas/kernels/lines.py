"""Arrays that begin where a cache line begins, so that no vector of 64 bytes lies across two."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LINE_BYTES = 64


def aligned(shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return an uninitialised float32 array that begins where a cache line begins."""
    n_bytes = int(np.prod(shape)) * 4
    room = np.empty(n_bytes + LINE_BYTES, dtype=np.uint8)
    start = -room.ctypes.data % LINE_BYTES
    return room[start : start + n_bytes].view(np.float32).reshape(shape)
