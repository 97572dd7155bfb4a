"""`one_run`: a folder is worked in by one run at a time.

The system holds the lock for a process and lets it go when the process ends, however it ends: what a dead one
left is free, also where another process has its number now.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from songatlas.errors import SongAtlasError
from songatlas.streaming.work_folder import told_of_disk

LOCK: Final = "run.lock"
"""File in the folder that is held; it says by which process."""

_FAR: Final = 2**30  # what Windows locks cannot be read, so that it lies behind the number


@contextmanager
def one_run(work: Path) -> Iterator[None]:
    """Hold a folder, which is made where it does not exist, for this run alone.

    Raises
    ------
    SongAtlasError
        If another run holds it, or it cannot be written.
    """
    path = work / LOCK
    file = _taken(path)
    try:
        yield
    finally:
        if _is_still(file, path):
            with suppress(OSError):
                path.unlink()  # while it is held: who opened it too finds that it is gone, and begins again
        os.close(file)
        with suppress(OSError):
            work.rmdir()


def clear(work: Path) -> None:
    """Remove everything in a folder that is held but what holds it."""
    for entry in work.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name != LOCK:
            entry.unlink(missing_ok=True)


def _taken(path: Path) -> int:
    """An open file that this run alone holds."""
    while True:
        with told_of_disk(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            except FileNotFoundError:  # the run before has just removed the folder
                continue
        is_held = _hold(file)
        if is_held and _is_still(file, path):
            os.lseek(file, 0, os.SEEK_SET)
            os.ftruncate(file, 0)
            os.write(file, f"{os.getpid()}\n".encode())
            return file
        os.lseek(file, 0, os.SEEK_SET)
        number = os.read(file, 32).decode("ascii", "replace").strip()
        os.close(file)
        if not is_held:
            who = f"another run (process {number})" if number else "another run"
            raise SongAtlasError(
                f"{who} is working in {str(path.parent.parent)!r}: wait for it, or name another -o"
            )


def _hold(file: int) -> bool:
    """Try to hold an open file; a file system that knows no locks is trusted."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file, _FAR, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True


def _is_still(file: int, path: Path) -> bool:
    """Say whether an open file is the one that lies there."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
