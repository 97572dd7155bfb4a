"""Frames and arrays as bytes: the one form in which rows and answers travel through Spark.

A frame becomes Arrow IPC, written by Polars, in one cell of a binary column; so no schema has to be known
before a task has answered, and Spark moves a few large cells in place of many rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

ENOUGH_ROWS: Final = 131_072
ENOUGH_BYTES: Final = 64 << 20
"""A task gets at least so many rows, or rows of so many bytes, while there are more: a call has a price."""

_LARGEST: Final = 16 << 20
"""Bytes of the frames that are sent to the driver, about; Spark Connect sends no message beyond 128 MiB."""


def packed(frame: pl.DataFrame) -> bytes:
    """Return a frame as bytes."""
    buffer = BytesIO()
    frame.rechunk().write_ipc(buffer, compression="lz4")
    return buffer.getvalue()


def unpacked(content: bytes, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Return the frame of `packed`; of its columns only those asked for, if it has any of them."""
    there = None
    if columns is not None:
        wanted = set(columns)
        there = [name for name in pl.read_ipc_schema(BytesIO(content)) if name in wanted] or None
    return pl.read_ipc(BytesIO(content), columns=there)


def in_pieces(frame: pl.DataFrame) -> Iterator[bytes]:
    """Yield the rows of a frame packed in pieces of a size that travels well; one at least."""
    n_pieces = 1 + int(frame.estimated_size()) // _LARGEST
    n_rows = max(1, -(-frame.height // n_pieces))
    for start in range(0, max(frame.height, 1), n_rows):
        yield packed(frame.slice(start, n_rows))


def united(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of at least one frame, all of the same columns, one below the other."""
    filled = [frame for frame in frames if frame.height] or list(frames[:1])
    return pl.concat(filled, how="vertical_relaxed") if len(filled) > 1 else filled[0]


def enough(n_rows: int, n_bytes: int) -> bool:
    """Say whether so many rows of so many bytes are worth a call of a task."""
    return n_rows >= ENOUGH_ROWS or n_bytes >= ENOUGH_BYTES


def joined(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Yield the same rows in the same order, in frames of enough rows for a task; none that is empty."""
    waiting: list[pl.DataFrame] = []
    n_rows = n_bytes = 0
    for frame in frames:
        if not frame.height:
            continue
        waiting.append(frame)
        n_rows += frame.height
        n_bytes += int(frame.estimated_size())
        if enough(n_rows, n_bytes):
            yield united(waiting)
            waiting, n_rows, n_bytes = [], 0, 0
    if waiting:
        yield united(waiting)


def array_bytes(array: NDArray[Any]) -> bytes:
    """Return an array of numbers as bytes, with its shape and type."""
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def array_of(content: bytes) -> NDArray[Any]:
    """Return the array of `array_bytes`."""
    array: NDArray[Any] = np.load(BytesIO(content), allow_pickle=False)
    return array
