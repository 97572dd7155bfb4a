"""Writing folders so that a killed run leaves the old ones or the new ones, never a mixture.

Everything is first written into a hidden folder beside its place, brought to the disk, and only then gets
its name. A folder that does not exist yet appears in one rename. One that does changes places with the new
one in one step (`exchanging`); files in it that are not ours are in the new one by then, as further names of
the very same files (`strangers`).

Where the system cannot do that, a folder that holds nothing but ours is set aside and replaced as a whole; a
run killed between these two renames is mended by the next (`put_back`). And where strangers' files lie in
such a folder, or it cannot be renamed, each of our entries is exchanged by renames, and put back should one
of them fail; a run killed between them is finished by the next, which finds a list of what was to be
exchanged (`_ENTRIES`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from songatlas.atlas.exchanging import exchange
from songatlas.atlas.strangers import bring_late_ones, carry, has_strangers
from songatlas.errors import BadSettings, SongAtlasError
from songatlas.files import (
    BESIDE,
    beside_of,
    held,
    hidden_name,
    is_leftover,
    keep,
    keep_all,
    permissions_of,
    refusal,
    remove_folder,
    walked,
)

_ENTRIES = "entries.json"


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
    if os.path.isdir(aside) and not directory.exists():  # noqa: PTH112 (errors name the folder itself)
        aside.rename(directory)
    for leftover in directory.glob(f"{BESIDE}*"):
        if is_leftover(leftover):
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
        keep_all(new)
        if not directory.exists():
            new.rename(directory)
        elif not exchange(new, directory):
            _swap(new, directory.absolute())
        keep(directory.absolute().parent)
    except OSError as error:
        raise SongAtlasError(refusal(directory, error)) from error
    remove_folder(new)


def _write_folder(directory: Path, write: Callable[[Path], None], *, ours: Collection[str]) -> None:
    put_back(directory)
    fresh = not directory.exists()
    home = directory.absolute().parent if fresh or _can_move(directory) else directory
    home.mkdir(parents=True, exist_ok=True)
    _sweep_away_leftovers(home)
    staging = beside_of(home, directory.absolute().name)
    remove_folder(staging)
    try:
        staging.mkdir()
        with held(staging):
            new = staging / "new"
            new.mkdir()
            write(new)
            keep_all(new)
            _carry_permissions(new, directory)
            if fresh:
                new.rename(directory)
            elif home == directory or not _replace(new, directory.absolute(), ours=ours):
                staging = _moved_inside(staging, directory)
                _exchange(staging / "new", directory, aside=staging / "old", ours=ours)
            keep(home)
    finally:
        remove_folder(staging)


def _aside(directory: Path) -> Path:
    """Name of the old folder while the new one takes its place."""
    return directory.with_name(hidden_name(directory.name, before=".", behind=".songatlas-old"))


def _carry_permissions(new: Path, directory: Path) -> None:
    """Let those alone read and write the new files who could read and write the old ones."""
    for home, entries in walked(new):
        for entry in entries:
            before = permissions_of(directory / home.relative_to(new) / entry.name)
            if before is not None and entry.is_file(follow_symlinks=False):
                with suppress(OSError):  # a file system without such rights
                    (home / entry.name).chmod(before)


def _can_move(directory: Path) -> bool:
    """Tell whether the folder itself can be renamed, and nobody, this run included, stands in it."""
    place = directory.absolute()
    if directory.is_symlink() or directory.is_mount() or any(directory.glob(f"{BESIDE}*")):
        return False
    here = Path.cwd()
    if any(each.exists() and each.samefile(place) for each in (here, *here.parents)):
        return False
    return os.access(place.parent, os.W_OK) and os.access(place, os.W_OK)


def _replace(new: Path, directory: Path, *, ours: Collection[str]) -> bool:
    """Put `new` in the place of `directory` as a whole; False where only its entries can be replaced."""
    strangers = has_strangers(directory, ours=ours)
    if strangers and not carry(directory, new, ours=ours):
        return False
    shutil.copymode(directory, new)
    if exchange(new, directory):
        if strangers:
            bring_late_ones(new, directory, ours=ours)
    elif strangers:
        return False
    else:
        _swap(new, directory)
    remove_folder(_aside(directory))
    return True


def _moved_inside(staging: Path, directory: Path) -> Path:
    """Move what is being written into the folder whose entries it replaces, where the next run looks."""
    if staging.parent == directory:
        return staging
    inside = directory / staging.name
    return staging.rename(inside)


def _swap(new: Path, directory: Path) -> None:
    """Put `new` in the place of `directory` in two steps; should the second fail, the old one comes back."""
    aside = _aside(directory)
    remove_folder(aside)
    directory.rename(aside)
    try:
        new.rename(directory)
    except BaseException:  # also when interrupted: the old folder must come back
        aside.rename(directory)
        raise
    remove_folder(aside)


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
    listed = _listed(staging, directory)
    for entry, is_new in listed:
        new, place, old = staging / "new" / entry, directory / entry, staging / "old" / entry
        if _is_there(place) and (_is_there(new) or not is_new):
            old.parent.mkdir(parents=True, exist_ok=True)
            place.rename(old)
        if _is_there(new):
            place.parent.mkdir(parents=True, exist_ok=True)
            new.rename(place)
    if listed:
        (staging / _ENTRIES).unlink()


def _listed(staging: Path, directory: Path) -> list[tuple[str, bool]]:
    """What was to be exchanged, and whether something new came for it; nothing where the list is not ours.

    Whoever gave away the folder may have made the list up: no name in it may lead out of the folder.
    """
    try:
        said = json.loads((staging / _ENTRIES).read_text(encoding="utf-8"))
        names = [(str(entry), entry in said["new"]) for entry in said["ours"]]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return []
    hidden = (staging, staging / "new", staging / "old")
    is_inside = all(_stays_inside(home, name) for name, _ in names for home in (*hidden[1:], directory))
    return names if is_inside and not any(home.is_symlink() for home in hidden) else []


def _stays_inside(home: Path, name: str) -> bool:
    """Whether a name below a folder leads to no other place, by dots or by links on the way."""
    parts = name.split("/")
    if any(part in ("", ".", "..") or "\\" in part or ":" in part or "\0" in part for part in parts):
        return False
    return not any(home.joinpath(*parts[:n]).is_symlink() for n in range(1, len(parts)))


def _is_there(path: Path) -> bool:
    """Whether something lies at a path, be it a link to nothing."""
    return path.exists() or path.is_symlink()


def _sweep_away_leftovers(home: Path) -> None:
    """Remove what runs that were killed have left: their process is gone, or they are a day old."""
    for leftover in home.glob(f"{BESIDE}*"):
        if is_leftover(leftover):
            _finish(leftover, home)
            if not (leftover / _ENTRIES).exists():  # one that is not understood may hold what was replaced
                remove_folder(leftover)
