"""Files of others in a folder that is ours: brought into the folder that takes its place, never copied.

A file gets a second name in the new folder (a hard link), so that it is the very same file there, whoever has
it open; a folder is made anew with the times and rights that it had. `ours` are paths below the folder, with
`/`; everything else is a stranger's.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

MOST: Final = 20_000
"""Files of others up to which they are brought along; that many take about a second."""


def has_strangers(folder: Path, *, ours: Collection[str]) -> bool:
    """Say whether anything in a folder is not ours."""
    return any(True for _ in _strangers(folder, ours=ours))


def carry(old: Path, new: Path, *, ours: Collection[str]) -> bool:
    """Give all files of others in `old` a second name in `new`.

    Returns
    -------
    bool
        False where that cannot be done for all: they are more than `MOST`, the file system or its rights do
        not allow it, a disk is mounted among them, or one is in the way of ours. What `new` then has of
        them can be removed; the files themselves stay in `old`.
    """
    times: list[tuple[Path, Path]] = []
    try:
        for number, name in enumerate(_strangers(old, ours=ours)):
            start, end = old / name, new / name
            end.parent.mkdir(parents=True, exist_ok=True)
            if number >= MOST or start.is_mount():
                return False
            if start.is_dir() and not start.is_symlink():
                end.mkdir()
                times.append((start, end))
            else:
                os.link(start, end, follow_symlinks=False)
        for start, end in reversed(times):
            shutil.copystat(start, end)
    except OSError:
        return False
    return True


def bring_late_ones(old: Path, new: Path, *, ours: Collection[str]) -> None:
    """Move what others wrote into `old` after `carry` to `new`, which has taken its place."""
    for name in _strangers(old, ours=ours):
        start, end = old / name, new / name
        if start.is_dir() and not start.is_symlink():
            end.mkdir(exist_ok=True)
        elif not os.path.lexists(end) or not os.path.samestat(start.lstat(), end.lstat()):
            start.replace(end)


def _strangers(folder: Path, *, ours: Collection[str]) -> Iterator[str]:
    """Names of the files and folders of others, a folder before what is in it; each is read when it comes."""
    homes = {name[:place] for name in ours for place, letter in enumerate(name) if letter == "/"}
    waiting = [_entries(folder, "")]
    while waiting:
        if (found := next(waiting[-1], None)) is None:
            waiting.pop()
            continue
        name, is_folder = found
        if name in ours:
            continue
        if not (is_folder and name in homes):
            yield name
        if is_folder:
            waiting.append(_entries(folder, f"{name}/"))


def _entries(folder: Path, below: str) -> Iterator[tuple[str, bool]]:
    """What is in a folder: names that begin with `below`, and whether each is a folder."""
    with os.scandir(folder / below) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    return ((f"{below}{entry.name}", entry.is_dir(follow_symlinks=False)) for entry in entries)
