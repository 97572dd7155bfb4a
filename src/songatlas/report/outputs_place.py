"""Where outputs may be written: nothing that a person made is replaced without a word.

Names such as `clusters.csv` and `report.html` are no secret, so that a folder may hold files of a person by
these names. Ours are those that the `outputs.json` of the folder lists; where there is none, as an older
songatlas left it, all of these names beside a saved atlas.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from songatlas.atlas.folders import put_back
from songatlas.atlas.saved import is_atlas_folder
from songatlas.errors import BadAtlas, BadSettings
from songatlas.report.outputs_record import RECORD, OutputsRecord, read_record


def require_free(directory: Path, names: Iterable[str], *, source: str | Path | None = None) -> None:
    """Refuse a folder for outputs in which something would be replaced that songatlas did not write.

    Parameters
    ----------
    directory : Path
        Folder to write into; need not exist.
    names : iterable of str
        Files and folders to be written there, such as ``figures/elbow.svg``.
    source : str or Path, optional
        Table of songs that the outputs are made of, which stays whoever wrote it.

    Raises
    ------
    BadSettings
        If it is the folder of a saved atlas, or something in it would be replaced.
    """
    for place in (directory, directory / "atlas"):
        put_back(place)
    if not directory.is_dir():
        return
    if is_atlas_folder(directory):
        raise BadSettings(
            f"{str(directory)!r} is a saved atlas, and outputs hold an atlas of their own: name another "
            "folder with -o, or the one above it to build that anew"
        )
    there = [name for name in names if os.path.lexists(directory / name)]
    for name in there:
        if source is not None and _is_same(directory / name, source):
            raise BadSettings(
                f"{str(source)!r} would be replaced by what is written into {str(directory)!r}: name another "
                "folder with -o"
            )
    is_ours = _Ours(directory)
    for name in there:
        if not is_ours(name):
            raise not_ours(directory / name)


def not_ours(path: Path) -> BadSettings:
    """Return the error that tells of a file of a person which would be replaced."""
    return BadSettings(
        f"{str(path)!r} is not from songatlas and would be replaced: name another folder with -o, or give it "
        "another name"
    )


class _Ours:
    """Which entries of a folder songatlas has written."""

    def __init__(self, directory: Path) -> None:
        self.record: OutputsRecord | None = None
        with suppress(BadAtlas):  # damaged, or of another program
            self.record = read_record(directory)
        self.has_atlas = is_atlas_folder(directory / "atlas")

    def __call__(self, name: str) -> bool:
        if self.record is None:
            return self.has_atlas
        if name == RECORD or name.startswith("atlas/"):
            return True
        return any(each == name or each.startswith(f"{name}/") for each in self.record.files)


def _is_same(path: Path, source: str | Path) -> bool:
    """Whether both names are of one file or folder."""
    try:
        return path.samefile(source)
    except (OSError, ValueError):  # an address, or nothing there
        return False
