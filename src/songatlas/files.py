"""Files: written so that a killed run leaves the old one or the new one; and which of them are music.

What is written lies under a hidden name beside its place until it is whole (`beside_of`). The run that writes
holds it with a lock of the system, which ends with the run, however that ends: what nobody holds, and whose
process is gone, is a leftover that the next run removes (`is_leftover`).
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from songatlas.errors import BadSettings, SongAtlasError, quoted

AUDIO_ENDING: Final = (
    r"(?i)\.(?:mp3|flac|ogg|oga|opus|m4a|m4b|aac|alac|wav|wave|w64|wma|aiff?|aifc|caf|ape|wv|mpc|mka|mp4"
    r"|webm)$"
)
"""How the name of a file of music ends; a pattern that Python and Polars read alike."""

_AUDIO: Final = re.compile(AUDIO_ENDING)

BESIDE: Final = ".songatlas-new-"
"""How the names of files and folders begin that are being written."""

_CANNOT_BE_ASKED = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EACCES, errno.EBADF, errno.EROFS)
_AT_ONCE = 8
_LONGEST_NAME: Final = 255  # bytes, on the file systems that people have
_OS_ERROR: Final = re.compile(r"\(os error (\d+)\)")
_A_WHILE, _A_DAY = 600.0, 86_400.0
_O_BINARY: Final[int] = getattr(os, "O_BINARY", 0)
_O_NOT_WAITING: Final[int] = getattr(os, "O_NONBLOCK", 0)


def is_audio(location: str) -> bool:
    """Say whether a path or URI ends like a file of music.

    Examples
    --------
    >>> is_audio("Music/One.FLAC"), is_audio("songs.csv")
    (True, False)
    """
    return bool(_AUDIO.search(location))


def write_file(
    path: Path, content: str | bytes | Callable[[Path], object], *, follow_links: bool = True
) -> None:
    """Write a file beside its place and rename it; one that was there leaves it who may read and write.

    Parameters
    ----------
    path : Path
        Folders on the way are made where they do not exist.
    content : str, bytes or callable
        Text is written as UTF-8 with the line ends that it has; a callable is given the place to write to.
    follow_links : bool
        Whether a link stays, and what it leads to is written; else a file takes its place.

    Raises
    ------
    BadSettings
        If `path` is there and no file (see `require_place`).
    SongAtlasError
        If it cannot be written, with the reason in one line.
    """
    require_place(path)
    try:
        replace_file(Path(os.path.realpath(path)) if follow_links and path.is_symlink() else path, content)
    except OSError as error:
        raise SongAtlasError(refusal(path, error)) from error


def path_of(name: str, value: object) -> Path:
    """Return the path that a function is given; `name` is what its argument is called.

    Raises
    ------
    BadSettings
        If it is none.
    """
    if not isinstance(value, str | os.PathLike):
        raise BadSettings(f"{name} is {quoted(value)}: it must be a path, as text or Path")
    return Path(value)


def require_place(path: Path) -> None:
    """Refuse what no file can take the place of: a folder, a device, a pipe.

    Raises
    ------
    BadSettings
        If something lies there that is no file.
    """
    if os.path.isdir(path):  # noqa: PTH112 (a name may be too long to ask, which writing tells)
        raise BadSettings(f"{str(path)!r} is a folder: name a file in it")
    home = os.path.realpath(path.parent)
    if home == "/dev" or home.startswith("/proc/"):
        raise BadSettings(f"{str(path)!r} is no file, and a whole file is written: name a file")
    if what := _no_file(path):
        raise BadSettings(
            f"{str(path)!r} is {what}, which a file would replace: name a file that is not there yet"
        )


def _no_file(path: Path) -> str:
    """What lies at a path where that is neither a file nor a folder; empty where nothing does."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # told by what opens it
        return ""
    return kind_of(mode)


def kind_of(mode: int) -> str:
    """Return what is told of a pipe, a socket or a device, by its mode; nothing of files and folders."""
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return ""
    return "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"


def replace_file(path: Path, content: str | bytes | Callable[[Path], object]) -> None:
    """Do what `write_file` does, whatever lies at `path`.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    beside = beside_of(path.parent)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep_away_files(path.parent)
        before = permissions_of(path)
        beside.touch(0o666 if before is None else 0o600)
        with held(beside):
            if callable(content):
                with told_by_polars():
                    content(beside)
            else:
                beside.write_bytes(content.encode() if isinstance(content, str) else content)
            keep(beside)
            if before is not None:
                with suppress(OSError):  # a file system without such rights
                    beside.chmod(before)
            beside.replace(path)
        keep(path.parent)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def permissions_of(path: Path) -> int | None:
    """Return who may read and write a file, as `chmod` takes it; None where there is no file, or a link."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return None
    return stat.S_IMODE(mode) & 0o777 if stat.S_ISREG(mode) else None


def read_at_most(path: Path, n_bytes: int) -> bytes:
    """Return the content of a file, of a larger one its first bytes; pipes and devices are not waited for.

    Raises
    ------
    OSError
        If it cannot be read, is no file, or no file can have such a name.
    """
    try:
        number = os.open(path, os.O_RDONLY | _O_NOT_WAITING | _O_BINARY)
    except ValueError:
        raise OSError(errno.EINVAL, "no file has a NUL in its name") from None
    with open(number, "rb") as file:  # noqa: PTH123 (a number)
        mode = os.fstat(number).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if what := kind_of(mode):
            raise OSError(errno.EINVAL, f"it is {what}, no file; save what it holds as a file")
        return file.read(n_bytes)


def beside_of(home: Path, name: str = "") -> Path:
    """Return a hidden place in a folder for what this thread writes; `name` says what it will be."""
    who = f"{os.getpid()}-{threading.get_ident()}"
    return home / hidden_name(name, before=BESIDE, behind=f"{name and '-'}{who}")


def hidden_name(name: str, *, before: str, behind: str) -> str:
    """Return a name between two texts; one that would be too long for a file stands there as its hash.

    Examples
    --------
    >>> hidden_name("out", before=".", behind=".old")
    '.out.old'
    >>> hidden_name("o" * 251, before=".", behind=".old")
    '.e78420d4593fde08.old'
    """
    whole = f"{before}{name}{behind}"
    if len(os.fsencode(whole)) <= _LONGEST_NAME:
        return whole
    return f"{before}{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}{behind}"


@contextmanager
def held(place: Path) -> Iterator[None]:
    """Hold a file or folder that is being written, so that nobody takes it for a leftover."""
    number = None
    with suppress(BlockingIOError):
        number = _locked(place)
    try:
        yield
    finally:
        if number is not None:
            os.close(number)


def is_leftover(place: Path) -> bool:
    """Say whether a file or folder called by `beside_of` was left by a run that is gone.

    Nobody holds it, and its process is gone or it is older than ten minutes; where the system has no such
    locks, a day.
    """
    pid, age = place.name.split("-")[-2], 0.0
    with suppress(OSError):
        age = time.time() - place.stat().st_mtime
    is_free = _is_free(place)
    if is_free is False:
        return False
    return age > (_A_DAY if is_free is None else _A_WHILE) or (pid.isdigit() and not _runs(int(pid)))


def keep(place: Path) -> None:
    """Ask the system to bring a file, or the names in a folder, to the disk: a power cut leaves them whole.

    Raises
    ------
    OSError
        If the disk refuses what was written; a file system that cannot be asked is trusted.
    """
    if place.is_dir() and os.name != "posix":
        return
    number = os.open(place, (os.O_RDONLY if os.name == "posix" else os.O_RDWR) | _O_BINARY)
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in _CANNOT_BE_ASKED:
            raise
    finally:
        os.close(number)


def keep_all(folder: Path) -> None:
    """Ask the system to bring all files in a folder, and in those below it, to the disk (see `keep`).

    Many are asked for at once, which the disk then brings together.
    """
    from concurrent.futures import ThreadPoolExecutor

    homes, files = [], []
    for home, entries in walked(folder):
        homes.append(home)
        files += [home / entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for places in (files, homes):
            list(pool.map(keep, places))


def walked(folder: Path) -> Iterator[tuple[Path, list[os.DirEntry[str]]]]:
    """Give a folder and those below it, however deep, each with what is in it; links are not entered.

    Every folder comes before those in it.

    Raises
    ------
    OSError
        If a folder cannot be read.
    """
    waiting = [folder]
    while waiting:
        home = waiting.pop()
        with os.scandir(home) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        waiting += [home / each.name for each in reversed(entries) if each.is_dir(follow_symlinks=False)]
        yield home, entries


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, however deep; what cannot be removed is left."""
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if folder.is_symlink() or not folder.is_dir():
        return
    with suppress(OSError):
        for home, entries in reversed(list(walked(folder))):
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    (home / entry.name).unlink()
            home.rmdir()


@contextmanager
def told_by_polars() -> Iterator[None]:
    """Make an OSError of what Polars says where the system refuses to write, such as a disk that is full."""
    import polars as pl

    try:
        yield
    except pl.exceptions.PolarsError as error:
        found = _OS_ERROR.search(str(error))
        if found is None:
            raise
        raise OSError(int(found[1]), os.strerror(int(found[1]))) from error


def refusal(place: Path, error: OSError) -> str:
    """Say in one line why a place cannot be written."""
    reason = error.strerror or _OS_ERROR.sub("", str(error)).strip() or type(error).__name__
    return (
        f"cannot write {str(place)!r}: {reason[:1].lower()}{reason[1:]}; "
        "free the place or name another with -o"
    )


def _sweep_away_files(home: Path) -> None:
    """Remove the files that killed runs have left in a folder."""
    for leftover in home.glob(f"{BESIDE}*"):
        if leftover.is_file() and is_leftover(leftover):
            with suppress(OSError):
                leftover.unlink()


def _locked(place: Path) -> int | None:
    """An open file or folder that this run alone holds; None where the system knows no such locks.

    BlockingIOError where another run holds it.
    """
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        number = os.open(place, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(number)
        if isinstance(error, BlockingIOError):
            raise
        return None
    return number


def _is_free(place: Path) -> bool | None:
    """Whether nobody holds a place; None where the system does not say."""
    try:
        number = _locked(place)
    except BlockingIOError:
        return False
    if number is None:
        return None
    os.close(number)
    return True


def _runs(pid: int) -> bool:
    """Tell whether a process of that number runs; yes where the system does not say."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
