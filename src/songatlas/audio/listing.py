"""Which files of a folder are songs: found by their endings, in one order on every machine.

Folders are entered, links to files and folders followed (no folder twice, so that a link to a folder above
ends nothing). What looks like a song but cannot be one (a pipe, a dangling link, a folder that may not be
read, a hidden file) is named with its reason; covers, playlists and texts are passed over in silence.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from songatlas.errors import SongAtlasError

ENDINGS: Final = frozenset(
    {".mp3", ".mp2", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".m4b", ".mp4", ".aac", ".alac"}
    | {".wav", ".wave", ".w64", ".aiff", ".aif", ".aifc", ".caf", ".wma", ".ape", ".wv"}
)
"""Of files taken for songs, in small letters; what is really in a file, its bytes tell later."""


@dataclass(frozen=True, order=True)
class AudioFile:
    """One file of a folder.

    Attributes
    ----------
    path
        Relative to the folder, as `os.fsdecode` gives it: bytes that are no UTF-8 are kept.
    size, mtime_ns
        Bytes; time of the last change in nanoseconds.
    """

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Listing:
    """The songs of a folder, and what was passed over.

    Attributes
    ----------
    files
        Sorted by the bytes of their paths.
    skipped
        (path, reason) of what has the ending of a song but cannot be read as one, sorted too.
    """

    files: tuple[AudioFile, ...]
    skipped: tuple[tuple[str, str], ...]


def list_audio(folder: str | Path) -> Listing:
    """Find the audio files in a folder and in all folders below it.

    Raises
    ------
    SongAtlasError
        If `folder` is no folder, or may not be read.
    """
    top = os.fspath(folder)
    try:
        top_state = os.stat(top)  # noqa: PTH116 - names that are no UTF-8 are paths too
        os.scandir(top).close()
    except OSError as error:
        raise SongAtlasError(f"cannot read the folder {top!r}: {_refusal(error)}; name another") from error
    skipped: list[tuple[str, str]] = []
    files = list(_walk(top, "", [(top_state.st_dev, top_state.st_ino)], skipped))
    return Listing(
        files=tuple(sorted(files, key=lambda file: os.fsencode(file.path))),
        skipped=tuple(sorted(skipped, key=lambda pair: os.fsencode(pair[0]))),
    )


def _walk(
    top: str, below: str, above: list[tuple[int, int]], skipped: list[tuple[str, str]]
) -> Iterator[AudioFile]:
    """Yield the songs below a folder; `above` names the folders on the way, which are not entered again."""
    try:
        with os.scandir(os.path.join(top, below) if below else top) as entries:  # noqa: PTH118
            found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        skipped.append((below, f"this folder was not entered: {_refusal(error)}"))
        return
    for entry in found:
        path = os.path.join(below, entry.name) if below else entry.name  # noqa: PTH118
        try:
            state = entry.stat()
        except OSError as error:
            if _is_song_name(entry.name):
                dangling = isinstance(error, FileNotFoundError) and entry.is_symlink()
                skipped.append((path, "a link to a file that is not there" if dangling else _refusal(error)))
            continue
        if stat.S_ISDIR(state.st_mode):
            yield from _enter(top, path, above, skipped)
        elif _is_song_name(entry.name):
            reason = _why_not(entry.name, state)
            if reason:
                skipped.append((path, reason))
            else:
                yield AudioFile(path, state.st_size, state.st_mtime_ns)


def _enter(
    top: str, path: str, above: list[tuple[int, int]], skipped: list[tuple[str, str]]
) -> Iterator[AudioFile]:
    """Go on in a folder, unless it is hidden or one of those above."""
    state = os.stat(os.path.join(top, path))  # noqa: PTH116, PTH118 - entries of Windows lack the inode
    identity = (state.st_dev, state.st_ino)
    if os.path.basename(path).startswith("."):  # noqa: PTH119
        skipped.append((path, "a hidden folder"))
    elif identity in above:
        skipped.append((path, "a link to a folder above it"))
    else:
        yield from _walk(top, path, [*above, identity], skipped)


def _is_song_name(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in ENDINGS  # noqa: PTH122


def _why_not(name: str, state: os.stat_result) -> str:
    """Say why a file with the ending of a song is passed over; empty where it is not."""
    if name.startswith("._"):
        return "macOS notes beside a file, no sound"
    if name.startswith("."):
        return "a hidden file"
    return "" if stat.S_ISREG(state.st_mode) else "not a file but a pipe or a device"


def _refusal(error: OSError) -> str:
    reason = error.strerror or type(error).__name__
    return reason[:1].lower() + reason[1:]
