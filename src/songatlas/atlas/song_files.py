"""Files of the songs of an atlas: where they are, which song a file is, and how many are gone.

Conventions
-----------
The column `location` of a songs table holds absolute paths or file URIs, or addresses of other kinds, which
are no files. Paths are compared as they are written, without regard to how accents are composed; where that
finds none, files of the same name are compared as files, so that links and other spellings of a folder are
no obstacle.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from songatlas.files import is_audio
from songatlas.playlists.locations import is_absolute, is_on_share, is_uri, settled
from songatlas.playlists.tracks import Track


def file_of(location: str | None) -> Path | None:
    """Return the file that a location names; None where it names none on this computer.

    Parameters
    ----------
    location : str or None
        Path or URI.

    Returns
    -------
    Path or None
        Absolute; the file need not be there. Never on another computer, see `is_on_share`.

    Examples
    --------
    >>> file_of("file:///music/B%20side.mp3"), file_of("https://a.b/c.mp3"), file_of("side.mp3")
    (PosixPath('/music/B side.mp3'), None, None)
    """
    if not location or "\0" in location:
        return None
    path = settled(location)
    if is_on_share(path):
        return None
    return Path(path) if not is_uri(path) and Path(path).is_absolute() else None


def rows_of_locations(
    songs: pl.DataFrame, locations: Sequence[str | None], *, look_for_files: bool = False
) -> list[int | None]:
    """Return the row of the song of each location; None where no song of the table lies there.

    Parameters
    ----------
    songs : DataFrame
        Songs table; without `location` nothing is found.
    locations : sequence of str or None
        Paths, relative ones from the folder that the program runs in, and URIs.
    look_for_files : bool
        Whether files of one name are compared as files where their paths are written differently; not where
        paths come from strangers.
    """
    if "location" not in songs.columns or not any(locations):
        return [None] * len(locations)
    row_of: dict[str, int] = {}
    for row, location in enumerate(songs["location"]):
        if location:
            row_of.setdefault(_compared(location), row)
    asked = [_compared(location, os.getcwd()) if location else "" for location in locations]  # noqa: PTH109
    found = [row_of.get(each) for each in asked]
    if not look_for_files or all(row is not None or not text for row, text in zip(found, asked, strict=True)):
        return found
    by_name: dict[str, list[str]] = {}
    for path in row_of:
        by_name.setdefault(os.path.basename(path), []).append(path)  # noqa: PTH119 - may be a URI
    return [
        _row_of_same_file(text, by_name, row_of) if row is None and text else row
        for row, text in zip(found, asked, strict=True)
    ]


def row_of_file(songs: pl.DataFrame, text: str) -> int | None:
    """Return the row of the song whose file of music some words name; None where they name none.

    Examples
    --------
    >>> songs = pl.DataFrame({"location": ["/music/hey.mp3"]})
    >>> row_of_file(songs, "/music/lists/../hey.mp3"), row_of_file(songs, "hey"), row_of_file(songs, "a.mp3")
    (0, None, None)
    """
    if not is_audio(text) and text[:5].lower() != "file:":
        return None
    return rows_of_locations(songs, [text], look_for_files=True)[0]


def told_gone(tracks: Sequence[Track]) -> tuple[str, ...]:
    """Say how many files of the songs of a playlist are gone; nothing where all are there.

    Only absolute paths are looked up: what another program wrote otherwise is its own matter.
    """
    files = [path for path in (file_of(track.location) for track in tracks) if path is not None]
    n_gone = sum(not os.path.isfile(path) for path in files)  # noqa: PTH113 - names too long are none
    if not n_gone:
        return ()
    first = next(path for path in files if not os.path.isfile(path))  # noqa: PTH113
    are = "is" if n_gone == 1 else "are"
    return (
        f"{n_gone:,} of {len(files):,} files {are} gone, such as {str(first)!r}: players pass over them, "
        "until the folder is scanned and the atlas built again.",
    )


def _compared(location: str, directory: str | None = None) -> str:
    """A location as it is compared."""
    return unicodedata.normalize("NFC", settled(location, directory))


def _row_of_same_file(
    text: str, by_name: Mapping[str, Sequence[str]], row_of: Mapping[str, int]
) -> int | None:
    """The row of a song whose file is the very file that a path leads to."""
    if is_uri(text) or not is_absolute(text) or is_on_share(text):
        return None
    for path in by_name.get(os.path.basename(text), ()):  # noqa: PTH119
        try:
            if not is_on_share(path) and os.path.samefile(path, text):  # noqa: PTH121
                return row_of[path]
        except (OSError, ValueError):
            continue
    return None
