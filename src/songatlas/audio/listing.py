"""Which files of a folder are songs: found by their endings, in one order on every machine.

Folders are entered, links to files and folders followed, but no folder is entered twice: first all that are
there themselves, then those that links lead to, in the order of their paths. What looks like music but is not
read (a pipe, a dangling link, a folder that may not be read, a hidden file, MIDI) is named with its reason;
covers, playlists and texts are passed over in silence.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from songatlas.errors import SongAtlasError

ENDINGS: Final = frozenset(
    {".mp3", ".mp2", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".m4b", ".mp4", ".aac", ".alac"}
    | {".wav", ".wave", ".w64", ".aiff", ".aif", ".aifc", ".caf", ".wma", ".ape", ".wv"}
    | {".webm", ".weba", ".mka", ".mkv", ".m4v", ".m4r", ".3gp", ".tta", ".tak", ".mpc", ".dsf", ".ac3"}
    | {".eac3", ".dts", ".amr", ".au", ".snd", ".spx", ".mp1", ".rf64", ".bwf", ".voc"}
)
"""Of files taken for songs, in small letters; what is really in a file, its bytes tell later."""

_NOTES: Final = "notes without sound"
_BOUGHT: Final = "locked by the shop that sold it"
_RARE: Final = "a kind of sound file that is not read: convert it to flac or mp3"
_FILM: Final = "a film: only mp4, m4v, mkv and webm are listened to"
UNREAD: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys((".mid", ".midi", ".kar", ".rmi", ".mod", ".xm", ".s3m"), _NOTES)
    | dict.fromkeys((".m4p", ".aax", ".aa"), _BOUGHT)
    | dict.fromkeys((".ra", ".rm", ".shn", ".ofr", ".ofs", ".dff", ".sf2", ".vqf"), _RARE)
    | dict.fromkeys((".avi", ".mov", ".flv", ".wmv", ".mpg", ".mpeg", ".vob"), _FILM)
)
"""Ending of files that a person may expect among the songs -> why they are left out."""


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
        (path, reason) of what may be taken for music but is not read, sorted too.
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
        os.scandir(top).close()
    except OSError as error:
        raise SongAtlasError(f"cannot read the folder {top!r}: {_refusal(error)}; name another") from error
    walk = _Walk(top)
    walk.follow()
    return Listing(
        files=tuple(sorted(walk.files, key=lambda file: os.fsencode(file.path))),
        skipped=tuple(sorted(walk.skipped, key=lambda pair: os.fsencode(pair[0]))),
    )


class _Walk:
    """Enters every folder below `top` once; what it found, and what it passed over."""

    def __init__(self, top: str) -> None:
        self.top = top
        self.files: list[AudioFile] = []
        self.skipped: list[tuple[str, str]] = []
        self.entered: dict[object, str] = {}  # identity -> path
        self.linked: list[str] = []

    def follow(self) -> None:
        """Enter the folder itself, then, again and again, the folders that were found behind links."""
        self.enter("")
        while self.linked:
            links, self.linked = sorted(self.linked, key=os.fsencode), []
            for path in links:
                self.enter(path)

    def enter(self, path: str) -> None:
        """Go through a folder and those in it, unless it is hidden or was entered before."""
        waiting = [path]
        while waiting:
            below = waiting.pop()
            if os.path.basename(below).startswith("."):  # noqa: PTH119
                self.skipped.append((below, "a hidden folder"))
                continue
            try:
                if self._is_new(below):
                    waiting += reversed(self._take(below))
            except OSError as error:
                self.skipped.append((below, f"this folder was not entered: {_refusal(error)}"))

    def _is_new(self, path: str) -> bool:
        """Note a folder; one that was entered before is passed over."""
        place = os.path.join(self.top, path)  # noqa: PTH118
        state = os.stat(place)  # noqa: PTH116 - entries of Windows lack the inode
        # some file systems number nothing: there the path behind all links has to do
        identity = (state.st_dev, state.st_ino) if state.st_ino else os.path.realpath(place)
        if identity in self.entered:
            before = self.entered[identity]
            known = f"{before!r}, which is" if before else "the folder itself,"
            self.skipped.append((path, f"leads to {known} read already"))
            return False
        self.entered[identity] = path
        return True

    def _take(self, below: str) -> list[str]:
        """Note the songs of a folder and the links in it to folders; return the folders in it."""
        with os.scandir(os.path.join(self.top, below)) as entries:  # noqa: PTH118
            found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
        folders: list[str] = []
        for entry in found:
            path = os.path.join(below, entry.name)  # noqa: PTH118
            try:
                state = entry.stat()
            except OSError as error:
                if _is_song_name(entry.name):
                    dangling = isinstance(error, FileNotFoundError) and entry.is_symlink()
                    reason = "a link to a file that is not there" if dangling else _refusal(error)
                    self.skipped.append((path, reason))
                continue
            if stat.S_ISDIR(state.st_mode):
                (self.linked if entry.is_symlink() else folders).append(path)
            elif reason := _why_not(entry.name, state):
                self.skipped.append((path, reason))
            elif _is_song_name(entry.name):
                self.files.append(AudioFile(path, state.st_size, state.st_mtime_ns))
        return folders


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122


def _is_song_name(name: str) -> bool:
    return _ending(name) in ENDINGS


def _why_not(name: str, state: os.stat_result) -> str:
    """Say why a file with the ending of music is passed over; empty where it is not, or is no music."""
    if name.startswith(".") or not _is_song_name(name):
        hidden = "macOS notes beside a file, no sound" if name.startswith("._") else "a hidden file"
        return hidden if _is_song_name(name) else UNREAD.get(_ending(name), "")
    return "" if stat.S_ISREG(state.st_mode) else "not a file but a pipe or a device"


def _refusal(error: OSError) -> str:
    reason = error.strerror or type(error).__name__
    return reason[:1].lower() + reason[1:]
