"""Files: written so that a killed run leaves the old one or the new one; and which of them are music."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from songatlas.errors import BadSettings, SongAtlasError

AUDIO_ENDING: Final = (
    r"(?i)\.(?:mp3|flac|ogg|oga|opus|m4a|m4b|aac|alac|wav|wave|w64|wma|aiff?|aifc|caf|ape|wv|mpc|mka|mp4"
    r"|webm)$"
)
"""How the name of a file of music ends; a pattern that Python and Polars read alike."""

_AUDIO: Final = re.compile(AUDIO_ENDING)


def is_audio(location: str) -> bool:
    """Say whether a path or URI ends like a file of music.

    Examples
    --------
    >>> is_audio("Music/One.FLAC"), is_audio("songs.csv")
    (True, False)
    """
    return bool(_AUDIO.search(location))


def write_file(path: Path, content: str | bytes | Callable[[Path], object]) -> None:
    """Write a file beside its place and rename it.

    Parameters
    ----------
    path : Path
        Folders on the way are made where they do not exist.
    content : str, bytes or callable
        Text is written as UTF-8 with the line ends that it has; a callable is given the place to write to.

    Raises
    ------
    BadSettings
        If `path` is a folder.
    SongAtlasError
        If it cannot be written, with the reason in one line.
    """
    if path.is_dir():
        raise BadSettings(f"{str(path)!r} is a folder: name a file in it")
    beside = path.with_name(f".songatlas-new-{os.getpid()}-{threading.get_ident()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(beside)
        else:
            beside.write_bytes(content.encode() if isinstance(content, str) else content)
        beside.replace(path)
    except OSError as error:
        raise SongAtlasError(refusal(path, error)) from error
    finally:
        beside.unlink(missing_ok=True)


def refusal(place: Path, error: OSError) -> str:
    """Say in one line why a place cannot be written."""
    reason = error.strerror or str(error) or type(error).__name__
    return (
        f"cannot write {str(place)!r}: {reason[:1].lower()}{reason[1:]}; "
        "free the place or name another with -o"
    )
