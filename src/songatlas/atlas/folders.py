"""Folders that are written whole or not at all.

A new folder is written beside the old one and then takes its name. A run that is killed leaves the old
folder, the new one, or (between two renames) the old one under a name that the next run puts back.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from songatlas.errors import BadSettings


@contextmanager
def fresh_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder to write into, which replaces `target` when the block ends without an error.

    Raises
    ------
    BadSettings
        If the place cannot be written: no permission, no space, or a file in the way.

    Examples
    --------
    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "made"
    >>> with fresh_folder(place) as folder:
    ...     _ = (folder / "one.txt").write_text("1")
    >>> [path.name for path in place.iterdir()]
    ['one.txt']
    """
    target = target.absolute()
    fresh = target.with_name(f".{target.name}.new-{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and not target.is_dir():
            raise BadSettings(
                f"{str(target)!r} is a file, but a folder is to be written there: name another place"
            )
        put_back(target)
        _clear_leftovers(target)
        fresh.mkdir()
        yield fresh
        _swap(fresh, target)
    except OSError as error:
        raise BadSettings(
            f"cannot write to {str(target)!r}: {error.strerror or error}; name another place with -o, or make room"
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def put_back(target: Path) -> None:
    """Give a folder its name back that a killed run had set aside."""
    aside = _aside(target)
    if aside.is_dir() and not target.exists():
        aside.rename(target)


def _aside(target: Path) -> Path:
    """Name of the old folder during the swap."""
    return target.with_name(f".{target.name}.old")


def _swap(fresh: Path, target: Path) -> None:
    """Rename `fresh` to `target`, and remove what was there."""
    aside = _aside(target)
    if target.exists():
        shutil.rmtree(aside, ignore_errors=True)
        target.rename(aside)
    fresh.rename(target)
    shutil.rmtree(aside, ignore_errors=True)


def _clear_leftovers(target: Path) -> None:
    """Remove half-written folders of runs that were killed."""
    for left in target.parent.glob(f".{target.name}.new-*"):
        pid = left.name.rsplit("-", 1)[1]
        if pid.isdigit() and not _runs(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _runs(pid: int) -> bool:
    """Tell whether a process of that number runs (on systems that cannot tell: yes)."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
