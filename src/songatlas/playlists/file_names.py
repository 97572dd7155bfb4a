"""Names of files made from what songs, artists and clusters are called, safe on every system."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Final

_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029<>:"/\\|?*]')
_UNSEEN: Final = re.compile(
    "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)  # they turn what is shown around
_RESERVED: Final = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?=\.|$)", re.IGNORECASE
)
_MOST_BYTES = 180


def safe_part(text: str) -> str:
    """Return text as one part of a path: no separators, no ``..``, nothing that a system refuses.

    What a file may not be called by on some system becomes ``_``, as most programs that sort music do it; a
    leading dot too; a name that Windows keeps for itself gets one in front. Blanks around it and dots at its
    end are cut off, and it is cut to 180 bytes of UTF-8.

    Examples
    --------
    >>> safe_part("AC/DC"), safe_part(".."), safe_part("What?"), safe_part("...And Justice")
    ('AC_DC', '_', 'What_', '_..And Justice')
    """
    plain = _UNSEEN.sub("", _UNSAFE.sub("_", text)).strip()
    plain = re.sub(r"^\.", "_", plain)
    plain = plain.encode()[:_MOST_BYTES].decode(errors="ignore").rstrip(" .")
    return f"_{plain}" if _RESERVED.match(plain) else plain or "_"


def safe_file_name(name: str, taken: Collection[str]) -> str:
    """Return a file name without suffix for a playlist, unlike every name that is taken.

    Parameters
    ----------
    name : str
        What the playlist is called.
    taken : collection of str
        Names given before, which the caller keeps; compared without case, as some systems do.

    Returns
    -------
    str
        Safe on every system (see `safe_part`); ``(2)`` and so on at its end where the name is taken.

    Examples
    --------
    >>> safe_file_name("Slow / sad", set()), safe_file_name("calm", {"Calm"}), safe_file_name("con", set())
    ('Slow _ sad', 'calm (2)', '_con')
    """
    plain = safe_part(unicodedata.normalize("NFC", re.sub(r"[\ud800-\udfff]", "_", name)))
    plain = "Playlist" if not plain.strip("_ ") else plain
    known = {_compared(other) for other in taken}
    tried, number = plain, 1
    while _compared(tried) in known:
        number += 1
        tried = f"{plain} ({number})"
    return tried


def safe_file_names(names: Iterable[str], suffix: str, *, beside: str = "") -> list[str]:
    """Return a file name for each of some playlists, no two alike.

    Parameters
    ----------
    names : iterable of str
        What the playlists are called.
    suffix : str
        With its dot.
    beside : str
        Another file of the folder, whose name none of them gets.

    Examples
    --------
    >>> safe_file_names(["Calm", "calm", "Index"], ".csv", beside="index.csv")
    ['Calm.csv', 'calm (2).csv', 'Index (2).csv']
    """
    stem = beside[: -len(suffix)] if _compared(beside).endswith(_compared(suffix)) else ""
    taken = [stem] if stem else []
    first = len(taken)
    for name in names:
        taken.append(safe_file_name(name, taken))
    return [f"{name}{suffix}" for name in taken[first:]]


def _compared(name: str) -> str:
    """A name as systems compare it that do not tell cases and forms of accents apart."""
    return unicodedata.normalize("NFC", name).casefold()
