"""Files that say who may enter, read within bounds."""

from __future__ import annotations

import errno
from pathlib import Path


def content_of(path: Path, *, most: int) -> bytes:
    """Return what a file holds, of a larger one its first bytes; pipes and devices are not waited for.

    Parameters
    ----------
    path : Path
    most : int
        Bytes that are read at most.

    Raises
    ------
    OSError
        If it is no file, or cannot be read.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no file")
    with path.open("rb") as file:
        return file.read(most)
