"""Blocks of points beside the executors: rows that Spark keeps, and files that a task maps into its memory.

Spark hands a task every cell that it reads through a pipe, which costs more than an iteration of k-means does
on the points. So an executor writes the blocks that it keeps into its own local folder, once; from then on
Spark hands over their names alone. A file holds float32 in C order, and is an aid only: where it is not
there, the block is asked for as Spark keeps it. A block that is made anew has a new name, so that no file is
ever taken for another's.
"""

from __future__ import annotations

import gc
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.catalogue import PointTask
from songatlas.spark.packing import array_bytes
from songatlas.spark.workers import Batches, Reading, batch_of

Seen: TypeAlias = tuple[int, NDArray[np.float32] | None, bool | None]
"""Name of a block; the block, if it was found; whether it is in a file, where that shall be told."""

BLOCKS: Final = "id bigint, n bigint, d int, block binary"
NAMES: Final = ("id", "n", "d")
"""What of `BLOCKS` says which blocks there are."""
ASKED: Final = "answer binary, id bigint, filed boolean"
LARGEST_BLOCK: Final = 262_144
"""Points of a block, at most."""

_LOCAL_DIRS: Final = "SPARK_LOCAL_DIRS"
_ROWS_OUT: Final = 65_536


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Files of blocks in the local folders of an executor, which are its own and end with it.

    Attributes
    ----------
    name : str
        Name of the folder in each of them.
    """

    name: str

    def get(self, key: int, shape: tuple[int, int]) -> NDArray[np.float32] | None:
        """Return a block, which lies in its file, or None where this executor has none."""
        try:
            return np.asarray(np.memmap(self._file(key), dtype=np.float32, mode="r", shape=shape))
        except OSError:
            return None

    def put(self, key: int, block: NDArray[np.float32]) -> bool:
        """Write a block, and say whether that went well; the disk may be full."""
        file = self._file(key)
        written = file.with_name(f"{key}.{os.getpid()}")
        try:
            file.parent.mkdir(exist_ok=True)
            written.write_bytes(block.data)
            written.replace(file)
        except OSError:
            with suppress(OSError):
                written.unlink(missing_ok=True)
            return False
        return True

    def clear(self) -> None:
        """Remove all files of this executor."""
        for folder in self._folders():
            shutil.rmtree(folder, ignore_errors=True)

    def _file(self, key: int) -> Path:
        """Return where the file of a block is; there may be several disks."""
        folders = self._folders()
        return folders[key % len(folders)] / str(key)

    def _folders(self) -> list[Path]:
        """Return the folder in each local folder; where Spark names none, one that nothing can be put in."""
        places = os.environ.get(_LOCAL_DIRS) or os.devnull
        return [Path(place) / self.name for place in places.split(",")]


@dataclass(frozen=True, kw_only=True)
class Pointed:
    """Makes points, in blocks."""

    reading: Reading
    make: Callable[[pl.DataFrame], NDArray[np.float32]]

    def __call__(self, batches: Batches) -> Batches:
        """Go over a partition."""
        for frame in self.reading(batches):
            yield from block_batches(self.make(frame))


@dataclass(frozen=True, kw_only=True)
class Found:
    """Takes blocks from their files, and tells which have none; rows are `NAMES`."""

    shelf: Shelf

    def __call__(self, batches: Batches) -> Iterator[Seen]:
        """Go over a partition."""
        for batch in batches:
            for row in batch.to_pylist():
                block = self.shelf.get(row["id"], (row["n"], row["d"]))
                yield row["id"], block, False if block is None else None


@dataclass(frozen=True, kw_only=True)
class Given:
    """Takes blocks as Spark hands them over; puts them into files, if there is a shelf, and tells of each."""

    shelf: Shelf | None

    def __call__(self, batches: Batches) -> Iterator[Seen]:
        """Go over a partition."""
        for key, block in blocks_of(batches):
            yield key, block, None if self.shelf is None else self.shelf.put(key, block)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Asks a task of blocks.

    Attributes
    ----------
    blocks : Found or Given
    task : callable
    added : bool
        Whether the answers of a partition are added up, or returned one by one.
    """

    blocks: Found | Given
    task: PointTask
    added: bool

    def __call__(self, batches: Batches) -> Batches:
        """Go over a partition."""
        _set_aside()
        total = None
        for key, block, filed in self.blocks(batches):
            if filed is not None:
                yield batch_of(ASKED, [None], [key], [filed])
            if block is None:
                continue
            answer = self.task(block)
            if not self.added:
                yield batch_of(ASKED, [array_bytes(answer)], [None], [None])
            else:
                total = answer if total is None else total + answer
        if total is not None:
            yield batch_of(ASKED, [array_bytes(total)], [None], [None])


@dataclass(frozen=True, kw_only=True)
class Cleared:
    """Removes the files of the executors that are asked; answers nothing."""

    shelf: Shelf

    def __call__(self, batches: Batches) -> Batches:
        """Go over a partition."""
        for _ in batches:
            self.shelf.clear()
        yield from ()


@dataclass(frozen=True, kw_only=True)
class Spelled:
    """Spells blocks out: a list of numbers for each point."""

    def __call__(self, batches: Batches) -> Batches:
        """Go over a partition."""
        import pyarrow as pa

        for _, block in blocks_of(batches):
            for start in range(0, len(block), _ROWS_OUT):
                part = block[start : start + _ROWS_OUT]
                edges = np.arange(len(part) + 1, dtype=np.int32) * part.shape[1]
                lists = pa.ListArray.from_arrays(pa.array(edges), pa.array(part.ravel()))
                yield pa.RecordBatch.from_arrays([lists], names=["point"])


def block_batches(points: NDArray[np.float32]) -> Batches:
    """Yield points in blocks, one a batch, each under a name of its own; none where there are none."""
    for start in range(0, len(points), LARGEST_BLOCK):
        block = np.ascontiguousarray(points[start : start + LARGEST_BLOCK], dtype=np.float32)
        key = uuid.uuid4().int >> 65
        yield batch_of(BLOCKS, [key], [len(block)], [block.shape[1]], [block.tobytes()])


def blocks_of(batches: Batches) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield names and blocks of `block_batches`, which lie in the memory of the batches."""
    for batch in batches:
        for place, (key, n, d) in enumerate(zip(*(batch[name].to_pylist() for name in NAMES), strict=True)):
            yield key, np.frombuffer(batch["block"][place].as_buffer(), dtype=np.float32).reshape(n, d)


def _set_aside() -> None:
    """Keep what is imported out of the way of the garbage collector, which PySpark calls after every task."""
    if not gc.get_freeze_count():
        gc.freeze()
