"""The files of a build that may be handed out: those that it lists, byte for byte, and none behind a link.

Somebody else may have made the folder that is open, with links in it that lead to other files of this
computer. So a file is taken only where `outputs.json`, or the manifest of the atlas, lists it, no link is on
the way to it, and its SHA-256 is the one that is listed. The folder itself may be reached by a link. The file
of names is a person's, who may change it at any time: it has to be one, and no link.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final

from songatlas.atlas.checked_parts import MOST_JSON, read_json
from songatlas.atlas.names_file import NAMES, NamesFile, names_of
from songatlas.atlas.saved import OURS as PARTS
from songatlas.atlas.saved import folder_of
from songatlas.files import read_at_most
from songatlas.report.outputs import OURS
from songatlas.report.outputs_record import OutputFile, file_of, read_record

_MANIFEST: Final = "manifest.json"


def listed_outputs(folder: Path) -> Mapping[str, OutputFile]:
    """Return the outputs that the record of a build lists, by their names; none where there is no record.

    Raises
    ------
    BadAtlas
        If the record is damaged.
    """
    record = read_record(folder)
    files = record.files if record else {}
    return MappingProxyType({name: files[name] for name in OURS if name in files})


def is_there(folder: Path, name: str) -> bool:
    """Say whether an output lies there, of the size that is listed; its bytes are not looked at.

    Raises
    ------
    BadAtlas
        If the record is damaged.
    """
    listed = listed_outputs(folder).get(name)
    try:
        place = _place(folder, name)
    except OSError:
        return False
    return listed is not None and place.is_file() and place.stat().st_size == listed.n_bytes


def output_bytes(folder: Path, name: str) -> bytes:
    """Return an output as it was written.

    Raises
    ------
    OSError
        If it is not listed, lies behind a link, cannot be read or is not what was written.
    BadAtlas
        If the record is damaged.
    """
    listed = _listed(folder, name)
    return _as_listed(name, _whole(_place(folder, name)), listed.sha256)


def output_place(folder: Path, name: str) -> Path:
    """Return where an output lies, too large to be held, that was looked at as by `output_bytes`."""
    listed, place = _listed(folder, name), _place(folder, name)
    if not place.is_file() or file_of(place) != listed:
        raise _refused("it is not what was written", name)
    return place


def atlas_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Give every file of the saved atlas in a folder, or in its sub-folder `atlas/`: its name and content.

    Raises
    ------
    OSError
        If one lies behind a link, cannot be read or is not what the manifest says.
    BadAtlas
        If there is no manifest that can be read.
    """
    home = folder_of(folder).relative_to(folder).as_posix()
    place = _place(folder, f"{home}/{_MANIFEST}")
    parts = read_json(place).get("parts")
    if not isinstance(parts, dict):
        raise _refused("it lists no parts", _MANIFEST)
    yield _MANIFEST, read_at_most(place, MOST_JSON)
    for name in PARTS:
        if name in parts:
            content = _whole(_place(folder, f"{home}/{name}"))
            yield name, _as_listed(name, content, parts[name])
    if (names := names_bytes(folder)) is not None:
        yield NAMES, names


def names_bytes(folder: Path) -> bytes | None:
    """Return the file of names of an atlas; None where there is none.

    Raises
    ------
    OSError
        If it lies behind a link or cannot be read.
    """
    place = _place(folder, f"{folder_of(folder).relative_to(folder).as_posix()}/{NAMES}")
    try:
        return _whole(place)
    except FileNotFoundError:
        return None


def names_in(folder: Path) -> NamesFile | None:
    """Return what the file of names of an atlas says; None where there is none.

    Raises
    ------
    OSError
        If it lies behind a link or cannot be read.
    BadSettings
        If it holds no names.
    """
    content = names_bytes(folder)
    return None if content is None else names_of(content, folder_of(folder) / NAMES)


def _listed(folder: Path, name: str) -> OutputFile:
    listed = listed_outputs(folder).get(name)
    if listed is None:
        raise _refused("no build lists it", name)
    return listed


def _place(folder: Path, name: str) -> Path:
    """Where a file of a folder lies; an error where a link is on the way."""
    parts = PurePosixPath(name).parts
    found, own = os.path.realpath(folder.joinpath(*parts)), Path(os.path.realpath(folder), *parts)
    if os.path.normcase(found) != os.path.normcase(own):
        raise _refused("it lies behind a link", name)
    return folder.joinpath(*parts)


def _whole(place: Path) -> bytes:
    return read_at_most(place, place.stat().st_size)


def _as_listed(name: str, content: bytes, sha256: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise _refused("it is not what was written", name)
    return content


def _refused(reason: str, name: str) -> OSError:
    return OSError(errno.EPERM, reason, name)
