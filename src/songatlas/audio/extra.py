"""Whether the packages that read audio files are installed."""

from __future__ import annotations

from importlib.util import find_spec

from songatlas.errors import SongAtlasError

PACKAGES = ("soundfile", "av", "soxr", "tinytag")


def require_audio() -> None:
    """Raise where a package of the extra 'audio' is missing.

    Raises
    ------
    SongAtlasError
        Names the missing packages and how to install them.

    Examples
    --------
    >>> require_audio()
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise SongAtlasError(
            f"reading audio files needs the extra 'audio' ({', '.join(missing)} not installed): "
            "pip install 'songatlas[audio]'"
        )
