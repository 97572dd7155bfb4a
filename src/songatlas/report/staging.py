"""Writing a folder so that a killed run leaves the old files or the new ones, never a mixture.

Everything is first written into a hidden folder beside its place and only then renamed. A folder that
does not exist yet appears in one rename; in a folder that exists, each of our entries is exchanged by
renames, and put back should one of them fail. Files that are not ours are never touched.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Collection
from pathlib import Path

from songatlas.errors import BadSettings, SongAtlasError

_STAGING = ".songatlas-new-"
_A_DAY = 86_400.0


def write_folder(directory: Path, write: Callable[[Path], None], *, ours: Collection[str]) -> None:
    """Fill `directory` with what `write` writes, whole or not at all.

    Parameters
    ----------
    directory : Path
        Folder to fill; it and its parents are made where they do not exist.
    write : callable
        Called with an empty folder in which it leaves the new entries.
    ours : collection of str
        Entries that belong to us, files and folders ("figures" or "figures/elbow.svg"): those which
        `write` does not leave are removed. Everything else in `directory` stays as it is.

    Raises
    ------
    BadSettings
        If `directory` is a file.
    SongAtlasError
        If it cannot be written, with the reason in one line.
    """
    if directory.exists() and not directory.is_dir():
        raise BadSettings(f"{str(directory)!r} is a file: name a folder for the outputs with -o")
    try:
        _write_folder(directory, write, ours=ours)
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        raise SongAtlasError(
            f"cannot write the outputs into {str(directory)!r}: {reason[:1].lower()}{reason[1:]}; "
            "free the place or name another folder with -o"
        ) from error


def _write_folder(directory: Path, write: Callable[[Path], None], *, ours: Collection[str]) -> None:
    fresh = not directory.exists()
    home = directory.absolute().parent if fresh else directory
    home.mkdir(parents=True, exist_ok=True)
    _sweep_away_leftovers(home)
    staging = home / f"{_STAGING}{os.getpid()}"
    shutil.rmtree(staging, ignore_errors=True)
    new = staging / "new"
    try:
        new.mkdir(parents=True)
        write(new)
        if fresh:
            new.rename(directory)
        else:
            _exchange(new, directory, aside=staging / "old", ours=ours)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _exchange(new: Path, directory: Path, *, aside: Path, ours: Collection[str]) -> None:
    """Move our entries from `new` into `directory`, what they replace to `aside`; undo all on failure."""
    done: list[tuple[Path, Path]] = []

    def move(start: Path, end: Path) -> None:
        if start.exists() or start.is_symlink():
            end.parent.mkdir(parents=True, exist_ok=True)
            start.rename(end)
            done.append((start, end))

    try:
        for entry in sorted(ours):
            move(directory / entry, aside / entry)
            move(new / entry, directory / entry)
    except BaseException:
        for start, end in reversed(done):
            end.rename(start)
        raise


def _sweep_away_leftovers(home: Path) -> None:
    """Remove what runs that were killed more than a day ago have left; a living run's folder is younger."""
    for leftover in home.glob(f"{_STAGING}*"):
        if time.time() - leftover.stat().st_mtime > _A_DAY:
            shutil.rmtree(leftover, ignore_errors=True)
