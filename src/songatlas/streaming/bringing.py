"""Rows and keys of all parts brought together by key, one bucket of keys in memory at a time."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songatlas.catalogue import KEY, RowTask
from songatlas.streaming.work_folder import polars_to_disk, read_frame, told_of_disk, write_frame

_KEY_BYTES = 40  # of a key while it is sorted
_UNPACKED = 4  # bytes in memory of a byte in a file of rows
_COPIES = 8  # how often rows are held while they are grouped
_MOST_BUCKETS = 256
_BUCKET = "\0bucket"


def _n_buckets(n_bytes: float, free: int) -> int:
    """How many buckets so many bytes need."""
    return int(min(max(1, -(-n_bytes // max(free, 1))), _MOST_BUCKETS))


def _width(n_buckets: int) -> int:
    """How many values a bucket of 64-bit keys has."""
    return 2**64 // n_buckets + 1


def repeated_keys(
    parts: Iterable[NDArray[np.uint64]], *, n_rows: int, free: int, folder: Path
) -> NDArray[np.uint64]:
    """Return, sorted, the keys that occur more than once.

    Parameters
    ----------
    parts : iterable of ndarray of uint64
    n_rows : int
        Keys of all parts at most.
    free : int
        Bytes of memory for it.
    folder : Path
        For buckets, which are removed again.
    """
    n_buckets = _n_buckets(n_rows * _KEY_BYTES, free)
    if n_buckets == 1:
        return _repeated(np.concatenate([np.empty(0, dtype=np.uint64), *parts]))
    paths = [folder / f"keys-{bucket:03}.u64" for bucket in range(n_buckets)]
    width = np.uint64(_width(n_buckets))
    with told_of_disk(paths[0]):
        with ExitStack() as stack:
            files = [stack.enter_context(path.open("wb")) for path in paths]
            for keys in parts:
                ordered = np.sort(keys)
                edges = np.searchsorted(ordered // width, np.arange(n_buckets + 1, dtype=np.uint64))
                for bucket, file in enumerate(files):
                    file.write(ordered[edges[bucket] : edges[bucket + 1]].data)
        shared = [_repeated(np.fromfile(path, dtype=np.uint64)) for path in paths]
    for path in paths:
        path.unlink()
    return np.concatenate(shared)


def _repeated(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The keys that occur more than once, sorted."""
    ordered = np.sort(keys)
    again = ordered[1:][ordered[1:] == ordered[:-1]]
    return np.unique(again)


def grouped_answers(picked: Sequence[Path], group: RowTask, *, free: int, folder: Path) -> list[Path]:
    """Write what `group` answers of rows in files, all rows of one key in the same call.

    Parameters
    ----------
    picked : sequence of Path
        Frames with `KEY`.
    group : callable
    free : int
        Bytes of memory for it.
    folder : Path
        For buckets, which are removed again, and answers, which stay.

    Returns
    -------
    list of Path
        The answers, by rising keys.
    """
    n_bytes = sum(path.stat().st_size for path in picked)
    n_buckets = _n_buckets(n_bytes * _UNPACKED * _COPIES, free)
    answers = answer_files(folder, n_buckets)
    if n_buckets == 1:
        write_frame(group(_concatenated([read_frame(path) for path in picked])), answers[0])
        return answers
    buckets = _Buckets(folder, n_buckets)
    for path in picked:
        buckets.add(read_frame(path))
    for bucket, kept in enumerate(answers):
        if not kept.exists():
            write_frame(group(buckets.rows(bucket)), kept)
    buckets.remove()
    return answers


def answer_files(folder: Path, n_buckets: int) -> list[Path]:
    """Return where the answers of so many buckets are."""
    return [folder / f"group-{bucket:03}-of-{n_buckets:03}.arrow" for bucket in range(n_buckets)]


def _concatenated(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames, how="vertical_relaxed")


class _Buckets:
    """Rows in a file for each range of keys."""

    def __init__(self, folder: Path, n_buckets: int) -> None:
        self._paths = [folder / f"rows-{bucket:03}.arrows" for bucket in range(n_buckets)]
        self._lengths: list[list[int]] = [[] for _ in self._paths]
        self._none = pl.DataFrame()
        for path in self._paths:
            path.unlink(missing_ok=True)

    def add(self, rows: pl.DataFrame) -> None:
        """Put rows into their buckets."""
        self._none = rows.clear() if not self._none.width else self._none
        bucket = (pl.col(KEY).fill_null(0) // _width(len(self._paths))).cast(pl.Int64)
        for (number,), some in rows.group_by(bucket.alias(_BUCKET), maintain_order=True):
            content = io.BytesIO()
            path = self._paths[int(str(number))]
            with told_of_disk(path), polars_to_disk(), path.open("ab") as file:
                some.drop(_BUCKET, strict=False).write_ipc_stream(content, compression="lz4")
                file.write(content.getbuffer())
            self._lengths[int(str(number))].append(content.tell())

    def rows(self, bucket: int) -> pl.DataFrame:
        """Return the rows of a bucket."""
        if not self._lengths[bucket]:
            return self._none
        with self._paths[bucket].open("rb") as file:
            pieces = [pl.read_ipc_stream(io.BytesIO(file.read(length))) for length in self._lengths[bucket]]
        return _concatenated(pieces)

    def remove(self) -> None:
        """Remove the files."""
        for path in self._paths:
            path.unlink(missing_ok=True)
