"""`outputs.json`: what a build wrote beside its atlas, by which `songatlas verify` knows it again.

```
format, format_version, version    what wrote it
atlas                              fingerprint of the manifest of the atlas in atlas/
files                              name -> bytes, SHA-256; all files of the build but the atlas and names.toml
sha256                             fingerprint of all that
```
Two builds of the same table that write the same files write the same record.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import songatlas
from songatlas.atlas.checked_parts import read_json
from songatlas.errors import BadAtlas

RECORD: Final = "outputs.json"
FORMAT: Final = "songatlas outputs"
FORMAT_VERSION: Final = 1


@dataclass(frozen=True)
class OutputFile:
    """A file as it was written.

    Attributes
    ----------
    n_bytes : int
    sha256 : str
    """

    n_bytes: int
    sha256: str


@dataclass(frozen=True)
class OutputsRecord:
    """What `outputs.json` says.

    Attributes
    ----------
    atlas : str
        Fingerprint of the manifest that lay beside it.
    files : mapping of str to OutputFile
        By their names relative to the folder, with ``/``.
    """

    atlas: str
    files: Mapping[str, OutputFile]


def write_record(folder: Path) -> None:
    """Write the record of all files of a folder that a build has filled, as the last of them."""
    manifest = read_json(folder / "atlas" / "manifest.json")
    said: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "version": songatlas.__version__,
        "atlas": manifest["sha256"],
        "files": {name: vars(file_of(folder / name)) for name in sorted(_names(folder))},
    }
    text = json.dumps({**said, "sha256": _fingerprint(said)}, ensure_ascii=False, indent=1)
    (folder / RECORD).write_text(f"{text}\n", encoding="utf-8", newline="\n")


def read_record(folder: Path) -> OutputsRecord | None:
    """Read the record of a folder; None where an older songatlas, or none, wrote it.

    Raises
    ------
    BadAtlas
        If it is damaged, or of a version that this songatlas does not know.
    """
    path = folder / RECORD
    if not os.path.lexists(path):
        return None
    if not path.is_file():
        raise BadAtlas(f"{str(path)!r} is no file: build the outputs again")
    said = read_json(path)
    if not isinstance(said, dict) or said.get("format") != FORMAT or said.get("sha256") != _fingerprint(said):
        raise BadAtlas(f"{str(path)!r} was changed or damaged since it was written: build the outputs again")
    if said.get("format_version") != FORMAT_VERSION:
        raise BadAtlas(
            f"{str(path)!r} has format version {said.get('format_version')!r}, and this songatlas reads "
            f"{FORMAT_VERSION}: use the version that built it, or build the outputs again"
        )
    try:
        files = {str(name): _listed(**found) for name, found in said["files"].items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise BadAtlas(f"{str(path)!r} is no list of files: build the outputs again") from error
    if any(Path(name).is_absolute() or ".." in Path(name).parts or "\0" in name for name in files):
        raise BadAtlas(f"{str(path)!r} names files outside of its folder: build the outputs again")
    return OutputsRecord(atlas=str(said.get("atlas")), files=files)


def _listed(*, n_bytes: Any, sha256: Any) -> OutputFile:
    """A file of the record; TypeError where it is none."""
    if type(n_bytes) is not int or n_bytes < 0 or not isinstance(sha256, str):
        raise TypeError("no size and SHA-256 of a file")
    return OutputFile(n_bytes=n_bytes, sha256=sha256)


def file_of(path: Path) -> OutputFile:
    """Return size and SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return OutputFile(n_bytes=file.tell(), sha256=digest)


def _names(folder: Path) -> Iterator[str]:
    """Names of the files that are recorded: the atlas has a manifest of its own."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith("atlas/") and name != RECORD:
            yield name


def _fingerprint(said: Mapping[str, Any]) -> str:
    text = json.dumps({name: value for name, value in said.items() if name != "sha256"}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
