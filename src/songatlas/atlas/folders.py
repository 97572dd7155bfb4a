"""Writing folders so that a killed run leaves the old ones or the new ones, never a mixture.

Everything is first written into a hidden folder beside its place and only then renamed. A folder that
does not exist yet appears in one rename. A folder that holds nothing but ours is set aside and replaced
as a whole; a run killed between these two renames is mended by the next (`put_back`). Where a stranger's
files lie in the folder too, they are never touched: each of our entries is exchanged by renames, and put
back should one of them fail; a run killed between them is finished by the next, which finds a list of what
was to be exchanged (`_ENTRIES`).
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

from songatlas.errors import BadSettings, SongAtlasError
from songatlas.files import refusal

_STAGING = ".songatlas-new-"
_ENTRIES = "entries.json"
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
        raise SongAtlasError(refusal(directory, error)) from error


def put_back(directory: Path) -> None:
    """Make a folder whole that a killed run had set aside, or left while it exchanged what is in it."""
    aside = _aside(directory.absolute())
    if aside.is_dir() and not directory.exists():
        aside.rename(directory)
    for leftover in directory.glob(f"{_STAGING}*"):
        if _is_over(leftover):
            _finish(leftover, directory)


def put_in_place(new: Path, directory: Path) -> None:
    """Give a folder that is written the name of an older one, which goes; killed, the old or the new is left.

    Raises
    ------
    SongAtlasError
        If it cannot be renamed, with the reason in one line.
    """
    try:
        put_back(directory)
        if directory.exists():
            _swap(new, directory.absolute())
        else:
            new.rename(directory)
    except OSError as error:
        raise SongAtlasError(refusal(directory, error)) from error


def _write_folder(directory: Path, write: Callable[[Path], None], *, ours: Collection[str]) -> None:
    put_back(directory)
    fresh = not directory.exists()
    whole = fresh or _can_swap(directory, ours=ours)
    home = directory.absolute().parent if whole else directory
    home.mkdir(parents=True, exist_ok=True)
    _sweep_away_leftovers(home)
    staging = home / f"{_STAGING}{directory.name}-{os.getpid()}-{threading.get_ident()}"
    shutil.rmtree(staging, ignore_errors=True)
    new = staging / "new"
    try:
        new.mkdir(parents=True)
        write(new)
        if fresh:
            new.rename(directory)
        elif whole:
            _swap(new, directory.absolute())
        else:
            _exchange(new, directory, aside=staging / "old", ours=ours)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _aside(directory: Path) -> Path:
    """Name of the old folder while the new one takes its place."""
    return directory.with_name(f".{directory.name}.songatlas-old")


def _can_swap(directory: Path, *, ours: Collection[str]) -> bool:
    """Tell whether everything in the folder is ours and the folder itself can be renamed."""
    if directory.is_symlink() or directory.is_mount() or not os.access(directory.absolute().parent, os.W_OK):
        return False
    for entry in directory.iterdir():
        inside = [f"{entry.name}/{child.name}" for child in entry.iterdir()] if entry.is_dir() else []
        if entry.name not in ours and not (inside and all(name in ours for name in inside)):
            return False
    return True


def _swap(new: Path, directory: Path) -> None:
    """Put `new` in the place of `directory`; the old one goes, or comes back should that fail."""
    aside = _aside(directory)
    shutil.rmtree(aside, ignore_errors=True)
    directory.rename(aside)
    try:
        new.rename(directory)
    except BaseException:  # also when interrupted: the old folder must come back
        aside.rename(directory)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _exchange(new: Path, directory: Path, *, aside: Path, ours: Collection[str]) -> None:
    """Move our entries from `new` into `directory`, what they replace to `aside`; undo all on failure."""
    done: list[tuple[Path, Path]] = []
    entries = aside.with_name(_ENTRIES)
    written = entries.with_suffix(".new")
    new_ones = [entry for entry in sorted(ours) if _is_there(new / entry)]
    written.write_text(json.dumps({"ours": sorted(ours), "new": new_ones}), encoding="utf-8")
    written.replace(entries)

    def move(start: Path, end: Path) -> None:
        if _is_there(start):
            end.parent.mkdir(parents=True, exist_ok=True)
            start.rename(end)
            done.append((start, end))

    try:
        for entry in sorted(ours):
            move(directory / entry, aside / entry)
            move(new / entry, directory / entry)
    except BaseException:  # also when interrupted: nothing may stay half exchanged
        for start, end in reversed(done):
            end.rename(start)
        entries.unlink()
        raise
    entries.unlink()


def _finish(staging: Path, directory: Path) -> None:
    """Exchange what a run that was killed while exchanging had not come to."""
    entries = staging / _ENTRIES
    if not entries.is_file():
        return
    listed = json.loads(entries.read_text(encoding="utf-8"))
    for entry in listed["ours"]:
        new, place, old = staging / "new" / entry, directory / entry, staging / "old" / entry
        if _is_there(place) and (_is_there(new) or entry not in listed["new"]):
            old.parent.mkdir(parents=True, exist_ok=True)
            place.rename(old)
        if _is_there(new):
            place.parent.mkdir(parents=True, exist_ok=True)
            new.rename(place)
    entries.unlink()


def _is_there(path: Path) -> bool:
    """Whether something lies at a path, be it a link to nothing."""
    return path.exists() or path.is_symlink()


def _sweep_away_leftovers(home: Path) -> None:
    """Remove what runs that were killed have left: their process is gone, or they are a day old."""
    for leftover in home.glob(f"{_STAGING}*"):
        if _is_over(leftover):
            _finish(leftover, home)
            shutil.rmtree(leftover, ignore_errors=True)


def _is_over(leftover: Path) -> bool:
    """Whether the run that left this is gone."""
    pid = leftover.name.split("-")[-2]
    is_old = time.time() - leftover.stat().st_mtime > _A_DAY
    return is_old or (pid.isdigit() and not _runs(int(pid)))


def _runs(pid: int) -> bool:
    """Tell whether a process of that number runs; yes where the system does not say."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
